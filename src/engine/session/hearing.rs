//! Side channels: what the tool says beside its terminal, and how long the end of a turn waits for it.
//!
//! A message counts for the open turn when it came after Enter. It may come before the evidence that the turn is over; when none has, the
//! end waits for it, at most as long as the protocol says. Then the screen's text is taken.

use std::collections::BTreeMap;

use serde_json::Value;

use super::turn::{Origin, Turn};
use super::{Action, Session};
use crate::engine::framer::outcome;
use crate::engine::framer::rules::Match;
use crate::engine::limits;
use crate::engine::protocol::spec::{Channel, ChannelKind, Join, TranscriptFile};
use crate::engine::response::{Outcome, Source};
use crate::engine::time::Time;

/// Name of the capture that holds the tool's own name for its session.
const TOOL_SESSION: &str = "tool_session";

/// What the side channels have said since Enter of the open turn.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Enter has been sent: what comes now belongs to this turn.
    listening: bool,
    /// By the channel's place in the protocol: when it spoke last, and what it said.
    words: BTreeMap<usize, Words>,
    captures: BTreeMap<String, String>,
    /// What went wrong, as the last message of a channel that tells has it.
    error: Option<String>,
    /// Nobody waits any longer.
    given_up: bool,
}

#[derive(Debug, Default)]
struct Words {
    at: Time,
    /// The message's own name, and its text.
    texts: Vec<(Option<String>, String)>,
}

/// The end of a turn that waits for a side channel.
#[derive(Debug)]
pub(super) struct Awaited {
    found: Match,
    since: Time,
    /// When something is to be done about it; `None` when it was done and the tool has to be ready again first.
    at: Option<Time>,
    /// When transcripts are looked at next.
    read_at: Time,
}

/// What tells this session's transcript from others.
#[derive(Clone, Copy, Debug)]
pub struct Hints<'a> {
    /// Of the open turn.
    pub prompt: Option<&'a str>,
    /// The tool's own name for its session.
    pub session: Option<&'a str>,
    /// By the channel's name: the file that a hook told.
    pub told_files: &'a BTreeMap<String, String>,
}

impl Default for Hints<'_> {
    fn default() -> Self {
        const NONE: &BTreeMap<String, String> = &BTreeMap::new();
        Hints {
            prompt: None,
            session: None,
            told_files: NONE,
        }
    }
}

impl Heard {
    pub fn start(&mut self) {
        self.listening = true;
    }

    /// What went wrong, in the tool's own words.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}

impl Session {
    /// A side channel said `text`. States are looked at in `handle_drained`, when all that came at once has been handed over. Whether the
    /// message was of use: the channel is known and its conditions hold.
    pub fn handle_message(&mut self, channel: &str, text: &str, now: Time) -> bool {
        let spec = std::sync::Arc::clone(&self.spec);
        let Some(index) = spec.channels.iter().position(|known| known.name == channel) else {
            return false;
        };
        if text.len() > limits::MESSAGE_BYTES {
            return false;
        }
        let channel = &spec.channels[index];
        // A tool that says plain text is understood, too.
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        let holds = |(at, pattern): &(_, crate::engine::protocol::spec::Pattern)| {
            let at: &crate::engine::protocol::spec::Pointer = at;
            at.text(&value).is_some_and(|text| pattern.0.is_match(&text))
        };
        if !channel.conditions.iter().all(holds) || self.answers_another(channel, &value) {
            return false;
        }
        self.take_names(channel, &value);
        if !self.facts.said.contains(&channel.name) {
            self.facts.said.push(channel.name.clone());
        }
        if let Some(turn) = self.turn.as_mut().filter(|turn| turn.heard.listening) {
            take_words(&mut turn.heard, index, channel, &value, now);
        }
        true
    }

    /// Whether somebody should look for messages: a turn runs, or the tool starts.
    pub fn is_listening(&self) -> bool {
        self.turn.is_some() || self.ready_rule.is_none()
    }

