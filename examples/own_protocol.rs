//! A tool that ptych does not ship a protocol for, taught in a few lines: `cargo run --example own_protocol`.

use std::sync::Arc;

use ptych::engine::protocol;
use ptych::host::{Options, Session, StopOptions};

const CALCULATOR: &str = r#"
name = "calculator"
command = ["sh", "-c", "while printf 'calc> ' && read line; do echo $(($line)); done"]
prompt = 'calc> $'
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let calculator = Session::start(Arc::new(protocol::parse(CALCULATOR)?), Options::default())?;
    for question in ["6 * 7", "1 << 20"] {
        println!("{question} = {}", calculator.ask(question).await?.text);
    }
    let report = calculator.stop(StopOptions::default()).await;
    println!("it ended as {:?}", report.exit);
    Ok(())
}
