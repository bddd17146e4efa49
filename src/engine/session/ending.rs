//! A turn's steps and its end: what is written next, what is collected, and the one response.

use super::laid_out::LaidOut;
use super::queue::Purpose;
use super::turn::{Origin, Progress, Turn};
use super::{Looks, Session};
use crate::engine::event::EventKind;
use crate::engine::framer::rules::Match;
use crate::engine::framer::state::State;
use crate::engine::framer::{extract, outcome};
use crate::engine::protocol::spec::{Keys, OutputStart};
use crate::engine::response::{Evidence, Outcome, Question, Response};
use crate::engine::term::Pos;
use crate::engine::time::Time;
use crate::engine::tty::Exit;

impl Session {
    // Steps of a turn.

    /// Nothing more is to be typed: the next ready is the end of the turn.
    pub(super) fn is_last_step(&self) -> bool {
        self.turn
            .as_ref()
            .is_some_and(|turn| turn.interrupted || turn.steps.is_empty())
    }

    /// The tool took one step's input and shows a prompt again.
    pub(super) fn end_of_step(&mut self, found: &Match, now: Time) {
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
        self.collect(&mut turn, found.prompt_start, None);
        self.write_step(&mut turn, step, now);
        self.turn = Some(turn);
    }

    /// Takes the text of the step that ended at `end`.
    fn collect(&mut self, turn: &mut Turn, end: Pos, question: Option<&Question>) {
        if self.spec.response.layout.is_some() {
            return self.collect_laid_out(turn, end, question);
        }
        let rules = &self.spec.response;
        let unechoed = turn.typed.echo.is_empty() && turn.origin == Origin::Answer;
        let alternate = self.screen.alternate_screen();
        let start = if alternate && !turn.in_alternate {
            // A pager shows its own page; what was printed before it stands on the other screen.
            let row = self.screen.top_row();
            Pos { row, col: 0 }
        } else if unechoed || (turn.in_alternate && !alternate) {
            self.screen.mark_pos(turn.typed.from)
        } else {
            extract::output_start(rules, &self.screen, &self.facts, &turn.typed)
        };
        let end = extract::output_end(rules, &self.screen, &self.facts, &turn.typed, start, end);
        let interrupted_at = turn.interrupted_at.map(|mark| self.screen.mark_pos(mark));
        let captures = &mut turn.captures;
        let untrimmed = |text: &str| outcome::capture(&rules.captures, text, captures);
        let mut extract = extract::text(rules, &mut self.screen, start, end, interrupted_at, untrimmed);
        // The line end behind a hidden answer belongs to the question's row.
        if unechoed && extract.text.starts_with('\n') {
            extract.text.remove(0);
        }
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
            turn.before = self.screen_rows();
            self.queue.push_keys(Purpose::Text, step.bytes, now);
        } else {
            let mut bytes = step.bytes;
            bytes.extend(&step.enter);
            turn.enter = step.enter;
            self.note_transcripts();
            self.queue.push_keys(Purpose::Enter, bytes, now);
        }
    }

    /// One more Enter for a tool that wants a block closed.
    pub(super) fn repeat_enter(&mut self, now: Time) {
        let Some(mut turn) = self.turn.take() else { return };
        let enter = self.spec.submit.enter.clone();
        self.write_step(
            &mut turn,
            crate::engine::framer::plan::Step {
                bytes: Keys::default(),
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
        turn.heard.start();
        let id = turn.id.clone();
        if turn.origin == Origin::Prompt || turn.origin == Origin::Answer {
            self.enter_state(State::Busy { turn: Some(id) }, "submitted", now);
        }
        self.watch_frames();
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
    pub(super) fn finish(
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
            self.collect(&mut turn, end, question.as_ref());
        }
        let mut text = join(std::mem::take(&mut turn.segments));
        let mut captures = std::mem::take(&mut turn.captures);
        captures.extend(self.told_captures(found));
        captures.extend(self.heard_captures(&mut turn));
        captures.extend(question.as_ref().map(outcome::asked).unwrap_or_default());
        let screen = match outcome::wants_screen(&self.spec) {
            true => self.screen.viewport_text(),
            false => String::new(),
        };
        let ended = outcome::Ended {
            text: &text,
            screen: &screen,
            told: turn.heard.error(),
        };
        let judged = outcome::judge(&self.spec, &self.facts, ended, &mut captures);
        outcome::normalise(&mut captures);
        let mut signals = found.signals.clone();
        let source = self.say_exactly(&mut turn, outcome, &mut text, &mut signals, now);
        let outcome = if outcome == Outcome::Ok { judged } else { outcome };
        let to_offset = self.screen.offset();
        let response = Response {
            turn: turn.id.clone(),
            prompt: std::mem::take(&mut turn.prompt),
            source,
            outcome,
            complete: matches!(outcome, Outcome::Ok | Outcome::Error) && turn.lost.is_none(),
            truncated: turn.lost.is_some(),
            lost_bytes: turn.lost,
            captures,
            question,
            exit,
            evidence: Evidence {
                rule,
                signals,
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
        let laid_out = turn.laid_out.as_ref().map(LaidOut::mark);
        for mark in [turn.interrupted_at, laid_out].into_iter().flatten() {
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
        let rules = &self.spec.response;
        // What the end of the turn may cut off, or takes from elsewhere, is not streamed.
        let cuts = rules.padded || !rules.trim_head.is_empty() || !rules.drop_lines.is_empty();
        if turn.origin == Origin::Init
            || cuts
            || self.has_words()
            || turn.typed.entered == self.screen.offset()
            || !turn.segments.is_empty()
            || rules.layout.is_some()
        {
            return;
        }
        let start = extract::output_start(rules, &self.screen, &self.facts, &turn.typed);
        let from = turn.streamed_to.unwrap_or(start);
        let mut to = Pos {
            row: self.screen.top_row(),
            col: 0,
        };
        // A logical line that still goes on is not final.
        while to.row > from.row && self.screen.row(to.row - 1).is_some_and(|row| row.wrapped) {
            to.row -= 1;
        }
        if to <= from || rules.start != OutputStart::Auto {
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
}

fn join(mut segments: Vec<String>) -> String {
    // The usual case moves the text instead of copying it.
    if segments.len() == 1 {
        return segments.pop().unwrap_or_default();
    }
    segments.retain(|segment| !segment.is_empty());
    segments.join("\n")
}
