//! A look at the terminal from its master side: flags, owner, and what the owner waits in.
//!
//! Flags are one system call and the owner another. What the owner waits in is read from `/proc/PID/syscall` (Linux alone), which
//! gives the number and the arguments of the call a thread is blocked in, or `running`. The tool's own file is kept open and
//! read again, since the tool is the usual owner; nothing is allocated on that path. Where the kernel refuses (a set-user-id tool,
//! a ptrace restriction), the answer is `Waiting::Unknown`.
//!
//! The leader of the foreground group is asked first. Only when it cannot decide (it has ended, waits for a child, or waits for
//! its own threads) are its threads and then the group's other processes asked: the first that reads the terminal decides, else
//! the first that polls.

use std::os::fd::OwnedFd;

use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::{Pid, tcgetpgrp};

use crate::engine::tty::{Foreground, ProbeDepth, TtyProbe, Waiting};

/// Threads, and processes of the foreground group, looked at when the leader cannot decide.
#[cfg(target_os = "linux")]
const CANDIDATES: usize = 64;

#[derive(Debug)]
pub(super) struct Prober {
    tool: i32,
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "only /proc names devices")
    )]
    device: u64,
    #[cfg(target_os = "linux")]
    tool_syscall: Option<std::fs::File>,
    /// Short name of a foreign foreground group, with the group.
    named: Option<(i32, String)>,
}

impl Prober {
    pub(super) fn new(tool: i32, device: u64) -> Prober {
        Prober {
            tool,
            device,
            #[cfg(target_os = "linux")]
            tool_syscall: None,
            named: None,
        }
    }

    pub(super) fn probe(&mut self, master: &OwnedFd, depth: ProbeDepth) -> TtyProbe {
        let flags = tcgetattr(master).ok().map(|termios| termios.local_flags);
        let owner = tcgetpgrp(master).ok().map(Pid::as_raw).filter(|&group| group > 0);
        let foreground = owner.map(|group| {
            if group == self.tool {
                Foreground::Tool
            } else {
                Foreground::Other
            }
        });
        let (waiting, reader) = match (depth, owner) {
            (ProbeDepth::Waiting, Some(group)) => self.waiting(group),
            _ => (Waiting::Unknown, None),
        };
        let foreground_name = match (foreground, owner) {
            (Some(Foreground::Other), Some(group)) => self.name(reader.unwrap_or(group)),
            _ => None,
        };
        TtyProbe {
            echo: flags.map(|flags| flags.contains(LocalFlags::ECHO)),
            canonical: flags.map(|flags| flags.contains(LocalFlags::ICANON)),
            foreground,
            foreground_name,
            waiting,
        }
    }

    /// Asked anew each time: a shell's child has the shell's name until it executes its program.
    #[cfg(target_os = "linux")]
    fn name(&mut self, group: i32) -> Option<String> {
        let mut buffer = [0; 64];
        let text = linux::read_proc(format_args!("/proc/{group}/comm"), &mut buffer)?;
        let name = String::from_utf8_lossy(text.trim_ascii_end());
        if !self
            .named
            .as_ref()
            .is_some_and(|(of, known)| *of == group && *known == name)
        {
            self.named = Some((group, name.into_owned()));
        }
        self.named.as_ref().map(|(_, name)| name.clone())
    }

    #[cfg(not(target_os = "linux"))]
    fn name(&mut self, group: i32) -> Option<String> {
        self.named
            .as_ref()
            .filter(|(of, _)| *of == group)
            .map(|(_, name)| name.clone())
    }

    #[cfg(not(target_os = "linux"))]
    fn waiting(&mut self, _group: i32) -> (Waiting, Option<i32>) {
        (Waiting::Unknown, None)
    }

    /// What the foreground waits in, and which process of it that is, when it is not the leader.
    #[cfg(target_os = "linux")]
    fn waiting(&mut self, group: i32) -> (Waiting, Option<i32>) {
        let leader = if group == self.tool {
            self.own_syscall()
        } else {
            linux::syscall_of(group, group)
        };
        match leader.and_then(|call| linux::judge(call, group, self.device)) {
            Some(waiting) => (waiting, None),
            // The leader has ended, waits for others, or may not be looked at.
            None => linux::others(self.tool, group, self.device),
        }
    }

