//! One child through its whole matrix, groups in order, and what waits and hangs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::engine::ids::{Epoch, InstanceId};
use crate::engine::limits;
use crate::engine::time::Time;

const ONE: InstanceId = InstanceId(1);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn spec(restart: Restart) -> ChildSpec {
    ChildSpec {
        restart,
        permanent_exits: BTreeSet::from([78]),
        ..ChildSpec::default()
    }
}

fn exited(cause: ExitCause) -> Report {
    Report::Exited {
        cause,
        expected: false,
        survivors: 0,
    }
}

fn crash() -> Report {
    exited(ExitCause::Signaled(11))
}

/// A group, its clock, and what it has said since it was last asked.
struct Bench {
    group: Group,
    now: Time,
}

impl Bench {
    fn new(group: GroupSpec) -> Bench {
        Bench {
            group: Group::new(group, 1),
            now: Time::ZERO,
        }
    }

    fn with_one(spec: ChildSpec) -> Bench {
        let mut bench = Bench::new(GroupSpec::default());
        bench.add(ONE, 0, spec);
        bench
    }

    fn add(&mut self, id: InstanceId, level: u32, spec: ChildSpec) {
        let added = self.group.add(id, level, Arc::new(spec), self.now);
        assert_eq!(added, Ok(()));
    }

    fn start(&mut self, id: InstanceId) {
        assert_eq!(self.group.start(id, self.now), Ok(()));
    }

    fn stop(&mut self, id: InstanceId) {
        assert_eq!(self.group.stop(id, self.now), Ok(()));
    }

    fn restart(&mut self, id: InstanceId) {
        assert_eq!(self.group.restart(id, "worn out", self.now), Ok(()));
    }

    fn remove(&mut self, id: InstanceId) {
        assert_eq!(self.group.remove(id, self.now), Ok(()));
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    /// On to the next deadline, at which the group is called.
    fn next(&mut self) -> DeadlineName {
        let (at, name) = self.group.poll_deadline().expect("something is waited for");
        self.now = self.now.max(at);
        self.group.handle_deadline(self.now);
        name
    }

    fn report(&mut self, id: InstanceId, report: Report) -> Heard {
        let epoch = self.child(id).epoch();
        self.group.handle_report(id, epoch, report, self.now)
    }

    fn hears(&mut self, id: InstanceId, report: Report) {
        let said = format!("{report:?}");
        assert_eq!(self.report(id, report), Heard::Taken, "{said}");
    }

    fn child(&self, id: InstanceId) -> &Child {
        self.group.child(id).expect("it is there")
    }

    fn is(&self, id: InstanceId) -> &'static str {
        self.child(id).phase().as_str()
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.group.poll_action()).collect()
    }

    /// Starts and stops: `start 1`, `stop 1`, `kill 1`.
    fn asked(&mut self) -> Vec<String> {
        let words = self.actions().into_iter().filter_map(|action| match action {
            Action::Start { child, .. } => Some(format!("start {child}")),
            Action::Stop {
                child, skip_grace, ..
            } => Some(format!("{} {child}", if skip_grace { "kill" } else { "stop" })),
            Action::AllStopped(_) => Some("all stopped".to_owned()),
            Action::Event(_) => None,
        });
        words.collect()
    }

    fn events(&mut self) -> Vec<&'static str> {
        let words = self.actions().into_iter().filter_map(|action| match action {
            Action::Event(event) => Some(event.kind.as_str()),
            _ => None,
        });
        words.collect()
    }

    /// Started and ready at once.
    fn ready(&mut self, id: InstanceId) {
        self.start(id);
        self.hears(id, Report::Started);
        self.hears(id, Report::Ready);
    }
}

// The matrix: restart type x how it ended x the phase it ended in.

/// Columns: the phase of the end. Cells: `again` (a new life at once), `backs_off`, `ended`, `down`, or why it failed.
const MATRIX: &str = "
                          starting         blocked          ready            lasted           stopping  replacing
