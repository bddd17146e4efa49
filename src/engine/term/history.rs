//! Rows that left the screen, as text and style runs in pages.
//!
//! A page is an arena of about `limits::HISTORY_PAGE_BYTES` of text with one 12-byte record per row, so a plain row of
//! 80 columns costs 92 bytes and no allocation of its own. Rows are addressed by their absolute number; the oldest page
//! is freed as a whole, the oldest kept row moves on row by row.

use std::collections::VecDeque;

use super::Origin;
use super::cell::{CLUSTER, Cell, Clusters};
use super::grid::RowMeta;
use super::intern::{StyleId, UsedStyles};
use crate::engine::limits;

#[derive(Default)]
struct Page {
    first_row: u64,
    /// Byte offset that the records' offsets count from.
    base: u64,
    text: Vec<u8>,
    lines: Vec<Line>,
    runs: Vec<Run>,
    /// For each line the end of its runs; empty while the page has no runs at all.
    run_ends: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Line {
    /// End of the line's text in the page (24 bits) and its flags (8 bits).
    end_and_flags: u32,
    first: u32,
    last: u32,
}

/// So many bytes of text in this style. Text behind the last run has the default style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub bytes: u16,
    pub style: StyleId,
}

const END_MASK: u32 = (1 << 24) - 1;
const WRAPPED: u32 = 1 << 24;
const WRITTEN: u32 = 1 << 25;
const ASCII: u32 = 1 << 26;
const ORIGIN_SHIFT: u32 = 28;

/// One row, borrowed.
#[derive(Clone, Copy)]
pub(super) struct HistoryRow<'a> {
    pub text: &'a str,
    pub runs: &'a [Run],
    pub wrapped: bool,
    /// Every byte is one cell.
    pub ascii: bool,
    pub origin: Origin,
    pub written: Option<(u64, u64)>,
}

#[derive(Clone, Copy)]
pub(super) struct HistoryLimits {
    pub lines: u64,
    pub bytes: usize,
    pub pinned_bytes: usize,
    /// Rows from here on are only given up for `pinned_bytes`.
    pub pin: u64,
}

#[derive(Default)]
pub(super) struct History {
    pages: VecDeque<Page>,
    first: u64,
    end: u64,
    /// Bytes held by all pages but the last.
    closed_bytes: usize,
    /// A page was closed since the byte limits were looked at: only then can they be exceeded by more than a page.
    grown: bool,
}

impl History {
    /// An empty history whose first row will have this number.
    pub fn starting_at(row: u64) -> History {
        History {
            first: row,
            end: row,
            ..History::default()
        }
    }

    /// The oldest kept row.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// One past the newest row.
    pub fn end(&self) -> u64 {
        self.end
    }

    pub fn heap_bytes(&self) -> usize {
        self.closed_bytes
            + self.pages.back().map_or(0, Page::heap_bytes)
            + self.pages.capacity() * size_of::<Page>()
    }

    pub fn push(&mut self, cells: &[Cell], meta: &RowMeta, clusters: &Clusters, origin: Origin) {
        let text_len = cells.iter().rposition(|c| c.is_written()).map_or(0, |i| i + 1);
        if text_len == 0 {
            self.page_for(meta.written())
                .finish_line(meta.wrapped, true, origin, meta.written());
            self.end += 1;
            return;
        }
        let cells = &cells[..text_len];
        let any = cells.iter().fold(0u32, |acc, c| {
            acc | c.content | (u32::from(c.style | c.flags) << 7)
        });
        let page = self.page_for(meta.written());
        if any < 0x80 {
            page.text.extend(
                cells
                    .iter()
                    .map(|c| if c.content == 0 { b' ' } else { c.content as u8 }),
            );
            page.finish_line(meta.wrapped, true, origin, meta.written());
        } else {
            let ascii = page.push_cells(cells, clusters);
            page.finish_line(meta.wrapped, ascii, origin, meta.written());
        }
        self.end += 1;
    }

    /// Appends a row that is text already. `runs` as in [`HistoryRow`].
    pub fn push_text(&mut self, row: &HistoryRow<'_>) {
        let page = self.page_for(row.written);
        page.text.extend_from_slice(row.text.as_bytes());
        for run in row.runs {
            page.push_run(run.bytes.into(), run.style);
        }
        page.finish_line(row.wrapped, row.ascii, row.origin, row.written);
        self.end += 1;
    }

