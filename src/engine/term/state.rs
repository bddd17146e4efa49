//! Everything a terminal knows, apart from the parser that drives it.

use super::cell::{Cell, Clusters};
use super::charset::Charsets;
use super::grid::Grid;
use super::history::{History, HistoryLimits};
use super::intern::{StyleId, StyleTable, UsedStyles};
use super::link::LinkTable;
use super::marks::Marks;
use super::modes::{self, Modes};
use super::queue::EventQueue;
use super::style::{Color, Link, Style};
use super::tabs::Tabs;
use super::{Origin, Size, TermConfig, WidthPolicy};
use crate::engine::limits;

/// What DECSC remembers, once per screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SavedCursor {
    pub x: u16,
    pub y: u16,
    pub pending_wrap: bool,
    pub style: Style,
    pub charsets: Charsets,
    pub origin: bool,
    pub protected: bool,
}

/// The cell that a combining character or REP refers to: the last one printed, as long as nothing but text came since.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastPrinted {
    pub x: u16,
    pub y: u16,
    pub cell: Cell,
    /// The cell's cluster belongs to it alone and may be changed in place.
    pub owns_cluster: bool,
}

/// Margins, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Margins {
    pub top: u16,
    pub bottom: u16,
    pub left: u16,
    pub right: u16,
}

pub(super) struct Term {
    pub config: TermConfig,
    pub size: Size,
    /// The screen that is shown, and the one that is not.
    pub grid: Grid,
    pub hidden: Option<Grid>,
    pub alternate: bool,
    pub history: History,
    pub styles: StyleTable,
    pub clusters: Clusters,
    pub links: LinkTable,

    pub x: u16,
    pub y: u16,
    pub pending_wrap: bool,
    pub style: Style,
    /// `style` by number; `None` until a character needs it.
    pub style_id: Option<StyleId>,
    pub protected: bool,
    pub charsets: Charsets,
    pub saved: [Option<SavedCursor>; 2],
    pub margins: Margins,
    pub tabs: Tabs,
    pub modes: Modes,
    pub last_printed: Option<LastPrinted>,
    pub cursor_shape: u16,
    pub keyboard: [Vec<u16>; 2],
    pub modify_other_keys: u16,

    pub title: Option<String>,
    pub title_stack: Vec<Option<String>>,
    pub events: EventQueue,
    pub replies: Vec<u8>,
    pub marks: Marks,
    pub pin: Option<u64>,
    /// Bytes handled when the sequence at hand ends.
    pub now: u64,
    pub generation: u64,
    /// Synchronized frames that have ended.
    pub frames_ended: u64,
    /// Scratch space for building clusters.
    pub scratch: String,
}

impl Term {
    pub fn new(size: Size, config: TermConfig) -> Term {
        let size = clamped(size);
        let clusters = config.width == WidthPolicy::Cluster;
        Term {
            config,
            size,
            grid: Grid::new(size, 1),
            hidden: None,
            alternate: false,
            history: History::default(),
            styles: StyleTable::default(),
            clusters: Clusters::default(),
            links: LinkTable::default(),
            x: 0,
            y: 0,
            pending_wrap: false,
            style: Style::default(),
            style_id: Some(0),
            protected: false,
            charsets: Charsets::default(),
            saved: [None; 2],
            margins: Margins::full(size),
            tabs: Tabs::new(),
            modes: Modes::new(clusters),
            last_printed: None,
            cursor_shape: 0,
            keyboard: [Vec::new(), Vec::new()],
            modify_other_keys: 0,
            title: None,
            title_stack: Vec::new(),
            events: EventQueue::default(),
            replies: Vec::new(),
            marks: Marks::default(),
            pin: None,
            now: 0,
            generation: 1,
            frames_ended: 0,
            scratch: String::new(),
        }
    }

    /// Absolute row of the viewport's first row.
    pub fn top_row(&self) -> u64 {
        self.history.end()
    }

    pub fn abs(&self, y: u16) -> u64 {
        self.history.end() + u64::from(y)
    }

    pub fn last_col(&self) -> u16 {
        self.size.cols - 1
    }

    pub fn last_row(&self) -> u16 {
        self.size.rows - 1
    }

    /// What an erased cell looks like now (background colour erase).
    #[inline]
    pub fn erased_cell(&mut self) -> Cell {
        let style = self.style.erased();
        if style.bg == Color::Default {
            Cell::default()
        } else {
            Cell::blank(self.intern(style))
        }
    }

