//! Styles by number: a cell holds a `u16`, this table holds what it means.
//!
//! Number 0 is the default style, always. When every number is taken, the owner marks the numbers in use and the rest is
//! given back; when none is free even then, the caller falls back to a poorer style, never to somebody else's.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::style::Style;
use crate::engine::limits;

pub(super) type StyleId = u16;

#[derive(Default)]
pub(super) struct StyleTable {
    styles: Vec<Style>,
    ids: HashMap<Style, StyleId, BuildHasherDefault<FieldHasher>>,
    free: Vec<StyleId>,
    /// Requests that found the table full since the last collection.
    refused: u32,
}

impl StyleTable {
    pub fn get(&self, id: StyleId) -> Style {
        if id == 0 {
            Style::default()
        } else {
            self.styles[usize::from(id) - 1]
        }
    }

    /// The number of `style`, or `None` when the table is full.
    pub fn intern(&mut self, style: Style) -> Option<StyleId> {
        if style == Style::default() {
            return Some(0);
        }
        if let Some(id) = self.ids.get(&style) {
            return Some(*id);
        }
        let id = if let Some(id) = self.free.pop() {
            self.styles[usize::from(id) - 1] = style;
            id
        } else if self.styles.len() < limits::MAX_STYLES {
            self.styles.push(style);
            self.styles.len() as StyleId
        } else {
            self.refused += 1;
            return None;
        };
        self.ids.insert(style, id);
        Some(id)
    }

    /// Whether a collection is worth its cost: at the first refusal, then only after many more.
    pub fn wants_collection(&self) -> bool {
        self.refused == 1 || self.refused > limits::STYLE_REFUSALS_PER_COLLECTION
    }

    /// Gives back every number that `used` does not contain.
    pub fn collect(&mut self, used: &UsedStyles) {
        self.refused = 1;
        self.free.clear();
        for (i, style) in self.styles.iter().enumerate().rev() {
            let id = (i + 1) as StyleId;
            if !used.contains(id) {
                if self.ids.get(style) == Some(&id) {
                    self.ids.remove(style);
                }
                self.free.push(id);
            }
        }
        if !self.free.is_empty() {
            self.refused = 0;
        } else {
            self.refused = 2;
        }
    }

    pub fn heap_bytes(&self) -> usize {
        self.styles.capacity() * size_of::<Style>()
            + self.ids.capacity() * (size_of::<(Style, StyleId)>() + 1)
            + self.free.capacity() * size_of::<StyleId>()
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

/// A multiplicative hash: the keys are a few small fields and a collision costs one comparison.
#[derive(Default)]
struct FieldHasher(u64);

impl FieldHasher {
    fn add(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for FieldHasher {
    fn finish(&self) -> u64 {
        // The table takes its tag from the top bits and its slot from the low ones; the product's low bits are weak.
        self.0 ^ (self.0 >> 32)
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.add(u64::from(*byte));
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.add(value);
    }
}
