//! What is counted, from the cluster's start; rendered by `api`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{NotTyped, Turn};
use crate::engine::response::Outcome;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Orders accepted and refused.
    pub prompts: u64,
    pub refused: u64,
    /// Responses by outcome. A prompt that was never typed counts by what its response says.
    pub responses: BTreeMap<&'static str, u64>,
    /// Prompts typed once more.
    pub retries: u64,
    /// By how the life before ended.
    pub restarts: BTreeMap<&'static str, u64>,
    /// From typed to answered.
    pub turns: Histogram,
    /// From accepted to typed.
    pub waits: Histogram,
    /// Time that instances spent in states that their protocol does not know, closed stretches only.
    pub unknown: Duration,
    /// Output of turns.
    pub bytes: u64,
}

impl Metrics {
    pub(super) fn answered(&mut self, turn: &Turn) {
        self.turns.observe(turn.duration);
        self.bytes += turn.bytes;
        self.count(turn.outcome);
    }

    pub(super) fn not_typed(&mut self, why: &NotTyped) {
        self.count(why.outcome());
    }

    pub(super) fn restarted(&mut self, cause: &'static str) {
        *self.restarts.entry(cause).or_default() += 1;
    }

    fn count(&mut self, outcome: Outcome) {
        *self.responses.entry(outcome.as_str()).or_default() += 1;
    }
}

/// Durations in buckets that fit a keystroke as well as an agent's long answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    counts: [u64; BOUNDS_MS.len()],
    pub count: u64,
    pub sum: Duration,
}

/// Upper bounds, in milliseconds.
pub const BOUNDS_MS: [u64; 14] = [
    1, 5, 10, 50, 100, 250, 500, 1_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000,
];

impl Histogram {
    pub fn observe(&mut self, value: Duration) {
        self.count += 1;
        self.sum += value;
        let bucket = BOUNDS_MS
            .iter()
            .position(|bound| value <= Duration::from_millis(*bound));
        if let Some(bucket) = bucket {
            self.counts[bucket] += 1;
        }
    }

    /// Upper bound and how many values were not above it, ascending.
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        let mut below = 0;
        BOUNDS_MS.iter().zip(self.counts).map(move |(bound, count)| {
            below += count;
            (Duration::from_millis(*bound), below)
        })
    }

    pub fn mean(&self) -> Option<Duration> {
        let count = u32::try_from(self.count).unwrap_or(u32::MAX);
        self.sum.checked_div(count)
    }
}
