//! What ptych promises of any tool, on real shells and interpreters.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ptych::engine::protocol;
use ptych::engine::protocol::spec::BlockKind;
use ptych::engine::response::{Outcome, Response};
use ptych::engine::session::SubmitError;
use ptych::engine::term::Size;
use ptych::engine::tty::Exit;
use ptych::host::{AskError, AskOptions, LaunchError, Options, Session};
use tokio::time::sleep;

use crate::support::{ask, expect, options, run, spec, start, start_with};

const PYTHONS: [&str; 2] = ["python3.11", "python3.13"];

async fn python(program: &str) -> Session {
    start_with(
        "python",
        Options {
            program: Some(program.into()),
            ..options()
        },
    )
    .await
}

/// A session on a protocol that a test brings along.
async fn custom(file: &str) -> Session {
    let spec = protocol::parse(file).unwrap_or_else(|e| panic!("{e}"));
    let session = Session::start(Arc::new(spec), options()).expect("starts");
    session
        .wait_ready()
        .await
        .unwrap_or_else(|e| panic!("ready: {e}"));
    session
}

async fn dash() -> Session {
    custom("name = \"dash\"\ncommand = [\"dash\", \"-i\"]\nprompt = '[#$] $'\ncontinuation = '^> $'\nexit = \"exit\"\n").await
}

fn within(limit: Duration) -> AskOptions {
    AskOptions {
        timeout: Some(limit),
        ..AskOptions::default()
    }
}

async fn ask_within(session: &Session, prompt: &str, limit: Duration) -> Response {
    session
        .ask_with(prompt, within(limit))
        .await
        .unwrap_or_else(|e| panic!("ask {prompt:?}: {e}"))
}

async fn answer(session: &Session, text: &str) -> Response {
    session
        .answer(text, AskOptions::default())
        .await
        .unwrap_or_else(|e| panic!("answer {text:?}: {e}"))
}

async fn alive(session: &Session) {
    let prompt = if session.info().spec.name == "python" {
        "print('alive')"
    } else {
        "echo alive"
    };
    expect(session, prompt, Outcome::Ok, "alive").await;
}

/// The turn ended with a question of this kind, and further prompts are refused while it stands.
async fn blocked(session: &Session, prompt: &str, kind: BlockKind) -> Response {
    let response = ask(session, prompt).await;
    let asked = response.question.as_ref().map(|q| q.kind);
    assert_eq!(
        (response.outcome, asked),
        (Outcome::Blocked, Some(kind)),
        "{response:#?}"
    );
    let refused = session.ask("echo no").await;
    assert!(
        matches!(refused, Err(AskError::Submit(SubmitError::Blocked(_)))),
        "{refused:?}"
    );
    response
}

fn memory_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("status");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("number")
}

// A turn ends when the tool is ready, not when it looks so.

#[test]
fn a_printed_prompt_is_no_completion() {
    run(async {
        let session = start("bash").await;
        for (printed, text) in [
            ("bash-5.2# ", "bash-5.2# "),
            ("bash-5.2# \\n", "bash-5.2# "),
            ("\\e]133;D;0\\a\\e]133;A\\abash-5.2# ", "bash-5.2# "),
            ("\\e[?2004h\\e]133;A\\abash-5.2# ", "bash-5.2# "),
        ] {
            let response = ask(&session, &format!("printf '{printed}'; sleep 1.5")).await;
            assert_eq!(
                (response.outcome, response.text.as_str()),
                (Outcome::Ok, text),
                "{printed:?} {response:#?}"
            );
            assert!(response.duration >= Duration::from_millis(1500), "{response:#?}");
        }
    });
}

#[test]
fn the_same_question_twice_is_two_turns() {
    run(async {
        let session = start("bash").await;
        let first = ask(&session, "echo same").await;
        let second = ask(&session, "echo same").await;
        assert_eq!((first.text.as_str(), second.text.as_str()), ("same", "same"));
        assert_ne!(first.turn, second.turn);
    });
}

