//! The screen as sequences that recreate it on a fresh terminal of the same size.
//!
//! Order matters: saved cursors first, while the screen is still empty and may be written on; then the rows; then what
//! would change how they are painted (tab stops, margins, modes); the cursor last. Not part of it: the history, the alternate
//! screen while it is not shown, and what REP would repeat. A pending wrap over a blank cell leaves a written blank there, and
//! one on a row that is wrapped already (both only after SU or SD) ends that row's line.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::cell::{Cell, PROTECTED};
use super::charset::Charsets;
use super::grid::Grid;
use super::modes::{self, Modes};
use super::state::{Margins, SavedCursor, Term};
use super::style::{Link, Style};

pub(super) fn of(term: &Term) -> Vec<u8> {
    let mut painter = Painter {
        term,
        out: String::new(),
        style: Style::default(),
        protected: false,
    };
    painter.title();
    painter.out.push_str("\x1b[?2027h");
    let primary = if term.alternate {
        term.hidden.as_ref()
    } else {
        Some(&term.grid)
    };
    if let Some(saved) = &term.saved[0] {
        painter.saved_cursor(saved);
    }
    painter.keyboard(0);
    if let Some(grid) = primary {
        painter.grid(grid);
    }
    if term.alternate {
        painter.enter_alternate();
    }
    painter.tabs();
    painter.modes();
    painter.cursor();
    painter.out.into_bytes()
}

struct Painter<'a> {
    term: &'a Term,
    out: String,
    /// What the pen of the fresh terminal is now.
    style: Style,
    protected: bool,
}

/// Appends formatted text; writing to a `String` cannot fail.
macro_rules! put {
    ($painter:expr, $($arg:tt)*) => {
        let _ = write!($painter.out, $($arg)*);
    };
}

