//! Cursor movement, erasing, inserting and deleting within a row.

use super::cell::{Cell, PROTECTED};
use super::charset::Charsets;
use super::modes;
use super::state::{LastPrinted, Margins, SavedCursor, Term};
use super::style::Style;

impl Term {
    /// Moves the cursor to a place given from 1 as CUP counts, within the margins in origin mode.
    pub fn go_to(&mut self, row: u16, col: u16) {
        self.go_to_row(row);
        self.go_to_col(col);
    }

    pub fn go_to_row(&mut self, row: u16) {
        let row = row.max(1) - 1;
        self.pending_wrap = false;
        self.y = if self.modes.has(modes::ORIGIN) {
            self.margins.top.saturating_add(row).min(self.margins.bottom)
        } else {
            row.min(self.last_row())
        };
    }

    pub fn go_to_col(&mut self, col: u16) {
        let col = col.max(1) - 1;
        self.pending_wrap = false;
        self.x = if self.modes.has(modes::ORIGIN) {
            self.margins.left.saturating_add(col).min(self.margins.right)
        } else {
            col.min(self.last_col())
        };
    }

    /// CUU: stops at the top margin when it starts at or below it.
    pub fn up(&mut self, n: u16) {
        let limit = if self.y >= self.margins.top {
            self.margins.top
        } else {
            0
        };
        self.y = self.y.saturating_sub(n.max(1)).max(limit);
        self.pending_wrap = false;
    }

    pub fn down(&mut self, n: u16) {
        let limit = if self.y <= self.margins.bottom {
            self.margins.bottom
        } else {
            self.last_row()
        };
        self.y = self.y.saturating_add(n.max(1)).min(limit);
        self.pending_wrap = false;
    }

    pub fn right(&mut self, n: u16) {
        let limit = if self.x <= self.margins.right {
            self.margins.right
        } else {
            self.last_col()
        };
        self.x = self.x.saturating_add(n.max(1)).min(limit);
        self.pending_wrap = false;
    }

    pub fn left(&mut self, n: u16) {
        let limit = if self.x >= self.margins.left {
            self.margins.left
        } else {
            0
        };
        self.x = self.x.saturating_sub(n.max(1)).max(limit);
        self.pending_wrap = false;
    }

    /// BS and CUB with reverse wrap: DECSET 45 goes back over soft-wrapped rows only, 1045 over every row and from the
    /// first to the last (xterm since patch 380).
    pub fn backspace(&mut self) {
        if !self.modes.has(modes::REVERSE_WRAP | modes::REVERSE_WRAP_FAR) || !self.modes.has(modes::AUTOWRAP)
        {
            self.left(1);
            return;
        }
        if self.pending_wrap {
            // The cursor stands behind the last column: one step back is on it.
            self.pending_wrap = false;
        } else if self.x > self.margins.left {
            self.x -= 1;
        } else if let Some(y) = self.row_to_wrap_back_to() {
            self.y = y;
            self.x = self.margins.right;
            if !self.grid.cells(y)[usize::from(self.x)].is_written() && self.grid.meta(y).wrapped {
                // A wide character did not fit there and was wrapped.
                self.x = self.x.saturating_sub(1);
            }
        }
    }

    fn row_to_wrap_back_to(&self) -> Option<u16> {
        let far = self.modes.has(modes::REVERSE_WRAP_FAR);
        if self.y == self.margins.top || self.y == 0 {
            return far.then_some(self.margins.bottom);
        }
        (far || self.grid.meta(self.y - 1).wrapped).then_some(self.y - 1)
    }

    /// Unchecked by margins, as HPR and VPR are.
    pub fn move_by(&mut self, rows: u16, cols: u16) {
        self.pending_wrap = false;
        self.y = self.y.saturating_add(rows).min(self.last_row());
        self.x = self.x.saturating_add(cols).min(self.last_col());
        self.keep_inside_margins();
    }

    pub fn tab(&mut self, n: u16) {
        let last = if self.x <= self.margins.right {
            self.margins.right
        } else {
            self.last_col()
        };
        for _ in 0..n.max(1).min(self.size.cols) {
            self.x = self.tabs.next(self.x, last);
        }
    }

    pub fn tab_back(&mut self, n: u16) {
        let first = if self.modes.has(modes::ORIGIN) {
            self.margins.left
        } else {
            0
        };
        for _ in 0..n.max(1).min(self.size.cols) {
            self.x = self.tabs.previous(self.x, first);
        }
        self.pending_wrap = false;
    }

    /// ICH.
    pub fn insert_blanks(&mut self, n: u16) {
        if !(self.margins.left..=self.margins.right).contains(&self.x) {
            return;
        }
        let fill = self.erased_cell();
        self.grid
            .insert_cells(self.y, self.x, self.margins.right + 1, n.max(1), fill);
        self.pending_wrap = false;
    }

    /// DCH.
    pub fn delete_chars(&mut self, n: u16) {
        if !(self.margins.left..=self.margins.right).contains(&self.x) {
            return;
        }
        let fill = self.erased_cell();
        self.grid
            .delete_cells(self.y, self.x, self.margins.right + 1, n.max(1), fill);
        self.pending_wrap = false;
    }

    /// ECH.
    pub fn erase_chars(&mut self, n: u16) {
        let fill = self.erased_cell();
        let end = self.x.saturating_add(n.max(1)).min(self.size.cols);
        self.grid.erase(self.y, self.x..end, fill);
        self.pending_wrap = false;
    }

