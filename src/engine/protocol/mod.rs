//! What ptych knows of a tool: the protocol file as written, and what it means.

pub mod spec;

pub use spec::Spec;
