//! What users of `expect` and its relatives complain of, each as a promise: passwords, long lines, memory, prompts, shells that colour them.

use std::time::Duration;

use ptych::engine::response::Outcome;
use ptych::engine::tty::Exit;
use ptych::host::expect::{Human, Pattern, Slow};
use ptych::host::{Coded as _, Options, Secret, SendError, StopOptions};

use crate::expect_support::{Gate, LONG, SHORT, options, peek, python, re, sh, spawn_with, to_the_end, wait};
use crate::support::{self, run};

// Secrets.

/// The program prints its question, and switches echo off only when the question has been seen. No sleep on our side, ever.
#[test]
fn a_password_that_is_sent_at_once_is_not_echoed() {
    run(async {
        let gate = Gate::new();
        let script = format!(
            "printf 'Password: '; {}; stty -echo; read p; stty echo; echo; echo \"got ${{#p}}\"; read x",
            gate.wait()
        );
        let s = sh(&script);
        s.expect("Password: ").await.expect("asked");
        let secret = Secret::new("tr0ub4dor");
        let held = async { gate.open() };
        let (sent, ()) = tokio::join!(s.send_secret(&secret), held);
        sent.expect("typed");
        let found = s.expect("got 9\n").await.expect("it was right");
        assert_eq!(found.before(), "\n");
        let rows = s.snapshot().await.expect("alive").rows.join("\n");
        assert!(!rows.contains("tr0"), "{rows}");
    });
}

#[test]
fn a_terminal_that_goes_on_echoing_gets_no_secret() {
    run(async {
        let s = sh("printf 'Name: '; read n; echo \"[$n]\"; read x");
        s.expect("Name: ").await.expect("asked");
        let refused = s
            .send_secret_within(&Secret::new("hush"), SHORT)
            .await
            .expect_err("echo is on");
        assert!(matches!(refused, SendError::EchoOn { .. }), "{refused}");
        s.send_line("me").await.expect("typed");
        assert_eq!(
            s.expect("[me]\n").await.expect("nothing else came").before(),
            "me\n"
        );
    });
}

/// Two questions, as `passwd` asks them: each secret goes to its own.
#[test]
fn two_secrets_go_to_two_questions() {
    run(async {
        let s = sh(
            "stty -echo; printf 'New: '; read a; echo; printf 'Again: '; read b; echo; \
                    [ $a = $b ] && echo same $a; read x",
        );
        let secret = Secret::new("s3same");
        for question in ["New: ", "Again: "] {
            s.expect(question).await.expect("asked");
            s.send_secret(&secret).await.expect("typed");
        }
        s.expect("same s3same\n").await.expect("both arrived");
    });
}

// Long input.

/// The kernel hands a program that reads lines at most 4,095 bytes of one and drops the rest without a word.
#[test]
fn a_line_that_the_kernel_would_cut_is_refused_and_one_that_fits_is_whole() {
    run(async {
        let s = sh("stty -echo; echo ready; while read x; do echo ${#x}; done");
        s.expect("ready\n").await.expect("set up");
        let error = s.send_line("x".repeat(6000)).await.expect_err("too long");
        assert_eq!((error.code(), error.hint().is_some()), ("line_too_long", true));
        s.send_line("x".repeat(4095)).await.expect("it fits");
        s.expect("4095\n").await.expect("whole");
        // Several lines at once are each as long as they are.
        s.send_line(format!("{}\n{}", "a".repeat(3000), "b".repeat(3001)))
            .await
            .expect("they fit");
        s.expect("3000\n3001\n").await.expect("both");
        assert_eq!(s.unmatched().await.expect("kept").text(), "");
    });
}

/// A program with a line editor of its own takes more.
#[test]
fn a_line_editor_takes_a_line_of_six_thousand() {
    run(async {
        let s = python(
            "import os,tty; tty.setraw(0); os.write(1, b'ready'); b=b''\n\
             while not b.endswith(b'\\r'): b += os.read(0, 65536)\n\
             os.write(1, b'%d!' % len(b)); os.read(0,1)",
        );
        s.expect("ready").await.expect("set up");
        s.send_line("x".repeat(6000)).await.expect("typed");
        s.expect("6001!").await.expect("whole");
    });
}

