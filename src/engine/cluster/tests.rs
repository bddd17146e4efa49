//! The whole machine in a world of virtual time: sessions that start, answer, crash and hang by a seed that every failure prints.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use super::*;
use crate::engine::ids::{Epoch, InstanceId, TicketId};
use crate::engine::random::Random;
use crate::engine::response::Outcome;
use crate::engine::route::{Routing, Wish};
use crate::engine::supervise::{Backoff, ExitCause, Intensity, Report};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What is going to happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Coming {
    Ready,
    Answer(TicketId),
    Crash,
    Gone,
}

struct World {
    seed: u64,
    random: Random,
    now: Time,
    cluster: Cluster,
    coming: BinaryHeap<Reverse<(Time, InstanceId, Epoch, Coming)>>,
    alive: BTreeMap<InstanceId, Epoch>,
    turn: BTreeMap<InstanceId, TicketId>,
    typed: BTreeMap<TicketId, Vec<InstanceId>>,
    endings: BTreeMap<TicketId, Ending>,
    /// In the order of typing.
    order: Vec<(TicketId, InstanceId)>,
    crash_chance: f64,
    /// A turn's length at an instance.
    turn_ms: fn(InstanceId, &mut Random) -> u64,
    /// From a start to ready.
    start_ms: fn(InstanceId, Epoch, &mut Random) -> u64,
    stopped: bool,
}

impl World {
    fn new(seed: u64, options: ClusterOptions) -> World {
        let mut world = World {
            seed,
            random: Random::new(seed),
            now: Time::ZERO,
            cluster: Cluster::new(options, Time::ZERO),
            coming: BinaryHeap::new(),
            alive: BTreeMap::new(),
            turn: BTreeMap::new(),
            typed: BTreeMap::new(),
            endings: BTreeMap::new(),
            order: Vec::new(),
            crash_chance: 0.0,
            turn_ms: |_, random| 5 + random.below(20),
            start_ms: |_, _, random| 20 + random.below(50),
            stopped: false,
        };
        world.perform();
        world
    }

    fn submit(&mut self, order: Order) -> Result<TicketId, Refused> {
        let accepted = self.cluster.submit(order, self.now);
        self.perform();
        accepted
    }

    fn later(&mut self, after: u64, id: InstanceId, epoch: Epoch, coming: Coming) {
        let at = self.now + ms(after);
        self.coming.push(Reverse((at, id, epoch, coming)));
    }

    fn perform(&mut self) {
        while let Some(action) = self.cluster.poll_action() {
            match action {
                Action::Start { instance, epoch } => self.start(instance, epoch),
                Action::Stop { instance, epoch, .. } => self.later(3, instance, epoch, Coming::Gone),
                Action::Type {
                    ticket,
                    instance,
                    epoch,
                } => self.typed(ticket, instance, epoch),
                Action::Finish { ticket, ending } => {
                    let before = self.endings.insert(ticket, ending);
                    assert_eq!(before, None, "seed {}: {ticket} ended twice", self.seed);
                }
                Action::Interrupt { .. } | Action::Event(_) | Action::Lend { .. } => {}
                Action::Stopped(_) => self.stopped = true,
            }
        }
    }

    fn start(&mut self, id: InstanceId, epoch: Epoch) {
        let before = self.alive.insert(id, epoch);
        assert_eq!(before, None, "seed {}: two lives of {id}", self.seed);
        let _ = self.cluster.handle_report(id, epoch, Report::Started, self.now);
        let after = (self.start_ms)(id, epoch, &mut self.random);
        self.later(after, id, epoch, Coming::Ready);
    }

    fn typed(&mut self, ticket: TicketId, id: InstanceId, epoch: Epoch) {
        let seed = self.seed;
        if self.alive.get(&id) != Some(&epoch) {
            // It died in this moment: the driver says that nothing was typed.
            return self
                .cluster
                .handle_turn(ticket, epoch, &TurnEnd::NotTyped, self.now);
        }
        assert_eq!(
            self.turn.insert(id, ticket),
            None,
            "seed {seed}: {id} has two turns"
        );
        self.typed.entry(ticket).or_default().push(id);
        self.order.push((ticket, id));
        let length = (self.turn_ms)(id, &mut self.random);
        if self.random.chance(self.crash_chance) {
            self.later(length / 2, id, epoch, Coming::Crash);
        } else {
            self.later(length, id, epoch, Coming::Answer(ticket));
        }
    }

