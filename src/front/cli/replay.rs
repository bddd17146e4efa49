//! Recordings through the engine: responses, states, and what stood before the cursor.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::catalogue;
use super::commands::protocol_explain::Explanation;
use super::exit::Exit;
use super::expectation::{self, Expectation};
use super::failure::Failure;
use crate::engine::protocol::Spec;

/// What was seen when something was typed.
pub struct Seen {
    /// Text left of the cursor each time an input began.
    pub lines: Vec<String>,
    /// What was recorded, when the recording says so.
    pub command: Vec<String>,
}

/// The protocol that frames a recording: the one that was named, that its expectation names, or that the name of a folder above it says.
pub fn spec_for(recording: &Path, named: Option<&str>) -> Result<Arc<Spec>, Failure> {
    if let Some(named) = named {
        return Ok(Arc::new(catalogue::target(named)?));
    }
    if let Some(expectation) = expectation::read(recording)? {
        return Ok(Arc::new(catalogue::target(&expectation.protocol)?));
    }
    let names: Vec<String> = catalogue::all().into_iter().map(|entry| entry.name).collect();
    let folders = recording
        .ancestors()
        .skip(1)
        .filter_map(|folder| folder.file_name()?.to_str());
    let found = folders.map(str::to_string).find(|folder| names.contains(folder));
    match found {
        Some(name) => Ok(Arc::new(catalogue::target(&name)?)),
        None => Err(Failure::new(
            Exit::Usage,
            "protocol_unknown",
            format!("{}: which protocol frames it is not known", recording.display()),
        )
        .hint("name it with --protocol NAME|FILE; `ptych protocol test --update` then keeps it")),
    }
}
pub fn cursor_lines(_p: &Path) -> Result<Seen, Failure> {
    Err(Failure::usage("x"))
}
pub fn explain(_p: &Path, _s: Arc<Spec>, _at: Option<Duration>) -> Result<Explanation, Failure> {
    Err(Failure::usage("x"))
}
pub fn run(_p: &Path, _s: Arc<Spec>) -> Result<Expectation, Failure> {
    Err(Failure::usage("x"))
}
