//! Where on the screen the reply stands: below the echo of the prompt, above the composer.

use regex::Regex;

use super::row::{Row, read};
use crate::engine::protocol::layout::Layout;
use crate::engine::protocol::spec::Pattern;
use crate::engine::term::Screen;

/// Rows that a pattern over several rows sees.
const PATTERN_ROWS: usize = 12;

/// A row that repeats the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Index of its first row.
    pub row: usize,
    /// Index behind its last row.
    pub end: usize,
    /// It shows the prompt's own text, from its start to its end.
    pub whole: bool,
}

/// The rows of the viewport and the absolute row of the first.
pub fn screen_rows(screen: &Screen) -> Vec<Row> {
    let top = screen.top_row();
    (top..top + u64::from(screen.size().rows))
        .map(|row| read(screen, row).unwrap_or_default())
        .collect()
}

/// Index of the composer's first row among `texts`: the lowest row from whose start the pattern matches.
pub fn composer_row(layout: &Layout, texts: &[String]) -> Option<usize> {
    let pattern = layout.composer.as_ref()?;
    (0..texts.len())
        .rev()
        .find(|&row| rows_matched(pattern, &texts[row..]) > 0)
}

/// Index of the lowest row that shows the start of a question.
pub fn question_row(texts: &[String], asked: &str) -> Option<usize> {
    let first = asked.lines().map(str::trim).find(|line| !line.is_empty())?;
    texts.iter().rposition(|text| text.contains(first))
}

/// How many rows, from the first of `texts` on, stand still at the top.
pub fn header_rows(layout: &Layout, texts: &[String]) -> usize {
    layout
        .header
        .as_ref()
        .map_or(0, |pattern| rows_matched(pattern, texts))
}

/// How many rows a match from the first one's start covers; 0 where it does not match.
fn rows_matched(pattern: &Pattern, texts: &[String]) -> usize {
    let Some(first) = texts.first() else { return 0 };
    // Most rows can be told from the first one alone, without joining any.
    if !can_start(&pattern.0, first, texts.len() > 1) {
        return 0;
    }
    let seen = &texts[..texts.len().min(PATTERN_ROWS)];
    let trimmed: Vec<&str> = seen.iter().map(|text| text.trim_end()).collect();
    // An empty composer may end in a blank that was written, or that was not.
    covered(pattern, &seen.join("\n")).max(covered(pattern, &trimmed.join("\n")))
}

/// Rows of `joined` that a match from its start covers.
fn covered(pattern: &Pattern, joined: &str) -> usize {
    match pattern.0.find(joined) {
        Some(found) if found.start() == 0 && found.end() > 0 => {
            let covered = &joined[..found.end()];
            covered.matches('\n').count() + usize::from(!covered.ends_with('\n'))
        }
        Some(_) | None => 0,
    }
}

/// A pattern of one row is decided by that row; one of several says so with its newline.
fn can_start(pattern: &Regex, first: &str, more: bool) -> bool {
    let several = pattern.as_str().contains("\\n")
        || pattern.as_str().contains("\\s")
        || pattern.as_str().contains("(?s");
    (several && more) || pattern.find(first).is_some_and(|found| found.start() == 0)
}

/// Takes rows off the end that belong to what stands between the reply and the composer.
pub fn drop_footer(layout: &Layout, rows: &mut Vec<Row>) {
    loop {
        while rows.last().is_some_and(Row::is_blank) {
            rows.pop();
        }
        let Some(last) = rows.last() else { return };
        let text = last.text();
        if !layout
            .footer
            .iter()
            .any(|pattern| pattern.0.is_match(text.trim_end()))
        {
            return;
        }
        rows.pop();
    }
}

/// The last row of `texts` that repeats the prompt; one that shows its text is preferred. `counts` says which rows may.
pub fn echo_end(
    layout: &Layout,
    texts: &[String],
    prompt: &str,
    counts: impl Fn(usize) -> bool,
) -> Option<Echo> {
    let pattern = layout.prompt_echo.as_ref()?;
    let mut last = None;
    for (row, text) in texts.iter().enumerate().rev() {
        let Some(found) = pattern.0.find(text) else {
            continue;
        };
        if !counts(row) {
            continue;
        }
        // What the pattern takes may reach into the prompt's own text: then its words are there as well.
        let echo = [found.end(), found.start()]
            .into_iter()
            .find_map(|from| whole_echo(texts, row, from, prompt));
        if let Some(end) = echo {
            return Some(Echo {
                row,
                end,
                whole: true,
            });
        }
        last.get_or_insert(Echo {
            row,
            end: row + 1,
            whole: false,
        });
    }
    last
}

/// The index behind the rows that show `prompt`, from byte `from` of row `row` on; blanks do not count, as rows are wrapped and indented.
fn whole_echo(texts: &[String], row: usize, from: usize, prompt: &str) -> Option<usize> {
    let mut wanted = prompt.chars().filter(|c| !c.is_whitespace()).peekable();
    wanted.peek()?;
    let mut text = texts[row].get(from..)?;
    // A glyph that marks a prompt stands before its words.
    let first = *wanted.peek()?;
    text = &text[text.find(first).filter(|at| *at <= 8)?..];
    let mut row = row;
    loop {
        for c in text.chars().filter(|c| !c.is_whitespace()) {
            match wanted.next() {
                // A time may stand behind the prompt.
                None => break,
                Some(next) if next != c => return None,
                Some(_) => {}
            }
        }
        row += 1;
        if wanted.peek().is_none() {
            return Some(row);
        }
        text = texts.get(row)?;
    }
}
