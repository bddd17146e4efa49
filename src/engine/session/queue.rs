//! Bytes that wait for the tty. The tty may take them slowly or never; nothing here blocks.

use std::collections::VecDeque;
use std::time::Duration;

use crate::engine::limits;
use crate::engine::protocol::spec::Keys;
use crate::engine::time::Time;

/// Why bytes are in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An answer to a terminal query of the tool.
    Reply,
    /// Part of a turn; Enter follows later.
    Text,
    /// Part of a turn, up to and including the key that accepts it.
    Enter,
    /// Keys that belong to no turn: an interrupt, a person.
    Keys,
    /// The same, and nobody may see them.
    Secret,
}

#[derive(Debug)]
struct Chunk {
    purpose: Purpose,
    bytes: Vec<u8>,
    /// Least time between the chunk before and this one.
    pause: Duration,
}

#[derive(Debug, Default)]
pub struct OutQueue {
    chunks: VecDeque<Chunk>,
    /// Bytes of the first chunk that the tty has taken.
    taken: usize,
    reply_bytes: usize,
    /// Bytes of all chunks, taken ones of the first included.
    bytes: usize,
    /// Since when the first byte waits for the tty.
    waiting_since: Option<Time>,
    /// The first chunk is not written before this.
    held_until: Option<Time>,
}

impl OutQueue {
    /// One write.
    pub fn push(&mut self, purpose: Purpose, bytes: Vec<u8>, now: Time) {
        if bytes.is_empty() {
            return;
        }
        if purpose == Purpose::Reply {
            if self.reply_bytes + bytes.len() > limits::PENDING_REPLY_BYTES {
                return;
            }
            self.reply_bytes += bytes.len();
        }
        let chunk = Chunk {
            purpose,
            bytes,
            pause: Duration::ZERO,
        };
        // A pause between two keys holds nobody else up.
        if purpose == Purpose::Reply && self.held_until.is_some() {
            let behind = self
                .chunks
                .iter()
                .take_while(|chunk| chunk.purpose == Purpose::Reply);
            let at = behind.count();
            self.bytes += chunk.bytes.len();
            self.chunks.insert(at, chunk);
            self.waiting_since.get_or_insert(now);
            return;
        }
        self.add(chunk, now);
    }

    /// The writes of `keys`, each after its pause; the last one has the purpose.
    pub fn push_keys(&mut self, purpose: Purpose, keys: Keys, now: Time) {
        let mut strokes = keys
            .0
            .into_iter()
            .filter(|stroke| !stroke.bytes.is_empty())
            .peekable();
        while let Some(stroke) = strokes.next() {
            let last = strokes.peek().is_none();
            let chunk = Chunk {
                purpose: if last { purpose } else { Purpose::Keys },
                bytes: stroke.bytes,
                pause: stroke.pause,
            };
            self.add(chunk, now);
        }
    }

    fn add(&mut self, chunk: Chunk, now: Time) {
        self.bytes += chunk.bytes.len();
        self.chunks.push_back(chunk);
        if self.chunks.len() == 1 {
            self.hold(now);
        }
    }

    /// The first chunk is a new one: its pause begins.
    fn hold(&mut self, now: Time) {
        let pause = self.chunks.front().map(|chunk| chunk.pause);
        self.held_until = pause.filter(|pause| !pause.is_zero()).map(|pause| now + pause);
        self.waiting_since = (pause.is_some() && self.held_until.is_none()).then_some(now);
    }

    pub fn front(&self) -> Option<&[u8]> {
        let held = self.held_until.is_some();
        let chunk = self
            .chunks
            .front()
            .filter(|chunk| !held || chunk.purpose == Purpose::Reply)?;
        Some(&chunk.bytes[self.taken..])
    }

    /// Why the bytes of `front` are there.
    pub fn front_purpose(&self) -> Option<Purpose> {
        self.front().and(self.chunks.front()).map(|chunk| chunk.purpose)
    }

