//! What an outcome means for a person and for the shell.

use super::exit::Exit;
use super::failure::Failure;
use crate::api::{self, Outcome, Response};

pub const fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Ok => Exit::Done,
        Outcome::Error | Outcome::Exited | Outcome::Unknown => Exit::Failed,
        Outcome::Blocked => Exit::NeedsHuman,
        Outcome::Interrupted => Exit::Interrupted,
        Outcome::TimedOut => Exit::TimedOut,
    }
}

/// What to tell a person about a response besides its text; empty when there is nothing.
pub fn notes(response: &Response) -> Vec<String> {
    let mut notes = Vec::new();
    if response.truncated {
        notes.push(truncated(response));
    }
    match response.outcome {
        Outcome::Ok => {}
        Outcome::Error => notes.push("the tool reported an error".into()),
        Outcome::Blocked => notes.push(blocked(response)),
        Outcome::Interrupted => notes.push("interrupted".into()),
        Outcome::TimedOut => notes.push(timed_out(response)),
        Outcome::Exited => notes.push(format!("the tool ended during the turn{}", exit_words(response.exit.as_ref()))),
        Outcome::Unknown => notes.push(
            "the turn ended in a state that the protocol does not know\nhint: `ptych protocol explain` shows each rule".into(),
        ),
    }
    notes
}

fn truncated(response: &Response) -> String {
    match response.lost_bytes {
        Some((from, to)) => format!("the beginning of the text was dropped (output bytes {from} to {to})"),
        None => "the beginning of the text was dropped".into(),
    }
}

fn timed_out(response: &Response) -> String {
    let seconds = response.duration_ms / 1000.0;
    format!(
        "timed out after {seconds:.1} s; the text so far is on standard output\nhint: give more time with --timeout"
    )
}

fn blocked(response: &Response) -> String {
    match &response.question {
        Some(question) => asks(question, &response.choices),
        None => "the tool waits for a decision".into(),
    }
}

/// The question and its choices.
pub fn asks_briefly(question: &api::Question, choices: &[String]) -> String {
    let mut text = format!("the tool asks ({}): {}", question.kind, question.text.trim());
    for choice in choices {
        text.push_str(&format!("\n  choice: {choice}"));
    }
    text
}

/// The question, its choices, and how to answer them with `ptych ask`.
pub fn asks(question: &api::Question, choices: &[String]) -> String {
    let mut text = asks_briefly(question, choices);
    let quoted = shell_regex(question.text.trim().lines().last().unwrap_or_default());
    let hint = match (question.kind.as_str(), choices.first()) {
        ("secret", _) => format!("--answer-env '{quoted}=VARIABLE'"),
        (_, Some(choice)) => format!("--answer '{quoted}={}'", shell_regex(choice)),
        (_, None) => format!("--answer '{quoted}=REPLY'"),
    };
    text.push_str(&format!("\nhint: answer it with {hint}"));
    text
}

/// A regex for a text, to be put between single quotes before an equals sign.
fn shell_regex(text: &str) -> String {
    regex::escape(text).replace('=', r"\x3d").replace('\'', ".")
}

/// A question that nothing answers, where no response carries it.
pub fn needs_human(question: &api::Question, choices: &[String]) -> Failure {
    let text = asks(question, choices);
    let (message, hint) = text.rsplit_once("\nhint: ").unwrap_or((&text, ""));
    Failure::new(Exit::NeedsHuman, "blocked", message).hint(hint)
}

/// ` (exit code 3)`.
pub fn exit_words(exit: Option<&api::Exit>) -> String {
    match exit {
        Some(api::Exit { code: Some(code), .. }) => format!(" (exit code {code})"),
        Some(api::Exit {
            signal: Some(signal), ..
        }) => format!(" (signal {signal})"),
        _ => String::new(),
    }
}
