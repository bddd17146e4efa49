//! Expect-style automation through a session: what is typed, what is found, how it ends.

use std::time::{Duration, Instant};

use ptych::engine::term::Size;
use ptych::engine::tty::Exit;
use ptych::host::expect::{FoundKind, Group, Pattern, Precedence, Settled, WaitOptions};
use ptych::host::{Coded as _, ExpectError, Options, Secret, SendError, Session, StopOptions, expect_any};

use crate::support::run;

/// A wait that is only there so that a broken test ends.
const LONG: Duration = Duration::from_secs(20);

fn sh(script: &str) -> Session {
    spawn(["sh", "-c", script])
}

fn python(script: &str) -> Session {
    spawn(["python3", "-c", script])
}

fn spawn<const N: usize>(command: [&str; N]) -> Session {
    Session::spawn(command, Options::default()).expect("started")
}

fn long(options: WaitOptions) -> WaitOptions {
    WaitOptions {
        timeout: Some(LONG),
        ..options
    }
}

fn peeking(session: &Session) -> WaitOptions {
    WaitOptions {
        peek: true,
        ..session.wait_options().expect("followed")
    }
}

#[test]
fn a_dialogue() {
    run(async {
        let s = sh("printf 'name: '; read n; printf 'age: '; read a; echo \"$n is $a\"; exit 3");
        s.expect("name: ").await.expect("asked");
        s.send_line("Ada").await.expect("typed");
        s.expect("age: ").await.expect("asked");
        s.send_line("36").await.expect("typed");
        let found = s
            .expect(Pattern::regex(r"(?<who>\w+) is (\d+)\n"))
            .await
            .expect("answered");
        assert_eq!(found.named("who").as_deref(), Some("Ada"));
        assert_eq!(found.group(2).as_deref(), Some("36"));
        assert_eq!(found.before(), "36\n");
        let end = s.expect(Pattern::eof()).await.expect("ended");
        assert_eq!((end.kind, end.before().as_ref()), (FoundKind::Eof, ""));
        assert_eq!(s.wait().await.exit, Exit::Code(3));
    });
}

/// The order of the patterns, the group, what is left for the next wait.
#[test]
fn several_patterns_and_what_is_left() {
    run(async {
        let s = sh("echo xx beta yy alpha zz; read x");
        let found = s.expect(["alpha", "beta"]).await.expect("found");
        assert_eq!((found.index, found.before().as_ref()), (1, "xx "));
        for _ in 0..2 {
            let peeked = s.expect_with("alpha", peeking(&s)).await.expect("found");
            assert_eq!(peeked.before(), " yy ");
        }
        assert_eq!(s.expect("alpha").await.expect("found").group, Group::Own);
        assert_eq!(s.unmatched().await.expect("followed").text(), " zz\n");
        s.skip().await.expect("followed");
        assert_eq!(s.unmatched().await.expect("followed").text(), "");

        let s = sh("echo xx beta yy alpha zz; read x");
        let listed = WaitOptions {
            precedence: Precedence::Listed,
            ..long(s.wait_options().expect("followed"))
        };
        let found = s.expect_with(["alpha", "beta"], listed).await.expect("found");
        assert_eq!(found.index, 0);
    });
}

#[test]
fn a_greedy_match_waits_for_the_tool_to_be_done() {
    run(async {
        let s = sh("printf 12; sleep 0.3; printf 34; read x");
        let found = s.expect(Pattern::regex(r"\d+")).await.expect("found");
        assert_eq!(
            (found.matched().as_ref(), found.settled_by),
            ("1234", Settled::WaitsForInput)
        );
    });
}

#[test]
fn a_prompt_that_nothing_can_change_is_told_at_once() {
    run(async {
        let s = sh("printf '>>> '; sleep 60");
        let found = s.expect(">>> ").await.expect("found");
        assert_eq!(found.settled_by, Settled::AtOnce);
    });
}

