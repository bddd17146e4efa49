//! Why something is not typed.

use crate::engine::response::Question;

/// Nothing was typed, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    #[error("the session is not ready yet (state: {state})")]
    NotReady { state: &'static str },
    #[error("a turn is running; wait for its response or interrupt it")]
    Busy,
    #[error("the tool waits for a decision ({}): {}", .0.kind.as_str(), .0.text)]
    Blocked(Question),
    #[error("the tool has ended")]
    Exited,
    #[error(
        "the prompt contains the control character U+{code:04X} at byte {at}; it is not typed unless sent as keys"
    )]
    ControlCharacter { code: u32, at: usize },
    #[error(
        "line {line} has {bytes} bytes, but the tool reads its terminal line by line and the kernel keeps only {max} bytes of a line; nothing was typed"
    )]
    LineTooLong { line: usize, bytes: usize, max: usize },
    #[error("the tool does not take this prompt: {reason}")]
    Refused { reason: String },
    #[error("no choice matches {wanted:?}; the choices are: {choices}")]
    NoSuchChoice { wanted: String, choices: String },
    #[error("{label:?} is not offered any more, and nothing was sent; the screen says: {shown}")]
    DialogChanged { label: String, shown: String },
    #[error("{label:?} was not chosen, and nothing was accepted: {why}; the screen says: {shown}")]
    NotChosen {
        label: String,
        why: String,
        shown: String,
    },
    #[error("the tool is not asking anything (state: {state})")]
    NothingAsked { state: &'static str },
    #[error("{reason}")]
    InterruptRefused { reason: String },
}
