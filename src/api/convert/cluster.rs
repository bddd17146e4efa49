//! Clusters, from the engine's types to the wire's.

use std::time::{Duration, SystemTime};

use super::{Context, milliseconds};
use crate::api::cluster::{
    Answer, Cluster, ClusterEvent, ClusterEventBody, Ended, Instance, LastTurn, NotTyped, OutOfService, Usage,
};
use crate::api::response::{Exit, Protocol};
use crate::engine;
use crate::engine::cluster::{ClusterStatus, Ending, Event, EventKind, InstanceStatus, SessionState};
use crate::engine::health::{HealthEventKind, OutReason, Verdict};
use crate::engine::ids::{InstanceId, TicketId};
use crate::engine::pool::RecycleReason;
use crate::engine::protocol::Spec;
use crate::engine::supervise::{self, ExitCause, StopReason};
use crate::engine::time::Time;

/// What the engine does not know of a cluster and its wire form needs.
#[derive(Clone, Debug)]
pub struct ClusterContext {
    pub tool: String,
    pub protocol: Protocol,
    /// The wall clock at the engine's `Time::ZERO`.
    pub started_at: SystemTime,
}

/// The process of an instance, as its driver sees it.
#[derive(Clone, Copy, Debug)]
pub struct ProcessView<'a> {
    pub session: &'a str,
    pub pid: u32,
    /// The rule that says what its screen shows.
    pub rule: &'a str,
    pub usage: Option<UsageView>,
}

/// Of a process and all it started.
#[derive(Clone, Copy, Debug)]
pub struct UsageView {
    pub processes: u32,
    pub rss_bytes: u64,
    pub cpu: Duration,
}

/// An answer, in the engine's types.
#[derive(Clone, Copy, Debug)]
pub struct AnswerView<'a> {
    pub ticket: TicketId,
    pub instance: Option<InstanceId>,
    pub attempts: u32,
    pub waited: Duration,
    pub not_typed: Option<&'a engine::cluster::NotTyped>,
    /// `None` when it was never typed.
    pub session: Option<&'a str>,
    /// The wall clock at the response's `Time::ZERO`.
    pub clock: SystemTime,
    pub response: &'a engine::response::Response,
}

impl ClusterContext {
    pub fn new(spec: &Spec, started_at: SystemTime) -> ClusterContext {
        ClusterContext {
            tool: spec.name.clone(),
            protocol: Protocol {
                name: spec.name.clone(),
                version: spec.version.clone(),
            },
            started_at,
        }
    }

