//! What an outcome means for a person and for the shell.

use std::time::Duration;

use super::exit::Exit;
use super::failure::Failure;
use crate::api::{self, Outcome, Response};
use crate::engine::session;

/// A dialog opened between the text and its Enter.
pub const NOT_SUBMITTED: &str =
    "the prompt was typed and not submitted: a dialog opened before Enter; it may stand in the tool's input";

pub fn not_submitted(response: &Response) -> bool {
    response.outcome == Outcome::Blocked
        && response
            .evidence
            .signals
            .iter()
            .any(|signal| signal == session::NOT_SUBMITTED)
}

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
    notes_after(
        response,
        Duration::from_secs_f64((response.duration_ms / 1000.0).max(0.0)),
    )
}

/// The same for a response that is the last of several in a turn that took `total`.
pub fn notes_after(response: &Response, total: Duration) -> Vec<String> {
    let mut notes = Vec::new();
    if not_submitted(response) {
        notes.push(NOT_SUBMITTED.into());
    }
    if response.truncated {
        notes.push(truncated(response));
    }
    match response.outcome {
        Outcome::Ok => {}
        Outcome::Error => notes.push("the tool reported an error".into()),
        Outcome::Blocked => notes.push(blocked(response)),
        Outcome::Interrupted => notes.push("interrupted".into()),
        Outcome::TimedOut => notes.push(timed_out(total)),
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

fn timed_out(total: Duration) -> String {
    let seconds = total.as_secs_f64();
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
    text.push_str("\nhint: ");
    text.push_str(&answer_hint(question, choices));
    text
}

fn answer_hint(question: &api::Question, choices: &[String]) -> String {
    let quoted = match question.text.trim().lines().last() {
        Some(line) => shell_regex(line),
        // An empty regex would answer whatever is asked.
        None => "^$".to_owned(),
    };
    match (question.kind.as_str(), choices.first()) {
        ("secret", _) => format!("answer it with --answer-env '{quoted}=VARIABLE'"),
        ("fullscreen", None) => "nothing can be typed into a screen that the protocol does not know: keep the tool from opening it, or add a [[state]] with choices for it (`ptych protocol explain` shows the screen)".to_owned(),
        ("login", None) => "sign in by starting the tool yourself, then ask again".to_owned(),
        // What a tool wants leave for is best decided by a person: no choice is proposed as if it were harmless.
        ("permission" | "login", Some(_)) => format!("answer it with --answer '{quoted}=LABEL'"),
        (_, Some(choice)) => format!("answer it with --answer '{quoted}={}'", shell_regex(choice)),
        (_, None) => format!("answer it with --answer '{quoted}=REPLY'"),
    }
}

/// A regex for a text, to be put between single quotes before an equals sign.
fn shell_regex(text: &str) -> String {
    regex::escape(text).replace('=', r"\x3d").replace('\'', ".")
}

/// A question that nothing answers, where no response carries it.
pub fn needs_human(question: &api::Question, choices: &[String]) -> Failure {
    let text = asks(question, choices);
    let (message, hint) = text.rsplit_once("\nhint: ").unwrap_or((&text, ""));
    Failure::new(Exit::NeedsHuman, "blocked", message)
        .hint(hint)
        .asks(question.clone(), choices.to_vec())
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
