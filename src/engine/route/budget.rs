//! How many prompts may be tried again.
//!
//! When everything fails, retries only add to what fails: a budget bounds them to a share of the prompts, with a trickle on top so that the
//! first crash of a quiet hour is not refused. A token bucket: each accepted prompt puts in its share, time puts in the trickle, a retry
//! takes one out.

use std::time::Duration;

use crate::engine::limits::{RETRY_SAVED, RETRY_SHARE_PERCENT, RETRY_TRICKLE};
use crate::engine::time::Time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetOptions {
    /// Retries per hundred prompts, in the long run.
    pub share_percent: u32,
    /// One more retry each so often, whatever the prompts; `None` for no trickle.
    pub trickle: Option<Duration>,
    /// Retries that can be saved up, and that are there at the start.
    pub saved: u32,
}

impl Default for BudgetOptions {
    fn default() -> BudgetOptions {
        BudgetOptions {
            share_percent: RETRY_SHARE_PERCENT,
            trickle: Some(RETRY_TRICKLE),
            saved: RETRY_SAVED,
        }
    }
}

/// The bucket.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    options: BudgetOptions,
    /// In hundredths of a retry.
    tokens: u64,
    /// Up to when the trickle has been put in.
    trickled: Time,
}

/// Hundredths: what one retry costs.
const ONE: u64 = 100;

impl RetryBudget {
    pub fn new(options: BudgetOptions, now: Time) -> RetryBudget {
        RetryBudget {
            options,
            tokens: u64::from(options.saved) * ONE,
            trickled: now,
        }
    }

    /// A prompt was accepted: its share is put in. Retries of it are none.
    pub fn prompt(&mut self) {
        self.put(u64::from(self.options.share_percent));
    }

    /// Whether one more retry may be made now; when it may, it is taken as made.
    #[must_use]
    pub fn take(&mut self, now: Time) -> bool {
        self.trickle(now);
        let left = self.tokens.checked_sub(ONE);
        self.tokens = left.unwrap_or(self.tokens);
        left.is_some()
    }

    /// Retries that could be made at once.
    pub fn left(&self) -> u32 {
        u32::try_from(self.tokens / ONE).unwrap_or(u32::MAX)
    }

    fn trickle(&mut self, now: Time) {
        let Some(every) = self.options.trickle.filter(|every| !every.is_zero()) else {
            return;
        };
        let times = now.since(self.trickled).as_nanos() / every.as_nanos();
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        // What has not become a whole retry yet stays on the clock.
        self.trickled = self.trickled + every.saturating_mul(times);
        self.put(u64::from(times) * ONE);
    }

    fn put(&mut self, tokens: u64) {
        let most = u64::from(self.options.saved) * ONE;
        self.tokens = self.tokens.saturating_add(tokens).min(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time(Duration::from_secs(seconds))
    }

    fn drained(options: BudgetOptions) -> RetryBudget {
        let mut budget = RetryBudget::new(options, Time::ZERO);
        while budget.take(Time::ZERO) {}
        budget
    }

    #[test]
    fn what_is_saved_is_there_at_the_start_and_no_more() {
        let mut budget = RetryBudget::new(BudgetOptions::default(), Time::ZERO);
        let taken = (0..1_000).filter(|_| budget.take(Time::ZERO)).count();
        assert_eq!(taken, RETRY_SAVED as usize);
    }

    #[test]
    fn a_storm_of_failures_is_retried_for_its_share_only() {
        let options = BudgetOptions {
            trickle: None,
            ..BudgetOptions::default()
        };
        let mut budget = drained(options);
        let mut retries = 0;
        for _ in 0..1_000 {
            budget.prompt();
            retries += u32::from(budget.take(Time::ZERO));
        }
        assert_eq!(retries, 200, "20 % of 1,000");
    }

    #[test]
    fn time_gives_a_trickle_and_part_of_one_is_not_lost() {
        let every = Duration::from_secs(6);
        let options = BudgetOptions {
            trickle: Some(every),
            ..BudgetOptions::default()
        };
        let mut budget = drained(options);
        assert!(!budget.take(at(5)));
        assert!(budget.take(at(6)));
        assert!(!budget.take(at(11)));
        assert!(budget.take(at(12)), "the five seconds before counted");
        assert!(!budget.take(at(12)));
    }

    #[test]
    fn what_can_be_saved_is_bounded() {
        let mut budget = drained(BudgetOptions::default());
        for _ in 0..10_000 {
            budget.prompt();
        }
        assert!(budget.take(at(1_000_000_000)));
        assert_eq!(budget.left(), RETRY_SAVED - 1);
    }
}
