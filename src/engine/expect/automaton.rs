//! Patterns of text as automata.

use regex_automata::meta;

use super::pattern::{Pattern, PatternError};

#[derive(Debug)]
pub(super) struct Automaton {
    /// In listed order: which of the patterns, compiled.
    pub texts: Vec<(usize, meta::Regex)>,
}

impl Automaton {
    pub fn new(patterns: &[Pattern]) -> Result<Automaton, PatternError> {
        let mut texts = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            let Some(regex) = pattern.as_regex() else { continue };
            let error = |column, message: String, hint: Option<&str>| PatternError {
                index,
                pattern: pattern.describe(),
                column,
                message,
                hint: hint.map(str::to_owned),
            };
            let regex = regex.map_err(|bad| error(Some(bad.column), bad.message.into(), Some(bad.hint)))?;
            let syntax = regex_automata::util::syntax::Config::new()
                .multi_line(true)
                .utf8(false);
            let compiled = meta::Builder::new()
                .syntax(syntax)
                .build(&regex)
                .map_err(|bad| error(None, bad.to_string(), None))?;
            texts.push((index, compiled));
        }
        Ok(Automaton { texts })
    }
}
