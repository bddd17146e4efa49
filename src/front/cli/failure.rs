//! Errors as the command's users see them: people read `message` and `hint` on stderr, programs read one JSON object.

use std::fmt;

use super::exit::Exit;
use crate::api;
use crate::engine::session::SubmitError;
use crate::host::cluster::SendError;
use crate::host::{AskError, Coded, LaunchError, ReadyError, RecordError, SessionGone};

/// Why a verb could not do what it was asked to do.
#[derive(Clone, Debug)]
pub struct Failure {
    pub exit: Exit,
    /// Stable word for programs: `tool_not_found`.
    pub code: &'static str,
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the same command may succeed when it is simply run again.
    pub retryable: bool,
    /// What the tool asks, and the labels of its choices.
    pub asks: Option<Box<(api::Question, Vec<String>)>>,
}

impl Failure {
    pub fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Failure {
        Failure {
            exit,
            code,
            message: message.into(),
            hint: None,
            retryable: false,
            asks: None,
        }
    }

    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, "usage", message)
    }

    pub fn not_found(message: impl Into<String>) -> Failure {
        Failure::new(Exit::NotFound, "not_found", message)
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    pub fn asks(mut self, question: api::Question, choices: Vec<String>) -> Failure {
        self.asks = Some(Box::new((question, choices)));
        self
    }

    /// What any error means here; one that nobody gave a code is an operation that failed.
    pub fn of(error: anyhow::Error) -> Failure {
        match error.downcast::<Failure>() {
            Ok(failure) => failure,
            Err(other) if is_broken_pipe(&other) => {
                Failure::new(Exit::BrokenPipe, "broken_pipe", "standard output was closed")
            }
            Err(other) => Failure::new(Exit::Failed, "failed", format!("{other:#}")),
        }
    }

    /// `api::Error` on one line without a newline; all fields are there but those of a question that nobody asks.
    pub fn to_json(&self) -> String {
        let mut object = serde_json::json!({
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
        });
        if let Some(asks) = &self.asks {
            object["question"] = serde_json::json!(asks.0);
            object["choices"] = serde_json::json!(asks.1);
        }
        object.to_string()
    }

    pub fn to_error(&self) -> api::Error {
        let (question, choices) = self.asks.as_deref().cloned().unzip();
        api::Error {
            code: self.code.to_owned(),
            message: self.message.clone(),
            hint: self.hint.clone(),
            retryable: self.retryable,
            question,
            choices: choices.unwrap_or_default(),
        }
    }

    fn coded(exit: Exit, error: &impl Coded) -> Failure {
        Failure {
            exit,
            code: error.code(),
            message: error.to_string(),
            hint: error.hint(),
            retryable: error.retryable(),
            asks: None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {}", hint.replace('\n', "\n      ")),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

impl From<LaunchError> for Failure {
    fn from(error: LaunchError) -> Failure {
        let exit = match error {
            LaunchError::NotFound { .. } => Exit::ToolNotFound,
            LaunchError::NotExecutable { .. } => Exit::NotExecutable,
            LaunchError::CannotResume { .. }
            | LaunchError::NoSessionId { .. }
            | LaunchError::WorkingDirectory { .. }
            | LaunchError::Recording { .. } => Exit::Usage,
            _ => Exit::Supervisor,
        };
        Failure::coded(exit, &error)
    }
}

impl From<ReadyError> for Failure {
    fn from(error: ReadyError) -> Failure {
        let failure = Failure::coded(ready_exit(&error), &error);
        match failure {
            Failure {
                hint: None,
                exit: Exit::TimedOut,
                ..
            } => failure.hint("`ptych protocol explain` shows each rule and what it saw"),
            told => told,
        }
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Failure {
        let exit = match &error {
            AskError::Submit(error) => submit_exit(error),
            AskError::NotReady(error) => ready_exit(error),
            AskError::QueuedTooLong { .. } => Exit::TimedOut,
            _ => Exit::Failed,
        };
        let failure = Failure::coded(exit, &error);
        match &error {
            AskError::Submit(SubmitError::Blocked(question)) => {
                let choices = question.choices.iter().map(|choice| choice.label.clone());
                failure.asks(question.into(), choices.collect())
            }
            _ => failure,
        }
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Failure {
        Failure::coded(Exit::Failed, &error)
    }
}

impl From<SessionGone> for Failure {
    fn from(error: SessionGone) -> Failure {
        Failure::coded(Exit::Failed, &error)
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Failure {
        let exit = match &error {
            RecordError::Open { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Exit::NotFound
            }
            RecordError::Open { .. } | RecordError::Format { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        Failure::coded(exit, &error)
    }
}

fn ready_exit(error: &ReadyError) -> Exit {
    match error {
        ReadyError::Blocked { .. } => Exit::NeedsHuman,
        ReadyError::TimedOut { .. } => Exit::TimedOut,
        _ => Exit::Failed,
    }
}

fn submit_exit(error: &SubmitError) -> Exit {
    match error {
        SubmitError::ControlCharacter { .. }
        | SubmitError::LineTooLong { .. }
        | SubmitError::Refused { .. } => Exit::Usage,
        SubmitError::Blocked(_)
        | SubmitError::NoSuchChoice { .. }
        | SubmitError::DialogChanged { .. }
        | SubmitError::NotChosen { .. } => Exit::NeedsHuman,
        _ => Exit::Failed,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_is_the_wire_forms_error() {
        let failure = Failure::usage("no").hint("yes");
        let error: api::Error = serde_json::from_str(&failure.to_json()).expect("an error");
        assert_eq!(
            (error.code.as_str(), error.hint.as_deref()),
            ("usage", Some("yes"))
        );
        assert!(Failure::usage("no").to_json().contains("\"hint\":null"));
    }
}
