//! What is wrong with a protocol file, where, and what to do: rendered with the source line and a caret.

use std::fmt;
use std::ops::Range;

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
}

impl std::error::Error for Problems {}

impl Problems {
    /// One-based line and column of a byte.
    pub fn line_col(&self, at: usize) -> (usize, usize) {
        line_col(&self.source, at)
    }

    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
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
    let Ok(table) = DeTable::parse(source) else {
        return 0..0;
    };
    let mut span = 0..source.lines().next().map_or(0, str::len);
    let mut current = DeValue::Table(table.into_inner());
    for step in path {
        let next = match (step, current) {
            (Step::Key(key), DeValue::Table(mut table)) => table.remove(key.as_str()),
            (Step::Index(index), DeValue::Array(array)) => array.into_iter().nth(*index),
            _ => None,
        };
        let Some(next) = next else { break };
        span = next.span();
        current = next.into_inner();
    }
    span
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
