//! From the engine's types to the wire's, all in one place.

mod cluster;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use cluster::{AnswerView, ClusterContext, ProcessView, UsageView};

use crate::api::event::{Event, EventBody};
use crate::api::response::{Evidence, Exit, Outcome, Protocol, Question, Response, Source};
use crate::api::snapshot::{Cursor, RuleTrace, SignalTrace, Size, Snapshot};
use crate::engine;
use crate::engine::event::EventKind;
use crate::engine::framer::state::State;
use crate::engine::protocol::Spec;
use crate::engine::session::Verdict;
use crate::engine::term::TermEventKind;
use crate::engine::time::Time;

/// What the engine does not know of a session and its wire form needs.
#[derive(Clone, Debug)]
pub struct Context {
    pub session: String,
    pub tool: String,
    pub protocol: Protocol,
    /// The wall clock at the engine's `Time::ZERO`.
    pub started_at: SystemTime,
}

/// The screen's part of a snapshot, in the engine's types.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub size: engine::term::Size,
    pub rows: &'a [String],
    pub top_row: u64,
    pub cursor: engine::term::Cursor,
    pub title: &'a str,
    pub alternate_screen: bool,
    pub offset: u64,
    /// `None` leaves it out.
    pub ansi: Option<&'a [u8]>,
}

impl Context {
    pub fn new(session: impl Into<String>, spec: &Spec, started_at: SystemTime) -> Context {
        Context {
            session: session.into(),
            tool: spec.name.clone(),
            protocol: Protocol {
                name: spec.name.clone(),
                version: spec.version.clone(),
            },
            started_at,
        }
    }

    pub fn response(&self, response: &engine::response::Response) -> Response {
        let (question, choices) = question_parts(response.question.as_ref());
        Response {
            turn: response.turn.0.clone(),
            session: self.session.clone(),
            tool: self.tool.clone(),
            protocol: self.protocol.clone(),
            prompt: response.prompt.clone(),
            text: response.text.clone(),
            source: response.source.into(),
            outcome: response.outcome.into(),
            complete: response.complete,
            truncated: response.truncated,
            lost_bytes: response.lost_bytes,
            captures: response.captures.clone(),
            question,
            choices,
            exit: response.exit.map(Exit::from),
            evidence: (&response.evidence).into(),
            started_at: self.at(response.started_at),
            first_output_ms: response.first_output.map(milliseconds),
            duration_ms: milliseconds(response.duration),
            bytes: response.bytes,
            auto_answers: response.auto_answers.clone(),
            raw: None,
            ansi: None,
        }
    }

    pub fn event(&self, event: &engine::event::Event) -> Event {
        Event {
            session: self.session.clone(),
            at: self.at(event.at),
            body: self.body(&event.kind),
        }
    }

    /// `view` holds what the state does not say; its `state`-derived fields are filled in here.
    pub fn snapshot(&self, state: &State, rule: &str, view: View<'_>) -> Snapshot {
        let question = if let State::Blocked { question } = state {
            Some(question)
        } else {
            None
        };
        let (question, choices) = question_parts(question);
        Snapshot {
            session: self.session.clone(),
            tool: self.tool.clone(),
            state: state.as_str().to_owned(),
            rule: rule.to_owned(),
            turn: if let State::Busy { turn } = state {
                turn.as_ref().map(|turn| turn.0.clone())
            } else {
                None
            },
            question,
            choices,
            exit: if let State::Exited { exit } = state {
                Some((*exit).into())
            } else {
                None
            },
            size: view.size.into(),
            rows: view.rows.to_vec(),
            top_row: view.top_row,
            cursor: view.cursor.into(),
            title: view.title.to_owned(),
            alternate_screen: view.alternate_screen,
            offset: view.offset,
            ansi: view.ansi.map(|ansi| String::from_utf8_lossy(ansi).into_owned()),
        }
    }

