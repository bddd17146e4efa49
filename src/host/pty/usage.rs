//! What a process and all it started use of this machine.

use std::time::Duration;

/// Of a tool and its descendants. Those that detached themselves from it are not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub processes: u32,
    /// Resident memory; pages that several processes share count for each of them.
    pub rss_bytes: u64,
    /// User and system time together, of those that live.
    pub cpu: Duration,
}

/// `None` where the platform does not tell, and for a process that is gone.
#[cfg(target_os = "linux")]
pub fn usage(pid: u32) -> Option<Usage> {
    let mut total = linux::usage_of(pid.cast_signed())?;
    let mut parents = vec![pid.cast_signed()];
    while let Some(parent) = parents.pop() {
        for child in super::tree::children_of(parent) {
            if let Some(usage) = linux::usage_of(child) {
                total.processes += 1;
                total.rss_bytes += usage.rss_bytes;
                total.cpu += usage.cpu;
                parents.push(child);
            }
        }
    }
    Some(total)
}

/// A signal has stopped it (`T`); it goes on when somebody continues it, and never by itself.
#[cfg(target_os = "linux")]
pub fn is_stopped(pid: u32) -> bool {
    super::tree::with_stat(pid.cast_signed(), |mut fields| {
        fields.next().map(|state| state == "T")
    })
    .unwrap_or(false)
}

#[cfg(not(target_os = "linux"))]
pub fn usage(_pid: u32) -> Option<Usage> {
    None
}

#[cfg(not(target_os = "linux"))]
pub fn is_stopped(_pid: u32) -> bool {
    false
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{Duration, Usage};

    use nix::unistd::{SysconfVar, sysconf};

    pub(super) fn usage_of(pid: i32) -> Option<Usage> {
        super::super::tree::with_stat(pid, |mut fields| {
            // Fields 14, 15 and 24 of the whole line; the first here is field 3.
            let user: u64 = fields.nth(11)?.parse().ok()?;
            let system: u64 = fields.next()?.parse().ok()?;
            let pages: u64 = fields.nth(8)?.parse().ok()?;
            Some(Usage {
                processes: 1,
                rss_bytes: pages * constant(SysconfVar::PAGE_SIZE),
                cpu: Duration::from_millis((user + system) * 1000 / constant(SysconfVar::CLK_TCK).max(1)),
            })
        })
    }

    fn constant(name: SysconfVar) -> u64 {
        let value = sysconf(name).ok().flatten().unwrap_or_default();
        u64::try_from(value).unwrap_or_default()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_is_not_stopped() {
        let pid = std::process::id();
        let usage = usage(pid).expect("it lives");
        assert!(usage.processes >= 1 && usage.rss_bytes > 100_000, "{usage:?}");
        assert!(!is_stopped(pid));
    }

    #[test]
    fn a_process_that_is_not_there_uses_nothing() {
        assert_eq!(usage(u32::MAX >> 1), None);
    }
}
