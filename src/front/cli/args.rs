//! What was typed. Nothing here looks at the machine: [`super::resolve`] says what it means.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueHint};

#[cfg(feature = "script")]
mod script;

use super::examples;
use super::values::{self, AnswerRule, Variable};
use crate::engine::policy::PolicyRule;
use crate::engine::route::Routing;
use crate::engine::supervise::Intensity;
use crate::engine::term::Size;

#[cfg(feature = "script")]
pub use script::{ScriptCheck, ScriptRecord, ScriptRun, ScriptVerb, Scripts};

/// Turns interactive command-line programs into functions: one prompt in, one complete response out.
#[derive(Debug, Parser)]
#[command(name = "ptych", version, after_help = examples::ROOT)]
#[command(
    disable_help_subcommand = true,
    max_term_width = 100,
    propagate_version = false
)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Send prompts to a tool and print its complete responses
    Ask(Ask),
    /// Talk with a tool line by line
    Chat(Chat),
    /// Record a terminal session as an asciicast
    Record(Record),
    /// Many instances of a tool behind one call
    #[command(after_help = examples::POOL)]
    Pool {
        #[command(subcommand)]
        verb: PoolVerb,
    },
    /// Dialogues as programs: what expect and pexpect do, with a real language
    #[cfg(feature = "script")]
    #[command(after_help = examples::SCRIPT)]
    Script {
        #[command(subcommand)]
        verb: ScriptVerb,
    },
    /// Tell which tools are installed, at which version, and what this platform lacks
    Doctor(Doctor),
    /// Look at, write, check and test protocol files
    #[command(after_help = examples::PROTOCOL)]
    Protocol {
        #[command(subcommand)]
        verb: ProtocolVerb,
    },
    /// Print a JSON Schema
    Schema(Schema),
    /// Print a completion script for a shell
    #[command(alias = "completion")]
    Completions(Completions),
    /// Print the manual page, or write all pages into a directory
    Man(Man),
    /// Explain a verb or a topic: exit-codes, environment, files, answers
    Help(Help),
}

#[derive(Debug, Args)]
#[command(after_help = examples::ASK)]
pub struct Ask {
    /// A tool by the name of its protocol, or a path to a protocol file
    pub target: String,

    /// Prompts, each one turn of the same session: TEXT, - for standard input, @FILE for a file (@@ for a text that starts with @)
    #[arg(value_name = "TEXT|-|@FILE", allow_negative_numbers = true, value_hint = ValueHint::Other)]
    pub prompts: Vec<String>,

    /// How long one prompt may take
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = values::duration)]
    pub timeout: Duration,

    /// Print the whole response as JSON, one object a line
    #[arg(long)]
    pub json: bool,

    /// Print the bytes of the turn as the tool sent them, escape sequences included; with --json, add them as `raw`
    #[arg(long)]
    pub raw: bool,

    /// Print text as soon as it can no longer change; text that a hook, a transcript or the layout of a screen gives comes whole, at the end
    #[arg(long, conflicts_with_all = ["json", "raw"])]
    pub stream: bool,

    /// Go on with the next prompt after one that did not end well
    #[arg(long)]
    pub keep_going: bool,

    /// Answer a question that matches REGEX with the choice whose label matches REPLY, or by typing REPLY; may be repeated
    #[arg(long, value_name = "REGEX=REPLY", action = ArgAction::Append)]
    pub answer: Vec<AnswerRule>,

    /// The same with the reply taken from an environment variable, so that a secret is not among the arguments
    #[arg(long, value_name = "REGEX=VAR", action = ArgAction::Append)]
    pub answer_env: Vec<AnswerRule>,

    /// Decide what the tool wants leave for, instead of a person: ask, deny or allow=REGEX over the question; the first that matches counts
    #[arg(long, value_name = "ask|deny|allow=REGEX", action = ArgAction::Append)]
    pub policy: Vec<PolicyRule>,

    /// Show no progress on the terminal
    #[arg(long)]
    pub no_progress: bool,

    #[command(flatten)]
    pub start: Start,
}