#[test]
fn the_report_of_a_failed_wait_says_everything() {
    run(async {
        let s = sh("echo one; printf 'passwort: '; read x");
        s.expect("one\n").await.expect("found");
        let options = WaitOptions {
            timeout: Some(Duration::from_millis(50)),
            ..s.wait_options().expect("followed")
        };
        let error = s
            .expect_with(["password: ", "denied"], options)
            .await
            .expect_err("nothing like it");
        assert_eq!(error.code(), "timed_out");
        let missed = error.missed().expect("a report");
        assert_eq!(missed.failure.last_lines, ["passwort: "]);
        assert_eq!(missed.screen[1], "passwort:");
        let report = error.to_string();
        for part in [
            "not within 0.05",
            "sh -c echo one;",
            "\n  \"password: \"",
            "\n  \"denied\"",
            "unmatched output, 10 bytes",
            "\n  | passwort: ",
            "the screen, cursor in row 2 column 11:\n  | one\n  | passwort:",
        ] {
            assert!(report.contains(part), "lacks {part:?}:\n{report}");
        }
        s.send_line("").await.expect("typed");
        let error = s.expect("x").await.expect_err("it has ended");
        assert!(
            matches!(&error, ExpectError::Eof(missed) if missed.failure.unmatched_bytes > 0),
            "{error}"
        );
        assert!(
            error.to_string().contains("(it has ended: exit code 0)"),
            "{error}"
        );
    });
}

#[test]
fn a_session_that_is_not_followed_says_so() {
    run(async {
        let s = crate::host_support::start(crate::host_support::shell().into());
        let error = s.expect("x").await.expect_err("not followed");
        assert_eq!(error.code(), "not_followed");
        assert!(error.hint().is_some());
    });
}

/// 20,000 lines and the end in one go: not one may be missing, and the end is told behind them.
#[test]
fn nothing_is_lost_at_the_end() {
    run(async {
        for _ in 0..5 {
            let s = spawn(["seq", "1", "20000"]);
            let found = s.expect(Pattern::eof()).await.expect("the end");
            let numbers: Vec<u32> = found
                .before()
                .lines()
                .map(|n| n.parse().expect("a number"))
                .collect();
            assert!(numbers.iter().copied().eq(1..=20_000), "{} lines", numbers.len());
            assert_eq!(s.wait().await.exit, Exit::Code(0));
        }
    });
}

#[test]
fn output_after_the_exit_has_been_asked_for_is_found_all_the_same() {
    run(async {
        let s = sh("echo first; echo last");
        assert_eq!(s.wait().await.exit, Exit::Code(0));
        s.expect("first").await.expect("kept");
        s.expect("last").await.expect("kept");
        assert_eq!(s.expect("more").await.expect_err("nothing").code(), "eof");
    });
}

#[test]
fn a_tool_that_closes_its_terminal_is_at_its_end_before_it_exits() {
    run(async {
        let s = sh("echo bye; exec 0<&- 1>&- 2>&-; sleep 0.4; exit 7");
        let begun = Instant::now();
        let found = s.expect(Pattern::eof()).await.expect("closed");
        assert_eq!(found.before(), "bye\n");
        assert!(
            begun.elapsed() < Duration::from_millis(390),
            "{:?}",
            begun.elapsed()
        );
        assert_eq!(s.wait().await.exit, Exit::Code(7));
    });
}

#[test]
fn continuing_uses_up_the_time_and_fresh_gives_it_back() {
    run(async {
        let s = sh("for i in 1 2 3; do echo tick $i; done; read x");
        let mut ticks = s
            .expecting([Pattern::regex(r"tick \d\n"), Pattern::timeout()])
            .expect("compiled")
            .timeout(Duration::from_millis(400));
        let begun = Instant::now();
        for _ in 0..3 {
            assert_eq!(ticks.next().await.expect("a tick").index, 0);
        }
        assert_eq!(ticks.next().await.expect("the time").kind, FoundKind::Timeout);
        let first = begun.elapsed();
        assert!(first >= Duration::from_millis(400), "{first:?}");
        assert_eq!(
            ticks.next().await.expect("no time is left").kind,
            FoundKind::Timeout
        );
        assert!(begun.elapsed() < first + Duration::from_millis(300));
        assert_eq!(
            ticks.fresh().next().await.expect("the time").kind,
            FoundKind::Timeout
        );
        assert!(begun.elapsed() >= first + Duration::from_millis(400));
    });
}

#[test]
fn patterns_before_and_after_and_in_the_background() {
    run(async {
        let s = sh("read x; echo warning: hot; echo done; read x; echo warning: cold; echo done; read x");
        let mut warnings = s
            .background(Pattern::regex(r"warning: (\w+)\n"))
            .await
            .expect("compiled");
        let before = s.before("fatal").await.expect("compiled");
        let after = s.after(Pattern::eof()).await.expect("compiled");
        for _ in 0..2 {
            s.send_line("").await.expect("typed");
            assert_eq!(s.expect("done").await.expect("found").group, Group::Own);
        }
        let heard: Vec<_> = std::iter::from_fn(|| warnings.try_next()).collect();
        let heard: Vec<_> = heard.iter().filter_map(|found| found.group(1)).collect();
        assert_eq!(heard, ["hot", "cold"]);
        s.send_line("").await.expect("typed");
        let found = s.expect("never").await.expect("the end is a pattern");
        assert_eq!((found.group, found.index), (Group::After(after), 0));
        s.forget(before).await.expect("alive");
        s.forget(after).await.expect("alive");
        assert!(s.expect("never").await.is_err());
    });
}

