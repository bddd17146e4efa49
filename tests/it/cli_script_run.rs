//! `ptych script run` against real programs: exit codes, reports, many scripts at once, limits.

use serde_json::Value;

use crate::cli_support::{Home, Run};

fn script(text: &str) -> Run {
    Home::new().run(&["script", "run", "--timeout", "20s", "-c", text])
}

#[test]
fn a_dialogue_is_held_and_its_words_are_data() {
    let text = r#"
        let s = spawn(["sh", "-c", "printf 'name: '; read n; echo hello $n"]);
        expect s { "name: " => s.send_line("world"), eof() => fail("no prompt") }
        let m = s.expect(re(`hello (?<who>\w+)`));
        print(m.captures.who + m[1] + m.matched);
        print(s.wait().code);
    "#;
    script(text).ends(0).prints("worldworldhello world\n0\n");
}

#[test]
fn the_arms_value_is_the_blocks_and_only_that_arm_is_evaluated() {
    let text = r#"
        let s = spawn("echo one 22 three");
        let got = expect s { re(`(\d+)`) => |m| parse_int(m[1]) + 1, "nope" => print("evaluated") };
        print(got);
        print(expect { "three" => if true { "yes" } else { "no" }, });
    "#;
    script(text).ends(0).prints("23\nyes\n");
}

#[test]
fn again_goes_on_and_a_loop_can_be_left() {
    let text = r#"
        let s = spawn("seq 5");
        let sum = 0;
        expect s {
            re(`(\d)\n`) => { sum += parse_int(s.found[1]); again() }
            eof() => (),
        }
        print(sum);
        let t = spawn("seq 9");
        loop { expect t { "7\n" => { break; }, re(`\d\n`) => () } }
        print(t.expect(re(`\d`)).matched);
    "#;
    script(text).ends(0).prints("15\n8\n");
}

#[test]
fn again_keeps_the_time_and_again_fresh_renews_it() {
    let waiting = |word: &str| {
        format!(
            r#"let s = spawn(["sh", "-c", "for i in 1 2 3 4 5 6; do echo tick; sleep 0.3; done"]);
               expect s {{ "tick" => {word}, timeout(1) => print("out of time"), eof() => print("all") }}"#
        )
    };
    script(&waiting("again()")).ends(0).prints("out of time\n");
    script(&waiting("again_fresh()")).ends(0).prints("all\n");
}

#[test]
fn a_wait_without_its_text_ends_with_124_and_a_whole_report() {
    let home = Home::new();
    home.write(
        "f.rhai",
        "fn login(s) {\n    expect s {\n        \"password:\" => 1,\n        re(`\\$ $`) => 2,\n    }\n}\nlet s = spawn([\"sh\", \"-c\", \"printf passw0rd:; read x\"]);\ns.timeout = 0.3;\nlogin(s);\n",
    );
    let run = home.run(&["script", "run", "f.rhai"]).ends(124).prints("");
    for part in [
        "f.rhai:2:5: none of 2 patterns came within 0.3",
        "2 |     expect s {\n  |     ^\n",
        "in login, called at f.rhai:9:1",
        "session 1: sh -c printf passw0rd:; read x",
        "  1 \"password:\"\n      nearest: \"passw\"",
        "  2 re(",
        "cursor in row 1 column 10",
        "  | passw0rd:",
        "waited 0.3",
        "the script ran",
    ] {
        assert!(run.stderr.contains(part), "{part:?} in\n{}", run.stderr);
    }
}

#[test]
fn the_programs_end_in_place_of_a_text_is_a_failed_expectation() {
    let run = script("let s = spawn(\"echo bye\"); s.expect(\"hello\")").ends(1);
    assert!(
        run.stderr
            .contains("the program ended, and \"hello\" did not come"),
        "{run:?}"
    );
    assert!(run.stderr.contains("  | bye"), "{run:?}");
}

#[test]
fn what_was_not_caught_says_with_which_code_the_run_ends() {
    let ends = |text: &str, code: i32, words: &str| {
        let run = script(text).ends(code);
        assert!(run.stderr.contains(words), "{words:?} in {run:?}");
    };
    ends(
        "let s = spawn(\"cat\"); assert(1 == 2, \"not so\")",
        1,
        "-c:1:23: not so",
    );
    ends("fail(\"given up\")", 1, "given up");
    ends("throw \"thrown\"", 1, "thrown");
    ends("let s = spawn(\"cat\"); let x = 1 / 0;", 1, "Division by zero");
    ends("let x = 1 / 0;", 2, "Division by zero");
    ends("let p = \"(\"; re(p)", 2, "no pattern");
    ends("spwan(\"cat\")", 2, "no function `spwan`");
    ends("let x = ;", 2, "-c:1:9");
    ends(
        "spawn(\"no-such-program-anywhere\")",
        127,
        "no-such-program-anywhere",
    );
    ends("start(\"no-such-protocol\")", 2, "no-such-protocol");
}