/// A program that never reads hangs nobody; that it does not read can be seen.
#[test]
fn a_program_that_does_not_read_hangs_nobody() {
    run(async {
        let s = python("import os,signal,tty; tty.setraw(0); os.write(1, b'deaf'); signal.pause()");
        s.expect("deaf").await.expect("set up");
        s.send("x".repeat(244_000)).await.expect("queued");
        let error = s.flush(SHORT).await.expect_err("it does not read");
        assert_eq!(error.code(), "input_not_read");
        let error = s
            .expect_with("never", wait(SHORT))
            .await
            .expect_err("it is silent");
        assert!(
            error.to_string().contains("bytes of input are still to be read"),
            "{error}"
        );
        let report = s.stop(StopOptions::NOW).await;
        assert_eq!(report.exit, Exit::Signal(9));
        assert!(matches!(s.send("more").await, Err(SendError::Exited)));
    });
}

#[test]
fn what_is_sent_slowly_or_as_by_a_person_is_whole() {
    run(async {
        let s = sh("stty -echo; echo ready; while read x; do echo \"[$x]\"; done");
        s.expect("ready\n").await.expect("set up");
        let slow = Slow {
            chunk: 3,
            pause: Duration::from_millis(1),
        };
        s.send_slow("slowly, grüße\r", slow).await.expect("typed");
        s.expect("[slowly, grüße]").await.expect("whole");
        let human = Human {
            words_per_minute: 6000.0,
            seed: 7,
            ..Human::default()
        };
        s.send_human("as a person\r", human).await.expect("typed");
        s.expect("[as a person]").await.expect("whole");
    });
}

#[test]
fn several_lines_in_one_send_are_several_lines() {
    run(async {
        let s = sh("stty -echo; echo ready; while read x; do echo \"[$x]\"; done");
        s.expect("ready\n").await.expect("set up");
        s.send("one\rtwo\nthree\r").await.expect("typed");
        s.expect("[one]\n[two]\n[three]\n").await.expect("in order");
    });
}

/// Only keys, only the end of input: no line end is needed where none is wanted.
#[test]
fn one_key_and_the_end_of_input_reach_the_program() {
    run(async {
        let s = python(
            "import sys,tty,termios; old = termios.tcgetattr(0); tty.setcbreak(0); print('key?', flush=True)\n\
             print('got', ord(sys.stdin.read(1)), flush=True); termios.tcsetattr(0, termios.TCSADRAIN, old)\n\
             print('text', repr(sys.stdin.read()), flush=True)",
        );
        s.expect("key?\n").await.expect("asked");
        assert!(matches!(s.send_eof().await, Err(SendError::NotCanonical)));
        s.send("y").await.expect("typed");
        s.expect("got 121\n").await.expect("one key");
        s.expect_with(re(r"\z"), peek()).await.expect("it waits");
        s.send("a\rb").await.expect("typed");
        s.send_eof().await.expect("it reads lines");
        s.expect(r"text 'a\nb'").await.expect("all of it");
    });
}

// Memory and time.

