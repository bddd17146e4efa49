//! What ends a wait.

use std::time::Duration;

use super::found::{Failure, FailureWhy, Found, FoundKind, Group, Settled};
use super::near::nearness;
use super::*;

impl Expecter {
    pub(super) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// All parts as one set of patterns; the last one is remembered, as waits repeat.
    pub(super) fn join(&mut self, parts: &[(Group, Patterns)]) -> Result<Patterns, PatternError> {
        if let [(_, only)] = parts {
            return Ok(only.clone());
        }
        if let Some((of, joined)) = &self.joined
            && of.len() == parts.len()
            && of.iter().zip(parts).all(|(of, (_, part))| of.is(part))
        {
            return Ok(joined.clone());
        }
        let joined = Patterns::new(parts.iter().flat_map(|(_, part)| part.iter().cloned()))?;
        let of = parts.iter().map(|(_, part)| part.clone()).collect();
        self.joined = Some((of, joined.clone()));
        Ok(joined)
    }

    /// New text of the stream.
    pub(super) fn take(&mut self, mut text: &[u8], now: Time) {
        while !text.is_empty() {
            let used = self.unmatched().len();
            let room = self.config.keep_bytes.saturating_sub(used).max(1);
            let (piece, rest) = text.split_at(room.min(text.len()));
            self.kept.push(piece);
            text = rest;
            self.background_search(now);
            self.search(now);
            self.keep_bound(now);
        }
    }

    fn keep_bound(&mut self, now: Time) {
        let used = self.unmatched().len();
        if used < self.config.keep_bytes {
            return;
        }
        if self.full(now) {
            return;
        }
        let first = self.cursor + self.truncated;
        let mut place = first + (used as u64).div_ceil(2);
        // No character is cut.
        while self
            .kept
            .range(place, place + 1)
            .first()
            .is_some_and(|byte| byte & 0xc0 == 0x80)
        {
            place += 1;
        }
        let bytes = place - first;
        self.truncated += bytes;
        self.release();
        self.events.push_back(ExpectEvent::Truncated { bytes });
    }

    /// Forgets what neither the waits nor the background need.
    fn release(&mut self) {
        let place = self.cursor + self.truncated;
        let tail = self
            .kept
            .end()
            .saturating_sub(limits::EXPECT_BACKGROUND_BYTES as u64);
        let needed = self.background.iter().map(|group| group.cursor.max(tail)).min();
        self.kept.forget(place.min(needed.unwrap_or(place)));
    }

    /// Text up to `position` is matched. Waits that go on look at what is left.
    pub(super) fn consume(&mut self, position: u64) {
        self.cursor = position;
        self.truncated = 0;
        self.release();
        for open in &mut self.waits {
            open.search = Search::new(&open.patterns, open.options.precedence, position);
        }
    }

    /// Looks for text, wait by wait, until none finds anything more.
    pub(super) fn search(&mut self, now: Time) {
        let mut at = 0;
        while at < self.waits.len() {
            let Some(hit) = self.waits[at].search.advance(&self.kept) else {
                at += 1;
                continue;
            };
            self.text_found(at, hit, now);
            at = 0;
        }
    }

    fn background_search(&mut self, now: Time) {
        self.each_background(now, |search, kept| search.advance(kept));
        if !self.background.is_empty() {
            self.release();
        }
    }

    fn each_background(&mut self, now: Time, mut look: impl FnMut(&mut Search, &Kept) -> Option<Hit>) {
        for group in &mut self.background {
            while let Some(hit) = look(&mut group.search, &self.kept) {
                let end = hit.end.max(group.cursor);
                let origin = (Group::Background(group.id), hit.index);
                // An empty match would be found for ever.
                let nothing = hit.start == hit.end && hit.end <= group.cursor;
                let found = Found {
                    truncated_bytes: self.kept.base().saturating_sub(group.cursor),
                    before: self.kept.range(group.cursor, hit.start).to_vec(),
                    ..text(hit, origin, &self.kept, now.since(group.began))
                };
                if nothing {
                    break;
                }
                group.cursor = end;
                group.search = Search::new(&group.patterns, Precedence::Leftmost, end);
                let found = Box::new(found);
                self.events.push_back(ExpectEvent::Background {
                    group: group.id,
                    found,
                });
            }
        }
    }

