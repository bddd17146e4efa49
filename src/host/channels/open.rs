//! Which files a tool holds open (Linux; elsewhere nothing is known).

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// Processes of one tool that are looked at.
const PROCESSES: usize = 32;

/// Of the process and what it started, as far as its children are told.
pub(super) fn files(pid: u32) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut pids = vec![pid];
    let mut at = 0;
    while let Some(pid) = pids.get(at).copied().filter(|_| at < PROCESSES) {
        let entries = fs::read_dir(format!("/proc/{pid}/fd"))
            .into_iter()
            .flatten()
            .flatten();
        found.extend(entries.filter_map(|entry| fs::read_link(entry.path()).ok()));
        pids.extend(children(pid));
        at += 1;
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "processes are described by files")]
fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}