/// 10,000 turns: what has been matched is given back, and nothing else grows.
#[test]
fn ten_thousand_expects_in_a_row_need_no_more_memory() {
    let me = std::env::current_exe().expect("this program");
    let output = std::process::Command::new(me)
        .args([
            "--exact",
            "expect_issues::role_of_a_long_dialogue",
            "--ignored",
            "--nocapture",
        ])
        .env("PTYCH_TEST_LONG", "1")
        .output()
        .expect("run");
    let text = String::from_utf8_lossy(&output.stdout);
    let grown = text
        .split("grown by ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    let grown: i64 = grown
        .and_then(|n| n.parse().ok())
        .unwrap_or_else(|| panic!("{text}"));
    assert!(grown < 2_000, "{grown} kB in 9,000 turns");
}

/// Run by the test above, in a process of its own: others' memory is not counted.
#[test]
#[ignore = "a part of another test"]
fn role_of_a_long_dialogue() {
    if std::env::var_os("PTYCH_TEST_LONG").is_none() {
        return;
    }
    let memory_kb = || -> i64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("status");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .expect("VmRSS");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    };
    run(async {
        let s = sh(
            "stty -echo; printf '> '; while read x; do echo \"you said $x, and here is a line to fill the buffer\"; printf '> '; done",
        );
        s.expect("> ").await.expect("a prompt");
        let mut first = 0;
        for n in 0..10_000 {
            if n == 1000 {
                first = memory_kb();
            }
            s.send_line(n.to_string()).await.expect("typed");
            // Patterns written anew, of several kinds, and a wait that looks only.
            s.expect([
                re(&format!("said {}[,]", n % 7)),
                re(r"said (\d+), and"),
                Pattern::eof(),
            ])
            .await
            .expect("said");
            s.expect("> ").await.expect("a prompt");
        }
        println!("grown by {} kB", memory_kb() - first);
    });
}

