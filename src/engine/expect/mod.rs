//! Waits for output: the stream as text, what nobody has matched yet, and the patterns that are looked for in it.
//!
//! A driver owns an [`Expecter`] beside its session machine and does, in a loop:
//!
//! 1. what the world did: `handle_output` with each read; `handle_drained` when a burst has ended, after the session machine has handled
//!    it; `handle_state` when the session's state has changed; `handle_tty` with the look that `poll_probe` asked for; `handle_typed` when
//!    something was written for the caller; `handle_eof` when the terminal is closed and drained; `handle_time` when `poll_deadline` is due;
//! 2. what the caller wants: `expect`, `withdraw`, `consume_to`, `before`, `after`, `background`; after `expect` also `handle_drained`,
//!    unless a burst is under way, so that the screen is looked at;
//! 3. what must be done now: `poll_event`, `poll_probe`, `poll_deadline`.
//!
//! Which match is found never depends on how the bytes arrived. A match that what follows could still change is told when something has
//! settled it: what follows, the end, the tool waiting for input, or the wait's own deadline.

mod automaton;
mod condition;
mod deciding;
mod found;
mod glob;
mod kept;
mod near;
mod pattern;
#[cfg(test)]
mod properties;
mod search;
#[cfg(test)]
mod tests;
mod text;
mod walk;

use std::collections::VecDeque;
use std::time::Duration;

use super::framer::rules::{self, Holds, View};
use super::framer::state::State;
use super::limits;
use super::time::Time;
use super::tty::{ProbeDepth, TtyProbe, Waiting};

pub use condition::{ScreenCondition, basic_string};
pub use found::{
    Capture, ExpectEvent, Failure, FailureWhy, Found, FoundKind, Group, Near, Nearness, Settled,
};
use kept::Kept;
pub use pattern::{Pattern, PatternError, Patterns, StateWanted};
use search::{Hit, Search};
pub use text::TextFilter;

/// What the stream is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamKind {
    /// What a person reads: escape sequences gone, line ends as `\n`, UTF-8.
    #[default]
    Text,
    /// The bytes as they came.
    Raw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamConfig {
    pub kind: StreamKind,
    /// Unmatched text that is kept, in bytes.
    pub keep_bytes: usize,
    /// Columns of the terminal.
    pub cols: u16,
}

impl Default for StreamConfig {
    fn default() -> StreamConfig {
        StreamConfig {
            kind: StreamKind::Text,
            keep_bytes: limits::EXPECT_KEEP_BYTES,
            cols: 80,
        }
    }
}

/// Which of several matches is the one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precedence {
    /// The one that begins first; of those that begin together, the one listed first.
    #[default]
    Leftmost,
    /// The one listed first, wherever it stands in the settled text; a pattern that is listed earlier is waited for no longer than
    /// `limits::EXPECT_LISTED_BYTES` more of output.
    Listed,
    /// The one that is complete first, and no longer than it must be: as if each byte were looked at by itself.
    Earliest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitOptions {
    /// From the call on; `None`: for ever.
    pub timeout: Option<Duration>,
    pub precedence: Precedence,
    /// What is found stays unmatched.
    pub peek: bool,
    /// Silence that settles a match where the platform cannot tell what the tool waits in.
    pub settle: Duration,
}

