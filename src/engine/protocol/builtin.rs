//! The protocol files that are part of the binary.

use super::Spec;
use super::diagnostic::Problems;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// Name and text of each shipped file, in the order of names. `common` is no tool: others include it.
        const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../protocols/", $name, ".toml")))),*];
    };
}

files![
    "aider",
    "amp",
    "bash",
    "bc",
    "claude",
    "codex",
    "common",
    "copilot",
    "cursor-agent",
    "dash",
    "fish",
    "gdb",
    "gemini",
    "ghci",
    "goose",
    "ipython",
    "irb",
    "jshell",
    "jules",
    "lua",
    "mariadb",
    "node",
    "octave",
    "opencode",
    "php",
    "psql",
    "python",
    "qwen",
    "r",
    "redis-cli",
    "sqlite3",
    "tclsh",
    "zsh",
];

/// Names of the shipped protocols.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| *name != super::COMMON)
}

/// The text of a shipped file.
pub fn source(name: &str) -> Option<&'static str> {
    FILES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

/// A shipped protocol, ready for use.
///
/// # Errors
///
/// No file of that name; a shipped file with problems does not pass the tests.
pub fn load(name: &str) -> Result<Spec, Problems> {
    let missing = || Problems {
        file: name.to_owned(),
        source: String::new(),
        diagnostics: Vec::new(),
        included: Vec::new(),
    };
    super::parse_named(&format!("{name}.toml"), source(name).ok_or_else(missing)?)
}
