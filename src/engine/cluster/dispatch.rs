//! Who gets which instance: the machines are asked in turn until none has anything to say.

use super::instance::Fit;
use super::{Action, Cluster, Ending, EventKind, NotTyped, OrderKind, Place, SessionState};
use crate::engine::health::{HealthEventKind, Verdict};
use crate::engine::ids::{InstanceId, TicketId};
use crate::engine::pool::{self, Choice, Grant, MemberState};
use crate::engine::route::{Availability, Candidate};
use crate::engine::supervise::{self, Phase};
use crate::engine::time::Time;

impl Cluster {
    /// After every report and command.
    pub(super) fn advance(&mut self, now: Time) {
        self.forgive_pause(now);
        while self.advance_pool(now) | self.advance_group(now) | self.advance_health() {}
        self.finish_hopeless(now);
        self.dispatch(now);
    }

    fn advance_pool(&mut self, now: Time) -> bool {
        let mut any = false;
        while let Some(action) = self.pool.poll_action() {
            any = true;
            self.handle_pool_action(action, now);
        }
        while let Some(event) = self.pool.poll_event() {
            any = true;
            self.handle_pool_event(event, now);
        }
        any
    }

    fn handle_pool_action(&mut self, action: pool::Action, now: Time) {
        // The group refuses only when everything is being stopped, and then nothing is to be done.
        let _closing = match action {
            pool::Action::Spawn { id } => self.add(id, now),
            pool::Action::Recycle { id, reason } => {
                self.tell(now, EventKind::Recycled { instance: id, reason });
                self.group.restart(id, recycle_words(reason), now)
            }
            pool::Action::Retire { id } => {
                if let Some(instance) = self.instances.get_mut(&id) {
                    instance.leaving = true;
                }
                self.group.remove(id, now)
            }
        };
    }

    fn handle_pool_event(&mut self, event: pool::Event, now: Time) {
        match event {
            // Its turn ends by `handle_turn`, which finds the lease gone.
            pool::Event::Revoked {
                reason: pool::Revocation::Lost | pool::Revocation::Removed,
                ..
            } => {}
            pool::Event::Revoked { ticket, instance, .. } => {
                self.vacate(instance, ticket, now);
                self.finish(ticket, Ending::Returned, now);
                // Its holder may still have it in hands.
                let _gone = self.group.restart(instance, "a loan ran out", now);
            }
            pool::Event::TimedOut { ticket, waited } => {
                self.finish(ticket, Ending::NotTyped(NotTyped::WaitedTooLong { waited }), now);
            }
            pool::Event::Unservable { ticket, instance } => {
                self.finish(ticket, Ending::NotTyped(NotTyped::InstanceGone(instance)), now);
            }
        }
    }

    fn advance_group(&mut self, now: Time) -> bool {
        let mut any = false;
        while let Some(action) = self.group.poll_action() {
            any = true;
            match action {
                supervise::Action::Start { child, epoch } => self.begin(child, epoch, now),
                supervise::Action::Stop {
                    child,
                    epoch,
                    skip_grace,
                } => self.actions.push_back(Action::Stop {
                    instance: child,
                    epoch,
                    skip_grace,
                }),
                supervise::Action::Event(event) => self.handle_life_event(event),
                supervise::Action::AllStopped(all) => self.actions.push_back(Action::Stopped(all)),
            }
        }
        any
    }

    fn advance_health(&mut self) -> bool {
        let mut any = false;
        while let Some(event) = self.health.poll_event() {
            any = true;
            let (instance, kind) = (event.instance, event.kind);
            if let HealthEventKind::Stalled { silent_for } = kind {
                self.give_up(instance, silent_for, event.at);
            }
            self.tell(event.at, EventKind::Health { instance, kind });
            self.refit(instance, event.at);
        }
        any
    }

    // Fit for work.

    /// Tells the pool when an instance has become fit for work, or is no more.
    pub(super) fn refit(&mut self, id: InstanceId, now: Time) {
        let is_fit = self.is_fit(id, now);
        let member = self.pool.member(id).map(|member| member.state);
        let recycling = matches!(member, Some(MemberState::Recycling { .. }));
        let Some(instance) = self.instances.get_mut(&id) else {
            return;
        };
        match (instance.fit, is_fit) {
            (Fit::No { since, epoch }, true) => {
                instance.fit = Fit::Yes;
                if instance.epoch != epoch {
                    self.router.returned(now.since(since));
                }
                self.pool.handle_ready(id, now);
            }
            (Fit::Yes, false) => {
                instance.fit = Fit::No {
                    since: now,
                    epoch: instance.epoch,
                };
                if !recycling {
                    self.pool.handle_out(id, now);
                }
            }
            (Fit::Yes, true) | (Fit::No { .. }, false) => {}
        }
    }

    fn is_fit(&self, id: InstanceId, now: Time) -> bool {
        let Some(instance) = self.instances.get(&id) else {
            return false;
        };
        let ready = self.group.child(id).is_some_and(|child| child.phase().is_ready());
        // While it has a turn, what its session says is that turn's affair.
        let at_prompt = instance.ticket.is_some() || instance.session == SessionState::Ready;
        let healthy =
            !matches!(self.health.verdict(id, now), Verdict::Out { .. }) || instance.ticket.is_some();
        ready && at_prompt && healthy && !instance.draining && !instance.leaving
    }

    // Grants.

