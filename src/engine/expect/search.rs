//! Looking for the patterns of one wait, byte by byte, each byte once.
//!
//! What is found is a function of the text and of where it was settled, never of how it was cut.

use super::Precedence;
use super::found::{Capture, Settled};
use super::kept::Kept;
use super::pattern::Patterns;
use super::walk::{Goal, Matched, Walk};
use crate::engine::limits;

#[derive(Debug)]
pub(super) struct Search {
    patterns: Patterns,
    precedence: Precedence,
    from: u64,
    /// One of all patterns; for `Listed`, one of each.
    walks: Vec<Walk>,
    /// For `Listed`: whose match is grown to its end.
    winner: Option<usize>,
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
        let automaton = patterns.automaton();
        let walks = match precedence {
            Precedence::Leftmost | Precedence::Earliest => automaton
                .all()
                .map(|all| Walk::new(all, from))
                .into_iter()
                .collect(),
            Precedence::Listed => automaton.each().map(|one| Walk::new(one, from)).collect(),
        };
        Search {
            patterns: patterns.clone(),
            precedence,
            from,
            walks,
            winner: None,
        }
    }

    /// Looks at what has come since; a hit that nothing can change any more.
    pub fn advance(&mut self, kept: &Kept) -> Option<Hit> {
        match self.precedence {
            Precedence::Leftmost => {
                let walk = self.walks.first_mut()?;
                walk.run(kept, Goal::Final);
                let settled = walk.settled()?;
                self.hit(0, self.walks[0].last()?, settled, kept)
            }
            Precedence::Earliest => {
                let walk = self.walks.first_mut()?;
                walk.run(kept, Goal::First);
                let (_, settled) = walk.first()?;
                self.hit(0, self.walks[0].last()?, settled, kept)
            }
            Precedence::Listed => self.listed(kept),
        }
    }

    /// Nothing more comes for now: what is there counts.
    pub fn settle(&mut self, kept: &Kept, why: Settled) -> Option<Hit> {
        for nth in 0..self.walks.len() {
            if self.winner.is_some_and(|winner| winner != nth) {
                continue;
            }
            // One that is looked for by itself stopped where it was complete.
            self.walks[nth].run(kept, Goal::Final);
            let settled = self.walks[nth].settled().unwrap_or(why);
            if let Some(matched) = self.walks[nth].at_end() {
                return self.hit(nth, matched, settled, kept);
            }
        }
        None
    }

    /// How often the walks' caches were emptied.
    #[cfg(test)]
    pub fn clears(&self) -> usize {
        self.walks.iter().map(Walk::clears).sum()
    }

    /// Steps of all walks.
    #[cfg(test)]
    pub fn steps(&self) -> u64 {
        self.walks.iter().map(Walk::steps).sum()
    }

    /// Something would be found if nothing more came.
    pub fn hopes(&mut self) -> bool {
        self.walks.iter_mut().any(|walk| walk.at_end().is_some())
    }

    /// The first listed of those that are complete before the way to look ahead is at its end.
    fn listed(&mut self, kept: &Kept) -> Option<Hit> {
        if self.winner.is_none() {
            for walk in &mut self.walks {
                walk.run(kept, Goal::First);
            }
            self.winner = self.choose(kept);
        }
        let winner = self.winner?;
        self.walks[winner].run(kept, Goal::Final);
        let settled = self.walks[winner].settled()?;
        self.hit(winner, self.walks[winner].last()?, settled, kept)
    }

    fn choose(&self, kept: &Kept) -> Option<usize> {
        let first = self.walks.iter().filter_map(Walk::first).map(|(end, _)| end);
        let until = first.min()? + limits::EXPECT_LISTED_BYTES;
        let complete = |walk: &Walk| walk.first().is_some_and(|(end, _)| end < until);
        let best = self.walks.iter().position(complete)?;
        (best == 0 || kept.end() >= until).then_some(best)
    }

    fn hit(&self, walk: usize, matched: Matched, settled: Settled, kept: &Kept) -> Option<Hit> {
        let nth = match self.precedence {
            Precedence::Leftmost | Precedence::Earliest => matched.nth,
            Precedence::Listed => walk,
        };
        // Where the text counts as ended, nothing stands behind it.
        let hay = match settled {
            Settled::AtOnce | Settled::Following => kept.from(self.from),
            Settled::Eof | Settled::WaitsForInput | Settled::Timeout | Settled::Silence => {
                kept.range(self.from, self.walks[walk].at())
            }
        };
        let base = self.from.max(kept.base());
        let place = |at: u64| usize::try_from(at.saturating_sub(base)).unwrap_or(usize::MAX);
        let automaton = self.patterns.automaton();
        let least = self.walks[walk].least();
        let located = automaton.locate(nth, hay, place(least), place(matched.end));
        Some(Hit {
            index: automaton.index(nth),
            start: base + located.start as u64,
            end: matched.end,
            captures: located.captures,
            settled,
        })
    }
}
