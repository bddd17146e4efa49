//! Many sessions of one tool behind one call, without the sessions: orders and reports in, what to do out.
//!
//! # Theory of operation
//!
//! Five machines are put together here, and none knows of another: [`supervise`](super::supervise) keeps instances alive,
//! [`health`](super::health) says which of them may work, [`pool`] who is next, [`route`](super::route) where, and a budget
//! how much may be tried again.
//!
//! ```text
//!            submit                    Type                 handle_turn
//!   order ───────────► waiting ─────────────────► typed ──────────────────► Finish
//!             │           ▲  │                      │
//!          Refused        │  └─ too long, closed,   │ lost with its instance,
//!                         │     withdrawn: Finish   │ retryable, in budget
//!                         └─────────────────────────┘
//! ```
//!
//! **Every accepted ticket ends in exactly one `Finish`.** A ticket that is typed belongs to its session until `handle_turn` says what came
//! of it; nothing else ends it, not even the death of the instance, which the driver reports in both ways and in any order.
//!
//! **A prompt is typed at most once** unless its caller has called it retryable, and then only after a turn that ended without an answer:
//! the instance ended, timed out, or became unknown, or said that it cannot work (usage limit, not logged in, overloaded). A prompt that was
//! never typed is nobody's loss and waits again, at its old place, whatever its caller has said.
//!
//! **An instance gets a prompt only when everybody agrees**: its life is ready, its session stands at its prompt, it is healthy, nobody drains
//! it, and it is free. One function decides that, asked after every report; what is lacking, [`Cluster::explain`] says.
//!
//! An instance that a turn has left in another state than ready gets `recover_within` to come back, and is then replaced; one that asks
//! something gets `blocked_within`.
//!
//! A driver does, in a loop: reports (`handle_*`), orders and commands, [`Cluster::poll_action`] until it says nothing, and sleeps until
//! [`Cluster::poll_deadline`].

mod dispatch;
mod event;
mod instance;
mod lives;
mod metrics;
mod options;
mod status;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub use event::{
    Action, DeadlineName, Ending, Event, EventKind, NotTyped, Refused, SessionState, Turn, TurnEnd,
};
use instance::Instance;
pub use metrics::{Histogram, Metrics};
pub use options::{ClusterOptions, Order, OrderKind};
pub use status::{ClusterStatus, InstanceStatus, LastTurn};

use super::health::Health;
use super::ids::{InstanceId, TicketId};
use super::limits;
use super::pool::{self, LeaseId, Pool, PoolOptions, Request};
use super::route::{RetryBudget, Router, RouterOptions, Wish};
use super::supervise::{ChildSpec, Group, Refusal};
use super::time::Time;

/// A ticket that is not over.
#[derive(Clone, Debug)]
struct Ticket {
    order: Order,
    since: Time,
    /// How often its prompt was handed to a session.
    attempts: u32,
    /// Tries that ended `blocked` by what no state of the protocol knows.
    unrecognised: u32,
    place: Place,
    /// Its caller does not want it any more.
    withdrawn: bool,
}

impl Ticket {
    fn is_particular(&self) -> bool {
        self.order.wish != Wish::default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Waiting,
    At { instance: InstanceId, lease: LeaseId },
}

/// See the module's words.
#[derive(Debug)]
pub struct Cluster {
    options: ClusterOptions,
    child: Arc<ChildSpec>,
    group: Group,
    pool: Pool,
    router: Router,
    health: Health,
    budget: RetryBudget,
    instances: BTreeMap<InstanceId, Instance>,
    tickets: BTreeMap<TicketId, Ticket>,
    last_ticket: u64,
    /// Open tickets with a key or an instance of their choice.
    particular: usize,
    metrics: Metrics,
    actions: VecDeque<Action>,
    closed: bool,
    /// When the router's answer changes by time alone.
    ask_again_at: Option<Time>,
    /// Somebody called then.
    awake_at: Time,
    /// Of the last instance that failed.
    last_failure: String,
}

impl Cluster {
    /// The first actions start the instances.
    pub fn new(options: ClusterOptions, now: Time) -> Cluster {
        let processes = options.processes();
        let pool = PoolOptions {
            queue_limit: options.queue_limit,
            max_turns: options.max_turns,
            max_age: options.max_age,
            ..PoolOptions::fixed(processes)
        };
        let router = RouterOptions {
            routing: options.routing,
            key_wait: options.key_wait,
            lead: Some(limits::ROUTE_LEAD_TURNS),
            seed: options.seed,
            ..RouterOptions::default()
        };
        let mut cluster = Cluster {
            child: Arc::new(options.child.clone()),
            group: Group::new(options.group, options.seed),
            pool: Pool::new(pool, now),
            router: Router::new(router),
            health: Health::new(options.health),
            budget: RetryBudget::new(options.budget, now),
            instances: BTreeMap::new(),
            tickets: BTreeMap::new(),
            last_ticket: 0,
            particular: 0,
            metrics: Metrics::default(),
            actions: VecDeque::new(),
            closed: false,
            ask_again_at: None,
            awake_at: now,
            last_failure: String::new(),
            options,
        };
        cluster.advance(now);
        cluster
    }