permanent exit_0          backs_off        backs_off        backs_off        again            down      again
permanent exit_1          backs_off        backs_off        backs_off        again            down      again
permanent exit_78         permanent_exit   permanent_exit   permanent_exit   permanent_exit   down      again
permanent expected_3      backs_off        backs_off        backs_off        again            down      again
permanent expected_78     backs_off        backs_off        backs_off        again            down      again
permanent signal_9        backs_off        backs_off        backs_off        again            down      again
permanent out_of_memory   backs_off        backs_off        backs_off        again            down      again
permanent unknown         backs_off        backs_off        backs_off        again            down      again
permanent lost            backs_off        backs_off        backs_off        again            down      again
permanent spawn_failed    backs_off        backs_off        backs_off        again            down      again
permanent no_such_program cannot_start     cannot_start     cannot_start     cannot_start     down      cannot_start
permanent leaves_two      survivors        survivors        survivors        survivors        down      survivors
transient exit_0          ended            ended            ended            ended            down      again
transient exit_1          backs_off        backs_off        backs_off        again            down      again
transient exit_78         permanent_exit   permanent_exit   permanent_exit   permanent_exit   down      again
transient expected_3      ended            ended            ended            ended            down      again
transient expected_78     ended            ended            ended            ended            down      again
transient signal_9        backs_off        backs_off        backs_off        again            down      again
transient out_of_memory   backs_off        backs_off        backs_off        again            down      again
transient unknown         backs_off        backs_off        backs_off        again            down      again
transient lost            backs_off        backs_off        backs_off        again            down      again
transient spawn_failed    backs_off        backs_off        backs_off        again            down      again
transient no_such_program cannot_start     cannot_start     cannot_start     cannot_start     down      cannot_start
transient leaves_two      survivors        survivors        survivors        survivors        down      survivors
temporary exit_0          ended            ended            ended            ended            down      again
temporary exit_1          ended            ended            ended            ended            down      again
temporary exit_78         permanent_exit   permanent_exit   permanent_exit   permanent_exit   down      again
temporary expected_3      ended            ended            ended            ended            down      again
temporary expected_78     ended            ended            ended            ended            down      again
temporary signal_9        ended            ended            ended            ended            down      again
temporary out_of_memory   ended            ended            ended            ended            down      again
temporary unknown         ended            ended            ended            ended            down      again
temporary lost            ended            ended            ended            ended            down      again
temporary spawn_failed    ended            ended            ended            ended            down      again
temporary no_such_program cannot_start     cannot_start     cannot_start     cannot_start     down      cannot_start
temporary leaves_two      survivors        survivors        survivors        survivors        down      survivors
";

const RESTARTS: [Restart; 3] = [Restart::Permanent, Restart::Transient, Restart::Temporary];

fn restart_named(name: &str) -> Restart {
    let found = RESTARTS.into_iter().find(|restart| restart.as_str() == name);
    found.expect("a restart type")
}

fn end_named(name: &str) -> Report {
    let expected = |code| Report::Exited {
        cause: ExitCause::Exited(code),
        expected: true,
        survivors: 0,
    };
    let spawn = |permanent| Report::StartFailed {
        reason: "no".to_owned(),
        permanent,
    };
    match name {
        "exit_0" => exited(ExitCause::Exited(0)),
        "exit_1" => exited(ExitCause::Exited(1)),
        "exit_78" => exited(ExitCause::Exited(78)),
        "expected_3" => expected(3),
        "expected_78" => expected(78),
        "signal_9" => exited(ExitCause::Signaled(9)),
        "out_of_memory" => exited(ExitCause::OutOfMemory),
        "unknown" => exited(ExitCause::Unknown),
        "lost" => exited(ExitCause::Lost),
        "spawn_failed" => spawn(false),
        "no_such_program" => spawn(true),
        "leaves_two" => Report::Exited {
            cause: ExitCause::Signaled(9),
            expected: false,
            survivors: 2,
        },
        other => panic!("{other}"),
    }
}

fn bring_to(bench: &mut Bench, phase: &str) {
    bench.start(ONE);
    bench.hears(ONE, Report::Started);
    match phase {
        "starting" => {}
        "blocked" => bench.hears(ONE, blocked("trust this folder?", false)),
        "ready" => bench.hears(ONE, Report::Ready),
        "lasted" | "stopping" | "replacing" => {
            bench.hears(ONE, Report::Ready);
            bench.wait(secs(5));
        }
        other => panic!("{other}"),
    }
    match phase {
        "stopping" => bench.stop(ONE),
        "replacing" => bench.restart(ONE),
        _ => {}
    }
    bench.actions();
}

fn blocked(reason: &str, permanent: bool) -> Report {
    Report::Blocked {
        reason: reason.to_owned(),
        permanent,
    }
}

fn outcome(bench: &Bench, before: Epoch) -> &'static str {
    match bench.child(ONE).phase() {
        Phase::Starting { life, .. } if life.epoch > before => "again",
        Phase::BackingOff { .. } => "backs_off",
        Phase::Failed { reason, .. } => reason.as_str(),
        phase => phase.as_str(),
    }
}

