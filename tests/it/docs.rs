//! The teaching page: its reference is complete, its examples are valid, its worked example is true.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use ptych::engine::protocol::{self, builtin};
use ptych::engine::response::Outcome;
use ptych::host::Session;

use crate::cli_support::Home;
use crate::support;

fn path(relative: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn read(relative: &str) -> String {
    fs::read_to_string(path(relative)).unwrap_or_else(|e| panic!("{relative}: {e}"))
}

/// Each table of the schema and the heading of its fields.
const TABLES: &[(&str, &str)] = &[
    ("", "Top level"),
    ("Channel", "`[[channel]]`"),
    ("Choice", "`[[state]] choices`"),
    ("Confirm", "`exit.confirm`"),
    ("ErrorRule", "`[[outcome.error]]`"),
    ("ExitTable", "`exit`"),
    ("Interrupt", "`[interrupt]`"),
    ("Method", "`[submit] block`"),
    ("Nested", "`[[nested]]`"),
    ("OutcomeTable", "`[outcome]`"),
    ("Override", "`[[versions]]`"),
    ("Refuse", "`[submit] refuse`"),
    ("Response", "`[response]`"),
    ("Resume", "`[resume]`"),
    ("Markdown", "`[response.markdown]`"),
    ("Settle", "`[settle]`"),
    ("Shared", "`[shared]`"),
    ("Spawn", "`[spawn]`"),
    ("State", "`[[state]]`"),
    ("Submit", "`[submit]`"),
    ("ToolVersion", "`[tool_version]`"),
];

/// Property names of a schema object and of its variants.
fn properties(schema: &serde_json::Value) -> BTreeSet<String> {
    let own = schema["properties"].as_object().into_iter().flatten();
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    own.map(|(name, _)| name.clone())
        .chain(variants.flat_map(properties))
        .collect()
}

/// The first column of the table below each heading.
fn reference(page: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut heading = "";
    for line in page.lines() {
        if let Some(text) = line.strip_prefix("### ") {
            heading = text;
        }
        let key = line
            .strip_prefix("| `")
            .and_then(|rest| Some(rest.split_once('`')?.0));
        if let Some(key) = key {
            found.entry(heading.into()).or_default().insert(key.into());
        }
    }
    found
}

#[test]
fn every_field_has_its_row() {
    let schema: serde_json::Value = serde_json::from_str(&read("docs/protocol.schema.json")).expect("JSON");
    let rows = reference(&read("docs/protocols.md"));
    let definitions = schema["$defs"].as_object().expect("definitions").iter();
    let tables = definitions.map(|(name, table)| (name.as_str(), table));
    for (name, table) in tables.chain([("", &schema)]) {
        let wanted = properties(table);
        if wanted.is_empty() {
            continue;
        }
        // What an override may hold: the same keys.
        let name = match name {
            "Changes" => continue,
            "StateChange" => "State",
            name => name,
        };
        let heading = TABLES.iter().find(|(known, _)| *known == name);
        let (_, heading) = heading.unwrap_or_else(|| panic!("docs/protocols.md has no heading for {name}"));
        let told = rows.get(*heading).cloned().unwrap_or_default();
        assert_eq!(
            told, wanted,
            "docs/protocols.md, {heading}: rows and fields of {name}"
        );
    }
}

/// Every word that a field may have.
fn words(schema: &serde_json::Value, found: &mut BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(object) => {
            let listed = object.get("enum").and_then(|words| words.as_array());
            let words = listed.into_iter().flatten().chain(object.get("const"));
            found.extend(words.filter_map(|word| Some(word.as_str()?.to_owned())));
            object.values().for_each(|value| self::words(value, found));
        }
        serde_json::Value::Array(array) => array.iter().for_each(|value| words(value, found)),
        _ => {}
    }
}

