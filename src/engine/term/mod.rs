//! The emulated terminal: bytes in; a screen, a history addressed by absolute row, typed events and replies out.
//!
//! # How it works
//!
//! ```text
//! bytes ── feed ─┬─ text ────────────────── print ───┐
//!                ├─ control sequences ───── perform ─┼─ grid ── scroll ── history
//!                └─ strings (OSC, DCS, …) ─ osc ─────┘           │
//!                           └─ events, replies                 marks
//! ```
//!
//! [`Screen`] is the face; `state::Term` holds everything it knows, and the other files are what can happen to it. `feed`
//! cuts the stream into text, sequences and strings so that no step depends on where a read ended. `print` puts text into
//! the cells of a `grid`; `scroll`, `edit` and `switch` are what sequences do; rows that leave go to the `history`. `text`
//! reads it all back, `reflow` wraps it anew, `snapshot` writes it down as sequences.
//!
//! # Rows
//!
//! A row's absolute number is its place in history and viewport together: the viewport starts at [`Screen::top_row`], which
//! is the number of rows that ever left. A scroll of the whole screen therefore renumbers nothing. What leaves is kept:
//!
//! - a row scrolled out at the top, also of a region that starts at the first row ([`Origin::Scrolled`]);
//! - the rows with text that a full erase would take (ED 2, ED 0 from home, RIS, DECALN): they leave as by a scroll and
//!   keep their numbers ([`Origin::Cleared`]);
//! - a row scrolled out of a region further down ([`Origin::Region`]) or of the alternate screen ([`Origin::Alternate`]).
//!   It takes the next number of the history, so the rows that stay on the screen are one further down. A range that
//!   starts at a mark above such a region does not contain it; [`Screen::kept_before`] says which rows those are.
//!
//! Deleted lines (DL), rows pushed out at the bottom (IL, RI, SD) and rows of the alternate screen that are merely erased
//! are not kept. Whenever rows move against each other, marks and the places of waiting events move along (`marks`); a place whose row
//! was deleted moves to the next one below, a place on an alternate screen that was left moves to the primary's cursor.
//!
//! The history is bounded by lines and bytes; a pin (an open turn) lifts both for the rows behind it, up to a limit of its
//! own. A resize numbers the rows anew from the oldest kept one on.
//!
//! # What it does not do
//!
//! It draws nothing, knows no fonts or pixels, keeps no images in its cells, and obeys no request that reaches
//! beyond the screen: the clipboard, colours and windows are recorded or answered with fixed values.

mod cell;
mod charset;
mod edit;
mod event;
mod feed;
mod grid;
mod history;
mod intern;
mod link;
mod marks;
mod modes;
mod osc;
mod params;
mod perform;
mod print;
mod queue;
mod reflow;
mod reply;
mod screen;
mod scroll;
mod snapshot;
mod state;
mod style;
mod switch;
mod tabs;
mod text;

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(in crate::engine) mod testing;
#[cfg(test)]
mod tests;

pub use charset::line_drawing;
pub use screen::Screen;
pub use style::{Attrs, Color, Link, Style, Underline};

/// Columns and rows of a terminal; each at least 1 and at most `limits::MAX_SIDE_CELLS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub cols: u16,
    pub rows: u16,
}

/// A place in the terminal's whole text.
///
/// `row` is absolute: row 0 is the first row the terminal ever had, row `Screen::top_row()` is the topmost row of the
/// viewport. It stays the same while the row scrolls into history, so a place remembered before an answer still names the
/// answer's first row after it. Where an operation moves rows against each other (a region scroll, insert and delete
/// line, reflow), marks and the places of queued events are moved along; a bare `Pos` that somebody kept is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pos {
    pub row: u64,
    pub col: u16,
}

/// A remembered place that follows its text through scrolls, insertions, erasure and reflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MarkId(pub u32);

