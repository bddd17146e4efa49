//! Who waits, and whose turn it is.
//!
//! Waiters stand in lines, one for each caller and priority, in the order of their tickets. Whose turn it is, is decided between the heads of
//! the lines:
//!
//! 1. by priority, which rises by one for each `ageing` waited: the lowest overtakes every newcomer after 256 of these at the latest, so
//!    nobody starves;
//! 2. then by what the caller has used so far, in cost: with equal costs this is round-robin over the callers, and a thousand waiters of
//!    one caller delay another's first by one turn;
//! 3. then by ticket.
//!
//! A caller that comes new starts at what the least served of the waiting has used: it neither waits for the past of the others nor passes
//! those who wait. What it has used is remembered for as long as that puts it behind somebody.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Duration;

use crate::engine::ids::{InstanceId, TicketId};
use crate::engine::time::Time;

use super::{CallerId, Request};

#[derive(Clone, Debug)]
pub(super) struct Waiter {
    pub request: Request,
    pub since: Time,
}

#[derive(Clone, Copy, Debug, Default)]
struct Caller {
    used: u64,
    waiting: usize,
}

type Line = (CallerId, u8);

#[derive(Clone, Debug)]
pub(super) struct Queue {
    ageing: Duration,
    waiters: BTreeMap<TicketId, Waiter>,
    lines: BTreeMap<Line, BTreeSet<TicketId>>,
    callers: BTreeMap<CallerId, Caller>,
    deadlines: BTreeSet<(Time, TicketId)>,
    /// Waiters that any instance would serve.
    unbound: usize,
}

impl Queue {
    pub(super) fn new(ageing: Duration) -> Queue {
        Queue {
            ageing,
            waiters: BTreeMap::new(),
            lines: BTreeMap::new(),
            callers: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            unbound: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(super) fn get(&self, ticket: TicketId) -> Option<&Waiter> {
        self.waiters.get(&ticket)
    }

    /// Those that any instance would serve.
    pub(super) fn unbound(&self) -> usize {
        self.unbound
    }

    pub(super) fn bound_to(&self, instance: InstanceId) -> Vec<TicketId> {
        let waiters = self.waiters.iter();
        let bound = waiters.filter(|(_, waiter)| waiter.request.only == Some(instance));
        bound.map(|(&ticket, _)| ticket).collect()
    }

    pub(super) fn longest_wait(&self, now: Time) -> Duration {
        let waits = self.waiters.values().map(|waiter| now.since(waiter.since));
        waits.max().unwrap_or_default()
    }

    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|&(at, _)| at)
    }

    pub(super) fn overdue(&self, now: Time) -> Vec<TicketId> {
        let due = self.deadlines.iter().take_while(|&&(at, _)| at <= now);
        due.map(|&(_, ticket)| ticket).collect()
    }

    pub(super) fn add(&mut self, ticket: TicketId, waiter: Waiter) {
        let request = &waiter.request;
        let floor = self.least_used().unwrap_or(0);
        let caller = self.callers.entry(request.caller).or_default();
        caller.used = caller.used.max(floor);
        caller.waiting += 1;
        self.unbound += usize::from(request.only.is_none());
        self.lines.entry(line(request)).or_default().insert(ticket);
        self.deadlines.extend(request.deadline.map(|at| (at, ticket)));
        self.waiters.insert(ticket, waiter);
    }

    /// Takes a waiter out without having served it.
    pub(super) fn remove(&mut self, ticket: TicketId) -> Option<Waiter> {
        let waiter = self.waiters.remove(&ticket)?;
        let request = &waiter.request;
        self.unbound -= usize::from(request.only.is_none());
        if let Some(at) = request.deadline {
            self.deadlines.remove(&(at, ticket));
        }
        if let Some(tickets) = self.lines.get_mut(&line(request)) {
            tickets.remove(&ticket);
            if tickets.is_empty() {
                self.lines.remove(&line(request));
            }
        }
        if let Some(caller) = self.callers.get_mut(&request.caller) {
            caller.waiting -= 1;
        }
        self.forget_level_callers();
        Some(waiter)
    }

