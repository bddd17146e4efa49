//! What a wait finds: which pattern, which text, what is left. The cases are those that the tests of `expect` and its relatives agree on.

use ptych::engine::tty::Exit;
use ptych::host::expect::{FoundKind, Pattern, Precedence, Settled};
use ptych::host::{Coded as _, ExpectError, Session};

use crate::expect_support::{
    Gate, LONG, SHORT, by, peek, python, quiet_cat, raw, re, sh, spawn, spawn_with, to_the_end, wait,
};
use crate::support::run;

// Order.

#[test]
fn lines_are_found_in_the_order_in_which_they_came() {
    run(async {
        let cat = quiet_cat().await;
        for line in ["Hello", "there", "Mr. Python"] {
            cat.send_line(line).await.expect("typed");
        }
        for line in ["Hello", "there", "Mr. Python"] {
            let found = cat.expect(line).await.expect("copied");
            assert_eq!(found.before().trim(), "");
        }
        cat.send_eof().await.expect("it reads lines");
        assert_eq!(to_the_end(&cat).await.before(), "\n");
    });
}

/// Each line twice, from the echo and from `cat`, and the end is known before the first look.
#[test]
fn the_index_is_the_place_in_the_list_and_text_comes_before_the_end() {
    run(async {
        let gate = Gate::new();
        let script = "import sys; [sys.stdin.readline() for _ in range(2)]";
        let cat = sh(&format!("{}; exec cat", gate.wait()));
        for line in ["1234", "abcd", "wxyz", "7890"] {
            cat.send_line(line).await.expect("typed");
        }
        cat.send_eof().await.expect("it reads lines");
        gate.open();
        assert_eq!(cat.wait().await.exit, Exit::Code(0), "{script}");
        let eof = Pattern::eof;
        let timeout = Pattern::timeout;
        let p = |text: &str| Pattern::literal(text);
        let first = vec![p("1234"), p("abcd"), p("wxyz"), eof(), p("7890")];
        let second = vec![eof(), timeout(), p("wxyz"), p("abcd"), p("1234")];
        let third = vec![p("54321"), timeout(), p("1234"), p("abcd"), p("wxyz"), eof()];
        let fourth = vec![eof(), p("abcd"), p("wxyz"), p("7890")];
        let mut seen = Vec::new();
        for patterns in [&first, &second, &third, &third, &fourth] {
            seen.push(cat.expect(patterns.clone()).await.expect("found").index);
        }
        // The echo of all four lines came before the first copy.
        assert_eq!(seen, [0, 3, 4, 2, 1]);
        let rest = to_the_end(&cat).await;
        assert_eq!(rest.before(), "\nwxyz\n7890\n");
        assert_eq!(cat.expect(third).await.expect("found").index, 5);
    });
}

#[test]
fn what_begins_first_wins_unless_the_list_is_to_decide() {
    run(async {
        let s = sh("echo '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,'; read x");
        let look = |patterns: [&'static str; 2], precedence| {
            let options = ptych::host::expect::WaitOptions {
                peek: true,
                ..by(precedence)
            };
            (patterns, options)
        };
        for (patterns, leftmost, listed) in [
            (["5,", "5,"], 0, 0),
            (["7,", "5,"], 1, 0),
            (["5,", "7,"], 0, 0),
            (["2,", "12,"], 0, 0),
            (["12,", "2,"], 1, 0),
        ] {
            for (precedence, index) in [(Precedence::Leftmost, leftmost), (Precedence::Listed, listed)] {
                let (patterns, options) = look(patterns, precedence);
                let found = s.expect_with(patterns, options).await.expect("found");
                assert_eq!(found.index, index, "{patterns:?} {precedence:?}");
            }
        }
    });
}

