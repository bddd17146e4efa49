//! Observes a screen and yields exactly one response per turn.

pub mod state;
