//! What comes in and what goes out.

use std::time::Duration;

use super::state::{ExitCause, FailReason, StopReason};
use crate::engine::ids::{Epoch, InstanceId};
use crate::engine::time::Time;

/// What the driver says of one life; it names the life by child and epoch.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// The process is there.
    Started,
    /// It is not, and there is nothing to stop; the life is over.
    StartFailed {
        reason: String,
        /// Another try cannot work either.
        permanent: bool,
    },
    /// The protocol's idle prompt was seen, for the first time in this life.
    Ready,
    /// Before it was ever ready it shows something that a person must answer.
    Blocked {
        reason: String,
        /// No answer helps (not logged in, wrong version).
        permanent: bool,
    },
    /// What blocked it was answered; it goes on starting, with all its time anew.
    Unblocked,
    /// Somebody's watchdog has given it up while it lives: it is stopped, and that counts as a failure.
    Hung { reason: String },
    /// The tool has ended and what it left behind was swept: the life is over, whatever the state. This is also the answer to a stop.
    Exited {
        cause: ExitCause,
        /// Its user told it to leave; counts as a normal end.
        expected: bool,
        /// Processes that could not be ended.
        survivors: u32,
    },
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Taken,
    /// Of a life that is over, or of a child that is no more; nothing was changed.
    Stale,
}

/// What the driver must do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Start the tool; answered by `Started` or `StartFailed`.
    Start { child: InstanceId, epoch: Epoch },
    /// Climb the stop ladder; answered by `Exited`. Comes a second time with `skip_grace` when it takes too long or somebody hurries.
    Stop {
        child: InstanceId,
        epoch: Epoch,
        skip_grace: bool,
    },
    /// Tell whoever listens.
    Event(Event),
    /// Everything that `stop_all` could stop is stopped.
    AllStopped(AllStopped),
}

/// How `stop_all` came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllStopped {
    pub at: Time,
    /// Children whose stop was given up.
    pub stuck: Vec<InstanceId>,
    /// Processes that the children stopped meanwhile left behind.
    pub survivors: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub at: Time,
    pub child: InstanceId,
    /// Of the life that is meant, or the last one.
    pub epoch: Epoch,
    pub kind: EventKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// A start was asked of the driver.
    Starting,
    /// The process is there.
    Started,
    Ready {
        /// Since the start.
        after: Duration,
    },
    Blocked {
        reason: String,
    },
    Unblocked,
    Stopping(StopReason),
    /// A stop took too long, or somebody hurried.
    GraceSkipped,
    /// A stop was given up; the life stays open.
    Stuck,
    /// The life is over.
    Exited {
        cause: ExitCause,
        expected: bool,
        survivors: u32,
        /// Since the start.
        lived: Duration,
    },
    /// It will be started again without being asked.
    Restarting {
        /// Zero when it had lasted.
        after: Duration,
        cause: ExitCause,
    },
    /// It is down because that is wanted.
    Stopped,
    /// It ended, and its restart type says that this is all.
    Ended {
        cause: ExitCause,
    },
    Failed(FailReason),
    /// It is no more; its id may be given to another.
    Removed,
}

impl EventKind {
    pub const fn as_str(&self) -> &'static str {
        match self {
            EventKind::Starting => "starting",
            EventKind::Started => "started",
            EventKind::Ready { .. } => "ready",
            EventKind::Blocked { .. } => "blocked",
            EventKind::Unblocked => "unblocked",
            EventKind::Stopping(_) => "stopping",
            EventKind::GraceSkipped => "grace_skipped",
            EventKind::Stuck => "stuck",
            EventKind::Exited { .. } => "exited",
            EventKind::Restarting { .. } => "restarting",
            EventKind::Stopped => "stopped",
            EventKind::Ended { .. } => "ended",
            EventKind::Failed(_) => "failed",
            EventKind::Removed => "removed",
        }
    }
}

/// Names a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeadlineName {
    /// A child must be ready.
    Ready,
    /// A back-off ends.
    Restart,
    /// A stop with grace must have ended.
    Grace,
    /// A stop without grace must have ended.
    Kill,
    /// All must have been stopped in order.
    StopAll,
}

impl DeadlineName {
    pub const fn as_str(self) -> &'static str {
        match self {
            DeadlineName::Ready => "ready",
            DeadlineName::Restart => "restart",
            DeadlineName::Grace => "grace",
            DeadlineName::Kill => "kill",
            DeadlineName::StopAll => "stop_all",
        }
    }
}

/// Why a command was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no instance {0}")]
    Unknown(InstanceId),
    #[error("there is an instance {0} already")]
    Exists(InstanceId),
    #[error("a group has at most {most} instances")]
    Full { most: usize },
    #[error("everything is being stopped")]
    Closing,
}
