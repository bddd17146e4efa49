//! Rows that the tool has wrapped are joined, where that is proved: the first word of the next row would not have fitted.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::row::Row;
use crate::engine::protocol::layout::Layout;

/// How the tool's wrap width is known.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// The protocol says so.
    Declared(usize),
    /// At least this; the rows show how much further it goes.
    AtLeast(usize),
}

/// Columns at the right edge that a tool may leave free.
const MARGIN: usize = 4;

pub fn limit(layout: &Layout, cols: usize) -> Limit {
    match layout.wrap_width {
        Some(width) => Limit::Declared(width.min(cols)),
        None => Limit::AtLeast(cols.saturating_sub(MARGIN)),
    }
}

impl Limit {
    /// The column at which prose was wrapped.
    pub fn column<'a>(self, rows: impl Iterator<Item = &'a Row>) -> usize {
        match self {
            Limit::Declared(width) => width,
            Limit::AtLeast(width) => rows.map(Row::right).max().unwrap_or(0).max(width),
        }
    }
}

/// `rows` with wrapped ones joined.
pub fn join(rows: Vec<Row>, limit: Limit) -> Vec<Row> {
    let column = limit.column(rows.iter().filter(|row| !is_drawn(&row.text())));
    let mut lines: Vec<Row> = Vec::with_capacity(rows.len());
    // The last physical row of the line that is being joined.
    let mut tail: Option<(Row, usize)> = None;
    for row in rows {
        let text_column = tail.as_ref().map(|(_, column)| *column);
        let joins = tail
            .as_ref()
            .is_some_and(|(last, _)| continues(last, text_column.unwrap_or(0), &row, column));
        let own_column = text_column
            .filter(|_| joins)
            .unwrap_or_else(|| content_column(&row.text()));
        let piece = row.clone();
        match lines.last_mut().filter(|_| joins) {
            Some(line) => append(line, row),
            None => lines.push(row),
        }
        tail = Some((piece, own_column));
    }
    lines
}

/// Puts a wrapped row behind the start of its line.
pub fn append(line: &mut Row, mut row: Row) {
    row.cut_head(row.indent());
    line.trim_end();
    let (before, behind) = (line.text(), row.text());
    // Text without blanks between its words is broken anywhere.
    let wide = |c: Option<char>| c.is_some_and(|c| c.width() == Some(2));
    let between = if wide(before.chars().last()) && wide(behind.chars().next()) {
        ""
    } else {
        " "
    };
    line.append(between, row);
}

/// Whether `next` goes on where `last`, whose text starts at column `text_column`, was broken at `column`.
pub fn continues(last: &Row, text_column: usize, next: &Row, column: usize) -> bool {
    let text = next.text();
    let (last_text, body) = (last.text(), text.trim());
    if body.is_empty() || next.marked || last_text.trim().is_empty() {
        return false;
    }
    if next.indent() != text_column || item_prefix(body) > 0 || is_drawn(body) || is_drawn(&last_text) {
        return false;
    }
    // A line of dashes or a heading's mark starts something new.
    if body.starts_with('#') || body.chars().all(|c| "-=_*~`".contains(c)) {
        return false;
    }
    last.right() + 1 + first_word_width(body) > column
}

/// Columns of what cannot be broken at the start of `text`.
fn first_word_width(text: &str) -> usize {
    match text.chars().next().and_then(UnicodeWidthChar::width) {
        Some(2) => 2,
        _ => text.split(char::is_whitespace).next().unwrap_or_default().width(),
    }
}

/// The column where the text of a row starts: behind a list item's mark.
pub fn content_column(text: &str) -> usize {
    let indent = text.len() - text.trim_start_matches(' ').len();
    indent
        + text[indent..]
            .get(..item_prefix(&text[indent..]))
            .map_or(0, UnicodeWidthStr::width)
}

/// Bytes of a list item's mark and the blanks behind it; 0 where `text` is none.
pub fn item_prefix(text: &str) -> usize {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let mark = if (1..=9).contains(&digits) {
        digits + usize::from(text[digits..].starts_with(['.', ')']))
    } else {
        let first = text.chars().next().filter(|c| "-*+•◦▪‣·".contains(*c));
        first.map_or(0, char::len_utf8)
    };
    if mark == 0 || mark == digits {
        return 0;
    }
    let blanks = text[mark..].len() - text[mark..].trim_start_matches(' ').len();
    if blanks == 0 { 0 } else { mark + blanks }
}

/// A row of a drawn box or table.
pub fn is_drawn(text: &str) -> bool {
    text.chars().any(|c| ('\u{2500}'..='\u{257f}').contains(&c))
}
