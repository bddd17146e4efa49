//! Answers to queries, in the order of the queries. Nothing that a program chose is ever repeated to it as input.

use super::TermEventKind;
use super::modes;
use super::state::Term;
use crate::engine::limits;

/// A cell's size in pixels, for programs that ask: there are no pixels here.
const CELL_PIXELS: (u32, u32) = (10, 20);

impl Term {
    /// Queues an answer; one that would exceed the limit is dropped whole.
    pub fn reply(&mut self, text: &str) {
        if self.replies.len() + text.len() <= limits::MAX_REPLY_BYTES {
            self.replies.extend_from_slice(text.as_bytes());
        }
    }

    /// DA1 (no prefix): VT420 with ANSI colour and selective erase. DA2: VT420. DA3: unit id zero.
    pub fn reply_device_attributes(&mut self, prefix: u8, n: u16) {
        match (prefix, n) {
            (b'>', 0) => self.reply("\x1b[>41;1;0c"),
            (b'=', 0) => self.reply("\x1bP!|00000000\x1b\\"),
            (0, 0) => self.reply("\x1b[?64;1;6;22c"),
            _ => {}
        }
    }

    /// DSR 5 and 6 (CPR).
    pub fn reply_status(&mut self, n: u16) {
        match n {
            5 => self.reply("\x1b[0n"),
            6 => {
                let (row, col) = self.reported_cursor();
                self.reply(&format!("\x1b[{row};{col}R"));
            }
            _ => {}
        }
    }

    /// `CSI ? n n`: DECXCPR, printer, keys, locator, colour scheme.
    pub fn reply_private_status(&mut self, n: u16, id: u16) {
        match n {
            6 => {
                let (row, col) = self.reported_cursor();
                self.reply(&format!("\x1b[?{row};{col};1R"));
            }
            15 => self.reply("\x1b[?13n"),
            25 => self.reply("\x1b[?21n"),
            26 => self.reply("\x1b[?27;1;0;0n"),
            53 | 55 => self.reply("\x1b[?50n"),
            56 => self.reply("\x1b[?57;0n"),
            62 => self.reply("\x1b[0*{"),
            63 => self.reply(&format!("\x1bP{id}!~0000\x1b\\")),
            75 => self.reply("\x1b[?70n"),
            85 => self.reply("\x1b[?83n"),
            996 => self.reply("\x1b[?997;1n"),
            _ => {}
        }
    }

    /// Row and column from 1, relative to the margins in origin mode.
    fn reported_cursor(&self) -> (u16, u16) {
        let origin = self.modes.has(modes::ORIGIN);
        let (top, left) = if origin {
            (self.margins.top, self.margins.left)
        } else {
            (0, 0)
        };
        (self.y.saturating_sub(top) + 1, self.x.saturating_sub(left) + 1)
    }

    /// DECRQM: 1 set, 2 reset, 0 not known.
    pub fn reply_mode(&mut self, number: u16, ansi: bool) {
        let state = if ansi {
            self.modes.ansi(number)
        } else {
            self.modes.dec(number)
        };
        let value = match state {
            Some(true) => 1,
            Some(false) => 2,
            None => 0,
        };
        let prefix = if ansi { "" } else { "?" };
        self.reply(&format!("\x1b[{prefix}{number};{value}$y"));
    }

    pub fn reply_version(&mut self) {
        let version: String = self.config.version.chars().filter(|c| !c.is_control()).collect();
        self.reply(&format!("\x1bP>|{version}\x1b\\"));
    }

    pub fn reply_modify_other_keys(&mut self) {
        self.reply(&format!("\x1b[>4;{}m", self.modify_other_keys));
    }

    /// XTWINOPS: sizes are told, titles remembered, windows not moved.
    pub fn window_operation(&mut self, n: u16, what: u16) {
        let (rows, cols) = (u32::from(self.size.rows), u32::from(self.size.cols));
        let (width, height) = CELL_PIXELS;
        match n {
            11 => self.reply("\x1b[1t"),
            13 => self.reply("\x1b[3;0;0t"),
            14 => self.reply(&format!("\x1b[4;{};{}t", rows * height, cols * width)),
            15 => self.reply(&format!("\x1b[5;{};{}t", rows * height, cols * width)),
            16 => self.reply(&format!("\x1b[6;{height};{width}t")),
            18 => self.reply(&format!("\x1b[8;{rows};{cols}t")),
            19 => self.reply(&format!("\x1b[9;{rows};{cols}t")),
            // The title is what a program chose: told empty, so that it cannot come back as typed input.
            20 => self.reply("\x1b]L\x1b\\"),
            21 => self.reply("\x1b]l\x1b\\"),
            22 if what != 1 => self.push_title(),
            23 if what != 1 => self.pop_title(),
            _ => {}
        }
    }

    fn push_title(&mut self) {
        if self.title_stack.len() == limits::MAX_TITLE_STACK {
            self.title_stack.remove(0);
        }
        self.title_stack.push(self.title.clone());
    }

    fn pop_title(&mut self) {
        if let Some(title) = self.title_stack.pop() {
            self.emit(TermEventKind::Title(title.clone().unwrap_or_default()));
            self.title = title;
        }
    }

    /// DECSET 2048: the size as a report, now and after every resize.
    pub fn report_size_in_band(&mut self) {
        let (rows, cols) = (u32::from(self.size.rows), u32::from(self.size.cols));
        let (width, height) = CELL_PIXELS;
        self.reply(&format!(
            "\x1b[48;{rows};{cols};{};{}t",
            rows * height,
            cols * width
        ));
    }

    fn keyboard_stack(&mut self) -> &mut Vec<u16> {
        &mut self.keyboard[usize::from(self.alternate)]
    }

    /// Kitty keyboard protocol: `CSI ? u`.
    pub fn reply_keyboard(&mut self) {
        let flags = self.keyboard_stack().last().copied().unwrap_or(0);
        self.reply(&format!("\x1b[?{flags}u"));
    }

    pub fn push_keyboard(&mut self, flags: u16) {
        let stack = self.keyboard_stack();
        if stack.len() == limits::MAX_KEYBOARD_STACK {
            stack.remove(0);
        }
        stack.push(flags & 31);
    }

    pub fn pop_keyboard(&mut self, n: u16) {
        let stack = self.keyboard_stack();
        stack.truncate(stack.len().saturating_sub(usize::from(n)));
    }

    /// `CSI = flags ; how u`: 1 sets, 2 adds, 3 removes.
    pub fn set_keyboard(&mut self, flags: u16, how: u16) {
        let stack = self.keyboard_stack();
        if stack.is_empty() {
            stack.push(0);
        }
        if let Some(top) = stack.last_mut() {
            *top = match how {
                2 => *top | (flags & 31),
                3 => *top & !flags,
                _ => flags & 31,
            };
        }
    }
}
