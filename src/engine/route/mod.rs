//! Which instance takes a prompt, or why none does.
//!
//! The router is told of every prompt (a ticket) when it is accepted, chooses an instance when it is asked to, and hears what became of it.
//! It knows the load of each instance from that; what else it must know of them, whether they serve, comes with each question.
//!
//! ```text
//!                    choose                typed
//!   accept → waiting ───────→ queued ─────────────→ in flight
//!              ↑  ↑             │ recall, lost          │ release (for a retry), lost
//!              │  └─────────────┘                       │
//!              └────────────────────────────────────────┘
//!   finish: from everywhere, once; every ticket ends with it
//! ```
//!
//! **Only what serves is chosen**: ready, with room (`RouterOptions::depth` turns at a time). What is draining gets nothing new.
//!
//! **A key's turns stay in order**, whatever the routing: they are lined up by ticket number. A ticket is placed only when all before it in
//! its line are, and at the same instance as those; so what the router promises holds if each instance answers its turns one after another.
//! A ticket that comes back to be tried again stands at its old place.
//!
//! **Sticky**: a key is at home at the first instance of its preference (`hash`), counted over all that are configured, ready or not. When
//! the home is away its keys wait for it, `RouterOptions::key_wait` at most, because the conversation is there; then they go to the next of
//! the preference, and back when the home is back and the key has no turn elsewhere. A home that has failed, is draining or is removed is
//! not waited for. No other key moves.
//!
//! What the router does not do: it keeps no queue (`engine::pool` does), starts nothing and knows no reason why an instance is out.

pub mod budget;
mod field;
pub mod hash;
mod line;
pub mod load;
mod pace;
mod policy;
mod reason;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use super::ids::{InstanceId, TicketId};
use super::limits;
use super::random::Random;
use super::time::Time;

pub use budget::{BudgetOptions, RetryBudget};
use field::Field;
pub use field::{Availability, Candidate};
use line::Line;
pub use load::{Ended, Latency, Load};
use pace::{Absences, Pace};
use policy::Rotation;
pub use policy::{Routing, UnknownRouting};
pub use reason::{Absence, KeyWait, NoneReason};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouterOptions {
    pub routing: Routing,
    /// Turns that an instance may have at a time, the one in flight included. 1: a turn is given only to an instance that is free.
    /// More: turns wait at the instance, and the instance of a prompt is known earlier. `u32::MAX`: every prompt is placed at once.
    /// 0 counts as 1.
    pub depth: u32,
    /// How long a key waits for a home that is away.
    pub key_wait: Duration,
    /// Turns that an instance which was away may catch up with (round-robin).
    pub catch_up: u32,
    /// Turns that one instance may be ahead of another which is busy, or soon back (round-robin): free ones wait for it, so that all have the
    /// same number of turns in the end although some are quicker and some crash. One that takes far longer than usual is not waited for.
    pub lead: Option<u32>,
    pub seed: u64,
}

impl Default for RouterOptions {
    fn default() -> RouterOptions {
        RouterOptions {
            routing: Routing::default(),
            depth: 1,
            key_wait: limits::ROUTE_KEY_WAIT,
            catch_up: limits::ROUTE_CATCH_UP_TURNS,
            lead: None,
            seed: 0,
        }
    }
}

/// What a prompt asks of its instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Prompts of one key are one conversation.
    pub key: Option<String>,
    /// This instance and no other.
    pub only: Option<InstanceId>,
}

/// Where a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Waiting,
    Queued { at: InstanceId },
    InFlight { at: InstanceId, since: Time },
}

impl Place {
    pub fn instance(&self) -> Option<InstanceId> {
        match *self {
            Place::Waiting => None,
            Place::Queued { at } | Place::InFlight { at, .. } => Some(at),
        }
    }
}

/// What an instance had when it was lost. All of it waits again; what is not to be tried again must be finished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Typed: may have had effects.
    pub in_flight: Vec<TicketId>,
    /// Never typed.
    pub queued: Vec<TicketId>,
}

#[derive(Clone, Debug)]
struct Ticket {
    wish: Wish,
    place: Place,
    /// Where it was lost: tried again elsewhere if it can be.
    avoid: Option<InstanceId>,
}

