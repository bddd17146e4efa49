//! Patterns as scripts write them.

use std::time::Duration;

use rhai::{Array, Dynamic, Map};

use super::failure::{Code, Failure};
use crate::engine::expect::{self, PatternError, Patterns, ScreenCondition, basic_string};

/// One thing to wait for; a string is a literal one.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    pub wanted: expect::Pattern,
    /// Of `timeout(seconds)`: how long the wait that it stands in may take.
    pub limit: Option<Duration>,
}

impl Pattern {
    /// # Errors
    ///
    /// It cannot be compiled.
    pub fn new(wanted: expect::Pattern) -> Result<Pattern, Failure> {
        Patterns::new([wanted.clone()]).map_err(refused)?;
        Ok(Pattern { wanted, limit: None })
    }

    pub const fn timeout(limit: Option<Duration>) -> Pattern {
        Pattern {
            wanted: expect::Pattern::Timeout,
            limit,
        }
    }

    /// A string, a character or a pattern; an array of them means any of them.
    pub fn of(value: Dynamic) -> Result<Vec<Pattern>, Failure> {
        if value.is_array() {
            let list = value.into_typed_array::<Dynamic>().unwrap_or_default();
            return flat(list);
        }
        if let Some(pattern) = value.clone().try_cast::<Pattern>() {
            return Ok(vec![pattern]);
        }
        let text = match value.as_char() {
            Ok(c) => c.to_string(),
            Err(_) => value.into_string().map_err(no_pattern)?,
        };
        if text.is_empty() {
            return Err(Failure::new(Code::Pattern, "an empty text is always there")
                .hint("wait for what the program prints, or quiet(seconds)"));
        }
        Ok(vec![Pattern {
            wanted: expect::Pattern::literal(text),
            limit: None,
        }])
    }
}

fn flat(list: Array) -> Result<Vec<Pattern>, Failure> {
    let mut patterns = Vec::new();
    for value in list {
        patterns.extend(Pattern::of(value)?);
    }
    match patterns.is_empty() {
        true => Err(Failure::new(
            Code::Pattern,
            "an empty list of patterns never comes",
        )),
        false => Ok(patterns),
    }
}

fn no_pattern(kind: &str) -> Failure {
    let hint = "a pattern is a text, re(…), glob(…), screen(#{…}), ready(), blocked(), eof(), timeout(…) or quiet(…)";
    Failure::argument(format!("a value of type {kind} is no pattern")).hint(hint)
}

/// What is wrong, with the pattern and a caret where the place is known.
pub fn refused(error: PatternError) -> Failure {
    let mut message = format!("{} is no pattern: {}", error.pattern, error.message);
    if let Some(column) = error.column {
        message.push_str(&format!(" (character {column})"));
    }
    Failure {
        hint: error.hint,
        ..Failure::new(Code::Pattern, message)
    }
}

/// `screen(#{ … })`: the conditions of a state in a protocol file.
pub fn screen(conditions: &Map) -> Result<Pattern, Failure> {
    let table = inline_table(conditions)?;
    let condition = ScreenCondition::parse(&table).map_err(|problems| {
        Failure::new(Code::Pattern, format!("this is no condition on the screen:\n{problems}"))
            .hint("the keys are those of a state in a protocol file: cursor_line, screen, lines_above, title, tty, modes, …")
    })?;
    Ok(Pattern {
        wanted: expect::Pattern::Screen(condition),
        limit: None,
    })
}

fn inline_table(map: &Map) -> Result<String, Failure> {
    let fields: Vec<String> = map
        .iter()
        .map(|(key, value)| Ok(format!("{} = {}", basic_string(key), toml(value)?)))
        .collect::<Result<_, Failure>>()?;
    Ok(format!("{{ {} }}", fields.join(", ")))
}

fn toml(value: &Dynamic) -> Result<String, Failure> {
    if let Some(map) = value.read_lock::<Map>() {
        return inline_table(&map);
    }
    if let Some(list) = value.read_lock::<Array>() {
        let items: Vec<String> = list.iter().map(toml).collect::<Result<_, Failure>>()?;
        return Ok(format!("[{}]", items.join(", ")));
    }
    if let Ok(text) = value.clone().into_string() {
        return Ok(basic_string(&text));
    }
    match value.type_name() {
        "bool" | "i64" | "f64" => Ok(value.to_string()),
        other => Err(Failure::argument(format!(
            "a condition cannot hold a value of type {other}"
        ))),
    }
}

/// A number of seconds, whole or not.
pub fn seconds(value: &Dynamic) -> Result<Duration, Failure> {
    let number = match (value.as_int(), value.as_float()) {
        (Ok(whole), _) => whole as f64,
        (_, Ok(number)) => number,
        _ => {
            return Err(Failure::argument(format!(
                "a time is a number of seconds, not a value of type {}",
                value.type_name()
            )));
        }
    };
    Duration::try_from_secs_f64(number)
        .map_err(|_| Failure::argument(format!("{number} is no time: it is a number of seconds from 0")))
}
