//! The open turns of one key, in the order of their tickets.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::ids::{InstanceId, TicketId};

use super::reason::{KeyWait, NoneReason};

#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    waiting: BTreeSet<TicketId>,
    placed: BTreeMap<TicketId, InstanceId>,
}

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.placed.is_empty()
    }

    pub(super) fn wait(&mut self, ticket: TicketId) {
        self.placed.remove(&ticket);
        self.waiting.insert(ticket);
    }

    pub(super) fn place(&mut self, ticket: TicketId, at: Option<InstanceId>) {
        let Some(at) = at else {
            return self.wait(ticket);
        };
        self.waiting.remove(&ticket);
        self.placed.insert(ticket, at);
    }

    pub(super) fn leave(&mut self, ticket: TicketId) {
        self.waiting.remove(&ticket);
        self.placed.remove(&ticket);
    }

    /// The instance that has turns of this key, if one has, once it is this waiting ticket's turn.
    pub(super) fn held_before(&self, ticket: TicketId) -> Result<Option<InstanceId>, NoneReason> {
        match self.waiting.first() {
            Some(&first) if first < ticket => Err(NoneReason::KeyWaits(KeyWait::Before(first))),
            _ => Ok(self.placed.values().next_back().copied()),
        }
    }
}