    fn body(&self, kind: &EventKind) -> EventBody {
        match kind {
            EventKind::State { state, rule } => EventBody::State {
                state: (*state).to_owned(),
                rule: rule.clone(),
            },
            EventKind::TurnStarted { turn } => EventBody::TurnStarted { turn: turn.0.clone() },
            EventKind::Text { turn, text } => EventBody::Text {
                turn: turn.0.clone(),
                text: text.clone(),
            },
            EventKind::TurnFinished(response) => EventBody::TurnFinished {
                response: Box::new(self.response(response)),
            },
            EventKind::Blocked(question) => EventBody::Blocked {
                question: question.into(),
                choices: labels(question),
            },
            EventKind::AutoAnswered {
                rule,
                question,
                label,
            } => EventBody::AutoAnswered {
                rule: rule.clone(),
                question: question.clone(),
                label: label.clone(),
            },
            EventKind::NotAnswered {
                turn,
                label,
                why,
                shown,
            } => EventBody::NotAnswered {
                turn: turn.0.clone(),
                label: label.clone(),
                why: why.clone(),
                shown: shown.clone(),
            },
            EventKind::Terminal(event) => terminal(&event.kind),
            EventKind::Drift {
                nearest,
                tool_version,
            } => EventBody::Drift {
                nearest: nearest.clone(),
                tool_version: tool_version.clone(),
            },
            EventKind::OutputDropped { bytes } => EventBody::OutputDropped { bytes: *bytes },
            EventKind::Exited(exit) => EventBody::Exited { exit: (*exit).into() },
        }
    }

    /// RFC 3339, UTC, milliseconds.
    pub fn at(&self, time: Time) -> String {
        rfc3339(self.started_at + time.0)
    }
}

impl From<engine::response::Source> for Source {
    fn from(source: engine::response::Source) -> Source {
        match source {
            engine::response::Source::Screen => Source::Screen,
            engine::response::Source::Hook => Source::Hook,
            engine::response::Source::Transcript => Source::Transcript,
        }
    }
}

impl From<engine::response::Outcome> for Outcome {
    fn from(outcome: engine::response::Outcome) -> Outcome {
        match outcome {
            engine::response::Outcome::Ok => Outcome::Ok,
            engine::response::Outcome::Error => Outcome::Error,
            engine::response::Outcome::Blocked => Outcome::Blocked,
            engine::response::Outcome::Interrupted => Outcome::Interrupted,
            engine::response::Outcome::TimedOut => Outcome::TimedOut,
            engine::response::Outcome::Exited => Outcome::Exited,
            engine::response::Outcome::Unknown => Outcome::Unknown,
        }
    }
}

impl From<engine::tty::Exit> for Exit {
    fn from(exit: engine::tty::Exit) -> Exit {
        match exit {
            engine::tty::Exit::Code(code) => Exit {
                code: Some(code),
                signal: None,
            },
            engine::tty::Exit::Signal(signal) => Exit {
                code: None,
                signal: Some(signal),
            },
            engine::tty::Exit::Unknown => Exit::default(),
        }
    }
}

impl From<&engine::response::Question> for Question {
    fn from(question: &engine::response::Question) -> Question {
        Question {
            kind: question.kind.as_str().to_owned(),
            rule: question.rule.clone(),
            text: question.text.clone(),
            reason: question.reason.map(|reason| reason.as_str().to_owned()),
        }
    }
}

impl From<&engine::response::Evidence> for Evidence {
    fn from(evidence: &engine::response::Evidence) -> Evidence {
        Evidence {
            rule: evidence.rule.clone(),
            signals: evidence.signals.clone(),
            row: evidence.row,
            offsets: (evidence.from_offset, evidence.to_offset),
        }
    }
}

impl From<engine::term::Size> for Size {
    fn from(size: engine::term::Size) -> Size {
        Size {
            cols: size.cols,
            rows: size.rows,
        }
    }
}

