//! What the cluster itself keeps of an instance; the rest is in the machines that it puts together.

use super::event::{DeadlineName, SessionState};
use super::status::LastTurn;
use crate::engine::ids::{Epoch, TicketId};
use crate::engine::patience::Patience;
use crate::engine::time::Time;

#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// Of the life that was started last.
    pub(super) epoch: Epoch,
    /// As its driver said last, in this life.
    pub(super) session: SessionState,
    pub(super) draining: bool,
    /// The pool lets it go.
    pub(super) leaving: bool,
    /// What it has: a turn, or its holder.
    pub(super) ticket: Option<TicketId>,
    /// A wait for its session to be ready again.
    pub(super) overdue: Option<Overdue>,
    /// Its session is unknown since then.
    pub(super) unknown_since: Option<Time>,
    /// Fit for work, or not, since then.
    pub(super) fit: Fit,
    pub(super) turns: u64,
    pub(super) last_turn: Option<LastTurn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    No {
        since: Time,
        /// The life that was, or was before, the one that is awaited.
        epoch: Epoch,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Overdue {
    pub(super) wait: Patience,
    pub(super) name: DeadlineName,
}

impl Instance {
    pub(super) fn new(now: Time) -> Instance {
        Instance {
            epoch: Epoch::default(),
            session: SessionState::Busy,
            draining: false,
            leaving: false,
            ticket: None,
            overdue: None,
            unknown_since: None,
            fit: Fit::No {
                since: now,
                epoch: Epoch::default(),
            },
            turns: 0,
            last_turn: None,
        }
    }

    /// Its session's state from now on; since when it was unknown, if it is no longer.
    pub(super) fn shows(&mut self, state: SessionState, now: Time) -> Option<Time> {
        self.session = state;
        if self.session == SessionState::Unknown {
            self.unknown_since = self.unknown_since.or(Some(now));
            return None;
        }
        self.unknown_since.take()
    }

    pub(super) fn deadline(&self) -> Option<(Time, DeadlineName)> {
        let overdue = self.overdue.as_ref()?;
        Some((overdue.wait.until(), overdue.name))
    }

    /// Not fit since then.
    pub(super) fn away_since(&self, now: Time) -> Time {
        match self.fit {
            Fit::Yes => now,
            Fit::No { since, .. } => since,
        }
    }
}
