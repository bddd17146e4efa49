//! `ptych protocol …` and `ptych record`: authors' verbs on real programs.
#![expect(
    clippy::disallowed_methods,
    reason = "a test looks at files, processes and the clock"
)]

use crate::cli_support::{Home, Run};

/// A shell that says what it is asked to say, and a protocol of ten lines for it.
fn own_tool(home: &Home) -> String {
    let script = home.write(
        "mytool.sh",
        "#!/bin/bash\nn=1\nwhile read -r -p \"my[$n]> \" line; do\n  case $line in quit) exit;; *) echo \"said $line\";; esac\n  n=$((n+1))\ndone\n",
    );
    home.write(
        "mytool.toml",
        &format!("name = \"mytool\"\ncommand = [\"bash\", \"{script}\"]\nprompt = 'my\\[\\d+\\]> $'\nexit = \"quit\"\n"),
    )
}

#[test]
fn a_target_may_be_a_file() {
    let home = Home::new();
    own_tool(&home);
    home.run(&["ask", "./mytool.toml", "one", "two"])
        .ends(0)
        .prints("said one\nsaid two\n");
}

#[test]
fn your_own_protocol_has_a_name_and_takes_the_place_of_a_shipped_one() {
    let home = Home::new();
    let file = own_tool(&home);
    let text = std::fs::read_to_string(file).expect("written");
    home.write(".config/ptych/protocols/mytool.toml", &text);
    home.write(
        ".config/ptych/protocols/python.toml",
        &text.replace("name = \"mytool\"", "name = \"python\""),
    );
    home.run(&["ask", "mytool", "one"]).ends(0).prints("said one\n");
    home.run(&["ask", "python", "one"]).ends(0).prints("said one\n");
    let run = home.run(&["protocol", "list", "--json"]).ends(0);
    let list: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let origin = |name: &str| {
        let items = list["items"].as_array().expect("items");
        items
            .iter()
            .find(|item| item["name"] == name)
            .map(|item| item["origin"].clone())
    };
    assert_eq!(origin("python"), Some("user".into()));
    assert_eq!(origin("bash"), Some("built-in".into()));
}

#[test]
fn the_resolved_form_has_every_default() {
    let home = Home::new();
    own_tool(&home);
    let run = home.run(&["protocol", "show", "./mytool.toml", "--json"]).ends(0);
    let shown: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(shown["spawn"]["cols"], 120);
    assert_eq!(shown["rules"][0]["kind"], "ready");
    assert!(
        home.run(&["protocol", "show", "bash"])
            .ends(0)
            .stdout
            .contains("ready_within_ms: ")
    );
    assert!(
        home.run(&["protocol", "show", "bash", "--source"])
            .ends(0)
            .stdout
            .contains("name = \"bash\"")
    );
    home.run(&["protocol", "show", "nosuch"]).ends(3);
}

#[test]
fn every_problem_of_a_file_is_told_with_its_place() {
    let home = Home::new();
    home.write(
        "bad.toml",
        "name = \"bad\"\ncommand = [\"x\"]\nprompt = \"(\"\ncontinuation = \"[\"\n",
    );
    for args in [
        &["protocol", "check", "bad.toml"][..],
        &["ask", "./bad.toml", "x"],
    ] {
        let run = home.run(args).ends(2).prints("");
        assert!(
            run.stderr.contains("bad.toml:3:") && run.stderr.contains("bad.toml:4:"),
            "{run:#?}"
        );
        assert!(run.stderr.contains('^'), "{run:#?}");
    }
    let run = home.run(&["protocol", "check", "--json", "bad.toml"]).ends(2);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let problems = report["files"][0]["problems"].as_array().expect("problems");
    assert!(
        problems
            .iter()
            .any(|problem| problem["line"] == 3 && problem["severity"] == "error")
    );
    own_tool(&home);
    assert!(
        home.run(&["protocol", "check", "mytool.toml", "bash"])
            .ends(0)
            .stdout
            .contains("mytool.toml: ok")
    );
}

