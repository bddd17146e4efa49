//! What a caller may choose for a cluster; every default is right for three instances of an ordinary tool.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::cluster;
use crate::engine::health::HealthSpec;
use crate::engine::ids::InstanceId;
use crate::engine::limits;
use crate::engine::route::{BudgetOptions, Routing};
use crate::engine::supervise::{Backoff, Intensity, Restart};
use crate::host::options::{AskOptions, Options, StopOptions};

/// Changes the options of one instance: its own working directory, account, recording.
pub type PerInstance = Arc<dyn Fn(InstanceId, &mut Options) + Send + Sync>;

/// How a cluster is launched.
#[derive(Clone)]
pub struct ClusterOptions {
    /// Instances that have turns at the same time.
    pub count: u32,
    /// Ready instances kept beside them: when one is lost the next prompt does not wait for a start.
    pub spares: u32,
    /// Round-robin unless it is chosen, so that instances are used evenly, as with `ClusterManager`; `pool run` takes the least busy, so that
    /// a batch is done soon.
    pub routing: Routing,
    /// How every session is started.
    pub session: Options,
    /// What is different from instance to instance.
    pub per_instance: Option<PerInstance>,
    pub restart: Restart,
    /// So many restarts within such a time, and one more makes the instance `failed`.
    pub intensity: Intensity,
    pub backoff: Backoff,
    /// Exit codes after which another start is pointless.
    pub permanent_exits: Vec<i32>,
    pub health: HealthSpec,
    /// Prompts that wait at most; one more is refused.
    pub max_queue: usize,
    /// Answers that nobody has taken yet, at most; then prompts are refused until somebody does.
    pub max_unread: usize,
    /// A process is replaced after so many turns, when it is free.
    pub max_turns: Option<u32>,
    /// A process is replaced when it has been ready for so long, when it is free.
    pub max_age: Option<Duration>,
    /// Tries of a prompt that may be retried, the first included.
    pub attempts: u32,
    pub budget: BudgetOptions,
    /// How long a key's prompts wait for their instance to come back (sticky routing), before another takes them.
    pub key_wait: Duration,
    /// How long an instance may take to be ready again after a turn that has left it otherwise; then it is replaced.
    pub recover_within: Duration,
    /// How long an instance may wait for a person's decision before it is replaced; `None`: as long as it takes.
    pub blocked_within: Option<Duration>,
    /// How long a tool that has been stopped by a signal may stand still within a turn before it is replaced; `None` does not look.
    pub stopped_within: Option<Duration>,
    /// How instances are stopped.
    pub stop: StopOptions,
    /// Of everything that is left to chance (back-off, random-two); `None` takes one from the clock.
    pub seed: Option<u64>,
}

impl ClusterOptions {
    pub fn new(count: u32) -> ClusterOptions {
        let engine = cluster::ClusterOptions::new(count);
        ClusterOptions {
            count,
            spares: 0,
            routing: Routing::default(),
            session: Options::default(),
            per_instance: None,
            restart: engine.child.restart,
            intensity: engine.child.intensity,
            backoff: engine.child.backoff,
            permanent_exits: Vec::new(),
            health: engine.health,
            max_queue: engine.queue_limit,
            max_unread: limits::CLUSTER_UNREAD_ANSWERS,
            max_turns: None,
            max_age: None,
            attempts: engine.attempts,
            budget: engine.budget,
            key_wait: engine.key_wait,
            recover_within: engine.recover_within,
            blocked_within: None,
            stopped_within: Some(Duration::from_secs(2)),
            stop: StopOptions::default(),
            seed: None,
        }
    }
}

impl Default for ClusterOptions {
    fn default() -> ClusterOptions {
        ClusterOptions::new(3)
    }
}

impl fmt::Debug for ClusterOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterOptions")
            .field("count", &self.count)
            .field("spares", &self.spares)
            .field("routing", &self.routing)
            .finish_non_exhaustive()
    }
}

/// How one prompt is sent.
#[derive(Clone, Debug, Default)]
pub struct SendOptions {
    /// Prompts with the same key are one conversation: their turns stay in order, and sticky routing keeps them at one instance.
    pub key: Option<String>,
    /// This instance and no other.
    pub instance: Option<u32>,
    /// It may be typed again at another instance when its own was lost with it. Leave it off for prompts whose effect must not happen twice.
    pub retryable: bool,
    /// More is sooner.
    pub priority: u8,
    /// Those who share the cluster take turns by this number.
    pub caller: u64,
    /// How long it may wait to be typed; without end when `None`.
    pub wait: Option<Duration>,
    /// The turn's own limit and the like.
    pub ask: AskOptions,
    /// Wait for a place in the queue instead of being refused.
    pub when_full: WhenFull,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    #[default]
    Refuse,
    Wait,
}
