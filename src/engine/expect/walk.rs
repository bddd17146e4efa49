//! One automaton on its way through the stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex_automata::PatternID;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::Cache;

use super::automaton::{Certain, Memory, Program, start};
use super::found::Settled;
use super::kept::Kept;

/// How far a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// To the first byte at which some pattern is complete.
    First,
    /// Until nothing that follows can change the match.
    Final,
}

/// The end of a match, and which of the automaton's patterns it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Matched {
    pub end: u64,
    pub nth: usize,
}

#[derive(Debug)]
pub(super) struct Walk {
    program: Arc<Program>,
    /// `None` after the walk has been dropped only.
    cache: Option<Cache>,
    state: LazyStateID,
    from: u64,
    /// The next byte to look at.
    at: u64,
    /// No match that is still to come begins before this.
    least: u64,
    /// Where the first match was complete, and how that was seen.
    first: Option<(u64, Settled)>,
    /// The match so far: the automaton prefers a later one to it.
    last: Option<Matched>,
    over: Over,
    /// States in which nothing has begun, the first of a walk last.
    fresh: Vec<LazyStateID>,
    /// What is certain in a state, whatever byte follows.
    known: BTreeMap<LazyStateID, Certain>,
    /// As of this count of times that the cache was emptied; states have other names after each.
    clears: usize,
    /// Steps taken, for tests of how the work grows.
    steps: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    No,
    /// Nothing can change the match; so it was seen.
    Settled(Settled),
    /// Nothing can match any more.
    Dead,
}

/// After how many bytes it is noted whether anything has begun.
const BLOCK_BYTES: usize = 1024;
const NEVER_GIVES_UP: &str = "a cache without a least number of clears never gives up";

impl Walk {
    pub fn new(program: &Arc<Program>, from: u64) -> Walk {
        let Memory {
            cache,
            clears,
            fresh,
            known,
        } = program.memory();
        let named = (cache.clear_count() == clears)
            .then(|| fresh.last().copied())
            .flatten();
        let mut walk = Walk {
            cache: Some(cache),
            program: program.clone(),
            state: LazyStateID::default(),
            from,
            at: from,
            least: from,
            first: None,
            last: None,
            over: Over::No,
            fresh,
            known,
            clears,
            steps: 0,
        };
        match named {
            Some(first) => walk.state = first,
            None => walk.begin(),
        }
        walk
    }

    pub fn at(&self) -> u64 {
        self.at
    }

    pub fn least(&self) -> u64 {
        self.least
    }

    pub fn first(&self) -> Option<(u64, Settled)> {
        self.first
    }

    pub fn last(&self) -> Option<Matched> {
        self.last
    }

    /// How the match was settled, when it is.
    pub fn settled(&self) -> Option<Settled> {
        match self.over {
            Over::Settled(by) => Some(by),
            Over::No | Over::Dead => None,
        }
    }

    /// How often the cache was emptied.
    #[cfg(test)]
    pub fn clears(&self) -> usize {
        self.cache.as_ref().map_or(0, Cache::clear_count)
    }

    #[cfg(test)]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Looks at what is kept and was not looked at yet, as far as the goal wants.
    pub fn run(&mut self, kept: &Kept, goal: Goal) {
        let reached = |walk: &Walk| walk.over != Over::No || (goal == Goal::First && walk.first.is_some());
        let text = kept.from(self.at);
        for block in text.chunks(BLOCK_BYTES) {
            if reached(self) {
                return;
            }
            let used = self.block(block, goal, kept);
            self.at += used as u64;
            self.steps += used as u64;
            if self.last.is_none() && self.is_fresh() {
                self.least = self.at;
            }
        }
        if !reached(self) {
            self.certain_here(kept);
        }
        if !reached(self) && self.last.is_some() {
            self.spent(kept);
        }
    }

    /// The match if nothing follows: what the end of the text completes, else the match so far.
    pub fn at_end(&mut self) -> Option<Matched> {
        if self.over != Over::No {
            return self.last;
        }
        let at = self.at;
        let (dfa, cache) = (&self.program.dfa, cache(&mut self.cache));
        let end = dfa.next_eoi_state(cache, self.state).expect(NEVER_GIVES_UP);
        match end.is_match() {
            true => Some(Matched {
                end: at,
                nth: dfa.match_pattern(cache, end, 0).as_usize(),
            }),
            false => self.last,
        }
    }

    /// How many bytes of the block were looked at.
    fn block(&mut self, block: &[u8], goal: Goal, kept: &Kept) -> usize {
        let program = self.program.clone();
        let dfa = &program.dfa;
        let mut at = 0;
        while let Some(&byte) = block.get(at) {
            let mut next = LazyStateID::default();
            let mut lost = false;
            let known = !self.state.is_tagged();
            if known {
                next = dfa.next_state_untagged(cache(&mut self.cache), self.state, byte);
            }
            if !known || next.is_unknown() {
                (next, lost) = self.slow_step(byte);
            }
            if next.is_tagged() {
                if next.is_dead() {
                    self.over = match self.last {
                        Some(_) => Over::Settled(Settled::Following),
                        None => Over::Dead,
                    };
                    return at + 1;
                }
                if next.is_match() {
                    let nth = dfa.match_pattern(cache(&mut self.cache), next, 0);
                    let end = self.at + at as u64;
                    if lost {
                        self.walk_again(end, kept);
                    }
                    let certain = self.certain(end, kept);
                    self.matched(end, nth, certain);
                    if self.over != Over::No {
                        return at;
                    }
                    // Asking may have emptied the cache.
                    (next, _) = self.slow_step(byte);
                    if goal == Goal::First {
                        self.state = next;
                        return at + 1;
                    }
                }
            }
            self.state = next;
            at += 1;
        }
        at
    }

