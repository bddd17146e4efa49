//! What ended a run, as text, as an object and as an exit code.

use std::sync::Arc;
use std::time::Duration;

use rhai::{EvalAltResult, ParseError};
use serde_json::{Value, json};

use super::check::{Problem, innermost, parser_words, words};
use super::failure::{Code, Failure, Scene};
use super::live::seconds;
use super::source::{Place, Script};

/// A run that is over.
#[derive(Clone, Debug)]
pub struct Ran {
    pub script: String,
    /// What the script leaves with when nothing went wrong.
    pub end: Result<u8, Box<Told>>,
    pub took: Duration,
    pub waits: u64,
    pub sessions: usize,
}

/// What went wrong, and where.
#[derive(Clone, Debug)]
pub struct Told {
    /// Stable word: those of a failure, and `syntax`, `unknown_name`, `script_error`, `thrown`.
    pub code: &'static str,
    pub exit: u8,
    pub message: String,
    pub hint: Option<String>,
    pub place: Option<Place>,
    /// Functions of the script that were being called, innermost first, and where.
    pub calls: Vec<(String, Option<Place>)>,
    pub scene: Option<Arc<Scene>>,
    /// The line with a caret; empty where no place is known.
    pub excerpt: String,
}

/// `ok`, `failed` or, when the script itself is wrong, `error`.
pub const fn outcome(ran: &Ran) -> &'static str {
    match &ran.end {
        Ok(0) => "ok",
        Ok(_) => "failed",
        Err(told) if told.exit == EXIT_SCRIPT => "error",
        Err(_) => "failed",
    }
}

pub const EXIT_FAILED: u8 = 1;
/// The script is wrong, and nothing was started.
pub const EXIT_SCRIPT: u8 = 2;
const EXIT_TIMEOUT: u8 = 124;
const EXIT_OURS: u8 = 125;
const EXIT_NOT_EXECUTABLE: u8 = 126;
const EXIT_NOT_FOUND: u8 = 127;
const EXIT_INTERRUPTED: u8 = 130;

impl Told {
    pub fn of_parser(error: &ParseError, script: &Script) -> Told {
        let place = Place::of(error.position());
        Told::wrong("syntax", parser_words(error), None, place, script)
    }

    pub fn of_problem(problem: &Problem, script: &Script) -> Told {
        let message = problem.message.clone();
        Told::wrong(
            problem.code,
            message,
            problem.hint.clone(),
            problem.place(),
            script,
        )
    }

    /// ptych itself could not do its work.
    pub fn of_ours(message: &str) -> Told {
        Told {
            code: "supervisor_failed",
            exit: EXIT_OURS,
            message: message.to_owned(),
            hint: None,
            place: None,
            calls: Vec::new(),
            scene: None,
            excerpt: String::new(),
        }
    }

    fn wrong(
        code: &'static str,
        message: String,
        hint: Option<String>,
        place: Option<Place>,
        script: &Script,
    ) -> Told {
        Told {
            code,
            exit: EXIT_SCRIPT,
            message,
            hint,
            place,
            calls: Vec::new(),
            scene: None,
            excerpt: place.map(|place| script.excerpt(place)).unwrap_or_default(),
        }
    }

    /// What a run ended with; `spawned` says whether anything was started.
    pub fn of(error: &EvalAltResult, script: &Script, spawned: bool) -> Told {
        let place = Place::of(innermost(error).position());
        let failure = Failure::within(error);
        let (code, message) = match (&failure, innermost(error)) {
            (Some(failure), _) => (failure.code.as_str(), failure.message.clone()),
            (None, EvalAltResult::ErrorRuntime(value, _)) => ("thrown", value.to_string()),
            (None, error) => ("script_error", words(error)),
        };
        Told {
            code,
            exit: exit(failure.as_ref(), code, spawned),
            message,
            hint: failure.as_ref().and_then(|failure| failure.hint.clone()),
            place,
            calls: calls(error),
            scene: failure.and_then(|failure| failure.scene),
            excerpt: place.map(|place| script.excerpt(place)).unwrap_or_default(),
        }
    }

    /// The whole report, for people.
    pub fn text(&self, script: &Script, took: Duration) -> String {
        let mut text = format!(
            "{}: {}\n{}",
            script.locate(self.place),
            self.message,
            self.excerpt
        );
        for (function, place) in &self.calls {
            text.push_str(&format!("in {function}, called at {}\n", script.locate(*place)));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("hint: {hint}\n"));
        }
        if let Some(scene) = &self.scene {
            text.push_str(&scene_text(scene));
        }
        let waited = self.scene.as_ref().map(|scene| scene.waited).unwrap_or_default();
        if !waited.is_zero() {
            text.push_str(&format!("waited {}; ", seconds(waited)));
        }
        text.push_str(&format!("the script ran {}\n", seconds(took)));
        text
    }

    fn json(&self) -> Value {
        let mut object = json!({
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "line": self.place.map(|place| place.line),
            "column": self.place.map(|place| place.column),
        });
        if !self.calls.is_empty() {
            let call = |(function, place): &(String, Option<Place>)| {
                json!({
                    "function": function,
                    "line": place.map(|place| place.line),
                    "column": place.map(|place| place.column),
                })
            };
            object["calls"] = self.calls.iter().map(call).collect();
        }
        if let Some(scene) = &self.scene {
            object["seen"] = scene_json(scene);
        }
        object
    }
}

