//! Side channels of a running session: from files to the machine.

use super::driver::{Driver, Phase};
use crate::engine::time::Time;
use crate::host::channels::{LOOK, Message};

impl Driver {
    /// A hook has said something. What was printed before it is handled with it.
    pub(super) fn handle_arrival(&mut self, now: Time) {
        self.handle_readable(now);
    }

    /// Hands over what hooks have said by now, before the machine looks at its evidence: what was said before the tool showed its prompt
    /// belongs to the turn that the prompt ends. Whether there was something.
    pub(super) fn hear(&mut self, now: Time) -> bool {
        if !matches!(self.phase, Phase::Running) {
            return false;
        }
        let messages = self.channels.take_messages();
        if messages.is_empty() {
            return false;
        }
        for message in messages {
            self.record_message(&message, now);
            self.machine.handle_message(&message.channel, &message.text, now);
        }
        // What a hook says of a turn's end, the transcript usually holds by then.
        self.read_transcripts(now);
        true
    }

    /// The machine waits for what a transcript holds.
    pub(super) fn handle_transcripts(&mut self, now: Time) {
        if self.read_transcripts(now) {
            self.machine.handle_drained(now);
        }
    }

    /// Lines that are of no use are not recorded: a transcript may hold everything that the tool has read.
    fn read_transcripts(&mut self, now: Time) -> bool {
        let mut any = false;
        let pid = self.pty.as_ref().map(|pty| pty.pid());
        for message in self.channels.read_transcripts(&self.machine.hints(), pid) {
            if self.machine.handle_message(&message.channel, &message.text, now) {
                self.record_message(&message, now);
                any = true;
            }
        }
        any
    }

    fn record_message(&mut self, message: &Message, now: Time) {
        if let Some(recorder) = &mut self.recorder {
            recorder.message(&message.channel, &message.text, now);
        }
    }

    /// Where nothing rings, the inbox is looked at while somebody may speak.
    pub(super) fn look_at_the_inbox(&mut self, now: Time) {
        let look = self.channels.must_look() && self.machine.is_listening();
        let at = self.inbox_at.filter(|at| *at > now);
        self.inbox_at = look.then(|| at.unwrap_or(now + LOOK));
    }
}
