//! Dialogs on the screen: when one is believed, when it counts as a new one, and who answers it.
//!
//! A dialog is told on its edge: when it stands there whole, and again only after it has changed or gone. A policy may answer one of kind
//! permission inside the turn that raised it; a dialog that opens between a text and its Enter keeps Enter from being sent.

use super::answering::{Choosing, only};
use super::queue::Purpose;
use super::turn::{Origin, Progress};
use super::{Confirm, Session};
use crate::engine::event::EventKind;
use crate::engine::framer::dialog;
use crate::engine::framer::rules::{self, Match, Pick};
use crate::engine::framer::state::State;
use crate::engine::limits;
use crate::engine::policy::Decision;
use crate::engine::protocol::spec::{BlockKind, Keys, Kind};
use crate::engine::response::{Outcome, Question};
use crate::engine::time::Time;

/// Signal of a response whose prompt stands in the tool's input and was not sent.
pub const NOT_SUBMITTED: &str = "prompt: typed, not submitted";

/// What is known about dialogs besides the state that names the open one.
#[derive(Debug, Default)]
pub(super) struct Dialogs {
    /// One that is being painted.
    painting: Option<Painting>,
    pub(super) choosing: Option<Choosing>,
    /// The one that was answered last and may not have gone yet.
    answered: Option<Answered>,
    /// A policy's answer that could not be given, and why.
    pub(super) policy_failed: Option<(Question, String)>,
    /// Automatic answers outside a turn; the next response lists them.
    before: Vec<String>,
}

#[derive(Debug)]
struct Painting {
    rule: usize,
    question: Question,
    until: Time,
    since: Time,
}

#[derive(Debug)]
struct Answered {
    rule: usize,
    question: Question,
    until: Time,
}

impl Session {
    pub(super) fn dialog(&mut self, found: &Match, kind: BlockKind, now: Time) {
        let rule = &self.spec.rules[found.rule];
        let question = dialog::question(rule, kind, &self.screen, &self.spec.submit.enter);
        if let Some(send) = rule.auto.clone() {
            return self.answer_by_protocol(question, send, now);
        }
        if self.is_painting(found.rule, &question, now) || self.is_answered(found.rule, &question, now) {
            return;
        }
        let mut found = found.clone();
        match self.by_policy(&question, now) {
            ByPolicy::Answering => return,
            ByPolicy::Not(Some(why)) => found.signals.push(format!("policy: {why}")),
            ByPolicy::Not(None) => {}
        }
        self.block(question, &found, now);
    }

    /// What the rules say now: a dialog that is not among it has gone.
    pub(super) fn dialogs_seen(&mut self, pick: &Pick) {
        let shown = match pick {
            Pick::Rule(found) => Some(found.rule),
            Pick::NeedsProbe(_) => return,
            Pick::TtyDisagrees | Pick::Nothing => None,
        };
        let dialogs = &mut self.dialogs;
        dialogs.painting.take_if(|painting| Some(painting.rule) != shown);
        // Nothing that the protocol knows may be the same dialog, half painted.
        dialogs
            .answered
            .take_if(|answered| shown.is_some_and(|rule| rule != answered.rule));
    }

    pub(super) fn dialogs_at(&self) -> Option<Time> {
        let painting = self.dialogs.painting.as_ref().map(|painting| painting.until);
        let answered = self.dialogs.answered.as_ref().map(|answered| answered.until);
        let times = [painting, answered];
        times
            .into_iter()
            .flatten()
            .filter(|&at| at > self.quiet_seen)
            .min()
    }

    /// Whether the dialog still has to be waited for: the tool may say that it asks before it has painted what.
    fn is_painting(&mut self, rule: usize, question: &Question, now: Time) -> bool {
        let spec = &self.spec.rules[rule];
        let told = matches!(&self.state, State::Blocked { question: asked } if asked == question);
        if (spec.choice_pattern.is_none() && spec.question.is_none()) || told {
            self.dialogs.painting = None;
            return false;
        }
        let painted = dialog::is_painted(spec, &self.screen);
        if painted && spec.choice_pattern.is_none() {
            self.dialogs.painting = None;
            return false;
        }
        let earlier = self.dialogs.painting.take_if(|painting| painting.rule == rule);
        let since = earlier.as_ref().map_or(now, |earlier| earlier.since);
        let latest = since + limits::DIALOG_PAINTED_WITHIN;
        let until = match earlier {
            Some(earlier) if earlier.question == *question => earlier.until,
            Some(_) | None if painted => (now + limits::DIALOG_HOLDS).min(latest),
            Some(_) | None => latest,
        };
        self.dialogs.painting = Some(Painting {
            rule,
            question: question.clone(),
            until,
            since,
        });
        if now >= until {
            self.dialogs.painting = None;
        }
        now < until
    }

