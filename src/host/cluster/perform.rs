//! What the machine wants done: sessions started, prompts typed, answers delivered.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::answer::Answer;
use super::command::{Borrowed, Readiness};
use super::driver::{Driver, FromInstance, Live, Pending, What};
use super::events::ClusterEvent;
use super::{turn, watch};
use crate::engine::cluster::{Action, Ending, NotTyped, Refused, TurnEnd};
use crate::engine::ids::{Epoch, InstanceId, TicketId};
use crate::engine::response::Response;
use crate::engine::supervise::Report;
use crate::engine::time::Time;
use crate::host::error::Coded as _;
use crate::host::options::StopOptions;
use crate::host::session::Session;

/// How often instances with a turn are looked at: do they stand still, stopped by a signal?
const LOOK: Duration = Duration::from_millis(500);

impl Driver {
    pub(super) fn perform(&mut self) {
        self.open_the_door();
        while let Some(action) = self.machine.poll_action() {
            self.perform_action(action);
        }
        self.tell_waiters();
        let now = self.now();
        let looks = self.options.stopped_within.is_some() || self.options.health.progress_within.is_some();
        if looks && self.look_at.is_none() && self.machine.has_turns() {
            self.look_at = Some(now + LOOK);
        }
        let machine = self.machine.poll_deadline().map(|(at, _)| at);
        let hurry = self.stopping.as_ref().and_then(|stopping| stopping.hurry_at);
        let next = [machine, hurry, self.look_at].into_iter().flatten().min();
        let now_instant = self.origin + now.0;
        self.timer.set(next.map(|at| self.origin + at.0), now_instant);
    }

    fn perform_action(&mut self, action: Action) {
        match action {
            Action::Start { instance, epoch } => self.start(instance, epoch),
            Action::Stop {
                instance, skip_grace, ..
            } => self.stop(instance, skip_grace),
            Action::Type {
                ticket,
                instance,
                epoch,
            } => self.type_prompt(ticket, instance, epoch),
            Action::Lend { ticket, instance, .. } => self.hand_out(ticket, instance),
            Action::Interrupt { instance, .. } => self.interrupt(instance),
            Action::Finish { ticket, ending } => self.finish(ticket, ending),
            Action::Event(event) => self.tell(ClusterEvent::Cluster(event)),
            Action::Stopped(all) => self.stopped = Some(all),
        }
    }

    fn start(&mut self, instance: InstanceId, epoch: Epoch) {
        let mut options = self.options.session.clone();
        if let Some(per_instance) = &self.options.per_instance {
            per_instance(instance, &mut options);
        }
        let report = match Session::start(Arc::clone(&self.spec), options) {
            Ok(session) => {
                let watched = watch::run(session.clone(), instance, epoch, self.report_tx.clone());
                tokio::spawn(watched);
                let live = Live {
                    epoch,
                    session,
                    seen_bytes: 0,
                    stopped_since: None,
                };
                self.sessions.insert(instance, live);
                Report::Started
            }
            Err(error) => {
                let report = Report::StartFailed {
                    reason: error.to_string(),
                    permanent: !error.retryable(),
                };
                self.first_failure.get_or_insert(error);
                report
            }
        };
        let now = self.now();
        let _stale = self.machine.handle_report(instance, epoch, report, now);
    }

    fn stop(&mut self, instance: InstanceId, skip_grace: bool) {
        let Some(live) = self.sessions.get(&instance) else {
            return;
        };
        let session = live.session.clone();
        let options = if skip_grace {
            StopOptions::NOW
        } else {
            self.options.stop
        };
        // How it came out is told by whoever watches the session.
        tokio::spawn(async move { session.stop(options).await });
    }

    fn type_prompt(&mut self, ticket: TicketId, instance: InstanceId, epoch: Epoch) {
        let now = self.now();
        let (
            Some(Pending::Prompt {
                text,
                options,
                asks,
                typed,
                session,
                ..
            }),
            Some(live),
        ) = (self.pending.get_mut(&ticket), self.sessions.get(&instance))
        else {
            let end = TurnEnd::NotTyped;
            return self.machine.handle_turn(ticket, epoch, &end, now);
        };
        *typed = Some(now);
        *session = Some((live.session.id().to_owned(), live.session.info().started_at));
        for ask in asks.drain(..) {
            let _nobody_waits = ask.send(instance);
        }
        let tried = turn::run(live.session.clone(), text.clone(), options.ask);
        let report_tx = self.report_tx.clone();
        tokio::spawn(async move {
            let tried = tried.await;
            // After the cluster's end nobody listens.
            let _gone = report_tx.send(FromInstance {
                instance,
                epoch,
                what: What::Turn { ticket, tried },
            });
        });
    }

