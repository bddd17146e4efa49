//! The stream's newest text: what nobody has matched yet.

/// Bytes of the stream by their place in it.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    /// Dead bytes before the kept ones; moved out when they are many.
    dead: usize,
    /// Place in the stream of the first kept byte.
    base: u64,
}

/// Fewer dead bytes than this are not worth a move.
const COMPACT_BYTES: usize = 64 << 10;

impl Kept {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub fn base(&self) -> u64 {
        self.base
    }

    /// Place behind the last byte.
    pub fn end(&self) -> u64 {
        self.base + (self.bytes.len() - self.dead) as u64
    }

    /// What stands from `place` on, or from where it is kept.
    pub fn from(&self, place: u64) -> &[u8] {
        let skip = usize::try_from(place.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let live = &self.bytes[self.dead..];
        &live[skip.min(live.len())..]
    }

    /// What stands between two places, as far as it is kept.
    pub fn range(&self, from: u64, to: u64) -> &[u8] {
        let text = self.from(from);
        let begins = self.end() - text.len() as u64;
        let count = usize::try_from(to.saturating_sub(begins)).unwrap_or(usize::MAX);
        &text[..count.min(text.len())]
    }

    /// Memory held, in bytes.
    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Forgets what stands before `place`.
    pub fn forget(&mut self, place: u64) {
        let place = place.clamp(self.base, self.end());
        self.dead += usize::try_from(place - self.base).unwrap_or(0);
        self.base = place;
        let live = self.bytes.len() - self.dead;
        if self.dead > COMPACT_BYTES && self.dead > live {
            self.bytes.drain(..self.dead);
            self.dead = 0;
            if self.bytes.capacity() > 4 * (live + COMPACT_BYTES) {
                self.bytes.shrink_to(2 * live);
            }
        } else if live == 0 {
            self.bytes.clear();
            self.dead = 0;
        }
    }
}