#[derive(Debug, Args)]
#[command(after_help = examples::CHAT)]
pub struct Chat {
    /// A tool by the name of its protocol, or a path to a protocol file
    pub target: String,

    /// How long one prompt may take
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = values::duration)]
    pub timeout: Duration,

    /// Decide what the tool wants leave for, instead of a person: ask, deny or allow=REGEX over the question; the first that matches counts
    #[arg(long, value_name = "ask|deny|allow=REGEX", action = ArgAction::Append)]
    pub policy: Vec<PolicyRule>,

    /// Do not read or write the history of earlier conversations
    #[arg(long)]
    pub no_history: bool,

    #[command(flatten)]
    pub start: Start,
}

/// How a session is started; the same for every verb that starts one.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "How the tool is started")]
pub struct Start {
    #[command(flatten)]
    pub setup: Setup,

    /// Go on with an earlier conversation, by the id that the tool gave it
    #[arg(long, value_name = "ID")]
    pub resume: Option<String>,

    /// Record the session into an asciicast file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub record: Option<PathBuf>,
}

/// What is the same for all sessions of a tool.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "How the tool is started")]
pub struct Setup {
    /// Use this protocol; TARGET is then the program to start, unless it is the protocol's own name
    #[arg(long, value_name = "NAME|FILE", value_hint = ValueHint::FilePath)]
    pub protocol: Option<PathBuf>,

    /// Directory the tool is started in
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub cwd: Option<PathBuf>,

    /// Set a variable for the tool, or pass yours on by its name alone; may be repeated
    #[arg(long, value_name = "NAME[=VALUE]", action = ArgAction::Append)]
    pub env: Vec<Variable>,

    /// Size of the tool's terminal [default: the protocol's]
    #[arg(long, value_name = "COLSxROWS", value_parser = values::size)]
    pub size: Option<Size>,

    /// Further arguments for the tool
    #[arg(last = true, value_name = "ARGS")]
    pub args: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = examples::RECORD)]
pub struct Record {
    /// A tool by the name of its protocol, or a path to a protocol file; without one, CMD or your shell is recorded
    pub target: Option<String>,

    /// Where the recording goes; it must not exist [default: NAME-DATE-TIME.cast in this directory]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Write asciicast version 2, for players that cannot read version 3
    #[arg(long)]
    pub v2: bool,

    /// Replace the recording when it exists
    #[arg(long)]
    pub overwrite: bool,

    /// Keep what is typed out of the recording; the tool's echo stays in it
    #[arg(long)]
    pub no_input: bool,

    /// Directory the tool is started in
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub cwd: Option<PathBuf>,

    /// Set a variable for the tool, or pass yours on by its name alone; may be repeated
    #[arg(long, value_name = "NAME[=VALUE]", action = ArgAction::Append)]
    pub env: Vec<Variable>,

    /// The command to record; after a TARGET, its further arguments
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = examples::DOCTOR)]
pub struct Doctor {
    /// Only these tools
    pub tools: Vec<String>,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,

    /// How long one tool may take to tell its version
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = values::duration)]
    pub timeout: Duration,
}

#[derive(Debug, Subcommand)]
pub enum PoolVerb {
    /// Ask many prompts of many instances of a tool, and print each answer as JSON when it is complete
    Run(PoolRun),
    /// Measure many instances on this machine: start, turns a second, memory
    Bench(PoolBench),
}

#[derive(Debug, Args)]
#[command(after_help = examples::POOL_RUN)]
pub struct PoolRun {
    /// A tool by the name of its protocol, or a path to a protocol file
    pub target: String,

    /// Files of prompts, one a line, or one JSON object a line (NAME.jsonl); - is standard input [default: -]
    #[arg(value_hint = ValueHint::FilePath)]
    pub files: Vec<String>,

    /// Instances that work at the same time
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub instances: u32,

    /// Lines are JSON: a string, or an object with prompt, id, key, instance, retry, priority, timeout
    #[arg(long)]
    pub jsonl: bool,

    /// Print the answers in the order of the prompts
    #[arg(long)]
    pub ordered: bool,

