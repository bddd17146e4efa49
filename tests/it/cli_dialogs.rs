//! `ptych ask` on a full-screen program with menus: what blocks, what is answered, by whom, and how it ends.
#![expect(clippy::disallowed_methods, reason = "a test looks at files")]

use crate::cli_support::{Home, Run};

const PROTOCOL: &str = r#"
name = "menus"
command = ["python3", "PROGRAM", MODES]
exit = "/quit"
discard = "<ctrl-u>"
include = []

[tool_version]
command = ["sh", "-c", "echo menus 3.1"]
pattern = 'menus (\S+)'

[submit]
enter_apart = true

[[state]]
name = "trust"
kind = "confirm"
screen = 'Do you trust'
question = '(?m)^│ (?<question>Do you trust[^│\n]*)'
choice_pattern = '(?m)^│ (?<marker>[❯ ]) \d\. (?<label>[^\n]+)$'
move = ["<up>", "<down>"]
accept = "<enter>"

[[state]]
name = "new_mode"
kind = "confirm"
screen = 'Use the new mode'
question = '(?m)^│ (?<question>Use the new mode[^│\n]*)'
choice_pattern = '(?m)^│ (?<marker>[❯ ]) \d\. (?<label>[^\n]+)$'
move = ["<up>", "<down>"]
accept = "<enter>"

[[state]]
name = "run_command"
kind = "permission"
title = '^ask$'
question = '(?ms)^│ (?<question>Run a command.*?Proceed\?)'
choice_pattern = '(?m)^│ (?<marker>[❯ ]) \d\. (?<label>[^\n]+)$'
move = ["<up>", "<down>"]
accept = "<enter>"
deny = "<esc>"
allow = '^Yes$'

[[state]]
name = "typed"
kind = "draft"
title = '^idle$'
screen = '(?m)^> \S'

"#;

const TITLED: &str = concat!(
    include_str!("titled.toml"),
    "modes = { alternate_screen = true }\n"
);

/// Asks with a protocol file for the program in these modes; standard output is what the program was told.
fn ask(modes: &[&str], args: &[&str]) -> Run {
    let home = Home::new();
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/agent_menu.py");
    let modes: Vec<String> = modes.iter().map(|mode| format!("{mode:?}")).collect();
    let text = [PROTOCOL, TITLED]
        .concat()
        .replace("PROGRAM", program)
        .replace("MODES", &modes.join(", "))
        .replace(", ]", "]");
    let path = home.write("menus.toml", &text);
    let within: &[&str] = match args.contains(&"--timeout") {
        true => &[],
        false => &["--timeout", "60s"],
    };
    let all = [&["ask", path.as_str()], within, args].concat();
    let run = home.run(&all);
    let told = std::fs::read_to_string(home.path().join("told")).unwrap_or_default();
    match args.contains(&"--json") {
        true => run,
        false => Run { stdout: told, ..run },
    }
}

const RUN: &str = "run touch x";

#[test]
fn a_permission_blocks_with_its_labels() {
    ask(&[], &[RUN])
        .ends(4)
        .says("the tool asks (permission): Run a command:\n$ touch x\nProceed?\n  choice: Yes\n  choice: Yes, always\n  choice: No\n")
        .says("--answer 'Proceed\\?=LABEL'");
}

#[test]
fn a_label_is_chosen_by_moving_the_highlight() {
    ask(&[], &[RUN, "--answer", "Proceed=^no$"])
        .ends(0)
        .prints("asked: run touch x\nchosen: No\n");
}

#[test]
fn a_menu_that_cannot_be_moved_accepts_nothing() {
    ask(&["deaf"], &[RUN, "--answer", "Proceed=^no$"])
        .ends(4)
        .says("nothing was accepted")
        .says("[Yes], Yes, always, No")
        .prints("asked: run touch x\n");
}

#[test]
fn a_policy_answers_and_the_response_lists_it() {
    let run = ask(&[], &[RUN, "--json", "--policy", "allow=touch"]).ends(0);
    let response = &run.objects()[0];
    assert_eq!(response["outcome"], "ok", "{run:#?}");
    assert_eq!(
        response["auto_answers"][0],
        "run_command: Run a command: $ touch x Proceed? -> Yes"
    );
    ask(&[], &[RUN, "--policy", "ask=touch", "--policy", "deny"]).ends(4);
    ask(&[], &[RUN, "--policy", "deny"])
        .ends(0)
        .prints("asked: run touch x\nchosen: None\n");
}

#[test]
fn a_question_at_the_start_is_asked_and_can_be_answered() {
    ask(&["trust"], &["hello", "--policy", "allow=."])
        .ends(4)
        .says("Do you trust this folder?")
        .says("choice: No, exit")
        .says("choice: Yes, I trust it");
    ask(&["trust"], &["hello", "--answer", "trust=^Yes"])
        .ends(0)
        .prints("asked: hello\n");
}

#[test]
fn a_program_reads_the_question_where_no_turn_was_begun() {
    let run = ask(&["trust"], &["hello", "--json"]).ends(4);
    let error = &run.objects()[0];
    assert_eq!(
        (&error["code"], &error["retryable"]),
        (&"blocked".into(), &false.into())
    );
    assert_eq!(error["question"]["kind"], "confirm", "{run:#?}");
    assert_eq!(error["question"]["text"], "Do you trust this folder?");
    assert_eq!(error["choices"][1], "Yes, I trust it");
    let run = ask(&[], &[RUN, "again", "--keep-going", "--json"]).ends(4);
    let objects = run.objects();
    assert_eq!(objects[0]["outcome"], "blocked", "{run:#?}");
    assert_eq!(objects[0]["choices"][2], "No");
}

#[test]
fn a_dialog_before_enter_keeps_the_prompt_back() {
    ask(&["late"], &["hello"])
        .ends(4)
        .prints("")
        .says("typed and not submitted")
        .says("Use the new mode?");
}

#[test]
fn a_question_that_repeats_is_not_answered_for_ever() {
    ask(&["again"], &[RUN, "--answer", "Proceed=^yes$"])
        .ends(4)
        .says("was given 100 times in this turn");
}

#[test]
fn a_tool_with_a_look_of_its_own_is_told_with_its_version() {
    let run = ask(&["drift"], &["hello", "--json", "--timeout", "7s"]).ends(1);
    let response = &run.objects()[0];
    assert_eq!(response["outcome"], "unknown", "{run:#?}");
    let signals = response["evidence"]["signals"].to_string();
    assert!(signals.contains("version of the tool: 3.1"), "{signals}");
    assert!(signals.contains("nearest: "), "{signals}");
}
