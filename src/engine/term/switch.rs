//! Modes set and reset, the alternate screen, RIS.

use super::grid::Grid;
use super::modes::{self, Modes};
use super::params::Params;
use super::state::{Margins, Term};
use super::tabs::Tabs;
use super::{Pos, TermEventKind, WidthPolicy};

impl Term {
    pub fn set_modes(&mut self, params: &Params, ansi: bool, set: bool) {
        for param in params.iter() {
            let number = param[0];
            if ansi {
                self.set_ansi_mode(number, set)
            } else {
                self.set_dec_mode(number, set)
            }
            self.emit(TermEventKind::Mode { number, ansi, set });
        }
    }

    fn set_ansi_mode(&mut self, number: u16, set: bool) {
        if let Some(mask) = modes::ansi_mask(number) {
            self.modes.set_ansi(mask, set);
        }
    }

    fn set_dec_mode(&mut self, number: u16, set: bool) {
        match number {
            47 | 1047 => {
                self.switch_screen(set, number == 1047 && !set);
                self.take_alternate_places();
            }
            1048 if set => self.save_cursor(),
            1048 => self.restore_cursor(),
            1049 => self.switch_screen_with_cursor(set),
            2026 if !set => self.frames_ended += u64::from(self.modes.has(modes::SYNCHRONIZED)),
            _ => {}
        }
        let Some(mask) = modes::dec_mask(number) else {
            return;
        };
        if !matches!(number, 47 | 1047 | 1048 | 1049) {
            self.modes.set(mask, set);
        }
        match number {
            6 => self.go_to(1, 1),
            7 if !set => self.pending_wrap = false,
            69 if !set => (self.margins.left, self.margins.right) = (0, self.last_col()),
            2048 if set => self.report_size_in_band(),
            _ => {}
        }
        if matches!(number, 47 | 1047 | 1049) {
            modes::ALTERNATE.iter().for_each(|m| self.modes.set(*m, false));
            self.modes.set(mask, set);
        }
    }

    /// DECSET 1049: saves the cursor, shows an empty alternate screen; reset shows the primary and restores the cursor.
    fn switch_screen_with_cursor(&mut self, set: bool) {
        if set == self.alternate {
            return;
        }
        if set {
            self.save_cursor();
            self.switch_screen(true, false);
            let rows = self.size.rows;
            let fill = self.erased_cell();
            self.grid.clear_rows(0..rows, fill);
        } else {
            self.switch_screen(false, false);
            self.restore_cursor();
            self.take_alternate_places();
        }
    }

    /// Shows the other screen; with `clear` the one that is left is emptied.
    fn switch_screen(&mut self, to_alternate: bool, clear: bool) {
        if to_alternate == self.alternate {
            return;
        }
        let mut other = match self.hidden.take() {
            Some(grid) => grid,
            None => Grid::new(self.size, self.generation),
        };
        std::mem::swap(&mut self.grid, &mut other);
        // What an emptied alternate screen held is not worth its memory.
        self.hidden = (to_alternate || !clear).then_some(other);
        self.grid.generation = self.generation;
        self.grid.touch(0..self.size.rows);
        self.alternate = to_alternate;
        self.emit(TermEventKind::AlternateScreen {
            entered: to_alternate,
        });
    }

    /// Places on an alternate screen that is gone clamp to what follows in time: the primary's cursor.
    fn take_alternate_places(&mut self) {
        if self.alternate {
            return;
        }
        let cursor = Pos {
            row: self.abs(self.y),
            col: self.x,
        };
        let top = self.top_row();
        self.each_place(|pos, alternate| {
            if *alternate {
                *alternate = false;
                if pos.row >= top {
                    *pos = cursor;
                }
            }
        });
    }

    /// RIS. Text on the primary screen goes to the history first; title and history stay.
    pub fn hard_reset(&mut self) {
        if self.alternate {
            self.switch_screen(false, true);
            self.take_alternate_places();
        }
        self.keep_cleared();
        self.hidden = None;
        self.soft_reset();
        let rows = self.size.rows;
        self.grid.clear_rows(0..rows, Default::default());
        self.modes = Modes::new(self.config.width == WidthPolicy::Cluster);
        self.tabs = Tabs::new();
        self.margins = Margins::full(self.size);
        (self.x, self.y) = (0, 0);
        self.cursor_shape = 0;
        self.modify_other_keys = 0;
        self.keyboard = [Vec::new(), Vec::new()];
        self.title_stack.clear();
        self.emit(TermEventKind::Reset { hard: true });
    }
}
