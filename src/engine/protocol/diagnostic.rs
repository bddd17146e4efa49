//! What is wrong with a protocol file, where, and what to do: rendered with the source line and a caret.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub message: String,
    pub hint: Option<String>,
    /// Byte range in the file.
    pub span: Range<usize>,
}

/// A step on the way to a value: a key or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// The problems of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The file's name for messages.
    pub file: String,
    pub source: String,
    pub diagnostics: Vec<Diagnostic>,
    /// The problems of included files.
    pub included: Vec<Problems>,
}

impl std::error::Error for Problems {}

impl Problems {
    /// One-based line and column of a byte.
    pub fn line_col(&self, at: usize) -> (usize, usize) {
        line_col(&self.source, at)
    }

    pub fn has_errors(&self) -> bool {
        let own = self.diagnostics.iter().any(|d| d.severity == Severity::Error);
        own || self.included.iter().any(Problems::has_errors)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            render(f, self, diagnostic)?;
        }
        for (index, included) in self.included.iter().enumerate() {
            if index > 0 || !self.diagnostics.is_empty() {
                writeln!(f)?;
            }
            write!(f, "{included}")?;
        }
        Ok(())
    }
}

fn render(f: &mut fmt::Formatter<'_>, problems: &Problems, diagnostic: &Diagnostic) -> fmt::Result {
    let (line, col) = problems.line_col(diagnostic.span.start);
    let word = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text = problems.source.lines().nth(line - 1).unwrap_or_default();
    let gutter = " ".repeat(line.to_string().len());
    let room = text.chars().count().saturating_sub(col - 1).max(1);
    let length = problems
        .source
        .get(diagnostic.span.clone())
        .map_or(1, |s| s.chars().count())
        .clamp(1, room);
    writeln!(f, "{word}: {}", diagnostic.message)?;
    writeln!(f, "{gutter}--> {}:{line}:{col}", problems.file)?;
    writeln!(f, "{gutter} |")?;
    writeln!(f, "{line} | {text}")?;
    writeln!(f, "{gutter} | {}{}", " ".repeat(col - 1), "^".repeat(length))?;
    match &diagnostic.hint {
        Some(hint) => writeln!(f, "{gutter} = help: {hint}"),
        None => Ok(()),
    }
}

pub fn line_col(source: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    let before = &source[..at];
    let line = before.matches('\n').count() + 1;
    let col = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, col)
}

/// Where the value at `path` stands; the nearest enclosing value when it is not written there.
pub fn locate(source: &str, path: &[Step]) -> Range<usize> {
    walk(source, path).0
}

/// Where the value at `path` stands, when it is written there.
pub fn find(source: &str, path: &[Step]) -> Option<Range<usize>> {
    let (span, whole) = walk(source, path);
    whole.then_some(span)
}

/// The nearest value on the path, and whether that is the path's end.
fn walk(source: &str, path: &[Step]) -> (Range<usize>, bool) {
    let Ok(table) = DeTable::parse(source) else {
        return (0..0, false);
    };
    let mut span = 0..source.lines().next().map_or(0, str::len);
    let mut current = DeValue::Table(table.into_inner());
    for step in path {
        let Some(next) = child(current, step) else {
            return (span, false);
        };
        span = next.span();
        current = next.into_inner();
    }
    (span, true)
}

fn child<'i>(value: DeValue<'i>, step: &Step) -> Option<Spanned<DeValue<'i>>> {
    match (step, value) {
        (Step::Key(key), DeValue::Table(mut table)) => table.remove(key.as_str()),
        (Step::Index(index), DeValue::Array(array)) => array.into_iter().nth(*index),
        _ => None,
    }
}

/// Where a key or a string of this text stands, anywhere within the value at `path`.
pub fn key_span(source: &str, path: &[Step], word: &str) -> Option<Range<usize>> {
    fn search(value: &DeValue<'_>, word: &str) -> Option<Range<usize>> {
        match value {
            DeValue::Table(table) => table.iter().find_map(|(key, value)| {
                let is_it = key.get_ref() == word || value.get_ref().as_str() == Some(word);
                let here = if key.get_ref() == word {
                    key.span()
                } else {
                    value.span()
                };
                is_it.then_some(here).or_else(|| search(value.get_ref(), word))
            }),
            DeValue::Array(array) => array.iter().find_map(|value| search(value.get_ref(), word)),
            _ => None,
        }
    }
    let table = DeTable::parse(source).ok()?;
    let mut current = DeValue::Table(table.into_inner());
    for step in path {
        current = child(current, step)?.into_inner();
    }
    search(&current, word)
}

/// The part of a file that a part of a string's value came from: `value` is where the string stands, quotes included.
pub fn within_string(source: &str, value: Range<usize>, part: Range<usize>) -> Range<usize> {
    let Some(raw) = source.get(value.clone()) else {
        return value;
    };
    let quote = raw.chars().next().unwrap_or_default();
    if quote != '"' && quote != '\'' {
        return value;
    }
    let long = raw.starts_with(&quote.to_string().repeat(3));
    let mut at = if long { 3 } else { 1 };
    // A line end right behind the long opening is no part of the value.
    if long && let Some(rest) = raw.get(at..) {
        at += ["\r\n", "\n"]
            .iter()
            .find(|end| rest.starts_with(**end))
            .map_or(0, |end| end.len());
    }
    let mut decoded = 0;
    let mut start = None;
    while at < raw.len() {
        if decoded >= part.start && start.is_none() {
            start = Some(at);
        }
        if decoded >= part.end {
            break;
        }
        let (written, meant) = one_character(&raw[at..], quote == '"');
        at += written;
        decoded += meant;
    }
    let start = start.unwrap_or(at);
    value.start + start..value.start + at.max(start + 1)
}

/// Bytes as written and as meant of the next character of a string.
fn one_character(raw: &str, escapes: bool) -> (usize, usize) {
    let mut chars = raw.chars();
    let first = chars.next().map_or(1, char::len_utf8);
    if !escapes || !raw.starts_with('\\') {
        return (first, first);
    }
    let digits = match chars.next() {
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        Some(c) if c.is_whitespace() => return (raw.len() - raw[1..].trim_start().len(), 0),
        Some(_) | None => return (2, 1),
    };
    let code = raw
        .get(2..2 + digits)
        .and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let meant = code.and_then(char::from_u32).map_or(1, char::len_utf8);
    (2 + digits, meant)
}

/// The known word nearest to a mistyped one, when it is near enough to be meant.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .min()?;
    (near.0 <= 1 + word.chars().count() / 4).then_some(near.1)
}

/// Edits (insert, delete, replace) from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
