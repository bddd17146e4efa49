//! A fleet for a virtual week: tools that crash, hang and lie, an owner who changes his mind, a machine that sleeps; and what must hold
//! after every step, whatever happens. A failure names its seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::engine::ids::{Epoch, InstanceId};
use crate::engine::limits;
use crate::engine::random::Random;
use crate::engine::time::Time;

const FLEET: u32 = 200;
const LEVELS: u32 = 3;
const WEEK: Duration = Duration::from_secs(7 * 86_400);
/// A stop of everything, with what hangs in it; a stop of one is shorter.
const STOPPED_WITHIN: Duration = Duration::from_secs(36);

const GROUP_LIMIT: Intensity = Intensity {
    most: 40,
    within: Duration::from_secs(60),
};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Sees every action, and knows nothing of the machine's inside but what it shows.
#[derive(Default)]
struct Observer {
    seed: u64,
    live: BTreeMap<InstanceId, Epoch>,
    last_epoch: Epoch,
    /// Failed or ended: not started without a command.
    resting: BTreeSet<InstanceId>,
    removed: BTreeSet<InstanceId>,
    /// Automatic restarts since the child's record was last cleared, and how many it says it has had.
    restarts: BTreeMap<InstanceId, (VecDeque<Time>, u64)>,
    group_restarts: VecDeque<Time>,
    unwanted_since: BTreeMap<InstanceId, Time>,
    seen: Seen,
}

/// What happened, so that a run in which it did not is known for what it is worth.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    steps: u64,
    starts: u64,
    restarts: u64,
    failed: u64,
    stuck: u64,
    graces_skipped: u64,
    removed: u64,
    all_stopped: u64,
    stale: u64,
    pauses: u64,
}

impl Observer {
    /// Somebody asked for a start.
    fn asked_for(&mut self, id: InstanceId, group: &Group) {
        if !group.is_closing() && self.resting.remove(&id) {
            self.clear_record(id);
        }
    }

    fn clear_record(&mut self, id: InstanceId) {
        if let Some((times, _)) = self.restarts.get_mut(&id) {
            times.clear();
        }
    }

    fn handle_action(&mut self, action: &Action, group: &Group, now: Time) {
        let seed = self.seed;
        match action {
            Action::Start { child, epoch } => {
                self.alive(*child);
                let before = self.live.insert(*child, *epoch);
                assert_eq!(before, None, "seed {seed}: {child} has two lives");
                assert!(*epoch > self.last_epoch, "seed {seed}: epoch {epoch} again");
                assert!(!self.resting.contains(child), "seed {seed}: {child} failed");
                self.last_epoch = *epoch;
                self.seen.starts += 1;
                self.note_restart(*child, group, now);
            }
            Action::Stop { child, epoch, .. } => {
                self.alive(*child);
                let live = self.live.get(child);
                assert_eq!(
                    live,
                    Some(epoch),
                    "seed {seed}: {child} is stopped and does not live"
                );
            }
            Action::Event(event) => self.handle_event(event),
            Action::AllStopped(report) => {
                let left: Vec<InstanceId> = self.live.keys().copied().collect();
                assert_eq!(report.stuck, left, "seed {seed}: what lives is what is stuck");
                self.seen.all_stopped += 1;
            }
        }
    }

    fn handle_event(&mut self, event: &Event) {
        match event.kind {
            EventKind::Failed(_) => {
                self.resting.insert(event.child);
                self.seen.failed += 1;
            }
            EventKind::Ended { .. } => {
                self.resting.insert(event.child);
            }
            EventKind::Removed => {
                self.alive(event.child);
                self.removed.insert(event.child);
                self.restarts.remove(&event.child);
                self.resting.remove(&event.child);
                self.seen.removed += 1;
            }
            EventKind::Stopped => {
                if self.resting.remove(&event.child) {
                    self.clear_record(event.child);
                }
            }
            EventKind::Stuck => self.seen.stuck += 1,
            EventKind::GraceSkipped => self.seen.graces_skipped += 1,
            _ => self.alive(event.child),
        }
    }

    fn alive(&self, id: InstanceId) {
        assert!(
            !self.removed.contains(&id),
            "seed {}: {id} was removed",
            self.seed
        );
    }