#[test]
fn every_end_in_every_phase_is_followed_by_what_its_restart_type_says() {
    let mut lines = MATRIX.lines().filter(|line| !line.is_empty());
    let phases: Vec<&str> = lines.next().expect("the head").split_whitespace().collect();
    let mut cells = 0;
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        for (phase, expected) in phases.iter().zip(&words[2..]) {
            let mut bench = Bench::with_one(spec(restart_named(words[0])));
            bring_to(&mut bench, phase);
            let before = bench.child(ONE).epoch();
            bench.hears(ONE, end_named(words[1]));
            let place = format!("{} {} {phase}", words[0], words[1]);
            assert_eq!(outcome(&bench, before), *expected, "{place}");
            assert_eq!(
                bench.report(ONE, crash()) == Heard::Stale,
                *expected != "again",
                "{place}: its life is over"
            );
            cells += 1;
        }
    }
    assert_eq!(cells, 3 * 12 * 6);
}

/// Ends that we bring about: they are judged by why, not by how the tool took it.
#[test]
fn every_end_that_we_bring_about_is_judged_by_its_reason() {
    let hung = || Report::Hung {
        reason: "silent".to_owned(),
    };
    for restart in RESTARTS {
        let failure = if restart == Restart::Temporary {
            "ended"
        } else {
            "backs_off"
        };
        let lasted = if restart == Restart::Temporary {
            "ended"
        } else {
            "again"
        };
        let cases: [(&str, Option<Report>, &str); 6] = [
            ("starting", None, failure),
            ("starting", Some(hung()), failure),
            ("blocked", Some(hung()), failure),
            ("lasted", Some(hung()), lasted),
            ("starting", Some(blocked("log in", true)), "permanent_block"),
            ("blocked", Some(blocked("log in", true)), "permanent_block"),
        ];
        for (phase, report, expected) in cases {
            let mut bench = Bench::with_one(spec(restart));
            bring_to(&mut bench, phase);
            let before = bench.child(ONE).epoch();
            let place = format!("{restart:?} {phase} {report:?}");
            match report {
                Some(report) => bench.hears(ONE, report),
                None => assert_eq!(bench.next(), DeadlineName::Ready),
            }
            assert_eq!(bench.asked(), ["stop 1"], "{place}");
            bench.hears(ONE, exited(ExitCause::Exited(0)));
            assert_eq!(outcome(&bench, before), expected, "{place}");
        }
    }
}

#[test]
fn a_child_that_is_not_wanted_rests_however_it_was_being_ended() {
    for phase in ["starting", "blocked", "ready", "lasted", "replacing"] {
        let mut bench = Bench::with_one(spec(Restart::Permanent));
        bring_to(&mut bench, phase);
        bench.stop(ONE);
        let stops = if phase == "replacing" {
            vec![]
        } else {
            vec!["stop 1"]
        };
        assert_eq!(bench.asked(), stops, "{phase}: one stop is one stop");
        bench.hears(ONE, crash());
        assert_eq!(bench.is(ONE), "down", "{phase}");
        assert!(bench.group.poll_deadline().is_none());
    }
    let mut bench = Bench::with_one(spec(Restart::Permanent));
    bench.start(ONE);
    bench.hears(ONE, crash());
    assert_eq!(bench.is(ONE), "backing_off");
    bench.stop(ONE);
    assert_eq!(bench.is(ONE), "down");
    assert!(bench.group.poll_deadline().is_none());
}

// Starts and stops that hang.

#[test]
fn a_start_that_hangs_is_stopped_and_counts() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.start(ONE);
    bench.actions();
    assert_eq!(bench.next(), DeadlineName::Ready);
    assert_eq!(bench.now, Time::ZERO + secs(60));
    assert_eq!(bench.asked(), ["stop 1"]);
    bench.hears(ONE, exited(ExitCause::Signaled(15)));
    assert_eq!(bench.events(), ["exited", "restarting"]);
    assert_eq!(bench.next(), DeadlineName::Restart);
    assert_eq!(bench.asked(), ["start 1"]);
    assert_eq!(bench.child(ONE).restarts(), 1);
}

#[test]
fn a_stop_that_hangs_loses_its_grace_and_is_then_given_up() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.ready(ONE);
    bench.stop(ONE);
    assert_eq!(bench.asked(), ["start 1", "stop 1"]);
    assert_eq!(bench.next(), DeadlineName::Grace);
    assert_eq!(bench.asked(), ["kill 1"]);
    assert_eq!(bench.next(), DeadlineName::Kill);
    assert_eq!(bench.is(ONE), "stuck");
    assert_eq!(bench.events(), ["stuck"]);
    assert!(bench.group.poll_deadline().is_none(), "given up is given up");

    // Nothing is started beside it, whoever asks; another stop tries again.
    bench.start(ONE);
    assert_eq!(bench.asked(), ["kill 1"]);
    assert_eq!(bench.next(), DeadlineName::Kill);
    bench.stop(ONE);
    assert_eq!(bench.asked(), ["kill 1"]);
    assert_eq!(bench.next(), DeadlineName::Kill);
    assert_eq!(bench.is(ONE), "stuck");
    bench.hears(ONE, exited(ExitCause::Signaled(9)));
    assert_eq!(bench.is(ONE), "down");
}