    // Getters.

    pub fn options(&self) -> &ClusterOptions {
        &self.options
    }

    /// No ticket is open.
    pub fn is_quiet(&self) -> bool {
        self.tickets.is_empty()
    }

    /// Where the ticket is now; `None` while it waits and when it is over.
    pub fn instance_of(&self, ticket: TicketId) -> Option<InstanceId> {
        match self.tickets.get(&ticket)?.place {
            Place::Waiting => None,
            Place::At { instance, .. } => Some(instance),
        }
    }

    pub fn instances(&self) -> impl Iterator<Item = InstanceId> {
        self.instances.keys().copied()
    }

    // Commands.

    /// Takes a prompt, or a wish for an instance of one's own.
    ///
    /// # Errors
    /// See [`Refused`]; nothing has changed then.
    pub fn submit(&mut self, order: Order, now: Time) -> Result<TicketId, Refused> {
        self.forgive_pause(now);
        let accepted = self.accept(order, now);
        match accepted {
            Ok(_) => self.metrics.prompts += 1,
            Err(_) => self.metrics.refused += 1,
        }
        self.advance(now);
        accepted
    }

    fn accept(&mut self, order: Order, now: Time) -> Result<TicketId, Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        if let Some(only) = order.wish.only
            && self.instances.get(&only).is_none_or(|instance| instance.leaving)
        {
            return Err(Refused::NoInstance(only));
        }
        if self.is_hopeless(order.wish.only) {
            return Err(Refused::AllFailed(self.last_failure.clone()));
        }
        let ticket = TicketId(self.last_ticket + 1);
        self.pool
            .admit(ticket, request(&order, now), now)
            .map_err(|refused| match refused {
                pool::Refused::Full {
                    queued,
                    limit,
                    retry_after,
                } => Refused::Full {
                    queued,
                    limit,
                    retry_after,
                },
                pool::Refused::NoInstance(instance) => Refused::NoInstance(instance),
                pool::Refused::Closed | pool::Refused::Known(_) => Refused::Closed,
            })?;
        self.last_ticket = ticket.0;
        self.router.accept(ticket, order.wish.clone());
        self.budget.prompt();
        let place = Place::Waiting;
        let (since, attempts, withdrawn) = (now, 0, false);
        let entry = Ticket {
            order,
            since,
            attempts,
            unrecognised: 0,
            place,
            withdrawn,
        };
        self.particular += usize::from(entry.is_particular());
        self.tickets.insert(ticket, entry);
        self.tell(now, EventKind::Accepted { ticket });
        Ok(ticket)
    }

    /// Nobody wants it any more: one that waits is over, one that is typed is interrupted and ends as it will. Nothing for one that is over.
    pub fn withdraw(&mut self, ticket: TicketId, now: Time) {
        let Some(entry) = self.tickets.get_mut(&ticket) else {
            return;
        };
        let again = std::mem::replace(&mut entry.withdrawn, true);
        match (entry.place, entry.order.kind) {
            (Place::Waiting, _) => {
                self.pool.cancel(ticket);
                self.finish(ticket, Ending::NotTyped(NotTyped::Withdrawn), now);
            }
            (Place::At { instance, .. }, OrderKind::Prompt) if !again => self.interrupt(instance),
            (Place::At { .. }, _) => {}
        }
        self.advance(now);
    }

    /// The holder of a loan is done with it after so many turns.
    pub fn give_back(&mut self, ticket: TicketId, turns: u32, now: Time) {
        let loan = |entry: &&Ticket| matches!(entry.order.kind, OrderKind::Loan { .. });
        if let Some(entry) = self.tickets.get(&ticket).filter(loan) {
            if let Place::At { instance, lease } = entry.place {
                self.vacate(instance, ticket, now);
                self.pool.give_back(lease, turns, now);
            } else {
                self.pool.cancel(ticket);
            }
            self.finish(ticket, Ending::Returned, now);
        }
        self.advance(now);
    }