    fn note_restart(&mut self, id: InstanceId, group: &Group, now: Time) {
        let child = group.child(id).expect("it was just started");
        let (times, before) = self.restarts.entry(id).or_default();
        if child.restarts() == *before {
            return;
        }
        *before = child.restarts();
        self.seen.restarts += 1;
        check_window(times, child.spec().intensity, now, self.seed);
        check_window(&mut self.group_restarts, GROUP_LIMIT, now, self.seed);
    }

    /// What must hold after every step; `due` is the next deadline.
    fn check(&mut self, group: &Group, due: Option<(Time, DeadlineName)>, now: Time) {
        let seed = self.seed;
        self.seen.steps += 1;
        assert!(
            due.is_none_or(|(at, _)| at > now),
            "seed {seed}: {due:?} is over at {now:?}"
        );
        let open = group
            .children()
            .filter_map(|child| Some((child.id(), child.phase().life()?.epoch)));
        let live = self.live.iter().map(|(&id, &epoch)| (id, epoch));
        assert!(open.eq(live), "seed {seed}: {:?} live", self.live);
        for child in group.children() {
            self.check_follows(child, group, now);
        }
    }

    /// What is wanted comes about in time: each state either is it, is bounded by a deadline, or says why not.
    fn check_follows(&mut self, child: &Child, group: &Group, now: Time) {
        let seed = self.seed;
        let lower = |other: &Child| other.level() < child.level() && other.wanted() == Wanted::Up;
        match (child.wanted(), child.phase()) {
            (Wanted::Up, Phase::Down { .. }) => {
                let waits = group
                    .children()
                    .any(|other| lower(other) && other.deadline().is_some());
                assert!(waits, "seed {seed}: {child:?} waits for nothing");
            }
            (Wanted::Up, _) | (Wanted::Down, Phase::Down { .. }) | (_, Phase::Stuck { .. }) => {
                if !self.unwanted_since.is_empty() {
                    self.unwanted_since.remove(&child.id());
                }
            }
            (Wanted::Down | Wanted::Gone, phase) => {
                assert!(phase.life().is_some(), "seed {seed}: {child:?} is not at rest");
                let since = *self.unwanted_since.entry(child.id()).or_insert(now);
                let waited = now.since(since);
                assert!(
                    waited <= STOPPED_WITHIN,
                    "seed {seed}: {child:?} after {waited:?}"
                );
            }
        }
    }
}

fn check_window(times: &mut VecDeque<Time>, limit: Intensity, now: Time, seed: u64) {
    times.push_back(now);
    while times.front().is_some_and(|&at| now.since(at) >= limit.within) {
        times.pop_front();
    }
    let many = times.len();
    assert!(
        many <= limit.most as usize,
        "seed {seed}: {many} restarts in {limit:?}"
    );
}

/// What is going to happen.
#[derive(Clone, Debug, PartialEq)]
enum Coming {
    Report(InstanceId, Epoch, Report),
    Owner,
}

struct Fleet {
    group: Group,
    size: u32,
    observer: Observer,
    random: Random,
    spec: Arc<ChildSpec>,
    now: Time,
    /// The machine's next deadline.
    deadline: Option<(Time, DeadlineName)>,
    coming: BTreeMap<u64, Coming>,
    due: BinaryHeap<Reverse<(Time, u64)>>,
    count: u64,
    /// Lives that do not answer a stop until this life's SIGKILL, or not for hours.
    deaf: BTreeMap<(InstanceId, Epoch), Deaf>,
    /// Instances that crash at every start for now.
    sick: BTreeSet<InstanceId>,
    trace: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deaf {
    ToGrace,
    ToAll,
}

impl Fleet {
    fn new(seed: u64, size: u32) -> Fleet {
        let spec = ChildSpec {
            restart: Restart::Permanent,
            ready_within: secs(30),
            permanent_exits: BTreeSet::from([78]),
            ..ChildSpec::default()
        };
        let mut fleet = Fleet {
            group: Group::new(
                GroupSpec {
                    intensity: Some(GROUP_LIMIT),
                    ..GroupSpec::default()
                },
                seed,
            ),
            size,
            observer: Observer {
                seed,
                ..Observer::default()
            },
            random: Random::new(seed).fork(),
            spec: Arc::new(spec),
            now: Time::ZERO,
            deadline: None,
            coming: BTreeMap::new(),
            due: BinaryHeap::new(),
            count: 0,
            deaf: BTreeMap::new(),
            sick: BTreeSet::new(),
            trace: 0,
        };
        for id in (0..size).map(InstanceId) {
            fleet.add(id);
        }
        assert_eq!(fleet.group.start_all(Time::ZERO), Ok(()));
        fleet
    }

