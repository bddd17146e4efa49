//! From bytes to the text that a person reads: append-only, nothing is taken back.
//!
//! - Printable characters; UTF-8 that is none becomes U+FFFD; the line drawing set is drawn.
//! - CR LF, CR CR LF and LF are one `\n`; so are VT and FF. A CR that no LF follows stays `\r`; backspace and TAB stay.
//! - All other control characters and all escape sequences are gone. What moves the cursor to another row, or clears the screen, parts texts: one
//!   `\n`. A jump to the right within a row is one space, one to the left a backspace, one to its start `\r`.
//! - A space at the right margin with a CR behind it, by which line editors wrap what is typed, is nothing: the line is in one piece.
//!
//! What waits for its next byte to be understood (a CR, a cut character, a jump) is held back until that comes or the stream ends;
//! the space at the margin also until the tool waits for input.

use unicode_width::UnicodeWidthChar;

use crate::engine::limits;
use crate::engine::term;

/// What a session's waits search, of bytes as they come.
#[derive(Debug)]
pub struct TextFilter {
    at: At,
    csi: Csi,
    /// Bytes of the present escape string.
    string_bytes: usize,
    /// A character that has not come whole.
    partial: [u8; 4],
    partial_len: usize,
    cols: usize,
    /// Cells to the left of the cursor; all of them, when the next character wraps.
    col: usize,
    gap: Gap,
    /// A CR that may belong to a line end.
    cr: bool,
    wrap: Wrap,
    /// The last thing put out was a line end, or nothing was.
    at_line_start: bool,
    /// For REP.
    last: char,
    drawing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Ground,
    Escape,
    /// Behind this first intermediate byte.
    Intermediate(u8),
    Csi,
    /// OSC, which BEL ends, too.
    Osc,
    String,
}

#[derive(Debug, Default)]
struct Csi {
    params: [u16; 2],
    count: usize,
    /// `?` and its like.
    private: u8,
    /// With intermediate bytes it is another sequence.
    other: bool,
}

/// What stands for a movement, before the next character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Line,
}

/// At the right margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrap {
    None,
    /// A space was printed behind the last column.
    Space,
    /// And a CR.
    Return,
}

const BACKSPACE: char = '\u{8}';

impl TextFilter {
    pub fn new(cols: u16) -> TextFilter {
        TextFilter {
            at: At::Ground,
            csi: Csi::default(),
            string_bytes: 0,
            partial: [0; 4],
            partial_len: 0,
            cols: usize::from(cols).max(1),
            col: 0,
            gap: Gap::None,
            cr: false,
            wrap: Wrap::None,
            at_line_start: true,
            last: ' ',
            drawing: false,
        }
    }

    pub fn resize(&mut self, cols: u16) {
        self.cols = usize::from(cols).max(1);
        self.col = self.col.min(self.cols);
    }

    pub fn push(&mut self, mut bytes: &[u8], text: &mut Vec<u8>) {
        while let Some(&byte) = bytes.first() {
            let used = match self.at {
                At::Ground if is_plain(byte) => self.plain(bytes, text),
                At::Ground if byte >= 0x80 => self.high(bytes, text),
                At::Ground => {
                    self.broken(text);
                    self.control(byte, text);
                    1
                }
                At::Osc | At::String => self.string(bytes),
                At::Escape | At::Intermediate(_) | At::Csi => {
                    self.sequence(byte, text);
                    1
                }
            };
            bytes = &bytes[used..];
        }
    }

    /// A space is held back that only a CR could undo.
    pub fn holds(&self) -> bool {
        self.wrap == Wrap::Space
    }

    /// No CR follows for now.
    pub fn settle(&mut self, text: &mut Vec<u8>) {
        if self.holds() {
            self.unwrap(text);
        }
    }

    /// Nothing follows any more.
    pub fn finish(&mut self, text: &mut Vec<u8>) {
        self.broken(text);
        self.unwrap(text);
        if std::mem::take(&mut self.cr) {
            put(text, '\r');
        }
    }

