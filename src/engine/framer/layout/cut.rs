//! What is not the reply's own is cut off its rows: scrollbar, marker, indentation, rows of the tool's own.

use super::place;
use super::row::Row;
use crate::engine::protocol::layout::Layout;
use crate::engine::protocol::spec::Pattern;

/// The lines of the reply, blank ones around it removed.
pub fn lines(layout: &Layout, drop_lines: &[Pattern], rows: Vec<Row>) -> Vec<Row> {
    let mut rows: Vec<Row> = joined(rows);
    for row in &mut rows {
        cut_right_edge(layout, row);
    }
    rows.retain(|row| {
        let text = row.text();
        !drop_lines.iter().any(|pattern| pattern.0.is_match(&text))
    });
    place::drop_footer(layout, &mut rows);
    for row in &mut rows {
        cut_left(layout, row);
    }
    if layout.last_block
        && let Some(last) = rows.iter().rposition(|row| row.marked)
    {
        rows.drain(..last);
    }
    let blank = rows.iter().take_while(|row| row.is_blank()).count();
    rows.drain(..blank);
    rows
}

/// Rows that the terminal itself has wrapped are one.
fn joined(rows: Vec<Row>) -> Vec<Row> {
    let mut lines: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        match lines.last_mut().filter(|last| last.wrapped) {
            Some(last) => last.append("", row),
            None => lines.push(row),
        }
    }
    lines
}

pub fn cut_right_edge(layout: &Layout, row: &mut Row) {
    if let Some(pattern) = &layout.right_edge {
        let text = row.text();
        let found = pattern.0.find_iter(&text).last();
        if let Some(found) = found.filter(|found| found.end() == text.len()) {
            row.cut_tail(found.start());
        }
    }
    row.trim_end();
}

fn cut_left(layout: &Layout, row: &mut Row) {
    let text = row.text();
    let marker = layout.marker.as_ref().and_then(|pattern| pattern.0.find(&text));
    match marker.filter(|found| found.start() == 0 && found.end() > 0) {
        Some(found) => {
            row.cut_head(found.end());
            row.marked = true;
        }
        None => row.cut_head(row.indent().min(layout.indent)),
    }
}
