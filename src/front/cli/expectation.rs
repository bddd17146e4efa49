//! What replaying a recording must give: the readable file beside it, `x.expected.json` for `x.cast`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::exit::Exit;
use super::failure::Failure;
use crate::api;

/// A recording's responses and states, without what two equal runs may differ in (ids, clock times).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Name of the protocol, or a path relative to this file.
    pub protocol: String,
    pub responses: Vec<Turn>,
    /// Each state that was entered, with the rule that named it: `ready: prompt`.
    pub states: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Lines, so that the file and a diff of it can be read.
    pub prompt: Vec<String>,
    pub outcome: api::Outcome,
    pub text: Vec<String>,
    #[serde(default = "screen", skip_serializing_if = "is_screen")]
    pub source: api::Source,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub complete: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub captures: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

const fn screen() -> api::Source {
    api::Source::Screen
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_screen(source: &api::Source) -> bool {
    *source == screen()
}

fn yes() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_true(value: &bool) -> bool {
    *value
}

impl From<&api::Response> for Turn {
    fn from(response: &api::Response) -> Turn {
        Turn {
            prompt: lines(&response.prompt),
            outcome: response.outcome,
            text: lines(&response.text),
            source: response.source,
            complete: response.complete,
            captures: response.captures.clone(),
            question: response.question.as_ref().map(|question| question.text.clone()),
            choices: response.choices.clone(),
        }
    }
}

/// No text is no line; a newline at the end shows as an empty last one.
fn lines(text: &str) -> Vec<String> {
    match text {
        "" => Vec::new(),
        text => text.split('\n').map(str::to_string).collect(),
    }
}

/// `x.expected.json` beside `x.cast`.
pub fn path(recording: &Path) -> PathBuf {
    recording.with_extension("expected.json")
}

/// What is kept beside the recording; `None` when nothing is.
pub fn read(recording: &Path) -> Result<Option<Expectation>, Failure> {
    let path = path(recording);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(invalid(&path, &error.to_string())),
    };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        invalid(&path, &error.to_string()).hint("write it anew with `ptych protocol test --update`")
    })
}

fn invalid(path: &Path, why: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        "expectation_invalid",
        format!("read {}: {why}", path.display()),
    )
}

pub fn write(recording: &Path, expectation: &Expectation) -> Result<(), Failure> {
    let path = path(recording);
    std::fs::write(&path, text(expectation)).map_err(|error| {
        Failure::new(
            Exit::Failed,
            "failed",
            format!("write {}: {error}", path.display()),
        )
    })
}

/// The file's text.
pub fn text(expectation: &Expectation) -> String {
    let mut text = serde_json::to_string_pretty(expectation).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_lines() {
        assert_eq!(lines(""), Vec::<String>::new());
        assert_eq!(lines("a"), ["a"]);
        assert_eq!(lines("a\n\nb\n"), ["a", "", "b", ""]);
    }

    #[test]
    fn an_expectation_reads_as_it_was_written() {
        let expectation = Expectation {
            protocol: "python".into(),
            responses: vec![Turn {
                prompt: vec!["1/0".into()],
                outcome: api::Outcome::Error,
                text: vec!["ZeroDivisionError".into()],
                source: api::Source::Hook,
                complete: true,
                captures: BTreeMap::from([("status".into(), "1".into())]),
                question: None,
                choices: Vec::new(),
            }],
            states: vec!["ready: prompt".into()],
        };
        assert_eq!(
            serde_json::from_str::<Expectation>(&text(&expectation)).unwrap(),
            expectation
        );
    }

    #[test]
    fn it_stands_beside_the_recording() {
        assert_eq!(path(Path::new("a/x.cast")), Path::new("a/x.expected.json"));
    }
}
