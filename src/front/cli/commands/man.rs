//! `ptych man`: manual pages from the same definition as `--help`.

use std::path::Path;

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::front::cli::args::{self, Cli};
use crate::front::cli::exit::{self, Exit};
use crate::front::cli::{examples, output};

pub fn run(args: &args::Man) -> anyhow::Result<Exit> {
    let mut root = Cli::command();
    root.build();
    match &args.dir {
        None => output::data(&page(&root, "ptych")?)?,
        Some(dir) => {
            std::fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
            write_pages(dir, &root, "ptych")?;
        }
    }
    Ok(Exit::Done)
}

/// `ptych.1`, `ptych-ask.1`, `ptych-protocol-test.1`, …
fn write_pages(dir: &Path, command: &Command, name: &str) -> anyhow::Result<()> {
    let path = dir.join(format!("{name}.1"));
    std::fs::write(&path, page(command, name)?).with_context(|| format!("write {}", path.display()))?;
    command
        .get_subcommands()
        .try_for_each(|verb| write_pages(dir, verb, &format!("{name}-{}", verb.get_name())))
}

fn page(command: &Command, name: &str) -> anyhow::Result<Vec<u8>> {
    let man = Man::new(command.clone().display_name(name))
        .title(name.to_uppercase())
        .source(concat!("ptych ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(examples) = command.get_after_help() {
        let examples = examples.to_string();
        let examples = examples.trim_start_matches("Examples:\n");
        text.extend(section(&format!("EXAMPLES\n\n{examples}")).into_bytes());
    }
    if name == "ptych" {
        let topics = [
            exit::TABLE,
            examples::ENVIRONMENT,
            examples::FILES,
            examples::ANSWERS,
        ];
        topics
            .iter()
            .for_each(|topic| text.extend(section(topic).into_bytes()));
    }
    Ok(text)
}

/// A help topic as a section whose lines stay as they are.
fn section(topic: &str) -> String {
    let (title, body) = topic.split_once("\n\n").unwrap_or((topic, ""));
    let body: String = body.lines().map(escaped).collect();
    format!(".SH {title}\n.nf\n{body}.fi\n")
}

fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    // A line that starts with a dot or a quote would be a request.
    match line.starts_with(['.', '\'']) {
        true => format!("\\&{line}\n"),
        false => format!("{line}\n"),
    }
}
