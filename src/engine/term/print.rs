//! Text onto the screen: wrapping, wide characters, clusters.

use unicode_segmentation::GraphemeCursor;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::WidthPolicy;
use super::cell::{CLUSTER, Cell, PROTECTED, TAIL, WIDE};
use super::grid::NEVER;
use super::modes;
use super::state::{LastPrinted, Term};
use crate::engine::limits;

const ZWJ: char = '\u{200d}';

impl Term {
    /// Prints printable ASCII whose first byte is at offset `at`.
    pub fn print_ascii(&mut self, bytes: &[u8], at: u64) {
        if self.modes.has_ansi(modes::INSERT) || !self.charsets.is_plain() {
            for (i, byte) in bytes.iter().enumerate() {
                self.print_char(char::from(*byte), at + i as u64);
            }
            return;
        }
        let style = self.pen();
        let flags = if self.protected { PROTECTED } else { 0 };
        let (mut rest, mut at) = (bytes, at);
        while !rest.is_empty() {
            self.wrap_if_pending();
            let end = self.line_end();
            let room = usize::from(end - self.x);
            let n = rest.len().min(room);
            if n == rest.len() || self.modes.has(modes::AUTOWRAP) {
                self.put_ascii(&rest[..n], style, flags, at);
            } else {
                // Without autowrap what is too long overwrites the last column: of the surplus only the last stays.
                self.put_ascii(&rest[..room], style, flags, at);
                self.x = end - 1;
                self.put_ascii(&rest[rest.len() - 1..], style, flags, at + rest.len() as u64 - 1);
                return;
            }
            rest = &rest[n..];
            at += n as u64;
        }
    }

    /// Writes bytes that fit into the row, and moves the cursor.
    #[inline]
    fn put_ascii(&mut self, bytes: &[u8], style: u16, flags: u16, at: u64) {
        let Some(last_byte) = bytes.last() else { return };
        let (x, y) = (self.x, self.y);
        let n = bytes.len() as u16;
        let end = x + n;
        self.grid.split_wide(y, x);
        self.grid.split_wide(y, end);
        let (cells, meta) = self.grid.row_mut(y);
        for (cell, byte) in cells[usize::from(x)..usize::from(end)].iter_mut().zip(bytes) {
            *cell = Cell {
                content: u32::from(*byte),
                style,
                flags,
            };
        }
        meta.len = meta.len.max(end);
        if meta.first == NEVER {
            meta.first = at;
        }
        meta.last = at + u64::from(n) - 1;
        let cell = Cell {
            content: u32::from(*last_byte),
            style,
            flags,
        };
        self.last_printed = Some(LastPrinted {
            x: end - 1,
            y,
            cell,
            owns_cluster: false,
        });
        self.advance_to(end);
    }

    /// One past the last column that text may use from here.
    fn line_end(&self) -> u16 {
        if self.x <= self.margins.right {
            self.margins.right + 1
        } else {
            self.size.cols
        }
    }

    /// The cursor goes to `x`, or waits at the row's end for the next character to wrap.
    fn advance_to(&mut self, x: u16) {
        let end = self.line_end();
        if x < end {
            self.x = x;
            return;
        }
        self.x = end - 1;
        self.pending_wrap = self.modes.has(modes::AUTOWRAP);
        if end == self.size.cols {
            self.grid.set_wrapped(self.y, false);
        }
    }

    fn wrap_if_pending(&mut self) {
        if self.pending_wrap {
            self.wrap();
        }
    }

    fn wrap(&mut self) {
        self.pending_wrap = false;
        let at_bottom = self.y == self.margins.bottom;
        if !at_bottom && self.y == self.last_row() {
            // Below the scrolling region there is nowhere to go: the row is overwritten.
            self.x = self.wrap_start();
            return;
        }
        self.x = self.wrap_start();
        if !self.has_side_margins() {
            self.grid.set_wrapped(self.y, true);
        }
        if at_bottom {
            self.scroll_region_up(1, true)
        } else {
            self.y += 1
        }
    }

