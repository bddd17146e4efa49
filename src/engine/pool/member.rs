//! One instance as the pool sees it.

use std::time::Duration;

use crate::engine::time::Time;

use super::{LeaseId, PoolOptions, RecycleReason};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// Was asked for, or is started again; will be ready.
    Starting,
    /// Free, since then.
    Idle {
        since: Time,
    },
    Leased {
        lease: LeaseId,
        then: Then,
    },
    /// Not to be leased until somebody says that it is ready: lost, out of service, waiting for a person, or its lease ran out.
    Out,
    /// Is replaced by a fresh process.
    Recycling {
        reason: RecycleReason,
    },
    /// Is to go for good.
    Retiring,
}

/// What becomes of a leased instance when it is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    Idle,
    Out,
    Retire,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub state: MemberState,
    /// When its process was ready first; `None` before.
    pub ready_at: Option<Time>,
    /// Turns that its process has had.
    pub turns: u32,
}

impl Member {
    pub(super) fn starting() -> Member {
        Member {
            state: MemberState::Starting,
            ready_at: None,
            turns: 0,
        }
    }

    pub fn lease(&self) -> Option<LeaseId> {
        match self.state {
            MemberState::Leased { lease, .. } => Some(lease),
            _ => None,
        }
    }

    pub(super) fn idle_since(&self) -> Option<Time> {
        match self.state {
            MemberState::Idle { since } => Some(since),
            _ => None,
        }
    }

    /// Serves, now or when it is given back.
    pub(super) fn is_ready(&self) -> bool {
        matches!(
            self.state,
            MemberState::Idle { .. } | MemberState::Leased { then: Then::Idle, .. }
        )
    }

    /// Will be idle without anybody's asking.
    pub(super) fn is_coming(&self) -> bool {
        matches!(self.state, MemberState::Starting | MemberState::Recycling { .. })
    }

    pub(super) fn is_leaving(&self) -> bool {
        matches!(
            self.state,
            MemberState::Retiring
                | MemberState::Leased {
                    then: Then::Retire,
                    ..
                }
        )
    }

    /// Its process is another one from now on.
    pub(super) fn renew(&mut self) {
        self.ready_at = None;
        self.turns = 0;
    }

    pub(super) fn ages_at(&self, options: &PoolOptions) -> Option<Time> {
        Some(self.ready_at? + options.max_age?)
    }

    /// Why it should be replaced, if it should.
    pub(super) fn worn(&self, options: &PoolOptions, now: Time) -> Option<RecycleReason> {
        if options.max_turns.is_some_and(|most| self.turns >= most) {
            return Some(RecycleReason::Turns);
        }
        let aged = self.ages_at(options).is_some_and(|at| at <= now);
        aged.then_some(RecycleReason::Age)
    }

    pub(super) fn shift(&mut self, by: Duration) {
        self.ready_at = self.ready_at.map(|at| at + by);
        if let MemberState::Idle { since } = &mut self.state {
            *since = *since + by;
        }
    }
}
