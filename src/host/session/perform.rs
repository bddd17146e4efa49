//! What the machines want done: bytes written, the terminal looked at and signalled, events told.

use std::time::Instant;

use super::Rung;
use super::driver::{BUFFER, Driver, Phase, READ_BYTES};
use crate::engine::event::EventKind;
use crate::engine::session::Action;
use crate::engine::term::Size;
use crate::engine::time::Time;
use crate::engine::tty::ProbeDepth;
use crate::host::pty::{Read, Written};

/// After so many bytes written the terminal is read: the kernel forgets echo that nobody takes.
const WRITE_BYTES: usize = 2048;

/// Who wants to know what the tty is like, and how much of it.
struct Looks {
    framing: Option<ProbeDepth>,
    following: Option<ProbeDepth>,
}

impl Driver {
    pub(super) fn perform(&mut self) {
        let now = self.now();
        if matches!(self.phase, Phase::Running) {
            // Each of these may lead to another: an event types the next prompt, a look at the tty ends a turn.
            // Actions first: input is discarded before an interrupt is written.
            while self.perform_actions(now)
                | self.perform_writes(now)
                | self.perform_probe()
                | self.perform_events(now)
                | self.perform_follow(now)
            {}
            self.tell_flushed(now);
        }
        self.look_at_the_inbox(now);
        let deadline = self.deadline().map(|at| self.origin + at.0);
        #[expect(
            clippy::disallowed_methods,
            reason = "the timer is set from this machine's clock"
        )]
        self.timer.set(deadline, Instant::now());
    }

    fn perform_writes(&mut self, now: Time) -> bool {
        let mut wrote = false;
        let mut unread = 0;
        while !self.full && self.machine.poll_write().is_some() {
            let hidden = self.hides_input(now);
            let reply = self.machine.writes_reply();
            let Some(pty) = &mut self.pty else { return false };
            let Some(bytes) = self.machine.poll_write() else {
                break;
            };
            match pty.write(bytes) {
                Ok(Written::Bytes(count)) => {
                    if let Some(recorder) = &mut self.recorder {
                        match hidden {
                            true => recorder.hidden_input(&bytes[..count], now),
                            false => recorder.input(&bytes[..count], now),
                        }
                    }
                    self.taps.input(&bytes[..count], hidden);
                    unread += count;
                    self.machine.handle_written(count, now);
                    if !reply {
                        self.follow_typed();
                    }
                    wrote = true;
                }
                // The engine's write deadline decides how long that may last.
                Ok(Written::Full | Written::Closed) | Err(_) => self.full = true,
            }
            if unread >= WRITE_BYTES {
                unread = 0;
                self.handle_readable(now);
            }
        }
        wrote
    }

    /// What is typed next must not be shown. Where no rule ever asks for a look at the tty, one is made for the recording.
    fn hides_input(&mut self, now: Time) -> bool {
        if self.machine.writes_secret() {
            return true;
        }
        let heard = self.recorder.is_some() || !self.taps.is_empty();
        if !heard || !self.machine.spec().is_untaught() {
            return false;
        }
        let Some(pty) = &mut self.pty else { return false };
        let probe = pty.probe(ProbeDepth::Flags);
        if let Some(recorder) = &mut self.recorder {
            recorder.tty(&probe, now);
        }
        probe.echo == Some(false) && probe.canonical == Some(true)
    }

    fn perform_actions(&mut self, now: Time) -> bool {
        let mut acted = false;
        while let Some(action) = self.machine.poll_action() {
            acted = true;
            match action {
                Action::Resize(size) => self.resize(size, now),
                Action::DiscardInput => {
                    if let Some(pty) = &mut self.pty {
                        pty.discard_input();
                        self.full = false;
                    }
                }
                Action::Signal(signal) => {
                    if let Some(pty) = &mut self.pty {
                        pty.signal_foreground(signal);
                    }
                }
                Action::NoteTranscripts => self.channels.note_transcripts(&self.machine.hints()),
                Action::ReadTranscripts => self.handle_transcripts(now),
                Action::Stop
                    if self
                        .ladder
                        .as_ref()
                        .is_some_and(|ladder| ladder.rung == Rung::Leave) =>
                {
                    self.climb(now)
                }
                Action::Stop => {}
            }
        }
        acted
    }

    fn resize(&mut self, size: Size, now: Time) {
        self.size = size;
        if let Some(recorder) = &mut self.recorder {
            recorder.resize(size, now);
        }
        if let Some(pty) = &mut self.pty {
            // Fails only for a terminal that is gone, and then nobody looks at its size.
            let _gone = pty.resize(size);
        }
    }

    fn perform_probe(&mut self) -> bool {
        let looks = Looks {
            framing: self.machine.poll_probe(),
            following: self.follower.as_mut().and_then(|f| f.machine.poll_probe()),
        };
        let Some(depth) = looks.framing.max(looks.following) else {
            return false;
        };
        BUFFER.with_borrow_mut(|buffer| {
            buffer.resize(READ_BYTES, 0);
            self.probe(looks, depth, buffer);
        });
        true
    }

    /// Looks, then reads once more: bytes that came meanwhile make the look void.
    fn probe(&mut self, looks: Looks, depth: ProbeDepth, buffer: &mut [u8]) {
        let Some(pty) = &mut self.pty else { return };
        let probe = pty.probe(depth);
        let read = self.read(buffer);
        let now = self.now();
        match read {
            Read::Bytes { count, more } => {
                self.output(&buffer[..count], now);
                if more {
                    self.read_burst(buffer, now)
                } else {
                    self.drained(now)
                }
            }
            Read::Empty | Read::Closed => {
                self.hear(now);
                if let Some(recorder) = &mut self.recorder {
                    recorder.tty(&probe, now);
                }
                if looks.following.is_some() {
                    self.follow_tty(probe.clone(), depth, now);
                }
                if looks.framing.is_some() {
                    self.machine.handle_tty(probe, now);
                }
                if read == Read::Closed {
                    self.handle_closed(now);
                }
            }
        }
    }

    pub(super) fn perform_events(&mut self, now: Time) -> bool {
        let mut any = false;
        let mut changed = false;
        while let Some(event) = self.machine.poll_event() {
            any = true;
            changed |= matches!(
                event.kind,
                EventKind::State { .. } | EventKind::TurnFinished(_) | EventKind::NotAnswered { .. }
            );
            self.report_event(event);
        }
        if changed {
            self.waiting.advance(&mut self.machine, now);
        }
        any
    }
}
