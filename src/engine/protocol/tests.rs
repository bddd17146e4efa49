//! Each mistake is told with its place and a way out.

use super::{Problems, builtin, parse};

fn problems(source: &str) -> Problems {
    match parse(source) {
        Ok(spec) => panic!("no problem found: {spec:#?}"),
        Err(problems) => problems,
    }
}

/// Asserts one error at line and column whose message holds `part`.
fn error_at(source: &str, line: usize, col: usize, part: &str) {
    let problems = problems(source);
    let found = problems
        .diagnostics
        .iter()
        .any(|d| d.message.contains(part) && problems.line_col(d.span.start) == (line, col));
    assert!(found, "no error with {part:?} at {line}:{col}:\n{problems}");
}

const TEN_LINES: &str =
    "name = \"mytool\"\ncommand = [\"mytool\", \"-i\"]\nprompt = '^mytool> $'\nexit = \"quit\"\n";

#[test]
fn ten_lines_frame_an_ordinary_repl() {
    let spec = parse(TEN_LINES).expect("valid");
    assert_eq!(spec.spawn.programs, ["mytool"]);
    assert_eq!(spec.exit.send, b"quit\r");
    assert_eq!((spec.spawn.cols, spec.spawn.rows), (120, 40));
    assert_eq!(spec.rules[0].name, "ready");
}

#[test]
fn every_shipped_file_is_valid() {
    for name in builtin::names() {
        builtin::load(name).unwrap_or_else(|e| panic!("{e}"));
    }
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
    error_at("name = \"x\"\npromt = 'x'\n", 2, 1, "unknown field");
    error_at(
        "name = \"x\"\ncommand = [\"x\"]\nprompt = '(x'\nexit = \"q\"\n",
        3,
        10,
        "bad regex",
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
        "unknown variant",
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
