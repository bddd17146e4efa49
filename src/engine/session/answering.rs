//! Answers to dialogs: by what a choice sends, or by moving a highlight to it.
//!
//! ```text
//! answer ─► Choosing ─highlight elsewhere─► one key ─the screen moved─► look again
//!               │ highlight on the label, for a moment ─► accept
//!               │ label gone, no movement, keys used up ─► refused: nothing accepted, the dialog stays
//! ```
//!
//! What is accepted is always what the screen shows at that moment, never what was counted.

use std::collections::VecDeque;

use super::queue::Purpose;
use super::turn::Origin;
use super::{Prompt, Session, SubmitError};
use crate::engine::event::EventKind;
use crate::engine::framer::dialog::{self, Item};
use crate::engine::framer::plan::{self, Plan, Step};
use crate::engine::framer::state::State;
use crate::engine::limits;
use crate::engine::protocol::spec::{BlockKind, Keys, Rule};
use crate::engine::response::{Question, QuestionChoice};
use crate::engine::time::Time;

/// An answer that is being given by moving a highlight.
#[derive(Debug)]
pub(super) struct Choosing {
    rule: usize,
    question: Question,
    label: String,
    by: By,
    begun: Time,
    /// Keys that may still be typed.
    keys_left: usize,
    /// Keys whose movement was not seen: one that was only late would move the highlight once more.
    unseen: usize,
    /// The menu at the last look: its labels and which one is highlighted.
    last: Option<(Vec<String>, usize)>,
    /// Since when the highlight stands on the label.
    on_label: Option<Time>,
    /// How long the screen may take to show what the last key did.
    until: Time,
}

/// Who answers.
#[derive(Debug)]
enum By {
    Caller(Prompt),
    Policy,
}

/// What one look at the menu leads to.
enum Look {
    Wait,
    Press(bool),
    Accept,
    Fail(String),
}

impl Session {
    /// Answers the open question: by the label of a choice (exact, else as a regex), or by text where the question takes text. Starts a
    /// turn that ends like any other. Where the label has to be reached by moving a highlight, the turn starts when it was accepted; else
    /// `EventKind::NotAnswered` follows.
    ///
    /// # Errors
    ///
    /// Nothing was typed: nothing is asked, no choice matches, or the dialog on the screen is another one by now.
    pub fn answer(&mut self, answer: Prompt, now: Time) -> Result<(), SubmitError> {
        let State::Blocked { question } = &self.state else {
            return Err(SubmitError::NothingAsked {
                state: self.state.as_str(),
            });
        };
        if self.dialogs.choosing.is_some() {
            return Err(SubmitError::Busy);
        }
        let question = question.clone();
        if question.kind == BlockKind::Secret {
            let step = self.typed_reply(&question, &answer.text)?;
            let text = "(secret)".to_owned();
            self.begin_answer(Prompt { text, ..answer }, step, now);
            return Ok(());
        }
        let Some(index) = choose(&question, &answer.text) else {
            let step = self.typed_reply(&question, &answer.text)?;
            self.begin_answer(answer, step, now);
            return Ok(());
        };
        let choice = &question.choices[index];
        let label = choice.label.clone();
        self.still_offered(&question, index)?;
        if let Some(rule) = self.menu_of(&question, choice) {
            self.start_choosing(rule, question, label, By::Caller(answer), now);
            return Ok(());
        }
        let step = Step {
            bytes: choice.send.clone(),
            enter: Vec::new(),
            echo: answer.text.clone(),
        };
        self.begin_answer(
            Prompt {
                text: label,
                ..answer
            },
            step,
            now,
        );
        Ok(())
    }

    /// Takes a choice without a person: true when it is being done. The turn goes on.
    pub(super) fn choose_by_policy(&mut self, question: &Question, index: usize, now: Time) -> bool {
        let choice = &question.choices[index];
        match self.menu_of(question, choice) {
            Some(rule) => {
                let label = choice.label.clone();
                self.start_choosing(rule, question.clone(), label, By::Policy, now);
            }
            None if choice.send.is_empty() => return false,
            None => self.answered_by_policy(question.clone(), &choice.label, choice.send.clone(), now),
        }
        true
    }

    fn begin_answer(&mut self, answer: Prompt, step: Step, now: Time) {
        let plan = Plan {
            steps: VecDeque::from([step]),
            extra_enters: 0,
        };
        self.begin(answer, Origin::Answer, plan, now);
    }

