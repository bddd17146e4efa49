//! Time as an argument: the engine never reads a clock.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment, counted from an origin that the driver chooses (for a session: its spawn; for a recording: its start).
/// It never goes backwards within one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub Duration);

impl Time {
    pub const ZERO: Time = Time(Duration::ZERO);

    pub fn from_micros(micros: u64) -> Time {
        Time(Duration::from_micros(micros))
    }

    /// How long after `earlier` this is; zero when it is not after.
    pub fn since(self, earlier: Time) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Time {
    type Output = Time;
    /// A time without measure (`Duration::MAX`) never comes.
    fn add(self, rhs: Duration) -> Time {
        Time(self.0.saturating_add(rhs))
    }
}

impl Sub<Time> for Time {
    type Output = Duration;
    fn sub(self, rhs: Time) -> Duration {
        self.since(rhs)
    }
}
