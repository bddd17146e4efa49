//! What a session is started with.

use std::path::PathBuf;
use std::time::Duration;

use rhai::{Dynamic, Map};

use super::failure::Failure;
use super::pattern::seconds;
use crate::engine::expect::Precedence;
use crate::engine::term::Size;

/// `spawn` and `start` with their options, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub target: Target,
    pub cwd: Option<PathBuf>,
    pub env: Vec<(String, String)>,
    pub cols: Option<u16>,
    pub rows: Option<u16>,
    /// Wait for bytes as they come, escape sequences included.
    pub raw: bool,
    /// Which of several matches counts.
    pub precedence: Precedence,
    /// Of each wait of the session; inner `None` is for ever.
    pub timeout: Option<Option<Duration>>,
    pub record: Option<PathBuf>,
    /// How traces and reports call it.
    pub name: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A program and its arguments.
    Command(Vec<String>),
    /// A protocol by name or path, and further arguments for its tool.
    Protocol(String, Vec<String>),
}

const KEYS: &str = "args, cols, cwd, env, name, precedence, raw, record, rows, timeout";

impl Plan {
    pub fn new(target: Target) -> Plan {
        Plan {
            target,
            cwd: None,
            env: Vec::new(),
            cols: None,
            rows: None,
            raw: false,
            precedence: Precedence::Leftmost,
            timeout: None,
            record: None,
            name: None,
        }
    }

    /// # Errors
    ///
    /// A key that there is not, or a value of the wrong kind.
    pub fn with(mut self, options: &Map) -> Result<Plan, Failure> {
        for (key, value) in options {
            self.set(key, value)?;
        }
        Ok(self)
    }

    fn set(&mut self, key: &str, value: &Dynamic) -> Result<(), Failure> {
        match key {
            "cwd" => self.cwd = Some(PathBuf::from(text(key, value)?)),
            "env" => self.env = variables(value)?,
            "cols" => self.cols = Some(cells(key, value)?),
            "rows" => self.rows = Some(cells(key, value)?),
            "raw" => {
                self.raw = value
                    .as_bool()
                    .map_err(|kind| wrong(key, "true or false", kind))?
            }
            "timeout" => self.timeout = Some(limit(value)?),
            "record" => self.record = Some(PathBuf::from(text(key, value)?)),
            "precedence" => self.precedence = precedence(&text(key, value)?)?,
            "name" => self.name = Some(text(key, value)?),
            "args" => match &mut self.target {
                Target::Protocol(_, args) => *args = texts(key, value)?,
                Target::Command(_) => {
                    return Err(Failure::argument(
                        "`args` is for start(…); a command names its own arguments",
                    ));
                }
            },
            other => {
                return Err(Failure::argument(format!("there is no option `{other}`"))
                    .hint(format!("options are {KEYS}")));
            }
        }
        Ok(())
    }

    /// As people know the session.
    pub fn title(&self) -> String {
        match (&self.name, &self.target) {
            (Some(name), _) => name.clone(),
            (None, Target::Command(words)) => words.join(" "),
            (None, Target::Protocol(name, _)) => name.clone(),
        }
    }

    /// What must be allowed.
    pub fn program(&self) -> &str {
        match &self.target {
            Target::Command(words) => words.first().map_or("", String::as_str),
            Target::Protocol(name, _) => name,
        }
    }

    /// What was asked for, in place of the default's.
    pub fn size(&self, default: Size) -> Option<Size> {
        (self.cols.is_some() || self.rows.is_some()).then(|| Size {
            cols: self.cols.unwrap_or(default.cols),
            rows: self.rows.unwrap_or(default.rows),
        })
    }
}

fn precedence(word: &str) -> Result<Precedence, Failure> {
    match word {
        "leftmost" => Ok(Precedence::Leftmost),
        "listed" => Ok(Precedence::Listed),
        "earliest" => Ok(Precedence::Earliest),
        other => Err(Failure::argument(format!("`{other}` is no precedence"))
            .hint("it is leftmost (begins first), listed (first in the list) or earliest (complete first)")),
    }
}

/// A number of seconds, or `()` for ever.
pub fn limit(value: &Dynamic) -> Result<Option<Duration>, Failure> {
    match value.is_unit() {
        true => Ok(None),
        false => seconds(value).map(Some),
    }
}

pub fn cells(key: &str, value: &Dynamic) -> Result<u16, Failure> {
    let number = value
        .as_int()
        .map_err(|kind| wrong(key, "a whole number", kind))?;
    match u16::try_from(number) {
        Ok(cells @ 1..=1000) => Ok(cells),
        _ => Err(Failure::argument(format!(
            "`{key}` is from 1 to 1000, not {number}"
        ))),
    }
}

/// A list of texts.
pub fn texts(key: &str, value: &Dynamic) -> Result<Vec<String>, Failure> {
    let list = value
        .clone()
        .into_array()
        .map_err(|kind| wrong(key, "an array of texts", kind))?;
    list.iter().map(|item| text(key, item)).collect()
}

fn text(key: &str, value: &Dynamic) -> Result<String, Failure> {
    value
        .clone()
        .into_string()
        .map_err(|kind| wrong(key, "a text", kind))
}

fn variables(value: &Dynamic) -> Result<Vec<(String, String)>, Failure> {
    let map = value.read_lock::<Map>();
    let map = map.ok_or_else(|| wrong("env", "a map #{ NAME: \"value\" }", value.type_name()))?;
    map.iter()
        .map(|(name, value)| Ok((name.to_string(), text("env", value)?)))
        .collect()
}

fn wrong(key: &str, wanted: &str, kind: &str) -> Failure {
    Failure::argument(format!("`{key}` is {wanted}, not a value of type {kind}"))
}