#[test]
fn text_that_looks_like_other_tools_is_text() {
    run(async {
        let session = start("bash").await;
        for shown in [
            ">>> ",
            "... ",
            "mysql> ",
            "(gdb) ",
            "postgres=# ",
            "irb(main):001:0> ",
            "jshell> ",
            "In [1]: ",
            "(END)",
            ":",
            "--More--",
            "--More--(15%)",
            "Password: ",
            "[sudo] password for root: ",
            "Press RETURN to continue",
            "Overwrite? [y/N] ",
            "Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
            "(1/2) Stage this hunk [y,n,q,a,d,e,?]? ",
        ] {
            expect(
                &session,
                &format!("printf '%s' '{shown}'; sleep 0.3"),
                Outcome::Ok,
                shown,
            )
            .await;
        }
    });
}

// What a person would read.

#[test]
fn what_is_painted_over_is_read_as_it_looks_in_the_end() {
    run(async {
        let session = start("bash").await;
        for (prompt, text) in [
            (
                "for n in 10 55 100; do printf '\\r%3d%%' $n; sleep 0.03; done; echo",
                "100%",
            ),
            (
                "printf 'work '; for c in '|' / - ' '; do printf '%s\\b' \"$c\"; sleep 0.03; done; echo ok",
                "work ok",
            ),
            ("printf 'a\\tb\\tc\\n'", "a       b       c"),
            ("echo before; clear; echo after", "before\nafter"),
            (
                "printf '\\e[1;31mred\\e[0m and \\e[38;2;1;2;3mtrue\\e[m\\n'",
                "red and true",
            ),
            (
                "printf 'one 0\\ntwo 0\\n'; sleep 0.03; printf '\\e[2A\\e[Kone 9\\n\\e[Ktwo 9\\n'",
                "one 9\ntwo 9",
            ),
            (
                "printf '\\e]0;title\\a\\e]8;;http://x\\alink\\e]8;;\\a\\n'",
                "link",
            ),
        ] {
            expect(&session, prompt, Outcome::Ok, text).await;
        }
    });
}

// Sizes.

#[test]
fn a_line_of_a_megabyte_is_exact() {
    run(async {
        let long = "x".repeat(1_000_000);
        let session = start("bash").await;
        let response = ask(&session, "head -c 1000000 /dev/zero | tr '\\0' x; echo").await;
        assert!(response.outcome == Outcome::Ok && response.complete);
        assert!(response.text == long, "{} bytes", response.text.len());
    });
}

/// 50 MB with a text limit of 12 MB: the end is kept, the rest is told by its bytes, and no more memory than that is held.
#[test]
fn fifty_megabytes_are_cut_with_a_mark_and_bounded_memory() {
    const LINE: &str = "0123456789012345678901234567890123456789012345678901234567890123456789012345678";
    const KEPT_BYTES: usize = 12 << 20;
    run(async {
        let options = Options {
            turn_text_bytes: Some(KEPT_BYTES),
            ..options()
        };
        let session = start_with("bash", options).await;
        let before = memory_kb();
        let started = Instant::now();
        let response = ask(&session, &format!("yes {LINE} | head -n 625000")).await;
        let grown = memory_kb().saturating_sub(before);
        eprintln!("50 MB in {:?}, {grown} kB more", started.elapsed());
        assert_eq!(response.outcome, Outcome::Ok);
        assert!(response.truncated && !response.complete);
        let (from, to) = response.lost_bytes.expect("says what is lost");
        assert!(from >= response.evidence.from_offset && from < to && to < response.evidence.to_offset);
        assert!(response.bytes >= 50_000_000, "{} bytes", response.bytes);
        // The text is the last lines, whole but perhaps for the first.
        let kept = response.text.lines().skip(1).filter(|line| *line == LINE).count();
        assert_eq!(kept + 1, response.text.lines().count());
        let kept_bytes = response.text.len();
        assert!(
            kept_bytes > KEPT_BYTES / 2 && kept_bytes <= KEPT_BYTES,
            "{kept_bytes}"
        );
        // The others of this process's tests hold memory, too.
        assert!(grown < 200 << 10, "{grown} kB more");
        alive(&session).await;
    });
}