    /// Whether it is the dialog that was just answered: the tool has not taken the answer yet, and repaints.
    fn is_answered(&mut self, rule: usize, question: &Question, now: Time) -> bool {
        let same = |answered: &Answered| answered.rule == rule && answered.question == *question;
        let waits = |answered: &Answered| same(answered) && now < answered.until;
        if self.dialogs.answered.as_ref().is_some_and(waits) {
            return true;
        }
        self.dialogs.answered = None;
        false
    }

    /// An answer is on its way to the tool.
    pub(super) fn note_answered(&mut self, question: &Question, now: Time) {
        self.dialogs.painting = None;
        // A line that is asked again stands on a row of its own; a dialog is painted in place.
        self.dialogs.answered = self
            .rule_of(question)
            .filter(|(_, rule)| rule.when.cursor_line.is_none())
            .map(|(rule, _)| Answered {
                rule,
                question: question.clone(),
                until: now + limits::ANSWER_TAKEN_WITHIN,
            });
    }

    // Answers without a person.

    fn answer_by_protocol(&mut self, question: Question, send: Keys, now: Time) {
        // On the edge only: not again before the tool has printed something.
        if self.auto_answered == Some(self.screen.offset()) {
            return;
        }
        self.auto_answered = Some(self.screen.offset());
        self.note_automatic(question, "continue", send, now);
    }

    fn by_policy(&mut self, question: &Question, now: Time) -> ByPolicy {
        // What was told to a person is left to them.
        let told = matches!(&self.state, State::Blocked { question: asked } if asked == question);
        if question.kind != BlockKind::Permission || told || self.interrupting.is_some() {
            return ByPolicy::Not(None);
        }
        let decision = self.config.policy.decide(&question.text);
        if decision == Decision::Ask {
            return ByPolicy::Not(None);
        }
        if let Some((failed, why)) = &self.dialogs.policy_failed
            && failed == question
        {
            return ByPolicy::Not(Some(why.clone()));
        }
        let answers = self
            .turn
            .as_ref()
            .map_or(&self.dialogs.before, |turn| &turn.auto_answers);
        if answers.len() >= limits::AUTO_ANSWERS {
            let why = format!(
                "{} answers were given in this turn, no more are",
                limits::AUTO_ANSWERS
            );
            return ByPolicy::Not(Some(why));
        }
        let Some((_, rule)) = self.rule_of(question) else {
            return ByPolicy::Not(None);
        };
        let (deny, allow) = (rule.deny.clone(), rule.allow.clone());
        if decision == Decision::Deny {
            let Some(keys) = deny else {
                return ByPolicy::Not(Some("the protocol does not say how this is denied".into()));
            };
            self.answered_by_policy(question.clone(), "(denied)", keys, now);
            return ByPolicy::Answering;
        }
        let Some(allow) = allow else {
            return ByPolicy::Not(Some("the protocol does not say which choice allows this".into()));
        };
        let allowed = question
            .choices
            .iter()
            .map(|choice| allow.0.is_match(&choice.label));
        match only(allowed) {
            Some(index) if self.choose_by_policy(question, index, now) => ByPolicy::Answering,
            Some(_) | None => {
                ByPolicy::Not(Some(format!("not exactly one choice matches {}", allow.as_str())))
            }
        }
    }

    pub(super) fn answered_by_policy(&mut self, question: Question, label: &str, keys: Keys, now: Time) {
        self.note_answered(&question, now);
        self.note_automatic(question, label, keys, now);
    }

