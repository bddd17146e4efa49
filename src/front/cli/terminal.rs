//! Our own terminal: the one the person sits at.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use nix::sys::termios::{self, SetArg, Termios};

use crate::engine::term::Size;

/// Size of the terminal on standard output, else on standard error; `None` when neither is one.
pub fn size() -> Option<Size> {
    let size = terminal_size::terminal_size_of(io::stdout())
        .or_else(|| terminal_size::terminal_size_of(io::stderr()));
    size.map(|(cols, rows)| Size {
        cols: cols.0,
        rows: rows.0,
    })
    .filter(|size| size.cols > 0 && size.rows > 0)
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
        let _gone = termios::tcsetattr(io::stdin().as_fd(), SetArg::TCSADRAIN, &self.before);
    }
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
