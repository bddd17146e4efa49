//! Which question gets which reply: `--answer` and `--answer-env`. `ptych help answers` says the same to people.

use regex::Regex;

use super::exit::Exit;
use super::failure::Failure;
use super::values::AnswerRule;
use crate::api::Question;

/// Replies in the order in which they are tried.
#[derive(Default)]
pub struct Answers {
    all: Vec<Answer>,
    /// The question that the last reply was a secret for.
    told_secret_to: Option<String>,
}

/// Replies of one answer within one turn: a tool that repeats its question for ever is not answered for ever.
const REPLIES_PER_TURN: usize = 100;

/// Not `Debug`: a reply may be a secret.
struct Answer {
    question: Regex,
    reply: String,
    secret: bool,
    /// Replies given in this turn.
    given: usize,
}

impl Answers {
    /// Plain answers first, then those from the environment.
    pub fn new(plain: &[AnswerRule], from_env: &[AnswerRule]) -> Result<Answers, Failure> {
        let mut all: Vec<Answer> = plain
            .iter()
            .map(|rule| answer(rule, rule.reply.clone(), false))
            .collect();
        for rule in from_env {
            let reply = std::env::var(&rule.reply).map_err(|_| {
                Failure::usage(format!(
                    "--answer-env names {}, which is not set or not UTF-8",
                    rule.reply
                ))
            })?;
            all.push(answer(rule, reply, true));
        }
        Ok(Answers {
            all,
            told_secret_to: None,
        })
    }

    /// The reply of the first answer whose regex is found in the question. A secret is not told to the same question twice in a
    /// row: it was wrong, and the next wrong one may lock an account.
    ///
    /// # Errors
    ///
    /// The answer was given as often as one turn allows.
    pub fn reply_to(&mut self, question: &Question) -> Result<Option<String>, Failure> {
        let fits = |answer: &&mut Answer| answer.question.is_match(&question.text);
        let Some(answer) = self.all.iter_mut().find(fits) else {
            return Ok(None);
        };
        answer.given += 1;
        if answer.given > REPLIES_PER_TURN {
            let message = format!(
                "the answer to {:?} was given {REPLIES_PER_TURN} times in this turn, and the tool asks again: {}",
                answer.question.as_str(),
                question.text
            );
            return Err(Failure::new(Exit::NeedsHuman, "answered_too_often", message));
        }
        let asked_before = self.told_secret_to.take();
        if answer.secret {
            if asked_before.as_ref() == Some(&question.text) {
                return Ok(None);
            }
            self.told_secret_to = Some(question.text.clone());
        }
        Ok(Some(answer.reply.clone()))
    }

    /// The next prompt: what was answered before it does not count.
    pub fn begin_turn(&mut self) {
        self.all.iter_mut().for_each(|answer| answer.given = 0);
    }
}

fn answer(rule: &AnswerRule, reply: String, secret: bool) -> Answer {
    Answer {
        question: rule.question.clone(),
        reply,
        secret,
        given: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(text: &str) -> Question {
        Question {
            kind: "secret".into(),
            rule: "password".into(),
            text: text.into(),
            reason: None,
        }
    }

    #[test]
    fn the_first_match_replies() {
        let rules: Vec<AnswerRule> = ["over=yes", "write=no", "=any"]
            .iter()
            .map(|r| r.parse().unwrap())
            .collect();
        let mut answers = Answers::new(&rules, &[]).unwrap();
        let mut reply = |text: &str| answers.reply_to(&question(text)).unwrap();
        assert_eq!(reply("overwrite?").as_deref(), Some("yes"));
        assert_eq!(reply("write?").as_deref(), Some("no"));
        assert_eq!(reply("what?").as_deref(), Some("any"));
    }

    #[test]
    fn an_answer_is_not_given_for_ever() {
        let rule: AnswerRule = "again=yes".parse().unwrap();
        let mut answers = Answers::new(&[rule], &[]).unwrap();
        for _ in 0..REPLIES_PER_TURN {
            assert!(answers.reply_to(&question("again?")).unwrap().is_some());
        }
        let failure = answers.reply_to(&question("again?")).expect_err("too often");
        assert_eq!(failure.code, "answered_too_often");
        answers.begin_turn();
        assert!(answers.reply_to(&question("again?")).is_ok());
    }

    #[test]
    fn a_secret_is_told_once_to_a_question() {
        let rule: AnswerRule = "word=PATH".parse().unwrap();
        let mut answers = Answers::new(&[], &[rule]).unwrap();
        let mut told = |text: &str| answers.reply_to(&question(text)).unwrap().is_some();
        assert!(told("password:"));
        assert!(!told("password:"));
        assert!(told("other password:"));
    }

    #[test]
    fn a_variable_that_is_not_set_is_a_usage_error() {
        let rule: AnswerRule = "word=PTYCH_TEST_NOT_SET".parse().unwrap();
        assert!(Answers::new(&[], &[rule]).is_err());
    }
}
