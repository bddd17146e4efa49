//! Lines typed by a person: edited, remembered, or hidden.

use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config, Helper};

use super::terminal;

/// Lines of history kept for one tool.
const HISTORY_LINES: usize = 2_000;

/// What a person did.
pub enum Read {
    Line(String),
    /// Ctrl-C: the line is given up.
    Interrupted,
    /// Ctrl-D on an empty line, or the terminal has gone.
    End,
}

pub struct Editor {
    inner: rustyline::Editor<Continuation, FileHistory>,
    history: Option<PathBuf>,
}

impl Editor {
    /// History that cannot be read is empty: a conversation does not fail for it.
    pub fn new(history: Option<PathBuf>) -> anyhow::Result<Editor> {
        let config = Config::builder()
            .max_history_size(HISTORY_LINES)?
            .history_ignore_space(true)
            .bracketed_paste(true)
            .build();
        let mut inner = rustyline::Editor::with_config(config)?;
        inner.set_helper(Some(Continuation));
        if let Some(path) = &history {
            let _ = inner.load_history(path);
        }
        Ok(Editor { inner, history })
    }

    /// One line; a `\` at its end joins the next one to it. `remember` puts it into the history at once, so that two conversations
    /// do not lose each other's lines.
    pub fn line(&mut self, prompt: &str, remember: bool) -> anyhow::Result<Read> {
        match self.inner.readline(prompt) {
            Ok(line) => {
                if remember && !line.trim().is_empty() {
                    self.remember(&line)?;
                }
                Ok(Read::Line(line.replace("\\\n", "\n")))
            }
            Err(ReadlineError::Interrupted) => Ok(Read::Interrupted),
            Err(ReadlineError::Eof) => Ok(Read::End),
            Err(error) => Err(error.into()),
        }
    }

    fn remember(&mut self, line: &str) -> anyhow::Result<()> {
        self.inner.add_history_entry(line)?;
        let Some(path) = &self.history else { return Ok(()) };
        if let Some(dir) = path.parent() {
            create_private(dir)?;
        }
        Ok(self.inner.append_history(path)?)
    }
}

fn create_private(dir: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// A line whose characters are not shown and not remembered.
pub fn secret(prompt: &str) -> anyhow::Result<Read> {
    let raw = terminal::raw()?;
    let read = hidden(prompt);
    drop(raw);
    io::stderr().write_all(b"\n")?;
    Ok(read?)
}

fn hidden(prompt: &str) -> io::Result<Read> {
    let mut err = io::stderr();
    err.write_all(prompt.as_bytes())?;
    err.flush()?;
    let mut typed = Vec::new();
    for byte in io::stdin().lock().bytes() {
        match byte? {
            b'\r' | b'\n' => return Ok(Read::Line(String::from_utf8_lossy(&typed).into_owned())),
            0x03 => return Ok(Read::Interrupted),
            0x04 if typed.is_empty() => return Ok(Read::End),
            0x08 | 0x7f => remove_last(&mut typed),
            0x15 => typed.clear(),
            other => typed.push(other),
        }
    }
    Ok(Read::End)
}

/// Takes the last character off, continuation bytes and all.
fn remove_last(typed: &mut Vec<u8>) {
    while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
}

/// A backslash at the end of a line asks for another one.
struct Continuation;

impl Validator for Continuation {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match context.input().ends_with('\\') {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}

impl Completer for Continuation {
    type Candidate = String;
}
impl Highlighter for Continuation {}
impl Hinter for Continuation {
    type Hint = String;
}
impl Helper for Continuation {}
