//! Each mistake is told with its place and a way out.

use super::{Problems, builtin, parse};

fn problems(source: &str) -> Problems {
    match parse(source) {
        Ok(spec) => panic!("no problem found: {spec:#?}"),
        Err(problems) => problems,
    }
}

/// The same for problems that leave the file usable.
fn warnings(source: &str) -> Problems {
    let lookup = |name: &str| builtin::source(name).map(str::to_owned);
    match super::load("protocol.toml", source, None, &lookup) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => panic!("not usable:\n{problems}"),
    }
}

fn told_at(problems: &Problems, line: usize, col: usize, part: &str) {
    let found = problems
        .diagnostics
        .iter()
        .any(|d| d.message.contains(part) && problems.line_col(d.span.start) == (line, col));
    assert!(found, "nothing with {part:?} at {line}:{col}:\n{problems}");
}

fn warning_at(source: &str, line: usize, col: usize, part: &str) {
    told_at(&warnings(source), line, col, part);
}

/// `TEN_LINES` and a state named `a`, whose `kind` is line 7.
fn with_state(keys: &str) -> String {
    format!("{TEN_LINES}[[state]]\nname = \"a\"\n{keys}\n")
}

/// Asserts one error at line and column whose message holds `part`.
fn error_at(source: &str, line: usize, col: usize, part: &str) {
    told_at(&problems(source), line, col, part);
}

const TEN_LINES: &str =
    "name = \"mytool\"\ncommand = [\"mytool\", \"-i\"]\nprompt = 'mytool> $'\nexit = \"quit\"\n";

#[test]
fn ten_lines_frame_an_ordinary_repl() {
    let spec = parse(TEN_LINES).expect("valid");
    assert_eq!(spec.spawn.programs, ["mytool"]);
    assert_eq!(spec.exit.send.bytes(), b"quit\r");
    assert_eq!((spec.spawn.cols, spec.spawn.rows), (120, 40));
    assert_eq!(spec.rules[0].name, "ready");
}

#[test]
fn every_shipped_file_is_valid() {
    for name in builtin::names() {
        builtin::load(name).unwrap_or_else(|e| panic!("{e}"));
    }
    let common = builtin::source(super::COMMON).expect("shipped");
    super::parse_named("common.toml", common).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn every_file_of_the_folder_is_shipped() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/protocols");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("protocols/")
        .filter_map(|e| e.ok()?.path().file_stem()?.to_str().map(str::to_owned))
        .filter(|name| name != super::COMMON)
        .collect();
    files.sort();
    assert_eq!(files, builtin::names().collect::<Vec<_>>());
}

