//! A recording, cut where the person began to type: what had come by then, and what was typed.

use super::keys::{Typed, keys};
use super::text::Text;
use crate::engine::term::{Screen, TermConfig};
use crate::engine::time::Time;
use crate::engine::tty::{Exit, TtyProbe};
use crate::host::recording::{RecordedKind, Recording};

/// Rows of a wrapped prompt that are joined.
const PROMPT_ROWS: usize = 8;

/// A screen's rows: the cursor's first, then from the bottom up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// They were not there when the step before began.
    pub fresh: Vec<String>,
    pub old: Vec<String>,
}

/// One wait and what was typed after it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The text that came since the step before began.
    pub text: String,
    /// What stood left of the cursor.
    pub line: String,
    /// The program painted the whole screen.
    pub rows: Rows,
    /// The tty hid what was typed.
    pub hidden: bool,
    /// Keys are read one by one.
    pub raw: bool,
    pub typed: String,
    /// Seconds from the last typing to this one, where the program took them.
    pub waited_s: f64,
}

impl Step {
    pub fn keys(&self) -> Vec<Typed> {
        keys(&self.typed)
    }
}

/// How it went on, and how it ended.
#[derive(Debug, Default)]
pub struct Dialogue {
    pub steps: Vec<Step>,
    /// What came after the last typing.
    pub rest: String,
    pub exit: Option<Exit>,
    /// A program with a screen of its own was seen.
    pub full_screen: bool,
}

/// Cuts a recording.
pub fn read(recording: &Recording) -> Dialogue {
    let mut reader = Reader::new(recording);
    for event in &recording.events {
        match &event.kind {
            RecordedKind::Output(bytes) => reader.output(bytes, event.at),
            RecordedKind::Input(bytes) => reader.input(&String::from_utf8_lossy(bytes), event.at),
            RecordedKind::Resize(size) => {
                reader.screen.resize(*size);
                reader.text.resize(size.cols);
            }
            RecordedKind::Tty(probe) => reader.look = probe.clone(),
            RecordedKind::Exit(exit) => reader.dialogue.exit = Some(*exit),
            RecordedKind::Marker(_) | RecordedKind::Message { .. } => {}
        }
    }
    reader.finish()
}

struct Reader {
    dialogue: Dialogue,
    screen: Screen,
    text: Text,
    look: TtyProbe,
    /// The step that is being typed.
    step: Option<Step>,
    /// Rows of the screen when the step before began.
    rows_before: Vec<String>,
    /// Output since the step began put the cursor where it liked.
    painted: bool,
    /// Where in the text the step began, and the last typing came.
    step_at: usize,
    typed_at: usize,
    /// When something was typed last, and when output came last.
    typed_time: Time,
    output_time: Time,
}

impl Reader {
    fn new(recording: &Recording) -> Reader {
        Reader {
            dialogue: Dialogue::default(),
            screen: Screen::new(recording.size, TermConfig::default()),
            text: Text::new(recording.size.cols),
            look: TtyProbe::default(),
            step: None,
            rows_before: Vec::new(),
            painted: false,
            step_at: 0,
            typed_at: 0,
            typed_time: Time::ZERO,
            output_time: Time::ZERO,
        }
    }

    fn output(&mut self, bytes: &[u8], now: Time) {
        self.screen.handle_bytes(bytes);
        // Nobody is asked: what a program wants to know of its terminal was answered when it was recorded.
        self.screen.take_replies();
        while self.screen.poll_event().is_some() {}
        self.text.push(bytes);
        self.output_time = now;
        // Left behind, an alternate screen tells nothing of what is shown now.
        self.painted = self.screen.alternate_screen() || (self.painted || paints(bytes)) && !leaves(bytes);
        self.dialogue.full_screen |= self.painted;
    }

    fn input(&mut self, typed: &str, now: Time) {
        if keys(typed).is_empty() && !typed.contains(['\x7f', '\x15', '\x17']) {
            // The terminal spoke, no person.
            return;
        }
        self.text.settle();
        let hidden = self.look.echo == Some(false) && self.look.canonical == Some(true);
        let goes_on = self.step.as_ref().is_some_and(|step| {
            step.hidden == hidden && goes_on(&step.typed, &self.text.all()[self.typed_at..])
        });
        if !goes_on {
            self.begin(hidden);
        }
        if let Some(step) = &mut self.step {
            step.typed.push_str(typed);
        }
        self.typed_at = self.text.all().len();
        self.typed_time = now;
    }