    fn of_200(seed: u64) -> Fleet {
        let mut fleet = Fleet::new(seed, FLEET);
        fleet.perform();
        fleet.check();
        fleet.later(secs(600), Coming::Owner);
        fleet
    }

    fn add(&mut self, id: InstanceId) {
        let restart = [Restart::Permanent, Restart::Permanent, Restart::Transient];
        let mut spec = (*self.spec).clone();
        spec.restart = restart[id.0 as usize % 3];
        let added = self.group.add(id, id.0 % LEVELS, Arc::new(spec), self.now);
        if added.is_ok() {
            self.observer.removed.remove(&id);
        }
    }

    fn later(&mut self, after: Duration, coming: Coming) {
        self.count += 1;
        self.due.push(Reverse((self.now + after, self.count)));
        self.coming.insert(self.count, coming);
    }

    fn run(&mut self, until: Duration) {
        while self.now.0 < until {
            self.step();
        }
    }

    fn check(&mut self) {
        self.deadline = self.group.poll_deadline();
        self.observer.check(&self.group, self.deadline, self.now);
    }

    fn step(&mut self) {
        let happens = self.due.peek().map(|Reverse((at, _))| *at);
        let deadline = self.deadline.map(|(at, _)| at);
        let next = happens
            .into_iter()
            .chain(deadline)
            .min()
            .expect("the owner comes again");
        self.now = self.now.max(next);
        if self.random.chance(0.0005) {
            self.pause();
        }
        if deadline.is_some_and(|at| at <= self.now) {
            self.group.handle_deadline(self.now);
            self.perform();
        } else if let Some(Reverse((_, number))) = self.due.pop() {
            let coming = self.coming.remove(&number).expect("kept until it comes");
            self.happen(coming);
        }
        if self.random.chance(0.02) {
            self.lie();
        }
        self.check();
    }

    /// The whole machine sleeps: nothing happens, and everything is late.
    fn pause(&mut self) {
        self.now = self.now + secs(self.random.below(7_200));
        self.observer.seen.pauses += 1;
        let now = self.now;
        self.observer
            .unwanted_since
            .values_mut()
            .for_each(|since| *since = now);
    }

    fn happen(&mut self, coming: Coming) {
        match coming {
            Coming::Report(id, epoch, report) => self.report(id, epoch, report),
            Coming::Owner => {
                self.owner();
                let after = secs(1 + self.random.below(600));
                self.later(after, Coming::Owner);
            }
        }
        self.perform();
    }

    fn report(&mut self, id: InstanceId, epoch: Epoch, report: Report) {
        let open = self.observer.live.get(&id) == Some(&epoch);
        let over = matches!(report, Report::Exited { .. } | Report::StartFailed { .. });
        let ready = report == Report::Ready;
        if over && open {
            self.observer.live.remove(&id);
        }
        let heard = self.group.handle_report(id, epoch, report, self.now);
        assert!(
            heard == Heard::Stale || open,
            "seed {}: {id} {epoch}",
            self.observer.seed
        );
        assert!(heard == Heard::Taken || !(over && open), "an end is always heard");
        if ready && heard == Heard::Taken {
            self.plan_end(id, epoch);
        }
    }

    /// A report of a life that is over or never was changes nothing.
    fn lie(&mut self) {
        let id = InstanceId(self.random.below(u64::from(self.size) + 20) as u32);
        let epoch = Epoch(self.random.below(self.observer.last_epoch.0 + 3));
        if self.observer.live.get(&id) == Some(&epoch) {
            return;
        }
        let before = format!("{:?}", self.group.child(id));
        let report = self.any_report();
        let heard = self.group.handle_report(id, epoch, report, self.now);
        assert_eq!(heard, Heard::Stale);
        assert_eq!(self.group.poll_action(), None);
        assert_eq!(format!("{:?}", self.group.child(id)), before);
        self.observer.seen.stale += 1;
    }

    fn any_report(&mut self) -> Report {
        match self.random.below(6) {
            0 => Report::Started,
            1 => Report::Ready,
            2 => Report::Unblocked,
            3 => Report::Hung {
                reason: "silent".to_owned(),
            },
            4 => Report::StartFailed {
                reason: "no".to_owned(),
                permanent: true,
            },
            _ => self.any_end(),
        }
    }

