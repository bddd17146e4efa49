//! How sessions end: seen at once, nothing left behind, nobody held up.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests measure how long things take"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use ptych::engine::response::Outcome;
use ptych::engine::tty::Exit;
use ptych::host::{ExitReason, Options, Rung, Session, StopOptions};

use crate::host_support::{is_running, number_in, open_descriptors, program, shell, shows, soon, start};
use crate::support::run;

#[test]
fn an_exit_code_is_seen_with_the_text_before_it() {
    run(async {
        let session = start(Arc::new(shell()));
        session.wait_ready().await.expect("ready");
        let begun = Instant::now();
        let response = session
            .ask("printf 'last words'; exit 7")
            .await
            .expect("a response");
        assert!(
            begun.elapsed() < Duration::from_millis(100),
            "{:?}",
            begun.elapsed()
        );
        assert_eq!(
            (response.outcome, response.exit),
            (Outcome::Exited, Some(Exit::Code(7)))
        );
        assert_eq!(response.text, "last words");
        let report = session.wait().await;
        assert_eq!(
            (report.exit, report.reason, report.rung),
            (Exit::Code(7), ExitReason::Exited, None)
        );
        let refused = session.ask("echo").await.expect_err("it has ended");
        assert_eq!(ptych::host::Coded::code(&refused), "exited");
    });
}

#[test]
fn a_kill_in_the_middle_of_a_turn_keeps_the_partial_text() {
    run(async {
        let session = start(Arc::new(shell()));
        let response = session
            .ask("echo partial; kill -KILL $$; sleep 60")
            .await
            .expect("a response");
        assert_eq!(
            (response.outcome, response.exit),
            (Outcome::Exited, Some(Exit::Signal(9)))
        );
        assert_eq!(response.text, "partial");
    });
}

/// 20,000 lines and the end in one go: not one may be missing.
#[test]
fn the_tail_before_an_exit_is_whole() {
    run(async {
        for _ in 0..5 {
            let session = start(Arc::new(shell()));
            let response = session.ask("exec seq 1 20000").await.expect("a response");
            assert_eq!(response.outcome, Outcome::Exited);
            assert!(
                response.text.ends_with("19999\n20000"),
                "{:?}",
                &response.text[response.text.len() - 60..]
            );
        }
    });
}

#[test]
fn a_program_that_keeps_the_terminal_open_does_not_delay_the_exit() {
    run(async {
        let session = start(Arc::new(shell()));
        session.wait_ready().await.expect("ready");
        let begun = Instant::now();
        let response = session
            .ask("(trap '' HUP TERM; sleep 60) & exit 3")
            .await
            .expect("a response");
        assert!(
            begun.elapsed() < Duration::from_millis(100),
            "{:?}",
            begun.elapsed()
        );
        assert_eq!(response.exit, Some(Exit::Code(3)));
        // It ignores what it is asked; then it is made to go.
        let report = session.wait().await;
        assert!(report.survivors.is_empty(), "{report:?}");
    });
}

#[test]
fn setsid_children_and_daemons_go_with_their_session() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path().display();
        let session = start(Arc::new(shell()));
        let start = format!(
            "setsid sh -c 'echo $$ > {at}/one; trap \"\" HUP TERM; while :; do sleep 1; done' & \
             (setsid sh -c '(echo $$ > {at}/two; exec </dev/null >/dev/null 2>&1; exec sleep 60) &' &) ; \
             sh -c 'trap \"\" HUP; echo $$ > {at}/three; exec sleep 60' & "
        );
        session.ask(start).await.expect("answered");
        let mut pids = Vec::new();
        for name in ["one", "two", "three"] {
            soon(name, || number_in(&folder.path().join(name)).is_some());
            pids.push(number_in(&folder.path().join(name)).expect("a number"));
        }
        let begun = Instant::now();
        let report = session
            .stop(StopOptions {
                grace: Duration::from_millis(500),
                ..StopOptions::default()
            })
            .await;
        assert!(report.survivors.is_empty(), "{report:?}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        for pid in pids {
            soon("the process is gone", || !is_running(pid));
        }
    });
}

#[test]
fn dropping_the_last_handle_kills_the_tree_even_without_the_task() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pid");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime");
    let pid = runtime.block_on(async {
        let session = start(Arc::new(shell()));
        let clone = session.clone();
        drop(session);
        clone
            .ask(format!(
                "sh -c 'trap \"\" HUP TERM; echo $$ > {}; exec sleep 60' &",
                file.display()
            ))
            .await
            .expect("answered");
        soon("the child runs", || number_in(&file).is_some());
        clone.pid()
    });
    // The runtime does not run any more; the drop alone must do it.
    soon("the tool is gone", || !is_running(pid));
    soon("its child is gone", || {
        !is_running(number_in(&file).expect("a number"))
    });
    drop(runtime);
    assert!(
        !std::path::Path::new(&format!("/proc/{pid}")).exists(),
        "a zombie is left"
    );
}