impl From<engine::term::Cursor> for Cursor {
    fn from(cursor: engine::term::Cursor) -> Cursor {
        Cursor {
            row: cursor.pos.row,
            col: cursor.pos.col,
            visible: cursor.visible,
        }
    }
}

impl From<&engine::session::RuleTrace> for RuleTrace {
    fn from(trace: &engine::session::RuleTrace) -> RuleTrace {
        RuleTrace {
            rule: trace.rule.clone(),
            kind: trace.kind.clone(),
            line: trace.line,
            holds: holds(trace.holds),
            signals: trace.signals.iter().map(SignalTrace::from).collect(),
        }
    }
}

impl From<&engine::session::SignalTrace> for SignalTrace {
    fn from(trace: &engine::session::SignalTrace) -> SignalTrace {
        SignalTrace {
            signal: trace.signal.to_owned(),
            wanted: trace.wanted.clone(),
            actual: trace.actual.clone(),
            holds: holds(trace.holds),
        }
    }
}

fn holds(verdict: Verdict) -> Option<bool> {
    match verdict {
        Verdict::Yes => Some(true),
        Verdict::No => Some(false),
        Verdict::Unknown => None,
    }
}

fn question_parts(question: Option<&engine::response::Question>) -> (Option<Question>, Vec<String>) {
    (
        question.map(Question::from),
        question.map(labels).unwrap_or_default(),
    )
}

fn labels(question: &engine::response::Question) -> Vec<String> {
    question
        .choices
        .iter()
        .map(|choice| choice.label.clone())
        .collect()
}

fn milliseconds(duration: Duration) -> f64 {
    // Whole microseconds: a float's further digits would be noise.
    duration.as_micros() as f64 / 1000.0
}

fn terminal(kind: &TermEventKind) -> EventBody {
    let (what, text) = match kind {
        TermEventKind::ShellMark { mark, params } => ("shell_mark", format!("{mark:?} {}", params.join(";"))),
        TermEventKind::Mode { number, set, .. } => {
            ("mode", format!("{number} {}", if *set { "set" } else { "reset" }))
        }
        TermEventKind::ProgramStatus(text) => ("program_status", text.clone()),
        TermEventKind::Title(text) => ("title", text.clone()),
        TermEventKind::IconName(text) => ("icon_name", text.clone()),
        TermEventKind::WorkingDirectory(text) => ("working_directory", text.clone()),
        TermEventKind::Hyperlink(link) => ("hyperlink", link.clone().unwrap_or_default()),
        TermEventKind::Notification {
            title: Some(title),
            body,
        } => ("notification", format!("{title}: {body}")),
        TermEventKind::Notification { title: None, body } => ("notification", body.clone()),
        TermEventKind::Progress { state, percent } => (
            "progress",
            percent.map_or_else(|| state.to_string(), |percent| format!("{state} {percent}")),
        ),
        TermEventKind::Clipboard { .. } => ("clipboard", String::new()),
        TermEventKind::Bell => ("bell", String::new()),
        TermEventKind::Reset { .. } => ("reset", String::new()),
        TermEventKind::AlternateScreen { entered } => (
            "alternate_screen",
            if *entered { "entered" } else { "left" }.to_owned(),
        ),
        TermEventKind::Unknown(text) => ("unknown", text.clone()),
    };
    EventBody::Terminal {
        what: what.to_owned(),
        text,
    }
}

/// Seconds since 1970 to a civil date by days-from-epoch arithmetic in the proleptic Gregorian calendar.
fn rfc3339(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        second / 3600,
        second / 60 % 60,
        second % 60,
        since.subsec_millis()
    )
}

fn civil(days_since_1970: u64) -> (u64, u64, u64) {
    let mut year = 1970;
    let mut days = days_since_1970;
    loop {
        let length = if leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let lengths = [
        31,
        if leap(year) { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    (year, month as u64 + 1, days + 1)
}

fn leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_clock_times_are_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_767_225_599, "2025-12-31T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