#[test]
fn a_line_of_six_thousand_characters_is_typed_exactly_into_a_line_editor() {
    run(async {
        let long: String = (0..600).map(|n| format!("{n:09}-")).collect();
        let session = start("bash").await;
        expect(&session, &format!("echo {long}"), Outcome::Ok, &long).await;
        for program in PYTHONS {
            let session = python(program).await;
            expect(&session, &format!("print('{long}')"), Outcome::Ok, &long).await;
        }
    });
}

#[test]
fn a_line_that_the_kernel_would_cut_is_refused() {
    run(async {
        let session = dash().await;
        let before = session.snapshot().await.expect("snapshot");
        let refused = session.ask(format!("echo {}", "x".repeat(6000))).await;
        assert!(
            matches!(
                refused,
                Err(AskError::Submit(SubmitError::LineTooLong {
                    line: 1,
                    bytes: 6005,
                    max: 4095
                }))
            ),
            "{refused:?}"
        );
        sleep(Duration::from_millis(100)).await;
        assert_eq!(session.snapshot().await.expect("snapshot").offset, before.offset);
        alive(&session).await;
        let fits = "x".repeat(4090);
        expect(&session, &format!("echo {fits}"), Outcome::Ok, &fits).await;
    });
}

// Nothing hangs.

/// A tool on a raw terminal that shows a prompt and then reads nothing.
const DEAF: &str = r#"
name = "deaf"
command = ["sh", "-c", "stty raw -echo; printf '> '; sleep 100"]
include = []
[[state]]
name = "ready"
kind = "ready"
cursor_line = '^> $'
tty = "any"
waiting = "any"
[submit]
write_within = "1s"
"#;

#[test]
fn a_tool_that_does_not_read_hangs_nobody() {
    run(async {
        let session = custom(DEAF).await;
        let other = start("bash").await;
        let prompt = "x".repeat(244_000);
        let (response, ()) = tokio::join!(ask(&session, &prompt), alive(&other));
        assert_eq!(
            (response.outcome, response.evidence.rule.as_str()),
            (Outcome::TimedOut, "input_not_read"),
            "{:?}",
            response.evidence
        );
        assert!(
            response.duration < Duration::from_secs(3),
            "{:?}",
            response.duration
        );
    });
}

#[test]
fn keys_for_a_program_that_does_not_read_hang_nobody() {
    run(async {
        let session = start("bash").await;
        let turn = session
            .submit("sleep 100", within(Duration::from_millis(500)))
            .await
            .expect("typed");
        session.keys(vec![b'x'; 244_000]).await.expect("taken");
        let response = turn.response().await.expect("ends");
        assert_eq!(response.outcome, Outcome::TimedOut, "{:?}", response.evidence);
        session.interrupt().await.expect("interrupt");
        alive(&session).await;
    });
}

#[test]
fn queries_of_a_tool_that_never_reads_the_answers_hang_nobody() {
    let file = r#"
name = "asks"
command = ["python3", "-c", "import os,time,tty; tty.setraw(0); os.write(1, b'\\x1b[6n'*1000 + b'> '); time.sleep(100)"]
include = []
[[state]]
name = "ready"
kind = "ready"
cursor_line = '^> $'
tty = "any"
waiting = "any"
[submit]
write_within = "500ms"
"#;
    run(async {
        let session = custom(file).await;
        let response = ask_within(&session, "x", Duration::from_secs(5)).await;
        assert_eq!(response.outcome, Outcome::TimedOut, "{response:#?}");
        let report = session.stop(ptych::host::StopOptions::default()).await;
        assert!(report.survivors.is_empty(), "{report:?}");
    });
}

// Nothing is typed that breaks out.

#[test]
fn control_characters_are_refused_and_the_tool_lives() {
    run(async {
        for session in [start("bash").await, python("python3.11").await, dash().await] {
            for bad in [
                "echo a\u{1b}[201~\rtouch x",
                "echo \u{3}",
                "echo \u{4}",
                "echo \u{1c}",
                "echo \u{1a}",
                "a\rb",
            ] {
                let refused = session.ask(bad).await;
                assert!(
                    matches!(
                        refused,
                        Err(AskError::Submit(SubmitError::ControlCharacter { .. }))
                    ),
                    "{bad:?} {refused:?}"
                );
            }
            alive(&session).await;
        }
    });
}

