//! Observes a screen and yields exactly one response per turn.
//!
//! The parts are plain functions over a [`crate::engine::term::Screen`], the protocol's [`crate::engine::protocol::Spec`] and the
//! recorded [`facts::Facts`]; the machine that calls them is `engine/session`.

pub mod dialog;
pub mod extract;
pub mod facts;
pub mod layout;
pub mod outcome;
pub mod plan;
pub mod refusal;
pub mod rules;
pub mod state;
pub mod status;
pub mod trace;
