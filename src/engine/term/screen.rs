//! The terminal as its users see it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::feed::Feed;
use super::snapshot;
use super::state::Term;
use super::style::{Link, Style};
use super::{
    Cursor, CursorLine, Extract, MarkId, Place, Pos, RowView, Size, TermConfig, TermEvent, WidthPolicy, modes,
};
use crate::engine::limits;

/// A headless terminal.
///
/// ```
/// use ptych::engine::term::{Screen, Size, TermConfig};
///
/// let mut screen = Screen::new(Size { cols: 80, rows: 24 }, TermConfig::default());
/// screen.handle_bytes(b"hello\r\n>>> ");
/// assert_eq!(screen.cursor_line(1).text, ">>> ");
/// assert_eq!(screen.row(0).unwrap().text, "hello");
/// ```
pub struct Screen {
    feed: Feed,
    term: Term,
}

impl Default for TermConfig {
    fn default() -> TermConfig {
        TermConfig {
            history_lines: limits::HISTORY_LINES,
            history_bytes: limits::HISTORY_BYTES,
            pinned_bytes: limits::PINNED_HISTORY_BYTES,
            version: concat!("ptych(", env!("CARGO_PKG_VERSION"), ")").to_owned(),
            width: WidthPolicy::Cluster,
        }
    }
}

impl Screen {
    /// An empty terminal; a size outside the limits is clamped.
    pub fn new(size: Size, config: TermConfig) -> Screen {
        Screen {
            feed: Feed::new(),
            term: Term::new(size, config),
        }
    }

    // What the world did.

    /// Output of the program. Any split of a stream gives the same screen, events and answers.
    pub fn handle_bytes(&mut self, bytes: &[u8]) {
        self.term.generation += 1;
        self.term.grid.generation = self.term.generation;
        self.feed.handle(&mut self.term, bytes);
    }

    /// The terminal has a new size: the primary screen and the history are wrapped anew, the alternate screen is clipped.
    pub fn resize(&mut self, size: Size) {
        self.term.resize(size);
    }

    // What it looks like.

    pub fn size(&self) -> Size {
        self.term.size
    }

    /// Bytes handled, those of an incomplete character at the end included.
    pub fn offset(&self) -> u64 {
        self.feed.offset
    }

    pub fn cursor(&self) -> Cursor {
        Cursor {
            pos: Pos {
                row: self.term.abs(self.term.y),
                col: self.term.x,
            },
            visible: self.term.modes.has(modes::CURSOR_VISIBLE),
            pending_wrap: self.term.pending_wrap,
        }
    }

    /// Absolute row of the viewport's first row.
    pub fn top_row(&self) -> u64 {
        self.term.top_row()
    }

    /// The oldest row that is still kept.
    pub fn first_row(&self) -> u64 {
        self.term.history.first()
    }

    /// Whether a DEC private mode is set; `false` for one this terminal does not know.
    pub fn is_set_dec(&self, number: u16) -> bool {
        self.term.modes.dec(number).unwrap_or(false)
    }

    /// Whether an ANSI mode is set.
    pub fn is_set_ansi(&self, number: u16) -> bool {
        self.term.modes.ansi(number).unwrap_or(false)
    }

    pub fn alternate_screen(&self) -> bool {
        self.term.alternate
    }

    /// Inside a synchronized frame (mode 2026). The screen is already what the frame has painted so far.
    pub fn synchronized(&self) -> bool {
        self.term.modes.has(modes::SYNCHRONIZED)
    }

    /// How many synchronized frames have ended.
    pub fn frames_ended(&self) -> u64 {
        self.term.frames_ended
    }

    /// The window title, if one was set.
    pub fn title(&self) -> Option<&str> {
        self.term.title.as_deref()
    }

    /// The row of the latest print that is still known.
    pub fn last_written_row(&self) -> Option<u64> {
        self.term.last_written_row()
    }

    // Text.

    /// The text left of the cursor in its logical line: soft-wrapped rows joined, at most `max_rows` of them.
    pub fn cursor_line(&self, max_rows: usize) -> CursorLine {
        self.term.cursor_line(max_rows)
    }

    /// A row of the history or the viewport; `None` when it is gone or not there yet.
    pub fn row(&self, row: u64) -> Option<RowView> {
        self.term.row(row)
    }

