//! From screen and history to the text of an answer: where it starts, where it ends, what is cut off.

use unicode_width::UnicodeWidthStr;

use super::facts::Facts;
use crate::engine::limits;
use crate::engine::protocol::spec::{OutputStart, Pattern, ResponseRules};
use crate::engine::term::{Extract, MarkId, Pos, Screen};

/// What was typed, as far as its echo matters.
#[derive(Clone, Debug)]
pub struct Typed {
    /// Where the cursor stood before the first key.
    pub from: MarkId,
    /// What a verbatim echo of it looks like.
    pub echo: String,
    /// Output bytes handled when Enter was sent.
    pub entered: u64,
}

/// Where the tool's own output starts.
pub fn output_start(rules: &ResponseRules, screen: &Screen, facts: &Facts, typed: &Typed) -> Pos {
    let from = screen.mark_pos(typed.from);
    match rules.start {
        OutputStart::Here => return from,
        OutputStart::NextRow => return next_line(screen, from.row),
        OutputStart::Echo => return after_echo(screen, from, &typed.echo),
        OutputStart::Auto => {}
    }
    if let Some(mark) = facts.output_mark.filter(|m| m.offset > typed.entered) {
        return screen.mark_pos(mark.mark);
    }
    let behind_echo = after_echo(screen, from, &typed.echo);
    let editor_left = facts
        .paste_off
        .filter(|m| m.offset > typed.entered)
        .map(|m| screen.mark_pos(m.mark));
    match editor_left {
        // Switched off in the middle of the echo's last row: the output starts below it.
        Some(pos) if pos.col > 0 => behind_echo.max(Pos {
            row: pos.row + 1,
            col: 0,
        }),
        // A block with its continuation prompts is longer than its text: the switch knows better.
        Some(pos) => pos,
        None => behind_echo,
    }
}

/// The first position behind the echo of `typed`, which starts at `from`.
///
/// Rows are compared with the text, because not every editor lets the terminal wrap: some break a long line themselves. Where the screen
/// shows something else (a horizontally scrolled line), the echo is the logical line it started on.
fn after_echo(screen: &Screen, from: Pos, typed: &str) -> Pos {
    let mut rest = typed.split('\n').next().unwrap_or_default().trim_end();
    let mut row = from.row;
    let mut col = usize::from(from.col);
    while let Some(view) = screen.row(row) {
        let shown = from_column(&view.text, col);
        let shown = shown.trim_end();
        let eaten = rest
            .strip_prefix(shown)
            .or_else(|| rest.trim_start().strip_prefix(shown.trim_start()));
        let Some(left) = eaten.filter(|_| !shown.is_empty() || rest.is_empty()) else {
            break;
        };
        rest = left;
        if rest.trim().is_empty() {
            return next_line(screen, row);
        }
        row += 1;
        col = 0;
    }
    next_line(screen, from.row)
}

/// `text` from a terminal column on, without counting wide characters wrongly for the common case that the prompt is narrow.
fn from_column(text: &str, col: usize) -> &str {
    use unicode_width::UnicodeWidthChar;
    let mut at = 0;
    for (index, c) in text.char_indices() {
        if at >= col {
            return &text[index..];
        }
        at += c.width().unwrap_or(0);
    }
    ""
}

/// The first row behind the logical line that `row` belongs to.
fn next_line(screen: &Screen, row: u64) -> Pos {
    let mut row = row;
    while screen.row(row).is_some_and(|view| view.wrapped) {
        row += 1;
    }
    Pos { row: row + 1, col: 0 }
}

/// Where the answer ends: where the shell said so, else before the prompt and the rows above it that belong to it.
pub fn output_end(
    rules: &ResponseRules,
    screen: &Screen,
    facts: &Facts,
    typed: &Typed,
    start: Pos,
    prompt: Pos,
) -> Pos {
    if let Some(done) = done_before_prompt(screen, facts, typed, prompt).filter(|&done| done >= start) {
        return done;
    }
    let Some(pattern) = &rules.prompt_rows_above else {
        return prompt;
    };
    let first = prompt.row.saturating_sub(limits::LINES_ABOVE_ROWS).max(start.row);
    for row in first..prompt.row {
        let rows: Vec<String> = (row..prompt.row)
            .filter_map(|r| screen.row(r))
            .map(|r| r.text)
            .collect();
        if pattern
            .0
            .find(&rows.join("\n"))
            .is_some_and(|found| found.start() == 0)
        {
            return Pos { row, col: 0 };
        }
    }
    prompt
}

