use std::time::Duration;

use super::*;
use crate::engine::random::Random;

const ONE: InstanceId = InstanceId(1);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

struct Bench {
    health: Health,
    now: Time,
}

impl Bench {
    fn new(spec: HealthSpec) -> Bench {
        let mut health = Health::new(spec);
        health.add(ONE);
        Bench {
            health,
            now: Time::ZERO,
        }
    }

    fn ready() -> Bench {
        Bench::ready_with(HealthSpec::default())
    }

    fn ready_with(spec: HealthSpec) -> Bench {
        let mut bench = Bench::new(spec);
        bench.life(LifeStage::Ready);
        bench
    }

    fn life(&mut self, stage: LifeStage) {
        self.health.handle_life(ONE, stage, self.now);
    }

    fn reborn(&mut self) {
        self.life(LifeStage::Over);
        self.life(LifeStage::Starting);
        self.life(LifeStage::Started);
        self.life(LifeStage::Ready);
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    fn next(&mut self) -> HealthDeadline {
        let (at, name) = self.health.poll_deadline().expect("something is waited for");
        self.now = self.now.max(at);
        self.health.handle_deadline(self.now);
        name
    }

    fn turn(&mut self, end: TurnEnd) {
        self.health.turn_started(ONE, self.now);
        self.health.turn_ended(ONE, end, self.now);
    }

    fn checks(&mut self, results: &[bool]) {
        for &good in results {
            self.health.check(ONE, good, self.now);
        }
    }

    fn verdict(&self) -> Verdict {
        self.health.verdict(ONE, self.now)
    }

    fn is_out(&self, reason: OutReason, until: Option<Time>) {
        assert_eq!(self.verdict(), Verdict::Out { reason, until });
    }

    fn events(&mut self) -> Vec<HealthEventKind> {
        std::iter::from_fn(|| self.health.poll_event())
            .map(|event| event.kind)
            .collect()
    }
}

#[test]
fn the_three_questions_have_three_answers() {
    let mut bench = Bench::new(HealthSpec::default());
    let answers = |bench: &Bench| {
        let answers = bench.health.answers(ONE).expect("it is there");
        (answers.started, answers.ready, answers.progressing)
    };
    bench.is_out(OutReason::NotStarted, None);
    bench.life(LifeStage::Starting);
    assert_eq!(answers(&bench), (false, false, None));
    bench.is_out(OutReason::NotStarted, None);
    bench.life(LifeStage::Started);
    assert_eq!(answers(&bench), (true, false, None));
    bench.is_out(OutReason::NotReady, None);
    bench.life(LifeStage::Ready);
    assert_eq!(answers(&bench), (true, true, None));
    assert_eq!(bench.verdict(), Verdict::Serve);
    bench.health.turn_started(ONE, bench.now);
    assert_eq!(answers(&bench), (true, true, Some(true)));
    bench.life(LifeStage::Over);
    assert_eq!(answers(&bench), (false, false, None));

    let nobody = InstanceId(9);
    let out = bench.health.verdict(nobody, bench.now);
    assert_eq!(out, Verdict::out(OutReason::Unknown));
    bench.health.handle_life(nobody, LifeStage::Ready, bench.now);
    assert_eq!(bench.health.answers(nobody), None, "nobody is added by a report");
}

#[test]
fn silence_counts_only_while_a_turn_is_in_flight() {
    let mut bench = Bench::ready_with(HealthSpec {
        progress_within: Some(secs(30)),
        ..HealthSpec::default()
    });
    bench.wait(secs(86_400));
    bench.health.handle_deadline(bench.now);
    assert_eq!(bench.verdict(), Verdict::Serve, "silence at the prompt is health");

    bench.health.turn_started(ONE, bench.now);
    bench.wait(secs(29));
    bench.health.progress(ONE, bench.now);
    bench.wait(secs(29));
    bench.health.handle_deadline(bench.now);
    assert_eq!(bench.verdict(), Verdict::Serve);
    assert_eq!(bench.next(), HealthDeadline::Progress);
    bench.is_out(OutReason::Stalled, None);
    assert_eq!(bench.health.poll_deadline(), None, "told once");
    let silent_for = secs(30);
    assert_eq!(bench.events(), [HealthEventKind::Stalled { silent_for }]);
    bench.health.progress(ONE, bench.now);
    assert_eq!(bench.events(), [HealthEventKind::ProgressAgain]);
    assert_eq!(bench.verdict(), Verdict::Serve);

    // A machine that slept proves nothing.
    bench.wait(secs(3_600));
    bench.health.handle_deadline(bench.now);
    assert_eq!(bench.verdict(), Verdict::Serve);
    assert_eq!(bench.next(), HealthDeadline::Progress);
    bench.health.turn_ended(ONE, TurnEnd::Good, bench.now);
    assert_eq!(bench.verdict(), Verdict::Serve);

    let mut unasked = Bench::ready();
    unasked.health.turn_started(ONE, unasked.now);
    assert_eq!(unasked.health.poll_deadline(), None);
}

#[test]
fn a_sign_of_life_at_the_last_moment_is_heard() {
    let mut bench = Bench::ready_with(HealthSpec {
        progress_within: Some(secs(30)),
        ..HealthSpec::default()
    });
    bench.health.turn_started(ONE, bench.now);
    bench.wait(secs(30));
    bench.health.progress(ONE, bench.now);
    assert_eq!(bench.events(), []);
    assert_eq!(bench.verdict(), Verdict::Serve);
}

#[test]
fn one_odd_check_moves_nothing() {
    let mut bench = Bench::ready();
    let graded = |from, to| HealthEventKind::Graded { from, to };
    bench.checks(&[false, true, false, true, false]);
    assert_eq!(bench.events(), []);
    bench.checks(&[false]);
    assert_eq!(bench.events(), [graded(Grade::Healthy, Grade::Degraded)]);
    assert_eq!(bench.verdict(), Verdict::Serve, "degraded is a sign, no reason");
    // One good one in between: what is bad is counted anew, what is degraded stays so.
    bench.checks(&[true, false, false, false]);
    assert_eq!(bench.health.grade(ONE), Some(Grade::Degraded));
    bench.checks(&[false]);
    bench.is_out(OutReason::Down, None);
    bench.checks(&[true, false, true, false, false]);
    bench.is_out(OutReason::Down, None);
    bench.checks(&[true]);
    bench.is_out(OutReason::Down, None);
    bench.checks(&[true]);
    assert_eq!(bench.verdict(), Verdict::Serve);
    assert_eq!(
        bench.events(),
        [
            graded(Grade::Degraded, Grade::Down),
            graded(Grade::Down, Grade::Healthy)
        ]
    );
    bench.checks(&[false; 4]);
    bench.events();
    bench.reborn();
    assert_eq!(bench.events(), [graded(Grade::Down, Grade::Healthy)]);
}

#[test]
fn failures_in_a_row_open_the_breaker_and_one_good_turn_closes_it() {
    let mut bench = Bench::ready();
    for end in [
        TurnEnd::Bad,
        TurnEnd::Bad,
        TurnEnd::Good,
        TurnEnd::Bad,
        TurnEnd::Neither,
        TurnEnd::Bad,
    ] {
        bench.turn(end);
    }
    assert_eq!(
        bench.verdict(),
        Verdict::Serve,
        "neither is no failure, and no success"
    );
    bench.turn(TurnEnd::Bad);
    let until = bench.now + secs(10);
    bench.is_out(OutReason::BreakerOpen, Some(until));
    assert_eq!(bench.events(), [HealthEventKind::BreakerOpened { until }]);

    bench.wait(secs(10));
    assert_eq!(
        bench.verdict(),
        Verdict::Probe,
        "known before anybody says the time"
    );
    assert_eq!(bench.next(), HealthDeadline::BreakerHalfOpen);
    assert_eq!(bench.verdict(), Verdict::Probe);
    bench.health.turn_started(ONE, bench.now);
    bench.is_out(OutReason::Probing, None);
    bench.health.turn_ended(ONE, TurnEnd::Good, bench.now);
    assert_eq!(bench.verdict(), Verdict::Serve);
    assert_eq!(
        bench.events(),
        [HealthEventKind::BreakerHalfOpen, HealthEventKind::BreakerClosed]
    );
    bench.turn(TurnEnd::Bad);
    bench.turn(TurnEnd::Bad);
    assert_eq!(bench.verdict(), Verdict::Serve, "with a clean record");
}

#[test]
fn each_try_that_fails_doubles_the_time() {
    let mut bench = Bench::ready();
    (0..3).for_each(|_| bench.turn(TurnEnd::Bad));
    let mut times = Vec::new();
    for _ in 0..7 {
        let before = bench.now;
        bench.next();
        times.push(bench.now.since(before).as_secs());
        // A try that says nothing is tried again.
        bench.turn(TurnEnd::Neither);
        assert_eq!(bench.verdict(), Verdict::Probe);
        bench.turn(TurnEnd::Bad);
    }
    assert_eq!(times, [10, 20, 40, 80, 160, 300, 300]);
}

#[test]
fn many_failures_among_the_last_turns_open_it_as_well() {
    let mut bench = Bench::ready_with(HealthSpec {
        breaker: BreakerSpec {
            in_a_row: 0,
            rate: Some(FailureRate { most: 2, of: 6 }),
            ..BreakerSpec::default()
        },
        ..HealthSpec::default()
    });
    (0..5).for_each(|_| bench.turn(TurnEnd::Bad));
    assert_eq!(bench.verdict(), Verdict::Serve, "five turns are not six");
    bench.turn(TurnEnd::Good);
    assert!(matches!(bench.verdict(), Verdict::Out { .. }));

    // Two of six for ever are not too many; the oldest are forgotten.
    bench.next();
    bench.turn(TurnEnd::Good);
    for _ in 0..20 {
        for end in [TurnEnd::Bad, TurnEnd::Good, TurnEnd::Good] {
            bench.turn(end);
        }
    }
    assert_eq!(bench.verdict(), Verdict::Serve);
    bench.turn(TurnEnd::Bad);
    bench.turn(TurnEnd::Bad);
    assert!(matches!(bench.verdict(), Verdict::Out { .. }));
}

#[test]
fn an_end_in_a_turn_is_a_failure_that_a_fresh_life_does_not_wipe_out() {
    let mut bench = Bench::ready();
    for _ in 0..3 {
        bench.health.turn_started(ONE, bench.now);
        bench.reborn();
    }
    bench.is_out(OutReason::BreakerOpen, Some(bench.now + secs(10)));
    // An end between turns is the supervisor's business alone.
    let mut bench = Bench::ready();
    (0..10).for_each(|_| bench.reborn());
    assert_eq!(bench.verdict(), Verdict::Serve);
    // One that was asked for says so before.
    for _ in 0..10 {
        bench.turn(TurnEnd::Neither);
        bench.reborn();
    }
    assert_eq!(bench.verdict(), Verdict::Serve);
}

#[test]
fn a_try_whose_life_ends_does_not_keep_its_place() {
    let mut bench = Bench::ready();
    (0..3).for_each(|_| bench.turn(TurnEnd::Bad));
    bench.next();
    bench.health.turn_started(ONE, bench.now);
    bench.is_out(OutReason::Probing, None);
    bench.reborn();
    bench.is_out(OutReason::BreakerOpen, Some(bench.now + secs(20)));
}

#[test]
fn a_limit_keeps_it_out_until_its_time_and_one_turn_tries() {
    let mut bench = Bench::ready();
    let until = Some(bench.now + secs(3_600));
    bench
        .health
        .take_out(ONE, OutOfService::UsageLimit, until, bench.now);
    let out = || OutReason::OutOfService(OutOfService::UsageLimit);
    bench.is_out(out(), until);
    bench.reborn();
    bench.is_out(out(), until);
    bench.wait(secs(3_600));
    assert_eq!(bench.verdict(), Verdict::Probe);
    assert_eq!(bench.next(), HealthDeadline::BackInService);
    assert_eq!(bench.verdict(), Verdict::Probe);
    assert_eq!(
        bench.events(),
        [
            HealthEventKind::OutOfService {
                reason: OutOfService::UsageLimit,
                until
            },
            HealthEventKind::BackInService
        ]
    );
    bench.turn(TurnEnd::Good);
    assert_eq!(bench.verdict(), Verdict::Serve);
}

#[test]
fn what_a_fresh_prompt_disproves_ends_with_it() {
    for (reason, ends) in [
        (OutOfService::NotLoggedIn, true),
        (OutOfService::Blocked, true),
        (OutOfService::UsageLimit, false),
        (OutOfService::Other("on holiday".to_owned()), false),
    ] {
        let mut bench = Bench::ready();
        bench.health.take_out(ONE, reason.clone(), None, bench.now);
        bench.wait(secs(86_400 * 365));
        bench.health.handle_deadline(bench.now);
        bench.is_out(OutReason::OutOfService(reason.clone()), None);
        bench.life(LifeStage::Ready);
        bench.is_out(OutReason::OutOfService(reason.clone()), None);
        bench.reborn();
        assert_eq!(bench.verdict() == Verdict::Probe, ends, "{reason:?}");
        bench.health.bring_back(ONE, bench.now);
        assert_eq!(bench.verdict(), Verdict::Probe);
    }
}

#[test]
fn it_explains_itself() {
    let mut bench = Bench::ready();
    let says = |bench: &Bench| bench.health.explain(ONE, bench.now);
    assert_eq!(says(&bench), "instance 1 takes work (healthy)");
    let until = bench.now + secs(90);
    bench
        .health
        .take_out(ONE, OutOfService::UsageLimit, Some(until), bench.now);
    assert_eq!(
        says(&bench),
        "instance 1 takes no work: it is out of service: usage limit; for 90.0 s more"
    );
    bench.wait(secs(90));
    assert_eq!(
        says(&bench),
        "instance 1 takes one turn, to try whether it is well again"
    );
    bench.life(LifeStage::Over);
    assert_eq!(says(&bench), "instance 1 takes no work: it has not started");
}

/// Asking is enough to know, and whoever is told the time knows no more: for any history.
#[test]
fn a_verdict_is_the_same_before_and_after_the_time_is_told() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let mut bench = Bench::ready_with(HealthSpec {
            progress_within: Some(secs(20)),
            ..HealthSpec::default()
        });
        for _ in 0..200 {
            bench.wait(secs(random.below(8)));
            something(&mut bench, &mut random);
            // Silence is an event; all else is read off the clock.
            let told = bench.health.poll_deadline().map(|(_, name)| name);
            let before = bench.verdict();
            bench.health.handle_deadline(bench.now);
            if told != Some(HealthDeadline::Progress) {
                assert_eq!(bench.verdict(), before, "seed {seed}");
            }
            let overdue = bench.health.poll_deadline().filter(|&(at, _)| at <= bench.now);
            assert_eq!(overdue, None, "seed {seed}");
            if let Verdict::Out {
                until: Some(until), ..
            } = bench.verdict()
            {
                assert!(until > bench.now, "seed {seed}");
                let then = bench.health.verdict(ONE, until);
                assert_ne!(then, bench.verdict(), "seed {seed}: it said when it changes");
            }
        }
    }
}

fn something(bench: &mut Bench, random: &mut Random) {
    let now = bench.now;
    match random.below(12) {
        0..3 => bench.health.turn_started(ONE, now),
        3 => bench.health.turn_ended(ONE, TurnEnd::Good, now),
        4 | 5 => bench.health.turn_ended(ONE, TurnEnd::Bad, now),
        6 => bench.health.progress(ONE, now),
        7 => bench.health.check(ONE, random.chance(0.5), now),
        8 => {
            let until = random.chance(0.8).then(|| now + secs(1 + random.below(60)));
            bench.health.take_out(ONE, OutOfService::UsageLimit, until, now);
        }
        9 => bench.health.bring_back(ONE, now),
        10 => bench.reborn(),
        _ => bench.life(LifeStage::Over),
    }
}
