//! What scripts can call, one file for each kind.

mod flow;
mod matches;
mod outside;
mod patterns;
mod sending;
mod sessions;
mod spawning;
mod waits;
mod words;

use std::sync::Arc;

use rhai::Engine;

use super::reference::{Entry, Registry};
use super::world::World;

pub use sending::check_key;

/// Fills the engine and gives the table of what is in it.
pub fn register(engine: &mut Engine, world: &Arc<World>) -> Vec<Entry> {
    let mut registry = Registry::new(engine, world);
    spawning::register(&mut registry);
    waits::register(&mut registry);
    patterns::register(&mut registry);
    matches::register(&mut registry);
    sending::register(&mut registry);
    sessions::register(&mut registry);
    flow::register(&mut registry);
    outside::register(&mut registry);
    registry.into_entries()
}

/// What functions give: Rhai adds the place.
pub type Outcome<T> = Result<T, Box<rhai::EvalAltResult>>;
