//! Rows that move: line feeds, scrolls, inserted and deleted lines; and which of them are kept in the history.

use super::cell::Cell;
use super::grid::NEVER;
use super::state::Term;
use super::{Origin, modes};

impl Term {
    /// IND and line feeds: one row down, scrolling at the bottom margin.
    pub fn index(&mut self) {
        self.pending_wrap = false;
        if self.y == self.margins.bottom {
            if self.x >= self.margins.left && self.x <= self.margins.right {
                self.scroll_region_up(1, true);
            }
        } else if self.y < self.last_row() {
            self.y += 1;
        }
    }

    /// LF, VT, FF.
    pub fn line_feed(&mut self) {
        self.index();
        if self.modes.has_ansi(modes::NEWLINE) {
            self.carriage_return();
        }
    }

    pub fn carriage_return(&mut self) {
        self.pending_wrap = false;
        self.x = if self.x >= self.margins.left {
            self.margins.left
        } else {
            0
        };
    }

    /// RI: one row up, scrolling at the top margin.
    pub fn reverse_index(&mut self) {
        self.pending_wrap = false;
        if self.y == self.margins.top {
            if self.x >= self.margins.left && self.x <= self.margins.right {
                self.scroll_region_down(1);
            }
        } else {
            self.y = self.y.saturating_sub(1);
        }
    }

    /// Scrolls the region up. With `continued` the row that comes in may continue the one above it.
    pub fn scroll_region_up(&mut self, n: u16, continued: bool) {
        let m = self.margins;
        let n = n.min(m.bottom - m.top + 1);
        let fill = self.erased_cell();
        if self.has_side_margins() {
            self.scroll_part_up(m.top, m.bottom, n, fill);
            return;
        }
        if !continued {
            self.grid.set_wrapped(m.bottom, false);
        }
        self.keep_scrolled(n);
        self.grid.scroll_up(m.top, m.bottom, n, fill);
        if m.top > 0 {
            self.grid.set_wrapped(m.top - 1, false);
        }
        if m.bottom < self.last_row() || m.top > 0 {
            self.grid.touch(0..self.size.rows);
        }
        self.enforce_history_limits();
    }

    /// Keeps the `n` top rows of the region and says where every remembered place went.
    fn keep_scrolled(&mut self, n: u16) {
        let m = self.margins;
        let origin = match (self.alternate, m.top) {
            (true, _) => Origin::Alternate,
            (false, 0) => Origin::Scrolled,
            (false, _) => Origin::Region,
        };
        let old_top = self.top_row();
        for y in m.top..m.top + n {
            self.keep_row(y, origin);
        }
        let kept = u64::from(n);
        if m.top > 0 || m.bottom < self.last_row() {
            let (top, bottom) = (u64::from(m.top), u64::from(m.bottom));
            self.move_places(self.alternate, old_top, |y| match y {
                _ if y < top => old_top + kept + y,
                _ if y < top + kept => old_top + (y - top),
                _ if y <= bottom => old_top + y,
                _ => old_top + kept + y,
            });
        }
        // The rows of the screen that is not shown have moved down as well.
        if self.hidden.is_some() {
            self.move_places(!self.alternate, old_top, |y| old_top + kept + y);
        }
    }

    pub fn scroll_region_down(&mut self, n: u16) {
        let (top, bottom) = (self.margins.top, self.margins.bottom);
        self.move_rows_down(top, bottom, n);
    }

    /// Moves rows `top..=bottom` down within themselves; what leaves at the bottom is gone.
    fn move_rows_down(&mut self, top: u16, bottom: u16, n: u16) {
        let n = n.min(bottom - top + 1);
        let fill = self.erased_cell();
        if self.has_side_margins() {
            self.scroll_part_down(top, bottom, n, fill);
            return;
        }
        if top > 0 {
            self.grid.set_wrapped(top - 1, false);
        }
        self.grid.scroll_down(top, bottom, n, fill);
        self.grid.set_wrapped(bottom, false);
        self.grid.touch(top..bottom + 1);
        let (old_top, top, bottom, n) = (self.top_row(), u64::from(top), u64::from(bottom), u64::from(n));
        self.move_places(self.alternate, old_top, |y| {
            old_top
                + if y < top || y > bottom {
                    y
                } else {
                    (y + n).min(bottom)
                }
        });
    }

