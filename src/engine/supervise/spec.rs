//! What a child is promised: when it is started again, how long it may take, how it is stopped.

use std::collections::BTreeSet;
use std::time::Duration;

use super::backoff::Backoff;
use super::intensity::Intensity;

/// Which ends are followed by another start. The words and their meaning are OTP's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Restart {
    /// Every end.
    #[default]
    Permanent,
    /// An end that is neither exit code 0 nor expected.
    Transient,
    /// None.
    Temporary,
}

impl Restart {
    pub const fn as_str(self) -> &'static str {
        match self {
            Restart::Permanent => "permanent",
            Restart::Transient => "transient",
            Restart::Temporary => "temporary",
        }
    }
}

/// How long a stop may take. The rungs themselves (quit input, SIGHUP, SIGTERM, SIGKILL of the tree) are the driver's; these times watch
/// over it, so give the ladder with its grace a little less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopPlan {
    /// The ladder from its first rung; then the grace is skipped.
    pub grace: Duration,
    /// From there on; then the stop is given up and the child is [`Stuck`](super::Phase::Stuck).
    pub kill_within: Duration,
}

impl Default for StopPlan {
    fn default() -> StopPlan {
        StopPlan {
            grace: Duration::from_secs(10),
            kill_within: Duration::from_secs(5),
        }
    }
}

/// One child's contract.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildSpec {
    pub restart: Restart,
    /// From the start to ready; one that takes longer is stopped, and that counts as a failure. Time in which it is blocked does not count.
    pub ready_within: Duration,
    pub stop: StopPlan,
    /// Exit codes after which another start is pointless (wrong version, bad configuration): `failed` at once. An expected exit is not
    /// looked up here.
    pub permanent_exits: BTreeSet<i32>,
    pub intensity: Intensity,
    pub backoff: Backoff,
    /// A child that was ready for this long is started again at once, another after a back-off.
    pub stable_after: Duration,
}

impl Default for ChildSpec {
    fn default() -> ChildSpec {
        ChildSpec {
            restart: Restart::Permanent,
            ready_within: Duration::from_secs(60),
            stop: StopPlan::default(),
            permanent_exits: BTreeSet::new(),
            intensity: Intensity::default(),
            backoff: Backoff::default(),
            stable_after: Duration::from_secs(1),
        }
    }
}

/// What holds for a group as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSpec {
    /// Restarts of all children together: the brake against a fault that hits every one of them. The child that would exceed it fails;
    /// the others go on (OTP stops them all, but an instance that works is worth keeping).
    pub intensity: Option<Intensity>,
    /// Stopping everything in order; then all that is left is told to skip the grace.
    pub stop_within: Duration,
}

impl Default for GroupSpec {
    fn default() -> GroupSpec {
        GroupSpec {
            intensity: None,
            stop_within: Duration::from_secs(30),
        }
    }
}