    fn dispatch(&mut self, now: Time) {
        self.ask_again_at = None;
        loop {
            let leased = self.pool.members().filter(|(_, m)| m.lease().is_some()).count();
            if leased >= self.options.count as usize {
                return;
            }
            let candidates = self.candidates(now);
            let (router, tickets) = (&mut self.router, &self.tickets);
            let (ask_again_at, particular) = (&mut self.ask_again_at, self.particular);
            let grant = self.pool.poll_grant(now, |ticket, _| {
                let none = match router.choose(ticket, &candidates, now) {
                    Ok(chosen) => return Choice::Take(chosen),
                    Err(none) => none,
                };
                *ask_again_at = [*ask_again_at, none.ask_again_at()].into_iter().flatten().min();
                // What one ticket without wishes is refused, all of them are.
                let plain = tickets.get(&ticket).is_some_and(|ticket| !ticket.is_particular());
                if plain && particular == 0 {
                    Choice::Stop
                } else {
                    Choice::Leave
                }
            });
            match grant {
                Some(grant) => self.hand_over(grant, now),
                None => return,
            }
        }
    }

    fn hand_over(&mut self, grant: Grant, now: Time) {
        let Grant {
            lease,
            ticket,
            instance,
            waited,
        } = grant;
        self.router.typed(ticket, now);
        self.health.turn_started(instance, now);
        self.metrics.waits.observe(waited);
        let (Some(entry), Some(holder)) = (self.tickets.get_mut(&ticket), self.instances.get_mut(&instance))
        else {
            return;
        };
        entry.place = Place::At { instance, lease };
        entry.attempts += 1;
        holder.ticket = Some(ticket);
        holder.overdue = None;
        let (epoch, attempt) = (holder.epoch, entry.attempts);
        self.actions.push_back(match entry.order.kind {
            OrderKind::Prompt => Action::Type {
                ticket,
                instance,
                epoch,
            },
            OrderKind::Loan { .. } => Action::Lend {
                ticket,
                instance,
                epoch,
            },
        });
        let typed = EventKind::Typed {
            ticket,
            instance,
            attempt,
            waited,
        };
        self.tell(now, typed);
    }

    fn candidates(&self, now: Time) -> Vec<Candidate> {
        let members = self.pool.members();
        members
            .map(|(id, member)| Candidate {
                id,
                availability: self.availability(id, member.state, now),
            })
            .collect()
    }

    fn availability(&self, id: InstanceId, member: MemberState, now: Time) -> Availability {
        let Some((instance, child)) = self.instances.get(&id).zip(self.group.child(id)) else {
            return Availability::Failed;
        };
        let since = instance.away_since(now);
        match child.phase() {
            _ if instance.draining || instance.leaving => Availability::Draining,
            Phase::Failed { .. } | Phase::Ended { .. } | Phase::Stuck { .. } => Availability::Failed,
            Phase::Blocked { .. } => Availability::Blocked { since },
            Phase::Down { .. }
            | Phase::Starting { .. }
            | Phase::BackingOff { .. }
            | Phase::Stopping { .. } => Availability::Starting { since },
            Phase::Ready { .. } => match (member, self.health.verdict(id, now)) {
                (MemberState::Idle { .. }, Verdict::Serve) => Availability::Ready,
                (MemberState::Idle { .. }, Verdict::Probe) => Availability::Probe,
                (MemberState::Leased { .. }, _) => Availability::Taken,
                (_, Verdict::Out { .. }) => Availability::Blocked { since },
                _ => match instance.session {
                    SessionState::Blocked(_) => Availability::Blocked { since },
                    _ => Availability::Starting { since },
                },
            },
        }
    }

    // What nobody will ever serve.

    /// No instance that could serve it will ever be ready again without somebody's doing.
    pub(super) fn is_hopeless(&self, only: Option<InstanceId>) -> bool {
        match only {
            Some(id) => self.is_done_for(id),
            None => !self.instances.is_empty() && self.instances.keys().all(|id| self.is_done_for(*id)),
        }
    }

    pub(super) fn is_done_for(&self, id: InstanceId) -> bool {
        let phase = self.group.child(id).map(supervise::Child::phase);
        matches!(phase, None | Some(Phase::Failed { .. } | Phase::Ended { .. }))
    }

    fn finish_hopeless(&mut self, now: Time) {
        if self.is_hopeless(None) {
            let why = NotTyped::AllFailed(self.last_failure.clone());
            return self.finish_waiting(|_| true, &why, now);
        }
        let ids = self.instances.keys().copied();
        let hopeless: Vec<InstanceId> = ids.filter(|id| self.is_hopeless(Some(*id))).collect();
        for id in hopeless {
            self.finish_waiting(|only| only == Some(id), &NotTyped::InstanceGone(id), now);
        }
    }

    pub(super) fn finish_waiting(
        &mut self,
        which: impl Fn(Option<InstanceId>) -> bool,
        why: &NotTyped,
        now: Time,
    ) {
        let waiting = self.tickets.iter();
        let waiting: Vec<TicketId> = waiting
            .filter(|(_, entry)| entry.place == Place::Waiting && which(entry.order.wish.only))
            .map(|(&ticket, _)| ticket)
            .collect();
        for ticket in waiting {
            self.pool.cancel(ticket);
            self.finish(ticket, Ending::NotTyped(why.clone()), now);
        }
    }
}

fn recycle_words(reason: pool::RecycleReason) -> &'static str {
    match reason {
        pool::RecycleReason::Age => "it is old",
        pool::RecycleReason::Turns => "it has had its turns",
    }
}
