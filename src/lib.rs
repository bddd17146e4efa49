//! ptych turns any interactive command-line program into a function: one prompt in, one complete response out.

pub mod api;
pub mod engine;
#[cfg(feature = "host")]
pub mod host;
