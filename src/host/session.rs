//! The handle to a session.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::broadcast;

use super::error::{AskError, LaunchError, ReadyError, RecordError, SessionGone};
use super::options::{AskOptions, Options, RecordOptions, StopOptions};
use crate::engine::event::Event;
use crate::engine::framer::state::State;
use crate::engine::ids::TurnId;
use crate::engine::protocol::Spec;
use crate::engine::response::Response;
use crate::engine::session::RuleTrace;
use crate::engine::term::{Cursor, Size};
use crate::engine::tty::Exit;

/// One tool under its own pseudo-terminal. Clones talk to the same tool; dropping the last one kills it and all it started.
#[derive(Clone, Debug)]
pub struct Session {}

/// What does not change while a session lives.
#[derive(Clone, Debug)]
pub struct Info {
    pub id: String,
    pub spec: Arc<Spec>,
    /// The program that was started, its arguments behind it.
    pub command: Vec<String>,
    pub pid: u32,
    /// The wall clock at the engine's `Time::ZERO`.
    pub started_at: SystemTime,
}

/// A prompt that has been typed.
#[derive(Debug)]
pub struct Turn {}

/// What a viewer sees before the tail.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    pub state: State,
    /// The rule that named the state.
    pub rule: String,
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
    /// Bytes that paint this screen on an empty terminal of the same size.
    pub ansi: Vec<u8>,
}

/// A snapshot and everything after it. A receiver that lags (`RecvError::Lagged`) subscribes again.
pub type Events = (Snapshot, broadcast::Receiver<Arc<Event>>);

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitReport {
    pub exit: Exit,
    pub reason: ExitReason,
    /// The rung of the stop ladder that was needed last; `None` when nobody stopped it.
    pub rung: Option<Rung>,
    /// Processes of the session that are still there; empty unless the kernel refused to end them.
    pub survivors: Vec<u32>,
    /// From the stop's request (or the tool's end) to the last process gone.
    pub took: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// The tool ended by itself.
    Exited,
    /// Somebody called `stop`.
    Stopped,
    /// The last handle was dropped.
    Dropped,
}

/// Steps of the stop ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// The tool's own way out was typed.
    Leave,
    /// SIGHUP and SIGCONT.
    Hangup,
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
}

#[expect(
    unused_variables,
    clippy::todo,
    clippy::unused_async,
    reason = "being written"
)]
impl Session {
    /// Starts the tool on the current tokio runtime and returns at once; `wait_ready` and `ask` wait for its first prompt.
    pub fn start(spec: Arc<Spec>, options: Options) -> Result<Session, LaunchError> {
        todo!()
    }
    pub fn info(&self) -> &Info {
        todo!()
    }
    pub fn id(&self) -> &str {
        todo!()
    }
    pub fn pid(&self) -> u32 {
        todo!()
    }
    /// The state as of now, without a round trip to the task.
    pub fn state(&self) -> State {
        todo!()
    }
    /// Until the tool has been ready once; its state and first screen otherwise.
    pub async fn wait_ready(&self) -> Result<(), ReadyError> {
        todo!()
    }
    /// One prompt in, one complete response out. Waits for the tool to be ready first; prompts of several callers are typed in order.
    /// A future that is dropped withdraws a prompt that waits; a turn that runs goes on.
    pub async fn ask(&self, text: impl Into<String>) -> Result<Response, AskError> {
        todo!()
    }
    pub async fn ask_with(&self, text: impl Into<String>, options: AskOptions) -> Result<Response, AskError> {
        todo!()
    }
    /// Like `ask`, in two steps: returns when the prompt has been accepted by the machine.
    pub async fn submit(&self, text: impl Into<String>, options: AskOptions) -> Result<Turn, AskError> {
        todo!()
    }
    /// Answers the open question by the label of a choice (regex) or by text; the response is what follows.
    pub async fn answer(&self, choice: impl Into<String>, options: AskOptions) -> Result<Response, AskError> {
        todo!()
    }
    /// The running turn ends `interrupted` when the tool is ready again.
    pub async fn interrupt(&self) -> Result<(), AskError> {
        todo!()
    }
    /// Types bytes as they are: nothing is checked, nothing is framed.
    pub async fn keys(&self, bytes: impl Into<Vec<u8>>) -> Result<(), SessionGone> {
        todo!()
    }
    pub async fn resize(&self, size: Size) -> Result<(), SessionGone> {
        todo!()
    }
    pub async fn snapshot(&self) -> Result<Snapshot, SessionGone> {
        todo!()
    }
    /// Why the session is in its state: each rule with each signal.
    pub async fn explain(&self) -> Result<Vec<RuleTrace>, SessionGone> {
        todo!()
    }
    pub async fn events(&self) -> Result<Events, SessionGone> {
        todo!()
    }
    /// The turn's output bytes as the tool wrote them, while `Options::keep_raw_bytes` still holds them.
    pub async fn raw(&self, response: &Response) -> Result<Option<Vec<u8>>, SessionGone> {
        todo!()
    }
    /// Records from now on, beginning with the present screen; replaces a recording that runs.
    pub async fn record(&self, options: RecordOptions) -> Result<(), RecordError> {
        todo!()
    }
    pub async fn stop_recording(&self) -> Result<(), RecordError> {
        todo!()
    }
    /// Ends the tool and everything it started, by the stop ladder. A second call, from any handle, shortens the grace.
    pub async fn stop(&self, options: StopOptions) -> ExitReport {
        todo!()
    }
    /// Until the tool has ended, by whatever cause.
    pub async fn wait(&self) -> ExitReport {
        todo!()
    }
}

#[expect(clippy::todo, clippy::unused_async, reason = "being written")]
impl Turn {
    pub fn id(&self) -> &TurnId {
        todo!()
    }
    pub async fn response(self) -> Result<Response, AskError> {
        todo!()
    }
}
