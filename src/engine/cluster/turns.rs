//! What becomes of tickets.

use super::status::LastTurn;
use super::{
    Action, Cluster, Ending, EventKind, NotTyped, OrderKind, Place, SessionState, Ticket, Turn, TurnEnd,
    request,
};
use crate::engine::health::{self, OutOfService};
use crate::engine::ids::{Epoch, InstanceId, TicketId};
use crate::engine::limits;
use crate::engine::response::Outcome;
use crate::engine::route::Ended;
use crate::engine::time::Time;

/// What a try leads to.
enum Next {
    Over(Ending),
    /// The ticket waits again.
    Again,
}

impl Cluster {
    /// How the `Type` of this ticket ended. One that is over, or that the cluster had not typed, changes nothing.
    pub fn handle_turn(&mut self, ticket: TicketId, epoch: Epoch, end: &TurnEnd, now: Time) {
        let Some(entry) = self.tickets.get(&ticket) else {
            return;
        };
        let (Place::At { instance, lease }, OrderKind::Prompt) = (entry.place, entry.order.kind) else {
            return;
        };
        self.note(instance, epoch, end, now);
        self.vacate(instance, ticket, now);
        let turns = u32::from(matches!(end, TurnEnd::Answered(_)));
        if self.is_still_at_it(instance, epoch, end) {
            self.interrupt(instance);
        }
        // Its instance may have been lost meanwhile, and the lease with it.
        let _was_held = self.pool.give_back(lease, turns, now);
        match self.next(ticket, instance, end, now) {
            Next::Over(ending) => {
                self.router.finish(ticket, ended(end), now);
                self.finish(ticket, ending, now);
            }
            Next::Again => self.wait_again(ticket, instance, end, now),
        }
        self.advance(now);
    }

    /// Its turn has run into its limit, and the tool goes on with it.
    fn is_still_at_it(&self, id: InstanceId, epoch: Epoch, end: &TurnEnd) -> bool {
        let timed_out = matches!(end, TurnEnd::Answered(turn) if turn.outcome == Outcome::TimedOut);
        let instance = self.instances.get(&id).filter(|instance| instance.epoch == epoch);
        timed_out && instance.is_some_and(|instance| instance.session != SessionState::Ready)
    }

    /// What the turn says of its instance.
    fn note(&mut self, id: InstanceId, epoch: Epoch, end: &TurnEnd, now: Time) {
        self.health.turn_ended(id, verdict(end), now);
        let TurnEnd::Answered(turn) = end else { return };
        self.metrics.answered(turn);
        let Some(instance) = self.instances.get_mut(&id).filter(|i| i.epoch == epoch) else {
            return;
        };
        instance.turns += 1;
        instance.last_turn = Some(LastTurn {
            outcome: turn.outcome,
            reason: turn.reason.clone(),
            at: now,
            took: turn.duration,
        });
        if let Some((reason, within)) = turn.reason.as_deref().and_then(out_of_service) {
            self.health
                .take_out(id, reason, within.map(|within| now + within), now);
        }
    }

    fn next(&mut self, ticket: TicketId, instance: InstanceId, end: &TurnEnd, now: Time) -> Next {
        let Some(entry) = self.tickets.get_mut(&ticket) else {
            return Next::Again;
        };
        let attempts = entry.attempts;
        let answered = Next::Over(Ending::Answered { instance, attempts });
        match end {
            TurnEnd::Refused(why) => Next::Over(Ending::NotTyped(NotTyped::Refused(why.clone()))),
            TurnEnd::NotTyped if entry.withdrawn => Next::Over(Ending::NotTyped(NotTyped::Withdrawn)),
            TurnEnd::NotTyped if self.group.is_closing() => Next::Over(Ending::NotTyped(NotTyped::ShutDown)),
            TurnEnd::NotTyped => Next::Again,
            TurnEnd::Answered(turn) => {
                let may = entry.order.retryable
                    && !entry.withdrawn
                    && attempts < self.options.attempts
                    && !self.group.is_closing()
                    && (is_worth_a_retry(turn)
                        || self.options.blocked_within.is_some() && may_be_no_question(entry, turn));
                if may && self.budget.take(now) {
                    Next::Again
                } else {
                    answered
                }
            }
        }
    }

