//! What control characters, escape sequences and control sequences do.

use vte::Perform;

use super::TermEventKind;
use super::charset::Charset;
use super::modes;
use super::params::Params;
use super::state::Term;

impl Perform for Term {
    fn execute(&mut self, byte: u8) {
        self.control(byte);
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], ignore: bool, byte: u8) {
        self.last_printed = None;
        if ignore {
            return;
        }
        match (intermediates, byte) {
            ([], _) => self.plain_escape(byte),
            ([b'#'], b'8') => self.alignment_test(),
            ([set @ b'('..=b'+'], _) => {
                self.charsets.sets[usize::from(set - b'(')] = Charset::from_final(byte)
            }
            // 96-character sets, line sizes, UTF-8 and 8-bit switches: nothing that text depends on.
            ([b'-' | b'.' | b'/' | b'#' | b' ' | b'%' | b'"' | b'&'], _) | ([b'(', ..], _) => {}
            _ => self.unknown_escape(intermediates, byte),
        }
    }

    fn csi_dispatch(&mut self, params: &vte::Params, intermediates: &[u8], ignore: bool, action: char) {
        self.control_sequence(&Params::from(params), intermediates, ignore, action);
    }
}

impl Term {
    /// A control sequence. `ignore` when it had more parameters or intermediate bytes than there are.
    pub fn control_sequence(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        let repeats = action == 'b' && intermediates.is_empty();
        if !repeats {
            self.last_printed = None;
        }
        if ignore {
            self.unknown_csi(params, intermediates, action);
            return;
        }
        match intermediates {
            [] => self.plain_csi(params, action),
            b"?" => self.private_csi(params, action),
            _ => self.other_csi(params, intermediates, action),
        }
        if repeats {
            self.last_printed = None;
        }
    }

    /// A C0 control.
    pub fn control(&mut self, byte: u8) {
        self.last_printed = None;
        match byte {
            0x07 => self.emit(TermEventKind::Bell),
            0x08 => self.backspace(),
            b'\t' => self.tab(1),
            b'\n' | 0x0b | 0x0c => self.line_feed(),
            b'\r' => self.carriage_return(),
            0x0e => self.charsets.shift = 1,
            0x0f => self.charsets.shift = 0,
            _ => {}
        }
    }

    fn plain_escape(&mut self, byte: u8) {
        match byte {
            b'7' => self.save_cursor(),
            b'8' => self.restore_cursor(),
            b'D' => self.index(),
            b'E' => {
                self.index();
                self.carriage_return();
            }
            b'M' => self.reverse_index(),
            b'H' => self.tabs.set(self.x),
            b'N' => self.charsets.single = Some(2),
            b'O' => self.charsets.single = Some(3),
            b'n' => self.charsets.shift = 2,
            b'o' => self.charsets.shift = 3,
            b'Z' => self.reply_device_attributes(0, 0),
            b'c' => self.hard_reset(),
            b'=' => self.modes.set(modes::APP_KEYPAD, true),
            b'>' => self.modes.set(modes::APP_KEYPAD, false),
            b'V' => self.protected = true,
            b'W' => self.protected = false,
            b'6' => self.back_index(),
            b'9' => self.forward_index(),
            b'\\' | b'|' | b'}' | b'~' => {}
            _ => self.unknown_escape(&[], byte),
        }
    }

    /// DECBI: left, or the region's columns move right.
    fn back_index(&mut self) {
        self.pending_wrap = false;
        if self.x == self.margins.left && self.cursor_in_margins() {
            self.shift_columns(self.x, 1, true);
        } else {
            self.x = self.x.saturating_sub(1);
        }
    }

    /// DECFI: right, or the region's columns move left.
    fn forward_index(&mut self) {
        self.pending_wrap = false;
        if self.x == self.margins.right && self.cursor_in_margins() {
            self.shift_columns(self.margins.left, 1, false);
        } else {
            self.x = (self.x + 1).min(self.last_col());
        }
    }

