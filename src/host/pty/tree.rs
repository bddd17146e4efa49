//! Which processes belong to a session, and signals to them.
//!
//! A program that uses this library has children of its own. So nothing here ever waits for "any child", and a process counts as
//! the session's only with a reason:
//!
//! 1. its session id is the tool's process id (the tool stays an unreaped zombie until its tree is gone, so that number cannot be
//!    anybody else's meanwhile);
//! 2. its environment holds the session's cookie, `PTYCH_SESSION=<id>`: children that called `setsid`, and daemons that detached
//!    themselves twice, still carry it;
//! 3. its parent is one of these;
//! 4. it was one of these when last looked at, and process id and start time are the same.
//!
//! What escapes is a daemon that detached itself *and* wiped its environment before anybody looked. A program whose only children are
//! ptych's (such as the `ptych` command) closes that hole: [`adopt_orphans`] makes it the sub-reaper, so that such a process becomes its
//! child, and [`sweep_adopted`] ends what is left when the last session is over.
//!
//! A signal goes to a process only while it is still the one that was found: by pidfd where the kernel has them, checked against its
//! start time after the pidfd was opened.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::TreeSignal;

/// One process at one time; a later one with the same id has another start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Process {
    pub(super) pid: i32,
    /// Clock ticks since boot.
    pub(super) start: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    process: Process,
    parent: i32,
    session: i32,
    zombie: bool,
    cookie: Option<Box<str>>,
}

/// All processes at one time.
#[derive(Debug)]
pub(super) struct Table {
    begun: Instant,
    entries: BTreeMap<i32, Entry>,
}

static LATEST: Mutex<Option<Arc<Table>>> = Mutex::new(None);

/// A table that was begun after `since`. Sessions that end together share one look at `/proc`.
pub(super) fn table(since: Instant) -> Arc<Table> {
    let mut latest = LATEST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(table) = latest.as_ref().filter(|table| table.begun > since) {
        return Arc::clone(table);
    }
    let table = Arc::new(Table::read());
    *latest = Some(Arc::clone(&table));
    table
}

/// The session as the tree of its tool.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) tool: Process,
    cookie: String,
    known: Vec<Process>,
}

impl Tree {
    pub(super) fn new(tool: i32, cookie: String) -> Tree {
        let start = stat_of(tool).map_or(0, |stat| stat.process.start);
        Tree {
            tool: Process { pid: tool, start },
            cookie,
            known: Vec::new(),
        }
    }

    /// Live processes of the session besides the tool itself, parents before children where that can be told.
    pub(super) fn members(&mut self, table: &Table) -> Vec<Process> {
        let mut found: Vec<Process> = table
            .entries
            .values()
            .filter(|entry| self.owns(entry))
            .map(|e| e.process)
            .collect();
        let mut from = 0;
        let mut parents: Vec<i32> = vec![self.tool.pid];
        parents.extend(found.iter().map(|process| process.pid));
        while from < parents.len() {
            let parent = parents[from];
            from += 1;
            for entry in table.entries.values().filter(|entry| entry.parent == parent) {
                if entry.process != self.tool && !found.contains(&entry.process) {
                    found.push(entry.process);
                    parents.push(entry.process.pid);
                }
            }
        }
        self.reap_adopted(table);
        found.retain(|process| table.entries.get(&process.pid).is_some_and(|entry| !entry.zombie));
        self.known.clone_from(&found);
        found
    }

    /// Members that fell to this process (it is the sub-reaper) when their parent ended are ours to reap.
    fn reap_adopted(&self, table: &Table) {
        let own = std::process::id().cast_signed();
        for process in &self.known {
            let fallen = table
                .entries
                .get(&process.pid)
                .is_some_and(|entry| entry.zombie && entry.parent == own);
            if fallen {
                reap_adopted(*process);
            }
        }
    }

    fn owns(&self, entry: &Entry) -> bool {
        entry.process != self.tool
            && (entry.session == self.tool.pid
                || entry.cookie.as_deref() == Some(self.cookie.as_str())
                || self.known.contains(&entry.process))
    }

