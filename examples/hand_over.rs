//! Begins a dialogue, hands it to the person at this terminal, and goes on when they are done (ctrl-]) or the program says a word:
//! `cargo run --example hand_over`.

use ptych::host::expect::{InteractOptions, Interacted, Pattern};
use ptych::host::{Options, Session, Terminal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let shell = Session::spawn(["sh"], Options::default())?;
    shell.expect(Pattern::regex("[$#] ")).await?;
    shell.send_line("PS1='yours> '; echo begun by a program").await?;
    shell.expect("\nbegun by a program\n").await?;

    let options = InteractOptions {
        patterns: Some(shell.patterns("take it back\n")?),
        ..InteractOptions::default()
    };
    let ended = shell.interact(options, &mut Terminal::stdio()?).await?;
    println!(
        "\r\nback: {}",
        match ended {
            Interacted::Escaped => "the keys were typed",
            Interacted::Found(_) => "the words came",
            Interacted::Exited => "the shell has ended",
            Interacted::InputEnded => "nobody types any more",
        }
    );
    Ok(())
}
