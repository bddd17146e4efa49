//! The architecture as a test: who may import whom, and small rules that a compiler does not check.

#![expect(
    clippy::disallowed_methods,
    reason = "this test reads the sources and asks cargo for the dependency tree"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// From the left, only the right may be imported (besides itself). The diagram in docs/ARCHITECTURE.md is drawn from this table.
const LAYERS: &[(&str, &[&str])] = &[
    ("engine", &[]),
    ("api", &["engine"]),
    ("host", &["engine"]),
    ("front", &["api", "host", "engine"]),
];

/// Inside the engine, lower levels never import higher ones.
const ENGINE_LEVELS: &[&[&str]] = &[
    &["ids", "limits", "random", "time", "tty"],
    &["patience"],
    // Machines that know nothing of one another; what is above puts them together.
    &["term", "protocol", "supervise", "health", "route", "pool"],
    &["response"],
    &["event", "framer", "policy"],
    &["session", "cluster", "expect"],
];

const MAX_FILE_LINES: usize = 700;
const MAX_FUNCTION_LINES: usize = 90;

fn sources(dir: &str) -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        let entries = fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        for entry in entries {
            let path = entry.expect("directory entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|p| (p.clone(), fs::read_to_string(&p).expect("source is UTF-8")))
        .collect()
}

fn relative(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR"))
        .expect("inside the project")
        .display()
        .to_string()
}

/// Module paths below `crate::` that a file names, in `use` lines and in expressions, grouped imports included.
fn crate_paths(source: &str) -> Vec<String> {
    let code: String = source
        .lines()
        .filter(|l| !l.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(top_level_items(group)),
            None => found.push(path_prefix(rest)),
        }
    }
    found
}

fn top_level_items(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut items = vec![String::new()];
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            _ if depth == 0 && !c.is_whitespace() => items.last_mut().expect("never empty").push(c),
            _ => {}
        }
    }
    items
        .iter()
        .filter(|item| !item.is_empty())
        .map(|item| path_prefix(item))
        .collect()
}

fn path_prefix(path: &str) -> String {
    path.chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
        .collect()
}

fn first(path: &str) -> &str {
    path.split("::").next().unwrap_or_default()
}

#[test]
fn layers_import_only_what_lies_below_them() {
    let allowed: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (layer, below) in &allowed {
        for (path, source) in sources(&format!("src/{layer}")) {
            for import in crate_paths(&source) {
                let target = first(&import);
                if allowed.contains_key(target) && target != *layer && !below.contains(&target) {
                    wrong.push(format!("{}: {layer} imports {import}", relative(&path)));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports against the layers:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn engine_modules_import_only_lower_levels() {
    let level = |module: &str| ENGINE_LEVELS.iter().position(|level| level.contains(&module));
    let mut wrong = Vec::new();
    for (path, source) in sources("src/engine") {
        let inside = relative(&path);
        let inside = inside.trim_start_matches("src/engine/").trim_end_matches(".rs");
        let module = inside.split('/').next().unwrap_or_default();
        let Some(own) = level(module) else {
            assert_eq!(
                module, "mod",
                "src/engine/{module} is not in ENGINE_LEVELS: give it a level"
            );
            continue;
        };
        for import in crate_paths(&source) {
            let Some(target) = import.strip_prefix("engine::").map(first) else {
                continue;
            };
            if target != module && level(target).is_some_and(|target| target >= own) {
                wrong.push(format!("{}: {module} imports {import}", relative(&path)));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports against the engine's levels:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_engine_names_no_clock_task_file_or_tool() {
    let outside = [
        "std::fs",
        "std::net",
        "std::thread",
        "std::env",
        "std::process",
        "tokio",
        "nix::",
        "libc::",
    ];
    let protocols =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("protocols")).expect("protocols/");
    let tools: Vec<String> = protocols
        .filter_map(|e| Some(e.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .filter(|name| name.len() > 2 && name != "common")
        .collect();
    let mut wrong = Vec::new();
    // The list of shipped files is the one place that names them.
    let purely = |path: &Path| !path.ends_with("protocol/builtin.rs") && !path.ends_with("tests.rs");
    for (path, source) in sources("src/engine").into_iter().filter(|(path, _)| purely(path)) {
        let production = source.split("#[cfg(test)]").next().unwrap_or_default();
        let code = production.lines().filter(|l| !l.trim_start().starts_with("//"));
        for line in code.filter(|line| !line.contains("include_str!")) {
            // Some tools have names that are ordinary words: what counts is text.
            let texts = line.split('"').skip(1).step_by(2);
            let words = texts.flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
            let named = words.filter(|word| tools.iter().any(|tool| tool == word));
            wrong.extend(
                named.map(|tool| format!("{}: names the tool {tool}: {}", relative(&path), line.trim())),
            );
            let used = outside.iter().filter(|name| line.contains(*name));
            wrong.extend(used.map(|name| format!("{}: uses {name}: {}", relative(&path), line.trim())));
        }
    }
    assert!(wrong.is_empty(), "the engine is pure:\n{}", wrong.join("\n"));
}

#[test]
fn files_and_functions_stay_readable() {
    let mut wrong = Vec::new();
    for (path, source) in sources("src") {
        let production = source.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = production.lines().count();
        if lines > MAX_FILE_LINES && !path.ends_with("tests.rs") {
            wrong.push(format!("{}: {lines} lines", relative(&path)));
        }
        wrong.extend(
            long_functions(production)
                .into_iter()
                .map(|f| format!("{}: {f}", relative(&path))),
        );
    }
    assert!(wrong.is_empty(), "too long to read:\n{}", wrong.join("\n"));
}

/// Functions as rustfmt lays them out: from the line with `fn` to the closing brace in the same column.
fn long_functions(source: &str) -> Vec<String> {
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(at) = words.iter().position(|w| *w == "fn") else {
            continue;
        };
        if line.trim_start().starts_with("//") || line.trim_end().ends_with(';') {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(indent));
        let length = lines[start..].iter().position(|l| **l == closing).unwrap_or(0) + 1;
        if length > MAX_FUNCTION_LINES {
            found.push(format!(
                "{} has {length} lines",
                words.get(at + 1).unwrap_or(&"fn")
            ));
        }
    }
    found
}

#[test]
fn nothing_is_left_undone() {
    let marks = [
        "todo!",
        "unimplemented!",
        "dbg!",
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
    ];
    let mut wrong = Vec::new();
    for (path, source) in sources("src") {
        for (number, line) in source.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                wrong.push(format!("{}:{}: {}", relative(&path), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "left undone:\n{}", wrong.join("\n"));
}

/// With `std`, vte's string buffer has no bound, and feature unification can switch it on unseen.
#[test]
fn the_parsers_string_buffer_stays_bounded() {
    let tree = std::process::Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--edges",
            "normal,features",
            "--invert",
            "vte@0.15.0",
            "--all-features",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo tree");
    let tree = String::from_utf8_lossy(&tree.stdout);
    assert!(
        tree.contains("vte v0.15.0"),
        "cargo tree says nothing of vte: {tree}"
    );
    assert!(
        !tree.contains("vte feature \"std\""),
        "vte's feature std is on:\n{tree}"
    );
}

#[test]
fn the_readme_lists_every_shipped_protocol() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("README.md");
    for entry in fs::read_dir(root.join("protocols")).expect("protocols/") {
        let path = entry.expect("entry").path();
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("UTF-8")
            .to_owned();
        assert!(
            name == "common" || readme.contains(&format!("| {name} |")),
            "README.md lacks {name}"
        );
    }
}
