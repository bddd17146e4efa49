//! Evaluates the protocol's rules against screen and facts: which state is this, and why.
//!
//! A condition is `Yes`, `No` or `Unknown` (this platform or recording cannot tell). A rule is the conjunction of its conditions. Rules
//! are tried in order. Conditions that need a look at the tty come last, so that a look is asked for only when everything that costs
//! nothing already agrees.

use regex::Regex;
use unicode_width::UnicodeWidthChar;

use super::facts::Facts;
use crate::engine::framer::trace::{RuleTrace, SignalTrace, Verdict};
use crate::engine::limits;
use crate::engine::protocol::Spec;
use crate::engine::protocol::spec::{
    BlockKind, Conditions, ForegroundWanted, Kind, MarkKind, MarkWanted, Pattern, Rule, TtyWanted,
    WaitingWanted,
};
use crate::engine::term::{CursorLine, Pos, Screen};
use crate::engine::time::Time;
use crate::engine::tty::{Foreground, ProbeDepth, TtyProbe, Waiting};

/// Everything a rule may look at.
pub struct View<'a> {
    pub spec: &'a Spec,
    pub screen: &'a Screen,
    pub facts: &'a Facts,
    pub now: Time,
    /// Output bytes handled when Enter was sent for the open turn; announcements before it belong to the prompt before.
    pub entered: Option<u64>,
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

/// The cursor's line and where on it the tool said that its prompt starts.
struct PromptLine {
    line: CursorLine,
    /// Byte in `line.text` that rules look from.
    from: usize,
    /// An OSC 133 A of this turn stands on the line.
    marked: bool,
    /// The prompt's own mode edge of this turn stands on the line.
    switched: bool,
    /// What the tool announced there, no look at the tty has contradicted since.
    undisputed: bool,
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

/// The rules of which most conditions hold, for a report that nothing matches.
pub fn nearest(view: &View<'_>) -> Vec<String> {
    const SHOWN: usize = 3;
    let mut traces = explain(view);
    let missing = |trace: &RuleTrace| trace.signals.iter().filter(|s| s.holds == Verdict::No).count();
    traces.sort_by_key(missing);
    let describe = |trace: RuleTrace| {
        let failed = trace.signals.iter().filter(|s| s.holds == Verdict::No);
        let failed: Vec<String> = failed
            .map(|s| format!("{} wants {} but is {}", s.signal, s.wanted, s.actual))
            .collect();
        format!("{}: {}", trace.rule, failed.join("; "))
    };
    traces.into_iter().take(SHOWN).map(describe).collect()
}

pub const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Ready => "ready",
        Kind::Continuation => "continuation",
        Kind::Busy => "busy",
        Kind::Blocked(kind) => kind.as_str(),
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

fn nested(view: &View<'_>, probe: &TtyProbe) -> bool {
    let Some(name) = probe.foreground_name.as_deref() else {
        return false;
    };
    view.spec
        .nested
        .iter()
        .any(|nested| nested.process.0.is_match(name))
}

fn prompt_line(view: &View<'_>) -> PromptLine {
    let line = view.screen.cursor_line(limits::CURSOR_LINE_ROWS);
    let of_this_turn = |offset: u64| view.entered.is_none_or(|entered| offset > entered);
    let byte_on_line = |announced: Option<&super::facts::Announced>| {
        let announced = announced.filter(|a| of_this_turn(a.offset))?;
        byte_at(&line, view.screen.mark_pos(announced.mark))
    };
    let marked = byte_on_line(view.facts.prompt_mark.as_ref());
    let switched = byte_on_line(view.facts.prompt_mode.as_ref());
    // The editor has taken the terminal since the mark was made: its own prompt is still to come, and the mark may be a command's.
    let taken = view
        .facts
        .prompt_mode
        .filter(|taken| of_this_turn(taken.offset) && view.entered.is_some());
    let outdated =
        marked.is_some() && taken.map(|taken| taken.offset) > view.facts.prompt_mark.map(|mark| mark.offset);
    let authority = match (marked, switched) {
        (Some(_), _) => view.facts.prompt_mark,
        (None, Some(_)) => view.facts.prompt_mode,
        (None, None) => None,
    };
    PromptLine {
        from: marked.or(switched).unwrap_or(0),
        marked: marked.is_some(),
        switched: switched.is_some(),
        undisputed: !outdated && authority.is_some_and(|announced| announced.offset > view.facts.disputed),
        line,
    }
}

/// Where in the line's text a place on the screen is; `None` when it is on none of its rows.
fn byte_at(line: &CursorLine, pos: Pos) -> Option<usize> {
    let index = line.rows.iter().position(|&(_, row)| row == pos.row)?;
    let from = line.rows[index].0;
    let to = line
        .rows
        .get(index + 1)
        .map_or(line.text.len(), |&(next, _)| next);
    let row = &line.text[from..to];
    let mut col = 0;
    for (at, c) in row.char_indices() {
        if col >= usize::from(pos.col) {
            return Some(from + at);
        }
        col += c.width().unwrap_or(0);
    }
    Some(to)
}

struct Check<'a> {
    view: &'a View<'a>,
    line: &'a PromptLine,
    rule: &'a Rule,
    when: &'a Conditions,
    verdict: Verdict,
    /// Record every condition even when one has failed.
    keep_going: bool,
    traces: Vec<SignalTrace>,
    prompt_start: Option<Pos>,
    captures: Vec<(String, String)>,
}

