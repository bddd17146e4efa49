//! Text out: rows, logical lines, and the text between two places.

use unicode_segmentation::UnicodeSegmentation;

use super::cell::Cell;
use super::history::HistoryRow;
use super::print::columns;
use super::state::Term;
use super::style::Style;
use super::{CursorLine, Extract, Origin, Pos, RowView, WidthPolicy};

impl CursorLine {
    /// The place on the screen of byte `byte` of the text; its end is where the cursor stands.
    pub fn pos_of(&self, byte: usize) -> Pos {
        let index = self.rows.partition_point(|(start, _)| *start <= byte);
        let Some((start, row)) = index.checked_sub(1).map(|i| self.rows[i]) else {
            return Pos::default();
        };
        let end = byte.min(self.text.len());
        let text = self.text.get(start..end).unwrap_or("");
        Pos {
            row,
            col: text
                .graphemes(true)
                .map(|g| columns(g, WidthPolicy::Cluster))
                .sum(),
        }
    }
}

impl Term {
    fn viewport_row(&self, row: u64) -> Option<u16> {
        let y = row.checked_sub(self.top_row())?;
        (y < u64::from(self.size.rows)).then_some(y as u16)
    }

    /// Text of the cells `cells` as they stand, blanks for what nobody wrote.
    fn push_cells(&self, cells: &[Cell], out: &mut String) {
        for cell in cells {
            cell.push_text(&self.clusters, out);
        }
    }

    fn push_viewport_row(&self, y: u16, out: &mut String) {
        let len = usize::from(self.grid.text_len(y));
        self.push_cells(&self.grid.cells(y)[..len], out);
    }

    pub fn row(&self, row: u64) -> Option<RowView> {
        let pos = Pos { row, col: 0 };
        if let Some(y) = self.viewport_row(row) {
            let mut text = String::new();
            self.push_viewport_row(y, &mut text);
            let meta = self.grid.meta(y);
            let (wrapped, written) = (meta.wrapped, meta.written());
            return Some(RowView {
                pos,
                text,
                wrapped,
                origin: Origin::Viewport,
                written,
            });
        }
        let HistoryRow {
            text,
            wrapped,
            origin,
            written,
            ..
        } = self.history.get(row)?;
        Some(RowView {
            pos,
            text: text.to_owned(),
            wrapped,
            origin,
            written,
        })
    }

    /// A row as pieces of one style each.
    pub fn styled_row(&self, row: u64) -> Option<Vec<(String, Style)>> {
        let mut pieces: Vec<(String, Style)> = Vec::new();
        if let Some(y) = self.viewport_row(row) {
            let len = usize::from(self.grid.text_len(y));
            for cells in self.grid.cells(y)[..len].chunk_by(|a, b| a.style == b.style) {
                let mut text = String::new();
                self.push_cells(cells, &mut text);
                pieces.push((text, self.styles.get(cells[0].style)));
            }
            return Some(pieces);
        }
        let view = self.history.get(row)?;
        let mut at = 0;
        for run in view.runs {
            let end = at + usize::from(run.bytes);
            pieces.push((
                view.text.get(at..end).unwrap_or("").to_owned(),
                self.styles.get(run.style),
            ));
            at = end;
        }
        if at < view.text.len() {
            pieces.push((view.text[at..].to_owned(), Style::default()));
        }
        Some(pieces)
    }

    pub fn viewport_text(&self) -> String {
        let Some(last) = self.grid.last_text_row() else {
            return String::new();
        };
        let mut text = String::new();
        for y in 0..=last {
            if y > 0 {
                text.push('\n');
            }
            self.push_viewport_row(y, &mut text);
        }
        text
    }

    pub fn cursor_line(&self, max_rows: usize) -> CursorLine {
        let top = self.top_row();
        let cursor_row = self.abs(self.y);
        let mut first = cursor_row;
        while cursor_row - first + 1 < max_rows as u64 && first > 0 && self.continues(first - 1, top) {
            first -= 1;
        }
        let mut line = CursorLine::default();
        for row in first..cursor_row {
            line.rows.push((line.text.len(), row));
            match self.viewport_row(row) {
                Some(y) => self.push_viewport_row(y, &mut line.text),
                None => line
                    .text
                    .push_str(self.history.get(row).map_or("", |view| view.text)),
            }
        }
        line.rows.push((line.text.len(), cursor_row));
        let end = usize::from(self.x) + usize::from(self.pending_wrap);
        let mut cells = &self.grid.cells(self.y)[..end];
        // A cursor on the right half of a wide character does not see the character.
        if end < usize::from(self.size.cols) && self.grid.cells(self.y)[end].is_tail() {
            cells = &cells[..end - 1];
        }
        self.push_cells(cells, &mut line.text);
        line
    }