    fn any_end(&mut self) -> Report {
        let cause = match self.random.below(20) {
            0..8 => ExitCause::Exited(0),
            8..14 => ExitCause::Signaled(9),
            14..17 => ExitCause::Exited(1),
            17 => ExitCause::Exited(78),
            18 => ExitCause::Lost,
            _ => ExitCause::OutOfMemory,
        };
        Report::Exited {
            cause,
            expected: self.random.chance(0.1),
            survivors: u32::from(self.random.chance(0.005)),
        }
    }

    /// The owner changes his mind.
    fn owner(&mut self) {
        let id = InstanceId(self.random.below(u64::from(self.size)) as u32);
        let now = self.now;
        match self.random.below(100) {
            0..25 => {
                self.observer.asked_for(id, &self.group);
                let _ = self.group.start(id, now);
            }
            25..40 => {
                let _ = self.group.stop(id, now);
            }
            40..60 => {
                self.observer.asked_for(id, &self.group);
                let _ = self.group.restart(id, "worn out", now);
            }
            60..70 => {
                let _ = self.group.remove(id, now);
            }
            70..80 => self.add(id),
            80..85 => self.scale(),
            85..86 => self.group.stop_all(now),
            86..94 => self.start_all(),
            94..97 => {
                self.sick.insert(id);
            }
            _ => self.sick.clear(),
        }
    }

    fn start_all(&mut self) {
        let down = self
            .group
            .children()
            .filter(|child| child.wanted() == Wanted::Down);
        let down: Vec<InstanceId> = down.map(Child::id).collect();
        down.into_iter()
            .for_each(|id| self.observer.asked_for(id, &self.group));
        let _ = self.group.start_all(self.now);
    }

    fn scale(&mut self) {
        let spread = self.size / 10 + 1;
        let count = (self.size - spread) as usize + self.random.below(u64::from(2 * spread)) as usize;
        if let Ok(scaled) = self.group.scale(count, &self.spec, self.now) {
            for id in &scaled.added {
                self.observer.removed.remove(id);
            }
        }
    }

    /// Does what the machine asks, as tools do it.
    fn perform(&mut self) {
        while let Some(action) = self.group.poll_action() {
            self.trace = self.trace.rotate_left(5) ^ fingerprint(&action);
            self.observer.handle_action(&action, &self.group, self.now);
            match action {
                Action::Start { child, epoch } => self.begin(child, epoch),
                Action::Stop {
                    child,
                    epoch,
                    skip_grace,
                } => self.stop(child, epoch, skip_grace),
                Action::Event(_) | Action::AllStopped(_) => {}
            }
        }
    }

    fn begin(&mut self, id: InstanceId, epoch: Epoch) {
        let soon = Duration::from_millis(1 + self.random.below(50));
        let told = |report| Coming::Report(id, epoch, report);
        let deaf = match self.random.below(100) {
            0..3 => Some(Deaf::ToGrace),
            3 => Some(Deaf::ToAll),
            _ => None,
        };
        if let Some(deaf) = deaf {
            self.deaf.insert((id, epoch), deaf);
        }
        if self.random.chance(0.01) {
            let report = Report::StartFailed {
                reason: "fork: no memory".to_owned(),
                permanent: self.random.chance(0.1),
            };
            return self.later(soon, told(report));
        }
        self.later(soon, told(Report::Started));
        if self.sick.contains(&id) {
            let end = self.any_end();
            return self.later(soon * 2, told(end));
        }
        let start = Duration::from_millis(100 + self.random.below(20_000));
        match self.random.below(100) {
            // It never is ready, and somebody's watchdog may see it first.
            0 => {}
            1 => self.later(
                start,
                told(Report::Hung {
                    reason: "frozen".to_owned(),
                }),
            ),
            2 => {
                let permanent = self.random.chance(0.2);
                let reason = "a question".to_owned();
                self.later(start, told(Report::Blocked { reason, permanent }));
                self.later(start + secs(3_600), told(Report::Unblocked));
                self.later(start + secs(3_605), told(Report::Ready));
            }
            _ => self.later(start, told(Report::Ready)),
        }
    }