#[test]
fn one_that_is_stuck_and_wanted_is_started_when_it_has_ended_at_last() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.ready(ONE);
    bench.restart(ONE);
    bench.next();
    bench.next();
    assert_eq!(bench.is(ONE), "stuck");
    bench.actions();
    bench.hears(ONE, exited(ExitCause::Signaled(9)));
    assert_eq!(bench.asked(), ["start 1"]);
    assert_eq!(bench.child(ONE).restarts(), 0, "it was asked for");
}

#[test]
fn a_second_stop_skips_the_grace() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.ready(ONE);
    bench.actions();
    bench.stop(ONE);
    bench.stop(ONE);
    bench.stop(ONE);
    assert_eq!(bench.asked(), ["stop 1", "kill 1"], "and a third is no other");

    // A stop of ours is not the owner's first.
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.ready(ONE);
    bench.actions();
    bench.restart(ONE);
    bench.stop(ONE);
    assert_eq!(bench.asked(), ["stop 1"]);
    bench.remove(ONE);
    assert_eq!(bench.asked(), [] as [&str; 0], "nor is a removal its second");
    bench.remove(ONE);
    assert_eq!(bench.asked(), ["kill 1"]);
}

#[test]
fn a_pause_of_the_machine_fires_no_start_or_stop_deadline() {
    let hour = secs(3600);
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.start(ONE);
    bench.actions();
    bench.wait(hour);
    bench.group.handle_deadline(bench.now);
    assert_eq!(bench.is(ONE), "starting");
    assert_eq!(
        bench.group.poll_deadline(),
        Some((bench.now + secs(60), DeadlineName::Ready))
    );
    bench.hears(ONE, Report::Ready);

    bench.stop(ONE);
    bench.actions();
    bench.wait(hour);
    bench.group.handle_deadline(bench.now);
    assert_eq!(bench.asked(), [] as [&str; 0]);
    bench.next();
    bench.wait(hour);
    bench.group.handle_deadline(bench.now);
    assert_eq!(bench.is(ONE), "stopping");
    assert_eq!(bench.next(), DeadlineName::Kill);
    assert_eq!(bench.is(ONE), "stuck");

    // A back-off that is over is over.
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.start(ONE);
    bench.hears(ONE, crash());
    bench.wait(hour);
    bench.group.handle_deadline(bench.now);
    assert_eq!(bench.is(ONE), "starting");
}

#[test]
fn who_is_blocked_has_all_the_time_and_then_all_of_its_start() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.start(ONE);
    bench.wait(secs(59));
    bench.hears(ONE, blocked("trust this folder?", false));
    assert_eq!(bench.group.poll_deadline(), None);
    bench.wait(secs(86_400));
    bench.hears(ONE, Report::Unblocked);
    assert_eq!(
        bench.group.poll_deadline(),
        Some((bench.now + secs(60), DeadlineName::Ready))
    );
    bench.hears(ONE, blocked("which theme?", false));
    bench.hears(ONE, Report::Ready);
    assert_eq!(
        bench.events(),
        ["starting", "blocked", "unblocked", "blocked", "ready"]
    );
}

// Restarts.

#[test]
fn more_than_five_crashes_in_a_minute_are_a_failure_until_somebody_asks() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.start(ONE);
    for _ in 0..5 {
        bench.hears(ONE, crash());
        assert_eq!(bench.next(), DeadlineName::Restart);
    }
    bench.hears(ONE, crash());
    let Phase::Failed { reason, .. } = bench.child(ONE).phase() else {
        panic!("{:?}", bench.child(ONE).phase());
    };
    assert_eq!(
        *reason,
        FailReason::TooManyRestarts {
            restarts: 5,
            within: secs(60),
            last: ExitCause::Signaled(11)
        }
    );
    assert_eq!(bench.group.poll_deadline(), None);
    let events = bench.events();
    assert_eq!(events.iter().filter(|kind| **kind == "starting").count(), 6);
    assert_eq!(events[events.len() - 2..], ["exited", "failed"]);

    bench.wait(secs(3600));
    bench.group.handle_deadline(bench.now);
    assert_eq!(bench.asked(), [] as [&str; 0], "time alone heals nothing");
    bench.start(ONE);
    assert_eq!(bench.asked(), ["start 1"]);
    bench.hears(ONE, crash());
    assert_eq!(bench.is(ONE), "backing_off", "with a clean record");
}

#[test]
fn restarts_that_lie_apart_are_never_too_many() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.start(ONE);
    for _ in 0..100 {
        bench.hears(ONE, Report::Ready);
        bench.wait(secs(12));
        bench.hears(ONE, crash());
        assert_eq!(bench.is(ONE), "starting", "at once, because it had lasted");
    }
    assert_eq!(bench.child(ONE).restarts(), 100);
}