    /// `processes` in the order of the status's instances.
    pub fn status<'a>(
        &self,
        status: &ClusterStatus,
        processes: impl IntoIterator<Item = Option<ProcessView<'a>>>,
    ) -> Cluster {
        let instances: Vec<Instance> = status
            .instances
            .iter()
            .zip(processes)
            .map(|(instance, process)| self.instance(instance, process))
            .collect();
        let count = |of: fn(&Instance) -> bool| {
            u32::try_from(instances.iter().filter(|instance| of(instance)).count()).unwrap_or(u32::MAX)
        };
        Cluster {
            tool: self.tool.clone(),
            started_at: self.at(Time::ZERO),
            routing: status.routing.as_str().to_owned(),
            count: status.count,
            spares: status.spares,
            total: count(|_| true),
            alive: count(|instance| instance.alive),
            ready: count(|instance| instance.fit),
            in_flight: status.in_flight,
            queued: status.pool.queued as u64,
            queue_limit: status.pool.queue_limit as u64,
            longest_wait_ms: milliseconds(status.pool.longest_wait),
            closed: status.closed,
            instances,
        }
    }

    fn instance(&self, status: &InstanceStatus, process: Option<ProcessView<'_>>) -> Instance {
        Instance {
            index: status.instance.0,
            tool: self.tool.clone(),
            pid: process.map(|process| process.pid),
            session: process.map(|process| process.session.to_owned()),
            state: state(status).to_owned(),
            phase: status.phase.to_owned(),
            alive: status.uptime.is_some(),
            fit: status.fit,
            why: status.why.clone(),
            out: self.out(&status.verdict),
            ended: status.last_exit.as_ref().map(Ended::from),
            failed: status.failed.map(str::to_owned),
            starts: status.starts,
            restarts: status.restarts,
            turns: status.turns,
            in_flight: status.in_flight,
            last_turn: status.last_turn.as_ref().map(|turn| self.last_turn(turn)),
            evidence: process
                .map(|process| process.rule.to_owned())
                .filter(|rule| !rule.is_empty()),
            uptime_ms: status.uptime.map(milliseconds),
            latency_ms: status.latency.map(milliseconds),
            usage: process.and_then(|process| process.usage).map(Usage::from),
        }
    }

    fn last_turn(&self, turn: &engine::cluster::LastTurn) -> LastTurn {
        LastTurn {
            outcome: turn.outcome.as_str().to_owned(),
            reason: turn.reason.clone(),
            at: self.at(turn.at),
            duration_ms: milliseconds(turn.took),
        }
    }

    pub fn answer(&self, answer: AnswerView<'_>) -> Answer {
        let context = Context {
            session: answer.session.unwrap_or_default().to_owned(),
            tool: self.tool.clone(),
            protocol: self.protocol.clone(),
            started_at: answer.clock,
        };
        Answer {
            ticket: answer.ticket.0,
            instance: answer.instance.map(|instance| instance.0),
            attempts: answer.attempts,
            waited_ms: milliseconds(answer.waited),
            not_typed: answer.not_typed.map(NotTyped::from),
            response: context.response(answer.response),
        }
    }

    pub fn event(&self, event: &Event) -> ClusterEvent {
        ClusterEvent {
            at: self.at(event.at),
            body: self.event_body(&event.kind),
        }
    }

    fn event_body(&self, kind: &EventKind) -> ClusterEventBody {
        match kind {
            EventKind::Accepted { ticket } => ClusterEventBody::Accepted { ticket: ticket.0 },
            EventKind::Typed {
                ticket,
                instance,
                attempt,
                waited,
            } => ClusterEventBody::Typed {
                ticket: ticket.0,
                instance: instance.0,
                attempt: *attempt,
                waited_ms: milliseconds(*waited),
            },
            EventKind::Retried {
                ticket,
                instance,
                outcome,
            } => ClusterEventBody::Retried {
                ticket: ticket.0,
                instance: instance.0,
                outcome: outcome.map(|outcome| outcome.as_str().to_owned()),
            },
            EventKind::Finished { ticket, ending } => finished(*ticket, ending),
            EventKind::Instance {
                instance,
                epoch,
                kind,
            } => step(*instance, epoch.0, kind),
            EventKind::Health { instance, kind } => self.health(*instance, kind),
            EventKind::Recycled { instance, reason } => ClusterEventBody::Recycled {
                instance: instance.0,
                reason: match reason {
                    RecycleReason::Age => "age",
                    RecycleReason::Turns => "turns",
                }
                .to_owned(),
            },
            EventKind::Draining { instance } => ClusterEventBody::Draining { instance: instance.0 },
            EventKind::Scaled { from, to } => ClusterEventBody::Scaled { from: *from, to: *to },
            EventKind::Closed => ClusterEventBody::Closed,
        }
    }

    fn health(&self, instance: InstanceId, kind: &HealthEventKind) -> ClusterEventBody {
        let out = |reason: &str, until: Option<Time>| OutOfService {
            reason: reason.replace(' ', "_"),
            until: until.map(|at| self.at(at)),
        };
        let (is, out) = match kind {
            HealthEventKind::Graded { to, .. } => (to.as_str(), None),
            HealthEventKind::BreakerOpened { until } => {
                ("breaker_open", Some(out("breaker_open", Some(*until))))
            }
            HealthEventKind::BreakerHalfOpen => ("breaker_half_open", None),
            HealthEventKind::BreakerClosed => ("breaker_closed", None),
            HealthEventKind::OutOfService { reason, until } => {
                ("out_of_service", Some(out(reason.as_str(), *until)))
            }
            HealthEventKind::BackInService => ("back_in_service", None),
            HealthEventKind::Stalled { .. } => ("stalled", None),
            HealthEventKind::ProgressAgain => ("progress_again", None),
        };
        ClusterEventBody::Health {
            instance: instance.0,
            is: is.to_owned(),
            out,
        }
    }

    /// What keeps a live instance from work; that it has not started yet is told by its phase.
    fn out(&self, verdict: &Verdict) -> Option<OutOfService> {
        let Verdict::Out { reason, until } = verdict else {
            return None;
        };
        let word = match reason {
            OutReason::Unknown | OutReason::NotStarted | OutReason::NotReady => return None,
            OutReason::OutOfService(reason) => reason.as_str(),
            OutReason::Down => "down",
            OutReason::BreakerOpen => "breaker_open",
            OutReason::Probing => "probing",
            OutReason::Stalled => "stalled",
        };
        Some(OutOfService {
            reason: word.replace(' ', "_"),
            until: until.map(|at| self.at(at)),
        })
    }

    fn at(&self, time: Time) -> String {
        super::rfc3339(self.started_at + time.0)
    }
}

