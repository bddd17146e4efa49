//! The last bytes that a tool wrote, by their offset in the session's output.

use std::collections::VecDeque;

#[derive(Debug)]
pub(super) struct RawTail {
    bytes: VecDeque<u8>,
    limit: usize,
    /// Offset behind the last byte.
    end: u64,
}

impl RawTail {
    pub(super) fn new(limit: usize) -> RawTail {
        RawTail {
            bytes: VecDeque::new(),
            limit,
            end: 0,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.end += bytes.len() as u64;
        if self.limit == 0 {
            return;
        }
        self.bytes
            .extend(&bytes[bytes.len().saturating_sub(self.limit)..]);
        let excess = self.bytes.len().saturating_sub(self.limit);
        self.bytes.drain(..excess);
    }

    /// `None` when some of them are not kept.
    pub(super) fn get(&self, from: u64, to: u64) -> Option<Vec<u8>> {
        let start = self.end - self.bytes.len() as u64;
        if from < start || to > self.end || from > to {
            return None;
        }
        let range = usize::try_from(from - start).ok()?..usize::try_from(to - start).ok()?;
        Some(self.bytes.range(range).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_by_offset_until_they_are_dropped() {
        let mut tail = RawTail::new(4);
        tail.push(b"ab");
        tail.push(b"cdef");
        assert_eq!(tail.get(2, 5), Some(b"cde".to_vec()));
        assert_eq!(tail.get(1, 3), None);
        assert_eq!(tail.get(5, 7), None);
        assert_eq!(RawTail::new(0).get(0, 0), Some(Vec::new()));
    }
}
