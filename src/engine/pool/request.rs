//! What is asked of the pool, and what it says to it.

use std::fmt;
use std::time::Duration;

use crate::engine::ids::{InstanceId, TicketId};
use crate::engine::time::Time;

use super::lease::LeaseId;

/// Names one of those who share a pool fairly: a connection, a batch, a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerId(pub u64);

impl fmt::Display for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a ticket asks of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    pub caller: CallerId,
    /// More is sooner.
    pub priority: u8,
    /// What it counts for when callers take turns; 1 for an ordinary one.
    pub cost: u32,
    /// This instance and no other.
    pub only: Option<InstanceId>,
    /// When it is given up if it still waits.
    pub deadline: Option<Time>,
    /// How long it may keep the instance.
    pub lease_for: Option<Duration>,
}

impl Request {
    pub fn of(caller: CallerId) -> Request {
        Request {
            caller,
            priority: 0,
            cost: 1,
            only: None,
            deadline: None,
            lease_for: None,
        }
    }
}

/// Why a ticket may not even wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// `retry_after`: when a place is likely to be free, from how long leases lasted lately.
    #[error("the queue is full: {queued} wait, {limit} may; try again in {retry_after:?}")]
    Full {
        queued: usize,
        limit: usize,
        retry_after: Duration,
    },
    #[error("the pool is closed")]
    Closed,
    #[error("ticket {0} waits already, or has an instance")]
    Known(TicketId),
    #[error("there is no instance {0}")]
    NoInstance(InstanceId),
}

/// A ticket got an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    pub lease: LeaseId,
    pub ticket: TicketId,
    pub instance: InstanceId,
    pub waited: Duration,
}

/// Why a ticket has no instance yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Tickets whose turn is before its.
    pub ahead: usize,
    pub waited: Duration,
    pub only: Option<InstanceId>,
    /// Free members that it could have: when there are any, who chooses has refused them.
    pub free: usize,
}

/// What whoever chooses says of one waiting ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Take(InstanceId),
    /// Not this one, not now.
    Leave,
    /// Nor any other: with a long queue it costs much to ask them all.
    Stop,
}

impl From<Option<InstanceId>> for Choice {
    fn from(chosen: Option<InstanceId>) -> Choice {
        chosen.map_or(Choice::Leave, Choice::Take)
    }
}
