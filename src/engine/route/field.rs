//! What there is to choose from, and the choices that leave nothing to choose.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::engine::ids::InstanceId;
use crate::engine::time::Time;

use super::hash;
use super::load::Load;
use super::policy::Open;
use super::reason::{Absence, KeyWait, NoneReason};

/// An instance as the router sees it. All that are configured are told at each question: one that is missing counts as removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub id: InstanceId,
    pub availability: Availability,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    Ready,
    /// Ready for one turn, by which it is to prove itself.
    Probe,
    /// Serves, but is taken by something that the router does not know of.
    Taken,
    /// Not ready since then, however often it was started meanwhile.
    Starting {
        since: Time,
    },
    /// Waits for a person, or is out of service, since then.
    Blocked {
        since: Time,
    },
    /// Finishes what it has and gets nothing new.
    Draining,
    /// Nobody starts it again.
    Failed,
}

impl Availability {
    /// Answers turns now, this one or others.
    pub fn serves(self) -> bool {
        matches!(
            self,
            Availability::Ready | Availability::Probe | Availability::Taken
        )
    }

    fn absence(self) -> Absence {
        match self {
            Availability::Ready | Availability::Probe | Availability::Taken => Absence::Busy,
            Availability::Starting { .. } => Absence::Starting,
            Availability::Blocked { .. } => Absence::Blocked,
            Availability::Draining => Absence::Draining,
            Availability::Failed => Absence::Failed,
        }
    }
}

/// The candidates of one question, with what they have to do.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub candidates: &'a [Candidate],
    pub loads: &'a BTreeMap<InstanceId, Load>,
    pub depth: u32,
}

impl Field<'_> {
    fn load(&self, id: InstanceId) -> Load {
        self.loads.get(&id).copied().unwrap_or_default()
    }

    fn find(&self, id: InstanceId) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.id == id)
    }

    fn has_room(&self, candidate: &Candidate) -> bool {
        let turns = || self.load(candidate.id).turns();
        match candidate.availability {
            Availability::Ready => turns() < self.depth,
            Availability::Probe => turns() == 0,
            Availability::Taken
            | Availability::Starting { .. }
            | Availability::Blocked { .. }
            | Availability::Draining
            | Availability::Failed => false,
        }
    }

    pub(super) fn ready(&self) -> BTreeSet<InstanceId> {
        let ready = self
            .candidates
            .iter()
            .filter(|candidate| candidate.availability.serves());
        ready.map(|candidate| candidate.id).collect()
    }

    /// All with room.
    pub(super) fn open(&self) -> Vec<Open> {
        let open = self
            .candidates
            .iter()
            .filter(|candidate| self.has_room(candidate));
        open.map(|&Candidate { id, .. }| Open {
            id,
            load: self.load(id),
        })
        .collect()
    }

    /// The key has turns at an instance: its next goes there too, or waits.
    pub(super) fn follow(&self, at: InstanceId, only: Option<InstanceId>) -> Result<InstanceId, NoneReason> {
        let elsewhere = only.is_some_and(|only| only != at);
        let wait = match self.find(at).filter(|_| !elsewhere) {
            Some(candidate) if self.has_room(candidate) => return Ok(at),
            Some(candidate) if candidate.availability.serves() => KeyWait::Room(at),
            Some(_) | None => KeyWait::Turns(at),
        };
        Err(NoneReason::KeyWaits(wait))
    }

    pub(super) fn wanted(&self, instance: InstanceId) -> Result<InstanceId, NoneReason> {
        let why = match self.find(instance) {
            Some(candidate) if self.has_room(candidate) => return Ok(instance),
            Some(candidate) => candidate.availability.absence(),
            None => Absence::Removed,
        };
        Err(NoneReason::Wanted { instance, why })
    }

    /// The first of the key's preference that is there or worth waiting for.
    pub(super) fn home(&self, key: &str, key_wait: Duration, now: Time) -> Result<InstanceId, NoneReason> {
        let worth = self
            .candidates
            .iter()
            .filter(|candidate| match candidate.availability {
                Availability::Ready | Availability::Probe | Availability::Taken => true,
                Availability::Starting { since } | Availability::Blocked { since } => now < since + key_wait,
                Availability::Draining | Availability::Failed => false,
            });
        let home = hash::home(key, worth.map(|candidate| candidate.id));
        let home = home.and_then(|home| self.find(home)).ok_or_else(|| self.none())?;
        let wait = match home.availability {
            _ if self.has_room(home) => return Ok(home.id),
            Availability::Starting { since } | Availability::Blocked { since } => KeyWait::Return {
                home: home.id,
                until: since + key_wait,
            },
            _ => KeyWait::Room(home.id),
        };
        Err(NoneReason::KeyWaits(wait))
    }

    /// Why nothing is open.
    pub(super) fn none(&self) -> NoneReason {
        let count = |of: fn(Availability) -> bool| {
            let counted = self
                .candidates
                .iter()
                .filter(|candidate| of(candidate.availability));
            counted.count() as u32
        };
        let ready = count(Availability::serves);
        let draining = count(|availability| availability == Availability::Draining);
        if self.candidates.is_empty() {
            NoneReason::Empty
        } else if ready > 0 {
            NoneReason::AllBusy { ready }
        } else if draining as usize == self.candidates.len() {
            NoneReason::AllDraining
        } else {
            NoneReason::NoneReady {
                starting: count(|availability| matches!(availability, Availability::Starting { .. })),
                blocked: count(|availability| matches!(availability, Availability::Blocked { .. })),
                failed: count(|availability| availability == Availability::Failed),
                draining,
            }
        }
    }
}
