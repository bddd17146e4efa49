//! The thread that writes: the journal first, then standard output.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::gauge::Painter;
use super::journal::{self, Journal};
use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;

/// One line of standard output.
#[derive(Debug)]
pub struct Line {
    /// A JSON object with its newline.
    pub text: String,
    /// What the journal knows it by, when it goes there, too.
    pub mark: Option<u128>,
    /// Its place in the window, free when the line is written.
    pub permit: OwnedSemaphorePermit,
}

/// The near end of the thread.
pub struct Writer {
    // Unbounded: each line holds a permit of the window.
    lines: Option<mpsc::Sender<Line>>,
    /// How it ended; the failure is the first.
    pub ended: oneshot::Receiver<Result<(), Failure>>,
}

impl Writer {
    pub fn start(journal: Option<Journal>, painter: Arc<Mutex<Painter>>) -> io::Result<Writer> {
        let (line_tx, lines) = mpsc::channel();
        let (ended_tx, ended) = oneshot::channel();
        std::thread::Builder::new().name("output".into()).spawn(move || {
            // The run has ended without waiting for it.
            let _nobody_waits = ended_tx.send(write_all(&lines, journal, &painter));
        })?;
        Ok(Writer {
            lines: Some(line_tx),
            ended,
        })
    }

    pub fn write(&self, line: Line) {
        if let Some(lines) = &self.lines {
            // A writer that has ended has told why.
            let _ended = lines.send(line);
        }
    }

    /// No more lines; `ended` says when all are written.
    pub fn close(&mut self) {
        self.lines = None;
    }
}

fn write_all(
    lines: &mpsc::Receiver<Line>,
    mut journal: Option<Journal>,
    painter: &Mutex<Painter>,
) -> Result<(), Failure> {
    let shared = io::stdout().is_terminal();
    loop {
        let line = match lines.recv_timeout(journal::SYNC) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => {
                sync(journal.as_mut())?;
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return sync(journal.as_mut()),
        };
        if let (Some(journal), Some(mark)) = (journal.as_mut(), line.mark) {
            journal
                .append(mark, &line.text)
                .map_err(|error| unsaved(&error))?;
        }
        if shared {
            painter.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        let mut out = io::stdout().lock();
        out.write_all(line.text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|error| unwritten(&error))?;
        drop(line.permit);
    }
}

fn sync(journal: Option<&mut Journal>) -> Result<(), Failure> {
    journal
        .map_or(Ok(()), Journal::sync)
        .map_err(|error| unsaved(&error))
}

fn unsaved(error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, "journal", format!("write the journal: {error}"))
}

fn unwritten(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => {
            Failure::new(Exit::BrokenPipe, "broken_pipe", "standard output was closed")
        }
        _ => Failure::new(Exit::Failed, "output", format!("write an answer: {error}")),
    }
}
