//! Recordings through the engine: responses, states, and what stood before the cursor.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use super::catalogue;
use super::commands::protocol_explain::{Explanation, without_empty_end};
use super::exit::Exit;
use super::expectation::{self, Expectation};
use super::failure::Failure;
use crate::api;
use crate::engine::event::EventKind;
use crate::engine::protocol::Spec;
use crate::engine::session::{State, nearest};
use crate::engine::term::{Screen, TermConfig};
use crate::engine::time::Time;
use crate::host::recording::{Recorded, RecordedKind, Recording, Replay, Replayed};

/// Output that has paused for this long stands at a prompt, where nothing better tells it.
const PAUSE: Duration = Duration::from_millis(300);
/// Rows of a wrapped prompt that are joined.
const PROMPT_ROWS: usize = 8;

/// What was seen when something was typed.
pub struct Seen {
    /// Text left of the cursor each time an input began.
    pub lines: Vec<String>,
    /// What was recorded, when the recording says so.
    pub command: Vec<String>,
}

/// The protocol that frames a recording: the one that was named, that its expectation names, or that the name of a folder above it says.
pub fn spec_for(recording: &Path, named: Option<&str>) -> Result<Arc<Spec>, Failure> {
    if let Some(named) = named {
        return Ok(Arc::new(catalogue::target(named)?));
    }
    if let Some(expectation) = expectation::read(recording)? {
        return Ok(Arc::new(catalogue::target(&kept(
            recording,
            &expectation.protocol,
        ))?));
    }
    let names: Vec<String> = catalogue::all().into_iter().map(|entry| entry.name).collect();
    let folders = recording
        .ancestors()
        .skip(1)
        .filter_map(|folder| folder.file_name()?.to_str());
    let found = folders.map(str::to_string).find(|folder| names.contains(folder));
    match found {
        Some(name) => Ok(Arc::new(catalogue::target(&name)?)),
        None => Err(unframed(recording)),
    }
}

/// The protocol that an expectation names: a path is relative to the folder of the recording.
fn kept(recording: &Path, protocol: &str) -> String {
    match (catalogue::is_path(protocol), recording.parent()) {
        (true, Some(folder)) => Path::new(".").join(folder).join(protocol).display().to_string(),
        _ => protocol.to_string(),
    }
}

/// How an expectation names a protocol, so that recordings, expectations and protocols can be moved together.
pub fn name_to_keep(recording: &Path, protocol: &str) -> String {
    if !catalogue::is_path(protocol) {
        return protocol.to_string();
    }
    let folder = recording
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    match (folder.canonicalize(), Path::new(protocol).canonicalize()) {
        (Ok(folder), Ok(file)) => relative(&folder, &file).display().to_string(),
        _ => protocol.to_string(),
    }
}

