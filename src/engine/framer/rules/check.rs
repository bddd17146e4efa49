//! One rule against the screen and the facts, condition by condition.

use std::time::Duration;

use regex::Regex;

use super::line::{PromptLine, lines_above};
use super::{Match, View, on_off};
use crate::engine::framer::trace::{SignalTrace, Verdict};
use crate::engine::limits;
use crate::engine::protocol::spec::{
    Conditions, ForegroundWanted, Kind, MarkKind, MarkWanted, Pattern, Rule, TtyWanted, WaitingWanted,
};
use crate::engine::term::Pos;
use crate::engine::tty::{Foreground, ProbeDepth, TtyProbe, Waiting};

pub(super) struct Check<'a> {
    view: &'a View<'a>,
    line: &'a PromptLine,
    rule: &'a Rule,
    when: &'a Conditions,
    pub(super) verdict: Verdict,
    /// Record every condition even when one has failed.
    pub(super) keep_going: bool,
    pub(super) traces: Vec<SignalTrace>,
    prompt_start: Option<Pos>,
    captures: Vec<(String, String)>,
}

impl<'a> Check<'a> {
    pub(super) fn new(view: &'a View<'a>, line: &'a PromptLine, rule: &'a Rule) -> Check<'a> {
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

    pub(super) fn record(&mut self, signal: &'static str, wanted: String, actual: String, holds: Verdict) {
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
    pub(super) fn screen_conditions(&mut self) {
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
        if let Some(channel) = &self.when.said {
            let said = &self.view.facts.said;
            let actual = if said.is_empty() {
                "nothing".to_owned()
            } else {
                said.join(", ")
            };
            self.record("said", channel.clone(), actual, verdict(said.contains(channel)));
        }
        self.after_busy();
        self.prompt_mark();
        self.quiet();
    }

    /// Without a turn there is nothing that could have been busy.
    fn after_busy(&mut self) {
        if !self.when.after_busy {
            return;
        }
        let seen = self.view.facts.busy_seen || self.view.entered.is_none();
        let instead = self
            .silence_instead()
            .is_some_and(|limit| self.view.silence() >= limit);
        let actual = match (seen, instead) {
            (true, _) => "true".to_owned(),
            (false, true) => format!("never busy, silent for {:?}", self.view.silence()),
            (false, false) => "false".to_owned(),
        };
        self.record("after_busy", "true".into(), actual, verdict(seen || instead));
    }

    /// The silence that stands in for a busy state that was never seen.
    fn silence_instead(&self) -> Option<Duration> {
        let interrupted = self.view.interrupted.then_some(limits::INTERRUPTED_UNSEEN);
        let declared = self.when.after_busy_unless_quiet;
        interrupted.into_iter().chain(declared).min()
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
            let actual = self.view.silence();
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
    pub(super) fn fresh(&self) -> bool {
        match self.rule.kind {
            Kind::Busy | Kind::Draft => return true,
            Kind::Ready | Kind::Continuation | Kind::Blocked(_) => {}
        }
        let Some(submit_row) = self.view.submit_row else {
            return true;
        };
        // A dialog that is seen elsewhere than at the cursor stands where the tool likes.
        let asks = matches!(self.rule.kind, Kind::Blocked(_)) && self.when.cursor_line.is_none();
        if asks && (self.when.screen.is_some() || self.when.status.is_some() || self.when.title.is_some()) {
            return true;
        }
        let announced =
            self.line.marked || self.line.switched || self.when.after_busy || self.when.said.is_some();
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

    pub(super) fn missing_probe(&self) -> Option<ProbeDepth> {
        // Who reads is found by looking at what they wait in.
        let wants_waiting = self.when.waiting.is_some() || self.when.process.is_some();
        let wants_any =
            wants_waiting || self.when.foreground.is_some() || !matches!(self.when.tty, TtyWanted::Any);
        match self.view.probe {
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

    pub(super) fn tty_conditions(&mut self) {
        let probe = self
            .view
            .probe
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

    pub(super) fn into_match(self, rule: usize) -> Match {
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

pub(super) const fn verdict(holds: bool) -> Verdict {
    if holds { Verdict::Yes } else { Verdict::No }
}

const fn and(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (Verdict::No, _) | (_, Verdict::No) => Verdict::No,
        (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
        (Verdict::Yes, Verdict::Yes) => Verdict::Yes,
    }
}
