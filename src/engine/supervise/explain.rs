//! Why a child is not where it is wanted, and what will change that.

use std::fmt;
use std::time::Duration;

use super::child::{Child, Gate};
use super::event::DeadlineName;
use super::state::{Phase, StopReason, StopRung, Wanted};
use crate::engine::ids::{Epoch, InstanceId};
use crate::engine::time::Time;

/// An answer for a person; `Display` is one paragraph. Programs read [`Child::phase`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub child: InstanceId,
    pub epoch: Epoch,
    pub wanted: Wanted,
    /// `Phase::as_str`.
    pub is: &'static str,
    /// How long it has been so.
    pub since: Duration,
    /// Wanted and actual agree.
    pub settled: bool,
    pub because: String,
    /// The wait that is next, and how long it has still to go.
    pub next: Option<(DeadlineName, Duration)>,
    /// Restarts that count against the intensity now, and how many there may be.
    pub restarts: (usize, u32),
}

impl Explanation {
    pub(super) fn new(child: &Child, gate: Gate, now: Time) -> Explanation {
        let next = child.deadline().map(|(at, name)| (name, at.since(now)));
        Explanation {
            child: child.id(),
            epoch: child.epoch(),
            wanted: child.wanted(),
            is: child.phase().as_str(),
            since: now.since(since(child.phase())),
            settled: matches!(
                (child.wanted(), child.phase()),
                (Wanted::Up, Phase::Ready { .. }) | (Wanted::Down, Phase::Down { .. })
            ),
            because: because(child, gate),
            next,
            restarts: (child.recent_restarts(now), child.spec().intensity.most),
        }
    }
}

fn since(phase: &Phase) -> Time {
    match phase {
        Phase::Starting { life, .. } => life.started,
        Phase::Down { since }
        | Phase::Ended { since, .. }
        | Phase::Blocked { since, .. }
        | Phase::Ready { since, .. }
        | Phase::Stuck { since, .. }
        | Phase::BackingOff { since, .. }
        | Phase::Stopping { since, .. }
        | Phase::Failed { since, .. } => *since,
    }
}

fn because(child: &Child, gate: Gate) -> String {
    match child.phase() {
        Phase::Down { .. } => down(child, gate).to_owned(),
        Phase::Ended { cause, .. } => format!(
            "it {cause}, and a {} child is not started again after that",
            child.spec().restart.as_str()
        ),
        Phase::Starting { .. } | Phase::Ready { .. } if child.wanted() != Wanted::Up && !gate.stop => {
            "it is stopped when the levels above are down".to_owned()
        }
        Phase::Starting { spawned: false, .. } => "its process was asked for and is not there yet".to_owned(),
        Phase::Starting { .. } => "its process is there and has not shown that it is ready".to_owned(),
        Phase::Blocked { reason, .. } => format!("a person must answer first: {reason}"),
        Phase::Ready { .. } => "it is ready".to_owned(),
        Phase::Stopping { why, rung, .. } => stopping(child, why, *rung),
        Phase::Stuck { why, .. } => format!(
            "{}, but it did not end even without grace; nothing is started in its place, and a stop tries again",
            reason(why)
        ),
        Phase::BackingOff { attempt, cause, .. } => format!("it {cause}; waiting before attempt {attempt}"),
        Phase::Failed { reason, .. } => format!("{reason}; a start begins with a clean record"),
    }
}

fn down(child: &Child, gate: Gate) -> &'static str {
    match (child.wanted(), gate.start) {
        (Wanted::Up, false) => "it is started when the levels below have settled",
        (Wanted::Up, true) => "it is about to be started",
        (Wanted::Down, _) if child.starts() == 0 => "nobody has asked for a start",
        (Wanted::Down, _) => "it was stopped",
        (Wanted::Gone, _) => "it is about to be removed",
    }
}

fn stopping(child: &Child, why: &StopReason, rung: StopRung) -> String {
    let rung = match rung {
        StopRung::Grace => "",
        StopRung::Kill => ", without grace",
    };
    let then = match child.wanted() {
        Wanted::Up if matches!(why, StopReason::Asked) => "; it is started again afterwards",
        Wanted::Up | Wanted::Down => "",
        Wanted::Gone => "; it is removed afterwards",
    };
    format!("{}{rung}{then}", reason(why))
}

fn reason(why: &StopReason) -> String {
    match why {
        StopReason::Asked => "its owner asked for a stop".to_owned(),
        StopReason::Restart(reason) => format!("its owner asked for a fresh one: {reason}"),
        StopReason::Failure(cause) => format!("it {cause}"),
        StopReason::Permanent(reason) => reason.to_string(),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "instance {} (epoch {}): wanted {}, is {} for {:.1} s, because {}",
            self.child,
            self.epoch,
            self.wanted.as_str(),
            self.is,
            self.since.as_secs_f64(),
            self.because
        )?;
        if let Some((name, left)) = self.next {
            write!(f, "; {} in {:.1} s", name.as_str(), left.as_secs_f64())?;
        }
        match self.restarts {
            (0, _) => Ok(()),
            (recent, most) => write!(f, "; {recent} of {most} restarts used"),
        }
    }
}