    /// What tells this session's transcript from others.
    pub fn hints(&self) -> Hints<'_> {
        // The answer to a question stands in no transcript.
        let asked = self.turn.as_ref().filter(|turn| turn.origin != Origin::Answer);
        Hints {
            prompt: asked.map(|turn| turn.prompt.as_str()),
            session: self.tool_session(),
            told_files: &self.told_files,
        }
    }

    /// The tool's own name for its session, once it has told it.
    pub fn tool_session(&self) -> Option<&str> {
        self.tool_session.as_deref()
    }

    /// The message names the prompt that it answers, and it is not this turn's: it is late.
    fn answers_another(&self, channel: &Channel, value: &Value) -> bool {
        let (Some(at), Some(_)) = (&channel.prompt, &self.turn) else {
            return false;
        };
        // A recording also holds the keys that were typed around it.
        let plain = |text: &str| {
            let words = text.split(|c: char| c.is_whitespace() || c.is_control());
            words
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        };
        plain(&at.text(value).unwrap_or_default()) != plain(&self.asked)
    }

    /// What outlives the turn: the session's name, and files that this channel tells.
    fn take_names(&mut self, channel: &Channel, value: &Value) {
        let session = channel.session.as_ref().and_then(|at| at.text(value));
        if let Some(session) = session.filter(|session| !session.is_empty()) {
            self.tool_session = Some(session);
        }
        for other in &self.spec.channels {
            if let ChannelKind::Transcript {
                file: TranscriptFile::Told { channel: by, at },
                ..
            } = &other.kind
                && *by == channel.name
                && let Some(path) = at.text(value)
            {
                self.told_files.insert(other.name.clone(), path);
            }
        }
    }

    /// An answer to a dialog goes on with the prompt before.
    pub(super) fn remember_prompt(&mut self, prompt: &str, origin: Origin) {
        match origin {
            Origin::Prompt | Origin::Observed => prompt.clone_into(&mut self.asked),
            Origin::Answer | Origin::Init => {}
        }
    }

    /// Before Enter goes out: what a transcript holds by now is not of this turn.
    pub(super) fn note_transcripts(&mut self) {
        if self.has_transcripts() {
            self.actions.push_back(Action::NoteTranscripts);
        }
    }

    fn has_transcripts(&self) -> bool {
        let transcript = |channel: &Channel| matches!(channel.kind, ChannelKind::Transcript { .. });
        self.spec.channels.iter().any(transcript)
    }

    /// Text comes from a side channel if at all possible: what the screen shows meanwhile is not streamed.
    pub(super) fn has_words(&self) -> bool {
        self.config.side_channels && self.spec.channels.iter().any(|channel| channel.text.is_some())
    }

    /// The tool is ready again; whether the end of the turn waits for its words nevertheless.
    pub(super) fn awaits_word(&mut self, found: &Match, now: Time) -> bool {
        let spec = std::sync::Arc::clone(&self.spec);
        let within = spec.channels.iter().filter(|channel| channel.text.is_some());
        let Some(within) = within.map(|channel| channel.within).max() else {
            return false;
        };
        if !self.config.side_channels || !self.turn.as_ref().is_some_and(may_speak) || self.has_failed() {
            return false;
        }
        let awaited = self.awaited.get_or_insert_with(|| Awaited {
            found: found.clone(),
            since: now,
            at: None,
            read_at: now,
        });
        awaited.found = found.clone();
        let until = awaited.since + within;
        if now >= until {
            return false;
        }
        let mut next = until;
        let read = now >= awaited.read_at;
        if read {
            awaited.read_at = now + limits::TRANSCRIPT_AGAIN;
        }
        let read_at = awaited.read_at;
        if self.has_transcripts() {
            next = next.min(read_at);
            if read {
                self.actions.push_back(Action::ReadTranscripts);
            }
        }
        if let Some(awaited) = &mut self.awaited {
            awaited.at = Some(next);
        }
        true
    }

    /// Of a turn that failed nothing is said.
    fn has_failed(&self) -> bool {
        let screen = match outcome::wants_screen(&self.spec) {
            true => self.screen.viewport_text(),
            false => String::new(),
        };
        outcome::has_failed(&self.spec, &self.facts, &screen)
    }

    pub(super) fn awaits(&self) -> bool {
        self.awaited.is_some()
    }

