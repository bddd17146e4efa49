//! Tokio, processes, files, signals and clocks: what runs the engine's machines on a real machine.
//!
//! A [`Session`] is a cloneable handle to one task that owns one tool under its own pseudo-terminal. The task selects over
//! four things (a command from a handle, the terminal, the tool's end, the engine's next deadline), steps the engine's
//! machine, and performs what it asks for. It decides nothing about prompts and answers: that is the engine's.

pub mod blocking;
mod channels;
pub mod cluster;
pub mod error;
pub mod expect;
mod launch;
pub mod memory;
mod options;
pub mod pty;
pub mod recording;
mod session;
pub mod terminal;
mod ulid;
pub mod version;

pub use error::{AskError, Coded, LaunchError, ReadyError, RecordError, SessionGone};
pub use expect::{ExpectError, Follow, Secret, SendError, expect_any};
pub use options::{AskOptions, Limits, Options, RecordFormat, RecordOptions, StopOptions};
pub use session::{Events, ExitReason, ExitReport, Info, Rung, Session, Snapshot, Turn};
pub use terminal::Terminal;
