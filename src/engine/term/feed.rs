//! Bytes in: finds text, controls, sequences and strings, and hands each to the terminal whole.
//!
//! The parser (`vte`) sees escape and control sequences only. Text is decoded here, because the parser loses characters
//! when a read splits one (alacritty/vte#159) and is slow on plain text; strings (OSC, DCS, …) are collected here,
//! because the parser cuts an overlong one and acts on the rest. Whatever the splits of a stream, each step below sees the
//! same thing: a byte of text, of a sequence or of a string never depends on where a read ended.

use super::osc::{StringKind, Terminator};
use super::params::{self, Params};
use super::print::decoded;
use super::state::Term;
use crate::engine::limits;

/// The parser, with an OSC buffer that nothing ever reaches.
type Parser = vte::Parser<1>;

/// Where in a sequence the last byte left us. Kept beside the parser's own state, which cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ground,
    /// Behind ESC.
    Escape,
    /// Behind ESC and intermediate bytes.
    EscapeIntermediate,
    /// Behind CSI, until its final byte.
    Csi,
    /// Inside a string.
    Text(StringKind),
    /// Behind an ESC inside a string, which ends it.
    TextEscape(StringKind),
}

pub(super) struct Feed {
    parser: Parser,
    state: State,
    /// The bytes so far of a character that is not complete.
    partial: [u8; 4],
    partial_len: usize,
    string: Vec<u8>,
    string_too_long: bool,
    /// Bytes handled.
    pub offset: u64,
}

const ESC: u8 = 0x1b;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

impl Feed {
    pub fn new() -> Feed {
        Feed {
            parser: Parser::default(),
            state: State::Ground,
            partial: [0; 4],
            partial_len: 0,
            string: Vec::new(),
            string_too_long: false,
            offset: 0,
        }
    }

    pub fn handle(&mut self, term: &mut Term, bytes: &[u8]) {
        let base = self.offset;
        let mut i = 0;
        while i < bytes.len() {
            let rest = &bytes[i..];
            let at = base + i as u64;
            i += match self.state {
                State::Ground => self.ground(term, rest, at),
                State::Escape => self.escape(term, rest[0], at),
                State::EscapeIntermediate => self.escape_intermediate(term, rest[0], at),
                State::Csi => self.csi(term, rest, at),
                State::Text(kind) => self.text(term, kind, rest, at),
                State::TextEscape(kind) => self.text_escape(term, kind, rest[0], at),
            };
        }
        self.offset = base + bytes.len() as u64;
    }

    /// Text and controls. Returns how many bytes it took.
    fn ground(&mut self, term: &mut Term, bytes: &[u8], at: u64) -> usize {
        if self.partial_len > 0 {
            return self.complete_character(term, bytes[0], at);
        }
        let plain = plain_prefix(bytes);
        if plain > 0 {
            term.print_ascii(&bytes[..plain], at);
            return plain;
        }
        match bytes[0] {
            ESC => match whole_csi(term, bytes, at) {
                Some(taken) => taken,
                None => {
                    self.begin_escape(term, at);
                    1
                }
            },
            byte @ (0..=0x1f | 0x7f) => {
                term.now = at + 1;
                term.control(byte);
                1
            }
            _ => self.unicode(term, bytes, at),
        }
    }

    fn begin_escape(&mut self, term: &mut Term, at: u64) {
        term.now = at + 1;
        self.parser.advance(term, &[ESC]);
        self.state = State::Escape;
    }

    /// Text that starts with a byte above ASCII, up to what needs another look.
    fn unicode(&mut self, term: &mut Term, bytes: &[u8], at: u64) -> usize {
        let simple = term.print_simple(bytes, at);
        if simple > 0 {
            return simple;
        }
        if let Some((c, len)) = decoded(bytes) {
            self.print(term, c, at);
            return len;
        }
        let head = &bytes[..bytes.len().min(4)];
        let (valid, error) = match std::str::from_utf8(head) {
            Ok(text) => (text, None),
            Err(error) => (
                std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or(""),
                Some(error),
            ),
        };
        if let Some(c) = valid.chars().next() {
            self.print(term, c, at);
            return c.len_utf8();
        }
        match error.and_then(|error| error.error_len()) {
            Some(len) => {
                term.print_char(char::REPLACEMENT_CHARACTER, at);
                len
            }
            None => {
                // The chunk ends inside a character: a longer head would have been invalid or whole.
                self.partial_len = head.len();
                self.partial[..head.len()].copy_from_slice(head);
                head.len()
            }
        }
    }

