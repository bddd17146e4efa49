//! Opening a pseudo-terminal and starting a program in it.

#![expect(
    clippy::disallowed_methods,
    reason = "starting a process is what this file is for"
)]

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::termios::{self, InputFlags, LocalFlags, SetArg};
use portable_pty::PtySize;

use crate::engine::term::Size;
use crate::host::options::Limits;

/// Everything that is decided before the first system call.
#[derive(Clone, Debug)]
pub struct SpawnPlan {
    /// The file to execute.
    pub program: PathBuf,
    /// What the tool sees as its own name.
    pub argv0: OsString,
    pub args: Vec<OsString>,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    pub cwd: PathBuf,
    pub size: Size,
    pub echo_off: bool,
    pub limits: Limits,
    /// Value of `PTYCH_SESSION` in the environment: unique, and the mark by which processes of this session are known.
    pub cookie: String,
}

#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    #[error("open a pseudo-terminal: {0}")]
    Open(io::Error),
    #[error("start the program: {0}")]
    Start(io::Error),
}

pub(super) struct Spawned {
    pub(super) master: OwnedFd,
    pub(super) pid: i32,
    /// Device number of the slave.
    pub(super) device: u64,
}

/// Opens a terminal and starts the program as leader of its session and process group, with the terminal as its own.
pub(super) fn spawn(plan: &SpawnPlan) -> Result<Spawned, SpawnError> {
    let (master, slave) = open(plan.size).map_err(SpawnError::Open)?;
    set_up(&slave, plan.echo_off).map_err(SpawnError::Open)?;
    let device = nix::sys::stat::fstat(&slave)
        .map_err(|e| SpawnError::Open(e.into()))?
        .st_rdev;
    let child = command(plan, &slave)
        .map_err(SpawnError::Open)?
        .spawn()
        .map_err(SpawnError::Start)?;
    // `Child` neither kills nor reaps when dropped; the leash does both.
    Ok(Spawned {
        master,
        pid: child.id().cast_signed(),
        device,
    })
}

/// The master, non-blocking, and a slave; both close-on-exec.
fn open(size: Size) -> io::Result<(OwnedFd, OwnedFd)> {
    let size = PtySize {
        rows: size.rows,
        cols: size.cols,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = portable_pty::native_pty_system()
        .openpty(size)
        .map_err(|_| io::Error::last_os_error())?;
    let raw = pair
        .master
        .as_raw_fd()
        .ok_or_else(|| io::Error::other("the master has no descriptor"))?;
    // SAFETY: `pair.master` owns the descriptor and lives until after the duplication.
    let borrowed = unsafe { BorrowedFd::borrow_raw(raw) };
    // Our own duplicate: the library's object, and with it its writer, goes at the end of this function.
    let master = borrowed.try_clone_to_owned()?;
    fcntl(&master, FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK))?;
    let slave = open_slave(&master, pair.master.tty_name())?;
    Ok((master, slave))
}

/// By the master itself where the kernel can: that needs no `/dev/pts` of the right mount namespace.
#[cfg(target_os = "linux")]
fn open_slave(master: &OwnedFd, _name: Option<PathBuf>) -> io::Result<OwnedFd> {
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: TIOCGPTPEER takes open flags by value and touches no memory of ours.
    let fd = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCGPTPEER, flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just made this descriptor and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(not(target_os = "linux"))]
fn open_slave(_master: &OwnedFd, name: Option<PathBuf>) -> io::Result<OwnedFd> {
    let name = name.ok_or_else(|| io::Error::other("the terminal has no name"))?;
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    Ok(nix::fcntl::open(&name, flags, nix::sys::stat::Mode::empty())?)
}

/// UTF-8 aware erasing on a cooked line; ECHO off where the protocol wants it.
fn set_up(slave: &OwnedFd, echo_off: bool) -> io::Result<()> {
    let mut flags = termios::tcgetattr(slave)?;
    #[cfg(target_os = "linux")]
    flags.input_flags.insert(InputFlags::IUTF8);
    if echo_off {
        flags.local_flags.remove(LocalFlags::ECHO);
    }
    Ok(termios::tcsetattr(slave, SetArg::TCSANOW, &flags)?)
}