    fn wrap_start(&self) -> u16 {
        if self.x >= self.margins.left && self.x <= self.margins.right {
            self.margins.left
        } else {
            0
        }
    }

    /// Prints as much of `text` as is of simple characters and fits into the row; returns the bytes it took.
    ///
    /// The same as `print_char` for each, without looking everything up each time.
    pub fn print_simple(&mut self, text: &[u8], at: u64) -> usize {
        if self.modes.has_ansi(modes::INSERT) || !self.charsets.is_plain() || self.may_join_last() {
            return 0;
        }
        let Some((_, first_width, _)) = simple_character(text) else {
            return 0;
        };
        self.wrap_if_pending();
        let (style, y) = (self.pen(), self.y);
        let (start, end) = (usize::from(self.x), usize::from(self.line_end()));
        if start + first_width > end {
            return 0;
        }
        let flags = if self.protected { PROTECTED } else { 0 };
        self.grid.split_wide(y, self.x);
        let (cells, meta) = self.grid.row_mut(y);
        let (mut x, mut last, mut taken) = (start, Cell::default(), 0);
        let mut last_start = 0;
        while let Some((content, width, bytes)) = simple_character(&text[taken..]) {
            if x + width > end {
                break;
            }
            last = Cell {
                content,
                style,
                flags,
            };
            if width == 2 {
                last.flags |= WIDE;
                cells[x + 1] = Cell {
                    content: 0,
                    style,
                    flags: flags | TAIL,
                };
            }
            cells[x] = last;
            x += width;
            (last_start, taken) = (taken, taken + bytes);
        }
        // The left half of a wide character was written over.
        if let Some(cell) = cells.get_mut(x).filter(|cell| cell.is_tail()) {
            *cell = Cell {
                content: u32::from(' '),
                flags: cell.flags & !TAIL,
                ..*cell
            };
        }
        meta.len = meta.len.max(x as u16);
        if meta.first == NEVER {
            meta.first = at;
        }
        meta.last = at + last_start as u64;
        let last_x = (x - if last.is_wide() { 2 } else { 1 }) as u16;
        self.last_printed = Some(LastPrinted {
            x: last_x,
            y,
            cell: last,
            owns_cluster: false,
        });
        self.advance_to(x as u16);
        taken
    }

    /// Whether what was printed last might take a character into its cluster that joins nothing else: after a joiner,
    /// or a Hangul syllable after a leading consonant.
    fn may_join_last(&self) -> bool {
        let content = self.last_printed.map_or(0, |last| last.cell.content);
        if content & CLUSTER != 0 {
            let text = self.clusters.get(content);
            return text.ends_with(ZWJ) || text.starts_with(is_leading_consonant);
        }
        char::from_u32(content).is_some_and(is_leading_consonant)
    }

    /// Prints one character, not a control; its first byte is at offset `at`.
    pub fn print_char(&mut self, c: char, at: u64) {
        let c = if self.charsets.is_plain() {
            c
        } else {
            self.charsets.map(c)
        };
        let width = width_of(c);
        let alone = c < '\u{300}' || (width > 0 && !may_join(c) && !self.may_join_last());
        if !alone && self.join(c, at) {
            return;
        }
        match width {
            0 => self.attach(c, at),
            _ => self.put(u32::from(c), width.min(2) as u16, at, false),
        }
    }

    /// Writes a cell group of `width` columns at the cursor.
    fn put(&mut self, content: u32, width: u16, at: u64, owns_cluster: bool) {
        self.wrap_if_pending();
        let mut width = width;
        if self.x + width > self.line_end() {
            if self.size.cols < 2 || self.margins.right - self.margins.left < 1 {
                width = 1;
            } else if !self.modes.has(modes::AUTOWRAP) {
                return;
            } else {
                // What stood in the column that stays free is no part of the line that goes on below.
                self.grid.erase(self.y, self.x..self.line_end(), Cell::default());
                self.wrap();
            }
        }
        if self.modes.has_ansi(modes::INSERT) {
            let (y, x, end) = (self.y, self.x, self.line_end());
            self.grid.insert_cells(y, x, end, width, Cell::default());
        }
        let style = self.pen();
        let flags = if self.protected { PROTECTED } else { 0 };
        let cell = Cell {
            content,
            style,
            flags: flags | if width == 2 { WIDE } else { 0 },
        };
        self.put_cell(cell, width, at);
        self.last_printed = Some(LastPrinted {
            x: self.x,
            y: self.y,
            cell,
            owns_cluster,
        });
        self.advance_to(self.x + width);
    }