#[test]
fn waits_grow_to_their_limit_and_start_again_after_ten_good_minutes() {
    let exact = ChildSpec {
        backoff: Backoff {
            jitter: 0.0,
            ..Backoff::default()
        },
        intensity: Intensity {
            most: 100,
            within: secs(60),
        },
        ..ChildSpec::default()
    };
    let mut bench = Bench::with_one(exact);
    bench.start(ONE);
    let mut waits = Vec::new();
    let mut crash_and_wait = |bench: &mut Bench| {
        bench.hears(ONE, crash());
        let before = bench.now;
        bench.next();
        waits.push(bench.now.since(before).as_millis());
    };
    for _ in 0..11 {
        crash_and_wait(&mut bench);
    }
    bench.hears(ONE, Report::Ready);
    bench.wait(secs(599));
    bench.hears(ONE, crash());
    crash_and_wait(&mut bench);
    bench.hears(ONE, Report::Ready);
    bench.wait(secs(600));
    bench.hears(ONE, crash());
    crash_and_wait(&mut bench);
    assert_eq!(
        waits,
        [
            100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000, 100
        ]
    );
}

#[test]
fn chance_shortens_waits_and_never_lengthens_them() {
    let backoff = Backoff::default();
    let mut random = crate::engine::random::Random::new(3);
    for attempt in 1..200 {
        let whole = secs(30).min(Duration::from_millis(100) * 2_u32.pow((attempt - 1).min(9)));
        let delay = backoff.delay(attempt, &mut random);
        assert!(
            delay <= whole && delay >= whole.mul_f64(0.79),
            "{attempt}: {delay:?}"
        );
    }
    let delays: BTreeSet<Duration> = (0..100).map(|_| backoff.delay(20, &mut random)).collect();
    assert!(delays.len() > 90, "at the limit they still differ");
    let odd = Backoff {
        factor: f64::NAN,
        jitter: 7.0,
        most: Duration::MAX,
        ..backoff
    };
    assert!(odd.delay(u32::MAX, &mut random) <= Duration::from_millis(100));
}

#[test]
fn what_the_owner_asks_for_does_not_count_and_does_not_wait() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.ready(ONE);
    for _ in 0..20 {
        bench.restart(ONE);
        bench.hears(ONE, exited(ExitCause::Exited(0)));
        assert_eq!(bench.is(ONE), "starting");
        bench.hears(ONE, Report::Ready);
    }
    assert_eq!((bench.child(ONE).starts(), bench.child(ONE).restarts()), (21, 0));

    bench.hears(ONE, crash());
    assert_eq!(bench.is(ONE), "backing_off");
    bench.restart(ONE);
    assert_eq!(bench.is(ONE), "starting");
    bench.hears(ONE, crash());
    bench.start(ONE);
    assert_eq!(bench.is(ONE), "starting");
    assert_eq!(bench.child(ONE).restarts(), 0);
}

#[test]
fn a_start_during_a_stop_means_again_afterwards() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.ready(ONE);
    bench.stop(ONE);
    bench.start(ONE);
    bench.actions();
    bench.hears(ONE, exited(ExitCause::Exited(0)));
    assert_eq!(bench.asked(), ["start 1"]);

    bench.hears(ONE, blocked("log in", true));
    bench.start(ONE);
    bench.hears(ONE, exited(ExitCause::Exited(0)));
    assert_eq!(bench.is(ONE), "starting", "who asks now knows of the screen");
}

#[test]
fn the_group_has_an_intensity_of_its_own_and_the_others_go_on() {
    let few = Intensity {
        most: 3,
        within: secs(60),
    };
    let mut bench = Bench::new(GroupSpec {
        intensity: Some(few),
        ..GroupSpec::default()
    });
    let ids: Vec<InstanceId> = (0..6).map(InstanceId).collect();
    for &id in &ids {
        bench.add(id, 0, ChildSpec::default());
        bench.ready(id);
    }
    // All but the first fall at once: those that wait for their restart count as well.
    for &id in &ids[1..] {
        bench.hears(id, crash());
    }
    let states: Vec<&str> = ids.iter().map(|&id| bench.is(id)).collect();
    assert_eq!(
        states,
        [
            "ready",
            "backing_off",
            "backing_off",
            "backing_off",
            "failed",
            "failed"
        ]
    );
    // One that waits and is stopped leaves its place.
    bench.stop(ids[1]);
    bench.start(ids[4]);
    bench.hears(ids[4], crash());
    assert_eq!(bench.is(ids[4]), "backing_off");
    bench.hears(ids[0], crash());
    let Phase::Failed { reason, .. } = bench.child(ids[0]).phase() else {
        panic!("{:?}", bench.child(ids[0]).phase());
    };
    assert_eq!(reason.as_str(), "group_restarts");
}

