//! From the terminal's bytes to the text that is matched: any split, escape sequences, characters, line ends, wraps, large streams.

use std::time::Duration;

use ptych::engine::tty::Exit;
use ptych::host::expect::{Follow, Pattern};
use ptych::host::{Options, Session};

use crate::expect_support::{
    Gate, LONG, follow, options, peek, python, raw, re, sh, spawn, spawn_with, to_the_end, wait,
};
use crate::support::run;

/// Writes `text` (a Python bytes literal) in pieces of `sizes`, again and again, with a look at the clock between pieces so that reads are cut.
fn in_pieces(text: &str, sizes: &str) -> Session {
    python(&format!(
        "import os,sys,time,itertools\n\
         text={text}\n\
         at=0\n\
         for size in itertools.cycle({sizes}):\n\
         \x20   if at>=len(text): break\n\
         \x20   os.write(1,text[at:at+size]); at+=size; time.sleep(0)\n\
         sys.stdin.readline()"
    ))
}

/// A dialogue's worth of bytes: words that repeat, colours, a wide character, an overlong word that begins like the pattern.
const STREAM: &str = r"b'\x1b[1;32mlog\x1b[0min: \xe6\xbc\xa2\xe5\xad\x97\r\nPassPassPassword: \r\n\x1b]0;title: Password\x07aaab\r\n\x1b[?2004h$ '";

#[test]
fn any_split_of_the_output_gives_the_same_matches() {
    run(async {
        for sizes in ["[1]", "[2]", "[3]", "[5,1,7]", "[4096]"] {
            let s = in_pieces(STREAM, sizes);
            let found = s.expect("login: ").await.expect("coloured in its middle");
            assert_eq!(found.position, 0, "{sizes}");
            s.expect("漢字\n").await.expect("characters of three bytes");
            let found = s
                .expect(["Password: ", "title"])
                .await
                .expect("it begins twice in vain");
            assert_eq!((found.index, found.before().as_ref()), (0, "PassPass"), "{sizes}");
            let found = s.expect(re("a+b")).await.expect("greedy");
            assert_eq!(
                (found.before().as_ref(), found.matched().as_ref()),
                ("\n", "aaab"),
                "{sizes}"
            );
            let found = s.expect(re(r"^\$ ")).await.expect("a prompt");
            assert_eq!((found.before().as_ref(), found.position), ("\n", 38), "{sizes}");
        }
    });
}

/// A prompt in two writes, the second only when the first has been seen.
#[test]
fn a_prompt_that_comes_in_two_reads_is_found() {
    run(async {
        let gate = Gate::new();
        let s = sh(&format!(
            "printf 'user@ho'; {}; printf 'st:~$ '; read x",
            gate.wait()
        ));
        let mut seen = s.background("user@ho").await.expect("compiled");
        let held = async {
            seen.next().await.expect("a half");
            gate.open();
        };
        let (found, ()) = tokio::join!(s.expect(re(r"\w+@\w+:~\$ ")), held);
        assert_eq!(found.expect("found").matched(), "user@host:~$ ");
    });
}

