//! Errors as the command's users see them: people read `message` and `hint` on stderr, programs read one JSON object.

use std::fmt;

use super::exit::Exit;

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
}

impl Failure {
    pub fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Failure {
        Failure { exit, code, message: message.into(), hint: None, retryable: false }
    }

    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, "usage", message)
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    pub fn retryable(mut self) -> Failure {
        self.retryable = true;
        self
    }

    /// What any error means here; one that nobody gave a code is an operation that failed.
    pub fn of(error: anyhow::Error) -> Failure {
        match error.downcast::<Failure>() {
            Ok(failure) => failure,
            Err(other) if is_broken_pipe(&other) => Failure::broken_pipe(),
            Err(other) => Failure::new(Exit::Failed, "failed", format!("{other:#}")),
        }
    }

    pub fn broken_pipe() -> Failure {
        Failure::new(Exit::BrokenPipe, "broken_pipe", "standard output was closed")
    }

    /// One line, no trailing newline.
    pub fn to_json(&self) -> String {
        serde_json::json!({
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
            "exit": self.exit.code(),
        })
        .to_string()
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

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}
