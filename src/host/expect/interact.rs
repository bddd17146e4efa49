//! The session in the hands of the person at a terminal.
//!
//! What the tool prints reaches the person through a tap that holds the tool up when the terminal is slow; what the person types goes the way of
//! any other input. The loop runs in the caller's own future: dropping it gives the terminal back as it was.

use std::future::{Future as _, poll_fn};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::error::ExpectError;
use super::log::{Log, LogId, Logged};
use crate::engine::expect::{Found, Patterns, WaitOptions};
use crate::engine::protocol::keys::Keys;
use crate::host::error::{Coded, SessionGone};
use crate::host::session::{Command, Session};
use crate::host::terminal::{End, Terminal};

/// Output that waits for the person's terminal; beyond, the tool is not read.
const BEHIND_BYTES: usize = 256 << 10;

/// Changes what passes; what it returns goes on.
pub type Filter = Box<dyn FnMut(&[u8]) -> Vec<u8> + Send>;

/// How a session is handed over.
pub struct InteractOptions {
    /// What the person types to give it back; nothing of it reaches the tool. Empty: only the tool's end or a pattern ends it.
    pub escape: Keys,
    /// Output that takes it back.
    pub patterns: Option<Patterns>,
    /// What the person sees first.
    pub show: Show,
    /// The tool's terminal gets the size of the person's, now and when it changes.
    pub follow_window: bool,
    /// Over what is typed.
    pub input: Option<Filter>,
    /// Over what is shown.
    pub output: Option<Filter>,
}

impl Default for InteractOptions {
    fn default() -> InteractOptions {
        InteractOptions {
            escape: Keys::from(vec![0x1d]),
            patterns: None,
            show: Show::default(),
            follow_window: true,
            input: None,
            output: None,
        }
    }
}

impl std::fmt::Debug for InteractOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InteractOptions")
            .field("escape", &self.escape)
            .field("patterns", &self.patterns)
            .field("show", &self.show)
            .field("follow_window", &self.follow_window)
            .finish_non_exhaustive()
    }
}

/// What a person is shown at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// The screen as it is, on a cleared terminal.
    Screen,
    /// Output that nobody has matched yet.
    #[default]
    Unmatched,
    Nothing,
}

/// How it came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interacted {
    /// The person typed the escape keys.
    Escaped,
    /// One of the patterns came.
    Found(Box<Found>),
    /// The tool has ended.
    Exited,
    /// The person's terminal, or the file that stood for it, is at its end.
    InputEnded,
}

/// Why a hand-over failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InteractError {
    #[error("interact: {0}")]
    Terminal(#[from] io::Error),
    #[error(transparent)]
    Expect(#[from] ExpectError),
    #[error(transparent)]
    Gone(#[from] SessionGone),
}

impl Coded for InteractError {
    fn code(&self) -> &'static str {
        match self {
            InteractError::Terminal(_) => "terminal_failed",
            InteractError::Expect(error) => error.code(),
            InteractError::Gone(gone) => gone.code(),
        }
    }
}

impl Session {
    /// Hands the session to the person at `terminal` until they type the escape keys (`ctrl-]`), a pattern takes it back, or the tool ends. The
    /// terminal is raw meanwhile: ctrl-c and all other keys are the tool's. All output up to then counts as matched, behind a pattern what
    /// follows it does not.
    ///
    /// # Errors
    ///
    /// The terminal cannot be read or written.
    pub async fn interact(
        &self,
        options: InteractOptions,
        terminal: &mut Terminal,
    ) -> Result<Interacted, InteractError> {
        let raw = terminal.raw()?;
        let (input, output) = terminal.ends()?;
        let (tap, heard) = Tap::new();
        if let Some(size) = terminal.size().filter(|_| options.follow_window) {
            self.resize(size).await?;
        }
        let behind = Arc::clone(&tap.behind);
        let tapped = self
            .request(|reply| Command::Tap(Box::new(tap), options.show, reply))
            .await?;
        let mut talk = Talk {
            session: self,
            escape: Escape::new(options.escape.bytes()),
            to_show: Vec::new(),
            output_filter: options.output,
            input_filter: options.input,
            heard: Heard {
                heard,
                behind,
                session: self,
                id: tapped.id,
            },
            input,
            output,
            window: options
                .follow_window
                .then(|| signal(SignalKind::window_change()))
                .transpose()?,
        };
        talk.show(&tapped.shown);
        let typed_ahead = std::mem::take(&mut terminal.typed_ahead);
        let ended = talk.run(options.patterns, typed_ahead, terminal).await;
        drop(talk);
        drop(raw);
        let ended = ended?;
        if self.follow().is_some() && !matches!(ended, Interacted::Found(_)) {
            self.skip().await?;
        }
        Ok(ended)
    }
}

/// The tap's name, and what the person is shown first.
pub(in crate::host) struct Tapped {
    pub(in crate::host) id: LogId,
    pub(in crate::host) shown: Vec<u8>,
}

struct Tap {
    // Unbounded: the task must not wait here. `is_behind` bounds it: the tool is not read while too much waits.
    tx: mpsc::UnboundedSender<Vec<u8>>,
    behind: Arc<AtomicUsize>,
}

impl Tap {
    fn new() -> (Tap, mpsc::UnboundedReceiver<Vec<u8>>) {
        let (tx, rx) = mpsc::unbounded_channel();
        let behind = Arc::new(AtomicUsize::new(0));
        (Tap { tx, behind }, rx)
    }
}

impl Log for Tap {
    fn log(&mut self, what: Logged<'_>) {
        if let Logged::Output(bytes) = what {
            self.behind.fetch_add(bytes.len(), Ordering::AcqRel);
            let _nobody_looks = self.tx.send(bytes.to_vec());
        }
    }

    fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Acquire) > BEHIND_BYTES && !self.tx.is_closed()
    }
}

