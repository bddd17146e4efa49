//! Waiting for what a tool prints, and typing what it waits for: what `expect` and its family do.
//!
//! A session that is followed (`Session::spawn`, or `Options::follow`) keeps the tool's output as text that a person reads. A wait is a command
//! to the session's task, which feeds the engine's `Expecter`; its end comes back over a one-shot channel. A dialogue of one send and one wait
//! per turn costs one wake of that task per turn: both commands are there when it runs.

mod any;
mod background;
mod error;
mod interact;
mod log;
mod options;
mod patterns;
mod secret;
mod send;
mod waits;

pub use any::expect_any;
pub use background::Background;
pub use error::{ExpectError, Missed, SendError};
pub(in crate::host) use interact::Tapped;
pub use interact::{Filter, InteractError, InteractOptions, Interacted, Show};
pub use log::{Log, LogFile, LogId, Logged};
pub use options::Follow;
pub use patterns::{Compiled, IntoPatterns};
pub use secret::Secret;
pub use send::{ECHO_OFF_WITHIN, Human, Slow};
pub use waits::{Expecting, Unmatched};

pub use crate::engine::expect::{
    Capture, Failure, FailureWhy, Found, FoundKind, Group, GroupId, Near, Nearness, Pattern, PatternError,
    Patterns, Precedence, ScreenCondition, Settled, StateWanted, StreamKind, WaitOptions,
};
