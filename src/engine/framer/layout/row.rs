//! One row as pieces of one look each.

use std::sync::Arc;

use unicode_width::UnicodeWidthStr;

use crate::engine::protocol::layout::{Attribute, ColorWanted, StyleWanted};
use crate::engine::term::{Attrs, Color, Link, Screen, Style, Underline};

/// Text of one style.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub style: Style,
    /// Where it leads (OSC 8).
    pub link: Option<Arc<str>>,
}

/// A row of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub pieces: Vec<Piece>,
    /// The terminal has wrapped it.
    pub wrapped: bool,
    /// Columns that were cut from its start.
    pub left: usize,
    /// It starts a block of its own: a marker was cut.
    pub marked: bool,
}

/// The row as it stands on the screen or in the history.
pub fn read(screen: &Screen, row: u64) -> Option<Row> {
    let wrapped = screen.row(row)?.wrapped;
    let pieces = screen.styled_row(row)?.into_iter();
    let piece = |(text, style): (String, Style)| Piece {
        text,
        link: screen.link_target(style.link).cloned(),
        // Its number may mean another address on the next frame.
        style: Style {
            link: Link::NOWHERE,
            ..style
        },
    };
    Some(Row {
        pieces: pieces.map(piece).collect(),
        wrapped,
        left: 0,
        marked: false,
    })
}

impl Row {
    pub fn text(&self) -> String {
        self.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }

    pub fn is_blank(&self) -> bool {
        self.pieces.iter().all(|piece| piece.text.trim().is_empty())
    }

    /// Columns of blanks at its start.
    pub fn indent(&self) -> usize {
        let text = self.text();
        text.len() - text.trim_start_matches(' ').len()
    }

    /// The column behind its last character, counted from the left edge of the screen.
    pub fn right(&self) -> usize {
        self.left + self.text().trim_end().width()
    }

    /// Takes the first `bytes` bytes of text away.
    pub fn cut_head(&mut self, mut bytes: usize) {
        self.left += self.text().get(..bytes).map_or(0, UnicodeWidthStr::width);
        while bytes > 0 {
            let Some(first) = self.pieces.first_mut() else {
                return;
            };
            if first.text.len() > bytes {
                first.text.drain(..bytes);
                return;
            }
            bytes -= first.text.len();
            self.pieces.remove(0);
        }
    }

    /// Keeps the first `bytes` bytes of text.
    pub fn cut_tail(&mut self, bytes: usize) {
        let mut at = 0;
        for index in 0..self.pieces.len() {
            let len = self.pieces[index].text.len();
            if at + len >= bytes {
                self.pieces[index].text.truncate(bytes - at);
                self.pieces.truncate(index + 1);
                return;
            }
            at += len;
        }
    }

    pub fn trim_end(&mut self) {
        let len = self.text().trim_end().len();
        self.cut_tail(len);
    }

    /// `next` behind this row, `between` them.
    pub fn append(&mut self, between: &str, mut next: Row) {
        if !between.is_empty() {
            self.pieces.push(Piece {
                text: between.to_owned(),
                ..Piece::default()
            });
        }
        self.pieces.append(&mut next.pieces);
        self.wrapped = next.wrapped;
    }
}

/// Whether a piece looks as the protocol says.
pub fn has_look(wanted: &StyleWanted, style: &Style) -> bool {
    let attribute = |&(attribute, on): &(Attribute, bool)| {
        let is = match attribute {
            Attribute::Bold => style.attrs.contains(Attrs::BOLD),
            Attribute::Dim => style.attrs.contains(Attrs::DIM),
            Attribute::Italic => style.attrs.contains(Attrs::ITALIC),
            Attribute::Strike => style.attrs.contains(Attrs::STRIKE),
            Attribute::Inverse => style.attrs.contains(Attrs::INVERSE),
            Attribute::Underline => style.underline != Underline::None,
        };
        is == on
    };
    wanted.attributes.iter().all(attribute)
        && wanted.foreground.is_none_or(|color| is_color(color, style.fg))
        && wanted.background.is_none_or(|color| is_color(color, style.bg))
}

fn is_color(wanted: ColorWanted, color: Color) -> bool {
    match wanted {
        ColorWanted::Default => color == Color::Default,
        ColorWanted::Any => color != Color::Default,
        ColorWanted::Indexed(index) => color == Color::Indexed(index),
        ColorWanted::Rgb(r, g, b) => color == Color::Rgb(r, g, b),
    }
}