#[test]
fn scripts_leave_with_their_own_code_or_their_childs() {
    script("exit(7)").ends(7).prints("");
    // Before anything was spawned.
    script("sleep(0.01); exit(7)").ends(7).prints("");
    script("print(1); exit(); print(2)").ends(0).prints("1\n");
    script("try { exit(3) } catch { print(\"caught\") }")
        .ends(3)
        .prints("");
    script("let s = spawn([\"sh\", \"-c\", \"exit 42\"]); exit_with_child(s)").ends(42);
    script("let s = spawn([\"sh\", \"-c\", \"kill -9 $$\"]); exit_with_child(s)").ends(128 + 9);
    script("on_exit(|| print(\"first\")); on_exit(|| print(\"last\")); exit(4)")
        .ends(4)
        .prints("last\nfirst\n");
}

#[test]
fn a_failure_can_be_caught_and_says_what_was_seen() {
    let text = r#"
        let s = spawn(["sh", "-c", "echo shown; read x"]);
        s.expect("shown\n");
        try { s.expect("never", 0.1) } catch (e) { print(e.code); print(e.screen); }
        s.send_line("x");
        try { s.expect("never") } catch (e) { print(e.code); }
    "#;
    script(text).ends(0).prints("timed_out\nshown\nended\n");
}

#[test]
fn keys_secrets_and_ends_of_input_reach_the_program() {
    let text = r#"
        let s = spawn(["sh", "-c", "stty -echo; printf 'pw: '; read x; stty echo; echo; echo got ${#x}"]);
        s.expect("pw: ");
        s.send_secret(secret("PTYCH_TEST_SECRET"));
        print(s.expect(re(`got (\d+)`))[1]);
        print(secret("PTYCH_TEST_SECRET"));
        let c = spawn("cat");
        c.send_line("line");
        c.expect("line\nline\n");
        c.send_eof();
        print(c.wait().code);
        let d = spawn("sleep 100");
        d.send_key("ctrl-c");
        print(d.wait().signal);
    "#;
    let home = Home::new();
    let mut command = home.command(&["script", "run", "-c", text]);
    let run: Run = command
        .env("PTYCH_TEST_SECRET", "12345678")
        .output()
        .expect("run ptych")
        .into();
    run.ends(0).prints("8\n(secret)\n0\n2\n");
}

#[test]
fn a_secret_comes_from_a_file_and_is_in_no_trace() {
    let home = Home::new();
    home.write("pw", "hunter2\nsecond line\n");
    let text = "let s = spawn([\"sh\", \"-c\", \"stty -echo; echo go; read x; [ $x = hunter2 ] && echo right\"]); s.expect(\"go\"); s.send_secret(secret(\"PW\")); s.expect(\"right\")";
    let args = [
        "script", "run", "--trace", "--record", "r.cast", "--secret", "PW=@pw", "-c", text,
    ];
    let run = home.run(&args).ends(0);
    assert!(run.stderr.contains("\"right\""), "{run:?}");
    let recorded = std::fs::read_to_string(home.path().join("r.cast")).expect("a recording");
    assert!(recorded.contains("right"), "{recorded}");
    // The script's own words name it once, in the command that is started.
    assert_eq!(
        recorded.matches("hunter2").count(),
        recorded.matches("= hunter2").count(),
        "{recorded}"
    );
}

#[test]
fn the_trace_tells_each_wait_and_why_it_ended() {
    let text = "let s = spawn(\"echo a b\");\ns.expect(\"a\");\ntry { s.expect(\"z\") } catch {}";
    let run = Home::new().run(&["script", "run", "--trace", "-c", text]).ends(0);
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert!(lines[0].contains("-c:1:9 [1: echo a b] started"), "{run:?}");
    assert!(
        lines[1].contains("-c:2:3 [1: echo a b] expect: \"a\" after "),
        "{run:?}"
    );
    assert!(
        lines[2].contains("-c:3:9 [1: echo a b] expect: the program ended"),
        "{run:?}"
    );
}

