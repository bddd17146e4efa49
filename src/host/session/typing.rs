//! What handles want typed, and cannot be typed at once: a secret waits for ECHO to go off, a flush for the terminal.

use std::time::Duration;

use tokio::sync::oneshot;

use super::driver::{Driver, Phase};
use crate::engine::protocol::keys::{self, KeyModes};
use crate::engine::time::Time;
use crate::engine::tty::ProbeDepth;
use crate::host::expect::{Secret, SendError};

/// ECHO is looked at again after this, then after ever longer waits: no event tells when a tool changes it.
const LOOK_FIRST: Duration = Duration::from_micros(500);
const LOOK_LAST: Duration = Duration::from_millis(50);

type Reply = oneshot::Sender<Result<(), SendError>>;

/// Things that wait, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Typing {
    secrets: Vec<Waits>,
    flushes: Vec<Flush>,
    look_at: Option<Time>,
    step: Duration,
    /// What was typed last ended a line, or nothing was typed.
    within_line: bool,
}

#[derive(Debug)]
struct Waits {
    secret: Secret,
    since: Time,
    until: Time,
    reply: Reply,
}

#[derive(Debug)]
struct Flush {
    since: Time,
    until: Time,
    reply: Reply,
}

impl Typing {
    pub(super) fn deadline(&self) -> Option<Time> {
        let flushes = self.flushes.iter().map(|flush| flush.until);
        flushes.chain(self.look_at).min()
    }

    fn look_soon(&mut self, now: Time) {
        self.step = LOOK_FIRST;
        self.look_at = Some(now + self.step);
    }

    fn look_later(&mut self, now: Time) {
        self.step = (self.step * 2).min(LOOK_LAST);
        self.look_at = Some(now + self.step);
    }
}

fn tell(reply: Reply, result: Result<(), SendError>) {
    // Whoever has stopped waiting does not want to know.
    let _nobody_waits = reply.send(result);
}

impl Driver {
    pub(super) fn type_bytes(&mut self, bytes: &[u8], now: Time) {
        if self.is_over() || bytes.is_empty() {
            return;
        }
        self.machine.type_raw(bytes, now);
        self.note_typed(bytes);
    }

    pub(super) fn type_key(&mut self, name: &str, now: Time) {
        // The handle has refused what is no key.
        if let Ok(bytes) = keys::encode(name, self.key_modes()) {
            self.type_bytes(&bytes, now);
        }
    }

    pub(super) fn type_key_names(&mut self, names: &str, now: Time) {
        if self.is_over() {
            return;
        }
        if let Ok(keys) = keys::parse_in(names, self.key_modes()) {
            self.note_typed(&keys.bytes());
            self.machine.type_keys(keys, now);
        }
    }

    fn key_modes(&self) -> KeyModes {
        let screen = self.machine.screen();
        KeyModes {
            application_cursor: screen.is_set_dec(1),
            application_keypad: screen.is_set_dec(66),
            newline: screen.is_set_ansi(20),
        }
    }

    /// As a terminal pastes: line ends as Enter, and no way out of the markers.
    pub(super) fn paste(&mut self, text: &str, now: Time) {
        let text = text.replace("\r\n", "\r").replace('\n', "\r");
        let bytes = match self.machine.screen().is_set_dec(2004) {
            true => format!("\x1b[200~{}\x1b[201~", text.replace('\x1b', "")).into_bytes(),
            false => text.into_bytes(),
        };
        self.type_bytes(&bytes, now);
    }

    fn note_typed(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.typing.within_line = !matches!(last, b'\r' | b'\n' | 0x03 | 0x04 | 0x1a | 0x1c);
        }
    }

    pub(super) fn type_end_of_file(&mut self, now: Time) -> Result<(), SendError> {
        if self.is_over() {
            return Err(SendError::Exited);
        }
        let byte = self.pty.as_mut().and_then(|pty| pty.end_of_file());
        let byte = byte.ok_or(SendError::NotCanonical)?;
        let bytes: &[u8] = match self.typing.within_line {
            true => &[byte, byte],
            false => &[byte],
        };
        self.machine.type_raw(bytes, now);
        self.typing.within_line = false;
        Ok(())
    }

    // Secrets.

    pub(super) fn take_secret(&mut self, secret: Secret, within: Duration, reply: Reply, now: Time) {
        if self.is_over() {
            return tell(reply, Err(SendError::Exited));
        }
        self.typing.secrets.push(Waits {
            secret,
            since: now,
            until: now + within,
            reply,
        });
        self.typing.look_soon(now);
        self.type_secrets(now);
    }

    /// Types what waits for ECHO when it is off; called when output has come, when a look is due, and at first.
    pub(super) fn type_secrets(&mut self, now: Time) {
        self.typing.secrets.retain(|waits| !waits.reply.is_closed());
        if self.typing.secrets.is_empty() {
            self.typing.look_at = None;
            return;
        }
        let Some(pty) = &mut self.pty else { return };
        let probe = pty.probe(ProbeDepth::Flags);
        if probe.echo == Some(false) {
            if let Some(recorder) = &mut self.recorder {
                recorder.tty(&probe, now);
            }
            // One line at a time: the tool may show what is typed behind it.
            let waits = self.typing.secrets.remove(0);
            self.machine.type_secret(waits.secret.reveal(), now);
            self.typing.within_line = false;
            tell(waits.reply, Ok(()));
        }
        for waits in std::mem::take(&mut self.typing.secrets) {
            match now >= waits.until {
                true => tell(
                    waits.reply,
                    Err(SendError::EchoOn {
                        waited: now.since(waits.since),
                    }),
                ),
                false => self.typing.secrets.push(waits),
            }
        }
        match self.typing.secrets.is_empty() {
            true => self.typing.look_at = None,
            false => self.typing.look_later(now),
        }
    }

    // Flushes.

    pub(super) fn take_flush(&mut self, within: Duration, reply: Reply, now: Time) {
        self.typing.flushes.push(Flush {
            since: now,
            until: now + within,
            reply,
        });
    }

    /// After writing: who waited for that, and who has waited too long.
    pub(super) fn tell_flushed(&mut self, now: Time) {
        let (pending_bytes, since) = self.machine.pending_input();
        self.pending_input
            .store(pending_bytes, std::sync::atomic::Ordering::Relaxed);
        if self.typing.flushes.is_empty() {
            return;
        }
        for flush in std::mem::take(&mut self.typing.flushes) {
            if pending_bytes == 0 {
                tell(flush.reply, Ok(()));
            } else if now >= flush.until {
                let waited = now.since(since.unwrap_or(flush.since));
                tell(
                    flush.reply,
                    Err(SendError::NotTaken {
                        pending_bytes,
                        waited,
                    }),
                );
            } else {
                self.typing.flushes.push(flush);
            }
        }
    }

    pub(super) fn typing_time(&mut self, now: Time) {
        if self.typing.look_at.is_some_and(|at| now >= at) {
            self.type_secrets(now);
        }
    }

    /// The tool has ended: nothing is typed any more.
    pub(super) fn refuse_typing(&mut self) {
        self.pending_input.store(0, std::sync::atomic::Ordering::Relaxed);
        self.typing.look_at = None;
        for waits in self.typing.secrets.drain(..) {
            tell(waits.reply, Err(SendError::Exited));
        }
        for flush in self.typing.flushes.drain(..) {
            tell(flush.reply, Err(SendError::Exited));
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Sweeping { .. } | Phase::Ended)
    }
}