/// The other side of the tap; dropping it takes the tap away.
struct Heard<'a> {
    heard: mpsc::UnboundedReceiver<Vec<u8>>,
    behind: Arc<AtomicUsize>,
    session: &'a Session,
    id: LogId,
}

impl Heard<'_> {
    fn taken(&self, bytes: &[u8]) {
        let before = self.behind.fetch_sub(bytes.len(), Ordering::AcqRel);
        if before > BEHIND_BYTES && before - bytes.len() <= BEHIND_BYTES {
            // A full queue of commands wakes the task, too.
            self.session.try_command(Command::ReadOn);
        }
    }
}

impl Drop for Heard<'_> {
    fn drop(&mut self) {
        self.heard.close();
        self.session.try_command(Command::StopLog(self.id));
    }
}

struct Talk<'a> {
    session: &'a Session,
    escape: Escape,
    /// On its way to the person.
    to_show: Vec<u8>,
    input_filter: Option<Filter>,
    output_filter: Option<Filter>,
    heard: Heard<'a>,
    input: End,
    output: End,
    window: Option<Signal>,
}

enum Next {
    Typed(Vec<u8>),
    Shown(usize),
    Heard(Option<Vec<u8>>),
    Window,
    Found(Box<Found>),
}

impl Talk<'_> {
    async fn run(
        &mut self,
        patterns: Option<Patterns>,
        typed_ahead: Vec<u8>,
        terminal: &mut Terminal,
    ) -> Result<Interacted, InteractError> {
        let session = self.session;
        let mut taken_back = std::pin::pin!(taken_back(session, patterns));
        let mut found = None;
        if let Some(rest) = self.typed(&typed_ahead).await? {
            terminal.typed_ahead = rest;
            return Ok(Interacted::Escaped);
        }
        loop {
            // What was printed before the end, or before the match, is shown before it is told.
            if self.to_show.is_empty()
                && let Some(found) = found.take()
            {
                return Ok(Interacted::Found(found));
            }
            let waiting = found.is_none();
            let next = tokio::select! {
                biased;
                shown = self.output.write(&self.to_show), if !self.to_show.is_empty() => Next::Shown(shown?),
                found = &mut taken_back, if waiting => Next::Found(Box::new(found?)),
                heard = self.heard.heard.recv(), if waiting && self.to_show.is_empty() => Next::Heard(heard),
                typed = self.input.read(), if waiting => Next::Typed(typed?),
                () = changed(&mut self.window), if waiting => Next::Window,
            };
            match next {
                Next::Shown(count) => drop(self.to_show.drain(..count)),
                Next::Found(it) => {
                    while let Ok(bytes) = self.heard.heard.try_recv() {
                        self.hear(&bytes);
                    }
                    found = Some(it);
                }
                Next::Heard(Some(bytes)) => self.hear(&bytes),
                Next::Heard(None) => {
                    // The end may be what was waited for: that is told before the tap goes.
                    let last = poll_fn(|cx| Poll::Ready(taken_back.as_mut().poll(cx))).await;
                    return match last {
                        Poll::Ready(found) => Ok(Interacted::Found(Box::new(found?))),
                        Poll::Pending => Ok(Interacted::Exited),
                    };
                }
                Next::Typed(bytes) if bytes.is_empty() => return Ok(Interacted::InputEnded),
                Next::Typed(bytes) => {
                    if let Some(rest) = self.typed(&bytes).await? {
                        terminal.typed_ahead = rest;
                        return Ok(Interacted::Escaped);
                    }
                }
                Next::Window => {
                    if let Some(size) = terminal.size() {
                        session.resize(size).await?;
                    }
                }
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.heard.taken(bytes);
        self.show(bytes);
    }

    fn show(&mut self, bytes: &[u8]) {
        match &mut self.output_filter {
            Some(filter) => self.to_show.extend(filter(bytes)),
            None => self.to_show.extend_from_slice(bytes),
        }
    }

    /// Passes on what was typed; what stood behind the escape keys, when they were typed.
    async fn typed(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, SessionGone> {
        let (passed, rest) = self.escape.scan(bytes);
        let passed = match &mut self.input_filter {
            Some(filter) if !passed.is_empty() => filter(&passed),
            _ => passed,
        };
        if !passed.is_empty() {
            self.session.command(Command::Keys(passed)).await?;
        }
        Ok(rest)
    }
}

/// A wait that nobody's patterns end goes on for ever; so does one whose tool ends without them: the tap tells the end.
async fn taken_back(session: &Session, patterns: Option<Patterns>) -> Result<Found, ExpectError> {
    let Some(patterns) = patterns else {
        return std::future::pending().await;
    };
    let options = WaitOptions {
        timeout: None,
        ..session.wait_options()?
    };
    match session.wait_for(patterns, options).await {
        Err(ExpectError::Eof(_) | ExpectError::Gone(_)) => std::future::pending().await,
        ended => ended,
    }
}

async fn changed(window: &mut Option<Signal>) {
    match window {
        Some(window) => drop(window.recv().await),
        None => std::future::pending().await,
    }
}

/// Looks for the escape keys in what is typed, over the ends of reads.
#[derive(Debug)]
struct Escape {
    keys: Vec<u8>,
    /// How many of them have been typed, and held back.
    held: usize,
}

impl Escape {
    fn new(keys: Vec<u8>) -> Escape {
        Escape { keys, held: 0 }
    }

    /// What goes to the tool, and what stood behind the keys when all of them were typed.
    fn scan(&mut self, bytes: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
        if self.keys.is_empty() {
            return (bytes.to_vec(), None);
        }
        let mut passed = Vec::with_capacity(bytes.len());
        for (at, &byte) in bytes.iter().enumerate() {
            passed.extend_from_slice(&self.push(byte));
            if self.held == self.keys.len() {
                self.held = 0;
                return (passed, Some(bytes[at + 1..].to_vec()));
            }
        }
        (passed, None)
    }

    /// What can no longer be part of the keys.
    fn push(&mut self, byte: u8) -> Vec<u8> {
        let mut typed = self.keys[..self.held].to_vec();
        typed.push(byte);
        let fits = |held: &usize| typed.ends_with(&self.keys[..*held]);
        let longest = typed.len().min(self.keys.len());
        self.held = (0..=longest).rev().find(fits).unwrap_or(0);
        typed.truncate(typed.len() - self.held);
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(keys: &[u8], reads: &[&[u8]]) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut escape = Escape::new(keys.to_vec());
        let mut all = Vec::new();
        for read in reads {
            let (passed, rest) = escape.scan(read);
            all.extend(passed);
            if rest.is_some() {
                return (all, rest);
            }
        }
        (all, None)
    }

    #[test]
    fn escape_keys_are_found_over_reads_and_nothing_else_is_held_back() {
        assert_eq!(
            scan(b"\x1d", &[b"ab\x1dcd"]),
            (b"ab".to_vec(), Some(b"cd".to_vec()))
        );
        assert_eq!(scan(b"~.", &[b"a~", b".b"]), (b"a".to_vec(), Some(b"b".to_vec())));
        assert_eq!(scan(b"~.", &[b"a~", b"b"]), (b"a~b".to_vec(), None));
        assert_eq!(scan(b"aab", &[b"aaab"]), (b"a".to_vec(), Some(Vec::new())));
        assert_eq!(scan(b"", &[b"\x1d"]), (b"\x1d".to_vec(), None));
    }
}