impl Painter<'_> {
    fn title(&mut self) {
        if let Some(title) = &self.term.title {
            put!(self, "\x1b]2;{title}\x1b\\");
        }
    }

    fn pen(&mut self, style: Style, protected: bool) {
        if style != self.style {
            self.link(style.link);
            style.to_sgr(&mut self.out);
            self.style = style;
        }
        if protected != self.protected {
            put!(self, "\x1b[{}\"q", u8::from(protected));
            self.protected = protected;
        }
    }

    fn link(&mut self, link: Link) {
        if link != self.style.link {
            let target = self.term.links.get(link).map_or("", |target| target);
            put!(self, "\x1b]8;;{target}\x1b\\");
        }
    }

    /// Leaves a saved cursor behind; the cell below it may be written on.
    fn saved_cursor(&mut self, saved: &SavedCursor) {
        self.out.push_str(if saved.origin { "\x1b[?6h" } else { "" });
        put!(self, "\x1b[{};{}H", saved.y + 1, saved.x + 1);
        if saved.pending_wrap {
            self.out.push('x');
        }
        self.pen(saved.style, saved.protected);
        self.charsets(&saved.charsets);
        self.out.push_str("\x1b7");
        self.charsets(&Charsets::default());
        self.out.push_str(if saved.origin { "\x1b[?6l" } else { "" });
    }

    fn charsets(&mut self, charsets: &Charsets) {
        for (set, letter) in charsets.sets.iter().zip("()*+".chars()) {
            put!(self, "\x1b{letter}{}", set.final_byte());
        }
        self.out
            .push_str(["\x0f", "\x0e", "\x1bn", "\x1bo"][usize::from(charsets.shift)]);
        match charsets.single {
            Some(2) => self.out.push_str("\x1bN"),
            Some(_) => self.out.push_str("\x1bO"),
            None => {}
        }
    }

    fn keyboard(&mut self, screen: usize) {
        for flags in &self.term.keyboard[screen] {
            put!(self, "\x1b[>{flags}u");
        }
    }

    fn enter_alternate(&mut self) {
        let number = [47, 1047, 1049]
            .into_iter()
            .find(|n| self.term.modes.dec(*n) == Some(true))
            .unwrap_or(47);
        // 47 saves and clears nothing; a second one on the alternate screen only sets its mode.
        put!(self, "\x1b[?47h\x1b[?{number}h");
        if let Some(saved) = &self.term.saved[1] {
            self.saved_cursor(saved);
        }
        self.keyboard(1);
        self.grid(&self.term.grid);
    }

    fn grid(&mut self, grid: &Grid) {
        for y in 0..grid.rows() {
            self.pen(Style::default(), false);
            put!(self, "\x1b[{};1H\x1b[2K", y + 1);
            self.row(grid, y);
            if grid.meta(y).wrapped && y + 1 < grid.rows() {
                self.wrap_mark(grid, y);
            }
        }
    }

    fn row(&mut self, grid: &Grid, y: u16) {
        let cells = grid.filled_cells(y);
        let mut x = 0;
        while x < cells.len() {
            let cell = cells[x];
            if cell.is_written() {
                self.cell(cell);
                x += if cell.is_wide() { 2 } else { 1 };
                continue;
            }
            let blanks = cells[x..].iter().take_while(|c| **c == cell).count();
            if cell.style != 0 {
                self.pen(self.term.styles.get(cell.style), false);
                put!(self, "\x1b[{blanks}X");
            }
            x += blanks;
            if x < cells.len() {
                put!(self, "\x1b[{};{}H", y + 1, x + 1);
            }
        }
    }

    /// Prints one cell at the cursor so that it joins neither what stands before nor what comes behind.
    fn cell(&mut self, cell: Cell) {
        self.pen(self.term.styles.get(cell.style), cell.flags & PROTECTED != 0);
        let mut text = String::new();
        cell.push_text(&self.term.clusters, &mut text);
        if text.len() == 1 {
            self.out.push_str(&text);
            return;
        }
        let code_points = !cell.is_wide() && text.as_str().width() > 1;
        let (before, after) = if code_points {
            ("\x1b[?2027l", "\x1b[?2027h")
        } else {
            ("", "\x1b[>0m")
        };
        put!(
            self,
            "{}{before}{text}{after}",
            if self.out.ends_with('m') { "" } else { "\x1b[>0m" }
        );
    }

    /// Sets the row's wrap mark the only way there is: by wrapping.
    fn wrap_mark(&mut self, grid: &Grid, y: u16) {
        let cols = grid.cols();
        let last = grid.cells(y)[usize::from(cols) - 1];
        let (cell, x) = if last.is_tail() {
            (grid.cells(y)[usize::from(cols) - 2], cols - 1)
        } else {
            (last, cols)
        };
        put!(self, "\x1b[{};{x}H", y + 1);
        if cell.is_written() {
            self.cell(cell);
        } else {
            self.out.push('x');
        }
        self.out.push('x');
        if !cell.is_written() {
            self.pen(self.term.styles.get(cell.style), false);
            put!(self, "\x1b[{};{x}H\x1b[@", y + 1);
        }
    }

    fn tabs(&mut self) {
        let fresh = super::tabs::Tabs::new();
        let cols = 0..self.term.size.cols;
        if cols.clone().all(|x| fresh.is_set(x) == self.term.tabs.is_set(x)) {
            return;
        }
        self.out.push_str("\x1b[3g");
        for x in cols.filter(|x| self.term.tabs.is_set(*x)) {
            put!(self, "\x1b[{}G\x1bH", x + 1);
        }
    }

    /// Margins, then every mode that differs from a fresh terminal's, except the few that belong to the cursor.
    fn modes(&mut self) {
        let Margins {
            top,
            bottom,
            left,
            right,
        } = self.term.margins;
        if (top, bottom) != (0, self.term.last_row()) {
            put!(self, "\x1b[{};{}r", top + 1, bottom + 1);
        }
        let fresh = Modes::new(self.term.config.width == super::WidthPolicy::Cluster);
        let modes = self.term.modes.all_dec().zip(fresh.all_dec());
        for ((number, set), (_, initially)) in modes {
            if set != initially && !matches!(number, 6 | 7 | 47 | 1047 | 1049 | 2027) {
                put!(self, "\x1b[?{number}{}", if set { 'h' } else { 'l' });
            }
        }
        if self.term.has_side_margins() {
            put!(self, "\x1b[{};{}s", left + 1, right + 1);
        }
        if self.term.cursor_shape != 0 {
            put!(self, "\x1b[{} q", self.term.cursor_shape);
        }
    }

    fn cursor(&mut self) {
        let term = self.term;
        let (mut x, mut y) = (term.x, term.y);
        if term.modes.has(modes::ORIGIN) {
            self.out.push_str("\x1b[?6h");
            x -= term.margins.left.min(x);
            y -= term.margins.top.min(y);
        }
        let cell = term.grid.cells(term.y)[usize::from(term.x)];
        let on_tail = term.pending_wrap && cell.is_tail() && x > 0;
        put!(self, "\x1b[{};{}H", y + 1, x + u16::from(!on_tail));
        if on_tail {
            self.cell(term.grid.cells(term.y)[usize::from(term.x) - 1]);
        } else if term.pending_wrap {
            self.cell(Cell {
                content: if cell.content == 0 {
                    u32::from(' ')
                } else {
                    cell.content
                },
                ..cell
            });
        }
        self.pen(term.style, term.protected);
        if !term.modes.has(modes::AUTOWRAP) {
            self.out.push_str("\x1b[?7l");
        }
        for (number, set) in term.modes.all_ansi() {
            self.out.push_str(&if set {
                format!("\x1b[{number}h")
            } else {
                String::new()
            });
        }
        if term.modify_other_keys != 0 {
            put!(self, "\x1b[>4;{}m", term.modify_other_keys);
        }
        self.charsets(&term.charsets);
        // Cells are painted with 2027 set; some of them switch it off and on.
        put!(
            self,
            "\x1b[?2027{}",
            if term.modes.has(modes::CLUSTERS) { 'h' } else { 'l' }
        );
    }
}
