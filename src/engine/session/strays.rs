//! What nobody asked for: a draft that stands in the composer, and a tool that shows nothing the protocol knows.

use super::queue::Purpose;
use super::{Session, Verdict};
use crate::engine::event::EventKind;
use crate::engine::framer::rules::{self, Match};
use crate::engine::framer::state::State;
use crate::engine::framer::trace;
use crate::engine::limits;
use crate::engine::protocol::spec::Kind;
use crate::engine::response::Outcome;
use crate::engine::session::turn::Progress;
use crate::engine::term::Pos;
use crate::engine::time::Time;

/// Typed text stands unsent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draft {
    rule: usize,
    /// How often it was emptied, and when that is looked at again.
    discards: u8,
    next_at: Option<Time>,
}

impl Session {
    /// A draft is on the screen. In a turn it may be what was typed, not sent yet; anywhere else it is emptied.
    pub(super) fn draft(&mut self, found: &Match, now: Time) {
        // Somebody else is typing it, or it goes away with the tool.
        if !self.half_typed.is_empty() || self.leaving.is_some() {
            return;
        }
        let mut draft = self
            .draft
            .filter(|draft| draft.rule == found.rule)
            .unwrap_or(Draft {
                rule: found.rule,
                discards: 0,
                next_at: None,
            });
        let sent = self
            .turn
            .as_ref()
            .filter(|turn| !turn.interrupted)
            .map(|turn| turn.progress);
        if sent.is_some() && self.spec.rules[found.rule].ends_turn {
            return self.refuse_draft(found, draft, now);
        }
        if let Some(Progress::Entered { at, repeats }) = sent {
            let within = self.spec.submit.start_within;
            draft.next_at = within
                .map(|within| at + within)
                .filter(|_| repeats >= limits::ENTER_REPEATS);
            let given_up = draft.next_at.is_some_and(|at| now >= at);
            self.draft = Some(draft);
            if given_up {
                self.give_up_draft(found, now);
            }
            return;
        }
        self.draft = Some(draft);
        self.discard_draft(now);
    }

    /// The tool has said why it does not take what was typed. It stands there still, and would be the start of the next prompt.
    fn refuse_draft(&mut self, found: &Match, draft: Draft, now: Time) {
        let Some(turn) = self.turn.take() else { return };
        self.finish(turn, Outcome::Ok, found, None, None, found.prompt_start, now);
        let rule = self.spec.rules[found.rule].name.clone();
        self.enter_state(State::Busy { turn: None }, &rule, now);
        self.draft = Some(draft);
        self.discard_draft(now);
    }

    /// Enter was repeated, and the prompt still stands there.
    fn give_up_draft(&mut self, found: &Match, now: Time) {
        let rule = self.spec.rules[found.rule].name.clone();
        let mut signals = found.signals.clone();
        signals.push("the prompt was typed and the tool did not take Enter".into());
        self.finish_unready(Outcome::TimedOut, &rule, signals, None, now);
        self.enter_state(State::Busy { turn: None }, &rule, now);
        self.discard_draft(now);
    }

    fn discard_draft(&mut self, now: Time) {
        let Some(draft) = &mut self.draft else { return };
        if self.spec.discard.is_empty() || draft.next_at.is_some_and(|at| now < at) {
            return;
        }
        let rule = self.spec.rules[draft.rule].name.clone();
        if draft.discards >= limits::DISCARD_TRIES {
            draft.next_at = None;
            return self.enter_state(State::Unknown, &rule, now);
        }
        draft.discards += 1;
        draft.next_at = Some(now + limits::DISCARD_EVERY);
        self.queue
            .push_keys(Purpose::Keys, self.spec.discard.clone(), now);
        if matches!(self.state, State::Ready | State::Blocked { .. }) {
            self.enter_state(State::Busy { turn: None }, &rule, now);
        }
    }

    pub(super) fn discards_at(&self) -> Option<Time> {
        self.draft?.next_at.filter(|&at| at > self.quiet_seen)
    }

    /// What the tool left behind when it ended may say how the conversation is resumed.
    pub(super) fn read_resume_hint(&mut self) {
        let Some(pattern) = self
            .spec
            .resume
            .as_ref()
            .and_then(|resume| resume.pattern.as_ref())
        else {
            return;
        };
        let end = Pos {
            row: self.screen.cursor().pos.row.max(self.screen.top_row()) + u64::from(self.config.size.rows),
            col: 0,
        };
        let start = Pos {
            row: self.screen.top_row().saturating_sub(limits::RESUME_HINT_ROWS),
            col: 0,
        };
        let left = self.screen.extract(start, end).text;
        // The newest one: an older conversation may have been listed above.
        let hint = pattern.0.captures_iter(&left).last();
        if let Some(id) = hint.and_then(|found| Some(found.name("session")?.as_str().to_owned())) {
            self.tool_session = Some(id);
        }
    }

    /// No rule holds. That is watched where the protocol knows what busy looks like: a tool that shows neither has changed.
    pub(super) fn adrift(&mut self, now: Time) {
        let knows_busy = self.spec.rules.iter().any(|rule| rule.kind == Kind::Busy);
        if knows_busy && self.adrift_since.is_none() {
            self.adrift_since = Some(now);
        }
    }

    pub(super) fn drifts_at(&self) -> Option<Time> {
        let watched = matches!(self.state, State::Ready | State::Busy { .. });
        self.adrift_since
            .filter(|_| watched)
            .map(|since| since + limits::DRIFT_AFTER)
    }

    pub(super) fn drift_overdue(&mut self, now: Time) {
        if self.drifts_at().is_none_or(|at| now < at) {
            return;
        }
        // An idle prompt may have output behind it; the tty tells that it still is one.
        let view = self.view(now);
        let idle = self.ready_rule.and_then(|rule| view.spec.rules.get(rule));
        let looks = idle.is_some_and(|rule| rule.when.waiting.is_some());
        if self.state == State::Ready
            && looks
            && idle.is_some_and(|rule| rules::accepts_input(&view, rule) != Verdict::No)
        {
            self.adrift_since = None;
            return;
        }
        self.drift("drift", now);
    }

    /// Somebody has asked the tool for its version meanwhile.
    pub fn learn_tool_version(&mut self, version: String) {
        self.config.tool_version = Some(version);
    }

    /// What a response says of a turn that ends while nothing is known.
    pub(super) fn drift_signals(&self, now: Time) -> Vec<String> {
        let near = trace::nearest(rules::explain(&self.view(now)));
        let near = near.into_iter().map(|near| format!("nearest: {near}"));
        let version = self.config.tool_version.as_deref().unwrap_or("not asked");
        near.chain([format!("version of the tool: {version}")]).collect()
    }

    pub(super) fn drift(&mut self, rule: &str, now: Time) {
        let nearest = trace::nearest(rules::explain(&self.view(now)));
        let tool_version = self.config.tool_version.clone();
        self.emit(
            EventKind::Drift {
                nearest,
                tool_version,
            },
            now,
        );
        self.enter_state(State::Unknown, rule, now);
        self.look_again(limits::AWAITING_FIRST, now);
    }
}
