//! What TOML 1.1 allows and 1.0 does not: ptych reads it, editors and other readers mark the file as broken.

use std::ops::Range;

use crate::engine::protocol::diagnostic::{Diagnostic, Severity};

/// Warnings for a file that has been read.
pub(in crate::engine::protocol) fn toml_1_1(source: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut open: Vec<Bracket> = Vec::new();
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        let mut length = c.len_utf8();
        let inline = open.last_mut().filter(|bracket| bracket.inline_table);
        match c {
            '#' => length = source[at..].find('\n').unwrap_or(source.len() - at),
            '"' | '\'' => {
                length = string(&source[at..]);
                if c == '"' {
                    found.extend(
                        new_escape(&source[at..at + length]).map(|e| escape(at + e.start..at + e.end)),
                    );
                }
            }
            '{' | '[' => open.push(Bracket::new(at, c == '{')),
            '\n' => {
                if let Some(table) = inline.filter(|table| !table.told) {
                    table.told = true;
                    found.push(several_lines(table.at));
                }
            }
            '}' | ']' => {
                let comma = open
                    .pop()
                    .and_then(|bracket| bracket.comma.filter(|_| bracket.inline_table));
                found.extend(comma.map(trailing_comma));
            }
            _ => {}
        }
        if let Some(bracket) = open.last_mut().filter(|_| !c.is_whitespace() && c != '#') {
            bracket.comma = (c == ',').then_some(at);
        }
        at += length;
    }
    found
}

struct Bracket {
    at: usize,
    inline_table: bool,
    /// The last thing inside was this comma.
    comma: Option<usize>,
    told: bool,
}

impl Bracket {
    const fn new(at: usize, inline_table: bool) -> Bracket {
        Bracket {
            at,
            inline_table,
            comma: None,
            told: false,
        }
    }
}

/// Length of the string that `text` starts with, quotes included.
fn string(text: &str) -> usize {
    let quote = &text[..1];
    let long = quote.repeat(3);
    let close = if text.starts_with(&long) {
        long.as_str()
    } else {
        quote
    };
    let mut at = close.len();
    while let Some(c) = text[at..].chars().next() {
        if text[at..].starts_with(close) {
            // Up to two quotes may stand before the closing three.
            let more = text[at + close.len()..]
                .chars()
                .take_while(|c| close.len() == 3 && quote.starts_with(*c));
            return at + close.len() + more.take(2).count();
        }
        let escaped = c == '\\' && quote == "\"";
        at += c.len_utf8();
        if escaped {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    text.len()
}

/// `\e` and `\xHH` of a basic string.
fn new_escape(raw: &str) -> Option<Range<usize>> {
    let mut escaped = false;
    for (at, c) in raw.char_indices() {
        match (escaped, c) {
            (true, 'e') => return Some(at - 1..at + 1),
            (true, 'x') => return Some(at - 1..at + 3),
            (true, _) => escaped = false,
            (false, _) => escaped = c == '\\',
        }
    }
    None
}

fn warn(span: Range<usize>, message: &str, hint: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Warning,
        message: message.to_owned(),
        hint: Some(hint.to_owned()),
        span,
    }
}

fn several_lines(at: usize) -> Diagnostic {
    let message = "an inline table over several lines: TOML 1.1, which most editors refuse";
    warn(at..at + 1, message, "write it on one line, or as a [table]")
}

fn trailing_comma(at: usize) -> Diagnostic {
    let message = "a comma at the end of an inline table: TOML 1.1, which most editors refuse";
    warn(at..at + 1, message, "leave it out")
}

fn escape(span: Range<usize>) -> Diagnostic {
    let message = "this escape is TOML 1.1, which most editors refuse";
    warn(span, message, "write \\u001b for ESC, \\u00HH for others")
}
