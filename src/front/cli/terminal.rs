//! Our own terminal: the one the person sits at.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use nix::sys::termios::{self, SetArg, Termios};

use crate::engine::term::Size;
use crate::host::terminal::{Raw, size_of};

/// Size of the terminal on standard output, else on standard error; `None` when neither is one.
pub fn size() -> Option<Size> {
    size_of(io::stdout()).or_else(|| size_of(io::stderr()))
}

/// Whether a person can be asked: standard input and standard error are both terminals.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Standard input without echo or line editing while this lives.
pub fn raw() -> io::Result<Raw> {
    Raw::enter(io::stdin())
}

/// Puts standard input back as it was: an editor that is given up in the middle of a line cannot.
pub struct Kept {
    before: Option<Termios>,
}

impl Kept {
    pub fn now() -> Kept {
        Kept {
            before: termios::tcgetattr(io::stdin().as_fd()).ok(),
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _gone = termios::tcsetattr(io::stdin().as_fd(), SetArg::TCSADRAIN, before);
        }
    }
}