fn command(plan: &SpawnPlan, slave: &OwnedFd) -> io::Result<Command> {
    let mut command = Command::new(&plan.program);
    command
        .arg0(&plan.argv0)
        .args(&plan.args)
        .env_clear()
        .envs(plan.env.iter().map(|(name, value)| (name, value)))
        .env("PTYCH_SESSION", &plan.cookie)
        .current_dir(&plan.cwd)
        .stdin(Stdio::from(slave.try_clone()?))
        .stdout(Stdio::from(slave.try_clone()?))
        .stderr(Stdio::from(slave.try_clone()?));
    let limits = resource_limits(plan.limits);
    // SAFETY: `become_tool` makes only async-signal-safe calls and does not allocate, as a child between fork and exec must.
    unsafe { command.pre_exec(move || become_tool(&limits)) };
    Ok(command)
}

type Resource = libc::c_int;
type ResourceLimits = [Option<(Resource, libc::rlim_t)>; 6];

fn resource_limits(limits: Limits) -> ResourceLimits {
    let of = |resource, value: Option<u64>| value.map(|value| (resource as Resource, value as libc::rlim_t));
    [
        of(libc::RLIMIT_NOFILE, limits.open_files),
        of(libc::RLIMIT_AS, limits.address_space_bytes),
        of(libc::RLIMIT_CPU, limits.cpu_seconds),
        of(libc::RLIMIT_CORE, limits.core_bytes),
        of(libc::RLIMIT_FSIZE, limits.file_bytes),
        of(libc::RLIMIT_NPROC, limits.processes),
    ]
}

/// Runs in the child, with the slave as its descriptors 0, 1 and 2.
///
/// A parent that ignores SIGINT (`nohup`, a shell's `&`) or blocks it (to wait for it in a thread) would hand that down, and Ctrl-C would
/// never work in the tool; the standard library passes the signal mask on. Descriptors of the host program that are not close-on-exec are
/// made so: closing them here would close the pipe by which a failed exec is reported, and listing them costs time with their number.
fn become_tool(limits: &ResourceLimits) -> io::Result<()> {
    // SAFETY: plain system calls on our own process, with pointers to locals that outlive each call.
    unsafe {
        if libc::setsid() < 0 {
            return Err(io::Error::last_os_error());
        }
        if libc::ioctl(0, libc::TIOCSCTTY as _, 0) < 0 {
            return Err(io::Error::last_os_error());
        }
        reset_dispositions();
        for (resource, value) in limits.iter().flatten() {
            let limit = libc::rlimit {
                rlim_cur: *value,
                rlim_max: *value,
            };
            if libc::setrlimit(*resource as _, &raw const limit) < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        close_others_on_exec();
    }
    Ok(())
}

/// By system call: the C library refuses to touch the two signals that it keeps for itself, and they can be inherited ignored, too.
#[cfg(target_os = "linux")]
fn reset_dispositions() {
    // The kernel's `sigaction` of all zeros: default action, no flags, empty mask. Large enough for every architecture.
    let default = [0u64; 8];
    let mask_bytes = 8usize;
    for signal in 1..=64 {
        // SAFETY: `default` outlives the call, which only reads it; SIGKILL and SIGSTOP are refused, which is all right.
        unsafe {
            let none = std::ptr::null::<u64>();
            libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), none, mask_bytes);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn reset_dispositions() {
    for signal in 1..=31 {
        // SAFETY: the default action runs no code of ours; SIGKILL and SIGSTOP are refused, which is all right.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

#[cfg(target_os = "linux")]
fn close_others_on_exec() {
    // SAFETY: a plain system call; kernels before 5.11 refuse it, and then the host program's own CLOEXEC flags decide.
    unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}

#[cfg(not(target_os = "linux"))]
fn close_others_on_exec() {
    // SAFETY: fcntl on any number is harmless; numbers that are not open are refused.
    unsafe {
        for fd in 3..256 {
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
}
