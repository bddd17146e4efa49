//! How many members, how long they are used, how many may wait.

use std::time::Duration;

use crate::engine::limits;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    /// Members that there are whatever there is to do.
    pub minimum: u32,
    /// Members that there are at most, whatever their state.
    pub most: u32,
    /// Free members kept on top of what is leased, as far as `most` allows: warm spares.
    pub min_idle: u32,
    /// A member above `minimum` that is free for so long, and no spare, goes.
    pub idle_timeout: Option<Duration>,
    /// A process that has been ready for so long is replaced when it is free.
    pub max_age: Option<Duration>,
    /// A process that has had so many turns is replaced when it is free.
    pub max_turns: Option<u32>,
    /// Members that are replaced at a time; 0 for none ever.
    pub recycle_at_once: u32,
    /// Ready members (free or leased) that recycling leaves; at most `most` - 1 counts, as otherwise nothing could ever be replaced.
    pub keep_ready: u32,
    /// Tickets that wait at most. Each waits at least until the next `poll_grant`, so 0 admits nobody.
    pub queue_limit: usize,
    /// Priority rises by one for each such time waited.
    pub ageing: Duration,
}

impl PoolOptions {
    /// Always `count` members, of which all but one stay ready while one is recycled.
    pub fn fixed(count: u32) -> PoolOptions {
        PoolOptions {
            minimum: count,
            most: count,
            min_idle: 0,
            idle_timeout: None,
            max_age: None,
            max_turns: None,
            recycle_at_once: 1,
            keep_ready: count.saturating_sub(1),
            queue_limit: limits::POOL_QUEUE_TICKETS,
            ageing: limits::POOL_AGEING,
        }
    }

    pub(super) fn keep_ready(&self) -> u32 {
        self.keep_ready.min(self.most.saturating_sub(1))
    }
}
