//! The task of one session: select, step the machine, perform.
//!
//! ```text
//! Running ─tool ended─► Draining ─terminal drained─► Sweeping ─no process left─► Ended
//! ```
//!
//! `Running` and `Draining` read the terminal. `Draining` is bounded: a process that the tool left behind may hold the terminal open for
//! ever, but what the tool itself wrote has been read by then. The machine hears of the exit at the end of `Draining`, so no output follows
//! its last event. In `Ended` the terminal is closed and the task answers questions about the last screen until the last handle is gone.
//!
//! A wake-up costs one poll, one read and what the machine asks for (usually one look at the tty and one more read to confirm it).

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::command::Command;
use super::follow::Follower;
use super::ladder::{Ladder, Sweep, Swept};
use super::raw::RawTail;
use super::taps::Taps;
use super::typing::Typing;
use super::waiting::Waiting;
use super::{ExitReason, ExitReport, Rung, Status};
use crate::engine::event::{Event, EventKind};
use crate::engine::framer::state::State;
use crate::engine::session::{Session as Machine, SubmitError};
use crate::engine::term::Size;
use crate::engine::time::Time;
use crate::engine::tty::Exit;
use crate::host::channels::SideChannels;
use crate::host::launch::PrivateFolder;
use crate::host::options::StopOptions;
use crate::host::pty::{Pty, Read, Timer, TreeSignal};
use crate::host::recording::Recorder;
use crate::host::version;

/// Bytes taken by one read; the buffer is shared by all sessions of a thread and held by none between two wake-ups.
pub(super) const READ_BYTES: usize = 64 << 10;
/// Reads of one wake-up, so that a flood does not starve the other sessions of the thread.
const READS: usize = 16;
/// How long a tool that has ended may have its terminal held open by others before its end is told.
const DRAIN_WITHIN: Duration = Duration::from_millis(20);
/// A terminal that nobody has open while the tool lives may be opened again: looked at this often.
const REOPEN_LOOK: Duration = Duration::from_millis(250);
/// The first time so soon.
const CLOSED_LOOK: Duration = Duration::from_millis(50);

thread_local! {
    pub(super) static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

pub(super) struct Driver {
    pub(super) machine: Machine,
    /// `None` in `Phase::Ended`.
    pub(super) pty: Option<Box<dyn Pty>>,
    pub(super) timer: Timer,
    pub(super) origin: Instant,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) abandoned: bool,
    pub(super) waiting: Waiting,
    pub(super) status: watch::Sender<Status>,
    pub(super) report: watch::Sender<Option<ExitReport>>,
    pub(super) events: broadcast::Sender<Arc<Event>>,
    pub(super) recorder: Option<Recorder>,
    pub(super) raw: RawTail,
    pub(super) output_bytes: Arc<AtomicU64>,
    pub(super) size: Size,
    pub(super) phase: Phase,
    pub(super) ladder: Option<Ladder>,
    /// The terminal took less than it was given.
    pub(super) full: bool,
    /// A burst was cut by `READS`.
    pub(super) undrained: bool,
    pub(super) reopen_at: Option<Time>,
    pub(super) files: Option<PrivateFolder>,
    pub(super) channels: SideChannels,
    /// When the inbox is looked at, where nothing rings.
    pub(super) inbox_at: Option<Time>,
    pub(super) program: PathBuf,
    pub(super) asking_version: Option<AskingVersion>,
    /// Program and arguments, for reports.
    pub(super) command: Vec<String>,
    /// `None`: nobody follows the output, and nothing is kept of it.
    pub(super) follower: Option<Follower>,
    pub(super) typing: Typing,
    pub(super) pending_input: Arc<AtomicUsize>,
    pub(super) taps: Taps,
    /// Since when no process has the terminal open, while the tool lives.
    pub(super) closed_at: Option<Time>,
}

#[derive(Debug)]
pub(super) enum Phase {
    Running,
    Draining { exit: Exit, until: Time },
    Sweeping { exit: Exit, sweep: Sweep },
    Ended,
}

/// The tool shows nothing known; who hears of it also hears which version that is.
pub(super) struct AskingVersion {
    told: oneshot::Receiver<Option<String>>,
    event: Event,
}

enum Wake {
    Command(Option<Command>),
    Exit(Exit),
    Readable,
    Writable,
    Message,
    Version(Option<String>),
    Time,
}