    /// The next thing that happens; `false` when nothing ever will.
    fn step(&mut self) -> bool {
        let deadline = self.cluster.poll_deadline().map(|(at, _)| at);
        let next = self.coming.peek().map(|Reverse((at, ..))| *at);
        let Some(at) = [deadline, next].into_iter().flatten().min() else {
            return false;
        };
        self.now = self.now.max(at);
        if next.is_some_and(|next| next <= self.now) {
            if let Some(Reverse((_, id, epoch, coming))) = self.coming.pop()
                && self.alive.get(&id) == Some(&epoch)
            {
                self.happen(id, epoch, coming);
            }
        } else {
            self.cluster.handle_deadline(self.now);
        }
        self.perform();
        true
    }

    fn happen(&mut self, id: InstanceId, epoch: Epoch, coming: Coming) {
        match coming {
            Coming::Ready => {
                let _ = self.cluster.handle_report(id, epoch, Report::Ready, self.now);
            }
            Coming::Answer(ticket) => self.end_turn(id, epoch, ticket, Outcome::Ok),
            Coming::Crash => self.gone(id, epoch, ExitCause::Signaled(9), false),
            Coming::Gone => self.gone(id, epoch, ExitCause::Exited(0), true),
        }
    }

    fn end_turn(&mut self, id: InstanceId, epoch: Epoch, ticket: TicketId, outcome: Outcome) {
        assert_eq!(self.turn.remove(&id), Some(ticket));
        let turn = Turn {
            outcome,
            reason: None,
            unrecognised: false,
            duration: ms(10),
            bytes: 1,
        };
        self.cluster
            .handle_turn(ticket, epoch, &TurnEnd::Answered(turn), self.now);
    }

    /// Its turn ends and its life does, in either order.
    fn gone(&mut self, id: InstanceId, epoch: Epoch, cause: ExitCause, expected: bool) {
        let report = Report::Exited {
            cause,
            expected,
            survivors: 0,
        };
        let turn_first = self.random.chance(0.5);
        let ticket = self.turn.get(&id).copied();
        if let (true, Some(ticket)) = (turn_first, ticket) {
            self.end_turn(id, epoch, ticket, Outcome::Exited);
        }
        self.alive.remove(&id);
        let _ = self.cluster.handle_report(id, epoch, report, self.now);
        if let (false, Some(ticket)) = (turn_first, ticket) {
            self.end_turn(id, epoch, ticket, Outcome::Exited);
        }
    }

    fn run_until_quiet(&mut self) {
        let mut steps = 0;
        while !self.cluster.is_quiet() {
            assert!(self.step(), "seed {}: prompts wait for nothing", self.seed);
            steps += 1;
            assert!(steps < 200_000, "seed {}: it does not come to an end", self.seed);
        }
    }

    fn turns(&self) -> BTreeMap<InstanceId, usize> {
        let mut turns = BTreeMap::new();
        for instances in self.typed.values() {
            for id in instances {
                *turns.entry(*id).or_default() += 1;
            }
        }
        turns
    }
}

/// Crashes are what is looked at here, not giving up.
fn hardy(count: u32) -> ClusterOptions {
    let mut options = ClusterOptions::new(count);
    options.child.intensity = Intensity {
        most: 1_000_000,
        within: ms(1),
    };
    options.child.backoff = Backoff {
        first: ms(1),
        most: ms(5),
        ..Backoff::default()
    };
    options
}

fn spread(turns: &BTreeMap<InstanceId, usize>, prompts: usize) -> f64 {
    let mean = prompts as f64 / turns.len() as f64;
    let farthest = turns.values().map(|&turns| (turns as f64 - mean).abs());
    farthest.fold(0.0, f64::max) / mean
}

