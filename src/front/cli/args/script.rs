//! What was typed behind `ptych script`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Subcommand, ValueHint};

use crate::front::cli::examples;
use crate::front::cli::values::{self, SecretFrom, Variable};

#[derive(Debug, Subcommand)]
pub enum ScriptVerb {
    /// Run scripts, one after the other or several at once
    Run(Box<ScriptRun>),
    /// Find what is wrong with scripts without starting anything
    Check(ScriptCheck),
    /// Watch a person at a program, and write the script that does it again
    Record(ScriptRecord),
}

#[derive(Debug, Args)]
#[command(after_help = examples::SCRIPT_RUN)]
pub struct ScriptRun {
    #[command(flatten)]
    pub scripts: Scripts,

    /// Scripts that run at the same time
    #[arg(short = 'j', long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub jobs: u32,

    /// Print one JSON object for each script, on a line; what it prints is in the object
    #[arg(long)]
    pub json: bool,

    /// Write a JUnit report
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub junit: Option<PathBuf>,

    /// Tell each wait, and why it ended, on standard error
    #[arg(long)]
    pub trace: bool,

    /// Record the first session into an asciicast; the second goes into NAME-2.cast, and so on
    #[arg(long, value_name = "CAST", value_hint = ValueHint::FilePath)]
    pub record: Option<PathBuf>,

    /// Store the screens that assert_screen sees
    #[arg(long)]
    pub update: bool,

    /// Run a script that failed again, at most so often
    #[arg(long, value_name = "TIMES", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub retries: u32,

    /// How long a wait may take that does not say it itself
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = values::duration)]
    pub timeout: Duration,

    #[command(flatten)]
    pub limits: ScriptLimits,
}

/// What a script may do, and how far.
#[derive(Debug, Args)]
#[command(next_help_heading = "What scripts may do")]
pub struct ScriptLimits {
    /// How long one script may take
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = values::duration)]
    pub time_limit: Duration,

    /// Steps of the language that one script may take; 0 for no limit
    #[arg(long, value_name = "COUNT", default_value_t = 100_000_000)]
    pub max_operations: u64,

    /// Directories into which scripts may write files; may be repeated
    #[arg(long, value_name = "DIR", action = ArgAction::Append, value_hint = ValueHint::DirPath)]
    pub allow_write: Vec<PathBuf>,

    /// Programs and protocols that may be started, all when none is named; may be repeated
    #[arg(long, value_name = "PROG", action = ArgAction::Append)]
    pub allow_spawn: Vec<String>,

    /// Where secret("NAME") comes from: the first line of a file, another environment variable, or the person at this terminal; may be repeated
    #[arg(long, value_name = "NAME=@FILE|env:VAR|prompt", action = ArgAction::Append, value_parser = values::secret)]
    pub secret: Vec<SecretFrom>,
}

#[derive(Debug, Args)]
#[command(after_help = examples::SCRIPT_CHECK)]
pub struct ScriptCheck {
    #[command(flatten)]
    pub scripts: Scripts,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Which scripts, and what they see as `args`.
#[derive(Debug, Args)]
pub struct Scripts {
    /// Scripts; - is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "code")]
    pub files: Vec<PathBuf>,

    /// A script's text, in place of files
    #[arg(short = 'c', long = "code", value_name = "TEXT", conflicts_with = "files")]
    pub code: Option<String>,

    /// Directories from which scripts may read files and import modules; may be repeated
    #[arg(long, value_name = "DIR", action = ArgAction::Append, value_hint = ValueHint::DirPath)]
    pub allow_read: Vec<PathBuf>,

    /// What the scripts see as `args`
    #[arg(last = true, value_name = "ARGS")]
    pub args: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = examples::SCRIPT_RECORD)]
pub struct ScriptRecord {
    /// Where the script goes, - for standard output [default: PROGRAM.rhai in this directory; standard output with --from]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Write the script of a recording instead
    #[arg(long, value_name = "FILE.cast", value_hint = ValueHint::FilePath, conflicts_with_all = ["cwd", "env"])]
    pub from: Option<PathBuf>,

    /// Replace the script when it exists
    #[arg(long)]
    pub overwrite: bool,

    /// Directory the program is started in
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub cwd: Option<PathBuf>,

    /// Set a variable for the program, or pass yours on by its name alone; may be repeated
    #[arg(long, value_name = "NAME[=VALUE]", action = ArgAction::Append)]
    pub env: Vec<Variable>,

    /// The program and its arguments; with --from, what the script shall start
    #[arg(last = true, value_name = "CMD", required_unless_present = "from")]
    pub command: Vec<String>,
}
