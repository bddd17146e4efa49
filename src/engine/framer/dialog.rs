//! Screens that ask for a decision: the question as text, the choices by label.

use std::sync::LazyLock;

use regex::Regex;

use crate::engine::protocol::spec::{BlockKind, Rule};
use crate::engine::response::{Question, QuestionChoice};
use crate::engine::term::Screen;

/// The question that a rule of the protocol recognised.
pub fn question(rule: &Rule, kind: BlockKind, screen: &Screen, enter: &[u8]) -> Question {
    let shown = screen.viewport_text();
    let text = rule
        .question
        .as_ref()
        .and_then(|pattern| group_or_all(&pattern.0, &shown, "question"));
    let text = text.unwrap_or_else(|| cursor_line(screen));
    let mut choices: Vec<QuestionChoice> = rule
        .choices
        .iter()
        .map(|c| QuestionChoice {
            label: c.label.clone(),
            send: c.send.clone(),
        })
        .collect();
    if let Some(pattern) = &rule.choice_pattern {
        choices.extend(pattern.0.captures_iter(&shown).filter_map(|found| {
            let label = found.name("label")?.as_str().trim().to_owned();
            let send = found
                .name("send")
                .or(found.name("key"))?
                .as_str()
                .as_bytes()
                .to_vec();
            Some(QuestionChoice {
                label,
                send: send.into(),
            })
        }));
    }
    if choices.is_empty() && kind != BlockKind::Secret {
        choices = written_choices(&text, enter);
    }
    Question {
        kind,
        rule: rule.name.clone(),
        text,
        choices,
    }
}

/// The question that no rule knows: the tool waits for input, and this is the line it waits on.
pub fn unrecognised(kind: BlockKind, screen: &Screen, enter: &[u8]) -> Question {
    let text = match kind {
        BlockKind::Fullscreen => screen
            .title()
            .unwrap_or("a full-screen program has the terminal")
            .to_owned(),
        BlockKind::Question
        | BlockKind::Confirm
        | BlockKind::Secret
        | BlockKind::Pager
        | BlockKind::Subprompt
        | BlockKind::Permission
        | BlockKind::Login => cursor_line(screen),
    };
    let choices = if kind == BlockKind::Question {
        written_choices(&text, enter)
    } else {
        Vec::new()
    };
    let rule = match kind {
        BlockKind::Secret => "hidden_input",
        BlockKind::Fullscreen => "full_screen",
        BlockKind::Subprompt => "nested_program",
        BlockKind::Question
        | BlockKind::Confirm
        | BlockKind::Pager
        | BlockKind::Permission
        | BlockKind::Login => "awaiting_input",
    };
    let kind = if choices.is_empty() {
        kind
    } else {
        BlockKind::Confirm
    };
    Question {
        kind,
        rule: rule.into(),
        text,
        choices,
    }
}

fn cursor_line(screen: &Screen) -> String {
    const ROWS: usize = 4;
    screen.cursor_line(ROWS).text.trim().to_owned()
}

fn group_or_all(regex: &Regex, text: &str, group: &str) -> Option<String> {
    let found = regex.captures(text)?;
    let part = found.name(group).or_else(|| found.get(0))?;
    Some(part.as_str().trim().to_owned())
}

/// Choices that the question itself spells out: `[y/N]`, `(yes/no/[fingerprint])`, `(Y)es/(N)o`.
fn written_choices(text: &str, enter: &[u8]) -> Vec<QuestionChoice> {
    static LISTED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"[\[(]([A-Za-z]+(?:/\[?[A-Za-z?]+\]?)+)[\])]\s*[:?]?\s*$").ok());
    static INITIALS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\(([A-Za-z])\)([a-z' ]+)(?:/|\s|$)").ok());
    let choice = |label: &str, typed: &str| {
        let mut send = typed.as_bytes().to_vec();
        send.extend_from_slice(enter);
        QuestionChoice {
            label: label.to_owned(),
            send: send.into(),
        }
    };
    let initials = INITIALS
        .as_ref()
        .map(|r| r.captures_iter(text).collect::<Vec<_>>())
        .unwrap_or_default();
    if initials.len() > 1 {
        return initials
            .iter()
            .map(|c| choice(&format!("{}{}", &c[1], c[2].trim()), &c[1].to_lowercase()))
            .collect();
    }
    let Some(listed) = LISTED.as_ref().and_then(|r| r.captures(text)) else {
        return Vec::new();
    };
    let words = listed[1].split('/').map(|word| word.trim_matches(['[', ']']));
    words.map(|word| choice(word, &word.to_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<String> {
        written_choices(text, b"\r")
            .into_iter()
            .map(|c| c.label)
            .collect()
    }

    #[test]
    fn choices_are_read_from_the_question() {
        assert_eq!(labels("Overwrite? [y/N] "), ["y", "N"]);
        assert_eq!(
            labels("Are you sure (yes/no/[fingerprint])? "),
            ["yes", "no", "fingerprint"]
        );
        assert_eq!(
            labels("Run it? (Y)es/(N)o/(D)on't ask again [Yes]: "),
            ["Yes", "No", "Don't ask again"]
        );
        assert_eq!(labels("Name: "), [""; 0]);
        assert_eq!(labels("see (and/or) later"), [""; 0]);
    }

    #[test]
    fn a_choice_is_sent_with_enter() {
        assert_eq!(written_choices("Go on? [y/n] ", b"\r")[0].send.bytes(), b"y\r");
    }
}