impl<'a> Check<'a> {
    fn new(view: &'a View<'a>, line: &'a PromptLine, rule: &'a Rule) -> Check<'a> {
        Check {
            view,
            line,
            rule,
            when: &rule.when,
            verdict: Verdict::Yes,
            keep_going: false,
            traces: Vec::new(),
            prompt_start: None,
            captures: Vec::new(),
        }
    }

    fn done(&self) -> bool {
        self.verdict == Verdict::No && !self.keep_going
    }

    fn record(&mut self, signal: &'static str, wanted: String, actual: String, holds: Verdict) {
        self.verdict = and(self.verdict, holds);
        self.traces.push(SignalTrace {
            signal,
            wanted,
            actual,
            holds,
        });
    }

    fn matches(&mut self, signal: &'static str, pattern: &Pattern, text: &str) {
        let holds = pattern.0.is_match(text);
        self.record(signal, pattern.as_str().into(), quote(text), verdict(holds));
        if holds {
            capture(&pattern.0, text, &mut self.captures);
        }
    }

    /// Conditions that cost nothing to look at, cheapest first.
    fn screen_conditions(&mut self) {
        self.announced_conditions();
        if self.done() {
            return;
        }
        self.cursor_line();
        if self.done() {
            return;
        }
        self.text_conditions();
    }

    fn announced_conditions(&mut self) {
        let screen = self.view.screen;
        for &(mode, set) in &self.when.modes {
            let actual = screen.is_set_dec(mode) || (mode == 1049 && screen.alternate_screen());
            self.record(
                "mode",
                format!("{mode}={set}"),
                format!("{mode}={actual}"),
                verdict(actual == set),
            );
        }
        if let Some(visible) = self.when.cursor_visible {
            let actual = screen.cursor().visible;
            self.record(
                "cursor_visible",
                visible.to_string(),
                actual.to_string(),
                verdict(actual == visible),
            );
        }
        if let Some(mark) = self.when.last_mark {
            let actual = self.view.facts.last_mark;
            self.record(
                "last_mark",
                mark.as_str().into(),
                actual.map_or("none", MarkKind::as_str).into(),
                verdict(actual == Some(mark)),
            );
        }
        if let Some(progress) = self.when.progress {
            let actual = self.view.facts.progress;
            self.record(
                "progress",
                progress.to_string(),
                actual.map_or("none".into(), |state| state.to_string()),
                verdict(actual == Some(progress)),
            );
        }
        if self.when.after_busy {
            let seen = self.view.facts.busy_seen;
            self.record("after_busy", "true".into(), seen.to_string(), verdict(seen));
        }
        self.prompt_mark();
        self.quiet();
    }

    fn prompt_mark(&mut self) {
        let used = self.view.facts.prompt_mark.is_some();
        let wanted = match self.when.prompt_mark {
            MarkWanted::Any => return,
            MarkWanted::IfUsed if !used => return,
            MarkWanted::IfUsed | MarkWanted::Required => self.when.lines_above.is_none(),
        };
        // A prompt of several rows carries its mark on the first.
        let holds = if wanted {
            self.line.marked
        } else {
            self.line.marked || self.mark_is_near()
        };
        self.record(
            "prompt_mark",
            "on the cursor's line".into(),
            holds.to_string(),
            verdict(holds),
        );
    }

    fn mark_is_near(&self) -> bool {
        let Some(announced) = self.view.facts.prompt_mark else {
            return false;
        };
        let row = self.view.screen.mark_pos(announced.mark).row;
        let fresh = self.view.entered.is_none_or(|entered| announced.offset > entered);
        fresh && row + limits::LINES_ABOVE_ROWS >= self.view.screen.cursor().pos.row
    }

    fn quiet(&mut self) {
        if let Some(quiet) = self.when.quiet {
            let actual = self.view.now.since(self.view.facts.last_output);
            self.record(
                "quiet",
                format!("{quiet:?}"),
                format!("{actual:?}"),
                verdict(actual >= quiet),
            );
        }
    }

    fn cursor_line(&mut self) {
        let Some(pattern) = &self.when.cursor_line else {
            self.prompt_start = Some(self.line.line.pos_of(self.line.from));
            return;
        };
        let text = &self.line.line.text[self.line.from..];
        let found = pattern.0.find(text);
        self.record(
            "cursor_line",
            pattern.as_str().into(),
            quote(tail(text)),
            verdict(found.is_some()),
        );
        if let Some(found) = found {
            // The tool's own word on where its prompt starts outranks the regex.
            let announced = self.line.marked || self.line.switched;
            let start = if announced {
                self.line.from
            } else {
                self.line.from + found.start()
            };
            self.prompt_start = Some(self.line.line.pos_of(start));
            capture(&pattern.0, text, &mut self.captures);
            self.constant();
        }
    }

    fn constant(&mut self) {
        for name in &self.when.constant {
            let find = |captures: &[(String, String)]| {
                captures.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone())
            };
            let Some(first) = find(&self.view.facts.first_captures) else {
                continue;
            };
            let actual = find(&self.captures).unwrap_or_default();
            self.record(
                "constant",
                format!("{name}={first:?}"),
                format!("{actual:?}"),
                verdict(actual == first),
            );
        }
    }

    fn text_conditions(&mut self) {
        if let Some(pattern) = &self.when.lines_above {
            let text = lines_above(self.view.screen, &self.line.line);
            self.matches("lines_above", pattern, &text);
        }
        if let Some(pattern) = &self.when.screen {
            let text = self.view.screen.viewport_text();
            self.matches("screen", pattern, &text);
        }
        if let Some(pattern) = &self.when.title {
            let title = self.view.screen.title().unwrap_or_default().to_owned();
            self.matches("title", pattern, &title);
        }
        if let Some(pattern) = &self.when.status {
            let status = self.view.facts.status.clone().unwrap_or_default();
            self.matches("status", pattern, &status);
        }
        if let Some(pattern) = &self.when.notification {
            let found = self
                .view
                .facts
                .notifications
                .iter()
                .find(|n| pattern.0.is_match(n));
            let actual = found.cloned().unwrap_or_default();
            self.matches("notification", pattern, &actual);
        }
    }

    /// A prompt counts only when it is newer than Enter: announced since, or on a line below the submitted one.
    fn fresh(&self) -> bool {
        match self.rule.kind {
            Kind::Busy => return true,
            Kind::Ready | Kind::Continuation | Kind::Blocked(_) => {}
        }
        let Some(submit_row) = self.view.submit_row else {
            return true;
        };
        let announced = self.line.marked || self.line.switched || self.when.after_busy;
        let below = || {
            let first = self.line.line.rows.first();
            first.is_some_and(|&(_, row)| row > submit_row)
        };
        !self.repainted() && (announced || below())
    }

    /// The prompt of the input itself, painted once more because the terminal was resized: it is marked, too, but the editor that holds the
    /// terminal has not let go of it since Enter.
    fn repainted(&self) -> bool {
        let facts = self.view.facts;
        let held = self.view.screen.is_set_dec(2004) && facts.paste_off.is_none();
        self.line.marked && !self.line.switched && held && facts.output_mark.is_none()
    }

    /// An announcement of this turn on the cursor's line, from a tool whose line editor holds the terminal: as good as a look at what it
    /// waits for, since a command that runs has the tty in its own mode. An editor sets the tty before it announces: an announcement that a
    /// look has contradicted was a command's.
    fn vouched(&self, probe: &TtyProbe) -> bool {
        self.line.undisputed && probe.echo == Some(false) && probe.foreground == Some(Foreground::Tool)
    }

    fn missing_probe(&self) -> Option<ProbeDepth> {
        // Who reads is found by looking at what they wait in.
        let wants_waiting = self.when.waiting.is_some() || self.when.process.is_some();
        let wants_any =
            wants_waiting || self.when.foreground.is_some() || !matches!(self.when.tty, TtyWanted::Any);
        match &self.view.facts.probe {
            None if !wants_any => None,
            None if wants_waiting && !self.line.undisputed => Some(ProbeDepth::Waiting),
            None => Some(ProbeDepth::Flags),
            // Looked at the flags alone, and they do not vouch.
            Some((probe, ProbeDepth::Flags)) if wants_waiting && !self.vouched(probe) => {
                Some(ProbeDepth::Waiting)
            }
            Some(_) => None,
        }
    }

    fn tty_conditions(&mut self) {
        let probe = self
            .view
            .facts
            .probe
            .as_ref()
            .map(|(probe, _)| probe.clone())
            .unwrap_or_default();
        self.tty_flags(&probe);
        if let Some(wanted) = self.when.foreground {
            let holds = match (wanted, probe.foreground) {
                (_, None) => Verdict::Unknown,
                (ForegroundWanted::Tool, Some(actual)) => verdict(actual == Foreground::Tool),
                (ForegroundWanted::Other, Some(actual)) => verdict(actual == Foreground::Other),
            };
            self.record(
                "foreground",
                wanted.as_str().into(),
                probe.foreground.map_or("unknown", Foreground::as_str).into(),
                holds,
            );
        }
        self.process(&probe);
        if let Some(wanted) = self.when.waiting {
            let vouched = wanted == WaitingWanted::Input && self.vouched(&probe);
            let holds = if vouched {
                Verdict::Yes
            } else {
                waiting(wanted, &probe)
            };
            let actual = if vouched {
                "announced".into()
            } else {
                probe.waiting.as_str().into()
            };
            self.record("waiting", wanted.as_str().into(), actual, holds);
        }
    }

    fn process(&mut self, probe: &TtyProbe) {
        let Some(wanted) = &self.when.process else { return };
        // A name is the whole evidence: where none is known, there is none.
        let actual = probe.foreground_name.clone().unwrap_or_default();
        let holds = verdict(!actual.is_empty() && wanted.0.is_match(&actual));
        self.record("process", wanted.as_str().into(), actual, holds);
    }

    fn tty_flags(&mut self, probe: &TtyProbe) {
        let (echo, canonical) = match self.when.tty {
            TtyWanted::Any => return,
            TtyWanted::AsFirstReady => self.view.facts.first_ready.unwrap_or((None, None)),
            TtyWanted::Flags { echo, canonical } => (echo, canonical),
        };
        for (name, wanted, actual) in [
            ("echo", echo, probe.echo),
            ("canonical", canonical, probe.canonical),
        ] {
            let Some(wanted) = wanted else { continue };
            let holds = actual.map_or(Verdict::Unknown, |actual| verdict(actual == wanted));
            self.record(name, on_off(Some(wanted)).into(), on_off(actual).into(), holds);
        }
    }

    fn into_match(self, rule: usize) -> Match {
        let signals = self
            .traces
            .iter()
            .map(|t| format!("{}: {}", t.signal, t.actual))
            .collect();
        let prompt_start = self.prompt_start.unwrap_or_else(|| self.view.screen.cursor().pos);
        let certain = self.verdict == Verdict::Yes;
        Match {
            rule,
            certain,
            prompt_start,
            signals,
            captures: self.captures,
        }
    }
}

