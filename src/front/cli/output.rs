//! The only place that writes: data to standard output, everything else to standard error.

use std::io::{self, Write};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::exit::Exit;
use super::failure::Failure;

/// Writes data and flushes, so that a reader has it before we wait for the next turn.
pub fn data(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Text with exactly one newline behind it; nothing for no text.
pub fn text(text: &str) -> io::Result<()> {
    match text {
        "" => Ok(()),
        ended if ended.ends_with('\n') => data(ended.as_bytes()),
        open => data(format!("{open}\n").as_bytes()),
    }
}

/// What of a text is still to print behind its streamed beginning, so that both together end in one newline.
pub fn rest(printed: &str, rest: &str) -> io::Result<()> {
    match (printed, rest) {
        ("", rest) => text(rest),
        (printed, "") if printed.ends_with('\n') => Ok(()),
        (_, "") => data(b"\n"),
        (_, rest) => text(rest),
    }
}

/// One JSON object on one line.
pub fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    let mut line = serde_json::to_string(value)?;
    line.push('\n');
    Ok(data(line.as_bytes())?)
}

/// A JSON document for people and programs: indented, with a newline at its end.
pub fn json_document(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(text(&serde_json::to_string_pretty(value)?)?)
}

/// For people. When standard error is gone there is nobody to tell.
pub fn note(message: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", message.trim_end_matches('\n'));
}

/// `ptych: …` on standard error.
pub fn complain(message: &str) {
    note(&format!("ptych: {message}"));
}

/// Tells an error in the form that was asked for, and gives the code to leave with.
pub fn failure(failure: &Failure, json: bool) -> Exit {
    if failure.exit == Exit::BrokenPipe {
        return failure.exit;
    }
    if json {
        failure_object(failure);
    }
    complain(&failure.to_string());
    failure.exit
}

/// One object on standard output, where a consumer of `--json` reads.
pub fn failure_object(failure: &Failure) {
    // The error being told weighs more than a reader who has gone.
    let _ = data(format!("{}\n", failure.to_json()).as_bytes());
}

/// A head and rows in columns. Empty when there are no rows.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_string()).collect();
    let all: Vec<Vec<String>> = std::iter::once(head).chain(rows.iter().cloned()).collect();
    columns(&all)
}

/// Cells padded to the widest of their column, two blanks apart; nothing is padded at the end of a line.
pub fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.width())
            .max()
    };
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.width() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["a".into(), "x".into()], vec!["漢字".into(), "y".into()]];
        assert_eq!(table(&["N", "M"], &rows), "N     M\na     x\n漢字  y\n");
    }
}