    /// Keep complete answers in this file, and skip prompts that have one there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub journal: Option<PathBuf>,

    /// Try a prompt again, up to so many times, when its instance was lost with it; its effect may then happen twice
    #[arg(long, value_name = "TIMES", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub retry: u32,

    /// So many restarts of an instance within such a time, and one more makes it failed: it takes no more prompts; or unlimited
    #[arg(long, value_name = "TIMES/DURATION", default_value = "5/60s", value_parser = values::intensity)]
    pub intensity: Intensity,

    /// How long one prompt may take
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = values::duration)]
    pub timeout: Duration,

    /// How long a prompt may wait for an instance [default: as long as it takes]
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub wait: Option<Duration>,

    /// Which instance takes a prompt: round-robin, least-busy, sticky (by key) or random-two
    #[arg(long, value_name = "HOW", default_value = "least-busy", value_parser = values::routing)]
    pub routing: Routing,

    /// The field of a JSON line that holds its key; prompts with the same key keep their order, and with --routing sticky their instance
    #[arg(long, value_name = "FIELD", default_value = "key")]
    pub key: String,

    /// Ready instances kept beside the others, for when one is lost
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub spares: u32,

    /// Prompts that are read ahead at most
    #[arg(long, value_name = "COUNT", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_queue: u32,

    /// Replace an instance after so many turns
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_turns: Option<u32>,

    /// Replace an instance when it is so old
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub max_age: Option<Duration>,

    /// Decide what the tool wants leave for, instead of a person: ask, deny or allow=REGEX over the question; the first that matches counts
    #[arg(long, value_name = "ask|deny|allow=REGEX", action = ArgAction::Append)]
    pub policy: Vec<PolicyRule>,

    /// Keep what was counted in this file, for Prometheus; written every 5 s and at the end
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub metrics: Option<PathBuf>,

    /// Record each session into an asciicast file of this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub record: Option<PathBuf>,

    /// Show neither progress nor the table at the end
    #[arg(long)]
    pub no_progress: bool,

    #[command(flatten)]
    pub setup: Setup,
}

#[derive(Debug, Args)]
#[command(after_help = examples::POOL_BENCH)]
pub struct PoolBench {
    /// A tool by the name of its protocol, or a path to a protocol file [default: sh, which every system has]
    #[arg(requires = "prompt")]
    pub target: Option<String>,

    /// Numbers of instances to measure
    #[arg(short = 'n', long, value_name = "COUNTS", value_delimiter = ',', default_value = "1,2,5", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub instances: Vec<u32>,

    /// A prompt that costs the tool nothing
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,

    /// A prompt that keeps the tool waiting for 50 ms
    #[arg(long, value_name = "TEXT")]
    pub slow_prompt: Option<String>,

    /// How long to measure, in all
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = values::duration)]
    pub time: Duration,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub setup: Setup,
}

#[derive(Debug, Subcommand)]
pub enum ProtocolVerb {
    /// List the protocols, built in and your own
    List(ProtocolList),
    /// Print a protocol with every default filled in
    Show(ProtocolShow),
    /// Write a new protocol file, from answers, flags or a recording
    New(ProtocolNew),
    /// Check protocol files and tell every problem
    Check(ProtocolCheck),
    /// Replay recordings and compare the responses and states with the expected ones
    Test(ProtocolTest),
    /// Tell why a session is in its state: each rule, each signal
    Explain(ProtocolExplain),
    /// Print the JSON Schema of protocol files
    #[command(after_help = examples::PROTOCOL_SCHEMA)]
    Schema,
}

#[derive(Debug, Args)]
#[command(after_help = examples::PROTOCOL_LIST)]
pub struct ProtocolList {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples::PROTOCOL_SHOW)]
pub struct ProtocolShow {
    /// Name of a protocol, or a path to a protocol file
    pub name: String,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,

    /// Print the file as it was written
    #[arg(long, conflicts_with = "json")]
    pub source: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples::PROTOCOL_NEW)]