    /// The number of the pen's style.
    #[inline]
    pub fn pen(&mut self) -> StyleId {
        match self.style_id {
            Some(id) => id,
            None => {
                let id = self.intern(self.style);
                self.style_id = Some(id);
                id
            }
        }
    }

    pub fn set_style(&mut self, style: Style) {
        self.style = style;
        self.style_id = None;
    }

    fn intern(&mut self, style: Style) -> StyleId {
        if self.styles.wants_collection() {
            self.collect_styles();
        }
        // The last step cannot fail: attributes and underlines alone make fewer styles than are left for it.
        let poorer = [
            (style, limits::MAX_STYLES),
            (style.quantized(), limits::MAX_STYLES + limits::PALETTE_STYLES),
            (style.colorless(), usize::from(StyleId::MAX)),
        ];
        poorer
            .into_iter()
            .find_map(|(style, limit)| self.styles.intern(style, limit))
            .unwrap_or(0)
    }

    fn collect_styles(&mut self) -> UsedStyles {
        let mut used = UsedStyles::new();
        self.history.mark_styles(&mut used);
        for grid in std::iter::once(&self.grid).chain(&self.hidden) {
            for cell in grid.all_cells() {
                used.insert(cell.style);
            }
        }
        if let Some(last) = self.last_printed {
            used.insert(last.cell.style);
        }
        self.styles.collect(&used);
        self.style_id = None;
        used
    }

    /// The link that leads to `target`; nowhere when it is too long, no text, or one too many.
    pub fn link_to(&mut self, target: &str) -> Link {
        if target.is_empty() || target.len() > limits::MAX_LINK_BYTES || target.contains(char::is_control) {
            return Link::NOWHERE;
        }
        if let Some(link) = self.links.number(target) {
            return link;
        }
        if self.links.wants_collection() {
            let used = self.collect_styles();
            let saved = self.saved.iter().flatten().map(|saved| saved.style.link);
            let pens = saved.chain([self.style.link]);
            self.links.collect(self.styles.links(&used).chain(pens));
        }
        self.links.insert(target)
    }

    /// Stores a cluster's text, dropping unused ones when there are many.
    pub fn insert_cluster(&mut self, text: &str) -> u32 {
        if self.clusters.wants_collection() {
            let last = self.last_printed.map(|l| l.cell);
            let hidden = self.hidden.as_ref();
            let cells = self
                .grid
                .all_cells()
                .chain(hidden.into_iter().flat_map(Grid::all_cells));
            self.clusters.collect(cells.chain(last.iter()));
        }
        self.clusters.insert(text)
    }

    pub fn history_limits(&self) -> HistoryLimits {
        HistoryLimits {
            lines: self.config.history_lines as u64,
            bytes: self.config.history_bytes,
            pinned_bytes: self.config.pinned_bytes,
            pin: self.pin.unwrap_or(u64::MAX),
        }
    }

    /// Copies viewport row `y` to the end of the history. The caller takes it off the screen.
    pub fn keep_row(&mut self, y: u16, origin: Origin) {
        self.history.push(
            self.grid.filled_cells(y),
            self.grid.meta(y),
            &self.clusters,
            origin,
        );
    }

    pub fn enforce_history_limits(&mut self) {
        let limits = self.history_limits();
        self.history.enforce(&limits);
    }

    /// Whether left and right margins narrow the screen.
    pub fn has_side_margins(&self) -> bool {
        self.margins.left != 0 || self.margins.right != self.last_col()
    }

    pub fn policy(&self) -> WidthPolicy {
        if self.modes.has(modes::CLUSTERS) {
            WidthPolicy::Cluster
        } else {
            WidthPolicy::CodePoint
        }
    }

    pub fn heap_bytes(&self) -> usize {
        self.grid.heap_bytes()
            + self.hidden.as_ref().map_or(0, Grid::heap_bytes)
            + self.history.heap_bytes()
            + self.styles.heap_bytes()
            + self.clusters.heap_bytes()
            + self.links.heap_bytes()
            + self.events.heap_bytes()
            + self.replies.capacity()
    }
}

impl Margins {
    pub fn full(size: Size) -> Margins {
        Margins {
            top: 0,
            bottom: size.rows - 1,
            left: 0,
            right: size.cols - 1,
        }
    }
}

pub(super) fn clamped(size: Size) -> Size {
    Size {
        cols: size.cols.clamp(1, limits::MAX_SIDE_CELLS),
        rows: size.rows.clamp(1, limits::MAX_SIDE_CELLS),
    }
}
