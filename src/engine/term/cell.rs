//! One cell in eight bytes, and the side table for clusters of more than one code point.

use super::intern::StyleId;
use crate::engine::limits;

/// Content 0 is a cell that nobody wrote (or that was erased), which is not the same as a written blank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Cell {
    /// 0, a code point, or `CLUSTER | index` into the table of clusters.
    pub content: u32,
    pub style: StyleId,
    pub flags: u16,
}

// History and screens are counted in cells of this size.
const _: () = assert!(size_of::<Cell>() == 8);

/// Set in `Cell::content` when the rest is an index.
pub(super) const CLUSTER: u32 = 1 << 31;
/// The left half of a wide character.
pub(super) const WIDE: u16 = 1;
/// The right half of a wide character: no content of its own.
pub(super) const TAIL: u16 = 1 << 1;
/// DECSCA: selective erase leaves it.
pub(super) const PROTECTED: u16 = 1 << 2;

impl Cell {
    pub fn is_written(self) -> bool {
        self.content != 0 || self.flags & TAIL != 0
    }

    pub fn is_tail(self) -> bool {
        self.flags & TAIL != 0
    }

    pub fn is_wide(self) -> bool {
        self.flags & WIDE != 0
    }

    pub fn blank(style: StyleId) -> Cell {
        Cell {
            content: 0,
            style,
            flags: 0,
        }
    }

    /// Appends the cell's text; a cell nobody wrote is a space, the right half of a wide character is nothing.
    pub fn push_text(self, clusters: &Clusters, out: &mut String) {
        if self.flags & TAIL != 0 {
        } else if self.content & CLUSTER != 0 {
            out.push_str(clusters.get(self.content));
        } else {
            out.push(self.char_or_space());
        }
    }

    fn char_or_space(self) -> char {
        match self.content {
            0 => ' ',
            content => char::from_u32(content).unwrap_or(char::REPLACEMENT_CHARACTER),
        }
    }
}

/// A cluster's text; most are short enough to need no allocation.
enum Text {
    Short(u8, [u8; SHORT_BYTES]),
    Long(Box<str>),
}

const SHORT_BYTES: usize = 22;

impl Text {
    fn new(text: &str) -> Text {
        if text.len() > SHORT_BYTES {
            return Text::Long(text.into());
        }
        let mut bytes = [0; SHORT_BYTES];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Text::Short(text.len() as u8, bytes)
    }

    fn as_str(&self) -> &str {
        match self {
            Text::Long(text) => text,
            // `new` put a whole string there; a broken invariant must not become a panic.
            Text::Short(len, bytes) => std::str::from_utf8(&bytes[..usize::from(*len)]).unwrap_or(""),
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Text::Short(..) => 0,
            Text::Long(text) => text.len(),
        }
    }
}

/// Clusters of more than one code point that cells refer to.
///
/// Entries are dropped when the table has doubled since the last collection and no cell of either screen uses them, so
/// it holds at most about two entries per cell, each at most `limits::MAX_CLUSTER_BYTES`.
#[derive(Default)]
pub(super) struct Clusters {
    texts: Vec<Text>,
    free: Vec<u32>,
    /// Collect when no entry is free and this many exist.
    threshold: usize,
}

impl Clusters {
    pub fn get(&self, content: u32) -> &str {
        self.texts[(content & !CLUSTER) as usize].as_str()
    }

    /// Stores `text` and returns the content for a cell.
    pub fn insert(&mut self, text: &str) -> u32 {
        if let Some(index) = self.free.pop() {
            self.texts[index as usize] = Text::new(text);
            return CLUSTER | index;
        }
        self.texts.push(Text::new(text));
        CLUSTER | (self.texts.len() - 1) as u32
    }

    /// Replaces an entry that only one cell uses.
    pub fn replace(&mut self, content: u32, text: &str) {
        self.texts[(content & !CLUSTER) as usize] = Text::new(text);
    }

    pub fn wants_collection(&self) -> bool {
        self.free.is_empty() && self.texts.len() >= self.threshold.max(limits::MIN_CLUSTERS_BEFORE_COLLECTION)
    }

    /// Drops every entry that no cell of `cells` uses.
    pub fn collect<'a>(&mut self, cells: impl Iterator<Item = &'a Cell>) {
        let mut used = vec![false; self.texts.len()];
        for cell in cells {
            if cell.content & CLUSTER != 0 {
                used[(cell.content & !CLUSTER) as usize] = true;
            }
        }
        self.free.clear();
        for (index, used) in used.iter().enumerate().rev() {
            if !used {
                self.texts[index] = Text::new("");
                self.free.push(index as u32);
            }
        }
        let live = self.texts.len() - self.free.len();
        self.threshold = live * 2;
    }

    pub fn heap_bytes(&self) -> usize {
        self.texts.capacity() * size_of::<Text>()
            + self.texts.iter().map(Text::heap_bytes).sum::<usize>()
            + self.free.capacity() * 4
    }
}
