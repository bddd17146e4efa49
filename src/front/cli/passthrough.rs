//! A program and a person who types into it: bytes go both ways as they are, and past a listener.
//!
//! Our own terminal is raw while this runs, so ctrl-c and everything else is the program's. What the program prints is written as it
//! comes; a slow terminal slows the program down, as it would without us.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, Read as _, Write as _};

use tokio::sync::mpsc;

use super::signals::{Signal, Signals};
use super::terminal;
use crate::engine::term::Size;
use crate::engine::tty::{Exit, ProbeDepth};
use crate::host::pty::{Pty, Read, TreeSignal, Unix, Written};

/// Bytes of one read from either side.
const CHUNK_BYTES: usize = 16 << 10;

/// Is told what passes.
pub trait Listener {
    fn output(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// `hidden`: the program reads it without echo.
    fn input(&mut self, bytes: &[u8], hidden: bool) -> io::Result<()>;
    fn resize(&mut self, size: Size) -> io::Result<()>;
}

/// What happened next.
enum Next {
    Output,
    Input(Option<Vec<u8>>),
    Writable,
    Ended(Exit),
    Signal(Signal),
}

/// How it was left.
pub enum Left {
    Exited(Exit),
    Signalled(Signal),
}

pub struct Passthrough<'a, L> {
    pty: Unix,
    listener: &'a mut L,
    /// Typed, and not yet taken by the program.
    pending: VecDeque<u8>,
    /// No process has the terminal open any more.
    closed: bool,
}

impl<'a, L: Listener> Passthrough<'a, L> {
    pub fn new(pty: Unix, listener: &'a mut L) -> Passthrough<'a, L> {
        Passthrough {
            pty,
            listener,
            pending: VecDeque::new(),
            closed: false,
        }
    }

    /// Until the program has ended.
    pub async fn run(mut self, signals: &mut Signals) -> io::Result<Left> {
        let mut typed = typed()?;
        loop {
            match self.next(&mut typed, signals).await {
                Next::Output => self.drain()?,
                Next::Input(Some(bytes)) => self.type_bytes(&bytes)?,
                // Our own input has ended; the program is told as a terminal would tell it.
                Next::Input(None) => self.pending.push_back(0x04),
                Next::Writable => {}
                Next::Ended(exit) => {
                    self.drain()?;
                    self.pty.reap();
                    return Ok(Left::Exited(exit));
                }
                Next::Signal(Signal::WindowChange) => self.follow_window()?,
                Next::Signal(signal) => {
                    self.pty.signal_tree(TreeSignal::HangUp);
                    return Ok(Left::Signalled(signal));
                }
            }
            self.flush()?;
        }
    }

    async fn next(&mut self, typed: &mut Option<mpsc::Receiver<Vec<u8>>>, signals: &mut Signals) -> Next {
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
            bytes = received(typed), if room => Next::Input(bytes),
        }
    }

    fn drain(&mut self) -> io::Result<()> {
        let mut buffer = [0; CHUNK_BYTES];
        while !self.closed {
            match self.pty.read(&mut buffer)? {
                Read::Bytes { count, .. } => {
                    self.show(&buffer[..count])?;
                }
                Read::Empty => break,
                Read::Closed => self.closed = true,
            }
        }
        Ok(())
    }

    fn show(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()?;
        self.listener.output(bytes)
    }

    fn type_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let tty = self.pty.probe(ProbeDepth::Flags);
        let hidden = tty.echo == Some(false) && tty.canonical == Some(true);
        self.pending.extend(bytes);
        self.listener.input(bytes, hidden)
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
        self.listener.resize(size)
    }
}

/// What is typed, from a thread of its own: reading a terminal blocks, and the thread ends with the process.
fn typed() -> io::Result<Option<mpsc::Receiver<Vec<u8>>>> {
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
    Ok(Some(rx))
}

/// `None` once, when our own input has ended; nothing afterwards.
async fn received(typed: &mut Option<mpsc::Receiver<Vec<u8>>>) -> Option<Vec<u8>> {
    match typed {
        Some(rx) => {
            let bytes = rx.recv().await;
            if bytes.is_none() {
                *typed = None;
            }
            bytes
        }
        None => std::future::pending().await,
    }
}
