//! Emitting typed events.

use super::params::Params;
use super::state::Term;
use super::{Pos, TermEvent, TermEventKind};
use crate::engine::limits;

impl Term {
    /// Queues an event at the cursor's place.
    pub fn emit(&mut self, kind: TermEventKind) {
        let pos = Pos {
            row: self.abs(self.y),
            // Behind the last cell of a full row: the next character goes to the row below.
            col: self.x + u16::from(self.pending_wrap),
        };
        let place = self.place(pos);
        self.events.push(
            TermEvent {
                offset: self.now,
                pos,
                kind,
            },
            place,
        );
    }

    pub fn unknown_escape(&mut self, intermediates: &[u8], byte: u8) {
        let text = format!("ESC {}{}", shown(intermediates), char::from(byte));
        self.emit(TermEventKind::Unknown(text));
    }

    pub fn unknown_csi(&mut self, params: &Params, intermediates: &[u8], action: char) {
        let prefix = intermediates
            .iter()
            .take_while(|b| matches!(b, b'<'..=b'?'))
            .count();
        let mut text = format!("CSI {}", shown(&intermediates[..prefix]));
        for (i, param) in params.iter().enumerate() {
            let sub: Vec<String> = param.iter().map(u16::to_string).collect();
            text.push_str(if i == 0 { "" } else { ";" });
            text.push_str(&sub.join(":"));
        }
        text.push_str(&shown(&intermediates[prefix..]));
        text.push(action);
        self.emit(TermEventKind::Unknown(text));
    }

    /// A string sequence nobody knows, or one longer than the limit.
    pub fn unknown_string(&mut self, kind: &str, payload: &[u8], too_long: bool) {
        let head = &payload[..payload.len().min(limits::MAX_UNKNOWN_BYTES)];
        let mut text = format!("{kind} {}", shown(head));
        if too_long {
            text.push_str("… (too long, dropped)");
        } else if payload.len() > head.len() {
            text.push('…');
        }
        self.emit(TermEventKind::Unknown(text));
    }
}

/// Bytes as printable text.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|c| if c.is_control() { '·' } else { c })
        .collect()
}