/// "foo", and only when that has been seen, "bar". Each precedence gives one answer, whatever the pause between them.
#[test]
fn patterns_that_overlap_are_told_apart_by_rule_and_not_by_chance() {
    const CASES: &[(&[&str], usize, usize)] = &[
        // Patterns, and the index by Leftmost and by Earliest.
        (&["foo\nbar"], 0, 0),
        (&["\nbar"], 0, 0),
        (&["foo\nbar", "foo", "bar"], 0, 1),
        (&["foo", "foo\nbar", "foo", "bar"], 0, 0),
        (&["foo", "foo"], 0, 0),
        (&["oo\nba", "o\nb"], 0, 1),
        (&["bar", "foo\nbar"], 1, 1),
        (&["foo\nbar", "ar"], 0, 0),
        (&["ar", "foo\nbar"], 1, 1),
    ];
    run(async {
        let gate = Gate::new();
        let loop_ = format!(
            "stty -echo; echo ready; while read n; do echo foo; {}; echo bar; echo .; done",
            gate.wait()
        );
        let s = sh(&loop_);
        s.expect("ready\n").await.expect("set up");
        let mut seen = s.background("foo").await.expect("compiled");
        for (patterns, leftmost, earliest) in CASES {
            for (precedence, index) in [
                (Precedence::Leftmost, *leftmost),
                (Precedence::Earliest, *earliest),
            ] {
                for at_once in [false, true] {
                    s.send_line("go").await.expect("typed");
                    let wait = s.expect_with(patterns.to_vec(), by(precedence));
                    let held = async {
                        seen.next().await.expect("foo");
                        gate.open();
                    };
                    let found = if at_once {
                        held.await;
                        s.expect_with("bar\n.", peek()).await.expect("all is there");
                        wait.await
                    } else {
                        tokio::join!(wait, held).0
                    };
                    let found = found.expect("found");
                    assert_eq!(
                        found.index, index,
                        "{patterns:?} {precedence:?} at once: {at_once}"
                    );
                    s.expect(".\n").await.expect("the end of the case");
                }
            }
        }
    });
}

/// The patterns of the probes: two words, the later one listed first.
#[test]
fn the_precedence_of_the_relatives_can_be_chosen() {
    run(async {
        for (precedence, index) in [
            (Precedence::Leftmost, 1),
            (Precedence::Listed, 0),
            (Precedence::Earliest, 1),
        ] {
            let s = sh("echo xx beta yy alpha; read x");
            let found = s
                .expect_with(["alpha", "beta"], by(precedence))
                .await
                .expect("found");
            assert_eq!(found.index, index, "{precedence:?}");
        }
    });
}

#[test]
fn a_shorter_pattern_that_begins_first_wins_over_a_longer_one() {
    run(async {
        let s = sh("echo 'Hello World'; read x");
        let found = s.expect(["Hi", "World", "Hell"]).await.expect("found");
        assert_eq!((found.index, found.matched().as_ref()), (2, "Hell"));
        assert_eq!(s.unmatched().await.expect("kept").text(), "o World\n");
    });
}

// Before, match, after.

#[test]
fn before_match_and_after_are_exact() {
    run(async {
        let s = sh(
            "echo Python 3; printf '>>> '; read x; echo '0, 1, 2, 3, 4, 5, 6, 7, 8'; printf '>>> '; read x",
        );
        let found = s.expect(">>> ").await.expect("a prompt");
        assert_eq!(
            (found.before().as_ref(), found.matched().as_ref()),
            ("Python 3\n", ">>> ")
        );
        s.send_line("range").await.expect("typed");
        s.expect_with(">>> ", peek()).await.expect("all is there");
        let found = s.expect("5").await.expect("a number");
        assert_eq!(
            (
                found.before().as_ref(),
                found.matched().as_ref(),
                found.after().as_ref()
            ),
            ("range\n0, 1, 2, 3, 4, ", "5", ", 6, 7, 8\n>>> ")
        );
        assert_eq!(found.after_bytes, found.after.len() as u64);
        assert_eq!(s.expect(">>> ").await.expect("a prompt").before(), ", 6, 7, 8\n");
    });
}

#[test]
fn positions_count_the_bytes_of_the_stream_from_its_beginning() {
    run(async {
        let s = sh("echo aXbXc; read x");
        let places = [
            s.expect("X").await.expect("one"),
            s.expect("X").await.expect("two"),
        ];
        assert_eq!(
            places.each_ref().map(|found| (found.position, found.end)),
            [(1, 2), (3, 4)]
        );
        assert_eq!(s.expect(re("c$")).await.expect("three").position, 4);
    });
}

