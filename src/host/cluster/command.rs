//! What handles ask of the task.

use std::time::Duration;

use tokio::sync::{broadcast, oneshot};

use super::answer::{Answer, SendError, ShutdownReport};
use super::events::ClusterEvent;
use super::mailbox::Parcel;
use super::options::SendOptions;
use super::status::Status;
use crate::engine::cluster::Metrics;
use crate::engine::ids::{InstanceId, TicketId};
use crate::engine::supervise::Refusal;
use crate::host::session::Session;

pub(super) type Reply<T> = oneshot::Sender<T>;

#[derive(Debug)]
pub(super) enum Command {
    Send {
        prompt: String,
        options: SendOptions,
        reply: Reply<Result<TicketId, SendError>>,
        /// Of whoever asks and does not only send.
        answer: Option<Reply<Answer>>,
    },
    Borrow {
        options: SendOptions,
        lasting: Option<Duration>,
        reply: Reply<Result<Borrowed, SendError>>,
    },
    GiveBack {
        ticket: TicketId,
        turns: u32,
    },
    /// Who waits for this ticket's answer.
    Claim {
        ticket: TicketId,
        reply: Reply<Parcel>,
    },
    /// Who waits for the next answer that nobody has claimed; of this instance, if one is named.
    Read {
        instance: Option<InstanceId>,
        reply: Reply<Parcel>,
    },
    InstanceOf {
        ticket: TicketId,
        reply: Reply<InstanceId>,
    },
    Withdraw(TicketId),
    /// The same for one that still waits.
    Recall(TicketId),
    Steer {
        instance: InstanceId,
        what: Steer,
        reply: Reply<Result<(), Refusal>>,
    },
    Scale(u32),
    /// No more prompts; told when all that were accepted are answered.
    Drain(Reply<()>),
    Shutdown {
        within: Duration,
        reply: Reply<ShutdownReport>,
    },
    Ready(Reply<Readiness>),
    Status(Reply<Status>),
    Metrics(Reply<Metrics>),
    Explain {
        instance: InstanceId,
        reply: Reply<Option<String>>,
    },
    Session {
        instance: InstanceId,
        reply: Reply<Option<Session>>,
    },
    Events(Reply<(Status, broadcast::Receiver<std::sync::Arc<ClusterEvent>>)>),
}

#[derive(Debug)]
pub(super) enum Steer {
    Restart(String),
    Drain,
    Undrain,
    BringBack,
}

/// An instance for its holder alone.
#[derive(Debug)]
pub(super) struct Borrowed {
    pub(super) ticket: TicketId,
    pub(super) instance: InstanceId,
    pub(super) session: Session,
}

/// How many instances are at their prompt, once none is on its way any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    pub ready: u32,
    /// Those that will not be without somebody's doing, and why.
    pub not: Vec<(u32, String)>,
}
