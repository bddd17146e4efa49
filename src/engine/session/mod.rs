//! Screen + framer + outgoing queue as one machine: the whole of a session without its process.
//!
//! A driver owns a PTY and does, in a loop:
//!
//! 1. what the world did: `handle_output`, `handle_drained`, `handle_tty`, `handle_written`, `handle_message`, `handle_exit`,
//!    `handle_time`;
//! 2. what the caller wants: `submit`, `answer`, `interrupt`, `discard`, `resize`, `leave`;
//! 3. what must be done now, until each says nothing: `poll_write`, `poll_action`, `poll_probe`, `poll_event`; then sleep until
//!    `poll_deadline` or the next byte.
//!
//! `handle_drained` after the last `handle_output` of a burst (the read returned less than it could) is where conditions are
//! evaluated: never between two chunks of a burst, so chunking cannot matter.

mod answering;
mod commands;
mod deadlines;
mod dialogs;
mod echo;
mod ending;
mod hearing;
mod laid_out;
mod queue;
mod settling;
mod step;
mod strays;

#[cfg(test)]
mod tests;
mod turn;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::event::{Event, EventKind};
use super::framer::facts::Facts;
use super::framer::rules::{self, Match};
use super::ids::TurnId;
use super::policy::Policy;
use super::protocol::Spec;
use super::protocol::spec::BlockKind;
use super::response::Outcome;
use super::term::{Screen, Size, TermConfig};
use super::time::Time;
use super::tty::{Exit, ProbeDepth, TtyProbe};

use dialogs::Dialogs;
pub use dialogs::NOT_SUBMITTED;
use queue::{OutQueue, Purpose};
use settling::Settling;
use strays::Draft;
use turn::{Origin, Turn};

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
    /// Version of the tool, where somebody has asked for it; told with `EventKind::Drift`.
    pub tool_version: Option<String>,
    /// Messages of side channels may come: the end of a turn waits for them where the protocol says so.
    pub side_channels: bool,
    /// What may be answered without a person.
    pub policy: Policy,
}

#[derive(Clone, Debug)]
pub struct Prompt {
    pub turn: TurnId,
    pub text: String,
    /// Deadline of the turn, from now; then it ends `timed_out`.
    pub timeout: Option<Duration>,
}

/// Something other than bytes that the driver must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Tell the PTY its new size.
    Resize(Size),
    /// Throw away what the terminal has taken and the tool has not read, before anything else is written.
    DiscardInput,
    /// Signal the foreground process group of the terminal.
    Signal(ForegroundSignal),
    /// Side channels: remember how long each transcript is, before anything else is written.
    NoteTranscripts,
    /// Side channels: hand over what was appended to the transcripts since.
    ReadTranscripts,
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

pub use super::framer::refusal::SubmitError;
pub use super::framer::state::State;
pub use super::framer::trace::{RuleTrace, SignalTrace, Verdict, nearest};
pub use hearing::Hints;

/// A session without its process. See the module's words for the order of calls.
#[derive(Debug)]
pub struct Session {
    spec: Arc<Spec>,
    config: SessionConfig,
    screen: Screen,
    facts: Facts,
    state: State,
    queue: OutQueue,
    events: VecDeque<Event>,
    actions: VecDeque<Action>,
    turn: Option<Turn>,
    /// Initialisation prompts still to run before the session is ready for its caller.
    init: VecDeque<String>,
    /// ECHO and ICANON as last seen, however old.
    flags: (Option<bool>, Option<bool>),
    probe_wanted: Option<ProbeDepth>,
    probe_asked: ProbeDepth,
    looks: Looks,
    /// A state that holds as far as can be known, waiting for its confirmation.
    unconfirmed: Option<(Match, Time)>,
    /// A ready rule that holds, waiting for the last paint.
    settling: Option<Settling>,
    dialogs: Dialogs,
    /// What stands unsent in the tool's composer.
    draft: Option<Draft>,
    /// Since when no rule holds.
    adrift_since: Option<Time>,
    /// The rule by which the session became ready.
    ready_rule: Option<usize>,
    interrupting: Option<Interrupting>,
    last_interrupt: Option<Time>,
    leaving: Option<Leaving>,
    started_at: Time,
    /// Output offset at which the protocol last answered a dialog by itself.
    auto_answered: Option<u64>,
    /// Keys of somebody else that no Enter has followed yet.
    half_typed: String,
    /// Quiet times up to here have been looked at.
    quiet_seen: Time,
    /// The last prompt that was no answer to a question.
    asked: String,
    /// The tool's own name for its session.
    tool_session: Option<String>,
    /// Transcripts that hooks have told, by the channel's name.
    told_files: BTreeMap<String, String>,
    /// The end of the turn waits for a side channel.
    awaited: Option<hearing::Awaited>,
}

