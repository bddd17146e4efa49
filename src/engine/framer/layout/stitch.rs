//! Frames of an alternate screen put together.
//!
//! What leaves an alternate screen is gone for the terminal, so each frame is laid over what is known: where most of its rows stand
//! already, there it belongs; rows above that place are kept for good, rows below are the frame's. A tool may have scrolled with the
//! terminal's own means more than a screen within one frame: the rows that left on the way then stand in the history, and frame and rows
//! together continue what is known. What was lost above the echo of the prompt is no loss to the reply: a tool may paint pages that have nothing
//! in common before it comes to the one with the prompt.
//!
//! A place is proved by several rows of text that stand alike, and weighed against each row that does not. Where no place is, rows were
//! lost: a jump. Rows that are all equal prove nothing, so how far such a screen has moved cannot be told.

use super::cut::cut_right_edge;
use super::place::{self, Echo};
use super::row::{Row, read};
use crate::engine::protocol::layout::Layout;
use crate::engine::term::Screen;

/// Rows of text that must stand alike to prove a place.
const PROOF: usize = 3;
/// What a row that does not stand alike weighs against one that does.
const MISMATCH: usize = 4;

/// Everything that one turn has shown, as far as it is known.
#[derive(Debug, Default)]
pub struct Stitch {
    /// Rows without blanks at their end.
    rows: Vec<Row>,
    texts: Vec<String>,
    /// Where the last frame starts in `rows`.
    base: usize,
    /// First row of the viewport at the last frame: rows pushed out since then start here.
    top: u64,
    /// Byte offset of the last frame.
    offset: u64,
    /// Offsets between which rows were lost.
    lost: Option<(u64, u64)>,
    /// The lowest row above which rows were lost.
    lost_above: usize,
    /// Rows before this one were there before Enter.
    from: usize,
}

/// What one frame shows between header and composer.
struct Frame {
    rows: Vec<Row>,
    texts: Vec<String>,
    /// The composer was found: the frame's end is the reply's.
    bounded: bool,
}

impl Stitch {
    /// Starts with what stands on the screen when Enter is sent.
    ///
    /// `end` is the screen's row where composer or question start.
    pub fn start(layout: &Layout, screen: &Screen, end: Option<usize>) -> Stitch {
        let frame = frame(layout, screen, end);
        Stitch {
            from: frame.texts.len(),
            rows: frame.rows,
            texts: frame.texts,
            base: 0,
            top: screen.top_row(),
            offset: screen.offset(),
            lost: None,
            lost_above: 0,
        }
    }

    /// The screen has been painted.
    pub fn handle_frame(&mut self, layout: &Layout, screen: &Screen, prompt: &str) {
        if screen.offset() == self.offset {
            return;
        }
        let frame = frame(layout, screen, None);
        let pushed = self.top..screen.top_row();
        let place = self.place(&frame.texts);
        if !frame.bounded && place.is_none() {
            // A dialog over everything, or a picture half painted.
            return;
        }
        let through = (pushed.start < pushed.end)
            .then(|| self.pushed_and(layout, screen, pushed, &frame))
            .flatten();
        match (through, place) {
            (Some((rows, texts)), _) => {
                self.lay(self.base, rows, texts);
                self.base = self.texts.len() - frame.texts.len();
            }
            (None, Some(at)) => self.lay(at, frame.rows, frame.texts),
            (None, None) => self.jump(layout, frame, prompt, screen.offset()),
        }
        self.top = screen.top_row();
        self.offset = screen.offset();
    }

    /// Rows that the terminal itself scrolled out since the last frame, and the frame, if together they go on from the last frame's
    /// first row.
    fn pushed_and(
        &self,
        layout: &Layout,
        screen: &Screen,
        pushed: std::ops::Range<u64>,
        frame: &Frame,
    ) -> Option<(Vec<Row>, Vec<String>)> {
        let mut rows: Vec<Row> = pushed.filter_map(|row| read(screen, row)).collect();
        for row in &mut rows {
            cut_right_edge(layout, row);
        }
        rows.extend(frame.rows.iter().cloned());
        let texts: Vec<String> = rows.iter().map(Row::text).collect();
        let last = &self.texts[self.base..];
        if texts.len() < last.len() {
            return None;
        }
        // The last two rows may have grown before they left.
        let alike = last.iter().zip(&texts).take_while(|(a, b)| a == b).count();
        let told = |texts: &[String]| texts.iter().filter(|text| !text.is_empty()).count();
        let proof = told(&last[..alike]);
        let proved = proof >= PROOF || (alike == last.len() && proof > 0);
        (alike + 2 >= last.len() && proved).then_some((rows, texts))
    }

    fn lay(&mut self, at: usize, rows: Vec<Row>, texts: Vec<String>) {
        self.rows.truncate(at);
        self.texts.truncate(at);
        self.rows.extend(rows);
        self.texts.extend(texts);
        self.from = self.from.min(self.texts.len());
        self.base = at;
    }