    /// The page that takes the next line; closes the last one when it is full or its base does not reach.
    #[inline]
    fn page_for(&mut self, written: Option<(u64, u64)>) -> &mut Page {
        let fits = self.pages.back().is_some_and(|page| {
            page.text.len() < limits::HISTORY_PAGE_BYTES
                && page.lines.len() < limits::HISTORY_PAGE_BYTES / 16
                && written.is_none_or(|(first, last)| page.reaches(first) && page.reaches(last))
        });
        if !fits {
            if let Some(last) = self.pages.back_mut() {
                last.close();
                self.closed_bytes += last.heap_bytes();
                self.grown = true;
            }
            let base = written.map_or(0, |(first, _)| first.saturating_sub(1 << 31));
            self.pages.push_back(Page {
                first_row: self.end,
                base,
                ..Page::default()
            });
        }
        self.pages
            .back_mut()
            .expect("a page was pushed if there was none")
    }

    pub fn get(&self, row: u64) -> Option<HistoryRow<'_>> {
        if row < self.first || row >= self.end {
            return None;
        }
        let page = &self.pages[self.page_index(row)];
        Some(page.line((row - page.first_row) as usize))
    }

    fn page_index(&self, row: u64) -> usize {
        self.pages.partition_point(|p| p.first_row <= row) - 1
    }

    /// One past the last row of the page that holds `row`.
    pub fn page_end(&self, row: u64) -> u64 {
        let page = &self.pages[self.page_index(row)];
        page.first_row + page.lines.len() as u64
    }

    /// Calls `each` for the rows `from..to` in order; far cheaper than `get` in a loop.
    pub fn for_each(&self, from: u64, to: u64, mut each: impl FnMut(u64, HistoryRow<'_>)) {
        let (mut row, to) = (from.max(self.first), to.min(self.end));
        while row < to {
            let page = &self.pages[self.page_index(row)];
            let page_end = page.first_row + page.lines.len() as u64;
            for r in row..to.min(page_end) {
                each(r, page.line((r - page.first_row) as usize));
            }
            row = page_end;
        }
    }

    /// Text bytes of the rows `from..to`.
    pub fn text_bytes(&self, from: u64, to: u64) -> usize {
        let (mut row, to) = (from.max(self.first), to.min(self.end));
        let mut bytes = 0;
        while row < to {
            let page = &self.pages[self.page_index(row)];
            let page_end = page.first_row + page.lines.len() as u64;
            let (a, b) = (
                (row - page.first_row) as usize,
                (to.min(page_end) - page.first_row) as usize,
            );
            bytes += page.text_end(b - 1) - page.text_start(a);
            row = page_end;
        }
        bytes
    }

    /// The limits changed: they are looked at even if nothing is pushed.
    pub fn limits_changed(&mut self) {
        self.grown = true;
    }

    /// Gives up the oldest rows until the limits hold.
    #[inline]
    pub fn enforce(&mut self, limits: &HistoryLimits) {
        if self.end - self.first > limits.lines && self.first < limits.pin {
            let first = (self.end - limits.lines).min(limits.pin);
            self.drop_before(first);
        }
        if self.grown {
            self.grown = false;
            self.enforce_bytes(limits);
        }
    }

    fn enforce_bytes(&mut self, limits: &HistoryLimits) {
        while self.pages.len() > 1 {
            let second = self.pages[1].first_row;
            let limit = if second <= limits.pin {
                limits.bytes
            } else {
                limits.bytes.max(limits.pinned_bytes)
            };
            if self.heap_bytes() <= limit {
                return;
            }
            self.drop_before(second);
        }
    }

    /// Forgets every row before `row`.
    pub fn drop_before(&mut self, row: u64) {
        self.first = self.first.max(row.min(self.end));
        while let Some(page) = self.pages.front() {
            if page.first_row + page.lines.len() as u64 > self.first {
                return;
            }
            if self.pages.len() > 1 {
                self.closed_bytes -= page.heap_bytes();
            }
            self.pages.pop_front();
            if self.pages.capacity() > 64 {
                self.pages.shrink_to(self.pages.len() * 2);
            }
        }
    }

    pub fn mark_styles(&self, used: &mut UsedStyles) {
        for run in self.pages.iter().flat_map(|p| &p.runs) {
            used.insert(run.style);
        }
    }
}

impl Page {
    fn reaches(&self, offset: u64) -> bool {
        offset
            .checked_sub(self.base)
            .is_some_and(|d| d <= u64::from(u32::MAX))
    }

    fn heap_bytes(&self) -> usize {
        self.text.capacity()
            + self.lines.capacity() * size_of::<Line>()
            + self.runs.capacity() * size_of::<Run>()
            + self.run_ends.capacity() * size_of::<u32>()
    }

    fn close(&mut self) {
        self.text.shrink_to_fit();
        self.lines.shrink_to_fit();
        self.runs.shrink_to_fit();
        self.run_ends.shrink_to_fit();
    }

    fn text_start(&self, index: usize) -> usize {
        if index == 0 { 0 } else { self.text_end(index - 1) }
    }