#[test]
fn a_new_file_comes_from_flags_and_is_good() {
    let home = Home::new();
    let run = home
        .run(&[
            "protocol", "new", "fresh", "--prompt", r"f\d> $", "--exit", "bye", "--", "fresh", "-i",
        ])
        .ends(0);
    assert_eq!(
        run.stdout.trim(),
        home.path()
            .join(".config/ptych/protocols/fresh.toml")
            .display()
            .to_string()
    );
    home.run(&["protocol", "check", "fresh"]).ends(0);
    home.run(&["protocol", "new", "fresh", "--prompt", "x$", "--", "x"])
        .ends(2)
        .says("exists");
    home.run(&["protocol", "new", "Fresh!", "--prompt", "x$"])
        .ends(2)
        .says("no name for a protocol");
    home.run(&["protocol", "new", "other", "--", "x"])
        .ends(2)
        .says("--prompt");
    home.run(&["protocol", "new", "other", "--prompt", "(", "-o", "-", "--", "x"])
        .ends(2)
        .prints("")
        .says("regex");
}

#[test]
fn a_recording_gives_a_protocol_and_passes_its_test() {
    let home = Home::new();
    own_tool(&home);
    home.run(&[
        "ask",
        "./mytool.toml",
        "one",
        "two",
        "three",
        "--record",
        "x.cast",
    ])
    .ends(0);
    let run = home
        .run(&[
            "protocol", "new", "found", "--from", "x.cast", "-o", "-", "--yes", "--", "x",
        ])
        .ends(0);
    assert!(run.stdout.contains(r"prompt = 'my\[\d+\]>\s?$'"), "{run:#?}");

    home.run(&["protocol", "test", "x.cast"]).ends(1);
    home.run(&["protocol", "test", "x.cast", "--protocol", "./mytool.toml"])
        .ends(1)
        .prints_part("no_expectation");
    home.run(&[
        "protocol",
        "test",
        "x.cast",
        "--protocol",
        "./mytool.toml",
        "--update",
    ])
    .ends(0);
    home.run(&["protocol", "test", "x.cast"])
        .ends(0)
        .prints("ok  x.cast\n1 passed, 0 failed\n");

    let kept = home.path().join("x.expected.json");
    let text = std::fs::read_to_string(&kept).expect("written");
    assert!(text.contains("\"said two\""), "{text}");
    std::fs::write(&kept, text.replace("said two", "said 2")).expect("write");
    let run = home.run(&["protocol", "test", "x.cast"]).ends(1);
    assert!(
        run.stdout.contains("-           \"said 2\"") || run.stdout.contains("\"said 2\""),
        "{run:#?}"
    );
    assert!(
        run.stdout
            .lines()
            .any(|line| line.trim_start().starts_with('+') && line.contains("said two")),
        "{run:#?}"
    );
}