#[test]
fn every_prompt_ends_once_and_is_typed_at_most_once_unless_it_may_be_retried() {
    for seed in 0..60 {
        let mut options = hardy(1 + (seed % 7) as u32);
        options.routing = Routing::ALL[seed as usize % 4];
        options.seed = seed;
        options.spares = (seed % 3) as u32;
        options.budget.saved = 1_000;
        let mut world = World::new(seed, options);
        world.crash_chance = 0.15;
        let mut retryable = BTreeMap::new();
        for n in 0..300_u64 {
            let order = Order {
                retryable: n % 3 == 0,
                caller: pool::CallerId(n % 4),
                wish: Wish {
                    key: (n % 5 == 0).then(|| format!("key {}", n % 10)),
                    only: None,
                },
                ..Order::prompt()
            };
            let may = order.retryable;
            retryable.insert(world.submit(order).expect("room"), may);
            if world.random.chance(0.3) {
                let _ = world.step();
            }
        }
        world.run_until_quiet();
        assert_eq!(world.endings.len(), 300, "seed {seed}");
        for (ticket, may) in retryable {
            let typed = world.typed.get(&ticket).map_or(0, Vec::len);
            assert!(
                typed == 1 || may && typed <= 3,
                "seed {seed}: {ticket} typed {typed} times"
            );
        }
        world.cluster.stop(world.now);
        world.perform();
        while !world.stopped {
            assert!(world.step(), "seed {seed}: it never stops");
        }
        assert!(world.alive.is_empty(), "seed {seed}: {:?} are left", world.alive);
    }
}

#[test]
fn round_robin_is_even_though_some_are_quicker_and_all_crash() {
    for seed in 0..20 {
        let options = ClusterOptions {
            routing: Routing::RoundRobin,
            seed,
            ..hardy(5)
        };
        let mut world = World::new(seed, options);
        world.crash_chance = 0.02;
        world.turn_ms = |id, random| 10 + 3 * u64::from(id.0) + random.below(10);
        while world.cluster.readiness(world.now).is_none() {
            let _ = world.step();
        }
        for _ in 0..1000 {
            world.submit(Order::prompt()).expect("room");
        }
        world.run_until_quiet();
        let turns = world.turns();
        assert!(spread(&turns, 1000) <= 0.1, "seed {seed}: {turns:?}");
    }
}

/// More than a third of the time somebody is away, and misses many turns.
#[test]
fn round_robin_is_even_though_all_are_killed_again_and_again() {
    for seed in 0..10 {
        let options = ClusterOptions {
            routing: Routing::RoundRobin,
            seed,
            ..hardy(5)
        };
        let mut world = World::new(seed, options);
        world.crash_chance = 0.02;
        world.turn_ms = |_, random| 5 + random.below(10);
        world.start_ms = |_, _, random| 100 + random.below(200);
        while world.cluster.readiness(world.now).is_none() {
            let _ = world.step();
        }
        for _ in 0..1000 {
            world.submit(Order::prompt()).expect("room");
        }
        let began = world.now;
        world.run_until_quiet();
        let turns = world.turns();
        assert!(spread(&turns, 1000) <= 0.05, "seed {seed}: {turns:?}");
        // 20 crashes, each waited for, beside two seconds of work.
        let took = world.now.since(began);
        assert!(took < ms(10_000), "seed {seed}: {took:?}");
    }
}

#[test]
fn one_that_does_not_come_back_holds_up_nobody_for_long() {
    let options = ClusterOptions {
        routing: Routing::RoundRobin,
        ..hardy(3)
    };
    let mut world = World::new(1, options);
    world.start_ms = |id, epoch, _| match (id.0, epoch) {
        (0, Epoch(4..)) => 3_600_000,
        _ => 50,
    };
    world.turn_ms = |_, _| 10;
    while world.cluster.readiness(world.now).is_none() {
        let _ = world.step();
    }
    let (id, epoch) = (InstanceId(0), world.alive[&InstanceId(0)]);
    world.gone(id, epoch, ExitCause::Signaled(9), false);
    world.perform();
    let lost = world.now;
    for _ in 0..200 {
        world.submit(Order::prompt()).expect("room");
    }
    while world.endings.len() < 200 {
        assert!(world.step());
    }
    let took = world.now.since(lost);
    assert!(
        took < limits::ROUTE_STRAGGLER_AFTER + ms(200 * 10 / 2 + 100),
        "{took:?}"
    );
    assert!(world.turns().get(&id).is_none_or(|turns| *turns == 0));
}

