//! `ptych pool run`: prompts stream in, answers stream out, and any number of them takes bounded memory.
//!
//! ```text
//!   input thread ──Item──► run (one task) ──send──► cluster
//!     reads lines            │  ▲ one permit of the window a prompt, from read to printed
//!                            │  └────answer──── one small task a ticket
//!                            └──Line──► writer thread: journal first, then standard output
//! ```
//!
//! The window is what bounds memory: no line is read without a permit, and an answer keeps its permit until it is written. A reader of standard
//! output that stops reading stops the input in this way, and never the tools that work. Reading and writing have threads of their own because
//! both may block for ever.
//!
//! What is promised of the journal: an answer is in it before it is on standard output; so a run that is killed loses none of what it
//! printed. It reaches the disk within a second (`fdatasync`), so that a power failure loses at most that second.

mod gauge;
pub mod input;
pub mod journal;
mod parse;
pub mod run;
mod tally;
pub mod wire;
mod writer;
