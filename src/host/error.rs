//! What can go wrong, one enum per operation. Every error has a stable code, may have a hint, and says whether a repeat can help.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::engine::response::Question;
use crate::engine::session::SubmitError;
use crate::engine::tty::Exit;

/// What every error of this layer can say of itself besides its message.
pub trait Coded: std::error::Error {
    /// Stable, snake_case.
    fn code(&self) -> &'static str;
    /// What the reader can do about it.
    fn hint(&self) -> Option<String> {
        None
    }
    /// The same call may succeed later without anything being changed by hand.
    fn retryable(&self) -> bool {
        false
    }
}

/// Why a tool was not started. Nothing runs and nothing is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    #[error("find {tool}: none of these programs is in PATH: {}", tried.join(", "))]
    NotFound { tool: String, tried: Vec<String> },
    #[error("start {}: it is not executable", program.display())]
    NotExecutable { tool: String, program: PathBuf },
    #[error("start {tool}: the working directory {} does not exist or is not a directory", path.display())]
    WorkingDirectory { tool: String, path: PathBuf },
    #[error("open a pseudo-terminal: {source}")]
    Pty { source: io::Error },
    #[error("write the side files of {tool} below {}: {source}", path.display())]
    Files {
        tool: String,
        path: PathBuf,
        source: io::Error,
    },
    #[error("start {}: {source}", program.display())]
    Spawn {
        tool: String,
        program: PathBuf,
        source: io::Error,
    },
    #[error("open the recording {}: {source}", path.display())]
    Recording { path: PathBuf, source: io::Error },
    #[error("resume {tool}: its protocol does not say how")]
    CannotResume { tool: String },
    #[error("resume {id:?}: that is no id of a conversation")]
    NoSessionId { id: String },
    #[error("start: no program is named")]
    NoCommand,
    #[error("a session needs a tokio runtime with I/O enabled")]
    NoRuntime,
}

/// Why the tool did not become ready.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadyError {
    #[error("{tool} ended before it was ready ({})", exit_words(exit))]
    Exited {
        tool: String,
        exit: Exit,
        screen: String,
    },
    #[error("{tool} waits for a decision before it is ready ({}): {}", question.kind.as_str(), question.text)]
    Blocked { tool: String, question: Question },
    #[error("{tool} was not ready within {within:?} (state: {state})")]
    TimedOut {
        tool: String,
        within: Duration,
        state: &'static str,
        screen: String,
    },
    #[error(transparent)]
    Gone(#[from] SessionGone),
}

/// Why a prompt was not typed, or got no response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Nothing was typed.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// Nothing was typed.
    #[error(transparent)]
    NotReady(#[from] ReadyError),
    /// Nothing was typed.
    #[error("queue a prompt: {waiting} prompts wait already")]
    QueueFull { waiting: usize },
    /// Nothing was typed: the prompt waited behind others for its whole time.
    #[error("the prompt waited {waited:?} for the tool to be ready and was withdrawn (state: {state})")]
    QueuedTooLong { waited: Duration, state: &'static str },
    #[error(transparent)]
    Gone(#[from] SessionGone),
}

/// The session's task has ended; what it had to say has been said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session has ended")]
pub struct SessionGone;

/// Why a recording was not written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    #[error("open {}: {source}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{}:{line}:{column}: {what}", path.display())]
    Format {
        path: PathBuf,
        line: usize,
        column: usize,
        what: String,
    },
    #[error(transparent)]
    Gone(#[from] SessionGone),
}

/// `exit code 3`, `signal 9 (SIGKILL)`.
pub fn exit_words(exit: &Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit code {code}"),
        Exit::Signal(number) => match nix::sys::signal::Signal::try_from(*number) {
            Ok(signal) => format!("signal {number} ({})", signal.as_str()),
            Err(_) => format!("signal {number}"),
        },
        Exit::Unknown => "how is not known".to_owned(),
    }
}

impl Coded for LaunchError {
    fn code(&self) -> &'static str {
        match self {
            LaunchError::NotFound { .. } => "tool_not_found",
            LaunchError::NotExecutable { .. } => "tool_not_executable",
            LaunchError::WorkingDirectory { .. } => "working_directory",
            LaunchError::Pty { .. } => "pty_failed",
            LaunchError::Files { .. } => "side_files_failed",
            LaunchError::Spawn { .. } => "spawn_failed",
            LaunchError::Recording { .. } => "recording_failed",
            LaunchError::CannotResume { .. } | LaunchError::NoSessionId { .. } => "cannot_resume",
            LaunchError::NoCommand => "no_command",
            LaunchError::NoRuntime => "no_runtime",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            LaunchError::NotFound { tool, tried } => Some(format!(
                "install {tool}, put it in PATH, or name its file: {}",
                tried.first().map_or(tool.as_str(), String::as_str)
            )),
            LaunchError::NotExecutable { program, .. } => Some(format!("chmod +x {}", program.display())),
            LaunchError::CannotResume { .. } => Some("its protocol needs a table [resume]".to_owned()),
            LaunchError::NoSessionId { .. } => {
                Some("it is told when a session ends: `resume with: …`".to_owned())
            }
            LaunchError::WorkingDirectory { .. } => Some("create it or name another one".to_owned()),
            LaunchError::Pty { source } if source.raw_os_error() == Some(libc::ENOSPC) => {
                Some("no pseudo-terminal is left; see /proc/sys/kernel/pty/max and nr".to_owned())
            }
            _ => None,
        }
    }

    fn retryable(&self) -> bool {
        match self {
            LaunchError::Pty { .. } => true,
            LaunchError::Spawn { source, .. } => {
                matches!(
                    source.raw_os_error(),
                    Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE)
                )
            }
            _ => false,
        }
    }
}

