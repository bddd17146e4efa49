//! What is typed. A send returns when its bytes are queued; the task writes them as fast as the tool reads, and reads meanwhile, so neither
//! side can hold the other up.

use std::time::Duration;

use super::error::SendError;
use super::secret::Secret;
use crate::engine::framer::state::State;
use crate::engine::limits;
use crate::engine::protocol::keys::{self, KeyModes};
use crate::engine::random::Random;
use crate::engine::tty::TtyProbe;
use crate::host::error::SessionGone;
use crate::host::session::{Command, Session};

/// How long `send_secret` waits for the terminal's ECHO to go off.
pub const ECHO_OFF_WITHIN: Duration = Duration::from_secs(5);

/// A text in pieces, for tools that lose what comes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slow {
    /// Characters typed at once.
    pub chunk: usize,
    /// Between two pieces.
    pub pause: Duration,
}

impl Default for Slow {
    fn default() -> Slow {
        Slow {
            chunk: 1,
            pause: Duration::from_millis(50),
        }
    }
}

/// How a person types: equal seeds give equal pauses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Human {
    pub seed: u64,
    /// Of five characters each.
    pub words_per_minute: f64,
    /// How even the pauses are; from 0.5 (bursts and stops) to 4 (a machine). Shape of a Weibull distribution.
    pub evenness: f64,
}

impl Default for Human {
    fn default() -> Human {
        Human {
            seed: 0,
            words_per_minute: 60.0,
            evenness: 2.0,
        }
    }
}

impl Human {
    const SHORTEST: f64 = 0.01;
    const LONGEST: f64 = 2.0;

    /// The pause before each character of `text`.
    fn pauses(self, text: &str) -> Vec<Duration> {
        let mut random = Random::new(self.seed);
        let mean = 12.0 / self.words_per_minute.clamp(1.0, 10_000.0);
        let evenness = self.evenness.clamp(0.5, 4.0);
        let mut word_begins = false;
        text.chars()
            .map(|c| {
                let even = (random.below(1_000_000) as f64 + 1.0) / 1_000_001.0;
                let factor = if word_begins { 1.5 } else { 1.0 };
                word_begins = !c.is_alphanumeric();
                let pause = mean * factor * (-even.ln()).powf(1.0 / evenness);
                Duration::from_secs_f64(pause.clamp(Human::SHORTEST, Human::LONGEST))
            })
            .collect()
    }
}

impl Session {
    /// Types `text` as it is, without Enter. Returns when it is queued: see `flush`.
    ///
    /// # Errors
    ///
    /// The tool has ended, or does not read what was typed before.
    pub async fn send(&self, text: impl AsRef<[u8]>) -> Result<(), SendError> {
        let bytes = text.as_ref();
        self.can_send(bytes.len())?;
        Ok(self.command(Command::Keys(bytes.to_vec())).await?)
    }

    /// Types `text` and Enter.
    ///
    /// # Errors
    ///
    /// As `send`; and when a line is longer than the terminal takes while it edits lines itself (4,095 bytes): the rest would be lost.
    pub async fn send_line(&self, text: impl AsRef<str>) -> Result<(), SendError> {
        let text = text.as_ref();
        let longest = text.split(['\n', '\r']).map(str::len).max().unwrap_or(0);
        if longest > limits::COOKED_LINE_BYTES && self.tty().await?.canonical == Some(true) {
            return Err(SendError::LineTooLong {
                bytes: longest,
                limit: limits::COOKED_LINE_BYTES,
            });
        }
        self.send([text.as_bytes(), b"\r"].concat()).await
    }

    /// Presses one key: `enter`, `ctrl-c`, `up`, `f5`, `alt-x`, `ctrl-shift-right`, … as a terminal sends it in the modes that the tool has set
    /// (application cursor keys, application keypad).
    ///
    /// # Errors
    ///
    /// As `send`; and when it is no key.
    pub async fn send_key(&self, name: &str) -> Result<(), SendError> {
        let plain = keys::encode(name, KeyModes::default()).map_err(SendError::NoSuchKey)?;
        self.can_send(plain.len())?;
        Ok(self.command(Command::Key(name.to_owned())).await?)
    }

    /// Types text with keys in angle brackets, as protocol files write it: `<esc>:wq<enter>`, `<esc><pause-150ms>x`.
    ///
    /// # Errors
    ///
    /// As `send_key`.
    pub async fn send_keys(&self, keys: &str) -> Result<(), SendError> {
        let plain = keys::parse(keys).map_err(SendError::NoSuchKey)?;
        self.can_send(plain.bytes().len())?;
        Ok(self.command(Command::KeyNames(keys.to_owned())).await?)
    }

