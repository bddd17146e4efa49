//! A recording through the engine: the machine of a session, fed from a file.
//!
//! Output of equal times is one burst, so that how the file cuts it does not matter; `Chunks` cuts it otherwise on purpose. Deadlines that
//! the machine asks for are served between the events, at their own time. What was typed is given to the machine as somebody else's typing,
//! which starts turns like a prompt does. Terminal replies among the typed bytes are dropped: the machine makes its own.
//!
//! A recording that has looks at the terminal (`t`) is replayed with all its evidence. In others the terminal's state is unknown, and a
//! state that needs it is confirmed by the next input or the end.

use std::sync::Arc;
use std::time::Duration;

use super::{RecordedKind, Recording};
use crate::engine::event::{Event, EventKind};
use crate::engine::framer::state::State;
use crate::engine::limits;
use crate::engine::policy::Policy;
use crate::engine::protocol::Spec;
use crate::engine::random::Random;
use crate::engine::response::Response;
use crate::engine::session::{Confirm, RuleTrace, Session as Machine, SessionConfig};
use crate::engine::time::Time;
use crate::engine::tty::TtyProbe;

/// As in a live session where a platform cannot tell.
const QUIET: Duration = Duration::from_millis(50);
/// Deadlines served after the last event: a state may still settle.
const AFTER_THE_END: Duration = Duration::from_secs(2);
/// Deadlines served at one time; more would mean that the machine asks for the same one for ever.
const DEADLINES: usize = 10_000;

/// How bursts of output are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunks {
    /// Each burst at once.
    Whole,
    /// Pieces of this many bytes.
    Of(usize),
    /// Pieces of 1 to 64 bytes, the same for the same seed.
    Random(u64),
}

#[derive(Clone, Debug)]
pub struct Replay {
    pub spec: Arc<Spec>,
    pub chunks: Chunks,
}

/// What the engine made of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    pub responses: Vec<Response>,
    /// All events in order, responses and states included.
    pub events: Vec<Event>,
    pub state: State,
    /// Why the last state is what it is.
    pub explain: Vec<RuleTrace>,
    /// The visible screen at the end.
    pub screen: String,
}

impl Replay {
    pub fn new(spec: Arc<Spec>) -> Replay {
        Replay {
            spec,
            chunks: Chunks::Whole,
        }
    }

    pub fn run(&self, recording: &Recording) -> Replayed {
        let mut run = Run::new(self, recording);
        for (at, group) in groups(recording) {
            run.serve_deadlines(at);
            match group {
                Group::Burst(burst) => run.burst(&burst, at),
                Group::Other(kind) => run.handle(kind, at),
            }
            run.settle();
        }
        run.finish(recording)
    }
}

enum Group<'a> {
    Burst(Burst<'a>),
    Other(&'a RecordedKind),
}

/// What was printed, and what side channels said, before the machine looked at it.
#[derive(Default)]
struct Burst<'a> {
    bytes: Vec<u8>,
    /// Channel and text.
    messages: Vec<(&'a str, &'a str)>,
}

