//! What becomes of instances.

use std::time::Duration;

use super::instance::{Instance, Overdue};
use super::{Action, Cluster, DeadlineName, EventKind, SessionState};
use crate::engine::health::{LifeStage, OutOfService};
use crate::engine::ids::{Epoch, InstanceId, TicketId};
use crate::engine::patience::Patience;
use crate::engine::supervise::{self, Heard, Refusal, Report};
use crate::engine::time::Time;

impl Cluster {
    /// What the driver says of one life.
    pub fn handle_report(&mut self, id: InstanceId, epoch: Epoch, report: Report, now: Time) -> Heard {
        let stage = match &report {
            Report::Started => Some(LifeStage::Started),
            Report::Ready => Some(LifeStage::Ready),
            Report::StartFailed { .. } | Report::Exited { .. } => Some(LifeStage::Over),
            Report::Blocked { .. } | Report::Unblocked | Report::Hung { .. } => None,
        };
        let heard = self.group.handle_report(id, epoch, report, now);
        if heard == Heard::Taken {
            if let Some(stage) = stage {
                self.handle_stage(id, stage, now);
            }
            self.refit(id, now);
        }
        self.advance(now);
        heard
    }

    fn handle_stage(&mut self, id: InstanceId, stage: LifeStage, now: Time) {
        self.health.handle_life(id, stage, now);
        let Some(instance) = self.instances.get_mut(&id) else {
            return;
        };
        match stage {
            LifeStage::Ready => instance.session = SessionState::Ready,
            LifeStage::Over => {
                if let Some(since) = instance.shows(SessionState::Busy, now) {
                    self.metrics.unknown += now.since(since);
                }
                instance.overdue = None;
                self.refit(id, now);
                // What its turn came to is said by the driver; that nobody has the instance any more is clear.
                self.pool.handle_lost(id, now);
            }
            LifeStage::Starting | LifeStage::Started => {}
        }
    }

    /// The session shows another state. States within a turn may be told; they change nothing.
    pub fn handle_state(&mut self, id: InstanceId, epoch: Epoch, state: SessionState, now: Time) {
        let Some(instance) = self.instances.get_mut(&id).filter(|i| i.epoch == epoch) else {
            return;
        };
        if instance.session == state {
            return;
        }
        let was_blocked = matches!(instance.session, SessionState::Blocked(_));
        if let Some(since) = instance.shows(state, now) {
            self.metrics.unknown += now.since(since);
        }
        if instance.ticket.is_none() {
            if was_blocked {
                self.health.bring_back(id, now);
            }
            self.watch(id, now);
        }
        self.refit(id, now);
        self.advance(now);
    }

    /// Between turns: how long a session that is not at its prompt may take.
    pub(super) fn watch(&mut self, id: InstanceId, now: Time) {
        let (recover, decide) = (self.options.recover_within, self.options.blocked_within);
        let ready = self.group.child(id).is_some_and(|child| child.phase().is_ready());
        let Some(instance) = self.instances.get_mut(&id) else {
            return;
        };
        let wait = |within: Duration, name| {
            Some(Overdue {
                wait: Patience::new(within, now),
                name,
            })
        };
        instance.overdue = match &instance.session {
            _ if !ready => None,
            SessionState::Ready => None,
            SessionState::Busy | SessionState::Unknown => wait(recover, DeadlineName::Recover),
            SessionState::Blocked(_) => {
                self.health.take_out(id, OutOfService::Blocked, None, now);
                decide.and_then(|within| wait(within, DeadlineName::Decision))
            }
        };
    }

    /// Its turn shows nothing, and somebody has said how long that may be.
    pub(super) fn give_up(&mut self, id: InstanceId, silent_for: Duration, now: Time) {
        if let Some(instance) = self.instances.get(&id) {
            let reason = format!("its turn has shown nothing for {silent_for:?}");
            let _stale = self
                .group
                .handle_report(id, instance.epoch, Report::Hung { reason }, now);
        }
    }

    pub(super) fn replace_overdue(&mut self, now: Time) {
        let mut hung = Vec::new();
        for (&id, instance) in &mut self.instances {
            let over = instance
                .overdue
                .as_mut()
                .is_some_and(|overdue| overdue.wait.is_over(now));
            if over {
                instance.overdue = None;
                hung.push((id, instance.epoch, hung_words(&instance.session)));
            }
        }
        for (id, epoch, reason) in hung {
            let _stale = self.group.handle_report(id, epoch, Report::Hung { reason }, now);
        }
    }

    /// The turn that it has shows something.
    pub fn handle_progress(&mut self, id: InstanceId, epoch: Epoch, now: Time) {
        if self
            .instances
            .get(&id)
            .is_some_and(|instance| instance.epoch == epoch)
        {
            self.health.progress(id, now);
            self.advance(now);
        }
    }

    pub(super) fn add(&mut self, id: InstanceId, now: Time) -> Result<(), Refusal> {
        let child = std::sync::Arc::clone(&self.child);
        self.group.add(id, 0, child, now)?;
        self.health.add(id);
        self.instances.insert(id, Instance::new(now));
        self.group.start(id, now)
    }

    /// A life begins.
    pub(super) fn begin(&mut self, id: InstanceId, epoch: Epoch, now: Time) {
        if let Some(instance) = self.instances.get_mut(&id) {
            instance.epoch = epoch;
            instance.session = SessionState::Busy;
            instance.overdue = None;
        }
        self.health.handle_life(id, LifeStage::Starting, now);
        self.refit(id, now);
        self.pool.handle_started(id, now);
        self.actions.push_back(Action::Start { instance: id, epoch });
    }

    pub(super) fn handle_life_event(&mut self, event: supervise::Event) {
        let (at, instance, epoch, kind) = (event.at, event.child, event.epoch, event.kind);
        match &kind {
            supervise::EventKind::Restarting { cause, .. } => self.metrics.restarted(cause.as_str()),
            supervise::EventKind::Failed(reason) => {
                self.last_failure = format!("instance {instance}: {reason}");
                self.pool.handle_out(instance, at);
            }
            supervise::EventKind::Ended { cause } => {
                self.last_failure = format!("instance {instance}: it {cause}");
                self.pool.handle_out(instance, at);
            }
            supervise::EventKind::Removed => self.forget(instance, at),
            _ => {}
        }
        let kind = EventKind::Instance {
            instance,
            epoch,
            kind,
        };
        self.tell(at, kind);
    }

    fn forget(&mut self, id: InstanceId, now: Time) {
        self.instances.remove(&id);
        self.health.remove(id);
        self.router.forget(id, now);
        self.pool.handle_removed(id, now);
    }

    pub(super) fn interrupt(&mut self, id: InstanceId) {
        if let Some(instance) = self.instances.get(&id) {
            let epoch = instance.epoch;
            self.actions.push_back(Action::Interrupt { instance: id, epoch });
        }
    }

    /// The ticket has the instance no more.
    pub(super) fn vacate(&mut self, id: InstanceId, ticket: TicketId, now: Time) {
        if let Some(instance) = self.instances.get_mut(&id)
            && instance.ticket == Some(ticket)
        {
            instance.ticket = None;
            self.watch(id, now);
            self.refit(id, now);
        }
    }
}

fn hung_words(session: &SessionState) -> String {
    match session {
        SessionState::Blocked(question) => format!("nobody decided what it asks: {question}"),
        SessionState::Unknown => "its screen is not one that its protocol knows".to_owned(),
        SessionState::Busy | SessionState::Ready => "it did not come back to its prompt".to_owned(),
    }
}
