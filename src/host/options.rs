//! What a caller may choose; every default is right for one person asking one tool.

use std::path::PathBuf;
use std::time::Duration;

use crate::engine::policy::Policy;
use crate::engine::term::Size;
use crate::host::expect::Follow;

/// How a session is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the session; a ULID when `None`.
    pub id: Option<String>,
    /// Program to start instead of the protocol's candidates: a name looked up in PATH, or a path.
    pub program: Option<String>,
    /// Added behind the protocol's arguments.
    pub args: Vec<String>,
    /// Set over everything else; wins over the protocol's.
    pub env: Vec<(String, String)>,
    /// Names taken from this process's environment in addition to the allow-list and the protocol's `pass_env`.
    pub pass_env: Vec<String>,
    /// Working directory of the tool; this process's own when `None`.
    pub cwd: Option<PathBuf>,
    /// The protocol's size when `None`.
    pub size: Option<Size>,
    pub limits: Limits,
    pub record: Option<RecordOptions>,
    /// Report `EventKind::Text` while turns run; of tools whose text comes from a side channel, or is laid out or trimmed, once, at the end.
    pub stream: bool,
    /// Limit of a turn whose `AskOptions` name none.
    pub turn_timeout: Duration,
    /// Bytes of a turn's text kept; the engine's default when `None`.
    pub turn_text_bytes: Option<usize>,
    /// The protocol's `ready_within` when `None`.
    pub ready_within: Option<Duration>,
    /// Bytes of raw output kept for `Session::raw`; 0 keeps none.
    pub keep_raw_bytes: usize,
    /// What may be answered without a person; by default nothing.
    pub policy: Policy,
    /// The tool's own id of a conversation that goes on, as `ExitReport::tool_session` told it.
    pub resume: Option<String>,
    /// Version of the tool, where the caller has asked for it.
    pub tool_version: Option<String>,
    /// Prompts that may wait for the tool to be ready, all handles together.
    pub queue: usize,
    /// Keep the tool's output for `Session::expect`; without it a session pays nothing for that. `Session::spawn` keeps it in any case.
    pub follow: Option<Follow>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            id: None,
            program: None,
            args: Vec::new(),
            env: Vec::new(),
            pass_env: Vec::new(),
            cwd: None,
            size: None,
            limits: Limits::default(),
            record: None,
            stream: false,
            turn_timeout: Duration::from_secs(600),
            turn_text_bytes: None,
            ready_within: None,
            keep_raw_bytes: 0,
            policy: Policy::default(),
            resume: None,
            tool_version: None,
            queue: 64,
            follow: None,
        }
    }
}

/// Resource limits of the tool and what it starts (`setrlimit`, soft and hard); `None` inherits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub open_files: Option<u64>,
    pub address_space_bytes: Option<u64>,
    pub cpu_seconds: Option<u64>,
    pub core_bytes: Option<u64>,
    pub file_bytes: Option<u64>,
    pub processes: Option<u64>,
}

/// Where and how a session is recorded.
#[derive(Clone, Debug)]
pub struct RecordOptions {
    /// Created new or truncated, mode 0600.
    pub path: PathBuf,
    pub format: RecordFormat,
    /// Write what is typed, too (`i` events). What is typed while the terminal hides it is written as `*` in any case.
    pub input: bool,
}

impl RecordOptions {
    pub fn new(path: impl Into<PathBuf>) -> RecordOptions {
        RecordOptions {
            path: path.into(),
            format: RecordFormat::default(),
            input: true,
        }
    }
}

/// Version of the asciicast format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordFormat {
    V2,
    #[default]
    V3,
}

/// How one prompt is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct AskOptions {
    /// From the moment the prompt is typed, and again for the time it may wait to be typed; `Options::turn_timeout` when `None`.
    pub timeout: Option<Duration>,
    /// Fail with `SubmitError::Busy` or `NotReady` at once instead of waiting for the tool to be ready.
    pub no_wait: bool,
}

/// How a session is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopOptions {
    /// Type the tool's own way out first.
    pub leave: bool,
    /// Between SIGTERM and SIGKILL. Zero goes to SIGKILL at once.
    pub grace: Duration,
}

impl Default for StopOptions {
    fn default() -> StopOptions {
        StopOptions {
            leave: true,
            grace: Duration::from_secs(5),
        }
    }
}

impl StopOptions {
    /// SIGKILL to the whole tree, now.
    pub const NOW: StopOptions = StopOptions {
        leave: false,
        grace: Duration::ZERO,
    };
}
