//! How long to wait before the next start of a child that did not last.

use std::time::Duration;

use crate::engine::random::Random;

/// `first`, times `factor` each further time, at most `most`; less a random part, so that children that fell together do not rise together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    pub first: Duration,
    /// At least 1.
    pub factor: f64,
    pub most: Duration,
    /// The largest part that chance takes off, 0 to 1. It is taken off and never added: `most` holds, and children whose wait has reached
    /// it still differ.
    pub jitter: f64,
    /// Ready for this long, and the next wait is the first one again.
    pub reset_after: Duration,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff {
            first: Duration::from_millis(100),
            factor: 2.0,
            most: Duration::from_secs(30),
            jitter: 0.2,
            reset_after: Duration::from_secs(600),
        }
    }
}

impl Backoff {
    /// The wait before attempt 1, 2, …
    pub(super) fn delay(&self, attempt: u32, random: &mut Random) -> Duration {
        // 2^64 times any first wait is beyond any limit.
        let steps = attempt.saturating_sub(1).min(64) as i32;
        let whole = self.first.as_secs_f64() * self.factor.max(1.0).powi(steps);
        let whole = whole.min(self.most.as_secs_f64());
        let kept = 1.0 - self.jitter.clamp(0.0, 1.0) * random.unit();
        Duration::try_from_secs_f64(whole * kept).unwrap_or(self.most)
    }
}
