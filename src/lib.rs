//! ptych turns any interactive command-line program into a function: one prompt in, one complete response out.
//!
//! A [`Session`](host::Session) is one tool under its own pseudo-terminal. What the tool shows is emulated, not guessed from bytes; a
//! *protocol* (a TOML file) teaches ptych the tool; and a turn ends on evidence, never on silence alone.
//!
//! ```
//! # #[cfg(feature = "host")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use ptych::engine::protocol::builtin;
//! use ptych::engine::response::Outcome;
//! use ptych::host::{Options, Session, StopOptions};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let bash = Session::start(Arc::new(builtin::load("bash")?), Options::default())?;
//!
//! let response = bash.ask("printf 'no newline at the end'").await?;
//! assert_eq!(response.text, "no newline at the end");
//!
//! let response = bash.ask("ls /no/such/file").await?;
//! assert_eq!(response.outcome, Outcome::Error);
//! println!("proved by {:?}", response.evidence);
//!
//! bash.stop(StopOptions::default()).await;
//! # Ok(())
//! # })
//! # }
//! # #[cfg(not(feature = "host"))]
//! # fn main() {}
//! ```
//!
//! What `expect` does, a [`Session`](host::Session) does, too: [`host::expect`], and [`blocking`] without `async`. Many instances as one are a [`Cluster`](host::cluster::Cluster). Several sessions at once, a protocol of one's own, a recording replayed, and
//! clusters at work are in `examples/`.
//!
//! Layers, lower ones knowing nothing of higher ones: [`engine`] is pure (bytes, events and the time in; bytes, events and deadlines out),
//! [`host`] runs it on a machine, [`api`] is what crosses a process boundary. `docs/ARCHITECTURE.md` is the map.

pub mod api;
pub mod engine;
#[cfg(feature = "cli")]
pub mod front;
#[cfg(feature = "host")]
pub mod host;

#[cfg(feature = "host")]
pub use host::blocking;

// What the pages show compiles.
#[cfg(all(doctest, feature = "host"))]
#[doc = include_str!("../README.md")]
mod readme {}
#[cfg(all(doctest, feature = "host"))]
#[doc = include_str!("../docs/clusters.md")]
mod clusters {}
#[cfg(all(doctest, feature = "host"))]
#[doc = include_str!("../docs/coming-from-expect.md")]
mod coming_from_expect {}
