//! Screen + framer + outgoing queue as one machine: the whole of a session without its process.
//!
//! A driver owns a PTY and does, in a loop:
//!
//! 1. what the world did: `handle_output`, `handle_drained`, `handle_tty`, `handle_written`, `handle_exit`, `handle_time`;
//! 2. what the caller wants: `submit`, `answer`, `interrupt`, `discard`, `resize`, `leave`;
//! 3. what must be done now, until each says nothing: `poll_write`, `poll_action`, `poll_probe`, `poll_event`; then sleep until
//!    `poll_deadline` or the next byte.
//!
//! `handle_drained` after the last `handle_output` of a burst (the read returned less than it could) is where conditions are
//! evaluated: never between two chunks of a burst, so chunking cannot matter.

use std::sync::Arc;
use std::time::Duration;

use super::event::Event;
use super::ids::TurnId;
use super::protocol::Spec;
use super::response::Question;
use super::term::{Screen, Size};
use super::time::Time;
use super::tty::{Exit, ProbeDepth, TtyProbe};

/// How a driver confirms a state of which one condition cannot be known (no tty state on this platform or in this recording).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// After this much silence.
    Quiet(Duration),
    /// When somebody types the next input, or at the end of the recording.
    NextInput,
}

#[derive(Clone, Debug)]
pub struct SessionConfig {
    pub size: Size,
    pub confirm: Confirm,
    /// Emit `EventKind::Text` while a turn runs.
    pub stream: bool,
    /// Bytes of a turn's text kept (`limits::TURN_TEXT_BYTES` by default).
    pub turn_text_bytes: usize,
}

#[derive(Clone, Debug)]
pub struct Prompt {
    pub turn: TurnId,
    pub text: String,
    /// Deadline of the turn, from now; then it ends `timed_out`.
    pub timeout: Option<Duration>,
}

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
    #[error("the prompt contains the control character U+{code:04X} at byte {at}; it is not typed unless sent as keys")]
    ControlCharacter { code: u32, at: usize },
    #[error("line {line} has {bytes} bytes, but the tool reads its terminal line by line and the kernel keeps only {max} bytes of a line; nothing was typed")]
    LineTooLong { line: usize, bytes: usize, max: usize },
    #[error("the tool does not take this prompt: {reason}")]
    Refused { reason: String },
    #[error("no choice matches {wanted:?}; the choices are: {choices}")]
    NoSuchChoice { wanted: String, choices: String },
    #[error("the tool is not asking anything (state: {state})")]
    NothingAsked { state: &'static str },
    #[error("{reason}")]
    InterruptRefused { reason: String },
}

/// Something other than bytes that the driver must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Tell the PTY its new size.
    Resize(Size),
    /// Signal the foreground process group of the terminal.
    Signal(ForegroundSignal),
    /// The tool was told to leave and has not: go on with the stop ladder.
    Stop,
}

/// Rungs of an interrupt that typed bytes did not achieve. All but the first are only asked for while a program that the tool runs owns
/// the terminal; the driver must check that this still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ForegroundSignal {
    Interrupt,
    HangUp,
    Kill,
}

pub use super::framer::state::State;

#[expect(missing_docs, reason = "being written")]
pub struct Session {}

#[expect(unused_variables, clippy::todo, reason = "being written")]
impl Session {
    pub fn new(spec: Arc<Spec>, config: SessionConfig, now: Time) -> Session { todo!() }
    // getters
    pub fn state(&self) -> &State { todo!() }
    pub fn spec(&self) -> &Arc<Spec> { todo!() }
    pub fn screen(&self) -> &Screen { todo!() }
    /// Each rule with each of its conditions, what it wants, what is, and whether it holds.
    pub fn explain(&self) -> Vec<RuleTrace> { todo!() }
    // handle_*
    pub fn handle_output(&mut self, bytes: &[u8], now: Time) { todo!() }
    pub fn handle_drained(&mut self, now: Time) { todo!() }
    pub fn handle_tty(&mut self, probe: TtyProbe, now: Time) { todo!() }
    /// The tty accepted the first `count` bytes of what `poll_write` gave.
    pub fn handle_written(&mut self, count: usize, now: Time) { todo!() }
    /// The tool ended and its output is drained.
    pub fn handle_exit(&mut self, exit: Exit, now: Time) { todo!() }
    pub fn handle_time(&mut self, now: Time) { todo!() }
    /// Somebody else typed these bytes (a person attached, a recording).
    pub fn handle_typed(&mut self, bytes: &[u8], now: Time) { todo!() }
    // commands
    pub fn submit(&mut self, prompt: Prompt, now: Time) -> Result<(), SubmitError> { todo!() }
    /// Answers the open question by the label of a choice (regex) or, where it takes free text, by text. Starts a turn.
    pub fn answer(&mut self, answer: Prompt, now: Time) -> Result<(), SubmitError> { todo!() }
    /// Types the tool's interrupt; the running turn ends `interrupted` when the tool is ready again.
    pub fn interrupt(&mut self, now: Time) -> Result<(), SubmitError> { todo!() }
    pub fn resize(&mut self, size: Size, now: Time) { todo!() }
    /// Types the tool's own way out.
    pub fn leave(&mut self, now: Time) { todo!() }
    /// Bytes as they are (attached person, `keys`).
    pub fn type_raw(&mut self, bytes: &[u8], now: Time) { todo!() }
    // poll_*
    /// What to write now; call again after `handle_written`.
    pub fn poll_write(&mut self) -> Option<&[u8]> { todo!() }
    pub fn poll_action(&mut self) -> Option<Action> { todo!() }
    /// A look at the tty is wanted now. After looking, read once more without blocking: when bytes came, hand them over instead of the probe.
    pub fn poll_probe(&mut self) -> Option<ProbeDepth> { todo!() }
    pub fn poll_event(&mut self) -> Option<Event> { todo!() }
    /// When `handle_time` wants to be called, and why.
    pub fn poll_deadline(&self) -> Option<(Time, &'static str)> { todo!() }
}

/// One rule, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleTrace {
    pub rule: String,
    pub kind: String,
    /// Line in the protocol file.
    pub line: u32,
    pub holds: Verdict,
    pub signals: Vec<SignalTrace>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalTrace {
    pub signal: &'static str,
    pub wanted: String,
    pub actual: String,
    pub holds: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Yes,
    No,
    /// This platform or recording cannot tell.
    Unknown,
}
