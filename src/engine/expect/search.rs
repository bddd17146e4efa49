//! Looking for the patterns of one wait.

use regex_automata::Input;

use super::found::{Capture, Settled};
use super::pattern::Patterns;
use super::{Kept, Precedence};

#[derive(Debug)]
pub(super) struct Search {
    patterns: Patterns,
    precedence: Precedence,
    from: u64,
}

#[derive(Debug)]
pub(super) struct Hit {
    /// Which of the patterns.
    pub index: usize,
    pub start: u64,
    pub end: u64,
    pub captures: Vec<Capture>,
    pub settled: Settled,
}

impl Search {
    pub fn new(patterns: &Patterns, precedence: Precedence, from: u64) -> Search {
        Search {
            patterns: patterns.clone(),
            precedence,
            from,
        }
    }

    /// Looks at what has come since; a hit that nothing can change any more.
    pub fn advance(&mut self, kept: &Kept) -> Option<Hit> {
        self.find(kept, Settled::Following)
    }

    /// Nothing more comes for now: what is there counts.
    pub fn settle(&mut self, kept: &Kept, why: Settled) -> Option<Hit> {
        self.find(kept, why)
    }

    /// Something would be found if nothing more came.
    pub fn hopes(&mut self, _kept: &Kept) -> bool {
        false
    }

    fn find(&self, kept: &Kept, settled: Settled) -> Option<Hit> {
        let hay = kept.from(self.from);
        let base = kept.end() - hay.len() as u64;
        let mut best: Option<Hit> = None;
        for (index, regex) in &self.patterns.automaton().texts {
            let mut groups = regex.create_captures();
            regex.search_captures(&Input::new(hay), &mut groups);
            let Some(found) = groups.get_match() else { continue };
            let start = base + found.start() as u64;
            if best.as_ref().is_none_or(|best| start < best.start) {
                let names = regex.group_info().pattern_names(regex_automata::PatternID::ZERO);
                let captures = names.enumerate().map(|(group, name)| Capture {
                    name: name.map(str::to_owned),
                    text: groups.get_group(group).map(|span| hay[span.range()].to_vec()),
                });
                best = Some(Hit {
                    index: *index,
                    start,
                    end: base + found.end() as u64,
                    captures: captures.collect(),
                    settled,
                });
            }
            if self.precedence == Precedence::Listed && best.is_some() {
                break;
            }
        }
        best
    }
}
