//! Reading asciicast files, and the lines of both versions.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::{Recorded, RecordedKind, Recording};
use crate::engine::term::Size;
use crate::engine::time::Time;
use crate::engine::tty::{Exit, Foreground, TtyProbe, Waiting};
use crate::host::error::RecordError;

#[derive(Deserialize)]
struct Header {
    version: u32,
    /// Version 2.
    width: Option<u16>,
    height: Option<u16>,
    /// Version 3.
    term: Option<Term>,
    title: Option<String>,
    command: Option<String>,
}

#[derive(Deserialize)]
struct Term {
    cols: u16,
    rows: u16,
}

impl Recording {
    /// # Errors
    ///
    /// The file cannot be read, or is not asciicast version 2 or 3; then with line and column.
    #[expect(clippy::disallowed_methods, reason = "recordings are files")]
    pub fn read(path: &Path) -> Result<Recording, RecordError> {
        let open = |source| RecordError::Open {
            path: path.to_owned(),
            source,
        };
        let text = std::fs::read(path).map_err(open)?;
        Recording::parse(&String::from_utf8_lossy(&text), path)
    }

    /// `path` is for messages. A last line without its newline is left out: the writer was cut off.
    ///
    /// # Errors
    ///
    /// The text is not asciicast version 2 or 3.
    pub fn parse(text: &str, path: &Path) -> Result<Recording, RecordError> {
        let mut lines = Lines {
            text,
            number: 0,
            path,
        };
        let (header, size) = lines.header()?;
        let mut events: Vec<Recorded> = Vec::new();
        let mut at = Duration::ZERO;
        while let Some(line) = lines.next_event() {
            let Some((time, code, data)) = lines.event(line)? else {
                break;
            };
            let time =
                duration(time).ok_or_else(|| lines.wrong(1, "the time is negative or not a number"))?;
            at = if header.version == 3 {
                at + time
            } else {
                at.max(time)
            };
            if let Some(kind) = kind(&code, data).map_err(|what| lines.wrong(1, what))? {
                events.push(Recorded { at: Time(at), kind });
            }
        }
        Ok(Recording {
            size,
            title: header.title,
            command: header.command,
            events,
        })
    }
}

struct Lines<'a> {
    text: &'a str,
    number: usize,
    path: &'a Path,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        if self.text.is_empty() {
            return None;
        }
        let (line, rest) = self.text.split_once('\n').unwrap_or((self.text, ""));
        self.text = rest;
        self.number += 1;
        Some(line)
    }

    fn next_event(&mut self) -> Option<&'a str> {
        loop {
            let line = self.next()?.trim();
            if !line.is_empty() && !line.starts_with('#') {
                return Some(line);
            }
        }
    }

    fn header(&mut self) -> Result<(Header, Size), RecordError> {
        let line = self
            .next_event()
            .ok_or_else(|| self.wrong(1, "the file is empty"))?;
        let header: Header =
            serde_json::from_str(line).map_err(|e| self.wrong(e.column(), json_words(&e)))?;
        let size = match (&header, header.version) {
            (
                Header {
                    width: Some(cols),
                    height: Some(rows),
                    ..
                },
                2,
            ) => Size {
                cols: *cols,
                rows: *rows,
            },
            (Header { term: Some(term), .. }, 3) => Size {
                cols: term.cols,
                rows: term.rows,
            },
            (_, 2 | 3) => return Err(self.wrong(1, "the header does not say how large the terminal is")),
            (_, version) => {
                return Err(self.wrong(1, format!("asciicast version {version} is not read; 2 and 3 are")));
            }
        };
        Ok((header, size))
    }

    /// `None` for a last line that was cut off.
    fn event(&self, line: &str) -> Result<Option<(f64, String, String)>, RecordError> {
        match serde_json::from_str(line) {
            Ok(event) => Ok(Some(event)),
            Err(error) if error.is_eof() && self.text.is_empty() => Ok(None),
            Err(error) => Err(self.wrong(error.column(), json_words(&error))),
        }
    }

    fn wrong(&self, column: usize, what: impl Into<String>) -> RecordError {
        RecordError::Format {
            path: self.path.to_owned(),
            line: self.number,
            column,
            what: what.into(),
        }
    }
}

/// Without serde_json's own "at line 1 column N": each line is parsed alone.
fn json_words(error: &serde_json::Error) -> String {
    let words = error.to_string();
    words.split(" at line ").next().unwrap_or(&words).to_owned()
}

/// In whole microseconds, so that a sum of intervals does not drift.
fn duration(seconds: f64) -> Option<Duration> {
    let rounded = (seconds * 1e6).round() / 1e6;
    Duration::try_from_secs_f64(rounded).ok()
}