/// 500 lines that come in single bytes.
#[test]
fn what_stood_before_a_match_is_whole_however_it_came() {
    run(async {
        let script = "import os,sys\n\
             for b in b''.join(b'Line %d!\\r\\n' % n for n in range(500)) + b'here!!!': os.write(1, bytes([b]))\n\
             sys.stdin.readline()";
        let s = python(script);
        let found = s.expect("here").await.expect("found");
        let lines: Vec<String> = (0..500).map(|n| format!("Line {n}!")).collect();
        assert!(
            found.before().lines().eq(lines.iter().map(String::as_str)),
            "{}",
            found.before()
        );
        s.expect_with("!!!", peek()).await.expect("left");
    });
}

#[test]
fn a_wait_that_fails_takes_nothing_and_cuts_nothing() {
    run(async {
        let gate = Gate::new();
        let s = sh(&format!("seq 1 100; {}; echo DONE; read x", gate.wait()));
        s.expect_with("99\n100\n", peek()).await.expect("printed");
        let error = s.expect_with("DONE", wait(SHORT)).await.expect_err("not yet");
        assert_eq!(error.code(), "timed_out");
        let found = s
            .expect_with(["DONE".into(), Pattern::timeout()], wait(SHORT))
            .await;
        let found = found.expect("the time");
        assert_eq!((found.kind, found.index), (FoundKind::Timeout, 1));
        assert_eq!(found.before().lines().count(), 100);
        gate.open();
        let found = s.expect("DONE").await.expect("found");
        assert_eq!(found.before().lines().count(), 100);
    });
}

#[test]
fn what_is_behind_a_match_stays_for_the_next_wait() {
    run(async {
        let s = sh("echo 'first second third'; read x");
        s.expect_with("third\n", peek()).await.expect("all is there");
        s.expect("first").await.expect("one");
        s.expect("second").await.expect("it came with the first");
        assert_eq!(s.unmatched().await.expect("kept").text(), " third\n");
    });
}

#[test]
fn each_match_takes_itself_alone() {
    run(async {
        let s = sh("echo 'a1 b2 c3'; read x");
        for wanted in ["a1", "b2", "c3"] {
            let found = s.expect(re(r"[a-z]\d")).await.expect("found");
            assert_eq!(found.matched(), wanted);
            assert_eq!(found.captures.len(), 1);
        }
    });
}

/// "hi" twice in "hi…ahi", and no third time.
#[test]
fn a_word_that_is_there_twice_is_found_twice() {
    run(async {
        let s = sh("echo hi; read x; echo ahi; read x; read x");
        s.expect("hi").await.expect("one");
        s.send_line("").await.expect("typed");
        s.expect("hi").await.expect("two");
        s.send_line("").await.expect("typed");
        assert_eq!(
            s.expect_with("hi", wait(SHORT))
                .await
                .expect_err("no third")
                .code(),
            "timed_out"
        );
    });
}

#[test]
fn looking_takes_nothing() {
    run(async {
        let s = sh("echo Hello World; read x");
        for _ in 0..3 {
            let found = s.expect_with(re("lo.*"), peek()).await.expect("seen");
            assert_eq!(
                (found.before().as_ref(), found.matched().as_ref()),
                ("Hel", "lo World")
            );
        }
        assert_eq!(s.unmatched().await.expect("kept").text(), "Hello World\n");
        // No time at all is a look at what is there.
        s.expect_with("Hello", wait(std::time::Duration::ZERO))
            .await
            .expect("there");
        let none = s.expect_with("Nobody", wait(std::time::Duration::ZERO)).await;
        assert_eq!(none.expect_err("not there").code(), "timed_out");
        assert_eq!(s.unmatched().await.expect("kept").text(), " World\n");
    });
}

#[test]
fn what_is_unmatched_can_be_read_and_skipped() {
    run(async {
        let s = sh("echo one; echo two; read x; echo three; read x");
        s.expect_with("two\n", peek()).await.expect("printed");
        assert_eq!(s.unmatched().await.expect("kept").text(), "one\ntwo\n");
        s.skip().await.expect("kept");
        s.send_line("").await.expect("typed");
        assert_eq!(s.expect("three").await.expect("found").before(), "\n");
    });
}

// Kinds of patterns.

