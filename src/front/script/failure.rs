//! Why a function of a script failed, and what was seen then.

use std::sync::Arc;
use std::time::Duration;

use rhai::{Dynamic, EvalAltResult, Position};

use super::value::Screen;

/// What a script's `catch` gets, and what ends a run that does not catch it.
#[derive(Clone, Debug)]
pub struct Failure {
    pub code: Code,
    pub message: String,
    pub hint: Option<String>,
    pub scene: Option<Arc<Scene>>,
}

/// Stable words for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// None of the patterns came in time.
    TimedOut,
    /// The tool closed its terminal before one came.
    Ended,
    /// `assert` or `assert_screen`.
    Assertion,
    /// `fail`.
    Failed,
    /// A pattern, a key or a screen condition that cannot be.
    Pattern,
    /// An argument of the wrong kind or out of range.
    Argument,
    /// Not allowed to this run.
    Refused,
    /// The program is not installed.
    NotFound,
    NotExecutable,
    /// The tool could not be started, or nothing can be sent to it.
    Session,
    /// A stored screen or a file.
    File,
    /// A module that cannot be imported.
    Module,
    /// The script took more operations than it may.
    Limit,
    /// The run took longer than it may.
    TimeLimit,
    Interrupted,
}

impl Code {
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::TimedOut => "timed_out",
            Code::Ended => "ended",
            Code::Assertion => "assertion",
            Code::Failed => "failed",
            Code::Pattern => "pattern",
            Code::Argument => "argument",
            Code::Refused => "refused",
            Code::NotFound => "tool_not_found",
            Code::NotExecutable => "tool_not_executable",
            Code::Session => "session",
            Code::File => "file",
            Code::Module => "module",
            Code::Limit => "limit",
            Code::TimeLimit => "time_limit",
            Code::Interrupted => "interrupted",
        }
    }

    /// Wrong whatever the program says: `script check` tells it.
    pub const fn is_static(self) -> bool {
        matches!(self, Code::Pattern | Code::Argument | Code::Module)
    }
}

/// What was seen when a wait failed.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// The session, as people know it: `1: ssh -p 2222 localhost`.
    pub session: String,
    pub state: String,
    pub waited: Duration,
    pub wanted: Vec<Wanted>,
    pub screen: Option<Screen>,
    pub last_lines: Vec<String>,
    pub unmatched_bytes: u64,
}

/// A pattern that did not come.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub pattern: String,
    /// How near it came; each line one thing.
    pub near: Vec<String>,
}

impl Failure {
    pub fn new(code: Code, message: impl Into<String>) -> Failure {
        Failure {
            code,
            message: message.into(),
            hint: None,
            scene: None,
        }
    }

    pub fn interrupted() -> Failure {
        Failure::new(Code::Interrupted, "the run was interrupted")
    }

    pub fn argument(message: impl Into<String>) -> Failure {
        Failure::new(Code::Argument, message)
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    pub fn seen(mut self, scene: Scene) -> Failure {
        self.scene = Some(Arc::new(scene));
        self
    }

    pub fn at(self, position: Position) -> Box<EvalAltResult> {
        EvalAltResult::ErrorRuntime(Dynamic::from(self), position).into()
    }

    /// The failure in an error that a script raised, however deep in its functions.
    pub fn within(error: &EvalAltResult) -> Option<Failure> {
        match error {
            EvalAltResult::ErrorInFunctionCall(_, _, inner, _)
            | EvalAltResult::ErrorInModule(_, inner, _) => Failure::within(inner),
            EvalAltResult::ErrorRuntime(value, _) | EvalAltResult::ErrorTerminated(value, _) => {
                value.clone().try_cast::<Failure>()
            }
            _ => None,
        }
    }
}

impl From<Failure> for Box<EvalAltResult> {
    /// Rhai adds the place of the call.
    fn from(failure: Failure) -> Box<EvalAltResult> {
        failure.at(Position::NONE)
    }
}
