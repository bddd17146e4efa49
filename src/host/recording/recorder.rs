//! Writing a recording while the session runs.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::asciicast::{exit_words, tty_words};
use crate::engine::protocol::Spec;
use crate::engine::term::Size;
use crate::engine::time::Time;
use crate::engine::tty::{Exit, TtyProbe};
use crate::host::error::RecordError;
use crate::host::options::{RecordFormat, RecordOptions};

/// One recording being written. It never disturbs its session: after a failed write it writes no more, and `finish` tells why.
#[derive(Debug)]
pub struct Recorder {
    file: File,
    path: PathBuf,
    format: RecordFormat,
    input: bool,
    /// The recording's time zero.
    begun: Time,
    /// In microseconds since `begun`: version 3 writes differences, and their sum must not drift.
    written_to: u128,
    /// The beginning of a character whose end has not come yet.
    cut: Vec<u8>,
    /// The terminal hides what is typed.
    hidden: bool,
    failed: Option<io::Error>,
}

impl Recorder {
    /// # Errors
    ///
    /// The file cannot be made or written.
    pub fn create(
        options: RecordOptions,
        size: Size,
        spec: &Spec,
        now: Time,
    ) -> Result<Recorder, RecordError> {
        let RecordOptions { path, format, input } = options;
        let open = |source| RecordError::Open {
            path: path.clone(),
            source,
        };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(open)?;
        let mut recorder = Recorder {
            file,
            path: path.clone(),
            format,
            input,
            begun: now,
            written_to: 0,
            cut: Vec::new(),
            hidden: false,
            failed: None,
        };
        recorder
            .line(&header(format, size, &spec.name))
            .map_err(|source| RecordError::Write { path, source })?;
        Ok(recorder)
    }

    pub fn output(&mut self, bytes: &[u8], now: Time) {
        self.cut.extend_from_slice(bytes);
        let whole = self.cut.len() - unfinished(&self.cut);
        let rest = self.cut.split_off(whole);
        let text = String::from_utf8_lossy(&self.cut).into_owned();
        self.cut = rest;
        if !text.is_empty() {
            self.event(now, "o", &text);
        }
    }

    pub fn input(&mut self, bytes: &[u8], now: Time) {
        if self.hidden {
            return self.hidden_input(bytes, now);
        }
        if self.input {
            self.event(now, "i", &String::from_utf8_lossy(bytes));
        }
    }

    /// What nobody may see, whatever the terminal was like when it was looked at last.
    pub fn hidden_input(&mut self, bytes: &[u8], now: Time) {
        if self.input {
            self.event(now, "i", &masked(&String::from_utf8_lossy(bytes)));
        }
    }

    pub fn resize(&mut self, size: Size, now: Time) {
        self.event(now, "r", &format!("{}x{}", size.cols, size.rows));
    }

    pub fn tty(&mut self, probe: &TtyProbe, now: Time) {
        self.hidden = probe.echo == Some(false) && probe.canonical == Some(true);
        self.event(now, "t", &tty_words(probe));
    }

    /// What a side channel said.
    pub fn message(&mut self, channel: &str, text: &str, now: Time) {
        self.event(now, "h", &format!("{channel} {text}"));
    }

    pub fn marker(&mut self, text: &str, now: Time) {
        self.event(now, "m", text);
    }

    pub fn exit(&mut self, exit: Exit, now: Time) {
        // Version 2 has no such event; its readers ignore what they do not know.
        self.event(now, "x", &exit_words(exit));
    }

    /// # Errors
    ///
    /// Something could not be written.
    pub fn finish(self) -> Result<(), RecordError> {
        let path = self.path;
        self.failed
            .map_or(Ok(()), |source| Err(RecordError::Write { path, source }))
    }

    fn event(&mut self, now: Time, code: &str, text: &str) {
        if self.failed.is_some() {
            return;
        }
        let at = now.since(self.begun).as_micros();
        let time = match self.format {
            RecordFormat::V2 => at,
            RecordFormat::V3 => at.saturating_sub(self.written_to),
        };
        self.written_to = at.max(self.written_to);
        let text = serde_json::Value::from(text);
        let line = format!(
            "[{}.{:06}, \"{code}\", {text}]",
            time / 1_000_000,
            time % 1_000_000
        );
        if let Err(error) = self.line(&line) {
            self.failed = Some(error);
        }
    }

    /// One write: a reader sees whole lines, and so does whoever looks after a crash.
    fn line(&mut self, line: &str) -> io::Result<()> {
        self.file.write_all(format!("{line}\n").as_bytes())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the format has the wall clock's time in its header"
)]
fn header(format: RecordFormat, size: Size, title: &str) -> String {
    let timestamp = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let (cols, rows) = (size.cols, size.rows);
    let header = match format {
        RecordFormat::V2 => serde_json::json!({
            "version": 2, "width": cols, "height": rows, "timestamp": timestamp, "title": title,
            "env": { "TERM": "xterm-256color" },
        }),
        RecordFormat::V3 => serde_json::json!({
            "version": 3, "term": { "cols": cols, "rows": rows, "type": "xterm-256color" },
            "timestamp": timestamp, "title": title,
        }),
    };
    header.to_string()
}

/// One star for each character; Enter and other controls stay, since they say where a secret ended and nothing of it.
fn masked(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { c } else { '*' })
        .collect()
}

/// Bytes at the end that begin a character without ending it.
fn unfinished(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes.get(bytes.len().saturating_sub(4)..).unwrap_or_default()) {
        Ok(_) => 0,
        Err(_) => (1..=bytes.len().min(3))
            .find(|&back| bytes[bytes.len() - back] & 0b1100_0000 == 0b1100_0000)
            .filter(|&back| back < expected_length(bytes[bytes.len() - back]))
            .unwrap_or(0),
    }
}

fn expected_length(first: u8) -> usize {
    match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_a_read_cut_is_kept_for_its_end() {
        assert_eq!(unfinished("ab".as_bytes()), 0);
        assert_eq!(unfinished("é".as_bytes()), 0);
        assert_eq!(unfinished(&"é".as_bytes()[..1]), 1);
        assert_eq!(unfinished(&"x😀".as_bytes()[..4]), 3);
        assert_eq!(unfinished(b"a\xff"), 0);
        assert_eq!(unfinished(b"\x80\x80"), 0);
    }

    #[test]
    fn a_hidden_line_shows_its_length_and_its_end() {
        assert_eq!(masked("pä$s\r"), "****\r");
    }
}
