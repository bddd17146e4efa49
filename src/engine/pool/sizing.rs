//! How many members there are, and which of them go: spares, recycling, shrinking.

use crate::engine::ids::InstanceId;
use crate::engine::time::Time;

use super::member::{Member, MemberState, Then};
use super::{Action, Pool};

impl Pool {
    /// Asks for what is missing and lets go what is too much. After every change, and at the deadlines of members.
    pub(super) fn size(&mut self, now: Time) {
        self.sized_at = now;
        self.retire_beyond_most();
        self.retire_idle(now);
        self.recycle_worn(now);
        self.spawn_missing();
    }

    /// The highest numbers go first: those that stay keep theirs, from 0 on.
    fn retire_beyond_most(&mut self) {
        let beyond = self.staying().saturating_sub(self.options.most);
        let staying = self
            .members
            .iter()
            .rev()
            .filter(|(_, member)| !member.is_leaving());
        let beyond: Vec<InstanceId> = staying.map(|(&id, _)| id).take(beyond as usize).collect();
        for id in beyond {
            self.retire(id);
        }
    }

    fn retire_idle(&mut self, now: Time) {
        let Some(timeout) = self.options.idle_timeout else {
            return;
        };
        let above_minimum = self.staying().saturating_sub(self.options.minimum);
        let spare = self.count(|member| member.idle_since().is_some());
        let most = above_minimum.min(spare.saturating_sub(self.needed_idle()));
        let idle = self
            .members
            .iter()
            .rev()
            .filter(|(_, member)| member.idle_since().is_some_and(|since| since + timeout <= now));
        let idle: Vec<InstanceId> = idle.map(|(&id, _)| id).take(most as usize).collect();
        for id in idle {
            self.retire(id);
        }
    }

    pub(super) fn retire(&mut self, id: InstanceId) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        match &mut member.state {
            MemberState::Retiring => {}
            MemberState::Leased { then, .. } => *then = Then::Retire,
            MemberState::Starting
            | MemberState::Idle { .. }
            | MemberState::Out
            | MemberState::Recycling { .. } => {
                member.state = MemberState::Retiring;
                self.actions.push_back(Action::Retire { id });
            }
        }
    }

    /// The longest ready first; only free ones, only as many at once as allowed, never so many that fewer than `keep_ready` are left.
    fn recycle_worn(&mut self, now: Time) {
        let recycling = self.count(|member| matches!(member.state, MemberState::Recycling { .. }));
        let at_once = self.options.recycle_at_once.saturating_sub(recycling);
        let spare = self
            .count(Member::is_ready)
            .saturating_sub(self.options.keep_ready());
        let idle = self
            .members
            .iter()
            .filter(|(_, member)| member.idle_since().is_some());
        let mut worn: Vec<_> = idle
            .filter_map(|(&id, member)| Some((member.ready_at, id, member.worn(&self.options, now)?)))
            .collect();
        worn.sort_unstable_by_key(|&(ready_at, id, _)| (ready_at, id));
        for (_, id, reason) in worn.into_iter().take(at_once.min(spare) as usize) {
            if let Some(member) = self.members.get_mut(&id) {
                member.state = MemberState::Recycling { reason };
                member.renew();
                self.actions.push_back(Action::Recycle { id, reason });
            }
        }
    }

    fn spawn_missing(&mut self) {
        let idle = self.count(|member| member.idle_since().is_some() || member.is_coming());
        let for_idle = self.needed_idle().saturating_sub(idle);
        let for_minimum = self.options.minimum.saturating_sub(self.staying());
        let for_minimum = if self.closed { 0 } else { for_minimum };
        let size = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        let room = self.options.most.saturating_sub(size);
        for _ in 0..for_idle.max(for_minimum).min(room) {
            let id = self.lowest_free();
            self.members.insert(id, Member::starting());
            self.actions.push_back(Action::Spawn { id });
        }
    }

    /// One for each waiter that any instance would serve, and the spares.
    fn needed_idle(&self) -> u32 {
        let waiting = u32::try_from(self.queue.unbound()).unwrap_or(u32::MAX);
        let spares = if self.closed { 0 } else { self.options.min_idle };
        waiting.saturating_add(spares)
    }

    fn lowest_free(&self) -> InstanceId {
        let taken = self.members.keys().zip(0..).take_while(|&(id, n)| id.0 == n);
        InstanceId(taken.count() as u32)
    }

    /// Members that are not on their way out.
    fn staying(&self) -> u32 {
        self.count(|member| !member.is_leaving())
    }

    pub(super) fn count(&self, of: impl Fn(&Member) -> bool) -> u32 {
        self.members.values().filter(|member| of(member)).count() as u32
    }
}