#[test]
fn every_word_of_a_field_is_told() {
    let schema = serde_json::from_str(&read("docs/protocol.schema.json")).expect("JSON");
    let page = read("docs/protocols.md");
    let mut wanted = BTreeSet::new();
    words(&schema, &mut wanted);
    let missing: Vec<&String> = wanted
        .iter()
        .filter(|word| !page.contains(&format!("`{word}`")))
        .collect();
    assert!(
        wanted.len() > 30 && missing.is_empty(),
        "docs/protocols.md lacks {missing:?} of {wanted:?}"
    );
}

/// A fragment is a part of some file.
fn whole_file(example: &str) -> String {
    if example.contains("name = ") && example.contains("\ncommand = ") && example.starts_with("name") {
        return example.to_owned();
    }
    format!("name = \"x\"\ncommand = [\"x\"]\nprompt = 'x> $'\nexit = \"quit\"\n{example}")
}

#[test]
fn every_example_is_valid_and_gives_no_warning() {
    let page = read("docs/protocols.md");
    let examples: Vec<&str> = page
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```\n")?.0))
        .collect();
    assert!(examples.len() > 10, "only {} examples", examples.len());
    let lookup = |name: &str| builtin::source(name).map(str::to_owned);
    for example in examples {
        let source = whole_file(example);
        protocol::parse(&source).unwrap_or_else(|e| panic!("{example}\n{e}"));
        let loaded = protocol::load("docs/protocols.md", &source, None, &lookup).expect("parsed");
        assert!(
            loaded.warnings.diagnostics.is_empty(),
            "{example}\n{}",
            loaded.warnings
        );
    }
}

#[test]
fn the_worked_example_is_the_file() {
    let file = read("examples/larder/larder.toml");
    let file = file.split_once('\n').expect("the schema's line").1;
    assert!(
        read("docs/protocols.md").contains(&format!("```toml\n{file}```\n")),
        "docs/protocols.md shows another larder.toml"
    );
}

#[test]
fn the_worked_example_does_what_the_page_says() {
    let spec = protocol::parse(&read("examples/larder/larder.toml")).unwrap_or_else(|e| panic!("{e}"));
    let options = ptych::host::Options {
        program: Some(path("examples/larder/larder.py").display().to_string()),
        ..support::options()
    };
    support::run(async {
        let session = Session::start(Arc::new(spec), options).expect("started");
        for (prompt, outcome, text) in [
            ("add eggs 6", Outcome::Ok, ""),
            ("list", Outcome::Ok, "   6 eggs"),
            ("count 5", Outcome::Ok, "1 2 3 4 5 "),
            ("note\nbuy\n\nmilk\n.", Outcome::Ok, "noted 3 lines"),
            ("bogus", Outcome::Error, "error: what is 'bogus'?"),
            ("clear", Outcome::Blocked, ""),
        ] {
            support::expect(&session, prompt, outcome, text).await;
        }
        let answered = session
            .answer("yes", ptych::host::AskOptions::default())
            .await
            .expect("a choice");
        assert_eq!(answered.text, "the larder is empty", "{answered:#?}");
        session.stop(ptych::host::StopOptions::default()).await;
    });
}

#[test]
fn every_metric_is_told() {
    let home = Home::new();
    let prompts = home.write("prompts", "6*7\n");
    let args = [
        "pool",
        "run",
        "python",
        "-n",
        "1",
        "--no-progress",
        "--metrics",
        "metrics",
        &prompts,
    ];
    home.run(&args).ends(0);
    let metrics = fs::read_to_string(home.path().join("metrics")).expect("written");
    let told = read("docs/clusters.md");
    let names = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let missing: Vec<&str> = names
        .map(|(name, _)| name)
        .filter(|name| {
            ["`", "{"]
                .iter()
                .all(|end| !told.contains(&format!("`{name}{end}")))
        })
        .collect();
    assert!(
        metrics.contains("ptych_prompts_total") && missing.is_empty(),
        "docs/clusters.md lacks {missing:?}"
    );
}
