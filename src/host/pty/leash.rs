//! The one place where a session's processes are signalled and its tool is reaped.
//!
//! The task and every handle share it. A lock makes "is it still ours?" and "signal it" one step: the tool's process id is used only while
//! the tool is unreaped, so it can never mean a stranger.

use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::TreeSignal;
use super::tree::{self, Process, Table, Tree};
use crate::engine::tty::Exit;

#[derive(Debug)]
pub struct Leash {
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    tree: Tree,
    reaped: bool,
}

impl Leash {
    pub(super) fn new(tool: i32, cookie: String) -> Leash {
        Leash {
            held: Mutex::new(Held {
                tree: Tree::new(tool, cookie),
                reaped: false,
            }),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing in here is left half done by a panic.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// SIGKILL to the tool, its process group and its descendants; returns at once and reaps nothing.
    pub fn kill(&self) {
        self.signal(TreeSignal::Kill);
    }

    /// To the tool's process group, its descendants, and the members that were found last.
    pub(super) fn signal(&self, signal: TreeSignal) {
        let mut held = self.held();
        if held.reaped {
            return;
        }
        // Looked for before the signal: a child of a process that has ended is not its child any more.
        let members = held.tree.within_reach();
        match signal {
            TreeSignal::HangUp => {
                held.signal_group(Signal::SIGHUP);
                held.signal_group(Signal::SIGCONT);
            }
            TreeSignal::Terminate => held.signal_group(Signal::SIGTERM),
            TreeSignal::Kill => held.signal_group(Signal::SIGKILL),
        }
        let group = held.tree.tool.pid;
        for process in members {
            if signal == TreeSignal::Kill || tree::group_of(process.pid) != Some(group) {
                tree::signal(process, signal);
            }
        }
    }

    pub(super) fn members(&self, table: &Table) -> Vec<Process> {
        self.held().tree.members(table)
    }

    pub(super) fn is_reaped(&self) -> bool {
        self.held().reaped
    }

    /// How the tool ended, leaving it a zombie.
    pub(super) fn peek(&self) -> Option<Exit> {
        let held = self.held();
        if held.reaped {
            return Some(Exit::Unknown);
        }
        super::unix::peek(held.tree.tool.pid)
    }

    pub(super) fn reap(&self) {
        let mut held = self.held();
        if !held.reaped {
            held.reaped = true;
            super::unix::reap(held.tree.tool.pid);
        }
    }
}

impl Held {
    /// The tool leads its process group and is not reaped, so the group is its own.
    fn signal_group(&self, signal: Signal) {
        // ESRCH when the whole group has ended.
        let _gone = killpg(Pid::from_raw(self.tree.tool.pid), signal);
    }
}
