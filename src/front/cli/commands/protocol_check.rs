//! `ptych protocol check`: every problem of protocol files, with its place.

use serde::Serialize;

use crate::engine::protocol::Problems;
use crate::engine::protocol::diagnostic::{Diagnostic, Severity};
use crate::front::cli::args::ProtocolCheck;
use crate::front::cli::catalogue::{self, Entry};
use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;
use crate::front::cli::output;

#[derive(Serialize)]
struct Report {
    ok: bool,
    files: Vec<Checked>,
}

#[derive(Serialize)]
struct Checked {
    file: String,
    ok: bool,
    problems: Vec<Problem>,
    /// As people see it.
    #[serde(skip)]
    page: String,
}

#[derive(Serialize)]
struct Problem {
    /// The file it stands in: the one that is checked, or one that it includes.
    file: String,
    severity: &'static str,
    line: usize,
    column: usize,
    message: String,
    hint: Option<String>,
}

pub fn run(args: &ProtocolCheck) -> anyhow::Result<Exit> {
    let files: Vec<Checked> = entries(&args.files)?.iter().map(check).collect();
    let report = Report {
        ok: files.iter().all(|file| file.ok),
        files,
    };
    match args.json {
        true => output::json_document(&report)?,
        false => tell(&report)?,
    }
    Ok(if report.ok { Exit::Done } else { Exit::Usage })
}

fn entries(files: &[String]) -> Result<Vec<Entry>, Failure> {
    if !files.is_empty() {
        return files.iter().map(|file| catalogue::entry(file)).collect();
    }
    let own = catalogue::own();
    let place = || catalogue::own_dir().map_or_else(|| "(no home)".into(), |dir| dir.display().to_string());
    match own.is_empty() {
        true => Err(
            Failure::not_found(format!("there are no protocol files in {}", place()))
                .hint("name the files to check"),
        ),
        false => Ok(own),
    }
}

fn check(entry: &Entry) -> Checked {
    let (ok, problems) = match catalogue::load(entry, None) {
        Ok(loaded) => (true, loaded.warnings),
        Err(problems) => (false, problems),
    };
    Checked {
        file: problems.file.clone(),
        ok,
        page: problems.to_string(),
        problems: all(&problems),
    }
}

/// Its own and those of the files it includes.
fn all(problems: &Problems) -> Vec<Problem> {
    let own = problems
        .diagnostics
        .iter()
        .map(|diagnostic| problem(problems, diagnostic));
    own.chain(problems.included.iter().flat_map(all)).collect()
}

fn problem(problems: &Problems, diagnostic: &Diagnostic) -> Problem {
    let (line, column) = problems.line_col(diagnostic.span.start);
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    Problem {
        file: problems.file.clone(),
        severity,
        line,
        column,
        message: diagnostic.message.clone(),
        hint: diagnostic.hint.clone(),
    }
}

/// Good files on standard output, problems on standard error.
fn tell(report: &Report) -> anyhow::Result<()> {
    for file in &report.files {
        if !file.page.is_empty() {
            output::note(&file.page);
        }
        if file.ok {
            output::text(&format!("{}: ok", file.file))?;
        }
    }
    Ok(())
}
