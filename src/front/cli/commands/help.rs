//! `ptych help`: a verb's help, or a topic.

use clap::CommandFactory;

use crate::front::cli::args::{Cli, Help};
use crate::front::cli::exit::{self, Exit};
use crate::front::cli::failure::Failure;
use crate::front::cli::{examples, output};

pub fn run(args: &Help) -> anyhow::Result<Exit> {
    let topic = match args.topic.as_slice() {
        [one] => match one.as_str() {
            "exit-codes" => Some(exit::TABLE.to_owned()),
            "environment" => Some(examples::ENVIRONMENT.to_owned()),
            "files" => Some(examples::FILES.to_owned()),
            "answers" => Some(examples::ANSWERS.to_owned()),
            #[cfg(feature = "script")]
            "script-functions" => Some(crate::front::script::reference()),
            _ => None,
        },
        _ => None,
    };
    match topic {
        Some(text) => output::text(&text)?,
        None => output::text(&verb(&args.topic)?)?,
    }
    Ok(Exit::Done)
}

/// The long help of the verb at `path`; the whole command's for an empty one.
fn verb(path: &[String]) -> Result<String, Failure> {
    let mut root = Cli::command();
    root.build();
    let mut command = &mut root;
    for name in path {
        command = command.find_subcommand_mut(name).ok_or_else(|| {
            Failure::usage(format!("there is no verb or topic `{}`", path.join(" ")))
                .hint("topics are exit-codes, environment, files, answers, script-functions; verbs stand in ptych help")
        })?;
    }
    Ok(command.render_long_help().to_string())
}
