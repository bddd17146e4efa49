//! The limit: blocking (or spinning) reads and writes on the master, and a comparison of the last bytes. Nothing can be faster.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::{Dialogue, Job, Work};
use crate::child;
use crate::measure::{Measured, cpu_s, peak_kb, us_since};

pub struct Raw {
    pub master: File,
    pid: nix::unistd::Pid,
}

impl Raw {
    #[must_use]
    pub fn spawn(argv: &[String]) -> Raw {
        let size = nix::pty::Winsize {
            ws_row: 40,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let argv: Vec<std::ffi::CString> = argv
            .iter()
            .map(|a| std::ffi::CString::new(a.as_str()).expect("no NUL"))
            .collect();
        // SAFETY: the child calls nothing but exec and _exit.
        match unsafe { nix::pty::forkpty(&size, None) }.expect("forkpty") {
            nix::pty::ForkptyResult::Child => {
                let _ = nix::unistd::execvp(&argv[0], &argv);
                // SAFETY: ends the child at once.
                unsafe { libc::_exit(127) }
            }
            nix::pty::ForkptyResult::Parent { child: pid, master } => Raw {
                master: master.into(),
                pid,
            },
        }
    }

    /// From now on reads do not wait.
    fn spin(&mut self) {
        let flags = OFlag::from_bits_truncate(fcntl(&self.master, FcntlArg::F_GETFL).expect("flags"));
        fcntl(&self.master, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).expect("flags");
    }

    /// Reads until the last bytes are `prompt`; `buffer` ends with them.
    pub fn until(&mut self, prompt: &str, buffer: &mut Vec<u8>) {
        let mut chunk = [0u8; 65536];
        loop {
            let n = match self.master.read(&mut chunk) {
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => continue,
                Err(e) => panic!("read: {e}"),
            };
            buffer.extend_from_slice(&chunk[..n]);
            if buffer.ends_with(prompt.as_bytes()) {
                return;
            }
        }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = nix::sys::signal::kill(self.pid, nix::sys::signal::Signal::SIGKILL);
        let _ = nix::sys::wait::waitpid(self.pid, None);
    }
}

impl Dialogue for Raw {
    async fn start(job: &Job) -> Raw {
        let mut raw = Raw::spawn(&job.child.argv);
        if job.mode == "spin" {
            raw.spin();
        }
        raw.until(job.child.prompt, &mut Vec::new());
        raw
    }

    async fn send_line(&mut self, line: &str) {
        self.master
            .write_all(format!("{line}\r").as_bytes())
            .expect("write");
    }

    async fn prompt(&mut self, job: &Job, seen: impl FnOnce(&[u8])) {
        let mut buffer = Vec::new();
        self.until(job.child.prompt, &mut buffer);
        seen(&buffer[..buffer.len() - job.child.prompt.len()]);
    }

    async fn silence(&mut self, wait: Duration) {
        use std::os::fd::AsFd;
        let end = Instant::now() + wait;
        if fcntl(&self.master, FcntlArg::F_GETFL).is_ok_and(|f| f & OFlag::O_NONBLOCK.bits() != 0) {
            while Instant::now() < end {
                let _ = self.master.read(&mut [0; 64]);
            }
            return;
        }
        let mut fds = [nix::poll::PollFd::new(
            self.master.as_fd(),
            nix::poll::PollFlags::POLLIN,
        )];
        let ms = u16::try_from(wait.as_millis()).expect("seconds");
        nix::poll::poll(&mut fds, ms).expect("poll");
    }
}

/// Reads all that a program writes until it ends; what it has read is not kept.
fn no_match(job: &Job) -> Measured {
    let mut measured = Measured::default();
    let before = cpu_s();
    let start = Instant::now();
    let mut raw = Raw::spawn(&child::flood(job.count));
    let mut chunk = [0u8; 65536];
    let mut read = 0;
    while let Ok(n @ 1..) = raw.master.read(&mut chunk) {
        read += n;
    }
    measured.bad += u64::from(read != 81 * job.count);
    measured.times_us.push(us_since(start));
    measured.cpu_s = cpu_s() - before;
    measured.peak_kb = peak_kb();
    measured
}

#[must_use]
pub fn run(job: &Job) -> Measured {
    match job.work {
        Work::NoMatch => no_match(job),
        _ => super::run_blocking::<Raw>(job),
    }
}