    fn text_found(&mut self, at: usize, hit: Hit, now: Time) {
        let open = self.waits.remove(at);
        let origin = origin(&open.groups, hit.index);
        let (start, end) = (hit.start, hit.end);
        let found = Found {
            truncated_bytes: self.truncated,
            ..text(hit, origin, &self.kept, now.since(open.began))
        };
        let before = self.text_before(start, open.options.peek);
        self.tell(open, Found { before, ..found }, end);
    }

    /// The unmatched text before a find. It is large only where nobody else needs it, and then it is not copied.
    fn text_before(&mut self, start: u64, stays: bool) -> Vec<u8> {
        let from = self.cursor + self.truncated;
        match stays || !self.background.is_empty() {
            true => self.kept.range(from, start).to_vec(),
            false => self.kept.take(from, start),
        }
    }

    fn tell(&mut self, open: Open, found: Found, consumed: u64) {
        if !open.options.peek {
            self.consume(consumed);
        }
        self.events.push_back(ExpectEvent::Found {
            wait: open.id,
            found: Box::new(found),
        });
    }

    /// A pattern that is none of text holds: all that is unmatched stands before it.
    fn other_found(
        &mut self,
        at: usize,
        index: usize,
        kind: FoundKind,
        settled_by: Settled,
        captures: Vec<Capture>,
        now: Time,
    ) {
        let open = self.waits.remove(at);
        let (group, index) = origin(&open.groups, index);
        let end = self.kept.end();
        let stays = open.options.peek || kind == FoundKind::Timeout;
        let found = Found {
            index,
            kind,
            group,
            before: self.text_before(end, stays),
            matched: Vec::new(),
            captures,
            position: end,
            end,
            truncated_bytes: self.truncated,
            after: Vec::new(),
            after_bytes: 0,
            waited: now.since(open.began),
            settled_by,
        };
        // What was looked for may still come.
        let consumed = if kind == FoundKind::Timeout {
            self.cursor
        } else {
            end
        };
        if consumed == self.cursor {
            self.events.push_back(ExpectEvent::Found {
                wait: open.id,
                found: Box::new(found),
            });
        } else {
            self.tell(open, found, consumed);
        }
    }

    /// Ends waits by a pattern that `holds`, the first listed of each.
    fn each_other(
        &mut self,
        now: Time,
        settled: Settled,
        mut holds: impl FnMut(&Expecter, &Open, &Pattern) -> Option<(FoundKind, Vec<Capture>)>,
    ) {
        let mut at = 0;
        while at < self.waits.len() {
            let open = &self.waits[at];
            let found = open
                .patterns
                .iter()
                .enumerate()
                .find_map(|(index, pattern)| Some((index, holds(self, open, pattern)?)));
            match found {
                Some((index, (kind, captures))) => self.other_found(at, index, kind, settled, captures, now),
                None => at += 1,
            }
        }
    }

    fn full(&mut self, now: Time) -> bool {
        let before = self.cursor;
        self.each_other(now, Settled::AtOnce, |_, _, pattern| {
            (*pattern == Pattern::Full).then_some((FoundKind::Full, Vec::new()))
        });
        self.cursor != before
    }

    pub(super) fn tool_waits(&mut self, now: Time) {
        self.release_held(now);
        self.looks.idle = true;
        self.settle_known(now);
    }

    /// The filter gives out what it held back for a byte that does not come.
    fn release_held(&mut self, now: Time) {
        let mut held = Vec::new();
        self.filter.settle(&mut held);
        self.take(&held, now);
    }