/// The place of the OSC 133 D that belongs to the marked prompt at `prompt`. Between the two a shell may paint a sign that the last line
/// has no newline.
fn done_before_prompt(screen: &Screen, facts: &Facts, typed: &Typed, prompt: Pos) -> Option<Pos> {
    let done = facts.done_mark.filter(|done| done.offset > typed.entered)?;
    let marked = facts.prompt_mark.filter(|mark| mark.offset > done.offset)?;
    let at = screen.mark_pos(done.mark);
    (screen.mark_pos(marked.mark).row == prompt.row && at <= prompt).then_some(at)
}

/// The text between, shown to `untrimmed` and then as the protocol trims it, without the `^C` that a cooked tty echoes where the interrupt was typed.
pub fn text(
    rules: &ResponseRules,
    screen: &mut Screen,
    start: Pos,
    end: Pos,
    interrupted_at: Option<Pos>,
    untrimmed: impl FnOnce(&str),
) -> Extract {
    if end <= start {
        return Extract::default();
    }
    let mut extract = match interrupted_at.filter(|at| (start..end).contains(at)) {
        Some(at) => without_interrupt(screen, start, at, end),
        None => screen.extract_and_release(start, end),
    };
    // The newline that ends the answer's last line belongs to the prompt's row.
    if extract.text.ends_with('\n') {
        extract.text.pop();
    }
    untrimmed(&extract.text);
    trim(rules, usize::from(screen.size().cols), &mut extract.text);
    extract
}

fn without_interrupt(screen: &mut Screen, start: Pos, at: Pos, end: Pos) -> Extract {
    let rest = screen.extract(at, end).text;
    let Some(rest) = rest.strip_prefix("^C") else {
        return screen.extract_and_release(start, end);
    };
    let mut extract = screen.extract_and_release(start, at);
    // The echo had the row to itself: its newline goes with it.
    let alone = extract.text.is_empty() || extract.text.ends_with('\n');
    extract.text.push_str(if alone {
        rest.strip_prefix('\n').unwrap_or(rest)
    } else {
        rest
    });
    extract
}

fn trim(rules: &ResponseRules, cols: usize, text: &mut String) {
    if rules.padded || !rules.drop_lines.is_empty() {
        let lines = text.split('\n');
        let lines = lines.map(|line| if rules.padded { unpadded(line, cols) } else { line });
        let kept = lines.filter(|line| !rules.drop_lines.iter().any(|p| p.0.is_match(line)));
        *text = kept.collect::<Vec<_>>().join("\n");
    }
    trim_ends(rules, text);
}

/// A line without the blanks that fill it up: they end in the last column, or are a row and more. Others are somebody's text.
fn unpadded(line: &str, cols: usize) -> &str {
    let body = line.trim_end_matches(' ');
    let blanks = line.len() - body.len();
    let fills = blanks > 0 && (blanks >= cols || line.width().is_multiple_of(cols));
    if fills { body } else { line }
}

/// Cuts what the protocol says from head and tail.
pub fn trim_ends(rules: &ResponseRules, text: &mut String) {
    while let Some(at) = rules.trim_head.iter().find_map(|p| head_match(p, text)) {
        text.drain(..at);
    }
    while let Some(at) = rules.trim_tail.iter().find_map(|p| tail_match(p, text)) {
        text.truncate(at);
    }
}

fn head_match(pattern: &Pattern, text: &str) -> Option<usize> {
    pattern
        .0
        .find(text)
        .filter(|found| found.start() == 0 && found.end() > 0)
        .map(|found| found.end())
}

/// The tail of a long text is enough: what a protocol trims there is a few lines.
fn tail_match(pattern: &Pattern, text: &str) -> Option<usize> {
    const TAIL_BYTES: usize = 16 << 10;
    let mut from = text.len().saturating_sub(TAIL_BYTES);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let last = pattern.0.find_iter(&text[from..]).last()?;
    (from + last.end() == text.len() && !last.is_empty()).then_some(from + last.start())
}
