//! Styles by number: a cell holds a `u16`, this table holds what it means.
//!
//! Number 0 is the default style, always. When the table has grown to its threshold, the owner marks the numbers in use and
//! the rest is given back; when every number is in use, the caller falls back to a poorer style, never to somebody else's.

use super::style::{Link, Style};
use crate::engine::limits;

pub(super) type StyleId = u16;

/// A style as two words: what is compared and hashed.
type Key = [u64; 2];

#[derive(Default)]
pub(super) struct StyleTable {
    /// Key of number n + 1 at n.
    keys: Vec<Key>,
    /// Open addressing: numbers, 0 for empty. A power of two at least twice the number of keys.
    slots: Vec<StyleId>,
    free: Vec<StyleId>,
    /// A collection is due when this many numbers are out and none is free.
    threshold: usize,
    /// Requests refused since the last collection.
    refused: u32,
}

impl StyleTable {
    pub fn get(&self, id: StyleId) -> Style {
        if id == 0 {
            Style::default()
        } else {
            Style::from_key(self.keys[usize::from(id) - 1])
        }
    }

    /// The number of `style`, or `None` when it is new and `limit` numbers are in use.
    #[inline]
    pub fn intern(&mut self, style: Style, limit: usize) -> Option<StyleId> {
        let key = style.key();
        if key == [0, 0] {
            return Some(0);
        }
        if self.keys.len() * 2 >= self.slots.len() {
            self.rebuild((self.slots.len() * 2).max(64), |_| true);
        }
        let mut slot = self.slot(key);
        loop {
            match self.slots[slot] {
                0 => break,
                id if self.keys[usize::from(id) - 1] == key => return Some(id),
                _ => slot = (slot + 1) & (self.slots.len() - 1),
            }
        }
        let id = self.new_number(key, limit)?;
        self.slots[slot] = id;
        Some(id)
    }

    fn new_number(&mut self, key: Key, limit: usize) -> Option<StyleId> {
        if self.in_use() >= limit {
            self.refused += 1;
            return None;
        }
        if let Some(id) = self.free.pop() {
            self.keys[usize::from(id) - 1] = key;
            return Some(id);
        }
        self.keys.push(key);
        Some(self.keys.len() as StyleId)
    }

    fn in_use(&self) -> usize {
        self.keys.len() - self.free.len()
    }

    fn slot(&self, key: Key) -> usize {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let hash = (key[0].wrapping_mul(ODD) ^ key[1]).wrapping_mul(ODD);
        (hash >> 40) as usize & (self.slots.len() - 1)
    }

    /// Whether a collection is worth its cost, which is a walk through the history.
    pub fn wants_collection(&self) -> bool {
        if self.threshold == limits::MAX_STYLES {
            return self.refused >= limits::STYLE_REFUSALS_PER_COLLECTION;
        }
        self.in_use() >= self.threshold.max(limits::MIN_STYLES_BEFORE_COLLECTION)
    }

    /// Gives back every number that `used` does not contain.
    pub fn collect(&mut self, used: &UsedStyles) {
        self.refused = 0;
        self.free = (1..=self.keys.len() as StyleId)
            .rev()
            .filter(|id| !used.contains(*id))
            .collect();
        self.rebuild(self.slots.len(), |id| used.contains(id));
        self.threshold = (self.in_use() * 2).min(limits::MAX_STYLES);
    }

    /// Where the styles of `used` lead.
    pub fn links(&self, used: &UsedStyles) -> impl Iterator<Item = Link> {
        let used = (1..=self.keys.len() as StyleId).filter(|id| used.contains(*id));
        used.map(|id| self.get(id).link)
    }

    fn rebuild(&mut self, slots: usize, keep: impl Fn(StyleId) -> bool) {
        let gone = std::mem::take(&mut self.free);
        self.slots.clear();
        self.slots.resize(slots, 0);
        for id in (1..=self.keys.len() as StyleId).filter(|id| keep(*id)) {
            let mut slot = self.slot(self.keys[usize::from(id) - 1]);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (slots - 1);
            }
            self.slots[slot] = id;
        }
        self.free = gone;
    }

    pub fn heap_bytes(&self) -> usize {
        self.keys.capacity() * size_of::<Key>()
            + (self.slots.capacity() + self.free.capacity()) * size_of::<StyleId>()
    }
}

/// The set of style numbers still referred to.
pub(super) struct UsedStyles(Vec<u64>);

impl UsedStyles {
    pub fn new() -> UsedStyles {
        UsedStyles(vec![0; (usize::from(StyleId::MAX) + 1) / 64])
    }

    pub fn insert(&mut self, id: StyleId) {
        self.0[usize::from(id) / 64] |= 1 << (id % 64);
    }

    fn contains(&self, id: StyleId) -> bool {
        self.0[usize::from(id) / 64] & (1 << (id % 64)) != 0
    }
}
