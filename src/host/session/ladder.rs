//! The stop ladder: which rung is next, and when.
//!
//! ```text
//! Leave ─protocol's time─► Hangup ─250 ms─► Terminate ─grace─► Kill
//! ```
//!
//! SIGHUP comes before SIGTERM: an interactive shell ignores SIGTERM. A second stop goes to `Kill` at once. The ladder ends when the tool
//! has ended; what it leaves behind is then told to go in the same way (`Sweep`).

use std::time::Duration;

use super::Rung;
use crate::engine::time::Time;
use crate::host::options::StopOptions;
use crate::host::pty::TreeSignal;

/// How long SIGHUP may take to work.
const HANGUP_WITHIN: Duration = Duration::from_millis(250);
/// SIGKILL is repeated: a process may have been forked between the look and the signal.
const KILL_AGAIN: Duration = Duration::from_millis(50);
/// Processes that outlive their tool get SIGHUP and SIGTERM, and this long.
const LEFT_BEHIND_WITHIN: Duration = Duration::from_millis(250);
/// After this a process that SIGKILL did not end (it hangs in the kernel) is reported as a survivor.
const KILL_PATIENCE: Duration = Duration::from_secs(2);
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LAST_LOOK: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Ladder {
    pub(super) begun: Time,
    pub(super) rung: Rung,
    grace: Duration,
    next_at: Time,
}

impl Ladder {
    /// `leave` is how long the tool may take to leave by itself; `None` starts with the signals.
    pub(super) fn new(
        options: StopOptions,
        leave: Option<Duration>,
        now: Time,
    ) -> (Ladder, Option<TreeSignal>) {
        let mut ladder = Ladder {
            begun: now,
            rung: Rung::Leave,
            grace: options.grace,
            next_at: now,
        };
        let signal = match leave {
            Some(within) if !options.grace.is_zero() => {
                ladder.next_at = now + within;
                None
            }
            Some(_) | None => Some(ladder.climb(now)),
        };
        (ladder, signal)
    }

    /// The next rung's signal.
    pub(super) fn climb(&mut self, now: Time) -> TreeSignal {
        let (rung, signal, wait) = match self.rung {
            _ if self.grace.is_zero() => (Rung::Kill, TreeSignal::Kill, KILL_AGAIN),
            Rung::Leave => (Rung::Hangup, TreeSignal::HangUp, HANGUP_WITHIN),
            Rung::Hangup => (Rung::Terminate, TreeSignal::Terminate, self.grace),
            Rung::Terminate | Rung::Kill => (Rung::Kill, TreeSignal::Kill, KILL_AGAIN),
        };
        self.rung = rung;
        self.next_at = now + wait;
        signal
    }

    /// A second request ends the patience.
    pub(super) fn hurry(&mut self, now: Time) -> TreeSignal {
        self.grace = Duration::ZERO;
        self.climb(now)
    }

    pub(super) fn due(&self, now: Time) -> bool {
        now >= self.next_at
    }

    pub(super) fn deadline(&self) -> Time {
        self.next_at
    }
}

/// After the tool: what it left behind.
#[derive(Debug)]
pub(super) struct Sweep {
    begun: Time,
    kill_at: Time,
    next_look: Time,
    step: Duration,
    asked: bool,
}

/// What a look at the processes leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Swept {
    Clean,
    Signal(&'static [TreeSignal]),
    Wait,
    /// SIGKILL did not end them.
    GaveUp,
}

impl Sweep {
    pub(super) fn new(kill_now: bool, now: Time) -> Sweep {
        let kill_at = if kill_now { now } else { now + LEFT_BEHIND_WITHIN };
        Sweep {
            begun: now,
            kill_at,
            next_look: now,
            step: FIRST_LOOK,
            asked: false,
        }
    }

    pub(super) fn hurry(&mut self, now: Time) {
        self.kill_at = self.kill_at.min(now);
        self.next_look = now;
    }

    /// With `left` processes still there at `now`.
    #[must_use]
    pub(super) fn look(&mut self, left: usize, now: Time) -> Swept {
        self.next_look = now + self.step;
        self.step = (self.step * 2).min(LAST_LOOK);
        if left == 0 {
            Swept::Clean
        } else if now.since(self.kill_at) >= KILL_PATIENCE {
            Swept::GaveUp
        } else if now >= self.kill_at {
            Swept::Signal(&[TreeSignal::Kill])
        } else if !self.asked {
            self.asked = true;
            Swept::Signal(&[TreeSignal::HangUp, TreeSignal::Terminate])
        } else {
            Swept::Wait
        }
    }

    /// SIGKILL was needed.
    pub(super) fn killed(&self, now: Time) -> bool {
        self.asked && now >= self.kill_at
    }

    pub(super) fn begun(&self) -> Time {
        self.begun
    }

    pub(super) fn deadline(&self) -> Time {
        self.next_look
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time(Duration::from_millis(ms))
    }

    #[test]
    fn the_rungs_follow_each_other_with_their_waits() {
        let options = StopOptions {
            leave: true,
            grace: Duration::from_secs(5),
        };
        let (mut ladder, signal) = Ladder::new(options, Some(Duration::from_millis(100)), at(0));
        assert_eq!((signal, ladder.deadline()), (None, at(100)));
        assert_eq!(
            (ladder.climb(at(100)), ladder.deadline()),
            (TreeSignal::HangUp, at(350))
        );
        assert_eq!(
            (ladder.climb(at(350)), ladder.deadline()),
            (TreeSignal::Terminate, at(5350))
        );
        assert_eq!(
            (ladder.climb(at(5350)), ladder.rung),
            (TreeSignal::Kill, Rung::Kill)
        );
    }

    #[test]
    fn a_second_stop_or_no_grace_kills_at_once() {
        let (mut ladder, _) = Ladder::new(StopOptions::default(), None, at(0));
        assert_eq!(ladder.rung, Rung::Hangup);
        assert_eq!(ladder.hurry(at(1)), TreeSignal::Kill);
        let (ladder, signal) = Ladder::new(StopOptions::NOW, Some(Duration::from_secs(1)), at(0));
        assert_eq!((ladder.rung, signal), (Rung::Kill, Some(TreeSignal::Kill)));
    }

    #[test]
    fn what_is_left_behind_is_asked_once_then_killed_then_given_up() {
        let mut sweep = Sweep::new(false, at(0));
        assert_eq!(
            sweep.look(2, at(0)),
            Swept::Signal(&[TreeSignal::HangUp, TreeSignal::Terminate])
        );
        assert_eq!(sweep.look(2, at(1)), Swept::Wait);
        assert_eq!(sweep.look(2, at(250)), Swept::Signal(&[TreeSignal::Kill]));
        assert_eq!(sweep.look(1, at(2250)), Swept::GaveUp);
        assert_eq!(Sweep::new(false, at(0)).look(0, at(0)), Swept::Clean);
    }
}
