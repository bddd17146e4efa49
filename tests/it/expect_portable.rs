//! The page for people who come from expect: its list of cases names tests that are there, and all of them; its scripts are scripts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli_support::Home;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn page() -> String {
    fs::read_to_string(root().join("docs/coming-from-expect.md")).expect("the page")
}

/// One row of the list: the case, its answer, and the test or the reason.
struct Case {
    name: String,
    answer: String,
    says: String,
}

fn cases() -> Vec<Case> {
    let page = page();
    let (_, list) = page.split_once("\n## The cases\n").expect("the list");
    let list = list.split_once("\n## ").map_or(list, |(list, _)| list);
    let rows = list
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| case |"));
    rows.map(|row| {
        let row = row.replace(r"\|", "&#124;");
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{row}");
        Case {
            name: cells[0].to_owned(),
            answer: cells[2].to_owned(),
            says: cells[3].to_owned(),
        }
    })
    .collect()
}

/// Each test of a file, as `file::name`; those that are parts of others are left out.
fn tests_of(file: &Path) -> BTreeSet<String> {
    let stem = file
        .strip_prefix(root().join("tests/it"))
        .expect("a test file")
        .with_extension("");
    let stem = stem.to_str().expect("UTF-8");
    let source = fs::read_to_string(file).expect("a test file");
    let mut tests = BTreeSet::new();
    for (before, after) in source
        .match_indices("#[test]\n")
        .map(|(at, mark)| (at, &source[at + mark.len()..]))
    {
        let head = after.split('{').next().unwrap_or_default();
        let name = head.split("fn ").nth(1).and_then(|rest| rest.split('(').next());
        let name = name.unwrap_or_else(|| panic!("{}: a test without a name at {before}", file.display()));
        if !head.contains("#[ignore") {
            tests.insert(format!("{stem}::{name}"));
        }
    }
    tests
}

fn named(says: &str) -> Option<&str> {
    says.strip_prefix('`')?.strip_suffix('`')
}

#[test]
fn every_case_names_a_test_that_is_there_or_a_reason() {
    let mut missing = Vec::new();
    for case in cases() {
        let kind = case.answer.split(':').next().unwrap_or_default();
        match (kind, named(&case.says)) {
            ("yes" | "other", Some(test)) => {
                let file = test.split("::").next().unwrap_or_default();
                let file = root().join(format!("tests/it/{file}.rs"));
                if !file.exists() || !tests_of(&file).contains(test) {
                    missing.push(format!("{}: {test}", case.name));
                }
            }
            ("no", None) if !case.says.is_empty() => {}
            _ => missing.push(format!("{}: {:?} with {:?}", case.name, case.answer, case.says)),
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_test_of_these_files_is_in_the_list() {
    let listed: BTreeSet<String> = cases()
        .iter()
        .filter_map(|case| named(&case.says).map(str::to_owned))
        .collect();
    for file in ["issues", "lifecycle", "multi", "screen", "semantics", "stream"] {
        let tests = tests_of(&root().join(format!("tests/it/expect_{file}.rs")));
        let unlisted: Vec<&String> = tests.difference(&listed).collect();
        assert!(
            tests.len() > 5 && unlisted.is_empty(),
            "not in docs/coming-from-expect.md: {unlisted:#?}"
        );
    }
}

#[test]
fn the_page_counts_its_cases() {
    let cases = cases();
    let count = |kind: &str| cases.iter().filter(|case| case.answer.starts_with(kind)).count();
    let counts = format!(
        "{} cases: {} yes, {} other, {} no.",
        cases.len(),
        count("yes"),
        count("other"),
        count("no")
    );
    assert!(
        page().contains(&counts),
        "docs/coming-from-expect.md should say: {counts}"
    );
}

#[test]
fn the_pages_scripts_have_nothing_wrong_with_them() {
    let page = page();
    let scripts: Vec<&str> = page
        .split("```rhai\n")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```\n")?.0))
        .collect();
    assert!(scripts.len() >= 19, "only {} scripts", scripts.len());
    let home = Home::new();
    let files: Vec<String> = scripts
        .iter()
        .enumerate()
        .map(|(n, script)| home.write(&format!("{n:02}.rhai"), script))
        .collect();
    let mut args = vec!["script", "check"];
    args.extend(files.iter().map(String::as_str));
    home.run(&args).ends(0);
}

#[test]
fn there_are_twenty_idioms_in_all_languages() {
    let page = page();
    let (_, idioms) = page.split_once("\n## Twenty idioms\n").expect("the idioms");
    let idioms = idioms.split_once("\n## ").map_or(idioms, |(idioms, _)| idioms);
    let idioms: Vec<&str> = idioms.split("\n### ").skip(1).collect();
    assert_eq!(idioms.len(), 20);
    for idiom in idioms {
        for language in ["```tcl\n", "```python\n"] {
            assert!(idiom.contains(language), "lacks {language}: {idiom}");
        }
        assert!(
            idiom.contains("```rhai\n") || idiom.contains("```console\n"),
            "{idiom}"
        );
    }
}
