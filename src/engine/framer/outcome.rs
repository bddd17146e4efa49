//! What an answer means: error rules, exit status, captures.

use std::collections::BTreeMap;

use super::facts::Facts;
use crate::engine::protocol::spec::{ErrorRule, Severity, Spec};
use crate::engine::response::Outcome;

/// Name of the capture that holds a command's exit status.
pub const EXIT_STATUS: &str = "exit_status";

/// Judges the text of a finished answer and adds what the protocol captures from it.
pub fn judge(spec: &Spec, facts: &Facts, text: &str, captures: &mut BTreeMap<String, String>) -> Outcome {
    let failed = status(spec, facts, captures).map(|code| code != 0);
    let mut outcome = match failed {
        Some(true) => Outcome::Error,
        Some(false) | None => Outcome::Ok,
    };
    // The tool's own word outranks what its output reads like.
    let rules = spec.outcome.errors.iter().filter(|_| failed != Some(false));
    for rule in rules {
        if applies(rule, text, captures) && rule.severity == Severity::Error {
            outcome = Outcome::Error;
        }
    }
    for pattern in &spec.response.captures {
        named_groups(&pattern.0, text, captures);
    }
    outcome
}

/// The exit status that the tool announced.
fn status(spec: &Spec, facts: &Facts, captures: &mut BTreeMap<String, String>) -> Option<i64> {
    let announced = facts.done.as_ref().and_then(|params| params.first());
    let announced = announced.filter(|_| spec.outcome.exit_status_from_mark)?;
    captures.insert(EXIT_STATUS.into(), announced.clone());
    announced.parse().ok()
}

fn applies(rule: &ErrorRule, text: &str, captures: &mut BTreeMap<String, String>) -> bool {
    let Some(found) = rule.pattern.0.find(text) else {
        return false;
    };
    if rule
        .unless
        .as_ref()
        .is_some_and(|unless| unless.0.is_match(&text[found.end()..]))
    {
        return false;
    }
    named_groups(&rule.pattern.0, text, captures);
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
