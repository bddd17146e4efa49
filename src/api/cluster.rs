//! Many instances of one tool: how they are, what they answer, what happens to them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::response::{Exit, Response};

/// How a cluster is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cluster {
    /// Name of the tool.
    pub tool: String,
    /// RFC 3339, UTC, milliseconds.
    pub started_at: String,
    /// `round_robin`, `least_busy`, `sticky` or `random_two`.
    pub routing: String,
    /// Instances that have turns at the same time, as wished.
    pub count: u32,
    /// Ready instances kept beside them, as wished.
    pub spares: u32,
    /// Instances that there are, a process or none.
    pub total: u32,
    /// Instances whose process is there.
    pub alive: u32,
    /// Instances that are fit for prompts, or at one.
    pub ready: u32,
    /// Prompts that an instance has.
    pub in_flight: u32,
    /// Prompts that wait for an instance.
    pub queued: u64,
    /// Prompts that may wait; one more is refused.
    pub queue_limit: u64,
    /// Of the prompt that waits longest.
    pub longest_wait_ms: f64,
    /// No more prompts are accepted.
    pub closed: bool,
    pub instances: Vec<Instance>,
}

/// How one instance is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Instance {
    /// Its place in the cluster, the same through all its restarts; from 0.
    pub index: u32,
    pub tool: String,
    /// Of the process that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Of the process that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// In one word: `ready`, `busy` (it has a prompt), `recovering` (a turn has left it away from its prompt), `blocked` (it asks something),
    /// `unknown` (its screen is not one that its protocol knows), `out` (of service: see `out`), `draining`, or the `phase`.
    pub state: String,
    /// The supervisor's word: `down`, `starting`, `blocked`, `ready`, `stopping`, `stuck`, `backing_off`, `failed` or `ended`.
    pub phase: String,
    /// Its process is there.
    pub alive: bool,
    /// It could be given a prompt, or has one.
    pub fit: bool,
    /// Why it is given no prompts, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// It is out of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out: Option<OutOfService>,
    /// How its last process ended, when one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
    /// Why it is not started again, when its phase is `failed`: `too_many_restarts`, `group_restarts`, `permanent_exit`, `permanent_block`,
    /// `cannot_start` or `survivors`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Processes that were started.
    pub starts: u64,
    /// Starts that nobody asked for.
    pub restarts: u64,
    /// Turns of all its processes.
    pub turns: u64,
    /// Prompts that it has.
    pub in_flight: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_turn: Option<LastTurn>,
    /// The rule of the protocol that says what its screen shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Since the start of its process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_ms: Option<f64>,
    /// Expected length of a turn, from those that it had lately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Of its process and all that one started; absent where the platform does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// What a process and all it started use of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    pub processes: u32,
    /// Resident memory; pages that several processes share count for each of them.
    pub rss_bytes: u64,
    /// User and system time together.
    pub cpu_ms: f64,
}

/// Why an instance is given no prompts though it lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutOfService {
    /// `usage_limit`, `not_logged_in`, `blocked`, `down` (its checks fail), `breaker_open` (its turns failed), `stalled`, `probing`
    /// (one turn tries it), or the tool's own reason.
    pub reason: String,
    /// When it returns by itself, where that is known. RFC 3339, UTC, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    /// `exited`, `signaled`, `out_of_memory`, `spawn_failed`, `not_ready`, `watchdog`, `lost` or `unknown`.
    pub cause: String,
    /// Return code or signal, when there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// In words.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LastTurn {
    /// As in a response.
    pub outcome: String,
    /// The protocol's reason of an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it ended. RFC 3339, UTC, milliseconds.
    pub at: String,
    pub duration_ms: f64,
}

/// The one answer to a prompt that a cluster has accepted: a response, and how it came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// Number of the prompt; grows in order of acceptance.
    pub ticket: u64,
    /// Who gave it; absent when the prompt was never typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<u32>,
    /// How often the prompt was handed to an instance.
    pub attempts: u32,
    /// From accepted to typed, for the last time.
    pub waited_ms: f64,
    /// Why the prompt was never typed; the response then has no text, and its outcome says the same in one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_typed: Option<NotTyped>,
    #[serde(flatten)]
    pub response: Response,
}

/// One line of what `ptych pool run` prints: the answer to a prompt, or the error that kept it from being asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PoolLine {
    /// The prompt's own, a string or a number, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<serde_json::Value>,
    /// Where the prompt stands; absent for standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// From 1, blank lines counted.
    pub line: u64,
    /// There is no answer because of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotTyped {
    /// `waited_too_long`, `shut_down`, `withdrawn`, `instance_gone`, `all_failed` or `refused`.
    pub reason: String,
    /// In words.
    pub text: String,
}

/// Something that happened in a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterEvent {
    /// RFC 3339, UTC, milliseconds.
    pub at: String,
    #[serde(flatten)]
    pub body: ClusterEventBody,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ClusterEventBody {
    Accepted {
        ticket: u64,
    },
    /// The prompt goes to this instance.
    Typed {
        ticket: u64,
        instance: u32,
        /// From 1.
        attempt: u32,
        waited_ms: f64,
    },
    /// It was lost with its instance, or never reached it, and waits for another.
    Retried {
        ticket: u64,
        instance: u32,
        /// How the turn ended; absent when nothing was typed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<String>,
    },
    /// The ticket is over; its answer was told before.
    Finished {
        ticket: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instance: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_typed: Option<NotTyped>,
    },
    Answered {
        answer: Box<Answer>,
    },
    /// A step in an instance's life.
    Instance {
        instance: u32,
        /// One more at each start, over all instances.
        epoch: u64,
        /// `starting`, `started`, `ready`, `blocked`, `unblocked`, `stopping`, `grace_skipped`, `stuck`, `exited`, `restarting`, `stopped`,
        /// `ended`, `failed` or `removed`.
        step: String,
        /// Since the start, for `ready` and `exited`; until the start, for `restarting`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_ms: Option<f64>,
        /// How the process ended, for `exited`, `restarting` and `ended`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ended: Option<Ended>,
        /// What it asks, for `blocked`; why, for `stopping` and `failed`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// What is thought of an instance's health has changed.
    Health {
        instance: u32,
        /// `healthy`, `degraded`, `down`, `breaker_open`, `breaker_half_open`, `breaker_closed`, `out_of_service`, `back_in_service`,
        /// `stalled` or `progress_again`.
        is: String,
        /// For `out_of_service` and `breaker_open`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        out: Option<OutOfService>,
    },
    /// Its process is replaced by a fresh one.
    Recycled {
        instance: u32,
        /// `age` or `turns`.
        reason: String,
    },
    /// It gets nothing new.
    Draining {
        instance: u32,
    },
    Scaled {
        from: u32,
        to: u32,
    },
    /// No more prompts are accepted.
    Closed,
}