fn groups(recording: &Recording) -> Vec<(Time, Group<'_>)> {
    let mut groups: Vec<(Time, Group<'_>)> = Vec::new();
    for event in &recording.events {
        let mut burst = match groups.pop_if(|(at, group)| *at == event.at && matches!(group, Group::Burst(_)))
        {
            Some((_, Group::Burst(burst))) => burst,
            Some((_, Group::Other(_))) | None => Burst::default(),
        };
        let joined = !burst.bytes.is_empty() || !burst.messages.is_empty();
        match &event.kind {
            RecordedKind::Output(bytes) => burst.bytes.extend_from_slice(bytes),
            RecordedKind::Message { channel, text } => burst.messages.push((channel, text)),
            other => {
                if joined {
                    groups.push((event.at, Group::Burst(burst)));
                }
                groups.push((event.at, Group::Other(other)));
                continue;
            }
        }
        groups.push((event.at, Group::Burst(burst)));
    }
    groups
}

struct Run {
    machine: Machine,
    chunks: Chunks,
    chance: Random,
    /// The recording has looks at the terminal.
    looks: bool,
    now: Time,
    events: Vec<Event>,
}

impl Run {
    fn new(replay: &Replay, recording: &Recording) -> Run {
        let looks = recording
            .events
            .iter()
            .any(|event| matches!(event.kind, RecordedKind::Tty(_)));
        let config = SessionConfig {
            size: recording.size,
            confirm: if looks {
                Confirm::Quiet(QUIET)
            } else {
                Confirm::NextInput
            },
            stream: false,
            // Without any in the recording there is nothing to wait for.
            side_channels: recording
                .events
                .iter()
                .any(|event| matches!(event.kind, RecordedKind::Message { .. })),
            turn_text_bytes: limits::TURN_TEXT_BYTES,
            policy: Policy::default(),
            tool_version: None,
        };
        let seed = match replay.chunks {
            Chunks::Random(seed) => seed,
            Chunks::Whole | Chunks::Of(_) => 0,
        };
        let machine = Machine::new(Arc::clone(&replay.spec), config, Time::ZERO);
        Run {
            machine,
            chunks: replay.chunks,
            chance: Random::new(seed),
            looks,
            now: Time::ZERO,
            events: Vec::new(),
        }
    }

    fn burst(&mut self, burst: &Burst<'_>, at: Time) {
        self.now = at;
        let mut bytes = burst.bytes.as_slice();
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(self.piece().clamp(1, bytes.len()));
            self.machine.handle_output(piece, at);
            bytes = rest;
        }
        for (channel, text) in &burst.messages {
            self.machine.handle_message(channel, text, at);
        }
        self.machine.handle_drained(at);
    }

    fn piece(&mut self) -> usize {
        match self.chunks {
            Chunks::Whole => usize::MAX,
            Chunks::Of(size) => size,
            Chunks::Random(_) => self.chance.below(64) as usize + 1,
        }
    }

    fn handle(&mut self, kind: &RecordedKind, at: Time) {
        self.now = at;
        match kind {
            // They make a burst.
            RecordedKind::Output(_) | RecordedKind::Message { .. } => {}
            RecordedKind::Input(bytes) if is_terminal_reply(bytes) => {}
            RecordedKind::Input(bytes) => self.machine.handle_typed(bytes, at),
            RecordedKind::Resize(size) => self.machine.resize(*size, at),
            RecordedKind::Marker(_) => {}
            RecordedKind::Exit(exit) => self.machine.handle_exit(*exit, at),
            RecordedKind::Tty(probe) => self.machine.handle_tty(probe.clone(), at),
        }
    }

    fn serve_deadlines(&mut self, until: Time) {
        for _ in 0..DEADLINES {
            match self.machine.poll_deadline() {
                Some((at, _)) if at <= until => {
                    self.now = self.now.max(at);
                    self.machine.handle_time(self.now);
                    self.settle();
                }
                Some(_) | None => return,
            }
        }
    }

    /// What a driver would do, without a terminal: writes go nowhere, looks are answered from the recording or not at all.
    fn settle(&mut self) {
        loop {
            let mut any = false;
            while let Some(count) = self.machine.poll_write().map(<[u8]>::len) {
                self.machine.handle_written(count, self.now);
                any = true;
            }
            while self.machine.poll_action().is_some() {
                any = true;
            }
            // A recorded look comes at its own time.
            if self.machine.poll_probe().is_some() && !self.looks {
                self.machine.handle_tty(TtyProbe::default(), self.now);
                any = true;
            }
            while let Some(event) = self.machine.poll_event() {
                self.events.push(event);
                any = true;
            }
            if !any {
                return;
            }
        }
    }

    fn finish(mut self, recording: &Recording) -> Replayed {
        let end = recording.events.last().map_or(Time::ZERO, |event| event.at) + AFTER_THE_END;
        self.serve_deadlines(end);
        // Nothing typed: the end confirms what waits for a confirmation.
        self.machine.handle_typed(&[], self.now);
        self.settle();
        let responses = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::TurnFinished(response) => Some((**response).clone()),
            _ => None,
        });
        Replayed {
            responses: responses.collect(),
            state: self.machine.state().clone(),
            explain: self.machine.explain(self.now),
            screen: self.machine.screen().viewport_text(),
            events: self.events,
        }
    }
}

/// What a terminal answers to a query (cursor position, attributes, modes, sizes, colours), not what a person types.
fn is_terminal_reply(bytes: &[u8]) -> bool {
    match bytes {
        [0x1b, b']' | b'P', ..] => true,
        [0x1b, b'[', rest @ ..] => matches!(rest, [.., b'R' | b'c' | b'n' | b't' | b'u' | b'y']),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_of_a_terminal_are_told_from_keys() {
        let replies: [&[u8]; 6] = [
            b"\x1b[12;40R",
            b"\x1b[?62;22c",
            b"\x1b[0n",
            b"\x1b[6;20;10t",
            b"\x1b]11;rgb:0/0/0\x1b\\",
            b"\x1bP>|x\x1b\\",
        ];
        assert!(replies.into_iter().all(is_terminal_reply));
        let keys: [&[u8]; 4] = [b"\x1b[A", b"\x1b", b"clear\r", b"\x1b[200~text\x1b[201~"];
        assert!(!keys.into_iter().any(is_terminal_reply));
    }
}
