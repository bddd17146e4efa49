//! How near the patterns came, for the report of a failure.

use regex_automata::Anchored;

use super::automaton::Program;
use super::found::{Failure, Group, Near, Nearness};
use super::kept::Kept;
use super::pattern::{Pattern, Patterns};
use crate::engine::framer::rules::{self, View};
use crate::engine::framer::trace::Verdict;
use crate::engine::limits;

/// Steps spent on one pattern: text that keeps a pattern alive for long is walked often.
const STEPS: usize = 1 << 20;
/// A single letter that fits says nothing.
const LEAST_BYTES: usize = 2;

/// How near the pattern came in the text from `from` on.
pub(super) fn nearness(patterns: &Patterns, index: usize, group: Group, kept: &Kept, from: u64) -> Nearness {
    let pattern = patterns.get(index);
    let first = from.max(kept.end().saturating_sub(limits::EXPECT_NEAR_BYTES as u64));
    let program = patterns.automaton().alone(index);
    Nearness {
        pattern: pattern.map(Pattern::describe).unwrap_or_default(),
        group,
        near: program.and_then(|program| near(program, kept.from(first), first)),
        condition: match pattern {
            Some(Pattern::Screen(condition)) => Some(condition.clone()),
            _ => None,
        },
        unmet: Vec::new(),
    }
}

/// The longest piece that a match could have begun with; of equals the newest.
fn near(program: &Program, text: &[u8], base: u64) -> Option<Near> {
    let mut memory = program.memory();
    let mut steps = STEPS;
    let mut best = (0, 0);
    for start in (0..text.len()).rev() {
        let length = alive(program, &mut memory.cache, text, start, &mut steps)?;
        if length > best.1 {
            best = (start, length);
        }
        if steps == 0 {
            break;
        }
    }
    program.give_back(memory);
    let (start, length) = best;
    if length < LEAST_BYTES {
        return None;
    }
    let line = text[..start + length]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let end = text[line..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(text.len(), |at| line + at);
    Some(Near {
        text: String::from_utf8_lossy(&text[start..start + length]).into_owned(),
        position: base + start as u64,
        line: String::from_utf8_lossy(&text[line..end]).into_owned(),
    })
}

/// How many bytes from `start` on a match could begin with.
fn alive(
    program: &Program,
    cache: &mut regex_automata::hybrid::dfa::Cache,
    text: &[u8],
    start: usize,
    steps: &mut usize,
) -> Option<usize> {
    let dfa = &program.dfa;
    let behind = start.checked_sub(1).map(|at| text[at]);
    let begin = super::automaton::start(behind).anchored(Anchored::Yes);
    let mut state = dfa.start_state(cache, &begin).ok()?;
    for (count, byte) in text[start..].iter().enumerate() {
        if *steps == 0 {
            return Some(count);
        }
        *steps -= 1;
        state = dfa.next_state(cache, state, *byte).ok()?;
        if state.is_dead() {
            return Some(count);
        }
    }
    Some(text.len() - start)
}

impl Failure {
    /// Notes of each screen condition what keeps it from holding: what is wanted, and what is.
    pub fn look(&mut self, view: &View<'_>) {
        for nearness in &mut self.patterns {
            let Some(condition) = &nearness.condition else {
                continue;
            };
            let signals = rules::trace(view, condition.rule());
            let unmet = signals.into_iter().filter(|signal| signal.holds != Verdict::Yes);
            nearness.unmet = unmet
                .map(|signal| {
                    format!(
                        "{}: wanted {}, is {}",
                        signal.signal, signal.wanted, signal.actual
                    )
                })
                .collect();
        }
    }
}