#[test]
fn both_versions_of_asciicast_are_tested() {
    let home = Home::new();
    own_tool(&home);
    let two = "{\"version\":2,\"width\":80,\"height\":24}\n[0.1,\"o\",\"my[1]> \"]\n[0.5,\"i\",\"hello\\r\"]\n[0.6,\"o\",\"hello\\r\\nsaid hello\\r\\nmy[2]> \"]\n[1.0,\"i\",\"quit\\r\"]\n";
    let three = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n[0.1,\"o\",\"my[1]> \"]\n[0.4,\"i\",\"hello\\r\"]\n[0.1,\"o\",\"hello\\r\\nsaid hello\\r\\nmy[2]> \"]\n[0.4,\"i\",\"quit\\r\"]\n";
    home.write("casts/two.cast", two);
    home.write("casts/three.cast", three);
    home.run(&[
        "protocol",
        "test",
        "casts",
        "--protocol",
        "./mytool.toml",
        "--update",
    ])
    .ends(0);
    home.run(&["protocol", "test", "casts", "--protocol", "./mytool.toml"])
        .ends(0);
    let expected =
        |name: &str| std::fs::read_to_string(home.path().join(format!("casts/{name}.expected.json")));
    let two = expected("two").expect("written");
    assert!(two.contains("said hello"), "{two}");
    assert_eq!(two, expected("three").expect("written"));
    home.run(&["protocol", "test", "nosuch.cast"]).ends(3);
    home.write(
        "broken.cast",
        "{\"version\":2,\"width\":80,\"height\":24}\n[0.1,\"o\" \"x\"]\n[0.1,\"o\",\"x\"]\n",
    );
    home.run(&["protocol", "test", "broken.cast", "--protocol", "bash"])
        .ends(1)
        .prints_part("broken.cast:2:");
}

#[test]
fn explain_tells_each_rule_live_and_in_a_recording() {
    let home = Home::new();
    own_tool(&home);
    let run = home.run(&["protocol", "explain", "./mytool.toml"]).ends(0);
    assert!(run.stdout.starts_with("ready (rule `"), "{run:#?}");
    assert!(
        run.stdout.contains("cursor_line") && run.stdout.contains("my[1]> "),
        "{run:#?}"
    );
    let run = home
        .run(&[
            "protocol", "explain", "bash", "sleep 5", "--at", "500ms", "--json",
        ])
        .ends(0);
    let look: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(look["state"], "busy", "{run:#?}");
    assert!(
        look["rules"]
            .as_array()
            .is_some_and(|rules| rules.iter().any(|rule| rule["holds"] == false))
    );

    home.run(&["ask", "./mytool.toml", "one", "--record", "x.cast"])
        .ends(0);
    let run = home
        .run(&["protocol", "explain", "x.cast", "--protocol", "./mytool.toml"])
        .ends(0);
    assert!(
        run.stdout.contains("at ") && run.stdout.contains("cursor_line"),
        "{run:#?}"
    );
    home.run(&[
        "protocol",
        "explain",
        "x.cast",
        "--protocol",
        "./mytool.toml",
        "--at",
        "9h",
    ])
    .ends(2)
    .says("ends at");
}

#[test]
fn a_command_is_recorded_with_what_is_typed() {
    let home = Home::new();
    let script = "read -p 'name? ' x; echo hello $x";
    let run = home.run_with_input(&["record", "-o", "r.cast", "--", "bash", "-c", script], "world\n");
    let run = run.ends(0).says("recorded r.cast");
    assert!(run.stdout.contains("hello world"), "{run:#?}");
    let cast = std::fs::read_to_string(home.path().join("r.cast")).expect("the recording");
    assert!(cast.contains("\"i\", \"world"), "{cast}");
    assert!(cast.contains("\"x\", \"0\""), "{cast}");
    home.run(&["record", "-o", "r.cast", "--", "true"])
        .ends(2)
        .says("exists");
    home.run(&["record", "--v2", "-o", "two.cast", "--no-input", "--", "true"])
        .ends(0);
    let cast = std::fs::read_to_string(home.path().join("two.cast")).expect("the recording");
    assert!(cast.starts_with("{\"version\":2"), "{cast}");
    home.run(&["record", "-o", "n.cast", "--", "no-such-program"])
        .ends(127);
}

#[test]
fn a_hidden_input_is_not_in_the_recording() {
    let home = Home::new();
    // The script tells when it reads, so that the secret is typed into a terminal that hides it.
    let script = "read -s -p 'Password: ' x; echo; echo ${#x} letters";
    let mut child = home
        .command(&["record", "-o", "r.cast", "--", "bash", "-c", script])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("start ptych");
    read_until(child.stdout.as_mut().expect("piped"), "Password: ");
    std::io::Write::write_all(child.stdin.as_mut().expect("piped"), b"hunter2\n").expect("type");
    let run: Run = child.wait_with_output().expect("ptych ends").into();
    assert!(run.stdout.contains("7 letters"), "{run:#?}");
    let cast = std::fs::read_to_string(home.path().join("r.cast")).expect("the recording");
    assert!(!cast.contains("hunter2") && cast.contains("*******"), "{cast}");
}

fn read_until(from: &mut impl std::io::Read, wanted: &str) {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&seen).contains(wanted) {
        assert_eq!(
            from.read(&mut byte).expect("read"),
            1,
            "{}",
            String::from_utf8_lossy(&seen)
        );
        seen.push(byte[0]);
    }
}

#[test]
fn the_doctor_tells_what_is_installed() {
    let home = Home::new();
    let run = home.run(&["doctor", "bash", "--json"]).ends(0);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["tools"][0]["installed"], true);
    assert!(report["tools"][0]["version"].is_string(), "{run:#?}");
    assert!(
        report["platform"]
            .as_array()
            .is_some_and(|checks| !checks.is_empty())
    );
    let missing = home.write(
        "gone.toml",
        "name = \"gone\"\ncommand = [\"no-such-program\"]\nprompt = '> $'\n",
    );
    assert!(
        home.run(&["doctor", &missing])
            .ends(127)
            .stdout
            .contains("no-such-program")
    );
    home.run(&["doctor", "nosuchtool"]).ends(3);
}
