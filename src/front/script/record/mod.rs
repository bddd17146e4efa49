//! A script from a recording: watch a person once, and do it again without one.
//!
//! [`dialogue`] cuts the recording where the person began to type, [`pattern`] says what was waited for there, [`keys`] what was typed, and
//! [`secret`] how that is called which nobody may read. This file puts the script's text together. All of it is pure: a recording in,
//! text out, the same for the same recording.
//!
//! What the terminal hid is not in the recording to begin with (`host::recording` writes stars), so it cannot come into a script. A
//! program that hides it itself, by reading keys and echoing none, is told by its prompt.
//!
//! A wait is as plain as the recording allows: its pattern must be found at the end of what had come when the person began to type, and nowhere
//! before.

mod dialogue;
mod keys;
mod pattern;
mod secret;
#[cfg(test)]
mod tests;
mod text;

use std::fmt::Write as _;

use dialogue::{Dialogue, Step};
use keys::Typed;
use pattern::{Pattern, Wanted};
use secret::Secrets;

pub use pattern::Names;

use crate::engine::tty::Exit;
use crate::host::recording::Recording;

/// What a script's waits have when nothing else is said; longer ones are written down.
const DEFAULT_TIMEOUT_S: f64 = 10.0;
/// A program that took this long once may take so many times longer.
const TIMEOUT_FACTOR: f64 = 3.0;

/// What is known besides the recording.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Variables that it was given; without a value, one that was passed on.
    pub env: Vec<(String, Option<String>)>,
    /// Where it was started, when that was said.
    pub cwd: Option<String>,
    /// Names of this machine, this person and this place.
    pub names: Names,
}

/// A script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub text: String,
    /// Secrets that a run of it must be given.
    pub secrets: Vec<String>,
    /// Places where something was typed.
    pub steps: usize,
}

/// Writes the script of a recording.
pub fn write(recording: &Recording, about: &About) -> Written {
    let mut dialogue = dialogue::read(recording);
    secret::without_refused(&mut dialogue.steps);
    let mut writer = Writer {
        about,
        secrets: Secrets::new(about.command.first().map_or("", String::as_str)),
        body: String::new(),
    };
    for (index, step) in dialogue.steps.iter().enumerate() {
        let after = dialogue
            .steps
            .get(index + 1)
            .map_or(&dialogue.rest, |next| &next.text);
        writer.step(step, after);
    }
    writer.end(dialogue.exit);
    let head = head(recording, &dialogue, about, &writer.secrets);
    Written {
        text: format!("{head}{}", writer.body),
        secrets: writer.secrets.names(),
        steps: dialogue.steps.len(),
    }
}

fn head(recording: &Recording, dialogue: &Dialogue, about: &About, secrets: &Secrets) -> String {
    let command: Vec<String> = about.command.iter().map(|word| shell_word(word)).collect();
    let mut head = format!("// Recorded from: {}\n", command.join(" "));
    head.push_str(
        "// What differs from run to run is a pattern: numbers, dates, times, paths, addresses, names.\n",
    );
    if !secrets.names().is_empty() {
        head.push_str("// What was typed unseen is not here. Each secret comes from the environment, or is asked for:\n//\n");
        let flags = secrets
            .names()
            .iter()
            .map(|name| format!(" --secret {name}=prompt"))
            .collect::<String>();
        let _ = writeln!(head, "//   ptych script run{flags} FILE");
    }
    head.push('\n');
    let longest = dialogue
        .steps
        .iter()
        .map(|step| step.waited_s)
        .fold(0.0, f64::max);
    let timeout = (longest * TIMEOUT_FACTOR).ceil();
    if timeout > DEFAULT_TIMEOUT_S {
        let _ = writeln!(
            head,
            "// The longest wait took {longest:.0} seconds.\nset_timeout({timeout});"
        );
    }
    let words: Vec<String> = about.command.iter().map(|word| quoted(word)).collect();
    let options = options(recording, dialogue, about);
    let _ = writeln!(head, "let s = spawn([{}]{options});", words.join(", "));
    head
}