    /// What is known already settles what has come: the end, or that the tool waits for input.
    pub(super) fn settle_known(&mut self, now: Time) {
        if self.eof {
            self.settle(Settled::Eof, |_| true, now);
            self.each_background(now, |search, kept| search.settle(kept, Settled::Eof));
            self.ended(now);
        } else if self.looks.idle {
            self.settle(Settled::WaitsForInput, |_| true, now);
            self.each_background(now, |search, kept| search.settle(kept, Settled::WaitsForInput));
        }
    }

    fn settle(&mut self, why: Settled, which: impl Fn(&Open) -> bool, now: Time) {
        let mut at = 0;
        while at < self.waits.len() {
            let open = &mut self.waits[at];
            let hit = if which(open) {
                open.search.settle(&self.kept, why)
            } else {
                None
            };
            let Some(hit) = hit else {
                at += 1;
                continue;
            };
            self.text_found(at, hit, now);
            at = 0;
        }
    }

    /// Nothing follows any more, and no text was found.
    fn ended(&mut self, now: Time) {
        self.each_other(now, Settled::Eof, |_, _, pattern| {
            (*pattern == Pattern::Eof).then_some((FoundKind::Eof, Vec::new()))
        });
        // The exit is told behind the end of the stream.
        let exit = Pattern::State(StateWanted::Exited);
        let lost = |open: &Open| open.patterns.iter().all(|pattern| *pattern != exit);
        while let Some(at) = self.waits.iter().position(lost) {
            self.fail(at, FailureWhy::Eof, now);
        }
    }

    /// States and what the screen shows.
    pub(super) fn look(&mut self, view: &View<'_>, now: Time) {
        self.states(now);
        if self.typed {
            return;
        }
        let mut wanted = None;
        let mut again = None;
        self.each_other(now, Settled::AtOnce, |e, _, pattern| {
            let Pattern::Screen(condition) = pattern else {
                return None;
            };
            match rules::holds(view, condition.rule()) {
                Holds::No => {
                    let at = e.worth_another_look(view, condition, now);
                    again = again.into_iter().chain(at).min();
                    None
                }
                Holds::NeedsProbe(depth) => {
                    wanted = wanted.max(Some(depth));
                    None
                }
                Holds::Yes(found) => {
                    let capture = |(name, text): (String, String)| Capture {
                        name: Some(name),
                        text: Some(text.into_bytes()),
                    };
                    let captures = found.captures.into_iter().map(capture).collect();
                    Some((FoundKind::Screen, captures))
                }
            }
        });
        self.looks.wanted = self.looks.wanted.max(wanted);
        if let Some(at) = again {
            self.looks.step = (self.looks.step.max(limits::REPROBE_FIRST) * 2).min(limits::REPROBE_MAX);
            self.looks.at = Some(self.looks.at.map_or(at, |other| other.min(at)));
        }
    }

    /// When a condition that does not hold may hold although nothing is printed: the tty may change, and silence may last.
    fn worth_another_look(&self, view: &View<'_>, condition: &ScreenCondition, now: Time) -> Option<Time> {
        let silent = condition.rule().when.quiet.map(|quiet| self.last_output + quiet);
        if let Some(at) = silent.filter(|at| *at > now) {
            return Some(at);
        }
        view.probe?;
        let unseen = View { probe: None, ..*view };
        let screen = rules::holds(&unseen, condition.rule()) != Holds::No;
        screen.then(|| now + self.looks.step.max(limits::REPROBE_FIRST))
    }

    pub(super) fn states(&mut self, now: Time) {
        let Some(state) = self.state else { return };
        self.each_other(now, Settled::AtOnce, |_, _, pattern| {
            (*pattern == Pattern::State(state)).then_some((FoundKind::State(state), Vec::new()))
        });
    }

    /// Asks for a look at the tty where one could settle a match.
    pub(super) fn want_look(&mut self) {
        if self.hopes() && !self.eof && !self.looks.idle && !self.looks.blind && self.looks.at.is_none() {
            self.looks.wanted = Some(ProbeDepth::Waiting);
        }
    }

