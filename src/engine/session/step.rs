//! The machine's steps: looking at the evidence, and what follows from it.

use std::time::Duration;

use super::queue::Purpose;
use super::turn::{Origin, Progress, Turn};
use super::{Action, Confirm, Interrupting, Looks, Session, Verdict};
use crate::engine::event::{Event, EventKind};
use crate::engine::framer::rules::{self, Match, Pick, View};
use crate::engine::framer::state::State;
use crate::engine::framer::{dialog, extract, outcome};
use crate::engine::limits;
use crate::engine::protocol::spec::{BlockKind, Kind, OutputStart, Settle};
use crate::engine::response::{Evidence, Outcome, Question, Response, Source};
use crate::engine::session::ForegroundSignal;
use crate::engine::term::{Pos, TermEventKind};
use crate::engine::time::Time;
use crate::engine::tty::{Exit, Foreground, ProbeDepth};

impl Session {
    pub(super) fn view(&self, now: Time) -> View<'_> {
        let turn = self.turn.as_ref();
        // A dialog's answer may be followed by a prompt on the dialog's own row, or on a row that the alternate screen hid.
        let below = turn.filter(|turn| turn.origin != Origin::Answer && !turn.in_alternate);
        View {
            spec: &self.spec,
            screen: &self.screen,
            facts: &self.facts,
            now,
            entered: turn.map(|turn| turn.typed.entered),
            submit_row: below.map(|turn| self.screen.mark_pos(turn.typed.from).row),
        }
    }

    pub(super) fn take_announcements(&mut self, now: Time) {
        let prompt_mode = self.spec.response.prompt_after_mode;
        while let Some(event) = self.screen.poll_event() {
            self.facts.handle_event(&event, prompt_mode, &mut self.screen);
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
        if matches!(self.state, State::Exited { .. }) || self.in_frame(now) {
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
        if !matches!(pick, Pick::Rule(_) | Pick::NeedsProbe(_)) {
            self.unconfirmed = None;
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
    pub(super) fn confirm(&mut self, _now: Time) {
        if let Some((found, since)) = self.unconfirmed.take() {
            self.act_on(found, since);
        }
    }

    fn act_on(&mut self, found: Match, now: Time) {
        let kind = self.spec.rules[found.rule].kind;
        if kind != Kind::Busy {
            if let Some(at) = self.settles_at(kind).filter(|&at| now < at) {
                self.looks.at = Some(at);
                return;
            }
            self.looks = Looks::default();
        }
        match kind {
            Kind::Ready => self.ready(&found, now),
            Kind::Continuation => self.continuation(&found, now),
            Kind::Busy => self.busy(&found, now),
            Kind::Blocked(kind) => self.dialog(&found, kind, now),
        }
    }

    /// The last paint may follow the evidence, where the protocol says so.
    fn settles_at(&self, kind: Kind) -> Option<Time> {
        if kind != Kind::Ready || self.turn.is_none() {
            return None;
        }
        match self.spec.settle {
            Settle::None => None,
            Settle::For(quiet) | Settle::Frame(quiet) => Some(self.facts.last_output + quiet),
        }
    }

    // States.

    fn ready(&mut self, found: &Match, now: Time) {
        if self.facts.first_ready.is_none() {
            self.facts.first_ready = Some(self.flags);
            self.facts.first_captures = found.captures.clone();
        }
        self.ready_rule = Some(found.rule);
        let interrupted = self.interrupting.take().is_some();
        if self.turn.is_some() {
            self.end_of_step(found, now);
            if self.turn.is_some() {
                return;
            }
        }
        if interrupted {
            let then = self.spec.interrupt.then.clone();
            self.queue.push(Purpose::Keys, then, now);
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
        };
        self.block(question, found, now);
    }

    fn busy(&mut self, found: &Match, now: Time) {
        self.facts.busy_seen = true;
        let turn = self.turn.as_ref().map(|turn| turn.id.clone());
        if turn.is_none() && self.state == State::Starting {
            return;
        }
        let rule = self.spec.rules[found.rule].name.clone();
        self.enter_state(State::Busy { turn }, &rule, now);
    }

    fn dialog(&mut self, found: &Match, kind: BlockKind, now: Time) {
        let rule = &self.spec.rules[found.rule];
        if let Some(send) = rule.auto.clone() {
            return self.answer_by_protocol(rule.name.clone(), send, now);
        }
        let question = dialog::question(rule, kind, &self.screen, &self.spec.submit.enter);
        self.block(question, found, now);
    }

    fn answer_by_protocol(&mut self, rule: String, send: Vec<u8>, now: Time) {
        // On the edge only: not again before the tool has printed something.
        if self.auto_answered == Some(self.screen.offset()) {
            return;
        }
        self.auto_answered = Some(self.screen.offset());
        if let Some(turn) = &mut self.turn {
            turn.auto_answers.push(rule.clone());
        }
        self.queue.push(Purpose::Keys, send.clone(), now);
        self.emit(EventKind::AutoAnswered { rule, sent: send }, now);
    }

    fn block(&mut self, question: Question, found: &Match, now: Time) {
        let left = self.interrupting.as_ref().and_then(|i| i.left.as_ref());
        let row = self.screen.cursor().pos.row;
        if left.is_some_and(|(rule, at)| *rule == question.rule && *at == row) {
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
        if now.since(since) >= limits::AWAITING_HOLDS {
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

    fn look_again(&mut self, first: Duration, now: Time) {
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

    // Steps of a turn.

    /// The tool took one step's input and shows a prompt again.
    fn end_of_step(&mut self, found: &Match, now: Time) {
        let Some(mut turn) = self.turn.take() else { return };
        let next = if turn.interrupted {
            None
        } else {
            turn.steps.pop_front()
        };
        let Some(step) = next else {
            let outcome = if turn.interrupted {
                Outcome::Interrupted
            } else {
                Outcome::Ok
            };
            return self.finish(turn, outcome, found, None, None, found.prompt_start, now);
        };
        self.collect(&mut turn, found.prompt_start);
        self.write_step(&mut turn, step, now);
        self.turn = Some(turn);
    }

    /// Takes the text of the step that ended at `end`.
    fn collect(&mut self, turn: &mut Turn, end: Pos) {
        let rules = &self.spec.response;
        let start = if turn.typed.echo.is_empty() && turn.origin == Origin::Answer {
            self.screen.mark_pos(turn.typed.from)
        } else {
            extract::output_start(rules, &self.screen, &self.facts, &turn.typed)
        };
        let end = extract::output_end(rules, &self.screen, &self.facts, &turn.typed, start, end);
        let interrupted_at = turn.interrupted_at.map(|mark| self.screen.mark_pos(mark));
        let extract = extract::text(rules, &mut self.screen, start, end, interrupted_at);
        if extract.lost_rows > 0 {
            let to = extract.kept_from_offset.unwrap_or(turn.typed.entered);
            turn.lost = Some((turn.lost.map_or(turn.typed.entered, |(from, _)| from), to));
        }
        if !extract.text.is_empty() || turn.segments.is_empty() {
            turn.segments.push(extract.text);
        }
    }

    pub(super) fn write_step(&mut self, turn: &mut Turn, step: crate::engine::framer::plan::Step, now: Time) {
        self.screen.unmark(turn.typed.from);
        turn.typed.from = self.screen.mark_cursor();
        turn.typed.echo = step.echo;
        turn.typed.entered = self.screen.offset();
        turn.progress = Progress::Writing;
        self.facts.probe = None;
        self.unconfirmed = None;
        self.looks = Looks::default();
        if self.spec.submit.enter_apart && !step.bytes.is_empty() && !step.enter.is_empty() {
            turn.enter = step.enter;
            self.queue.push(Purpose::Text, step.bytes, now);
        } else {
            let mut bytes = step.bytes;
            bytes.extend_from_slice(&step.enter);
            turn.enter = step.enter;
            self.queue.push(Purpose::Enter, bytes, now);
        }
    }

    pub(super) fn text_written(&mut self, now: Time) {
        if let Some(turn) = &mut self.turn {
            turn.progress = Progress::AwaitingEcho {
                until: now + limits::ECHO_WITHIN,
            };
        }
    }

    fn look_for_echo(&mut self, now: Time) {
        let Some(turn) = &self.turn else { return };
        let Progress::AwaitingEcho { until } = turn.progress else {
            return;
        };
        let line = self.screen.cursor_line(limits::CURSOR_LINE_ROWS).text;
        let last_line = turn.typed.echo.rsplit('\n').next().unwrap_or_default().trim_end();
        let mut from = last_line.len().saturating_sub(24);
        while !last_line.is_char_boundary(from) {
            from += 1;
        }
        if line.trim_end().ends_with(&last_line[from..]) || now >= until {
            self.send_enter(now);
        }
    }

    pub(super) fn echo_overdue(&mut self, now: Time) {
        if let Some(Progress::AwaitingEcho { until }) = self.turn.as_ref().map(|turn| turn.progress)
            && now >= until
        {
            self.send_enter(now);
        }
    }

    fn send_enter(&mut self, now: Time) {
        if let Some(turn) = &mut self.turn {
            turn.progress = Progress::Writing;
            let enter = turn.enter.clone();
            self.queue.push(Purpose::Enter, enter, now);
        }
    }

    /// One more Enter for a tool that wants a block closed.
    fn repeat_enter(&mut self, now: Time) {
        let Some(mut turn) = self.turn.take() else { return };
        let enter = self.spec.submit.enter.clone();
        self.write_step(
            &mut turn,
            crate::engine::framer::plan::Step {
                bytes: Vec::new(),
                enter,
                echo: String::new(),
            },
            now,
        );
        self.turn = Some(turn);
    }

    /// Enter has been taken by the tty: from here on, what is printed belongs to the step.
    pub(super) fn entered(&mut self, now: Time) {
        self.facts.start_turn(&mut self.screen);
        let offset = self.screen.offset();
        let Some(turn) = &mut self.turn else { return };
        turn.progress = Progress::Entered { at: now, repeats: 0 };
        turn.typed.entered = offset;
        let id = turn.id.clone();
        if turn.origin == Origin::Prompt || turn.origin == Origin::Answer {
            self.enter_state(State::Busy { turn: Some(id) }, "submitted", now);
        }
    }

    // Ends of a turn.

    /// Ends the open turn although the tool is not ready.
    pub(super) fn finish_unready(
        &mut self,
        outcome: Outcome,
        rule: &str,
        signals: Vec<String>,
        exit: Option<Exit>,
        now: Time,
    ) {
        let Some(turn) = self.turn.take() else { return };
        let cursor = self.screen.cursor().pos;
        let end = Pos {
            row: cursor.row,
            col: u16::MAX,
        };
        let found = Match {
            rule: usize::MAX,
            certain: true,
            prompt_start: end,
            signals,
            captures: Vec::new(),
        };
        self.finish_as(turn, outcome, rule.to_owned(), &found, None, exit, end, now);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one response, each named at its only two call sites"
    )]
    fn finish(
        &mut self,
        turn: Turn,
        outcome: Outcome,
        found: &Match,
        question: Option<Question>,
        exit: Option<Exit>,
        end: Pos,
        now: Time,
    ) {
        let rule = match (&question, self.spec.rules.get(found.rule)) {
            (Some(question), _) => question.rule.clone(),
            (None, Some(rule)) => rule.name.clone(),
            (None, None) => String::new(),
        };
        self.finish_as(turn, outcome, rule, found, question, exit, end, now);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one response")]
    fn finish_as(
        &mut self,
        mut turn: Turn,
        outcome: Outcome,
        rule: String,
        found: &Match,
        question: Option<Question>,
        exit: Option<Exit>,
        end: Pos,
        now: Time,
    ) {
        if turn.is_entered() {
            self.collect(&mut turn, end);
        }
        let text = join(std::mem::take(&mut turn.segments));
        let mut captures = std::mem::take(&mut turn.captures);
        captures.extend(self.told_captures(found));
        let judged = outcome::judge(&self.spec, &self.facts, &text, &mut captures);
        let outcome = if outcome == Outcome::Ok { judged } else { outcome };
        let to_offset = self.screen.offset();
        let response = Response {
            turn: turn.id.clone(),
            prompt: std::mem::take(&mut turn.prompt),
            source: Source::Screen,
            outcome,
            complete: matches!(outcome, Outcome::Ok | Outcome::Error) && turn.lost.is_none(),
            truncated: turn.lost.is_some(),
            lost_bytes: turn.lost,
            captures,
            question,
            exit,
            evidence: Evidence {
                rule,
                signals: found.signals.clone(),
                row: self.screen.cursor().pos.row,
                from_offset: turn.from_offset,
                to_offset,
            },
            started_at: turn.started_at,
            first_output: turn.first_output_at.map(|at| at.since(turn.started_at)),
            duration: now.since(turn.started_at),
            bytes: to_offset.saturating_sub(turn.from_offset),
            auto_answers: std::mem::take(&mut turn.auto_answers),
            text,
        };
        self.release(&turn);
        self.report(&turn, response, now);
    }

    /// Groups that only recognise the prompt are no result.
    fn told_captures(&self, found: &Match) -> Vec<(String, String)> {
        let constant = self
            .spec
            .rules
            .get(found.rule)
            .map(|rule| rule.when.constant.as_slice())
            .unwrap_or_default();
        found
            .captures
            .iter()
            .filter(|(name, _)| !constant.contains(name))
            .cloned()
            .collect()
    }

    /// Rows of a finished turn are ordinary history again.
    fn release(&mut self, turn: &Turn) {
        self.screen.unmark(turn.typed.from);
        if let Some(mark) = turn.interrupted_at {
            self.screen.unmark(mark);
        }
        self.screen.pin(None);
        self.looks = Looks::default();
    }

    fn report(&mut self, turn: &Turn, response: Response, now: Time) {
        if turn.origin == Origin::Init && response.complete {
            return;
        }
        if self.config.stream {
            let rest = response.text.get(turn.streamed_bytes..).unwrap_or_default();
            if !rest.is_empty() {
                self.emit(
                    EventKind::Text {
                        turn: turn.id.clone(),
                        text: rest.to_owned(),
                    },
                    now,
                );
            }
        }
        self.emit(EventKind::TurnFinished(Box::new(response)), now);
    }

    /// Emits the text that has left the screen and can no longer change.
    pub(super) fn stream_text(&mut self, now: Time) {
        let Some(turn) = self
            .turn
            .as_ref()
            .filter(|turn| self.config.stream && turn.is_entered())
        else {
            return;
        };
        if turn.origin == Origin::Init
            || turn.typed.entered == self.screen.offset()
            || !turn.segments.is_empty()
        {
            return;
        }
        let start = extract::output_start(&self.spec.response, &self.screen, &self.facts, &turn.typed);
        let from = turn.streamed_to.unwrap_or(start);
        let mut to = Pos {
            row: self.screen.top_row(),
            col: 0,
        };
        // A logical line that still goes on is not final.
        while to.row > from.row && self.screen.row(to.row - 1).is_some_and(|row| row.wrapped) {
            to.row -= 1;
        }
        if to <= from || self.spec.response.start != OutputStart::Auto {
            return;
        }
        let text = self.screen.extract(from, to).text;
        let id = turn.id.clone();
        if let Some(turn) = &mut self.turn {
            turn.streamed_to = Some(to);
            turn.streamed_bytes += text.len();
        }
        self.emit(EventKind::Text { turn: id, text }, now);
    }

    // Deadlines.

    pub(super) fn deadlines(&self) -> [(Option<Time>, &'static str); 10] {
        if matches!(self.state, State::Exited { .. }) {
            return [(None, ""); 10];
        }
        let turn = self.turn.as_ref();
        let echo = turn.and_then(|turn| match turn.progress {
            Progress::AwaitingEcho { until } => Some(until),
            Progress::Writing | Progress::Entered { .. } => None,
        });
        let starting = self.state == State::Starting;
        [
            (
                self.queue
                    .waiting_since()
                    .map(|since| since + self.spec.submit.write_within),
                "input_not_read",
            ),
            (echo, "echo"),
            (turn.and_then(|turn| turn.deadline), "turn"),
            (self.enter_repeats_at(), "start_within"),
            (self.looks.at, "look_again"),
            (self.interrupting.as_ref().map(|i| i.next_rung_at), "interrupt"),
            (self.leaving.map(|leaving| leaving.until), "leave"),
            (
                starting.then_some(self.started_at + self.spec.spawn.ready_within),
                "ready_within",
            ),
            (
                self.screen
                    .synchronized()
                    .then_some(self.facts.last_output + limits::SYNC_FRAME),
                "frame",
            ),
            (self.quiet_at(), "quiet"),
        ]
    }

    /// When a rule that declares a quiet time, or an unconfirmed state, could next hold.
    fn quiet_at(&self) -> Option<Time> {
        let confirm = match (&self.unconfirmed, self.config.confirm) {
            (Some(_), Confirm::Quiet(quiet)) => Some(quiet),
            (Some(_) | None, _) => None,
        };
        let waits = self.turn.as_ref().is_some_and(Turn::is_entered) || self.state == State::Starting;
        let rules = self
            .spec
            .rules
            .iter()
            .filter(|_| waits)
            .filter_map(|rule| rule.when.quiet);
        let at = |quiet: Duration| self.facts.last_output + quiet;
        rules
            .chain(confirm)
            .map(at)
            .filter(|&at| at > self.evaluated_quiet())
            .min()
    }

    /// Quiet times that have passed have been looked at.
    fn evaluated_quiet(&self) -> Time {
        self.quiet_seen.max(self.facts.last_output)
    }

    pub(super) fn input_stalled(&mut self, now: Time) {
        let limit = self.spec.submit.write_within;
        let Some(since) = self.queue.waiting_since().filter(|&since| now >= since + limit) else {
            return;
        };
        let pending = self.queue.pending_bytes();
        self.queue.clear();
        // What the terminal holds of it would be taken for commands when the tool reads again.
        self.actions.push_back(Action::DiscardInput);
        let signals = vec![format!(
            "{pending} bytes of input were not read for {:?}",
            now.since(since)
        )];
        self.finish_unready(Outcome::TimedOut, "input_not_read", signals, None, now);
        self.enter_state(State::Busy { turn: None }, "input_not_read", now);
        self.look_again(limits::AWAITING_FIRST, now);
    }

    /// When a turn that has shown no sign of life gets one more Enter.
    fn enter_repeats_at(&self) -> Option<Time> {
        let within = self.spec.submit.start_within?;
        let turn = self
            .turn
            .as_ref()
            .filter(|turn| turn.origin != Origin::Observed && !turn.interrupted)?;
        let Progress::Entered { at, repeats } = turn.progress else {
            return None;
        };
        let silent = self.screen.offset() == turn.typed.entered && repeats < limits::ENTER_REPEATS;
        silent.then_some(at + within)
    }

    /// Never the text: a tool that was late would get it twice.
    pub(super) fn repeat_unheard_enter(&mut self, now: Time) {
        if self.enter_repeats_at().is_none_or(|at| now < at) {
            return;
        }
        if let Some(Turn {
            progress: Progress::Entered { at, repeats },
            enter,
            ..
        }) = &mut self.turn
        {
            *repeats += 1;
            *at = now;
            let enter = enter.clone();
            self.queue.push(Purpose::Keys, enter, now);
        }
    }

    pub(super) fn turn_overdue(&mut self, now: Time) {
        let Some(deadline) = self
            .turn
            .as_ref()
            .and_then(|turn| turn.deadline)
            .filter(|&at| now >= at)
        else {
            return;
        };
        let signals = vec![format!("the turn's limit passed {:?} ago", now.since(deadline))];
        self.finish_unready(Outcome::TimedOut, "deadline", signals, None, now);
        self.enter_state(State::Busy { turn: None }, "deadline", now);
        self.look_again(limits::AWAITING_FIRST, now);
    }

    pub(super) fn interrupt_overdue(&mut self, now: Time) {
        let Some(interrupting) = self.interrupting.take_if(|i| now >= i.next_rung_at) else {
            return;
        };
        let foreign = self
            .facts
            .probe
            .as_ref()
            .is_some_and(|(p, _)| p.foreground == Some(Foreground::Other));
        let signal = match interrupting.rung {
            0 => Some(ForegroundSignal::Interrupt),
            1 if foreign => Some(ForegroundSignal::HangUp),
            2 if foreign => Some(ForegroundSignal::Kill),
            _ => None,
        };
        let Some(signal) = signal else {
            return;
        };
        self.actions.push_back(Action::Signal(signal));
        let next_rung_at = now + self.spec.interrupt.signal_after;
        self.interrupting = Some(Interrupting {
            next_rung_at,
            rung: interrupting.rung + 1,
            ..interrupting
        });
        self.looks.step = Duration::ZERO;
        self.looks.at = Some(now + limits::AWAITING_FIRST);
    }

    pub(super) fn leave_overdue(&mut self, now: Time) {
        if self.leaving.is_some_and(|leaving| now >= leaving.until) {
            self.leaving = None;
            self.actions.push_back(Action::Stop);
        }
    }

    /// Questions asked on the way out.
    fn answer_on_the_way_out(&mut self, now: Time) {
        let Some(leaving) = &mut self.leaving else { return };
        let offset = self.screen.offset();
        if leaving.answered == Some(offset) {
            return;
        }
        let line = self.screen.cursor_line(limits::CURSOR_LINE_ROWS).text;
        let answer = self
            .spec
            .exit
            .confirm
            .iter()
            .find(|(pattern, _)| pattern.0.is_match(&line));
        if let Some((_, send)) = answer {
            leaving.answered = Some(offset);
            self.queue.push(Purpose::Keys, send.clone(), now);
        }
    }

    pub(super) fn start_overdue(&mut self, now: Time) {
        if self.state == State::Starting && now >= self.started_at + self.spec.spawn.ready_within {
            let nearest = rules::nearest(&self.view(now));
            self.emit(EventKind::Drift { nearest }, now);
            self.enter_state(State::Unknown, "ready_within", now);
            self.look_again(limits::AWAITING_FIRST, now);
        }
    }
}

fn join(mut segments: Vec<String>) -> String {
    // The usual case moves the text instead of copying it.
    if segments.len() == 1 {
        return segments.pop().unwrap_or_default();
    }
    segments.retain(|segment| !segment.is_empty());
    segments.join("\n")
}