#[test]
fn one_that_hangs_holds_up_nobody() {
    let mut world = World::new(
        1,
        ClusterOptions {
            routing: Routing::RoundRobin,
            ..hardy(3)
        },
    );
    world.turn_ms = |id, _| if id.0 == 0 { 600_000 } else { 10 };
    for _ in 0..200 {
        world.submit(Order::prompt()).expect("room");
    }
    while world.endings.len() < 199 {
        assert!(world.step());
    }
    assert!(world.now < Time(ms(60_000)), "at {:?}", world.now);
}

#[test]
fn a_keys_turns_are_typed_in_order_whatever_crashes() {
    for seed in 0..30 {
        let options = ClusterOptions {
            routing: Routing::Sticky,
            seed,
            ..hardy(4)
        };
        let mut world = World::new(seed, options);
        world.crash_chance = 0.1;
        let mut keys: BTreeMap<TicketId, u64> = BTreeMap::new();
        for n in 0..200_u64 {
            let wish = Wish {
                key: Some(format!("key {}", n % 9)),
                only: None,
            };
            let order = Order {
                wish,
                ..Order::prompt()
            };
            keys.insert(world.submit(order).expect("room"), n % 9);
        }
        world.run_until_quiet();
        let mut last: BTreeMap<u64, TicketId> = BTreeMap::new();
        for (ticket, _) in &world.order {
            let before = last.insert(keys[ticket], *ticket);
            assert!(before < Some(*ticket), "seed {seed}: {ticket} after {before:?}");
        }
    }
}

#[test]
fn a_spare_takes_over_at_once() {
    let options = ClusterOptions {
        spares: 1,
        ..hardy(1)
    };
    let mut world = World::new(3, options);
    while world.cluster.readiness(world.now).is_none() {
        let _ = world.step();
    }
    world.crash_chance = 1.0;
    world.submit(Order::prompt()).expect("room");
    world.run_until_quiet();
    world.crash_chance = 0.0;
    let before = world.now;
    world.submit(Order::prompt()).expect("room");
    assert_eq!(world.turn.len(), 1, "typed at once");
    assert_eq!(world.now, before);
}

#[test]
fn a_full_queue_refuses_and_says_when_to_come_back() {
    let options = ClusterOptions {
        queue_limit: 3,
        ..hardy(1)
    };
    let mut world = World::new(4, options);
    for _ in 0..3 {
        world.submit(Order::prompt()).expect("room");
    }
    let refused = world.submit(Order::prompt()).expect_err("full");
    assert!(matches!(refused, Refused::Full { queued: 3, limit: 3, retry_after } if !retry_after.is_zero()));
    world.run_until_quiet();
}

#[test]
fn when_every_instance_has_failed_nobody_waits() {
    let mut options = ClusterOptions::new(2);
    options.child.permanent_exits = [1].into();
    let mut world = World::new(5, options);
    let ticket = world.submit(Order::prompt()).expect("room");
    for id in [0, 1].map(InstanceId) {
        let epoch = world.alive[&id];
        world.gone(id, epoch, ExitCause::Exited(1), false);
        world.perform();
    }
    let ending = &world.endings[&ticket];
    assert!(
        matches!(ending, Ending::NotTyped(NotTyped::AllFailed(_))),
        "{ending:?}"
    );
    assert!(matches!(
        world.submit(Order::prompt()),
        Err(Refused::AllFailed(_))
    ));
}

#[test]
fn a_session_that_does_not_come_back_is_replaced() {
    let mut world = World::new(6, hardy(1));
    while world.cluster.readiness(world.now).is_none() {
        let _ = world.step();
    }
    let (id, epoch) = (InstanceId(0), world.alive[&InstanceId(0)]);
    world
        .cluster
        .handle_state(id, epoch, SessionState::Unknown, world.now);
    world.perform();
    world.submit(Order::prompt()).expect("room");
    assert!(world.turn.is_empty(), "an unknown screen is given nothing");
    world.run_until_quiet();
    assert!(world.alive[&id] > epoch);
    assert!(world.cluster.metrics().unknown >= ms(5_000));
}