    pub(super) fn look_again(&mut self, now: Time) {
        if !self.hopes() {
            return;
        }
        let step = self.looks.step.max(limits::REPROBE_FIRST);
        self.looks.step = (step * 2).min(limits::REPROBE_MAX);
        self.looks.at = Some(now + step);
    }

    /// Something would be found if nothing more came.
    fn hopes(&mut self) -> bool {
        let mut any = false;
        for open in &mut self.waits {
            open.hopes = open.search.hopes() || self.filter.holds();
            any |= open.hopes;
        }
        any || self.background.iter_mut().any(|group| group.search.hopes())
    }

    /// The platform cannot tell what the tool waits in: silence settles.
    pub(super) fn silence(&mut self, now: Time) {
        let silence = now.since(self.last_output);
        if self.waits.iter().any(|open| silence >= open.options.settle) {
            self.release_held(now);
        }
        self.settle(Settled::Silence, |open| silence >= open.options.settle, now);
        self.hopes();
    }

    pub(super) fn quiet(&mut self, now: Time) {
        self.each_other(now, Settled::Silence, |e, open, pattern| match pattern {
            Pattern::Quiet(wanted) if now.since(e.last_output.max(open.began)) >= *wanted => {
                Some((FoundKind::Quiet, Vec::new()))
            }
            _ => None,
        });
    }

    /// Waits whose time is up: what has matched so far counts.
    pub(super) fn overdue(&mut self, now: Time) {
        let is_over = |open: &Open| {
            let timeout: Option<Duration> = open.options.timeout;
            timeout.is_some_and(|timeout| now.since(open.began) >= timeout)
        };
        self.settle(Settled::Timeout, is_over, now);
        self.each_other(now, Settled::Timeout, |_, open, pattern| {
            (*pattern == Pattern::Timeout && is_over(open)).then_some((FoundKind::Timeout, Vec::new()))
        });
        while let Some(at) = self.waits.iter().position(is_over) {
            self.fail(at, FailureWhy::TimedOut, now);
        }
    }

    fn fail(&mut self, at: usize, why: FailureWhy, now: Time) {
        let open = self.waits.remove(at);
        let unmatched = self.unmatched();
        let from = self.cursor + self.truncated;
        let patterns = (0..open.patterns.len()).map(|index| {
            let (group, _) = origin(&open.groups, index);
            nearness(&open.patterns, index, group, &self.kept, from)
        });
        let newest = &unmatched[unmatched.len().saturating_sub(limits::EXPECT_NEAR_BYTES)..];
        let newest = String::from_utf8_lossy(newest);
        let lines: Vec<String> = newest.lines().map(str::to_owned).collect();
        let failure = Failure {
            why,
            waited: now.since(open.began),
            patterns: patterns.collect(),
            unmatched_bytes: unmatched.len() as u64,
            last_lines: lines[lines.len().saturating_sub(limits::EXPECT_LAST_LINES)..].to_vec(),
        };
        self.events.push_back(ExpectEvent::Failed {
            wait: open.id,
            failure: Box::new(failure),
        });
    }
}

/// Whose pattern it is, and which of its own.
fn origin(groups: &[(Group, usize)], mut index: usize) -> (Group, usize) {
    for (group, count) in groups {
        match index.checked_sub(*count) {
            Some(rest) => index = rest,
            None => return (*group, index),
        }
    }
    (Group::Own, index)
}

/// All but what stands before it.
fn text(hit: Hit, (group, index): (Group, usize), kept: &Kept, waited: Duration) -> Found {
    let after = kept.from(hit.end);
    Found {
        index,
        kind: FoundKind::Text,
        group,
        before: Vec::new(),
        matched: kept.range(hit.start, hit.end).to_vec(),
        captures: hit.captures,
        position: hit.start,
        end: hit.end,
        truncated_bytes: 0,
        after: after[..after.len().min(limits::EXPECT_AFTER_BYTES)].to_vec(),
        after_bytes: after.len() as u64,
        waited,
        settled_by: hit.settled,
    }
}
