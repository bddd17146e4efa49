//! Turns of a tool that lays its text out itself: frames are watched while the turn runs, the reply is read off the rows at its end.

use super::Session;
use super::turn::{Origin, Turn};
use crate::engine::framer::layout::{self, Row, Stitch};
use crate::engine::framer::{extract, outcome};
use crate::engine::protocol::layout::Layout;
use crate::engine::response::Question;
use crate::engine::term::{MarkId, Pos, RowView};

/// What is remembered of a turn's screens.
#[derive(Debug)]
pub struct LaidOut {
    /// The composer's first row, or the dialog's, when Enter was sent.
    from: MarkId,
    /// That row then, and the screen's first. The tool may push the composer down by scrolling a region, and the place with it.
    row: u64,
    top: u64,
    /// Output bytes handled at that moment.
    entered: u64,
    /// The frames of the alternate screen.
    stitch: Option<Stitch>,
}

impl LaidOut {
    pub fn mark(&self) -> MarkId {
        self.from
    }
}

/// Bytes behind which a synchronized frame may end: `CSI ? 2026 l`.
const FRAME_END: [u8; 2] = *b"6l";

impl Session {
    /// Enter has been taken: what stands on the screen now is not the reply.
    pub(super) fn watch_frames(&mut self) {
        let spec = self.spec.clone();
        let Some(layout) = &spec.response.layout else {
            return;
        };
        // A repeated Enter changes nothing.
        let Some(mut turn) = self.turn.take_if(|turn| turn.laid_out.is_none()) else {
            return;
        };
        let rows = layout::screen_rows(&self.screen);
        let end = self.reply_end(layout, &rows, turn.asked.as_deref());
        let top = self.screen.top_row();
        let cursor = self.screen.cursor().pos;
        let row = end.map_or(cursor.row, |end| top + end as u64);
        let stitch = self
            .screen
            .alternate_screen()
            .then(|| Stitch::start(layout, &self.screen, end));
        // The echo may be painted above the row where the prompt was typed.
        if stitch.is_none() {
            self.screen.pin(Some(top.min(row)));
        }
        turn.laid_out = Some(LaidOut {
            from: self.screen.mark(Pos { row, col: 0 }),
            row,
            top: top.min(row),
            entered: self.screen.offset(),
            stitch,
        });
        self.turn = Some(turn);
    }

    /// Index among the screen's `rows` of what stands below a reply: the composer or the question that is asked.
    fn reply_end(&self, layout: &Layout, rows: &[Row], asked: Option<&str>) -> Option<usize> {
        let texts: Vec<String> = rows.iter().map(Row::text).collect();
        let composer = layout::composer_row(layout, &texts);
        let question = asked.and_then(|asked| layout::question_row(&texts, asked));
        [composer, question].into_iter().flatten().min()
    }

    fn frames_wanted(&self) -> bool {
        let laid_out = self.turn.as_ref().and_then(|turn| turn.laid_out.as_ref());
        laid_out.is_some_and(|laid_out| laid_out.stitch.is_some())
    }

    /// Hands output to the screen; the end of each synchronized frame is looked at, wherever chunks are cut.
    pub(super) fn feed_screen(&mut self, bytes: &[u8]) {
        if !self.frames_wanted() {
            return self.screen.handle_bytes(bytes);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let ends = |i: &usize| rest[*i] == FRAME_END[1] && (*i == 0 || rest[*i - 1] == FRAME_END[0]);
            let len = (0..rest.len()).find(ends).map_or(rest.len(), |i| i + 1);
            let (now, later) = rest.split_at(len);
            let ended = self.screen.frames_ended();
            self.screen.handle_bytes(now);
            if self.screen.frames_ended() != ended {
                self.frame_painted();
            }
            rest = later;
        }
    }

