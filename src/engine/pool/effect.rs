//! What the pool wants done, and what it has to tell.

use std::time::Duration;

use crate::engine::ids::{InstanceId, TicketId};

use super::lease::LeaseId;

/// What the driver must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start a new instance of this number: the lowest that is free.
    Spawn { id: InstanceId },
    /// Replace its process by a fresh one; then `handle_ready`.
    Recycle { id: InstanceId, reason: RecycleReason },
    /// Stop it for good; then `handle_removed`.
    Retire { id: InstanceId },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecycleReason {
    Age,
    Turns,
}

/// What the holder of a ticket must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The ticket has its instance no more, and nobody has it until it is ready again.
    Revoked {
        lease: LeaseId,
        ticket: TicketId,
        instance: InstanceId,
        reason: Revocation,
    },
    /// It waited until its deadline.
    TimedOut { ticket: TicketId, waited: Duration },
    /// It waited for this one instance, which was removed.
    Unservable { ticket: TicketId, instance: InstanceId },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    Lost,
    Removed,
    Expired,
}

/// What happens at a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    Waiter,
    Lease,
    MemberAge,
    MemberIdle,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatus {
    pub starting: u32,
    pub idle: u32,
    pub leased: u32,
    pub out: u32,
    pub recycling: u32,
    pub retiring: u32,
    pub queued: usize,
    pub queue_limit: usize,
    pub longest_wait: Duration,
}
