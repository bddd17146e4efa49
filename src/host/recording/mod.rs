//! Recordings: what a tool wrote, with times; what was typed; resizes; the end. They are asciicast files, which other programs can play,
//! and they can be replayed through the engine.
//!
//! Version 3 is written (version 2 on request) and both are read. Besides the format's own event codes (`o` output, `i` input, `r` resize,
//! `m` marker, `x` exit) ptych writes two of its own, which players ignore. One is **`t`, a look at the terminal**, with blank-separated words of
//! `echo=0|1`, `canonical=0|1`, `foreground=tool|other`, `waiting=read|poll|no`, `name=NAME`; what the platform could not tell is absent.
//! Every look of the session is written, so a replay has all the evidence that the session had. Another is **`h`, a message heard on a side
//! channel**: the channel's name, a blank, and the message as it came.
//!
//! Each event is one write of one line: after a crash all but perhaps the last line is there. Text that is not UTF-8 is written as U+FFFD,
//! as the format wants it; a character cut by a read is completed first. Secrets: the environment is not written, and what is typed while
//! the terminal hides it (no ECHO, ICANON) is written as one `*` for each character.

mod asciicast;
mod recorder;
mod replay;

use crate::engine::term::Size;
use crate::engine::time::Time;
use crate::engine::tty::{Exit, TtyProbe};

pub use recorder::Recorder;
pub use replay::{Chunks, Replay, Replayed};

/// A recording, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    pub size: Size,
    /// What the file says it is: for ptych's own, the tool's name.
    pub title: Option<String>,
    pub command: Option<String>,
    pub events: Vec<Recorded>,
}

/// One event; times do not go backwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub at: Time,
    pub kind: RecordedKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum RecordedKind {
    Output(Vec<u8>),
    Input(Vec<u8>),
    Resize(Size),
    Marker(String),
    /// A status above 128 is a signal, as shells tell it.
    Exit(Exit),
    Tty(TtyProbe),
    /// A side channel spoke.
    Message {
        channel: String,
        text: String,
    },
}
