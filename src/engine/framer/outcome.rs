//! What an answer means: error rules, exit status, captures.

use std::collections::BTreeMap;

use super::facts::Facts;
use crate::engine::protocol::spec::{ErrorRule, Pattern, Severity, Spec};
use crate::engine::response::{Outcome, Question};

/// Name of the capture that holds a command's exit status.
pub const EXIT_STATUS: &str = "exit_status";

/// Name of the capture that holds what went wrong, in the tool's own words.
const MESSAGE: &str = "message";

/// Name of the capture that holds what kind of error it was.
pub const REASON: &str = "reason";

/// What an answer is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    pub text: &'a str,
    /// The visible screen when the turn ended.
    pub screen: &'a str,
    /// What a side channel said went wrong.
    pub told: Option<&'a str>,
}

/// Judges a finished answer and adds what the protocol captures from it.
pub fn judge(
    spec: &Spec,
    facts: &Facts,
    ended: Ended<'_>,
    captures: &mut BTreeMap<String, String>,
) -> Outcome {
    let failed = status(spec, facts, captures).map(|code| code != 0);
    let mut outcome = match (failed, ended.told) {
        (Some(true), _) | (_, Some(_)) => Outcome::Error,
        (Some(false) | None, None) => Outcome::Ok,
    };
    // The tool's own word outranks what its output reads like.
    let rules = spec.outcome.errors.iter().filter(|_| failed != Some(false));
    for rule in rules {
        if !applies(rule, facts, ended, captures) {
            continue;
        }
        if rule.severity == Severity::Error {
            outcome = Outcome::Error;
        }
        // The first rule that knows says what it is.
        if let Some(reason) = rule.reason {
            captures
                .entry(REASON.into())
                .or_insert_with(|| reason.as_str().into());
        }
    }
    if let Some(told) = ended.told {
        captures.entry(MESSAGE.into()).or_insert_with(|| told.to_owned());
    }
    outcome
}

/// What a question that ends a turn tells beside its text.
pub fn asked(question: &Question) -> BTreeMap<String, String> {
    let mut captures = question.captures.clone();
    let reason = question
        .reason
        .map(|reason| (REASON.to_owned(), reason.as_str().to_owned()));
    captures.extend(reason);
    captures
}

/// What the protocol captures from the text of a step, before anything is trimmed off.
pub fn capture(patterns: &[Pattern], text: &str, captures: &mut BTreeMap<String, String>) {
    for pattern in patterns {
        named_groups(&pattern.0, text, captures);
    }
}

/// Captures with a meaning of their own are written the same way, however the tool shows them.
pub fn normalise(captures: &mut BTreeMap<String, String>) {
    for (name, value) in captures {
        let plain = match name.as_str() {
            "tokens_in" | "tokens_out" => count(value),
            "cost_usd" => dollars(value),
            _ => None,
        };
        if let Some(plain) = plain {
            *value = plain;
        }
    }
}

/// `1.2k` is 1200, `3,456` is 3456.
fn count(shown: &str) -> Option<String> {
    let shown = shown.trim().replace([',', '_', ' '], "");
    let (number, exponent) = match shown.char_indices().last()? {
        (at, 'k' | 'K') => (&shown[..at], 3),
        (at, 'm' | 'M') => (&shown[..at], 6),
        _ => (shown.as_str(), 0),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > exponent {
        return None;
    }
    let written = format!("{whole}{part}{}", "0".repeat(exponent - part.len()));
    let trimmed = written.trim_start_matches('0');
    Some(if trimmed.is_empty() {
        "0".into()
    } else {
        trimmed.into()
    })
}

/// `$1,234.50` is 1234.50.
fn dollars(shown: &str) -> Option<String> {
    let shown = shown.trim().trim_start_matches('$').replace(',', "");
    let number = !shown.is_empty() && shown.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    number.then_some(shown)
}

/// Whether the screen or the status alone say that the turn failed.
pub fn has_failed(spec: &Spec, facts: &Facts, screen: &str) -> bool {
    let ended = Ended {
        text: "",
        screen,
        told: None,
    };
    spec.outcome.errors.iter().any(|rule| {
        rule.severity == Severity::Error
            && rule.pattern.is_none()
            && applies(rule, facts, ended, &mut BTreeMap::new())
    })
}

/// Whether the protocol looks at the screen when a turn has ended.
pub fn wants_screen(spec: &Spec) -> bool {
    spec.outcome.errors.iter().any(|rule| rule.screen.is_some())
}

/// The exit status that the tool announced.
fn status(spec: &Spec, facts: &Facts, captures: &mut BTreeMap<String, String>) -> Option<i64> {
    let announced = facts.done.as_ref().and_then(|params| params.first());
    let announced = announced.filter(|_| spec.outcome.exit_status_from_mark)?;
    captures.insert(EXIT_STATUS.into(), announced.clone());
    announced.parse().ok()
}

/// All that the rule gives must hold.
fn applies(
    rule: &ErrorRule,
    facts: &Facts,
    ended: Ended<'_>,
    captures: &mut BTreeMap<String, String>,
) -> bool {
    // A status stands until the next one: what the turn before was told is no word about this one.
    let status = facts.status.as_deref().filter(|_| facts.status_is_new);
    if rule.status.is_some() && status.is_none() {
        return false;
    }
    let status = status.unwrap_or_default();
    if rule.told.is_some() && ended.told.is_none() {
        return false;
    }
    let places = [
        (&rule.told, ended.told.unwrap_or_default()),
        (&rule.pattern, ended.text),
        (&rule.screen, ended.screen),
        (&rule.status, status),
    ];
    let given = || {
        places
            .iter()
            .filter_map(|(pattern, text)| Some((pattern.as_ref()?, *text)))
    };
    if given().next().is_none() || !given().all(|(pattern, text)| pattern.0.is_match(text)) {
        return false;
    }
    if let (Some(pattern), Some(unless)) = (&rule.pattern, &rule.unless) {
        let end = pattern.0.find(ended.text).map_or(0, |found| found.end());
        if unless.0.is_match(&ended.text[end..]) {
            return false;
        }
    }
    for (pattern, text) in given() {
        named_groups(&pattern.0, text, captures);
    }
    true
}

fn named_groups(regex: &regex::Regex, text: &str, captures: &mut BTreeMap<String, String>) {
    if regex.captures_len() < 2 {
        return;
    }
    let Some(found) = regex.captures(text) else { return };
    for name in regex.capture_names().flatten() {
        if let Some(group) = found.name(name) {
            captures.insert(name.to_owned(), group.as_str().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_out() {
        let counts = ["1.2k", "3,456", "7", "0.5M", "12K", "0", "1.25k"];
        let plain: Vec<Option<String>> = counts.iter().map(|shown| count(shown)).collect();
        let wanted = ["1200", "3456", "7", "500000", "12000", "0", "1250"];
        assert_eq!(plain, wanted.map(|wanted| Some(wanted.to_owned())));
        for odd in ["", "k", "many", "1.2.3k", "1.5", "-3"] {
            assert_eq!(count(odd), None, "{odd:?}");
        }
        assert_eq!(dollars("$1,234.50").as_deref(), Some("1234.50"));
        assert_eq!(dollars("free"), None);
    }

    #[test]
    fn only_names_with_a_meaning_are_rewritten() {
        let mut captures = BTreeMap::from([
            ("tokens_in".into(), "1.2k".into()),
            ("size".into(), "1.2k".into()),
        ]);
        normalise(&mut captures);
        assert_eq!(
            (captures["tokens_in"].as_str(), captures["size"].as_str()),
            ("1200", "1.2k")
        );
    }
}
