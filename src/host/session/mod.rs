//! The handle to a session.
//!
//! A session is a task (`driver`) that owns the terminal and the machine, and handles that send it commands. Prompts wait in the task
//! (`waiting`), so that callers on several handles are served in order; the stop ladder (`ladder`) is a plain machine beside the engine's.
//! The task runs on the caller's runtime, and on its thread when that is a current-thread one: a turn then costs no hop between threads.

mod command;
mod driver;
mod follow;
mod hearing;
mod ladder;
mod perform;
mod raw;
mod requests;
mod start;
mod taps;
mod typing;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use command::{Ask, AskKind};
pub(in crate::host) use command::{Command, GroupWanted};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::error::{AskError, LaunchError, ReadyError, RecordError, SessionGone};
use super::expect::{Compiled, Follow};
use super::options::{AskOptions, Options, RecordOptions, StopOptions};
use super::pty::{self, Leash, Usage};
use super::ulid::ulid;
use crate::engine::event::Event;
use crate::engine::framer::state::State;
use crate::engine::ids::TurnId;
use crate::engine::protocol::Spec;
use crate::engine::response::Response;
use crate::engine::session::{Prompt, RuleTrace};
use crate::engine::term::{Cursor, Size};
use crate::engine::tty::Exit;

/// One tool under its own pseudo-terminal. Clones talk to the same tool; dropping the last one kills it and all it started.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Arc<Shared>,
}

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
pub struct Turn {
    id: TurnId,
    response: oneshot::Receiver<Result<Response, AskError>>,
}

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
    /// The tool's own id of the conversation, where it has told one: `Options::resume` goes on with it.
    pub tool_session: Option<String>,
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

/// What is told without a round trip to the task.
#[derive(Clone, Debug)]
pub(in crate::host) struct Status {
    pub(in crate::host) state: State,
    rule: String,
    /// The tool has been ready once.
    was_ready: bool,
}

/// Held by the handles; dropped with the last of them.
#[derive(Debug)]
struct Shared {
    info: Info,
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<Status>,
    report: watch::Receiver<Option<ExitReport>>,
    leash: Arc<Leash>,
    turn_timeout: Duration,
    /// Read by whoever asks whether the tool shows anything; it orders nothing.
    output_bytes: Arc<AtomicU64>,
    /// Typed and not yet taken by the terminal.
    pending_input: Arc<AtomicUsize>,
    /// Up to where callers have taken the output. A match counts only when its caller has it: one that is told to nobody is found again.
    accepted: Arc<AtomicU64>,
    /// How the output is kept, and the last patterns that were looked for.
    follow: Option<(Follow, Compiled)>,
}

impl Drop for Shared {
    /// At once and without the task, which may never run again; the task (or its end) reaps and finds what escaped.
    fn drop(&mut self) {
        self.leash.kill();
    }
}

