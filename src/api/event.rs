//! What a session reports while it lives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::response::{Exit, Question, Response};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    pub session: String,
    /// RFC 3339, UTC, milliseconds.
    pub at: String,
    #[serde(flatten)]
    pub body: EventBody,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventBody {
    State {
        state: String,
        rule: String,
    },
    TurnStarted {
        turn: String,
    },
    /// Text of the open turn that can no longer change.
    Text {
        turn: String,
        text: String,
    },
    TurnFinished {
        response: Box<Response>,
    },
    Blocked {
        question: Question,
        choices: Vec<String>,
    },
    /// A dialog was answered by the protocol or by policy.
    AutoAnswered {
        rule: String,
        question: String,
        /// The choice, or what was done instead: `(denied)`, `continue`.
        label: String,
    },
    /// An answer did not come about: nothing was accepted.
    NotAnswered {
        turn: String,
        label: String,
        why: String,
        shown: String,
    },
    /// Something that the tool announced.
    Terminal {
        what: String,
        text: String,
    },
    /// Nothing that the protocol knows has matched for longer than its bound.
    Drift {
        nearest: Vec<String>,
        /// Absent: the protocol does not say how it is asked, or it does not tell.
        tool_version: Option<String>,
    },
    /// Unmatched output that is not kept any more.
    OutputDropped {
        bytes: u64,
    },
    Exited {
        exit: Exit,
    },
}
