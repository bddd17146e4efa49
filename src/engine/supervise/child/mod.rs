//! The machine of one child. What happens to it is told by the group, which also says when its level may start or stop.

mod life;

use std::collections::VecDeque;
use std::sync::Arc;

use super::event::{Action, DeadlineName, EventKind, Heard, Report};
use super::intensity::{Intensity, Window};
use super::spec::ChildSpec;
use super::state::{ExitCause, FailReason, Life, Phase, StopReason, StopRung, Wanted};
use life::{End, StartKind};

use crate::engine::ids::{Epoch, InstanceId};
use crate::engine::patience::Patience;
use crate::engine::random::Random;
use crate::engine::time::Time;

/// What the children of a group share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) random: Random,
    pub(super) last_epoch: Epoch,
    pub(super) brake: Brake,
    pub(super) actions: VecDeque<Action>,
    /// Processes left behind since the group began to stop.
    pub(super) survivors: u32,
}

/// The group's intensity. Several children may wait for a restart at once, so those that wait count as well: what was let pass is never
/// too much later.
#[derive(Debug)]
pub(super) struct Brake {
    pub(super) limit: Option<Intensity>,
    window: Window,
    waiting: u32,
}

impl Brake {
    pub(super) fn new(limit: Option<Intensity>) -> Brake {
        Brake {
            limit,
            window: Window::default(),
            waiting: 0,
        }
    }

    fn refuses(&mut self, last: &ExitCause, now: Time) -> Option<FailReason> {
        let limit = self.limit?;
        let restarts = self.window.count(limit, now) + self.waiting;
        (restarts >= limit.most).then(|| FailReason::GroupRestarts {
            restarts: limit.most,
            within: limit.within,
            last: last.clone(),
        })
    }

    fn record(&mut self, now: Time) {
        if self.limit.is_some() {
            self.window.record(now);
        }
    }
}

/// What a child's level may do now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    pub(super) start: bool,
    pub(super) stop: bool,
}

/// One child: its contract, what is wanted, what is, and what it has been through.
#[derive(Debug)]
pub struct Child {
    id: InstanceId,
    level: u32,
    spec: Arc<ChildSpec>,
    wanted: Wanted,
    phase: Phase,
    epoch: Epoch,
    window: Window,
    attempt: u32,
    starts: u64,
    restarts: u64,
    last_exit: Option<ExitCause>,
}

impl Child {
    pub(super) fn new(id: InstanceId, level: u32, spec: Arc<ChildSpec>, now: Time) -> Child {
        Child {
            id,
            level,
            spec,
            wanted: Wanted::Down,
            phase: Phase::Down { since: now },
            epoch: Epoch::default(),
            window: Window::default(),
            attempt: 0,
            starts: 0,
            restarts: 0,
            last_exit: None,
        }
    }

    pub fn id(&self) -> InstanceId {
        self.id
    }

    pub fn level(&self) -> u32 {
        self.level
    }

    pub fn spec(&self) -> &ChildSpec {
        &self.spec
    }

    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Of the life that is open, or of the last one; zero before the first start.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Starts of any kind.
    pub fn starts(&self) -> u64 {
        self.starts
    }

    /// Starts that nobody asked for.
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// How its last life ended, as the driver saw it.
    pub fn last_exit(&self) -> Option<&ExitCause> {
        self.last_exit.as_ref()
    }

    /// Restarts that count against its intensity now.
    pub fn recent_restarts(&self, now: Time) -> usize {
        self.window.recent(self.spec.intensity, now)
    }

    /// The wait it is in.
    pub fn deadline(&self) -> Option<(Time, DeadlineName)> {
        match &self.phase {
            Phase::Starting { deadline, .. } => Some((deadline.until(), DeadlineName::Ready)),
            Phase::Stopping { deadline, rung, .. } => Some((
                deadline.until(),
                match rung {
                    StopRung::Grace => DeadlineName::Grace,
                    StopRung::Kill => DeadlineName::Kill,
                },
            )),
            Phase::BackingOff { until, .. } => Some((*until, DeadlineName::Restart)),
            Phase::Down { .. }
            | Phase::Ended { .. }
            | Phase::Blocked { .. }
            | Phase::Ready { .. }
            | Phase::Stuck { .. }
            | Phase::Failed { .. } => None,
        }
    }

    /// It is on its way to where a level above may count on it; a wait without a bound is not "on its way".
    pub(super) fn is_unsettled(&self) -> bool {
        let on_its_way = matches!(
            self.phase,
            Phase::Down { .. } | Phase::Starting { .. } | Phase::Stopping { .. } | Phase::BackingOff { .. }
        );
        self.wanted == Wanted::Up && on_its_way
    }

