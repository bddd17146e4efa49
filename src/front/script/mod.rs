//! Dialogues as programs.

pub mod record;
