//! A program and a person who types into it: bytes go both ways as they are, and past a recorder.
//!
//! Our own terminal is raw while this runs, so ctrl-c and everything else is the program's. What the program prints is written as it
//! comes; a slow terminal slows the program down, as it would without us.
//!
//! The recorder also gets looks at the program's terminal, so that a replay has the evidence that a session would have: when output
//! has paused, and before what is typed (a program that is typed at waits, if it ever does).

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, Read as _, Write as _};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::signals::{Signal, Signals};
use super::terminal;
use crate::engine::time::Time;
use crate::engine::tty::{Exit, ProbeDepth};
use crate::host::pty::{Pty, Read, TreeSignal, Unix, Written};
use crate::host::recording::Recorder;

/// Bytes of one read from either side.
const CHUNK_BYTES: usize = 16 << 10;
/// Output that has paused for this long is looked at.
const PAUSE: Duration = Duration::from_millis(25);

/// How a program was left.
pub enum Left {
    Exited(Exit),
    Signalled(Signal),
}

pub struct Passthrough {
    pty: Unix,
    recorder: Recorder,
    begun: Instant,
    /// Typed, and not yet taken by the program.
    pending: VecDeque<u8>,
    /// What is typed; `None` when our own input has ended.
    typed: Option<mpsc::Receiver<Vec<u8>>>,
    /// No process has the terminal open any more.
    closed: bool,
    /// When to look at the terminal.
    look_at: Option<Instant>,
}

/// What happened next.
enum Next {
    Output,
    Input(Option<Vec<u8>>),
    Writable,
    Paused,
    Ended(Exit),
    Signal(Signal),
}

impl Passthrough {
    /// The recorder's time zero is `begun`.
    pub fn new(pty: Unix, recorder: Recorder, begun: Instant) -> io::Result<Passthrough> {
        let typed = Some(typed()?);
        Ok(Passthrough {
            pty,
            recorder,
            begun,
            pending: VecDeque::new(),
            typed,
            closed: false,
            look_at: None,
        })
    }

    /// Until the program has ended; gives the recorder back.
    pub async fn run(mut self, signals: &mut Signals) -> io::Result<(Left, Recorder)> {
        loop {
            match self.next(signals).await {
                Next::Output => self.drain()?,
                Next::Input(Some(bytes)) => self.take_typed(&bytes),
                Next::Input(None) => self.end_input(),
                Next::Writable => {}
                Next::Paused => self.look(),
                Next::Ended(exit) => return self.ended(exit),
                Next::Signal(Signal::WindowChange) => self.follow_window()?,
                Next::Signal(signal) => {
                    self.pty.signal_tree(TreeSignal::HangUp);
                    return Ok((Left::Signalled(signal), self.recorder));
                }
            }
            self.flush()?;
        }
    }

    async fn next(&mut self, signals: &mut Signals) -> Next {
        // Typing waits while the program does not read: the channel is bounded, and so is what we hold.
        let room = self.pending.len() < CHUNK_BYTES;
        let (pty, pending) = (&mut self.pty, !self.pending.is_empty());
        let ready = poll_fn(|cx| {
            if pty.poll_readable(cx).is_ready() {
                return Next::Output.into();
            }
            if pending && pty.poll_writable(cx).is_ready() {
                return Next::Writable.into();
            }
            pty.poll_exit(cx).map(Next::Ended)
        });
        tokio::select! {
            biased;
            signal = signals.next() => Next::Signal(signal),
            next = ready => next,
            bytes = received(&mut self.typed), if room => Next::Input(bytes),
            () = until(self.look_at) => Next::Paused,
        }
    }

    fn drain(&mut self) -> io::Result<()> {
        let mut buffer = [0; CHUNK_BYTES];
        while !self.closed {
            match self.pty.read(&mut buffer)? {
                Read::Bytes { count, .. } => self.show(&buffer[..count])?,
                Read::Empty => break,
                Read::Closed => self.closed = true,
            }
        }
        self.look_at = Some(Instant::now() + PAUSE);
        Ok(())
    }

    fn show(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.recorder.output(bytes, self.now());
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    fn take_typed(&mut self, bytes: &[u8]) {
        self.look();
        self.recorder.input(bytes, self.now());
        self.pending.extend(bytes);
    }

    /// Our own input has ended; the program is told as a terminal tells it.
    fn end_input(&mut self) {
        self.typed = None;
        self.pending.push_back(0x04);
    }

    fn look(&mut self) {
        self.look_at = None;
        let probe = self.pty.probe(ProbeDepth::Waiting);
        self.recorder.tty(&probe, self.now());
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.pending.is_empty() {
            match self.pty.write(self.pending.make_contiguous())? {
                Written::Bytes(count) => drop(self.pending.drain(..count)),
                Written::Full => break,
                Written::Closed => self.pending.clear(),
            }
        }
        Ok(())
    }

    fn follow_window(&mut self) -> io::Result<()> {
        let Some(size) = terminal::size() else {
            return Ok(());
        };
        self.pty.resize(size)?;
        self.recorder.resize(size, self.now());
        Ok(())
    }

    fn ended(mut self, exit: Exit) -> io::Result<(Left, Recorder)> {
        self.drain()?;
        self.pty.reap();
        self.recorder.exit(exit, self.now());
        Ok((Left::Exited(exit), self.recorder))
    }

    fn now(&self) -> Time {
        Time(self.begun.elapsed())
    }
}

/// What is typed, from a thread of its own: reading a terminal blocks, and the thread ends with the process.
fn typed() -> io::Result<mpsc::Receiver<Vec<u8>>> {
    let (tx, rx) = mpsc::channel(4);
    std::thread::Builder::new().name("typed".into()).spawn(move || {
        let mut stdin = io::stdin().lock();
        let mut buffer = [0; CHUNK_BYTES];
        while let Ok(count @ 1..) = stdin.read(&mut buffer) {
            if tx.blocking_send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    })?;
    Ok(rx)
}

async fn received(typed: &mut Option<mpsc::Receiver<Vec<u8>>>) -> Option<Vec<u8>> {
    match typed {
        Some(rx) => rx.recv().await,
        None => std::future::pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