impl Ran {
    pub fn exit(&self) -> u8 {
        match &self.end {
            Ok(code) => *code,
            Err(told) => told.exit,
        }
    }

    /// One object: `script`, `ok`, `exit_code`, times, and what went wrong as `error`.
    pub fn json(&self) -> Value {
        let mut object = json!({
            "script": self.script,
            "ok": self.exit() == 0,
            "exit_code": self.exit(),
            "duration_ms": milliseconds(self.took),
            "waits": self.waits,
            "sessions": self.sessions,
        });
        if let Err(told) = &self.end {
            object["error"] = told.json();
        }
        object
    }
}

fn exit(failure: Option<&Failure>, code: &str, spawned: bool) -> u8 {
    match failure.map(|failure| failure.code) {
        Some(Code::TimedOut | Code::TimeLimit) => EXIT_TIMEOUT,
        Some(Code::NotFound) => EXIT_NOT_FOUND,
        Some(Code::NotExecutable) => EXIT_NOT_EXECUTABLE,
        Some(Code::Interrupted) => EXIT_INTERRUPTED,
        Some(Code::Pattern | Code::Argument | Code::Module | Code::Refused) if !spawned => EXIT_SCRIPT,
        None if code == "script_error" && !spawned => EXIT_SCRIPT,
        _ => EXIT_FAILED,
    }
}

fn calls(error: &EvalAltResult) -> Vec<(String, Option<Place>)> {
    let mut calls = Vec::new();
    let mut error = error;
    loop {
        match error {
            EvalAltResult::ErrorInFunctionCall(name, _, inner, position) => {
                let name = if name.starts_with("anon$") {
                    "a closure"
                } else {
                    name
                };
                calls.push((name.to_owned(), Place::of(*position)));
                error = inner;
            }
            EvalAltResult::ErrorInModule(name, inner, position) => {
                calls.push((format!("module {name}"), Place::of(*position)));
                error = inner;
            }
            _ => break,
        }
    }
    calls.reverse();
    calls
}

fn scene_text(scene: &Scene) -> String {
    let mut text = format!("session {} (state: {})\n", scene.session, scene.state);
    if !scene.wanted.is_empty() {
        text.push_str("expected:\n");
    }
    for (number, wanted) in scene.wanted.iter().enumerate() {
        text.push_str(&format!("  {} {}\n", number + 1, wanted.pattern));
        for near in &wanted.near {
            text.push_str(&format!("      {near}\n"));
        }
    }
    if let Some(screen) = &scene.screen {
        let (row, col) = (screen.cursor_row + 1, screen.cursor_col + 1);
        text.push_str(&format!("screen, cursor in row {row} column {col}:\n"));
        text.push_str(&barred(screen.text().lines()));
    }
    if !scene.last_lines.is_empty() {
        let bytes = scene.unmatched_bytes;
        text.push_str(&format!(
            "last of the output that nothing matched ({bytes} bytes):\n"
        ));
        text.push_str(&barred(scene.last_lines.iter().map(String::as_str)));
    } else if !scene.wanted.is_empty() {
        text.push_str("no output that nothing matched\n");
    }
    text
}

/// Controls as people write them: a report must not move the reader's cursor.
fn barred<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    let visible = |line: &str| -> String {
        line.chars()
            .map(|c| match c {
                '\t' => "\t".to_owned(),
                c if c.is_control() => c.escape_default().to_string(),
                c => c.to_string(),
            })
            .collect()
    };
    lines.map(|line| format!("  | {}\n", visible(line))).collect()
}

fn scene_json(scene: &Scene) -> Value {
    let expected = |wanted: &super::failure::Wanted| json!({"pattern": wanted.pattern, "near": wanted.near});
    json!({
        "session": scene.session,
        "state": scene.state,
        "waited_ms": milliseconds(scene.waited),
        "expected": scene.wanted.iter().map(expected).collect::<Value>(),
        "screen": scene.screen.as_ref().map(|screen| screen.rows.clone()),
        "cursor": scene.screen.as_ref().map(|screen| json!({"row": screen.cursor_row, "col": screen.cursor_col})),
        "last_lines": scene.last_lines,
        "unmatched_bytes": scene.unmatched_bytes,
    })
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