/// Each byte of a coloured, bracketed prompt by itself.
#[test]
fn escape_sequences_are_never_matched() {
    run(async {
        let script = r#"printf '\033[?2004h\033[1;31muser\033[0m@\033[38;2;1;2;3mhost\033[m:\033[4m~\033[24m$ '; read x;
            printf '\033[?2004l\r'; echo output;
            printf '\033]0;fake$ title\007\033]133;A\033\\\033P1;2qfake$ image\033\\\033[31m$ '; read x"#;
        let s = sh(script);
        let found = s.expect("user@host:~$ ").await.expect("a prompt in one piece");
        assert_eq!(found.position, 0);
        s.send_line("").await.expect("typed");
        let found = s.expect("$ ").await.expect("the next prompt");
        assert_eq!(found.before(), "\noutput\n");
        for codes in ["[", "2004", "fake", "38;2", "\u{1b}"] {
            let s = sh(r#"printf '\033[?2004h\033[38;2;1;2;3mtext\033[m\033]0;fake\007\033[2K!'"#);
            let end = s
                .expect([Pattern::literal(codes), Pattern::eof()])
                .await
                .expect("the end");
            assert_eq!((end.index, end.before().as_ref()), (1, "text!"), "{codes:?}");
        }
    });
}

#[test]
fn the_escape_sequences_are_there_for_whoever_wants_the_bytes() {
    run(async {
        let s = spawn_with(["printf", "\\033[31mred\\033[m"], raw());
        assert_eq!(to_the_end(&s).await.before, b"\x1b[31mred\x1b[m");
    });
}

#[test]
fn line_ends_are_one_character_whatever_the_terminal_made_of_them() {
    run(async {
        let s = sh(r"stty -opost; printf 'a\r\nb\nc\r\r\nd\te'; read x");
        assert_eq!(
            s.expect(re("(?s)a.*e")).await.expect("text").matched(),
            "a\nb\nc\nd\te"
        );
    });
}

/// A progress bar overwrites its line by lone carriage returns.
#[test]
fn a_progress_bar_is_lines_apart() {
    run(async {
        let s = sh(r"stty -opost; printf '10%%\r20%%\r100%%\r\ndone\r\n'; read x");
        let found = s.expect("done").await.expect("found");
        assert_eq!(found.before(), "10%\r20%\r100%\n");
    });
}

/// Text at two places of the screen is not one word.
#[test]
fn a_cursor_that_jumps_parts_words() {
    run(async {
        let s = sh(r"printf 'pass\033[5;1Hword: \033[20Cleft'; read x");
        let end = s.expect("left").await.expect("printed");
        assert!(!format!("{}left", end.before()).contains("password"), "{end:?}");
        assert_eq!(end.before(), "pass\nword:  ");
    });
}

/// A line editor wraps what it echoes at the terminal's edge.
#[test]
fn the_echo_of_a_long_line_is_one_line() {
    run(async {
        let program = "import readline; x = input('> '); print(len(x)); input('> ')";
        let options = Options {
            size: Some(ptych::engine::term::Size { cols: 80, rows: 24 }),
            ..options()
        };
        let s = spawn_with(["python3", "-c", program], options);
        s.expect("> ").await.expect("a prompt");
        let long: String = (0..40).map(|n| format!("{n:04}-")).collect();
        // To the last column, so that the editor wraps there.
        let (row, rest) = long.split_at(78);
        s.send(row).await.expect("typed");
        s.expect_with(row, peek()).await.expect("echoed");
        s.send_line(rest).await.expect("typed");
        let found = s.expect("\n200\n").await.expect("all of it");
        assert_eq!(found.before(), long);
    });
}

// Characters.

#[test]
fn a_character_that_two_reads_cut_is_one_character() {
    run(async {
        let gate = Gate::new();
        let script = format!(
            "printf 'h\\303'; {}; printf '\\251llo w\\303\\266rld'; read x",
            gate.wait()
        );
        let s = sh(&script);
        let mut seen = s.background("h").await.expect("compiled");
        let held = async {
            seen.next().await.expect("the first half");
            gate.open();
        };
        let (found, ()) = tokio::join!(s.expect("héllo"), held);
        assert_eq!(found.expect("found").position, 0);
        assert_eq!(
            s.expect(re(r"\bw.rld"))
                .await
                .expect("a point is a character")
                .matched(),
            "wörld"
        );
    });
}

/// Bytes that are no text neither end a wait nor move what is behind them.
#[test]
fn bytes_that_are_no_characters_lose_nothing() {
    run(async {
        let s = sh(r"printf 'a\377\377\377bEND tail\n'; read x");
        let found = s.expect("END").await.expect("found");
        assert_eq!(
            (found.before().as_ref(), found.matched().as_ref()),
            ("a\u{fffd}\u{fffd}\u{fffd}b", "END")
        );
        assert_eq!(s.expect("tail\n").await.expect("found").before(), " ");
        let s = spawn_with(["printf", "a\\377\\377\\377bEND tail"], raw());
        assert_eq!(s.expect("END").await.expect("found").before, b"a\xff\xff\xffb");
    });
}

#[test]
fn what_is_typed_may_be_any_text() {
    run(async {
        let s = sh("stty -echo; echo ready; exec cat");
        s.expect("ready\n").await.expect("set up");
        for text in ["grüße", "漢字 かな", "🙂 ok", "e\u{301}"] {
            s.send_line(text).await.expect("typed");
            assert_eq!(s.expect(text).await.expect("copied").matched(), text);
        }
    });
}

#[test]
fn all_256_bytes_go_through_in_both_directions() {
    run(async {
        let script = "import os,tty; tty.setraw(0); os.write(1,b'ready'); n=256\n\
             while n: b=os.read(0,n); n-=len(b); os.write(1,b)\n\
             os.write(1,b'END'); os.read(0,1)";
        let s = spawn_with(["python3", "-S", "-E", "-c", script], raw());
        s.expect("ready").await.expect("set up");
        let all: Vec<u8> = (0..=255).collect();
        s.send(&all).await.expect("typed");
        let found = s.expect("END").await.expect("all of them");
        assert_eq!(found.before, all);
    });
}

// Large.

#[test]
fn a_hundred_thousand_lines_can_be_taken_one_by_one() {
    run(async {
        let s = spawn(["seq", "1", "100000"]);
        let line = s.patterns([re(r"^\d+\n"), Pattern::eof()]).expect("compiled");
        for n in 1..=100_000_u32 {
            let found = s.expect(&line).await.expect("a line");
            assert_eq!(found.matched().trim_end().parse(), Ok(n));
        }
        assert_eq!(s.expect(&line).await.expect("the end").index, 1);
    });
}

/// Nothing of 25 MB matches but its end; what stood before it is whole.
#[test]
fn a_large_stream_is_searched_once() {
    run(async {
        let line = "x".repeat(78);
        let s = sh(&format!("yes {line} | head -n 312500; echo; echo DONE; read x"));
        let found = s
            .expect([re("DONE$"), re("x+y"), Pattern::glob("nobody*here")])
            .await
            .expect("found");
        assert_eq!(
            (found.index, found.before.len(), found.truncated_bytes),
            (0, 312_500 * 79 + 1, 0)
        );
    });
}

/// Beyond its bound the older half is dropped and told, and what comes is still matched.
#[test]
fn what_is_kept_has_a_bound_and_what_is_dropped_is_told() {
    run(async {
        let small = |keep_bytes| Options {
            follow: Some(Follow {
                keep_bytes,
                ..follow()
            }),
            ..Options::default()
        };
        let s = spawn_with(["sh", "-c", "seq 1 20000; echo END; read x"], small(10_000));
        let found = s.expect("END").await.expect("found");
        assert!(found.before().ends_with("19999\n20000\n"), "{}", found.before());
        let all: usize = (1..=20_000).map(|n: u32| n.to_string().len() + 1).sum();
        assert!(found.before.len() <= 10_000, "{}", found.before.len());
        assert_eq!(found.before.len() as u64 + found.truncated_bytes, all as u64);
        // Whoever wants to know before that says so.
        let s = spawn_with(["sh", "-c", "seq 1 20000; echo END; read x"], small(10_000));
        let found = s
            .expect([Pattern::literal("END"), Pattern::Full])
            .await
            .expect("found");
        assert_eq!((found.index, found.before.len()), (1, 10_000));
        assert!(found.before().starts_with("1\n2\n"));
    });
}

/// A pattern longer than anything that was read at once.
#[test]
fn a_pattern_may_be_longer_than_any_read() {
    run(async {
        let text: String = (0..3000).map(|n| format!("{n:05}")).collect();
        let s = spawn([
            "sh",
            "-c",
            "stty -opost; printf '%s' \"$1\"; echo; read x",
            "sh",
            &text,
        ]);
        assert_eq!(s.expect(text.clone()).await.expect("found").position, 0);
    });
}

/// Output that never ends and never matches: the wait ends in its time, whatever comes.
#[test]
fn output_that_never_ends_does_not_keep_a_wait_from_its_time() {
    run(async {
        let s = spawn_with(
            ["yes", "endless"],
            Options {
                follow: Some(Follow {
                    keep_bytes: 100_000,
                    ..follow()
                }),
                ..Options::default()
            },
        );
        let error = s
            .expect_with(Pattern::eof(), wait(Duration::from_millis(200)))
            .await;
        let error = error.expect_err("it does not end");
        let missed = error.missed().expect("a report");
        assert!(
            missed.failure.waited < LONG && missed.failure.unmatched_bytes <= 100_000,
            "{error}"
        );
    });
}

// Sent and echoed.

/// 4,000 lines of 61 bytes and nobody reads meanwhile but the session itself.
#[test]
fn a_quarter_of_a_megabyte_goes_both_ways_without_a_word_lost() {
    run(async {
        let s = sh("stty -echo; echo ready; exec cat");
        s.expect("ready\n").await.expect("set up");
        let lines: String = (0..4000).map(|n| format!("{n:060}\n")).collect();
        s.send(&lines).await.expect("queued");
        let found = s.expect(format!("{:060}\n", 3999)).await.expect("the last");
        assert!(
            found.before().lines().eq(lines.lines().take(3999)),
            "{} bytes",
            found.before.len()
        );
        s.send_eof().await.expect("it reads lines");
        assert_eq!(s.wait().await.exit, Exit::Code(0));
    });
}

/// A thousand questions of the terminal whose answers nobody reads, then output.
#[test]
fn answers_that_nobody_reads_do_not_hold_up_what_is_printed() {
    run(async {
        let script =
            "import os,tty,signal; tty.setraw(0); os.write(1, b'\\x1b[6n'*1000 + b'alive'); signal.pause()";
        let s = python(script);
        s.expect("alive").await.expect("printed");
        s.send("x").await.expect("queued");
        s.stop(ptych::host::StopOptions::NOW).await;
    });
}

#[test]
fn a_paste_of_many_kilobytes_is_whole() {
    run(async {
        for bytes in [1_025, 4_100, 40_000] {
            let script = format!(
                "import os,tty; tty.setraw(0); os.write(1,b'\\x1b[?2004hready'); b=b''\n\
                 while not b.endswith(b'\\x1b[201~'): b+=os.read(0,65536)\n\
                 os.write(1,b'%d %r' % (b.count(b'p'), b[:6] == b'\\x1b[200~')); os.read(0,1) # {bytes}"
            );
            let s = python(&script);
            s.expect("ready").await.expect("set up");
            s.paste(&"p".repeat(bytes)).await.expect("queued");
            s.expect(format!("{bytes} True")).await.expect("all of it");
        }
    });
}

/// The prompt's own text in the output, a stale prompt, a prompt twice: each wait takes one, and none is left over unseen.
#[test]
fn prompts_that_come_too_often_are_seen_one_by_one() {
    run(async {
        let s = sh("printf 'Done\\n> Done\\n> '; read x; printf 'value 7\\nDone\\n> '; read x");
        s.expect("> ").await.expect("one");
        // What is stale is skipped before the next command, on evidence that the program waits.
        s.expect_with(re(r"(?s).*> \z"), peek()).await.expect("it waits");
        s.skip().await.expect("kept");
        s.send_line("value").await.expect("typed");
        let found = s
            .expect(re(r"value (\d)\nDone\n> "))
            .await
            .expect("the answer to this command");
        assert_eq!(found.group(1).as_deref(), Some("7"));
        assert_eq!(s.unmatched().await.expect("kept").text(), "");
    });
}