    /// Nothing of the frame was there before.
    fn jump(&mut self, layout: &Layout, frame: Frame, prompt: &str, offset: u64) {
        let known = whole_echo(layout, &self.texts, prompt).is_some_and(|echo| echo.row >= self.from);
        if !known && whole_echo(layout, &frame.texts, prompt).is_some() {
            // The tool has turned to a page of its own for this prompt: all of the reply so far stands on it.
            self.lost = None;
            self.from = 0;
            return self.lay(0, frame.rows, frame.texts);
        }
        if frame.texts.iter().all(String::is_empty) {
            return;
        }
        let from = self.lost.map_or(self.offset, |(from, _)| from);
        self.lost = Some((from, offset));
        let at = self.texts.len();
        self.lost_above = at;
        self.lay(at, frame.rows, frame.texts);
    }

    /// Index in what is known where `frame` belongs.
    fn place(&self, frame: &[String]) -> Option<usize> {
        let first = self.base.saturating_sub(frame.len());
        let candidates = first..=self.texts.len().saturating_sub(1).max(self.base);
        // Of equal ones the one nearest to the last frame's place, downward first.
        let away = |at: usize| {
            if at >= self.base {
                (at - self.base) * 2
            } else {
                (self.base - at) * 2 + 1
            }
        };
        let best = candidates
            .clone()
            .map(|at| (self.alike(at, frame), at))
            .filter(|(overlap, at)| self.proved(overlap, *at))
            .max_by_key(|(overlap, at)| (overlap.weight(), std::cmp::Reverse(away(*at))));
        if let Some((_, at)) = best {
            return Some(at);
        }
        // A part in the middle was painted anew: what stands above it says where the frame belongs.
        candidates
            .map(|at| (self.alike(at, frame), at))
            .filter(|(overlap, at)| overlap.head >= PROOF || (*at == self.base && overlap.head > 0))
            .max_by_key(|(overlap, at)| (overlap.head, std::cmp::Reverse(away(*at))))
            .map(|(_, at)| at)
    }

    fn alike(&self, at: usize, frame: &[String]) -> Overlap {
        let mut overlap = Overlap::default();
        for (known, new) in self.texts[at.min(self.texts.len())..].iter().zip(frame) {
            if known != new {
                overlap.unlike += 1;
            } else if !new.is_empty() {
                overlap.alike += 1;
            }
            if overlap.unlike == 0 {
                overlap.head = overlap.alike;
            }
        }
        overlap
    }

    fn proved(&self, overlap: &Overlap, at: usize) -> bool {
        let last = self.texts[self.base..]
            .iter()
            .filter(|text| !text.is_empty())
            .count();
        let wanted = if at == self.base { PROOF.min(last) } else { PROOF };
        overlap.alike >= wanted && overlap.weight() > 0
    }

    /// Offsets between which rows of the reply to `prompt` were lost.
    pub fn lost(&self, layout: &Layout, prompt: &str) -> Option<(u64, u64)> {
        let counts = |row: usize| row >= self.from.max(self.lost_above);
        let echo = place::echo_end(layout, &self.texts, prompt, counts);
        self.lost.filter(|_| !echo.is_some_and(|echo| echo.whole))
    }

    /// The rows of the reply: behind the prompt's echo, or, where there is none, what was not there before Enter; up to the question that is
    /// asked.
    pub fn into_reply(mut self, layout: &Layout, prompt: &str, asked: Option<&str>) -> Vec<Row> {
        if let Some(end) = asked.and_then(|asked| place::question_row(&self.texts, asked)) {
            self.rows.truncate(end);
            self.texts.truncate(end);
        }
        let from = self.from;
        let echo = if prompt.is_empty() {
            None
        } else {
            place::echo_end(layout, &self.texts, prompt, |row| row >= from)
                .or_else(|| whole_echo(layout, &self.texts, prompt))
        };
        let start = echo.map_or(from, |echo| echo.end);
        self.rows.split_off(start.min(self.rows.len()))
    }
}

/// How a frame stands over what is known.
#[derive(Clone, Copy, Debug, Default)]
struct Overlap {
    /// Rows of text that stand alike.
    alike: usize,
    unlike: usize,
    /// Rows of text that stand alike above the first that does not.
    head: usize,
}

impl Overlap {
    fn weight(&self) -> isize {
        self.alike as isize - (self.unlike * MISMATCH) as isize
    }
}

fn whole_echo(layout: &Layout, texts: &[String], prompt: &str) -> Option<Echo> {
    place::echo_end(layout, texts, prompt, |_| true).filter(|echo| echo.whole)
}

fn frame(layout: &Layout, screen: &Screen, end: Option<usize>) -> Frame {
    let mut rows = place::screen_rows(screen);
    let texts: Vec<String> = rows.iter().map(Row::text).collect();
    let composer = end.or_else(|| place::composer_row(layout, &texts));
    let end = composer.unwrap_or(rows.len());
    rows.truncate(end);
    let header = place::header_rows(layout, &texts).min(rows.len());
    rows.drain(..header);
    for row in &mut rows {
        // Rows are painted one by one here: the terminal's own wraps mean nothing.
        row.wrapped = false;
        cut_right_edge(layout, row);
    }
    place::drop_footer(layout, &mut rows);
    Frame {
        texts: rows.iter().map(Row::text).collect(),
        rows,
        bounded: composer.is_some() || layout.composer.is_none(),
    }
}
