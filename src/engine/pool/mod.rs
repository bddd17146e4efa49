//! Instances lent to those who wait for one: leases, a fair and bounded queue, spares, recycling.
//!
//! The pool says *who* is next; which of the free instances it is, the caller of [`Pool::poll_grant`] chooses (with `engine::route`, or the
//! first). It also says how many instances there should be: it asks for new ones, has worn ones replaced and lets go what is too much.
//!
//! ```text
//!  ticket:    admit → waiting ──→ leased ──→ given back
//!               │        │           └─────→ Event::Revoked (lost, expired, removed); may be admitted again at its old place
//!               │        └─────────────────→ Event::TimedOut, Event::Unservable, cancel
//!               └──────────────────────────→ Refused
//!
//!  member:   Spawn → starting ──→ idle ⇄ leased        (a fresh process: ready_at and turns start again)
//!                       ↑          │ ↑      │ then: idle, out, retire
//!                       │          │ └──────┤
//!             Recycle → recycling ←┤        │
//!                                  ├→ out ←─┘          (until handle_ready, or handle_started and handle_ready)
//!             Retire ← retiring ←──┘                   (until handle_removed)
//! ```
//!
//! A driver does, in a loop: what the world did (`handle_*`), what callers want (`admit`, `cancel`, `give_back`, `resize`), then
//! `poll_grant`, `poll_action` and `poll_event` until each says nothing, and sleeps until `poll_deadline`.
//!
//! Promises, each a property test: an instance is in one lease at a time; a ticket is granted at most once for each time it was admitted;
//! among those that could be served, a caller's tickets of one priority are served in order, callers take turns, and nobody waits for ever
//! (`queue`); at most `queue_limit` wait; there are `min_idle` free instances, or on their way, as long as `most` allows it; recycling
//! leaves at least `keep_ready` ready.
//!
//! What it does not do: it knows neither prompts nor keys nor health, and nothing here ends a process: a lease that ran out leaves its
//! instance `Out` until the driver says that it is ready. It knows no epochs either: the driver hands on only reports that are not stale
//! (`engine::supervise` tells).

mod effect;
mod lease;
mod member;
mod options;
mod queue;
mod request;
mod sizing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::slice;
use std::time::Duration;

use super::ids::{InstanceId, TicketId};
use super::time::Time;

pub use effect::{Action, Deadline, Event, PoolStatus, RecycleReason, Revocation};
use lease::Leases;
pub use lease::{Lease, LeaseId};
pub use member::{Member, MemberState, Then};
pub use options::PoolOptions;
use queue::{Queue, Waiter};
pub use request::{CallerId, Choice, Grant, Refused, Request, Waiting};

/// See the module's words.
#[derive(Clone, Debug)]
pub struct Pool {
    options: PoolOptions,
    members: BTreeMap<InstanceId, Member>,
    leases: Leases,
    queue: Queue,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
    closed: bool,
    /// Deadlines of members up to then were looked at: what stayed has a reason other than time.
    sized_at: Time,
}

impl Pool {
    /// A pool without members; the first actions ask for them.
    pub fn new(options: PoolOptions, now: Time) -> Pool {
        let mut pool = Pool {
            options,
            members: BTreeMap::new(),
            leases: Leases::default(),
            queue: Queue::new(options.ageing),
            actions: VecDeque::new(),
            events: VecDeque::new(),
            closed: false,
            sized_at: now,
        };
        pool.size(now);
        pool
    }

    // Getters.

    pub fn options(&self) -> &PoolOptions {
        &self.options
    }

    pub fn members(&self) -> impl Iterator<Item = (InstanceId, &Member)> {
        self.members.iter().map(|(&id, member)| (id, member))
    }

    pub fn member(&self, id: InstanceId) -> Option<&Member> {
        self.members.get(&id)
    }

    pub fn lease(&self, lease: LeaseId) -> Option<&Lease> {
        self.leases.get(lease)
    }

    /// Nobody waits and nothing is lent.
    pub fn is_quiet(&self) -> bool {
        self.queue.len() == 0 && self.leases.len() == 0
    }

    pub fn status(&self, now: Time) -> PoolStatus {
        PoolStatus {
            starting: self.count(|member| member.state == MemberState::Starting),
            idle: self.count(|member| member.idle_since().is_some()),
            leased: self.count(|member| member.lease().is_some()),
            out: self.count(|member| member.state == MemberState::Out),
            recycling: self.count(|member| matches!(member.state, MemberState::Recycling { .. })),
            retiring: self.count(|member| member.state == MemberState::Retiring),
            queued: self.queue.len(),
            queue_limit: self.options.queue_limit,
            longest_wait: self.queue.longest_wait(now),
        }
    }

    /// Why this ticket waits; `None` when it does not.
    pub fn explain(&self, ticket: TicketId, now: Time) -> Option<Waiting> {
        let waiter = self.queue.get(ticket)?;
        let only = waiter.request.only;
        let free = self.free();
        Some(Waiting {
            ahead: self
                .queue
                .in_order(now)
                .take_while(|&(other, _)| other != ticket)
                .count(),
            waited: now.since(waiter.since),
            only,
            free: free
                .iter()
                .filter(|&&id| only.is_none_or(|only| only == id))
                .count(),
        })
    }