impl Session {
    /// Starts the tool on the current tokio runtime and returns at once; `wait_ready` and `ask` wait for its first prompt.
    ///
    /// # Errors
    ///
    /// Nothing was started.
    ///
    /// # Panics
    ///
    /// The current runtime was built without I/O.
    pub fn start(spec: Arc<Spec>, options: Options) -> Result<Session, LaunchError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| LaunchError::NoRuntime)?;
        let (session, driver) = start::start(spec, options)?;
        runtime.spawn(driver.run());
        Ok(session)
    }

    /// Starts a command that no protocol teaches, program and arguments as they are, and keeps its output for `expect`. It gets this process's
    /// environment, a terminal of 120 columns and 40 rows unless `Options::size` says otherwise, and echo as any terminal has it.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use ptych::engine::tty::Exit;
    /// use ptych::host::{Options, Session};
    ///
    /// let sh = Session::spawn(["sh", "-c", "printf 'name: '; read name; echo hello $name"], Options::default())?;
    /// sh.expect("name: ").await?;
    /// sh.send_line("world").await?;
    /// assert_eq!(sh.expect("hello world\n").await?.before(), "world\n");
    /// assert_eq!(sh.wait().await.exit, Exit::Code(0));
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Nothing was started.
    ///
    /// # Panics
    ///
    /// The current runtime was built without I/O.
    pub fn spawn<W: Into<String>>(
        command: impl IntoIterator<Item = W>,
        options: Options,
    ) -> Result<Session, LaunchError> {
        let mut words = command.into_iter().map(Into::into);
        let program = words.next().ok_or(LaunchError::NoCommand)?;
        let follow = Some(options.follow.unwrap_or_default());
        Session::start(
            Arc::new(Spec::command(program, words)),
            Options { follow, ..options },
        )
    }

    pub(in crate::host) fn follow(&self) -> Option<(&Follow, &Compiled)> {
        let (follow, compiled) = self.shared.follow.as_ref()?;
        Some((follow, compiled))
    }

    pub(in crate::host) fn accept(&self, position: u64) {
        self.shared.accepted.fetch_max(position, Ordering::AcqRel);
    }

    pub(in crate::host) fn pending_input(&self) -> &AtomicUsize {
        &self.shared.pending_input
    }

    pub fn info(&self) -> &Info {
        &self.shared.info
    }

    pub fn id(&self) -> &str {
        &self.shared.info.id
    }

    /// Process id of the tool.
    pub fn pid(&self) -> u32 {
        self.shared.info.pid
    }

    /// The state as of now, without a round trip to the task.
    pub fn state(&self) -> State {
        self.shared.status.borrow().state.clone()
    }

    /// The rule of the protocol that named the state.
    pub fn rule(&self) -> String {
        self.shared.status.borrow().rule.clone()
    }

    /// The state as it changes; a reader that is slow sees the latest.
    pub(in crate::host) fn states(&self) -> watch::Receiver<Status> {
        self.shared.status.clone()
    }

    /// Output of the tool so far, in bytes, without a round trip to the task.
    pub fn output_bytes(&self) -> u64 {
        self.shared.output_bytes.load(Ordering::Relaxed)
    }

    /// Memory and processor time of the tool and all it started, as of now; `None` where the platform does not tell, and after its end.
    pub fn usage(&self) -> Option<Usage> {
        pty::usage(self.pid())
    }

    /// Until the tool has been ready once.
    ///
    /// # Errors
    ///
    /// It ended, it asks something, or its time is over.
    pub async fn wait_ready(&self) -> Result<(), ReadyError> {
        let mut status = self.shared.status.clone();
        let decided = |status: &Status| {
            status.was_ready || !matches!(status.state, State::Starting | State::Busy { .. })
        };
        let status = status.wait_for(decided).await.map_err(|_| SessionGone)?.clone();
        if status.was_ready && !matches!(status.state, State::Exited { .. }) {
            return Ok(());
        }
        let spec = &self.shared.info.spec;
        let tool = spec.name.clone();
        match status.state {
            State::Blocked { question } => Err(ReadyError::Blocked { tool, question }),
            State::Exited { exit } => Err(ReadyError::Exited {
                tool,
                exit,
                screen: self.screen_text().await,
            }),
            state => Err(ReadyError::TimedOut {
                tool,
                within: spec.spawn.ready_within,
                state: state.as_str(),
                screen: self.screen_text().await,
            }),
        }
    }

    async fn screen_text(&self) -> String {
        self.snapshot()
            .await
            .map(|snapshot| snapshot.rows.join("\n"))
            .unwrap_or_default()
    }

    /// One prompt in, one complete response out. Waits for the tool to be ready first; prompts of several callers are typed in order.
    /// A future that is dropped withdraws a prompt that waits; a turn that runs goes on.
    ///
    /// # Errors
    ///
    /// Nothing was typed, or the session ended before there was a response.
    pub async fn ask(&self, text: impl Into<String>) -> Result<Response, AskError> {
        self.ask_with(text, AskOptions::default()).await
    }

    /// # Errors
    ///
    /// As `ask`.
    pub async fn ask_with(&self, text: impl Into<String>, options: AskOptions) -> Result<Response, AskError> {
        let response = self
            .send_prompt(text.into(), prompt_kind(options), options, None)
            .await?;
        response.await.map_err(|_| SessionGone)?
    }

    /// Like `ask`, in two steps: returns when the prompt has been accepted by the machine.
    ///
    /// # Errors
    ///
    /// Nothing was typed.
    pub async fn submit(&self, text: impl Into<String>, options: AskOptions) -> Result<Turn, AskError> {
        let (accepted_tx, accepted) = oneshot::channel();
        let response = self
            .send_prompt(text.into(), prompt_kind(options), options, Some(accepted_tx))
            .await?;
        let id = accepted.await.map_err(|_| SessionGone)??;
        Ok(Turn { id, response })
    }

    /// Answers the open question by the label of a choice (regex) or by text; the response is what follows.
    ///
    /// # Errors
    ///
    /// Nothing was typed: nothing is asked, or no choice matches.
    pub async fn answer(&self, choice: impl Into<String>, options: AskOptions) -> Result<Response, AskError> {
        let response = self
            .send_prompt(choice.into(), AskKind::Answer, options, None)
            .await?;
        response.await.map_err(|_| SessionGone)?
    }

    async fn send_prompt(
        &self,
        text: String,
        kind: AskKind,
        options: AskOptions,
        accepted: Option<oneshot::Sender<Result<TurnId, AskError>>>,
    ) -> Result<oneshot::Receiver<Result<Response, AskError>>, AskError> {
        let (response, received) = oneshot::channel();
        let timeout = options.timeout.unwrap_or(self.shared.turn_timeout);
        let prompt = Prompt {
            turn: TurnId(ulid()),
            text,
            timeout: Some(timeout),
        };
        self.command(Command::Ask(Ask {
            prompt,
            kind,
            accepted,
            response,
        }))
        .await?;
        Ok(received)
    }

    pub(in crate::host) async fn command(&self, command: Command) -> Result<(), SessionGone> {
        self.shared.commands.send(command).await.map_err(|_| SessionGone)
    }

    /// For what must not wait; nothing when the task has too much to do already.
    pub(in crate::host) fn try_command(&self, command: Command) {
        let _full_or_gone = self.shared.commands.try_send(command);
    }

    pub(in crate::host) async fn request<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, SessionGone> {
        let (sender, receiver) = oneshot::channel();
        self.command(command(sender)).await?;
        receiver.await.map_err(|_| SessionGone)
    }

    /// The running turn ends `interrupted` when the tool is ready again.
    ///
    /// # Errors
    ///
    /// Nothing was typed: the protocol says that it would end the tool, or the tool has ended.
    pub async fn interrupt(&self) -> Result<(), AskError> {
        Ok(self.request(Command::Interrupt).await??)
    }

    /// Types bytes as they are: nothing is checked, nothing is framed.
    ///
    /// # Errors
    ///
    /// The session's task is gone.
    pub async fn keys(&self, bytes: impl Into<Vec<u8>>) -> Result<(), SessionGone> {
        self.command(Command::Keys(bytes.into())).await
    }

    /// # Errors
    ///
    /// The session's task is gone.
    pub async fn resize(&self, size: Size) -> Result<(), SessionGone> {
        self.command(Command::Resize(size)).await
    }

    /// The screen as it is; after the tool's end, as it was last.
    ///
    /// # Errors
    ///
    /// The session's task is gone.
    pub async fn snapshot(&self) -> Result<Snapshot, SessionGone> {
        self.request(Command::Snapshot).await
    }

    /// Why the session is in its state: each rule with each signal.
    ///
    /// # Errors
    ///
    /// The session's task is gone.
    pub async fn explain(&self) -> Result<Vec<RuleTrace>, SessionGone> {
        self.request(Command::Explain).await
    }

    /// A snapshot, and each event after it.
    ///
    /// # Errors
    ///
    /// The session's task is gone.
    pub async fn events(&self) -> Result<Events, SessionGone> {
        self.request(Command::Events).await
    }

    /// The turn's output bytes as the tool wrote them, while `Options::keep_raw_bytes` still holds them.
    ///
    /// # Errors
    ///
    /// The session's task is gone.
    pub async fn raw(&self, response: &Response) -> Result<Option<Vec<u8>>, SessionGone> {
        let (from, to) = (response.evidence.from_offset, response.evidence.to_offset);
        self.request(|reply| Command::Raw { from, to, reply }).await
    }

    /// Records from now on, beginning with the present screen; replaces a recording that runs.
    ///
    /// # Errors
    ///
    /// The file could not be made, or the recording before could not be written to its end.
    pub async fn record(&self, options: RecordOptions) -> Result<(), RecordError> {
        self.request(|reply| Command::Record(options, reply)).await?
    }

    /// # Errors
    ///
    /// The recording could not be written to its end.
    pub async fn stop_recording(&self) -> Result<(), RecordError> {
        self.request(Command::StopRecording).await?
    }

    /// Ends the tool and everything it started, by the stop ladder. A second call, from any handle, skips the grace.
    pub async fn stop(&self, options: StopOptions) -> ExitReport {
        // When the task is gone, its report is there.
        let _gone = self.command(Command::Stop(options)).await;
        self.wait().await
    }

    /// Until the tool has ended, by whatever cause, and its tree with it.
    pub async fn wait(&self) -> ExitReport {
        let mut report = self.shared.report.clone();
        let ended = report
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|report| report.clone());
        // The runtime was shut down: the task's end has killed the tree, and nobody saw how the tool ended.
        ended.unwrap_or(ExitReport {
            exit: Exit::Unknown,
            reason: ExitReason::Dropped,
            rung: Some(Rung::Kill),
            survivors: Vec::new(),
            took: Duration::ZERO,
            tool_session: None,
        })
    }
}

fn prompt_kind(options: AskOptions) -> AskKind {
    if options.no_wait {
        AskKind::PromptNow
    } else {
        AskKind::Prompt
    }
}

impl Turn {
    pub fn id(&self) -> &TurnId {
        &self.id
    }

    /// # Errors
    ///
    /// The session ended before there was a response.
    pub async fn response(self) -> Result<Response, AskError> {
        self.response.await.map_err(|_| SessionGone)?
    }
}