/// See the module's words.
#[derive(Clone, Debug)]
pub struct Router {
    options: RouterOptions,
    tickets: BTreeMap<TicketId, Ticket>,
    /// The open tickets of each key; a line goes with its last ticket.
    lines: BTreeMap<String, Line>,
    loads: BTreeMap<InstanceId, Load>,
    rotation: Rotation,
    absences: Absences,
    random: Random,
}

impl Router {
    pub fn new(options: RouterOptions) -> Router {
        Router {
            options,
            tickets: BTreeMap::new(),
            lines: BTreeMap::new(),
            loads: BTreeMap::new(),
            rotation: Rotation::new(options.catch_up, options.lead),
            absences: Absences::default(),
            random: Random::new(options.seed),
        }
    }

    // Getters.

    /// What an instance has to do; nothing for one that never had anything.
    pub fn load(&self, instance: InstanceId) -> Load {
        self.loads.get(&instance).copied().unwrap_or_default()
    }

    pub fn place(&self, ticket: TicketId) -> Option<Place> {
        self.tickets.get(&ticket).map(|ticket| ticket.place)
    }

    // Commands.

    /// A prompt was accepted. Ticket numbers grow in the order of acceptance: it is the order of a key's turns.
    /// A ticket that is known already stays as it is.
    pub fn accept(&mut self, ticket: TicketId, wish: Wish) {
        if self.tickets.contains_key(&ticket) {
            return;
        }
        if let Some(key) = &wish.key {
            self.lines.entry(key.clone()).or_default().wait(ticket);
        }
        let place = Place::Waiting;
        let avoid = None;
        self.tickets.insert(ticket, Ticket { wish, place, avoid });
    }

    /// Gives the ticket an instance, or says why none takes it now. A ticket that has one keeps it.
    ///
    /// # Errors
    /// See [`NoneReason`]; nothing has changed then.
    pub fn choose(
        &mut self,
        ticket: TicketId,
        candidates: &[Candidate],
        now: Time,
    ) -> Result<InstanceId, NoneReason> {
        let known = self.tickets.get(&ticket);
        let place = known.ok_or(NoneReason::UnknownTicket(ticket))?.place;
        if let Some(at) = place.instance() {
            return Ok(at);
        }
        let chosen = self.find(ticket, candidates, now)?;
        self.settle(ticket, Place::Queued { at: chosen });
        self.rotation.count(chosen);
        Ok(chosen)
    }

    // What became of it.

    /// The instance is being told the prompt: its time runs.
    pub fn typed(&mut self, ticket: TicketId, now: Time) {
        if let Some(Place::Queued { at }) = self.place(ticket) {
            self.settle(ticket, Place::InFlight { at, since: now });
        }
    }

    /// The ticket waits again, to be tried elsewhere if another instance is open.
    pub fn release(&mut self, ticket: TicketId, ended: Ended, now: Time) {
        self.learn(ticket, ended, now);
        let left = self.place(ticket).and_then(|place| place.instance());
        self.settle(ticket, Place::Waiting);
        if let Some(ticket) = self.tickets.get_mut(&ticket) {
            ticket.avoid = left.or(ticket.avoid);
        }
    }

    /// The ticket has its response, whatever it is.
    pub fn finish(&mut self, ticket: TicketId, ended: Ended, now: Time) {
        self.learn(ticket, ended, now);
        self.settle(ticket, Place::Waiting);
        let wish = self.tickets.remove(&ticket).map(|ticket| ticket.wish);
        let Some(key) = wish.and_then(|wish| wish.key) else {
            return;
        };
        if let Some(line) = self.lines.get_mut(&key) {
            line.leave(ticket);
            if line.is_empty() {
                self.lines.remove(&key);
            }
        }
    }

    /// The instance's process is gone. Its tickets wait again.
    pub fn lost(&mut self, instance: InstanceId, now: Time) -> Lost {
        let mut lost = Lost::default();
        for (ticket, place) in self.at(instance) {
            match place {
                Place::InFlight { .. } => lost.in_flight.push(ticket),
                Place::Queued { .. } | Place::Waiting => lost.queued.push(ticket),
            }
            self.release(ticket, Ended::Failed, now);
        }
        lost
    }

