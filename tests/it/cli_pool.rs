//! `ptych pool run` as its users run it: answers, order, journal, signals, exit codes.
#![expect(
    clippy::disallowed_methods,
    reason = "a test looks at files, processes and the clock"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::cli_support::{Home, Run};
use crate::host_support::{SHELL, is_running, soon};

fn home() -> Home {
    let home = Home::new();
    home.write("sh.toml", SHELL);
    home
}

fn lines(prompts: impl IntoIterator<Item = String>) -> String {
    prompts.into_iter().map(|prompt| prompt + "\n").collect()
}

/// The journal's answers.
fn journal(home: &Home) -> Vec<Value> {
    let text = std::fs::read_to_string(home.path().join("journal")).expect("a journal");
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    text.lines().skip(1).map(parse).collect()
}

fn texts(answers: &[Value]) -> Vec<&str> {
    answers
        .iter()
        .map(|answer| answer["text"].as_str().expect("a text"))
        .collect()
}

fn interrupt(child: &Child) {
    let pid = Pid::from_raw(child.id().cast_signed());
    kill(pid, Signal::SIGINT).expect("it lives");
}

fn finish(child: Child) -> Run {
    child.wait_with_output().expect("it ends").into()
}

/// Lines that the tools have written there.
fn count(log: &Path) -> usize {
    std::fs::read_to_string(log).unwrap_or_default().lines().count()
}

fn is_gone(pid: &Path) -> bool {
    let pid = std::fs::read_to_string(pid).expect("the tool's own pid");
    !is_running(pid.trim().parse().expect("a number"))
}

#[test]
fn every_prompt_has_one_answer_and_the_table_tells_of_all() {
    let home = home();
    let prompts = (1..=20).map(|n| format!("echo $(({n} * 2))\n"));
    home.write("a.txt", &lines(prompts));
    home.write("b.txt", "echo b");
    let run = home
        .run(&["pool", "run", "./sh.toml", "-n", "3", "a.txt", "b.txt"])
        .ends(0);
    let answers = run.objects();
    assert_eq!(answers.len(), 21);
    for answer in &answers {
        let line: ptych::api::PoolLine =
            serde_json::from_value(answer.clone()).expect("a line of its schema");
        assert!(line.answer.is_some() && line.error.is_none(), "{answer}");
    }
    for answer in &answers {
        let line = answer["line"].as_u64().expect("a line");
        assert!(answer["instance"].as_u64().expect("typed") < 3, "{answer}");
        assert_eq!(
            (&answer["outcome"], &answer["attempts"]),
            (&"ok".into(), &1.into())
        );
        if answer["file"] == "b.txt" {
            assert_eq!((line, &answer["text"]), (1, &"b".into()));
        } else {
            // Every second line is blank.
            assert_eq!(answer["text"], (line + 1).to_string(), "{answer}");
        }
    }
    assert!(
        run.stderr
            .contains("INSTANCE  TURNS  OK  NOT OK  RESTARTS  MEAN TURN"),
        "{run:?}"
    );
    assert!(run.stderr.contains("21 prompts in"), "{run:?}");
    assert!(!run.stderr.contains('\r'), "no progress where no terminal is");
    let quiet = home
        .run(&["pool", "run", "./sh.toml", "--no-progress", "b.txt"])
        .ends(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn answers_come_as_they_complete_or_in_order() {
    let home = home();
    home.write("p", "sleep 0.4; echo slow\necho quick\necho third\n");
    let args = ["pool", "run", "./sh.toml", "-n", "2", "p"];
    let mixed = home.run(&args).ends(0).objects();
    assert_eq!(texts(&mixed).last(), Some(&"slow"));
    let ordered = home.run(&[&args[..], &["--ordered"]].concat()).ends(0).objects();
    assert_eq!(texts(&ordered), ["slow", "quick", "third"]);
}

#[test]
fn json_lines_say_how_their_prompts_are_asked() {
    let home = home();
    let mut input = String::new();
    for n in 0..12 {
        let prompt = "n=$((n + 1)); echo $n $$";
        let line = serde_json::json!({"id": n, "prompt": prompt, "user": n % 3});
        writeln!(input, "{line}").expect("written");
    }
    let args = [
        "pool",
        "run",
        "./sh.toml",
        "-n",
        "4",
        "--jsonl",
        "--routing",
        "sticky",
        "--key",
        "user",
        "--ordered",
    ];
    let run = home.run_with_input(&args, &input).ends(0);
    let answers = run.objects();
    assert_eq!(answers.len(), 12);
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer["id"], n);
        let same: Vec<&Value> = answers
            .iter()
            .skip(n % 3)
            .step_by(3)
            .map(|other| &other["instance"])
            .collect();
        assert!(
            same.iter().all(|instance| **instance == answer["instance"]),
            "{same:?}"
        );
    }
    // One that asks for an instance that is not there is told so, and the others are answered.
    let input = "{\"prompt\": \"echo here\", \"instance\": 1}\n{\"prompt\": \"echo there\", \"instance\": 99, \"id\": \"x\"}\n";
    let run = home
        .run_with_input(&["pool", "run", "./sh.toml", "--jsonl"], input)
        .ends(6);
    let answers = run.objects();
    let refused = answers.iter().find(|answer| answer["id"] == "x").expect("told");
    let line: ptych::api::PoolLine = serde_json::from_value(refused.clone()).expect("a line of its schema");
    assert!(line.answer.is_none() && line.error.is_some(), "{refused}");
    assert_eq!(refused["error"]["code"], "no_such_instance", "{refused}");
    assert!(
        answers
            .iter()
            .any(|answer| answer["text"] == "here" && answer["instance"] == 1)
    );
}