/// `None` for codes that are not known: the format wants them ignored.
fn kind(code: &str, data: String) -> Result<Option<RecordedKind>, String> {
    Ok(Some(match code {
        "o" => RecordedKind::Output(data.into_bytes()),
        "i" => RecordedKind::Input(data.into_bytes()),
        "r" => RecordedKind::Resize(parse_size(&data)?),
        "m" => RecordedKind::Marker(data),
        "x" => RecordedKind::Exit(parse_exit(&data)?),
        "t" => RecordedKind::Tty(parse_tty(&data)),
        "h" => {
            let (channel, text) = data.split_once(' ').ok_or("a message is CHANNEL TEXT")?;
            RecordedKind::Message {
                channel: channel.to_owned(),
                text: text.to_owned(),
            }
        }
        _ => return Ok(None),
    }))
}

fn parse_size(data: &str) -> Result<Size, String> {
    let size = data.split_once('x').and_then(|(cols, rows)| {
        let (cols, rows) = (cols.parse().ok()?, rows.parse().ok()?);
        (cols > 0 && rows > 0).then_some(Size { cols, rows })
    });
    size.ok_or_else(|| format!("a resize is COLSxROWS, not {data:?}"))
}

fn parse_exit(data: &str) -> Result<Exit, String> {
    match data.parse() {
        Ok(status @ 129..=192) => Ok(Exit::Signal(status - 128)),
        Ok(status) => Ok(Exit::Code(status)),
        Err(_) => Err(format!("an exit is a number, not {data:?}")),
    }
}

pub(super) fn exit_words(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => code.to_string(),
        Exit::Signal(signal) => (128 + signal).to_string(),
        Exit::Unknown => "255".to_owned(),
    }
}

fn parse_tty(data: &str) -> TtyProbe {
    let mut probe = TtyProbe::default();
    for (name, value) in data.split(' ').filter_map(|word| word.split_once('=')) {
        match (name, value) {
            ("echo", _) => probe.echo = Some(value == "1"),
            ("canonical", _) => probe.canonical = Some(value == "1"),
            ("foreground", "tool") => probe.foreground = Some(Foreground::Tool),
            ("foreground", "other") => probe.foreground = Some(Foreground::Other),
            ("waiting", "read") => probe.waiting = Waiting::Read,
            ("waiting", "poll") => probe.waiting = Waiting::Poll,
            ("waiting", "no") => probe.waiting = Waiting::No,
            ("name", _) => probe.foreground_name = Some(value.to_owned()),
            _ => {}
        }
    }
    probe
}

pub(super) fn tty_words(probe: &TtyProbe) -> String {
    let mut words = Vec::new();
    let bit = |name: &str, value: Option<bool>| value.map(|value| format!("{name}={}", u8::from(value)));
    words.extend(bit("echo", probe.echo));
    words.extend(bit("canonical", probe.canonical));
    words.extend(probe.foreground.map(|foreground| match foreground {
        Foreground::Tool => "foreground=tool".to_owned(),
        Foreground::Other => "foreground=other".to_owned(),
    }));
    words.extend(match probe.waiting {
        Waiting::Unknown => None,
        Waiting::Read => Some("waiting=read".to_owned()),
        Waiting::Poll => Some("waiting=poll".to_owned()),
        Waiting::No => Some("waiting=no".to_owned()),
    });
    // A process may call itself anything; blanks would end the word.
    words.extend(
        probe
            .foreground_name
            .as_ref()
            .map(|name| format!("name={}", name.replace(' ', "_"))),
    );
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Recording, RecordError> {
        Recording::parse(text, Path::new("x.cast"))
    }

    #[test]
    fn version_2_counts_from_the_start_and_version_3_from_the_last_event() {
        let two = "{\"version\":2,\"width\":80,\"height\":24}\n[0.5,\"o\",\"a\"]\n[0.75,\"o\",\"b\"]\n";
        let three = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n# a comment\n[0.5,\"o\",\"a\"]\n[0.25,\"o\",\"b\"]\n";
        assert_eq!(parse(two).expect("valid"), parse(three).expect("valid"));
    }

    #[test]
    fn errors_name_line_and_column() {
        let broken = "{\"version\":2,\"width\":80,\"height\":24}\n[0.5,\"o\" \"a\"]\n[1,\"o\",\"b\"]\n";
        let error = parse(broken).expect_err("the comma is missing").to_string();
        assert_eq!(error, "x.cast:2:10: expected `,` or `]`");
        let error = parse("{\"version\":1}\n").expect_err("version 1").to_string();
        assert_eq!(error, "x.cast:1:1: asciicast version 1 is not read; 2 and 3 are");
    }

    #[test]
    fn a_last_line_that_was_cut_off_is_left_out() {
        let cut = "{\"version\":2,\"width\":80,\"height\":24}\n[0.5,\"o\",\"a\"]\n[0.6,\"o\",\"b";
        assert_eq!(parse(cut).expect("valid up to the cut").events.len(), 1);
    }

    #[test]
    fn a_look_at_the_terminal_is_read_as_it_was_written() {
        let probe = TtyProbe {
            echo: Some(false),
            canonical: Some(true),
            foreground: Some(Foreground::Other),
            foreground_name: Some("sleep".to_owned()),
            waiting: Waiting::Poll,
        };
        assert_eq!(parse_tty(&tty_words(&probe)), probe);
        assert_eq!(parse_tty(""), TtyProbe::default());
    }
}