    fn print(&mut self, term: &mut Term, c: char, at: u64) {
        if ('\u{80}'..='\u{9f}').contains(&c) {
            self.c1(term, c, at);
        } else {
            term.print_char(c, at);
        }
    }

    /// One more byte of a character that a read had split.
    fn complete_character(&mut self, term: &mut Term, byte: u8, at: u64) -> usize {
        let start = at - self.partial_len as u64;
        self.partial[self.partial_len] = byte;
        let bytes = self.partial;
        match std::str::from_utf8(&bytes[..self.partial_len + 1]) {
            Ok(text) => {
                self.partial_len = 0;
                text.chars().for_each(|c| self.print(term, c, start));
                1
            }
            Err(error) if error.error_len().is_none() => {
                self.partial_len += 1;
                1
            }
            Err(_) => {
                // The new byte does not continue it: it is looked at on its own.
                self.partial_len = 0;
                term.print_char(char::REPLACEMENT_CHARACTER, start);
                0
            }
        }
    }

    /// A C1 control is ESC and the letter 0x40 below it.
    fn c1(&mut self, term: &mut Term, c: char, at: u64) {
        self.begin_escape(term, at);
        self.escape(term, (c as u32 - 0x40) as u8, at + 1);
    }

    fn escape(&mut self, term: &mut Term, byte: u8, at: u64) -> usize {
        term.now = at + 1;
        let next = match byte {
            ESC => State::Escape,
            CAN | SUB => self.cancel(term, byte),
            0..=0x1f => {
                term.control(byte);
                State::Escape
            }
            0x20..=0x2f => {
                self.parser.advance(term, &[byte]);
                State::EscapeIntermediate
            }
            b'[' => {
                self.parser.advance(term, &[byte]);
                State::Csi
            }
            b']' => State::Text(StringKind::Osc),
            b'P' => State::Text(StringKind::Dcs),
            b'X' => State::Text(StringKind::Ignored("SOS")),
            b'^' => State::Text(StringKind::Ignored("PM")),
            b'_' => State::Text(StringKind::Ignored("APC")),
            0x30..=0x7e => {
                self.parser.advance(term, &[byte]);
                State::Ground
            }
            _ => State::Escape,
        };
        self.state = next;
        1
    }

    fn escape_intermediate(&mut self, term: &mut Term, byte: u8, at: u64) -> usize {
        term.now = at + 1;
        match byte {
            ESC => self.begin_escape(term, at),
            CAN | SUB => self.state = self.cancel(term, byte),
            0..=0x1f => term.control(byte),
            0x20..=0x2f => self.parser.advance(term, &[byte]),
            0x30..=0x7e => {
                self.parser.advance(term, &[byte]);
                self.state = State::Ground;
            }
            _ => {}
        }
        1
    }

    /// Brings the parser back to ground.
    fn cancel(&mut self, term: &mut Term, byte: u8) -> State {
        self.parser.advance(term, &[CAN]);
        if byte == SUB {
            term.control(SUB);
        }
        State::Ground
    }

    /// Parameter bytes up to the final one in one go; controls in between are executed where they stand.
    fn csi(&mut self, term: &mut Term, bytes: &[u8], at: u64) -> usize {
        let end = bytes
            .iter()
            .position(|b| !matches!(b, 0x20..=0x3f))
            .unwrap_or(bytes.len());
        let Some(byte) = bytes.get(end).copied() else {
            self.parser.advance(term, bytes);
            return end;
        };
        term.now = at + end as u64 + 1;
        match byte {
            0x40..=0x7e => {
                self.parser.advance(term, &bytes[..=end]);
                self.state = State::Ground;
            }
            ESC => self.begin_escape(term, at + end as u64),
            CAN | SUB => self.state = self.cancel(term, byte),
            0..=0x1f => {
                self.parser.advance(term, &bytes[..end]);
                term.control(byte);
            }
            _ => self.parser.advance(term, &bytes[..end]),
        }
        end + 1
    }