/// When the tty is looked at again although no byte came.
#[derive(Debug, Default)]
struct Looks {
    at: Option<Time>,
    step: Duration,
    /// Since when, and as what, the tool waits for input that no rule knows.
    awaiting: Option<(Time, BlockKind)>,
}

#[derive(Clone, Copy, Debug)]
struct Interrupting {
    next_rung_at: Time,
    rung: u8,
    /// Row of the question that is being left. An editor may still be painting it, or have taken the interrupt without going on: what
    /// stands on that row asks nobody until every rung was tried.
    left: Option<u64>,
    /// When the keys are typed once more.
    again_at: Option<Time>,
}

#[derive(Clone, Copy, Debug)]
struct Leaving {
    until: Time,
    /// Output offset at which a question on the way out was last answered.
    answered: Option<u64>,
}

impl Session {
    /// A session whose process was started at `now` with a terminal of `config.size`.
    pub fn new(spec: Arc<Spec>, config: SessionConfig, now: Time) -> Session {
        let term = TermConfig {
            pinned_bytes: config.turn_text_bytes,
            ..TermConfig::default()
        };
        let init = spec.spawn.init.iter().cloned().collect();
        Session {
            screen: Screen::new(config.size, term),
            facts: Facts {
                last_output: now,
                ..Facts::default()
            },
            // Without rules nothing is ever recognised.
            state: match spec.is_untaught() {
                true => State::Unknown,
                false => State::Starting,
            },
            queue: OutQueue::default(),
            events: VecDeque::new(),
            actions: VecDeque::new(),
            turn: None,
            init,
            flags: (None, None),
            probe_wanted: None,
            probe_asked: ProbeDepth::Flags,
            looks: Looks::default(),
            unconfirmed: None,
            settling: None,
            dialogs: Dialogs::default(),
            draft: None,
            adrift_since: None,
            ready_rule: None,
            interrupting: None,
            last_interrupt: None,
            leaving: None,
            started_at: now,
            auto_answered: None,
            half_typed: String::new(),
            quiet_seen: now,
            asked: String::new(),
            tool_session: None,
            told_files: BTreeMap::new(),
            awaited: None,
            spec,
            config,
        }
    }

    // Getters.

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn spec(&self) -> &Arc<Spec> {
        &self.spec
    }

    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Whether the protocol's initialisation is still to run: a caller's prompt waits for it.
    pub fn is_initialising(&self) -> bool {
        !self.init.is_empty() || self.turn.as_ref().is_some_and(|turn| turn.origin == Origin::Init)
    }

    /// Each rule with each of its conditions: what it wants, what is, and whether it holds.
    pub fn explain(&self, now: Time) -> Vec<RuleTrace> {
        rules::explain(&self.view(now))
    }

    // What the world did.

    /// The tool printed `bytes`. States are looked at in `handle_drained`.
    pub fn handle_output(&mut self, bytes: &[u8], now: Time) {
        if bytes.is_empty() {
            return;
        }
        self.feed_screen(bytes);
        self.facts.last_output = now;
        self.facts.probe = None;
        self.probe_wanted = None;
        self.looks = Looks::default();
        if let Some(turn) = self.turn.as_mut().filter(|turn| turn.is_entered()) {
            turn.first_output_at.get_or_insert(now);
        }
        self.take_announcements(now);
        let replies = self.screen.take_replies();
        if self.spec.spawn.answer_queries {
            self.queue.push(Purpose::Reply, replies, now);
        }
    }

    /// No more bytes at this moment: look at what they made.
    pub fn handle_drained(&mut self, now: Time) {
        self.frame_painted();
        self.stream_text(now);
        self.evaluate(now);
    }

