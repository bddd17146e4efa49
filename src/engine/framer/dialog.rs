//! Screens that ask for a decision: the question as text, the choices by label.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::engine::protocol::spec::{BlockKind, Keys, MarkerStyle, Rule};
use crate::engine::response::{Question, QuestionChoice};
use crate::engine::term::{Attrs, Screen, Style, Underline};

/// The group that holds the question in its regex.
const QUESTION: &str = "question";

/// The question that a rule of the protocol recognised.
pub fn question(rule: &Rule, kind: BlockKind, screen: &Screen, enter: &[u8]) -> Question {
    let shown = screen.viewport_text();
    let asked = asked(rule, &shown);
    let text = asked.as_ref().map_or_else(
        || cursor_line(screen),
        |asked| cleaned(asked.part.as_str()).join("\n"),
    );
    // In a menu only what stands there can be chosen.
    let fixed = rule.choices.iter().filter(|_| rule.menu.is_none());
    let mut choices: Vec<QuestionChoice> = fixed
        .map(|c| QuestionChoice {
            label: c.label.clone(),
            send: c.send.clone(),
        })
        .collect();
    choices.extend(menu_in(rule, screen, &shown).into_iter().map(|item| item.choice));
    if choices.is_empty() && kind != BlockKind::Secret {
        choices = written_choices(&text, enter);
    }
    Question {
        kind,
        rule: rule.name.clone(),
        text,
        choices,
        reason: rule.reason,
        captures: asked.map_or_else(BTreeMap::new, |asked| asked.groups()),
    }
}

/// A choice as it stands on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub choice: QuestionChoice,
    pub highlighted: bool,
    /// Letters and digits that stand alone beside the label: what a person may press for it. ptych itself never does.
    pub shown_keys: Vec<char>,
}

/// The choices that `choice_pattern` finds at this moment; empty where the question is not on the screen.
pub fn menu(rule: &Rule, screen: &Screen) -> Vec<Item> {
    menu_in(rule, screen, &screen.viewport_text())
}

/// Whether all that the rule reads off the screen stands there: a status may be told before the dialog is painted.
pub fn is_painted(rule: &Rule, screen: &Screen) -> bool {
    let shown = screen.viewport_text();
    let asked = rule.question.is_none() || asked(rule, &shown).is_some();
    asked && (rule.choice_pattern.is_none() || !menu_in(rule, screen, &shown).is_empty())
}

/// The question as it stands on the screen.
struct Asked<'a> {
    pattern: &'a Regex,
    found: regex::Captures<'a>,
    part: regex::Match<'a>,
}

/// Older dialogs may still be shown above.
fn asked<'a>(rule: &'a Rule, shown: &'a str) -> Option<Asked<'a>> {
    let pattern = &rule.question.as_ref()?.0;
    let found = pattern.captures_iter(shown).last()?;
    let part = found.name(QUESTION).or_else(|| found.get(0))?;
    Some(Asked { pattern, found, part })
}

impl Asked<'_> {
    /// The named groups beside the question itself.
    fn groups(&self) -> BTreeMap<String, String> {
        let names = self.pattern.capture_names().flatten();
        let others = names.filter(|name| *name != QUESTION);
        let group = |name: &str| {
            Some((
                name.to_owned(),
                cleaned(self.found.name(name)?.as_str()).join(" "),
            ))
        };
        others.filter_map(group).collect()
    }
}

fn menu_in(rule: &Rule, screen: &Screen, shown: &str) -> Vec<Item> {
    let Some(pattern) = &rule.choice_pattern else {
        return Vec::new();
    };
    let from = match (&rule.question, asked(rule, shown)) {
        (None, _) => 0,
        (Some(_), Some(asked)) => asked.part.end(),
        // What else is on the screen may look like choices.
        (Some(_), None) => return Vec::new(),
    };
    let mut items = Vec::new();
    let mut looks = Vec::new();
    for found in pattern.0.captures_iter(shown) {
        let Some(label) = found.name("label").filter(|label| label.start() >= from) else {
            continue;
        };
        let text = cleaned(label.as_str()).join(" ");
        if text.is_empty() {
            continue;
        }
        let marker = found.name("marker").map_or("", |marker| marker.as_str());
        let ink = label.as_str().find(|c: char| !is_frame(c)).unwrap_or_default();
        looks.push(style_at(screen, shown, label.start() + ink));
        items.push(Item {
            choice: QuestionChoice {
                send: keys_of(rule, &found, &text),
                label: text,
            },
            highlighted: !marker.trim().is_empty(),
            shown_keys: [
                found.get_match().start()..label.start(),
                label.end()..found.get_match().end(),
            ]
            .into_iter()
            .flat_map(|beside| single_keys(&shown[beside]))
            .collect(),
        });
    }
    if let Some(style) = rule.menu.as_ref().and_then(|menu| menu.style) {
        let marked = styled(style, &looks, screen);
        for (item, marked) in items.iter_mut().zip(marked) {
            item.highlighted = marked;
        }
    }
    items
}

