//! What handles ask of the task.

use tokio::sync::oneshot;

use super::Snapshot;
use crate::engine::ids::TurnId;
use crate::engine::response::Response;
use crate::engine::session::{Prompt, RuleTrace, SubmitError};
use crate::engine::term::Size;
use crate::host::error::{AskError, RecordError};
use crate::host::options::{RecordOptions, StopOptions};

#[derive(Debug)]
pub(super) enum Command {
    Ask(Ask),
    Interrupt(oneshot::Sender<Result<(), SubmitError>>),
    Keys(Vec<u8>),
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

/// A prompt, or the answer to a question, on its way to a response.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) prompt: Prompt,
    pub(super) kind: AskKind,
    /// Told when the machine has taken the prompt; refusals go the same way when it is there.
    pub(super) accepted: Option<oneshot::Sender<Result<TurnId, AskError>>>,
    pub(super) response: oneshot::Sender<Result<Response, AskError>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AskKind {
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