#[test]
fn mistakes_are_told_with_their_place() {
    error_at("name = \"x\"\npromt = 'x'\n", 2, 1, "unknown key");
    error_at(
        "name = \"x\"\ncommand = [\"x\"]\nprompt = '(x'\nexit = \"q\"\n",
        3,
        11,
        "bad regex: unclosed group",
    );
    error_at(
        "name = \"x\"\ncommand = [\"x\"]\nexit = \"q\"\n",
        1,
        1,
        "no state is ready",
    );
    error_at(
        "name = \"X y\"\ncommand = [\"x\"]\nprompt = 'x'\nexit = \"q\"\n",
        1,
        8,
        "lower-case word",
    );
    error_at(
        &format!("{TEN_LINES}[spawn]\nready_within = \"5\"\n"),
        6,
        16,
        "no duration",
    );
    error_at(
        &format!("{TEN_LINES}[interrupt]\nsend = \"<ctrl-cc>\"\n"),
        6,
        8,
        "no key",
    );
    error_at(&format!("{TEN_LINES}[spawn]\ncols = 1\n"), 6, 8, "cells a side");
    error_at(
        &format!("{TEN_LINES}[[state]]\nname = \"a\"\nkind = \"pager\"\n"),
        5,
        1,
        "no condition",
    );
    error_at(
        &format!("{TEN_LINES}[[state]]\nname = \"a\"\nkind = \"pagr\"\n"),
        7,
        8,
        "unknown word",
    );
    error_at(
        &format!(
            "{TEN_LINES}[[state]]\nname = \"a\"\nkind = \"busy\"\ntitle = 'x'\nmodes = {{ bracketd_paste = true }}\n"
        ),
        9,
        28,
        "no terminal mode",
    );
    error_at(
        &format!("{TEN_LINES}[[versions]]\nmatch = \"new\"\nset = {{}}\n"),
        6,
        9,
        "names no version",
    );
    let twice = "[[state]]\nname = \"a\"\nkind = \"busy\"\ntitle = 'x'\n";
    error_at(&format!("{TEN_LINES}{twice}{twice}"), 10, 8, "two states");
    error_at(
        &format!("include = [\"nothing\"]\n{TEN_LINES}"),
        1,
        12,
        "to include",
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let source = "name = \"x\"\ncommand = [\"x\"]\nprompt = '(x'\ndiscard = \"<nokey>\"\nexit = \"q\"\n";
    assert_eq!(problems(source).diagnostics.len(), 2);
    let shapes = "name = \"x\"\ncomand = [\"x\"]\nprompt = '(x'\npass_env = []\n[spawn]\ncols = \"80\"\n[submit]\nwrite_within = \"1\"\n";
    let told: Vec<String> = problems(shapes)
        .diagnostics
        .iter()
        .map(|d| d.message.clone())
        .collect();
    let parts = [
        "unknown key `comand`",
        "bad regex",
        "unknown key `pass_env`",
        "expected an integer",
        "no duration",
    ];
    assert_eq!(
        told.len(),
        parts.len(),
        "nothing is told to be missing that was only misspelt: {told:#?}"
    );
    for (message, part) in told.iter().zip(parts) {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
    assert_eq!(
        problems("name = \nb = 1\nc = \"x\n").diagnostics.len(),
        2,
        "syntax"
    );
}

#[test]
fn each_wrong_shape_is_told_where_it_stands() {
    let at = |more: &str, line, col, part| error_at(&format!("{TEN_LINES}{more}"), line, col, part);
    at("tested = 3\n", 5, 10, "expected an array, found an integer");
    at(
        "tested = [\"3\", 3.1]\n",
        5,
        16,
        "expected a string, found a float",
    );
    at("[spawn]\necho_off = 1\n", 6, 12, "expected true or false");
    at("[spawn.env]\nA = 1\n", 6, 5, "expected a string");
    at("[spawn]\ncols = 70000\n", 6, 8, "out of range");
    at("[[state]]\nname = \"a\"\n", 5, 1, "`kind` is missing");
    at("[[nested]]\nprocess = 'a'\n", 5, 1, "`protocol` is missing");
    at(
        "[submit]\nblock = [{ method = \"line\" }]\n",
        6,
        21,
        "unknown word `line`",
    );
    at(
        "[submit]\nblock = [{ open = \"a\" }]\n",
        6,
        10,
        "`method` is missing",
    );
    at(
        "[submit]\nblock = [{ method = \"wrap\", open = \"a\" }]\n",
        6,
        10,
        "`close` is missing",
    );
    at(
        "[[versions]]\nmatch = \"2\"\nset = { spawn = { rows = true } }\n",
        7,
        26,
        "expected an integer",
    );
    error_at("command = [\"x\"]\nprompt = 'x$'\n", 1, 1, "`name` is missing");
}

#[test]
fn a_key_in_the_wrong_table_is_sent_to_the_right_one() {
    let hint = |more: &str| {
        problems(&format!("{TEN_LINES}{more}")).diagnostics[0]
            .hint
            .clone()
    };
    assert_eq!(
        hint("pass_env = []\n").as_deref(),
        Some("`pass_env` belongs to [spawn]")
    );
    assert_eq!(
        hint("cursor_line = 'x'\n").as_deref(),
        Some("`cursor_line` belongs to [[state]]")
    );
    let top = hint("[spawn]\ndiscard = \"x\"\n");
    assert_eq!(
        top.as_deref(),
        Some("`discard` stands before the first [table] of the file")
    );
}

#[test]
fn a_problem_is_shown_with_its_line_and_a_way_out() {
    let shown = problems("name = \"x\"\npromt = 'x'\n").to_string();
    assert!(shown.contains("--> protocol.toml:2:1"), "{shown}");
    assert!(shown.contains("2 | promt = 'x'"), "{shown}");
    assert!(shown.contains("  | ^^^^^"), "{shown}");
    assert!(shown.contains("did you mean prompt?"), "{shown}");
}

#[test]
fn a_version_changes_what_it_names() {
    let source = format!(
        "{TEN_LINES}[[versions]]\nmatch = \">=2\"\nset = {{ prompt = 'new> $', spawn = {{ cols = 200 }} }}\n"
    );
    let lookup = |name: &str| builtin::source(name).map(str::to_owned);
    let loaded = |version| {
        super::load("x", &source, Some(version), &lookup)
            .expect("valid")
            .spec
    };
    assert_eq!(loaded("1.9").spawn.cols, 120);
    assert_eq!(loaded("2.0").spawn.cols, 200);
    assert!(
        loaded("2.0").rules[0]
            .when
            .cursor_line
            .as_ref()
            .is_some_and(|p| p.as_str() == "new> $")
    );
}

#[test]
fn a_bad_regex_is_told_inside_the_string() {
    let with_prompt =
        |prompt: &str| format!("name = \"x\"\ncommand = [\"x\"]\nexit = \"q\"\nprompt = {prompt}\n");
    error_at(&with_prompt("'ab[z-a]'"), 4, 14, "invalid character class range");
    error_at(&with_prompt("'''a(?=b)'''"), 4, 14, "look-around");
    error_at(&with_prompt(r#""\u00e9\t[""#), 4, 19, "unclosed character class");
    error_at(&with_prompt("'''\nab\n  c\n)'''"), 7, 1, "unopened group");
    error_at(
        &with_prompt("\"\"\"a\\\n   b\\\\q\"\"\""),
        5,
        5,
        "unrecognized escape",
    );
    error_at(&with_prompt("'(a{1000}){1000}'"), 4, 10, "1 MB");
    let shown = problems(&with_prompt(r#""\\q""#)).to_string();
    assert!(shown.contains("single quotes"), "{shown}");
}

#[test]
fn contradictory_conditions_are_told() {
    let at = |keys: &str, line, col, part| error_at(&with_state(keys), line, col, part);
    at(
        "kind = \"fullscreen\"\nmodes = { alternate_screen = false }",
        8,
        9,
        "wants it off",
    );
    at(
        "kind = \"confirm\"\ntitle = 'x'\nwaiting = \"nothing\"",
        9,
        11,
        "waits for it",
    );
    at(
        "kind = \"pager\"\nprompt_mark = \"required\"",
        8,
        15,
        "only a prompt carries",
    );
    at(
        "kind = \"ready\"\ncursor_line = 'a$'\nprompt_mark = \"required\"\nlast_mark = \"output\"",
        10,
        13,
        "newer than the output mark",
    );
    at(
        "kind = \"ready\"\ncursor_line = 'a$'\ntty = \"cooked\"\n[spawn]\necho_off = true",
        9,
        7,
        "echo_off switches it off",
    );
    at("kind = \"busy\"\nprogress = 5", 8, 12, "such a progress");
    at(
        "kind = \"busy\"\ntitle = 'x'\nquit = \"q\"",
        9,
        8,
        "nothing is asked",
    );
    at(
        "kind = \"busy\"\ntitle = 'x'\nreason = \"overloaded\"",
        9,
        10,
        "nothing is asked",
    );
    at(
        "kind = \"busy\"\ntitle = 'x'\nends_turn = true",
        9,
        13,
        "only a draft",
    );
    at(
        "kind = \"login\"\ntitle = 'x'\nreason = \"no_login\"",
        9,
        10,
        "unknown word `no_login`",
    );
    at(
        "kind = \"confirm\"\ntitle = 'x'\nchoice_pattern = '(?<label>x)'",
        9,
        18,
        "lacks a group",
    );
    at(
        "kind = \"ready\"\ncursor_line = 'a$'\nconstant = [\"n\"]",
        9,
        13,
        "no group \"n\"",
    );
    at("kind = \"ready\"\ncursor_line = 'a\\nb$'", 8, 15, "no newline");
    warning_at(
        &with_state("kind = \"secret\"\ntty = \"cooked\""),
        8,
        7,
        "shown as it is typed",
    );
    warning_at(
        &with_state("kind = \"confirm\"\ntty = \"cooked\"\nmodes = { bracketed_paste = true }"),
        8,
        7,
        "switch ECHO off",
    );
}

#[test]
fn a_state_that_another_hides_is_told() {
    let hidden = |keys: &str, second: &str| with_state(&format!("{keys}\n[[state]]\nname = \"b\"\n{second}"));
    let raw = "kind = \"confirm\"\ntty = \"raw\"\ncursor_line = 'x$'";
    let less = "kind = \"pager\"\ntty = \"hidden\"\ncursor_line = 'x$'";
    error_at(&hidden(raw, less), 10, 1, "comes first");
    error_at(
        &with_state("kind = \"ready\"\ncursor_line = 'mytool> $'"),
        3,
        10,
        "same conditions",
    );
    let told = |source: &str| warnings(source).to_string().contains("never reached");
    // A busy state may be as old as Enter, any other must be newer.
    assert!(!told(&hidden(
        less,
        "kind = \"busy\"\ntty = \"hidden\"\ncursor_line = 'x$'"
    )));
    assert!(!told(&hidden(less, raw)));
    assert!(!told(&with_state(
        "kind = \"ready\"\ncursor_line = 'mytool> $'\ntitle = 't'"
    )));
}

#[test]
fn the_rest_of_a_file_is_looked_at_too() {
    let with = |rest: &str| format!("{TEN_LINES}{rest}");
    let nested = with("[[nested]]\nprocess = 'p'\nprotocol = \"pythn\"\n");
    error_at(&nested, 7, 12, "no protocol");
    assert!(problems(&nested).to_string().contains("mean python?"));
    error_at(
        &with("[submit]\nblock = [{ method = \"lines\" }, { method = \"paste\" }]\n"),
        6,
        32,
        "never taken",
    );
    error_at(
        &with("[spawn]\nenv = { RC = \"{files}/rc\" }\n"),
        6,
        14,
        "there are none",
    );
    error_at(&with("[spawn.files]\n\"../x\" = \"\"\n"), 6, 10, "stays within");
    error_at(
        &with("[tool_version]\ncommand = [\"{program}\", \"-V\"]\npattern = '\\d+'\n"),
        7,
        11,
        "has no group",
    );
    warning_at(&with("[submit]\nfinish_block = 1\n"), 6, 16, "never sent");
    warning_at(&with("[spawn.files]\nrc = \"\"\n"), 5, 1, "where these files are");
    warning_at(&TEN_LINES.replace("\"quit\"", "\"quit<enter>\""), 4, 8, "twice");
    warning_at(
        &TEN_LINES.replace("\"quit\"", "{ send = \"quit\" }"),
        4,
        17,
        "no Enter",
    );
    warning_at(
        &with("[[versions]]\nmatch = \">=2\"\nset = {}\n"),
        5,
        1,
        "never made",
    );
    error_at(
        &TEN_LINES.replace("\"quit\"", "{ sned = \"quit\" }"),
        4,
        10,
        "unknown key `sned`",
    );
}

#[test]
fn prompts_that_glued_output_hides_are_told() {
    let prompt = |prompt: &str| TEN_LINES.replace("mytool> $", prompt);
    warning_at(&prompt("^mytool> $"), 3, 10, "without a newline");
    warning_at(&prompt("mytool>"), 3, 10, "does not end with $");
    assert!(warnings(&prompt(r"\Amytool> $")).diagnostics.is_empty());
    let marked = format!("{}[spawn.env]\nPS1 = '\\e]133;A\\a> '\n", prompt("^> $"));
    assert!(warnings(&marked).diagnostics.is_empty());
    let edge = "name = \"x\"\ncommand = [\"x\"]\nexit = \"q\"\n[[state]]\nname = \"ready\"\nkind = \"ready\"\ncursor_line = '^> $'\n";
    warning_at(edge, 7, 15, "without a newline");
    assert!(
        warnings(&format!("{edge}modes = {{ bracketed_paste = true }}\n"))
            .diagnostics
            .is_empty()
    );
}

#[test]
fn what_editors_refuse_is_told() {
    let with = |rest: &str| format!("{TEN_LINES}{rest}");
    warning_at(&with("spawn = {\n  cols = 80 }\n"), 5, 9, "several lines");
    warning_at(&with("spawn = { cols = 80, }\n"), 5, 20, "comma");
    warning_at(&with("title = \"\\\\e\\e\"\n"), 5, 13, "escape");
    warning_at(&with("title = \"\"\"\"\\x41\"\"\"\"\n"), 5, 13, "escape");
    let fine = r#"include = [
  "common", # {
]
title = '{\e'
[spawn.files]
a = '''{
,}'{files}'''
b = """{
\""""""
"#;
    let told = warnings(&with(fine));
    assert!(told.diagnostics.is_empty(), "{told}");
}

#[test]
fn an_override_is_looked_at_whatever_the_version() {
    let change = |set: &str| {
        let version = "[tool_version]\ncommand = [\"x\"]\npattern = '(x)'";
        format!("{TEN_LINES}{version}\n[[versions]]\nmatch = \">=2\"\nset = {set}\n")
    };
    error_at(&change("{ prompt = '(x$' }"), 10, 19, "unclosed group");
    error_at(&change("{ spawn = { colz = 2 } }"), 10, 19, "unknown key `colz`");
    error_at(&change("{ spawn = { cols = 1 } }"), 10, 26, "cells a side");
    error_at(&change("{ command = [] }"), 10, 7, "the file names no command");
    let cooked = "{ spawn = { echo_off = true } }";
    let state = with_state("kind = \"ready\"\ncursor_line = 'a$'\ntty = \"cooked\"");
    let source = change(cooked).replace(TEN_LINES, &state);
    error_at(&source, 9, 7, "with the changes for >=2: cooked means");
    assert!(warnings(&change("{ prompt = 'x$' }")).diagnostics.is_empty());
}

#[test]
fn the_problems_of_an_included_file_carry_its_name() {
    let source = format!("include = [\"mine\"]\n{TEN_LINES}");
    let mine = "name = \"mine\"\n[[state]]\nname = \"a\"\nkind = \"pager\"\ncursor_line = '(x$'\n";
    let lookup = |name: &str| (name == "mine").then(|| mine.to_owned());
    let problems = super::load("x.toml", &source, None, &lookup).expect_err("the regex is bad");
    told_at(&problems, 1, 12, "the included file \"mine\" has errors");
    assert_eq!(problems.diagnostics.len(), 1, "{problems}");
    told_at(&problems.included[0], 5, 16, "unclosed group");
    assert!(problems.to_string().contains("--> mine.toml:5:16"), "{problems}");
}

#[test]
fn a_version_changes_states_by_name() {
    let two = format!(
        "{}[[state]]\nname = \"b\"\nkind = \"busy\"\ntitle = 'x'\n",
        with_state("kind = \"pager\"\ncursor_line = 'a$'")
    );
    let set = |state: &str| {
        let version = "[tool_version]\ncommand = [\"x\"]\npattern = '(x)'";
        format!("{two}{version}\n[[versions]]\nmatch = \">=2\"\nset = {{ state = [{state}] }}\n")
    };
    let lookup = |name: &str| builtin::source(name).map(str::to_owned);
    let source = set("{ name = \"b\", title = 'y' }, { name = \"c\", kind = \"busy\", title = 'z' }");
    let spec = super::load("x", &source, Some("2"), &lookup).expect("valid").spec;
    let names: Vec<&str> = spec.rules.iter().take(4).map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "ready"]);
    let title = |name: &str| {
        spec.rule(name)
            .and_then(|rule| Some(rule.when.title.as_ref()?.as_str()))
    };
    assert_eq!((title("b"), title("c")), (Some("y"), Some("z")));
    assert_eq!(
        spec.rule("a").map(|rule| rule.when.cursor_line.is_some()),
        Some(true)
    );
    error_at(&set("{ name = \"b\", title = '(y' }"), 18, 41, "unclosed group");
    error_at(
        &set("{ name = \"c\", title = 'y' }"),
        18,
        7,
        "missing field `kind`",
    );
}

#[test]
fn menus_and_permissions_are_whole() {
    let menu = "kind = \"permission\"\ntitle = 'x'\nchoice_pattern = '(?<marker>.) (?<label>x)'\nmove = [\"<up>\", \"<down>\"]";
    let full = format!("{menu}\naccept = \"<enter>\"\ndeny = \"<esc>\"\nallow = '^Yes$'");
    assert!(parse(&with_state(&full)).is_ok());
    let at = |state: &str, message: &str| {
        let found = problems(&with_state(state)).to_string();
        assert!(found.contains(message), "{message}: {found}");
    };
    at(menu, "nothing accepts");
    at(
        "kind = \"confirm\"\ntitle = 'x'\naccept = \"<enter>\"",
        "only read together with move",
    );
    at(
        "kind = \"confirm\"\ntitle = 'x'\nmove = [\"<up>\"]\naccept = \"<enter>\"",
        "move is two keys",
    );
    at(
        "kind = \"confirm\"\ntitle = 'x'\nmove = [\"<up>\", \"<down>\"]\naccept = \"<enter>\"",
        "choice_pattern finds",
    );
    let two_ways = full.replace("(?<marker>.)", "(?<marker>.)(?<send>.)");
    at(&two_ways, "two ways to take a choice");
    at(&full.replace("(?<marker>.)", "."), "which choice is highlighted");
    let styled = full.replace("(?<marker>.)", ".") + "\nmarker_style = \"reverse\"";
    assert!(parse(&with_state(&styled)).is_ok());
    at(
        "kind = \"confirm\"\ntitle = 'x'\ndeny = \"<esc>\"",
        "only a permission is answered by policy",
    );
    at(
        "kind = \"login\"\ntitle = 'x'\nauto = \"<enter>\"",
        "does not answer this by itself",
    );
    at(
        "kind = \"permission\"\ntitle = 'x'\nallow = 'Yes'",
        "this state has none",
    );
}

#[test]
fn side_channels_are_heard_and_speak() {
    let with =
        |keys: &str| format!("{TEN_LINES}[spawn]\nenv = {{ H = \"{{hook}}\" }}\n[[channel]]\n{keys}\n");
    let at = |keys: &str, message: &str| {
        let found = problems(&with(keys)).to_string();
        assert!(found.contains(message), "{message}: {found}");
    };
    let hook = "name = \"stop\"\nkind = \"hook\"\ntext = \"/a/-\"\nwhere = { \"/b\" = '^x$' }";
    let log = "name = \"log\"\nkind = \"transcript\"\ntext = \"/a\"";
    let spec = parse(&with(hook)).expect("valid");
    assert_eq!(spec.channels[0].within, std::time::Duration::from_millis(300));
    error_at(&with(&hook.replace("/a/-", "a")), 10, 8, "no JSON pointer");
    error_at(&with(&hook.replace("^x$", "(")), 11, 19, "bad regex");
    at(&hook.replace("stop", "a b"), "lower-case word");
    at(&format!("{hook}\n[[channel]]\n{hook}"), "two channels");
    at(&format!("{hook}\npath = \"/x\""), "a hook has no file");
    let after = |keys: &str| format!("{hook}\n[[channel]]\n{log}\n{keys}");
    at(&after(""), "none is named");
    at(&after("path = \"logs/x\""), "not whole");
    at(
        &after("path = \"{home}/x\"\npath_from = \"stop:/p\""),
        "a path already",
    );
    at(&after("path_from = \"nobody:/p\""), "no hook channel tells");
    assert!(parse(&with(&after("path_from = \"stop:/p\""))).is_ok());
    at(
        &format!(
            "{}\npath = \"/x\"",
            after("")
                .replace("text = \"/a\"", "")
                .replace("text = \"/a/-\"", "session = \"/s\"")
        ),
        "never read",
    );
    at(&format!("{log}\npath = \"/x\""), "there are none");
    at(
        &format!("{hook}\n[[state]]\nname = \"s\"\nkind = \"busy\"\nsaid = \"stpo\""),
        "did you mean stop?",
    );
    let told = |keys: &str| format!("{hook}{keys}\n[[outcome.error]]\ntold = 'x'");
    at(&told(""), "no channel tells an error");
    assert!(parse(&with(&told("\nerror = \"/e\""))).is_ok());
    warning_at(
        &format!("{TEN_LINES}[[channel]]\n{hook}\n"),
        5,
        1,
        "which program to run",
    );
    warning_at(
        &with("name = \"stop\"\nkind = \"hook\""),
        7,
        1,
        "nothing is taken",
    );
}
