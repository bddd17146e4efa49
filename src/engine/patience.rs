//! Waits that a pause of the whole machine does not use up.

use std::time::Duration;

use super::limits;
use super::time::Time;

/// A deadline that was promised for `until` and is looked at much later was slept through: the laptop was closed, the driver was
/// stopped, and the child had no more of that time than we had. Such a wait gets a whole period more, a few times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    period: Duration,
    until: Time,
    forgiven: u8,
}

impl Patience {
    pub fn new(period: Duration, now: Time) -> Patience {
        Patience {
            period,
            until: now + period,
            forgiven: 0,
        }
    }

    pub fn until(&self) -> Time {
        self.until
    }

    /// True when the wait is over. Waits anew when it was slept through.
    pub fn is_over(&mut self, now: Time) -> bool {
        if now < self.until {
            return false;
        }
        let slept_through = now.since(self.until) >= limits::PAUSED_AFTER;
        if slept_through && self.forgiven < limits::PAUSES_FORGIVEN {
            self.forgiven += 1;
            self.until = now + self.period;
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(10);

    fn at(millis: u64) -> Time {
        Time::from_micros(millis * 1_000)
    }

    #[test]
    fn a_wait_that_was_watched_ends_on_time() {
        let mut wait = Patience::new(PERIOD, at(0));
        assert!(!wait.is_over(at(9_999)));
        assert!(wait.is_over(at(10_000)));
        assert!(wait.is_over(at(11_999)), "a little late is late, not asleep");
    }

    #[test]
    fn a_wait_that_was_slept_through_starts_again_a_few_times() {
        let mut wait = Patience::new(PERIOD, at(0));
        let mut now = at(0);
        for _ in 0..limits::PAUSES_FORGIVEN {
            now = wait.until() + limits::PAUSED_AFTER;
            assert!(!wait.is_over(now));
            assert_eq!(wait.until(), now + PERIOD);
        }
        now = now + PERIOD + limits::PAUSED_AFTER;
        assert!(wait.is_over(now), "who is always late does not wait for ever");
    }
}