    /// The tool's descendants by the kernel's own lists, and the members found before: no look at all processes, so quick, but blind to
    /// what has been re-parented since.
    pub(super) fn within_reach(&mut self) -> Vec<Process> {
        let mut pending: Vec<i32> = vec![self.tool.pid];
        pending.extend(self.known.iter().map(|process| process.pid));
        while let Some(pid) = pending.pop() {
            for child in children_of(pid) {
                let found = stat_of(child).map(|entry| entry.process);
                if let Some(process) = found.filter(|process| !self.known.contains(process)) {
                    self.known.push(process);
                    pending.push(child);
                }
            }
        }
        self.known.clone()
    }
}

pub(super) fn signal(process: Process, signal: TreeSignal) {
    match signal {
        TreeSignal::HangUp => {
            send(process, Signal::SIGHUP);
            send(process, Signal::SIGCONT);
        }
        TreeSignal::Terminate => send(process, Signal::SIGTERM),
        TreeSignal::Kill => send(process, Signal::SIGKILL),
    }
}

#[cfg(target_os = "linux")]
fn send(process: Process, signal: Signal) {
    let Ok(handle) = super::unix::pidfd(process.pid) else {
        // Gone, or a kernel without pidfds.
        return send_by_id(process, signal);
    };
    if stat_of(process.pid).is_some_and(|stat| stat.process == process) {
        super::unix::pidfd_signal(&handle, signal);
    }
}

#[cfg(not(target_os = "linux"))]
fn send(process: Process, signal: Signal) {
    send_by_id(process, signal);
}

fn send_by_id(process: Process, signal: Signal) {
    if stat_of(process.pid).is_some_and(|stat| stat.process == process) {
        // It may have ended in between: then there is nobody to tell.
        let _gone = kill(Pid::from_raw(process.pid), signal);
    }
}

impl Table {
    #[expect(
        clippy::disallowed_methods,
        reason = "a table is of a moment of this machine's clock"
    )]
    fn read() -> Table {
        let begun = Instant::now();
        let own_start = stat_of(std::process::id().cast_signed()).map_or(0, |stat| stat.process.start);
        let mut entries = BTreeMap::new();
        for pid in numbers_in("/proc") {
            let Some(mut entry) = stat_of(pid) else { continue };
            // Whatever is older than this process cannot have been started by it.
            if entry.process.start >= own_start && !entry.zombie {
                entry.cookie = cookie_of(pid);
            }
            entries.insert(pid, entry);
        }
        Table { begun, entries }
    }
}

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Environments beyond this are not searched further.
const ENVIRONMENT_BYTES: u64 = 256 << 10;

fn with_file<T>(path: &str, limit: u64, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    use std::io::Read as _;
    SCRATCH.with_borrow_mut(|buffer| {
        buffer.clear();
        let file = std::fs::File::open(path).ok()?;
        file.take(limit).read_to_end(buffer).ok()?;
        read(buffer)
    })
}

fn cookie_of(pid: i32) -> Option<Box<str>> {
    const NAME: &[u8] = b"PTYCH_SESSION=";
    with_file(
        &format!("/proc/{pid}/environ"),
        ENVIRONMENT_BYTES,
        |environment| {
            let entry = environment
                .split(|byte| *byte == 0)
                .find_map(|entry| entry.strip_prefix(NAME))?;
            Some(std::str::from_utf8(entry).ok()?.into())
        },
    )
}

/// `pid (name) state ppid pgrp session …`; the name may hold anything, so fields count from the last parenthesis.
fn stat_of(pid: i32) -> Option<Entry> {
    with_file(&format!("/proc/{pid}/stat"), 4096, |text| parse_stat(pid, text))
}

