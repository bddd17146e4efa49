//! One question, one answer: `cargo run --example one_question`.

use std::sync::Arc;

use ptych::engine::protocol::builtin;
use ptych::host::{Options, Session, StopOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let python = Session::start(Arc::new(builtin::load("python")?), Options::default())?;
    let response = python.ask("sum(n * n for n in range(1000))").await?;
    println!("{}", response.text);
    println!(
        "proved by {}: {}",
        response.evidence.rule,
        response.evidence.signals.join(", ")
    );
    python.stop(StopOptions::default()).await;
    Ok(())
}