    fn begin(&mut self, hidden: bool) {
        let text = self.text.all()[self.step_at..].to_owned();
        let waited_s = self.output_time.since(self.typed_time).as_secs_f64();
        let step = Step {
            line: self.line(&text),
            rows: match std::mem::take(&mut self.painted) {
                true => self.rows(),
                false => Rows::default(),
            },
            hidden,
            raw: self.look.canonical == Some(false),
            typed: String::new(),
            waited_s,
            text,
        };
        self.step_at = self.text.all().len();
        self.dialogue.steps.extend(self.step.replace(step));
    }

    /// The prompt: the last line with text, without what it was painted over.
    fn line(&self, text: &str) -> String {
        let shown = text.trim_end_matches('\n');
        let line = shown.rsplit(['\n', '\r']).next().unwrap_or_default();
        let left = self.screen.cursor_line(PROMPT_ROWS).text;
        // A spinner may have stood where the prompt stands now.
        match !left.trim().is_empty() && line.trim_end().ends_with(left.trim()) {
            true => {
                let trailing = &line[line.trim_end().len()..];
                format!("{}{trailing}", left.trim())
            }
            false => line.to_owned(),
        }
    }

    fn rows(&mut self) -> Rows {
        let own = self.screen.row(self.screen.cursor().pos.row).map(|row| row.text);
        let text = self.screen.viewport_text();
        let rows: Vec<String> = own
            .into_iter()
            .chain(text.lines().rev().map(str::to_owned))
            .collect();
        let (fresh, old) = rows
            .iter()
            .cloned()
            .partition(|row| !self.rows_before.contains(row));
        self.rows_before = rows;
        Rows { fresh, old }
    }

    fn finish(mut self) -> Dialogue {
        self.text.finish();
        self.dialogue.steps.extend(self.step.take());
        self.dialogue.rest = self.text.all()[self.step_at..].to_owned();
        self.dialogue
    }
}

/// Whether a piece of output puts the cursor to another row by its number: `CSI row ; col H`, `CSI H`.
fn paints(bytes: &[u8]) -> bool {
    let sequences = bytes.windows(2).enumerate().filter(|(_, pair)| *pair == b"\x1b[");
    sequences.map(|(at, _)| &bytes[at + 2..]).any(|rest| {
        let end = rest.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';'));
        end.is_some_and(|end| matches!(rest[end], b'H' | b'f'))
    })
}

/// Whether it ends an alternate screen.
fn leaves(bytes: &[u8]) -> bool {
    bytes.windows(8).any(|window| window == b"\x1b[?1049l")
}

/// Whether what came since the last key was no more than its echo: then the next key belongs to the same step.
fn goes_on(typed: &str, since: &str) -> bool {
    let seen = without_echo(since, typed);
    if seen.trim().is_empty() {
        return true;
    }
    match keys(typed).last() {
        // An editor repaints as it likes while a line is typed; a new line is an answer.
        Some(Typed::Text(_) | Typed::Paste(_)) => !seen.contains('\n'),
        Some(Typed::Key(name)) if name == "enter" => false,
        Some(Typed::Key(_) | Typed::Raw(_)) => !seen.contains('\n'),
        None => true,
    }
}

/// Without the terminal driver's own echo: the last characters as they were typed, control characters as `^C`.
fn without_echo<'a>(since: &'a str, typed: &str) -> &'a str {
    let mut echo = String::new();
    for c in typed.trim_end_matches(['\r', '\n']).chars() {
        match c {
            c if c < ' ' => echo.extend(['^', char::from(c as u8 + b'@')]),
            c => echo.push(c),
        }
    }
    let mut tails = echo.char_indices().map(|(at, _)| &echo[at..]);
    tails.find_map(|tail| since.strip_prefix(tail)).unwrap_or(since)
}
