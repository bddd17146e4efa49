//! The same programs on pseudo-terminals without ptych: how soon their prompts are printed, and what computing that takes.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// A running instance's command, arguments and environment.
pub struct Start {
    argv: Vec<String>,
    env: BTreeMap<String, String>,
    cwd: std::path::PathBuf,
    /// What its prompt prints.
    prompt: &'static str,
}

pub struct Started {
    /// Until each had printed its prompt, the slowest last.
    pub ms: Vec<f64>,
    /// Of all together.
    pub cpu_ms: f64,
}

impl Start {
    pub fn of(pid: u32, prompt: &'static str) -> Start {
        let read = |name: &str| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/{name}")).expect("it lives");
            text.split_terminator('\0').map(str::to_owned).collect::<Vec<_>>()
        };
        let env = read("environ")
            .iter()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Start {
            argv: read("cmdline"),
            env,
            cwd: std::fs::read_link(format!("/proc/{pid}/cwd")).expect("it lives"),
            prompt,
        }
    }

    /// So many at once.
    pub fn run(&self, count: u32) -> Started {
        let before = children_cpu_ms();
        let begun = Instant::now();
        let mut running: Vec<(Child, std::fs::File, Vec<u8>)> = (0..count).map(|_| self.spawn()).collect();
        let mut ms = Vec::new();
        while !running.is_empty() {
            let mut fds: Vec<PollFd<'_>> = running
                .iter()
                .map(|(_, master, _)| PollFd::new(master.as_fd(), PollFlags::POLLIN))
                .collect();
            poll(&mut fds, PollTimeout::from(10_000_u16)).expect("polled");
            let ready: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(true)).collect();
            let mut at = 0;
            running.retain_mut(|(child, master, seen)| {
                at += 1;
                if !ready[at - 1] {
                    return true;
                }
                let mut chunk = [0; 4096];
                let read = master.read(&mut chunk).expect("it prints its prompt");
                seen.extend_from_slice(&chunk[..read]);
                let prompt = self.prompt.as_bytes();
                if !seen.windows(prompt.len()).any(|part| part == prompt) {
                    return true;
                }
                ms.push(begun.elapsed().as_secs_f64() * 1e3);
                child.kill().expect("it lives");
                child.wait().expect("it ends");
                false
            });
        }
        Started {
            ms,
            cpu_ms: children_cpu_ms() - before,
        }
    }

    fn spawn(&self) -> (Child, std::fs::File, Vec<u8>) {
        let size = nix::pty::Winsize {
            ws_row: 40,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pair = nix::pty::openpty(Some(&size), None).expect("a terminal");
        // The others must not hold this one's terminal open.
        for fd in [&pair.master, &pair.slave] {
            let close = nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC);
            nix::fcntl::fcntl(fd, close).expect("set");
        }
        let mut command = Command::new(&self.argv[0]);
        command
            .args(&self.argv[1..])
            .env_clear()
            .envs(&self.env)
            .current_dir(&self.cwd)
            .stdin(pair.slave.try_clone().expect("a descriptor"))
            .stdout(pair.slave.try_clone().expect("a descriptor"))
            .stderr(pair.slave);
        // SAFETY: both calls are safe after a fork.
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                if libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().expect("it starts");
        (child, std::fs::File::from(pair.master), Vec::new())
    }
}

fn children_cpu_ms() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("usage");
    (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e3
}
