//! The pool: its rules one by one, then a random world against a model. Seeds are printed: a failure says which one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::*;
use crate::engine::limits::RETRY_AFTER_UNKNOWN;
use crate::engine::random::Random;

fn at(seconds: u64) -> Time {
    Time(Duration::from_secs(seconds))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn id(id: u32) -> InstanceId {
    InstanceId(id)
}

fn ticket(ticket: u64) -> TicketId {
    TicketId(ticket)
}

fn of(caller: u64) -> Request {
    Request::of(CallerId(caller))
}

fn actions(pool: &mut Pool) -> Vec<Action> {
    std::iter::from_fn(|| pool.poll_action()).collect()
}

fn events(pool: &mut Pool) -> Vec<Event> {
    std::iter::from_fn(|| pool.poll_event()).collect()
}

/// Everything that was asked for is ready.
fn ready(options: PoolOptions) -> Pool {
    let mut pool = Pool::new(options, at(0));
    make_ready(&mut pool, at(0));
    pool
}

fn make_ready(pool: &mut Pool, now: Time) {
    while let Some(action) = pool.poll_action() {
        let Action::Spawn { id } = action else {
            panic!("{action:?} was not expected");
        };
        pool.handle_started(id, now);
        pool.handle_ready(id, now);
    }
}

fn admit(pool: &mut Pool, number: u64, request: Request, now: Time) {
    pool.admit(ticket(number), request, now).expect("admitted");
}

fn grant(pool: &mut Pool, now: Time) -> Option<Grant> {
    pool.poll_grant(now, |_, free| free.first().copied())
}

/// The tickets in the order in which one instance after another serves them, each for no time.
fn serve(pool: &mut Pool, now: Time) -> Vec<u64> {
    let served = std::iter::from_fn(|| {
        let grant = grant(pool, now)?;
        assert!(pool.give_back(grant.lease, 1, now));
        Some(grant.ticket.0)
    });
    served.collect()
}

// Who is next.

#[test]
fn a_callers_tickets_are_served_in_order() {
    let mut pool = ready(PoolOptions::fixed(1));
    for number in [3, 1, 2] {
        admit(&mut pool, number, of(0), at(0));
    }
    assert_eq!(serve(&mut pool, at(0)), [1, 2, 3]);
}

#[test]
fn callers_take_turns_however_many_tickets_one_has() {
    let mut pool = ready(PoolOptions::fixed(1));
    for number in 0..6 {
        admit(&mut pool, number, of(0), at(0));
    }
    for (number, caller) in [(10, 1), (11, 1), (20, 2)] {
        admit(&mut pool, number, of(caller), at(0));
    }
    assert_eq!(serve(&mut pool, at(0)), [0, 10, 20, 1, 11, 2, 3, 4, 5]);
}

#[test]
fn a_caller_that_asks_one_by_one_does_not_pass_one_that_has_asked_for_much() {
    let mut pool = ready(PoolOptions::fixed(1));
    for number in 0..20 {
        admit(&mut pool, number, of(0), at(0));
    }
    let mut served = [0, 0];
    for number in 100..110 {
        admit(&mut pool, number, of(1), at(0));
        for _ in 0..2 {
            let granted = grant(&mut pool, at(0)).expect("an instance is free");
            served[usize::from(granted.ticket.0 >= 100)] += 1;
            pool.give_back(granted.lease, 1, at(0));
        }
    }
    assert_eq!(served, [10, 10]);
}

#[test]
fn a_new_caller_does_not_pass_those_who_wait() {
    let mut pool = ready(PoolOptions::fixed(1));
    for number in 0..40 {
        admit(&mut pool, number, of(number % 2), at(0));
    }
    for _ in 0..20 {
        let granted = grant(&mut pool, at(0)).expect("an instance is free");
        pool.give_back(granted.lease, 1, at(0));
    }
    for number in 100..110 {
        admit(&mut pool, number, of(2), at(0));
    }
    let served = serve(&mut pool, at(0));
    assert_eq!(served[..6], [20, 21, 100, 22, 23, 101]);
}

#[test]
fn what_costs_more_counts_for_more() {
    let mut pool = ready(PoolOptions::fixed(1));
    for number in 0..3 {
        let request = Request { cost: 3, ..of(0) };
        admit(&mut pool, number, request, at(0));
    }
    for number in 10..16 {
        admit(&mut pool, number, of(1), at(0));
    }
    assert_eq!(serve(&mut pool, at(0)), [0, 10, 11, 12, 1, 13, 14, 15, 2]);
}

#[test]
fn what_a_caller_has_used_is_remembered_while_it_asks_one_by_one() {
    let mut pool = ready(PoolOptions::fixed(1));
    for number in 0..40 {
        admit(&mut pool, number, of(0), at(0));
    }
    let mut of_the_costly = 0;
    for _ in 0..16 {
        // Refused as known while its last one waits.
        let request = Request { cost: 3, ..of(1) };
        let _ = pool.admit(ticket(100 + of_the_costly), request, at(0));
        let granted = grant(&mut pool, at(0)).expect("an instance is free");
        of_the_costly += u64::from(granted.ticket.0 >= 100);
        pool.give_back(granted.lease, 1, at(0));
    }
    assert_eq!(of_the_costly, 4, "one of four");
}

#[test]
fn more_priority_is_sooner_and_waiting_raises_it() {
    let mut pool = ready(PoolOptions::fixed(1));
    let request = |priority| Request { priority, ..of(0) };
    let step = pool.options().ageing;
    admit(&mut pool, 0, request(0), at(0));
    admit(&mut pool, 1, request(2), at(0));
    admit(&mut pool, 2, request(2), at(0) + step * 2);
    // After two steps the first is as urgent as a fresh one of priority two, and older.
    assert_eq!(serve(&mut pool, at(0) + step * 2), [1, 0, 2]);
}

/// An endless stream of the most urgent tickets, each of a caller of its own.
#[test]
fn nobody_waits_for_ever() {
    let mut pool = ready(PoolOptions::fixed(1));
    let step = pool.options().ageing;
    admit(&mut pool, 0, of(0), at(0));
    for number in 1..=257 {
        let now = at(0) + step * (number - 1);
        let request = Request {
            priority: 255,
            ..of(u64::from(number))
        };
        admit(&mut pool, u64::from(number), request, now);
        let granted = grant(&mut pool, now).expect("an instance is free");
        pool.give_back(granted.lease, 1, now);
        if granted.ticket == ticket(0) {
            assert_eq!(number, 256, "when it is as urgent as the newcomers");
            return;
        }
    }
    panic!("the first ticket starved");
}

#[test]
fn who_cannot_be_served_does_not_hold_up_those_behind() {
    let mut pool = ready(PoolOptions::fixed(2));
    let only = |n| Request {
        only: Some(id(n)),
        ..of(0)
    };
    admit(&mut pool, 0, only(1), at(0));
    admit(&mut pool, 1, only(1), at(0));
    admit(&mut pool, 2, of(0), at(0));
    let first = grant(&mut pool, at(0)).expect("1 is free");
    assert_eq!((first.ticket, first.instance), (ticket(0), id(1)));
    let second = grant(&mut pool, at(0)).expect("0 is free");
    assert_eq!((second.ticket, second.instance), (ticket(2), id(0)));
    assert_eq!(grant(&mut pool, at(0)), None);
    pool.give_back(first.lease, 1, at(0));
    assert_eq!(grant(&mut pool, at(0)).map(|grant| grant.ticket), Some(ticket(1)));
}

#[test]
fn who_chooses_may_refuse_and_the_next_is_asked() {
    let mut pool = ready(PoolOptions::fixed(2));
    for number in 0..3 {
        admit(&mut pool, number, of(0), at(0));
    }
    let mut asked = Vec::new();
    let granted = pool.poll_grant(at(0), |ticket, free| {
        asked.push((ticket.0, free.to_vec()));
        (ticket.0 == 1).then_some(free[1])
    });
    let free = vec![id(0), id(1)];
    assert_eq!(asked, [(0, free.clone()), (1, free)]);
    let granted = granted.expect("taken");
    assert_eq!((granted.ticket, granted.instance), (ticket(1), id(1)));
    assert_eq!(pool.poll_grant(at(0), |_, _| Some(id(1))), None, "1 is not free");
    let waiting = pool.explain(ticket(2), at(3)).expect("it waits");
    let expected = Waiting {
        ahead: 1,
        waited: seconds(3),
        only: None,
        free: 1,
    };
    assert_eq!(waiting, expected);
}

// The queue's bounds.

#[test]
fn a_full_queue_refuses_and_says_when_to_try_again() {
    let options = PoolOptions {
        queue_limit: 2,
        ..PoolOptions::fixed(2)
    };
    let mut pool = ready(options);
    let full = |retry_after| Refused::Full {
        queued: 2,
        limit: 2,
        retry_after,
    };
    admit(&mut pool, 0, of(0), at(0));
    admit(&mut pool, 1, of(0), at(0));
    let refused = pool.admit(ticket(2), of(1), at(0));
    assert_eq!(refused, Err(full(RETRY_AFTER_UNKNOWN)));
    let [first, second] = [0, 1].map(|_| grant(&mut pool, at(0)).expect("two are free"));
    pool.give_back(first.lease, 1, at(8));
    pool.give_back(second.lease, 1, at(8));
    for number in 2..4 {
        admit(&mut pool, number, of(0), at(8));
        grant(&mut pool, at(8)).expect("two are free");
    }
    for number in 4..6 {
        admit(&mut pool, number, of(0), at(8));
    }
    let refused = pool.admit(ticket(6), of(1), at(8));
    assert_eq!(refused, Err(full(seconds(4))), "two leases of eight seconds");
    let known = pool.admit_again(ticket(5), of(0), at(0), at(8));
    assert_eq!(known, Err(Refused::Known(ticket(5))));
    let leased = pool.admit_again(ticket(2), of(0), at(0), at(8));
    assert_eq!(leased, Err(Refused::Known(ticket(2))));
    let nowhere = Request {
        only: Some(id(7)),
        ..of(0)
    };
    let refused = pool.admit_again(ticket(7), nowhere, at(0), at(8));
    assert_eq!(refused, Err(Refused::NoInstance(id(7))));
    assert!(pool.cancel(ticket(5)) && !pool.cancel(ticket(5)));
    admit(&mut pool, 6, of(1), at(8));
}

#[test]
fn who_is_admitted_again_stands_at_the_old_place() {
    let mut pool = ready(PoolOptions {
        queue_limit: 2,
        ..PoolOptions::fixed(1)
    });
    admit(&mut pool, 0, of(0), at(0));
    grant(&mut pool, at(0)).expect("free");
    admit(&mut pool, 1, of(0), at(1));
    admit(&mut pool, 2, of(0), at(1));
    pool.handle_started(id(0), at(2));
    pool.admit_again(ticket(0), of(0), at(0), at(2))
        .expect("not bounded");
    pool.handle_ready(id(0), at(2));
    assert_eq!(serve(&mut pool, at(2)), [0, 1, 2]);
}

#[test]
fn who_waits_until_the_deadline_is_told() {
    let mut pool = Pool::new(PoolOptions::fixed(1), at(0));
    let deadline = Some(at(5));
    admit(&mut pool, 0, Request { deadline, ..of(0) }, at(2));
    admit(&mut pool, 1, of(0), at(2));
    assert_eq!(pool.poll_deadline(), Some((at(5), Deadline::Waiter)));
    pool.handle_deadline(at(4));
    assert_eq!(events(&mut pool), []);
    pool.handle_deadline(at(5));
    let waited = seconds(3);
    let ticket = ticket(0);
    assert_eq!(events(&mut pool), [Event::TimedOut { ticket, waited }]);
    assert_eq!(pool.poll_deadline(), None);
    assert_eq!(pool.status(at(5)).queued, 1);
}

#[test]
fn a_closed_pool_serves_who_waits_and_admits_nobody() {
    let mut pool = ready(PoolOptions::fixed(1));
    admit(&mut pool, 0, of(0), at(0));
    pool.close();
    assert_eq!(pool.admit(ticket(1), of(0), at(0)), Err(Refused::Closed));
    assert!(!pool.is_quiet());
    assert_eq!(serve(&mut pool, at(0)), [0]);
    assert!(pool.is_quiet());
}

// Leases.

#[test]
fn a_lease_that_runs_out_is_revoked_and_its_instance_is_out_until_it_is_ready() {
    let mut pool = ready(PoolOptions::fixed(1));
    let lease_for = Some(seconds(10));
    admit(&mut pool, 0, Request { lease_for, ..of(0) }, at(0));
    let held = grant(&mut pool, at(1)).expect("free");
    assert_eq!(pool.poll_deadline(), Some((at(11), Deadline::Lease)));
    pool.handle_deadline(at(11));
    let revoked = Event::Revoked {
        lease: held.lease,
        ticket: held.ticket,
        instance: held.instance,
        reason: Revocation::Expired,
    };
    assert_eq!(events(&mut pool), [revoked]);
    assert!(!pool.give_back(held.lease, 1, at(12)), "too late");
    admit(&mut pool, 1, of(0), at(12));
    assert_eq!(grant(&mut pool, at(12)), None);
    pool.handle_ready(id(0), at(13));
    assert_eq!(serve(&mut pool, at(13)), [1]);
}

#[test]
fn a_lost_instance_takes_its_lease_with_it_and_one_that_is_out_does_not() {
    let mut pool = ready(PoolOptions::fixed(2));
    admit(&mut pool, 0, of(0), at(0));
    admit(&mut pool, 1, of(0), at(0));
    let [lost, out] = [0, 1].map(|_| grant(&mut pool, at(0)).expect("two are free"));
    pool.handle_lost(lost.instance, at(1));
    pool.handle_out(out.instance, at(1));
    let reason = Revocation::Lost;
    let Grant {
        lease,
        ticket,
        instance,
        ..
    } = lost;
    let expected = Event::Revoked {
        lease,
        ticket,
        instance,
        reason,
    };
    assert_eq!(events(&mut pool), [expected]);
    assert!(pool.give_back(out.lease, 1, at(2)));
    assert_eq!(pool.status(at(2)).out, 2);
    // Back by itself: the same process. Started again: another one.
    pool.handle_ready(out.instance, at(3));
    pool.handle_started(lost.instance, at(3));
    pool.handle_ready(lost.instance, at(4));
    let turns: Vec<_> = pool
        .members()
        .map(|(_, member)| (member.turns, member.ready_at))
        .collect();
    assert_eq!(turns, [(0, Some(at(4))), (1, Some(at(0)))]);
}

#[test]
fn what_waits_for_a_removed_instance_is_told() {
    let mut pool = ready(PoolOptions::fixed(2));
    let only = Some(id(1));
    admit(&mut pool, 0, Request { only, ..of(0) }, at(0));
    grant(&mut pool, at(0)).expect("free");
    admit(&mut pool, 1, Request { only, ..of(0) }, at(0));
    pool.resize(1, 1, at(0));
    assert_eq!(actions(&mut pool), [], "it is lent");
    pool.handle_removed(id(1), at(1));
    let told = events(&mut pool);
    let removed = matches!(
        told[0],
        Event::Revoked {
            reason: Revocation::Removed,
            ..
        }
    );
    let (ticket, instance) = (ticket(1), id(1));
    assert!(removed, "{told:?}");
    assert_eq!(told[1..], [Event::Unservable { ticket, instance }]);
    assert_eq!(actions(&mut pool), [], "nobody retires what is gone");
}

// How many there are.

#[test]
fn spares_are_kept_ready_as_far_as_there_is_room() {
    let options = PoolOptions {
        minimum: 1,
        most: 4,
        min_idle: 2,
        ..PoolOptions::fixed(0)
    };
    let mut pool = ready(options);
    assert_eq!(pool.status(at(0)).idle, 2);
    for number in 0..3 {
        admit(&mut pool, number, of(0), at(0));
        make_ready(&mut pool, at(0));
        grant(&mut pool, at(0)).expect("a spare is there");
        make_ready(&mut pool, at(0));
        let status = pool.status(at(0));
        assert_eq!(
            (status.leased, status.idle),
            (number as u32 + 1, 2.min(3 - number as u32))
        );
    }
}

#[test]
fn a_pool_grows_with_what_waits_and_shrinks_when_nothing_does() {
    let options = PoolOptions {
        minimum: 1,
        most: 3,
        idle_timeout: Some(seconds(60)),
        ..PoolOptions::fixed(0)
    };
    let mut pool = ready(options);
    for number in 0..5 {
        admit(&mut pool, number, of(0), at(0));
    }
    let spawned = [1, 2].map(|n| Action::Spawn { id: id(n) });
    assert_eq!(actions(&mut pool), spawned);
    for n in [1, 2] {
        pool.handle_ready(id(n), at(1));
    }
    assert_eq!(serve(&mut pool, at(2)).len(), 5);
    let (due, name) = pool.poll_deadline().expect("somebody is free for too long");
    assert_eq!(name, Deadline::MemberIdle);
    pool.handle_deadline(due);
    pool.handle_deadline(at(100));
    let retired = [2, 1].map(|n| Action::Retire { id: id(n) });
    assert_eq!(
        actions(&mut pool),
        retired,
        "the highest first, down to the minimum"
    );
    assert_eq!(pool.poll_deadline(), None, "what stays has no deadline");
}

#[test]
fn a_smaller_pool_lets_the_highest_go_when_they_are_free_and_numbers_come_back() {
    let mut pool = ready(PoolOptions::fixed(4));
    let only = Some(id(3));
    admit(&mut pool, 0, Request { only, ..of(0) }, at(0));
    let held = grant(&mut pool, at(0)).expect("free");
    pool.resize(2, 2, at(0));
    assert_eq!(actions(&mut pool), [Action::Retire { id: id(2) }]);
    assert!(pool.give_back(held.lease, 1, at(1)));
    assert_eq!(actions(&mut pool), [Action::Retire { id: id(3) }]);
    pool.handle_removed(id(3), at(2));
    pool.resize(4, 4, at(2));
    assert_eq!(
        actions(&mut pool),
        [Action::Spawn { id: id(3) }],
        "2 is still on its way out"
    );
    pool.handle_removed(id(2), at(3));
    assert_eq!(actions(&mut pool), [Action::Spawn { id: id(2) }]);
}

#[test]
fn worn_members_are_replaced_one_at_a_time_and_only_when_free() {
    let options = PoolOptions {
        max_turns: Some(2),
        ..PoolOptions::fixed(2)
    };
    let mut pool = ready(options);
    for number in 0..2 {
        admit(&mut pool, number, of(0), at(0));
    }
    let [first, second] = [0, 1].map(|_| grant(&mut pool, at(0)).expect("two are free"));
    pool.give_back(first.lease, 2, at(1));
    let reason = RecycleReason::Turns;
    let recycled = |grant: Grant| Action::Recycle {
        id: grant.instance,
        reason,
    };
    assert_eq!(actions(&mut pool), [recycled(first)]);
    pool.give_back(second.lease, 2, at(2));
    assert_eq!(actions(&mut pool), [], "one at a time");
    admit(&mut pool, 2, of(0), at(2));
    assert_eq!(serve(&mut pool, at(2)), [2], "it serves on meanwhile");
    pool.handle_started(first.instance, at(3));
    pool.handle_ready(first.instance, at(3));
    assert_eq!(actions(&mut pool), [recycled(second)]);
}

#[test]
fn old_members_are_replaced_at_their_age_even_when_nothing_happens() {
    let options = PoolOptions {
        max_age: Some(seconds(100)),
        ..PoolOptions::fixed(2)
    };
    let mut pool = Pool::new(options, at(0));
    actions(&mut pool);
    pool.handle_ready(id(1), at(1));
    pool.handle_ready(id(0), at(2));
    assert_eq!(pool.poll_deadline(), Some((at(101), Deadline::MemberAge)));
    pool.handle_deadline(at(103));
    let reason = RecycleReason::Age;
    assert_eq!(
        actions(&mut pool),
        [Action::Recycle { id: id(1), reason }],
        "the oldest first"
    );
    assert_eq!(
        pool.poll_deadline(),
        None,
        "what is due waits for the other, not for time"
    );
    pool.handle_ready(id(1), at(110));
    assert_eq!(actions(&mut pool), [Action::Recycle { id: id(0), reason }]);
    assert_eq!(pool.poll_deadline(), Some((at(210), Deadline::MemberAge)));
}

#[test]
fn recycling_leaves_as_many_ready_as_it_must_and_a_pool_of_one_is_recycled_too() {
    let options = PoolOptions {
        max_turns: Some(1),
        recycle_at_once: 3,
        ..PoolOptions::fixed(4)
    };
    let worn_after_a_turn = |keep_ready, size: u32| {
        let mut pool = ready(PoolOptions {
            minimum: size,
            most: size,
            keep_ready,
            ..options
        });
        let grants = (0..size).map(|number| {
            admit(&mut pool, u64::from(number), of(0), at(0));
            grant(&mut pool, at(0)).expect("free")
        });
        let grants: Vec<Grant> = grants.collect();
        for grant in grants {
            pool.give_back(grant.lease, 1, at(1));
        }
        actions(&mut pool).len()
    };
    assert_eq!(worn_after_a_turn(2, 4), 2);
    assert_eq!(worn_after_a_turn(0, 4), 3);
    assert_eq!(worn_after_a_turn(9, 4), 1);
    assert_eq!(worn_after_a_turn(9, 1), 1);
}

#[test]
fn reports_that_do_not_fit_change_nothing() {
    let mut pool = ready(PoolOptions::fixed(1));
    let before = format!("{:?}", pool.members);
    for report in [
        Pool::handle_started,
        Pool::handle_ready,
        Pool::handle_out,
        Pool::handle_lost,
        Pool::handle_removed,
    ] {
        report(&mut pool, id(9), at(0));
    }
    pool.handle_ready(id(0), at(5));
    assert!(!pool.give_back(LeaseId(9), 1, at(5)));
    assert_eq!(format!("{:?}", pool.members), before);
    assert_eq!((actions(&mut pool), events(&mut pool)), (vec![], vec![]));
}

#[test]
fn while_the_clock_stands_still_nobody_waits_holds_or_ages() {
    let options = PoolOptions {
        max_age: Some(seconds(100)),
        ..PoolOptions::fixed(2)
    };
    let mut pool = ready(options);
    let request = Request {
        deadline: Some(at(20)),
        lease_for: Some(seconds(30)),
        ..of(0)
    };
    for number in 0..3 {
        admit(&mut pool, number, request, at(0));
    }
    let [first, _] = [0, 1].map(|_| grant(&mut pool, at(0)).expect("two are free"));
    pool.give_back(first.lease, 1, at(0));
    let only = Some(id(1));
    pool.cancel(ticket(2));
    admit(&mut pool, 3, Request { only, ..request }, at(10));
    pool.handle_pause(seconds(1_000));
    pool.handle_deadline(at(1_010));
    assert_eq!((actions(&mut pool), events(&mut pool)), (vec![], vec![]));
    let due: Vec<_> = [Deadline::Waiter, Deadline::Lease, Deadline::MemberAge]
        .into_iter()
        .map(|_| {
            let due = pool.poll_deadline().expect("three are left");
            pool.handle_deadline(due.0);
            due
        })
        .collect();
    let expected = [
        (at(1_020), Deadline::Waiter),
        (at(1_030), Deadline::Lease),
        (at(1_100), Deadline::MemberAge),
    ];
    assert_eq!(due, expected);
}

// A random world against a model.

/// What the driver and the callers know, kept apart from what the pool says.
struct World {
    seed: u64,
    random: Random,
    pool: Pool,
    now: Time,
    admitted: u64,
    waiting: BTreeMap<TicketId, Request>,
    /// Admitted again, on top of the queue's limit.
    again: BTreeSet<TicketId>,
    held: BTreeMap<InstanceId, Grant>,
    requests: BTreeMap<TicketId, (Request, Time)>,
    /// Instances with a process that is to get ready, and those that are to go.
    starting: BTreeSet<InstanceId>,
    leaving: BTreeSet<InstanceId>,
    ended: BTreeMap<TicketId, &'static str>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut random = Random::new(seed);
        let minimum = random.below(4) as u32;
        let most = minimum.max(1) + random.below(4) as u32;
        let maybe = |random: &mut Random, most: u64| random.chance(0.5).then(|| 1 + random.below(most));
        let options = PoolOptions {
            minimum,
            most,
            min_idle: random.below(3) as u32,
            idle_timeout: maybe(&mut random, 20).map(seconds),
            max_age: maybe(&mut random, 60).map(seconds),
            max_turns: maybe(&mut random, 8).map(|turns| turns as u32),
            recycle_at_once: 1 + random.below(2) as u32,
            keep_ready: random.below(4) as u32,
            queue_limit: 1 + random.below(20) as usize,
            ageing: seconds(3),
        };
        println!("seed {seed}: {options:?}");
        World {
            seed,
            random,
            pool: Pool::new(options, at(0)),
            now: at(0),
            admitted: 0,
            waiting: BTreeMap::new(),
            again: BTreeSet::new(),
            held: BTreeMap::new(),
            requests: BTreeMap::new(),
            starting: BTreeSet::new(),
            leaving: BTreeSet::new(),
            ended: BTreeMap::new(),
        }
    }

    fn end(&mut self, ticket: TicketId, how: &'static str) {
        let before = self.ended.insert(ticket, how);
        assert_eq!(
            before, None,
            "seed {}: {ticket} ended twice, now {how}",
            self.seed
        );
        assert!(
            !self.waiting.contains_key(&ticket),
            "seed {}: {ticket}",
            self.seed
        );
    }

    fn one_of(&mut self, ids: &BTreeSet<InstanceId>) -> Option<InstanceId> {
        let ids: Vec<InstanceId> = ids.iter().copied().collect();
        self.random.pick(&ids).copied()
    }

    fn admit(&mut self) {
        let next = ticket(self.admitted);
        let members = self.pool.members.len() as u64;
        let only = self
            .random
            .chance(0.2)
            .then(|| id(self.random.below(members.max(1)) as u32));
        let deadline = self
            .random
            .chance(0.3)
            .then(|| self.now + seconds(self.random.below(30)));
        let request = Request {
            caller: CallerId(self.random.below(3)),
            priority: [0, 0, 1, 5][self.random.below(4) as usize],
            cost: 1 + self.random.below(3) as u32,
            only,
            deadline,
            lease_for: self
                .random
                .chance(0.3)
                .then(|| seconds(1 + self.random.below(20))),
        };
        let full = self.pool.queue.len() >= self.pool.options.queue_limit;
        match self.pool.admit(next, request, self.now) {
            Ok(()) => {
                assert!(!full, "seed {}", self.seed);
                self.admitted += 1;
                self.waiting.insert(next, request);
                self.requests.insert(next, (request, self.now));
            }
            Err(Refused::Full { retry_after, .. }) => assert!(full && !retry_after.is_zero()),
            Err(refused) => assert_eq!(Some(refused), only.map(Refused::NoInstance)),
        }
    }

    fn report(&mut self) {
        let starting = self.starting.clone();
        if let Some(id) = self.one_of(&starting) {
            self.starting.remove(&id);
            if self.random.chance(0.9) {
                self.pool.handle_ready(id, self.now);
            } else {
                // Failed to start; is tried again.
                self.pool.handle_out(id, self.now);
                self.pool.handle_started(id, self.now);
                self.starting.insert(id);
            }
        }
        let leaving = self.leaving.clone();
        if let Some(id) = self.one_of(&leaving).filter(|_| self.random.chance(0.5)) {
            self.leaving.remove(&id);
            self.starting.remove(&id);
            self.pool.handle_removed(id, self.now);
        }
    }

    fn trouble(&mut self) {
        let there: BTreeSet<InstanceId> = self.pool.members.keys().copied().collect();
        let Some(id) = self.one_of(&there) else {
            return;
        };
        match self.random.below(3) {
            0 => {
                self.pool.handle_started(id, self.now);
                self.starting.insert(id);
            }
            1 => {
                self.pool.handle_lost(id, self.now);
                self.starting.insert(id);
            }
            _ => {
                self.pool.handle_out(id, self.now);
                self.starting.insert(id);
            }
        }
    }

    fn give_back(&mut self) {
        let held: BTreeSet<InstanceId> = self.held.keys().copied().collect();
        if let Some(grant) = self.one_of(&held).and_then(|id| self.held.remove(&id)) {
            assert!(
                self.pool.give_back(grant.lease, 1, self.now),
                "seed {}",
                self.seed
            );
            self.end(grant.ticket, "given back");
        }
    }

    fn settle(&mut self) {
        loop {
            self.hear();
            self.act();
            let Some(grant) = grant(&mut self.pool, self.now) else {
                break;
            };
            self.take(grant);
        }
        self.check();
    }

    fn take(&mut self, grant: Grant) {
        let request = self.waiting.remove(&grant.ticket).expect("it waited");
        self.again.remove(&grant.ticket);
        assert!(request.only.is_none_or(|only| only == grant.instance));
        let passed = self.waiting.iter().find(|&(&other, before)| {
            let same = (before.caller, before.priority) == (request.caller, request.priority);
            other < grant.ticket && same && before.only.is_none_or(|only| only == grant.instance)
        });
        assert_eq!(passed, None, "seed {}: {grant:?} passed one", self.seed);
        let doubled = self.held.insert(grant.instance, grant);
        assert_eq!(doubled, None, "seed {}: {grant:?}", self.seed);
    }

    fn hear(&mut self) {
        while let Some(event) = self.pool.poll_event() {
            match event {
                Event::Revoked { ticket, instance, .. } => {
                    let held = self.held.remove(&instance).expect("it was held");
                    assert_eq!(held.ticket, ticket);
                    // Whoever took it away starts it again.
                    self.starting.insert(instance);
                    self.revoked(ticket);
                }
                Event::TimedOut { ticket, .. } => {
                    let request = self.waiting.remove(&ticket).expect("it waited");
                    assert!(request.deadline.is_some_and(|at| at <= self.now));
                    self.end(ticket, "timed out");
                }
                Event::Unservable { ticket, instance } => {
                    let request = self.waiting.remove(&ticket).expect("it waited");
                    assert_eq!(request.only, Some(instance));
                    self.end(ticket, "unservable");
                }
            }
        }
    }

    /// Tried again half of the time.
    fn revoked(&mut self, ticket: TicketId) {
        let (request, since) = self.requests[&ticket];
        let again = self.random.chance(0.5);
        if again && self.pool.admit_again(ticket, request, since, self.now).is_ok() {
            self.waiting.insert(ticket, request);
            self.again.insert(ticket);
        } else {
            self.end(ticket, "revoked");
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.pool.poll_action() {
            match action {
                Action::Spawn { id } => {
                    assert!(self.starting.insert(id), "seed {}: {id} is there", self.seed);
                }
                Action::Recycle { id, .. } => {
                    assert!(!self.held.contains_key(&id), "seed {}: {id} is lent", self.seed);
                    self.starting.insert(id);
                }
                Action::Retire { id } => {
                    assert!(!self.held.contains_key(&id), "seed {}: {id} is lent", self.seed);
                    self.leaving.insert(id);
                }
            }
        }
    }

    fn check(&self) {
        let seed = self.seed;
        let options = self.pool.options;
        let status = self.pool.status(self.now);
        let there = self.pool.members.len() as u32;
        assert_eq!(status.queued, self.waiting.len(), "seed {seed}");
        assert!(
            status.queued <= options.queue_limit + self.again.len(),
            "seed {seed}"
        );
        assert_eq!(status.leased as usize, self.held.len(), "seed {seed}");
        assert!(there <= options.most, "seed {seed}: {there} members");
        let coming = status.idle + status.starting + status.recycling;
        assert!(
            coming >= options.min_idle || there == options.most,
            "seed {seed}: {status:?}"
        );
        let leaving = status.retiring;
        assert!(
            there - leaving >= options.minimum || there == options.most,
            "seed {seed}: {status:?}"
        );
        assert!(
            status.recycling <= options.recycle_at_once,
            "seed {seed}: {status:?}"
        );
    }

    /// How many recycling may have left: looked at where it is asked for.
    fn handle_deadline(&mut self) {
        let seed = self.seed;
        self.pool.handle_deadline(self.now);
        let due = self.pool.poll_deadline();
        assert!(
            due.is_none_or(|(at, _)| at > self.now),
            "seed {seed}: {due:?} at {:?}",
            self.now
        );
        let recycled = self
            .pool
            .actions
            .iter()
            .any(|action| matches!(action, Action::Recycle { .. }));
        let left = self.pool.count(Member::is_ready);
        let keep = self.pool.options.keep_ready();
        assert!(
            !recycled || left >= keep,
            "seed {}: {left} of {keep} left",
            self.seed
        );
    }

    fn step(&mut self, admit: bool) {
        self.now = self.now + Duration::from_millis(self.random.below(2_000));
        self.handle_deadline();
        self.settle();
        match self.random.below(10) {
            0..=3 if admit => self.admit(),
            4..=6 => self.give_back(),
            7 if admit && self.random.chance(0.2) => self.trouble(),
            _ => self.report(),
        }
        self.settle();
    }
}

#[test]
fn whatever_happens_leases_are_single_queues_bounded_and_every_ticket_ends_once() {
    for seed in 0..60 {
        let mut world = World::new(seed);
        for _ in 0..1_500 {
            world.step(true);
        }
        // Nothing new comes: all that waits is served, if only by one that can.
        let mut steps = 0;
        while world.ended.len() < world.admitted as usize {
            world.step(false);
            steps += 1;
            assert!(steps < 20_000, "seed {seed}: {:?} wait for ever", world.waiting);
        }
        assert!(world.pool.is_quiet(), "seed {seed}");
    }
}
