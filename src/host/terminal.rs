//! The terminal that a person sits at: its size, its raw mode, and reading and writing it without holding the runtime's thread up.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, SFlag, fstat};
use nix::sys::termios::{self, SetArg, Termios};
use nix::unistd::{isatty, ttyname};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::pty;
use crate::engine::term::Size;

/// Bytes of one read or write.
const CHUNK_BYTES: usize = 4096;

/// Size of the terminal that `fd` is; `None` when it is none, or does not know its size.
pub fn size_of(fd: impl AsFd) -> Option<Size> {
    pty::window_size(fd.as_fd()).filter(|size| size.cols > 0 && size.rows > 0)
}

/// Where a person types and reads.
#[derive(Debug)]
pub struct Terminal {
    input: OwnedFd,
    output: OwnedFd,
    /// Typed behind the keys that ended the last hand-over.
    pub(in crate::host) typed_ahead: Vec<u8>,
}

impl Terminal {
    /// Standard input and output of this process.
    ///
    /// # Errors
    ///
    /// They are closed, or no descriptor is left.
    pub fn stdio() -> io::Result<Terminal> {
        Terminal::new(io::stdin(), io::stdout())
    }

    /// # Errors
    ///
    /// No descriptor is left.
    pub fn new(input: impl AsFd, output: impl AsFd) -> io::Result<Terminal> {
        Ok(Terminal {
            input: own(input)?,
            output: own(output)?,
            typed_ahead: Vec::new(),
        })
    }

    /// Somebody may sit there: the input is a terminal.
    pub fn is_terminal(&self) -> bool {
        isatty(&self.input).unwrap_or(false)
    }

    pub fn size(&self) -> Option<Size> {
        size_of(&self.output).or_else(|| size_of(&self.input))
    }

    /// Without echo and line editing until what is returned is dropped; `None` where there is nothing to switch.
    ///
    /// # Errors
    ///
    /// The terminal refuses.
    pub fn raw(&self) -> io::Result<Option<Raw>> {
        self.is_terminal().then(|| Raw::enter(&self.input)).transpose()
    }

    pub(in crate::host) fn ends(&self) -> io::Result<(End, End)> {
        Ok((
            End::new(self.input.try_clone()?, Interest::READABLE)?,
            End::new(self.output.try_clone()?, Interest::WRITABLE)?,
        ))
    }
}

/// A terminal is opened anew by its name: then it can be non-blocking without becoming so for whoever shares our descriptors.
fn own(fd: impl AsFd) -> io::Result<OwnedFd> {
    let fd = fd.as_fd();
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    match ttyname(fd).and_then(|name| open(&name, flags, Mode::empty())) {
        Ok(own) if same_device(&own, fd) => Ok(own),
        // A pipe, a file, or a terminal of another mount namespace.
        Ok(_) | Err(_) => fd.try_clone_to_owned(),
    }
}

fn same_device(own: &OwnedFd, fd: impl AsFd) -> bool {
    matches!((fstat(own), fstat(fd)), (Ok(own), Ok(fd)) if own.st_rdev == fd.st_rdev)
}

/// One direction of a terminal, while somebody talks through it.
#[derive(Debug)]
pub(in crate::host) enum End {
    Watched(AsyncFd<OwnedFd>),
    /// A file: it never makes anybody wait, and cannot be watched.
    File(OwnedFd),
}

impl End {
    fn new(fd: OwnedFd, interest: Interest) -> io::Result<End> {
        let is_file = fstat(&fd).is_ok_and(|stat| {
            let kind = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
            kind == SFlag::S_IFREG || (kind == SFlag::S_IFCHR && !isatty(&fd).unwrap_or(false))
        });
        match is_file {
            true => Ok(End::File(fd)),
            false => Ok(End::Watched(pty::watch(fd, interest)?)),
        }
    }

    /// What is typed next; empty at the end.
    pub(in crate::host) async fn read(&self) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; CHUNK_BYTES];
        let count = match self {
            End::File(fd) => nix::unistd::read(fd, &mut buffer)?,
            End::Watched(fd) => loop {
                let mut ready = fd.readable().await?;
                if !is_now(fd.get_ref(), PollFlags::POLLIN)? {
                    ready.clear_ready();
                    continue;
                }
                match nix::unistd::read(fd.get_ref(), &mut buffer) {
                    Ok(count) => break count,
                    Err(Errno::EAGAIN) => ready.clear_ready(),
                    Err(Errno::EINTR) => {}
                    // The other side of the terminal is gone.
                    Err(Errno::EIO) => break 0,
                    Err(error) => return Err(error.into()),
                }
            },
        };
        buffer.truncate(count);
        Ok(buffer)
    }

    /// Writes some of `bytes`; how many.
    pub(in crate::host) async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        // No more than a pipe that says it is writable takes at once.
        let bytes = &bytes[..bytes.len().min(CHUNK_BYTES)];
        match self {
            End::File(fd) => Ok(nix::unistd::write(fd, bytes)?),
            End::Watched(fd) => loop {
                let mut ready = fd.writable().await?;
                if !is_now(fd.get_ref(), PollFlags::POLLOUT)? {
                    ready.clear_ready();
                    continue;
                }
                match nix::unistd::write(fd.get_ref(), bytes) {
                    Ok(count) => return Ok(count),
                    Err(Errno::EAGAIN) => ready.clear_ready(),
                    Err(Errno::EINTR) => {}
                    Err(error) => return Err(error.into()),
                }
            },
        }
    }
}

/// A pipe that we share with others stays as it is, and where it is blocking, a read that finds nothing would hold the whole runtime up.
fn is_now(fd: &OwnedFd, wanted: PollFlags) -> io::Result<bool> {
    let mut fds = [PollFd::new(fd.as_fd(), wanted)];
    loop {
        match poll(&mut fds, PollTimeout::ZERO) {
            // The other side's end counts, too: the read or write tells it.
            Ok(count) => return Ok(count > 0),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A terminal without echo or line editing while this lives; it is put back when this is dropped, by whatever way.
#[derive(Debug)]
pub struct Raw {
    fd: OwnedFd,
    before: Termios,
}

impl Raw {
    /// # Errors
    ///
    /// It is no terminal.
    pub fn enter(fd: impl AsFd) -> io::Result<Raw> {
        let fd = fd.as_fd().try_clone_to_owned()?;
        let before = termios::tcgetattr(&fd)?;
        let mut raw = before.clone();
        termios::cfmakeraw(&mut raw);
        termios::tcsetattr(&fd, SetArg::TCSADRAIN, &raw)?;
        Ok(Raw { fd, before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone.
        let _gone = termios::tcsetattr(&self.fd, SetArg::TCSADRAIN, &self.before);
    }
}