impl Default for WaitOptions {
    fn default() -> WaitOptions {
        WaitOptions {
            timeout: Some(limits::EXPECT_TIMEOUT),
            precedence: Precedence::Leftmost,
            peek: false,
            settle: limits::EXPECT_SETTLE,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Wait {
    pub patterns: Patterns,
    pub options: WaitOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaitId(pub u64);

/// Patterns that hold for every wait, or for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u64);

/// The machine. See the module's words for the order of calls.
#[derive(Debug)]
pub struct Expecter {
    config: StreamConfig,
    filter: TextFilter,
    scratch: Vec<u8>,
    kept: Kept,
    /// Where the unmatched text begins.
    cursor: u64,
    /// How much of it was dropped.
    truncated: u64,
    waits: Vec<Open>,
    before: Vec<(GroupId, Patterns)>,
    after: Vec<(GroupId, Patterns)>,
    background: Vec<Background>,
    /// The patterns of the last wait together with the groups.
    joined: Option<(Vec<Patterns>, Patterns)>,
    events: VecDeque<ExpectEvent>,
    next_id: u64,
    state: Option<StateWanted>,
    eof: bool,
    last_output: Time,
    /// Since the caller typed last, nothing has been printed: the screen is older than what was typed.
    typed: bool,
    looks: Looks,
}

/// A wait that goes on.
#[derive(Debug)]
struct Open {
    id: WaitId,
    patterns: Patterns,
    /// Whose they are, in order: each group and how many of the patterns.
    groups: Vec<(Group, usize)>,
    options: WaitOptions,
    search: Search,
    /// Something would be found if nothing more came, as of the last look.
    hopes: bool,
    began: Time,
}

#[derive(Debug)]
struct Background {
    id: GroupId,
    patterns: Patterns,
    search: Search,
    cursor: u64,
    began: Time,
}

/// Looks at the tty.
#[derive(Debug, Default)]
struct Looks {
    wanted: Option<ProbeDepth>,
    /// When to look again.
    at: Option<Time>,
    step: Duration,
    /// The platform cannot tell what the tool waits in.
    blind: bool,
    /// Nothing was printed since a look saw the tool wait for input.
    idle: bool,
}

impl Expecter {
    pub fn new(config: StreamConfig, now: Time) -> Expecter {
        Expecter {
            filter: TextFilter::new(config.cols),
            config,
            scratch: Vec::new(),
            kept: Kept::default(),
            cursor: 0,
            truncated: 0,
            waits: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            background: Vec::new(),
            joined: None,
            events: VecDeque::new(),
            next_id: 0,
            state: None,
            eof: false,
            last_output: now,
            typed: false,
            looks: Looks::default(),
        }
    }

    // Getters.

    /// Where the unmatched text begins, in bytes of the stream since the session began.
    pub fn position(&self) -> u64 {
        self.cursor
    }

    /// Where the stream ends now.
    pub fn end(&self) -> u64 {
        self.kept.end()
    }

    /// What nobody has matched yet, as far as it is kept.
    pub fn unmatched(&self) -> &[u8] {
        self.kept.from(self.cursor + self.truncated)
    }

    /// Whether a wait or a background pattern is looking.
    pub fn is_waiting(&self) -> bool {
        !self.waits.is_empty()
    }

    /// Memory of the kept text, in bytes.
    #[cfg(test)]
    fn kept_capacity(&self) -> usize {
        self.kept.capacity()
    }

    /// How often the searches' caches were emptied.
    #[cfg(test)]
    fn clears(&self) -> usize {
        self.waits.iter().map(|open| open.search.clears()).sum()
    }

    /// Steps that the waits' searches have taken.
    #[cfg(test)]
    fn steps(&self) -> u64 {
        self.waits.iter().map(|open| open.search.steps()).sum()
    }

    // What the caller wants.

    /// Begins a wait for what is unmatched and what follows. Its end is an event, maybe at once.
    pub fn expect(&mut self, wait: Wait, now: Time) -> Result<WaitId, PatternError> {
        let id = WaitId(self.new_id());
        let own = [(Group::Own, wait.patterns.clone())];
        let before = self.before.iter().map(|(id, p)| (Group::Before(*id), p.clone()));
        let after = self.after.iter().map(|(id, p)| (Group::After(*id), p.clone()));
        let parts: Vec<(Group, Patterns)> = before.chain(own).chain(after).collect();
        let patterns = self.join(&parts)?;
        let open = Open {
            id,
            groups: parts.iter().map(|(group, p)| (*group, p.len())).collect(),
            search: Search::new(&patterns, wait.options.precedence, self.cursor),
            patterns,
            options: wait.options,
            hopes: false,
            began: now,
        };
        self.waits.push(open);
        self.search(now);
        self.settle_known(now);
        self.overdue(now);
        self.want_look();
        Ok(id)
    }

    /// Ends a wait without an event; false when it has ended already.
    pub fn withdraw(&mut self, id: WaitId) -> bool {
        let before = self.waits.len();
        self.waits.retain(|open| open.id != id);
        self.waits.len() < before
    }

    /// The text up to `position` counts as matched.
    pub fn consume_to(&mut self, position: u64, now: Time) {
        if position > self.cursor {
            self.consume(position.min(self.kept.end()));
            self.search(now);
        }
    }

    /// Patterns that stand before those of each wait that begins from now on.
    pub fn before(&mut self, patterns: Patterns) -> GroupId {
        let id = GroupId(self.new_id());
        self.before.push((id, patterns));
        id
    }

    /// Patterns that stand behind those of each wait that begins from now on.
    pub fn after(&mut self, patterns: Patterns) -> GroupId {
        let id = GroupId(self.new_id());
        self.after.push((id, patterns));
        id
    }

    /// Patterns of text that are looked for in all that comes from now on, whatever the waits take; they take nothing from those.
    pub fn background(&mut self, patterns: Patterns, now: Time) -> GroupId {
        let id = GroupId(self.new_id());
        let cursor = self.kept.end();
        self.background.push(Background {
            id,
            search: Search::new(&patterns, Precedence::Leftmost, cursor),
            patterns,
            cursor,
            began: now,
        });
        id
    }

    /// Ends a group of any kind; false when there is none of this name.
    pub fn forget(&mut self, id: GroupId) -> bool {
        let count = |e: &Expecter| e.before.len() + e.after.len() + e.background.len();
        let had = count(self);
        self.before.retain(|(other, _)| *other != id);
        self.after.retain(|(other, _)| *other != id);
        self.background.retain(|other| other.id != id);
        count(self) < had
    }

    // What the world did.

    /// The tool printed `bytes`.
    pub fn handle_output(&mut self, bytes: &[u8], now: Time) {
        if bytes.is_empty() {
            return;
        }
        self.last_output = now;
        self.typed = false;
        self.looks = Looks::default();
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        match self.config.kind {
            StreamKind::Text => self.filter.push(bytes, &mut text),
            StreamKind::Raw => text.extend_from_slice(bytes),
        }
        self.take(&text, now);
        self.scratch = text;
    }

    /// No more bytes at this moment: the screen, as the session machine sees it, is whole.
    pub fn handle_drained(&mut self, view: &View<'_>, now: Time) {
        self.look(view, now);
        self.want_look();
    }

    /// The look at the tty that `poll_probe` asked for; `view` is the session machine's.
    pub fn handle_tty(&mut self, probe: TtyProbe, depth: ProbeDepth, view: View<'_>, now: Time) {
        let looked = (probe, depth);
        self.look(
            &View {
                probe: Some(&looked),
                ..view
            },
            now,
        );
        if depth < ProbeDepth::Waiting {
            return self.want_look();
        }
        match looked.0.waiting {
            Waiting::Read => self.tool_waits(now),
            // On a cooked tty a program that polls has other things to wait for.
            Waiting::Poll if looked.0.echo != Some(true) || looked.0.canonical != Some(true) => {
                self.tool_waits(now);
            }
            Waiting::No => self.look_again(now),
            Waiting::Poll | Waiting::Unknown => {
                self.looks.blind = true;
                self.silence(now);
            }
        }
    }

    /// The session is in this state now.
    pub fn handle_state(&mut self, state: &State, now: Time) {
        self.state = StateWanted::of(state);
        self.states(now);
    }

    /// Something was written to the tool for the caller: what the screen shows is older, until the tool prints.
    pub fn handle_typed(&mut self) {
        self.typed = true;
        self.looks = Looks::default();
    }

    /// The terminal is closed and all that was in it has been handed over.
    pub fn handle_eof(&mut self, now: Time) {
        if std::mem::replace(&mut self.eof, true) {
            return;
        }
        let mut rest = Vec::new();
        if self.config.kind == StreamKind::Text {
            self.filter.finish(&mut rest);
        }
        self.take(&rest, now);
        self.settle_known(now);
    }

    pub fn handle_time(&mut self, now: Time) {
        if self.looks.at.is_some_and(|at| now >= at) {
            self.looks.at = None;
            self.looks.wanted = Some(ProbeDepth::Waiting);
        }
        if self.looks.blind {
            self.silence(now);
        }
        self.quiet(now);
        self.overdue(now);
    }

    pub fn handle_resize(&mut self, cols: u16) {
        self.filter.resize(cols);
    }

    // What must be done now.

    pub fn poll_event(&mut self) -> Option<ExpectEvent> {
        self.events.pop_front()
    }

    /// A look at the tty is wanted now. After looking, read once more without blocking: when bytes came, hand them over instead.
    pub fn poll_probe(&mut self) -> Option<ProbeDepth> {
        self.looks.wanted.take()
    }

    /// When `handle_time` wants to be called.
    pub fn poll_deadline(&self) -> Option<Time> {
        let times = self.waits.iter().flat_map(|open| {
            let timeout = open.options.timeout.map(|timeout| open.began + timeout);
            let silent = self.looks.blind && open.hopes;
            let silence = silent.then_some(self.last_output + open.options.settle);
            let quiet = open.patterns.iter().filter_map(|pattern| match pattern {
                Pattern::Quiet(silence) => Some(self.last_output.max(open.began) + *silence),
                _ => None,
            });
            timeout.into_iter().chain(silence).chain(quiet)
        });
        times.chain(self.looks.at).min()
    }
}
