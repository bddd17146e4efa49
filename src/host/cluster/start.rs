//! Bringing a cluster into being.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{broadcast, mpsc};

use super::Cluster;
use super::driver::Driver;
use super::mailbox::Mailbox;
use super::options::ClusterOptions;
use crate::engine::cluster::{self, Cluster as Machine};
use crate::engine::protocol::{Problems, Spec, builtin};
use crate::engine::route::Routing;
use crate::engine::supervise::{ChildSpec, GroupSpec, StopPlan};
use crate::engine::time::Time;
use crate::host::error::LaunchError;
use crate::host::pty::Timer;

/// Commands that wait for the task; a sender waits when it is full.
const COMMANDS: usize = 64;
/// Events that a slow follower may be behind before it is told that it lags.
const EVENTS: usize = 1024;
/// Between a session's own time to become ready and the supervisor's: the session knows better why.
const READY_MARGIN: Duration = Duration::from_secs(2);
/// The same for its stop ladder.
const STOP_MARGIN: Duration = Duration::from_secs(3);

/// Launches `count` instances of a tool whose protocol is built in, as `launch_cluster(tool_id, count, routing)` of the predecessor did.
///
/// # Errors
///
/// There is no such protocol, or the tool could not be started.
pub fn launch_cluster(tool: &str, count: u32, routing: Routing) -> Result<Cluster, LaunchClusterError> {
    let spec = builtin::load(tool)?;
    let options = ClusterOptions {
        routing,
        ..ClusterOptions::new(count)
    };
    Ok(Cluster::launch(Arc::new(spec), options)?)
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchClusterError {
    #[error(transparent)]
    Protocol(#[from] Problems),
    #[error(transparent)]
    Launch(#[from] LaunchError),
}

#[expect(
    clippy::disallowed_methods,
    reason = "a cluster's clock starts with its launch"
)]
pub(super) fn launch(spec: Arc<Spec>, options: ClusterOptions) -> Result<Cluster, LaunchError> {
    let runtime = tokio::runtime::Handle::try_current().map_err(|_| LaunchError::NoRuntime)?;
    let timer = Timer::new().map_err(|source| LaunchError::Pty { source })?;
    let (commands_tx, commands) = mpsc::channel(COMMANDS);
    let (report_tx, reports) = mpsc::unbounded_channel();
    let (returns, returned) = mpsc::unbounded_channel();
    let mut driver = Driver {
        machine: Machine::new(engine_options(&spec, &options), Time::ZERO),
        spec: Arc::clone(&spec),
        options,
        timer,
        origin: Instant::now(),
        started_at: SystemTime::now(),
        commands,
        reports,
        report_tx,
        sessions: BTreeMap::new(),
        pending: BTreeMap::new(),
        mailbox: Mailbox::new(returns),
        returned,
        at_the_door: VecDeque::new(),
        events: broadcast::Sender::new(EVENTS),
        drained: Vec::new(),
        ready: Vec::new(),
        stopping: None,
        stopped: None,
        first_failure: None,
        look_at: None,
    };
    // The first instances are started here, so that a tool that is not there is an error and not an event.
    driver.perform();
    if driver.sessions.is_empty()
        && let Some(error) = driver.first_failure.take()
    {
        return Err(error);
    }
    runtime.spawn(driver.run());
    Ok(Cluster {
        commands: commands_tx,
        spec,
    })
}

fn engine_options(spec: &Spec, options: &ClusterOptions) -> cluster::ClusterOptions {
    let engine = cluster::ClusterOptions::new(options.count);
    let ready_within = options.session.ready_within.unwrap_or(spec.spawn.ready_within);
    let ladder = spec.exit.within + options.stop.grace;
    let stop = StopPlan {
        grace: ladder + STOP_MARGIN,
        ..StopPlan::default()
    };
    cluster::ClusterOptions {
        spares: options.spares,
        routing: options.routing,
        child: ChildSpec {
            restart: options.restart,
            ready_within: ready_within + READY_MARGIN,
            stop,
            permanent_exits: options.permanent_exits.iter().copied().collect(),
            intensity: options.intensity,
            backoff: options.backoff,
            ..ChildSpec::default()
        },
        group: GroupSpec {
            stop_within: ladder + STOP_MARGIN + STOP_MARGIN,
            ..GroupSpec::default()
        },
        health: options.health,
        queue_limit: options.max_queue,
        max_turns: options.max_turns,
        max_age: options.max_age,
        attempts: options.attempts,
        budget: options.budget,
        key_wait: options.key_wait,
        recover_within: options.recover_within,
        blocked_within: options.blocked_within,
        seed: options.seed.unwrap_or_else(chance),
        ..engine
    }
}

fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}