    /// Something of it may still be stopped.
    pub(super) fn is_stoppable(&self) -> bool {
        self.phase.life().is_some() && !self.is_stuck()
    }

    pub(super) fn is_stuck(&self) -> bool {
        matches!(self.phase, Phase::Stuck { .. })
    }

    pub(super) fn is_gone(&self) -> bool {
        self.wanted == Wanted::Gone && matches!(self.phase, Phase::Down { .. })
    }

    pub(super) fn tell_removed(&self, shared: &mut Shared, now: Time) {
        self.tell(EventKind::Removed, shared, now);
    }
}

/// Commands: they say what is wanted, and what must not wait.
impl Child {
    pub(super) fn want_up(&mut self, shared: &mut Shared, now: Time) {
        let asked_before = self.wanted == Wanted::Up;
        self.wanted = Wanted::Up;
        match &mut self.phase {
            Phase::Failed { .. } | Phase::Ended { .. } => {
                self.forget();
                self.enter(Phase::Down { since: now }, shared);
            }
            Phase::BackingOff { .. } => self.enter(Phase::Down { since: now }, shared),
            Phase::Stopping { why, .. } => {
                if !asked_before || matches!(why, StopReason::Permanent(_)) {
                    *why = StopReason::Asked;
                }
            }
            Phase::Stuck { why, .. } => {
                *why = StopReason::Asked;
                self.hurry(shared, now);
            }
            Phase::Down { .. } | Phase::Starting { .. } | Phase::Blocked { .. } | Phase::Ready { .. } => {}
        }
    }

    pub(super) fn want_fresh(&mut self, reason: String, shared: &mut Shared, now: Time) {
        self.want_up(shared, now);
        match &mut self.phase {
            Phase::Starting { .. } | Phase::Blocked { .. } | Phase::Ready { .. } => {
                self.begin_stop(StopReason::Restart(reason), StopRung::Grace, shared, now);
            }
            Phase::Stopping { why, .. } | Phase::Stuck { why, .. } => *why = StopReason::Restart(reason),
            Phase::Down { .. } | Phase::Ended { .. } | Phase::BackingOff { .. } | Phase::Failed { .. } => {}
        }
    }

    /// Asked a second time, the grace is skipped.
    pub(super) fn want_down(&mut self, shared: &mut Shared, now: Time) {
        let again = self.wanted != Wanted::Up;
        if !again {
            self.wanted = Wanted::Down;
        }
        if again || self.is_stuck() {
            self.hurry(shared, now);
        }
    }

    pub(super) fn want_gone(&mut self, shared: &mut Shared, now: Time) {
        let again = self.wanted == Wanted::Gone;
        self.wanted = Wanted::Gone;
        if again || self.is_stuck() {
            self.hurry(shared, now);
        }
    }

    /// Ends an open life without grace, or tries once more to.
    pub(super) fn hurry(&mut self, shared: &mut Shared, now: Time) {
        match &self.phase {
            Phase::Starting { .. } | Phase::Blocked { .. } | Phase::Ready { .. } => {
                self.begin_stop(StopReason::Asked, StopRung::Kill, shared, now);
            }
            Phase::Stopping {
                rung: StopRung::Grace,
                ..
            }
            | Phase::Stuck { .. } => self.skip_grace(shared, now),
            Phase::Stopping {
                rung: StopRung::Kill, ..
            }
            | Phase::Down { .. }
            | Phase::Ended { .. }
            | Phase::BackingOff { .. }
            | Phase::Failed { .. } => {}
        }
    }

    /// One step from what is to what is wanted, where its level allows it; false when there is none to take.
    pub(super) fn follow(&mut self, gate: Gate, shared: &mut Shared, now: Time) -> bool {
        match (self.wanted, &self.phase) {
            (Wanted::Up, Phase::Down { .. }) if gate.start => self.begin_life(StartKind::Asked, shared, now),
            (
                Wanted::Down | Wanted::Gone,
                Phase::Starting { .. } | Phase::Blocked { .. } | Phase::Ready { .. },
            ) if gate.stop => self.begin_stop(StopReason::Asked, StopRung::Grace, shared, now),
            (Wanted::Down | Wanted::Gone, Phase::Ended { .. } | Phase::Failed { .. }) => {
                self.forget();
                self.rest(shared, now);
            }
            (Wanted::Down | Wanted::Gone, Phase::BackingOff { .. }) => self.rest(shared, now),
            _ => return false,
        }
        true
    }

    /// What its owner has taken note of does not count any more.
    fn forget(&mut self) {
        self.window.clear();
        self.attempt = 0;
    }
}

