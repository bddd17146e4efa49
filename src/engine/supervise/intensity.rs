//! How many restarts are too many.

use std::collections::VecDeque;
use std::time::Duration;

use crate::engine::time::Time;

/// At most so many automatic restarts in any stretch of `within`; the end that would need one more is a failure. Asked-for starts do not
/// count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intensity {
    pub most: u32,
    pub within: Duration,
}

impl Default for Intensity {
    fn default() -> Intensity {
        Intensity {
            most: 5,
            within: Duration::from_secs(60),
        }
    }
}

/// The restarts of the last stretch.
///
/// They are recorded when they happen and counted when the next end is judged: between the two lies only a wait, in which recorded ones
/// leave the stretch and none enter, so no stretch ever sees more than `most`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// Oldest first; never more than `most`.
    restarts: VecDeque<Time>,
}

impl Window {
    pub(super) fn record(&mut self, now: Time) {
        self.restarts.push_back(now);
    }

    /// Restarts in the stretch that ends now.
    pub(super) fn count(&mut self, limit: Intensity, now: Time) -> u32 {
        while self
            .restarts
            .front()
            .is_some_and(|&at| now.since(at) >= limit.within)
        {
            self.restarts.pop_front();
        }
        u32::try_from(self.restarts.len()).unwrap_or(u32::MAX)
    }

    /// The same without forgetting.
    pub(super) fn recent(&self, limit: Intensity, now: Time) -> usize {
        let recent = |at: &&Time| now.since(**at) < limit.within;
        self.restarts.iter().rev().take_while(recent).count()
    }

    pub(super) fn clear(&mut self) {
        self.restarts.clear();
    }
}