    // What the world did. Reports on a member that is not there, or is not as reported, change nothing.

    /// A fresh process of this member is being started, for a start or in place of one that is gone. What the old one had is revoked.
    pub fn handle_started(&mut self, id: InstanceId, now: Time) {
        self.lose(id, now);
        if let Some(member) = self.members.get_mut(&id)
            && member.state == MemberState::Out
        {
            member.state = MemberState::Starting;
        }
        self.size(now);
    }

    pub fn handle_ready(&mut self, id: InstanceId, now: Time) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        match &mut member.state {
            MemberState::Starting | MemberState::Recycling { .. } | MemberState::Out => {
                member.state = MemberState::Idle { since: now };
                member.ready_at = member.ready_at.or(Some(now));
            }
            MemberState::Leased { then, .. } if *then == Then::Out => *then = Then::Idle,
            MemberState::Idle { .. } | MemberState::Leased { .. } | MemberState::Retiring => {}
        }
        self.size(now);
    }

    /// The member's process lives, but nobody else may have it; who has it keeps it.
    pub fn handle_out(&mut self, id: InstanceId, now: Time) {
        self.put_out(id);
        self.size(now);
    }

    /// The member's process is gone, and its lease with it. One that is started again at once needs `handle_started` alone; of one that is
    /// being replaced because the pool asked for it, nothing is to be reported before `handle_ready`.
    pub fn handle_lost(&mut self, id: InstanceId, now: Time) {
        self.lose(id, now);
        self.size(now);
    }

    /// The member is gone and will not be back under this number, unless `Action::Spawn` asks for it anew.
    pub fn handle_removed(&mut self, id: InstanceId, now: Time) {
        let Some(member) = self.members.remove(&id) else {
            return;
        };
        if let Some(lease) = member.lease() {
            self.revoke(lease, Revocation::Removed, now);
        }
        for ticket in self.queue.bound_to(id) {
            self.queue.remove(ticket);
            self.events.push_back(Event::Unservable { ticket, instance: id });
        }
        self.size(now);
    }

    /// The clock went on while nothing could (a suspended machine): nobody has waited, held or aged for so long.
    pub fn handle_pause(&mut self, length: Duration) {
        self.queue.shift(length);
        self.leases.shift(length);
        for member in self.members.values_mut() {
            member.shift(length);
        }
        self.sized_at = self.sized_at + length;
    }

    pub fn handle_deadline(&mut self, now: Time) {
        for ticket in self.queue.overdue(now) {
            if let Some(waiter) = self.queue.remove(ticket) {
                let waited = now.since(waiter.since);
                self.events.push_back(Event::TimedOut { ticket, waited });
            }
        }
        for lease in self.leases.overdue(now) {
            self.revoke(lease, Revocation::Expired, now);
        }
        self.size(now);
    }

    // Commands.

    /// The ticket waits for an instance.
    ///
    /// # Errors
    /// See [`Refused`]; nothing has changed then.
    pub fn admit(&mut self, ticket: TicketId, request: Request, now: Time) -> Result<(), Refused> {
        let queued = self.queue.len();
        let limit = self.options.queue_limit;
        if self.closed {
            return Err(Refused::Closed);
        }
        if queued >= limit {
            let retry_after = self.leases.next_end_in();
            return Err(Refused::Full {
                queued,
                limit,
                retry_after,
            });
        }
        self.admit_again(ticket, request, now, now)
    }

    /// As `admit`, for a ticket that was admitted before, has lost its instance and is to be tried again: it has waited since then, so it
    /// stands at its old place, and is refused neither by a full queue nor by a closed pool. What comes on top of the queue's limit is at
    /// most as much as was lent.
    ///
    /// # Errors
    /// [`Refused::Known`] and [`Refused::NoInstance`].
    pub fn admit_again(
        &mut self,
        ticket: TicketId,
        request: Request,
        since: Time,
        now: Time,
    ) -> Result<(), Refused> {
        if self.queue.get(ticket).is_some() || self.leases.of(ticket).is_some() {
            return Err(Refused::Known(ticket));
        }
        if let Some(only) = request.only.filter(|only| !self.members.contains_key(only)) {
            return Err(Refused::NoInstance(only));
        }
        self.queue.add(ticket, Waiter { request, since });
        self.size(now);
        Ok(())
    }

    /// Whether it waited; it waits no more.
    pub fn cancel(&mut self, ticket: TicketId) -> bool {
        self.queue.remove(ticket).is_some()
    }

    /// The holder is done after so many turns. `false` when the lease was revoked meanwhile, or given back.
    pub fn give_back(&mut self, lease: LeaseId, turns: u32, now: Time) -> bool {
        let Some(ended) = self.leases.give_back(lease, now) else {
            return false;
        };
        if let Some(member) = self.members.get_mut(&ended.instance) {
            member.turns = member.turns.saturating_add(turns);
        }
        self.release(ended.instance, now);
        self.size(now);
        true
    }

    /// From now on between these many members. What is too much goes when it is free, the highest numbers first.
    pub fn resize(&mut self, minimum: u32, most: u32, now: Time) {
        self.options.minimum = minimum.min(most);
        self.options.most = most;
        self.size(now);
    }

    /// Nobody is admitted any more; who waits is served. Lets go nothing by itself.
    pub fn close(&mut self) {
        self.closed = true;
    }

    // What must be done now.

    /// The next ticket that gets an instance. `choose` is asked for each waiting ticket in order, with the free instances that it may have
    /// (longest free first), until it takes one or says that no other ticket will get one either; a ticket for which it takes none stays
    /// where it is.
    pub fn poll_grant<C: Into<Choice>>(
        &mut self,
        now: Time,
        mut choose: impl FnMut(TicketId, &[InstanceId]) -> C,
    ) -> Option<Grant> {
        let free = self.free();
        if free.is_empty() {
            return None;
        }
        let mut chosen = None;
        for (ticket, request) in self.queue.in_order(now) {
            let free = match &request.only {
                Some(only) if free.contains(only) => slice::from_ref(only),
                Some(_) => continue,
                None => &free,
            };
            match choose(ticket, free).into() {
                Choice::Take(instance) if free.contains(&instance) => {
                    chosen = Some((ticket, instance));
                    break;
                }
                Choice::Take(_) | Choice::Leave => {}
                Choice::Stop => break,
            }
        }
        let (ticket, instance) = chosen?;
        self.grant(ticket, instance, now)
    }

    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub fn poll_deadline(&self) -> Option<(Time, Deadline)> {
        let waiter = self.queue.next_deadline().map(|at| (at, Deadline::Waiter));
        let lease = self.leases.next_deadline().map(|at| (at, Deadline::Lease));
        let free = self
            .members
            .values()
            .filter_map(|member| Some((member, member.idle_since()?)));
        let of_members = free.flat_map(|(member, since)| {
            let ages = member.ages_at(&self.options).map(|at| (at, Deadline::MemberAge));
            let idle = self.options.idle_timeout;
            [ages, idle.map(|timeout| (since + timeout, Deadline::MemberIdle))]
        });
        let of_members = of_members.flatten().filter(|&(at, _)| at > self.sized_at);
        of_members.chain(waiter).chain(lease).min()
    }

    // The parts of these.

    fn free(&self) -> Vec<InstanceId> {
        let free = self.members.iter();
        let mut free: Vec<_> = free
            .filter_map(|(&id, member)| Some((member.idle_since()?, id)))
            .collect();
        free.sort_unstable();
        free.into_iter().map(|(_, id)| id).collect()
    }

    fn grant(&mut self, ticket: TicketId, instance: InstanceId, now: Time) -> Option<Grant> {
        let member = self.members.get_mut(&instance)?;
        let waiter = self.queue.serve(ticket)?;
        let lease = self.leases.give(Lease {
            ticket,
            instance,
            since: now,
            until: waiter.request.lease_for.map(|length| now + length),
        });
        let then = Then::Idle;
        member.state = MemberState::Leased { lease, then };
        self.size(now);
        let waited = now.since(waiter.since);
        Some(Grant {
            lease,
            ticket,
            instance,
            waited,
        })
    }

    /// The member is not leased any more, and becomes what it was to become.
    fn release(&mut self, id: InstanceId, now: Time) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let MemberState::Leased { then, .. } = member.state else {
            return;
        };
        member.state = match then {
            Then::Idle => MemberState::Idle { since: now },
            Then::Out | Then::Retire => MemberState::Out,
        };
        if then == Then::Retire {
            self.retire(id);
        }
    }

    fn put_out(&mut self, id: InstanceId) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        match &mut member.state {
            MemberState::Leased { then, .. } if *then == Then::Idle => *then = Then::Out,
            MemberState::Starting | MemberState::Idle { .. } | MemberState::Recycling { .. } => {
                member.state = MemberState::Out;
            }
            MemberState::Leased { .. } | MemberState::Out | MemberState::Retiring => {}
        }
    }

    fn lose(&mut self, id: InstanceId, now: Time) {
        let recycling = |member: &Member| matches!(member.state, MemberState::Recycling { .. });
        if self.members.get(&id).is_some_and(recycling) {
            return;
        }
        if let Some(lease) = self.members.get(&id).and_then(Member::lease) {
            self.revoke(lease, Revocation::Lost, now);
        }
        self.put_out(id);
        if let Some(member) = self.members.get_mut(&id) {
            member.renew();
        }
    }

    fn revoke(&mut self, lease: LeaseId, reason: Revocation, now: Time) {
        let Some(Lease { ticket, instance, .. }) = self.leases.revoke(lease) else {
            return;
        };
        self.events.push_back(Event::Revoked {
            lease,
            ticket,
            instance,
            reason,
        });
        self.put_out(instance);
        self.release(instance, now);
    }
}