    /// The tty took `count` bytes of `front`; returns the purpose of a chunk that is now written whole.
    pub fn take(&mut self, count: usize, now: Time) -> Option<Purpose> {
        let chunk = self.chunks.front()?;
        let purpose = chunk.purpose;
        if purpose == Purpose::Reply {
            self.reply_bytes = self.reply_bytes.saturating_sub(count);
        }
        if count > 0 {
            self.waiting_since = Some(now);
        }
        self.taken += count;
        if self.taken < chunk.bytes.len() {
            return None;
        }
        self.bytes -= chunk.bytes.len();
        if let Some(mut chunk) = self.chunks.pop_front().filter(|_| purpose == Purpose::Secret) {
            chunk.bytes.fill(0);
            std::hint::black_box(&chunk.bytes);
        }
        self.taken = 0;
        match (self.held_until, self.chunks.front()) {
            // It went ahead of a pause that goes on.
            (Some(_), Some(next)) => {
                self.waiting_since = (next.purpose == Purpose::Reply).then_some(now);
            }
            (Some(_) | None, _) => self.hold(now),
        }
        Some(purpose)
    }

    /// When the pause before the first chunk ends.
    pub fn held_until(&self) -> Option<Time> {
        self.held_until
    }

    /// Lets the first chunk go when its pause is over.
    pub fn release(&mut self, now: Time) {
        if self.held_until.is_some_and(|until| now >= until) {
            self.held_until = None;
            self.waiting_since.get_or_insert(now);
        }
    }

    pub fn waiting_since(&self) -> Option<Time> {
        self.waiting_since
    }

    pub fn pending_bytes(&self) -> usize {
        self.bytes - self.taken
    }

    /// Gives up on what the tool does not read.
    pub fn clear(&mut self) {
        *self = OutQueue::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Time {
        Time::ZERO + Duration::from_millis(ms)
    }

    fn keys(text: &str) -> Keys {
        crate::engine::protocol::keys::parse(text).expect("valid")
    }

    #[test]
    fn a_pause_begins_when_the_write_before_is_done() {
        let mut queue = OutQueue::default();
        queue.push_keys(Purpose::Enter, keys("a<pause-150ms>bc"), ms(0));
        assert_eq!(queue.front(), Some(&b"a"[..]));
        assert_eq!(queue.take(1, ms(40)), Some(Purpose::Keys));
        assert_eq!((queue.front(), queue.held_until()), (None, Some(ms(190))));
        assert_eq!(queue.waiting_since(), None, "a pause is no stalled tty");
        queue.release(ms(189));
        assert_eq!(queue.front(), None);
        queue.release(ms(190));
        assert_eq!(
            (queue.front(), queue.waiting_since()),
            (Some(&b"bc"[..]), Some(ms(190)))
        );
        assert_eq!(queue.take(1, ms(190)), None);
        assert_eq!(queue.take(1, ms(190)), Some(Purpose::Enter));
        assert_eq!((queue.front(), queue.held_until()), (None, None));
    }

    #[test]
    fn answers_to_queries_go_ahead_of_a_pause() {
        let mut queue = OutQueue::default();
        queue.push_keys(Purpose::Keys, keys("a<pause-1s>b"), ms(0));
        queue.take(1, ms(0));
        queue.push(Purpose::Reply, b"1".to_vec(), ms(10));
        queue.push(Purpose::Reply, b"2".to_vec(), ms(10));
        queue.push(Purpose::Keys, b"c".to_vec(), ms(10));
        assert_eq!(queue.front(), Some(&b"1"[..]));
        queue.take(1, ms(20));
        assert_eq!(queue.front(), Some(&b"2"[..]));
        queue.take(1, ms(20));
        assert_eq!((queue.front(), queue.held_until()), (None, Some(ms(1000))));
        queue.release(ms(1000));
        assert_eq!(queue.front(), Some(&b"b"[..]));
        queue.take(1, ms(1000));
        assert_eq!(queue.front(), Some(&b"c"[..]));
    }
}
