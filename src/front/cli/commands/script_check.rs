//! `ptych script check`: what is wrong with scripts, without starting anything.

use serde::Serialize;

use crate::front::cli::args;
use crate::front::cli::exit::Exit;
use crate::front::cli::{output, script};
use crate::front::script::{self as language, Checked, Problem, Settings};

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    scripts: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    script: &'a str,
    ok: bool,
    problems: &'a [Problem],
}

pub fn run(args: &args::ScriptCheck) -> anyhow::Result<Exit> {
    let settings = Settings {
        args: args.scripts.args.clone(),
        allow_read: args.scripts.allow_read.clone(),
        ..Settings::default()
    };
    let scripts = script::read(&args.scripts)?;
    let checked: Vec<Checked> = scripts
        .iter()
        .map(|script| language::check(script, &settings))
        .collect();
    let ok = checked.iter().all(|checked| checked.problems.is_empty());
    match args.json {
        true => output::json_document(&report(&checked, ok))?,
        false => checked.iter().try_for_each(tell)?,
    }
    Ok(if ok { Exit::Done } else { Exit::Usage })
}

fn report(checked: &[Checked], ok: bool) -> Report<'_> {
    let rows = checked.iter().map(|checked| Row {
        script: &checked.script.name,
        ok: checked.problems.is_empty(),
        problems: &checked.problems,
    });
    Report {
        ok,
        scripts: rows.collect(),
    }
}

fn tell(checked: &Checked) -> std::io::Result<()> {
    if checked.problems.is_empty() {
        return output::text(&format!("{}: ok", checked.script.name));
    }
    for problem in &checked.problems {
        output::note(&told(checked, problem));
    }
    Ok(())
}

/// Place, message, the line with a caret, and what to do about it.
fn told(checked: &Checked, problem: &Problem) -> String {
    let place = problem.place();
    let mut text = format!("{}: {}\n", checked.script.locate(place), problem.message);
    if let Some(place) = place {
        text.push_str(&checked.script.excerpt(place));
    }
    if let Some(hint) = &problem.hint {
        text.push_str(&format!("hint: {hint}\n"));
    }
    text
}
