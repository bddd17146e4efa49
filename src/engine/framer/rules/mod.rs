//! Evaluates the protocol's rules against screen and facts: which state is this, and why.
//!
//! A condition is `Yes`, `No` or `Unknown` (this platform or recording cannot tell). A rule is the conjunction of its conditions. Rules
//! are tried in order. Conditions that need a look at the tty come last, so that a look is asked for only when everything that costs
//! nothing already agrees.

mod check;
mod line;

use std::time::Duration;

use super::facts::Facts;
use crate::engine::framer::trace::{RuleTrace, SignalTrace, Verdict};
use crate::engine::protocol::Spec;
use crate::engine::protocol::spec::{BlockKind, Conditions, Kind, Rule};
use crate::engine::term::{CursorLine, Pos, Screen};
use crate::engine::time::Time;
use crate::engine::tty::{Foreground, ProbeDepth, TtyProbe, Waiting};

use check::{Check, verdict};
use line::{PromptLine, prompt_line};

/// Everything a rule may look at.
pub struct View<'a> {
    pub spec: &'a Spec,
    pub screen: &'a Screen,
    pub facts: &'a Facts,
    /// The newest look at the tty; `None` when bytes came since.
    pub probe: Option<&'a (TtyProbe, ProbeDepth)>,
    pub now: Time,
    /// Output bytes handled when Enter was sent for the open turn; announcements before it belong to the prompt before.
    pub entered: Option<u64>,
    /// When Enter was sent for it.
    pub entered_at: Option<Time>,
    /// The open turn was interrupted.
    pub interrupted: bool,
    /// Where the cursor's logical line started when Enter was sent: a new prompt stands below it.
    pub submit_row: Option<u64>,
}

/// What the rules say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    Rule(Match),
    /// A rule holds as far as the screen goes; the tty must be looked at.
    NeedsProbe(ProbeDepth),
    /// The screen shows a known state and the tty does not (yet): worth another look soon.
    TtyDisagrees,
    Nothing,
}

/// A rule that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    pub rule: usize,
    /// Some condition cannot be known.
    pub certain: bool,
    /// Where the prompt (or the question) starts.
    pub prompt_start: Pos,
    pub signals: Vec<String>,
    pub captures: Vec<(String, String)>,
}
/// The first rule that holds, or what is missing.
pub fn pick(view: &View<'_>) -> Pick {
    let line = prompt_line(view);
    let mut disagrees = false;
    for (index, rule) in view.spec.rules.iter().enumerate() {
        let mut check = Check::new(view, &line, rule);
        check.screen_conditions();
        if check.verdict == Verdict::No || !check.fresh() {
            continue;
        }
        if let Some(depth) = check.missing_probe() {
            // What nothing on the screen speaks for is no reason to look.
            if shows_nothing(&rule.when) {
                continue;
            }
            return Pick::NeedsProbe(depth);
        }
        check.tty_conditions();
        match check.verdict {
            Verdict::No => disagrees |= !shows_nothing(&rule.when),
            Verdict::Yes | Verdict::Unknown => return Pick::Rule(check.into_match(index)),
        }
    }
    if disagrees {
        Pick::TtyDisagrees
    } else {
        Pick::Nothing
    }
}

/// One rule by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    No,
    /// It holds as far as the screen goes; the tty must be looked at.
    NeedsProbe(ProbeDepth),
    /// What this platform cannot tell counts as holding.
    Yes(Match),
}

/// Whether `rule`, which need not be one of the protocol's, holds.
pub fn holds(view: &View<'_>, rule: &Rule) -> Holds {
    let line = prompt_line(view);
    let mut check = Check::new(view, &line, rule);
    check.screen_conditions();
    if check.verdict == Verdict::No || !check.fresh() {
        return Holds::No;
    }
    if let Some(depth) = check.missing_probe() {
        return Holds::NeedsProbe(depth);
    }
    check.tty_conditions();
    match check.verdict {
        Verdict::No => Holds::No,
        Verdict::Yes | Verdict::Unknown => Holds::Yes(check.into_match(0)),
    }
}

/// Each condition of `rule`, for people.
pub fn trace(view: &View<'_>, rule: &Rule) -> Vec<SignalTrace> {
    let line = prompt_line(view);
    let mut check = Check::new(view, &line, rule);
    check.keep_going = true;
    check.screen_conditions();
    check.tty_conditions();
    check.traces
}

