//! What a session reports, in order; every renderer (log, JSON, progress line, recorder) consumes these.

use super::ids::TurnId;
use super::response::{Question, Response};
use super::term::TermEvent;
use super::time::Time;
use super::tty::Exit;

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub at: Time,
    pub kind: EventKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// The session's state changed; the word is `State::as_str`, with the rule that named it.
    State {
        state: &'static str,
        rule: String,
    },
    TurnStarted {
        turn: TurnId,
    },
    /// Text of the open turn that can no longer change (it has left the screen, or the turn is over).
    Text {
        turn: TurnId,
        text: String,
    },
    TurnFinished(Box<Response>),
    Blocked(Question),
    /// A dialog was answered without asking: by the protocol or by policy.
    AutoAnswered {
        rule: String,
        /// What was asked, all rows.
        question: String,
        /// The choice, or what was done instead: `(denied)`, `continue`.
        label: String,
    },
    /// `answer` did not come about: nothing was accepted, and no turn was started.
    NotAnswered {
        turn: TurnId,
        label: String,
        why: String,
        /// What is on the screen instead.
        shown: String,
    },
    /// Something the tool announced (title, notification, bell, …).
    Terminal(TermEvent),
    /// Nothing that the protocol knows has matched for longer than its bound.
    Drift {
        /// The rules of which most conditions hold, and what fails of each.
        nearest: Vec<String>,
        /// `None`: it was not asked, or does not tell.
        tool_version: Option<String>,
    },
    /// Nobody has matched the tool's output for so long that the oldest of it is not kept any more.
    OutputDropped {
        bytes: u64,
    },
    Exited(Exit),
}
