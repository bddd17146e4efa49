//! Tables drawn with lines, read back.
//!
//! Two kinds: boxes (`│ a │ b │` between `├───┼───┤`), and columns under a ruler (`━━━  ━━━`).

use unicode_width::UnicodeWidthChar;

/// A table at the start of `lines`, and how many of them it takes.
pub fn read(lines: &[String]) -> Option<(Vec<String>, usize)> {
    read_box(lines).or_else(|| read_ruled(lines))
}

fn read_box(lines: &[String]) -> Option<(Vec<String>, usize)> {
    let first = lines.first()?.trim();
    if !first.starts_with(['┌', '╭', '╔', '┏']) || !first.chars().all(is_line) {
        return None;
    }
    let end = lines
        .iter()
        .position(|line| line.trim().starts_with(['└', '╰', '╚', '┗']))?;
    let body = &lines[1..end];
    // Between rules stands one row of the table, or, where only the head has a rule, several.
    let groups: Vec<&[String]> = body.split(|line| is_rule(line)).collect();
    let ruled = groups.len() > 2 || groups.iter().skip(1).all(|group| group.len() <= 1);
    let mut rows = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let parsed: Vec<Vec<String>> = group.iter().map(|line| box_cells(line)).collect::<Option<_>>()?;
        if index == 0 || ruled {
            rows.push(merged(parsed));
        } else {
            rows.extend(parsed);
        }
    }
    let width = rows.first()?.len();
    // A row without its first cell may be the rest of a wrapped one: nothing tells.
    let sure =
        rows.iter().all(|row| row.len() == width) && (ruled || rows.iter().all(|row| !row[0].is_empty()));
    (width > 1 && rows.len() > 1 && sure).then(|| (markdown(&rows), end + 1))
}

fn is_line(c: char) -> bool {
    ('\u{2500}'..='\u{257f}').contains(&c)
}

fn is_rule(line: &str) -> bool {
    let text = line.trim();
    text.starts_with(['├', '╞', '┣', '╠', '┝']) && text.chars().all(is_line)
}

fn box_cells(line: &str) -> Option<Vec<String>> {
    let inner = line
        .trim()
        .strip_prefix(['│', '┃', '║'])?
        .strip_suffix(['│', '┃', '║'])?;
    Some(
        inner
            .split(['│', '┃', '║'])
            .map(|cell| cell.trim().to_owned())
            .collect(),
    )
}

/// Lines of one row of the table: the parts of a wrapped cell joined.
fn merged(lines: Vec<Vec<String>>) -> Vec<String> {
    let mut lines = lines.into_iter();
    let mut row = lines.next().unwrap_or_default();
    for line in lines {
        for (cell, more) in row.iter_mut().zip(line) {
            if !more.is_empty() {
                if !cell.is_empty() {
                    cell.push(' ');
                }
                cell.push_str(&more);
            }
        }
    }
    row
}

fn read_ruled(lines: &[String]) -> Option<(Vec<String>, usize)> {
    let ruler = lines.get(1)?;
    let heavy = ruler.trim();
    if heavy.is_empty() || !heavy.chars().all(|c| c == '━' || c == ' ') || !heavy.contains(' ') {
        return None;
    }
    let columns = starts(ruler);
    let end = lines
        .iter()
        .position(|line| line.trim().is_empty())
        .unwrap_or(lines.len());
    let mut rows = vec![ruled_cells(&lines[0], &columns)];
    let mut part: Vec<Vec<String>> = Vec::new();
    let light = |line: &str| line.trim().chars().all(|c| c == '─' || c == ' ');
    for line in &lines[2..end] {
        if light(line) {
            rows.push(merged(std::mem::take(&mut part)));
        } else {
            part.push(ruled_cells(line, &columns));
        }
    }
    if !part.is_empty() {
        rows.push(merged(part));
    }
    (rows.len() > 1).then(|| (markdown(&rows), end))
}

/// Columns at which the parts of a ruler start.
fn starts(ruler: &str) -> Vec<usize> {
    let chars: Vec<char> = ruler.chars().collect();
    (0..chars.len())
        .filter(|&i| chars[i] != ' ' && (i == 0 || chars[i - 1] == ' '))
        .collect()
}

fn ruled_cells(line: &str, columns: &[usize]) -> Vec<String> {
    let mut cells = vec![String::new(); columns.len()];
    let mut at = 0;
    for c in line.chars() {
        let cell = columns.partition_point(|&start| start <= at).saturating_sub(1);
        cells[cell].push(c);
        at += c.width().unwrap_or(0);
    }
    cells.into_iter().map(|cell| cell.trim().to_owned()).collect()
}

fn markdown(rows: &[Vec<String>]) -> Vec<String> {
    let line = |cells: &Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |", cells.join(" | "))
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.insert(1, format!("|{}", "---|".repeat(rows[0].len())));
    lines
}
