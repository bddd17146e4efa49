//! The `ptych` command.
//!
//! A run goes one way: `args` is what was typed, `resolve` says what is meant (protocols found, prompts read, variables
//! looked up; nothing has been started yet, so every mistake there is exit 2 or 3 with nothing done), `commands` does it through
//! the host, and `output` writes what came of it. Standard output is data; progress, questions and errors go to standard
//! error. `exit` is the only place that knows a number, `failure` the form in which every error reaches people and programs.
#![expect(
    clippy::disallowed_methods,
    reason = "the command reads files, the environment and the clock, and starts threads that wait for a person"
)]

mod answers;
mod args;
pub(in crate::front) mod catalogue;
mod commands;
mod conversation;
pub(in crate::front) mod diff;
mod draft;
mod editor;
mod examples;
mod exit;
mod expectation;
pub(in crate::front) mod failure;
mod guess;
mod layout_view;
mod outcome;
mod output;
mod passthrough;
mod pool;
mod programs;
mod progress;
mod replay;
mod resolve;
#[cfg(feature = "script")]
mod script;
mod signals;
mod spec_view;
mod terminal;
mod values;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

#[cfg(feature = "script")]
use args::ScriptVerb;
use args::{Cli, PoolVerb, ProtocolVerb, Verb};
use exit::Exit;
use failure::Failure;

/// Runs the command with this process's arguments.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.len() < 2 {
        return bare();
    }
    match Cli::try_parse_from(&arguments) {
        Ok(cli) => run(cli),
        Err(error) => refused(&error, wants_json(&arguments)),
    }
    .into()
}

/// Without arguments: a short help, and the exit code of a usage error, because nothing was asked for.
fn bare() -> ExitCode {
    output::note(&Cli::command().render_help().to_string());
    Exit::Usage.into()
}

fn run(cli: Cli) -> Exit {
    let json = cli.verb.json();
    match dispatch(cli.verb) {
        Ok(exit) => exit,
        Err(error) => output::failure(&Failure::of(error), json),
    }
}

fn dispatch(verb: Verb) -> anyhow::Result<Exit> {
    match verb {
        Verb::Ask(args) => commands::ask::run(args),
        Verb::Chat(args) => commands::chat::run(args),
        Verb::Record(args) => commands::record::run(args),
        Verb::Pool { verb } => match verb {
            PoolVerb::Run(args) => commands::pool_run::run(args),
            PoolVerb::Bench(args) => commands::pool_bench::run(&args),
        },
        #[cfg(feature = "script")]
        Verb::Script { verb } => match verb {
            ScriptVerb::Run(args) => commands::script_run::run(&args),
            ScriptVerb::Check(args) => commands::script_check::run(&args),
            ScriptVerb::Record(args) => commands::script_record::run(args),
        },
        Verb::Doctor(args) => commands::doctor::run(args),
        Verb::Protocol { verb } => match verb {
            ProtocolVerb::List(args) => commands::protocol_list::run(&args),
            ProtocolVerb::Show(args) => commands::protocol_show::run(&args),
            ProtocolVerb::New(args) => commands::protocol_new::run(args),
            ProtocolVerb::Check(args) => commands::protocol_check::run(&args),
            ProtocolVerb::Test(args) => commands::protocol_test::run(&args),
            ProtocolVerb::Explain(args) => commands::protocol_explain::run(args),
            ProtocolVerb::Schema => commands::schema::run(args::SchemaOf::Protocol),
        },
        Verb::Schema(args) => commands::schema::run(args.what),
        Verb::Completions(args) => commands::completions::run(&args),
        Verb::Man(args) => commands::man::run(&args),
        Verb::Help(args) => commands::help::run(&args),
    }
}

/// What the argument parser has to say: help and version are data, everything else is a usage error.
fn refused(error: &clap::Error, json: bool) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match error.print() {
            Ok(()) => Exit::Done,
            Err(_) => Exit::BrokenPipe,
        },
        _ => {
            if json {
                let text = error.render().to_string();
                let message = text
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_string();
                output::failure_object(&Failure::usage(message).hint("see --help"));
            }
            // Standard error is gone: there is nobody left to tell.
            let _ = error.print();
            Exit::Usage
        }
    }
}

/// Whether `--json` stands among our own arguments; asked only when parsing them failed.
fn wants_json(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|a| *a != "--").any(|a| a == "--json")
}

impl Verb {
    fn json(&self) -> bool {
        match self {
            Verb::Ask(args) => args.json,
            Verb::Doctor(args) => args.json,
            #[cfg(feature = "script")]
            Verb::Script { verb } => match verb {
                ScriptVerb::Run(args) => args.json,
                ScriptVerb::Check(args) => args.json,
                ScriptVerb::Record(_) => false,
            },
            Verb::Pool { verb } => match verb {
                // Standard output is answers; an error of the whole run is told to people.
                PoolVerb::Run(_) => false,
                PoolVerb::Bench(args) => args.json,
            },
            Verb::Protocol { verb } => match verb {
                ProtocolVerb::List(args) => args.json,
                ProtocolVerb::Show(args) => args.json,
                ProtocolVerb::Check(args) => args.json,
                ProtocolVerb::Test(args) => args.json,
                ProtocolVerb::Explain(args) => args.json,
                ProtocolVerb::New(_) | ProtocolVerb::Schema => false,
            },
            _ => false,
        }
    }
}