#[test]
fn a_bad_line_of_a_file_ends_the_run_before_it_begins() {
    let home = home();
    home.write(
        "p.jsonl",
        "{\"prompt\": \"touch started\"}\n\n{\"promt\": \"x\"}\n{\"prompt\": \n",
    );
    let run = home
        .run(&["pool", "run", "./sh.toml", "p.jsonl"])
        .ends(2)
        .prints("");
    assert!(run.stderr.contains("p.jsonl:3:"), "{run:?}");
    assert!(run.stderr.contains("no field `promt`"), "{run:?}");
    assert!(run.stderr.contains("p.jsonl:4:"), "{run:?}");
    assert!(!home.path().join("started").exists());
    home.run(&["pool", "run", "./sh.toml", "none.txt"])
        .ends(2)
        .prints("")
        .says("none.txt");
}

#[test]
fn a_bad_line_of_a_stream_is_told_in_its_place() {
    let home = home();
    let input = "{\"prompt\": \"echo one\"}\n{\"prompt\": 5}\n\"echo three\"\n";
    let args = ["pool", "run", "./sh.toml", "--jsonl", "--ordered", "-"];
    let run = home
        .run_with_input(&args, input)
        .ends(6)
        .says("standard input:2:");
    let answers = run.objects();
    assert_eq!(answers.len(), 3);
    assert_eq!(
        (&answers[0]["text"], &answers[2]["text"]),
        (&"one".into(), &"three".into())
    );
    assert_eq!(
        (&answers[1]["line"], &answers[1]["error"]["code"]),
        (&2.into(), &"bad_line".into())
    );
}

#[test]
fn the_exit_code_says_what_came_of_all() {
    let home = home();
    let run = |input: &str, more: &[&str]| home.run_with_input(&[&["pool", "run"], more].concat(), input);
    let python = ["python", "-n", "2"];
    run("1+1\n1/0\n", &python).ends(1);
    run("__import__('os')._exit(3)\n1+1\n", &python).ends(6);
    let blocked = run("input('name? ')\n", &python).ends(4);
    assert_eq!(blocked.objects()[0]["question"]["text"], "name?", "{blocked:?}");
    run("sleep 60\n", &["./sh.toml", "-n", "1", "--timeout", "300ms"]).ends(124);
    let no = SHELL
        .replace("\"dash\"", "\"no-such-program\"")
        .replace("\"sh\"", "\"nor-this-one\"");
    home.write("no.toml", &no);
    run("x\n", &["./no.toml"]).ends(127);
    home.write("false.toml", &SHELL.replace("\"dash\"", "\"false\""));
    run("x\n", &["./false.toml", "-n", "2"])
        .ends(1)
        .says("instance 1:");
}

