//! A session is recorded; then its recording goes through the engine again, without the tool: `cargo run --example replay`.

use std::sync::Arc;

use ptych::engine::protocol::builtin;
use ptych::host::recording::{Chunks, Recording, Replay};
use ptych::host::{Options, RecordOptions, Session, StopOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join(format!("ptych-example-{}.cast", std::process::id()));
    let bash = Arc::new(builtin::load("bash")?);
    let options = Options {
        record: Some(RecordOptions::new(&path)),
        ..Options::default()
    };
    let session = Session::start(Arc::clone(&bash), options)?;
    session.ask("echo recorded; ls /no/such/file").await?;
    session.stop(StopOptions::default()).await;

    let recording = Recording::read(&path)?;
    // Cut into single bytes: what an answer is does not depend on how it arrives.
    let replayed = Replay {
        spec: bash,
        chunks: Chunks::Of(1),
    }
    .run(&recording);
    for response in &replayed.responses {
        println!(
            "{:?} → {:?}: {}",
            response.prompt, response.outcome, response.text
        );
    }
    std::fs::remove_file(&path)?;
    Ok(())
}