/// While nothing comes, waiting costs nothing: no polling, whatever is waited for.
#[test]
fn a_wait_for_a_silent_program_costs_no_time_of_the_processor() {
    let me = std::env::current_exe().expect("this program");
    let output = std::process::Command::new(me)
        .args([
            "--exact",
            "expect_issues::role_of_a_long_wait",
            "--ignored",
            "--nocapture",
        ])
        .env("PTYCH_TEST_LONG", "1")
        .output()
        .expect("run");
    let text = String::from_utf8_lossy(&output.stdout);
    let ticks = text
        .split("ticks ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    let ticks: u64 = ticks
        .and_then(|n| n.parse().ok())
        .unwrap_or_else(|| panic!("{text}"));
    assert!(ticks <= 1, "{ticks} ticks of 10 ms in a wait of one second");
}

#[test]
#[ignore = "a part of another test"]
fn role_of_a_long_wait() {
    if std::env::var_os("PTYCH_TEST_LONG").is_none() {
        return;
    }
    let ticks = || -> u64 {
        let stat = std::fs::read_to_string("/proc/self/stat").expect("stat");
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .expect("fields")
            .split_whitespace()
            .collect();
        fields[11].parse::<u64>().expect("user") + fields[12].parse::<u64>().expect("system")
    };
    run(async {
        let s = sh("printf 'assword'; read x");
        s.expect("ass").await.expect("printed");
        let before = ticks();
        let second = Duration::from_secs(1);
        let patterns = [re(r"\w+:"), Pattern::literal("$ "), Pattern::eof()];
        assert!(s.expect_with(patterns, wait(second)).await.is_err());
        println!("ticks {}", ticks() - before);
    });
}

// Prompts.

/// Line editors bracket their prompts with `ESC[?2004h` and colour them: the text is the prompt all the same.
#[test]
fn a_prompt_of_a_line_editor_is_its_text() {
    run(async {
        let options = Options {
            env: vec![
                (
                    "PS1".into(),
                    r"\[\e[32m\]user@box\[\e[m\]:\[\e]0;title $ \a\]$ ".into(),
                ),
                ("TERM".into(), "xterm-256color".into()),
            ],
            ..options()
        };
        let s = spawn_with(["bash", "--norc", "--noprofile", "-i"], options);
        let prompt = re(r"^user@box:\$ ");
        assert_eq!(s.expect(prompt.clone()).await.expect("a prompt").position, 0);
        s.send_line("printf 'no newline at the end'")
            .await
            .expect("typed");
        let found = s.expect(re(r"user@box:\$ ")).await.expect("a prompt");
        assert!(
            found
                .before()
                .starts_with("printf 'no newline at the end'\nno newline at the end"),
            "{found:?}"
        );
        s.send_line("env | grep -c box").await.expect("typed");
        s.expect("\n1\n").await.expect("counted");
        s.expect(prompt).await.expect("a prompt");
    });
}

/// Framed turns of a shell, as `replwrap` has them: state is kept, blocks run, an unfinished one is told, and the next turn is whole.
#[test]
fn a_shell_as_a_function_keeps_its_state_and_tells_what_is_unfinished() {
    run(async {
        let bash = support::start("bash").await;
        support::expect(&bash, "cd /usr; x=3", Outcome::Ok, "").await;
        support::expect(&bash, "pwd; echo $x", Outcome::Ok, "/usr\n3").await;
        support::expect(&bash, "for i in 1 2; do\n  echo $i\ndone", Outcome::Ok, "1\n2").await;
        support::expect(&bash, "env | grep -c '^PS1='; true", Outcome::Ok, "0").await;
        let unfinished = support::ask(&bash, "echo '5 6").await;
        assert_ne!(unfinished.outcome, Outcome::Ok, "{unfinished:#?}");
        bash.interrupt().await.expect("interrupted");
        support::expect(&bash, "echo '1 2\n3 4'", Outcome::Ok, "1 2\n3 4").await;
        bash.stop(StopOptions::default()).await;
    });
}

/// A question in the middle of a turn of a session with a protocol, in the words of `expect`.
#[test]
fn a_framed_session_can_be_followed_too() {
    run(async {
        let options = Options {
            follow: Some(crate::expect_support::follow()),
            ..support::options()
        };
        let python = support::start_with("python", options).await;
        assert_eq!(support::ask(&python, "6*7").await.text, "42");
        python
            .send_line("name = input('your name: ')")
            .await
            .expect("typed");
        python.expect("your name: ").await.expect("asked");
        python.send_line("Ada").await.expect("typed");
        python.expect(Pattern::ready()).await.expect("its prompt");
        assert_eq!(support::ask(&python, "name").await.text, "'Ada'");
        python.stop(StopOptions::default()).await;
    });
}

/// A menu in a shell: choose, be told it is wrong, choose again, and leave.
#[test]
fn a_menu_is_answered_until_it_ends() {
    run(async {
        let s = spawn_with(
            [
                "bash",
                "-c",
                "PS3='which? '; select x in red green quit; do case $x in quit) break;; '') echo no such;; *) echo you chose $x;; esac; done; echo left",
            ],
            options(),
        );
        for (typed, said) in [
            ("9", "no such\n"),
            ("2", "you chose green\n"),
            ("1", "you chose red\n"),
        ] {
            let question = s.expect("which? ").await.expect("asked");
            assert!(
                typed != "9" || question.before().contains("2) green"),
                "{question:?}"
            );
            s.send_line(typed).await.expect("typed");
            s.expect(said).await.expect("said");
        }
        s.expect("which? ").await.expect("asked");
        s.send_line("3").await.expect("typed");
        assert_eq!(to_the_end(&s).await.before(), "3\nleft\n");
    });
}

/// A dialogue by a table: what may be asked, what is answered, and when it is over.
#[test]
fn a_dialogue_may_be_a_table() {
    run(async {
        let script = "for q in name colour name quest; do printf \"your $q? \"; read a; [ $q = colour ] && [ $a != blue ] && echo wrong; done; echo passed; exit 5";
        let s = sh(script);
        let answers = [
            ("your name? ", "Arthur"),
            ("your quest? ", "grail"),
            ("your colour? ", "blue"),
        ];
        let mut patterns: Vec<Pattern> = answers.iter().map(|(question, _)| (*question).into()).collect();
        patterns.extend(["wrong".into(), "passed".into()]);
        let mut waits = s.expecting(patterns).expect("compiled").timeout(LONG);
        let mut asked = Vec::new();
        loop {
            let found = waits.fresh().next().await.expect("one of them");
            let Some((_, answer)) = answers.get(found.index) else {
                assert_eq!(found.matched(), "passed");
                break;
            };
            asked.push(found.index);
            s.send_line(answer).await.expect("typed");
        }
        assert_eq!(asked, [0, 2, 0, 1]);
        assert_eq!(s.wait().await.exit, Exit::Code(5));
    });
}