#[test]
fn literal_glob_and_regex_mean_what_they_say() {
    run(async {
        let s = sh("echo 'hello.?world'; echo 'permission denied (1)'; echo 2014-03-15; read x");
        let found = s.expect(".?").await.expect("a literal");
        assert_eq!(
            (found.before().as_ref(), found.matched().as_ref()),
            ("hello", ".?")
        );
        let found = s.expect(Pattern::glob("*denied ([0-9])")).await.expect("a glob");
        assert_eq!(found.matched(), "permission denied (1)");
        let found = s
            .expect(re(r"^(\d{4})-(?<month>\d\d)-(\d\d)$"))
            .await
            .expect("a regex");
        assert_eq!(found.group(1).as_deref(), Some("2014"));
        assert_eq!(found.named("month").as_deref(), Some("03"));
        assert_eq!(found.group(9), None);
    });
}

#[test]
fn letters_may_be_taken_as_alike() {
    run(async {
        let s = sh("echo HELLO There GENERAL Grüße; read x");
        s.expect(Pattern::literal("hello").ignore_case())
            .await
            .expect("a literal");
        s.expect(re("(?i)tHERE")).await.expect("a regex");
        s.expect(Pattern::glob("gen?ral").ignore_case())
            .await
            .expect("a glob");
        s.expect(re("GRÜSSE|grÜßE").ignore_case())
            .await
            .expect("beyond ASCII");
        let none = s.expect_with("hello", wait(SHORT)).await;
        assert!(none.is_err());
    });
}

#[test]
fn a_point_is_no_line_end_unless_it_is_asked_for() {
    run(async {
        let s = sh("printf 'one\\ntwo\\nend\\n'; read x");
        s.expect_with("end\n", peek()).await.expect("all is there");
        assert!(s.expect_with(re("one.two"), wait(SHORT)).await.is_err());
        assert_eq!(
            s.expect(re("(?s)one.two")).await.expect("found").matched(),
            "one\ntwo"
        );
    });
}

/// Anchors: the gate-keepers of Tcl scripts, and the ends of lines.
#[test]
fn anchors_are_the_ends_of_lines_and_of_what_is_unmatched() {
    run(async {
        let s = sh("printf 'ab\\ncd\\n$ '; read x");
        s.expect_with("$ ", peek()).await.expect("all is there");
        assert_eq!(
            s.expect_with(re("^c.$"), peek()).await.expect("a line").matched(),
            "cd"
        );
        assert_eq!(
            s.expect_with(re(r"\Aab"), peek())
                .await
                .expect("the start")
                .position,
            0
        );
        assert!(s.expect_with(re(r"\Acd"), wait(SHORT)).await.is_err());
        // The end of the text is the end only when the program has said all it will say.
        let found = s.expect(re(r"\$ \z")).await.expect("a prompt");
        assert_eq!(
            (found.matched().as_ref(), found.settled_by),
            ("$ ", Settled::WaitsForInput)
        );
    });
}

#[test]
fn greedy_and_lazy_patterns_take_what_they_should() {
    run(async {
        let s = sh("echo abc123def456; read x");
        s.expect_with("456\n", peek()).await.expect("all is there");
        assert_eq!(
            s.expect_with(re(r"\d+?"), peek()).await.expect("lazy").matched(),
            "1"
        );
        assert_eq!(
            s.expect_with(re(r"\d+"), peek()).await.expect("greedy").matched(),
            "123"
        );
        assert_eq!(
            s.expect(re(r".*\d")).await.expect("to the line's end").matched(),
            "abc123def456"
        );
    });
}

/// "12", and only when that has been seen, "34": the number is 1234.
#[test]
fn a_number_that_comes_in_two_pieces_is_one_number() {
    run(async {
        let gate = Gate::new();
        let s = sh(&format!("printf 12; {}; printf 34; read x", gate.wait()));
        let mut seen = s.background("12").await.expect("compiled");
        let held = async {
            seen.next().await.expect("12");
            gate.open();
        };
        let (found, ()) = tokio::join!(s.expect(re(r"\d+")), held);
        assert_eq!(found.expect("found").matched(), "1234");
    });
}