#[test]
fn of_several_sessions_only_the_one_that_is_told_is_taken_from() {
    run(async {
        let one = sh("read x; echo go; read x");
        let two = sh("echo go; read x");
        let go = two.patterns("go\n").expect("compiled");
        let options = two.wait_options().expect("followed");
        let waits = [(&one, go.clone()), (&two, go.clone())];
        assert_eq!(expect_any(&waits, options).await.expect("found").0, 1);
        one.send_line("").await.expect("typed");
        assert_eq!(expect_any(&waits, options).await.expect("found").0, 0);
        let short = WaitOptions {
            timeout: Some(Duration::from_millis(30)),
            ..options
        };
        let error = expect_any(&waits, short).await.expect_err("neither");
        assert_eq!(error.code(), "timed_out");
        one.stop(StopOptions::NOW).await;
        two.send_line("").await.expect("typed");
        let error = expect_any(&waits, options).await.expect_err("both have ended");
        assert_eq!(error.code(), "eof");
    });
}

/// A wait whose future is dropped takes nothing.
#[test]
fn a_wait_that_is_given_up_is_withdrawn() {
    run(async {
        let s = sh("read x; echo ok; read x");
        let given_up = tokio::time::timeout(Duration::from_millis(30), s.expect("ok")).await;
        assert!(given_up.is_err());
        s.send_line("").await.expect("typed");
        s.expect("ok").await.expect("still there");
    });
}

/// The match was told in the same moment in which its caller went.
#[test]
fn a_match_that_nobody_took_is_found_again() {
    run(async {
        let s = sh("echo ok; read x; echo ok; read x");
        for _ in 0..2 {
            s.expect_with("k\n", peeking(&s)).await.expect("printed");
            let mut given_up = Box::pin(s.expect("k\n"));
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            let ready = Future::poll(given_up.as_mut(), &mut cx).is_ready();
            assert!(!ready, "it has to ask the task first");
            // The task answers both.
            s.tty().await.expect("alive");
            drop(given_up);
            s.expect("k\n").await.expect("found again");
            s.send_line("").await.expect("typed");
        }
    });
}

#[test]
fn unmatched_output_is_kept_up_to_a_bound_and_what_is_dropped_is_told() {
    use ptych::engine::event::EventKind;
    run(async {
        let follow = ptych::host::Follow {
            keep_bytes: 1000,
            ..Default::default()
        };
        let options = Options {
            follow: Some(follow),
            ..Options::default()
        };
        let s =
            Session::spawn(["sh", "-c", "read x; seq 1 1000; echo end; read x"], options).expect("started");
        let (_, mut events) = s.events().await.expect("alive");
        s.send_line("").await.expect("typed");
        let found = s.expect("end").await.expect("found");
        assert!(found.before.len() < 1000, "{}", found.before.len());
        let all = 1
            + (1..=1000)
                .map(|n: u32| n.to_string().len() as u64 + 1)
                .sum::<u64>();
        assert_eq!(found.truncated_bytes + found.before.len() as u64, all);
        assert!(found.before().ends_with("\n999\n1000\n"));
        let mut dropped = 0;
        while let Ok(event) = events.try_recv() {
            if let EventKind::OutputDropped { bytes } = event.kind {
                dropped += bytes;
            }
        }
        assert_eq!(dropped, found.truncated_bytes);
    });
}

const KEYS: &str = r"
import os, sys, tty
tty.setraw(0)
sys.stdout.write(sys.argv[1] + 'ready')
sys.stdout.flush()
seen = b''
while not seen.endswith(b'q'):
    seen += os.read(0, 64)
print(seen.hex(), end='!')
";

fn keys(modes: &str) -> Session {
    spawn(["python3", "-c", KEYS, modes])
}

