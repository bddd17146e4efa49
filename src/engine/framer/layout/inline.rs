//! Marks inside a line: emphasis, code, links.

use std::sync::Arc;

use super::row::{Piece, Row, has_look};
use crate::engine::protocol::layout::{Markdown, StyleWanted};

/// Marks around a piece of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Marks {
    bold: bool,
    italic: bool,
    strike: bool,
    code: bool,
    /// Reads as a link: declared by its look, or with the address that OSC 8 gave.
    link: bool,
    address: Option<Arc<str>>,
}

impl Marks {
    fn of(rules: &Markdown, piece: &Piece) -> Marks {
        let is = |style: &Option<StyleWanted>| style.as_ref().is_some_and(|s| has_look(s, &piece.style));
        let link = piece.link.is_some() || is(&rules.link);
        let code = !link && is(&rules.code);
        Marks {
            bold: !code && !link && is(&rules.bold),
            italic: !code && !link && is(&rules.italic),
            strike: !code && !link && is(&rules.strike),
            code,
            link,
            address: piece.link.clone(),
        }
    }

    fn around(&self, text: &str) -> String {
        let mut marks = String::new();
        for (on, mark) in [
            (self.strike, "~~"),
            (self.bold, "**"),
            (self.italic, "*"),
            (self.code, if text.contains('`') { "``" } else { "`" }),
        ] {
            if on {
                marks.push_str(mark);
            }
        }
        let back: String = marks.chars().rev().collect();
        format!("{marks}{text}{back}")
    }
}

/// The text of a line with its marks.
pub fn inline(rules: &Markdown, line: &Row) -> String {
    let mut spans: Vec<(Marks, String)> = Vec::new();
    for piece in &line.pieces {
        let marks = Marks::of(rules, piece);
        match spans.last_mut().filter(|(last, _)| *last == marks) {
            Some((_, text)) => text.push_str(&piece.text),
            None => spans.push((marks, piece.text.clone())),
        }
    }
    absorb_blanks(&mut spans);
    let mut out = String::new();
    let mut index = 0;
    while index < spans.len() {
        if spans[index].0.link {
            index = write_link(&mut spans, index, &mut out);
            continue;
        }
        let (marks, text) = &spans[index];
        let body = text.trim();
        let lead = &text[..text.len() - text.trim_start().len()];
        let trail = &text[lead.len() + body.len()..];
        out.push_str(lead);
        if !body.is_empty() {
            out.push_str(&marks.around(body));
        }
        out.push_str(trail);
        index += 1;
    }
    out.trim_end().to_owned()
}

/// Tools that paint word by word leave the blanks between the words unpainted.
fn absorb_blanks(spans: &mut Vec<(Marks, String)>) {
    let mut index = 1;
    while index + 1 < spans.len() {
        if spans[index].1.trim().is_empty() && spans[index - 1].0 == spans[index + 1].0 {
            let next = spans.remove(index + 1).1;
            let blank = spans.remove(index).1;
            spans[index - 1].1.push_str(&(blank + &next));
        } else {
            index += 1;
        }
    }
}

/// The text of a heading: its links are marked, its look is the heading's own.
pub fn heading(line: &Row) -> String {
    inline(&Markdown::default(), line)
}

/// Writes the link at `index`; the index of the span to go on with.
fn write_link(spans: &mut [(Marks, String)], index: usize, out: &mut String) -> usize {
    let text = spans[index].1.clone();
    let address = spans[index].0.address.clone();
    let shown = address_behind(spans, index, address.as_deref());
    let Some(target) = address.as_deref().or(shown.as_deref()) else {
        out.push_str(&text);
        return index + 1;
    };
    let label = text.trim();
    // Some tools make the address that they print behind it part of the link.
    let label = label
        .strip_suffix(')')
        .and_then(|rest| rest.strip_suffix(target)?.strip_suffix(" ("))
        .unwrap_or(label);
    let lead = text.len() - text.trim_start().len();
    out.push_str(&text[..lead]);
    // An address that leads where it says is written as it stands, without the blank of a row that was wrapped in it.
    let bare = label.split_whitespace().collect::<String>() == target;
    let next = match &shown {
        _ if bare => {
            out.push_str(target);
            index + 1
        }
        _ if is_address(label) && address.is_none() => {
            out.push_str(label);
            index + 1
        }
        _ => {
            out.push_str(&format!("[{label}]({})", destination(target)));
            let eaten = shown.as_ref().map_or(0, |shown| shown.len() + " ()".len());
            without_head(spans, index + 1, eaten)
        }
    };
    if next == index + 1 {
        out.push_str(&text[text.trim_end().len()..]);
    }
    next
}

/// The address in parentheses behind the span at `index`; where the link says where it leads, only that one.
fn address_behind(spans: &[(Marks, String)], index: usize, address: Option<&str>) -> Option<String> {
    const SPANS: usize = 4;
    let behind: String = spans[index + 1..]
        .iter()
        .take(SPANS)
        .map(|(_, text)| text.as_str())
        .collect();
    let rest = behind.strip_prefix(" (")?;
    if let Some(address) = address {
        return rest
            .strip_prefix(address)?
            .starts_with(')')
            .then(|| address.to_owned());
    }
    let (shown, _) = rest.split_once(')')?;
    is_address(shown).then(|| shown.to_owned())
}

/// Takes `bytes` off the spans from `index` on; the index of the span to go on with.
fn without_head(spans: &mut [(Marks, String)], index: usize, mut bytes: usize) -> usize {
    let mut index = index;
    while index < spans.len() && bytes > 0 {
        let len = spans[index].1.len();
        if len > bytes {
            spans[index].1.drain(..bytes);
            break;
        }
        bytes -= len;
        index += 1;
    }
    index
}

/// An address as Markdown wants it between parentheses.
fn destination(target: &str) -> String {
    if target.contains([' ', '(', ')']) {
        format!("<{target}>")
    } else {
        target.to_owned()
    }
}

fn is_address(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.len() > 1
        && scheme.chars().all(|c| c.is_ascii_alphanumeric())
        && !text.contains(char::is_whitespace)
}
