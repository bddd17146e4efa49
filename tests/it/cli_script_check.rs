//! `ptych script check`: what is wrong is told with its place, and nothing is started.

use crate::cli_support::{Home, Run};

fn check(script: &str) -> Run {
    let home = Home::new();
    let path = home.write("s.rhai", script);
    home.run(&["script", "check", &path])
}

/// The script is refused at this place, with these words.
#[track_caller]
fn refuses(script: &str, place: &str, words: &str) {
    let run = check(script).ends(2).prints("");
    let told = format!("s.rhai:{place}: ");
    let line = run.stderr.lines().find(|line| line.contains(&told));
    assert!(
        line.is_some_and(|line| line.contains(words)),
        "{place} {words:?} in\n{}",
        run.stderr
    );
}

const WHOLE: &str = r##"#!/usr/bin/env -S ptych script run
let s = spawn("ssh -p 2222 'a b'@localhost", #{ cols: 80, timeout: 5, env: #{ A: "b" } });
set_timeout(10);
fn login(s, n) {
    expect s {
        "yes/no" => { s.send_line("yes"); again() }
        re(`assword: ?$`) => s.send_secret(secret("SSH_PASSWORD")),
        glob("*denied*") => fail("denied"),
        screen(#{ cursor_line: "\\$ $" }) => { return 5; },
        eof() => false,
        timeout(5) => exit(3),
    }
}
login(s, 3);
let m = s.expect(re(`uid=(?<uid>\d+)`));
let uid = parse_int(m.captures.uid) + parse_int(m[1]);
let r = expect { re("a(b)") => |m| m[1] + s.name, quiet(0.5) => "", };
loop { expect s { "more" => s.send(" "), ["$ ", "# "] => { break; } } }
let got = parallel([|| s.expect("x").matched, || { s.send("y"); args[0] }]);
let which = expect_any([[s, "a"], [s, ["b", eof()]]]);
which.session.send(which.found.matched);
try { s.expect("never", 0.1) } catch (e) { print(e.code); }
print(start("python").ask("1+1").text);
s.assert_screen("main");
assert(s.screen().contains("x"), "a dry run sees no screen");
"##;

#[test]
fn a_script_that_is_right_is_told_to_be() {
    let run = check(WHOLE).ends(0);
    assert!(run.stdout.ends_with("s.rhai: ok\n"), "{run:?}");
    assert_eq!(run.stderr, "");
}

#[test]
fn nothing_is_started_and_nothing_printed() {
    let home = Home::new();
    let script = "print(\"out\"); let s = spawn(\"touch made\"); s.wait(); write_file(\"made\", \"x\");";
    home.run(&["script", "check", "-c", script])
        .ends(0)
        .prints("-c: ok\n");
    assert!(!home.path().join("made").exists());
}

#[test]
fn syntax_and_variables_are_told_with_line_and_column() {
    refuses("let a = 1;\na +* 2", "2:4", "");
    refuses("let a = 1;\nprint(b)", "2:7", "Undefined variable: b");
    refuses("fn f() { x }", "1:10", "Undefined variable: x");
}

#[test]
fn the_expect_block_says_what_it_lacks() {
    let block = |arms: &str| format!("let s = spawn(\"cat\");\nexpect s {{ {arms} }}");
    refuses(&block(""), "2:13", "at least one arm");
    refuses(&block("\"a\" 1"), "2:16", "followed by =>");
    refuses(&block("\"a\" => 1 \"b\" => 2"), "2:21", "parted by commas");
    refuses(&block("\"a\" => break"), "2:19", "put { } around `break`");
    refuses("expect 5 { \"a\" => 1 }", "1:8", "expect needs a session");
    refuses("expect { \"a\" => 1 }", "1:1", "no session has been spawned yet");
}

#[test]
fn calls_in_code_that_no_run_reaches_are_looked_at() {
    refuses("fn never(s) { s.send_lin(1) }", "1:17", "no function `send_lin`");
    refuses("if false { spwan(\"x\") }", "1:12", "no function `spwan`");
    refuses("if false { spawn() }", "1:12", "takes 1 or 2 arguments");
    let run = check("if false { spwan(\"x\") }");
    assert!(run.stderr.contains("did you mean `spawn`?"), "{run:?}");
}

#[test]
fn patterns_keys_conditions_and_options_are_checked() {
    refuses("fn f(s) { s.expect(re(\"(\")) }", "1:23", "no pattern");
    refuses("fn f(s) { s.send_key(\"ctrl-\") }", "1:22", "no key");
    refuses(
        "fn f(s) { s.expect(screen(#{ cursor_lin: \"x\" })) }",
        "1:27",
        "no condition on the screen",
    );
    refuses("spawn(\"cat\").expect(\"\")", "1:14", "always there");
    refuses("spawn(\"cat\").expect(5)", "1:14", "no pattern");
    refuses("spawn(\"cat\", #{ colz: 80 })", "1:1", "no option `colz`");
    refuses("spawn(\"cat 'x\")", "1:1", "has no end");
    // Computed, so that only the dry run can know it.
    refuses(
        "let p = \"(\"; spawn(\"cat\").expect(re(\"a\" + p))",
        "1:34",
        "no pattern",
    );
}

#[test]
fn one_mistake_does_not_hide_the_next() {
    let run = check("let s = spawn(\"cat\", #{ nope: 1 });\ns.expect(5);\nsleep(\"x\");").ends(2);
    assert!(run.stderr.contains(":1:9: "), "{run:?}");
    assert!(run.stderr.contains(":3:1: "), "{run:?}");
    assert!(
        !run.stderr.contains(":2:"),
        "what follows from the first is not told: {run:?}"
    );
}

#[test]
fn each_arm_is_taken_once_also_those_that_leave() {
    let script = "let s = spawn(\"cat\");\nloop { expect s { \"a\" => again(), \"b\" => { break; }, \"c\" => { s.nope } } }\ns.gone";
    let run = check(script).ends(2);
    assert!(
        run.stderr.contains(":2:") && run.stderr.contains("'nope'"),
        "{run:?}"
    );
    assert!(
        run.stderr.contains(":3:") && run.stderr.contains("'gone'"),
        "{run:?}"
    );
}

#[test]
fn what_only_a_program_could_say_is_not_told() {
    let script = "let s = spawn(\"cat\");\nwhile !s.screen().contains(\"ready\") { s.peek(quiet(0.1)); }\nthrow \"x\";";
    check(script).ends(0);
    check("let m = spawn(\"cat\").expect(\"x\"); [1, 2][m.matched.len() + 7]").ends(0);
    check("let file = args[0]; let s = spawn([\"less\", file]); expect s { \"a\" => s.send(file) }").ends(0);
    check("print(args[0]); print(env(\"NO_SUCH_VARIABLE\"))").ends(0);
}

#[test]
fn text_never_becomes_code_and_modules_need_leave() {
    refuses("eval(\"1\")", "1:1", "disabled");
    let home = Home::new();
    home.write("m.rhai", "fn seven() { 7 }");
    let path = home.write("s.rhai", "import \"m\" as m;\nprint(m::seven());");
    let run = home.run(&["script", "check", &path]).ends(2);
    assert!(
        run.stderr.contains(":1:8: ") && run.stderr.contains("--allow-read"),
        "{run:?}"
    );
    let dir = home.path().display().to_string();
    home.run(&["script", "check", &path, "--allow-read", &dir])
        .ends(0);
}

#[test]
fn json_names_script_place_and_code() {
    let home = Home::new();
    let good = home.write("good.rhai", "print(1)");
    let bad = home.write("bad.rhai", "let s = spawn(\"cat\");\ns.expect(re(\"(\"));");
    let run = home.run(&["script", "check", "--json", &good, &bad]).ends(2);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("one object");
    assert_eq!(report["ok"], false);
    assert_eq!(report["scripts"][0]["ok"], true);
    let problem = &report["scripts"][1]["problems"][0];
    assert_eq!(
        (&problem["line"], &problem["column"], &problem["code"]),
        (&2.into(), &13.into(), &"pattern".into())
    );
}

#[test]
fn scripts_come_from_files_standard_input_and_the_command_line() {
    let home = Home::new();
    home.run_with_input(&["script", "check", "-"], "spwan(1)")
        .ends(2)
        .says("-:1:1: there is no function `spwan`");
    home.run(&["script", "check", "no-such.rhai"])
        .ends(3)
        .says("no file no-such.rhai");
    home.run(&["script", "check"]).ends(2);
}
