//! Three sessions on one thread, each asked a slow question at the same time: `cargo run --example three_in_parallel`.

#![expect(clippy::disallowed_methods, reason = "it shows how long things take")]

use std::sync::Arc;
use std::time::Instant;

use ptych::engine::protocol::builtin;
use ptych::host::{Options, Session};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bash = Arc::new(builtin::load("bash")?);
    let start = || Session::start(Arc::clone(&bash), Options::default());
    let (one, two, three) = (start()?, start()?, start()?);
    let begun = Instant::now();
    let answers = tokio::try_join!(
        one.ask("sleep 1; echo one, as process $$"),
        two.ask("sleep 1; echo two, as process $$"),
        three.ask("sleep 1; echo three, as process $$"),
    )?;
    for answer in [answers.0, answers.1, answers.2] {
        println!("{}", answer.text);
    }
    println!("together in {:.1} s", begun.elapsed().as_secs_f64());
    // Dropping a session's last handle ends its tool and all that the tool started.
    Ok(())
}