#[test]
fn keys_are_sent_in_the_modes_in_force() {
    run(async {
        for (modes, wanted) in [
            ("", "1b5b411b5b313b3543031b5b31357e35"),
            ("\x1b[?1h\x1b=", "1b4f411b5b313b3543031b5b31357e1b4f75"),
        ] {
            let s = keys(modes);
            s.expect("ready").await.expect("raw");
            for key in ["up", "ctrl-right", "ctrl-c", "f5", "kp-5"] {
                s.send_key(key).await.expect("a key");
            }
            s.send_keys("q").await.expect("typed");
            let found = s.expect(Pattern::regex(r"([0-9a-f]+)!")).await.expect("hex");
            assert_eq!(
                found.group(1).as_deref(),
                Some(&*format!("{wanted}71")),
                "{modes:?}"
            );
        }
        let s = sh("read x");
        let error = s.send_key("entr").await.expect_err("no key");
        assert_eq!(error.code(), "no_such_key");
    });
}

#[test]
fn a_paste_is_marked_only_for_tools_that_want_it() {
    run(async {
        for (modes, wanted) in [
            ("", "610d6271"),
            ("\x1b[?2004h", "1b5b3230307e610d62711b5b3230317e"),
        ] {
            let s = keys(modes);
            s.expect("ready").await.expect("raw");
            s.paste("a\nbq").await.expect("typed");
            if !modes.is_empty() {
                s.send("q").await.expect("typed");
            }
            let found = s.expect(Pattern::regex(r"([0-9a-f]+)!")).await.expect("hex");
            assert!(found.group(1).expect("hex").starts_with(wanted), "{found:?}");
        }
    });
}

/// Echo goes off 80 ms after the prompt: what is typed before would be shown.
#[test]
fn a_secret_waits_until_it_is_not_shown_and_is_seen_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let cast = folder.path().join("s.cast");
    let log = folder.path().join("s.log");
    run(async {
        let script = "printf 'Password: '; sleep 0.08; stty -echo; read p; stty echo; \
                      if [ \"$p\" = tr0ub4dor ]; then echo; echo welcome; fi; read x";
        let options = Options {
            record: Some(ptych::host::RecordOptions::new(&cast)),
            ..Options::default()
        };
        let s = Session::spawn(["sh", "-c", script], options).expect("started");
        let tap = ptych::host::expect::LogFile::append(&log)
            .expect("a file")
            .with_input();
        s.log(tap).await.expect("alive");
        s.expect("Password: ").await.expect("asked");
        let secret = Secret::new("tr0ub4dor");
        s.send_secret(&secret).await.expect("typed");
        s.expect("welcome").await.expect("it was right");
        assert!(!format!("{secret:?}").contains("tr0"));
        s.stop(StopOptions::NOW).await;
    });
    for file in [&cast, &log] {
        let text = std::fs::read_to_string(file).expect("written");
        assert!(!text.contains("tr0ub4dor"), "{text}");
        assert!(text.contains("*********"), "{text}");
    }
}

#[test]
fn a_secret_is_not_typed_where_it_would_be_shown() {
    run(async {
        let s = sh("printf 'name: '; read x; echo got $x; read x");
        s.expect("name: ").await.expect("asked");
        let within = Duration::from_millis(60);
        let error = s
            .send_secret_within(&Secret::new("hush"), within)
            .await
            .expect_err("echo is on");
        assert!(
            matches!(error, SendError::EchoOn { waited } if waited >= within),
            "{error}"
        );
        s.send_line("me").await.expect("typed");
        assert_eq!(s.expect("got me\n").await.expect("found").before(), "me\n");
    });
}

#[test]
fn the_end_of_input_reaches_tools_that_read_lines_and_is_refused_for_others() {
    run(async {
        let s = spawn(["cat"]);
        s.send("begun").await.expect("typed");
        s.send_eof().await.expect("it reads lines");
        s.expect("begunbegun").await.expect("copied");
        assert_eq!(s.wait().await.exit, Exit::Code(0));
        assert_eq!(s.send("x").await, Err(SendError::Exited));

        let s = keys("");
        s.expect("ready").await.expect("raw");
        assert_eq!(s.send_eof().await, Err(SendError::NotCanonical));
    });
}

#[test]
fn a_line_that_the_terminal_would_cut_is_refused() {
    run(async {
        let s = sh("stty -echo; echo ready; read x; echo ${#x}; read x");
        s.expect("ready").await.expect("set up");
        let refused = s.send_line("x".repeat(4096)).await;
        assert_eq!(
            refused,
            Err(SendError::LineTooLong {
                bytes: 4096,
                limit: 4095
            })
        );
        s.send_line("x".repeat(4095)).await.expect("it fits");
        s.expect("4095\n").await.expect("all of it");
    });
}

