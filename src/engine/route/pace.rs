//! Round-robin where some are quicker, or are lost now and then: nobody gets far ahead of one that is still at it, or soon back.
//!
//! With one turn at a time, whoever is free first would be served first, and the quick would have more turns than the slow. So an instance
//! that is `lead` turns ahead of a busy one waits for it. One whose turn takes far longer than usual is not waited for. The same for one that
//! is being started again: it is waited for as long as such absences usually take, and some more; where they take long anyway, not at all.
//! What somebody misses meanwhile beyond twice the lead is forgiven (`Rotation::count`), so nobody waits for long while it catches up.
//! Each wait ends by the clock, whatever becomes of the instance.

use std::collections::BTreeMap;
use std::time::Duration;

use super::field::{Availability, Candidate};
use super::load::Load;
use super::policy::{Open, Rotation};
use super::reason::NoneReason;
use crate::engine::ids::InstanceId;
use crate::engine::limits::{ROUTE_ABSENCE_MOST, ROUTE_STRAGGLER_AFTER, ROUTE_STRAGGLER_TIMES};
use crate::engine::time::Time;

/// How long instances that are started again are away.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Absences {
    /// A moving mean; of one tool all are alike.
    usual: Option<Duration>,
}

impl Absences {
    pub(super) fn learn(&mut self, took: Duration) {
        self.usual = Some(self.usual.map_or(took, |usual| (usual * 3 + took) / 4));
    }

    /// How long an absence is waited for.
    fn patience(self) -> Option<Duration> {
        let usual = self.usual.unwrap_or_default();
        let patience = usual.saturating_mul(ROUTE_STRAGGLER_TIMES);
        (usual <= ROUTE_ABSENCE_MOST).then_some(patience.clamp(ROUTE_STRAGGLER_AFTER, ROUTE_ABSENCE_MOST))
    }
}

pub(super) struct Pace<'a> {
    pub(super) lead: u32,
    pub(super) now: Time,
    pub(super) loads: &'a BTreeMap<InstanceId, Load>,
    pub(super) absences: Absences,
}

impl Pace<'_> {
    /// Takes those that must wait out of `open`.
    pub(super) fn hold(
        &self,
        open: &mut Vec<Open>,
        candidates: &[Candidate],
        rotation: &Rotation,
    ) -> Result<(), NoneReason> {
        let waited_for: Vec<(u64, Time)> = candidates
            .iter()
            .filter_map(|candidate| {
                let until = self.waited_for_until(candidate)?;
                // A new one starts level, and is not waited for.
                Some((rotation.known(candidate.id)?, until))
            })
            .filter(|(_, until)| self.now < *until)
            .collect();
        let mut until = None;
        let before = open.len();
        open.retain(|open| {
            let held_by = |(served, _): &&(u64, Time)| {
                rotation.served(open.id) >= served.saturating_add(u64::from(self.lead))
            };
            let held_until = waited_for.iter().filter(held_by).map(|(_, until)| *until).max();
            until = [until, held_until].into_iter().flatten().min();
            held_until.is_none()
        });
        if before > 0 && open.is_empty() {
            return Err(NoneReason::Ahead { until });
        }
        Ok(())
    }

    fn waited_for_until(&self, candidate: &Candidate) -> Option<Time> {
        match candidate.availability {
            Availability::Ready | Availability::Probe | Availability::Taken => {
                self.turn_ends_until(candidate.id)
            }
            Availability::Starting { since } => Some(since + self.absences.patience()?),
            Availability::Blocked { .. } | Availability::Draining | Availability::Failed => None,
        }
    }

    /// For a busy one: when its turn takes too long.
    fn turn_ends_until(&self, id: InstanceId) -> Option<Time> {
        let load = self.loads.get(&id).filter(|load| load.in_flight > 0)?;
        let usual = load.latency.expected(self.now);
        let patience: Duration = (usual * ROUTE_STRAGGLER_TIMES).max(ROUTE_STRAGGLER_AFTER);
        load.last_typed.map(|typed| typed + patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ids::TicketId;
    use crate::engine::limits::ROUTE_LEAD_TURNS;
    use crate::engine::route::{Router, RouterOptions, Wish};

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Turns that instance 0 has while instance 1 is away, and until when it waits then.
    fn turns_while_away(router: &mut Router, away: Availability, now: Time) -> (u32, Option<Time>) {
        let candidates = [(0, Availability::Ready), (1, away)].map(|(id, availability)| Candidate {
            id: InstanceId(id),
            availability,
        });
        for turns in 0..100 {
            let ticket = TicketId(1000 + u64::from(turns));
            router.accept(ticket, Wish::default());
            match router.choose(ticket, &candidates, now) {
                Ok(_) => router.finish(ticket, super::super::Ended::Abandoned, now),
                Err(none) => return (turns, none.ask_again_at()),
            }
        }
        (100, None)
    }

    fn router(absences: &[Duration]) -> Router {
        let mut router = Router::new(RouterOptions {
            lead: Some(ROUTE_LEAD_TURNS),
            ..RouterOptions::default()
        });
        for absence in absences {
            router.returned(*absence);
        }
        // Both have had a turn.
        let candidates = [0, 1].map(|id| Candidate {
            id: InstanceId(id),
            availability: Availability::Ready,
        });
        for n in 0..2 {
            router.accept(TicketId(n), Wish::default());
            router
                .choose(TicketId(n), &candidates, Time::ZERO)
                .expect("ready");
            router.finish(TicketId(n), super::super::Ended::Abandoned, Time::ZERO);
        }
        router
    }

    #[test]
    fn one_that_is_started_again_is_waited_for_as_long_as_that_usually_takes_and_some_more() {
        let away = Availability::Starting { since: Time::ZERO };
        let until = |absences: &[Duration]| turns_while_away(&mut router(absences), away, Time(ms(100))).1;
        assert_eq!(until(&[]), Some(Time(ROUTE_STRAGGLER_AFTER)));
        assert_eq!(until(&[ms(300), ms(300)]), Some(Time(ms(1_200))));
        assert_eq!(until(&[ms(3_000)]), Some(Time(ROUTE_ABSENCE_MOST)));
        assert_eq!(until(&[ms(6_000)]), None, "that is no use");
        assert_eq!(until(&[ms(6_000), ms(1_000)]), Some(Time(ROUTE_ABSENCE_MOST)));
    }

    #[test]
    fn the_others_are_the_lead_ahead_and_go_on_when_it_does_not_come() {
        let since = Time(ms(100));
        let mut router = router(&[]);
        let away = Availability::Starting { since };
        let (turns, until) = turns_while_away(&mut router, away, since);
        assert_eq!(
            (turns, until),
            (ROUTE_LEAD_TURNS, Some(since + ROUTE_STRAGGLER_AFTER))
        );
        let later = since + ROUTE_STRAGGLER_AFTER;
        assert_eq!(turns_while_away(&mut router, away, later), (100, None));
    }

    #[test]
    fn whoever_is_out_for_another_reason_is_not_waited_for() {
        for out in [
            Availability::Blocked { since: Time::ZERO },
            Availability::Draining,
            Availability::Failed,
        ] {
            assert_eq!(
                turns_while_away(&mut router(&[]), out, Time(ms(1))),
                (100, None),
                "{out:?}"
            );
        }
    }
}
