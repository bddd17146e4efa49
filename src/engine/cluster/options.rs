//! What a cluster is told at the start, and what it is asked to do.

use std::time::Duration;

use crate::engine::health::HealthSpec;
use crate::engine::limits;
use crate::engine::pool::CallerId;
use crate::engine::route::{BudgetOptions, Routing, Wish};
use crate::engine::supervise::{ChildSpec, GroupSpec};

/// How many instances, and what they are promised. Every default is right for a handful of instances of an ordinary tool.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// Instances that have turns at the same time.
    pub count: u32,
    /// Ready instances kept beside them: one that is lost is replaced at once, and started again behind the scenes.
    pub spares: u32,
    pub routing: Routing,
    pub child: ChildSpec,
    pub group: GroupSpec,
    pub health: HealthSpec,
    /// Prompts that wait at most; one more is refused.
    pub queue_limit: usize,
    /// A process that has had so many turns is replaced when it is free.
    pub max_turns: Option<u32>,
    /// A process that has been ready for so long is replaced when it is free.
    pub max_age: Option<Duration>,
    /// Tries of a prompt that may be retried, the first included.
    pub attempts: u32,
    pub budget: BudgetOptions,
    /// How long an instance may take to be ready again when a turn has left it otherwise; then it is replaced.
    pub recover_within: Duration,
    /// How long an instance may wait for a person's decision before it is replaced; `None`: as long as it takes.
    pub blocked_within: Option<Duration>,
    /// How long a key's prompts wait for their instance to be back (sticky routing).
    pub key_wait: Duration,
    /// Of everything that is left to chance.
    pub seed: u64,
}

impl ClusterOptions {
    pub fn new(count: u32) -> ClusterOptions {
        ClusterOptions {
            count,
            spares: 0,
            routing: Routing::default(),
            child: ChildSpec::default(),
            group: GroupSpec::default(),
            health: HealthSpec::default(),
            queue_limit: limits::POOL_QUEUE_TICKETS,
            max_turns: None,
            max_age: None,
            attempts: 3,
            budget: BudgetOptions::default(),
            recover_within: Duration::from_secs(5),
            blocked_within: None,
            key_wait: limits::ROUTE_KEY_WAIT,
            seed: 0,
        }
    }

    /// Processes that there are in all.
    pub(super) fn processes(&self) -> u32 {
        self.count.saturating_add(self.spares)
    }
}

/// A prompt, or the loan of an instance, as the cluster sees it: not its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Those who share the cluster fairly.
    pub caller: CallerId,
    /// More is sooner.
    pub priority: u8,
    /// A key, or one instance.
    pub wish: Wish,
    /// It may be typed again elsewhere when an instance was lost with it.
    pub retryable: bool,
    /// How long it may wait to be typed.
    pub wait: Option<Duration>,
    pub kind: OrderKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderKind {
    /// One turn.
    Prompt,
    /// The instance itself, for so long at most.
    Loan { lasting: Option<Duration> },
}

impl Order {
    pub fn prompt() -> Order {
        Order {
            caller: CallerId::default(),
            priority: 0,
            wish: Wish::default(),
            retryable: false,
            wait: None,
            kind: OrderKind::Prompt,
        }
    }
}
