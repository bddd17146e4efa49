//! Several children: commands and reports find theirs here, levels are kept in order, and everything can be stopped.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::child::{Brake, Child, Gate, Shared};
use super::event::{Action, AllStopped, DeadlineName, Heard, Refusal, Report};
use super::explain::Explanation;
use super::spec::{ChildSpec, GroupSpec};
use super::state::Wanted;
use crate::engine::ids::{Epoch, InstanceId};
use crate::engine::limits;
use crate::engine::patience::Patience;
use crate::engine::random::Random;
use crate::engine::time::Time;

/// `stop_all` has been asked for and has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    /// Level by level.
    InOrder(Patience),
    /// All at once and without grace; each child's own deadline bounds it.
    Hurried,
}

/// What `scale` did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scaled {
    /// New ones, and ones on their way out that were called back.
    pub added: Vec<InstanceId>,
    /// Being removed, the newest first.
    pub removed: Vec<InstanceId>,
}

/// Children under one supervisor. See the module's words for the order of calls.
#[derive(Debug)]
pub struct Group {
    spec: GroupSpec,
    children: BTreeMap<InstanceId, Child>,
    shared: Shared,
    closing: Option<Closing>,
    /// Children of more than one level: they may have to wait for one another.
    leveled: bool,
}

impl Group {
    /// Two groups of one seed that hear the same do the same.
    pub fn new(spec: GroupSpec, seed: u64) -> Group {
        Group {
            spec,
            children: BTreeMap::new(),
            shared: Shared {
                random: Random::new(seed),
                last_epoch: Epoch::default(),
                brake: Brake::new(spec.intensity),
                actions: VecDeque::new(),
                survivors: 0,
            },
            closing: None,
            leveled: false,
        }
    }

    pub fn child(&self, id: InstanceId) -> Option<&Child> {
        self.children.get(&id)
    }

    /// In the order of their ids.
    pub fn children(&self) -> impl Iterator<Item = &Child> {
        self.children.values()
    }

    /// `stop_all` is under way.
    pub fn is_closing(&self) -> bool {
        self.closing.is_some()
    }

    /// Why this child is in the state it is in, and what would change it.
    pub fn explain(&self, id: InstanceId, now: Time) -> Option<Explanation> {
        let child = self.children.get(&id)?;
        Some(Explanation::new(child, self.gate(child.level()), now))
    }

    /// What must be done next; ask until it says nothing. The queue holds what one call brought about, so drain it after each.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.shared.actions.pop_front()
    }

    /// When `handle_deadline` must be called, and for what.
    pub fn poll_deadline(&self) -> Option<(Time, DeadlineName)> {
        let closing = match self.closing {
            Some(Closing::InOrder(patience)) => Some((patience.until(), DeadlineName::StopAll)),
            Some(Closing::Hurried) | None => None,
        };
        let children = self.children.values().filter_map(Child::deadline);
        children.chain(closing).min()
    }
}

/// Commands. Each says what is wanted; what follows is done as soon as it can be.
impl Group {
    /// A new child, down until it is started. Lower levels start first and stop last.
    pub fn add(
        &mut self,
        id: InstanceId,
        level: u32,
        spec: Arc<ChildSpec>,
        now: Time,
    ) -> Result<(), Refusal> {
        self.open()?;
        if self.children.contains_key(&id) {
            return Err(Refusal::Exists(id));
        }
        if self.children.len() >= limits::INSTANCES {
            return Err(Refusal::Full {
                most: limits::INSTANCES,
            });
        }
        self.children.insert(id, Child::new(id, level, spec, now));
        self.note_levels();
        Ok(())
    }

    /// Wanted from now on. One that failed or ended begins with a clean record; one that backs off waits no longer; one that is being
    /// stopped is started afterwards.
    pub fn start(&mut self, id: InstanceId, now: Time) -> Result<(), Refusal> {
        self.open()?;
        let (child, shared) = self.found(id)?;
        child.want_up(shared, now);
        self.settle(id, now);
        Ok(())
    }

    /// A fresh life, whatever the state: it is stopped if it runs, and started. Does not count against its intensity.
    pub fn restart(&mut self, id: InstanceId, reason: &str, now: Time) -> Result<(), Refusal> {
        self.open()?;
        let (child, shared) = self.found(id)?;
        child.want_fresh(reason.to_owned(), shared, now);
        self.settle(id, now);
        Ok(())
    }

