//! Patterns, keys and durations.

use std::time::Duration;

use regex::RegexBuilder;

use super::Resolver;
use crate::engine::protocol::diagnostic::{Severity, within_string};
use crate::engine::protocol::spec::{Keys, Pattern};
use crate::engine::protocol::{duration, keys};

/// Compiled size of one pattern, in bytes; a pattern beyond it is refused.
const PATTERN_BYTES: usize = 1 << 20;

impl Resolver<'_> {
    pub(super) fn compiled(&mut self, source: &str) -> Option<Pattern> {
        if let Err(error) = regex_syntax::parse(source) {
            self.bad_syntax(&error);
            return None;
        }
        match RegexBuilder::new(source).size_limit(PATTERN_BYTES).build() {
            Ok(regex) => Some(Pattern(regex)),
            Err(_) => {
                let hint = "smaller repetitions; [0-9] instead of \\d, (?-u:\\w) instead of \\w";
                self.error("bad regex: compiled, it takes more than 1 MB", hint);
                None
            }
        }
    }

    /// Points into the pattern.
    fn bad_syntax(&mut self, error: &regex_syntax::Error) {
        let (message, place) = match error {
            regex_syntax::Error::Parse(error) => (error.kind().to_string(), Some(*error.span())),
            regex_syntax::Error::Translate(error) => (error.kind().to_string(), Some(*error.span())),
            other => (other.to_string(), None),
        };
        let value = self.span();
        let double = self
            .source
            .get(value.clone())
            .is_some_and(|raw| raw.starts_with('"'));
        let hint = if message.contains("look-around") || message.contains("backreference") {
            Some(
                "regexes take linear time here, without look-around and backreferences; use more conditions"
                    .to_owned(),
            )
        } else {
            double.then(|| "write regexes in single quotes, so that TOML leaves backslashes alone".to_owned())
        };
        let span = place.map_or(value.clone(), |place| {
            within_string(self.source, value, place.start.offset..place.end.offset)
        });
        self.problem_at(span, Severity::Error, format!("bad regex: {message}"), hint);
    }

    pub(super) fn optional_pattern(&mut self, key: &str, source: Option<&str>) -> Option<Pattern> {
        source.and_then(|source| self.at(key, |r| r.compiled(source)))
    }

    pub(super) fn patterns(&mut self, key: &str, sources: &[String]) -> Vec<Pattern> {
        self.at(key, |r| {
            sources
                .iter()
                .enumerate()
                .filter_map(|(i, s)| r.nth(i, |r| r.compiled(s)))
                .collect()
        })
    }

    pub(super) fn keys(&mut self, text: &str) -> Keys {
        keys::parse(text).unwrap_or_else(|why| {
            self.error(why, "");
            Keys::default()
        })
    }

    /// Keys that go out as one write, whatever else they belong to.
    pub(super) fn one_write(&mut self, text: &str) -> Vec<u8> {
        let keys = self.keys(text);
        if keys.pauses() {
            self.error("these keys are one write, in which a pause has no place", "");
        }
        keys.bytes()
    }

    pub(super) fn optional_keys(&mut self, key: &str, text: Option<&str>) -> Option<Keys> {
        text.map(|text| self.at(key, |r| r.keys(text)))
    }

    pub(super) fn optional_duration(&mut self, key: &str, text: Option<&str>) -> Option<Duration> {
        let text = text?;
        self.at(key, |r| match duration::parse(text) {
            Ok(duration) => Some(duration),
            Err(why) => {
                r.error(why, "");
                None
            }
        })
    }

    pub(super) fn duration(&mut self, key: &str, text: Option<&str>, default: Duration) -> Duration {
        self.optional_duration(key, text).unwrap_or(default)
    }
}

/// Stands in for a pattern that did not compile; the error is told already.
#[expect(clippy::unwrap_used, reason = "a constant pattern that the tests compile")]
pub(super) fn never() -> Pattern {
    Pattern(regex::Regex::new("$^").unwrap())
}