    /// Whether `row` is wrapped and the row below continues it on the screen that is shown.
    fn continues(&self, row: u64, top: u64) -> bool {
        if let Some(y) = self.viewport_row(row) {
            return self.grid.meta(y).wrapped;
        }
        let joins = |view: HistoryRow<'_>| match view.origin {
            Origin::Scrolled => view.wrapped && !(self.alternate && row + 1 == top),
            Origin::Alternate => view.wrapped && (self.alternate || row + 1 != top),
            _ => view.wrapped && row + 1 != top,
        };
        self.history.get(row).is_some_and(joins)
    }

    pub fn extract(&self, start: Pos, end: Pos) -> Extract {
        let mut out = self.begin_extract(start, end);
        let mut writer = Writer::default();
        self.history
            .for_each(start.row, end.row.saturating_add(1), |row, view| {
                writer.history_row(&mut out.text, row, &view, start, end, self.policy());
            });
        self.extract_viewport(start, end, &mut writer, &mut out.text);
        out
    }

    /// As [`Term::extract`], giving up pages of the history beyond its unpinned limit as their text is copied.
    pub fn extract_and_release(&mut self, start: Pos, end: Pos) -> Extract {
        let mut out = self.begin_extract(start, end);
        let mut writer = Writer::default();
        let policy = self.policy();
        let history_end = self.history.end().min(end.row.saturating_add(1));
        let mut row = start.row.max(self.history.first());
        while row < history_end {
            let page_end = self.history.page_end(row).min(history_end);
            self.history.for_each(row, page_end, |row, view| {
                writer.history_row(&mut out.text, row, &view, start, end, policy);
            });
            row = page_end;
            if self.history.heap_bytes() > self.config.history_bytes {
                self.history.drop_before(row);
            }
        }
        self.extract_viewport(start, end, &mut writer, &mut out.text);
        out
    }

    fn begin_extract(&self, start: Pos, end: Pos) -> Extract {
        let mut out = Extract::default();
        let first = self.history.first();
        let last = end.row.saturating_add(1);
        out.lost_rows = first.min(last).saturating_sub(start.row);
        if out.lost_rows > 0 {
            out.kept_from_offset = self.first_written_offset(first);
        }
        let rows = self.history.end().min(last).saturating_sub(first.max(start.row)) as usize;
        let screen = usize::from(self.size.rows) * (usize::from(self.size.cols) + 1);
        out.text
            .reserve_exact(self.history.text_bytes(start.row, last) + rows + screen.min(4096));
        out
    }

    /// Offset of the first write to `row` or to the next row below that was written.
    fn first_written_offset(&self, row: u64) -> Option<u64> {
        let written = |row: u64| match self.viewport_row(row) {
            Some(y) => self.grid.meta(y).written(),
            None => self.history.get(row).and_then(|view| view.written),
        };
        (row..self.top_row() + u64::from(self.size.rows))
            .find_map(written)
            .map(|(first, _)| first)
    }

    fn extract_viewport(&self, start: Pos, end: Pos, writer: &mut Writer, out: &mut String) {
        let top = self.top_row();
        let last = end.row.min(top + u64::from(self.size.rows - 1));
        for row in start.row.max(top)..=last {
            let Some(y) = self.viewport_row(row) else { return };
            writer.begin_row(out);
            let len = self.grid.text_len(y);
            let from = if row == start.row { start.col.min(len) } else { 0 };
            let to = if row == end.row { end.col.min(len) } else { len };
            if from < to {
                self.push_cells(&self.grid.cells(y)[usize::from(from)..usize::from(to)], out);
            }
            writer.wrapped = self.grid.meta(y).wrapped;
        }
    }
}

/// Joins rows into lines.
#[derive(Default)]
struct Writer {
    any: bool,
    wrapped: bool,
}

impl Writer {
    fn begin_row(&mut self, out: &mut String) {
        if self.any && !self.wrapped {
            out.push('\n');
        }
        self.any = true;
    }

    #[inline]
    fn history_row(
        &mut self,
        out: &mut String,
        row: u64,
        view: &HistoryRow<'_>,
        start: Pos,
        end: Pos,
        policy: WidthPolicy,
    ) {
        self.begin_row(out);
        let from = if row == start.row {
            byte_of(view, start.col, policy)
        } else {
            0
        };
        let to = if row == end.row {
            byte_of(view, end.col, policy)
        } else {
            view.text.len()
        };
        out.push_str(view.text.get(from..to).unwrap_or(""));
        self.wrapped = view.wrapped;
    }
}

/// The byte of a row's text where column `col` starts, or its end.
fn byte_of(view: &HistoryRow<'_>, col: u16, policy: WidthPolicy) -> usize {
    if view.ascii {
        return usize::from(col).min(view.text.len());
    }
    let mut at = 0;
    for (byte, cluster) in view.text.grapheme_indices(true) {
        if at >= col {
            return byte;
        }
        at += columns(cluster, policy);
    }
    view.text.len()
}
