//! Why no instance was chosen: each reason says what would change it.

use std::fmt;

use crate::engine::ids::{InstanceId, TicketId};
use crate::engine::time::Time;

/// Why no instance was chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoneReason {
    #[error("there is no instance")]
    Empty,
    #[error(
        "no instance is ready: {starting} starting, {blocked} blocked, {failed} failed, {draining} draining"
    )]
    NoneReady {
        starting: u32,
        blocked: u32,
        failed: u32,
        draining: u32,
    },
    #[error("every instance is draining")]
    AllDraining,
    #[error("every ready instance is busy")]
    AllBusy { ready: u32 },
    /// Those that are free have had more turns than is fair, until the others have ended theirs; those that take too long are not waited for.
    #[error("the free instances are ahead of the others")]
    Ahead { until: Option<Time> },
    #[error("the key waits {0}")]
    KeyWaits(KeyWait),
    #[error("instance {instance} is {why}")]
    Wanted { instance: InstanceId, why: Absence },
    #[error("ticket {0} was never accepted, or has ended")]
    UnknownTicket(TicketId),
}

/// What a key waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyWait {
    /// An earlier ticket of the key, which has no instance yet.
    Before(TicketId),
    /// The end of the key's turns at an instance that takes no more.
    Turns(InstanceId),
    /// Room at its instance.
    Room(InstanceId),
    /// Its home to come back; given up at `until`.
    Return { home: InstanceId, until: Time },
}

/// Why the one instance that was wanted takes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    Busy,
    Starting,
    Blocked,
    Draining,
    Failed,
    Removed,
}

impl NoneReason {
    /// Whether it may be over without anybody's doing: turns end, instances get ready.
    pub fn may_pass(&self) -> bool {
        match *self {
            NoneReason::NoneReady {
                starting, blocked, ..
            } => starting + blocked > 0,
            NoneReason::AllBusy { .. } | NoneReason::Ahead { .. } | NoneReason::KeyWaits(_) => true,
            NoneReason::Wanted { why, .. } => {
                matches!(why, Absence::Busy | Absence::Starting | Absence::Blocked)
            }
            NoneReason::Empty | NoneReason::AllDraining | NoneReason::UnknownTicket(_) => false,
        }
    }

    /// When the answer changes by time alone.
    pub fn ask_again_at(&self) -> Option<Time> {
        match *self {
            NoneReason::Ahead { until } => until,
            NoneReason::KeyWaits(KeyWait::Return { until, .. }) => Some(until),
            _ => None,
        }
    }
}

impl fmt::Display for KeyWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyWait::Before(ticket) => write!(f, "behind ticket {ticket}"),
            KeyWait::Turns(instance) => write!(f, "for its turns at instance {instance} to end"),
            KeyWait::Room(instance) => write!(f, "for room at instance {instance}"),
            KeyWait::Return { home, .. } => write!(f, "for instance {home} to come back"),
        }
    }
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Absence::Busy => "busy",
            Absence::Starting => "starting",
            Absence::Blocked => "blocked",
            Absence::Draining => "draining",
            Absence::Failed => "failed",
            Absence::Removed => "not part of the cluster",
        })
    }
}
