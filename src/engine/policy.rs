//! What may be answered without asking a person.
//!
//! A policy looks at states of kind permission and at nothing else: a login, a secret, a free question or a choice that is no permission is
//! a person's business whatever the policy says. What "allow" and "deny" mean in a dialog is said by its protocol (`allow`, `deny`); where it
//! does not say it, the person is asked.

use regex::Regex;

/// Rules in order; the first that matches decides, and without one a person is asked.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub rules: Vec<PolicyRule>,
}

#[derive(Clone, Debug)]
pub struct PolicyRule {
    pub decision: Decision,
    /// Over the question's text, all its rows; `None` matches every question.
    pub question: Option<Regex>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A person decides.
    Ask,
    /// By the dialog's `deny` keys.
    Deny,
    /// By the one choice that the dialog's `allow` names.
    Allow,
}

impl Decision {
    pub const fn as_str(self) -> &'static str {
        match self {
            Decision::Ask => "ask",
            Decision::Deny => "deny",
            Decision::Allow => "allow",
        }
    }
}

impl Policy {
    pub fn decide(&self, question: &str) -> Decision {
        let fits = |rule: &&PolicyRule| {
            rule.question
                .as_ref()
                .is_none_or(|regex| regex.is_match(question))
        };
        self.rules
            .iter()
            .find(fits)
            .map_or(Decision::Ask, |rule| rule.decision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(decision: Decision, question: Option<&str>) -> PolicyRule {
        let question = question.map(|regex| Regex::new(regex).expect("valid"));
        PolicyRule { decision, question }
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        assert_eq!(Policy::default().decide("rm -rf"), Decision::Ask);
        let policy = Policy {
            rules: vec![
                rule(Decision::Ask, Some("^rm ")),
                rule(Decision::Allow, Some("touch|rm")),
                rule(Decision::Deny, None),
            ],
        };
        assert_eq!(policy.decide("rm -rf /"), Decision::Ask);
        assert_eq!(policy.decide("sudo rm"), Decision::Allow);
        assert_eq!(policy.decide("curl"), Decision::Deny);
    }
}
