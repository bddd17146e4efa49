//! Between a text and an Enter of its own: the echo.
//!
//! A line editor echoes at the cursor. A full-screen tool paints the text into its composer, wherever that is, and may keep the cursor
//! hidden elsewhere: there the echo counts in any row that has changed since typing began. Instead of a long paste a tool may show a
//! placeholder, which the protocol knows.

use super::Session;
use super::queue::Purpose;
use super::turn::{Progress, Turn};
use crate::engine::limits;
use crate::engine::protocol::spec::Pattern;
use crate::engine::time::Time;
use crate::engine::tty::ProbeDepth;

/// Characters of the text's end that are looked for.
const LOOKED_FOR: usize = 24;

impl Session {
    pub(super) fn screen_rows(&self) -> Vec<String> {
        self.screen
            .viewport_text()
            .split('\n')
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn text_written(&mut self, now: Time) {
        let submit = &self.spec.submit;
        let (gap, within) = (submit.enter_gap, submit.echo_within);
        if let Some(turn) = &mut self.turn {
            turn.progress = Progress::AwaitingEcho {
                until: now + gap.max(within),
                not_before: now + gap,
            };
        }
    }

    /// Sends Enter once the text stands on the screen, or will not any more.
    pub(super) fn look_for_echo(&mut self, now: Time) {
        if self.late_dialog(now) {
            return;
        }
        let Some(turn) = &self.turn else { return };
        let Progress::AwaitingEcho { until, not_before } = turn.progress else {
            return;
        };
        if now >= until || (now >= not_before && self.is_echoed(turn)) {
            self.look_and_enter(now);
        }
    }

    /// Enter goes out when a look at the terminal has just shown that nothing new stands there: a dialog that opened meanwhile would take
    /// it for its answer. Bytes that come instead make the look void, and all is judged anew.
    fn look_and_enter(&mut self, now: Time) {
        let Some(turn) = &mut self.turn else { return };
        if self.facts.probe.is_some() || turn.looks_before_enter >= limits::LOOKS_BEFORE_ENTER {
            return self.send_enter(now);
        }
        turn.looks_before_enter += 1;
        self.probe_wanted = Some(ProbeDepth::Flags);
    }

    /// When the echo is looked for although the tool prints nothing.
    pub(super) fn echo_at(&self) -> Option<Time> {
        match self.turn.as_ref()?.progress {
            Progress::AwaitingEcho { until, not_before } if self.quiet_seen >= not_before => Some(until),
            Progress::AwaitingEcho { not_before, .. } => Some(not_before),
            Progress::Writing | Progress::Entered { .. } => None,
        }
    }

    fn is_echoed(&self, turn: &Turn) -> bool {
        let line = self.screen.cursor_line(limits::CURSOR_LINE_ROWS).text;
        let last_line = turn.typed.echo.rsplit('\n').next().unwrap_or_default().trim_end();
        if line.trim_end().ends_with(end_of(last_line)) {
            return true;
        }
        let rows = self.screen_rows();
        let changed = changed_rows(&turn.before, &rows);
        is_painted(&turn.typed.echo, &changed) || is_stood_for(&self.spec.submit.placeholders, &changed)
    }

    fn send_enter(&mut self, now: Time) {
        if let Some(turn) = &mut self.turn {
            turn.progress = Progress::Writing;
            turn.before = Vec::new();
            turn.looks_before_enter = 0;
            // The look was at what stood there before Enter.
            self.facts.probe = None;
            let enter = turn.enter.clone();
            self.note_transcripts();
            self.queue.push(Purpose::Enter, enter, now);
        }
    }
}

fn end_of(text: &str) -> &str {
    let at = text.char_indices().rev().nth(LOOKED_FOR - 1);
    &text[at.map_or(0, |(at, _)| at)..]
}

fn changed_rows<'a>(before: &[String], now: &'a [String]) -> Vec<&'a str> {
    let is_new = |(index, row): &(usize, &'a String)| before.get(*index) != Some(*row);
    now.iter()
        .enumerate()
        .filter(is_new)
        .map(|(_, row)| row.as_str())
        .collect()
}

/// A composer breaks lines where it likes, and may have a frame around it.
fn is_painted(echo: &str, rows: &[&str]) -> bool {
    let ink = |text: &str| -> String {
        let frame = |c: char| matches!(c, '\u{2500}'..='\u{259f}');
        text.chars()
            .filter(|&c| !c.is_whitespace() && !frame(c))
            .collect()
    };
    let wanted = ink(echo);
    let wanted = end_of(&wanted);
    !wanted.is_empty() && ink(&rows.concat()).contains(wanted)
}

fn is_stood_for(placeholders: &[Pattern], rows: &[&str]) -> bool {
    !placeholders.is_empty() && {
        let text = rows.join("\n");
        placeholders
            .iter()
            .any(|placeholder| placeholder.0.is_match(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composer_may_wrap_and_frame_the_text() {
        let before = vec![
            "say hello".to_owned(),
            "\u{2502} >        \u{2502}".to_owned(),
            String::new(),
        ];
        let mut rows = before.clone();
        assert!(
            !is_painted("say hello", &changed_rows(&before, &rows)),
            "an old row is no echo"
        );
        rows[1] = "\u{2502} > say hel\u{2502}".into();
        rows[2] = "\u{2502}   lo     \u{2502}".into();
        assert!(is_painted("say hello", &changed_rows(&before, &rows)));
        assert!(!is_painted("say hallo", &changed_rows(&before, &rows)));
        assert!(!is_painted("", &changed_rows(&before, &rows)));
    }
}
