//! Which question gets which reply: `--answer` and `--answer-env`. `ptych help answers` says the same to people.

use regex::Regex;

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

/// Not `Debug`: a reply may be a secret.
struct Answer {
    question: Regex,
    reply: String,
    secret: bool,
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
    pub fn reply_to(&mut self, question: &Question) -> Option<String> {
        let answer = self
            .all
            .iter()
            .find(|answer| answer.question.is_match(&question.text))?;
        let asked_before = self.told_secret_to.take();
        if answer.secret {
            if asked_before.as_ref() == Some(&question.text) {
                return None;
            }
            self.told_secret_to = Some(question.text.clone());
        }
        Some(answer.reply.clone())
    }
}

fn answer(rule: &AnswerRule, reply: String, secret: bool) -> Answer {
    Answer {
        question: rule.question.clone(),
        reply,
        secret,
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
        }
    }

    #[test]
    fn the_first_match_replies() {
        let rules: Vec<AnswerRule> = ["over=yes", "write=no", "=any"]
            .iter()
            .map(|r| r.parse().unwrap())
            .collect();
        let mut answers = Answers::new(&rules, &[]).unwrap();
        assert_eq!(answers.reply_to(&question("overwrite?")).as_deref(), Some("yes"));
        assert_eq!(answers.reply_to(&question("write?")).as_deref(), Some("no"));
        assert_eq!(answers.reply_to(&question("what?")).as_deref(), Some("any"));
    }

    #[test]
    fn a_secret_is_told_once_to_a_question() {
        let rule: AnswerRule = "word=PATH".parse().unwrap();
        let mut answers = Answers::new(&[], &[rule]).unwrap();
        assert!(answers.reply_to(&question("password:")).is_some());
        assert!(answers.reply_to(&question("password:")).is_none());
        assert!(answers.reply_to(&question("other password:")).is_some());
    }

    #[test]
    fn a_variable_that_is_not_set_is_a_usage_error() {
        let rule: AnswerRule = "word=PTYCH_TEST_NOT_SET".parse().unwrap();
        assert!(Answers::new(&[], &[rule]).is_err());
    }
}
