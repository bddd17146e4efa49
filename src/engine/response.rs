//! The one result of a turn, and the proof that the turn was over.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ids::TurnId;
use super::protocol::spec::{BlockKind, Keys, Reason};
use super::time::Time;
use super::tty::Exit;

#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    pub turn: TurnId,
    pub prompt: String,
    pub text: String,
    pub source: Source,
    pub outcome: Outcome,
    /// All of the tool's answer is in `text`.
    pub complete: bool,
    /// A limit dropped the beginning of the text.
    pub truncated: bool,
    /// Byte offsets (of the session's output) that `text` lacks, when truncated: the transcript holds them.
    pub lost_bytes: Option<(u64, u64)>,
    pub captures: BTreeMap<String, String>,
    /// When blocked: what is asked and what may be answered.
    pub question: Option<Question>,
    /// When the tool ended.
    pub exit: Option<Exit>,
    pub evidence: Evidence,
    pub started_at: Time,
    pub first_output: Option<Duration>,
    pub duration: Duration,
    /// Output bytes of this turn, echo and escape sequences included.
    pub bytes: u64,
    /// Dialogs answered by the protocol or by policy during the turn.
    pub auto_answers: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Screen,
    Hook,
    Transcript,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    /// The tool reported an error: an error rule matched, or its exit status is not zero.
    Error,
    Blocked,
    Interrupted,
    TimedOut,
    Exited,
    Unknown,
}

impl Outcome {
    /// The word in JSON, metrics and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Error => "error",
            Outcome::Blocked => "blocked",
            Outcome::Interrupted => "interrupted",
            Outcome::TimedOut => "timed_out",
            Outcome::Exited => "exited",
            Outcome::Unknown => "unknown",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub kind: BlockKind,
    /// The rule that recognised it.
    pub rule: String,
    pub text: String,
    pub choices: Vec<QuestionChoice>,
    /// Why it asks, where the protocol says so.
    pub reason: Option<Reason>,
    /// What the protocol's named groups found in it.
    pub captures: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionChoice {
    pub label: String,
    pub send: Keys,
}

/// What proved that the turn was over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Name of the rule that fired.
    pub rule: String,
    /// Each signal that the rule looked at and what it was, in the rule's order: `cursor_line: ">>> "`.
    pub signals: Vec<String>,
    /// Absolute row of the cursor when it fired.
    pub row: u64,
    /// Output bytes handled when Enter was sent, and when the rule fired.
    pub from_offset: u64,
    pub to_offset: u64,
}
