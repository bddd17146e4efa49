//! A dialogue with a program that nobody has taught ptych: `cargo run --example expect`.

use ptych::host::error::exit_words;
use ptych::host::expect::{ExpectError, Pattern};
use ptych::host::{Options, Secret, Session};

/// It asks for a name and a password, as many programs do, and then prints some lines.
const MAILBOX: &str = r#"
printf 'login: '; read name
printf 'password: '; stty -echo; read password; stty echo; echo
[ "$name/$password" = ada/lovelace ] || { echo 'access denied'; exit 1; }
echo "welcome $name"; echo '* hello'; echo '* goodbye'; printf 'mail> '
read command; exit 0
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mailbox = Session::spawn(["sh", "-c", MAILBOX], Options::default())?;

    mailbox.expect("login: ").await?;
    println!("the name is asked for");
    mailbox.send_line("ada").await?;

    // Typed when the terminal has stopped to show what is typed: no pause is guessed.
    mailbox.expect("password: ").await?;
    mailbox.send_secret(&Secret::new("lovelace")).await?;
    println!("the password is not shown");

    let messages = messages(&mailbox).await?;
    println!("{} messages: {}", messages.len(), messages.join(", "));

    mailbox.send_line("quit").await?;
    mailbox.expect(Pattern::eof()).await?;
    println!("it ended with {}", exit_words(&mailbox.wait().await.exit));
    Ok(())
}

/// Several patterns in one wait, again and again until the prompt is there.
async fn messages(mailbox: &Session) -> Result<Vec<String>, ExpectError> {
    let mut messages = Vec::new();
    let mut lines = mailbox.expecting([
        Pattern::regex(r"^\* (.*)\n"),
        Pattern::literal("mail> "),
        Pattern::glob("*denied*"),
    ])?;
    loop {
        let found = lines.next().await?;
        match found.index {
            0 => messages.push(found.group(1).unwrap_or_default().into_owned()),
            1 => return Ok(messages),
            _ => panic!("{}", found.matched()),
        }
    }
}