// Questions.

#[test]
fn input_with_the_prompts_own_look_is_a_question() {
    run(async {
        for program in PYTHONS {
            let session = python(program).await;
            for shown in ["'>>> '", "'... '", "'Name: '", ""] {
                blocked(&session, &format!("input({shown})"), BlockKind::Question).await;
                let response = answer(&session, "Ada").await;
                assert_eq!(
                    (response.outcome, response.text.as_str()),
                    (Outcome::Ok, "'Ada'"),
                    "{program} {shown} {response:#?}"
                );
                blocked(&session, &format!("input({shown})"), BlockKind::Question).await;
                session.interrupt().await.expect("interrupt");
                alive(&session).await;
            }
        }
    });
}

#[test]
fn a_hidden_input_is_a_secret_that_is_told_to_nobody() {
    run(async {
        for (session, prompt, text) in [
            (
                python("python3.11").await,
                "import getpass; len(getpass.getpass())",
                "7",
            ),
            (
                python("python3.13").await,
                "import getpass; len(getpass.getpass('PIN of the card: '))",
                "7",
            ),
            (start("bash").await, "read -s word; echo ${#word}", "7"),
            (
                start("bash").await,
                "read -rsp 'Say it: ' word; echo; echo ${#word}",
                "7",
            ),
        ] {
            blocked(&session, prompt, BlockKind::Secret).await;
            let response = answer(&session, "hunter2").await;
            assert_eq!(
                (response.outcome, response.text.trim()),
                (Outcome::Ok, text),
                "{prompt} {response:#?}"
            );
            assert!(!format!("{response:?}").contains("hunter2"));
            blocked(&session, prompt, BlockKind::Secret).await;
            session.interrupt().await.expect("interrupt");
            alive(&session).await;
        }
    });
}

#[test]
fn a_question_of_a_shell_script_takes_an_answer() {
    run(async {
        let session = start("bash").await;
        let response = blocked(
            &session,
            "read -p 'Name: ' name; echo \"hi $name\"",
            BlockKind::Question,
        )
        .await;
        assert_eq!(response.question.map(|q| q.text).as_deref(), Some("Name:"));
        let response = answer(&session, "Ada Lovelace").await;
        assert_eq!(
            (response.outcome, response.text.as_str()),
            (Outcome::Ok, "hi Ada Lovelace"),
            "{response:#?}"
        );
        let response = blocked(
            &session,
            "read -p 'Go on? [y/N] ' ok; echo \"$ok\"",
            BlockKind::Confirm,
        )
        .await;
        let question = response.question.expect("asked");
        let labels: Vec<&str> = question.choices.iter().map(|c| c.label.as_str()).collect();
        assert_eq!(labels, ["y", "N"]);
        let wrong = session.answer("maybe", AskOptions::default()).await;
        assert!(
            matches!(wrong, Err(AskError::Submit(SubmitError::NoSuchChoice { .. }))),
            "{wrong:?}"
        );
        assert_eq!(answer(&session, "y").await.text, "y");
        blocked(&session, "cat", BlockKind::Question).await;
        session.interrupt().await.expect("interrupt");
        alive(&session).await;
    });
}

