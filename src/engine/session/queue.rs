//! Bytes that wait for the tty. The tty may take them slowly or never; nothing here blocks.

use std::collections::VecDeque;

use crate::engine::limits;
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
}

#[derive(Debug, Default)]
pub struct OutQueue {
    chunks: VecDeque<(Purpose, Vec<u8>)>,
    /// Bytes of the first chunk that the tty has taken.
    taken: usize,
    reply_bytes: usize,
    /// Since when the first byte waits.
    waiting_since: Option<Time>,
}

impl OutQueue {
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
        self.waiting_since.get_or_insert(now);
        self.chunks.push_back((purpose, bytes));
    }

    pub fn front(&self) -> Option<&[u8]> {
        self.chunks.front().map(|(_, bytes)| &bytes[self.taken..])
    }

    /// The tty took `count` bytes of `front`; returns the purpose of a chunk that is now written whole.
    pub fn take(&mut self, count: usize, now: Time) -> Option<Purpose> {
        let (purpose, bytes) = self.chunks.front()?;
        let purpose = *purpose;
        if purpose == Purpose::Reply {
            self.reply_bytes = self.reply_bytes.saturating_sub(count);
        }
        if count > 0 {
            self.waiting_since = Some(now);
        }
        self.taken += count;
        if self.taken < bytes.len() {
            return None;
        }
        self.chunks.pop_front();
        self.taken = 0;
        if self.chunks.is_empty() {
            self.waiting_since = None;
        }
        Some(purpose)
    }

    pub fn waiting_since(&self) -> Option<Time> {
        self.waiting_since
    }

    pub fn pending_bytes(&self) -> usize {
        self.chunks.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() - self.taken
    }

    /// Gives up on what the tool does not read.
    pub fn clear(&mut self) {
        *self = OutQueue::default();
    }
}
