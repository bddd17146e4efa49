//! The output of a session that is followed: from the terminal to the machine that looks for patterns, and from it to whoever waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::command::GroupWanted;
use super::driver::Driver;
use crate::engine::event::{Event, EventKind};
use crate::engine::expect::{
    ExpectEvent, Expecter, Failure, FailureWhy, Found, GroupId, Pattern, Patterns, StreamConfig, Wait, WaitId,
};
use crate::engine::time::Time;
use crate::engine::tty::{ProbeDepth, TtyProbe};
use crate::host::expect::{ExpectError, Missed, Unmatched};

/// What a wait's caller is told.
pub(in crate::host) type Told = oneshot::Sender<Result<Found, ExpectError>>;

#[derive(Debug)]
pub(super) struct Follower {
    pub(super) machine: Expecter,
    accepted: Arc<AtomicU64>,
    /// Few: usually one.
    waits: Vec<(WaitId, Told)>,
    backgrounds: Vec<(GroupId, mpsc::Sender<Found>)>,
}

impl Follower {
    pub(super) fn new(config: StreamConfig, accepted: Arc<AtomicU64>) -> Follower {
        Follower {
            accepted,
            machine: Expecter::new(config, Time::ZERO),
            waits: Vec::new(),
            backgrounds: Vec::new(),
        }
    }

    /// What callers have done since: taken what was found for them, or gone. A wait that nobody waits for any more must not take what comes.
    fn catch_up(&mut self, now: Time) {
        let machine = &mut self.machine;
        let accepted = self.accepted.load(Ordering::Acquire);
        if accepted > machine.position() {
            machine.consume_to(accepted, now);
        }
        self.waits.retain(|(id, told)| {
            let waited_for = !told.is_closed();
            if !waited_for {
                machine.withdraw(*id);
            }
            waited_for
        });
        self.backgrounds.retain(|(id, seen)| {
            let looked_at = !seen.is_closed();
            if !looked_at {
                machine.forget(*id);
            }
            looked_at
        });
    }

    /// What a single wait finds is taken when its caller has it (`catch_up`): a caller that goes at that moment loses nothing. Of several waits
    /// each takes its own at once, lest two find the same.
    fn deferred(&self, mut wait: Wait) -> Wait {
        let full = wait.patterns.iter().any(|pattern| *pattern == Pattern::Full);
        wait.options.peek |= self.waits.is_empty() && !full;
        wait
    }

    fn told(&mut self, id: WaitId) -> Option<Told> {
        let at = self.waits.iter().position(|(wait, _)| *wait == id)?;
        Some(self.waits.swap_remove(at).1)
    }
}

impl Driver {
    pub(super) fn follow_output(&mut self, bytes: &[u8], now: Time) {
        if let Some(follower) = &mut self.follower {
            follower.catch_up(now);
            follower.machine.handle_output(bytes, now);
        }
    }

    pub(super) fn follow_drained(&mut self, now: Time) {
        if let Some(follower) = &mut self.follower {
            follower.machine.handle_drained(&self.machine.view(now), now);
        }
    }

    pub(super) fn follow_tty(&mut self, probe: TtyProbe, depth: ProbeDepth, now: Time) {
        if let Some(follower) = &mut self.follower {
            let view = self.machine.view(now);
            follower.machine.handle_tty(probe, depth, view, now);
        }
    }

    pub(super) fn follow_time(&mut self, now: Time) {
        if let Some(follower) = &mut self.follower
            && follower.machine.poll_deadline().is_some_and(|at| now >= at)
        {
            follower.catch_up(now);
            follower.machine.handle_time(now);
        }
    }

    pub(super) fn follow_typed(&mut self) {
        if let Some(follower) = &mut self.follower {
            follower.machine.handle_typed();
        }
    }

    pub(super) fn follow_state(&mut self, now: Time) {
        if let Some(follower) = &mut self.follower {
            follower.machine.handle_state(self.machine.state(), now);
        }
    }

    /// A turn has taken its text, or somebody wants none of it.
    pub(super) fn follow_turn(&mut self, now: Time) {
        if let Some(follower) = &mut self.follower {
            let end = follower.machine.end();
            follower.machine.consume_to(end, now);
        }
    }

    /// Nothing follows any more.
    pub(super) fn follow_end(&mut self, now: Time) {
        if let Some(follower) = &mut self.follower {
            follower.catch_up(now);
            follower.machine.handle_eof(now);
        }
        self.perform_follow(now);
    }

