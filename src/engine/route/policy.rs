//! Which of several open instances takes a turn that no key and no caller ties to one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::engine::ids::InstanceId;
use crate::engine::random::Random;
use crate::engine::time::Time;

use super::load::Load;

/// How turns are spread over the instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Routing {
    /// The one that was served least since it is there; in rotation among equals.
    #[default]
    RoundRobin,
    /// The one with the fewest turns in flight, then the fewest queued, then the quickest answers lately; in rotation among equals.
    LeastBusy,
    /// A key's home, whatever it has to do (`route::hash`); without a key as `LeastBusy`.
    Sticky,
    /// The less busy of two drawn at random: nearly as good as the least busy of all, and many routers that know little of one another do
    /// not all run to the same instance.
    RandomTwo,
}

impl Routing {
    pub const ALL: [Routing; 4] = [
        Routing::RoundRobin,
        Routing::LeastBusy,
        Routing::Sticky,
        Routing::RandomTwo,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Routing::RoundRobin => "round_robin",
            Routing::LeastBusy => "least_busy",
            Routing::Sticky => "sticky",
            Routing::RandomTwo => "random_two",
        }
    }
}

impl fmt::Display for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no routing is called {0:?}; there are round_robin, least_busy, sticky, random_two")]
pub struct UnknownRouting(String);

impl FromStr for Routing {
    type Err = UnknownRouting;

    fn from_str(name: &str) -> Result<Routing, UnknownRouting> {
        Routing::ALL
            .into_iter()
            .find(|routing| routing.as_str() == name)
            .ok_or_else(|| UnknownRouting(name.to_owned()))
    }
}

/// An instance that may take a turn now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub id: InstanceId,
    pub load: Load,
}

impl Open {
    /// Less is less busy.
    fn busyness(&self, now: Time) -> impl Ord + use<> {
        (
            self.load.in_flight,
            self.load.queued,
            self.load.latency.expected(now),
        )
    }
}

/// One of `open`; `None` when it is empty.
pub(super) fn pick(
    routing: Routing,
    open: &[Open],
    rotation: &Rotation,
    random: &mut Random,
    now: Time,
) -> Option<InstanceId> {
    let chosen = match routing {
        Routing::RoundRobin => return rotation.least_served(open.iter().map(|open| open.id)),
        Routing::LeastBusy | Routing::Sticky => open
            .iter()
            .min_by_key(|open| (open.busyness(now), rotation.distance(open.id))),
        Routing::RandomTwo => two_of(open, random)
            .into_iter()
            .flatten()
            .min_by_key(|open| open.busyness(now)),
    };
    chosen.map(|open| open.id)
}

/// Two different ones, as far as there are.
fn two_of<'a>(open: &'a [Open], random: &mut Random) -> [Option<&'a Open>; 2] {
    let count = open.len() as u64;
    let first = random.below(count);
    // Drawn from the others: those behind the first are one further on.
    let second = random.below(count.saturating_sub(1));
    let second = second + u64::from(second >= first);
    [first, second].map(|at| open.get(at as usize))
}

/// Who was served how often, and who last.
///
/// An instance that comes back is behind by what it missed. It may catch up, but only `catch_up` turns and never two in a row while another
/// is open: it is brought level soon, and no heap of turns piles up on one that has just started. A new one starts level.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    served: BTreeMap<InstanceId, u64>,
    /// Ready when somebody last looked.
    present: BTreeSet<InstanceId>,
    last: Option<InstanceId>,
    catch_up: u64,
    /// What somebody is further behind the foremost than so many turns is forgiven.
    forgiven_from: Option<u64>,
}

impl Rotation {
    pub(super) fn new(catch_up: u32, lead: Option<u32>) -> Rotation {
        Rotation {
            served: BTreeMap::new(),
            present: BTreeSet::new(),
            last: None,
            catch_up: u64::from(catch_up),
            // Held at the lead, a restart's few turns can be caught up with; more would hold up the others for too long.
            forgiven_from: lead.map(|lead| 2 * u64::from(lead)),
        }
    }

    /// These are ready now, and no others.
    pub(super) fn observe(&mut self, ready: BTreeSet<InstanceId>) {
        if self.present == ready {
            return;
        }
        let stayed = ready.intersection(&self.present);
        let level = self.lowest(stayed).or_else(|| self.lowest(&ready)).unwrap_or(0);
        for &id in ready.difference(&self.present) {
            let own = self.served.entry(id).or_insert(level);
            *own = (*own).max(level.saturating_sub(self.catch_up));
        }
        self.present = ready;
    }

    fn lowest<'a>(&self, of: impl IntoIterator<Item = &'a InstanceId>) -> Option<u64> {
        of.into_iter().filter_map(|id| self.served.get(id)).copied().min()
    }

    pub(super) fn count(&mut self, id: InstanceId) {
        let served = self.served.entry(id).or_default();
        *served += 1;
        if let Some(most) = self.forgiven_from {
            let floor = served.saturating_sub(most);
            for served in self.served.values_mut() {
                *served = (*served).max(floor);
            }
        }
        self.last = Some(id);
    }

    pub(super) fn served(&self, id: InstanceId) -> u64 {
        self.known(id).unwrap_or(0)
    }

    /// The same of one that has been there.
    pub(super) fn known(&self, id: InstanceId) -> Option<u64> {
        self.served.get(&id).copied()
    }

    pub(super) fn forget(&mut self, id: InstanceId) {
        self.served.remove(&id);
        self.present.remove(&id);
    }

    fn least_served(&self, open: impl Iterator<Item = InstanceId> + Clone) -> Option<InstanceId> {
        let served = |id: &InstanceId| (self.served(*id), self.distance(*id));
        let others = open.clone().filter(|&id| Some(id) != self.last);
        others.min_by_key(served).or_else(|| open.min_by_key(served))
    }

    /// How long until it is this one's turn, going round from the last.
    fn distance(&self, id: InstanceId) -> u32 {
        let next = self.last.map_or(0, |last| last.0.wrapping_add(1));
        id.0.wrapping_sub(next)
    }
}