/// 244 KB in lines to a program that echoes and copies: nobody reads but we, and nothing is lost either way.
#[test]
fn a_large_burst_neither_hangs_nor_loses() {
    run(async {
        // Without echo, which the kernel drops when it comes faster than it is read: it is no acknowledgement.
        let s = spawn(["sh", "-c", "stty -echo && echo set up && exec cat"]);
        s.expect("set up\n").await.expect("set up");
        for n in 0..4000 {
            s.send_line(format!("{n:060}")).await.expect("queued");
        }
        s.send_line("end").await.expect("queued");
        let options = long(s.wait_options().expect("followed"));
        let found = s.expect_with("end\n", options).await.expect("all of it");
        assert_eq!(found.before().lines().count(), 4000);
    });
}

#[test]
fn input_that_nobody_reads_waits_and_is_reported() {
    run(async {
        let s = python(
            "import sys, time, tty; tty.setcbreak(0); print('ready', flush=True); time.sleep(0.7); \
                        n = 0\nwhile n < 300_000: n += len(sys.stdin.buffer.read1())\nprint('took', n)",
        );
        s.expect("ready").await.expect("set up");
        s.send("x".repeat(300_000)).await.expect("queued");
        let error = s
            .flush(Duration::from_millis(100))
            .await
            .expect_err("it does not read");
        assert!(
            matches!(error, SendError::NotTaken { pending_bytes, .. } if pending_bytes > 0),
            "{error}"
        );
        assert!(s.pending_input_bytes() > 0);
        let short = WaitOptions {
            timeout: Some(Duration::from_millis(50)),
            ..s.wait_options().expect("followed")
        };
        let error = s.expect_with("took", short).await.expect_err("not yet");
        assert!(
            error
                .to_string()
                .contains("bytes of input are still to be read: the tool has not read for"),
            "{error}"
        );
        s.expect("took 300000").await.expect("nothing was lost");
        s.flush(LONG).await.expect("all was taken");
    });
}

#[test]
fn slow_and_human_typing_arrive_whole() {
    run(async {
        let s = sh("read x; echo [$x]; read x; echo [$x]; read x");
        let slow = ptych::host::expect::Slow {
            chunk: 2,
            pause: Duration::from_millis(2),
        };
        s.send_slow("häl lo\r", slow).await.expect("typed");
        s.expect("[häl lo]").await.expect("whole");
        let human = ptych::host::expect::Human {
            words_per_minute: 5_000.0,
            ..Default::default()
        };
        s.send_human("hi there\r", human).await.expect("typed");
        s.expect("[hi there]").await.expect("whole");
    });
}

#[test]
fn the_terminals_flags_can_be_asked() {
    run(async {
        let s = sh("stty -echo; echo ready; read x");
        s.expect("ready").await.expect("set up");
        let tty = s.tty().await.expect("alive");
        assert_eq!((tty.echo, tty.canonical), (Some(false), Some(true)));
    });
}

#[test]
fn the_screen_may_be_waited_for() {
    use ptych::host::expect::ScreenCondition;
    run(async {
        let s = sh("printf '\\033[2J\\033[5;10Hmenu> '; read x");
        let menu = ScreenCondition::cursor_line("menu> $").expect("a condition");
        let found = s.expect(menu).await.expect("shown");
        assert_eq!(found.kind, FoundKind::Screen);
    });
}

#[test]
fn words_reach_the_program_as_they_are() {
    run(async {
        let s = spawn(["printf", "%s|", "{cwd}", "{files}", "a b", ""]);
        let found = s.expect(Pattern::eof()).await.expect("the end");
        assert_eq!(found.before(), "{cwd}|{files}|a b||");
    });
}

#[test]
fn a_framed_turn_takes_its_text() {
    run(async {
        let options = Options {
            follow: Some(Default::default()),
            ..Options::default()
        };
        let s = Session::start(crate::host_support::shell().into(), options).expect("started");
        let response = s.ask("echo framed").await.expect("answered");
        assert_eq!(response.text, "framed");
        assert_eq!(s.unmatched().await.expect("followed").text(), "");
        s.send_line("echo fol''lowed").await.expect("typed");
        s.expect("followed\n").await.expect("found");
        s.expect(Pattern::ready()).await.expect("at its prompt");
        assert_eq!(s.ask("echo again").await.expect("answered").text, "again");
    });
}

