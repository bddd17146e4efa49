//! Why a wait or a send came to nothing. `Display` of a failed wait is the whole report.

use std::fmt;
use std::time::Duration;

use crate::engine::expect::{Failure, Nearness, PatternError};
use crate::engine::framer::state::State;
use crate::engine::tty::Exit;
use crate::host::error::{Coded, SessionGone, exit_words};

/// Why `expect` did not find anything.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExpectError {
    /// None of the patterns came within the wait's time.
    #[error("{0}")]
    TimedOut(Box<Missed>),
    /// The tool has closed its terminal, and all it wrote has been searched.
    #[error("{0}")]
    Eof(Box<Missed>),
    #[error(transparent)]
    Pattern(PatternError),
    #[error("expect: this session does not keep the tool's output")]
    NotFollowed,
    #[error(transparent)]
    Gone(#[from] SessionGone),
}

impl From<PatternError> for ExpectError {
    fn from(error: PatternError) -> ExpectError {
        ExpectError::Pattern(error)
    }
}

impl ExpectError {
    /// What was there instead, where something was waited for.
    pub fn missed(&self) -> Option<&Missed> {
        match self {
            ExpectError::TimedOut(missed) | ExpectError::Eof(missed) => Some(missed),
            ExpectError::Pattern(_) | ExpectError::NotFollowed | ExpectError::Gone(_) => None,
        }
    }
}

impl Coded for ExpectError {
    fn code(&self) -> &'static str {
        match self {
            ExpectError::TimedOut(_) => "timed_out",
            ExpectError::Eof(_) => "eof",
            ExpectError::Pattern(_) => "pattern_invalid",
            ExpectError::NotFollowed => "not_followed",
            ExpectError::Gone(gone) => gone.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            ExpectError::NotFollowed => {
                Some("start it with `Session::spawn`, or with `Options::follow` set".to_owned())
            }
            ExpectError::Pattern(error) => error.hint.clone(),
            _ => None,
        }
    }

    fn retryable(&self) -> bool {
        matches!(self, ExpectError::TimedOut(_))
    }
}

/// A wait that failed, and everything that a reader needs to see why.
#[derive(Clone, Debug, PartialEq)]
pub struct Missed {
    pub failure: Failure,
    /// Program and arguments.
    pub command: Vec<String>,
    pub state: State,
    /// Visible rows, top to bottom, without trailing blanks.
    pub screen: Vec<String>,
    /// Row and column of the cursor on the screen, from 0.
    pub cursor: (usize, usize),
    /// Typed, and not yet taken by the terminal.
    pub pending_input_bytes: usize,
    /// For how long the terminal has taken none of it.
    pub input_waits: Option<Duration>,
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.headline(f)?;
        for nearness in &self.failure.patterns {
            nearness_line(nearness, f)?;
        }
        if self.pending_input_bytes > 0 {
            write!(
                f,
                "\n{} bytes of input are still to be read",
                self.pending_input_bytes
            )?;
            if let Some(waits) = self.input_waits {
                write!(f, ": the tool has not read for {}", seconds(waits))?;
            }
        }
        self.last_lines(f)?;
        self.screen_rows(f)
    }
}

impl Missed {
    fn headline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::engine::expect::FailureWhy;
        let waited = seconds(self.failure.waited);
        let command = self.command.join(" ");
        match self.failure.why {
            FailureWhy::TimedOut => write!(f, "not within {waited}, from `{command}`")?,
            FailureWhy::Eof => write!(f, "`{command}` closed its terminal after {waited}")?,
        }
        match &self.state {
            State::Exited { exit } => write!(f, " ({})", ended(exit))?,
            State::Unknown => {}
            state => write!(f, " (state: {})", state.as_str())?,
        }
        f.write_str(":")
    }

    fn last_lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.failure.unmatched_bytes;
        if self.failure.last_lines.is_empty() {
            return write!(f, "\nno unmatched output");
        }
        write!(f, "\nunmatched output, {bytes} bytes, the last of it:")?;
        for line in &self.failure.last_lines {
            write!(f, "\n  | {}", visible(line))?;
        }
        Ok(())
    }

    fn screen_rows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (row, column) = self.cursor;
        write!(
            f,
            "\nthe screen, cursor in row {} column {}:",
            row + 1,
            column + 1
        )?;
        let used = self.screen.iter().rposition(|row| !row.is_empty());
        for row in &self.screen[..used.map_or(0, |last| last + 1)] {
            write!(f, "\n  | {row}")?;
        }
        Ok(())
    }
}

fn nearness_line(nearness: &Nearness, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "\n  {}", nearness.pattern)?;
    match &nearness.near {
        Some(near) => write!(
            f,
            "  nearest: {:?} at byte {}, in the line {:?}",
            near.text, near.position, near.line
        )?,
        None if nearness.unmet.is_empty() => {}
        None => write!(f, "  {}", nearness.unmet.join(", "))?,
    }
    Ok(())
}

fn ended(exit: &Exit) -> String {
    format!("it has ended: {}", exit_words(exit))
}

/// Controls as people write them: a report must not move the reader's cursor.
fn visible(line: &str) -> String {
    line.chars()
        .map(|c| match c {
            '\t' => "\t".to_owned(),
            c if c.is_control() => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect()
}

/// `0.25 s`, `10 s`.
fn seconds(duration: Duration) -> String {
    let text = format!("{:.3}", duration.as_secs_f64());
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} s")
}

/// Why something was not typed. Nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    #[error("send: the tool has ended")]
    Exited,
    #[error(
        "send_line: {bytes} bytes, and the terminal takes lines of at most {limit} while it edits them itself"
    )]
    LineTooLong { bytes: usize, limit: usize },
    #[error("send: the tool does not read, and {pending_bytes} bytes wait for it already")]
    Full { pending_bytes: usize },
    #[error("send_key: {0}")]
    NoSuchKey(String),
    #[error("send_secret: the terminal still echoed what is typed after {}; nothing was typed", seconds(*.waited))]
    EchoOn { waited: Duration },
    #[error(
        "send_eof: the tool reads keys, not lines, so the terminal gives the end-of-file character no meaning"
    )]
    NotCanonical,
    #[error("flush: {pending_bytes} bytes are still to be read; the tool has not read for {}", seconds(*.waited))]
    NotTaken { pending_bytes: usize, waited: Duration },
    #[error(transparent)]
    Gone(#[from] SessionGone),
}

impl Coded for SendError {
    fn code(&self) -> &'static str {
        match self {
            SendError::Exited => "exited",
            SendError::LineTooLong { .. } => "line_too_long",
            SendError::Full { .. } => "input_full",
            SendError::NoSuchKey(_) => "no_such_key",
            SendError::EchoOn { .. } => "echo_on",
            SendError::NotCanonical => "not_canonical",
            SendError::NotTaken { .. } => "input_not_read",
            SendError::Gone(gone) => gone.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            SendError::LineTooLong { .. } => {
                Some("break the line, or let the tool read it from a file".to_owned())
            }
            SendError::EchoOn { .. } => Some(
                "expect the prompt first; if the tool really shows what is typed, use `send_line`".to_owned(),
            ),
            SendError::NotCanonical => Some("press its own key, often `send_key(\"ctrl-d\")`".to_owned()),
            _ => None,
        }
    }

    fn retryable(&self) -> bool {
        matches!(
            self,
            SendError::Full { .. } | SendError::EchoOn { .. } | SendError::NotTaken { .. }
        )
    }
}
