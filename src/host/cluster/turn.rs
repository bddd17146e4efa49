//! One prompt at one session, to its end.

use crate::engine::cluster::{NotTyped, SessionState, Turn, TurnEnd};
use crate::engine::framer::dialog::AWAITING_INPUT;
use crate::engine::ids::TurnId;
use crate::engine::response::{Evidence, Outcome, Response, Source};
use crate::engine::session::SubmitError;
use crate::engine::time::Time;
use crate::host::error::AskError;
use crate::host::options::AskOptions;
use crate::host::session::Session;
use crate::host::ulid::ulid;

use super::driver::session_state;

/// What came of a prompt that was handed to a session.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) end: TurnEnd,
    pub(super) response: Option<Box<Response>>,
    /// What the session shows afterwards.
    pub(super) state: SessionState,
}

pub(super) async fn run(session: Session, text: String, options: AskOptions) -> Tried {
    // The cluster gives prompts only to sessions that are ready; one that is not any more gives it back.
    let options = AskOptions {
        no_wait: true,
        ..options
    };
    let (end, response) = match session.submit(text.clone(), options).await {
        Ok(turn) => {
            let id = turn.id().clone();
            // The runtime is going down, and the session with it.
            let response = turn.response().await.unwrap_or_else(|_| lost(id, text));
            (TurnEnd::Answered(facts(&response)), Some(Box::new(response)))
        }
        Err(error) => (not_typed(&error), None),
    };
    Tried {
        end,
        response,
        state: session_state(&session.state()),
    }
}

fn facts(response: &Response) -> Turn {
    Turn {
        outcome: response.outcome,
        reason: response.captures.get("reason").cloned(),
        unrecognised: response
            .question
            .as_ref()
            .is_some_and(|question| question.rule == AWAITING_INPUT),
        duration: response.duration,
        bytes: response.bytes,
    }
}

fn not_typed(error: &AskError) -> TurnEnd {
    match error {
        AskError::Submit(
            SubmitError::Busy | SubmitError::NotReady { .. } | SubmitError::Blocked(_) | SubmitError::Exited,
        )
        | AskError::NotReady(_)
        | AskError::QueueFull { .. }
        | AskError::QueuedTooLong { .. }
        | AskError::Gone(_) => TurnEnd::NotTyped,
        AskError::Submit(_) => TurnEnd::Refused(error.to_string()),
    }
}

fn lost(turn: TurnId, prompt: String) -> Response {
    empty(
        turn,
        prompt,
        Outcome::Exited,
        "the session ended unseen".to_owned(),
        Time::ZERO,
    )
}

/// The response to a prompt that no tool has seen.
pub(super) fn never_typed(prompt: String, why: &NotTyped, now: Time) -> Response {
    empty(
        TurnId(ulid()),
        prompt,
        why.outcome(),
        format!("not typed: {why}"),
        now,
    )
}

fn empty(turn: TurnId, prompt: String, outcome: Outcome, rule: String, started_at: Time) -> Response {
    Response {
        turn,
        prompt,
        text: String::new(),
        source: Source::Screen,
        outcome,
        complete: false,
        truncated: false,
        lost_bytes: None,
        captures: std::collections::BTreeMap::new(),
        question: None,
        exit: None,
        evidence: Evidence {
            rule,
            ..Evidence::default()
        },
        started_at,
        first_output: None,
        duration: std::time::Duration::ZERO,
        bytes: 0,
        auto_answers: Vec::new(),
    }
}
