//! Taps on what a session prints and is typed.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::host::error::{RecordError, SessionGone};
use crate::host::session::{Command, Session};

/// What a tap hears, in the order in which it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logged<'a> {
    /// Bytes that the tool wrote, as they came.
    Output(&'a [u8]),
    /// Bytes that were typed; those that nobody may see as `*`.
    Input(&'a [u8]),
}

/// Hears a session. It runs in the session's task: what it does must not take long.
pub trait Log: Send {
    fn log(&mut self, what: Logged<'_>);

    /// It has not worked off what it has heard: the tool is not read until it has.
    fn is_behind(&self) -> bool {
        false
    }
}

impl<F: FnMut(Logged<'_>) + Send> Log for F {
    fn log(&mut self, what: Logged<'_>) {
        self(what);
    }
}

/// A tap that is at work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogId(pub(in crate::host) u64);

impl Session {
    /// Hears all that follows.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use ptych::host::expect::Logged;
    /// use ptych::host::{Options, Session};
    ///
    /// let cat = Session::spawn(["cat"], Options::default())?;
    /// let (heard_tx, heard) = std::sync::mpsc::channel();
    /// cat.log(move |what: Logged<'_>| {
    ///     if let Logged::Output(bytes) = what {
    ///         let _nobody_listens = heard_tx.send(bytes.to_vec());
    ///     }
    /// })
    /// .await?;
    /// cat.send_line("hello").await?;
    /// cat.expect("hello\nhello\n").await?;
    /// assert!(heard.try_iter().flatten().count() >= 14);
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The session's task is gone.
    pub async fn log(&self, log: impl Log + 'static) -> Result<LogId, SessionGone> {
        self.request(|reply| Command::Log(Box::new(log), reply)).await
    }

    /// # Errors
    ///
    /// The session's task is gone.
    pub async fn stop_log(&self, id: LogId) -> Result<(), SessionGone> {
        self.command(Command::StopLog(id)).await
    }
}

/// Output appended to a file, as it came; mode 0600.
#[derive(Debug)]
pub struct LogFile {
    file: File,
    input: bool,
}

impl LogFile {
    /// # Errors
    ///
    /// The file cannot be opened.
    pub fn append(path: impl AsRef<Path>) -> Result<LogFile, RecordError> {
        let path: PathBuf = path.as_ref().into();
        let opened = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path);
        match opened {
            Ok(file) => Ok(LogFile { file, input: false }),
            Err(source) => Err(RecordError::Open { path, source }),
        }
    }

    /// What is typed, too.
    #[must_use]
    pub fn with_input(mut self) -> LogFile {
        self.input = true;
        self
    }
}

impl Log for LogFile {
    fn log(&mut self, what: Logged<'_>) {
        let bytes = match what {
            Logged::Output(bytes) => bytes,
            Logged::Input(bytes) if self.input => bytes,
            Logged::Input(_) => return,
        };
        // A full disk must not end the dialogue.
        let _not_written = self.file.write_all(bytes);
    }
}
