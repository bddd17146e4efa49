//! Every wait has a deadline with a name: when it is, and what happens then.

use std::time::Duration;

use super::queue::Purpose;
use super::turn::{Origin, Progress, Turn};
use super::{Action, Confirm, Interrupting, Session};
use crate::engine::framer::state::State;
use crate::engine::limits;
use crate::engine::response::Outcome;
use crate::engine::session::ForegroundSignal;
use crate::engine::time::Time;
use crate::engine::tty::Foreground;

/// How many of them there are.
const DEADLINES: usize = 18;

impl Session {
    // Deadlines.

    pub(super) fn deadlines(&self) -> [(Option<Time>, &'static str); DEADLINES] {
        if matches!(self.state, State::Exited { .. }) {
            return [(None, ""); DEADLINES];
        }
        let turn = self.turn.as_ref();
        let starting = self.state == State::Starting;
        [
            (
                self.queue
                    .waiting_since()
                    .map(|since| since + self.spec.submit.write_within),
                "input_not_read",
            ),
            (self.queue.held_until(), "key_pause"),
            (self.echo_at(), "echo"),
            (self.dialogs_at(), "dialog"),
            (self.chooses_at(), "menu"),
            (self.settles_at(), "settle"),
            (self.discards_at(), "discard"),
            (self.drifts_at(), "drift"),
            (
                self.interrupting.as_ref().and_then(|i| i.again_at),
                "interrupt_again",
            ),
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
            (self.word_due(), "within"),
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
            .flat_map(|rule| [rule.when.quiet, rule.when.after_busy_unless_quiet])
            .flatten();
        let unseen = self
            .turn
            .as_ref()
            .filter(|turn| turn.may_pass_unseen() && !self.facts.busy_seen);
        let unseen = unseen.map(|_| limits::INTERRUPTED_UNSEEN);
        let since = self.quiet_since();
        let at = |quiet: Duration| since + quiet;
        rules
            .chain(confirm)
            .chain(unseen)
            .map(at)
            .filter(|&at| at > self.evaluated_quiet())
            .min()
    }

    /// Silence is counted from the last output, in a turn from Enter at the earliest.
    fn quiet_since(&self) -> Time {
        match self.turn.as_ref().map(|turn| turn.progress) {
            Some(Progress::Entered { at, .. }) => at.max(self.facts.last_output),
            Some(Progress::Writing | Progress::AwaitingEcho { .. }) | None => self.facts.last_output,
        }
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
        let unheard = self.screen.offset() == turn.typed.entered || self.draft.is_some();
        (unheard && repeats < limits::ENTER_REPEATS).then_some(at + within)
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
        if self.give_up_waiting(now) {
            return;
        }
        let mut signals = vec![format!("the turn's limit passed {:?} ago", now.since(deadline))];
        let busy = self.facts.busy_rule.and_then(|rule| self.spec.rules.get(rule));
        signals.extend(busy.map(|rule| format!("busy: {}", rule.name)));
        let outcome = match self.state {
            State::Unknown => Outcome::Unknown,
            _ => Outcome::TimedOut,
        };
        if outcome == Outcome::Unknown {
            signals.extend(self.drift_signals(now));
        }
        self.finish_unready(outcome, "deadline", signals, None, now);
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

    /// The keys once more, for a tool that has not taken them.
    pub(super) fn interrupt_again_overdue(&mut self, now: Time) {
        let Some(interrupting) = &mut self.interrupting else {
            return;
        };
        if interrupting.again_at.take_if(|at| now >= *at).is_none() {
            return;
        }
        if matches!(self.state, State::Busy { .. }) && self.draft.is_none() {
            self.queue
                .push_keys(Purpose::Keys, self.spec.interrupt.send.clone(), now);
        }
    }

    pub(super) fn leave_overdue(&mut self, now: Time) {
        if self.leaving.is_some_and(|leaving| now >= leaving.until) {
            self.leaving = None;
            self.actions.push_back(Action::Stop);
        }
    }

    /// Questions asked on the way out.
    pub(super) fn answer_on_the_way_out(&mut self, now: Time) {
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
            self.queue.push_keys(Purpose::Keys, send.clone(), now);
        }
    }

    pub(super) fn start_overdue(&mut self, now: Time) {
        if self.state == State::Starting && now >= self.started_at + self.spec.spawn.ready_within {
            self.drift("ready_within", now);
        }
    }
}
