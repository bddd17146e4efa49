//! Markdown from the look of rows: what a tool has shown in colours and indentation, written down again.
//!
//! Paragraphs are told apart by blank rows. A paragraph is code when a declared style occurs in it; everything else is looked at row by
//! row: heading, table, quote, item, prose. Wrapped rows are joined before the marks are put in, so that a mark may span a line break.

use super::inline::{self, inline};
use super::row::{Row, has_look};
use super::table;
use super::unwrap::{self, append, content_column, continues, item_prefix};
use crate::engine::protocol::layout::{Layout, Markdown, StyleWanted};

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Blank,
    Code,
    /// Of this level, counted from 1.
    Heading(usize),
    Quote,
    Prose,
}

pub fn text(rules: &Markdown, layout: &Layout, rows: Vec<Row>, cols: usize) -> String {
    let kinds = classify(rules, &rows);
    let prose = rows
        .iter()
        .zip(&kinds)
        .filter(|(row, kind)| matches!(kind, Kind::Quote | Kind::Prose) && !unwrap::is_drawn(&row.text()));
    let column = unwrap::limit(layout, cols).column(prose.map(|(row, _)| row));
    let writer = Writer {
        rules,
        column: layout.unwrap.then_some(column),
        out: Vec::new(),
    };
    writer.write(rows, &kinds)
}

fn classify(rules: &Markdown, rows: &[Row]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = rows.iter().map(|row| kind_alone(rules, row)).collect();
    let mut from = 0;
    while from < rows.len() {
        let len = kinds[from..]
            .iter()
            .take_while(|kind| **kind != Kind::Blank)
            .count();
        let coded = rows[from..from + len]
            .iter()
            .any(|row| shows(&rules.code_block, row));
        if coded {
            kinds[from..from + len].fill(Kind::Code);
        }
        from += len.max(1);
    }
    // Blank rows between code are the code's.
    let code: Vec<usize> = (0..kinds.len()).filter(|&i| kinds[i] == Kind::Code).collect();
    for pair in code.windows(2) {
        if kinds[pair[0] + 1..pair[1]]
            .iter()
            .all(|kind| *kind == Kind::Blank)
        {
            kinds[pair[0] + 1..pair[1]].fill(Kind::Code);
        }
    }
    kinds
}

fn kind_alone(rules: &Markdown, row: &Row) -> Kind {
    if row.is_blank() {
        return Kind::Blank;
    }
    if number_len(rules, row).is_some() {
        return Kind::Code;
    }
    if quote_len(rules, row) > 0 {
        return Kind::Quote;
    }
    let wholly = |style: &StyleWanted| {
        let mut shown = row.pieces.iter().filter(|piece| !piece.text.trim().is_empty());
        shown.all(|piece| has_look(style, &piece.style))
    };
    let is_item = item_prefix(row.text().trim_start()) > 0;
    match rules.heading.iter().position(wholly) {
        Some(level) if !is_item => Kind::Heading(level + 1),
        _ if is_written_heading(&row.text()) => Kind::Heading(0),
        _ => Kind::Prose,
    }
}

/// The tool has left the mark of a heading where it was.
fn is_written_heading(text: &str) -> bool {
    let marks = text.bytes().take_while(|b| *b == b'#').count();
    (1..=6).contains(&marks) && text[marks..].starts_with(' ')
}

fn shows(styles: &[StyleWanted], row: &Row) -> bool {
    // What leads somewhere has the colour of links.
    let mut shown = row
        .pieces
        .iter()
        .filter(|piece| !piece.text.trim().is_empty() && piece.link.is_none());
    shown.any(|piece| styles.iter().any(|style| has_look(style, &piece.style)))
}

/// Bytes of a line number in front of a row of code, the blank behind it included.
fn number_len(rules: &Markdown, row: &Row) -> Option<usize> {
    let style = rules.line_numbers.as_ref()?;
    let first = row.pieces.iter().find(|piece| !piece.text.trim().is_empty())?;
    let digits = first.text.trim();
    if !has_look(style, &first.style) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let text = row.text();
    let end = text.find(digits)? + digits.len();
    Some(end + usize::from(text[end..].starts_with(' ')))
}

fn quote_len(rules: &Markdown, row: &Row) -> usize {
    let text = row.text();
    let body = text.trim_start_matches(' ');
    let found = rules.quote.as_ref().and_then(|pattern| pattern.0.find(body));
    found
        .filter(|found| found.start() == 0)
        .map_or(0, |found| found.end())
}

struct Writer<'a> {
    rules: &'a Markdown,
    /// Where the tool wraps, if rows are joined.
    column: Option<usize>,
    out: Vec<String>,
}

