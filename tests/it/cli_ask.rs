//! `ptych ask` on real programs: what it prints and how it ends.
#![expect(
    clippy::disallowed_methods,
    reason = "a test looks at files, processes and the clock"
)]

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cli_support::{Home, Run};

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().cast_signed()), signal).expect("ptych runs");
}

fn finish(child: Child) -> Run {
    child.wait_with_output().expect("ptych ends").into()
}

/// Waits until `path` exists: the tool has come as far as its prompt told it to.
fn wait_for(path: &std::path::Path) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !path.exists() {
        assert!(Instant::now() < deadline, "{} does not appear", path.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_text_and_nothing_else() {
    let home = Home::new();
    home.run(&["ask", "python", "6*7"]).ends(0).prints("42\n");
    home.run(&["ask", "bash", "true"]).ends(0).prints("");
    home.run(&["ask", "bash", "printf abc"]).ends(0).prints("abc\n");
}

#[test]
fn several_texts_are_turns_of_one_session() {
    Home::new()
        .run(&["ask", "python", "x = 6", "x * 7", "x"])
        .ends(0)
        .prints("42\n6\n");
}

#[test]
fn prompts_come_from_files_and_standard_input() {
    let home = Home::new();
    let file = home.write("prompt.txt", "echo from file\n");
    let run = home.run_with_input(&["ask", "bash", &format!("@{file}"), "-"], "echo from stdin\r\n");
    run.ends(0).prints("from file\nfrom stdin\n");
}

#[test]
fn json_is_the_whole_response_one_a_line() {
    let run = Home::new()
        .run(&["ask", "python", "--json", "1+1", "1/0"])
        .ends(1);
    let objects = run.objects();
    assert_eq!(objects.len(), 2, "{run:?}");
    assert_eq!(
        (&objects[0]["text"], &objects[0]["outcome"]),
        (&"2".into(), &"ok".into())
    );
    assert_eq!(objects[1]["outcome"], "error");
    assert_eq!(objects[1]["tool"], "python");
    assert!(objects[1]["evidence"]["rule"].is_string());
    assert!(objects[1]["turn"].as_str().is_some_and(|turn| turn.len() == 26));
}

#[test]
fn raw_is_what_the_tool_sent() {
    let home = Home::new();
    let run = home
        .run(&["ask", "bash", "--raw", r"printf '\033[31mred\033[0m\n'"])
        .ends(0);
    assert!(run.stdout.contains("\u{1b}[31mred"), "{run:?}");
    let run = home
        .run(&["ask", "bash", "--raw", "--json", r"printf '\033[31mred\033[0m\n'"])
        .ends(0);
    assert!(
        run.objects()[0]["raw"]
            .as_str()
            .is_some_and(|raw| raw.contains("\u{1b}[31mred"))
    );
    assert_eq!(run.objects()[0]["text"], "red");
}

#[test]
fn streamed_text_is_the_same_text() {
    let home = Home::new();
    let prompt = "for i in $(seq 1 300); do echo line $i; done";
    let plain = home.run(&["ask", "bash", prompt, "echo second"]).ends(0);
    let streamed = home
        .run(&["ask", "bash", "--stream", prompt, "echo second"])
        .ends(0);
    assert_eq!(plain.stdout, streamed.stdout);
    assert_eq!(plain.stdout.lines().count(), 301);
}

#[test]
fn streamed_text_comes_before_the_end() {
    let home = Home::new();
    let gate = home.path().join("gate");
    let prompt = format!(
        "seq 1 500; until test -e {}; do sleep 0.02; done; echo end",
        gate.display()
    );
    let mut child = home.spawn(&["ask", "bash", "--stream", &prompt]);
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    assert_eq!(lines.next().expect("a line").expect("UTF-8"), "1");
    std::fs::write(&gate, "").expect("open the gate");
    assert_eq!(lines.last().expect("a line").expect("UTF-8"), "end");
    finish(child).ends(0);
}

#[test]
fn the_tools_start_can_be_chosen() {
    let home = Home::new();
    let dir = home.path().canonicalize().expect("exists");
    let cwd = dir.display().to_string();
    home.run(&["ask", "bash", "pwd", "--cwd", &cwd])
        .ends(0)
        .prints(&format!("{cwd}\n"));
    home.run(&["ask", "bash", "echo $FOO", "--env", "FOO=a=b"])
        .ends(0)
        .prints("a=b\n");
    home.run(&["ask", "bash", "stty size", "--size", "77x33"])
        .ends(0)
        .prints("33 77\n");
    home.run(&["ask", "python", "import sys; sys.flags.optimize", "--", "-O"])
        .ends(0)
        .prints("1\n");
    let mut command = home.command(&["ask", "bash", "echo [$MINE] [$OTHER]", "--env", "MINE"]);
    let run: Run = command
        .env("MINE", "1")
        .env("OTHER", "2")
        .output()
        .expect("run ptych")
        .into();
    run.ends(0).prints("[1] []\n");
}

#[test]
fn a_tools_error_is_1_and_stops_the_rest() {
    let home = Home::new();
    let run = home
        .run(&["ask", "python", "1/0", "print('later')"])
        .ends(1)
        .says("the prompt behind it was not sent");
    assert!(run.stdout.contains("ZeroDivisionError"), "{run:?}");
    assert!(!run.stdout.contains("later"), "{run:?}");
}

#[test]
fn keep_going_is_6_when_some_were_well() {
    let home = Home::new();
    let run = home
        .run(&["ask", "python", "--keep-going", "1/0", "print('later')"])
        .ends(6);
    assert!(run.stdout.ends_with("later\n"), "{run:?}");
    home.run(&["ask", "python", "--keep-going", "1/0", "2/0"]).ends(1);
}

#[test]
fn keep_going_goes_past_a_time_out_and_a_refusal() {
    let home = Home::new();
    let args = [
        "ask",
        "bash",
        "--keep-going",
        "--timeout",
        "2s",
        "sleep 60",
        "a\u{3}b",
        "echo later",
    ];
    let run = home.run(&args).ends(6).says("timed out").says("U+0003");
    assert!(run.stdout.ends_with("later\n"), "{run:?}");
}

#[test]
fn a_tool_that_ends_is_1_with_its_exit() {
    let run = Home::new()
        .run(&["ask", "bash", "echo bye; exit 3"])
        .ends(1)
        .says("exit code 3");
    assert!(run.stdout.contains("bye"), "{run:?}");
}

#[test]
fn time_out_is_124_with_the_text_so_far() {
    let run = Home::new()
        .run(&["ask", "bash", "echo part; sleep 60", "--timeout", "1s"])
        .ends(124)
        .says("timed out");
    assert!(run.stdout.contains("part"), "{run:?}");
}

#[test]
fn a_tool_that_never_gets_ready_is_124() {
    let home = Home::new();
    home.write(
        "never.toml",
        "name = \"never\"\ncommand = [\"sleep\", \"100\"]\nprompt = '^never> $'\n",
    );
    let run = home
        .run(&["ask", "./never.toml", "x", "--timeout", "1s", "--json"])
        .ends(124);
    assert_eq!(run.objects()[0]["code"], "not_ready");
    run.says("ptych protocol explain");
}

#[test]
fn a_question_before_the_first_prompt_is_answered_and_prints_nothing() {
    let home = Home::new();
    let script = home.write(
        "tool.sh",
        "read -r -p 'Trust this folder? ' t\necho welcome $t\nwhile read -r -p 'tool> ' x; do echo \"said $x\"; done\n",
    );
    home.write(
        "tool.toml",
        &format!("name = \"tool\"\ncommand = [\"bash\", \"{script}\"]\nprompt = '^tool> $'\nexit = {{ send = \"<ctrl-d>\" }}\n"),
    );
    home.run(&["ask", "./tool.toml", "hi"])
        .ends(4)
        .prints("")
        .says("Trust this folder?");
    home.run(&["ask", "./tool.toml", "hi", "--answer", "Trust=yes"])
        .ends(0)
        .prints("said hi\n");
}

#[test]
fn a_question_is_4_with_its_text() {
    let home = Home::new();
    let run = home.run(&[
        "ask",
        "bash",
        "read -p 'Really overwrite? ' reply; echo got $reply",
    ]);
    run.ends(4).says("Really overwrite?").says("--answer");
}

#[test]
fn a_question_is_answered_by_its_text() {
    let home = Home::new();
    let prompt = "read -p 'Really overwrite? ' reply; echo got $reply";
    let run = home
        .run(&["ask", "bash", prompt, "--answer", "overwrite=yes"])
        .ends(0);
    assert!(run.stdout.ends_with("got yes\n"), "{run:?}");
}

#[test]
fn a_secret_comes_from_the_environment_and_is_not_printed() {
    let home = Home::new();
    let prompt = "read -s -p 'Password: ' p; echo; echo ${#p} letters";
    home.run(&["ask", "bash", prompt]).ends(4).says("Password:");
    let mut command = home.command(&["ask", "bash", "--json", prompt, "--answer-env", "Password=SECRET"]);
    let run: Run = command
        .env("SECRET", "hunter2")
        .output()
        .expect("run ptych")
        .into();
    let run = run.ends(0);
    assert!(
        !run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"),
        "{run:?}"
    );
    let objects = run.objects();
    assert!(
        objects
            .last()
            .is_some_and(|last| last["text"].as_str().is_some_and(|t| t.contains("7 letters"))),
        "{run:?}"
    );
}

#[test]
fn an_interrupt_goes_to_the_tool_and_is_130() {
    let home = Home::new();
    let started = home.path().join("started");
    let child = home.spawn(&[
        "ask",
        "bash",
        &format!("echo part; touch {}; sleep 60", started.display()),
        "echo no",
    ]);
    wait_for(&started);
    signal(&child, Signal::SIGINT);
    let run = finish(child).ends(130);
    assert!(
        run.stdout.contains("part") && !run.stdout.contains("no\n"),
        "{run:?}"
    );
}

#[test]
fn the_tool_starts_with_no_signal_blocked() {
    let run = Home::new()
        .run(&["ask", "bash", "grep SigBlk /proc/self/status"])
        .ends(0);
    assert!(run.stdout.trim_end().ends_with("0000000000000000"), "{run:?}");
}

#[test]
fn a_second_interrupt_does_not_wait_for_the_tool() {
    let home = Home::new();
    let started = home.path().join("started");
    let prompt = format!("(trap '' INT; touch {}; sleep 60)", started.display());
    let child = home.spawn(&["ask", "bash", &prompt]);
    wait_for(&started);
    let since = Instant::now();
    signal(&child, Signal::SIGINT);
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, Signal::SIGINT);
    finish(child).ends(130);
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
}

#[test]
fn termination_is_143() {
    let home = Home::new();
    let started = home.path().join("started");
    let child = home.spawn(&["ask", "bash", &format!("touch {}; sleep 60", started.display())]);
    wait_for(&started);
    signal(&child, Signal::SIGTERM);
    finish(child).ends(143);
}

#[test]
fn a_closed_reader_is_141_and_quiet() {
    let home = Home::new();
    let mut child = home.spawn(&["ask", "bash", "echo 1", "echo 2"]);
    drop(child.stdout.take());
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_string(&mut stderr)
        .expect("UTF-8");
    assert_eq!(child.wait().expect("ptych ends").code(), Some(141), "{stderr}");
    assert_eq!(stderr, "");
}

#[test]
fn a_tool_that_is_not_installed_is_127() {
    let home = Home::new();
    let run = home.run(&["ask", "--protocol", "bash", "no-such-shell", "true"]);
    run.ends(127).prints("").says("no-such-shell");
}

#[test]
fn a_file_that_is_not_executable_is_126() {
    let home = Home::new();
    let file = home.write("tool.sh", "#!/bin/sh\n");
    home.run(&["ask", "--protocol", "bash", &file, "true"])
        .ends(126)
        .prints("")
        .says("tool.sh");
}

#[test]
fn control_characters_are_refused_with_nothing_typed() {
    Home::new()
        .run(&["ask", "bash", "echo a\u{3}b"])
        .ends(2)
        .prints("")
        .says("U+0003");
}

#[test]
fn a_session_is_recorded_when_asked() {
    let home = Home::new();
    let file = home.path().join("x.cast").display().to_string();
    home.run(&["ask", "bash", "echo recorded", "--record", &file])
        .ends(0)
        .prints("recorded\n");
    let cast = std::fs::read_to_string(&file).expect("the recording");
    assert!(
        cast.starts_with("{\"version\":3") || cast.starts_with("{\"version\": 3"),
        "{cast}"
    );
    assert!(cast.contains("recorded"));
}

#[test]
fn nothing_is_left_running() {
    let home = Home::new();
    let pid_file = home.path().join("pid");
    home.run(&[
        "ask",
        "bash",
        &format!("sleep 1000 & echo $! > {}", pid_file.display()),
    ])
    .ends(0);
    let pid = std::fs::read_to_string(&pid_file).expect("written");
    // Gone, or ended and not yet reaped by whoever inherited it.
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "it still runs: {stat}");
}