/// `, #{ … }`, nothing when there is nothing to say.
fn options(recording: &Recording, dialogue: &Dialogue, about: &About) -> String {
    let mut options = Vec::new();
    if let Some(cwd) = &about.cwd {
        options.push(format!("cwd: {}", quoted(cwd)));
    }
    if !about.env.is_empty() {
        let variables = about.env.iter().map(|(name, value)| match value {
            Some(value) => format!("{}: {}", quoted(name), quoted(value)),
            None => format!("{}: env({})", quoted(name), quoted(name)),
        });
        options.push(format!(
            "env: #{{ {} }}",
            variables.collect::<Vec<_>>().join(", ")
        ));
    }
    if dialogue.full_screen {
        // What such a program paints depends on its terminal's size.
        options.push(format!(
            "cols: {}, rows: {}",
            recording.size.cols, recording.size.rows
        ));
    }
    match options.is_empty() {
        true => String::new(),
        false => format!(", #{{ {} }}", options.join(", ")),
    }
}

struct Writer<'a> {
    about: &'a About,
    secrets: Secrets,
    body: String,
}

impl Writer<'_> {
    fn step(&mut self, step: &Step, after: &str) {
        self.body.push('\n');
        self.wait(step);
        if secret::is_secret(step, after) {
            return self.secret(step);
        }
        let keys = step.keys();
        let mut keys = keys.iter().peekable();
        while let Some(key) = keys.next() {
            let enter = |next: Option<&&Typed>| matches!(next, Some(Typed::Key(name)) if name == "enter");
            match key {
                Typed::Text(text) if enter(keys.peek()) => {
                    keys.next();
                    self.line(&format!("s.send_line({});", quoted(text)));
                }
                Typed::Text(text) | Typed::Raw(text) => self.line(&format!("s.send({});", quoted(text))),
                Typed::Paste(text) => self.line(&format!("s.paste({});", quoted(text))),
                Typed::Key(name) => self.key(name, step),
            }
        }
    }

    fn key(&mut self, name: &str, step: &Step) {
        match name {
            "enter" => self.line("s.send_line(\"\");"),
            // On a line that the terminal edits, it is the end of input.
            "ctrl-d" if !step.raw => self.line("s.send_eof();"),
            _ => self.line(&format!("s.send_key({});", quoted(name))),
        }
    }

    fn wait(&mut self, step: &Step) {
        let names = &self.about.names;
        let painted = pattern::for_rows(&step.rows, names);
        let wanted = match painted {
            Some(pattern) => Some(Wanted { pattern, times: 1 }),
            None => pattern::for_end_of(&step.text, &step.line, names),
        };
        let Some(Wanted { pattern, times }) = wanted else {
            return;
        };
        let wait = format!("s.expect({});", code(&pattern));
        match times {
            1 => self.line(&wait),
            _ => self.line(&format!("for n in 0..{times} {{ {wait} }}")),
        }
    }

    fn secret(&mut self, step: &Step) {
        let name = self.secrets.name(&step.line);
        let mut sent = false;
        for key in step.keys() {
            match key {
                // What is erased is no business of the script.
                Typed::Text(_) | Typed::Paste(_) | Typed::Raw(_) => {}
                Typed::Key(key) if key == "enter" => {
                    if !sent {
                        self.line(&format!("s.send_secret(secret({}));", quoted(&name)));
                    }
                    sent = true;
                }
                Typed::Key(key) if key.starts_with("ctrl-") => self.key(&key, step),
                Typed::Key(_) => {}
            }
        }
    }

    fn end(&mut self, exit: Option<Exit>) {
        self.body.push('\n');
        match exit {
            Some(Exit::Code(code)) => {
                self.line("let end = s.wait();");
                self.line(&format!("assert(end.code == {code}, `it ended with ${{end}}`);"));
            }
            // A recording tells both by the same number.
            Some(Exit::Signal(signal)) => {
                let code = 128 + signal;
                self.line("let end = s.wait();");
                self.line(&format!(
                    "assert(end.signal == {signal} || end.code == {code}, `it ended with ${{end}}`);"
                ));
            }
            Some(Exit::Unknown) => self.line("s.wait();"),
            // The recording ends before the program did.
            None => self.line("s.stop();"),
        }
    }

    fn line(&mut self, line: &str) {
        self.body.push_str(line);
        self.body.push('\n');
    }
}

fn code(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Literal(text) => quoted(text),
        Pattern::Regex(source) => format!("re(`{source}`)"),
        Pattern::Screen(source) => format!("screen(#{{ screen: `{source}` }})"),
    }
}

/// A text of the script's language.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\x{:02x}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// For a comment: one line, as it could be typed.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@,+%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''").replace(char::is_control, " ")),
    }
}
