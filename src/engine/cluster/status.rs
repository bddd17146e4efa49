//! How everything is, as plain data.

use std::time::Duration;

use super::{Cluster, Metrics, Place, SessionState};
use crate::engine::health::Verdict;
use crate::engine::ids::{Epoch, InstanceId};
use crate::engine::pool::PoolStatus;
use crate::engine::response::Outcome;
use crate::engine::route::Routing;
use crate::engine::supervise::{ExitCause, Phase};
use crate::engine::time::Time;

#[derive(Clone, Debug, PartialEq)]
pub struct ClusterStatus {
    pub routing: Routing,
    /// Instances that have turns at the same time, as wished.
    pub count: u32,
    pub spares: u32,
    pub pool: PoolStatus,
    pub in_flight: u32,
    /// No more prompts are accepted.
    pub closed: bool,
    pub instances: Vec<InstanceStatus>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct InstanceStatus {
    pub instance: InstanceId,
    pub epoch: Epoch,
    /// The supervisor's word: `ready`, `starting`, `backing_off`, `failed`, …
    pub phase: &'static str,
    /// What its session shows.
    pub session: SessionState,
    pub draining: bool,
    /// It could be given a prompt, or has one.
    pub fit: bool,
    /// Why it could not, in words.
    pub why: Option<String>,
    /// What its health says.
    pub verdict: Verdict,
    pub in_flight: u32,
    pub starts: u64,
    pub restarts: u64,
    pub last_exit: Option<ExitCause>,
    /// Why it is not started again, in one word, when its phase is `failed`.
    pub failed: Option<&'static str>,
    /// Turns of all its lives.
    pub turns: u64,
    pub last_turn: Option<LastTurn>,
    /// Of its present life.
    pub uptime: Option<Duration>,
    /// Expected length of a turn, from those that it had lately.
    pub latency: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastTurn {
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub at: Time,
    pub took: Duration,
}

impl Cluster {
    pub fn status(&self, now: Time) -> ClusterStatus {
        let typed = |place: &Place| matches!(place, Place::At { .. });
        let in_flight = self
            .tickets
            .values()
            .filter(|ticket| typed(&ticket.place))
            .count();
        ClusterStatus {
            routing: self.options.routing,
            count: self.options.count,
            spares: self.options.spares,
            pool: self.pool.status(now),
            in_flight: u32::try_from(in_flight).unwrap_or(u32::MAX),
            closed: self.closed,
            instances: self
                .instances
                .keys()
                .filter_map(|id| self.instance_status(*id, now))
                .collect(),
        }
    }

    fn instance_status(&self, id: InstanceId, now: Time) -> Option<InstanceStatus> {
        let instance = self.instances.get(&id)?;
        let child = self.group.child(id)?;
        let phase = child.phase();
        let fit = matches!(instance.fit, super::instance::Fit::Yes);
        let latency = self.router.load(id).latency.expected(now);
        Some(InstanceStatus {
            instance: id,
            epoch: child.epoch(),
            phase: phase.as_str(),
            session: instance.session.clone(),
            draining: instance.draining || instance.leaving,
            fit,
            why: (!fit).then(|| self.why_not(id, now)),
            verdict: self.health.verdict(id, now),
            in_flight: u32::from(instance.ticket.is_some()),
            starts: child.starts(),
            restarts: child.restarts(),
            last_exit: child.last_exit().cloned(),
            failed: match phase {
                Phase::Failed { reason, .. } => Some(reason.as_str()),
                _ => None,
            },
            turns: instance.turns,
            last_turn: instance.last_turn.clone(),
            uptime: phase.life().map(|life| now.since(life.started)),
            latency: Some(latency).filter(|latency| !latency.is_zero()),
        })
    }

    /// Why the instance is what it is: what is wanted of it, what it does, and whether it may work.
    pub fn explain(&self, id: InstanceId, now: Time) -> Option<String> {
        let life = self.group.explain(id, now)?.to_string();
        let instance = self.instances.get(&id)?;
        let work = match instance.fit {
            super::instance::Fit::Yes => "it may be given prompts".to_owned(),
            super::instance::Fit::No { .. } => {
                format!("it is given no prompts: {}", self.why_not(id, now))
            }
        };
        Some(format!("{life}\n{work}"))
    }

    /// How many instances are fit for work, and the others with why; `None` while one is on its way.
    pub fn readiness(&self, now: Time) -> Option<(u32, Vec<(u32, String)>)> {
        let mut ready = 0;
        let mut not = Vec::new();
        for (&id, instance) in &self.instances {
            let phase = self.group.child(id)?.phase();
            match (instance.fit, phase) {
                (super::instance::Fit::Yes, _) => ready += 1,
                (
                    _,
                    Phase::Starting { .. }
                    | Phase::BackingOff { .. }
                    | Phase::Stopping { .. }
                    | Phase::Down { .. },
                ) => {
                    return None;
                }
                (_, Phase::Ready { .. }) if instance.session == SessionState::Busy => return None,
                _ => not.push((id.0, self.why_not(id, now))),
            }
        }
        Some((ready, not))
    }

    /// The instance has a turn.
    pub fn is_working(&self, id: InstanceId) -> bool {
        self.instances
            .get(&id)
            .is_some_and(|instance| instance.ticket.is_some())
    }

    /// Some instance has a turn.
    pub fn has_turns(&self) -> bool {
        self.instances.values().any(|instance| instance.ticket.is_some())
    }

    fn why_not(&self, id: InstanceId, now: Time) -> String {
        let Some((instance, child)) = self.instances.get(&id).zip(self.group.child(id)) else {
            return "it is no more".to_owned();
        };
        if instance.draining || instance.leaving {
            return "it is being drained".to_owned();
        }
        match (child.phase(), self.health.verdict(id, now), &instance.session) {
            (Phase::Failed { reason, .. }, ..) => reason.to_string(),
            (Phase::Blocked { reason, .. }, ..) => format!("it asks at its start: {reason}"),
            (Phase::Ready { .. }, _, SessionState::Blocked(question)) => format!("it asks: {question}"),
            (Phase::Ready { .. }, Verdict::Out { reason, .. }, _) => reason.to_string(),
            (Phase::Ready { .. }, _, SessionState::Busy) => "it is not back at its prompt".to_owned(),
            (Phase::Ready { .. }, _, SessionState::Unknown) => {
                "its screen is not one that its protocol knows".to_owned()
            }
            (phase, ..) => format!("it is {}", phase.as_str().replace('_', " ")),
        }
    }

    /// What has been counted so far.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