    /// The look at the tty that `poll_probe` asked for.
    pub fn handle_tty(&mut self, probe: TtyProbe, now: Time) {
        self.flags = (probe.echo.or(self.flags.0), probe.canonical.or(self.flags.1));
        let cooked_again =
            probe.echo == Some(true) && matches!(self.facts.first_ready, Some((Some(false), _)));
        if cooked_again && self.turn.as_ref().is_some_and(Turn::is_entered) {
            self.facts.busy_seen = true;
        }
        self.facts.probe = Some((probe, self.probe_asked));
        self.evaluate(now);
    }

    /// The tty accepted the first `count` bytes of what `poll_write` gave.
    pub fn handle_written(&mut self, count: usize, now: Time) {
        match self.queue.take(count, now) {
            Some(Purpose::Text) => self.text_written(now),
            Some(Purpose::Enter) => self.entered(now),
            Some(Purpose::Reply | Purpose::Keys | Purpose::Secret) | None => {}
        }
    }

    /// The tool ended and its output has been handed over.
    pub fn handle_exit(&mut self, exit: Exit, now: Time) {
        self.confirm(now);
        self.stop_choosing("the tool has ended", now);
        self.read_resume_hint();
        if self.turn.is_some() {
            self.finish_unready(
                Outcome::Exited,
                "exit",
                vec![format!("exit: {exit:?}")],
                Some(exit),
                now,
            );
        }
        self.queue.clear();
        self.looks = Looks::default();
        self.probe_wanted = None;
        self.enter_state(State::Exited { exit }, "exit", now);
        self.emit(EventKind::Exited(exit), now);
    }

    /// Nothing but time passed; for when `poll_deadline` is due.
    pub fn handle_time(&mut self, now: Time) {
        if matches!(self.state, State::Exited { .. }) {
            return;
        }
        self.queue.release(now);
        self.input_stalled(now);
        self.look_for_echo(now);
        self.repeat_unheard_enter(now);
        self.turn_overdue(now);
        self.interrupt_again_overdue(now);
        self.interrupt_overdue(now);
        self.drift_overdue(now);
        self.leave_overdue(now);
        self.start_overdue(now);
        self.quiet_seen = now;
        self.word_looked_at(now);
        if self.looks.at.is_some_and(|at| now >= at) {
            self.looks.at = None;
            self.facts.probe = None;
            self.probe_wanted = Some(ProbeDepth::Waiting);
        } else if self.facts.probe.is_some() || self.probe_wanted.is_none() {
            self.evaluate(now);
        }
    }

    /// The size of the terminal; the driver is asked to tell the PTY.
    pub fn resize(&mut self, size: Size, now: Time) {
        self.config.size = size;
        self.screen.resize(size);
        self.actions.push_back(Action::Resize(size));
        self.facts.last_output = now;
    }

    // What must be done now.

    /// What to write now; call again after `handle_written`.
    pub fn poll_write(&mut self) -> Option<&[u8]> {
        self.queue.front()
    }

    /// What `poll_write` gives must not be shown or recorded.
    pub fn writes_secret(&self) -> bool {
        self.queue.front_purpose() == Some(Purpose::Secret)
    }

    /// What `poll_write` gives is an answer of the terminal, typed by nobody.
    pub fn writes_reply(&self) -> bool {
        self.queue.front_purpose() == Some(Purpose::Reply)
    }

    /// Bytes that wait for the tty, and since when it has taken none of them.
    pub fn pending_input(&self) -> (usize, Option<Time>) {
        (self.queue.pending_bytes(), self.queue.waiting_since())
    }

    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// A look at the tty is wanted now. After looking, read once more without blocking: when bytes came, hand them over instead of the
    /// look, which is then older than the screen.
    pub fn poll_probe(&mut self) -> Option<ProbeDepth> {
        let depth = self.probe_wanted.take()?;
        self.probe_asked = depth;
        Some(depth)
    }

    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When `handle_time` wants to be called, and why.
    pub fn poll_deadline(&self) -> Option<(Time, &'static str)> {
        let deadlines = self.deadlines();
        deadlines
            .into_iter()
            .filter_map(|(at, why)| Some((at?, why)))
            .min_by_key(|&(at, _)| at)
    }
}
