//! A condition on the screen, in the protocol's words.

use std::sync::Arc;

use crate::engine::protocol::spec::Rule;
use crate::engine::protocol::{Problems, condition};

/// What a state's conditions say in a protocol file, for one wait. What is not written is not looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct ScreenCondition {
    source: Arc<str>,
    rule: Arc<Rule>,
}

impl ScreenCondition {
    /// From an inline table (`{ cursor_line = '\$ $' }`) or lines of `key = value`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place.
    pub fn parse(source: &str) -> Result<ScreenCondition, Problems> {
        Ok(ScreenCondition {
            rule: Arc::new(condition(source)?),
            source: source.trim().into(),
        })
    }

    /// Over the text left of the cursor.
    ///
    /// # Errors
    ///
    /// It is no regex.
    pub fn cursor_line(regex: &str) -> Result<ScreenCondition, Problems> {
        ScreenCondition::of("cursor_line", regex)
    }

    /// Over the whole visible screen, rows joined by line ends.
    ///
    /// # Errors
    ///
    /// It is no regex.
    pub fn shows(regex: &str) -> Result<ScreenCondition, Problems> {
        ScreenCondition::of("screen", regex)
    }

    fn of(key: &str, regex: &str) -> Result<ScreenCondition, Problems> {
        ScreenCondition::parse(&format!("{{ {key} = {} }}", basic_string(regex)))
    }

    /// As written.
    pub fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn rule(&self) -> &Rule {
        &self.rule
    }
}

/// A TOML string that means `text`.
pub fn basic_string(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