/// A count of bytes, as `NBytes` of other libraries.
#[test]
fn a_number_of_characters_can_be_taken() {
    run(async {
        let s = sh("printf abcdefgh");
        for wanted in ["ab", "cd", "ef"] {
            assert_eq!(s.expect(re("(?s).{2}")).await.expect("two").matched(), wanted);
        }
        assert_eq!(
            s.expect(re("(?s).{3}")).await.expect_err("there are two").code(),
            "eof"
        );
        assert_eq!(to_the_end(&s).await.before(), "gh");
    });
}

#[test]
fn lines_can_be_read_one_by_one_to_the_end() {
    run(async {
        let s = sh("seq 1 200; printf tail");
        let mut lines = s.expecting([re(r"[^\n]*\n"), Pattern::eof()]).expect("compiled");
        let mut seen = Vec::new();
        let tail = loop {
            let found = lines.next().await.expect("a line or the end");
            match found.index {
                0 => seen.push(found.matched().trim_end().to_owned()),
                _ => break found,
            }
        };
        assert!(
            seen.iter()
                .map(|n| n.parse::<u32>().expect("a number"))
                .eq(1..=200)
        );
        assert_eq!(tail.before(), "tail");
    });
}

#[test]
fn a_pattern_that_cannot_be_is_refused_before_anything_is_waited_for() {
    run(async {
        let s = sh("read x");
        let error = s
            .expect([Pattern::literal("fine"), re("(broken")])
            .await
            .expect_err("no regex");
        let ExpectError::Pattern(error) = error else {
            panic!("{error}");
        };
        assert_eq!(error.index, 1);
        let error = s.expect(Pattern::glob("[a-")).await.expect_err("no glob");
        assert_eq!(error.code(), "pattern_invalid");
    });
}

// Time and the end.

#[test]
fn time_and_end_are_told_apart() {
    run(async {
        let gate = Gate::new();
        let s = sh(&format!("echo waiting; {}", gate.wait()));
        s.expect("waiting").await.expect("printed");
        assert_eq!(
            s.expect_with("x", wait(SHORT)).await.expect_err("no x").code(),
            "timed_out"
        );
        assert_eq!(
            s.expect_with(Pattern::eof(), wait(SHORT))
                .await
                .expect_err("it lives")
                .code(),
            "timed_out"
        );
        let found = s
            .expect_with([Pattern::eof(), Pattern::timeout()], wait(SHORT))
            .await;
        assert_eq!(found.expect("the time").index, 1);
        gate.open();
        let both = [Pattern::timeout(), Pattern::eof()];
        assert_eq!(s.expect(both).await.expect("the end").index, 1);
        assert_eq!(s.expect("x").await.expect_err("no x").code(), "eof");
    });
}

#[test]
fn an_end_that_nobody_expected_says_what_was_there_instead() {
    run(async {
        let s = sh("echo some text; exit 3");
        let error = s.expect("_Z_XY_XZ").await.expect_err("it is not there");
        let missed = error.missed().expect("a report");
        assert_eq!(
            (error.code(), missed.failure.last_lines.as_slice()),
            ("eof", &["some text".to_owned()][..])
        );
        let report = error.to_string();
        assert!(
            report.contains("_Z_XY_XZ") && report.contains("some text"),
            "{report}"
        );
    });
}

#[test]
fn the_end_can_be_asked_for_again_and_again() {
    run(async {
        let s = sh("echo bye");
        assert_eq!(to_the_end(&s).await.before(), "bye\n");
        for _ in 0..3 {
            assert_eq!(to_the_end(&s).await.before(), "");
        }
    });
}

/// Nothing ends the wait but what it waits for: the test opens the gate after more than one time-out of another wait.
#[test]
fn a_wait_without_a_limit_waits() {
    run(async {
        let gate = Gate::new();
        let s = sh(&format!("{}; echo there; read x", gate.wait()));
        let others = async {
            for _ in 0..3 {
                assert!(s.expect_with("nobody", wait(SHORT)).await.is_err());
            }
            gate.open();
        };
        let (found, ()) = tokio::join!(s.expect_with("there", wait(None)), others);
        found.expect("found");
    });
}

#[test]
fn two_waits_of_one_session_get_what_each_waits_for() {
    run(async {
        let s = sh("read x; echo alpha; echo beta; read x");
        let go = async { s.send_line("").await.expect("typed") };
        let (alpha, beta, ()) = tokio::join!(s.expect_with("alpha", peek()), s.expect("beta"), go);
        assert_eq!(alpha.expect("found").matched(), "alpha");
        assert_eq!(beta.expect("found").matched(), "beta");
    });
}

