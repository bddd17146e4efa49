//! `ptych completions`: the command line's own definition, as a shell's completion script.

use clap::CommandFactory;

use crate::front::cli::args::{Cli, Completions};
use crate::front::cli::exit::Exit;
use crate::front::cli::output;

pub fn run(args: &Completions) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ptych", &mut script);
    output::data(&script)?;
    Ok(Exit::Done)
}
