//! What the world outside the byte stream says: the tty's flags, who owns it, what the owner waits for.

/// One look at the PTY from its master side. Everything that the platform cannot tell is `None` or `Unknown`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TtyProbe {
    /// ECHO and ICANON, from `tcgetattr` on the master.
    pub echo: Option<bool>,
    pub canonical: Option<bool>,
    /// Whether the tool itself or a program it started is the foreground process group.
    pub foreground: Option<Foreground>,
    /// Short name of the program in the foreground, when it is not the tool: the one that reads the terminal, as far as that was looked at,
    /// else the group's leader.
    pub foreground_name: Option<String>,
    pub waiting: Waiting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreground {
    Tool,
    Other,
}

impl Foreground {
    pub const fn as_str(self) -> &'static str {
        match self {
            Foreground::Tool => "tool",
            Foreground::Other => "other",
        }
    }
}

/// What the foreground process is blocked in (Linux: `/proc/PID/syscall`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Waiting {
    /// Not asked for, or not known on this platform or for this process.
    #[default]
    Unknown,
    /// `read` of the terminal.
    Read,
    /// poll, select or epoll: it may be the terminal.
    Poll,
    /// Running, sleeping, or waiting for something else.
    No,
}

impl Waiting {
    pub const fn as_str(self) -> &'static str {
        match self {
            Waiting::Unknown => "unknown",
            Waiting::Read => "read",
            Waiting::Poll => "poll",
            Waiting::No => "nothing",
        }
    }
}

/// How much of a probe is wanted; the flags cost one system call, the rest reads `/proc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProbeDepth {
    Flags,
    Waiting,
}

/// How a tool ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
    /// The supervisor could not learn it.
    Unknown,
}