fn repository(folder: &Path) {
    let git = |args: &[&str]| {
        let done = Command::new("git")
            .args(["-c", "user.name=T", "-c", "user.email=t@example.org", "-C"])
            .arg(folder)
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git runs");
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q"]);
    for n in 0..30 {
        git(&["commit", "-q", "--allow-empty", "-m", &format!("commit {n}")]);
    }
}

#[test]
fn a_pager_is_told_and_can_be_left() {
    run(async {
        let folder = tempfile::tempdir().expect("folder");
        repository(folder.path());
        let numbers: Vec<String> = (0..500).map(|n| n.to_string()).collect();
        fs::write(folder.path().join("numbers"), numbers.join("\n")).expect("written");
        let options = Options {
            cwd: Some(folder.path().into()),
            ..options()
        };
        let session = start_with("bash", options).await;
        for prompt in [
            "less numbers",
            "LESS= less numbers",
            "LESS=FRX less numbers",
            "more numbers",
            "GIT_PAGER=less git log",
            "seq 500 | less",
            // The leader of the group waits for the pipe, not for the terminal.
            "yes | less",
        ] {
            blocked(&session, prompt, BlockKind::Pager).await;
            session.interrupt().await.expect("interrupt");
            alive(&session).await;
            blocked(&session, prompt, BlockKind::Pager).await;
            let response = answer(&session, "next page").await;
            assert_eq!(response.outcome, Outcome::Blocked, "{prompt} {response:#?}");
            let response = answer(&session, "quit").await;
            assert_eq!(response.outcome, Outcome::Ok, "{prompt} {response:#?}");
            alive(&session).await;
        }
    });
}

#[test]
fn a_full_screen_editor_is_told_and_can_be_left() {
    run(async {
        let session = start("bash").await;
        for _ in 0..2 {
            blocked(&session, "vim -u NONE -i NONE -n", BlockKind::Fullscreen).await;
            session.keys(b":q!\r".to_vec()).await.expect("typed");
            while session.state().as_str() != "ready" {
                sleep(Duration::from_millis(10)).await;
            }
            alive(&session).await;
        }
        // It takes no interrupt: the ladder's later rungs end it, and only it.
        blocked(&session, "vim -u NONE -i NONE -n", BlockKind::Fullscreen).await;
        session.interrupt().await.expect("interrupt");
        alive(&session).await;
    });
}

// Ends that are not a prompt.

#[test]
fn an_endless_turn_is_cut_with_what_it_said_and_can_be_interrupted() {
    run(async {
        let session = start("bash").await;
        let response = ask_within(
            &session,
            "echo start; while :; do :; done",
            Duration::from_millis(400),
        )
        .await;
        assert_eq!(
            (response.outcome, response.text.as_str()),
            (Outcome::TimedOut, "start"),
            "{response:#?}"
        );
        assert!(response.duration < Duration::from_millis(600), "{response:#?}");
        let refused = session
            .ask_with(
                "echo no",
                AskOptions {
                    no_wait: true,
                    ..AskOptions::default()
                },
            )
            .await;
        assert!(
            matches!(refused, Err(AskError::Submit(SubmitError::Busy))),
            "{refused:?}"
        );
        session.interrupt().await.expect("interrupt");
        alive(&session).await;
        for program in PYTHONS {
            let session = python(program).await;
            let endless = "print('start')\nwhile True: pass";
            let response = ask_within(&session, endless, Duration::from_millis(400)).await;
            assert_eq!(
                (response.outcome, response.text.as_str()),
                (Outcome::TimedOut, "start"),
                "{response:#?}"
            );
            session.interrupt().await.expect("interrupt");
            alive(&session).await;
        }
    });
}

#[test]
fn an_interrupt_ends_the_running_turn() {
    run(async {
        let session = start("bash").await;
        let turn = session
            .submit("echo start; sleep 100", AskOptions::default())
            .await
            .expect("typed");
        sleep(Duration::from_millis(200)).await;
        session.interrupt().await.expect("interrupt");
        let response = turn.response().await.expect("ends");
        assert_eq!(
            (response.outcome, response.text.as_str()),
            (Outcome::Interrupted, "start"),
            "{response:#?}"
        );
        alive(&session).await;
    });
}

#[test]
fn a_tool_that_ends_in_its_turn_says_how() {
    run(async {
        let session = start("bash").await;
        let response = ask(&session, "echo half; exit 3").await;
        assert_eq!(
            (response.outcome, response.exit, response.text.as_str()),
            (Outcome::Exited, Some(Exit::Code(3)), "half\nexit"),
            "{response:#?}"
        );
        assert!(matches!(
            session.ask("echo no").await,
            Err(AskError::Submit(SubmitError::Exited))
        ));
        let session = python("python3.11").await;
        let response = ask(
            &session,
            "import os; _ = os.write(1, b'half\\n'); os.kill(os.getpid(), 9)",
        )
        .await;
        assert_eq!(
            (response.outcome, response.exit, response.text.as_str()),
            (Outcome::Exited, Some(Exit::Signal(9)), "half"),
            "{response:#?}"
        );
    });
}

#[test]
fn a_tool_that_is_killed_is_told_at_once() {
    run(async {
        let session = start("bash").await;
        let turn = session
            .submit("echo half; sleep 100", AskOptions::default())
            .await
            .expect("typed");
        sleep(Duration::from_millis(200)).await;
        let pid = nix::unistd::Pid::from_raw(session.pid().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("killed");
        let killed = Instant::now();
        let response = turn.response().await.expect("ends");
        let took = killed.elapsed();
        assert_eq!(
            (response.outcome, response.exit, response.text.as_str()),
            (Outcome::Exited, Some(Exit::Signal(9)), "half"),
            "{response:#?}"
        );
        assert!(took < Duration::from_millis(100), "{took:?}");
        let report = session.wait().await;
        assert!(report.survivors.is_empty(), "{report:?}");
    });
}

// What happens between turns.

#[test]
fn output_behind_the_prompt_is_not_in_the_next_answer() {
    run(async {
        let session = start("bash").await;
        let response = ask(&session, "(sleep 0.3; echo LATE) & disown").await;
        assert_eq!(response.outcome, Outcome::Ok, "{response:#?}");
        sleep(Duration::from_millis(600)).await;
        let screen = session.snapshot().await.expect("snapshot").rows.join("\n");
        assert!(screen.contains("LATE"), "{screen}");
        assert_eq!(session.state().as_str(), "ready");
        alive(&session).await;
    });
}

#[test]
fn a_resize_is_no_turn_and_reaches_the_tool() {
    run(async {
        let session = start("bash").await;
        session
            .resize(Size { cols: 60, rows: 20 })
            .await
            .expect("resized");
        sleep(Duration::from_millis(100)).await;
        assert_eq!(session.state().as_str(), "ready");
        expect(&session, "stty size", Outcome::Ok, "20 60").await;
        let turn = session
            .submit("seq 30; sleep 0.3; stty size", AskOptions::default())
            .await
            .expect("typed");
        sleep(Duration::from_millis(100)).await;
        session
            .resize(Size { cols: 90, rows: 10 })
            .await
            .expect("resized");
        let response = turn.response().await.expect("ends");
        let numbers: Vec<String> = (1..=30).map(|n| n.to_string()).collect();
        assert_eq!(
            response.text,
            format!("{}\n10 90", numbers.join("\n")),
            "{response:#?}"
        );
    });
}

#[test]
fn what_a_person_types_ahead_is_a_command_of_its_own() {
    run(async {
        let session = start("bash").await;
        let turn = session
            .submit("sleep 0.5; echo first", AskOptions::default())
            .await
            .expect("typed");
        sleep(Duration::from_millis(100)).await;
        session.keys(b"echo ahead\r".to_vec()).await.expect("typed");
        let response = turn.response().await.expect("ends");
        assert_eq!(response.outcome, Outcome::Ok, "{response:#?}");
        assert!(response.text.contains("first"), "{response:#?}");
        sleep(Duration::from_millis(300)).await;
        alive(&session).await;
    });
}

// Starts that fail.

#[test]
fn what_cannot_be_started_says_why() {
    run(async {
        let program = Options {
            program: Some("ptych-no-such-program".into()),
            ..options()
        };
        let error = Session::start(spec("bash"), program).expect_err("not there");
        assert!(matches!(error, LaunchError::NotFound { .. }), "{error}");
        let cwd = Options {
            cwd: Some("/nonexistent/folder".into()),
            ..options()
        };
        let error = Session::start(spec("bash"), cwd).expect_err("not there");
        assert!(matches!(error, LaunchError::WorkingDirectory { .. }), "{error}");
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("plain");
        fs::write(&file, "text").expect("written");
        let plain = Options {
            program: Some(file.to_string_lossy().into_owned()),
            ..options()
        };
        let error = Session::start(spec("bash"), plain).expect_err("not executable");
        assert!(matches!(error, LaunchError::NotExecutable { .. }), "{error}");
    });
}
