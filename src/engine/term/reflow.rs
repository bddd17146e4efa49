//! Resize. The primary screen and the history are wrapped anew at the new width; the alternate screen is clipped.
//!
//! The history is numbered anew from its oldest kept row on, so absolute rows behind the first line that wraps differently
//! change; marks, waiting events and the pin move along. Rows that were kept but did not scroll out (cleared, region,
//! alternate) are wrapped for themselves and never pulled back into the viewport.

use unicode_segmentation::UnicodeSegmentation;

use super::cell::{Cell, Clusters, TAIL, WIDE};
use super::grid::{Grid, NEVER, RowMeta};
use super::history::{History, HistoryRow};
use super::print::columns;
use super::state::{Margins, Term, clamped};
use super::{Origin, Pos, Size, WidthPolicy, modes};

impl Term {
    pub fn resize(&mut self, size: Size) {
        let size = clamped(size);
        if size == self.size {
            return;
        }
        self.last_printed = None;
        self.generation += 1;
        let old_top = self.top_row();
        self.resize_primary(size);
        self.resize_alternate(size, old_top);
        self.size = size;
        self.grid.generation = self.generation;
        self.margins = Margins::full(size);
        self.x = self.x.min(size.cols - 1);
        self.y = self.y.min(size.rows - 1);
        for saved in self.saved.iter_mut().flatten() {
            saved.x = saved.x.min(size.cols - 1);
            saved.y = saved.y.min(size.rows - 1);
        }
        self.enforce_history_limits();
        if self.modes.has(modes::IN_BAND_RESIZE) {
            self.report_size_in_band();
        }
    }

    fn resize_primary(&mut self, size: Size) {
        let placeholder = Grid::new(Size { cols: 1, rows: 1 }, 0);
        let (grid, cursor, pending) = if self.alternate {
            let saved = self.saved[0].unwrap_or_default();
            let Some(grid) = self.hidden.take() else { return };
            (grid, (saved.x, saved.y), saved.pending_wrap)
        } else {
            (
                std::mem::replace(&mut self.grid, placeholder),
                (self.x, self.y),
                self.pending_wrap,
            )
        };
        let top = self.history.end();
        let cursor = Pos {
            row: top + u64::from(cursor.1),
            col: cursor.0 + u16::from(pending),
        };
        let mut places = Places::of(self, cursor);
        let mut wrapper = Rewrap::new(
            grid.cols(),
            size.cols,
            self.policy(),
            &mut self.clusters,
            &mut places,
        );
        let mut history = if grid.cols() == size.cols {
            std::mem::take(&mut self.history)
        } else {
            wrapper.history(&self.history)
        };
        wrapper.viewport(&grid, top, history.end(), cursor.row);
        let rows = std::mem::take(&mut wrapper.rows);
        let overflow = rows.len().saturating_sub(usize::from(size.rows));
        let mut new_grid = Grid::new(size, self.generation);
        for (cells, meta) in &rows[..overflow] {
            history.push(cells, meta, &self.clusters, Origin::Scrolled);
        }
        for (y, (cells, meta)) in rows[overflow..].iter().enumerate() {
            new_grid.put_row(y as u16, cells, *meta);
        }
        self.history = history;
        let cursor = places.give_back(self, size);
        self.put_back(new_grid, cursor, size);
    }

    fn put_back(&mut self, grid: Grid, cursor: Pos, size: Size) {
        let y = cursor
            .row
            .saturating_sub(self.history.end())
            .min(u64::from(size.rows - 1)) as u16;
        let x = cursor.col.min(size.cols - 1);
        let pending = cursor.col >= size.cols;
        if self.alternate {
            self.hidden = Some(grid);
            if let Some(saved) = &mut self.saved[0] {
                (saved.x, saved.y, saved.pending_wrap) = (x, y, pending);
            }
        } else {
            self.grid = grid;
            (self.x, self.y, self.pending_wrap) = (x, y, pending);
        }
    }

    /// Clips the alternate screen at the right and, as far as the cursor allows, at the bottom.
    fn resize_alternate(&mut self, size: Size, old_top: u64) {
        if !self.alternate {
            // Nobody sees it and every program clears it when it comes back.
            self.hidden = None;
            return;
        }
        let shift = (self.y + 1).saturating_sub(size.rows);
        let mut grid = Grid::new(size, self.generation);
        for y in 0..size.rows.min(self.size.rows - shift) {
            let meta = *self.grid.meta(y + shift);
            grid.put_row(y, self.grid.filled_cells(y + shift), meta);
        }
        grid.set_wrapped(size.rows - 1, false);
        self.grid = grid;
        self.y -= shift;
        self.pending_wrap = false;
        let top = self.top_row();
        let last = Pos {
            row: top + u64::from(size.rows - 1),
            col: size.cols - 1,
        };
        self.move_places(true, old_top, |y| {
            (top + y.saturating_sub(u64::from(shift))).min(last.row)
        });
    }
}

