//! Whom the dialogues of `examples/scripts` talk to, and what they leave alone: everything here is made for one test and goes with it.

mod line_server;
mod sshd;
mod user;

pub use line_server::LineServer;
pub use sshd::Sshd;
pub use user::{User, root};
