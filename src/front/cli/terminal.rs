//! Our own terminal: the one the person sits at.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use nix::sys::termios::{self, SetArg, Termios};

use crate::engine::term::Size;

nix::ioctl_read_bad!(window_size, libc::TIOCGWINSZ, libc::winsize);

/// Size of the terminal on standard output, else on standard error; `None` when neither is one.
pub fn size() -> Option<Size> {
    [libc::STDOUT_FILENO, libc::STDERR_FILENO].into_iter().find_map(size_of)
}

fn size_of(fd: libc::c_int) -> Option<Size> {
    let mut raw = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes one `winsize` through the pointer, which lives until the call returns.
    unsafe { window_size(fd, &raw mut raw) }.ok()?;
    (raw.ws_col > 0 && raw.ws_row > 0).then_some(Size { cols: raw.ws_col, rows: raw.ws_row })
}

/// Whether a person can be asked: standard input and standard error are both terminals.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Standard input without echo or line editing while this lives.
pub struct Raw {
    before: Termios,
}

impl Raw {
    pub fn enter() -> io::Result<Raw> {
        let stdin = io::stdin();
        let before = termios::tcgetattr(stdin.as_fd())?;
        let mut raw = before.clone();
        termios::cfmakeraw(&mut raw);
        termios::tcsetattr(stdin.as_fd(), SetArg::TCSADRAIN, &raw)?;
        Ok(Raw { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone.
        let _ = termios::tcsetattr(io::stdin().as_fd(), SetArg::TCSADRAIN, &self.before);
    }
}
