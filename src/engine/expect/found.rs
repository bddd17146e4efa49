//! What a wait ends with.

use std::borrow::Cow;
use std::time::Duration;

use super::condition::ScreenCondition;
use super::pattern::StateWanted;
use super::{GroupId, WaitId};

/// One of a wait's patterns, found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which of its group's patterns, from 0, in the order they were given.
    pub index: usize,
    pub kind: FoundKind,
    /// The group that the pattern belongs to; the wait's own patterns are `Group::Own`.
    pub group: Group,
    /// Unmatched text before the match, as far as it was kept.
    pub before: Vec<u8>,
    /// Empty when the pattern is none of text.
    pub matched: Vec<u8>,
    /// Groups of the regex, the whole match first; named parts of a screen condition.
    pub captures: Vec<Capture>,
    /// Where the match begins and ends, in bytes of the stream since the session began.
    pub position: u64,
    pub end: u64,
    /// Bytes that were dropped before `before` begins.
    pub truncated_bytes: u64,
    /// The first text behind the match that has come already, at most `limits::EXPECT_AFTER_BYTES` of it.
    pub after: Vec<u8>,
    /// How much has come behind the match in all, in bytes.
    pub after_bytes: u64,
    pub waited: Duration,
    pub settled_by: Settled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundKind {
    Text,
    Screen,
    State(StateWanted),
    Eof,
    Timeout,
    Quiet,
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Own,
    Before(GroupId),
    After(GroupId),
    Background(GroupId),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    pub name: Option<String>,
    /// `None`: the group took no part in the match.
    pub text: Option<Vec<u8>>,
}

/// Why a match was final when it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// No text that follows could change it.
    AtOnce,
    /// What followed ended it.
    Following,
    Eof,
    /// The tool waits for input: it has said all it will say.
    WaitsForInput,
    /// The wait's time was up.
    Timeout,
    /// Nothing came for a while, on a platform that cannot tell what a tool waits in.
    Silence,
}

impl Found {
    pub fn before(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.before)
    }

    pub fn matched(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.matched)
    }

    pub fn after(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.after)
    }

    /// Group `index` of the regex, 0 being the whole match.
    pub fn group(&self, index: usize) -> Option<Cow<'_, str>> {
        let capture = self.captures.get(index)?;
        capture.text.as_deref().map(String::from_utf8_lossy)
    }

    pub fn named(&self, name: &str) -> Option<Cow<'_, str>> {
        let found = |capture: &&Capture| capture.name.as_deref() == Some(name) && capture.text.is_some();
        let capture = self.captures.iter().find(found)?;
        capture.text.as_deref().map(String::from_utf8_lossy)
    }
}

/// A wait that ended without any of its patterns.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub why: FailureWhy,
    pub waited: Duration,
    /// Each pattern and how near it came, in listed order.
    pub patterns: Vec<Nearness>,
    /// The last lines of the unmatched text.
    pub last_lines: Vec<String>,
    /// Unmatched text that is kept, in bytes.
    pub unmatched_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureWhy {
    TimedOut,
    Eof,
}

impl FailureWhy {
    pub const fn as_str(self) -> &'static str {
        match self {
            FailureWhy::TimedOut => "timed_out",
            FailureWhy::Eof => "eof",
        }
    }
}

/// How near a pattern came.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearness {
    /// As a person would write it.
    pub pattern: String,
    pub group: Group,
    /// The longest text that its beginning matched; `None` when nothing did, or it is none of text.
    pub near: Option<Near>,
    /// The screen condition, where it is one.
    pub condition: Option<ScreenCondition>,
    /// What kept it from holding; filled in by `Failure::look`.
    pub unmet: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    pub text: String,
    /// Where it begins, in bytes of the stream since the session began.
    pub position: u64,
    /// The line on which it ends.
    pub line: String,
}

/// What the machine has to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpectEvent {
    Found {
        wait: WaitId,
        found: Box<Found>,
    },
    Failed {
        wait: WaitId,
        failure: Box<Failure>,
    },
    /// A background pattern was seen.
    Background {
        group: GroupId,
        found: Box<Found>,
    },
    /// The oldest unmatched text was dropped.
    Truncated {
        bytes: u64,
    },
}