/// `file` as seen from `folder`; both are absolute.
fn relative(folder: &Path, file: &Path) -> PathBuf {
    let common = folder
        .components()
        .zip(file.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    let start = if folder.components().count() == common {
        Some(Component::CurDir)
    } else {
        None
    };
    start
        .into_iter()
        .chain(up)
        .chain(file.components().skip(common))
        .collect()
}

fn unframed(recording: &Path) -> Failure {
    let message = format!("{}: which protocol frames it is not known", recording.display());
    Failure::new(Exit::Usage, "protocol_unknown", message)
        .hint("name it with --protocol NAME|FILE; `ptych protocol test --update` then keeps it")
}

/// Responses and states of a recording.
pub fn run(path: &Path, spec: Arc<Spec>) -> Result<Expectation, Failure> {
    let recording = Recording::read(path)?;
    let wire = api::Context::new("recording", &spec, UNIX_EPOCH);
    let protocol = spec.name.clone();
    let replayed = Replay::new(spec).run(&recording);
    Ok(Expectation {
        protocol,
        responses: replayed
            .responses
            .iter()
            .map(|response| (&wire.response(response)).into())
            .collect(),
        states: states(&replayed).collect(),
    })
}

/// `ready: prompt`, or the state alone where no rule named it.
fn states(replayed: &Replayed) -> impl Iterator<Item = String> {
    replayed.events.iter().filter_map(|event| match &event.kind {
        EventKind::State { state, rule } if rule.is_empty() => Some((*state).to_string()),
        EventKind::State { state, rule } => Some(format!("{state}: {rule}")),
        _ => None,
    })
}

/// Why the session was in its state at a time of the recording, or at its end.
pub fn explain(path: &Path, spec: Arc<Spec>, at: Option<Duration>) -> Result<Explanation, Failure> {
    let mut recording = Recording::read(path)?;
    let end = recording.events.last().map_or(Duration::ZERO, |event| event.at.0);
    let at = at.unwrap_or(end);
    if at > end {
        return Err(Failure::usage(format!(
            "the recording ends at {:.3} s",
            end.as_secs_f64()
        )));
    }
    recording.events.retain(|event| event.at.0 <= at);
    // The replay ends at the last event: time goes on to here even when nothing happened.
    recording.events.push(Recorded {
        at: Time(at),
        kind: RecordedKind::Marker("explain".into()),
    });
    let protocol = spec.name.clone();
    let replayed = Replay::new(spec).run(&recording);
    let rule = replayed.events.iter().rev().find_map(|event| match &event.kind {
        EventKind::State { rule, .. } => Some(rule.clone()),
        _ => None,
    });
    let unknown = replayed.state == State::Unknown;
    Ok(Explanation {
        nearest: match unknown {
            true => nearest(replayed.explain.clone()),
            false => Vec::new(),
        },
        tool_version: None,
        protocol,
        state: replayed.state.as_str().to_string(),
        rule: rule.unwrap_or_default(),
        at_ms: Some(at.as_secs_f64() * 1000.0),
        screen: without_empty_end(replayed.screen.lines().map(str::to_string).collect()),
        rules: replayed.explain.iter().map(api::RuleTrace::from).collect(),
    })
}

/// What stood left of the cursor whenever an input began; where nothing was typed, whenever the output paused.
pub fn cursor_lines(path: &Path) -> Result<Seen, Failure> {
    let recording = Recording::read(path)?;
    let typed = lines_at(&recording, &inputs(&recording));
    let lines = match typed.is_empty() {
        true => lines_at(&recording, &pauses(&recording)),
        false => typed,
    };
    let command = recording.command.as_deref().unwrap_or_default();
    Ok(Seen {
        lines,
        command: command.split_whitespace().map(str::to_string).collect(),
    })
}

/// Indices of the events that begin an input: the first key of a line.
fn inputs(recording: &Recording) -> Vec<usize> {
    let mut begun = false;
    let mut found = Vec::new();
    for (index, event) in recording.events.iter().enumerate() {
        let RecordedKind::Input(bytes) = &event.kind else {
            continue;
        };
        // Terminal replies and cursor keys begin nothing.
        if bytes.first() == Some(&0x1b) {
            continue;
        }
        if !std::mem::replace(&mut begun, true) {
            found.push(index);
        }
        if bytes.ends_with(b"\r") || bytes.ends_with(b"\n") {
            begun = false;
        }
    }
    found
}

/// Indices of the events that come after a pause in the output.
fn pauses(recording: &Recording) -> Vec<usize> {
    let events = &recording.events;
    let paused = |index: &usize| events[*index].at.since(events[*index - 1].at) >= PAUSE;
    let mut found: Vec<usize> = (1..events.len()).filter(paused).collect();
    found.push(events.len());
    found
}

/// The cursor's line as it was before each of these events.
fn lines_at(recording: &Recording, before: &[usize]) -> Vec<String> {
    let mut screen = Screen::new(recording.size, TermConfig::default());
    let mut lines = Vec::new();
    for index in 0..=recording.events.len() {
        if before.contains(&index) {
            lines.push(screen.cursor_line(PROMPT_ROWS).text);
        }
        match recording.events.get(index).map(|event| &event.kind) {
            Some(RecordedKind::Output(bytes)) => screen.handle_bytes(bytes),
            Some(RecordedKind::Resize(size)) => screen.resize(*size),
            _ => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_kept_as_seen_from_the_recordings_folder() {
        let from = |folder: &str| {
            relative(Path::new(folder), Path::new("/a/b/x.toml"))
                .display()
                .to_string()
        };
        assert_eq!(from("/a/b"), "./x.toml");
        assert_eq!(from("/a/b/casts"), "../x.toml");
        assert_eq!(from("/a"), "./b/x.toml");
        assert_eq!(kept(Path::new("casts/x.cast"), "../x.toml"), "./casts/../x.toml");
        assert_eq!(kept(Path::new("casts/x.cast"), "python"), "python");
    }
}
