//! The states of a child.
//!
//! ```text
//!                        ┌───────────────── unblocked ────────────────┐
//!                        ▼                                            │
//!  Down ──start──►  Starting ──ready──► Ready                      Blocked
//!   ▲                │  │  └────────────blocked──────────────────────►┘
//!   │                │  │                │                            │
//!   │                │  └── not ready ───┼── hung, stop, restart ─────┤
//!   │                │      in time      │                            │
//!   │                │                   │                            ▼
//!   │                │ ended             │ ended                  Stopping ──hangs──► Stuck
//!   │                ▼                   ▼                            │ ended           │ ended
//!   │            ┌──────────────────────────────────────────────────────────────────────┘
//!   ├── not wanted ─┤ judged: restart type, code, intensity, back-off │
//!   │            └───┬──────────────┬────────────────┬──────────────┬─┘
//!   │                ▼              ▼                ▼              ▼
//!   └──start────   Ended         Starting       BackingOff       Failed ──start──► Down
//!                              (had lasted)      └─time──► Starting
//! ```
//!
//! A life (`Life`, its epoch) is open in `Starting`, `Blocked`, `Ready`, `Stopping` and `Stuck` and in no other state: that is what makes two
//! trees of one child impossible. A new state says here what it carries, whether a life is open in it (`Phase::life`) and what its
//! deadline is (`Child::deadline`); the compiler asks for the rest.

use std::fmt;
use std::time::Duration;

use crate::engine::ids::Epoch;
use crate::engine::patience::Patience;
use crate::engine::time::Time;
use crate::engine::tty::Exit;

/// What its owner asked for last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Up,
    Down,
    /// Down, and then forgotten.
    Gone,
}

impl Wanted {
    pub const fn as_str(self) -> &'static str {
        match self {
            Wanted::Up => "up",
            Wanted::Down => "down",
            Wanted::Gone => "gone",
        }
    }
}

/// What is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Nothing runs: not started yet, or stopped. It is started when it is wanted and those before it are there.
    Down {
        since: Time,
    },
    /// It ended, and its restart type says that this is all.
    Ended {
        since: Time,
        cause: ExitCause,
    },
    /// Not ready yet.
    Starting {
        life: Life,
        /// The driver has said that the process is there.
        spawned: bool,
        deadline: Patience,
    },
    /// It shows a question that a person must answer before it can be ready. No deadline: the person has all the time.
    Blocked {
        life: Life,
        since: Time,
        reason: String,
    },
    Ready {
        life: Life,
        since: Time,
    },
    Stopping {
        life: Life,
        /// On this rung.
        since: Time,
        why: StopReason,
        rung: StopRung,
        /// How long it had been ready.
        ready_for: Duration,
        deadline: Patience,
    },
    /// The stop was given up. The life is still open: nothing is started in its place until the driver says that it has ended.
    Stuck {
        life: Life,
        since: Time,
        why: StopReason,
        ready_for: Duration,
    },
    /// Waiting for the next start.
    BackingOff {
        since: Time,
        until: Time,
        /// 1 for the first wait since it last lasted.
        attempt: u32,
        cause: ExitCause,
    },
    /// Not started again unless somebody asks for it.
    Failed {
        since: Time,
        reason: FailReason,
    },
}

impl Phase {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Phase::Down { .. } => "down",
            Phase::Ended { .. } => "ended",
            Phase::Starting { .. } => "starting",
            Phase::Blocked { .. } => "blocked",
            Phase::Ready { .. } => "ready",
            Phase::Stopping { .. } => "stopping",
            Phase::Stuck { .. } => "stuck",
            Phase::BackingOff { .. } => "backing_off",
            Phase::Failed { .. } => "failed",
        }
    }

    /// The life that is open in this state.
    pub fn life(&self) -> Option<Life> {
        match self {
            Phase::Starting { life, .. }
            | Phase::Blocked { life, .. }
            | Phase::Ready { life, .. }
            | Phase::Stopping { life, .. }
            | Phase::Stuck { life, .. } => Some(*life),
            Phase::Down { .. } | Phase::Ended { .. } | Phase::BackingOff { .. } | Phase::Failed { .. } => {
                None
            }
        }
    }

    pub fn is_ready(&self) -> bool {
        matches!(self, Phase::Ready { .. })
    }
}

/// One run of a child's tool, from the start asked of the driver to the driver's word that nothing of it is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    pub epoch: Epoch,
    pub started: Time,
}

