//! A tool that is our own child, on a pseudo-terminal of this machine.

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::termios::{FlushArg, LocalFlags, SpecialCharacterIndices, tcflush, tcgetattr};
use nix::unistd::tcgetpgrp;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::leash::Leash;
use super::probe::Prober;
use super::spawn::{SpawnError, SpawnPlan, spawn};
use super::{Pty, Read, TreeSignal, Written, tree, watch};
use crate::engine::session::ForegroundSignal;
use crate::engine::term::Size;
use crate::engine::tty::{Exit, ProbeDepth, TtyProbe};

/// A read that gives as much as this may not have given all.
const FULL_READ_BYTES: usize = 4095;
/// How long dropping waits for killed processes to be gone.
const DROP_PATIENCE: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub struct Unix {
    master: AsyncFd<OwnedFd>,
    /// A second descriptor of the master while it is full. Writability is watched only then: a tool that reads its input byte by byte
    /// would wake us for each of them.
    outlet: Option<AsyncFd<OwnedFd>>,
    /// No process has the terminal open any more.
    closed: bool,
    pid: i32,
    exit: ExitWatch,
    prober: Prober,
    leash: Arc<Leash>,
    /// A look at all processes must be younger than this to count.
    stale_before: Instant,
}

#[expect(
    clippy::disallowed_methods,
    reason = "looks at /proc are compared by this machine's clock"
)]
fn now() -> Instant {
    Instant::now()
}

impl Unix {
    /// Starts the tool; must be called within a tokio runtime with I/O enabled.
    ///
    /// # Errors
    ///
    /// Nothing was started: no terminal or process could be had, or the program could not be executed.
    pub fn spawn(plan: &SpawnPlan) -> Result<Unix, SpawnError> {
        let spawned = spawn(plan)?;
        // From here on the leash owns the child: whatever fails below kills and reaps it.
        let leash = Arc::new(Leash::new(spawned.pid, plan.cookie.clone()));
        let unguarded = Unguarded(Some(Arc::clone(&leash)));
        let master = watch(spawned.master, Interest::READABLE).map_err(SpawnError::Open)?;
        let exit = ExitWatch::new(spawned.pid).map_err(SpawnError::Open)?;
        let prober = Prober::new(spawned.pid, spawned.device);
        unguarded.release();
        Ok(Unix {
            master,
            outlet: None,
            closed: false,
            pid: spawned.pid,
            exit,
            prober,
            leash,
            stale_before: now(),
        })
    }

    fn table(&self) -> Arc<tree::Table> {
        tree::table(self.stale_before)
    }
}

/// Kills and reaps a tool whose `Unix` could not be made.
struct Unguarded(Option<Arc<Leash>>);