    /// Types `text` in pieces with pauses between them. A future that is dropped leaves the rest untyped.
    ///
    /// # Errors
    ///
    /// As `send`; what came before has been typed.
    pub async fn send_slow(&self, text: &str, slow: Slow) -> Result<(), SendError> {
        let chars: Vec<char> = text.chars().collect();
        let mut first = true;
        for chunk in chars.chunks(slow.chunk.max(1)) {
            if !std::mem::take(&mut first) {
                tokio::time::sleep(slow.pause).await;
            }
            self.send(chunk.iter().collect::<String>()).await?;
        }
        Ok(())
    }

    /// Types `text` as a person would, character by character.
    ///
    /// # Errors
    ///
    /// As `send_slow`.
    pub async fn send_human(&self, text: &str, human: Human) -> Result<(), SendError> {
        for (c, pause) in text.chars().zip(human.pauses(text)) {
            tokio::time::sleep(pause).await;
            self.send(c.encode_utf8(&mut [0; 4])).await?;
        }
        Ok(())
    }

    /// Types a secret and Enter as soon as the terminal does not show what is typed: waits for its ECHO to be off, at most
    /// `ECHO_OFF_WITHIN`. Recordings and logs get a `*` for each character.
    ///
    /// # Errors
    ///
    /// As `send`; and when ECHO stays on: nothing was typed then.
    pub async fn send_secret(&self, secret: &Secret) -> Result<(), SendError> {
        self.send_secret_within(secret, ECHO_OFF_WITHIN).await
    }

    /// # Errors
    ///
    /// As `send_secret`.
    pub async fn send_secret_within(&self, secret: &Secret, within: Duration) -> Result<(), SendError> {
        self.can_send(secret.reveal().len() + 1)?;
        let secret = secret.line();
        self.request(|reply| Command::Secret {
            secret,
            within,
            reply,
        })
        .await?
    }

    /// Tells a tool that reads lines that its input is over: types the terminal's end-of-file character (`VEOF`, usually ctrl-d), twice when a
    /// line has been begun, since the first then only hands that over.
    ///
    /// # Errors
    ///
    /// As `send`; and when the tool reads keys (a line editor, a full-screen program): the character has no meaning then.
    pub async fn send_eof(&self) -> Result<(), SendError> {
        self.can_send(1)?;
        self.request(Command::EndOfFile).await?
    }

    /// Types `text` as a paste: between paste markers when the tool has asked for them (mode 2004), so that it runs nothing of it; else as it
    /// is, each line end as Enter.
    ///
    /// # Errors
    ///
    /// As `send`.
    pub async fn paste(&self, text: &str) -> Result<(), SendError> {
        self.can_send(text.len())?;
        Ok(self.command(Command::Paste(text.to_owned())).await?)
    }

    /// Until the terminal has taken everything that was typed. Only then is it the tool's turn to read it.
    ///
    /// # Errors
    ///
    /// It has not within that time; what waits goes on waiting and is not lost.
    pub async fn flush(&self, within: Duration) -> Result<(), SendError> {
        if self.pending_input_bytes() == 0 && self.has_ended() {
            return Err(SendError::Exited);
        }
        self.request(|reply| Command::Flush { within, reply }).await?
    }

    /// Typed, and not taken by the terminal as of now.
    pub fn pending_input_bytes(&self) -> usize {
        self.pending_input().load(std::sync::atomic::Ordering::Relaxed)
    }

    /// A look at the terminal: ECHO, ICANON (`stty`), who owns it, and what the owner waits in.
    ///
    /// # Errors
    ///
    /// The session's task is gone.
    pub async fn tty(&self) -> Result<TtyProbe, SessionGone> {
        self.request(Command::Tty).await
    }

    fn has_ended(&self) -> bool {
        matches!(self.state(), State::Exited { .. })
    }

    fn can_send(&self, bytes: usize) -> Result<(), SendError> {
        if self.has_ended() {
            return Err(SendError::Exited);
        }
        let pending_bytes = self.pending_input_bytes();
        // One text of any size is taken when nothing waits.
        if pending_bytes > 0 && pending_bytes + bytes > limits::PENDING_INPUT_BYTES {
            return Err(SendError::Full { pending_bytes });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_pauses_are_the_seeds_and_have_the_mean_that_was_asked_for() {
        let text = "the quick brown fox ".repeat(50);
        let human = Human::default();
        let pauses = human.pauses(&text);
        assert_eq!(pauses, human.pauses(&text));
        assert_ne!(pauses, Human { seed: 1, ..human }.pauses(&text));
        let mean = pauses.iter().sum::<Duration>() / u32::try_from(pauses.len()).expect("few");
        // 60 words a minute are 200 ms a character; words begin a little later.
        assert!(
            mean > Duration::from_millis(150) && mean < Duration::from_millis(260),
            "{mean:?}"
        );
    }
}