    /// Moves rows `top..=bottom` up within themselves; what leaves at the top was deleted on purpose and is gone.
    fn move_rows_up(&mut self, top: u16, bottom: u16, n: u16) {
        let n = n.min(bottom - top + 1);
        let fill = self.erased_cell();
        if self.has_side_margins() {
            self.scroll_part_up(top, bottom, n, fill);
            return;
        }
        if top > 0 {
            self.grid.set_wrapped(top - 1, false);
        }
        self.grid.set_wrapped(bottom, false);
        self.grid.scroll_up(top, bottom, n, fill);
        self.grid.touch(top..bottom + 1);
        let (old_top, top, bottom, n) = (self.top_row(), u64::from(top), u64::from(bottom), u64::from(n));
        self.move_places(self.alternate, old_top, |y| {
            old_top
                + if y < top || y > bottom {
                    y
                } else {
                    y.saturating_sub(n).max(top)
                }
        });
    }

    /// IL.
    pub fn insert_lines(&mut self, n: u16) {
        if self.cursor_in_margins() {
            self.move_rows_down(self.y, self.margins.bottom, n);
            self.x = self.margins.left;
            self.pending_wrap = false;
        }
    }

    /// DL.
    pub fn delete_lines(&mut self, n: u16) {
        if self.cursor_in_margins() {
            self.move_rows_up(self.y, self.margins.bottom, n);
            self.x = self.margins.left;
            self.pending_wrap = false;
        }
    }

    pub fn cursor_in_margins(&self) -> bool {
        let m = self.margins;
        (m.top..=m.bottom).contains(&self.y) && (m.left..=m.right).contains(&self.x)
    }

    /// A scroll between side margins moves cells, not rows, so nothing leaves and no place moves.
    fn scroll_part_up(&mut self, top: u16, bottom: u16, n: u16, fill: Cell) {
        let (left, right) = (self.margins.left, self.margins.right + 1);
        for y in top..bottom + 1 - n {
            self.grid.copy_part(y + n, y, left..right);
        }
        for y in bottom + 1 - n..=bottom {
            self.grid.erase(y, left..right, fill);
        }
    }

    fn scroll_part_down(&mut self, top: u16, bottom: u16, n: u16, fill: Cell) {
        let (left, right) = (self.margins.left, self.margins.right + 1);
        for y in (top + n..=bottom).rev() {
            self.grid.copy_part(y - n, y, left..right);
        }
        for y in top..top + n {
            self.grid.erase(y, left..right, fill);
        }
    }

    /// SL, SR, DECIC, DECDC: moves the columns from `from` to the right margin, in every row of the region.
    pub fn shift_columns(&mut self, from: u16, n: u16, insert: bool) {
        let m = self.margins;
        let fill = self.erased_cell();
        for y in m.top..=m.bottom {
            if insert {
                self.grid.insert_cells(y, from, m.right + 1, n, fill);
            } else {
                self.grid.delete_cells(y, from, m.right + 1, n, fill);
            }
        }
    }

    /// Puts the rows of the primary screen that hold text into the history before they are erased: a reader saw them.
    ///
    /// They go as a scroll of the whole screen would take them, so they keep their absolute rows and nothing has to move.
    pub fn keep_cleared(&mut self) {
        if self.alternate {
            return;
        }
        let Some(last) = self.grid.last_text_row() else {
            return;
        };
        self.grid.set_wrapped(last, false);
        for y in 0..=last {
            self.keep_row(y, Origin::Cleared);
        }
        self.grid.scroll_up(0, self.last_row(), last + 1, Cell::default());
        self.enforce_history_limits();
    }

    /// ED 3: the history goes, except what is pinned.
    pub fn erase_history(&mut self) {
        self.history.drop_before(self.pin.unwrap_or(u64::MAX));
    }

    /// Absolute row of the latest print.
    pub fn last_written_row(&self) -> Option<u64> {
        let printed = |y: &u16| self.grid.meta(*y).last != NEVER;
        let on_screen = (0..self.size.rows)
            .filter(printed)
            .max_by_key(|y| self.grid.meta(*y).last);
        on_screen
            .map(|y| self.abs(y))
            .or(self.history.end().checked_sub(1))
    }
}