    fn put_cell(&mut self, cell: Cell, width: u16, at: u64) {
        let (x, y) = (self.x, self.y);
        self.grid.split_wide(y, x);
        self.grid.split_wide(y, x + width);
        let (cells, meta) = self.grid.row_mut(y);
        cells[usize::from(x)] = cell;
        if width == 2 {
            cells[usize::from(x) + 1] = Cell {
                content: 0,
                style: cell.style,
                flags: (cell.flags & PROTECTED) | TAIL,
            };
        }
        meta.len = meta.len.max(x + width);
        if meta.first == NEVER {
            meta.first = at;
        }
        meta.last = at;
    }

    /// Adds `c` to the cluster printed last if they belong together. Whether it did.
    fn join(&mut self, c: char, at: u64) -> bool {
        if !self.modes.has(modes::CLUSTERS) {
            return false;
        }
        let Some(last) = self.last_printed else {
            return false;
        };
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        last.cell.push_text(&self.clusters, &mut text);
        let border = text.len();
        text.push(c);
        let mut joins = !is_boundary(&text, border);
        // A cluster that becomes wide where there is no second column stays two.
        joins &= width_of(c) == 0 || last.cell.is_wide() || text.width() < 2 || self.can_widen(last);
        if joins {
            self.extend_cell(last, &text, at);
        }
        self.scratch = text;
        joins
    }

    /// A character without width that no cluster took: it goes to the cell left of the cursor, if that holds something.
    fn attach(&mut self, c: char, at: u64) {
        let last = match self.last_printed {
            Some(last) => last,
            None => {
                let Some(last) = self.cell_before_cursor() else {
                    return;
                };
                last
            }
        };
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        last.cell.push_text(&self.clusters, &mut text);
        text.push(c);
        self.extend_cell(last, &text, at);
        self.scratch = text;
    }

    fn cell_before_cursor(&self) -> Option<LastPrinted> {
        let mut x = if self.pending_wrap {
            self.x
        } else {
            self.x.checked_sub(1)?
        };
        let cells = self.grid.cells(self.y);
        if cells[usize::from(x)].is_tail() {
            x -= 1;
        }
        let cell = cells[usize::from(x)];
        cell.is_written().then_some(LastPrinted {
            x,
            y: self.y,
            cell,
            owns_cluster: false,
        })
    }

    /// Gives the cell `last` the text `text`, and a second column if the cluster became wide.
    fn extend_cell(&mut self, last: LastPrinted, text: &str, at: u64) {
        if text.len() > limits::MAX_CLUSTER_BYTES {
            return;
        }
        let mut cell = last.cell;
        let owned = last.owns_cluster && cell.content & CLUSTER != 0;
        if owned {
            self.clusters.replace(cell.content, text);
        } else {
            cell.content = self.insert_cluster(text);
        }
        let widen = !cell.is_wide() && self.modes.has(modes::CLUSTERS) && text.width() > 1;
        let (x, y) = (last.x, last.y);
        if widen && self.can_widen(last) {
            self.x = x;
            cell.flags |= WIDE;
            self.put_cell(cell, 2, at);
            self.advance_to(x + 2);
        } else {
            let (cells, meta) = self.grid.row_mut(y);
            cells[usize::from(x)] = cell;
            meta.last = at;
        }
        self.last_printed = Some(LastPrinted {
            cell,
            owns_cluster: true,
            ..last
        });
    }

