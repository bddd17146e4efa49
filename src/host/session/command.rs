//! What handles ask of the task.

use tokio::sync::{mpsc, oneshot};

use std::time::Duration;

use super::Snapshot;
use super::follow::Told;
use crate::engine::expect::{Found, GroupId, Patterns, Wait};
use crate::engine::ids::TurnId;
use crate::engine::response::Response;
use crate::engine::session::{Prompt, RuleTrace, SubmitError};
use crate::engine::term::Size;
use crate::engine::tty::TtyProbe;
use crate::host::error::{AskError, RecordError};
use crate::host::expect::{Log, LogId, Secret, SendError, Show, Tapped, Unmatched};
use crate::host::options::{RecordOptions, StopOptions};

pub(in crate::host) enum Command {
    Ask(Ask),
    Interrupt(oneshot::Sender<Result<(), SubmitError>>),
    Keys(Vec<u8>),
    /// One key, by its name.
    Key(String),
    /// Text with keys in angle brackets.
    KeyNames(String),
    Paste(String),
    Secret {
        secret: Secret,
        within: Duration,
        reply: oneshot::Sender<Result<(), SendError>>,
    },
    EndOfFile(oneshot::Sender<Result<(), SendError>>),
    Flush {
        within: Duration,
        reply: oneshot::Sender<Result<(), SendError>>,
    },
    Tty(oneshot::Sender<TtyProbe>),
    Expect(Wait, Told),
    Group(Patterns, GroupWanted),
    Forget(GroupId),
    Unmatched(oneshot::Sender<Option<Unmatched>>),
    Skip,
    Log(Box<dyn Log>, oneshot::Sender<LogId>),
    StopLog(LogId),
    /// A tap from this moment on, and what was there before.
    Tap(Box<dyn Log>, Show, oneshot::Sender<Tapped>),
    /// A tap is not behind any more.
    ReadOn,
    Resize(Size),
    Snapshot(oneshot::Sender<Snapshot>),
    Explain(oneshot::Sender<Vec<RuleTrace>>),
    Events(oneshot::Sender<super::Events>),
    Raw {
        from: u64,
        to: u64,
        reply: oneshot::Sender<Option<Vec<u8>>>,
    },
    Record(RecordOptions, oneshot::Sender<Result<(), RecordError>>),
    StopRecording(oneshot::Sender<Result<(), RecordError>>),
    Stop(StopOptions),
}

/// Patterns that stand for several waits, and where their name goes.
pub(in crate::host) enum GroupWanted {
    Before(oneshot::Sender<GroupId>),
    After(oneshot::Sender<GroupId>),
    Background(mpsc::Sender<Found>, oneshot::Sender<GroupId>),
}

/// A prompt, or the answer to a question, on its way to a response.
#[derive(Debug)]
pub(in crate::host) struct Ask {
    pub(super) prompt: Prompt,
    pub(super) kind: AskKind,
    /// Told when the machine has taken the prompt; refusals go the same way when it is there.
    pub(super) accepted: Option<oneshot::Sender<Result<TurnId, AskError>>>,
    pub(super) response: oneshot::Sender<Result<Response, AskError>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::host) enum AskKind {
    /// Waits for the tool to be ready.
    Prompt,
    /// Refused when the tool is not ready.
    PromptNow,
    Answer,
}

impl Ask {
    pub(super) fn refuse(self, error: AskError) {
        // Whoever has stopped waiting does not want to know.
        let _nobody_waits = match self.accepted {
            Some(accepted) => accepted.send(Err(error)).is_err(),
            None => self.response.send(Err(error)).is_err(),
        };
    }

    /// Nobody waits for it any more.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.response.is_closed()
    }
}
