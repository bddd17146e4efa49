//! Patterns of text as one automaton.
//!
//! All are built into one lazy DFA with leftmost-first meaning: a byte costs one step however many they are, and nothing is looked at twice.
//! It knows where a match ends and whose it is; where it begins and its groups are found by that pattern's own regex on the piece that may
//! hold it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{self, Cache, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::captures::Captures;
use regex_automata::util::start;
use regex_automata::{Input, PatternID, meta};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Capture, Hir, HirKind, Look, Repetition};

use super::found;
use super::pattern::{Pattern, PatternError};
use crate::engine::limits;

#[derive(Debug)]
pub(super) struct Automaton {
    /// Those of the patterns that are text, in listed order.
    texts: Vec<Text>,
    /// `None`: none is text.
    all: Option<Arc<Program>>,
}

/// One pattern of text.
#[derive(Debug)]
struct Text {
    /// Which of the patterns.
    index: usize,
    hir: Hir,
    /// Bytes of a match, when it is the same text always.
    literal: Option<usize>,
    /// Built when the first match is located.
    regex: OnceLock<meta::Regex>,
    /// Built when patterns are looked for by themselves.
    alone: OnceLock<Arc<Program>>,
}

/// A DFA and the memory of walks that have ended: the states they built serve the next.
#[derive(Debug)]
pub(super) struct Program {
    pub dfa: DFA,
    spare: Mutex<Vec<Memory>>,
}

/// What walks of one automaton learn of it: the states built so far, and what is certain in them. Their names hold until the cache is emptied.
#[derive(Debug)]
pub(super) struct Memory {
    pub cache: Cache,
    /// As of this count of times that the cache was emptied.
    pub clears: usize,
    /// States in which nothing has begun, the first of a walk last; empty when they have no name.
    pub fresh: Vec<LazyStateID>,
    /// What is certain in a state, whatever byte follows.
    pub known: BTreeMap<LazyStateID, Certain>,
}

/// What holds in a state without a look at the next byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certain {
    Nothing,
    /// A match ends here; it may grow.
    Match(PatternID),
    /// A match ends here, and nothing that follows can change it.
    Final(PatternID),
}

/// Where a match is, and its groups.
pub(super) struct Located {
    pub start: usize,
    pub captures: Vec<found::Capture>,
}

impl Automaton {
    pub fn new(patterns: &[Pattern]) -> Result<Automaton, PatternError> {
        let mut texts = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            texts.extend(Text::new(index, pattern)?);
        }
        let all = match &texts[..] {
            [] => None,
            [.., last] => Some(program(texts.iter().map(|text| &text.hir)).map_err(|why| {
                let large = |text: &&Text| program([&text.hir].into_iter()).is_err();
                let index = texts.iter().find(large).unwrap_or(last).index;
                PatternError {
                    index,
                    pattern: patterns[index].describe(),
                    column: None,
                    message: why.to_string(),
                    hint: Some("counted repetitions and Unicode classes make patterns large".into()),
                }
            })?),
        };
        Ok(Automaton { texts, all })
    }

    /// The one of all patterns; `None` when none is text.
    pub fn all(&self) -> Option<&Arc<Program>> {
        self.all.as_ref()
    }

    /// One of each pattern of text.
    pub fn each(&self) -> impl Iterator<Item = &Arc<Program>> {
        self.texts.iter().map(|text| self.of(text))
    }

    /// The one of the pattern `index`; `None` when that is none of text.
    pub fn alone(&self, index: usize) -> Option<&Arc<Program>> {
        let text = self.texts.iter().find(|text| text.index == index)?;
        Some(self.of(text))
    }

    fn of<'a>(&'a self, text: &'a Text) -> &'a Arc<Program> {
        if let ([_], Some(all)) = (&self.texts[..], &self.all) {
            return all;
        }
        text.alone.get_or_init(|| {
            program([&text.hir].into_iter()).expect("with others it was not too large, so it is not alone")
        })
    }

    /// Which of the patterns the `nth` text is.
    pub fn index(&self, nth: usize) -> usize {
        self.texts[nth].index
    }

    /// The match of the `nth` text in `hay` that ends at `end` and does not begin before `least`.
    pub fn locate(&self, nth: usize, hay: &[u8], least: usize, end: usize) -> Located {
        let text = &self.texts[nth];
        let whole = |start: usize| found::Capture {
            name: None,
            text: Some(hay[start..end].to_vec()),
        };
        if let Some(length) = text.literal {
            let start = end.saturating_sub(length);
            return Located {
                start,
                captures: vec![whole(start)],
            };
        }
        let regex = text.regex();
        let mut groups = regex.create_captures();
        regex.search_captures(&Input::new(hay).range(least..end), &mut groups);
        match groups.get_match() {
            Some(found) if found.end() == end => Located {
                start: found.start(),
                captures: captures(regex, &groups, hay),
            },
            // It began in text that was dropped: what is left of it.
            Some(_) | None => Located {
                start: least,
                captures: vec![whole(least)],
            },
        }
    }
}