#[test]
fn a_runtime_that_is_shut_down_takes_its_sessions_with_it() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime");
    let session = runtime.block_on(async {
        let session = start(Arc::new(shell()));
        session.wait_ready().await.expect("ready");
        session
    });
    let pid = session.pid();
    drop(runtime);
    assert!(
        !std::path::Path::new(&format!("/proc/{pid}")).exists(),
        "still there"
    );
    run(async {
        assert_eq!(
            session.stop(StopOptions::default()).await.reason,
            ExitReason::Dropped
        );
    });
}

#[test]
fn a_second_stop_skips_the_grace() {
    run(async {
        let session = start(program(
            "dash",
            &[
                "-c",
                "trap '' HUP TERM; printf 'ready> '; while :; do read line; done",
            ],
        ));
        session.wait_ready().await.expect("ready");
        let begun = Instant::now();
        let patient = StopOptions {
            leave: false,
            grace: Duration::from_secs(30),
        };
        let first = session.stop(patient);
        let second = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            session.stop(patient).await
        };
        let (report, _) = tokio::join!(first, second);
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        assert_eq!((report.exit, report.rung), (Exit::Signal(9), Some(Rung::Kill)));
    });
}

/// A tool that ignores all but SIGKILL ends by SIGKILL, after the grace.
#[test]
fn the_ladder_climbs_to_its_end() {
    run(async {
        let session = start(program(
            "dash",
            &[
                "-c",
                "trap '' HUP TERM INT; printf 'ready> '; while :; do read line; done",
            ],
        ));
        session.wait_ready().await.expect("ready");
        let report = session
            .stop(StopOptions {
                leave: false,
                grace: Duration::from_millis(100),
            })
            .await;
        assert_eq!((report.exit, report.rung), (Exit::Signal(9), Some(Rung::Kill)));
        assert!(report.took >= Duration::from_millis(100), "{report:?}");
    });
}

/// 244 KB for a tool that never reads: neither this session nor another one on the same thread may hang.
#[test]
fn a_tool_that_never_reads_holds_up_nobody() {
    run(async {
        let deaf = start(program(
            "dash",
            &["-c", "stty raw -echo; printf 'ready> '; exec sleep 60"],
        ));
        shows(&deaf, "ready>").await;
        let line = format!("{}\n", "x".repeat(60));
        deaf.keys(line.repeat(4000)).await.expect("queued");
        let other = start(Arc::new(shell()));
        assert_eq!(other.ask("echo alive").await.expect("answered").text, "alive");
        assert!(deaf.snapshot().await.is_ok());
        let begun = Instant::now();
        deaf.stop(StopOptions::NOW).await;
        assert!(
            begun.elapsed() < Duration::from_millis(500),
            "{:?}",
            begun.elapsed()
        );
    });
}

#[test]
fn a_hundred_sessions_end_together_at_once() {
    run(async {
        let sessions: Vec<Session> = (0..100).map(|_| start(Arc::new(shell()))).collect();
        for session in &sessions {
            session.wait_ready().await.expect("ready");
        }
        let begun = Instant::now();
        let stops: Vec<_> = sessions
            .iter()
            .map(|session| {
                tokio::spawn({
                    let session = session.clone();
                    async move { session.stop(StopOptions::default()).await }
                })
            })
            .collect();
        for stop in stops {
            assert!(stop.await.expect("no panic").survivors.is_empty());
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}");
        eprintln!("100 sessions ended in {took:?}");
    });
}

#[test]
fn a_thousand_sessions_leave_no_descriptor_and_no_zombie() {
    run(async {
        let spec = program("true", &[]);
        let one = Session::start(Arc::clone(&spec), Options::default()).expect("started");
        one.wait().await;
        drop(one);
        let before = open_descriptors();
        for _ in 0..1000 {
            let session = Session::start(Arc::clone(&spec), Options::default()).expect("started");
            let report = session.wait().await;
            assert_eq!(report.exit, Exit::Code(0), "{report:?}");
        }
        // The tasks of dropped handles end in their own time.
        tokio::task::yield_now().await;
        assert!(
            open_descriptors() <= before + 4,
            "{} before, {} after",
            before,
            open_descriptors()
        );
    });
}

/// What did not fit at first is written when the tool reads: nothing is lost, and nobody waits for anybody.
#[test]
fn what_a_slow_reader_takes_arrives_whole() {
    run(async {
        let script =
            "stty raw -echo; printf 'go'; sleep 0.2; head -c 244000 | cksum; printf 'done'; exec sleep 60";
        let session = start(program("dash", &["-c", script]));
        shows(&session, "go").await;
        let text = format!("{}\n", "y".repeat(60)).repeat(4000);
        session.keys(text).await.expect("queued");
        shows(&session, "done").await;
        let rows = session.snapshot().await.expect("alive").rows;
        assert!(rows.iter().any(|row| row.contains("244000")), "{rows:?}");
        session.stop(StopOptions::NOW).await;
    });
}
