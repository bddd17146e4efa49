//! The cells of one screen: one allocation, rows reached through an order so that a scroll moves numbers, not cells.

use std::ops::Range;

use super::Size;
use super::cell::{Cell, TAIL, WIDE};

/// What is known of a row beside its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowMeta {
    /// Cells from here on are `Cell::default()`.
    pub len: u16,
    /// The next row continues this one.
    pub wrapped: bool,
    /// Offsets of the first and last byte printed here since the row was blank; `NEVER` when none was.
    pub first: u64,
    pub last: u64,
    /// `Term::generation` at the last change.
    pub changed: u64,
}

pub(super) const NEVER: u64 = u64::MAX;

impl RowMeta {
    fn blank(changed: u64) -> RowMeta {
        RowMeta {
            len: 0,
            wrapped: false,
            first: NEVER,
            last: NEVER,
            changed,
        }
    }

    pub fn written(&self) -> Option<(u64, u64)> {
        (self.first != NEVER).then_some((self.first, self.last))
    }
}

pub(super) struct Grid {
    cols: u16,
    cells: Vec<Cell>,
    order: Vec<u16>,
    meta: Vec<RowMeta>,
    /// Stamped on every row that changes.
    pub generation: u64,
}

impl Grid {
    pub fn new(size: Size, generation: u64) -> Grid {
        Grid {
            cols: size.cols,
            cells: vec![Cell::default(); usize::from(size.cols) * usize::from(size.rows)],
            order: (0..size.rows).collect(),
            meta: vec![RowMeta::blank(generation); usize::from(size.rows)],
            generation,
        }
    }

    pub fn rows(&self) -> u16 {
        self.order.len() as u16
    }

    pub fn cols(&self) -> u16 {
        self.cols
    }

    #[inline]
    fn slot(&self, y: u16) -> usize {
        usize::from(self.order[usize::from(y)])
    }

    #[inline]
    fn cell_range(&self, slot: usize) -> Range<usize> {
        let cols = usize::from(self.cols);
        slot * cols..(slot + 1) * cols
    }

    #[inline]
    pub fn cells(&self, y: u16) -> &[Cell] {
        &self.cells[self.cell_range(self.slot(y))]
    }

    /// The cells up to the last one that is not a default cell.
    #[inline]
    pub fn filled_cells(&self, y: u16) -> &[Cell] {
        let len = usize::from(self.meta(y).len);
        &self.cells(y)[..len]
    }

    #[inline]
    pub fn meta(&self, y: u16) -> &RowMeta {
        &self.meta[self.slot(y)]
    }

    pub fn all_cells(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter()
    }

    /// A row for writing; counts as a change.
    #[inline]
    pub fn row_mut(&mut self, y: u16) -> (&mut [Cell], &mut RowMeta) {
        let slot = self.slot(y);
        let range = self.cell_range(slot);
        let meta = &mut self.meta[slot];
        meta.changed = self.generation;
        (&mut self.cells[range], meta)
    }

    pub fn set_wrapped(&mut self, y: u16, wrapped: bool) {
        let slot = self.slot(y);
        self.meta[slot].wrapped = wrapped;
    }

    /// Cells from the left that hold something written.
    pub fn text_len(&self, y: u16) -> u16 {
        let cells = self.filled_cells(y);
        cells
            .iter()
            .rposition(|c| c.is_written())
            .map_or(0, |i| i as u16 + 1)
    }

    /// The last row that holds something written.
    pub fn last_text_row(&self) -> Option<u16> {
        (0..self.rows()).rev().find(|y| self.text_len(*y) > 0)
    }

    /// Erases `cols` of row `y` to `fill`, taking whole wide characters with them.
    pub fn erase(&mut self, y: u16, cols: Range<u16>, fill: Cell) {
        if cols.is_empty() {
            return;
        }
        self.split_wide(y, cols.start);
        self.split_wide(y, cols.end);
        let width = self.cols;
        let (cells, meta) = self.row_mut(y);
        if fill == Cell::default() {
            let end = cols.end.min(meta.len);
            if cols.start < end {
                cells[usize::from(cols.start)..usize::from(end)].fill(fill);
            }
            if cols.end >= meta.len {
                meta.len = meta.len.min(cols.start);
            }
        } else {
            cells[usize::from(cols.start)..usize::from(cols.end)].fill(fill);
            meta.len = meta.len.max(cols.end);
        }
        if cols.end >= width {
            meta.wrapped = false;
            if cols.start == 0 {
                meta.first = NEVER;
                meta.last = NEVER;
            }
        }
    }

    /// If a wide character lies across the border left of `x`, turns both halves into spaces of its style.
    #[inline]
    pub fn split_wide(&mut self, y: u16, x: u16) {
        if x == 0 || x >= self.cols {
            return;
        }
        if self.cells(y)[usize::from(x)].flags & TAIL == 0 {
            return;
        }
        let (cells, _) = self.row_mut(y);
        let x = usize::from(x);
        for cell in &mut cells[x - 1..=x] {
            cell.content = u32::from(' ');
            cell.flags &= !(WIDE | TAIL);
        }
    }

