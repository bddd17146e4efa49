//! What an answer means: error rules, exit status, captures.

use std::collections::BTreeMap;

use super::facts::Facts;
use crate::engine::protocol::spec::{ErrorRule, Severity, Spec};
use crate::engine::response::Outcome;

/// Name of the capture that holds a command's exit status.
pub const EXIT_STATUS: &str = "exit_status";

/// Name of the capture that holds what kind of error it was.
pub const REASON: &str = "reason";

/// What an answer is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    pub text: &'a str,
    /// The visible screen when the turn ended.
    pub screen: &'a str,
}

/// Judges a finished answer and adds what the protocol captures from it.
pub fn judge(
    spec: &Spec,
    facts: &Facts,
    ended: Ended<'_>,
    captures: &mut BTreeMap<String, String>,
) -> Outcome {
    let failed = status(spec, facts, captures).map(|code| code != 0);
    let mut outcome = match failed {
        Some(true) => Outcome::Error,
        Some(false) | None => Outcome::Ok,
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
    for pattern in &spec.response.captures {
        named_groups(&pattern.0, ended.text, captures);
    }
    outcome
}

/// Whether the screen or the status alone say that the turn failed.
pub fn has_failed(spec: &Spec, facts: &Facts, screen: &str) -> bool {
    let ended = Ended { text: "", screen };
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
    let status = facts.status.as_deref().unwrap_or_default();
    let places = [
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