    /// Ends the process and starts a fresh one; what it is doing ends `exited`.
    ///
    /// # Errors
    /// There is no such instance, or everything is being stopped.
    pub fn restart(&mut self, instance: InstanceId, reason: &str, now: Time) -> Result<(), Refusal> {
        self.group.restart(instance, reason, now)?;
        self.refit(instance, now);
        self.advance(now);
        Ok(())
    }

    /// It finishes what it has and gets nothing new, until `undrain`.
    ///
    /// # Errors
    /// There is no such instance.
    pub fn drain(&mut self, instance: InstanceId, now: Time) -> Result<(), Refusal> {
        self.set_draining(instance, true, now)
    }

    /// # Errors
    /// There is no such instance.
    pub fn undrain(&mut self, instance: InstanceId, now: Time) -> Result<(), Refusal> {
        self.set_draining(instance, false, now)
    }

    fn set_draining(&mut self, id: InstanceId, draining: bool, now: Time) -> Result<(), Refusal> {
        let instance = self.instances.get_mut(&id).ok_or(Refusal::Unknown(id))?;
        let before = std::mem::replace(&mut instance.draining, draining);
        if draining && !before {
            self.tell(now, EventKind::Draining { instance: id });
        }
        self.refit(id, now);
        self.advance(now);
        Ok(())
    }

    /// From now on so many instances that have turns, with the spares beside them. What is too much goes when it is free, the highest
    /// numbers first.
    pub fn scale(&mut self, count: u32, now: Time) {
        let from = std::mem::replace(&mut self.options.count, count);
        let processes = self.options.processes();
        self.pool.resize(processes, processes, now);
        if from != count {
            self.tell(now, EventKind::Scaled { from, to: count });
        }
        self.advance(now);
    }

    /// No more prompts; those that were accepted are served.
    pub fn close(&mut self, now: Time) {
        if !std::mem::replace(&mut self.closed, true) {
            self.pool.close();
            self.tell(now, EventKind::Closed);
        }
        self.advance(now);
    }

    /// Ends everything: what waits is over at once, what is typed ends with its instance. A second time, the grace is skipped.
    pub fn stop(&mut self, now: Time) {
        self.close(now);
        self.finish_waiting(|_| true, &NotTyped::ShutDown, now);
        self.group.stop_all(now);
        self.advance(now);
    }

    /// Somebody has decided what an instance was asking, or has seen that it can work again.
    pub fn bring_back(&mut self, instance: InstanceId, now: Time) {
        self.health.bring_back(instance, now);
        self.refit(instance, now);
        self.advance(now);
    }

    // What must be done now.

    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When `handle_deadline` must be called next, and what for.
    pub fn poll_deadline(&self) -> Option<(Time, DeadlineName)> {
        let supervise = self.group.poll_deadline();
        let pool = self.pool.poll_deadline();
        let health = self.health.poll_deadline();
        [
            supervise.map(|(at, name)| (at, DeadlineName::Supervise(name))),
            pool.map(|(at, name)| (at, DeadlineName::Pool(name))),
            health.map(|(at, name)| (at, DeadlineName::Health(name))),
            self.ask_again_at.map(|at| (at, DeadlineName::Key)),
            self.instances.values().filter_map(Instance::deadline).min(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub fn handle_deadline(&mut self, now: Time) {
        self.forgive_pause(now);
        self.group.handle_deadline(now);
        self.pool.handle_deadline(now);
        self.health.handle_deadline(now);
        self.replace_overdue(now);
        let ids: Vec<InstanceId> = self.instances.keys().copied().collect();
        for id in ids {
            self.refit(id, now);
        }
        self.advance(now);
    }

    /// What was due long ago was slept through (see `patience`). The other machines' waits see that for themselves; the pool's callers, loans
    /// and ages get the time back since anybody was seen awake.
    pub(super) fn forgive_pause(&mut self, now: Time) {
        let unseen = now.since(self.awake_at);
        if unseen >= limits::PAUSED_AFTER
            && let Some((due, _)) = self.poll_deadline()
            && now.since(due) >= limits::PAUSED_AFTER
        {
            self.pool.handle_pause(unseen);
        }
        self.awake_at = now;
    }

    fn tell(&mut self, at: Time, kind: EventKind) {
        self.actions.push_back(Action::Event(Event { at, kind }));
    }
}

fn request(order: &Order, now: Time) -> Request {
    Request {
        caller: order.caller,
        priority: order.priority,
        cost: 1,
        only: order.wish.only,
        deadline: order.wait.map(|wait| now + wait),
        lease_for: match order.kind {
            OrderKind::Prompt => None,
            OrderKind::Loan { lasting } => lasting,
        },
    }
}
