//! How a cluster is, the machine's figures included.

use std::time::SystemTime;

use crate::engine::cluster::{ClusterStatus, InstanceStatus};
use crate::host::pty::Usage;

#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub tool: String,
    /// The wall clock at the engine's `Time::ZERO`.
    pub started_at: SystemTime,
    pub cluster: ClusterStatus,
    /// In the order of `cluster.instances`.
    pub processes: Vec<Option<Process>>,
}

/// The process of an instance that has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub session: String,
    pub pid: u32,
    /// The rule of its protocol that says what it shows.
    pub rule: String,
    /// Its own and of all it started; `None` where the platform does not tell.
    pub usage: Option<Usage>,
}

impl Status {
    /// Each instance with its process.
    pub fn instances(&self) -> impl Iterator<Item = (&InstanceStatus, Option<&Process>)> {
        let processes = self.processes.iter().map(Option::as_ref);
        self.cluster.instances.iter().zip(processes)
    }

    /// `{total, alive, dead, ready}`.
    pub fn health(&self) -> HealthReport {
        let count = |of: fn(&InstanceStatus) -> bool| {
            u32::try_from(self.cluster.instances.iter().filter(|i| of(i)).count()).unwrap_or(u32::MAX)
        };
        let total = count(|_| true);
        let alive = count(|instance| instance.uptime.is_some());
        HealthReport {
            total,
            alive,
            dead: total - alive,
            ready: count(|instance| instance.fit),
        }
    }
}

/// How many instances there are, and in which condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthReport {
    pub total: u32,
    /// A process is there.
    pub alive: u32,
    pub dead: u32,
    /// Fit for prompts, or at one.
    pub ready: u32,
}