/// Where a stop has got to, as far as this machine says it; the driver's ladder has more rungs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopRung {
    Grace,
    Kill,
}

/// Why a life is being ended.
#[derive(Clone, Debug, PartialEq)]
pub enum StopReason {
    /// Its owner does not want it any more.
    Asked,
    /// Its owner wants a fresh one, and says why.
    Restart(String),
    /// It failed while it was alive; judged like an end of its own.
    Failure(ExitCause),
    /// Another start would not help.
    Permanent(FailReason),
}

/// How a life ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitCause {
    Exited(i32),
    Signaled(i32),
    OutOfMemory,
    /// It is gone, and nobody could learn how.
    Unknown,
    /// There never was a process.
    SpawnFailed(String),
    /// Stopped by us: not ready within its time.
    NotReady,
    /// Stopped by somebody's watchdog, with what it saw.
    Watchdog(String),
    /// Whoever held its process is gone.
    Lost,
}

impl ExitCause {
    /// The word that metrics and wire types use.
    pub const fn as_str(&self) -> &'static str {
        match self {
            ExitCause::Exited(_) => "exited",
            ExitCause::Signaled(_) => "signaled",
            ExitCause::OutOfMemory => "out_of_memory",
            ExitCause::Unknown => "unknown",
            ExitCause::SpawnFailed(_) => "spawn_failed",
            ExitCause::NotReady => "not_ready",
            ExitCause::Watchdog(_) => "watchdog",
            ExitCause::Lost => "lost",
        }
    }
}

impl From<Exit> for ExitCause {
    fn from(exit: Exit) -> ExitCause {
        match exit {
            Exit::Code(code) => ExitCause::Exited(code),
            Exit::Signal(signal) => ExitCause::Signaled(signal),
            Exit::Unknown => ExitCause::Unknown,
        }
    }
}

impl fmt::Display for ExitCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExitCause::Exited(code) => write!(f, "exited with code {code}"),
            ExitCause::Signaled(signal) => write!(f, "ended by signal {signal}"),
            ExitCause::OutOfMemory => f.write_str("ended for want of memory"),
            ExitCause::Unknown => f.write_str("ended, nobody knows how"),
            ExitCause::SpawnFailed(why) => write!(f, "could not be started: {why}"),
            ExitCause::NotReady => f.write_str("was not ready in time"),
            ExitCause::Watchdog(why) => write!(f, "stopped by the watchdog: {why}"),
            ExitCause::Lost => f.write_str("lost with whoever held it"),
        }
    }
}

/// Why a child is not started again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailReason {
    /// The intensity is used up; the last end.
    TooManyRestarts {
        restarts: u32,
        within: Duration,
        last: ExitCause,
    },
    /// The group's intensity is used up by all children together; this one's last end.
    GroupRestarts {
        restarts: u32,
        within: Duration,
        last: ExitCause,
    },
    /// An exit code that its spec lists.
    PermanentExit(i32),
    /// A screen that no restart takes away (not logged in, wrong version).
    PermanentBlock(String),
    /// The start itself is impossible (no such program).
    CannotStart(String),
    /// So many processes of its last life are left; a second tree beside them is not started unasked.
    Survivors(u32),
}

impl FailReason {
    pub const fn as_str(&self) -> &'static str {
        match self {
            FailReason::TooManyRestarts { .. } => "too_many_restarts",
            FailReason::GroupRestarts { .. } => "group_restarts",
            FailReason::PermanentExit(_) => "permanent_exit",
            FailReason::PermanentBlock(_) => "permanent_block",
            FailReason::CannotStart(_) => "cannot_start",
            FailReason::Survivors(_) => "survivors",
        }
    }
}

impl fmt::Display for FailReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FailReason::TooManyRestarts {
                restarts,
                within,
                last,
            } => {
                write!(f, "{restarts} restarts within {within:?} are used up; it {last}")
            }
            FailReason::GroupRestarts {
                restarts,
                within,
                last,
            } => write!(
                f,
                "{restarts} restarts of the group within {within:?} are used up; it {last}"
            ),
            FailReason::PermanentExit(code) => {
                write!(f, "exit code {code} means that a restart is of no use")
            }
            FailReason::PermanentBlock(screen) => write!(f, "it waits for a person at every start: {screen}"),
            FailReason::CannotStart(why) => write!(f, "it cannot be started: {why}"),
            FailReason::Survivors(count) => write!(f, "{count} processes of its last life are still there"),
        }
    }
}