    fn hand_out(&mut self, ticket: TicketId, instance: InstanceId) {
        let session = self.sessions.get(&instance).map(|live| live.session.clone());
        let reply = match self.pending.get_mut(&ticket) {
            Some(Pending::Loan(reply)) => reply.take(),
            Some(Pending::Prompt { .. }) | None => None,
        };
        let given = reply.zip(session).and_then(|(reply, session)| {
            let borrowed = Borrowed {
                ticket,
                instance,
                session,
            };
            reply.send(Ok(borrowed)).ok()
        });
        if given.is_none() {
            let now = self.now();
            self.machine.give_back(ticket, 0, now);
        }
    }

    fn interrupt(&self, instance: InstanceId) {
        if let Some(live) = self.sessions.get(&instance) {
            let session = live.session.clone();
            // Refused where the protocol says that it would end the tool; the turn then ends by its own limit.
            tokio::spawn(async move { session.interrupt().await });
        }
    }

    fn finish(&mut self, ticket: TicketId, ending: Ending) {
        let Some(pending) = self.pending.remove(&ticket) else {
            return;
        };
        match pending {
            Pending::Loan(Some(reply)) => {
                let refused = match ending {
                    Ending::NotTyped(NotTyped::AllFailed(why)) => Refused::AllFailed(why),
                    Ending::NotTyped(NotTyped::InstanceGone(instance)) => Refused::NoInstance(instance),
                    _ => Refused::Closed,
                };
                let _nobody_waits = reply.send(Err(refused.into()));
            }
            Pending::Loan(None) => {}
            Pending::Prompt {
                text,
                since,
                typed,
                response,
                session,
                ..
            } => {
                let now = self.now();
                let waited = typed.unwrap_or(now).since(since);
                let heard = response.map(|response| *response).zip(session);
                let mut answer = answer(ticket, ending, heard, text, now, self.started_at);
                answer.waited = waited;
                if self.events.receiver_count() > 0 {
                    self.tell(ClusterEvent::Answered(Box::new(answer.clone())));
                }
                self.mailbox.deliver(answer);
            }
        }
    }

    fn tell(&self, event: ClusterEvent) {
        if self.events.receiver_count() > 0 {
            // The last follower may have gone in between.
            let _nobody_follows = self.events.send(Arc::new(event));
        }
    }

    fn tell_waiters(&mut self) {
        if self.machine.is_quiet() && self.at_the_door.is_empty() {
            for reply in self.drained.drain(..) {
                let _nobody_waits = reply.send(());
            }
        }
        if !self.ready.is_empty()
            && let Some((ready, not)) = self.machine.readiness(self.now())
        {
            let readiness = Readiness { ready, not };
            for reply in self.ready.drain(..) {
                let _nobody_waits = reply.send(readiness.clone());
            }
        }
    }
}

/// `heard` is the response and the session that gave it, with the wall clock at that session's start.
fn answer(
    ticket: TicketId,
    ending: Ending,
    heard: Option<(Response, (String, SystemTime))>,
    prompt: String,
    now: Time,
    clock: SystemTime,
) -> Answer {
    let (instance, attempts, not_typed) = match ending {
        Ending::Answered { instance, attempts } => (Some(instance), attempts, None),
        Ending::NotTyped(why) => (None, 0, Some(why)),
        Ending::Returned => (None, 0, Some(NotTyped::ShutDown)),
    };
    let (response, session, clock) = match (&not_typed, heard) {
        (None, Some((response, (session, clock)))) => (response, Some(session), clock),
        (Some(why), _) => (turn::never_typed(prompt, why, now), None, clock),
        (None, None) => (turn::never_typed(prompt, &NotTyped::ShutDown, now), None, clock),
    };
    Answer {
        ticket,
        instance,
        attempts,
        waited: Duration::ZERO,
        not_typed,
        session,
        clock,
        response,
    }
}
