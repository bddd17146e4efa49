//! Small values as people type them: durations, sizes, variables, answers.

use std::str::FromStr;
use std::time::Duration;

use regex::Regex;

use crate::engine::policy::{Decision, PolicyRule};
use crate::engine::route::Routing;
use crate::engine::supervise::Intensity;
use crate::engine::term::Size;

const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// Where a script's secret comes from.
#[cfg(feature = "script")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFrom {
    pub name: String,
    pub place: SecretPlace,
}

#[cfg(feature = "script")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    File(std::path::PathBuf),
    Environment(String),
    Prompt,
}

/// `NAME=@FILE`, `NAME=env:VAR`, `NAME=prompt`. A secret itself among the arguments would stand in the list of processes.
#[cfg(feature = "script")]
pub fn secret(text: &str) -> Result<SecretFrom, String> {
    let (name, place) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("a secret is NAME=@FILE, NAME=env:VAR or NAME=prompt")?;
    let place = match (place, place.strip_prefix('@'), place.strip_prefix("env:")) {
        ("prompt", ..) => SecretPlace::Prompt,
        (_, Some(file), _) if !file.is_empty() => SecretPlace::File(file.into()),
        (_, _, Some(variable)) if !variable.is_empty() => SecretPlace::Environment(variable.to_owned()),
        _ => {
            return Err(
                "it comes from @FILE, env:VAR or prompt, so that it is not among the arguments".into(),
            );
        }
    };
    Ok(SecretFrom {
        name: name.to_owned(),
        place,
    })
}

/// `500ms`, `90s`, `10m`, `1h30m`, `1.5s`. More than zero and at most 30 days, so that every wait has an end.
pub fn duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("a duration is a number with a unit, such as 90s or 10m".into());
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let (part, tail) = one_unit(rest)?;
        seconds += part;
        rest = tail;
    }
    let duration =
        Duration::try_from_secs_f64(seconds).map_err(|_| "that duration is out of range".to_string())?;
    match duration {
        Duration::ZERO => Err("a duration must be more than zero".into()),
        d if d > LONGEST => Err("a duration may be at most 30 days (720h)".into()),
        d => Ok(d),
    }
}

fn one_unit(text: &str) -> Result<(f64, &str), String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    let number: f64 = number
        .parse()
        .map_err(|_| format!("`{text}` does not start with a number"))?;
    let letters = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(letters);
    let scale = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "" => {
            return Err(format!(
                "`{text}` lacks a unit; write {text}s, {text}m or {text}h"
            ));
        }
        other => return Err(format!("`{other}` is no unit; units are ms, s, m, h")),
    };
    Ok((number * scale, rest))
}

/// `round-robin`, `least-busy`, `sticky` or `random-two`.
pub fn routing(text: &str) -> Result<Routing, String> {
    text.replace('-', "_")
        .parse()
        .map_err(|_| "a routing is round-robin, least-busy, sticky or random-two".to_string())
}

/// `5/60s`: so many restarts within such a time; or `unlimited`.
pub fn intensity(text: &str) -> Result<Intensity, String> {
    let forms = "an intensity is TIMES/DURATION, such as 5/60s or 100/1h, or unlimited";
    if text.trim() == "unlimited" {
        return Ok(Intensity {
            most: u32::MAX,
            ..Intensity::default()
        });
    }
    let (most, within) = text.split_once('/').ok_or(forms)?;
    let most = most.trim().parse().map_err(|_| forms)?;
    let within = duration(within).map_err(|what| format!("{what}; {forms}"))?;
    Ok(Intensity { most, within })
}

/// `120x40`: columns and rows.
pub fn size(text: &str) -> Result<Size, String> {
    let parts = text
        .split_once(['x', 'X'])
        .and_then(|(c, r)| Some((c.parse().ok()?, r.parse().ok()?)));
    match parts {
        Some((cols @ 1..=1000, rows @ 1..=1000)) => Ok(Size { cols, rows }),
        Some(_) => Err("columns and rows go from 1 to 1000".into()),
        None => Err("a size is COLUMNSxROWS, such as 120x40".into()),
    }
}

