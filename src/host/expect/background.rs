//! Patterns that are seen whether or not anybody waits.

use tokio::sync::mpsc;

use crate::engine::expect::{Found, GroupId};

/// What `Session::background` has seen; dropping it ends the looking.
#[derive(Debug)]
pub struct Background {
    group: GroupId,
    seen: mpsc::Receiver<Found>,
}

impl Background {
    /// Matches that wait to be taken; those beyond are dropped.
    pub const KEPT: usize = 1024;

    pub(super) fn new(group: GroupId, seen: mpsc::Receiver<Found>) -> Background {
        Background { group, seen }
    }

    pub fn group(&self) -> GroupId {
        self.group
    }

    /// The next match in the order of the output; `None` when the tool has ended and nothing is left.
    pub async fn next(&mut self) -> Option<Found> {
        self.seen.recv().await
    }

    /// What has been seen already, without waiting.
    pub fn try_next(&mut self) -> Option<Found> {
        self.seen.try_recv().ok()
    }
}