    fn wait_again(&mut self, ticket: TicketId, instance: InstanceId, end: &TurnEnd, now: Time) {
        self.router.release(ticket, ended(end), now);
        let Some(entry) = self.tickets.get_mut(&ticket) else {
            return;
        };
        entry.place = Place::Waiting;
        if matches!(end, TurnEnd::NotTyped) {
            entry.attempts -= 1;
        }
        let (again, since) = (request(&entry.order, entry.since), entry.since);
        let outcome = match end {
            TurnEnd::Answered(turn) => Some(turn.outcome),
            TurnEnd::Refused(_) | TurnEnd::NotTyped => None,
        };
        self.metrics.retries += u64::from(outcome.is_some());
        let retried = EventKind::Retried {
            ticket,
            instance,
            outcome,
        };
        self.tell(now, retried);
        if self.pool.admit_again(ticket, again, since, now).is_err() {
            self.finish(ticket, Ending::NotTyped(NotTyped::InstanceGone(instance)), now);
        }
    }

    /// The one end of a ticket.
    pub(super) fn finish(&mut self, ticket: TicketId, ending: Ending, now: Time) {
        let Some(entry) = self.tickets.remove(&ticket) else {
            return;
        };
        self.particular -= usize::from(entry.is_particular());
        // Nothing for one whose turn has ended: the router knows.
        self.router.finish(ticket, Ended::Abandoned, now);
        if let Ending::NotTyped(why) = &ending {
            self.metrics.not_typed(why);
        }
        let told = ending.clone();
        self.actions.push_back(Action::Finish { ticket, ending });
        let finished = EventKind::Finished { ticket, ending: told };
        self.tell(now, finished);
    }
}

/// It ended without an answer, or with the word that this instance cannot work.
fn is_worth_a_retry(turn: &Turn) -> bool {
    match turn.outcome {
        Outcome::Exited | Outcome::TimedOut | Outcome::Unknown => true,
        Outcome::Error => turn
            .reason
            .as_deref()
            .is_some_and(|reason| TRANSIENT.contains(&reason)),
        Outcome::Ok | Outcome::Blocked | Outcome::Interrupted => false,
    }
}

/// Nobody decides what it asks, and the tool may have asked nothing: what another program writes on a terminal hides the prompt. A prompt
/// that does ask asks again, and then that is the answer.
fn may_be_no_question(entry: &mut Ticket, turn: &Turn) -> bool {
    let unrecognised = turn.outcome == Outcome::Blocked && turn.unrecognised;
    entry.unrecognised += u32::from(unrecognised);
    unrecognised && entry.unrecognised <= limits::UNRECOGNISED_RETRIES
}

/// Reasons of an error (`[[outcome.error]] reason`) that are not the prompt's fault.
const TRANSIENT: &[&str] = &["usage_limit", "not_logged_in", "overloaded", "connection"];

fn out_of_service(reason: &str) -> Option<(OutOfService, Option<std::time::Duration>)> {
    match reason {
        "usage_limit" => Some((OutOfService::UsageLimit, Some(limits::USAGE_LIMIT_PAUSE))),
        "not_logged_in" => Some((OutOfService::NotLoggedIn, None)),
        _ => None,
    }
}

fn verdict(end: &TurnEnd) -> health::TurnEnd {
    match end {
        TurnEnd::Answered(turn) => match turn.outcome {
            Outcome::Ok => health::TurnEnd::Good,
            Outcome::Error if is_worth_a_retry(turn) => health::TurnEnd::Bad,
            // Python's exception is not python's illness.
            Outcome::Error => health::TurnEnd::Good,
            // The end of its process is the supervisor's affair, and a fresh one is well.
            Outcome::Exited | Outcome::Blocked | Outcome::Interrupted => health::TurnEnd::Neither,
            Outcome::TimedOut | Outcome::Unknown => health::TurnEnd::Bad,
        },
        TurnEnd::Refused(_) | TurnEnd::NotTyped => health::TurnEnd::Neither,
    }
}

fn ended(end: &TurnEnd) -> Ended {
    match end {
        TurnEnd::Answered(turn) => match turn.outcome {
            Outcome::Ok | Outcome::Error => Ended::Answered,
            Outcome::Exited | Outcome::TimedOut | Outcome::Unknown => Ended::Failed,
            Outcome::Blocked | Outcome::Interrupted => Ended::Abandoned,
        },
        TurnEnd::Refused(_) | TurnEnd::NotTyped => Ended::Abandoned,
    }
}
