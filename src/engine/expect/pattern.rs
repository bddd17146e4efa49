//! What may be waited for, as written and compiled.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::automaton::Automaton;
use super::condition::ScreenCondition;
use super::glob;
use crate::engine::framer::state::State;

/// One thing to wait for. A `&str` or `String` is a literal.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// This text.
    Literal { text: String, ignore_case: bool },
    /// Syntax of the `regex` crate. `^` and `$` are the ends of a line, `\A` is the start of the unmatched text, `\z` the end of the
    /// settled text, `.` does not match a line end, `\b` and `\B` know ASCII words only.
    Regex(String),
    /// `*` any characters of a line, `?` any one, `[a-z]`, `[!a-z]`, `\` before a character that is to mean itself. It may begin anywhere.
    Glob { glob: String, ignore_case: bool },
    /// The screen (cursor's line, rows, title, modes, tty …) is so.
    Screen(ScreenCondition),
    /// The session is in this state.
    State(StateWanted),
    /// The tool has closed its terminal and all it wrote has been seen.
    Eof,
    /// The wait's time is up.
    Timeout,
    /// Nothing came for this long.
    Quiet(Duration),
    /// The unmatched text has reached its bound.
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateWanted {
    Ready,
    Busy,
    Blocked,
    Unknown,
    Exited,
}

impl StateWanted {
    pub const fn as_str(self) -> &'static str {
        match self {
            StateWanted::Ready => "ready",
            StateWanted::Busy => "busy",
            StateWanted::Blocked => "blocked",
            StateWanted::Unknown => "unknown",
            StateWanted::Exited => "exited",
        }
    }

    /// The state that a wait may want; `None` while the tool starts.
    pub fn of(state: &State) -> Option<StateWanted> {
        match state {
            State::Starting => None,
            State::Ready => Some(StateWanted::Ready),
            State::Busy { .. } => Some(StateWanted::Busy),
            State::Blocked { .. } => Some(StateWanted::Blocked),
            State::Unknown => Some(StateWanted::Unknown),
            State::Exited { .. } => Some(StateWanted::Exited),
        }
    }
}

impl Pattern {
    pub fn literal(text: impl Into<String>) -> Pattern {
        Pattern::Literal {
            text: text.into(),
            ignore_case: false,
        }
    }

    pub fn regex(regex: impl Into<String>) -> Pattern {
        Pattern::Regex(regex.into())
    }

    pub fn glob(glob: impl Into<String>) -> Pattern {
        Pattern::Glob {
            glob: glob.into(),
            ignore_case: false,
        }
    }

    pub fn screen(condition: ScreenCondition) -> Pattern {
        Pattern::Screen(condition)
    }

    pub fn ready() -> Pattern {
        Pattern::State(StateWanted::Ready)
    }

    pub fn blocked() -> Pattern {
        Pattern::State(StateWanted::Blocked)
    }

    pub fn eof() -> Pattern {
        Pattern::Eof
    }

    pub fn timeout() -> Pattern {
        Pattern::Timeout
    }

    pub fn quiet(silence: Duration) -> Pattern {
        Pattern::Quiet(silence)
    }

    /// Capital and small letters are the same, in a literal, a glob or a regex.
    #[must_use]
    pub fn ignore_case(self) -> Pattern {
        match self {
            Pattern::Literal { text, .. } => Pattern::Literal {
                text,
                ignore_case: true,
            },
            Pattern::Glob { glob, .. } => Pattern::Glob {
                glob,
                ignore_case: true,
            },
            Pattern::Regex(regex) => Pattern::Regex(format!("(?i){regex}")),
            other => other,
        }
    }

    /// Whether the output stream is searched for it.
    pub fn is_text(&self) -> bool {
        matches!(
            self,
            Pattern::Literal { .. } | Pattern::Regex(_) | Pattern::Glob { .. }
        )
    }

    /// As a person would write it.
    pub fn describe(&self) -> String {
        match self {
            Pattern::Literal { text, .. } => format!("{text:?}"),
            Pattern::Regex(regex) => format!("re({regex:?})"),
            Pattern::Glob { glob, .. } => format!("glob({glob:?})"),
            Pattern::Screen(condition) => format!("screen({})", condition.source()),
            Pattern::State(state) => format!("{}()", state.as_str()),
            Pattern::Eof => "eof()".into(),
            Pattern::Timeout => "timeout()".into(),
            Pattern::Quiet(silence) => format!("quiet({})", silence.as_secs_f64()),
            Pattern::Full => "full()".into(),
        }
    }

    /// The regex that an automaton is built from; `None` when the stream is not searched for it.
    pub(super) fn as_regex(&self) -> Option<Result<String, glob::BadGlob>> {
        let cased = |regex: String, ignore_case: bool| match ignore_case {
            true => format!("(?i:{regex})"),
            false => regex,
        };
        match self {
            Pattern::Literal { text, ignore_case } => {
                Some(Ok(cased(regex_syntax::escape(text), *ignore_case)))
            }
            Pattern::Regex(regex) => Some(Ok(regex.clone())),
            Pattern::Glob { glob, ignore_case } => {
                Some(glob::to_regex(glob).map(|regex| cased(regex, *ignore_case)))
            }
            Pattern::Screen(_)
            | Pattern::State(_)
            | Pattern::Eof
            | Pattern::Timeout
            | Pattern::Quiet(_)
            | Pattern::Full => None,
        }
    }
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Pattern {
        Pattern::literal(text)
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Pattern {
        Pattern::literal(text)
    }
}

impl From<&String> for Pattern {
    fn from(text: &String) -> Pattern {
        Pattern::literal(text)
    }
}

impl From<ScreenCondition> for Pattern {
    fn from(condition: ScreenCondition) -> Pattern {
        Pattern::Screen(condition)
    }
}

/// Patterns of one wait, compiled; a clone shares them.
#[derive(Clone, Debug)]
pub struct Patterns(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    patterns: Vec<Pattern>,
    automaton: Automaton,
}

impl Patterns {
    /// # Errors
    ///
    /// The first pattern that cannot be compiled.
    pub fn new(patterns: impl IntoIterator<Item = impl Into<Pattern>>) -> Result<Patterns, PatternError> {
        let patterns: Vec<Pattern> = patterns.into_iter().map(Into::into).collect();
        let automaton = Automaton::new(&patterns)?;
        Ok(Patterns(Arc::new(Compiled { patterns, automaton })))
    }

    pub fn len(&self) -> usize {
        self.0.patterns.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.patterns.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.0.patterns.iter()
    }

    pub fn get(&self, index: usize) -> Option<&Pattern> {
        self.0.patterns.get(index)
    }

    pub(super) fn automaton(&self) -> &Automaton {
        &self.0.automaton
    }

    /// The very same, not only equal.
    pub(super) fn is(&self, other: &Patterns) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Why a pattern cannot be waited for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("pattern {}: {pattern}: {message}", index + 1)]
pub struct PatternError {
    /// Which one of those given, from 0.
    pub index: usize,
    /// As written.
    pub pattern: String,
    /// Character in the pattern's text, from 1, where one can be told.
    pub column: Option<usize>,
    pub message: String,
    pub hint: Option<String>,
}