    fn text_end(&self, index: usize) -> usize {
        (self.lines[index].end_and_flags & END_MASK) as usize
    }

    /// Appends the text and runs of a row; whether every byte of it is a cell.
    fn push_cells(&mut self, cells: &[Cell], clusters: &Clusters) -> bool {
        let mut end = self.text.len();
        let (mut run_start, mut style) = (end, cells.first().map_or(0, |c| c.style));
        let mut ascii = true;
        // Room for four bytes per cell, so that each can be written as four and the next over what is too much.
        self.text.resize(end + cells.len() * 4 + 4, 0);
        for (i, cell) in cells.iter().enumerate() {
            if cell.style != style {
                self.push_run(end - run_start, style);
                (run_start, style) = (end, cell.style);
            }
            ascii &= cell.content < 0x80 && !cell.is_tail();
            if cell.content & CLUSTER != 0 {
                self.text.truncate(end);
                self.text.extend_from_slice(clusters.get(cell.content).as_bytes());
                end = self.text.len();
                self.text.resize(end + (cells.len() - i) * 4, 0);
            } else if !cell.is_tail() {
                let (bytes, len) = encoded(cell.content);
                self.text[end..end + 4].copy_from_slice(&bytes);
                end += len;
            }
        }
        self.text.truncate(end);
        if style != 0 {
            self.push_run(end - run_start, style);
        }
        ascii
    }

    fn push_run(&mut self, mut bytes: usize, style: StyleId) {
        if self.run_ends.is_empty() {
            self.run_ends = vec![0; self.lines.len()];
        }
        while bytes > 0 {
            let part = bytes.min(usize::from(u16::MAX));
            self.runs.push(Run {
                bytes: part as u16,
                style,
            });
            bytes -= part;
        }
    }

    fn finish_line(&mut self, wrapped: bool, ascii: bool, origin: Origin, written: Option<(u64, u64)>) {
        let mut end_and_flags = self.text.len() as u32 & END_MASK;
        end_and_flags |= if wrapped { WRAPPED } else { 0 };
        end_and_flags |= if ascii { ASCII } else { 0 };
        end_and_flags |= if written.is_some() { WRITTEN } else { 0 };
        end_and_flags |= (origin as u32) << ORIGIN_SHIFT;
        let (first, last) = written.unwrap_or((self.base, self.base));
        let line = Line {
            end_and_flags,
            first: (first - self.base) as u32,
            last: (last - self.base) as u32,
        };
        self.lines.push(line);
        if !self.runs.is_empty() {
            self.run_ends.push(self.runs.len() as u32);
        }
    }

    fn line(&self, index: usize) -> HistoryRow<'_> {
        let line = self.lines[index];
        let flags = line.end_and_flags;
        let bytes = &self.text[self.text_start(index)..self.text_end(index)];
        HistoryRow {
            text: text_of(bytes),
            runs: self.runs_of(index),
            wrapped: flags & WRAPPED != 0,
            ascii: flags & ASCII != 0,
            origin: origin_of(flags >> ORIGIN_SHIFT),
            written: (flags & WRITTEN != 0).then(|| {
                (
                    self.base + u64::from(line.first),
                    self.base + u64::from(line.last),
                )
            }),
        }
    }

    fn runs_of(&self, index: usize) -> &[Run] {
        if self.run_ends.is_empty() {
            return &[];
        }
        let start = if index == 0 {
            0
        } else {
            self.run_ends[index - 1] as usize
        };
        &self.runs[start..self.run_ends[index] as usize]
    }
}

/// A cell's code point in UTF-8, a cell nobody wrote as a space; the bytes behind the length are zero.
#[inline(always)]
fn encoded(content: u32) -> ([u8; 4], usize) {
    match content {
        0 => ([b' ', 0, 0, 0], 1),
        1..0x80 => ([content as u8, 0, 0, 0], 1),
        0x80..0x800 => ([0xc0 | (content >> 6) as u8, continuation(content), 0, 0], 2),
        0x800..0x1_0000 => (
            [
                0xe0 | (content >> 12) as u8,
                continuation(content >> 6),
                continuation(content),
                0,
            ],
            3,
        ),
        _ => (
            [
                0xf0 | (content >> 18) as u8,
                continuation(content >> 12),
                continuation(content >> 6),
                continuation(content),
            ],
            4,
        ),
    }
}

fn continuation(bits: u32) -> u8 {
    0x80 | (bits & 0x3f) as u8
}

/// A page holds only what `push` and `push_text` put there, which is text; a broken invariant must not become a panic.
fn text_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("")
}

fn origin_of(bits: u32) -> Origin {
    match bits {
        1 => Origin::Scrolled,
        2 => Origin::Cleared,
        3 => Origin::Region,
        4 => Origin::Alternate,
        _ => Origin::Viewport,
    }
}