    fn text(&mut self, term: &mut Term, kind: StringKind, bytes: &[u8], at: u64) -> usize {
        let end = bytes.iter().position(|b| *b < 0x20).unwrap_or(bytes.len());
        let room = limits::MAX_STRING_BYTES - self.string.len();
        self.string_too_long |= end > room;
        self.string.extend_from_slice(&bytes[..end.min(room)]);
        let Some(byte) = bytes.get(end).copied() else {
            return end;
        };
        term.now = at + end as u64 + 1;
        match byte {
            0x07 if kind == StringKind::Osc => {
                self.end_string(term, kind, Terminator::Bel);
                self.state = self.cancel(term, CAN);
            }
            ESC => self.state = State::TextEscape(kind),
            CAN | SUB => {
                self.clear_string();
                self.state = self.cancel(term, byte);
            }
            // Other controls are no part of a string.
            _ => {}
        }
        end + 1
    }

    fn text_escape(&mut self, term: &mut Term, kind: StringKind, byte: u8, at: u64) -> usize {
        term.now = at + u64::from(byte == b'\\');
        self.end_string(term, kind, Terminator::St);
        // The parser still stands behind the ESC that began the string: this byte follows the ESC that ended it.
        self.state = State::Escape;
        self.escape(term, byte, at)
    }

    fn end_string(&mut self, term: &mut Term, kind: StringKind, end: Terminator) {
        let string = std::mem::take(&mut self.string);
        term.string_dispatch(kind, &string, self.string_too_long, end);
        self.string = string;
        self.clear_string();
    }

    fn clear_string(&mut self) {
        self.string.clear();
        self.string.shrink_to(1024);
        self.string_too_long = false;
    }

    pub fn heap_bytes(&self) -> usize {
        self.string.capacity()
    }
}

/// Executes a control sequence that is here whole and has nothing unusual, without the parser.
///
/// Every other one, and this one too when a read splits it, goes through the parser and means the same.
fn whole_csi(term: &mut Term, bytes: &[u8], at: u64) -> Option<usize> {
    let rest = bytes.get(1..)?.strip_prefix(b"[")?;
    let private = rest.first() == Some(&b'?');
    let mut params = Params::new();
    let (mut value, mut joined) = (0u16, false);
    for (i, byte) in rest.iter().enumerate().skip(usize::from(private)) {
        match byte {
            b'0'..=b'9' => value = value.saturating_mul(10).saturating_add(u16::from(byte - b'0')),
            b';' | b':' if params.len_with_sub() < params::MAX - 1 => {
                params.push(value, joined);
                (value, joined) = (0, *byte == b':');
            }
            0x40..=0x7e => {
                params.push(value, joined);
                let taken = i + 3;
                term.now = at + taken as u64;
                term.control_sequence(
                    &params,
                    if private { b"?" } else { b"" },
                    false,
                    char::from(*byte),
                );
                return Some(taken);
            }
            _ => return None,
        }
    }
    None
}

/// How many bytes from the start are printable ASCII.
fn plain_prefix(bytes: &[u8]) -> usize {
    const LANES: usize = 16;
    let mut i = 0;
    while let Some(chunk) = bytes.get(i..i + LANES) {
        let plain = chunk
            .iter()
            .fold(true, |all, b| all & (b.wrapping_sub(0x20) < 0x5f));
        if !plain {
            break;
        }
        i += LANES;
    }
    i + bytes[i..]
        .iter()
        .position(|b| b.wrapping_sub(0x20) >= 0x5f)
        .unwrap_or(bytes.len() - i)
}