    // Characters.

    /// A run of printable ASCII.
    fn plain(&mut self, bytes: &[u8], text: &mut Vec<u8>) -> usize {
        self.broken(text);
        let run = &bytes[..plain_len(bytes)];
        if self.drawing {
            run.iter()
                .for_each(|byte| self.character(term::line_drawing(char::from(*byte)), 1, text));
            return run.len();
        }
        self.part(text);
        let spaced = run.last() == Some(&b' ');
        let sure = &run[..run.len() - usize::from(spaced)];
        if !sure.is_empty() {
            self.advance(sure.len());
            text.extend_from_slice(sure);
            self.last = char::from(sure[sure.len() - 1]);
            self.at_line_start = false;
        }
        if spaced {
            self.space(text);
        }
        run.len()
    }

    /// A space may be a line editor's way to wrap.
    fn space(&mut self, text: &mut Vec<u8>) {
        if self.col == self.cols {
            self.wrap = Wrap::Space;
            self.col = 1;
            return;
        }
        self.advance(1);
        text.push(b' ');
        self.last = ' ';
        self.at_line_start = false;
    }

    /// Bytes of UTF-8, one character at least where it is whole.
    fn high(&mut self, bytes: &[u8], text: &mut Vec<u8>) -> usize {
        if self.partial_len > 0 {
            return self.more_of_partial(bytes[0], text);
        }
        let run = bytes.iter().position(|byte| *byte < 0x80).unwrap_or(bytes.len());
        let mut rest = &bytes[..run];
        while !rest.is_empty() {
            let error = match std::str::from_utf8(rest) {
                Ok(whole) => {
                    self.characters(whole, text);
                    break;
                }
                Err(error) => error,
            };
            let (whole, broken) = rest.split_at(error.valid_up_to());
            self.characters(std::str::from_utf8(whole).unwrap_or_default(), text);
            match error.error_len() {
                Some(length) => {
                    self.character(char::REPLACEMENT_CHARACTER, 1, text);
                    rest = &broken[length..];
                }
                None => {
                    self.partial[..broken.len()].copy_from_slice(broken);
                    self.partial_len = broken.len();
                    break;
                }
            }
        }
        run
    }

    fn more_of_partial(&mut self, byte: u8, text: &mut Vec<u8>) -> usize {
        self.partial[self.partial_len] = byte;
        let partial = self.partial;
        match std::str::from_utf8(&partial[..=self.partial_len]) {
            Ok(whole) => {
                self.partial_len = 0;
                self.characters(whole, text);
                1
            }
            Err(error) if error.error_len().is_none() => {
                self.partial_len += 1;
                1
            }
            // The byte begins something of its own.
            Err(_) => {
                self.broken(text);
                0
            }
        }
    }

    /// A character that will never be whole.
    fn broken(&mut self, text: &mut Vec<u8>) {
        if std::mem::take(&mut self.partial_len) > 0 {
            self.character(char::REPLACEMENT_CHARACTER, 1, text);
        }
    }

    fn characters(&mut self, characters: &str, text: &mut Vec<u8>) {
        for c in characters.chars() {
            if !c.is_control() {
                self.character(c, c.width().unwrap_or(0), text);
            }
        }
    }

    fn character(&mut self, c: char, width: usize, text: &mut Vec<u8>) {
        self.part(text);
        if width > 0 {
            if self.col + width > self.cols {
                self.col = 0;
            }
            self.col += width;
        }
        self.last = c;
        self.at_line_start = false;
        put(text, c);
    }

    fn advance(&mut self, cells: usize) {
        self.col += cells;
        if self.col > self.cols {
            self.col = (self.col - 1) % self.cols + 1;
        }
    }

    // Between characters.