    // What handles ask.

    pub(super) fn take_wait(&mut self, wait: Wait, told: Told, now: Time) {
        let Some(follower) = &mut self.follower else {
            let _nobody_waits = told.send(Err(ExpectError::NotFollowed));
            return;
        };
        follower.catch_up(now);
        let wait = follower.deferred(wait);
        match follower.machine.expect(wait, now) {
            Ok(id) => follower.waits.push((id, told)),
            Err(error) => {
                let _nobody_waits = told.send(Err(error.into()));
                return;
            }
        }
        // The screen inside a burst is half painted.
        if !self.undrained {
            self.follow_drained(now);
        }
        self.perform_follow(now);
    }

    pub(super) fn take_group(&mut self, patterns: Patterns, wanted: GroupWanted, now: Time) {
        let Some(follower) = &mut self.follower else {
            return;
        };
        let (group, to) = match wanted {
            GroupWanted::Before(to) => (follower.machine.before(patterns), to),
            GroupWanted::After(to) => (follower.machine.after(patterns), to),
            GroupWanted::Background(seen, to) => {
                let group = follower.machine.background(patterns, now);
                follower.backgrounds.push((group, seen));
                (group, to)
            }
        };
        let _nobody_waits = to.send(group);
    }

    pub(super) fn forget_group(&mut self, group: GroupId) {
        if let Some(follower) = &mut self.follower {
            follower.machine.forget(group);
            follower.backgrounds.retain(|(id, _)| *id != group);
        }
    }

    pub(super) fn unmatched(&mut self, now: Time) -> Option<Unmatched> {
        let follower = self.follower.as_mut()?;
        follower.catch_up(now);
        let machine = &follower.machine;
        Some(Unmatched {
            text: machine.unmatched().to_vec(),
            end: machine.end(),
        })
    }

    // What the machine has to tell.

    pub(super) fn perform_follow(&mut self, now: Time) -> bool {
        let mut any = false;
        while let Some(event) = self.follower.as_mut().and_then(|f| f.machine.poll_event()) {
            any = true;
            match event {
                ExpectEvent::Found { wait, found } => self.tell_wait(wait, Ok(*found)),
                ExpectEvent::Failed { wait, failure } => {
                    let error = self.missed(*failure, now);
                    self.tell_wait(wait, Err(error));
                }
                ExpectEvent::Background { group, found } => self.tell_background(group, *found),
                ExpectEvent::Truncated { bytes } => self.tell_truncated(bytes, now),
            }
        }
        any
    }

    fn tell_wait(&mut self, wait: WaitId, result: Result<Found, ExpectError>) {
        let told = self.follower.as_mut().and_then(|follower| follower.told(wait));
        if let Some(told) = told {
            let _nobody_waits = told.send(result);
        }
    }

    fn tell_background(&mut self, group: GroupId, found: Found) {
        let Some(follower) = &self.follower else { return };
        let seen = follower.backgrounds.iter().find(|(id, _)| *id == group);
        if let Some((_, seen)) = seen {
            // Whoever is that far behind has been told how many are kept.
            let _full_or_gone = seen.try_send(found);
        }
    }

    fn tell_truncated(&mut self, bytes: u64, now: Time) {
        if self.events.receiver_count() > 0 {
            let kind = EventKind::OutputDropped { bytes };
            self.tell(Event { at: now, kind });
        }
    }

    fn missed(&self, failure: Failure, now: Time) -> ExpectError {
        let screen = self.machine.screen();
        let cursor = screen.cursor().pos;
        let (pending_input_bytes, since) = self.machine.pending_input();
        let why = failure.why;
        let missed = Box::new(Missed {
            failure,
            command: self.command.clone(),
            state: self.machine.state().clone(),
            screen: screen
                .viewport_text()
                .lines()
                .map(|row| row.trim_end().to_owned())
                .collect(),
            cursor: (
                usize::try_from(cursor.row - screen.top_row()).unwrap_or(0),
                usize::from(cursor.col),
            ),
            pending_input_bytes,
            input_waits: since
                .filter(|_| pending_input_bytes > 0)
                .map(|since| now.since(since)),
        });
        match why {
            FailureWhy::TimedOut => ExpectError::TimedOut(missed),
            FailureWhy::Eof => ExpectError::Eof(missed),
        }
    }
}