pub struct ProtocolNew {
    /// Name of the protocol: lower-case letters, digits, - and _
    pub name: String,

    /// Find the prompt in a recording
    #[arg(long, value_name = "FILE.cast", value_hint = ValueHint::FilePath)]
    pub from: Option<PathBuf>,

    /// Regex for the prompt, over the text left of the cursor
    #[arg(long, value_name = "REGEX")]
    pub prompt: Option<String>,

    /// Regex for the prompt of an unfinished input
    #[arg(long, value_name = "REGEX")]
    pub continuation: Option<String>,

    /// What is typed to leave the tool
    #[arg(long, value_name = "TEXT")]
    pub exit: Option<String>,

    /// One line for lists
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,

    /// Where the file goes, - for standard output [default: your protocols directory]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Replace the file when it exists
    #[arg(long)]
    pub overwrite: bool,

    /// Ask nothing; use flags and defaults
    #[arg(short, long)]
    pub yes: bool,

    /// The command that starts the tool
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = examples::PROTOCOL_CHECK)]
pub struct ProtocolCheck {
    /// Protocol files or names; without any, all of your own files
    #[arg(value_hint = ValueHint::FilePath)]
    pub files: Vec<String>,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples::PROTOCOL_TEST)]
pub struct ProtocolTest {
    /// Recordings (x.cast, expected in x.expected.json), directories of them, or protocol names; without any, the recordings beside your own files
    #[arg(value_hint = ValueHint::FilePath)]
    pub recordings: Vec<String>,

    /// Test this protocol instead of the one that an expectation names
    #[arg(long, value_name = "NAME|FILE")]
    pub protocol: Option<String>,

    /// Write what was seen as the new expectation
    #[arg(long)]
    pub update: bool,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples::PROTOCOL_EXPLAIN)]
pub struct ProtocolExplain {
    /// A recording (x.cast), or a tool to start
    pub target: String,

    /// Prompts to send to the tool first
    #[arg(value_name = "TEXT|-|@FILE", allow_negative_numbers = true)]
    pub prompts: Vec<String>,

    /// Look at the recording at this time; for a tool, this long after its start or the last prompt [default: at the end; when it settles]
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub at: Option<Duration>,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub start: Start,
}

#[derive(Debug, Args)]
#[command(after_help = examples::SCHEMA)]
pub struct Schema {
    pub what: SchemaOf,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum SchemaOf {
    /// What `ask --json` prints, one a line
    Response,
    /// The answer of one of many instances
    Answer,
    /// What `pool run` prints, one a line
    PoolLine,
    /// How a cluster and its instances are
    Cluster,
    /// What happens in a cluster
    ClusterEvent,
    /// Protocol files
    Protocol,
}

#[derive(Debug, Args)]
#[command(after_help = examples::COMPLETIONS)]
pub struct Completions {
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
#[command(after_help = examples::MAN)]
pub struct Man {
    /// Write ptych.1 and one page for each verb here
    #[arg(value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = examples::HELP)]
pub struct Help {
    /// A verb (`ask`, `protocol test`) or one of exit-codes, environment, files, answers, script-functions
    #[arg(value_name = "VERB|TOPIC")]
    pub topic: Vec<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_has_examples() {
        fn visit(command: &clap::Command) {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("Examples:"),
                "{} has no examples",
                command.get_name()
            );
            command.get_subcommands().for_each(visit);
        }
        visit(&Cli::command());
    }

    #[test]
    fn flags_stand_anywhere_and_the_tool_keeps_its_own() {
        let cli = Cli::try_parse_from([
            "ptych",
            "ask",
            "--json",
            "sh",
            "a",
            "--timeout",
            "2s",
            "-",
            "--",
            "-x",
            "--json",
        ]);
        let Verb::Ask(ask) = cli.unwrap().verb else {
            panic!("not ask")
        };
        assert_eq!(ask.prompts, ["a", "-"]);
        assert_eq!(ask.start.setup.args, ["-x", "--json"]);
        assert_eq!(ask.timeout, Duration::from_secs(2));
    }
}