/// Reports and time.
impl Child {
    pub(super) fn handle_report(
        &mut self,
        epoch: Epoch,
        report: Report,
        shared: &mut Shared,
        now: Time,
    ) -> Heard {
        let Some(life) = self.phase.life().filter(|life| life.epoch == epoch) else {
            return Heard::Stale;
        };
        match report {
            Report::Started => self.spawned(shared, now),
            Report::StartFailed { reason, permanent } => {
                self.not_started(life, reason, permanent, shared, now)
            }
            Report::Ready => self.ready(life, shared, now),
            Report::Blocked { reason, permanent } => self.blocked(life, reason, permanent, shared, now),
            Report::Unblocked => self.unblocked(life, shared, now),
            Report::Hung { reason } => self.hung(reason, shared, now),
            Report::Exited {
                cause,
                expected,
                survivors,
            } => self.end_life(
                life,
                End {
                    cause,
                    expected,
                    survivors,
                    hopeless: None,
                },
                shared,
                now,
            ),
        }
    }

    fn spawned(&mut self, shared: &mut Shared, now: Time) -> Heard {
        match &mut self.phase {
            Phase::Starting { spawned, .. } if !*spawned => *spawned = true,
            _ => return Heard::Stale,
        }
        self.tell(EventKind::Started, shared, now);
        Heard::Taken
    }

    fn not_started(
        &mut self,
        life: Life,
        reason: String,
        permanent: bool,
        shared: &mut Shared,
        now: Time,
    ) -> Heard {
        let end = End {
            hopeless: permanent.then(|| FailReason::CannotStart(reason.clone())),
            cause: ExitCause::SpawnFailed(reason),
            expected: false,
            survivors: 0,
        };
        self.end_life(life, end, shared, now)
    }

    fn ready(&mut self, life: Life, shared: &mut Shared, now: Time) -> Heard {
        let (Phase::Starting { .. } | Phase::Blocked { .. }) = &self.phase else {
            return Heard::Stale;
        };
        self.enter(Phase::Ready { life, since: now }, shared);
        let after = now.since(life.started);
        self.tell(EventKind::Ready { after }, shared, now);
        Heard::Taken
    }

    fn blocked(
        &mut self,
        life: Life,
        reason: String,
        permanent: bool,
        shared: &mut Shared,
        now: Time,
    ) -> Heard {
        let (Phase::Starting { .. } | Phase::Blocked { .. }) = &self.phase else {
            return Heard::Stale;
        };
        if permanent {
            let why = StopReason::Permanent(FailReason::PermanentBlock(reason));
            self.begin_stop(why, StopRung::Grace, shared, now);
            return Heard::Taken;
        }
        let phase = Phase::Blocked {
            life,
            since: now,
            reason: reason.clone(),
        };
        self.enter(phase, shared);
        self.tell(EventKind::Blocked { reason }, shared, now);
        Heard::Taken
    }

    fn unblocked(&mut self, life: Life, shared: &mut Shared, now: Time) -> Heard {
        let Phase::Blocked { .. } = &self.phase else {
            return Heard::Stale;
        };
        let phase = Phase::Starting {
            life,
            spawned: true,
            deadline: Patience::new(self.spec.ready_within, now),
        };
        self.enter(phase, shared);
        self.tell(EventKind::Unblocked, shared, now);
        Heard::Taken
    }

    fn hung(&mut self, reason: String, shared: &mut Shared, now: Time) -> Heard {
        let (Phase::Starting { .. } | Phase::Blocked { .. } | Phase::Ready { .. }) = &self.phase else {
            return Heard::Stale;
        };
        let why = StopReason::Failure(ExitCause::Watchdog(reason));
        self.begin_stop(why, StopRung::Grace, shared, now);
        Heard::Taken
    }

    pub(super) fn handle_deadline(&mut self, shared: &mut Shared, now: Time) {
        match &mut self.phase {
            Phase::Starting { deadline, .. } => {
                if deadline.is_over(now) {
                    let why = StopReason::Failure(ExitCause::NotReady);
                    self.begin_stop(why, StopRung::Grace, shared, now);
                }
            }
            Phase::Stopping { deadline, rung, .. } => {
                let rung = *rung;
                if deadline.is_over(now) {
                    match rung {
                        StopRung::Grace => self.skip_grace(shared, now),
                        StopRung::Kill => self.give_up(shared, now),
                    }
                }
            }
            Phase::BackingOff { until, .. } => {
                if now >= *until {
                    self.begin_life(StartKind::Automatic, shared, now);
                }
            }
            Phase::Down { .. }
            | Phase::Ended { .. }
            | Phase::Blocked { .. }
            | Phase::Ready { .. }
            | Phase::Stuck { .. }
            | Phase::Failed { .. } => {}
        }
    }
}
