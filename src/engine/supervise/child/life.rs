//! Lives: how one begins, how it is stopped, and what its end means.

use std::time::Duration;

use super::super::event::{Action, Event, EventKind, Heard};
use super::super::spec::Restart;
use super::super::state::{ExitCause, FailReason, Life, Phase, StopReason, StopRung, Wanted};
use super::{Child, Shared};
use crate::engine::patience::Patience;
use crate::engine::time::Time;

/// How a life came to its end.
pub(super) struct End {
    pub(super) cause: ExitCause,
    pub(super) expected: bool,
    pub(super) survivors: u32,
    /// Why another start cannot work either.
    pub(super) hopeless: Option<FailReason>,
}

/// Whether a start was asked for, or is a restart that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartKind {
    Asked,
    Automatic,
}

impl Child {
    pub(super) fn begin_life(&mut self, kind: StartKind, shared: &mut Shared, now: Time) {
        shared.last_epoch = shared.last_epoch.next();
        self.epoch = shared.last_epoch;
        self.starts += 1;
        if kind == StartKind::Automatic {
            self.restarts += 1;
            self.window.record(now);
            shared.brake.record(now);
        }
        let phase = Phase::Starting {
            life: Life {
                epoch: self.epoch,
                started: now,
            },
            spawned: false,
            deadline: Patience::new(self.spec.ready_within, now),
        };
        self.enter(phase, shared);
        self.tell(EventKind::Starting, shared, now);
        shared.actions.push_back(Action::Start {
            child: self.id,
            epoch: self.epoch,
        });
    }

    pub(super) fn begin_stop(&mut self, why: StopReason, rung: StopRung, shared: &mut Shared, now: Time) {
        let Some(life) = self.phase.life() else { return };
        let within = match rung {
            StopRung::Grace => self.spec.stop.grace,
            StopRung::Kill => self.spec.stop.kill_within,
        };
        let phase = Phase::Stopping {
            life,
            since: now,
            why: why.clone(),
            rung,
            ready_for: self.ready_for(now),
            deadline: Patience::new(within, now),
        };
        self.enter(phase, shared);
        self.tell(EventKind::Stopping(why), shared, now);
        self.ask_to_stop(life, rung, shared);
    }

    /// From the grace, or from a stop that was given up.
    pub(super) fn skip_grace(&mut self, shared: &mut Shared, now: Time) {
        let (Phase::Stopping {
            life, why, ready_for, ..
        }
        | Phase::Stuck {
            life, why, ready_for, ..
        }) = &self.phase
        else {
            return;
        };
        let life = *life;
        let phase = Phase::Stopping {
            life,
            since: now,
            why: why.clone(),
            rung: StopRung::Kill,
            ready_for: *ready_for,
            deadline: Patience::new(self.spec.stop.kill_within, now),
        };
        self.enter(phase, shared);
        self.tell(EventKind::GraceSkipped, shared, now);
        self.ask_to_stop(life, StopRung::Kill, shared);
    }

    fn ask_to_stop(&self, life: Life, rung: StopRung, shared: &mut Shared) {
        shared.actions.push_back(Action::Stop {
            child: self.id,
            epoch: life.epoch,
            skip_grace: rung == StopRung::Kill,
        });
    }

    pub(super) fn give_up(&mut self, shared: &mut Shared, now: Time) {
        let Phase::Stopping {
            life, why, ready_for, ..
        } = &self.phase
        else {
            return;
        };
        let phase = Phase::Stuck {
            life: *life,
            since: now,
            why: why.clone(),
            ready_for: *ready_for,
        };
        self.enter(phase, shared);
        self.tell(EventKind::Stuck, shared, now);
    }

    pub(super) fn end_life(&mut self, life: Life, end: End, shared: &mut Shared, now: Time) -> Heard {
        let ready_for = self.ready_for(now);
        let why = match &self.phase {
            Phase::Stopping { why, .. } | Phase::Stuck { why, .. } => Some(why.clone()),
            _ => None,
        };
        let exited = EventKind::Exited {
            cause: end.cause.clone(),
            expected: end.expected,
            survivors: end.survivors,
            lived: now.since(life.started),
        };
        self.tell(exited, shared, now);
        self.last_exit = Some(end.cause.clone());
        shared.survivors = shared.survivors.saturating_add(end.survivors);
        if self.wanted != Wanted::Up {
            self.rest(shared, now);
        } else if end.survivors > 0 {
            self.fail(FailReason::Survivors(end.survivors), shared, now);
        } else if let Some(reason) = end.hopeless {
            self.fail(reason, shared, now);
        } else {
            match why {
                Some(StopReason::Asked | StopReason::Restart(_)) => {
                    self.enter(Phase::Down { since: now }, shared);
                }
                Some(StopReason::Permanent(reason)) => self.fail(reason, shared, now),
                Some(StopReason::Failure(cause)) => self.judge(cause, false, ready_for, shared, now),
                None => self.judge(end.cause, end.expected, ready_for, shared, now),
            }
        }
        Heard::Taken
    }

