//! The states of a session, in one place.
//!
//! ```text
//! Starting ─ready rule─► Ready ─submit─► Busy ─ready rule─► Ready
//!     │                   │ ▲             │ ▲
//!     │                   │ └──answered───┤ │answer
//!     └──dialog──► Blocked ◄──dialog──────┘ ┘
//! any ─nothing matches for long─► Unknown ─any rule─► …
//! Ready, Blocked ─a draft stands in the composer─► Busy ─emptied─► Ready, or ─tried in vain─► Unknown
//! any ─exit─► Exited
//! ```
//!
//! The first ready, and the ready that ends a turn, are believed when the screen has settled (`session::settling`). A draft in a turn is
//! its own prompt, not sent yet: the turn stays busy (`session::strays`).
//!
//! To add a state: give it its data here, name it in `as_str`, say in `framer::machine` what leads into it and out of it, and what
//! `submit` answers in it.

use crate::engine::ids::TurnId;
use crate::engine::response::Question;
use crate::engine::tty::Exit;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Not yet ready for the first time.
    Starting,
    /// Accepts a prompt.
    Ready,
    /// A turn runs; or, without a turn, the tool does something nobody here asked for.
    Busy {
        turn: Option<TurnId>,
    },
    /// Asks for a decision; prompts are refused.
    Blocked {
        question: Question,
    },
    /// Nothing that the protocol knows matches.
    Unknown,
    Exited {
        exit: Exit,
    },
}

impl State {
    pub const fn as_str(&self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::Ready => "ready",
            State::Busy { .. } => "busy",
            State::Blocked { .. } => "blocked",
            State::Unknown => "unknown",
            State::Exited { .. } => "exited",
        }
    }
}