impl Driver {
    pub(super) async fn run(mut self) {
        while !(matches!(self.phase, Phase::Ended) && self.abandoned) {
            self.perform();
            let wake = poll_fn(|cx| self.poll_wake(cx)).await;
            let now = self.now();
            match wake {
                Wake::Command(Some(command)) => self.handle_command(command, now),
                Wake::Command(None) => self.handle_abandoned(now),
                Wake::Exit(exit) => self.handle_ended(exit, now),
                Wake::Readable => self.handle_readable(now),
                Wake::Writable => self.full = false,
                Wake::Message => self.handle_arrival(now),
                Wake::Version(version) => self.handle_version(version),
                Wake::Time => self.handle_time(now).await,
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the driver is the engine's clock")]
    pub(super) fn now(&self) -> Time {
        Time(Instant::now().saturating_duration_since(self.origin))
    }

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<Wake> {
        if !self.abandoned
            && let Poll::Ready(command) = self.commands.poll_recv(cx)
        {
            return Poll::Ready(Wake::Command(command));
        }
        let Some(pty) = &mut self.pty else {
            return Poll::Pending;
        };
        match self.phase {
            Phase::Running => {
                // Output first: what was printed before the end is handled before it.
                if !self.taps.are_behind() && pty.poll_readable(cx).is_ready() {
                    return Poll::Ready(Wake::Readable);
                }
                if let Poll::Ready(exit) = pty.poll_exit(cx) {
                    return Poll::Ready(Wake::Exit(exit));
                }
                if self.channels.poll_arrival(cx).is_ready() {
                    return Poll::Ready(Wake::Message);
                }
                if self.full && pty.poll_writable(cx).is_ready() {
                    return Poll::Ready(Wake::Writable);
                }
                if let Some(asking) = &mut self.asking_version
                    && let Poll::Ready(told) = Pin::new(&mut asking.told).poll(cx)
                {
                    return Poll::Ready(Wake::Version(told.ok().flatten()));
                }
            }
            Phase::Draining { .. } => {
                if pty.poll_readable(cx).is_ready() {
                    return Poll::Ready(Wake::Readable);
                }
            }
            Phase::Sweeping { .. } | Phase::Ended => {}
        }
        self.timer.poll(cx).map(|()| Wake::Time)
    }

    // The terminal.

    pub(super) fn handle_readable(&mut self, now: Time) {
        BUFFER.with_borrow_mut(|buffer| {
            buffer.resize(READ_BYTES, 0);
            self.read_burst(buffer, now);
        });
    }

    pub(super) fn read_burst(&mut self, buffer: &mut [u8], now: Time) {
        for _ in 0..READS {
            match self.read(buffer) {
                Read::Bytes { count, more } => {
                    self.output(&buffer[..count], now);
                    if !more {
                        return self.drained(now);
                    }
                }
                Read::Empty => return self.drained(now),
                Read::Closed => {
                    self.drained(now);
                    return self.handle_closed(now);
                }
            }
        }
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Read {
        // An error that is neither "nothing now" nor "hung up" means that there is nothing to be had here any more.
        self.pty
            .as_mut()
            .map_or(Read::Closed, |pty| pty.read(buffer).unwrap_or(Read::Closed))
    }

    pub(super) fn output(&mut self, bytes: &[u8], now: Time) {
        if bytes.is_empty() {
            return;
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.output(bytes, now);
        }
        self.closed_at = None;
        self.raw.push(bytes);
        self.taps.output(bytes);
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.output_bytes.fetch_add(count, Ordering::Relaxed);
        self.machine.handle_output(bytes, now);
        self.follow_output(bytes, now);
        self.undrained = true;
    }

    pub(super) fn drained(&mut self, now: Time) {
        let heard = self.hear(now);
        if std::mem::take(&mut self.undrained) || heard {
            self.machine.handle_drained(now);
            self.follow_drained(now);
            self.type_secrets(now);
        }
    }

    pub(super) fn handle_closed(&mut self, now: Time) {
        match self.phase {
            Phase::Running => self.closed_while_it_lives(now),
            Phase::Draining { exit, .. } => self.finish(exit, now),
            Phase::Sweeping { .. } | Phase::Ended => {}
        }
    }

    // The end.

    /// Nobody has the terminal open. Whoever waits for output is told when that lasts: some tools open it again.
    fn closed_while_it_lives(&mut self, now: Time) {
        let since = *self.closed_at.get_or_insert(now);
        let lasts = now.since(since) >= CLOSED_LOOK;
        self.reopen_at = Some(now + if lasts { REOPEN_LOOK } else { CLOSED_LOOK });
        if lasts {
            self.follow_end(now);
        }
    }

    fn handle_ended(&mut self, exit: Exit, now: Time) {
        self.reopen_at = None;
        self.hear(now);
        self.phase = Phase::Draining {
            exit,
            until: now + DRAIN_WITHIN,
        };
        // What it wrote last is there already.
        self.handle_readable(now);
    }

    fn finish(&mut self, exit: Exit, now: Time) {
        self.drained(now);
        self.machine.handle_exit(exit, now);
        if let Some(recorder) = &mut self.recorder {
            recorder.exit(exit, now);
        }
        self.perform_events(now);
        self.follow_end(now);
        self.taps = Taps::default();
        self.refuse_typing();
        self.waiting.refuse_all();
        let kill_now = self
            .ladder
            .as_ref()
            .is_some_and(|ladder| ladder.rung == Rung::Kill);
        self.phase = Phase::Sweeping {
            exit,
            sweep: Sweep::new(kill_now, now),
        };
    }

    async fn sweep(&mut self, now: Time) {
        // Sessions that ended in the same moment get to this point first, and then share one look at all processes.
        tokio::task::yield_now().await;
        let Phase::Sweeping { exit, sweep } = &mut self.phase else {
            return;
        };
        let Some(pty) = &mut self.pty else { return };
        let survivors = pty.survivors();
        match sweep.look(survivors.len(), now) {
            Swept::Wait => {}
            Swept::Signal(signals) => signals.iter().for_each(|signal| pty.signal_tree(*signal)),
            Swept::Clean | Swept::GaveUp => {
                pty.reap();
                let rung = match &self.ladder {
                    Some(ladder) if sweep.killed(now) => Some(ladder.rung.max(Rung::Kill)),
                    Some(ladder) => Some(ladder.rung),
                    None => None,
                };
                let reason = match (&self.ladder, self.abandoned) {
                    (_, true) => ExitReason::Dropped,
                    (Some(_), false) => ExitReason::Stopped,
                    (None, false) => ExitReason::Exited,
                };
                let begun = self.ladder.as_ref().map_or(sweep.begun(), |ladder| ladder.begun);
                let report = ExitReport {
                    exit: *exit,
                    reason,
                    rung,
                    survivors,
                    took: now.since(begun),
                    tool_session: self.machine.tool_session().map(str::to_owned),
                };
                self.end(report);
            }
        }
    }

    fn end(&mut self, report: ExitReport) {
        self.phase = Phase::Ended;
        self.pty = None;
        self.recorder = None;
        self.files = None;
        self.report.send_replace(Some(report));
    }

    fn handle_abandoned(&mut self, now: Time) {
        self.abandoned = true;
        self.stop(StopOptions::NOW, now);
    }

    pub(super) fn stop(&mut self, options: StopOptions, now: Time) {
        if let Phase::Sweeping { sweep, .. } = &mut self.phase {
            if self.ladder.is_some() || options.grace.is_zero() {
                sweep.hurry(now);
            }
            return;
        }
        if let Some(ladder) = &mut self.ladder {
            let signal = ladder.hurry(now);
            return self.signal_tree(signal);
        }
        let leave = options.leave.then_some(self.machine.spec().exit.within);
        let (ladder, signal) = Ladder::new(options, leave, now);
        self.ladder = Some(ladder);
        match signal {
            Some(signal) => self.signal_tree(signal),
            None => self.machine.leave(now),
        }
    }

    pub(super) fn climb(&mut self, now: Time) {
        if let Some(signal) = self.ladder.as_mut().map(|ladder| ladder.climb(now)) {
            self.signal_tree(signal);
        }
    }

    fn signal_tree(&mut self, signal: TreeSignal) {
        if let Some(pty) = &mut self.pty {
            pty.signal_tree(signal);
        }
    }

    // Time.

    async fn handle_time(&mut self, now: Time) {
        match &self.phase {
            Phase::Running => self.running_time(now),
            Phase::Draining { exit, until } if now >= *until => self.finish(*exit, now),
            Phase::Sweeping { sweep, .. } if now >= sweep.deadline() => self.sweep(now).await,
            Phase::Draining { .. } | Phase::Sweeping { .. } | Phase::Ended => {}
        }
    }

    fn running_time(&mut self, now: Time) {
        if self.machine.poll_deadline().is_some_and(|(at, _)| now >= at) {
            self.machine.handle_time(now);
        }
        if self.waiting.deadline().is_some_and(|at| now >= at) {
            self.waiting.advance(&mut self.machine, now);
        }
        if self.ladder.as_ref().is_some_and(|ladder| ladder.due(now)) {
            self.climb(now);
        }
        if self.inbox_at.is_some_and(|at| now >= at) {
            self.handle_arrival(now);
        }
        if self.reopen_at.is_some_and(|at| now >= at) {
            self.reopen_at = None;
            self.handle_readable(now);
            self.reopen_at.get_or_insert(now + REOPEN_LOOK);
        }
        self.typing_time(now);
        self.follow_time(now);
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        match &self.phase {
            Phase::Running => {
                let machine = self.machine.poll_deadline().map(|(at, _)| at);
                let ladder = self.ladder.as_ref().map(Ladder::deadline);
                [
                    machine,
                    self.waiting.deadline(),
                    ladder,
                    self.reopen_at,
                    self.inbox_at,
                    self.typing.deadline(),
                    self.follower.as_ref().and_then(|f| f.machine.poll_deadline()),
                ]
                .into_iter()
                .flatten()
                .min()
            }
            Phase::Draining { until, .. } => Some(*until),
            Phase::Sweeping { sweep, .. } => Some(sweep.deadline()),
            Phase::Ended => None,
        }
    }

    // What the machine tells.

    /// The event, unless it waits for the tool to tell its version.
    fn ask_version(&mut self, event: Event) -> Option<Event> {
        let unasked = matches!(
            &event.kind,
            EventKind::Drift {
                tool_version: None,
                ..
            }
        );
        let spec = Arc::clone(self.machine.spec());
        if !unasked || spec.tool_version.is_none() || self.asking_version.is_some() {
            return Some(event);
        }
        let told = version::told(spec, self.program.clone());
        self.asking_version = Some(AskingVersion { told, event });
        None
    }

    fn handle_version(&mut self, told: Option<String>) {
        let Some(AskingVersion { mut event, .. }) = self.asking_version.take() else {
            return;
        };
        if let Some(version) = &told {
            self.machine.learn_tool_version(version.clone());
        }
        if let EventKind::Drift { tool_version, .. } = &mut event.kind {
            *tool_version = told;
        }
        self.tell(event);
    }

    pub(super) fn report_event(&mut self, event: Event) {
        let Some(event) = self.ask_version(event) else {
            return;
        };
        if let EventKind::State { rule, .. } = &event.kind {
            let state = self.machine.state().clone();
            self.waiting.was_ready |= state == State::Ready;
            let was_ready = self.waiting.was_ready;
            self.status.send_replace(Status {
                state,
                rule: rule.clone(),
                was_ready,
            });
            self.follow_state(event.at);
        }
        if let EventKind::NotAnswered {
            turn,
            label,
            why,
            shown,
        } = &event.kind
        {
            let error = SubmitError::NotChosen {
                label: label.clone(),
                why: why.clone(),
                shown: shown.clone(),
            };
            self.waiting.fail(turn, error);
        }
        if let EventKind::TurnFinished(_) = &event.kind {
            self.follow_turn(event.at);
        }
        let followed = self.events.receiver_count() > 0;
        match event.kind {
            EventKind::TurnFinished(response) if self.waiting.is_running(&response.turn) => {
                if followed {
                    let kind = EventKind::TurnFinished(response.clone());
                    self.tell(Event { at: event.at, kind });
                }
                self.waiting.finish(*response);
            }
            kind if followed => self.tell(Event { at: event.at, kind }),
            _ => {}
        }
    }

    pub(super) fn tell(&self, event: Event) {
        // The last follower may have gone in between.
        let _nobody_follows = self.events.send(Arc::new(event));
    }
}
