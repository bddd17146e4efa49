//! One deadline at a time, to the microsecond.
//!
//! tokio's timer counts in milliseconds; the engine looks at a tty again after 40 µs. On Linux this is a timerfd, which costs a
//! descriptor and, when the deadline changes, a system call; elsewhere it is tokio's timer.

use std::io;
use std::task::{Context, Poll};
use std::time::Instant;

#[cfg(target_os = "linux")]
pub use linux::Timer;
#[cfg(not(target_os = "linux"))]
pub use portable::Timer;

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use std::time::Duration;

    use nix::sys::time::TimeSpec;
    use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// Fires once per `set`, perhaps early (then nothing is due and it is set again); never late.
    #[derive(Debug)]
    pub struct Timer {
        fd: AsyncFd<Fd>,
        armed: Option<Instant>,
    }

    #[derive(Debug)]
    struct Fd(TimerFd);

    impl crate::host::pty::OwnsFd for Fd {}

    impl std::os::fd::AsRawFd for Fd {
        fn as_raw_fd(&self) -> std::os::fd::RawFd {
            use std::os::fd::AsFd as _;
            self.0.as_fd().as_raw_fd()
        }
    }

    impl Timer {
        pub fn new() -> io::Result<Timer> {
            let timer = TimerFd::new(
                ClockId::CLOCK_MONOTONIC,
                TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC,
            )?;
            let fd = crate::host::pty::watch(Fd(timer), Interest::READABLE)?;
            Ok(Timer { fd, armed: None })
        }

        /// An earlier setting is left in place: waking once too often is cheaper than setting twice per turn.
        pub fn set(&mut self, at: Option<Instant>, now: Instant) {
            let Some(at) = at else { return };
            if self.armed.is_some_and(|armed| armed <= at && armed > now) {
                return;
            }
            // Zero would switch it off.
            let wait = at.saturating_duration_since(now).max(Duration::from_nanos(1));
            let expiration = Expiration::OneShot(TimeSpec::from_duration(wait));
            if self
                .fd
                .get_ref()
                .0
                .set(expiration, TimerSetTimeFlags::empty())
                .is_ok()
            {
                self.armed = Some(at);
            }
        }

        pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
            match self.fd.poll_read_ready(cx) {
                Poll::Ready(Ok(mut guard)) => {
                    guard.clear_ready();
                    self.armed = None;
                    Poll::Ready(())
                }
                Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod portable {
    use super::*;
    use std::future::Future as _;
    use std::pin::Pin;

    #[derive(Debug)]
    pub struct Timer {
        sleep: Option<Pin<Box<tokio::time::Sleep>>>,
    }

    impl Timer {
        pub fn new() -> io::Result<Timer> {
            Ok(Timer { sleep: None })
        }

        pub fn set(&mut self, at: Option<Instant>, _now: Instant) {
            self.sleep = at.map(|at| Box::pin(tokio::time::sleep_until(at.into())));
        }

        pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
            match self.sleep.as_mut() {
                Some(sleep) => sleep.as_mut().poll(cx),
                None => Poll::Pending,
            }
        }
    }
}
