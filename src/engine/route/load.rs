//! What an instance has to do, and how long its turns took lately.

use std::time::Duration;

use crate::engine::limits::{
    LATENCY_HALF_LIFE, LATENCY_SAMPLE_WEIGHT_LEAST, ROUTE_FAILED_TURN_COUNTS_AS as FAILED_COUNTS_AS,
};
use crate::engine::time::Time;

/// One instance's share of the turns that the router knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Turns typed and not answered.
    pub in_flight: u32,
    /// Turns given to the instance and not typed yet.
    pub queued: u32,
    pub latency: Latency,
    /// When its latest turn began.
    pub last_typed: Option<Time>,
}

/// How a turn left its instance; says what the instance's latency learns from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With an answer, a good or a bad one: its time counts.
    Answered,
    /// Without: crashed, timed out, unknown. Counts as a slow turn however quick it was, so that an instance that fails fast does not
    /// look like the fastest of all.
    Failed,
    /// Interrupted by the caller, lost a race: says nothing about the instance.
    Abandoned,
}

impl Load {
    /// Turns that it has in all.
    pub fn turns(&self) -> u32 {
        self.in_flight + self.queued
    }

    pub(super) fn learn(&mut self, ended: Ended, took: Duration, now: Time) {
        match ended {
            Ended::Answered => self.latency.learn(took, now),
            Ended::Failed => self.latency.learn(took.max(FAILED_COUNTS_AS), now),
            Ended::Abandoned => {}
        }
    }
}

/// A moving mean of turn times that fades while nothing is learned.
///
/// Each half-life without a sample halves what the mean says, so an instance that was slow once is tried again, and one that has never
/// answered is tried first. A sample counts the more the older the mean is, at least a quarter. Whole microseconds and a straight line
/// between two halvings: equal runs are equal on every machine, which `exp2` does not promise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    mean_us: u64,
    at: Time,
}

/// One, in parts of 2^16.
const WHOLE: u64 = 1 << 16;

impl Latency {
    pub fn learn(&mut self, took: Duration, now: Time) {
        let sample = u64::try_from(took.as_micros())
            .unwrap_or(u64::MAX)
            .min(u64::MAX / WHOLE);
        let most = WHOLE - WHOLE / LATENCY_SAMPLE_WEIGHT_LEAST;
        let kept = halved(WHOLE, now.since(self.at)).min(most);
        let first = self.mean_us == 0;
        self.mean_us = if first {
            sample
        } else {
            (self.mean_us * kept + sample * (WHOLE - kept)) / WHOLE
        };
        self.at = now;
    }

    /// What is expected of the next turn; zero when nothing is known or it is long ago.
    pub fn expected(&self, now: Time) -> Duration {
        Duration::from_micros(halved(self.mean_us, now.since(self.at)))
    }
}

/// `value` after `elapsed`: halved at each half-life, along a straight line between two of them.
fn halved(value: u64, elapsed: Duration) -> u64 {
    let half_life = LATENCY_HALF_LIFE.as_micros();
    let elapsed = elapsed.as_micros();
    let halvings = u32::try_from(elapsed / half_life).unwrap_or(u32::MAX);
    let from = value.checked_shr(halvings).unwrap_or(0);
    let along = elapsed % half_life;
    let fallen = u128::from(from) * along / (2 * half_life);
    from - u64::try_from(fallen).expect("at most half of a u64")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_first_sample_is_believed_and_later_ones_are_weighed() {
        let mut latency = Latency::default();
        assert_eq!(latency.expected(Time::ZERO), Duration::ZERO);
        latency.learn(ms(100), Time::ZERO);
        assert_eq!(latency.expected(Time::ZERO), ms(100));
        latency.learn(ms(200), Time::ZERO);
        assert_eq!(latency.expected(Time::ZERO), ms(125), "a quarter of the new one");
    }

    #[test]
    fn what_was_learned_fades_by_halves() {
        let mut latency = Latency::default();
        latency.learn(ms(800), Time::ZERO);
        let after = |halves: u32| Time::ZERO + LATENCY_HALF_LIFE * halves;
        assert_eq!(latency.expected(after(1)), ms(400));
        assert_eq!(latency.expected(after(3)), ms(100));
        assert_eq!(latency.expected(Time::ZERO + LATENCY_HALF_LIFE / 2), ms(600));
        assert_eq!(latency.expected(after(200)), Duration::ZERO);
    }

    #[test]
    fn the_older_the_mean_the_more_a_sample_counts() {
        let mut latency = Latency::default();
        latency.learn(ms(100), Time::ZERO);
        let later = Time::ZERO + LATENCY_HALF_LIFE * 2;
        latency.learn(ms(200), later);
        assert_eq!(
            latency.expected(later),
            ms(175),
            "three quarters after two half-lives"
        );
    }

    #[test]
    fn samples_out_of_all_proportion_do_not_overflow() {
        let mut latency = Latency::default();
        latency.learn(Duration::MAX, Time::ZERO);
        latency.learn(Duration::MAX, Time::ZERO);
        assert!(latency.expected(Time::ZERO) > Duration::from_secs(86_400));
    }

    #[test]
    fn a_turn_that_failed_fast_counts_as_a_slow_one() {
        let mut load = Load::default();
        load.learn(Ended::Failed, ms(1), Time::ZERO);
        assert_eq!(load.latency.expected(Time::ZERO), FAILED_COUNTS_AS);
        let before = load;
        load.learn(Ended::Abandoned, ms(1), Time::ZERO);
        assert_eq!(load, before);
    }
}