    /// The rows of `range` that are there.
    pub fn rows(&self, range: Range<u64>) -> impl Iterator<Item = RowView> + '_ {
        let last = self.term.top_row() + u64::from(self.term.size.rows);
        (range.start.max(self.first_row())..range.end.min(last)).filter_map(|row| self.term.row(row))
    }

    /// A row as pieces of one style each.
    pub fn styled_row(&self, row: u64) -> Option<Vec<(String, Style)>> {
        self.term.styled_row(row)
    }

    /// The address of a link that a style of [`Screen::styled_row`] holds; good until more bytes are handled.
    pub fn link_target(&self, link: Link) -> Option<&Arc<str>> {
        self.term.links.get(link)
    }

    /// The viewport's rows joined by newlines, without the blank rows at its end.
    pub fn viewport_text(&self) -> String {
        self.term.viewport_text()
    }

    /// The text between two places: soft wraps joined, other rows separated by a newline.
    pub fn extract(&self, start: Pos, end: Pos) -> Extract {
        self.term.extract(start, end)
    }

    /// As [`Screen::extract`], for the owner of a pin who needs the history no more: pages beyond
    /// [`TermConfig::history_bytes`] are freed while their text is copied, so that both never exist twice.
    pub fn extract_and_release(&mut self, start: Pos, end: Pos) -> Extract {
        self.term.extract_and_release(start, end)
    }

    // Places.

    /// Remembers a place.
    pub fn mark(&mut self, pos: Pos) -> MarkId {
        self.term.marks.add(self.term.place(pos))
    }

    /// Remembers the place of an event.
    pub fn mark_place(&mut self, place: Place) -> MarkId {
        self.term.marks.add(place.0)
    }

    pub fn mark_cursor(&mut self) -> MarkId {
        self.mark(self.cursor().pos)
    }

    /// Where a remembered place is now; its row may be one that a limit has dropped, so that `extract` can tell what is lost. An unknown
    /// mark is where the oldest kept row is.
    pub fn mark_pos(&self, id: MarkId) -> Pos {
        let oldest = Pos {
            row: self.first_row(),
            col: 0,
        };
        self.term.marks.get(id).map_or(oldest, |mark| mark.pos)
    }

    pub fn unmark(&mut self, id: MarkId) {
        self.term.marks.remove(id);
    }

    /// Rows that were kept out of scrolling regions and the alternate screen while the mark's row stayed on the screen.
    ///
    /// They have left before the mark's row, so they are numbered before it and a range that starts at the mark lacks them.
    pub fn kept_before(&self, id: MarkId) -> Range<u64> {
        match self.term.marks.get(id) {
            Some(mark) => {
                mark.born_top.max(self.first_row()).min(mark.pos.row)..mark.pos.row.min(self.top_row())
            }
            None => 0..0,
        }
    }

    /// Keeps every row from this one on, up to [`TermConfig::pinned_bytes`]; `None` ends it.
    pub fn pin(&mut self, row: Option<u64>) {
        self.term.pin = row;
        self.term.history.limits_changed();
        self.term.enforce_history_limits();
    }

    // What must be done now.

    /// The next event, in the order in which the program sent them.
    pub fn poll_event(&mut self) -> Option<TermEvent> {
        Some(self.poll_placed()?.0)
    }

    /// As [`Screen::poll_event`], with what [`Screen::mark_place`] takes.
    pub fn poll_placed(&mut self) -> Option<(TermEvent, Place)> {
        let (event, place) = self.term.events.pop()?;
        Some((event, Place(place)))
    }

    /// Events lost because nobody polled.
    pub fn dropped_events(&self) -> u64 {
        self.term.events.dropped()
    }

    /// Answers to the program's queries, in their order, to be written to it.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.term.replies)
    }

    // For viewers.

    /// Grows with every change; see [`Screen::damage`].
    pub fn generation(&self) -> u64 {
        self.term.generation
    }

    /// Absolute rows of the viewport whose content changed after `since`, a value of [`Screen::generation`].
    ///
    /// A row that moved with a scroll of the whole screen has not changed: it keeps its absolute row.
    pub fn damage(&self, since: u64) -> impl Iterator<Item = u64> + '_ {
        let changed = move |y: &u16| self.term.grid.meta(*y).changed > since;
        (0..self.term.size.rows).filter(changed).map(|y| self.term.abs(y))
    }

    /// Sequences that make a fresh terminal of the same size show what this one shows: cells, styles, cursor, modes, margins,
    /// tab stops, title. The history is not part of it.
    pub fn snapshot(&self) -> Vec<u8> {
        snapshot::of(&self.term)
    }

    #[cfg(test)]
    pub(super) fn term(&self) -> &Term {
        &self.term
    }

    /// Heap memory in use, in bytes.
    pub fn heap_bytes(&self) -> usize {
        self.term.heap_bytes() + self.feed.heap_bytes()
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen")
            .field("size", &self.size())
            .field("offset", &self.offset())
            .field("cursor", &self.cursor())
            .field("first_row", &self.first_row())
            .field("top_row", &self.top_row())
            .finish_non_exhaustive()
    }
}