/// The fields of a process from the third (its state) on.
#[cfg(target_os = "linux")]
pub(super) fn with_stat<T>(pid: i32, read: impl FnOnce(std::str::Split<'_, char>) -> Option<T>) -> Option<T> {
    with_file(&format!("/proc/{pid}/stat"), 4096, |text| {
        read(stat_fields(text)?)
    })
}

fn stat_fields(text: &[u8]) -> Option<std::str::Split<'_, char>> {
    let close = text.iter().rposition(|byte| *byte == b')')?;
    Some(std::str::from_utf8(text.get(close + 2..)?).ok()?.split(' '))
}

fn parse_stat(pid: i32, text: &[u8]) -> Option<Entry> {
    let mut fields = stat_fields(text)?;
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    // Field 22 of the whole line; state is field 3 and session field 6.
    let start = fields.nth(15)?.parse().ok()?;
    let zombie = matches!(state, "Z" | "X");
    Some(Entry {
        process: Process { pid, start },
        parent,
        session,
        zombie,
        cookie: None,
    })
}

pub(super) fn group_of(pid: i32) -> Option<i32> {
    nix::unistd::getpgid(Some(Pid::from_raw(pid)))
        .ok()
        .map(Pid::as_raw)
}

pub(super) fn numbers_in(folder: &str) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Children of all threads of a process.
pub(super) fn children_of(pid: i32) -> Vec<i32> {
    let mut children = Vec::new();
    for thread in numbers_in(&format!("/proc/{pid}/task")) {
        let list = with_file(&format!("/proc/{pid}/task/{thread}/children"), 64 << 10, |text| {
            let text = std::str::from_utf8(text).ok()?;
            Some(
                text.split_ascii_whitespace()
                    .filter_map(|word| word.parse().ok())
                    .collect::<Vec<i32>>(),
            )
        });
        children.extend(list.unwrap_or_default());
    }
    children
}

/// Makes this process the one to which orphans of its descendants fall, so that a daemon that detached itself from a tool stays within
/// reach. For programs all of whose children are ptych's; others leave it.
///
/// # Errors
///
/// The platform has no such thing (only Linux has).
pub fn adopt_orphans() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    return Ok(nix::sys::prctl::set_child_subreaper(true)?);
    #[cfg(not(target_os = "linux"))]
    Err(std::io::Error::from(std::io::ErrorKind::Unsupported))
}

/// Ends and reaps every child of this process, again and again until there is none: the end of a program that called [`adopt_orphans`],
/// after its last session. Killing only direct children and looking again leaves no gap for a process that forks meanwhile, since each
/// death hands its children to us. How many are left after `patience`.
#[expect(
    clippy::disallowed_methods,
    reason = "patience is measured on this machine's clock"
)]
pub fn sweep_adopted(patience: std::time::Duration) -> usize {
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    let begun = Instant::now();
    loop {
        let own = std::process::id().cast_signed();
        let children = children_of(own);
        for child in &children {
            let _gone = kill(Pid::from_raw(*child), Signal::SIGKILL);
        }
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(_) => break,
                Ok(_) => {}
            }
        }
        if children.is_empty() || begun.elapsed() >= patience {
            return children.len();
        }
        std::thread::yield_now();
    }
}

/// Reaps a member that fell to this process when its parent ended.
fn reap_adopted(process: Process) {
    use nix::sys::wait::{WaitPidFlag, waitpid};
    let ours = stat_of(process.pid).is_some_and(|stat| stat.process == process && stat.zombie);
    if ours {
        // ECHILD when it fell to somebody else.
        let _elsewhere: Result<_, Errno> = waitpid(Pid::from_raw(process.pid), Some(WaitPidFlag::WNOHANG));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_parentheses_does_not_shift_the_fields() {
        let line = b"77 (a) b (c) S 5 77 70 34816 77 4194304 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 2";
        let entry = parse_stat(77, line).expect("a valid line");
        assert_eq!((entry.parent, entry.session, entry.zombie), (5, 70, false));
        assert_eq!(
            entry.process,
            Process {
                pid: 77,
                start: 987_654
            }
        );
    }
}