    fn typed_reply(&self, question: &Question, wanted: &str) -> Result<Step, SubmitError> {
        let secret = question.kind == BlockKind::Secret;
        let takes_text = match question.kind {
            BlockKind::Question | BlockKind::Secret | BlockKind::Subprompt => true,
            BlockKind::Fullscreen => false,
            BlockKind::Confirm | BlockKind::Pager | BlockKind::Permission | BlockKind::Login => {
                question.choices.is_empty()
            }
        };
        if !takes_text {
            let labels: Vec<&str> = question.choices.iter().map(|c| c.label.as_str()).collect();
            return Err(SubmitError::NoSuchChoice {
                wanted: wanted.to_owned(),
                choices: labels.join(", "),
            });
        }
        plan::check_controls(wanted)?;
        let mut bytes = wanted.as_bytes().to_vec();
        bytes.extend_from_slice(&self.spec.submit.enter);
        Ok(Step {
            bytes: bytes.into(),
            enter: Vec::new(),
            echo: if secret { String::new() } else { wanted.to_owned() },
        })
    }

    pub(super) fn rule_of(&self, question: &Question) -> Option<(usize, &Rule)> {
        let mut rules = self.spec.rules.iter().enumerate();
        rules.find(|(_, rule)| rule.name == question.rule)
    }

    /// The rule whose menu the choice is taken in, unless it has keys of its own.
    fn menu_of(&self, question: &Question, choice: &QuestionChoice) -> Option<usize> {
        let (index, rule) = self.rule_of(question)?;
        (rule.menu.is_some() && choice.send.is_empty()).then_some(index)
    }

    /// The screen once more, right before something is sent: the label must still be there, and mean the same key.
    fn still_offered(&self, question: &Question, index: usize) -> Result<(), SubmitError> {
        let Some((_, rule)) = self.rule_of(question) else {
            return Ok(());
        };
        let fixed = rule
            .choices
            .iter()
            .any(|c| rule.menu.is_none() && c.label == question.choices[index].label);
        if rule.choice_pattern.is_none() || fixed {
            return Ok(());
        }
        let items = dialog::menu(rule, &self.screen);
        match items.iter().any(|item| item.choice == question.choices[index]) {
            true => Ok(()),
            false => Err(SubmitError::DialogChanged {
                label: question.choices[index].label.clone(),
                shown: self.shown(&items),
            }),
        }
    }

    // Moving the highlight.

    fn start_choosing(&mut self, rule: usize, question: Question, label: String, by: By, now: Time) {
        let keys_left = question.choices.len() * 2 + 2;
        self.dialogs.choosing = Some(Choosing {
            rule,
            question,
            label,
            by,
            begun: now,
            keys_left,
            unseen: 0,
            last: None,
            on_label: None,
            until: now + limits::MENU_KEY_WITHIN,
        });
        self.choose(now);
    }

    /// One look at the menu; true while an answer is being given, and then nothing else is looked at.
    pub(super) fn choose(&mut self, now: Time) -> bool {
        let Some(mut choosing) = self.dialogs.choosing.take() else {
            return false;
        };
        let Some(rule) = self.spec.rules.get(choosing.rule) else {
            return false;
        };
        let items = dialog::menu(rule, &self.screen);
        let keys = rule.menu.clone();
        match (choosing.look(&items, now), keys) {
            (Look::Wait, _) => self.dialogs.choosing = Some(choosing),
            (Look::Press(forward), Some(menu)) => {
                let keys = if forward { menu.next } else { menu.previous };
                self.queue.push_keys(Purpose::Keys, keys, now);
                self.dialogs.choosing = Some(choosing);
            }
            (Look::Accept, Some(menu)) => self.accept(choosing, menu.accept, now),
            (Look::Fail(why), _) => {
                let shown = self.shown(&items);
                self.not_chosen(choosing, why, shown, now);
                return false;
            }
            (Look::Press(_) | Look::Accept, None) => return false,
        }
        true
    }

    pub(super) fn chooses_at(&self) -> Option<Time> {
        let choosing = self.dialogs.choosing.as_ref()?;
        let at = choosing.accepts_at().unwrap_or(choosing.until);
        (at > self.quiet_seen).then_some(at)
    }

    fn accept(&mut self, choosing: Choosing, accept: Keys, now: Time) {
        match choosing.by {
            By::Policy => self.answered_by_policy(choosing.question, &choosing.label, accept, now),
            By::Caller(prompt) => {
                let timeout = prompt
                    .timeout
                    .map(|timeout| timeout.saturating_sub(now.since(choosing.begun)));
                let step = Step {
                    bytes: accept,
                    enter: Vec::new(),
                    echo: String::new(),
                };
                let answer = Prompt {
                    text: choosing.label,
                    timeout,
                    ..prompt
                };
                self.begin_answer(answer, step, now);
            }
        }
    }

