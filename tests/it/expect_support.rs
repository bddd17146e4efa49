//! What the tests of expect-style automation share: small programs to talk to, and gates that hold them until a test lets them go on.

use std::path::PathBuf;
use std::time::Duration;

use ptych::host::expect::{Follow, Found, Pattern, Precedence, StreamKind, WaitOptions};
use ptych::host::{Options, Session};

/// Ends a broken test; no test that is whole waits for it.
pub const LONG: Duration = Duration::from_secs(30);
/// For waits that must fail.
pub const SHORT: Duration = Duration::from_millis(40);

pub fn follow() -> Follow {
    Follow {
        timeout: Some(LONG),
        ..Follow::default()
    }
}

pub fn options() -> Options {
    Options {
        follow: Some(follow()),
        ..Options::default()
    }
}

/// Of a session whose stream are the bytes as they came.
pub fn raw() -> Options {
    let kind = StreamKind::Raw;
    Options {
        follow: Some(Follow { kind, ..follow() }),
        ..Options::default()
    }
}

pub fn spawn<const N: usize>(command: [&str; N]) -> Session {
    spawn_with(command, options())
}

#[track_caller]
pub fn spawn_with<const N: usize>(command: [&str; N], options: Options) -> Session {
    Session::spawn(command, options).unwrap_or_else(|e| panic!("{command:?}: {e}"))
}

pub fn sh(script: &str) -> Session {
    spawn(["sh", "-c", script])
}

/// Python without site packages: it is there in 15 ms.
pub fn python(script: &str) -> Session {
    spawn(["python3", "-S", "-E", "-c", script])
}

/// `cat` on a terminal that does not echo.
pub async fn quiet_cat() -> Session {
    let cat = sh("stty -echo; echo ready; exec cat");
    cat.expect("ready\n").await.expect("set up");
    cat
}

pub fn wait(timeout: impl Into<Option<Duration>>) -> WaitOptions {
    WaitOptions {
        timeout: timeout.into(),
        ..WaitOptions::default()
    }
}

pub fn by(precedence: Precedence) -> WaitOptions {
    WaitOptions {
        precedence,
        ..wait(LONG)
    }
}

pub fn peek() -> WaitOptions {
    WaitOptions {
        peek: true,
        ..wait(LONG)
    }
}

pub fn re(regex: &str) -> Pattern {
    Pattern::regex(regex)
}

/// What stood before the end of the output.
pub async fn to_the_end(session: &Session) -> Found {
    session.expect(Pattern::eof()).await.expect("the end")
}

/// Holds a program that opens `path` for reading, until `open`.
pub struct Gate {
    folder: tempfile::TempDir,
}

impl Gate {
    pub fn new() -> Gate {
        let gate = Gate {
            folder: tempfile::tempdir().expect("a folder"),
        };
        nix::unistd::mkfifo(&gate.path(), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        gate
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("gate")
    }

    /// A shell's words that wait for the gate.
    pub fn wait(&self) -> String {
        format!("read go < {}", self.path().display())
    }

    /// Lets the program that waits, or will wait, go on.
    pub fn open(&self) {
        std::fs::write(self.path(), "go\n").expect("somebody waits");
    }
}