    /// What follows an end that nobody asked for.
    fn judge(
        &mut self,
        cause: ExitCause,
        expected: bool,
        ready_for: Duration,
        shared: &mut Shared,
        now: Time,
    ) {
        match cause {
            ExitCause::Exited(code) if !expected && self.spec.permanent_exits.contains(&code) => {
                return self.fail(FailReason::PermanentExit(code), shared, now);
            }
            _ => {}
        }
        let normal = expected || cause == ExitCause::Exited(0);
        let again = match self.spec.restart {
            Restart::Permanent => true,
            Restart::Transient => !normal,
            Restart::Temporary => false,
        };
        if !again {
            let phase = Phase::Ended {
                since: now,
                cause: cause.clone(),
            };
            self.enter(phase, shared);
            return self.tell(EventKind::Ended { cause }, shared, now);
        }
        match self.refused(&cause, shared, now) {
            Some(reason) => self.fail(reason, shared, now),
            None => self.start_again(cause, ready_for, shared, now),
        }
    }

    fn refused(&mut self, last: &ExitCause, shared: &mut Shared, now: Time) -> Option<FailReason> {
        let limit = self.spec.intensity;
        let restarts = self.window.count(limit, now);
        if restarts >= limit.most {
            return Some(FailReason::TooManyRestarts {
                restarts,
                within: limit.within,
                last: last.clone(),
            });
        }
        shared.brake.refuses(last, now)
    }

    fn start_again(&mut self, cause: ExitCause, ready_for: Duration, shared: &mut Shared, now: Time) {
        if ready_for >= self.spec.backoff.reset_after {
            self.attempt = 0;
        }
        let lasted = ready_for > Duration::ZERO && ready_for >= self.spec.stable_after;
        let after = if lasted {
            Duration::ZERO
        } else {
            self.attempt = self.attempt.saturating_add(1);
            self.spec.backoff.delay(self.attempt, &mut shared.random)
        };
        let restarting = EventKind::Restarting {
            after,
            cause: cause.clone(),
        };
        self.tell(restarting, shared, now);
        if after.is_zero() {
            return self.begin_life(StartKind::Automatic, shared, now);
        }
        let phase = Phase::BackingOff {
            since: now,
            until: now + after,
            attempt: self.attempt,
            cause,
        };
        self.enter(phase, shared);
    }

    fn fail(&mut self, reason: FailReason, shared: &mut Shared, now: Time) {
        let phase = Phase::Failed {
            since: now,
            reason: reason.clone(),
        };
        self.enter(phase, shared);
        self.tell(EventKind::Failed(reason), shared, now);
    }

    /// Down, as wanted.
    pub(super) fn rest(&mut self, shared: &mut Shared, now: Time) {
        self.enter(Phase::Down { since: now }, shared);
        self.tell(EventKind::Stopped, shared, now);
    }

    fn ready_for(&self, now: Time) -> Duration {
        match &self.phase {
            Phase::Ready { since, .. } => now.since(*since),
            Phase::Stopping { ready_for, .. } | Phase::Stuck { ready_for, .. } => *ready_for,
            _ => Duration::ZERO,
        }
    }

    /// The one place where the state changes.
    pub(super) fn enter(&mut self, phase: Phase, shared: &mut Shared) {
        let waits = |phase: &Phase| u32::from(matches!(phase, Phase::BackingOff { .. }));
        let waiting = &mut shared.brake.waiting;
        *waiting = *waiting - waits(&self.phase) + waits(&phase);
        self.phase = phase;
    }

    pub(super) fn tell(&self, kind: EventKind, shared: &mut Shared, now: Time) {
        shared.actions.push_back(Action::Event(Event {
            at: now,
            child: self.id,
            epoch: self.epoch,
            kind,
        }));
    }
}