#[test]
fn sessions_are_waited_for_together_and_worked_with_at_once() {
    let text = r#"
        let a = spawn("cat");
        let b = spawn("cat");
        b.send_line("hey");
        let r = expect_any([[a, "x"], [b, "hey"]]);
        print(r.index);
        let n = 1;
        print(parallel([
            || { a.send_line("one"); n += 1; a.expect("one").matched },
            || { b.send_line("two"); b.expect("two").matched },
        ]));
        print(n);
        // Neither can go on without the other.
        print(parallel([|| { a.expect("ping"); b.send_line("pong"); 1 }, || { a.send_line("ping"); b.expect("pong"); 2 }]));
        try { parallel([|| fail("x"), || 1]) } catch (e) { print(e.message) }
    "#;
    script(text)
        .ends(0)
        .prints("1\n[\"one\", \"two\"]\n1\n[1, 2]\nx\n");
}

#[test]
fn a_session_with_a_protocol_is_asked() {
    let text = "let s = start(\"bash\"); print(s.state); print(s.ask(\"echo $((6*7))\").text); let r = s.ask(\"false\"); print(r.outcome);";
    script(text).ends(0).prints("ready\n42\nerror\n");
}

#[test]
fn the_screen_and_the_terminal_can_be_looked_at() {
    let text = r#"
        let s = spawn(["sh", "-c", "printf '\\033[2J\\033[3;5Hthere'; read x"], #{ cols: 40, rows: 10 });
        s.expect("there");
        let v = s.screen();
        print(v.rows.len() + " " + v.cols + " " + v.cursor_row + " " + v.cursor_col + " " + v.row(2) + " " + v.contains("there"));
        print(s.tty().echo);
        s.resize(50, 12);
        print(s.screen().cols);
        s.expect(screen(#{ screen: "the[r]e" }));
        print(s.is_alive);
    "#;
    script(text)
        .ends(0)
        .prints("10 40 2 9     there true\ntrue\n50\ntrue\n");
}

#[test]
fn stored_screens_are_written_compared_and_shown_as_a_diff() {
    let home = Home::new();
    let write = |word: &str| {
        home.write(
            "m.rhai",
            &format!("let s = spawn([\"sh\", \"-c\", \"echo menu; sleep 0.2; echo {word}; read x\"]);\ns.assert_screen(\"main\", 1);"),
        );
    };
    write("one");
    home.run(&["script", "run", "m.rhai"]).ends(1).says("--update");
    home.run(&["script", "run", "m.rhai", "--update"]).ends(0);
    let stored = home.path().join("m.rhai.screens/main.txt");
    assert_eq!(
        std::fs::read_to_string(&stored).expect("a stored screen"),
        "menu\none\n"
    );
    home.run(&["script", "run", "m.rhai"]).ends(0);
    write("two");
    let run = home.run(&["script", "run", "m.rhai"]).ends(1);
    assert!(run.stderr.contains("- one\n+ two\n"), "{run:?}");
    assert!(run.stderr.contains("m.rhai:2:3: "), "{run:?}");
}

#[test]
fn operations_and_time_are_limited() {
    let home = Home::new();
    let run = home.run(&[
        "script",
        "run",
        "--max-operations",
        "10000",
        "-c",
        "spawn(\"cat\"); loop {}",
    ]);
    assert!(run.ends(1).stderr.contains("more than 10000 operations"));
    let run = home.run(&["script", "run", "--time-limit", "300ms", "-c", "loop {}"]);
    assert!(run.ends(124).stderr.contains("took more than"));
    let run = home.run(&[
        "script",
        "run",
        "--time-limit",
        "300ms",
        "-c",
        "spawn(\"cat\").expect(\"x\", 60)",
    ]);
    assert!(run.ends(124).stderr.contains("--time-limit"));
    let run = home.run(&[
        "script",
        "run",
        "--time-limit",
        "300ms",
        "-c",
        "try { loop {} } catch { print(1) }",
    ]);
    run.ends(124).prints("");
    script("fn f(n) { f(n + 1) } f(0)").ends(2).says("overflow");
}

#[test]
fn files_modules_and_programs_need_leave() {
    let home = Home::new();
    home.write("in/f", "text");
    let run = |flags: &[&str], text: &str| home.run(&[&["script", "run", "-c", text], flags].concat());
    run(&[], "read_file(\"in/f\")").ends(2).says("--allow-read");
    run(&["--allow-read", "in"], "print(read_file(\"in/f\"))")
        .ends(0)
        .prints("text\n");
    run(&["--allow-read", "in"], "read_file(\"in/../../../etc/passwd\")").ends(2);
    run(&[], "write_file(\"out\", \"x\")")
        .ends(2)
        .says("--allow-write");
    run(
        &["--allow-write", "in"],
        "write_file(\"in/g\", \"x\"); append_file(\"in/g\", \"y\")",
    )
    .ends(0);
    assert_eq!(
        std::fs::read_to_string(home.path().join("in/g")).expect("written"),
        "xy"
    );
    run(&["--allow-write", "in"], "write_file(\"in/../out\", \"x\")").ends(2);
    run(&["--allow-spawn", "cat"], "spawn(\"sh\")")
        .ends(2)
        .says("--allow-spawn sh");
    run(&["--allow-spawn", "cat"], "spawn(\"/bin/cat\")").ends(2);
    run(&["--allow-spawn", "cat"], "spawn(\"cat\"); print(\"ok\")")
        .ends(0)
        .prints("ok\n");
    run(
        &["--allow-write", "in"],
        "let s = spawn(\"echo logged\"); s.log(\"in/log\"); s.expect(eof());",
    )
    .ends(0);
    let log = std::fs::read_to_string(home.path().join("in/log")).expect("a log");
    assert_eq!(log, "logged\r\n");
}

/// One good script, one that fails, one that is slow.
fn suite(home: &Home) {
    home.write(
        "1.rhai",
        "print(\"one\"); let s = spawn(\"echo a\"); s.expect(\"a\");",
    );
    home.write(
        "2.rhai",
        "print(\"<two>\");\nlet s = spawn(\"echo b\"); s.expect(\"c\");",
    );
    home.write("3.rhai", "let s = spawn(\"sleep 60\"); s.expect(\"d\", 0.2);");
}

#[test]
fn several_scripts_are_told_each_and_in_all() {
    let home = Home::new();
    suite(&home);
    let run = home.run(&["script", "run", "1.rhai", "2.rhai", "3.rhai"]).ends(1);
    assert_eq!(run.stdout, "one\n<two>\n");
    assert!(run.stderr.contains("2.rhai:2:28: the program ended"), "{run:?}");
    assert!(run.stderr.contains("3 scripts: 1 ok, 2 failed"), "{run:?}");
    home.run(&["script", "run", "1.rhai", "3.rhai"]).ends(124);
}

#[test]
fn json_is_one_object_a_script() {
    let home = Home::new();
    suite(&home);
    let run = home
        .run(&["script", "run", "--json", "1.rhai", "2.rhai", "-j", "2"])
        .ends(1);
    let mut objects: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    objects.sort_by_key(|object| object["script"].to_string());
    let [one, two] = objects.as_slice() else {
        panic!("two objects: {run:?}")
    };
    assert_eq!(
        (&one["ok"], &one["exit_code"], &one["waits"]),
        (&true.into(), &0.into(), &1.into())
    );
    assert_eq!((&one["output"], &one["attempts"]), (&"one\n".into(), &1.into()));
    assert_eq!(
        (&two["ok"], &two["error"]["code"]),
        (&false.into(), &"ended".into())
    );
    assert_eq!(
        (&two["error"]["line"], &two["error"]["column"]),
        (&2.into(), &28.into())
    );
    assert_eq!(two["error"]["seen"]["expected"][0]["pattern"], "\"c\"");
    assert_eq!(two["error"]["seen"]["last_lines"][0], "b");
}

#[test]
fn junit_has_a_case_a_script() {
    let home = Home::new();
    suite(&home);
    home.run(&["script", "run", "--junit", "out.xml", "1.rhai", "2.rhai"])
        .ends(1);
    let xml = std::fs::read_to_string(home.path().join("out.xml")).expect("a report");
    assert!(xml.contains("tests=\"2\" failures=\"1\" errors=\"0\""), "{xml}");
    assert!(xml.contains("<testcase name=\"1.rhai\""), "{xml}");
    assert!(xml.contains("type=\"ended\""), "{xml}");
    assert!(xml.contains("<system-out>&lt;two&gt;\n</system-out>"), "{xml}");
}

#[test]
fn jobs_run_at_the_same_time() {
    let home = Home::new();
    // Each waits for a file that the other makes.
    let wait = |own: &str, other: &str| {
        format!(
            "let s = spawn([\"sh\", \"-c\", \"touch {own}; while [ ! -e {other} ]; do sleep 0.02; done; echo met\"]); s.expect(\"met\");"
        )
    };
    home.write("a.rhai", &wait("a", "b"));
    home.write("b.rhai", &wait("b", "a"));
    home.run(&["script", "run", "-j", "2", "a.rhai", "b.rhai"])
        .ends(0);
}

#[test]
fn nothing_is_started_when_one_of_several_is_wrong() {
    let home = Home::new();
    home.write("a.rhai", "spawn(\"touch made\").wait();");
    home.write("b.rhai", "let x = ;");
    home.run(&["script", "run", "a.rhai", "b.rhai"])
        .ends(2)
        .says("b.rhai:1:9");
    assert!(!home.path().join("made").exists());
}

#[test]
fn retries_are_off_until_asked_for() {
    let home = Home::new();
    home.write(
        "r.rhai",
        "let s = spawn([\"sh\", \"-c\", \"echo x >> n; grep -c x n\"]); s.expect(\"3\");",
    );
    home.run(&["script", "run", "r.rhai"]).ends(1);
    let run = home
        .run(&["script", "run", "--json", "--retries", "5", "r.rhai"])
        .ends(0);
    let object: Value = serde_json::from_str(&run.stdout).expect("one object");
    assert_eq!(object["attempts"], 2);
}

#[test]
fn arguments_are_seen_everywhere() {
    let home = Home::new();
    let text = "fn f() { args[1] } print(args.len()); print(f()); let g = || args[0]; print(g.call());";
    home.run(&["script", "run", "-c", text, "--", "a", "-b"])
        .ends(0)
        .prints("2\n-b\na\n");
    home.run_with_input(&["script", "run", "-", "--", "x"], "print(args)")
        .ends(0)
        .prints("[\"x\"]\n");
}

#[test]
fn a_session_is_handed_over_and_a_pattern_takes_it_back() {
    use std::io::Write as _;
    let home = Home::new();
    let text = r#"
        let s = spawn("cat");
        let r = s.interact(#{ patterns: re("ask (me)") });
        print(r.reason + ": " + r.found[1]);
        let r = s.interact(#{ escape: "ctrl-]" });
        print(r.reason);
    "#;
    let mut command = home.command(&["script", "run", "--timeout", "20s", "-c", text]);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("start ptych");
    // The pipe stays open: nothing may wait for its end.
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(b"ask me\n").expect("write to ptych");
    let (out_tx, out) = std::sync::mpsc::channel();
    let mut stdout = std::io::BufReader::new(child.stdout.take().expect("piped"));
    std::thread::spawn(move || {
        use std::io::BufRead as _;
        let mut line = String::new();
        while stdout.read_line(&mut line).is_ok_and(|count| count > 0) {
            let _gone = out_tx.send(std::mem::take(&mut line));
        }
    });
    let within = std::time::Duration::from_secs(20);
    let mut told = String::new();
    while !told.contains("found: me\n") {
        told.push_str(&out.recv_timeout(within).expect("the pattern takes it back"));
    }
    stdin.write_all(b"\x1d").expect("write to ptych");
    while !told.contains("escaped\n") {
        told.push_str(&out.recv_timeout(within).expect("the key gives it back"));
    }
    assert_eq!(child.wait().expect("its end").code(), Some(0));
}

#[test]
fn nothing_survives_a_script() {
    let home = Home::new();
    let text = "let s = spawn([\"sh\", \"-c\", \"echo pid=$$; trap '' HUP; while :; do sleep 1; done\"]); print(s.expect(re(`pid=(\\d+)`))[1]);";
    let run = home.run(&["script", "run", "-c", text]).ends(0);
    let pid = run.stdout.trim();
    assert!(
        !std::path::Path::new(&format!("/proc/{pid}")).exists(),
        "{pid} lives"
    );
}

#[test]
fn an_interrupt_ends_the_wait_and_the_sessions() {
    use std::io::{BufRead as _, BufReader};
    let home = Home::new();
    let text = "let s = spawn(\"sleep 100\"); on_exit(|| print(\"cleaned\")); print(s.pid); s.expect(\"never\", 60);";
    let mut child = home.spawn(&["script", "run", "-c", text]);
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let pid = lines.next().expect("a line").expect("text");
    let ours = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(ours, nix::sys::signal::Signal::SIGINT).expect("send SIGINT");
    assert_eq!(child.wait().expect("its end").code(), Some(130));
    assert!(
        !std::path::Path::new(&format!("/proc/{pid}")).exists(),
        "{pid} lives"
    );
}

/// Every script on the page can be checked, and the functions of the page are those of the command.
#[test]
fn the_page_is_right() {
    let home = Home::new();
    let page = include_str!("../../docs/scripting.md");
    let mut scripts = 0;
    for (number, part) in page.split("```rhai\n").skip(1).enumerate() {
        let text = part.split("```").next().expect("the block's end");
        let path = home.write(&format!("{number}.rhai"), text);
        home.run(&["script", "check", &path]).ends(0);
        scripts += 1;
    }
    assert!(scripts > 5);
    let told = home.run(&["help", "script-functions"]).ends(0).stdout;
    assert!(page.contains(&told), "the page's reference is another");
}