fn waiting(wanted: WaitingWanted, probe: &TtyProbe) -> Verdict {
    match (wanted, probe.waiting) {
        (_, Waiting::Unknown) => Verdict::Unknown,
        (WaitingWanted::Read, actual) => verdict(actual == Waiting::Read),
        (WaitingWanted::No, actual) => verdict(actual == Waiting::No),
        (WaitingWanted::Input, Waiting::Read) => Verdict::Yes,
        // On a cooked tty a program that polls has other things to wait for.
        (WaitingWanted::Input, Waiting::Poll) => {
            verdict(probe.echo != Some(true) || probe.canonical != Some(true))
        }
        (WaitingWanted::Input, Waiting::No) => Verdict::No,
    }
}

fn lines_above(screen: &Screen, line: &CursorLine) -> String {
    let Some(&(_, row)) = line.rows.first() else {
        return String::new();
    };
    let first = row.saturating_sub(limits::LINES_ABOVE_ROWS).max(screen.top_row());
    let rows: Vec<String> = (first..row)
        .filter_map(|r| screen.row(r))
        .map(|r| r.text)
        .collect();
    rows.join("\n")
}

fn capture(regex: &Regex, text: &str, captures: &mut Vec<(String, String)>) {
    if regex.captures_len() < 2 {
        return;
    }
    let Some(found) = regex.captures(text) else { return };
    for name in regex.capture_names().flatten() {
        if let Some(group) = found.name(name) {
            captures.push((name.to_owned(), group.as_str().to_owned()));
        }
    }
}

/// The end of a long line: enough to see a prompt by.
fn tail(text: &str) -> &str {
    const SHOWN_CHARS: usize = 80;
    match text.char_indices().rev().nth(SHOWN_CHARS - 1) {
        Some((at, _)) => &text[at..],
        None => text,
    }
}

fn quote(text: &str) -> String {
    format!("{:?}", tail(text))
}

pub fn on_off(flag: Option<bool>) -> &'static str {
    match flag {
        Some(true) => "on",
        Some(false) => "off",
        None => "unknown",
    }
}

const fn verdict(holds: bool) -> Verdict {
    if holds { Verdict::Yes } else { Verdict::No }
}

const fn and(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (Verdict::No, _) | (_, Verdict::No) => Verdict::No,
        (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
        (Verdict::Yes, Verdict::Yes) => Verdict::Yes,
    }
}