#[test]
fn while_the_machine_is_suspended_nobody_waits() {
    let mut world = World::new(6, hardy(1));
    // It never gets ready.
    world.coming.clear();
    let order = Order {
        wait: Some(ms(10_000)),
        ..Order::prompt()
    };
    let ticket = world.submit(order).expect("room");
    world.now = Time(ms(1_000_000));
    world.cluster.handle_deadline(world.now);
    world.perform();
    assert!(
        !world.endings.contains_key(&ticket),
        "it has waited for a moment only"
    );
    while !world.endings.contains_key(&ticket) {
        assert!(world.step());
    }
    assert!(
        matches!(
            world.endings[&ticket],
            Ending::NotTyped(NotTyped::WaitedTooLong { .. })
        ),
        "{:?}",
        world.endings[&ticket]
    );
    assert!(world.now <= Time(ms(1_010_000)), "{:?}", world.now);
}

#[test]
fn a_usage_limit_takes_an_instance_out_and_another_answers() {
    let mut world = World::new(7, hardy(2));
    while world.cluster.readiness(world.now).is_none() {
        let _ = world.step();
    }
    let order = Order {
        retryable: true,
        ..Order::prompt()
    };
    let ticket = world.submit(order).expect("room");
    let id = world.cluster.instance_of(ticket).expect("typed");
    let epoch = world.alive[&id];
    world.turn.remove(&id);
    let limited = Turn {
        outcome: Outcome::Error,
        reason: Some("usage_limit".to_owned()),
        unrecognised: false,
        duration: ms(10),
        bytes: 1,
    };
    world
        .cluster
        .handle_turn(ticket, epoch, &TurnEnd::Answered(limited), world.now);
    world.perform();
    let other = world.cluster.instance_of(ticket).expect("typed elsewhere");
    assert_ne!(other, id);
    let status = world.cluster.status(world.now);
    let out = &status.instances[id.0 as usize];
    assert!(
        !out.fit && out.why.as_deref().is_some_and(|why| why.contains("usage limit")),
        "{out:?}"
    );
}

/// Typed at so many instances until its answer, when each try ends `blocked`.
fn tries_of_a_blocked_prompt(options: ClusterOptions, unrecognised: bool, retryable: bool) -> usize {
    let mut world = World::new(9, options);
    // We say how its turns end.
    world.turn_ms = |_, _| 3_600_000;
    while world.cluster.readiness(world.now).is_none() {
        let _ = world.step();
    }
    let order = Order {
        retryable,
        ..Order::prompt()
    };
    let ticket = world.submit(order).expect("room");
    while !world.endings.contains_key(&ticket) {
        let Some(id) = world.cluster.instance_of(ticket) else {
            let _ = world.step();
            continue;
        };
        let epoch = world.alive[&id];
        world.turn.remove(&id);
        let blocked = Turn {
            outcome: Outcome::Blocked,
            reason: None,
            unrecognised,
            duration: ms(10),
            bytes: 1,
        };
        let question = SessionState::Blocked("name?".to_owned());
        world.cluster.handle_state(id, epoch, question, world.now);
        world
            .cluster
            .handle_turn(ticket, epoch, &TurnEnd::Answered(blocked), world.now);
        world.perform();
    }
    assert!(matches!(world.endings[&ticket], Ending::Answered { .. }));
    world.typed[&ticket].len()
}

#[test]
fn a_question_that_nobody_knows_is_believed_when_it_comes_again() {
    let unattended = ClusterOptions {
        attempts: 10,
        blocked_within: Some(ms(100)),
        ..hardy(2)
    };
    let tries =
        |unrecognised, retryable| tries_of_a_blocked_prompt(unattended.clone(), unrecognised, retryable);
    assert_eq!(tries(true, true), 1 + limits::UNRECOGNISED_RETRIES as usize);
    assert_eq!(tries(true, false), 1, "at most once");
    assert_eq!(tries(false, true), 1, "the protocol knows that it asks");
    // Somebody may decide: one instance asks, not three.
    let attended = ClusterOptions {
        blocked_within: None,
        ..unattended.clone()
    };
    assert_eq!(tries_of_a_blocked_prompt(attended, true, true), 1);
}

#[test]
fn a_withdrawn_prompt_is_not_typed_and_not_retried() {
    let mut world = World::new(8, hardy(1));
    let waiting = world.submit(Order::prompt()).expect("room");
    world.cluster.withdraw(waiting, world.now);
    world.perform();
    assert_eq!(world.endings[&waiting], Ending::NotTyped(NotTyped::Withdrawn));
    assert!(world.cluster.is_quiet());
}