#[test]
fn a_question_in_a_conversation_without_a_terminal_is_4() {
    let home = Home::new();
    let run = home.run_with_input(&["chat", "bash"], "read -p 'Sure? ' x\necho no\n");
    run.ends(4).says("Sure?");
}

#[test]
fn a_choice_is_taken_by_its_label() {
    let home = Home::new();
    let script = home.write(
        "tool.sh",
        "while read -r -p 'tool> ' x; do read -r -n 1 -p 'Proceed? [y/n] ' y; echo; echo \"got $y\"; done\n",
    );
    home.write(
        "tool.toml",
        &format!(
            "name = \"tool\"\ncommand = [\"bash\", \"{script}\"]\nprompt = '^tool> $'\nexit = {{ send = \"<ctrl-d>\" }}\n\
             [[state]]\nname = \"proceed\"\nkind = \"confirm\"\ncursor_line = 'Proceed\\? \\[y/n\\] $'\n\
             choices = [{{ label = \"yes, all\", send = \"y\" }}, {{ label = \"no\", send = \"n\" }}]\n"
        ),
    );
    home.run(&["ask", "./tool.toml", "x"])
        .ends(4)
        .says("Proceed?")
        .says("choice: yes, all")
        .says("choice: no");
    home.run(&["ask", "./tool.toml", "x", "--answer", "Proceed=maybe"])
        .ends(4)
        .says("no choice matches");
    let run = home
        .run(&["ask", "./tool.toml", "x", "--answer", "Proceed=^yes"])
        .ends(0);
    assert!(run.stdout.ends_with("got y\n"), "{run:?}");
    let run = home
        .run(&[
            "ask",
            "./tool.toml",
            "x",
            "y",
            "--answer",
            "nothing=1",
            "--answer",
            "Proceed=no",
            "--json",
        ])
        .ends(0);
    let outcomes: Vec<_> = run
        .objects()
        .iter()
        .map(|object| object["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["blocked", "ok", "blocked", "ok"], "{run:?}");
}

#[test]
fn a_conversation_without_a_terminal_takes_its_lines_from_standard_input() {
    let home = Home::new();
    let run = home.run_with_input(&["chat", "python"], "x = 20\n\nx + 1\nx * 2\n");
    run.ends(0).prints("21\n40\n");
}
