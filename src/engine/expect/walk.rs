//! One automaton on its way through the stream.

use std::sync::Arc;

use regex_automata::PatternID;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};

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
    memory: Option<Memory>,
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
        let mut walk = Walk {
            memory: Some(program.memory()),
            program: program.clone(),
            state: LazyStateID::default(),
            from,
            at: from,
            least: from,
            first: None,
            last: None,
            over: Over::No,
            steps: 0,
        };
        walk.begin();
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
        let (dfa, cache) = (&self.program.dfa, cache(&mut self.memory));
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
            let state = self.state;
            let cache = cache(&mut self.memory);
            let mut next = match state.is_tagged() {
                true => dfa.next_state(cache, state, byte).expect(NEVER_GIVES_UP),
                false => dfa.next_state_untagged(cache, state, byte),
            };
            if next.is_tagged() {
                if next.is_unknown() {
                    next = dfa.next_state(cache, state, byte).expect(NEVER_GIVES_UP);
                }
                if next.is_dead() {
                    self.over = match self.last {
                        Some(_) => Over::Settled(Settled::Following),
                        None => Over::Dead,
                    };
                    return at + 1;
                }
                if next.is_match() {
                    let nth = dfa.match_pattern(cache, next, 0);
                    let end = self.at + at as u64;
                    let certain = self.certain(end, kept);
                    self.matched(end, nth, certain);
                    if self.over != Over::No {
                        return at;
                    }
                    // Asking may have emptied the cache.
                    next = dfa
                        .next_state(self::cache(&mut self.memory), self.state, byte)
                        .expect(NEVER_GIVES_UP);
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
        let cache = cache(&mut self.memory);
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
        self.rename(place, kept);
        if let Some(certain) = memory(&mut self.memory).known.get(&self.state) {
            return *certain;
        }
        for _ in 0..2 {
            let certain = self.ask();
            if !self.rename(place, kept) {
                memory(&mut self.memory).known.insert(self.state, certain);
                return certain;
            }
        }
        Certain::Nothing
    }

    /// Tries each class of bytes that could follow, and what could follow those that complete a match.
    fn ask(&mut self) -> Certain {
        let dfa = &self.program.dfa;
        let cache = cache(&mut self.memory);
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

    fn is_fresh(&mut self) -> bool {
        let memory = memory(&mut self.memory);
        memory.is_named() && memory.fresh.contains(&self.state)
    }

    /// After the cache was emptied, walks the way once more, so that the present state, before the byte at `place`, has a name again. It is rare:
    /// only patterns whose states fill the cache do it. True when it was needed.
    fn rename(&mut self, place: u64, kept: &Kept) -> bool {
        if memory(&mut self.memory).is_named() {
            return false;
        }
        self.begin();
        let program = self.program.clone();
        let cache = cache(&mut self.memory);
        for byte in kept.range(self.from, place) {
            let next = program.dfa.next_state(cache, self.state, *byte);
            self.state = next.expect(NEVER_GIVES_UP);
            self.steps += 1;
        }
        true
    }

    /// Goes to the first state.
    fn begin(&mut self) {
        let memory = memory(&mut self.memory);
        memory.name(&self.program.dfa);
        self.state = *memory.fresh.last().expect("all are named");
    }
}

impl Memory {
    /// The names of states are those of now.
    fn is_named(&self) -> bool {
        self.clears == self.cache.clear_count() && !self.fresh.is_empty()
    }

    /// Names the first state, and all in which nothing has begun.
    fn name(&mut self, dfa: &DFA) {
        if self.is_named() {
            return;
        }
        let begins = [Some(b'a'), Some(b' '), Some(b'\n'), None];
        loop {
            let clears = self.cache.clear_count();
            let start = |behind| dfa.start_state(&mut self.cache, &start(behind));
            let fresh = begins.map(start);
            self.fresh = fresh
                .map(|name| name.expect("no byte makes these automata quit"))
                .to_vec();
            // Naming one may have emptied the cache, and then there is room for all.
            if self.cache.clear_count() == clears {
                break;
            }
        }
        self.known.clear();
        self.clears = self.cache.clear_count();
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            self.program.give_back(memory);
        }
    }
}

fn memory(memory: &mut Option<Memory>) -> &mut Memory {
    memory.as_mut().expect("taken only when the walk is dropped")
}

fn cache(of: &mut Option<Memory>) -> &mut Cache {
    &mut memory(of).cache
}