    /// Not wanted from now on. Asked a second time, the grace is skipped; on one that is stuck, the stop is tried again.
    pub fn stop(&mut self, id: InstanceId, now: Time) -> Result<(), Refusal> {
        let (child, shared) = self.found(id)?;
        child.want_down(shared, now);
        self.settle(id, now);
        Ok(())
    }

    /// Stopped, and then forgotten (`EventKind::Removed`); the id may be given anew. One whose stop is given up stays until it has ended.
    pub fn remove(&mut self, id: InstanceId, now: Time) -> Result<(), Refusal> {
        let (child, shared) = self.found(id)?;
        child.want_gone(shared, now);
        self.settle(id, now);
        Ok(())
    }

    /// Every child that is not wanted yet, the lowest level first. One that failed or ended is wanted: it takes a `start` of its own.
    pub fn start_all(&mut self, now: Time) -> Result<(), Refusal> {
        self.open()?;
        for child in self.children.values_mut() {
            if child.wanted() == Wanted::Down {
                child.want_up(&mut self.shared, now);
            }
        }
        self.settle_all(now);
        Ok(())
    }

    /// Every child, the highest level first, until `Action::AllStopped`; meanwhile nothing is started. Asked a second time, or when
    /// `stop_within` is over, all that is left is stopped at once and without grace.
    pub fn stop_all(&mut self, now: Time) {
        if self.closing.is_some() {
            return self.hurry_all(now);
        }
        self.closing = Some(Closing::InOrder(Patience::new(self.spec.stop_within, now)));
        self.shared.survivors = 0;
        for child in self.children.values_mut() {
            if child.wanted() == Wanted::Up || child.is_stuck() {
                child.want_down(&mut self.shared, now);
            }
        }
        self.settle_all(now);
    }

    /// Brings the number of children that are not on their way out to `count`: the lowest free ids are added at level 0 and started, or
    /// the highest ids removed. Whoever would rather remove idle ones names them to `remove`.
    pub fn scale(&mut self, count: usize, spec: &Arc<ChildSpec>, now: Time) -> Result<Scaled, Refusal> {
        self.open()?;
        if count > limits::INSTANCES {
            return Err(Refusal::Full {
                most: limits::INSTANCES,
            });
        }
        let stays = |child: &&Child| child.wanted() != Wanted::Gone;
        let present = self.children.values().filter(stays).count();
        let mut scaled = Scaled::default();
        let surplus = self.children.values().rev().filter(stays).map(Child::id);
        scaled.removed = surplus.take(present.saturating_sub(count)).collect();
        for &id in &scaled.removed {
            self.remove(id, now)?;
        }
        for _ in present..count {
            scaled.added.push(self.one_more(spec, now)?);
        }
        Ok(scaled)
    }

    fn one_more(&mut self, spec: &Arc<ChildSpec>, now: Time) -> Result<InstanceId, Refusal> {
        let leaving = |child: &&Child| child.wanted() == Wanted::Gone && !child.is_stuck();
        let called_back = self.children.values().find(leaving).map(Child::id);
        let id = match called_back {
            Some(id) => id,
            None => {
                let free = (0..).map(InstanceId).find(|id| !self.children.contains_key(id));
                let id = free.ok_or(Refusal::Full {
                    most: limits::INSTANCES,
                })?;
                self.add(id, 0, Arc::clone(spec), now)?;
                id
            }
        };
        self.start(id, now)?;
        Ok(id)
    }

    fn open(&self) -> Result<(), Refusal> {
        match self.closing {
            Some(_) => Err(Refusal::Closing),
            None => Ok(()),
        }
    }

    fn found(&mut self, id: InstanceId) -> Result<(&mut Child, &mut Shared), Refusal> {
        let child = self.children.get_mut(&id).ok_or(Refusal::Unknown(id))?;
        Ok((child, &mut self.shared))
    }
}

