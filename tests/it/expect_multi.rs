//! Several sessions in one dialogue, patterns beside the wait, logs.

use std::sync::{Arc, Mutex};

use ptych::host::expect::{Group, Logged, Pattern};
use ptych::host::{Coded as _, Session, expect_any};

use crate::expect_support::{Gate, SHORT, peek, quiet_cat, re, sh, spawn, to_the_end, wait};
use crate::support::run;

#[test]
fn of_several_sessions_the_one_that_speaks_is_heard() {
    run(async {
        let sessions: Vec<Session> = (0..5)
            .map(|n| sh(&format!("read x; echo I am {n}; read x")))
            .collect();
        let wanted = sessions[0]
            .patterns([re(r"I am \d\n"), Pattern::eof()])
            .expect("compiled");
        let waits: Vec<_> = sessions.iter().map(|s| (s, wanted.clone())).collect();
        for n in [3, 0, 4, 1, 2] {
            sessions[n].send_line("").await.expect("typed");
            let (which, found) = expect_any(&waits, wait(crate::expect_support::LONG))
                .await
                .expect("found");
            assert_eq!((which, found.matched().as_ref()), (n, &*format!("I am {n}\n")));
        }
        assert_eq!(
            expect_any(&waits, wait(SHORT)).await.expect_err("nobody").code(),
            "timed_out"
        );
    });
}

/// Those that are not heard keep what they said.
#[test]
fn what_the_others_said_stays_theirs() {
    run(async {
        let one = sh("echo go; read x");
        let two = sh("echo go; read x");
        one.expect_with("go\n", peek()).await.expect("printed");
        two.expect_with("go\n", peek()).await.expect("printed");
        let go = one.patterns("go\n").expect("compiled");
        let waits = [(&one, go.clone()), (&two, go)];
        assert_eq!(expect_any(&waits, wait(SHORT)).await.expect("both").0, 0);
        assert_eq!(expect_any(&waits, wait(SHORT)).await.expect("the other").0, 1);
        assert!(expect_any(&waits, wait(SHORT)).await.is_err());
    });
}

/// All of them, in any order: each wait is a future.
#[test]
fn all_of_several_sessions_can_be_waited_for() {
    run(async {
        let (a, b) = (sh("read x; echo a$x; read x"), sh("read x; echo b$x; read x"));
        let both = async { tokio::join!(a.expect("a1\n"), b.expect("b2\n")) };
        let typed = async {
            b.send_line("2").await.expect("typed");
            a.send_line("1").await.expect("typed");
        };
        let ((first, second), ()) = tokio::join!(both, typed);
        assert!(first.is_ok() && second.is_ok());
    });
}

#[test]
fn each_session_may_have_its_own_patterns() {
    run(async {
        let (a, b) = (
            sh("echo b; read x; echo a; read x"),
            sh("echo a; read x; echo b; read x"),
        );
        let waits = [
            (&a, a.patterns("a\n").expect("compiled")),
            (&b, b.patterns("b\n").expect("compiled")),
        ];
        b.send_line("").await.expect("typed");
        assert_eq!(
            expect_any(&waits, wait(crate::expect_support::LONG))
                .await
                .expect("found")
                .0,
            1
        );
    });
}

/// Two programs talk to each other through the test, as two people through kibitz.
#[test]
fn two_programs_talk_to_each_other() {
    run(async {
        let add = "stty -echo; echo ready; while read n; do [ $n -ge 20 ] && break; echo $((n + 1)); done; echo over";
        let (a, b) = (sh(add), sh(add));
        for s in [&a, &b] {
            s.expect("ready\n").await.expect("set up");
        }
        a.send_line("0").await.expect("typed");
        let (mut from, mut to, mut turns) = (&a, &b, 0);
        loop {
            let found = from
                .expect([re(r"(\d+)\n"), "over".into()])
                .await
                .expect("a number");
            if found.index == 1 {
                break;
            }
            to.send_line(found.group(1).expect("a number"))
                .await
                .expect("typed");
            std::mem::swap(&mut from, &mut to);
            turns += 1;
        }
        assert_eq!(turns, 20);
    });
}