    /// Whether the cursor stands directly behind the cell, on a column that its cluster may take.
    fn can_widen(&self, last: LastPrinted) -> bool {
        !self.pending_wrap && self.x == last.x + 1 && self.y == last.y && self.x < self.line_end()
    }

    /// REP: prints the last character `n` more times, if nothing but text came since it was printed.
    pub fn repeat(&mut self, n: u16) {
        let Some(last) = self.last_printed else { return };
        // More than the whole screen and its history of one wrapped line shows nothing new.
        let n = u32::from(n).min(u32::from(self.size.cols) * u32::from(self.size.rows));
        let width = if last.cell.is_wide() { 2 } else { 1 };
        let at = self.now - 1;
        for _ in 0..n {
            self.put(last.cell.content, width, at, false);
        }
    }
}

/// Columns of a character of the big alphabets, whose width is beyond doubt and which joins nothing before it (Hangul
/// only its own leading consonants). `None` for every other one: it has to be looked up.
#[inline(always)]
fn simple_width(c: char) -> Option<usize> {
    match c {
        ' '..='~'
        | '\u{a1}'..='\u{ac}'
        | '\u{ae}'..='\u{2ff}'
        | '\u{391}'..='\u{3ff}'
        | '\u{400}'..='\u{482}' => Some(1),
        '\u{2010}'..='\u{2027}' | '\u{2500}'..='\u{259f}' | '\u{2800}'..='\u{28ff}' => Some(1),
        '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' => Some(2),
        '\u{1f337}'..='\u{1f37c}'
        | '\u{1f3a0}'..='\u{1f3ca}'
        | '\u{1f400}'..='\u{1f43e}'
        | '\u{1f442}'..='\u{1f4fc}' => Some(2),
        '\u{1f5fb}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6c5}'
        | '\u{1f910}'..='\u{1f93a}'
        | '\u{1f947}'..='\u{1f9ff}' => Some(2),
        '\u{3001}'..='\u{3029}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ff60}' => Some(2),
        _ => None,
    }
}

/// The simple character that `bytes` start with: code point, columns and bytes. `None` for anything else, also for one
/// that is cut off or invalid.
#[inline(always)]
fn simple_character(bytes: &[u8]) -> Option<(u32, usize, usize)> {
    if let Some(a @ b' '..=b'~') = bytes.first() {
        return Some((u32::from(*a), 1, 1));
    }
    let (c, len) = decoded(bytes)?;
    simple_width(c).map(|width| (u32::from(c), width, len))
}

/// The character above ASCII that `bytes` start with. `None` also for some valid but rare ones (U+0800 to U+0FFF, and
/// beyond U+3FFFF), which is for the caller to find out.
#[inline(always)]
pub(super) fn decoded(bytes: &[u8]) -> Option<(char, usize)> {
    let rest = |b: u8| u32::from(b & 0x3f);
    let is_rest = |b: u8| b & 0xc0 == 0x80;
    let (code, len) = match *bytes {
        [a @ 0xc2..=0xdf, b, ..] if is_rest(b) => (u32::from(a & 0x1f) << 6 | rest(b), 2),
        [a @ 0xe1..=0xef, b, c, ..] if is_rest(b) && is_rest(c) => {
            (u32::from(a & 0xf) << 12 | rest(b) << 6 | rest(c), 3)
        }
        [0xf0, b @ 0x90..=0xbf, c, d, ..] if is_rest(c) && is_rest(d) => {
            (rest(b) << 12 | rest(c) << 6 | rest(d), 4)
        }
        _ => return None,
    };
    // A surrogate is no character.
    Some((char::from_u32(code)?, len))
}

/// Columns of a character on its own.
fn width_of(c: char) -> usize {
    match c {
        ' '..='~' => 1,
        '\u{300}'..='\u{34e}' | '\u{350}'..='\u{36f}' | ZWJ | '\u{fe00}'..='\u{fe0f}' => 0,
        _ => c.width().unwrap_or(0),
    }
}