#[test]
fn answers_come_while_the_stream_is_open() {
    let home = home();
    let mut child = home
        .command(&["pool", "run", "./sh.toml", "-n", "2", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    for n in 0..3 {
        writeln!(stdin, "echo $(({n} + 1))").expect("taken");
        assert_eq!(answer(&mut stdout)["text"], (n + 1).to_string());
    }
    drop(stdin);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

fn answer(stdout: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
}

#[test]
fn no_more_is_read_than_can_be_asked() {
    let home = home();
    let args = ["pool", "run", "./sh.toml", "-n", "1", "--max-queue", "16", "-"];
    let mut child = home
        .command(&args)
        .stdin(Stdio::piped())
        .spawn()
        .expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    writeln!(stdin, "echo begun; while ! test -e go; do sleep 0.05; done").expect("taken");
    let line = format!(": {}\n", "x".repeat(998));
    // A pipe that takes no more for a while: nobody reads it.
    let fd = std::os::fd::AsRawFd::as_raw_fd(&stdin);
    let mut written = 0_usize;
    loop {
        let mut poll = [nix::poll::PollFd::new(
            // SAFETY: `stdin` lives to the end of the test.
            unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) },
            nix::poll::PollFlags::POLLOUT,
        )];
        let patience = nix::poll::PollTimeout::from(1000_u16);
        if nix::poll::poll(&mut poll, patience).expect("polled") == 0 {
            break;
        }
        stdin.write_all(line.as_bytes()).expect("taken");
        written += 1;
        assert!(written < 1000, "it reads without end");
    }
    std::fs::write(home.path().join("go"), "").expect("written");
    drop(stdin);
    let mut answers = 0;
    while answers <= written {
        assert!(answer(&mut stdout)["line"].is_u64());
        answers += 1;
    }
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_run_that_was_killed_goes_on_where_it_stopped() {
    let home = home();
    home.write(
        "p",
        &lines((0..40).map(|n| format!("echo {n} >> log; sleep 0.02; echo {n}"))),
    );
    let args = ["pool", "run", "./sh.toml", "-n", "2", "--journal", "journal", "p"];
    let mut child = home.spawn(&args);
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let printed: BTreeSet<u64> = (0..10)
        .map(|_| answer(&mut stdout)["line"].as_u64().expect("a line"))
        .collect();
    child.kill().expect("killed");
    child.wait().expect("it ends");
    let before: BTreeSet<u64> = journal(&home)
        .iter()
        .map(|entry| entry["line"].as_u64().expect("a line"))
        .collect();
    assert!(printed.is_subset(&before), "printed and not in the journal");
    let run = home.run(&args).ends(0);
    run_says_skipped(&run, before.len());
    let after: BTreeSet<u64> = run
        .objects()
        .iter()
        .map(|entry| entry["line"].as_u64().expect("a line"))
        .collect();
    assert!(after.is_disjoint(&before), "asked again");
    assert_eq!((after.len() + before.len(), journal(&home).len()), (40, 40));
    // Asked twice is what two instances had in hands, and what was on its way from them to the journal.
    let asked = count(&home.path().join("log"));
    assert!(asked < 50, "{asked} for 40 prompts");
    let run = home.run(&args).ends(0).prints("");
    run_says_skipped(&run, 40);
}

#[track_caller]
fn run_says_skipped(run: &Run, count: usize) {
    let words = format!("{count} of 40 prompts are answered in the journal");
    assert!(run.stderr.contains(&words), "{words}: {run:?}");
}

#[test]
fn a_torn_journal_loses_one_line_and_a_foreign_one_is_refused() {
    let home = home();
    home.write("p", "echo one\necho two\n");
    home.write("q", "echo one\n");
    let args = [
        "pool",
        "run",
        "./sh.toml",
        "-n",
        "1",
        "--ordered",
        "--journal",
        "journal",
    ];
    let with = |more: &[&str]| home.run(&[&args[..], more].concat());
    with(&["p"]).ends(0);
    let path = home.path().join("journal");
    let whole = std::fs::metadata(&path).expect("a journal").len();
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("a journal");
    file.set_len(whole - 9).expect("cut");
    let again = with(&["p"]).ends(0).says("not whole").objects();
    assert_eq!(texts(&again), ["two"]);
    assert_eq!(texts(&journal(&home)), ["one", "two"]);
    with(&["q"]).ends(2).prints("").says("other input");
    with(&["p", "--", "-x"])
        .ends(2)
        .prints("")
        .says("other arguments");
    let foreign = home.write("notes", "my notes\n");
    home.run(&["pool", "run", "./sh.toml", "--journal", &foreign, "p"])
        .ends(2)
        .says("no journal");
    assert_eq!(std::fs::read_to_string(foreign).expect("there"), "my notes\n");
}

#[test]
fn what_has_no_complete_answer_is_asked_again() {
    let home = home();
    home.write("p.jsonl", "{\"id\": \"a\", \"prompt\": \"test -e ready || kill -9 $$; echo a\"}\n{\"id\": \"b\", \"prompt\": \"echo b\"}\n");
    let args = [
        "pool",
        "run",
        "./sh.toml",
        "-n",
        "1",
        "--journal",
        "journal",
        "p.jsonl",
    ];
    let first = home.run(&args).ends(6).objects();
    assert!(
        first
            .iter()
            .any(|answer| answer["id"] == "a" && answer["outcome"] == "exited"),
        "{first:?}"
    );
    home.write("ready", "");
    let second = home.run(&args).ends(0).objects();
    assert_eq!(texts(&second), ["a"]);
    // The journal knows prompts by their ids.
    home.write(
        "p.jsonl",
        "{\"id\": \"a\", \"prompt\": \"x\"}\n{\"id\": \"a\", \"prompt\": \"y\"}\n",
    );
    home.run(&args).ends(2).says("p.jsonl:2:").says("given before");
}

#[test]
fn ctrl_c_finishes_what_runs_and_asks_nothing_new() {
    let home = home();
    let prompt =
        |n| format!("echo $$ > pid; echo {n} >> log; while ! test -e go; do sleep 0.05; done; echo {n}");
    home.write("p", &lines((0..20).map(prompt)));
    let child = home.spawn(&["pool", "run", "./sh.toml", "-n", "2", "--journal", "journal", "p"]);
    soon("both have a prompt", || count(&home.path().join("log")) == 2);
    interrupt(&child);
    // It may take a moment to be heard; what runs waits for us.
    let mut child = child;
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut heard = String::new();
    stderr.read_line(&mut heard).expect("a line");
    assert!(heard.contains("finishing"), "{heard:?}");
    std::fs::write(home.path().join("go"), "").expect("written");
    let mut summary = String::new();
    stderr.read_to_string(&mut summary).expect("the rest");
    let run = finish(child).ends(130);
    let answers = run.objects();
    assert_eq!(answers.len(), 2, "{run:?}");
    assert!(answers.iter().all(|answer| answer["outcome"] == "ok"), "{run:?}");
    assert_eq!((count(&home.path().join("log")), journal(&home).len()), (2, 2));
    assert!(summary.contains("2 prompts in"), "{summary}");
    assert!(is_gone(&home.path().join("pid")));
}

#[test]
fn ctrl_c_twice_ends_everything() {
    let home = home();
    home.write("p", "echo part; echo $$ > pid; sleep 600\necho never\n");
    let mut child = home.spawn(&["pool", "run", "./sh.toml", "-n", "1", "p"]);
    let pid = home.path().join("pid");
    soon("it runs", || count(&pid) == 1);
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    interrupt(&child);
    let mut heard = String::new();
    stderr.read_line(&mut heard).expect("a line");
    interrupt(&child);
    let mut summary = String::new();
    stderr.read_to_string(&mut summary).expect("the rest");
    let run = finish(child).ends(130);
    let answers = run.objects();
    assert_eq!(answers.len(), 1, "{run:?}");
    assert_eq!(
        (&answers[0]["outcome"], &answers[0]["text"]),
        (&"exited".into(), &"part".into())
    );
    assert!(summary.contains("1 not asked"), "{summary}");
    assert!(is_gone(&pid));
}

#[test]
fn sigterm_and_sighup_end_everything_at_once() {
    for (signal, code) in [(Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let home = home();
        home.write("p", "echo part; echo $$ > pid; sleep 600\necho never\n");
        let child = home.spawn(&["pool", "run", "./sh.toml", "-n", "1", "--journal", "journal", "p"]);
        let pid = home.path().join("pid");
        soon("it runs", || count(&pid) == 1);
        kill(Pid::from_raw(child.id().cast_signed()), signal).expect("it lives");
        let run = finish(child).ends(code).says("1 not asked");
        let answers = run.objects();
        assert_eq!(answers.len(), 1, "{signal}: {run:?}");
        assert_eq!(
            (&answers[0]["outcome"], &answers[0]["text"]),
            (&"exited".into(), &"part".into())
        );
        assert!(journal(&home).is_empty(), "{signal}: it is asked again");
        assert!(is_gone(&pid), "{signal}");
    }
}

#[test]
fn a_terminal_shows_how_far_it_is() {
    let home = home();
    let wait = "while ! test -e go; do sleep 0.05; done";
    home.write("p", &lines(["echo one", wait, wait].map(str::to_owned)));
    let size = nix::pty::Winsize {
        ws_row: 24,
        ws_col: 100,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let pair = nix::pty::openpty(Some(&size), None).expect("a terminal");
    let child = home
        .command(&["pool", "run", "./sh.toml", "-n", "2", "--timeout", "30s", "p"])
        .stderr(pair.slave)
        .spawn()
        .expect("started");
    let mut terminal = std::fs::File::from(pair.master);
    let mut shown = String::new();
    let mut chunk = [0; 4096];
    let mut read = |shown: &mut String| {
        // A terminal that nobody writes to any more is an error.
        let bytes = terminal.read(&mut chunk).unwrap_or(0);
        shown.push_str(&String::from_utf8_lossy(&chunk[..bytes]));
        bytes > 0
    };
    while !(shown.contains("1/3") && shown.contains("[1 1]")) {
        assert!(read(&mut shown), "{shown:?}");
    }
    assert!(
        shown.contains("\r\u{1b}[Ktest-shell  ") && shown.contains("/s"),
        "{shown:?}"
    );
    std::fs::write(home.path().join("go"), "").expect("written");
    while read(&mut shown) {}
    let (_, summary) = shown.rsplit_once("\r\u{1b}[K").expect("the line is taken away");
    assert!(
        summary.starts_with("INSTANCE") && summary.contains("3 prompts in"),
        "{shown:?}"
    );
    assert_eq!(finish(child).ends(0).objects().len(), 3);
}

#[test]
fn a_reader_that_goes_ends_the_run() {
    let home = home();
    home.write(
        "p",
        &lines((0..5000).map(|n| format!("test -e pid || echo $$ > pid; echo {n}"))),
    );
    let mut child = home.spawn(&["pool", "run", "./sh.toml", "-n", "2", "p"]);
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    answer(&mut stdout);
    drop(stdout);
    finish(child).ends(141);
    assert!(is_gone(&home.path().join("pid")));
}

#[test]
fn lost_prompts_are_tried_again_when_that_is_allowed() {
    let home = home();
    home.write(
        "p",
        "echo x >> log; test $(wc -l < log) -ge 2 || kill -9 $$; echo done\n",
    );
    let args = [
        "pool",
        "run",
        "./sh.toml",
        "-n",
        "1",
        "--retry",
        "1",
        "--metrics",
        "metrics",
        "--record",
        "casts",
        "p",
    ];
    let run = home.run(&args).ends(0).says("1 tried again");
    let answers = run.objects();
    assert_eq!(
        (&answers[0]["text"], &answers[0]["attempts"]),
        (&"done".into(), &2.into())
    );
    let metrics = std::fs::read_to_string(home.path().join("metrics")).expect("written");
    for sample in [
        "ptych_prompts_total{tool=\"test-shell\"} 1\n",
        "ptych_retries_total{tool=\"test-shell\"} 1\n",
        "ptych_restarts_total{tool=\"test-shell\",reason=\"signaled\"} 1\n",
    ] {
        assert!(metrics.contains(sample), "{sample}: {metrics}");
    }
    for cast in ["0-1.cast", "0-2.cast"] {
        assert!(home.path().join("casts").join(cast).is_file(), "{cast}");
    }
}

#[test]
fn so_many_restarts_as_the_intensity_allows() {
    let home = home();
    home.write("p", "kill -9 $$\nkill -9 $$\necho alive\n");
    let with = |intensity: &str| {
        home.run(&[
            "pool",
            "run",
            "./sh.toml",
            "-n",
            "1",
            "--ordered",
            "--intensity",
            intensity,
            "p",
        ])
    };
    let outcomes = |run: &Run| -> Vec<String> {
        let answers = run.objects();
        let outcome = |answer: &Value| answer["outcome"].as_str().expect("an outcome").to_owned();
        answers.iter().map(outcome).collect()
    };
    for enough in ["2/60s", "unlimited"] {
        let run = with(enough).ends(6);
        assert_eq!(outcomes(&run), ["exited", "exited", "ok"], "{enough}: {run:?}");
    }
    // The second end would need one more: the instance has failed, and what waits is told so.
    let run = with("1/60s").ends(1).says("restarts within");
    assert!(!outcomes(&run).contains(&"ok".to_owned()), "{run:?}");
    with("5").ends(2).prints("").says("5/60s").says("unlimited");
    let help = home.run(&["pool", "run", "--help"]).ends(0);
    assert!(help.stdout.contains("--intensity 50/10m"), "{help:?}");
}

#[test]
fn the_bench_measures_and_ends() {
    let home = home();
    let run = home
        .run(&["pool", "bench", "-n", "1,2", "--time", "1s", "--json"])
        .ends(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let runs = report["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 2, "{report}");
    for measured in runs {
        for figure in [
            "ready_ms",
            "turns_per_second",
            "slow_turns_per_second",
            "instance_bytes",
            "supervisor_bytes",
        ] {
            assert!(
                measured[figure].as_f64().is_some_and(|value| value > 0.0),
                "{figure}: {report}"
            );
        }
    }
    let run = home
        .run(&["pool", "bench", "./sh.toml", "--prompt", "exit", "--time", "1s"])
        .ends(1);
    assert!(run.stderr.contains("outcome exited"), "{run:?}");
    home.run(&["pool", "bench", "./sh.toml"]).ends(2).says("--prompt");
}