/// Places of the primary screen on their way through a reflow: marks, events, the pin and the cursor.
struct Places {
    /// Old place, new place.
    all: Vec<(Pos, Pos)>,
    /// Indices into `all` by old place.
    sorted: Vec<usize>,
    next: usize,
    /// The old viewport's first row: what lies above it is on no screen.
    top: u64,
}

impl Places {
    fn of(term: &mut Term, cursor: Pos) -> Places {
        let mut all = vec![(cursor, cursor)];
        let pin = Pos {
            row: term.pin.unwrap_or(0),
            col: 0,
        };
        all.push((pin, pin));
        let top = term.top_row();
        term.each_place(|pos, alternate| {
            if !*alternate || pos.row < top {
                all.push((*pos, *pos));
            }
        });
        let mut sorted: Vec<usize> = (0..all.len()).collect();
        sorted.sort_by_key(|i| all[*i].0);
        Places {
            all,
            sorted,
            next: 0,
            top,
        }
    }

    /// Moves every place on the old rows before `row` that is still waiting.
    fn advance(&mut self, row: u64, moved: impl Fn(Pos) -> Pos) {
        while let Some(index) = self.sorted.get(self.next) {
            let (old, new) = &mut self.all[*index];
            if old.row >= row {
                return;
            }
            *new = moved(*old);
            self.next += 1;
        }
    }

    /// Writes the places back and returns the cursor's.
    fn give_back(self, term: &mut Term, size: Size) -> Pos {
        let mut rest = self.all[2..].iter();
        let last = term.history.end() + u64::from(size.rows - 1);
        term.each_place(|pos, alternate| {
            if *alternate && pos.row >= self.top {
                return;
            }
            if let Some((_, new)) = rest.next() {
                *pos = Pos {
                    row: new.row.min(last),
                    col: new.col.min(size.cols - 1),
                };
            }
        });
        term.pin = term.pin.map(|pin| {
            if pin == self.all[1].0.row {
                self.all[1].1.row
            } else {
                pin
            }
        });
        self.all[0].1
    }
}

/// A logical line being collected: its cells, and for each old row where its cells end and who wrote it.
#[derive(Default)]
struct Logical {
    cells: Vec<Cell>,
    ends: Vec<(usize, u64, u64)>,
    first_row: u64,
}

struct Rewrap<'a> {
    old_cols: u16,
    cols: u16,
    policy: WidthPolicy,
    clusters: &'a mut Clusters,
    places: &'a mut Places,
    line: Logical,
    /// Rows of the new viewport, and what will overflow it.
    rows: Vec<(Vec<Cell>, RowMeta)>,
}