    fn note_automatic(&mut self, question: Question, label: &str, keys: Keys, now: Time) {
        let asked = question.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = format!("{}: {asked} -> {label}", question.rule);
        match &mut self.turn {
            Some(turn) => turn.auto_answers.push(line),
            None => self.dialogs.before.push(line),
        }
        self.queue.push_keys(Purpose::Keys, keys, now);
        // What was looked at belongs to the dialog.
        self.facts.probe = None;
        let event = EventKind::AutoAnswered {
            rule: question.rule,
            question: question.text,
            label: label.to_owned(),
        };
        self.emit(event, now);
    }

    /// Automatic answers that no response has listed yet.
    pub(super) fn take_earlier_answers(&mut self) -> Vec<String> {
        std::mem::take(&mut self.dialogs.before)
    }

    // Dialogs that nobody expected.

    /// A dialog that opened since the text was typed: Enter would answer it. True when Enter has to wait or is not sent at all.
    pub(super) fn late_dialog(&mut self, now: Time) -> bool {
        let typing = self.turn.as_ref().is_some_and(|turn| {
            turn.origin != Origin::Answer && matches!(turn.progress, Progress::AwaitingEcho { .. })
        });
        if !typing {
            return false;
        }
        let Some((found, kind)) = self.shown_dialog(now) else {
            self.dialogs.painting = None;
            return false;
        };
        let rule = &self.spec.rules[found.rule];
        let question = dialog::question(rule, kind, &self.screen, &self.spec.submit.enter);
        if self.is_painting(found.rule, &question, now) {
            return true;
        }
        let Some(turn) = self.turn.take() else {
            return false;
        };
        let mut found = found;
        found.signals.push(NOT_SUBMITTED.to_owned());
        let end = found.prompt_start;
        self.finish(
            turn,
            Outcome::Blocked,
            &found,
            Some(question.clone()),
            None,
            end,
            now,
        );
        self.block(question, &found, now);
        true
    }

    /// The dialog that holds at this moment without a look at the tty.
    fn shown_dialog(&self, now: Time) -> Option<(Match, BlockKind)> {
        let Pick::Rule(found) = rules::pick(&self.view(now)) else {
            return None;
        };
        let certain = found.certain || self.config.confirm != Confirm::NextInput;
        match self.spec.rules[found.rule].kind {
            Kind::Blocked(kind) if certain && self.spec.rules[found.rule].auto.is_none() => {
                Some((found, kind))
            }
            _ => None,
        }
    }

    /// Right before a prompt is typed: a dialog that came with the last bytes.
    pub(super) fn block_by_shown_dialog(&mut self, now: Time) {
        if self.state == State::Ready
            && self.turn.is_none()
            && let Some((found, kind)) = self.shown_dialog(now)
        {
            let rule = &self.spec.rules[found.rule];
            let question = dialog::question(rule, kind, &self.screen, &self.spec.submit.enter);
            self.block(question, &found, now);
        }
    }

    // What somebody else answered.

    /// The label that these keys choose at this moment, when they are keys of the open dialog.
    pub(super) fn typed_label(&self, keys: &[u8]) -> Option<String> {
        let State::Blocked { question } = &self.state else {
            return None;
        };
        let (_, rule) = self.rule_of(question)?;
        let items = dialog::menu(rule, &self.screen);
        let menu = rule.menu.as_ref();
        if menu.is_some_and(|menu| menu.accept.bytes() == keys) {
            let highlighted = items.iter().find(|item| item.highlighted)?;
            return Some(highlighted.choice.label.clone());
        }
        if rule.deny.as_ref().is_some_and(|deny| deny.bytes() == keys) {
            return Some("(denied)".to_owned());
        }
        let accepted = menu.and_then(|menu| keys.strip_suffix(menu.accept.bytes().as_slice()));
        let key = single_char(accepted.unwrap_or(keys));
        let means = |item: &&dialog::Item| {
            let sent = !item.choice.send.is_empty() && item.choice.send.bytes() == keys;
            sent || key.is_some_and(|key| item.shown_keys.contains(&key))
        };
        let item = items.iter().find(means)?;
        Some(item.choice.label.clone())
    }
}

fn single_char(keys: &[u8]) -> Option<char> {
    let mut chars = std::str::from_utf8(keys).ok()?.chars();
    chars.next().filter(|_| chars.next().is_none())
}

enum ByPolicy {
    Answering,
    /// And why, where the policy wanted to.
    Not(Option<String>),
}