impl Unguarded {
    fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for Unguarded {
    fn drop(&mut self) {
        if let Some(leash) = &self.0 {
            leash.kill();
            leash.reap();
        }
    }
}

impl Pty for Unix {
    fn pid(&self) -> u32 {
        self.pid.cast_unsigned()
    }

    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // A hang-up stays ready for ever; whoever has seen it does not ask again.
        if self.closed {
            return Poll::Pending;
        }
        self.master.poll_read_ready(cx).map(|_ready| ())
    }

    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(outlet) = &self.outlet else {
            return Poll::Pending;
        };
        std::task::ready!(outlet.poll_write_ready(cx).map(|_ready| ()));
        self.outlet = None;
        Poll::Ready(())
    }

    fn poll_exit(&mut self, cx: &mut Context<'_>) -> Poll<Exit> {
        std::task::ready!(self.exit.poll(cx));
        match self.leash.peek() {
            Some(exit) => {
                self.stale_before = now();
                Poll::Ready(exit)
            }
            None => Poll::Pending,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Read> {
        // Taken before the read: what arrives after it must not be forgotten with what it has taken.
        let mut cx = Context::from_waker(Waker::noop());
        let readiness = self.master.poll_read_ready(&mut cx);
        let drained = || {
            if let Poll::Ready(Ok(mut readiness)) = readiness {
                readiness.clear_ready();
            }
        };
        match nix::unistd::read(self.master.get_ref(), buffer) {
            Ok(count) if count >= FULL_READ_BYTES => Ok(Read::Bytes { count, more: true }),
            Ok(0) | Err(Errno::EIO) => {
                self.closed = true;
                Ok(Read::Closed)
            }
            Ok(count) => {
                drained();
                Ok(Read::Bytes { count, more: false })
            }
            Err(Errno::EAGAIN) => {
                drained();
                Ok(Read::Empty)
            }
            Err(Errno::EINTR) => Ok(Read::Bytes { count: 0, more: true }),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Written> {
        match nix::unistd::write(self.master.get_ref(), bytes) {
            Ok(0) | Err(Errno::EAGAIN) => {
                self.outlet = Some(watch(self.master.get_ref().try_clone()?, Interest::WRITABLE)?);
                Ok(Written::Full)
            }
            Ok(count) => Ok(Written::Bytes(count)),
            Err(Errno::EINTR) => Ok(Written::Bytes(0)),
            Err(Errno::EIO) => Ok(Written::Closed),
            Err(error) => Err(error.into()),
        }
    }

    /// The kernel keeps it in two places: on its way to the line discipline, which the master can empty, and in it, which a slave can.
    fn discard_input(&mut self) {
        let master = self.master.get_ref();
        // A terminal that is gone has nothing to discard.
        let _gone = tcflush(master, FlushArg::TCOFLUSH);
        #[cfg(target_os = "linux")]
        {
            let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC | libc::O_NONBLOCK;
            // SAFETY: TIOCGPTPEER takes flags by value and returns a new descriptor.
            let slave = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCGPTPEER as _, flags) };
            if slave >= 0 {
                // SAFETY: the descriptor is open and nobody else's.
                let slave = unsafe { OwnedFd::from_raw_fd(slave) };
                let _gone = tcflush(&slave, FlushArg::TCIFLUSH);
            }
        }
    }

    fn resize(&mut self, size: Size) -> io::Result<()> {
        let size = libc::winsize {
            ws_row: size.rows,
            ws_col: size.cols,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let master = self.master.get_ref().as_raw_fd();
        // SAFETY: TIOCSWINSZ reads one `winsize`, which outlives the call.
        let result = unsafe { libc::ioctl(master, libc::TIOCSWINSZ as _, &raw const size) };
        if result < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }

    fn probe(&mut self, depth: ProbeDepth) -> TtyProbe {
        self.prober.probe(self.master.get_ref(), depth)
    }

    fn end_of_file(&mut self) -> Option<u8> {
        let termios = tcgetattr(self.master.get_ref()).ok()?;
        let byte = termios.control_chars[SpecialCharacterIndices::VEOF as usize];
        // 0 is `_POSIX_VDISABLE`.
        (termios.local_flags.contains(LocalFlags::ICANON) && byte != 0).then_some(byte)
    }

    fn signal_foreground(&mut self, signal: ForegroundSignal) {
        let Ok(group) = tcgetpgrp(self.master.get_ref()) else {
            return;
        };
        // Group 0 and 1 would reach far more than a tool.
        if group.as_raw() <= 1 || (signal != ForegroundSignal::Interrupt && group.as_raw() == self.pid) {
            return;
        }
        let signal = match signal {
            ForegroundSignal::Interrupt => Signal::SIGINT,
            ForegroundSignal::HangUp => Signal::SIGHUP,
            ForegroundSignal::Kill => Signal::SIGKILL,
        };
        // ESRCH when the group has just ended.
        let _gone = killpg(group, signal);
    }

    fn signal_tree(&mut self, signal: TreeSignal) {
        self.leash.signal(signal);
        self.stale_before = now();
    }

    fn survivors(&mut self) -> Vec<u32> {
        let members = self.leash.members(&self.table());
        members
            .iter()
            .map(|process| process.pid.cast_unsigned())
            .collect()
    }

    fn reap(&mut self) {
        self.leash.reap();
    }

    fn leash(&self) -> Arc<Leash> {
        Arc::clone(&self.leash)
    }
}

impl Drop for Unix {
    fn drop(&mut self) {
        if self.leash.is_reaped() {
            return;
        }
        self.leash.kill();
        let deadline = now() + DROP_PATIENCE;
        self.exit.wait(deadline);
        self.stale_before = now();
        // Each look may find what was forked meanwhile; a process that cannot be killed must not hold us for ever.
        while !self.survivors().is_empty() && now() < deadline {
            self.signal_tree(TreeSignal::Kill);
            std::thread::yield_now();
        }
        self.leash.reap();
    }
}

/// Tells when the tool has ended, whatever the host program does with SIGCHLD.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct ExitWatch {
    pidfd: AsyncFd<OwnedFd>,
}

#[cfg(target_os = "linux")]
impl ExitWatch {
    fn new(pid: i32) -> io::Result<ExitWatch> {
        Ok(ExitWatch {
            pidfd: watch(pidfd(pid)?, Interest::READABLE)?,
        })
    }

    /// Stays ready once the tool has ended.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.pidfd.poll_read_ready(cx).map(|_ready| ())
    }

    /// Blocks until the tool has ended or the deadline is reached.
    fn wait(&self, deadline: Instant) {
        use std::os::fd::AsFd as _;
        let mut fds = [nix::poll::PollFd::new(
            self.pidfd.get_ref().as_fd(),
            nix::poll::PollFlags::POLLIN,
        )];
        let patience = deadline.saturating_duration_since(now()).as_millis();
        let timeout = nix::poll::PollTimeout::try_from(patience).unwrap_or(nix::poll::PollTimeout::ZERO);
        // Interrupted or timed out: the caller looks for itself.
        let _looked = nix::poll::poll(&mut fds, timeout);
    }
}