    /// Moves rows `top..=bottom` up by `n`, blank rows coming in at the bottom.
    pub fn scroll_up(&mut self, top: u16, bottom: u16, n: u16, fill: Cell) {
        let n = n.min(bottom - top + 1);
        let order = &mut self.order[usize::from(top)..=usize::from(bottom)];
        if n == 1 {
            // The commonest scroll, without the generality of a rotation.
            let first = order[0];
            order.copy_within(1.., 0);
            order[usize::from(bottom - top)] = first;
        } else {
            order.rotate_left(usize::from(n));
        }
        self.clear_rows(bottom + 1 - n..bottom + 1, fill);
    }

    /// Moves rows `top..=bottom` down by `n`, blank rows coming in at the top.
    pub fn scroll_down(&mut self, top: u16, bottom: u16, n: u16, fill: Cell) {
        let n = n.min(bottom - top + 1);
        self.order[usize::from(top)..=usize::from(bottom)].rotate_right(usize::from(n));
        self.clear_rows(top..top + n, fill);
    }

    /// Marks rows as changed: they show other content than before although no cell was written.
    pub fn touch(&mut self, rows: Range<u16>) {
        for y in rows {
            let slot = self.slot(y);
            self.meta[slot].changed = self.generation;
        }
    }

    pub fn clear_rows(&mut self, rows: Range<u16>, fill: Cell) {
        for y in rows {
            let slot = self.slot(y);
            let range = self.cell_range(slot);
            let meta = &mut self.meta[slot];
            let len = usize::from(meta.len);
            *meta = RowMeta::blank(self.generation);
            if fill == Cell::default() {
                if len > 0 {
                    self.cells[range][..len].fill(fill);
                }
            } else {
                self.cells[range].fill(fill);
                meta.len = self.cols;
            }
        }
    }

    /// Moves the cells of columns `from..right` of row `y` right by `n`; what is pushed over `right` is lost.
    pub fn insert_cells(&mut self, y: u16, from: u16, right: u16, n: u16, fill: Cell) {
        let n = n.min(right - from);
        self.split_wide(y, from);
        self.split_wide(y, right - n);
        self.split_wide(y, right);
        let (cells, meta) = self.row_mut(y);
        let (from_i, right_i, n_i) = (usize::from(from), usize::from(right), usize::from(n));
        cells.copy_within(from_i..right_i - n_i, from_i + n_i);
        cells[from_i..from_i + n_i].fill(fill);
        if fill != Cell::default() || meta.len > from {
            meta.len = meta.len.max((meta.len.max(from) + n).min(right));
        }
    }

    /// Moves the cells of columns `from + n..right` of row `y` left by `n`.
    pub fn delete_cells(&mut self, y: u16, from: u16, right: u16, n: u16, fill: Cell) {
        let n = n.min(right - from);
        self.split_wide(y, from);
        self.split_wide(y, from + n);
        self.split_wide(y, right);
        let (cells, meta) = self.row_mut(y);
        let (from_i, right_i, n_i) = (usize::from(from), usize::from(right), usize::from(n));
        cells.copy_within(from_i + n_i..right_i, from_i);
        cells[right_i - n_i..right_i].fill(fill);
        if fill != Cell::default() {
            meta.len = meta.len.max(right);
        }
        meta.wrapped = false;
    }

    /// Copies columns `cols` of row `from` over the same columns of row `to`.
    pub fn copy_part(&mut self, from: u16, to: u16, cols: Range<u16>) {
        for (y, x) in [
            (from, cols.start),
            (from, cols.end),
            (to, cols.start),
            (to, cols.end),
        ] {
            self.split_wide(y, x);
        }
        let (from_start, to_start) = (
            self.cell_range(self.slot(from)).start,
            self.cell_range(self.slot(to)).start,
        );
        let (a, b) = (usize::from(cols.start), usize::from(cols.end));
        self.cells
            .copy_within(from_start + a..from_start + b, to_start + a);
        let source = *self.meta(from);
        let (_, meta) = self.row_mut(to);
        meta.len = meta.len.max(source.len.min(cols.end));
        if meta.first == NEVER {
            (meta.first, meta.last) = (source.first, source.last);
        }
    }

    /// Replaces the whole content of a row.
    pub fn put_row(&mut self, y: u16, source: &[Cell], meta: RowMeta) {
        let len = source.len().min(usize::from(self.cols));
        let generation = self.generation;
        let (cells, own) = self.row_mut(y);
        cells[..len].copy_from_slice(&source[..len]);
        cells[len..].fill(Cell::default());
        *own = RowMeta {
            len: len as u16,
            changed: generation,
            ..meta
        };
        // Wide characters cut by an edge; in a single column they are shown narrow, as they are printed there.
        let wide_at_end = len == cells.len() && cells[len - 1].is_wide();
        if wide_at_end {
            let cell = &mut cells[len - 1];
            cell.flags &= !WIDE;
            cell.content = if len == 1 { cell.content } else { u32::from(' ') };
        }
        if cells[0].is_tail() {
            cells[0] = Cell::default();
        }
    }

    pub fn heap_bytes(&self) -> usize {
        self.cells.capacity() * size_of::<Cell>()
            + self.order.capacity() * 2
            + self.meta.capacity() * size_of::<RowMeta>()
    }
}
