//! The evidence is there and the last paint is not: how long a ready state waits before it is believed.
//!
//! ```text
//! rule holds ─► Settling ─quiet and frame are over, or at_most─► Ready
//!                  │ another rule holds, or none: from the start again
//! ```

use super::Session;
use crate::engine::framer::rules::Match;
use crate::engine::limits;
use crate::engine::protocol::spec::Kind;
use crate::engine::time::Time;

/// A ready rule that holds and is not acted on yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settling {
    rule: usize,
    since: Time,
    /// Output bytes handled when the tool said so: a frame that begins later may hold the last paint.
    evidence: u64,
    until: Time,
}

impl Session {
    /// Whether `found` has to wait.
    pub(super) fn settles(&mut self, found: &Match, now: Time) -> bool {
        let first = self.facts.first_ready.is_none();
        let ready = self.spec.rules[found.rule].kind == Kind::Ready;
        if !ready || (self.turn.is_none() && !first) {
            self.settling = None;
            return false;
        }
        let mut settling = match self.settling {
            Some(settling) if settling.rule == found.rule => settling,
            Some(_) | None => Settling {
                rule: found.rule,
                since: now,
                evidence: self.evidence_offset(found.rule),
                until: now,
            },
        };
        settling.until = match self.turn {
            Some(_) => self.settled_at(settling),
            None => self.rested_at(settling),
        };
        self.settling = Some(settling);
        now < settling.until
    }

    pub(super) fn settles_at(&self) -> Option<Time> {
        let until = self.settling?.until;
        // Looked at already; what is missing now is a look at the tty or more output.
        (until > self.quiet_seen).then_some(until)
    }

    fn settled_at(&self, settling: Settling) -> Time {
        let spec = self.spec.settle;
        let quiet = spec.quiet.map(|quiet| self.facts.last_output + quiet);
        let frame = spec.frame.filter(|_| self.facts.frame_done <= settling.evidence);
        let frame = frame.map(|frame| settling.since + frame);
        let until = quiet.max(frame).unwrap_or(settling.since);
        until.min(settling.since + spec.at_most)
    }

    /// The first ready of a tool that paints before it listens.
    fn rested_at(&self, settling: Settling) -> Time {
        let rested = self.facts.last_output + self.spec.spawn.ready_quiet;
        rested.min(settling.since + limits::READY_QUIET_AT_MOST)
    }

    /// What the tool announced is exact; a screen is only known to be so by now.
    fn evidence_offset(&self, rule: usize) -> u64 {
        let when = &self.spec.rules[rule].when;
        let announces = when.status.is_some()
            || when.title.is_some()
            || when.progress.is_some()
            || when.notification.is_some();
        let entered = self.turn.as_ref().map_or(0, |turn| turn.typed.entered);
        if announces && self.facts.announced > entered {
            self.facts.announced
        } else {
            self.screen.offset()
        }
    }
}