/// Without pidfds one thread per tool waits for it, and leaves it a zombie.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
struct ExitWatch {
    ended: tokio::sync::watch::Receiver<bool>,
    waker: tokio::sync::mpsc::UnboundedReceiver<()>,
}

#[cfg(not(target_os = "linux"))]
impl ExitWatch {
    fn new(pid: i32) -> io::Result<ExitWatch> {
        let (ended_tx, ended) = tokio::sync::watch::channel(false);
        // At most one message is ever sent.
        let (waker_tx, waker) = tokio::sync::mpsc::unbounded_channel();
        std::thread::Builder::new()
            .name(format!("ptych-wait-{pid}"))
            .spawn(move || {
                wait_for(pid, 0);
                ended_tx.send_replace(true);
                let _nobody_listens = waker_tx.send(());
            })?;
        Ok(ExitWatch { ended, waker })
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if *self.ended.borrow() {
            Poll::Ready(())
        } else {
            self.waker.poll_recv(cx).map(|_message| ())
        }
    }

    fn wait(&self, deadline: Instant) {
        while !*self.ended.borrow() && now() < deadline {
            std::thread::yield_now();
        }
    }
}

#[cfg(target_os = "linux")]
pub(super) fn pidfd(pid: i32) -> io::Result<OwnedFd> {
    use std::os::fd::FromRawFd as _;
    // SAFETY: a plain system call; it returns a new close-on-exec descriptor or -1.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match i32::try_from(fd) {
        // SAFETY: the call has just made this descriptor and nobody else knows it.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(target_os = "linux")]
pub(super) fn pidfd_signal(handle: &OwnedFd, signal: Signal) {
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: the descriptor is open, and a null siginfo is what `kill` would send.
    unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            handle.as_raw_fd(),
            signal as libc::c_int,
            none,
            0,
        )
    };
}

/// Waits for the end of our own child without reaping it. `None` while it runs; an error when it is not our
/// child any more: the host program ignores SIGCHLD or has reaped it.
fn wait_for(pid: i32, flags: libc::c_int) -> Result<Option<libc::siginfo_t>, Errno> {
    // SAFETY: all-zero bytes are a valid `siginfo_t`, a plain C structure.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let flags = libc::WEXITED | libc::WNOWAIT | flags;
    loop {
        // SAFETY: `info` outlives the call, which writes one `siginfo_t`.
        let result = unsafe { libc::waitid(libc::P_PID, pid.cast_unsigned(), &raw mut info, flags) };
        match Errno::result(result) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
            // SAFETY: waitid has filled in the SIGCHLD form, or left the zeros.
            Ok(_) => return Ok((unsafe { info.si_pid() } != 0).then_some(info)),
        }
    }
}

pub(super) fn peek(pid: i32) -> Option<Exit> {
    match wait_for(pid, libc::WNOHANG) {
        Ok(None) => None,
        Ok(Some(info)) => {
            // SAFETY: waitid filled in the SIGCHLD form.
            let status = unsafe { info.si_status() };
            Some(if info.si_code == libc::CLD_EXITED {
                Exit::Code(status)
            } else {
                Exit::Signal(status)
            })
        }
        Err(_) => Some(Exit::Unknown),
    }
}

pub(super) fn reap(pid: i32) {
    use nix::sys::wait::{WaitPidFlag, waitpid};
    // ECHILD when the host program was quicker.
    let _elsewhere = waitpid(nix::unistd::Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG));
}