// Lives and epochs.

#[test]
fn a_report_of_another_life_changes_nothing() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.ready(ONE);
    let first = bench.child(ONE).epoch();
    bench.wait(secs(5));
    bench.hears(ONE, crash());
    bench.actions();
    let before = format!("{:?}", bench.group);
    let reports = [
        Report::Started,
        Report::Ready,
        Report::Unblocked,
        blocked("?", true),
        Report::Hung {
            reason: String::new(),
        },
        crash(),
        end_named("spawn_failed"),
    ];
    for epoch in [first, Epoch(0), Epoch(99)] {
        for report in reports.clone() {
            let heard = bench.group.handle_report(ONE, epoch, report, bench.now);
            assert_eq!(heard, Heard::Stale);
        }
    }
    assert_eq!(format!("{:?}", bench.group), before);
}

#[test]
fn an_id_given_anew_does_not_inherit_the_reports_of_its_predecessor() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.ready(ONE);
    let first = bench.child(ONE).epoch();
    bench.remove(ONE);
    bench.hears(ONE, exited(ExitCause::Exited(0)));
    assert!(bench.group.child(ONE).is_none());
    bench.add(ONE, 0, ChildSpec::default());
    bench.start(ONE);
    let late = bench.group.handle_report(ONE, first, crash(), bench.now);
    assert_eq!(late, Heard::Stale);
    assert_eq!(bench.is(ONE), "starting");
}

#[test]
fn reports_that_come_too_late_in_a_life_are_nothing() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.ready(ONE);
    for report in [
        Report::Started,
        Report::Ready,
        Report::Unblocked,
        blocked("?", true),
    ] {
        assert_eq!(bench.report(ONE, report), Heard::Stale, "once it is ready");
    }
    bench.stop(ONE);
    for report in [
        Report::Started,
        Report::Ready,
        Report::Hung {
            reason: String::new(),
        },
    ] {
        assert_eq!(bench.report(ONE, report), Heard::Stale, "while it is stopped");
    }
    assert_eq!(bench.is(ONE), "stopping");
}

// Groups.

/// Ids 10 and 11 on level 0, 20 on level 1, 30 and 31 on level 2; none started.
fn three_levels() -> (Bench, [InstanceId; 5]) {
    let ids = [10, 11, 20, 30, 31].map(InstanceId);
    let mut bench = Bench::new(GroupSpec::default());
    for id in ids {
        bench.add(id, id.0 / 10 - 1, ChildSpec::default());
    }
    (bench, ids)
}

#[test]
fn levels_start_from_below_when_those_below_have_settled() {
    let (mut bench, [a, b, c, d, e]) = three_levels();
    assert_eq!(bench.group.start_all(bench.now), Ok(()));
    assert_eq!(bench.asked(), ["start 10", "start 11"]);
    assert!(
        bench
            .group
            .explain(c, bench.now)
            .expect("there")
            .because
            .contains("levels below")
    );
    bench.hears(a, Report::Ready);
    assert_eq!(bench.asked(), [] as [&str; 0]);
    // A failure settles too: whoever needs it finds out, and nobody waits for ever.
    bench.hears(b, end_named("no_such_program"));
    assert_eq!(bench.asked(), ["start 20"]);
    bench.hears(c, blocked("trust?", false));
    assert_eq!(bench.asked(), ["start 30", "start 31"]);
    bench.hears(d, Report::Ready);
    bench.hears(e, Report::Ready);

    // A restart waits for nobody.
    bench.hears(a, crash());
    assert_eq!(bench.is(a), "backing_off");
    bench.wait(secs(5));
    bench.hears(d, crash());
    assert_eq!(bench.asked(), ["start 30"]);
}

fn all_ready() -> (Bench, [InstanceId; 5]) {
    let (mut bench, ids) = three_levels();
    assert_eq!(bench.group.start_all(bench.now), Ok(()));
    for id in ids {
        bench.hears(id, Report::Ready);
    }
    bench.actions();
    (bench, ids)
}