/// `NAME=VALUE`, or `NAME` to pass the caller's own value on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    pub value: Option<String>,
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Variable, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (text, None),
        };
        if name.is_empty() || name.contains('\0') {
            return Err("a variable is NAME=VALUE, or NAME to pass your own value on".into());
        }
        Ok(Variable {
            name: name.to_string(),
            value,
        })
    }
}

/// `REGEX=REPLY`, split at the first equals sign (`\x3d` is one within the regex).
#[derive(Clone, Debug)]
pub struct AnswerRule {
    /// Searched in the question's text.
    pub question: Regex,
    /// A regex over the choices' labels, or the text to type. For `--answer-env`: the variable's name.
    pub reply: String,
}

impl FromStr for AnswerRule {
    type Err = String;

    fn from_str(text: &str) -> Result<AnswerRule, String> {
        let (question, reply) = text
            .split_once('=')
            .ok_or("an answer is REGEX=REPLY, such as 'Overwrite=yes'".to_string())?;
        let question =
            Regex::new(question).map_err(|e| format!("the regex before `=` cannot be used: {e}"))?;
        Ok(AnswerRule {
            question,
            reply: reply.to_string(),
        })
    }
}

/// `ask`, `deny` or `allow=REGEX`; the first two take a regex, too.
impl FromStr for PolicyRule {
    type Err = String;

    fn from_str(text: &str) -> Result<PolicyRule, String> {
        let (word, regex) = match text.split_once('=') {
            Some((word, regex)) => (word, Some(regex)),
            None => (text, None),
        };
        let decision = match (word, regex) {
            ("ask", _) => Decision::Ask,
            ("deny", _) => Decision::Deny,
            ("allow", Some(_)) => Decision::Allow,
            ("allow", None) => {
                return Err("say what is allowed: allow=REGEX, over the question's text".into());
            }
            _ => return Err("a policy is ask, deny or allow=REGEX".into()),
        };
        let question = match regex {
            Some("") => {
                return Err(format!(
                    "the regex of {word} is empty: it would match every question"
                ));
            }
            Some(regex) => Some(Regex::new(regex).map_err(|e| format!("the regex cannot be used: {e}"))?),
            None => None,
        };
        Ok(PolicyRule { decision, question })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_add_up_their_units() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
    }

    #[test]
    fn durations_without_unit_or_end_are_refused() {
        for bad in ["", "10", "s", "5d", "0s", "1e9h", "-1s", "9999h", "nan"] {
            assert!(duration(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn an_intensity_is_so_many_within_a_time_or_unlimited() {
        assert_eq!(intensity("5/60s"), Ok(Intensity::default()));
        let few = Intensity {
            most: 0,
            within: Duration::from_secs(3600),
        };
        assert_eq!(intensity("0/1h"), Ok(few));
        assert_eq!(intensity("unlimited").map(|it| it.most), Ok(u32::MAX));
        for bad in ["", "5", "5/", "/60s", "-1/60s", "5/60", "5/0s", "x/60s", "none"] {
            let told = intensity(bad).expect_err(bad);
            assert!(
                told.contains("5/60s") && told.contains("unlimited"),
                "{bad}: {told}"
            );
        }
    }

    #[test]
    fn sizes_are_columns_by_rows() {
        assert_eq!(size("120x40"), Ok(Size { cols: 120, rows: 40 }));
        for bad in ["120", "0x40", "120x", "x", "120x40x3", "99999x1"] {
            assert!(size(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn a_policy_says_what_it_allows() {
        let rule: PolicyRule = "allow=^git (log|diff)=?".parse().unwrap();
        assert_eq!(rule.decision, Decision::Allow);
        assert!(rule.question.unwrap().is_match("git log"));
        let rule: PolicyRule = "deny".parse().unwrap();
        assert!(rule.decision == Decision::Deny && rule.question.is_none());
        for bad in ["allow", "allow=", "yes", "deny=(", "Allow=x"] {
            assert!(bad.parse::<PolicyRule>().is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn an_answer_splits_at_the_first_equals_sign() {
        let rule: AnswerRule = r"a\x3db=c=d".parse().unwrap();
        assert!(rule.question.is_match("a=b"));
        assert_eq!(rule.reply, "c=d");
        assert!("no sign".parse::<AnswerRule>().is_err());
        assert!("(=x".parse::<AnswerRule>().is_err());
    }
}
