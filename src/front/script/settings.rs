//! What a run may do, and how far.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How scripts are run; the defaults are those of `ptych script run`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the script sees as `args`.
    pub args: Vec<String>,
    /// Of each wait that names none.
    pub timeout: Duration,
    /// Of the whole run.
    pub time_limit: Duration,
    /// Steps of the language in all branches together; 0 for no limit.
    pub max_operations: u64,
    /// Files below these may be read, modules imported from them.
    pub allow_read: Vec<PathBuf>,
    /// Files below these may be written.
    pub allow_write: Vec<PathBuf>,
    /// Programs that may be started; `None` for all.
    pub allow_spawn: Option<Vec<String>>,
    pub secrets: BTreeMap<String, SecretSource>,
    /// Where the session spawned first is recorded; the others beside it, with their numbers.
    pub record: Option<PathBuf>,
    /// Keep what is seen as the stored screens.
    pub update_screens: bool,
    /// Tell each wait, and why it ended.
    pub trace: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            args: Vec::new(),
            timeout: Duration::from_secs(10),
            time_limit: Duration::from_secs(3600),
            max_operations: 100_000_000,
            allow_read: Vec::new(),
            allow_write: Vec::new(),
            allow_spawn: None,
            secrets: BTreeMap::new(),
            record: None,
            update_screens: false,
            trace: false,
        }
    }
}

/// Where a secret comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    Value(String),
    /// The first line of a file.
    File(PathBuf),
    /// The person at this terminal is asked.
    Prompt,
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::Value(_) => f.write_str("Value(…)"),
            SecretSource::File(path) => f.debug_tuple("File").field(path).finish(),
            SecretSource::Prompt => f.write_str("Prompt"),
        }
    }
}
