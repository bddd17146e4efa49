//! Signals as events. They are blocked in every thread and taken by one that only waits for them, so no handler runs anywhere.

use std::io;

use nix::sys::signal::{SigSet, Signal as Number};
use tokio::sync::mpsc;

use super::exit::Exit;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Interrupt,
    Terminate,
    Hangup,
    /// Our own terminal has another size.
    WindowChange,
}

impl Signal {
    /// How a command ends that this signal ended.
    pub const fn exit(self) -> Exit {
        match self {
            Signal::Interrupt | Signal::WindowChange => Exit::Interrupted,
            Signal::Terminate => Exit::Terminated,
            Signal::Hangup => Exit::Hangup,
        }
    }
}

pub struct Signals {
    // Unbounded: signals come at the rate of people, and pending ones of a kind are merged by the kernel.
    rx: mpsc::UnboundedReceiver<Signal>,
}

impl Signals {
    /// Catches the signals that end a command. Call it before another thread is started.
    pub fn catch() -> io::Result<Signals> {
        Signals::of(&[Number::SIGINT, Number::SIGTERM, Number::SIGHUP])
    }

    /// Also follows the size of our own terminal.
    pub fn catch_with_window() -> io::Result<Signals> {
        Signals::of(&[Number::SIGINT, Number::SIGTERM, Number::SIGHUP, Number::SIGWINCH])
    }

    fn of(numbers: &[Number]) -> io::Result<Signals> {
        let set: SigSet = numbers.iter().copied().collect();
        set.thread_block()?;
        let (tx, rx) = mpsc::unbounded_channel();
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                while let Ok(number) = set.wait() {
                    if tx.send(signal(number)).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Signals { rx })
    }

    /// The next signal. Never ends by itself.
    pub async fn next(&mut self) -> Signal {
        match self.rx.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

fn signal(number: Number) -> Signal {
    match number {
        Number::SIGTERM => Signal::Terminate,
        Number::SIGHUP => Signal::Hangup,
        Number::SIGWINCH => Signal::WindowChange,
        _ => Signal::Interrupt,
    }
}
