//! What is kept of the output, and how long one waits for it.

use std::time::Duration;

use crate::engine::expect::{Precedence, StreamConfig, StreamKind, WaitOptions};
use crate::engine::limits;

/// Keeps the tool's output for `expect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follow {
    /// Text as a person reads it, or the bytes as they came.
    pub kind: StreamKind,
    /// Unmatched output that is kept, in bytes; when there is more, the older half is dropped and told.
    pub keep_bytes: usize,
    /// Of a wait that names none; `None` waits for ever.
    pub timeout: Option<Duration>,
    pub precedence: Precedence,
}

impl Default for Follow {
    fn default() -> Follow {
        Follow {
            kind: StreamKind::Text,
            keep_bytes: limits::EXPECT_KEEP_BYTES,
            timeout: Some(limits::EXPECT_TIMEOUT),
            precedence: Precedence::Leftmost,
        }
    }
}

impl Follow {
    pub(in crate::host) fn stream(&self, cols: u16) -> StreamConfig {
        StreamConfig {
            kind: self.kind,
            keep_bytes: self.keep_bytes,
            cols,
        }
    }

    pub(in crate::host) fn wait(&self) -> WaitOptions {
        WaitOptions {
            timeout: self.timeout,
            precedence: self.precedence,
            ..WaitOptions::default()
        }
    }
}