    /// The screen is whole: at the end of a synchronized frame or of a burst.
    pub(super) fn frame_painted(&mut self) {
        if !self.frames_wanted() || self.screen.synchronized() || !self.screen.alternate_screen() {
            return;
        }
        let spec = self.spec.clone();
        let Some(layout) = &spec.response.layout else {
            return;
        };
        let Some(turn) = &mut self.turn else { return };
        let prompt = echoed(turn);
        if let Some(stitch) = turn
            .laid_out
            .as_mut()
            .and_then(|laid_out| laid_out.stitch.as_mut())
        {
            stitch.handle_frame(layout, &self.screen, &prompt);
        }
    }

    /// Takes the text of the reply, which ends at the composer, at the question that is asked now, or else at `end`.
    pub(super) fn collect_laid_out(&mut self, turn: &mut Turn, end: Pos, question: Option<&Question>) {
        let spec = self.spec.clone();
        let (Some(layout), Some(laid_out)) = (&spec.response.layout, turn.laid_out.take()) else {
            return;
        };
        let prompt = echoed(turn);
        let asked = question.map(|question| question.text.as_str());
        let (rows, lost) = match laid_out.stitch {
            Some(mut stitch) => {
                if self.screen.alternate_screen() {
                    stitch.handle_frame(layout, &self.screen, &prompt);
                }
                let lost = stitch.lost(layout, &prompt);
                (stitch.into_reply(layout, &prompt, asked), lost)
            }
            None => self.rows_of_reply(layout, &laid_out, &prompt, asked, end),
        };
        if let Some((from, to)) = lost {
            turn.lost = Some((turn.lost.map_or(from, |(first, _)| first), to));
        }
        self.screen.unmark(laid_out.from);
        let cols = usize::from(self.screen.size().cols);
        let captures = &spec.response.captures;
        if !captures.is_empty() {
            // What is cut off below may be just what is wanted.
            let shown: Vec<String> = rows.iter().map(|row| row.text().trim_end().to_owned()).collect();
            outcome::capture(captures, &shown.join("\n"), &mut turn.captures);
        }
        let mut text = layout::text(layout, &spec.response.drop_lines, rows, cols);
        extract::trim_ends(&spec.response, &mut text);
        if !text.is_empty() || turn.segments.is_empty() {
            turn.segments.push(text);
        }
    }

    /// The rows between echo and composer, by their absolute numbers, and what a limit has taken of them.
    fn rows_of_reply(
        &self,
        layout: &Layout,
        laid_out: &LaidOut,
        prompt: &str,
        asked: Option<&str>,
        end: Pos,
    ) -> (Vec<Row>, Option<(u64, u64)>) {
        let screen = &self.screen;
        let from = screen.mark_pos(laid_out.from).row.min(laid_out.row);
        let end = match self.reply_end(layout, &layout::screen_rows(screen), asked) {
            Some(below) => screen.top_row() + below as u64,
            None => end.row + u64::from(end.col > 0),
        };
        let first = laid_out.top.min(from).max(screen.first_row());
        let views: Vec<RowView> = screen.rows(first..end.max(first)).collect();
        let texts: Vec<String> = views.iter().map(|view| view.text.trim_end().to_owned()).collect();
        let counts = |row: usize| {
            let view = &views[row];
            view.pos.row >= from || view.written.is_some_and(|(_, last)| last > laid_out.entered)
        };
        let echo = layout::echo_end(layout, &texts, prompt, counts).filter(|_| !prompt.is_empty());
        let start = echo.map_or(from, |echo| first + echo.end as u64);
        let lost = (start < screen.first_row()).then(|| {
            let kept = views.first().and_then(|view| view.written);
            (laid_out.entered, kept.map_or(laid_out.entered, |(at, _)| at))
        });
        let rows = (start.max(first)..end).filter_map(|row| layout::read(screen, row));
        (rows.collect(), lost)
    }
}

/// What the tool repeats of a turn: the answer to a dialog is not repeated.
fn echoed(turn: &Turn) -> String {
    if turn.origin == Origin::Answer {
        String::new()
    } else {
        turn.prompt.clone()
    }
}
