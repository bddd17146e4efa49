//! `ptych protocol test`: recordings through the engine, compared with what stands beside them.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::front::cli::args::ProtocolTest;
use crate::front::cli::exit::Exit;
use crate::front::cli::expectation::{self, Expectation};
use crate::front::cli::failure::Failure;
use crate::front::cli::{catalogue, diff, output, replay};

#[derive(Serialize)]
struct Report {
    ok: bool,
    passed: usize,
    failed: usize,
    recordings: Vec<Tested>,
}

#[derive(Serialize)]
struct Tested {
    recording: PathBuf,
    /// `passed`, `updated`, `differs`, `no_expectation` or `failed`.
    result: &'static str,
    /// `-` expected, `+` seen; or why it could not be tested.
    detail: Option<String>,
}

impl Tested {
    fn ok(&self) -> bool {
        matches!(self.result, "passed" | "updated")
    }
}

pub fn run(args: &ProtocolTest) -> anyhow::Result<Exit> {
    let recordings = recordings(args)?;
    let mut tested = Vec::with_capacity(recordings.len());
    for recording in &recordings {
        let one = test(recording, args);
        if !args.json {
            tell(&one)?;
        }
        tested.push(one);
    }
    let passed = tested.iter().filter(|one| one.ok()).count();
    let report = Report {
        ok: passed == tested.len(),
        passed,
        failed: tested.len() - passed,
        recordings: tested,
    };
    match args.json {
        true => output::json_document(&report)?,
        false => output::text(&format!("{} passed, {} failed", report.passed, report.failed))?,
    }
    Ok(if report.ok { Exit::Done } else { Exit::Failed })
}

/// Every recording that is meant, sorted within its folder.
fn recordings(args: &ProtocolTest) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    if args.recordings.is_empty() {
        catalogue::own_dir()
            .iter()
            .for_each(|dir| collect(dir, &mut found));
    }
    for meant in &args.recordings {
        let path = Path::new(meant);
        let before = found.len();
        match path {
            path if path.is_dir() => collect(path, &mut found),
            path if path.is_file() && !meant.ends_with(".toml") => found.push(path.to_path_buf()),
            path if meant.ends_with(".cast") => {
                return Err(Failure::not_found(format!(
                    "there is no recording {}",
                    path.display()
                )));
            }
            _ => beside(meant, &mut found)?,
        }
        if found.len() == before {
            return Err(Failure::not_found(format!(
                "there are no recordings (.cast) for {meant}"
            )));
        }
    }
    match found.is_empty() {
        true => Err(Failure::not_found("there are no recordings to test")
            .hint("name recordings or folders; beside your own protocols, those in a folder of the protocol's name are found")),
        false => Ok(found),
    }
}

/// The recordings of a protocol: in the folder of its name beside its file.
fn beside(target: &str, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entry = catalogue::entry(target)?;
    let dir = entry
        .origin
        .path()
        .and_then(Path::parent)
        .map(|dir| dir.join(&entry.name));
    dir.iter().for_each(|dir| collect(dir, found));
    Ok(())
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "cast") {
            found.push(path);
        }
    }
}

fn test(recording: &Path, args: &ProtocolTest) -> Tested {
    let (result, detail) = match compare(recording, args) {
        Ok(result) => result,
        Err(failure) => ("failed", Some(failure.to_string())),
    };
    Tested {
        recording: recording.to_path_buf(),
        result,
        detail,
    }
}

fn compare(recording: &Path, args: &ProtocolTest) -> Result<(&'static str, Option<String>), Failure> {
    let spec = replay::spec_for(recording, args.protocol.as_deref())?;
    let expected = match args.update {
        // What is kept is replaced, readable or not.
        true => expectation::read(recording).unwrap_or_default(),
        false => expectation::read(recording)?,
    };
    let named = match (&args.protocol, &expected) {
        (Some(named), _) => replay::name_to_keep(recording, named),
        (None, Some(expected)) => expected.protocol.clone(),
        (None, None) => spec.name.clone(),
    };
    let seen = Expectation {
        protocol: named,
        ..replay::run(recording, spec)?
    };
    if expected.as_ref().is_some_and(|expected| same(expected, &seen)) {
        return Ok(("passed", None));
    }
    if args.update {
        expectation::write(recording, &seen)?;
        return Ok(("updated", None));
    }
    Ok(match expected {
        None => (
            "no_expectation",
            Some("nothing is expected of it yet; keep what is seen with --update".into()),
        ),
        Some(expected) => ("differs", Some(difference(&expected, &seen))),
    })
}

/// Which name the protocol goes by is not what is tested.
fn same(expected: &Expectation, seen: &Expectation) -> bool {
    expected.responses == seen.responses && expected.states == seen.states
}

fn difference(expected: &Expectation, seen: &Expectation) -> String {
    let seen = Expectation {
        protocol: expected.protocol.clone(),
        ..seen.clone()
    };
    diff::lines(&expectation::text(expected), &expectation::text(&seen))
}

fn tell(one: &Tested) -> std::io::Result<()> {
    let word = match one.result {
        "passed" => "ok",
        other => other,
    };
    let mut text = format!("{word}  {}\n", one.recording.display());
    if let Some(detail) = &one.detail {
        detail
            .lines()
            .for_each(|line| text.push_str(&format!("    {line}\n")));
    }
    output::text(&text)
}