    /// Puts out what stands between the last character and the next.
    fn part(&mut self, text: &mut Vec<u8>) {
        if self.wrap != Wrap::None {
            self.unwrap(text);
        }
        let cr = std::mem::take(&mut self.cr);
        match std::mem::replace(&mut self.gap, Gap::None) {
            Gap::Line if self.at_line_start => {}
            Gap::Line => put(text, '\n'),
            Gap::Space if cr => text.extend_from_slice(b"\r "),
            Gap::Space => put(text, ' '),
            Gap::None if cr => put(text, '\r'),
            Gap::None => {}
        }
    }

    /// The space at the margin was one, unless a CR followed it.
    fn unwrap(&mut self, text: &mut Vec<u8>) {
        if std::mem::replace(&mut self.wrap, Wrap::None) == Wrap::Space {
            put(text, ' ');
            self.last = ' ';
            self.at_line_start = false;
        }
    }

    fn line_end(&mut self, text: &mut Vec<u8>) {
        if self.wrap == Wrap::Return {
            self.wrap = Wrap::Space;
        }
        self.unwrap(text);
        self.cr = false;
        if std::mem::replace(&mut self.gap, Gap::None) == Gap::Line && !self.at_line_start {
            put(text, '\n');
        }
        put(text, '\n');
        self.at_line_start = true;
    }

    fn carriage_return(&mut self) {
        self.col = 0;
        if self.wrap == Wrap::Space {
            self.wrap = Wrap::Return;
        }
        if self.wrap == Wrap::None {
            // In the first column it moves nothing: line editors end their prompts so.
            self.cr = !self.at_line_start;
        }
        if self.gap == Gap::Space {
            self.gap = Gap::None;
        }
    }

    fn control(&mut self, byte: u8, text: &mut Vec<u8>) {
        match byte {
            b'\r' => self.carriage_return(),
            b'\n' | 0x0b | 0x0c => self.line_end(text),
            b'\t' => {
                self.part(text);
                self.col = ((self.col / 8 + 1) * 8).min(self.cols - 1);
                self.at_line_start = false;
                text.push(b'\t');
            }
            0x08 => self.back(text),
            0x1b => self.at = At::Escape,
            _ => {}
        }
    }

    fn back(&mut self, text: &mut Vec<u8>) {
        self.part(text);
        self.col = self.col.saturating_sub(1);
        put(text, BACKSPACE);
    }

    /// The cursor goes to another row, and to column `col` where one is named.
    fn move_row(&mut self, col: Option<usize>, text: &mut Vec<u8>) {
        self.unwrap(text);
        self.cr = false;
        self.gap = Gap::Line;
        self.col = col.unwrap_or(self.col).min(self.cols - 1);
    }

    /// The cursor goes to column `col` of its row.
    fn move_col(&mut self, col: usize, text: &mut Vec<u8>) {
        self.unwrap(text);
        let col = col.min(self.cols - 1);
        match col.cmp(&self.col.min(self.cols - 1)) {
            _ if col == 0 => self.carriage_return(),
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => self.gap = self.gap.max(Gap::Space),
            std::cmp::Ordering::Less => self.back(text),
        }
        self.col = col;
    }

    // Sequences.

    /// Skips an escape string, as far as it has come.
    fn string(&mut self, bytes: &[u8]) -> usize {
        let osc = self.at == At::Osc;
        let ends = |byte: &u8| matches!(byte, 0x1b | 0x18 | 0x1a) || (*byte == 0x07 && osc);
        let room = limits::EXPECT_STRING_BYTES - self.string_bytes;
        let looked = &bytes[..bytes.len().min(room)];
        let Some(end) = looked.iter().position(ends) else {
            self.string_bytes += looked.len();
            if self.string_bytes >= limits::EXPECT_STRING_BYTES {
                self.at = At::Ground;
            }
            return looked.len();
        };
        self.at = match looked[end] {
            0x1b => At::Escape,
            _ => At::Ground,
        };
        end + 1
    }