/// The example in a terminal of ours, as a person would use it.
async fn handed_over() -> Session {
    let example = crate::examples::built().join("hand_over");
    let options = Options {
        size: Some(Size { cols: 90, rows: 30 }),
        ..Options::default()
    };
    let person = Session::spawn([example.to_string_lossy()], options).expect("started");
    person.expect("yours> ").await.expect("handed over");
    person
}

async fn is_cooked(session: &Session) -> bool {
    let tty = session.tty().await.expect("alive");
    (tty.echo, tty.canonical) == (Some(true), Some(true))
}

#[test]
fn a_person_gets_the_session_and_gives_it_back() {
    run(async {
        let person = handed_over().await;
        assert!(!is_cooked(&person).await, "raw while it lasts");
        person
            .send_line("stty size; echo $((6 * 7))")
            .await
            .expect("typed");
        person
            .expect("\n30 90\n42\n")
            .await
            .expect("the size is the person's");
        person.resize(Size { cols: 100, rows: 20 }).await.expect("alive");
        loop {
            person.send_line("stty size").await.expect("typed");
            let size = person
                .expect(Pattern::regex(r"\n(\d+ \d+)\n"))
                .await
                .expect("a size");
            if size.group(1).as_deref() == Some("20 100") {
                break;
            }
        }
        // ctrl-c is the tool's.
        person.send_line("sleep 60").await.expect("typed");
        person.expect("sleep 60").await.expect("echoed");
        person.send_key("ctrl-c").await.expect("typed");
        person.expect("yours> ").await.expect("alive");
        person.send_key("ctrl-]").await.expect("typed");
        person
            .expect("back: the keys were typed")
            .await
            .expect("given back");
        assert_eq!(person.wait().await.exit, Exit::Code(0));
    });
}

#[test]
fn a_word_takes_the_session_back_and_what_was_printed_is_shown() {
    run(async {
        let person = handed_over().await;
        person
            .send_line("echo shown; echo take it ba''ck; sleep 60")
            .await
            .expect("typed");
        let found = person.expect("back: the words came").await.expect("taken back");
        assert!(
            found.before().contains("\nshown\ntake it back\n"),
            "{}",
            found.before()
        );
        let person = handed_over().await;
        person.send_line("exit").await.expect("typed");
        person.expect("back: the shell has ended").await.expect("ended");
    });
}

/// Whatever ends the hand-over, the person's terminal is as it was.
#[test]
fn the_terminal_is_put_back() {
    run(async {
        let example = crate::examples::built().join("hand_over");
        for end in ["ctrl-]", "ctrl-d"] {
            let script = format!("{}; echo over; read x", example.display());
            let person = spawn(["sh", "-c", &script]);
            person.expect("yours> ").await.expect("handed over");
            person.send_key(end).await.expect("typed");
            person.expect("over\n").await.expect("given back");
            assert!(is_cooked(&person).await, "{end}");
        }
    });
}

/// More than the terminal takes: the tool is held up and nothing is lost.
#[test]
fn a_slow_terminal_slows_the_tool_down() {
    run(async {
        let person = handed_over().await;
        person
            .send_line("seq 1 300000; echo all''done")
            .await
            .expect("typed");
        let options = long(person.wait_options().expect("followed"));
        let found = person.expect_with("alldone", options).await.expect("all of it");
        let lines: Vec<_> = found
            .before()
            .lines()
            .filter_map(|line| line.parse::<u32>().ok())
            .collect();
        assert!(lines.iter().copied().eq(1..=300_000), "{} lines", lines.len());
    });
}

#[test]
fn without_a_runtime() {
    use ptych::blocking;
    let s = blocking::Session::spawn(
        ["sh", "-c", "printf '? '; read x; echo got $x; read x"],
        Options::default(),
    )
    .expect("started");
    s.expect("? ").expect("asked");
    s.send_line("it").expect("typed");
    let mut lines = s.expecting(Pattern::regex(r".*\n")).expect("compiled");
    assert_eq!(lines.next().expect("the echo").matched(), "it\n");
    assert_eq!(lines.next().expect("the answer").matched(), "got it\n");
    let other = blocking::Session::spawn(["cat"], Options::default()).expect("started");
    other.send_line("x").expect("typed");
    let waits = [
        (&s, s.patterns("y").expect("p")),
        (&other, s.patterns("x\nx\n").expect("p")),
    ];
    let options = s.wait_options().expect("followed");
    assert_eq!(blocking::expect_any(&waits, options).expect("found").0, 1);
    let pid = other.pid();
    drop(other);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    s.send_line("").expect("typed");
    assert_eq!(s.wait().exit, Exit::Code(0));
}
