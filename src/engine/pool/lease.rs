//! Who has which instance, until when.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use crate::engine::ids::{InstanceId, TicketId};
use crate::engine::limits::{RETRY_AFTER_LEAST, RETRY_AFTER_MOST, RETRY_AFTER_UNKNOWN};
use crate::engine::time::Time;

/// Names a lease; never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub u64);

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An instance that one ticket has for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub ticket: TicketId,
    pub instance: InstanceId,
    pub since: Time,
    /// When it is taken away.
    pub until: Option<Time>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Leases {
    open: BTreeMap<LeaseId, Lease>,
    tickets: BTreeMap<TicketId, LeaseId>,
    deadlines: BTreeSet<(Time, LeaseId)>,
    given: u64,
    /// Of leases that were given back; `None` before the first.
    mean: Option<Duration>,
}

/// One part of so many is what a new lease counts in the mean.
const SAMPLE_WEIGHT: u32 = 8;

impl Leases {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn get(&self, id: LeaseId) -> Option<&Lease> {
        self.open.get(&id)
    }

    pub(super) fn of(&self, ticket: TicketId) -> Option<LeaseId> {
        self.tickets.get(&ticket).copied()
    }

    pub(super) fn give(&mut self, lease: Lease) -> LeaseId {
        let id = LeaseId(self.given);
        self.given += 1;
        self.tickets.insert(lease.ticket, id);
        self.deadlines.extend(lease.until.map(|at| (at, id)));
        self.open.insert(id, lease);
        id
    }

    /// Its holder is done.
    pub(super) fn give_back(&mut self, id: LeaseId, now: Time) -> Option<Lease> {
        let lease = self.revoke(id)?;
        let took = now.since(lease.since);
        self.mean = Some(
            self.mean
                .map_or(took, |mean| mean - mean / SAMPLE_WEIGHT + took / SAMPLE_WEIGHT),
        );
        Some(lease)
    }

    pub(super) fn revoke(&mut self, id: LeaseId) -> Option<Lease> {
        let lease = self.open.remove(&id)?;
        self.tickets.remove(&lease.ticket);
        if let Some(at) = lease.until {
            self.deadlines.remove(&(at, id));
        }
        Some(lease)
    }

    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|&(at, _)| at)
    }

    pub(super) fn overdue(&self, now: Time) -> Vec<LeaseId> {
        let due = self.deadlines.iter().take_while(|&&(at, _)| at <= now);
        due.map(|&(_, id)| id).collect()
    }

    /// When a place in the queue is likely to be free: `n` leases that last `mean` end every `mean / n`.
    pub(super) fn next_end_in(&self) -> Duration {
        let Some(mean) = self.mean else {
            return RETRY_AFTER_UNKNOWN;
        };
        let open = u32::try_from(self.open.len()).unwrap_or(u32::MAX).max(1);
        (mean / open).clamp(RETRY_AFTER_LEAST, RETRY_AFTER_MOST)
    }

    pub(super) fn shift(&mut self, by: Duration) {
        for lease in self.open.values_mut() {
            lease.since = lease.since + by;
            lease.until = lease.until.map(|at| at + by);
        }
        let deadlines = std::mem::take(&mut self.deadlines);
        self.deadlines = deadlines.into_iter().map(|(at, id)| (at + by, id)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn give(leases: &mut Leases, ticket: u64) -> LeaseId {
        leases.give(Lease {
            ticket: TicketId(ticket),
            instance: InstanceId(0),
            since: Time::ZERO,
            until: None,
        })
    }

    #[test]
    fn a_refused_caller_is_told_the_measured_time_to_the_next_place() {
        let mut leases = Leases::default();
        assert_eq!(leases.next_end_in(), RETRY_AFTER_UNKNOWN, "nothing measured yet");
        let first = give(&mut leases, 0);
        leases.give_back(first, Time(ms(800)));
        for ticket in 1..=4 {
            give(&mut leases, ticket);
        }
        assert_eq!(leases.next_end_in(), ms(200), "four leases of 800 ms");
        let quick = give(&mut leases, 5);
        leases.give_back(quick, Time::ZERO);
        assert_eq!(leases.next_end_in(), ms(175), "a new one counts an eighth");
    }

    #[test]
    fn what_a_refused_caller_is_told_is_bounded() {
        let mut leases = Leases::default();
        let long = give(&mut leases, 0);
        leases.give_back(long, Time(Duration::from_secs(1_000_000)));
        assert_eq!(leases.next_end_in(), RETRY_AFTER_MOST);
        let mut leases = Leases::default();
        let short = give(&mut leases, 0);
        leases.give_back(short, Time::ZERO);
        assert_eq!(leases.next_end_in(), RETRY_AFTER_LEAST);
    }

    #[test]
    fn a_lease_is_given_back_once() {
        let mut leases = Leases::default();
        let lease = give(&mut leases, 0);
        assert!(leases.give_back(lease, Time::ZERO).is_some());
        assert!(leases.give_back(lease, Time::ZERO).is_none());
        assert_ne!(give(&mut leases, 1), lease);
    }
}
