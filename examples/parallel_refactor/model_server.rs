//! A model on loopback that knows one refactoring by rote: it renames what it is told to rename, in the file that it is shown.
//!
//! As much of the OpenAI chat API as a client needs that does not stream.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// What a model would take at the least.
const THINKING: Duration = Duration::from_secs(2);

/// Its base URL; it serves until this process ends.
pub fn start() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/v1", listener.local_addr()?);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || serve(client));
        }
    });
    Ok(url)
}

/// One request; the client opens another connection for the next.
fn serve(mut client: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let request: Value = serde_json::from_slice(&body)?;
    let text = reply(&request["messages"]);
    let answer = json!({
        "id": "1", "object": "chat.completion", "created": 0, "model": request["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    })
    .to_string();
    write!(
        client,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    )
}

fn reply(messages: &Value) -> String {
    let said: Vec<&str> = messages
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|m| m["content"].as_str())
        .collect();
    match said.iter().rev().find_map(|text| renaming(text)) {
        Some((old, new, file)) => match contents(&said, file) {
            Some(contents) => {
                thread::sleep(THINKING);
                format!("{file}\n```\n{}\n```", contents.replace(old, new))
            }
            None => format!("I was not shown {file}."),
        },
        // It is asked for the message of the commit.
        None => "refactor: say what it does".to_owned(),
    }
}

/// `Rename OLD to NEW in FILE.`
fn renaming(prompt: &str) -> Option<(&str, &str, &str)> {
    let order = prompt
        .lines()
        .find_map(|line| line.strip_prefix("Rename ")?.strip_suffix('.'))?;
    let (old, rest) = order.split_once(" to ")?;
    let (new, file) = rest.split_once(" in ")?;
    Some((old, new, file))
}

/// Of a file in the chat: its name, and below it its lines in a fence.
fn contents<'a>(said: &[&'a str], file: &str) -> Option<&'a str> {
    let head = format!("\n{file}\n```\n");
    let after = said
        .iter()
        .rev()
        .find_map(|text| Some(text.rsplit_once(&head)?.1))?;
    Some(after.split_once("\n```")?.0)
}
