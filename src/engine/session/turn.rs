//! One turn while it runs.

use std::collections::{BTreeMap, VecDeque};

use super::hearing::Heard;
use super::laid_out::LaidOut;
use crate::engine::framer::extract::Typed;
use crate::engine::framer::plan::Step;
use crate::engine::ids::TurnId;
use crate::engine::term::{MarkId, Pos};
use crate::engine::time::Time;

/// Why a turn exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A caller's prompt.
    Prompt,
    /// The answer to a dialog.
    Answer,
    /// The protocol's own initialisation; not reported unless it fails.
    Init,
    /// Somebody else typed it.
    Observed,
}

/// How far the current step has come: four facts that stay apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bytes wait for the tty.
    Writing,
    /// The text is written; Enter waits for its echo.
    AwaitingEcho { until: Time, not_before: Time },
    /// Enter is written.
    Entered { at: Time, repeats: u8 },
}

#[derive(Debug)]
pub struct Turn {
    pub id: TurnId,
    pub origin: Origin,
    pub prompt: String,
    /// Steps after the current one.
    pub steps: VecDeque<Step>,
    pub extra_enters: u8,
    pub progress: Progress,
    pub typed: Typed,
    /// Rows of the screen before the current step was typed, where its echo is looked for.
    pub before: Vec<String>,
    /// Enter of the current step, when it is its own write.
    pub enter: Vec<u8>,
    /// How often the terminal was looked at since that Enter was due.
    pub looks_before_enter: u8,
    /// Where typing started, in the alternate screen.
    pub in_alternate: bool,
    /// Texts of the steps that are finished.
    pub segments: Vec<String>,
    pub captures: BTreeMap<String, String>,
    pub started_at: Time,
    /// Output bytes handled when the turn started.
    pub from_offset: u64,
    pub first_output_at: Option<Time>,
    pub deadline: Option<Time>,
    pub interrupted: bool,
    /// Where the cursor stood when the interrupt was typed: a cooked tty echoes it there as `^C`.
    pub interrupted_at: Option<MarkId>,
    pub lost: Option<(u64, u64)>,
    pub auto_answers: Vec<String>,
    /// The question that this turn answers.
    pub asked: Option<String>,
    /// The screens of a tool that lays its text out itself, from Enter on.
    pub laid_out: Option<LaidOut>,
    /// Text up to here has been streamed.
    pub streamed_to: Option<Pos>,
    pub streamed_bytes: usize,
    /// What side channels have said.
    pub heard: Heard,
}

impl Turn {
    /// Such a turn may end without having been busy: it is being interrupted, or the answer was the refusal of what was asked.
    pub fn may_pass_unseen(&self) -> bool {
        self.interrupted || self.origin == Origin::Answer
    }

    pub fn is_entered(&self) -> bool {
        matches!(self.progress, Progress::Entered { .. })
    }
}