/// Characters that join what stands before them although they have a width, and those that may follow a joiner: what
/// is not here and has a width starts a cluster, unless the cell before ends in something special.
fn may_join(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{1cff}' | '\u{2d7f}' | '\u{a800}'..='\u{d7ff}' | '\u{f900}'..='\u{ffff}' | '\u{11000}'..='\u{11fff}'
        | '\u{16000}'..='\u{16fff}' | '\u{1d000}'..='\u{1d1ff}' | '\u{1e000}'..='\u{1efff}' | '\u{1f1e6}'..='\u{1f1ff}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..)
}

/// Some of the emoji that are joined most.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1f337}'..='\u{1f37c}' | '\u{1f400}'..='\u{1f43e}' | '\u{1f442}'..='\u{1f4fc}' | '\u{1f5fb}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6c5}')
}

fn is_leading_consonant(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{a960}'..='\u{a97c}')
}

/// Whether UAX #29 puts a cluster boundary at `border`. What a prepended mark (GB9b) would join is left apart: the fast
/// paths do not look back, and the answer must not depend on the path.
fn is_boundary(text: &str, border: usize) -> bool {
    let next = text[border..].chars().next();
    if next.is_some_and(|c| width_of(c) == 0) {
        return false;
    }
    // The commonest case, an emoji after an emoji and a joiner, without the tables.
    if text[..border].ends_with(ZWJ) && text.starts_with(is_emoji) && next.is_some_and(is_emoji) {
        return false;
    }
    GraphemeCursor::new(border, text.len(), true)
        .is_boundary(text, 0)
        .unwrap_or(true)
}

/// Columns that `text` takes when it is printed in one go.
pub(super) fn columns(cluster: &str, policy: WidthPolicy) -> u16 {
    match policy {
        WidthPolicy::Cluster => cluster.width().min(2) as u16,
        WidthPolicy::CodePoint => cluster.chars().map(|c| c.width().unwrap_or(0)).sum::<usize>() as u16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_characters_have_the_width_of_the_standard_and_join_nothing() {
        for c in (' '..='\u{1ffff}').filter(|c| simple_width(*c).is_some()) {
            assert_eq!(c.width(), simple_width(c), "{c:?} {:x}", c as u32);
            for before in ["a", "日", "한", "é"] {
                assert!(
                    is_boundary(&format!("{before}{c}"), before.len()),
                    "{before}{c:?}"
                );
            }
        }
    }

    #[test]
    fn what_may_not_join_starts_a_cluster() {
        let mut wrong = Vec::new();
        for c in ('\u{300}'..='\u{10ffff}').filter(|c| c.width().is_some_and(|w| w > 0) && !may_join(*c)) {
            let joined = |before: &&str| !is_boundary(&format!("{before}{c}"), before.len());
            wrong.extend(
                ["a", "日", "한", "क", "😀", "ก"]
                    .iter()
                    .filter(|b| joined(b))
                    .map(|_| c as u32),
            );
        }
        assert!(wrong.is_empty(), "{wrong:x?}");
    }

    #[test]
    fn shortcuts_agree_with_the_tables() {
        for c in ('\u{20}'..='\u{10ffff}').filter(|c| !c.is_control()) {
            assert_eq!(width_of(c), c.width().unwrap_or(0), "{c:?}");
            let mut bytes = [0; 4];
            let text = c.encode_utf8(&mut bytes).as_bytes();
            assert!(c < '\u{80}' || decoded(text).is_none_or(|found| found == (c, text.len())));
            assert!(text.len() < 2 || decoded(&text[..text.len() - 1]).is_none());
        }
        for c in ('\u{1f300}'..='\u{1f6ff}').filter(|c| is_emoji(*c)) {
            for text in [format!("👩\u{200d}{c}"), format!("{c}\u{200d}👩")] {
                let border = text.find('\u{200d}').expect("it is there") + 3;
                assert!(
                    !GraphemeCursor::new(border, text.len(), true)
                        .is_boundary(&text, 0)
                        .expect("whole"),
                    "{c:?}"
                );
            }
        }
    }
}
