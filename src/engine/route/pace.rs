//! Round-robin where some are quicker: nobody gets far ahead of one that is still at it.
//!
//! With one turn at a time, whoever is free first would be served first, and the quick would have more turns than the slow. So an instance
//! that is `lead` turns ahead of a busy one waits for it. One whose turn takes far longer than usual is not waited for; what it misses
//! meanwhile beyond twice the lead is forgiven (`Rotation::count`), so nobody waits for long while it catches up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::load::Load;
use super::policy::{Open, Rotation};
use super::reason::NoneReason;
use crate::engine::ids::InstanceId;
use crate::engine::limits::{ROUTE_STRAGGLER_AFTER, ROUTE_STRAGGLER_TIMES};
use crate::engine::time::Time;

pub(super) struct Pace<'a> {
    pub(super) lead: u32,
    pub(super) now: Time,
    pub(super) loads: &'a BTreeMap<InstanceId, Load>,
}

impl Pace<'_> {
    /// Takes those that must wait out of `open`.
    pub(super) fn hold(
        &self,
        open: &mut Vec<Open>,
        present: &BTreeSet<InstanceId>,
        rotation: &Rotation,
    ) -> Result<(), NoneReason> {
        let at_it: Vec<(u64, Time)> = present
            .iter()
            .filter_map(|id| Some((rotation.served(*id), self.waited_for_until(*id)?)))
            .collect();
        let mut until = None;
        let before = open.len();
        open.retain(|open| {
            let held_by = |(served, _): &&(u64, Time)| {
                rotation.served(open.id) >= served.saturating_add(u64::from(self.lead))
            };
            let held_until = at_it.iter().filter(held_by).map(|(_, until)| *until).max();
            until = [until, held_until].into_iter().flatten().min();
            held_until.is_none()
        });
        if before > 0 && open.is_empty() {
            return Err(NoneReason::Ahead { until });
        }
        Ok(())
    }

    /// For a busy one that does not take too long: when it does.
    fn waited_for_until(&self, id: InstanceId) -> Option<Time> {
        let load = self.loads.get(&id).filter(|load| load.in_flight > 0)?;
        let usual = load.latency.expected(self.now);
        let patience: Duration = (usual * ROUTE_STRAGGLER_TIMES).max(ROUTE_STRAGGLER_AFTER);
        load.last_typed
            .map(|typed| typed + patience)
            .filter(|until| self.now < *until)
    }
}