    /// An instance that was started, or started again, serves after so long.
    pub fn returned(&mut self, after: Duration) {
        self.absences.learn(after);
    }

    /// What was queued at the instance and not typed waits again: it is to be drained or is slow.
    pub fn recall(&mut self, instance: InstanceId) -> Vec<TicketId> {
        let queued = self.at(instance).into_iter();
        let queued: Vec<TicketId> = queued
            .filter(|(_, place)| matches!(place, Place::Queued { .. }))
            .map(|(ticket, _)| ticket)
            .collect();
        for &ticket in &queued {
            self.settle(ticket, Place::Waiting);
        }
        queued
    }

    /// As `lost`, and nothing is remembered of the instance: it is removed.
    pub fn forget(&mut self, instance: InstanceId, now: Time) -> Lost {
        let lost = self.lost(instance, now);
        self.loads.remove(&instance);
        self.rotation.forget(instance);
        lost
    }

    fn at(&self, instance: InstanceId) -> Vec<(TicketId, Place)> {
        let tickets = self.tickets.iter().map(|(&id, ticket)| (id, ticket.place));
        tickets
            .filter(|(_, place)| place.instance() == Some(instance))
            .collect()
    }

    /// Moves a ticket, and its weight with it.
    fn settle(&mut self, id: TicketId, place: Place) {
        let Some(ticket) = self.tickets.get_mut(&id) else {
            return;
        };
        let before = std::mem::replace(&mut ticket.place, place);
        let line = ticket.wish.key.as_ref().and_then(|key| self.lines.get_mut(key));
        if let Some(line) = line {
            line.place(id, place.instance());
        }
        if let Some(turns) = turns_at(&mut self.loads, before) {
            *turns -= 1;
        }
        if let Some(turns) = turns_at(&mut self.loads, place) {
            *turns += 1;
        }
        if let Place::InFlight { at, since } = place {
            self.loads.entry(at).or_default().last_typed = Some(since);
        }
    }

    /// A turn that was typed is about to leave its instance.
    fn learn(&mut self, ticket: TicketId, ended: Ended, now: Time) {
        if let Some(Place::InFlight { at, since }) = self.place(ticket) {
            self.loads
                .entry(at)
                .or_default()
                .learn(ended, now.since(since), now);
        }
    }
}

/// The number in which a place is counted.
fn turns_at(loads: &mut BTreeMap<InstanceId, Load>, place: Place) -> Option<&mut u32> {
    let load = loads.entry(place.instance()?).or_default();
    match place {
        Place::Waiting => None,
        Place::Queued { .. } => Some(&mut load.queued),
        Place::InFlight { .. } => Some(&mut load.in_flight),
    }
}

// The choice.

impl Router {
    fn find(
        &mut self,
        ticket: TicketId,
        candidates: &[Candidate],
        now: Time,
    ) -> Result<InstanceId, NoneReason> {
        let Ticket { wish, avoid, .. } = &self.tickets[&ticket];
        let RouterOptions {
            routing,
            depth,
            key_wait,
            lead,
            ..
        } = self.options;
        let loads = &self.loads;
        let field = Field {
            candidates,
            loads,
            depth: depth.max(1),
        };
        let line = wish.key.as_ref().and_then(|key| self.lines.get(key));
        if let Some(at) = line.map_or(Ok(None), |line| line.held_before(ticket))? {
            return field.follow(at, wish.only);
        }
        match (wish.only, &wish.key) {
            (Some(only), _) => field.wanted(only),
            (None, Some(key)) if routing == Routing::Sticky => field.home(key, key_wait, now),
            (None, _) => {
                let mut open = field.open();
                if let (Routing::RoundRobin, Some(lead)) = (routing, lead) {
                    let absences = self.absences;
                    let pace = Pace {
                        lead,
                        now,
                        loads,
                        absences,
                    };
                    pace.hold(&mut open, candidates, &self.rotation)?;
                }
                if open.len() > 1 {
                    open.retain(|open| Some(open.id) != *avoid);
                }
                self.rotation.observe(field.ready());
                let picked = policy::pick(routing, &open, &self.rotation, &mut self.random, now);
                picked.ok_or_else(|| field.none())
            }
        }
    }
}