    fn plain_csi(&mut self, params: &Params, action: char) {
        let n = params.get(0);
        let count = n.max(1);
        match action {
            'm' => self.select_graphic_rendition(params),
            'H' | 'f' => self.go_to(n, params.get(1)),
            'A' => self.up(n),
            'B' => self.down(n),
            'C' => self.right(n),
            'D' => self.cursor_left(n),
            'E' | 'F' => {
                if action == 'E' {
                    self.down(n)
                } else {
                    self.up(n)
                }
                self.carriage_return();
            }
            'G' | '`' => self.go_to_col(n),
            'd' => self.go_to_row(n),
            'a' => self.move_by(0, count),
            'e' => self.move_by(count, 0),
            'I' => self.tab(n),
            'Z' => self.tab_back(n),
            'J' if n == 3 => self.erase_history(),
            'J' => self.erase_in_display(n, false),
            'K' => self.erase_in_line(n, false),
            'X' => self.erase_chars(n),
            '@' => self.insert_blanks(n),
            'P' => self.delete_chars(n),
            'L' => self.insert_lines(count),
            'M' => self.delete_lines(count),
            'S' => self.scroll_region_up(count, false),
            'T' | '^' if params.len() <= 1 => self.scroll_region_down(count),
            'b' => self.repeat(count),
            'g' if n == 0 => self.tabs.clear(self.x),
            'g' if n == 3 => self.tabs.clear_all(),
            'g' => {}
            'h' | 'l' => self.set_modes(params, true, action == 'h'),
            'r' => self.set_margins(n, params.get(1)),
            's' if self.modes.has(modes::LEFT_RIGHT) => self.set_side_margins(n, params.get(1)),
            's' => self.save_cursor(),
            'u' => self.restore_cursor(),
            'c' => self.reply_device_attributes(0, n),
            'n' => self.reply_status(n),
            't' => self.window_operation(n, params.get(1)),
            'i' | 'q' | 'x' => {}
            _ => self.unknown_csi(params, &[], action),
        }
    }

    fn select_graphic_rendition(&mut self, params: &Params) {
        self.style.apply_sgr(params);
        self.style_id = None;
    }

    fn cursor_left(&mut self, n: u16) {
        if self.modes.has(modes::REVERSE_WRAP | modes::REVERSE_WRAP_FAR) {
            for _ in 0..n.max(1).min(self.size.cols) {
                self.backspace();
            }
        } else {
            self.left(n);
        }
    }

    /// `CSI ? …`.
    fn private_csi(&mut self, params: &Params, action: char) {
        let n = params.get(0);
        match action {
            'h' | 'l' => self.set_modes(params, false, action == 'h'),
            'J' => self.erase_in_display(n, true),
            'K' => self.erase_in_line(n, true),
            'n' => self.reply_private_status(n, params.get(1)),
            'u' => self.reply_keyboard(),
            'm' if n == 4 => self.reply_modify_other_keys(),
            'W' if n == 5 => self.tabs = super::tabs::Tabs::new(),
            'r' | 's' => {}
            _ => self.unknown_csi(params, b"?", action),
        }
    }

    /// Control sequences with other prefixes or with intermediate bytes.
    fn other_csi(&mut self, params: &Params, intermediates: &[u8], action: char) {
        let n = params.get(0);
        let count = n.max(1);
        match (intermediates, action) {
            (b">", 'c') => self.reply_device_attributes(b'>', n),
            (b"=", 'c') => self.reply_device_attributes(b'=', n),
            (b">", 'q') if n == 0 => self.reply_version(),
            (b">", 'm') => self.modify_other_keys = if n == 4 { params.get(1) } else { 0 },
            (b">", 'n') => self.modify_other_keys = 0,
            (b">", 'u') => self.push_keyboard(n),
            (b"<", 'u') => self.pop_keyboard(count),
            (b"=", 'u') => self.set_keyboard(n, params.get(1)),
            (b"?$", 'p') => self.reply_mode(n, false),
            (b"$", 'p') => self.reply_mode(n, true),
            (b"!", 'p') => {
                self.soft_reset();
                self.emit(TermEventKind::Reset { hard: false });
            }
            (b" ", 'q') => self.cursor_shape = n,
            (b" ", '@') => self.shift_columns_from(self.margins.left, count, false),
            (b" ", 'A') => self.shift_columns_from(self.margins.left, count, true),
            (b"'", '}') => self.shift_columns_from(self.x, count, true),
            (b"'", '~') => self.shift_columns_from(self.x, count, false),
            (b"\"", 'q') => self.protected = n == 1,
            (b">", 'p' | 't' | 'T') | (b"\"", 'p') | (b"$", _) | (b"*", _) | (b"'", _) | (b" ", _) => {}
            _ => self.unknown_csi(params, intermediates, action),
        }
    }

    fn shift_columns_from(&mut self, x: u16, n: u16, insert: bool) {
        if self.cursor_in_margins() {
            self.pending_wrap = false;
            self.shift_columns(x, n, insert);
        }
    }
}