/// What is seen in the background is seen whoever takes it, and whether or not anybody waits.
#[test]
fn the_background_sees_everything_and_takes_nothing() {
    run(async {
        let s = sh("read x; seq 1 50; echo END; read x");
        let mut fives = s.background(re(r"\d*5\n")).await.expect("compiled");
        s.send_line("").await.expect("typed");
        let found = s.expect("END").await.expect("found");
        assert_eq!(found.before().lines().count(), 51);
        let seen: Vec<String> = std::iter::from_fn(|| fives.try_next())
            .map(|found| found.matched().trim().to_owned())
            .collect();
        assert_eq!(seen, ["5", "15", "25", "35", "45"]);
    });
}

#[test]
fn a_pattern_that_stands_before_all_others_is_told_by_its_group() {
    run(async {
        let s = sh("echo Connection closed; read x");
        let closed = s.before(re("(?i)connection closed")).await.expect("compiled");
        let end = s.after(Pattern::eof()).await.expect("compiled");
        let found = s.expect(["Connection", "$ "]).await.expect("found");
        assert_eq!((found.group, found.index), (Group::Before(closed), 0));
        s.send_line("").await.expect("typed");
        assert_eq!(s.expect("$ ").await.expect("the end").group, Group::After(end));
        s.forget(end).await.expect("kept");
        assert_eq!(s.expect("$ ").await.expect_err("the end").code(), "eof");
    });
}

// Logs.

type Heard = Arc<Mutex<Vec<(bool, Vec<u8>)>>>;

async fn listen(s: &Session) -> (Heard, ptych::host::expect::LogId) {
    let heard = Heard::default();
    let to = Arc::clone(&heard);
    let id = s.log(move |what: Logged<'_>| {
        let (typed, bytes) = match what {
            Logged::Input(bytes) => (true, bytes),
            Logged::Output(bytes) => (false, bytes),
        };
        to.lock().expect("whole").push((typed, bytes.to_vec()));
    });
    (heard, id.await.expect("alive"))
}

fn heard(log: &Heard, typed: bool) -> Vec<u8> {
    let log = log.lock().expect("whole");
    log.iter()
        .filter(|(t, _)| *t == typed)
        .flat_map(|(_, bytes)| bytes.clone())
        .collect()
}

#[test]
fn a_log_hears_both_directions_as_they_came() {
    run(async {
        let s = spawn(["cat"]);
        let (log, id) = listen(&s).await;
        for word in ["one", "two"] {
            s.send_line(word).await.expect("typed");
            s.expect(format!("{word}\n{word}\n"))
                .await
                .expect("echo and copy");
        }
        assert_eq!(heard(&log, true), b"one\rtwo\r");
        assert_eq!(heard(&log, false), b"one\r\none\r\ntwo\r\ntwo\r\n");
        let order: Vec<bool> = log
            .lock()
            .expect("whole")
            .iter()
            .map(|(typed, _)| *typed)
            .collect();
        assert_eq!(order.first(), Some(&true));
        s.stop_log(id).await.expect("alive");
        s.send_line("three").await.expect("typed");
        s.expect("three\n").await.expect("copied");
        assert_eq!(heard(&log, true), b"one\rtwo\r");
    });
}

/// What the terminal hides is hidden in a log, too.
#[test]
fn a_log_hears_stars_for_what_is_typed_unseen() {
    run(async {
        let s = quiet_cat().await;
        let (log, _) = listen(&s).await;
        s.send_line("hush").await.expect("typed");
        s.expect("hush\n").await.expect("copied");
        assert_eq!(heard(&log, true), b"****\r");
    });
}

/// Escape sequences and NUL bytes are in the log, not in the text.
#[test]
fn a_log_hears_what_the_text_leaves_out() {
    run(async {
        let s = sh(r"read x; printf '\033[1mbold\033[m\0'; echo END; read x");
        let (log, _) = listen(&s).await;
        s.send_line("").await.expect("typed");
        assert_eq!(s.expect("END").await.expect("found").before(), "\nbold");
        let bytes = heard(&log, false);
        assert!(bytes.windows(10).any(|w| w == b"\x1b[1mbold\x1b["), "{bytes:?}");
    });
}

#[test]
fn a_log_is_appended_to_a_file_that_nobody_else_may_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    run(async {
        for n in 0..2 {
            let gate = Gate::new();
            let s = sh(&format!("{}; echo run {n}", gate.wait()));
            let log = ptych::host::expect::LogFile::append(&path).expect("a file");
            s.log(log).await.expect("alive");
            gate.open();
            to_the_end(&s).await;
        }
    });
    assert_eq!(
        std::fs::read_to_string(&path).expect("written"),
        "run 0\r\nrun 1\r\n"
    );
    let mode = std::fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