fn captures(regex: &meta::Regex, groups: &Captures, hay: &[u8]) -> Vec<found::Capture> {
    let names = regex.group_info().pattern_names(PatternID::ZERO);
    names
        .enumerate()
        .map(|(group, name)| found::Capture {
            name: name.map(str::to_owned),
            text: groups.get_group(group).map(|span| hay[span.range()].to_vec()),
        })
        .collect()
}

impl Text {
    fn new(index: usize, pattern: &Pattern) -> Result<Option<Text>, PatternError> {
        let error = |column, message: String, hint: Option<&str>| PatternError {
            index,
            pattern: pattern.describe(),
            column,
            message,
            hint: hint.map(str::to_owned),
        };
        let literal = match pattern {
            Pattern::Literal { text, .. } | Pattern::Glob { glob: text, .. } if text.is_empty() => {
                let hint = Some("wait for text, or for a regex that may be empty");
                return Err(error(None, "an empty text is everywhere".into(), hint));
            }
            // Letters that differ in case may differ in length.
            Pattern::Literal {
                text,
                ignore_case: false,
            } => Some(text.len()),
            _ => None,
        };
        let Some(regex) = pattern.as_regex() else {
            return Ok(None);
        };
        let regex = regex.map_err(|bad| error(Some(bad.column), bad.message.into(), Some(bad.hint)))?;
        let hir = parse(&regex).map_err(|bad| {
            let (column, message) = place(&bad);
            error(column, message, None)
        })?;
        Ok(Some(Text {
            index,
            hir,
            literal,
            regex: OnceLock::new(),
            alone: OnceLock::new(),
        }))
    }

    fn regex(&self) -> &meta::Regex {
        self.regex.get_or_init(|| {
            // A full DFA is dear to build and saves nothing on the short pieces that are looked at.
            let config = meta::Config::new()
                .utf8_empty(false)
                .dfa(false)
                .nfa_size_limit(None);
            meta::Builder::new()
                .configure(config)
                .build_from_hir(&self.hir)
                .expect("it was compiled as an automaton, and no size is too large")
        })
    }
}

impl Program {
    /// Memory for a walk.
    pub fn memory(&self) -> Memory {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.pop().unwrap_or_else(|| Memory {
            cache: self.dfa.create_cache(),
            clears: 0,
            fresh: Vec::new(),
            known: BTreeMap::new(),
        })
    }

    pub fn give_back(&self, memory: Memory) {
        const SPARE: usize = 2;
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE {
            spare.push(memory);
        }
    }
}

pub(super) fn start(look_behind: Option<u8>) -> start::Config {
    start::Config::new().look_behind(look_behind)
}

fn parse(regex: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    // A CR begins a line as a person sees it, and in raw bytes each line ends with one.
    let mut parser = ParserBuilder::new()
        .multi_line(true)
        .crlf(true)
        .utf8(false)
        .build();
    let hir = parser.parse(regex)?;
    match hir.properties().look_set().contains_word_unicode() {
        true => Ok(ascii_words(hir)),
        false => Ok(hir),
    }
}

/// Where in the regex, and what.
fn place(error: &regex_syntax::Error) -> (Option<usize>, String) {
    match error {
        regex_syntax::Error::Parse(error) => (Some(error.span().start.column), error.kind().to_string()),
        regex_syntax::Error::Translate(error) => (Some(error.span().start.column), error.kind().to_string()),
        other => (None, other.to_string()),
    }
}

/// Word boundaries that a DFA can tell: of ASCII words.
fn ascii_words(hir: Hir) -> Hir {
    match hir.into_kind() {
        HirKind::Look(look) => Hir::look(match look {
            Look::WordUnicode => Look::WordAscii,
            Look::WordUnicodeNegate => Look::WordAsciiNegate,
            Look::WordStartUnicode => Look::WordStartAscii,
            Look::WordEndUnicode => Look::WordEndAscii,
            Look::WordStartHalfUnicode => Look::WordStartHalfAscii,
            Look::WordEndHalfUnicode => Look::WordEndHalfAscii,
            other => other,
        }),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: Box::new(ascii_words(*repetition.sub)),
            ..repetition
        }),
        HirKind::Capture(capture) => Hir::capture(Capture {
            sub: Box::new(ascii_words(*capture.sub)),
            ..capture
        }),
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(ascii_words).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.into_iter().map(ascii_words).collect()),
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
    }
}

fn program<'a>(hirs: impl Iterator<Item = &'a Hir>) -> Result<Arc<Program>, Box<thompson::BuildError>> {
    let config = thompson::Config::new()
        .utf8(false)
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(limits::EXPECT_PATTERN_BYTES));
    let hirs: Vec<&Hir> = hirs.collect();
    let nfa = NFA::compiler().configure(config).build_many_from_hir(&hirs)?;
    let config = dfa::Config::new()
        .cache_capacity(limits::EXPECT_STATES_BYTES)
        .skip_cache_capacity_check(true);
    let dfa = dfa::Builder::new()
        .configure(config)
        .build_from_nfa(nfa)
        .expect("no Unicode word boundary is left, and a small cache is allowed");
    Ok(Arc::new(Program {
        dfa,
        spare: Mutex::new(Vec::new()),
    }))
}
