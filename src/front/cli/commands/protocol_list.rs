//! `ptych protocol list`: every protocol that TARGET can name.

use std::path::PathBuf;

use serde::Serialize;

use crate::front::cli::args::ProtocolList;
use crate::front::cli::catalogue::{self, Entry};
use crate::front::cli::exit::Exit;
use crate::front::cli::output;

#[derive(Serialize)]
struct List {
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    name: String,
    title: String,
    version: String,
    /// Versions of the tool that the file was proven on.
    tested: Vec<String>,
    proven: bool,
    /// Why nobody has proven it.
    unproven: Option<String>,
    /// `built-in` or `user`.
    origin: &'static str,
    path: Option<PathBuf>,
    /// Why it cannot be used.
    problem: Option<String>,
}

pub fn run(args: &ProtocolList) -> anyhow::Result<Exit> {
    let list = List {
        items: catalogue::all().iter().map(item).collect(),
    };
    match args.json {
        true => output::json_document(&list)?,
        false => output::text(&human(&list))?,
    }
    Ok(Exit::Done)
}

fn item(entry: &Entry) -> Item {
    let item = Item {
        name: entry.name.clone(),
        title: String::new(),
        version: String::new(),
        tested: Vec::new(),
        proven: false,
        unproven: None,
        origin: entry.origin.as_str(),
        path: entry.origin.path().map(PathBuf::from),
        problem: None,
    };
    match catalogue::understand(entry) {
        Ok(spec) => Item {
            title: spec.title,
            version: spec.version,
            proven: !spec.tested.is_empty() && spec.unproven.is_none(),
            tested: spec.tested,
            unproven: spec.unproven,
            ..item
        },
        Err(failure) => Item {
            problem: Some(failure.message),
            ..item
        },
    }
}

fn human(list: &List) -> String {
    let rows: Vec<Vec<String>> = list.items.iter().map(row).collect();
    output::table(&["NAME", "ORIGIN", "PROVEN ON", "TITLE"], &rows)
}

fn row(item: &Item) -> Vec<String> {
    let proven = if item.proven {
        item.tested.join(", ")
    } else {
        "-".into()
    };
    let title = match (&item.problem, &item.unproven) {
        (Some(problem), _) => format!("cannot be used: {}", problem.lines().next().unwrap_or_default()),
        (None, Some(why)) => format!("{} (unproven: {why})", item.title),
        (None, None) => item.title.clone(),
    };
    vec![item.name.clone(), item.origin.to_string(), proven, title]
}
