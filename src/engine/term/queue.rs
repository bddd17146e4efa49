//! Events that wait for their reader, bounded in number and in text.

use std::collections::VecDeque;

use super::marks::Place;
use super::{TermEvent, TermEventKind};
use crate::engine::limits;

#[derive(Default)]
pub(super) struct EventQueue {
    /// Each event, and where its place is by now.
    events: VecDeque<(TermEvent, Place)>,
    text_bytes: usize,
    dropped: u64,
}

impl EventQueue {
    pub fn push(&mut self, event: TermEvent, place: Place) {
        let room = if is_minor(&event.kind) {
            limits::MAX_QUEUED_MINOR_EVENTS
        } else {
            limits::MAX_QUEUED_EVENTS
        };
        let bytes = text_bytes(&event.kind);
        if self.events.len() >= room || self.text_bytes + bytes > limits::MAX_QUEUED_EVENT_BYTES {
            self.dropped += 1;
            return;
        }
        self.text_bytes += bytes;
        self.events.push_back((event, place));
    }

    pub fn pop(&mut self) -> Option<(TermEvent, Place)> {
        let (event, place) = self.events.pop_front()?;
        self.text_bytes -= text_bytes(&event.kind);
        if self.events.is_empty() {
            self.events.shrink_to(64);
        }
        Some((event, place))
    }

    /// Events that found the queue full, ever.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The place of every waiting event.
    pub fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        self.events.iter_mut().map(|(_, place)| place)
    }

    pub fn heap_bytes(&self) -> usize {
        self.events.capacity() * size_of::<(TermEvent, Place)>() + self.text_bytes
    }
}

/// Kinds that a flood consists of and framing does not need.
fn is_minor(kind: &TermEventKind) -> bool {
    matches!(
        kind,
        TermEventKind::Bell
            | TermEventKind::Unknown(_)
            | TermEventKind::Hyperlink(_)
            | TermEventKind::Clipboard { .. }
    )
}

fn text_bytes(kind: &TermEventKind) -> usize {
    match kind {
        TermEventKind::ShellMark { params, .. } => params.iter().map(String::len).sum(),
        TermEventKind::ProgramStatus(text)
        | TermEventKind::Title(text)
        | TermEventKind::IconName(text)
        | TermEventKind::WorkingDirectory(text)
        | TermEventKind::Hyperlink(Some(text))
        | TermEventKind::Unknown(text) => text.len(),
        TermEventKind::Notification { title, body } => title.as_ref().map_or(0, String::len) + body.len(),
        TermEventKind::Clipboard { selection, .. } => selection.len(),
        _ => 0,
    }
}