    fn plan_end(&mut self, id: InstanceId, epoch: Epoch) {
        // About a tenth does not last; the others live for hours.
        let lives = if self.random.chance(0.1) {
            self.random.below(900)
        } else {
            self.random.below(12 * 3_600 * 1_000)
        };
        let report = if self.random.chance(0.1) {
            Report::Hung {
                reason: "silent".to_owned(),
            }
        } else {
            self.any_end()
        };
        self.later(Duration::from_millis(lives), Coming::Report(id, epoch, report));
    }

    fn stop(&mut self, id: InstanceId, epoch: Epoch, skip_grace: bool) {
        let after = match (self.deaf.get(&(id, epoch)), skip_grace) {
            (None, false) => Duration::from_millis(1 + self.random.below(6_000)),
            (None | Some(Deaf::ToGrace), true) => Duration::from_millis(1 + self.random.below(100)),
            (Some(Deaf::ToGrace), false) => return,
            (Some(Deaf::ToAll), _) => secs(60 + self.random.below(7_200)),
        };
        let end = self.any_end();
        self.later(after, Coming::Report(id, epoch, end));
    }
}

/// Enough of an action to tell two runs apart.
fn fingerprint(action: &Action) -> u64 {
    let (word, id, epoch) = match action {
        Action::Start { child, epoch } => (1, child.0, epoch.0),
        Action::Stop {
            child,
            epoch,
            skip_grace,
        } => (2 + u64::from(*skip_grace), child.0, epoch.0),
        Action::Event(event) => {
            let after = match event.kind {
                EventKind::Restarting { after, .. } => after.as_nanos() as u64,
                _ => event.at.0.as_nanos() as u64,
            };
            (after << 3 | 4, event.child.0, event.epoch.0)
        }
        Action::AllStopped(_) => (5, 0, 0),
    };
    word ^ u64::from(id) << 48 ^ epoch << 24
}

#[test]
fn a_fleet_of_200_holds_its_promises_for_a_week() {
    let mut fleet = Fleet::of_200(20_261_121);
    fleet.run(WEEK);
    let seen = &fleet.observer.seen;
    assert!(seen.starts > 5_000 && seen.restarts > 2_000, "{seen:?}");
    // A week in which the rare did not happen proves nothing about it.
    let rare = [
        seen.failed,
        seen.stuck,
        seen.graces_skipped,
        seen.removed,
        seen.all_stopped,
        seen.stale,
        seen.pauses,
    ];
    assert!(rare.iter().all(|&count| count >= 10), "{seen:?}");

    // And then everything is stopped.
    fleet.group.stop_all(fleet.now);
    fleet.perform();
    fleet.check();
    let (asked, pauses) = (fleet.now, fleet.observer.seen.pauses);
    while fleet.group.is_closing() {
        fleet.step();
    }
    let took = fleet.now.since(asked);
    let slept = fleet.observer.seen.pauses > pauses;
    assert!(slept || took <= STOPPED_WITHIN, "{took:?}");
}

#[test]
fn days_of_many_seeds_hold_them_too() {
    for seed in 1..=6 {
        Fleet::of_200(seed).run(secs(8 * 3_600));
    }
}

#[test]
fn one_seed_is_one_week() {
    let run = |seed| {
        let mut fleet = Fleet::of_200(seed);
        fleet.run(secs(6 * 3_600));
        fleet.trace
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

/// No model of a tool at all: any report and any command at any time, on few children, so that every state meets every input.
#[test]
fn no_order_of_calls_breaks_the_promises() {
    for seed in 0..400 {
        let mut fleet = Fleet::new(seed, 4);
        fleet.drain();
        fleet.storm(300);
    }
}

impl Fleet {
    fn storm(&mut self, calls: u32) {
        for _ in 0..calls {
            // Late, but never so late that it has slept.
            let late = limits::PAUSED_AFTER.as_millis() as u64;
            self.now = self.now + Duration::from_millis(self.random.below(late));
            while self.group.poll_deadline().is_some_and(|(at, _)| at <= self.now) {
                self.group.handle_deadline(self.now);
                self.drain();
            }
            let id = InstanceId(self.random.below(u64::from(self.size) + 1) as u32);
            if self.random.chance(0.3) {
                self.owner();
            } else if let Some(&epoch) = self.observer.live.get(&id) {
                let report = self.any_report();
                self.report(id, epoch, report);
            }
            self.drain();
            self.check();
        }
    }

    fn drain(&mut self) {
        while let Some(action) = self.group.poll_action() {
            self.observer.handle_action(&action, &self.group, self.now);
        }
    }
}