    /// Takes a waiter out because it is served: its caller has used that much more.
    pub(super) fn serve(&mut self, ticket: TicketId) -> Option<Waiter> {
        let request = &self.waiters.get(&ticket)?.request;
        let cost = u64::from(request.cost);
        if let Some(caller) = self.callers.get_mut(&request.caller) {
            caller.used = caller.used.saturating_add(cost);
        }
        self.remove(ticket)
    }

    /// A caller without waiters that would start where it is anyway need not be remembered.
    fn forget_level_callers(&mut self) {
        let floor = self.least_used();
        self.callers
            .retain(|_, caller| caller.waiting > 0 || floor.is_some_and(|floor| caller.used > floor));
    }

    /// What the least served of the waiting callers has used.
    fn least_used(&self) -> Option<u64> {
        let waiting = self.callers.values().filter(|caller| caller.waiting > 0);
        waiting.map(|caller| caller.used).min()
    }

    /// All waiters, whose turn it is first. Lazy: as a rule the first is taken, and only the heads of the lines were looked at.
    pub(super) fn in_order(&self, now: Time) -> InOrder<'_> {
        let mut order = InOrder {
            queue: self,
            now,
            heads: BinaryHeap::with_capacity(self.lines.len()),
        };
        for tickets in self.lines.values() {
            order.stand(tickets.iter());
        }
        order
    }

    fn rank(&self, ticket: TicketId, now: Time) -> Rank {
        let waiter = &self.waiters[&ticket];
        let aged = now.since(waiter.since).as_nanos() / self.ageing.as_nanos().max(1);
        let aged = u64::try_from(aged).unwrap_or(u64::MAX);
        let urgency = u64::from(waiter.request.priority).saturating_add(aged);
        let used = self
            .callers
            .get(&waiter.request.caller)
            .map_or(0, |caller| caller.used);
        Reverse((Reverse(urgency), used, ticket))
    }

    /// The clock stood still for so long: nobody has waited meanwhile.
    pub(super) fn shift(&mut self, by: Duration) {
        for waiter in self.waiters.values_mut() {
            waiter.since = waiter.since + by;
            waiter.request.deadline = waiter.request.deadline.map(|at| at + by);
        }
        let deadlines = std::mem::take(&mut self.deadlines);
        self.deadlines = deadlines
            .into_iter()
            .map(|(at, ticket)| (at + by, ticket))
            .collect();
    }
}

fn line(request: &Request) -> Line {
    (request.caller, request.priority)
}

/// The greatest is first: `BinaryHeap` hands out its greatest.
type Rank = Reverse<(Reverse<u64>, u64, TicketId)>;
type Tickets<'a> = std::collections::btree_set::Iter<'a, TicketId>;

/// See [`Queue::in_order`].
pub(super) struct InOrder<'a> {
    queue: &'a Queue,
    now: Time,
    heads: BinaryHeap<Head<'a>>,
}

/// The first of a line, and those behind it.
struct Head<'a> {
    rank: Rank,
    behind: Tickets<'a>,
}

impl<'a> InOrder<'a> {
    fn stand(&mut self, mut line: Tickets<'a>) {
        if let Some(&ticket) = line.next() {
            let rank = self.queue.rank(ticket, self.now);
            self.heads.push(Head { rank, behind: line });
        }
    }
}

impl<'a> Iterator for InOrder<'a> {
    type Item = (TicketId, &'a Request);

    fn next(&mut self) -> Option<Self::Item> {
        let Head {
            rank: Reverse((_, _, ticket)),
            behind,
        } = self.heads.pop()?;
        self.stand(behind);
        Some((ticket, &self.queue.waiters[&ticket].request))
    }
}

impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Head<'_> {}