impl Writer<'_> {
    fn write(mut self, rows: Vec<Row>, kinds: &[Kind]) -> String {
        let texts: Vec<String> = rows.iter().map(Row::text).collect();
        let mut at = 0;
        while at < rows.len() {
            let taken = match kinds[at] {
                Kind::Blank => {
                    self.out.push(String::new());
                    1
                }
                Kind::Code => self.code(&rows[at..], &kinds[at..]),
                Kind::Heading(level) => self.heading(level, &rows[at..], &kinds[at..]),
                Kind::Quote => self.lines(&rows[at..], &kinds[at..]),
                Kind::Prose => match self.table(&texts[at..]) {
                    Some(taken) => taken,
                    None => self.lines(&rows[at..], &kinds[at..]),
                },
            };
            at += taken;
        }
        while self.out.last().is_some_and(|line| line.trim().is_empty()) {
            self.out.pop();
        }
        self.out.join("\n")
    }

    fn code(&mut self, rows: &[Row], kinds: &[Kind]) -> usize {
        let count = kinds.iter().take_while(|kind| **kind == Kind::Code).count();
        let strip = |row: &Row| {
            let text = row.text();
            let number = number_len(self.rules, row).unwrap_or(0);
            text[number..].trim_end().to_owned()
        };
        let lines: Vec<String> = rows[..count].iter().map(strip).collect();
        let longest = lines.iter().map(|line| fence_len(line)).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        self.out.push(fence.clone());
        self.out.extend(lines);
        self.out.push(fence);
        count
    }

    fn heading(&mut self, level: usize, rows: &[Row], kinds: &[Kind]) -> usize {
        let (line, taken) = self.joined(rows, kinds);
        let text = inline::heading(&line).trim().to_owned();
        let marked = is_written_heading(&text) || level == 0;
        self.out.push(if marked {
            text
        } else {
            format!("{} {text}", "#".repeat(level))
        });
        taken
    }

    fn table(&mut self, texts: &[String]) -> Option<usize> {
        if !self.rules.tables {
            return None;
        }
        let (lines, taken) = table::read(texts)?;
        self.out.extend(lines);
        Some(taken)
    }

    fn lines(&mut self, rows: &[Row], kinds: &[Kind]) -> usize {
        let quoted = kinds[0] == Kind::Quote;
        let (mut line, taken) = self.joined(rows, kinds);
        let indent = line.indent();
        line.cut_head(indent);
        let mut prefix = " ".repeat(indent);
        if quoted {
            line.cut_head(quote_len(self.rules, &line));
            prefix.push_str("> ");
        }
        let text = line.text();
        let mark = self.item(&text);
        if mark > 0 {
            prefix.push_str(&self.plain_mark(&text[..mark]));
            line.cut_head(mark);
        }
        self.out.push(prefix + &inline(self.rules, &line));
        taken
    }

    /// The first of `rows` and what was wrapped off it.
    fn joined(&self, rows: &[Row], kinds: &[Kind]) -> (Row, usize) {
        let mut line = rows[0].clone();
        let Some(column) = self.column else {
            return (line, 1);
        };
        let bare = |row: &Row| {
            let mut row = row.clone();
            if kinds[0] == Kind::Quote {
                let indent = row.indent();
                row.cut_head(indent);
                row.cut_head(quote_len(self.rules, &row));
            }
            row
        };
        let text = bare(&line).text();
        let own = text.len() - text.trim_start_matches(' ').len();
        let text_column = match self.item(text.trim_start()) {
            0 => content_column(&text),
            mark => own + text.trim_start()[..mark].chars().count(),
        };
        let mut taken = 1;
        while taken < rows.len() && kinds[taken] == kinds[0] {
            let (last, next) = (bare(&rows[taken - 1]), bare(&rows[taken]));
            if self.item(next.text().trim_start()) > 0 || !continues(&last, text_column, &next, column) {
                break;
            }
            append(&mut line, next);
            taken += 1;
        }
        (line, taken)
    }

    /// Bytes of a list item's mark, the protocol's own bullets included.
    fn item(&self, text: &str) -> usize {
        let bullet = text.chars().next().filter(|c| self.rules.bullets.contains(c));
        match bullet {
            Some(bullet) if text[bullet.len_utf8()..].starts_with(' ') => {
                let rest = &text[bullet.len_utf8()..];
                bullet.len_utf8() + rest.len() - rest.trim_start_matches(' ').len()
            }
            _ => item_prefix(text),
        }
    }

    fn plain_mark(&self, mark: &str) -> String {
        match mark.chars().next() {
            Some(first) if self.rules.bullets.contains(&first) => format!("-{}", &mark[first.len_utf8()..]),
            _ => mark.to_owned(),
        }
    }
}

/// Backquotes at the start of a line of code, which a fence must exceed.
fn fence_len(line: &str) -> usize {
    line.trim_start().bytes().take_while(|b| *b == b'`').count()
}