    pub(super) fn word_due(&self) -> Option<Time> {
        self.awaited.as_ref().and_then(|awaited| awaited.at)
    }

    /// The deadline is looked at: it is set again if the wait goes on.
    pub(super) fn word_looked_at(&mut self, now: Time) {
        if let Some(awaited) = self
            .awaited
            .as_mut()
            .filter(|awaited| awaited.at.is_some_and(|at| now >= at))
        {
            awaited.at = None;
        }
    }

    /// The tool went on: what looked like its end was none.
    pub(super) fn word_not_awaited(&mut self) {
        self.awaited = None;
    }

    /// Ends the turn that waits, with what has been heard. Whether there was one.
    pub(super) fn give_up_waiting(&mut self, now: Time) -> bool {
        let (Some(awaited), Some(turn)) = (self.awaited.take(), &mut self.turn) else {
            return false;
        };
        turn.heard.given_up = true;
        self.ready(&awaited.found, now);
        true
    }

    /// Puts the tool's own words in the place of the screen's, where it has said any; a line for the evidence.
    pub(super) fn say_exactly(
        &mut self,
        turn: &mut Turn,
        outcome: Outcome,
        text: &mut String,
        signals: &mut Vec<String>,
        now: Time,
    ) -> Source {
        let since = self.awaited.take().map_or(now, |awaited| awaited.since);
        if outcome != Outcome::Ok {
            return Source::Screen;
        }
        let Some((index, Words { at, texts })) = turn.heard.words.pop_first() else {
            let waited = now.since(since);
            if !waited.is_zero() {
                signals.push(format!("said: nothing, waited {} ms", waited.as_millis()));
            }
            return Source::Screen;
        };
        let channel = &self.spec.channels[index];
        let (source, kind) = match channel.kind {
            ChannelKind::Hook => (Source::Hook, "hook"),
            ChannelKind::Transcript { .. } => (Source::Transcript, "transcript"),
        };
        let when = if at >= since {
            format!("{} ms after the evidence", at.since(since).as_millis())
        } else {
            format!("{} ms before the evidence", since.since(at).as_millis())
        };
        signals.push(format!("said: {} ({kind}), {when}", channel.name));
        let texts: Vec<String> = texts.into_iter().map(|(_, text)| text).collect();
        *text = texts.join("\n\n");
        // Exact and whole, whatever the screen has lost.
        turn.lost = None;
        source
    }

    /// Captures that side channels told.
    pub(super) fn heard_captures(&self, turn: &mut Turn) -> BTreeMap<String, String> {
        let mut captures = std::mem::take(&mut turn.heard.captures);
        captures.extend(self.tool_session.clone().map(|id| (TOOL_SESSION.to_owned(), id)));
        captures
    }
}

/// Whether the turn's channels may still say its text.
fn may_speak(turn: &Turn) -> bool {
    !turn.interrupted
        && turn.heard.error.is_none()
        && turn.origin != Origin::Init
        && !turn.heard.given_up
        && turn.heard.words.is_empty()
}

fn take_words(heard: &mut Heard, index: usize, channel: &Channel, value: &Value, now: Time) {
    for (name, at) in &channel.captures {
        if let Some(found) = at.text(value) {
            heard.captures.insert(name.clone(), found);
        }
    }
    if let Some(at) = &channel.error {
        heard.error = at.text(value).filter(|error| !error.is_empty());
    }
    let text = channel.text.as_ref().and_then(|at| at.text(value));
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return;
    };
    let id = channel.id.as_ref().and_then(|at| at.text(value));
    let words = heard.words.entry(index).or_default();
    words.at = now;
    let texts = &mut words.texts;
    if let Some((_, again)) = texts.iter_mut().find(|(known, _)| id.is_some() && *known == id) {
        *again = text;
        return;
    }
    let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
    match channel.join {
        Join::Last => *texts = vec![(id, text)],
        Join::All if bytes + text.len() <= limits::TURN_TEXT_BYTES && texts.len() < limits::MESSAGES => {
            texts.push((id, text));
        }
        Join::All => {}
    }
}