    /// The next state, built if need be. When that emptied the cache, the present state has lost its name, and only the next has one.
    fn slow_step(&mut self, byte: u8) -> (LazyStateID, bool) {
        let cache = cache(&mut self.cache);
        let next = self
            .program
            .dfa
            .next_state(cache, self.state, byte)
            .expect(NEVER_GIVES_UP);
        let lost = cache.clear_count() != self.clears;
        if lost {
            self.clears = cache.clear_count();
            self.known.clear();
            self.fresh.clear();
        }
        (next, lost)
    }

    fn matched(&mut self, end: u64, nth: PatternID, certain: Certain) {
        let by = match certain {
            Certain::Nothing => Settled::Following,
            Certain::Match(_) | Certain::Final(_) => Settled::AtOnce,
        };
        self.first.get_or_insert((end, by));
        self.last = Some(Matched {
            end,
            nth: nth.as_usize(),
        });
        if let Certain::Final(_) = certain {
            self.over = Over::Settled(Settled::AtOnce);
        }
    }

    /// A match that ends where the text does, when no byte that may follow can undo it.
    fn certain_here(&mut self, kept: &Kept) {
        let certain = self.certain(self.at, kept);
        if let Certain::Match(nth) | Certain::Final(nth) = certain {
            self.matched(self.at, nth, certain);
        }
    }

    /// What has come has ended the match, although the automaton says so only with the byte after.
    fn spent(&mut self, kept: &Kept) {
        let dfa = &self.program.dfa;
        let cache = cache(&mut self.cache);
        let mut units = dfa.byte_classes().representatives(..);
        let spent = units.all(|unit| {
            let next = match unit.as_u8() {
                Some(byte) => dfa.next_state(cache, self.state, byte),
                None => dfa.next_eoi_state(cache, self.state),
            };
            next.expect(NEVER_GIVES_UP).is_dead()
        });
        if !self.rename(self.at, kept) && spent {
            self.over = Over::Settled(Settled::Following);
        }
    }

    /// What is certain in the present state, which is the one before the byte at `place`.
    fn certain(&mut self, place: u64, kept: &Kept) -> Certain {
        if let Some(certain) = self.known.get(&self.state) {
            return *certain;
        }
        for _ in 0..2 {
            let certain = self.ask();
            if !self.rename(place, kept) {
                self.known.insert(self.state, certain);
                return certain;
            }
        }
        Certain::Nothing
    }

    /// Tries each class of bytes that could follow, and what could follow those that complete a match.
    fn ask(&mut self) -> Certain {
        let dfa = &self.program.dfa;
        let cache = cache(&mut self.cache);
        let mut whose = None;
        let mut behind: Vec<LazyStateID> = Vec::new();
        for unit in dfa.byte_classes().representatives(..) {
            let next = match unit.as_u8() {
                Some(byte) => dfa.next_state(cache, self.state, byte),
                None => dfa.next_eoi_state(cache, self.state),
            };
            let next = next.expect(NEVER_GIVES_UP);
            if !next.is_match() {
                return Certain::Nothing;
            }
            let nth = dfa.match_pattern(cache, next, 0);
            if *whose.get_or_insert(nth) != nth {
                return Certain::Nothing;
            }
            if !unit.is_eoi() && !behind.contains(&next) {
                behind.push(next);
            }
        }
        let Some(nth) = whose else { return Certain::Nothing };
        for state in behind {
            for unit in dfa.byte_classes().representatives(..) {
                let next = match unit.as_u8() {
                    Some(byte) => dfa.next_state(cache, state, byte),
                    None => dfa.next_eoi_state(cache, state),
                };
                if !next.expect(NEVER_GIVES_UP).is_dead() {
                    return Certain::Match(nth);
                }
            }
        }
        Certain::Final(nth)
    }

    fn is_fresh(&self) -> bool {
        self.fresh.contains(&self.state)
    }

    /// Asking what could follow has emptied the cache: the present state, before the byte at `place`, gets a name again. True when that was needed.
    fn rename(&mut self, place: u64, kept: &Kept) -> bool {
        let emptied = cache(&mut self.cache).clear_count() != self.clears;
        if emptied {
            self.walk_again(place, kept);
        }
        emptied
    }

    /// Walks the way to the byte at `place` once more. It is rare: only patterns whose states fill the cache do it, and only where that happens
    /// at a match or while the end of the text is asked about.
    fn walk_again(&mut self, place: u64, kept: &Kept) {
        self.begin();
        for byte in kept.range(self.from, place) {
            (self.state, _) = self.slow_step(*byte);
            self.steps += 1;
        }
    }

    /// Names the first state, and all in which nothing has begun.
    fn begin(&mut self) {
        let dfa = &self.program.dfa;
        let cache = cache(&mut self.cache);
        let begins = [Some(b'a'), Some(b' '), Some(b'\n'), None];
        self.fresh = begins
            .map(|behind| {
                dfa.start_state(cache, &start(behind))
                    .expect("no byte makes these automata quit")
            })
            .to_vec();
        self.state = self.fresh[begins.len() - 1];
        self.known.clear();
        self.clears = cache.clear_count();
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        if let Some(cache) = self.cache.take() {
            self.program.give_back(Memory {
                cache,
                clears: self.clears,
                fresh: std::mem::take(&mut self.fresh),
                known: std::mem::take(&mut self.known),
            });
        }
    }
}

fn cache(cache: &mut Option<Cache>) -> &mut Cache {
    cache.as_mut().expect("taken only when the walk is dropped")
}
