//! Side channels: what a tool says beside its terminal.
//!
//! A hook is a program that the tool runs. Ours is a small script in the session's private folder; it writes its message to a file of its
//! own and renames it into an inbox, so that a message is there whole or not at all, whatever its size and however many run at once. On
//! Linux inotify rings when one arrives; elsewhere, and where the user has no inotify instance left, the inbox is looked at while a turn
//! runs.
//!
//! A transcript is a file that the tool appends to. How long each file was is noted when Enter is sent, and what was appended since is read
//! when the engine asks for it.
//!
//! What a message means is the engine's: here are only files.

mod glob;
mod inbox;
mod open;
mod transcript;

use std::io;
use std::path::Path;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::engine::protocol::spec::{Channel, ChannelKind};
use crate::engine::session::Hints;

use inbox::Inbox;
pub use inbox::hook_program;
use transcript::Transcript;

/// How often the inbox is looked at where nothing rings.
pub const LOOK: Duration = Duration::from_millis(25);

/// One message: the channel's name and what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub channel: String,
    pub text: String,
}

/// The side channels of one session.
#[derive(Debug, Default)]
pub struct SideChannels {
    inbox: Option<Inbox>,
    transcripts: Vec<Transcript>,
}

impl SideChannels {
    /// `folder` is the session's private one; `fill` replaces placeholders.
    pub fn open(
        channels: &[Channel],
        folder: Option<&Path>,
        fill: &dyn Fn(&str) -> String,
    ) -> io::Result<SideChannels> {
        let hooks = channels.iter().any(|channel| channel.kind == ChannelKind::Hook);
        let inbox = match folder.filter(|_| hooks) {
            Some(folder) => Some(Inbox::make(folder)?),
            None => None,
        };
        let transcript = |channel: &Channel| match &channel.kind {
            ChannelKind::Hook => None,
            ChannelKind::Transcript { file, document } => {
                Some(Transcript::new(channel.name.clone(), file, *document, fill))
            }
        };
        Ok(SideChannels {
            inbox,
            transcripts: channels.iter().filter_map(transcript).collect(),
        })
    }

    /// A message may have arrived.
    pub fn poll_arrival(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inbox.as_mut().map_or(Poll::Pending, |inbox| inbox.poll(cx))
    }

    /// Nothing tells when a message arrives, or some are left: look at the inbox from time to time.
    pub fn must_look(&self) -> bool {
        self.inbox.as_ref().is_some_and(Inbox::must_look)
    }

    /// What hooks have said since the last call, in order.
    pub fn take_messages(&mut self) -> Vec<Message> {
        self.inbox.as_mut().map(Inbox::take).unwrap_or_default()
    }

    /// From here on counts what is appended.
    pub fn note_transcripts(&mut self, hints: &Hints<'_>) {
        self.transcripts
            .iter_mut()
            .for_each(|transcript| transcript.note(hints));
    }

    /// What was appended since, and was not read yet. `pid` is the tool.
    pub fn read_transcripts(&mut self, hints: &Hints<'_>, pid: Option<u32>) -> Vec<Message> {
        self.transcripts
            .iter_mut()
            .flat_map(|transcript| transcript.read(hints, pid))
            .collect()
    }
}