/// Only the tty can tell.
fn shows_nothing(when: &Conditions) -> bool {
    let texts = [
        &when.cursor_line,
        &when.lines_above,
        &when.screen,
        &when.title,
        &when.status,
        &when.notification,
    ];
    texts.iter().all(|text| text.is_none())
        && when.modes.is_empty()
        && when.last_mark.is_none()
        && when.progress.is_none()
        && when.cursor_visible.is_none()
        && when.said.is_none()
        && when.quiet.is_none()
}

/// Each rule with each of its conditions, for people.
pub fn explain(view: &View<'_>) -> Vec<RuleTrace> {
    let line = prompt_line(view);
    let trace = |rule: &Rule| {
        let mut check = Check::new(view, &line, rule);
        check.keep_going = true;
        check.screen_conditions();
        let fresh = check.fresh();
        check.record(
            "new_prompt",
            "below the submitted line".into(),
            fresh.to_string(),
            verdict(fresh),
        );
        check.tty_conditions();
        RuleTrace {
            rule: rule.name.clone(),
            kind: kind_word(rule.kind).into(),
            line: rule.line,
            holds: check.verdict,
            signals: check.traces,
        }
    };
    view.spec.rules.iter().map(trace).collect()
}

pub const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Ready => "ready",
        Kind::Continuation => "continuation",
        Kind::Busy => "busy",
        Kind::Draft => "draft",
        Kind::Blocked(kind) => kind.as_str(),
    }
}

impl View<'_> {
    /// How long the tool has printed nothing; in a turn, since Enter at most.
    pub fn silence(&self) -> Duration {
        let since = self.facts.last_output;
        self.now.since(self.entered_at.map_or(since, |at| at.max(since)))
    }
}

/// Whether the tty is as a ready rule wants it, whatever the screen shows: output behind the prompt does not end readiness.
pub fn accepts_input(view: &View<'_>, rule: &Rule) -> Verdict {
    let line = PromptLine {
        line: CursorLine::default(),
        from: 0,
        marked: false,
        switched: false,
        undisputed: false,
    };
    let mut check = Check::new(view, &line, rule);
    check.tty_conditions();
    check.verdict
}

/// The kind of input that nobody recognised, from the tty alone.
pub fn unrecognised(view: &View<'_>, probe: &TtyProbe) -> Option<BlockKind> {
    let waits = match probe.waiting {
        Waiting::Read => true,
        // Of a tool that polls all the time it says nothing.
        Waiting::Poll if probe.foreground != Some(Foreground::Other) && always_polls(view.spec) => false,
        Waiting::Poll => probe.canonical != Some(true) || probe.echo == Some(false),
        Waiting::No | Waiting::Unknown => false,
    };
    if !waits {
        return None;
    }
    if view.screen.alternate_screen() {
        return Some(BlockKind::Fullscreen);
    }
    match (probe.canonical, probe.echo) {
        (Some(true), Some(false)) => Some(BlockKind::Secret),
        // A program in raw mode that polls may be anything; one that also stands behind text it has printed shows a prompt.
        (Some(false), _) if probe.foreground == Some(Foreground::Other) => {
            let line = view.screen.cursor_line(1).text;
            (!line.trim().is_empty()).then_some(BlockKind::Subprompt)
        }
        _ if probe.foreground == Some(Foreground::Other) && nested(view, probe) => Some(BlockKind::Subprompt),
        _ => Some(BlockKind::Question),
    }
}

/// No ready state looks at what the tool waits in: it runs an event loop, whatever it does.
fn always_polls(spec: &Spec) -> bool {
    let mut ready = spec
        .rules
        .iter()
        .filter(|rule| rule.kind == Kind::Ready)
        .peekable();
    let busy = spec.rules.iter().any(|rule| rule.kind == Kind::Busy);
    busy && ready.peek().is_some() && ready.all(|rule| rule.when.waiting.is_none())
}

fn nested(view: &View<'_>, probe: &TtyProbe) -> bool {
    let Some(name) = probe.foreground_name.as_deref() else {
        return false;
    };
    view.spec
        .nested
        .iter()
        .any(|nested| nested.process.0.is_match(name))
}

pub fn on_off(flag: Option<bool>) -> &'static str {
    match flag {
        Some(true) => "on",
        Some(false) => "off",
        None => "unknown",
    }
}
