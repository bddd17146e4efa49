//! What a viewer sees, and why the session is in its state.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::response::{Exit, Question};

/// The screen of a session, as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    pub session: String,
    pub tool: String,
    /// `starting`, `ready`, `busy`, `blocked`, `unknown` or `exited`.
    pub state: String,
    /// The rule that named the state.
    pub rule: String,
    /// The turn that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    pub size: Size,
    /// Visible rows, top to bottom, without trailing blanks.
    pub rows: Vec<String>,
    /// Absolute row of the first of `rows`.
    pub top_row: u64,
    pub cursor: Cursor,
    pub title: String,
    pub alternate_screen: bool,
    /// Output bytes handled so far.
    pub offset: u64,
    /// Sequences that paint this screen on an empty terminal of the same size, on request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ansi: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Size {
    pub cols: u16,
    pub rows: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cursor {
    /// Absolute row; subtract the snapshot's `top_row` for the row on the screen.
    pub row: u64,
    pub col: u16,
    pub visible: bool,
}

/// One rule of the protocol, looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleTrace {
    pub rule: String,
    pub kind: String,
    /// Line in the protocol file.
    pub line: u32,
    /// `null`: this platform or recording cannot tell.
    pub holds: Option<bool>,
    pub signals: Vec<SignalTrace>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignalTrace {
    pub signal: String,
    pub wanted: String,
    pub actual: String,
    pub holds: Option<bool>,
}
