//! One pseudo-terminal with a tool in it.
//!
//! The driver sees the trait [`Pty`]; [`Unix`] is its implementation for a tool that is this process's own child. A second
//! implementation may talk to a process that holds the terminal for us.
//!
//! What is measured on Linux and relied upon:
//! - A read of the master gives at most 4,095 bytes (rarely more, never fewer while more is there at that moment), so a shorter
//!   read has taken everything: the next read would say `EAGAIN`. epoll is used edge-triggered, and each arrival is an edge.
//! - When the last slave is closed the master gives what is left and then `EIO`. When the tool has ended and a read says
//!   `EAGAIN`, the kernel has flushed what the tool wrote before: only what others still write can follow.
//! - ECHO, ICANON and the foreground group can be read from the master.
//!
//! portable-pty opens the pair. Its own spawn is not used: between fork and exec it lists `/dev/fd` and allocates, which is
//! slow with many descriptors and unsafe in a program with threads; its writer types a newline and end-of-file when dropped;
//! its `kill` reaches the leader alone. `spawn` and `tree` are ours.
//!
//! All unsafe code of the package is in this folder.

mod leash;
mod probe;
mod spawn;
mod timer;
mod tree;
mod unix;
mod usage;
mod window;

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::engine::session::ForegroundSignal;
use crate::engine::term::Size;
use crate::engine::tty::{Exit, ProbeDepth, TtyProbe};

pub use leash::Leash;
pub use spawn::{SpawnError, SpawnPlan};
pub use timer::Timer;
pub use tree::{adopt_orphans, sweep_adopted};
pub use unix::Unix;
pub use usage::{Usage, is_stopped, usage};
pub(in crate::host) use window::window_size;

/// What one read found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// Bytes are at the start of the buffer; `more` may be had at once.
    Bytes { count: usize, more: bool },
    /// Nothing at this moment.
    Empty,
    /// No process has the terminal open any more.
    Closed,
}

/// What one write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Bytes(usize),
    /// The terminal takes nothing at this moment.
    Full,
    /// No process will ever read it.
    Closed,
}

/// What a signal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeSignal {
    /// SIGHUP, then SIGCONT so that a stopped process sees it.
    HangUp,
    Terminate,
    Kill,
}

/// A terminal with a process tree. Nothing here blocks.
///
/// Dropping it kills the tree at once, without a runtime.
pub trait Pty: Send {
    /// Process id of the tool, which leads its session and process group.
    fn pid(&self) -> u32;
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    /// The tool has ended. It stays a zombie (its id is not used again) until `reap`.
    fn poll_exit(&mut self, cx: &mut Context<'_>) -> Poll<Exit>;
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Read>;
    fn write(&mut self, bytes: &[u8]) -> io::Result<Written>;
    /// Throws away what was written and not yet read.
    fn discard_input(&mut self);
    fn resize(&mut self, size: Size) -> io::Result<()>;
    fn probe(&mut self, depth: ProbeDepth) -> TtyProbe;
    /// The character that ends the input of a tool that reads lines (`VEOF`); `None` while it reads keys.
    fn end_of_file(&mut self) -> Option<u8>;
    /// To the foreground process group; all but an interrupt only while that is not the tool's own group.
    fn signal_foreground(&mut self, signal: ForegroundSignal);
    /// To the tool's process group, its descendants, and what `survivors` found last.
    fn signal_tree(&mut self, signal: TreeSignal);
    /// The processes of the tree besides the tool that still run, by a look at all processes.
    fn survivors(&mut self) -> Vec<u32>;
    /// Lets go of the ended tool; its process id is free afterwards.
    fn reap(&mut self);
    /// For handles: kills without the task.
    fn leash(&self) -> Arc<Leash>;
}

/// Owns a descriptor and names the same one each time.
pub(in crate::host) trait OwnsFd: std::os::fd::AsRawFd {}
impl OwnsFd for std::os::fd::OwnedFd {}

/// Registers a descriptor with the current runtime.
pub(in crate::host) fn watch<T: OwnsFd>(
    fd: T,
    interest: tokio::io::Interest,
) -> io::Result<tokio::io::unix::AsyncFd<T>> {
    // SAFETY: implementors of `OwnsFd` own an open descriptor and keep it until they are dropped, which is after its registration.
    let registered = unsafe { tokio::io::unix::AsyncFd::register_with_interest(fd, interest) };
    registered.map_err(|error| error.into_parts().1)
}