    #[cfg(target_os = "linux")]
    fn own_syscall(&mut self) -> Option<linux::Call> {
        if self.tool_syscall.is_none() {
            self.tool_syscall = linux::open_proc(format_args!("/proc/{}/syscall", self.tool)).map(Into::into);
        }
        let mut buffer = [0; 256];
        let count = std::os::unix::fs::FileExt::read_at(self.tool_syscall.as_ref()?, &mut buffer, 0).ok()?;
        linux::parse(buffer.get(..count)?)
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fmt::{self, Write as _};
    use std::os::fd::OwnedFd;

    use nix::fcntl::{OFlag, open};
    use nix::sys::stat::{Mode, stat};

    use super::CANDIDATES;
    use crate::engine::tty::Waiting;

    /// What a thread is blocked in.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Call {
        Running,
        /// Blocked, but not in a system call (a page fault).
        Elsewhere,
        Syscall {
            number: i64,
            first: u64,
            second: u64,
        },
    }

    /// `running`, `-1 SP PC`, or `NUMBER ARG0 … ARG5 SP PC`.
    pub(super) fn parse(text: &[u8]) -> Option<Call> {
        let text = std::str::from_utf8(text).ok()?.trim_ascii_end();
        if text == "running" {
            return Some(Call::Running);
        }
        let mut words = text.split(' ');
        let number: i64 = words.next()?.parse().ok()?;
        if number < 0 {
            return Some(Call::Elsewhere);
        }
        let mut argument = || u64::from_str_radix(words.next()?.trim_start_matches("0x"), 16).ok();
        Some(Call::Syscall {
            number,
            first: argument()?,
            second: argument()?,
        })
    }

    pub(super) fn syscall_of(pid: i32, thread: i32) -> Option<Call> {
        let mut buffer = [0; 256];
        parse(read_proc(
            format_args!("/proc/{pid}/task/{thread}/syscall"),
            &mut buffer,
        )?)
    }

    /// `None`: this thread cannot decide, since it waits for another one.
    pub(super) fn judge(call: Call, pid: i32, device: u64) -> Option<Waiting> {
        let Call::Syscall {
            number,
            first,
            second,
        } = call
        else {
            return Some(Waiting::No);
        };
        match kind(number) {
            Kind::Read if is_terminal(pid, first, device) => Some(Waiting::Read),
            // A neighbour in a pipeline may be the one that has the terminal: a pager at its end.
            Kind::Read | Kind::Write if is_pipe(pid, first) => None,
            Kind::Poll { nothing } if !nothing(first, second) => Some(Waiting::Poll),
            Kind::Read | Kind::Write | Kind::Poll { .. } | Kind::Other => Some(Waiting::No),
            Kind::ForAnother => None,
        }
    }

    enum Kind {
        Read,
        Write,
        /// With a test of the arguments for "waits for no descriptor": that is a sleep.
        Poll {
            nothing: fn(u64, u64) -> bool,
        },
        ForAnother,
        Other,
    }

    fn kind(number: i64) -> Kind {
        #[cfg(target_arch = "x86_64")]
        match number {
            libc::SYS_select => {
                return Kind::Poll {
                    nothing: |count, _| count == 0,
                };
            }
            libc::SYS_poll => {
                return Kind::Poll {
                    nothing: |_, count| count == 0,
                };
            }
            libc::SYS_epoll_wait => {
                return Kind::Poll {
                    nothing: |_, _| false,
                };
            }
            libc::SYS_pause => return Kind::ForAnother,
            _ => {}
        }
        match number {
            libc::SYS_read | libc::SYS_readv => Kind::Read,
            libc::SYS_write | libc::SYS_writev => Kind::Write,
            libc::SYS_pselect6 => Kind::Poll {
                nothing: |count, _| count == 0,
            },
            libc::SYS_ppoll => Kind::Poll {
                nothing: |_, count| count == 0,
            },
            libc::SYS_epoll_pwait | libc::SYS_epoll_pwait2 | libc::SYS_io_uring_enter => Kind::Poll {
                nothing: |_, _| false,
            },
            libc::SYS_wait4
            | libc::SYS_waitid
            | libc::SYS_futex
            | libc::SYS_rt_sigsuspend
            | libc::SYS_rt_sigtimedwait => Kind::ForAnother,
            _ => Kind::Other,
        }
    }

    fn is_pipe(pid: i32, fd: u64) -> bool {
        let mut path = ProcPath::default();
        let Some(path) = path.format(format_args!("/proc/{pid}/fd/{fd}")) else {
            return false;
        };
        stat(path).is_ok_and(|found| found.st_mode & libc::S_IFMT == libc::S_IFIFO)
    }