/// One word for people and dashboards; the parts it is made of stand beside it.
fn state(status: &InstanceStatus) -> &'static str {
    if status.phase != "ready" {
        return status.phase;
    }
    if status.in_flight > 0 {
        return "busy";
    }
    if status.draining {
        return "draining";
    }
    match (&status.session, &status.verdict) {
        (SessionState::Blocked(_), _) => "blocked",
        (SessionState::Unknown, _) => "unknown",
        (SessionState::Busy, _) => "recovering",
        (SessionState::Ready, Verdict::Out { .. }) => "out",
        (SessionState::Ready, Verdict::Serve | Verdict::Probe) => "ready",
    }
}

fn finished(ticket: TicketId, ending: &Ending) -> ClusterEventBody {
    let (instance, not_typed) = match ending {
        Ending::Answered { instance, .. } => (Some(instance.0), None),
        Ending::NotTyped(why) => (None, Some(NotTyped::from(why))),
        Ending::Returned => (None, None),
    };
    ClusterEventBody::Finished {
        ticket: ticket.0,
        instance,
        not_typed,
    }
}

fn step(instance: InstanceId, epoch: u64, kind: &supervise::EventKind) -> ClusterEventBody {
    use supervise::EventKind as Step;
    let (mut after_ms, mut ended, mut text) = (None, None, None);
    match kind {
        Step::Ready { after } => after_ms = Some(milliseconds(*after)),
        Step::Blocked { reason } => text = Some(reason.clone()),
        Step::Stopping(reason) => text = Some(stop_words(reason)),
        Step::Exited { cause, lived, .. } => {
            (after_ms, ended) = (Some(milliseconds(*lived)), Some(cause.into()));
        }
        Step::Restarting { after, cause } => {
            (after_ms, ended) = (Some(milliseconds(*after)), Some(cause.into()));
        }
        Step::Ended { cause } => ended = Some(cause.into()),
        Step::Failed(reason) => text = Some(reason.to_string()),
        Step::Starting
        | Step::Started
        | Step::Unblocked
        | Step::GraceSkipped
        | Step::Stuck
        | Step::Stopped
        | Step::Removed => {}
    }
    ClusterEventBody::Instance {
        instance: instance.0,
        epoch,
        step: kind.as_str().to_owned(),
        after_ms,
        ended,
        text,
    }
}

fn stop_words(reason: &StopReason) -> String {
    match reason {
        StopReason::Asked => "its owner does not want it any more".to_owned(),
        StopReason::Restart(reason) => reason.clone(),
        StopReason::Failure(cause) => format!("it {cause}"),
        StopReason::Permanent(reason) => reason.to_string(),
    }
}

impl From<UsageView> for Usage {
    fn from(usage: UsageView) -> Usage {
        Usage {
            processes: usage.processes,
            rss_bytes: usage.rss_bytes,
            cpu_ms: milliseconds(usage.cpu),
        }
    }
}

impl From<&ExitCause> for Ended {
    fn from(cause: &ExitCause) -> Ended {
        let exit = match cause {
            ExitCause::Exited(code) => Some(Exit {
                code: Some(*code),
                signal: None,
            }),
            ExitCause::Signaled(signal) => Some(Exit {
                code: None,
                signal: Some(*signal),
            }),
            _ => None,
        };
        Ended {
            cause: cause.as_str().to_owned(),
            exit,
            text: cause.to_string(),
        }
    }
}

impl From<&engine::cluster::NotTyped> for NotTyped {
    fn from(why: &engine::cluster::NotTyped) -> NotTyped {
        use engine::cluster::NotTyped as Why;
        let reason = match why {
            Why::WaitedTooLong { .. } => "waited_too_long",
            Why::ShutDown => "shut_down",
            Why::Withdrawn => "withdrawn",
            Why::InstanceGone(_) => "instance_gone",
            Why::AllFailed(_) => "all_failed",
            Why::Refused(_) => "refused",
        };
        NotTyped {
            reason: reason.to_owned(),
            text: why.to_string(),
        }
    }
}