impl Coded for ReadyError {
    fn code(&self) -> &'static str {
        match self {
            ReadyError::Exited { .. } => "exited_before_ready",
            ReadyError::Blocked { .. } => "blocked",
            ReadyError::TimedOut { .. } => "not_ready",
            ReadyError::Gone(gone) => gone.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            ReadyError::Exited { screen, .. } => last_lines(screen),
            ReadyError::Blocked { question, .. } => choices_hint(question),
            ReadyError::TimedOut { screen, .. } => last_line(screen)
                .map(|line| format!("the screen ends with: {line}; `explain` shows which rule is near")),
            ReadyError::Gone(_) => None,
        }
    }

    fn retryable(&self) -> bool {
        matches!(self, ReadyError::TimedOut { .. })
    }
}

impl Coded for AskError {
    fn code(&self) -> &'static str {
        match self {
            AskError::Submit(error) => submit_code(error),
            AskError::NotReady(error) => error.code(),
            AskError::QueueFull { .. } => "queue_full",
            AskError::QueuedTooLong { .. } => "queued_too_long",
            AskError::Gone(gone) => gone.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            AskError::Submit(SubmitError::Blocked(question)) => choices_hint(question),
            AskError::Submit(SubmitError::LineTooLong { .. }) => {
                Some("break the line, or put the text in a file and name the file in the prompt".to_owned())
            }
            AskError::NotReady(error) => error.hint(),
            _ => None,
        }
    }

    fn retryable(&self) -> bool {
        match self {
            AskError::Submit(SubmitError::Busy | SubmitError::NotReady { .. }) => true,
            AskError::NotReady(error) => error.retryable(),
            AskError::QueueFull { .. } | AskError::QueuedTooLong { .. } => true,
            _ => false,
        }
    }
}

impl Coded for SessionGone {
    fn code(&self) -> &'static str {
        "session_ended"
    }
}

impl Coded for RecordError {
    fn code(&self) -> &'static str {
        match self {
            RecordError::Open { .. } | RecordError::Write { .. } => "recording_failed",
            RecordError::Format { .. } => "recording_invalid",
            RecordError::Gone(gone) => gone.code(),
        }
    }
}

fn submit_code(error: &SubmitError) -> &'static str {
    match error {
        SubmitError::NotReady { .. } => "not_ready",
        SubmitError::Busy => "busy",
        SubmitError::Blocked(_) => "blocked",
        SubmitError::Exited => "exited",
        SubmitError::ControlCharacter { .. } => "control_character",
        SubmitError::LineTooLong { .. } => "line_too_long",
        SubmitError::Refused { .. } => "refused",
        SubmitError::NoSuchChoice { .. } => "no_such_choice",
        SubmitError::DialogChanged { .. } => "dialog_changed",
        SubmitError::NotChosen { .. } => "not_chosen",
        SubmitError::NothingAsked { .. } => "nothing_asked",
        SubmitError::InterruptRefused { .. } => "interrupt_refused",
    }
}

fn choices_hint(question: &Question) -> Option<String> {
    let labels: Vec<&str> = question.choices.iter().map(|c| c.label.as_str()).collect();
    (!labels.is_empty()).then(|| format!("answer with one of: {}", labels.join(", ")))
}

/// What a tool that did not come up left behind: why, it often says some rows above its last words.
fn last_lines(screen: &str) -> Option<String> {
    const ROWS: usize = 8;
    let says = |line: &&str| line.contains(char::is_alphanumeric);
    let mut lines: Vec<&str> = screen.lines().map(str::trim).filter(says).collect();
    lines.drain(..lines.len().saturating_sub(ROWS));
    match lines[..] {
        [] => None,
        [line] => Some(format!("its last line: {line}")),
        _ => Some(format!("its last lines:\n{}", lines.join("\n"))),
    }
}

fn last_line(screen: &str) -> Option<&str> {
    screen
        .lines()
        .rev()
        .map(str::trim_end)
        .find(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::last_lines;

    #[test]
    fn a_tool_that_did_not_come_up_is_quoted() {
        assert_eq!(last_lines("\n ░░ \n"), None);
        assert_eq!(last_lines(" one\n\n").as_deref(), Some("its last line: one"));
        let screen = "*** art ***\n░░░\n\n  Unable to connect\n\n  Look at your network \n\n";
        assert_eq!(
            last_lines(screen).as_deref(),
            Some("its last lines:\n*** art ***\nUnable to connect\nLook at your network")
        );
        let many: String = (0..20).map(|n| format!("row {n}\n")).collect();
        let told = last_lines(&many).expect("rows");
        assert!(told.starts_with("its last lines:\nrow 12\n") && told.ends_with("row 19"));
    }
}
