//! What callers get.

use std::time::{Duration, SystemTime};

use super::command::Readiness;
use crate::engine::cluster::{NotTyped, Refused};
use crate::engine::ids::{InstanceId, TicketId};
use crate::engine::response::Response;
use crate::host::error::{Coded, SessionGone};

/// The one answer to a prompt that was accepted, whatever died.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub ticket: TicketId,
    /// Who gave it; `None` when the prompt was never typed.
    pub instance: Option<InstanceId>,
    /// How often the prompt was handed to an instance.
    pub attempts: u32,
    /// From accepted to typed, for the last time.
    pub waited: Duration,
    /// Why it was not typed; the response then has no text, and its outcome says the same in one word.
    pub not_typed: Option<NotTyped>,
    /// Name of the session that it was typed into; `None` when it never was.
    pub session: Option<String>,
    /// The wall clock at the response's `Time::ZERO`.
    pub clock: SystemTime,
    pub response: Response,
}

/// Why a prompt was not accepted: nothing was done, and nothing will be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("{unread} answers wait to be read, {limit} may: read them, or ask instead of sending")]
    Unread { unread: usize, limit: usize },
    #[error(transparent)]
    Gone(#[from] ClusterGone),
}

/// The cluster's task has ended: it was shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cluster has ended")]
pub struct ClusterGone;

impl From<ClusterGone> for SessionGone {
    fn from(_: ClusterGone) -> SessionGone {
        SessionGone
    }
}

/// Why not every instance became ready.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterNotReady {
    /// The others are.
    #[error("{} of {} instances are not ready: {}", .0.not.len(), .0.ready as usize + .0.not.len(), words(&.0.not))]
    Some(Readiness),
    #[error(transparent)]
    Gone(#[from] ClusterGone),
}

fn words(not: &[(u32, String)]) -> String {
    let words: Vec<String> = not.iter().map(|(id, why)| format!("{id}: {why}")).collect();
    words.join("; ")
}

/// How a shutdown came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Instances whose stop was given up.
    pub stuck: Vec<u32>,
    /// Processes that could not be ended.
    pub survivors: u32,
    pub took: Duration,
}

impl ShutdownReport {
    /// Nothing of the cluster is left.
    pub fn is_clean(&self) -> bool {
        self.stuck.is_empty() && self.survivors == 0
    }
}

impl Coded for SendError {
    fn code(&self) -> &'static str {
        match self {
            SendError::Refused(Refused::Full { .. }) => "queue_full",
            SendError::Refused(Refused::Closed) => "closed",
            SendError::Refused(Refused::NoInstance(_)) => "no_such_instance",
            SendError::Refused(Refused::AllFailed(_)) => "all_failed",
            SendError::Unread { .. } => "unread_answers",
            SendError::Gone(gone) => gone.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            SendError::Refused(Refused::Full { retry_after, .. }) => Some(format!(
                "send it again in {retry_after:?}, or wait for a place in the queue"
            )),
            SendError::Refused(Refused::AllFailed(_)) => Some(
                "see what `status` and `explain` say of the instances, repair it, and restart them"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    fn retryable(&self) -> bool {
        matches!(
            self,
            SendError::Refused(Refused::Full { .. }) | SendError::Unread { .. }
        )
    }
}

impl Coded for ClusterGone {
    fn code(&self) -> &'static str {
        "cluster_ended"
    }
}

impl Coded for ClusterNotReady {
    fn code(&self) -> &'static str {
        match self {
            ClusterNotReady::Some(_) => "not_ready",
            ClusterNotReady::Gone(gone) => gone.code(),
        }
    }
}
