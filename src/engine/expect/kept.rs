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
/// Fewer bytes than this are copied.
const MOVE_BYTES: usize = 64 << 10;

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
        if self.dead > COMPACT_BYTES && self.dead >= live {
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

    /// What stands between two places, as a vector of its own. Where that is most of what is kept it is moved out, and all before `to` is
    /// forgotten; else it is copied.
    pub fn take(&mut self, from: u64, to: u64) -> Vec<u8> {
        let count = self.range(from, to).len();
        let behind = self.range(to, self.end()).len();
        if count < MOVE_BYTES || count < behind {
            return self.range(from, to).to_vec();
        }
        let place = self.bytes.len() - behind;
        let rest = self.bytes.split_off(place);
        let mut taken = std::mem::replace(&mut self.bytes, rest);
        taken.drain(..place - count);
        self.base += (place - self.dead) as u64;
        self.dead = 0;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each byte is the low half of its place.
    fn filled(to: u64) -> Kept {
        let mut kept = Kept::default();
        kept.push(&(0..to).map(|place| place as u8).collect::<Vec<u8>>());
        kept
    }

    fn is_from(bytes: &[u8], place: u64) -> bool {
        bytes
            .iter()
            .zip(place..)
            .all(|(byte, place)| *byte == place as u8)
    }

    #[test]
    fn most_of_what_is_kept_is_moved_out() {
        let mut kept = filled(300_000);
        kept.forget(1000);
        let taken = kept.take(2000, 250_000);
        assert_eq!(taken.len(), 248_000);
        assert!(is_from(&taken, 2000));
        assert_eq!((kept.base(), kept.end()), (250_000, 300_000));
        assert!(is_from(kept.from(0), 250_000));
        kept.push(&[7]);
        assert_eq!(kept.range(300_000, 300_001), [7]);
    }

    #[test]
    fn a_small_part_is_copied() {
        let mut kept = filled(300_000);
        let taken = kept.take(0, 100_000);
        assert_eq!(taken.len(), 100_000);
        assert_eq!((kept.base(), kept.end()), (0, 300_000));
        assert_eq!(kept.take(1, 4), [1, 2, 3]);
        assert_eq!(kept.base(), 0);
    }

    #[test]
    fn what_was_dropped_is_not_taken() {
        let mut kept = filled(300_000);
        kept.forget(200_001);
        let taken = kept.take(0, 299_999);
        assert_eq!(taken.len(), 99_998);
        assert!(is_from(&taken, 200_001));
        assert_eq!((kept.base(), kept.end()), (299_999, 300_000));
    }
}