    fn not_chosen(&mut self, choosing: Choosing, why: String, shown: String, now: Time) {
        let label = choosing.label;
        match choosing.by {
            By::Caller(prompt) => {
                let turn = prompt.turn;
                let event = EventKind::NotAnswered {
                    turn,
                    label,
                    why,
                    shown,
                };
                self.emit(event, now);
            }
            By::Policy => {
                let error = SubmitError::NotChosen { label, why, shown };
                self.dialogs.policy_failed = Some((choosing.question, error.to_string()));
            }
        }
    }

    /// The answer that is being given is not wanted any more, or has nobody to go to.
    pub(super) fn stop_choosing(&mut self, why: &str, now: Time) {
        if let Some(choosing) = self.dialogs.choosing.take() {
            let shown = self.shown(&[]);
            self.not_chosen(choosing, why.to_owned(), shown, now);
        }
    }

    /// A menu in one line, its highlight marked; without one, the end of the screen.
    fn shown(&self, items: &[Item]) -> String {
        const ROWS: usize = 4;
        if items.is_empty() {
            let screen = self.screen.viewport_text();
            let rows = screen.lines().map(str::trim).filter(|row| !row.is_empty());
            let rows: Vec<&str> = rows.collect();
            return rows[rows.len().saturating_sub(ROWS)..].join(" / ");
        }
        let word = |item: &Item| match item.highlighted {
            true => format!("[{}]", item.choice.label),
            false => item.choice.label.clone(),
        };
        items.iter().map(word).collect::<Vec<_>>().join(", ")
    }
}

impl Choosing {
    fn look(&mut self, items: &[Item], now: Time) -> Look {
        let labels: Vec<String> = items.iter().map(|item| item.choice.label.clone()).collect();
        let mut wanted = (0..labels.len()).filter(|&index| labels[index] == self.label);
        let mut marked = (0..items.len()).filter(|&index| items[index].highlighted);
        let found = match (wanted.next(), marked.next()) {
            (Some(wanted_at), Some(marked_at)) if wanted.next().is_none() && marked.next().is_none() => {
                Some((wanted_at, marked_at))
            }
            _ => None,
        };
        let Some((wanted, marked)) = found else {
            self.on_label = None;
            return match now >= self.until {
                true if labels.contains(&self.label) => Look::Fail("the screen shows no highlight".into()),
                true => Look::Fail("it is not on the screen any more".into()),
                false => Look::Wait,
            };
        };
        let moved = self.note(labels, marked);
        if wanted == marked {
            self.on_label.get_or_insert(now);
            return match self.accepts_at().is_some_and(|at| now >= at) {
                true => Look::Accept,
                false => Look::Wait,
            };
        }
        self.on_label = None;
        if moved && self.unseen > 0 {
            self.until = now + limits::MENU_KEY_WITHIN;
        }
        if self.unseen > 0 && now < self.until {
            return Look::Wait;
        }
        if self.keys_left == 0 {
            return Look::Fail("the highlight does not get there".into());
        }
        self.keys_left -= 1;
        self.unseen += 1;
        self.until = now + limits::MENU_KEY_WITHIN;
        Look::Press(wanted > marked)
    }

    /// Takes in where the highlight is; true when it has moved.
    fn note(&mut self, labels: Vec<String>, marked: usize) -> bool {
        let count = labels.len();
        let steps = match &self.last {
            Some((before, at)) if *before == labels => {
                let ahead = (marked + count - at) % count;
                ahead.min(count - ahead)
            }
            // Another menu: how far the highlight went cannot be told.
            Some(_) => usize::MAX,
            None => 0,
        };
        self.last = Some((labels, marked));
        if steps != usize::MAX {
            self.unseen = self.unseen.saturating_sub(steps);
        }
        if steps > 0 {
            self.on_label = None;
        }
        steps > 0
    }

    /// A key that was not seen to move anything may still be on its way.
    fn accepts_at(&self) -> Option<Time> {
        let holds = match self.unseen {
            0 => limits::MENU_HOLDS,
            _ => limits::MENU_DOUBT,
        };
        self.on_label.map(|since| since + holds)
    }
}

/// The choice that `wanted` names: a label as it stands, else the only label that matches as a case-insensitive regex.
pub(super) fn choose(question: &Question, wanted: &str) -> Option<usize> {
    let labels = question.choices.iter().map(|c| c.label.as_str());
    if let Some(index) = labels
        .clone()
        .position(|label| label.eq_ignore_ascii_case(wanted))
    {
        return Some(index);
    }
    let regex = regex::RegexBuilder::new(wanted)
        .case_insensitive(true)
        .size_limit(1 << 20)
        .build()
        .ok()?;
    only(labels.map(|label| regex.is_match(label)))
}

/// The index of the only one that is true.
pub(super) fn only(matches: impl Iterator<Item = bool>) -> Option<usize> {
    let mut found = matches.enumerate().filter(|(_, matches)| *matches);
    let (index, _) = found.next()?;
    found.next().is_none().then_some(index)
}
