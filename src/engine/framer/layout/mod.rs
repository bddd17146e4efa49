//! Text of tools that lay it out themselves: which rows are the reply, and what stood there before it was wrapped, indented and coloured.
//!
//! ```text
//! screen ── row ──┬─ (inline) rows by absolute address ──┬─ place ── cut ── markdown ── text
//!                 └─ (alternate screen) stitch ──────────┘             └─── unwrap ──┘
//! ```
//!
//! `place` finds the echo of the prompt, the composer, what stands still above and between; `stitch` puts the frames of an alternate screen
//! together; `cut` takes marker, indentation and scrollbar off; `unwrap` joins rows; `markdown` reads styles back.

mod cut;
mod inline;
mod markdown;
mod place;
mod row;
mod stitch;
mod table;
mod unwrap;

#[cfg(test)]
mod tests;

pub use place::{Echo, composer_row, echo_end, question_row, screen_rows};
pub use row::{Piece, Row, read};
pub use stitch::Stitch;

use crate::engine::protocol::layout::Layout;
use crate::engine::protocol::spec::Pattern;

/// The text of the rows of a reply, on a terminal of `cols` columns.
pub fn text(layout: &Layout, drop_lines: &[Pattern], rows: Vec<Row>, cols: usize) -> String {
    let lines = cut::lines(layout, drop_lines, rows);
    let lines = match &layout.markdown {
        Some(rules) => return markdown::text(rules, layout, lines, cols),
        None if layout.unwrap => unwrap::join(lines, unwrap::limit(layout, cols)),
        None => lines,
    };
    let texts: Vec<String> = lines
        .iter()
        .map(|line| line.text().trim_end().to_owned())
        .collect();
    texts.join("\n")
}