    fn is_terminal(pid: i32, fd: u64, device: u64) -> bool {
        let mut path = ProcPath::default();
        let Some(path) = path.format(format_args!("/proc/{pid}/fd/{fd}")) else {
            return false;
        };
        // 5:0 is /dev/tty, for a process of this session another name of its terminal.
        let dev_tty = nix::sys::stat::makedev(5, 0);
        stat(path).is_ok_and(|found| found.st_rdev == device || found.st_rdev == dev_tty)
    }

    /// The leader's threads, then the other processes of the group below the tool: what is waited in, and by whom. `Unknown` when nothing
    /// may be looked at.
    pub(super) fn others(tool: i32, group: i32, device: u64) -> (Waiting, Option<i32>) {
        let mut best = (Waiting::Unknown, None);
        let mut left = CANDIDATES;
        if scan_threads(group, device, &mut best, &mut left) {
            return (Waiting::Read, None);
        }
        let mut pending = vec![tool];
        while let Some(pid) = pending.pop() {
            for child in children(pid) {
                if left == 0 {
                    return best;
                }
                pending.push(child);
                let in_group = child != group && super::super::tree::group_of(child) == Some(group);
                if in_group && scan_threads(child, device, &mut best, &mut left) {
                    return (Waiting::Read, Some(child));
                }
            }
        }
        best
    }

    /// True when a thread reads the terminal; else `best` is raised.
    fn scan_threads(pid: i32, device: u64, best: &mut (Waiting, Option<i32>), left: &mut usize) -> bool {
        for thread in super::super::tree::numbers_in(&format!("/proc/{pid}/task")) {
            if *left == 0 {
                return false;
            }
            *left -= 1;
            // A thread that waits for another one does not wait for the terminal.
            let call = syscall_of(pid, thread);
            match call.map(|call| judge(call, pid, device).unwrap_or(Waiting::No)) {
                Some(Waiting::Read) => return true,
                Some(Waiting::Poll) if best.0 != Waiting::Poll => *best = (Waiting::Poll, Some(pid)),
                Some(Waiting::No) if best.0 == Waiting::Unknown => *best = (Waiting::No, None),
                _ => {}
            }
        }
        false
    }

    fn children(pid: i32) -> Vec<i32> {
        super::super::tree::children_of(pid)
    }

    /// A path below `/proc`, without an allocation.
    #[derive(Default)]
    struct ProcPath {
        bytes: [u8; 32],
        length: usize,
    }

    impl ProcPath {
        fn format(&mut self, path: fmt::Arguments<'_>) -> Option<&std::ffi::CStr> {
            self.write_fmt(path).ok()?;
            std::ffi::CStr::from_bytes_until_nul(&self.bytes).ok()
        }
    }

    impl fmt::Write for ProcPath {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let end = self.length + text.len();
            // The last byte stays zero.
            if end >= self.bytes.len() {
                return Err(fmt::Error);
            }
            self.bytes[self.length..end].copy_from_slice(text.as_bytes());
            self.length = end;
            Ok(())
        }
    }

    pub(super) fn open_proc(path: fmt::Arguments<'_>) -> Option<OwnedFd> {
        let mut buffer = ProcPath::default();
        open(
            buffer.format(path)?,
            OFlag::O_RDONLY | OFlag::O_CLOEXEC,
            Mode::empty(),
        )
        .ok()
    }

    pub(super) fn read_proc<'a>(path: fmt::Arguments<'_>, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        let file = open_proc(path)?;
        let count = nix::unistd::read(&file, buffer).ok()?;
        buffer.get(..count)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_blocked_call_is_read_from_its_line() {
            assert_eq!(parse(b"running\n"), Some(Call::Running));
            assert_eq!(parse(b"-1 0x7ffc 0x7f1\n"), Some(Call::Elsewhere));
            let read = parse(b"0 0x3 0x7ffd 0x400 0x0 0x0 0x0 0x7ffd 0x7f\n");
            assert_eq!(
                read,
                Some(Call::Syscall {
                    number: 0,
                    first: 3,
                    second: 0x7ffd
                })
            );
            assert_eq!(parse(b""), None);
        }

        #[test]
        fn a_select_without_descriptors_is_a_sleep() {
            let select = |count| Call::Syscall {
                number: libc::SYS_pselect6,
                first: count,
                second: 0,
            };
            assert_eq!(judge(select(0), 1, 0), Some(Waiting::No));
            assert_eq!(judge(select(1), 1, 0), Some(Waiting::Poll));
        }

        #[test]
        fn who_waits_for_its_child_does_not_decide() {
            let wait = Call::Syscall {
                number: libc::SYS_wait4,
                first: 0,
                second: 0,
            };
            assert_eq!(judge(wait, 1, 0), None);
        }
    }
}
