//! The cursor's line, and where on it the tool said that its prompt starts.

use unicode_width::UnicodeWidthChar;

use super::View;
use crate::engine::framer::facts::Announced;
use crate::engine::limits;
use crate::engine::term::{CursorLine, Pos, Screen};

/// The cursor's line and where on it the tool said that its prompt starts.
pub(super) struct PromptLine {
    pub line: CursorLine,
    /// Byte in `line.text` that rules look from.
    pub from: usize,
    /// An OSC 133 A of this turn stands on the line.
    pub marked: bool,
    /// The prompt's own mode edge of this turn stands on the line.
    pub switched: bool,
    /// What the tool announced there, no look at the tty has contradicted since.
    pub undisputed: bool,
}

pub(super) fn prompt_line(view: &View<'_>) -> PromptLine {
    let line = view.screen.cursor_line(limits::CURSOR_LINE_ROWS);
    let of_this_turn = |offset: u64| view.entered.is_none_or(|entered| offset > entered);
    let byte_on_line = |announced: Option<&Announced>| {
        let announced = announced.filter(|a| of_this_turn(a.offset))?;
        byte_at(&line, view.screen.mark_pos(announced.mark))
    };
    let marked = byte_on_line(view.facts.prompt_mark.as_ref());
    let switched = byte_on_line(view.facts.prompt_mode.as_ref());
    // The editor has taken the terminal since the mark was made: its own prompt is still to come, and the mark may be a command's.
    let taken = view
        .facts
        .prompt_mode
        .filter(|taken| of_this_turn(taken.offset) && view.entered.is_some());
    let outdated =
        marked.is_some() && taken.map(|taken| taken.offset) > view.facts.prompt_mark.map(|mark| mark.offset);
    let authority = match (marked, switched) {
        (Some(_), _) => view.facts.prompt_mark,
        (None, Some(_)) => view.facts.prompt_mode,
        (None, None) => None,
    };
    PromptLine {
        from: marked.or(switched).unwrap_or(0),
        marked: marked.is_some(),
        switched: switched.is_some(),
        undisputed: !outdated && authority.is_some_and(|announced| announced.offset > view.facts.disputed),
        line,
    }
}

pub(super) fn lines_above(screen: &Screen, line: &CursorLine) -> String {
    let Some(&(_, row)) = line.rows.first() else {
        return String::new();
    };
    let first = row.saturating_sub(limits::LINES_ABOVE_ROWS).max(screen.top_row());
    let rows: Vec<String> = (first..row)
        .filter_map(|r| screen.row(r))
        .map(|r| r.text)
        .collect();
    rows.join("\n")
}

/// Where in the line's text a place on the screen is; `None` when it is on none of its rows.
fn byte_at(line: &CursorLine, pos: Pos) -> Option<usize> {
    let index = line.rows.iter().position(|&(_, row)| row == pos.row)?;
    let from = line.rows[index].0;
    let to = line
        .rows
        .get(index + 1)
        .map_or(line.text.len(), |&(next, _)| next);
    let row = &line.text[from..to];
    let mut col = 0;
    for (at, c) in row.char_indices() {
        if col >= usize::from(pos.col) {
            return Some(from + at);
        }
        col += c.width().unwrap_or(0);
    }
    Some(to)
}