impl<'a> Rewrap<'a> {
    fn new(
        old_cols: u16,
        cols: u16,
        policy: WidthPolicy,
        clusters: &'a mut Clusters,
        places: &'a mut Places,
    ) -> Rewrap<'a> {
        Rewrap {
            old_cols,
            cols,
            policy,
            clusters,
            places,
            line: Logical::default(),
            rows: Vec::new(),
        }
    }

    fn history(&mut self, old: &History) -> History {
        let mut new = History::starting_at(old.first());
        let first = old.first();
        self.places.advance(first, |pos| pos);
        let mut previous = Origin::Scrolled;
        old.for_each(first, old.end(), |row, view| {
            if !self.line.ends.is_empty() && view.origin != previous {
                self.flush_to_history(&mut new, row, previous);
            }
            previous = view.origin;
            if self.line.ends.is_empty() && !view.wrapped && self.fits(&view) {
                let new_row = new.end();
                new.push_text(&view);
                self.places.advance(row + 1, |pos| Pos { row: new_row, ..pos });
                return;
            }
            self.collect_text(row, &view);
            if !view.wrapped {
                self.flush_to_history(&mut new, row + 1, view.origin);
            }
        });
        if previous != Origin::Scrolled && !self.line.ends.is_empty() {
            self.flush_to_history(&mut new, old.end(), previous);
        }
        new
    }

    fn fits(&self, view: &HistoryRow<'_>) -> bool {
        let cols = usize::from(self.cols);
        // Every column is at least one byte, so a short text needs no closer look.
        view.text.len() <= cols || self.cols >= self.old_cols
    }

    fn collect_text(&mut self, row: u64, view: &HistoryRow<'_>) {
        if self.line.ends.is_empty() {
            self.line.first_row = row;
        }
        let mut runs = view
            .runs
            .iter()
            .flat_map(|run| std::iter::repeat_n(run.style, run.bytes.into()));
        let mut pieces: Vec<&str> = Vec::new();
        match self.policy {
            WidthPolicy::Cluster => pieces.extend(view.text.graphemes(true)),
            WidthPolicy::CodePoint => code_point_cells(view.text, &mut pieces),
        }
        for piece in pieces {
            let style = runs.next().unwrap_or(0);
            runs.by_ref().take(piece.len() - 1).for_each(drop);
            let mut chars = piece.chars();
            let content = match (chars.next(), chars.next()) {
                (Some(c), None) => u32::from(c),
                _ => self.clusters.insert(piece),
            };
            let wide = columns(piece, self.policy) > 1;
            self.line.cells.push(Cell {
                content,
                style,
                flags: if wide { WIDE } else { 0 },
            });
            if wide {
                self.line.cells.push(Cell {
                    content: 0,
                    style,
                    flags: TAIL,
                });
            }
        }
        let (first, last) = view.written.unwrap_or((NEVER, NEVER));
        self.line.ends.push((self.line.cells.len(), first, last));
    }

    fn flush_to_history(&mut self, new: &mut History, end_row: u64, origin: Origin) {
        let new_row = new.end();
        for (range, meta) in self.split(new_row, end_row) {
            new.push(&self.line.cells[range], &meta, self.clusters, origin);
        }
        self.line = Logical::default();
    }

    /// Cuts the collected line into rows of the new width, moving its places.
    fn split(&mut self, new_row: u64, end_row: u64) -> Vec<(std::ops::Range<usize>, RowMeta)> {
        let cells = &self.line.cells;
        let mut pieces = Vec::new();
        let mut start = 0;
        loop {
            let mut end = cells.len().min(start + usize::from(self.cols));
            if end < cells.len() && cells[end].is_tail() && end > start + 1 {
                end -= 1;
            }
            let wrapped = end < cells.len();
            let (first, last) = self.line.stamps(start, end);
            pieces.push((
                start..end,
                RowMeta {
                    len: 0,
                    wrapped,
                    first,
                    last,
                    changed: 0,
                },
            ));
            if !wrapped {
                break;
            }
            start = end;
        }
        let line = &self.line;
        self.places.advance(end_row, |pos| {
            let offset = line.offset_of(pos);
            let piece = pieces.partition_point(|(range, _)| range.start <= offset) - 1;
            Pos {
                row: new_row + piece as u64,
                col: (offset - pieces[piece].0.start).min(usize::from(u16::MAX)) as u16,
            }
        });
        pieces
    }

    fn viewport(&mut self, grid: &Grid, top: u64, base: u64, cursor_row: u64) {
        let cursor_y = (cursor_row - top) as u16;
        // Nothing moved above the first line that is wrapped anew here.
        let start = if self.line.ends.is_empty() {
            top
        } else {
            self.line.first_row
        };
        self.places.advance(start, |pos| pos);
        let last = grid.last_text_row().unwrap_or(0).max(cursor_y);
        for y in 0..=last {
            let row = top + u64::from(y);
            if self.line.ends.is_empty() {
                self.line.first_row = row;
            }
            let meta = grid.meta(y);
            let text_len = grid.text_len(y);
            let keep = if meta.wrapped {
                text_len
            } else {
                text_len.max(meta.len.min(self.cols))
            };
            self.line
                .cells
                .extend_from_slice(&grid.cells(y)[..usize::from(keep)]);
            self.line
                .ends
                .push((self.line.cells.len(), meta.first, meta.last));
            if !meta.wrapped || y == last {
                let new_row = base + self.rows.len() as u64;
                for (range, meta) in self.split(new_row, row + 1) {
                    self.rows.push((self.line.cells[range].to_vec(), meta));
                }
                self.line = Logical::default();
            }
        }
        let (old_end, new_end) = (top + u64::from(last) + 1, base + self.rows.len() as u64);
        self.places.advance(u64::MAX, |pos| Pos {
            row: new_end + (pos.row - old_end),
            ..pos
        });
    }
}

impl Logical {
    /// Where a place on one of the old rows is in the line.
    fn offset_of(&self, pos: Pos) -> usize {
        let index = (pos.row - self.first_row) as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1].0 };
        let offset = start + usize::from(pos.col);
        // Behind the text of a row that goes on below is where the next row starts.
        if index + 1 < self.ends.len() {
            offset.min(self.ends[index].0)
        } else {
            offset
        }
    }

    /// First and last write to the cells `start..end`.
    fn stamps(&self, start: usize, end: usize) -> (u64, u64) {
        let mut from = 0;
        let (mut first, mut last) = (NEVER, NEVER);
        for (to, row_first, row_last) in &self.ends {
            let touches = from < end.max(start + 1) && *to >= start;
            if touches && *row_first != NEVER {
                first = first.min(*row_first);
                last = if last == NEVER {
                    *row_last
                } else {
                    last.max(*row_last)
                };
            }
            from = *to;
        }
        (first, last)
    }
}

/// Text as cells of single code points, each with the zero-width ones that follow it.
fn code_point_cells<'t>(text: &'t str, pieces: &mut Vec<&'t str>) {
    let mut start = 0;
    for (i, c) in text.char_indices() {
        if i > start && unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) > 0 {
            pieces.push(&text[start..i]);
            start = i;
        }
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
}