#[test]
fn everything_is_stopped_from_above_level_by_level() {
    let (mut bench, [a, b, c, d, e]) = all_ready();
    bench.group.stop_all(bench.now);
    assert_eq!(bench.asked(), ["stop 30", "stop 31"]);
    assert!(
        bench
            .group
            .explain(a, bench.now)
            .expect("there")
            .because
            .contains("levels above")
    );
    assert_eq!(bench.group.start(a, bench.now), Err(Refusal::Closing));
    bench.hears(d, exited(ExitCause::Exited(0)));
    bench.hears(a, crash());
    assert_eq!(
        bench.asked(),
        [] as [&str; 0],
        "what ends while it waits stays down"
    );
    bench.hears(
        e,
        Report::Exited {
            cause: ExitCause::Exited(0),
            expected: true,
            survivors: 3,
        },
    );
    assert_eq!(bench.asked(), ["stop 20"]);
    bench.hears(c, exited(ExitCause::Exited(0)));
    assert_eq!(bench.asked(), ["stop 11"]);
    bench.hears(b, exited(ExitCause::Exited(0)));
    let last = bench.actions().pop();
    let all_stopped = AllStopped {
        at: bench.now,
        stuck: vec![],
        survivors: 3,
    };
    assert_eq!(last, Some(Action::AllStopped(all_stopped)));
    assert_eq!(bench.group.start(a, bench.now), Ok(()), "open again");
}

#[test]
fn a_second_stop_of_everything_hurries() {
    let (mut bench, ids) = all_ready();
    bench.group.stop_all(bench.now);
    bench.actions();
    bench.group.stop_all(bench.now);
    assert_eq!(
        bench.asked(),
        ["kill 10", "kill 11", "kill 20", "kill 30", "kill 31"]
    );
    bench.group.stop_all(bench.now);
    assert_eq!(bench.asked(), [] as [&str; 0]);
    for id in ids {
        bench.hears(id, exited(ExitCause::Signaled(9)));
    }
    assert_eq!(bench.asked(), ["all stopped"]);
}

#[test]
fn stopping_everything_ends_in_time_even_when_nothing_answers() {
    let (mut bench, _) = all_ready();
    bench.group.stop_all(bench.now);
    while bench.group.is_closing() {
        bench.next();
    }
    // Level 2 is given up after 15 s, level 1 after 30; then there is no more time for order and grace.
    assert_eq!(bench.now, Time::ZERO + secs(35));
    let mut actions = bench.actions();
    let asked = |child: u32, grace: bool| {
        let stop = |action: &&Action| matches!(action, Action::Stop { child: of, skip_grace, .. } if of.0 == child && *skip_grace != grace);
        actions.iter().filter(stop).count()
    };
    assert_eq!((asked(31, true), asked(31, false)), (1, 1));
    assert_eq!((asked(20, true), asked(20, false)), (1, 1));
    assert_eq!((asked(10, true), asked(10, false)), (0, 1));
    let Some(Action::AllStopped(report)) = actions.pop() else {
        panic!("all stopped")
    };
    assert_eq!(report.stuck.len(), 5);
}

#[test]
fn stopping_everything_tries_what_is_stuck_once_more() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.ready(ONE);
    bench.stop(ONE);
    bench.next();
    bench.next();
    assert_eq!(bench.is(ONE), "stuck");
    bench.actions();
    bench.group.stop_all(bench.now);
    assert_eq!(bench.asked(), ["kill 1"]);
    bench.hears(ONE, exited(ExitCause::Signaled(9)));
    assert_eq!(bench.asked(), ["all stopped"]);
    assert_eq!(bench.is(ONE), "down");
}

#[test]
fn nothing_to_stop_is_stopped_at_once() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.group.stop_all(bench.now);
    assert_eq!(bench.asked(), ["all stopped"]);
    assert!(!bench.group.is_closing());
}

#[test]
fn removal_stops_first_and_waits_for_what_is_stuck() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.ready(ONE);
    bench.remove(ONE);
    assert_eq!(bench.asked(), ["start 1", "stop 1"]);
    bench.next();
    bench.next();
    assert_eq!(bench.is(ONE), "stuck");
    assert_eq!(
        bench.group.add(ONE, 0, Arc::default(), bench.now),
        Err(Refusal::Exists(ONE)),
        "its place is not free"
    );
    bench.actions();
    bench.hears(ONE, exited(ExitCause::Signaled(9)));
    assert_eq!(bench.events(), ["exited", "stopped", "removed"]);
    assert_eq!(bench.group.stop(ONE, bench.now), Err(Refusal::Unknown(ONE)));

    for phase in ["down", "failed", "backing_off"] {
        let mut bench = Bench::with_one(ChildSpec::default());
        match phase {
            "down" => {}
            "failed" => {
                bench.start(ONE);
                bench.hears(ONE, end_named("no_such_program"));
            }
            _ => {
                bench.start(ONE);
                bench.hears(ONE, crash());
            }
        }
        assert_eq!(bench.is(ONE), phase);
        bench.remove(ONE);
        assert!(bench.group.child(ONE).is_none(), "{phase}");
    }
}

