//! Dialogues as programs: Rhai, with sessions, patterns and the `expect` block.
//!
//! A run is one Rhai engine and one [`World`]: what all its functions share (the script, what it may do, its sessions, its clock). Functions
//! are registered in `functions`, each with the line that documents it, so `docs/scripting.md` cannot differ from what there is.
//! `syntax` is the one addition to the language. A failure carries what was seen (`failure`), and `report` turns whatever ended a run
//! into text, an object and an exit code.
//!
//! `check` runs a script without a single process: its sessions are stand-ins that take each arm of an `expect` block once. What
//! a program would have said is not known there, so only what is wrong whatever it says is told.
#![expect(
    clippy::disallowed_methods,
    reason = "a script's functions read the environment, allowed files and the clock"
)]

mod check;
mod engine;
mod failure;
mod files;
mod functions;
mod known;
mod live;
mod pattern;
mod plan;
pub mod record;
mod reference;
mod report;
mod run;
mod screens;
mod session;
mod settings;
mod source;
mod syntax;
mod value;
mod waiting;
mod world;

pub use check::{Checked, Problem, check};
pub use reference::reference;
pub use report::{EXIT_FAILED, Ran, Told, outcome};
pub use run::{Interrupter, Run};
pub use settings::{SecretSource, Settings};
pub use source::Script;
pub use world::Sink;