    fn sequence(&mut self, byte: u8, text: &mut Vec<u8>) {
        match byte {
            0x18 | 0x1a => self.at = At::Ground,
            0x1b => self.at = At::Escape,
            0x00..=0x1f => {
                let at = self.at;
                self.control(byte, text);
                self.at = at;
            }
            // No byte of a sequence.
            0x7f..=0xff => {}
            _ => match self.at {
                At::Escape => self.escape(byte, text),
                At::Intermediate(first) => self.designate(first, byte),
                At::Csi | At::Ground | At::Osc | At::String => self.csi(byte, text),
            },
        }
    }

    fn escape(&mut self, byte: u8, text: &mut Vec<u8>) {
        self.string_bytes = 0;
        self.at = match byte {
            b'[' => {
                self.csi = Csi::default();
                At::Csi
            }
            b']' => At::Osc,
            b'P' | b'X' | b'^' | b'_' => At::String,
            0x20..=0x2f => At::Intermediate(byte),
            _ => At::Ground,
        };
        match byte {
            b'D' | b'M' | b'8' => self.move_row(None, text),
            b'E' => self.move_row(Some(0), text),
            b'c' => {
                self.move_row(Some(0), text);
                self.drawing = false;
            }
            _ => {}
        }
    }

    fn designate(&mut self, first: u8, byte: u8) {
        if (0x20..=0x2f).contains(&byte) {
            self.at = At::Intermediate(0);
            return;
        }
        self.at = At::Ground;
        if first == b'(' {
            self.drawing = byte == b'0';
        }
    }

    fn csi(&mut self, byte: u8, text: &mut Vec<u8>) {
        let csi = &mut self.csi;
        match byte {
            b'0'..=b'9' => {
                if let Some(param) = csi.params.get_mut(csi.count) {
                    *param = param.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
                }
            }
            b':' | b';' => csi.count += 1,
            0x3c..=0x3f => csi.private = byte,
            0x20..=0x2f => csi.other = true,
            _ => {
                self.at = At::Ground;
                if !self.csi.other {
                    self.csi_done(byte, text);
                }
            }
        }
    }

    fn csi_done(&mut self, byte: u8, text: &mut Vec<u8>) {
        let [first, second] = self.csi.params.map(usize::from);
        let count = first.max(1);
        match (self.csi.private, byte) {
            (0, b'A' | b'B' | b'd' | b'e' | b'k') => self.move_row(None, text),
            (0, b'E' | b'F' | b'r') => self.move_row(Some(0), text),
            (0, b'H' | b'f') => self.move_row(Some(second.saturating_sub(1)), text),
            (0, b'u') if first == 0 => self.move_row(None, text),
            (0, b'J') if first >= 2 => self.move_row(None, text),
            (b'?', b'h' | b'l') if matches!(first, 47 | 1047 | 1049) => self.move_row(None, text),
            (0, b'C' | b'a') => self.move_col(self.col + count, text),
            (0, b'I') => self.move_col((self.col / 8 + count) * 8, text),
            (0, b'G' | b'`') => self.move_col(count - 1, text),
            (0, b'D' | b'j') => self.move_col(self.col.saturating_sub(count), text),
            (0, b'b') => {
                let (c, width) = (self.last, self.last.width().unwrap_or(0));
                (0..count.min(self.cols)).for_each(|_| self.character(c, width, text));
            }
            _ => {}
        }
    }
}

fn is_plain(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte)
}

/// How many bytes from the first on are printable ASCII.
fn plain_len(bytes: &[u8]) -> usize {
    const AT_ONCE: usize = 16;
    let chunks = bytes.chunks_exact(AT_ONCE);
    // Without an early end the compiler looks at all of a chunk in one go.
    let whole = chunks.take_while(|chunk| chunk.iter().fold(true, |plain, byte| plain & is_plain(*byte)));
    let at = whole.count() * AT_ONCE;
    at + bytes[at..]
        .iter()
        .position(|byte| !is_plain(*byte))
        .unwrap_or(bytes.len() - at)
}

fn put(text: &mut Vec<u8>, c: char) {
    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
