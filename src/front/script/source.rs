//! A script's text, and places in it.

use std::path::{Path, PathBuf};

use rhai::Position;

/// A script as it was read.
#[derive(Clone, Debug)]
pub struct Script {
    /// How people know it: the path as they typed it, `-`, or `-c`.
    pub name: String,
    /// `None` for standard input and text given on the command line.
    pub path: Option<PathBuf>,
    pub text: String,
}

/// Line and column, in characters from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl Place {
    /// `None` where Rhai knows no place. A place at the start of a line has column 1.
    pub fn of(position: Position) -> Option<Place> {
        let line = position.line()?;
        let column = position.position().unwrap_or(1);
        Some(Place { line, column })
    }
}

impl Script {
    /// Where files that the script names without a directory are looked for.
    pub fn dir(&self) -> &Path {
        match self.path.as_deref().and_then(Path::parent) {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        }
    }

    /// `NAME:LINE:COLUMN`, or the name alone.
    pub fn locate(&self, place: Option<Place>) -> String {
        match place {
            Some(Place { line, column }) => format!("{}:{line}:{column}", self.name),
            None => self.name.clone(),
        }
    }

    /// The line of a place with a caret below; empty when there is no such line.
    pub fn excerpt(&self, place: Place) -> String {
        let Some(line) = self.text.lines().nth(place.line - 1) else {
            return String::new();
        };
        let number = place.line.to_string();
        let gutter = " ".repeat(number.len());
        // A tab stays one, so that the caret stands below its character wherever tab stops are.
        let before: String = line
            .chars()
            .take(place.column - 1)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        format!("{gutter} |\n{number} | {line}\n{gutter} | {before}^\n")
    }

    /// The last `word` that begins at or before a place.
    pub fn find_before(&self, place: Place, word: &str) -> Option<Place> {
        let within = |line: usize, columns: usize| {
            let text: String = self.text.lines().nth(line - 1)?.chars().take(columns).collect();
            let at = text.rfind(word)?;
            let column = text[..at].chars().count() + 1;
            Some(Place { line, column })
        };
        within(place.line, place.column)
            .or_else(|| (1..place.line).rev().find_map(|line| within(line, usize::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Script {
        Script {
            name: "a.rhai".into(),
            path: None,
            text: text.into(),
        }
    }

    #[test]
    fn the_caret_stands_below_its_character() {
        let excerpt = script("a\n\tb é c\n").excerpt(Place { line: 2, column: 6 });
        assert_eq!(excerpt, "  |\n2 | \tb é c\n  | \t    ^\n");
    }

    #[test]
    fn a_word_is_found_on_the_lines_above() {
        let script = script("let x = expect {\n  \"a\" => 1,\n}");
        let found = script.find_before(Place { line: 2, column: 3 }, "expect");
        assert_eq!(found, Some(Place { line: 1, column: 9 }));
    }
}
