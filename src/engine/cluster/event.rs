//! What comes in and what goes out.

use std::time::Duration;

use crate::engine::health::{HealthDeadline, HealthEventKind};
use crate::engine::ids::{Epoch, InstanceId, TicketId};
use crate::engine::pool::{self, RecycleReason};
use crate::engine::response::Outcome;
use crate::engine::supervise::{self, AllStopped};
use crate::engine::time::Time;

/// What the driver must do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Start a session; answered by `supervise::Report::Started` or `StartFailed`.
    Start { instance: InstanceId, epoch: Epoch },
    /// Stop it; answered by `Exited`. A second time with `skip_grace` when it takes too long.
    Stop {
        instance: InstanceId,
        epoch: Epoch,
        skip_grace: bool,
    },
    /// Submit the ticket's prompt there; answered by exactly one `handle_turn`, whatever dies.
    Type {
        ticket: TicketId,
        instance: InstanceId,
        epoch: Epoch,
    },
    /// The ticket's holder has the session to itself until `give_back`.
    Lend {
        ticket: TicketId,
        instance: InstanceId,
        epoch: Epoch,
    },
    /// Stop what the session is doing; its turn, if there is one, ends as it will.
    Interrupt { instance: InstanceId, epoch: Epoch },
    /// The ticket is over: once for each that was accepted.
    Finish { ticket: TicketId, ending: Ending },
    /// Tell whoever listens.
    Event(Event),
    /// `stop` is done.
    Stopped(AllStopped),
}

/// How a ticket came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With the response of the last `Type`, which the driver has.
    Answered { instance: InstanceId, attempts: u32 },
    /// Its prompt reached no tool.
    NotTyped(NotTyped),
    /// A loan that is over, or never began.
    Returned,
}

/// Why a prompt that was accepted was not typed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTyped {
    #[error("it waited {waited:?} for an instance, as long as it was allowed to")]
    WaitedTooLong { waited: Duration },
    #[error("the cluster was shut down")]
    ShutDown,
    #[error("it was withdrawn")]
    Withdrawn,
    #[error("instance {0} is gone")]
    InstanceGone(InstanceId),
    #[error("every instance has failed; the last: {0}")]
    AllFailed(String),
    /// What is wrong with the prompt itself.
    #[error("{0}")]
    Refused(String),
}

impl NotTyped {
    /// What the response says.
    pub fn outcome(&self) -> Outcome {
        match self {
            NotTyped::WaitedTooLong { .. } => Outcome::TimedOut,
            NotTyped::Withdrawn => Outcome::Interrupted,
            NotTyped::ShutDown | NotTyped::InstanceGone(_) | NotTyped::AllFailed(_) => Outcome::Exited,
            NotTyped::Refused(_) => Outcome::Error,
        }
    }
}

/// Why an order was not accepted: nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{queued} prompts wait already, {limit} may; try again in {retry_after:?}")]
    Full {
        queued: usize,
        limit: usize,
        retry_after: Duration,
    },
    #[error("the cluster takes no more prompts: it is being drained or shut down")]
    Closed,
    #[error("there is no instance {0}")]
    NoInstance(InstanceId),
    #[error("every instance has failed; the last: {0}")]
    AllFailed(String),
}

/// What a session is at its prompt, as its driver sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionState {
    Ready,
    /// It works, by itself or still on what a turn has left behind.
    Busy,
    /// It asks something.
    Blocked(String),
    Unknown,
}

/// How a `Type` ended.
#[derive(Clone, Debug, PartialEq)]
pub enum TurnEnd {
    /// With a response.
    Answered(Turn),
    /// Nothing was typed, and the prompt is to blame.
    Refused(String),
    /// Nothing was typed, and the prompt is not: the session was not ready, or had ended.
    NotTyped,
}

/// What the machine must know of a response.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    pub outcome: Outcome,
    /// The capture `reason`: `usage_limit`, `overloaded`, …
    pub reason: Option<String>,
    /// It is `blocked` by something that no state of the protocol knows.
    pub unrecognised: bool,
    pub duration: Duration,
    pub bytes: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub at: Time,
    pub kind: EventKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    Accepted {
        ticket: TicketId,
    },
    /// The prompt goes to this instance; from 1.
    Typed {
        ticket: TicketId,
        instance: InstanceId,
        attempt: u32,
        waited: Duration,
    },
    /// It was lost with its instance and waits for another.
    Retried {
        ticket: TicketId,
        instance: InstanceId,
        outcome: Option<Outcome>,
    },
    Finished {
        ticket: TicketId,
        ending: Ending,
    },
    /// A step in an instance's life.
    Instance {
        instance: InstanceId,
        epoch: Epoch,
        kind: supervise::EventKind,
    },
    Health {
        instance: InstanceId,
        kind: HealthEventKind,
    },
    Recycled {
        instance: InstanceId,
        reason: RecycleReason,
    },
    /// It gets nothing new.
    Draining {
        instance: InstanceId,
    },
    Scaled {
        from: u32,
        to: u32,
    },
    /// No more prompts are accepted.
    Closed,
}

/// Names a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeadlineName {
    Supervise(supervise::DeadlineName),
    Pool(pool::Deadline),
    Health(HealthDeadline),
    /// An instance must be ready again.
    Recover,
    /// A person must have decided.
    Decision,
    /// A key gives up its home.
    Key,
}
