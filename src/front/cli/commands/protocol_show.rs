//! `ptych protocol show`: what a protocol file means, every default filled in.

use crate::front::cli::args::ProtocolShow;
use crate::front::cli::exit::Exit;
use crate::front::cli::{catalogue, output, spec_view};

pub fn run(args: &ProtocolShow) -> anyhow::Result<Exit> {
    let entry = catalogue::entry(&args.name)?;
    if args.source {
        output::text(&entry.source)?;
        return Ok(Exit::Done);
    }
    let mut value = spec_view::value(&catalogue::understand(&entry)?);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("origin".into(), entry.origin.as_str().into());
        fields.insert(
            "path".into(),
            entry.origin.path().map(|path| path.display().to_string()).into(),
        );
    }
    match args.json {
        true => output::json_document(&value)?,
        false => output::text(&spec_view::page(&value))?,
    }
    Ok(Exit::Done)
}
