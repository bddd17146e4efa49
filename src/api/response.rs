//! The one result of a turn.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The one result of a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Response {
    /// ULID of the turn.
    pub turn: String,
    pub session: String,
    /// Name of the tool.
    pub tool: String,
    pub protocol: Protocol,
    pub prompt: String,
    /// The tool's answer: soft wraps joined, echo and prompt removed.
    pub text: String,
    pub source: Source,
    pub outcome: Outcome,
    /// All of the tool's answer is in `text`.
    pub complete: bool,
    /// A limit dropped the beginning of the text.
    pub truncated: bool,
    /// First and end byte offset of the session's output that `text` lacks, when truncated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_bytes: Option<(u64, u64)>,
    /// The protocol's named groups: exit status, commit hash, tokens.
    pub captures: BTreeMap<String, String>,
    /// What the tool asks, when blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// Labels that may be answered, when blocked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// How the tool ended, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    pub evidence: Evidence,
    /// RFC 3339, UTC, milliseconds.
    pub started_at: String,
    /// From the submit to the first byte of the tool's output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_output_ms: Option<f64>,
    pub duration_ms: f64,
    /// Output bytes of this turn, echo and escape sequences included.
    pub bytes: u64,
    /// Dialogs that the protocol or a policy answered during the turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub auto_answers: Vec<String>,
    /// The turn's output as the tool wrote it, on request; bytes that are not UTF-8 are U+FFFD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// The answer with its colours as SGR sequences, on request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ansi: Option<String>,
}

/// Which protocol file framed the turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Protocol {
    pub name: String,
    pub version: String,
}

/// Where `text` came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Screen,
    Hook,
    Transcript,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Ok,
    /// The tool reported an error.
    Error,
    /// The tool waits for a decision: see `question`.
    Blocked,
    Interrupted,
    TimedOut,
    /// The tool ended: see `exit`.
    Exited,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// `question`, `confirm`, `permission`, `login`, `secret`, `pager`, `fullscreen` or `subprompt`.
    pub kind: String,
    /// The protocol's rule that recognised it.
    pub rule: String,
    pub text: String,
    /// Why it asks, where that is no decision about the tool's work: `usage_limit`, `not_logged_in`, `overloaded`, `api_error`,
    /// `connection` or `context_full`. Also the capture `reason`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How a tool ended: one of the two is set, or none when it could not be learnt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exit {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
}

/// What proved that the turn was over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Name of the protocol's rule that fired.
    pub rule: String,
    /// Each signal that the rule looked at, and what it was: `cursor_line: ">>> "`.
    pub signals: Vec<String>,
    /// Absolute row of the cursor when it fired.
    pub row: u64,
    /// Output bytes handled when Enter was sent, and when the rule fired.
    pub offsets: (u64, u64),
}