/// How a terminal is set up. `Default` is what a session gets unless its protocol says otherwise.
#[derive(Clone, Debug)]
pub struct TermConfig {
    /// Lines of history kept when nothing pins them.
    pub history_lines: usize,
    /// Bytes of history kept when nothing pins them.
    pub history_bytes: usize,
    /// Bytes of history kept from the pinned row on (an open turn).
    pub pinned_bytes: usize,
    /// Name and version told to XTVERSION.
    pub version: String,
    /// How wide a grapheme is.
    pub width: WidthPolicy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WidthPolicy {
    /// One cluster, one cell group: ZWJ emoji and combining marks together (mode 2027's behaviour).
    Cluster,
    /// Each code point by its own width, as C's `wcwidth` sums them.
    CodePoint,
}

/// Something the program told the terminal, in the order it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermEvent {
    /// Bytes handled when the sequence ended.
    pub offset: u64,
    /// Where the cursor stood after the sequence, as rows were numbered then: the same whenever the event is polled.
    pub pos: Pos,
    pub kind: TermEventKind,
}

/// Where the place of an event is by now: [`Screen::mark_place`] remembers it as if that had been done when the event happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(marks::Place);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermEventKind {
    /// OSC 133 A/B/C/D; `params` is what follows the letter (`D;1` gives `["1"]`).
    ShellMark {
        mark: ShellMark,
        params: Vec<String>,
    },
    /// A DEC private mode (or, with `ansi`, an ANSI mode) was set or reset, whether or not it was so before.
    Mode {
        number: u16,
        ansi: bool,
        set: bool,
    },
    /// OSC 7501: program status, the raw payload after `7501;`.
    ProgramStatus(String),
    /// OSC 0, 2 (window title) or 1 (icon name).
    Title(String),
    IconName(String),
    /// OSC 7: working directory as a URL.
    WorkingDirectory(String),
    /// OSC 8: a hyperlink was opened (`Some`) or closed (`None`).
    Hyperlink(Option<String>),
    /// OSC 9, OSC 777;notify and OSC 99.
    Notification {
        title: Option<String>,
        body: String,
    },
    /// OSC 9;4: state 0 none, 1 normal, 2 error, 3 indeterminate, 4 paused; percentage.
    Progress {
        state: u8,
        percent: Option<u8>,
    },
    /// OSC 52 set or query; recorded, never obeyed.
    Clipboard {
        selection: String,
        bytes: usize,
        query: bool,
    },
    Bell,
    /// RIS or DECSTR.
    Reset {
        hard: bool,
    },
    /// The alternate screen was entered or left.
    AlternateScreen {
        entered: bool,
    },
    /// A sequence this terminal does not know; bounded text, for `explain` and drift reports.
    Unknown(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShellMark {
    /// A: a prompt starts here.
    Prompt,
    /// B: the prompt ends, input starts.
    Input,
    /// C: input was accepted, output starts.
    Output,
    /// D: the command ended; its exit status may follow.
    Done,
}

/// The cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub pos: Pos,
    /// DECTCEM.
    pub visible: bool,
    /// The next character wraps first.
    pub pending_wrap: bool,
}

/// Where a kept row came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Still in the viewport.
    Viewport,
    /// Scrolled out at the top, as in every terminal.
    Scrolled,
    /// Erased by a full clear while it held text (ED 2, ED 3, RIS…). Other terminals lose it; a reader saw it.
    Cleared,
    /// Scrolled out of a region that does not start at the top of the screen.
    Region,
    /// Left the alternate screen by a scroll.
    Alternate,
}

/// One physical row, as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowView {
    pub pos: Pos,
    /// Written cells as text; cells that were skipped (a tab, a cursor jump) are blanks; what was never written at the end is absent.
    pub text: String,
    /// The next row continues this one (soft wrap).
    pub wrapped: bool,
    pub origin: Origin,
    /// Byte offsets of the first and last write to this row since it was blank; equal to each other for a row written once. `None` for a row never written.
    pub written: Option<(u64, u64)>,
}

/// Text up to the cursor with a way back from a byte of it to a place on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CursorLine {
    pub text: String,
    /// For each row joined: byte index in `text` where it starts, and its absolute row.
    pub rows: Vec<(usize, u64)>,
}

/// Text taken out of the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extract {
    pub text: String,
    /// Rows at the start of the range that a limit has dropped.
    pub lost_rows: u64,
    /// The first byte offset that is still represented, when rows were lost.
    pub kept_from_offset: Option<u64>,
}
