//! What ptych knows of a tool: the protocol file as written, and what it means.
//!
//! `file` is the form people write, `structure` holds a text against its schema, `resolve` fills in defaults and compiles, `check` looks for contradictions, `spec` is the result.
//! Every problem of a file is told at once, each with its place.

pub mod builtin;
mod check;
mod command;
mod condition;
pub mod diagnostic;
mod duration;
pub mod file;
pub mod keys;
pub mod layout;
mod pointer;
mod resolve;
mod schema;
pub mod spec;
mod structure;
#[cfg(test)]
mod tests;
mod tree;
mod version;

pub use condition::condition;
pub use diagnostic::Problems;
pub use duration::parse as parse_duration;
pub use resolve::{Loaded, load};
pub use schema::schema;
pub use spec::Spec;

/// Name of the shipped file that every protocol includes unless it says otherwise.
pub const COMMON: &str = "common";

/// A protocol file's text, validated. Includes are taken from the shipped files.
///
/// # Errors
///
/// Everything that is wrong with the file.
pub fn parse(source: &str) -> Result<Spec, Problems> {
    parse_named("protocol.toml", source)
}

/// Like `parse`, with the file's name for messages.
///
/// # Errors
///
/// Everything that is wrong with the file.
pub fn parse_named(file: &str, source: &str) -> Result<Spec, Problems> {
    let lookup = |name: &str| builtin::source(name).map(str::to_owned);
    load(file, source, None, &lookup).map(|loaded| loaded.spec)
}