    /// EL, and DECSEL when `selective`.
    pub fn erase_in_line(&mut self, which: u16, selective: bool) {
        let cols = match which {
            0 => self.x..self.size.cols,
            1 => 0..self.x + 1,
            2 => 0..self.size.cols,
            _ => return,
        };
        self.erase_cells(self.y, cols, selective);
        self.pending_wrap = false;
    }

    /// ED 0 to 2, and DECSED when `selective`.
    pub fn erase_in_display(&mut self, which: u16, selective: bool) {
        let (x, y, cols, rows) = (self.x, self.y, self.size.cols, self.size.rows);
        let at_home = x == 0 && y == 0;
        if !selective && (which == 2 || (which == 0 && at_home)) {
            self.keep_cleared();
        }
        match which {
            0 => {
                self.erase_cells(y, x..cols, selective);
                self.erase_rows(y + 1, rows, selective);
            }
            1 => {
                self.erase_rows(0, y, selective);
                self.erase_cells(y, 0..x + 1, selective);
            }
            2 => self.erase_rows(0, rows, selective),
            _ => return,
        }
        self.pending_wrap = false;
    }

    fn erase_rows(&mut self, from: u16, to: u16, selective: bool) {
        if selective {
            for y in from..to {
                self.erase_cells(y, 0..self.size.cols, true);
            }
        } else {
            let fill = self.erased_cell();
            self.grid.clear_rows(from..to, fill);
        }
    }

    fn erase_cells(&mut self, y: u16, cols: std::ops::Range<u16>, selective: bool) {
        let fill = self.erased_cell();
        if !selective {
            self.grid.erase(y, cols, fill);
            return;
        }
        for x in cols {
            if self.grid.cells(y)[usize::from(x)].flags & PROTECTED == 0 {
                self.grid.erase(y, x..x + 1, fill);
            }
        }
    }

    /// DECALN: the screen full of E, margins and cursor at home.
    pub fn alignment_test(&mut self) {
        self.keep_cleared();
        self.margins = Margins::full(self.size);
        (self.x, self.y, self.pending_wrap) = (0, 0, false);
        let at = self.now - 1;
        for y in 0..self.size.rows {
            let (cells, meta) = self.grid.row_mut(y);
            cells.fill(Cell {
                content: u32::from('E'),
                ..Cell::default()
            });
            (meta.len, meta.first, meta.last, meta.wrapped) = (cells.len() as u16, at, at, false);
        }
    }

    /// DECSC.
    pub fn save_cursor(&mut self) {
        self.saved[usize::from(self.alternate)] = Some(SavedCursor {
            x: self.x,
            y: self.y,
            pending_wrap: self.pending_wrap,
            style: self.style,
            charsets: Charsets {
                single: None,
                ..self.charsets
            },
            origin: self.modes.has(modes::ORIGIN),
            protected: self.protected,
        });
    }

    /// DECRC; without a saved cursor, home and defaults.
    pub fn restore_cursor(&mut self) {
        let saved = self.saved[usize::from(self.alternate)].unwrap_or_default();
        self.x = saved.x.min(self.last_col());
        self.y = saved.y.min(self.last_row());
        self.pending_wrap = saved.pending_wrap && self.x == saved.x;
        self.set_style(saved.style);
        self.charsets = saved.charsets;
        self.modes.set(modes::ORIGIN, saved.origin);
        self.protected = saved.protected;
        self.pending_wrap &= self.modes.has(modes::AUTOWRAP);
        self.keep_inside_margins();
    }

    /// In origin mode the cursor cannot be outside the margins.
    fn keep_inside_margins(&mut self) {
        if self.modes.has(modes::ORIGIN) {
            self.x = self.x.clamp(self.margins.left, self.margins.right);
            self.y = self.y.clamp(self.margins.top, self.margins.bottom);
        }
    }

    /// DECSTBM: rows from 1; anything that is not at least two rows is refused.
    pub fn set_margins(&mut self, top: u16, bottom: u16) {
        let top = top.max(1) - 1;
        let bottom = if bottom == 0 {
            self.last_row()
        } else {
            (bottom - 1).min(self.last_row())
        };
        if top < bottom {
            (self.margins.top, self.margins.bottom) = (top, bottom);
            self.go_to(1, 1);
        }
    }

    /// DECSLRM: columns from 1.
    pub fn set_side_margins(&mut self, left: u16, right: u16) {
        let left = left.max(1) - 1;
        let right = if right == 0 {
            self.last_col()
        } else {
            (right - 1).min(self.last_col())
        };
        if left < right {
            (self.margins.left, self.margins.right) = (left, right);
            self.go_to(1, 1);
        }
    }

    /// DECSTR: modes and pen to their defaults; the screen's text stays.
    pub fn soft_reset(&mut self) {
        self.modes.set(modes::ORIGIN, false);
        self.modes.set(modes::AUTOWRAP, true);
        self.modes.set(modes::CURSOR_VISIBLE, true);
        self.modes.set(
            modes::REVERSE_WRAP | modes::REVERSE_WRAP_FAR | modes::LEFT_RIGHT,
            false,
        );
        self.modes.set(modes::APP_CURSOR | modes::APP_KEYPAD, false);
        self.modes.set_ansi(modes::INSERT | modes::NEWLINE, false);
        self.margins = Margins::full(self.size);
        self.set_style(Style::default());
        self.charsets = Default::default();
        self.saved = [None; 2];
        self.protected = false;
        self.pending_wrap = false;
        self.last_printed = None::<LastPrinted>;
    }
}