#[test]
fn scaling_takes_the_lowest_free_places_and_gives_up_the_highest() {
    let mut bench = Bench::new(GroupSpec::default());
    let spec = Arc::new(ChildSpec::default());
    let scale = |bench: &mut Bench, count| {
        let scaled = bench.group.scale(count, &spec, bench.now).expect("room");
        let numbers = |ids: Vec<InstanceId>| ids.into_iter().map(|id| id.0).collect::<Vec<_>>();
        (numbers(scaled.added), numbers(scaled.removed))
    };
    assert_eq!(scale(&mut bench, 4), (vec![0, 1, 2, 3], vec![]));
    assert_eq!(scale(&mut bench, 4), (vec![], vec![]));
    assert_eq!(scale(&mut bench, 2), (vec![], vec![3, 2]));
    bench.hears(InstanceId(3), exited(ExitCause::Exited(0)));
    // 2 is still on its way out: it is called back, and its place never had two lives.
    assert_eq!(scale(&mut bench, 4), (vec![2, 3], vec![]));
    bench.actions();
    bench.hears(InstanceId(2), exited(ExitCause::Exited(0)));
    assert_eq!(bench.asked(), ["start 2"]);
    let too_many = bench.group.scale(limits::INSTANCES + 1, &spec, bench.now);
    let most = limits::INSTANCES;
    assert_eq!(too_many, Err(Refusal::Full { most }));
    assert_eq!(scale(&mut bench, most).0.len(), most - 4);
    assert_eq!(
        bench.group.add(InstanceId(5_000), 0, Arc::default(), bench.now),
        Err(Refusal::Full { most })
    );
}

// What is said.

#[test]
fn explanations_say_why_wanted_and_actual_differ() {
    let mut bench = Bench::with_one(ChildSpec {
        backoff: Backoff {
            jitter: 0.0,
            ..Backoff::default()
        },
        ..spec(Restart::Transient)
    });
    let says = |bench: &Bench| bench.group.explain(ONE, bench.now).expect("there").to_string();
    assert_eq!(
        says(&bench),
        "instance 1 (epoch 0): wanted down, is down for 0.0 s, because nobody has asked for a start"
    );
    bench.start(ONE);
    bench.hears(ONE, Report::Started);
    bench.wait(secs(10));
    assert_eq!(
        says(&bench),
        "instance 1 (epoch 1): wanted up, is starting for 10.0 s, because its process is there and has not shown that it is ready; \
         ready in 50.0 s"
    );
    bench.hears(ONE, crash());
    assert_eq!(
        says(&bench),
        "instance 1 (epoch 1): wanted up, is backing_off for 0.0 s, because it ended by signal 11; waiting before attempt 1; restart \
         in 0.1 s"
    );
    bench.next();
    bench.hears(ONE, exited(ExitCause::Exited(78)));
    assert_eq!(
        says(&bench),
        "instance 1 (epoch 2): wanted up, is failed for 0.0 s, because exit code 78 means that a restart is of no use; a start begins \
         with a clean record; 1 of 5 restarts used"
    );
    bench.start(ONE);
    bench.hears(ONE, Report::Ready);
    bench.stop(ONE);
    bench.start(ONE);
    assert_eq!(
        says(&bench),
        "instance 1 (epoch 3): wanted up, is stopping for 0.0 s, because its owner asked for a stop; it is started again afterwards; grace in \
         10.0 s"
    );
    bench.hears(ONE, exited(ExitCause::Exited(0)));
    bench.hears(ONE, exited(ExitCause::Exited(0)));
    assert_eq!(
        says(&bench),
        "instance 1 (epoch 4): wanted up, is ended for 0.0 s, because it exited with code 0, and a transient child is not started \
         again after that"
    );
    assert!(bench.group.explain(InstanceId(7), bench.now).is_none());
}

#[test]
fn an_ordinary_life_is_told_in_order() {
    let mut bench = Bench::with_one(ChildSpec::default());
    bench.start(ONE);
    bench.hears(ONE, Report::Started);
    bench.wait(secs(2));
    bench.hears(ONE, Report::Ready);
    bench.wait(secs(3));
    bench.hears(ONE, crash());
    let kinds: Vec<EventKind> = bench
        .actions()
        .into_iter()
        .filter_map(|action| match action {
            Action::Event(event) => Some(event.kind),
            _ => None,
        })
        .collect();
    let cause = ExitCause::Signaled(11);
    assert_eq!(
        kinds,
        [
            EventKind::Starting,
            EventKind::Started,
            EventKind::Ready { after: secs(2) },
            EventKind::Exited {
                cause: cause.clone(),
                expected: false,
                survivors: 0,
                lived: secs(5)
            },
            EventKind::Restarting {
                after: Duration::ZERO,
                cause
            },
            EventKind::Starting,
        ]
    );
    bench.stop(ONE);
    bench.hears(ONE, exited(ExitCause::Exited(0)));
    assert_eq!(bench.events(), ["stopping", "exited", "stopped"]);
}