/// Reports and time.
impl Group {
    /// What the driver says of one life of one child.
    pub fn handle_report(&mut self, id: InstanceId, epoch: Epoch, report: Report, now: Time) -> Heard {
        let Some(child) = self.children.get_mut(&id) else {
            return Heard::Stale;
        };
        let heard = child.handle_report(epoch, report, &mut self.shared, now);
        if heard == Heard::Taken {
            self.settle(id, now);
        }
        heard
    }

    /// Everything whose time has come. Called late, it is told from `now` alone that the machine slept.
    pub fn handle_deadline(&mut self, now: Time) {
        let due = |at: Time| at <= now;
        for child in self.children.values_mut() {
            if child.deadline().is_some_and(|(at, _)| due(at)) {
                child.handle_deadline(&mut self.shared, now);
            }
        }
        let out_of_time = match &mut self.closing {
            Some(Closing::InOrder(patience)) => patience.is_over(now),
            Some(Closing::Hurried) | None => false,
        };
        if out_of_time {
            self.hurry_all(now);
        } else if self.leveled || self.closing.is_some() {
            self.settle_all(now);
        }
    }

    fn hurry_all(&mut self, now: Time) {
        self.closing = Some(Closing::Hurried);
        for child in self.children.values_mut() {
            if child.is_stoppable() {
                child.hurry(&mut self.shared, now);
            }
        }
        self.settle_all(now);
    }
}

/// Levels.
impl Group {
    /// A child has changed: it takes its steps, and where others may have waited for it, they take theirs.
    fn settle(&mut self, id: InstanceId, now: Time) {
        if self.leveled || self.closing.is_some() {
            return self.settle_all(now);
        }
        let Some(child) = self.children.get_mut(&id) else {
            return;
        };
        let gate = Gate {
            start: true,
            stop: true,
        };
        while child.follow(gate, &mut self.shared, now) {}
        if child.is_gone() {
            self.forget(id, now);
        }
    }

    fn settle_all(&mut self, now: Time) {
        // Each step brings its child nearer to what is wanted, and there are at most two of them from any state.
        while self.step_all(now) {}
        let gone = self.children.values().filter(|child| child.is_gone());
        let gone: Vec<InstanceId> = gone.map(Child::id).collect();
        gone.into_iter().for_each(|id| self.forget(id, now));
        self.note_closed(now);
    }

    fn step_all(&mut self, now: Time) -> bool {
        let gates = Gates::of(self);
        let mut stepped = false;
        for child in self.children.values_mut() {
            stepped |= child.follow(gates.at(child.level()), &mut self.shared, now);
        }
        stepped
    }

    fn note_closed(&mut self, now: Time) {
        if self.closing.is_none() || self.children.values().any(Child::is_stoppable) {
            return;
        }
        self.closing = None;
        let stuck = self.children.values().filter(|child| child.is_stuck());
        let report = AllStopped {
            at: now,
            stuck: stuck.map(Child::id).collect(),
            survivors: self.shared.survivors,
        };
        self.shared.actions.push_back(Action::AllStopped(report));
    }

    fn forget(&mut self, id: InstanceId, now: Time) {
        if let Some(child) = self.children.remove(&id) {
            child.tell_removed(&mut self.shared, now);
        }
        self.note_levels();
    }

    fn note_levels(&mut self) {
        let mut levels = self.children.values().map(Child::level);
        let first = levels.next();
        self.leveled = levels.any(|level| Some(level) != first);
    }

    fn gate(&self, level: u32) -> Gate {
        Gates::of(self).at(level)
    }
}

/// How far starts and stops have got.
struct Gates {
    /// Nothing above this level may start.
    start_up_to: u32,
    /// Nothing below this level may stop.
    stop_down_to: u32,
}

impl Gates {
    fn of(group: &Group) -> Gates {
        let unsettled = group.children.values().filter(|child| child.is_unsettled());
        let in_order = matches!(group.closing, Some(Closing::InOrder(_)));
        let running = group.children.values().filter(|child| child.is_stoppable());
        Gates {
            start_up_to: unsettled.map(Child::level).min().unwrap_or(u32::MAX),
            stop_down_to: if in_order {
                running.map(Child::level).max().unwrap_or(0)
            } else {
                0
            },
        }
    }

    fn at(&self, level: u32) -> Gate {
        Gate {
            start: level <= self.start_up_to,
            stop: level >= self.stop_down_to,
        }
    }
}