/// `1` and `y` of `> 1. Yes, go on (y)`; `esc` is none.
fn single_keys(text: &str) -> impl Iterator<Item = char> + '_ {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter_map(|word| {
        let mut chars = word.chars();
        chars.next().filter(|_| chars.next().is_none())
    })
}

/// What takes the choice: its own keys in a menu, else what the pattern found, and what the protocol types behind that.
fn keys_of(rule: &Rule, found: &regex::Captures<'_>, label: &str) -> Keys {
    let own = rule
        .choices
        .iter()
        .find(|choice| rule.menu.is_some() && choice.label == label);
    if let Some(own) = own {
        return own.send.clone();
    }
    let typed = found.name("send").or(found.name("key"));
    let Some(typed) = typed.filter(|typed| !typed.is_empty()) else {
        return Keys::default();
    };
    let mut keys = Keys::from(typed.as_str().as_bytes().to_vec());
    keys.0
        .extend(rule.accept.iter().flat_map(|accept| accept.0.iter().cloned()));
    keys
}

/// The look of the character at a byte of the visible text.
fn style_at(screen: &Screen, shown: &str, byte: usize) -> Style {
    let before = &shown[..byte];
    let row = before.matches('\n').count() as u64;
    let mut left = byte - before.rfind('\n').map_or(0, |at| at + 1);
    for (text, style) in screen.styled_row(screen.top_row() + row).unwrap_or_default() {
        if left < text.len() {
            return style;
        }
        left -= text.len();
    }
    Style::default()
}

fn styled(wanted: MarkerStyle, looks: &[Style], screen: &Screen) -> Vec<bool> {
    let has = |attrs: Attrs| looks.iter().map(|look| look.attrs.contains(attrs)).collect();
    match wanted {
        MarkerStyle::Reverse => has(Attrs::INVERSE),
        MarkerStyle::Bold => has(Attrs::BOLD),
        MarkerStyle::Underline => looks
            .iter()
            .map(|look| look.underline != Underline::None)
            .collect(),
        MarkerStyle::Background => rarest_background(looks, screen),
    }
}

/// Choices that are not highlighted have the background of the dialog around them.
fn rarest_background(looks: &[Style], screen: &Screen) -> Vec<bool> {
    let alone = |look: &Style| looks.iter().filter(|other| other.bg == look.bg).count() == 1;
    let cells = |look: &Style| -> usize {
        let rows = screen.top_row()..screen.top_row() + u64::from(screen.size().rows);
        let pieces = rows.filter_map(|row| screen.styled_row(row)).flatten();
        pieces
            .filter(|(_, style)| style.bg == look.bg)
            .map(|(text, _)| text.chars().count())
            .sum()
    };
    let candidates: Vec<usize> = (0..looks.len()).filter(|&index| alone(&looks[index])).collect();
    let chosen = match candidates[..] {
        [one] => Some(one),
        [one, other] if looks.len() == 2 => {
            let (first, second) = (cells(&looks[one]), cells(&looks[other]));
            (first != second).then_some(if first < second { one } else { other })
        }
        _ => None,
    };
    (0..looks.len()).map(|index| Some(index) == chosen).collect()
}

/// Rows without the box around them; those that held nothing else are left out.
fn cleaned(text: &str) -> Vec<&str> {
    let rows = text.lines().map(|row| row.trim_matches(is_frame));
    rows.filter(|row| !row.is_empty()).collect()
}

/// Blanks, and what boxes are drawn with (box drawing and block elements of Unicode).
fn is_frame(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{2500}'..='\u{259f}')
}

/// The rule of an ordinary question that no rule knows.
pub const AWAITING_INPUT: &str = "awaiting_input";

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
        | BlockKind::Login => AWAITING_INPUT,
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
        reason: None,
        captures: BTreeMap::new(),
    }
}

fn cursor_line(screen: &Screen) -> String {
    const ROWS: usize = 4;
    screen.cursor_line(ROWS).text.trim().to_owned()
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
