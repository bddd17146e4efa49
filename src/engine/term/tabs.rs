//! Tab stops: one bit per column, every eighth set at start.

use crate::engine::limits;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tabs {
    bits: Vec<u64>,
}

impl Tabs {
    pub fn new() -> Tabs {
        // All columns a terminal may ever have, so that a resize needs no rule of its own: 250 bytes.
        Tabs {
            bits: vec![0x0101_0101_0101_0101; usize::from(limits::MAX_SIDE_CELLS).div_ceil(64)],
        }
    }

    pub fn set(&mut self, col: u16) {
        self.bits[usize::from(col / 64)] |= 1 << (col % 64);
    }

    pub fn clear(&mut self, col: u16) {
        self.bits[usize::from(col / 64)] &= !(1 << (col % 64));
    }

    pub fn clear_all(&mut self) {
        self.bits.fill(0);
    }

    pub fn is_set(&self, col: u16) -> bool {
        self.bits[usize::from(col / 64)] & (1 << (col % 64)) != 0
    }

    /// The next stop right of `col`, or `last`.
    pub fn next(&self, col: u16, last: u16) -> u16 {
        (col + 1..last).find(|c| self.is_set(*c)).unwrap_or(last.max(col))
    }

    /// The next stop left of `col`, or `first`.
    pub fn previous(&self, col: u16, first: u16) -> u16 {
        (first..col)
            .rev()
            .find(|c| self.is_set(*c))
            .unwrap_or(first.min(col))
    }
}
