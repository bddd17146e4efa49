//! What waits and looks give a script.

use std::sync::Arc;

use rhai::{Array, Dynamic, Map};

use crate::engine::expect;

/// A match. In a dry run it is what the pattern alone says of it.
#[derive(Clone, Debug)]
pub struct Found(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Which of the patterns, or of the arms, from 0.
    index: usize,
    before: String,
    matched: String,
    after: String,
    /// The whole match first; `None` for a group that took no part.
    captures: Vec<(Option<String>, Option<String>)>,
    position: u64,
    waited: f64,
    kind: &'static str,
    truncated_bytes: u64,
}

impl Found {
    pub fn of(found: &expect::Found, index: usize) -> Found {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Found(Arc::new(Inner {
            index,
            before: text(&found.before),
            matched: text(&found.matched),
            after: text(&found.after),
            captures: found
                .captures
                .iter()
                .map(|capture| (capture.name.clone(), capture.text.as_deref().map(text)))
                .collect(),
            position: found.position,
            waited: found.waited.as_secs_f64(),
            kind: kind(found.kind),
            truncated_bytes: found.truncated_bytes,
        }))
    }

    /// What a dry run takes for a match: each capture is `1`, which is a text and a number.
    pub fn stand_in(index: usize, pattern: &expect::Pattern) -> Found {
        let (matched, names) = match pattern {
            expect::Pattern::Literal { text, .. } => (text.clone(), vec![None]),
            expect::Pattern::Regex(regex) => ("1".to_owned(), group_names(regex)),
            _ => ("1".to_owned(), vec![None]),
        };
        let captures = names.into_iter().enumerate();
        Found(Arc::new(Inner {
            index,
            before: String::new(),
            captures: captures
                .map(|(at, name)| (name, Some(if at == 0 { matched.clone() } else { "1".into() })))
                .collect(),
            matched,
            after: String::new(),
            position: 0,
            waited: 0.0,
            kind: "text",
            truncated_bytes: 0,
        }))
    }

    pub fn index(&self) -> usize {
        self.0.index
    }

    pub fn before(&self) -> &str {
        &self.0.before
    }

    pub fn matched(&self) -> &str {
        &self.0.matched
    }

    pub fn after(&self) -> &str {
        &self.0.after
    }

    pub fn position(&self) -> u64 {
        self.0.position
    }

    pub fn waited(&self) -> f64 {
        self.0.waited
    }

    pub fn kind(&self) -> &'static str {
        self.0.kind
    }

    pub fn truncated_bytes(&self) -> u64 {
        self.0.truncated_bytes
    }

    /// A group's text, `()` for one that took no part or is not there.
    pub fn group(&self, index: usize) -> Dynamic {
        text_or_unit(self.0.captures.get(index).and_then(|(_, text)| text.as_ref()))
    }

    /// The named groups.
    pub fn captures(&self) -> Map {
        let named = self.0.captures.iter().filter_map(|(name, text)| {
            let name = name.as_deref()?;
            Some((name.into(), text_or_unit(text.as_ref())))
        });
        named.collect()
    }

    /// All groups, the whole match first.
    pub fn groups(&self) -> Array {
        let texts = self.0.captures.iter();
        texts.map(|(_, text)| text_or_unit(text.as_ref())).collect()
    }
}

fn text_or_unit(text: Option<&String>) -> Dynamic {
    text.map_or(Dynamic::UNIT, |text| text.clone().into())
}

fn group_names(regex: &str) -> Vec<Option<String>> {
    match regex::Regex::new(regex) {
        Ok(regex) => regex
            .capture_names()
            .map(|name| name.map(str::to_owned))
            .collect(),
        Err(_) => vec![None],
    }
}

const fn kind(kind: expect::FoundKind) -> &'static str {
    match kind {
        expect::FoundKind::Text => "text",
        expect::FoundKind::Screen => "screen",
        expect::FoundKind::State(_) => "state",
        expect::FoundKind::Eof => "eof",
        expect::FoundKind::Timeout => "timeout",
        expect::FoundKind::Quiet => "quiet",
        expect::FoundKind::Full => "full",
    }
}

/// The visible screen at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// Top to bottom, without trailing blanks.
    pub rows: Vec<String>,
    pub cols: u16,
    /// From 0.
    pub cursor_row: usize,
    pub cursor_col: usize,
    pub title: String,
}

impl Screen {
    /// Rows joined by line ends, without the empty ones at the end.
    pub fn text(&self) -> String {
        let filled = self
            .rows
            .iter()
            .rposition(|row| !row.is_empty())
            .map_or(0, |at| at + 1);
        self.rows[..filled].join("\n")
    }
}

/// A text that no `Debug`, trace or report shows.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
