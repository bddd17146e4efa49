//! Looking at the evidence, and what follows from it: the states.

use std::collections::BTreeMap;
use std::time::Duration;

use super::queue::Purpose;
use super::turn::{Origin, Progress, Turn};
use super::{Confirm, Looks, Session, Verdict};
use crate::engine::event::{Event, EventKind};
use crate::engine::framer::dialog;
use crate::engine::framer::rules::{self, Match, Pick, View};
use crate::engine::framer::state::State;
use crate::engine::limits;
use crate::engine::protocol::spec::{BlockKind, Kind};
use crate::engine::response::{Outcome, Question};
use crate::engine::term::{Pos, TermEventKind};
use crate::engine::time::Time;
use crate::engine::tty::{Foreground, ProbeDepth};

impl Session {
    /// What a rule may look at, now.
    pub fn view(&self, now: Time) -> View<'_> {
        let turn = self.turn.as_ref();
        // A dialog's answer may be followed by a prompt on the dialog's own row, or on a row that the alternate screen hid.
        let below = turn.filter(|turn| turn.origin != Origin::Answer && !turn.in_alternate);
        View {
            spec: &self.spec,
            screen: &self.screen,
            facts: &self.facts,
            probe: self.facts.probe.as_ref(),
            now,
            entered: turn.map(|turn| turn.typed.entered),
            entered_at: turn.and_then(|turn| match turn.progress {
                Progress::Entered { at, .. } => Some(at),
                Progress::Writing | Progress::AwaitingEcho { .. } => None,
            }),
            interrupted: turn.is_some_and(Turn::may_pass_unseen),
            submit_row: below.map(|turn| self.screen.mark_pos(turn.typed.from).row),
        }
    }

    pub(super) fn take_announcements(&mut self, now: Time) {
        let prompt_mode = self.spec.response.prompt_after_mode;
        while let Some((event, place)) = self.screen.poll_placed() {
            self.facts
                .handle_event((&event, place), prompt_mode, &mut self.screen);
            if !matches!(
                event.kind,
                TermEventKind::Mode { .. } | TermEventKind::Hyperlink(_)
            ) {
                self.emit(EventKind::Terminal(event), now);
            }
        }
    }

    /// Looks at the evidence. Called when a burst of output has ended, when the tty was looked at, and when time passed.
    pub(super) fn evaluate(&mut self, now: Time) {
        if self.spec.is_untaught() || matches!(self.state, State::Exited { .. }) || self.in_frame(now) {
            return;
        }
        if self.choose(now) {
            return;
        }
        match self.turn.as_ref().map(|turn| turn.progress) {
            Some(Progress::Writing) => return,
            Some(Progress::AwaitingEcho { .. }) => return self.look_for_echo(now),
            // Nothing has been printed since Enter: whatever is on the screen belongs to the prompt before.
            Some(Progress::Entered { .. }) if self.nothing_since_enter() => {
                return self.look_again(limits::AWAITING_FIRST, now);
            }
            Some(Progress::Entered { .. }) | None => {}
        }
        let pick = rules::pick(&self.view(now));
        self.dialogs_seen(&pick);
        if !matches!(pick, Pick::Rule(_) | Pick::NeedsProbe(_)) {
            self.unconfirmed = None;
            self.settling = None;
            self.draft = None;
        }
        match pick {
            Pick::Nothing => self.adrift(now),
            Pick::Rule(_) | Pick::NeedsProbe(_) | Pick::TtyDisagrees => self.adrift_since = None,
        }
        match pick {
            Pick::Rule(found) => self.matched(found, now),
            Pick::NeedsProbe(depth) => self.probe_wanted = Some(depth),
            Pick::TtyDisagrees => {
                self.facts.disputed = self.screen.offset();
                self.not_yet(limits::REPROBE_FIRST, now);
            }
            Pick::Nothing => self.not_yet(limits::AWAITING_FIRST, now),
        }
        self.answer_on_the_way_out(now);
    }

    fn nothing_since_enter(&self) -> bool {
        let Some(turn) = &self.turn else { return false };
        // An answer that is not echoed may leave the dialog on the screen until the tool goes on.
        self.screen.offset() == turn.typed.entered && self.facts.probe.is_none()
    }

    /// Inside a synchronized frame the screen is half painted.
    fn in_frame(&self, now: Time) -> bool {
        self.screen.synchronized() && now.since(self.facts.last_output) < limits::SYNC_FRAME
    }

    fn matched(&mut self, found: Match, now: Time) {
        if !found.certain && !self.is_confirmed(&found, now) {
            return;
        }
        self.unconfirmed = None;
        self.act_on(found, now);
    }

    fn is_confirmed(&mut self, found: &Match, now: Time) -> bool {
        let since = match &self.unconfirmed {
            Some((earlier, since))
                if earlier.rule == found.rule && earlier.prompt_start == found.prompt_start =>
            {
                *since
            }
            Some(_) | None => self.facts.last_output,
        };
        self.unconfirmed = Some((found.clone(), since));
        match self.config.confirm {
            Confirm::Quiet(quiet) => now.since(self.facts.last_output) >= quiet,
            Confirm::NextInput => false,
        }
    }

    /// Somebody typed, or the recording ended: what was shown last was the tool's last word.
    pub(super) fn confirm(&mut self, now: Time) {
        if let Some((found, since)) = self.unconfirmed.take() {
            self.enter(found, since);
        }
        self.settle_now(now);
        self.give_up_waiting(now);
    }

    /// Nobody waits for the last paint any longer.
    fn settle_now(&mut self, now: Time) {
        if self.settling.take().is_none() || self.in_frame(now) {
            return;
        }
        if let Pick::Rule(found) = rules::pick(&self.view(now))
            && self.spec.rules[found.rule].kind == Kind::Ready
        {
            self.enter(found, now);
        }
    }

    fn act_on(&mut self, found: Match, now: Time) {
        // A turn that waits for its words has settled.
        if self.awaits() || !self.settles(&found, now) {
            self.enter(found, now);
        }
    }

    fn enter(&mut self, found: Match, now: Time) {
        let kind = self.spec.rules[found.rule].kind;
        if kind != Kind::Ready {
            self.word_not_awaited();
        }
        self.settling = None;
        if kind != Kind::Draft {
            self.draft = None;
        }
        if !matches!(kind, Kind::Busy | Kind::Draft) {
            self.looks = Looks::default();
        }
        match kind {
            Kind::Ready => self.ready(&found, now),
            Kind::Continuation => self.continuation(&found, now),
            Kind::Busy => self.busy(&found, now),
            Kind::Draft => self.draft(&found, now),
            Kind::Blocked(kind) => self.dialog(&found, kind, now),
        }
    }

    // States.

    pub(super) fn ready(&mut self, found: &Match, now: Time) {
        if self.facts.first_ready.is_none() {
            self.facts.first_ready = Some(self.flags);
            self.facts.first_captures = found.captures.clone();
        }
        self.ready_rule = Some(found.rule);
        if self.is_last_step() && self.awaits_word(found, now) {
            return;
        }
        let turn = self.turn.as_ref();
        let typed = |turn: &Turn| turn.interrupted && turn.origin != Origin::Observed;
        let interrupted = self.interrupting.take().is_some() || turn.is_some_and(typed);
        if self.turn.is_some() {
            self.end_of_step(found, now);
            if self.turn.is_some() {
                return;
            }
        }
        if interrupted {
            let then = self.spec.interrupt.then.clone();
            self.queue.push_keys(Purpose::Keys, then, now);
        }
        if self.start_init(now) {
            return;
        }
        let rule = self.spec.rules[found.rule].name.clone();
        self.enter_state(State::Ready, &rule, now);
    }

    /// Runs the protocol's next initialisation prompt; true when there is one.
    fn start_init(&mut self, now: Time) -> bool {
        let Some(text) = self.init.pop_front() else {
            return false;
        };
        self.begin_init(text, now)
    }

    fn continuation(&mut self, found: &Match, now: Time) {
        let Some(turn) = &mut self.turn else {
            // An interrupt that did not help.
            if matches!(self.state, State::Busy { .. }) {
                self.block_unfinished(found, now);
            }
            return;
        };
        if !turn.steps.is_empty() {
            return self.end_of_step(found, now);
        }
        if turn.extra_enters > 0 {
            turn.extra_enters -= 1;
            return self.repeat_enter(now);
        }
        if turn.origin != Origin::Observed {
            self.block_unfinished(found, now);
        }
    }

    fn block_unfinished(&mut self, found: &Match, now: Time) {
        let question = Question {
            kind: BlockKind::Question,
            rule: self.spec.rules[found.rule].name.clone(),
            text: "the input is not complete; the tool waits for the rest".into(),
            choices: Vec::new(),
            reason: None,
            captures: BTreeMap::new(),
        };
        self.block(question, found, now);
    }

    fn busy(&mut self, found: &Match, now: Time) {
        self.facts.busy_seen = true;
        self.facts.busy_rule = Some(found.rule);
        let turn = self.turn.as_ref().map(|turn| turn.id.clone());
        if turn.is_none() && self.state == State::Starting {
            return;
        }
        let rule = self.spec.rules[found.rule].name.clone();
        self.enter_state(State::Busy { turn }, &rule, now);
    }

    pub(super) fn block(&mut self, question: Question, found: &Match, now: Time) {
        let left = self.interrupting.and_then(|interrupting| interrupting.left);
        let row = self.screen.cursor().pos.row;
        if left == Some(row) {
            return self.look_again(limits::AWAITING_FIRST, now);
        }
        let rule = question.rule.clone();
        if let Some(turn) = self.turn.take() {
            let end = if question.kind == BlockKind::Fullscreen {
                Pos::default()
            } else {
                found.prompt_start
            };
            self.finish(
                turn,
                Outcome::Blocked,
                found,
                Some(question.clone()),
                None,
                end,
                now,
            );
        }
        let repeated = matches!(&self.state, State::Blocked { question: asked } if *asked == question);
        if !repeated {
            self.emit(EventKind::Blocked(question.clone()), now);
            self.enter_state(State::Blocked { question }, &rule, now);
        }
    }

    /// No rule holds. Output behind an idle prompt does not end readiness; anything else is looked at again, ever more rarely.
    fn not_yet(&mut self, first: Duration, now: Time) {
        let Some((probe, ProbeDepth::Waiting)) = &self.facts.probe else {
            return self.look_again(first, now);
        };
        let view = self.view(now);
        if self.state == State::Ready && self.turn.is_none() {
            let rule = self.ready_rule.and_then(|rule| view.spec.rules.get(rule));
            match rule.map(|rule| rules::accepts_input(&view, rule)) {
                Some(Verdict::Yes | Verdict::Unknown) => return,
                Some(Verdict::No) | None => {}
            }
        }
        let kind = rules::unrecognised(&view, probe);
        self.awaiting(kind, first, now);
    }

    fn awaiting(&mut self, kind: Option<BlockKind>, first: Duration, now: Time) {
        let Some(kind) = kind else {
            self.looks.awaiting = None;
            if self.state == State::Ready || matches!(self.state, State::Blocked { .. }) {
                self.enter_state(State::Busy { turn: None }, "tty", now);
            }
            return self.look_again(first, now);
        };
        let since = match self.looks.awaiting {
            Some((since, earlier)) if earlier == kind => since,
            Some(_) | None => now,
        };
        self.looks.awaiting = Some((since, kind));
        let holds = match kind {
            BlockKind::Subprompt => limits::NESTED_HOLDS,
            BlockKind::Question
            | BlockKind::Confirm
            | BlockKind::Secret
            | BlockKind::Pager
            | BlockKind::Fullscreen
            | BlockKind::Permission
            | BlockKind::Login => limits::AWAITING_HOLDS,
        };
        // A refusal may lead straight to the prompt, which then counts after a silence of its own.
        let unseen = self.turn.as_ref().is_some_and(Turn::may_pass_unseen) && !self.facts.busy_seen;
        let holds = match unseen && self.spec.rules.iter().any(|rule| rule.when.after_busy) {
            true => holds + limits::INTERRUPTED_UNSEEN,
            false => holds,
        };
        if now.since(since) >= holds {
            return self.block_unrecognised(kind, now);
        }
        let half = limits::AWAITING_HOLDS / 2;
        let step = self.looks.step.clamp(first, half);
        self.looks.step = (step * 2).min(half);
        self.looks.at = Some(now + step);
    }

    fn block_unrecognised(&mut self, kind: BlockKind, now: Time) {
        self.looks = Looks::default();
        let question = dialog::unrecognised(kind, &self.screen, &self.spec.submit.enter);
        // A shell that was interrupted before it read takes note of it and shows nothing until the signal that follows.
        if self.interrupting.is_some() && question.text.is_empty() && kind == BlockKind::Question {
            return self.look_again(limits::AWAITING_FIRST, now);
        }
        let line = self.screen.cursor_line(limits::CURSOR_LINE_ROWS);
        let probe = self
            .facts
            .probe
            .as_ref()
            .map(|(probe, _)| probe.clone())
            .unwrap_or_default();
        let signals = vec![
            format!("cursor_line: {:?}", question.text),
            format!("echo: {}", rules::on_off(probe.echo)),
            format!("canonical: {}", rules::on_off(probe.canonical)),
            format!(
                "foreground: {}",
                probe.foreground.map_or("unknown", Foreground::as_str)
            ),
            format!("waiting: {}", probe.waiting.as_str()),
        ];
        let found = Match {
            rule: usize::MAX,
            certain: true,
            prompt_start: line.pos_of(0),
            signals,
            captures: Vec::new(),
        };
        self.block(question, &found, now);
    }

    pub(super) fn look_again(&mut self, first: Duration, now: Time) {
        if self.looks.at.is_some() || self.config.confirm == Confirm::NextInput {
            return;
        }
        let idle = self.turn.is_none() && matches!(self.state, State::Blocked { .. });
        if idle && self.facts.probe.is_some() && self.looks.step >= limits::REPROBE_MAX {
            return;
        }
        let step = self.looks.step.max(first);
        self.looks.step = (step * 2).min(limits::REPROBE_MAX);
        self.looks.at = Some(now + step);
    }

    pub(super) fn enter_state(&mut self, state: State, rule: &str, now: Time) {
        if self.state == state {
            return;
        }
        self.state = state;
        let state = self.state.as_str();
        self.emit(
            EventKind::State {
                state,
                rule: rule.to_owned(),
            },
            now,
        );
    }

    pub(super) fn emit(&mut self, kind: EventKind, now: Time) {
        if self.events.len() >= limits::PENDING_EVENTS && matches!(kind, EventKind::Terminal(_)) {
            return;
        }
        self.events.push_back(Event { at: now, kind });
    }
}