/// The patterns that are always there, as `expect_before` and `expect_after`, and one that goes on.
#[test]
fn a_question_that_may_come_at_any_time_is_answered_beside_the_wait() {
    run(async {
        let script = "stty -echo; for i in 1 2 3; do printf 'More? '; read x; done; echo prompt; read x";
        let s = sh(script);
        let more = s.before("More? ").await.expect("compiled");
        let mut waits = s.expecting("prompt\n").expect("compiled");
        let mut answered = 0;
        while waits.next().await.expect("one of them").group == ptych::host::expect::Group::Before(more) {
            answered += 1;
            s.send_line("y").await.expect("typed");
        }
        assert_eq!(answered, 3);
    });
}

#[test]
fn quiet_is_a_pattern() {
    run(async {
        let s = sh("echo one; read x; echo two; read x");
        s.expect("one\n").await.expect("printed");
        let found = s
            .expect([Pattern::literal("two"), Pattern::quiet(SHORT)])
            .await
            .expect("nothing came");
        assert_eq!((found.index, found.kind), (1, FoundKind::Quiet));
        s.send_line("").await.expect("typed");
        let found = s
            .expect([Pattern::literal("two"), Pattern::quiet(LONG)])
            .await
            .expect("printed");
        assert_eq!(found.index, 0);
    });
}

// Echo.

/// Four copies with the terminal's echo, two without.
#[test]
fn echo_is_the_terminals_and_can_be_asked() {
    run(async {
        let s = sh("cat & exec 3<&0; wait");
        drop(s);
        let s = spawn(["cat"]);
        s.send_line("1234").await.expect("typed");
        for _ in 0..2 {
            s.expect("1234\n").await.expect("echo and copy");
        }
        assert_eq!(s.tty().await.expect("alive").echo, Some(true));
        let s = quiet_cat().await;
        s.send_line("1234").await.expect("typed");
        s.expect("1234\n").await.expect("the copy");
        assert_eq!(s.tty().await.expect("alive").echo, Some(false));
        s.send_line("next").await.expect("typed");
        assert_eq!(s.expect("next\n").await.expect("the copy").before(), "");
    });
}

/// What was typed is no proof that it was done: the echo is matched only when it is asked for.
#[test]
fn the_echo_of_a_command_can_be_told_from_its_output() {
    run(async {
        let s = sh("printf '$ '; read line; eval \"$line\"; printf '$ '; read x");
        s.expect("$ ").await.expect("a prompt");
        s.send_line("echo STEP_DONE").await.expect("typed");
        let found = s.expect(re("^STEP_DONE$")).await.expect("the output");
        assert_eq!(found.before(), "echo STEP_DONE\n");
    });
}

// Bytes.

#[test]
fn bytes_as_they_came_can_be_matched() {
    run(async {
        let s = spawn_with(
            ["sh", "-c", "printf 'a\\r\\n\\033[1mb\\033[m\\0c'; read x"],
            raw(),
        );
        let found = s.expect(re(r"\x00c")).await.expect("a NUL");
        assert_eq!(found.before, b"a\r\r\n\x1b[1mb\x1b[m");
    });
}

#[test]
fn nul_bytes_are_no_text() {
    run(async {
        let s = sh("printf 'a\\0b\\0\\0c'; read x");
        assert_eq!(s.expect("abc").await.expect("text").position, 0);
    });
}

/// A session is used by asynchronous and by waiting code in turn.
#[test]
fn waiting_and_asynchronous_calls_take_turns() {
    use ptych::blocking;
    let s = blocking::Session::spawn(
        ["sh", "-c", "printf 1234; read x"],
        crate::expect_support::options(),
    );
    let s = s.expect("started");
    assert_eq!(
        blocking::block_on(s.inner().expect("1")).expect("one").position,
        0
    );
    assert_eq!(s.expect("2").expect("two").position, 1);
    let inner: &Session = s.inner();
    assert_eq!(blocking::block_on(inner.expect("3")).expect("three").position, 2);
}
