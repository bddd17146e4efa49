//! Remembered places, and how they move when rows move against each other.
//!
//! Rows are absolute, so a scroll of the whole screen moves nothing. Everything else goes through [`Term::move_places`].

use super::state::Term;
use super::{MarkId, Pos};

#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    id: u32,
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub pos: Pos,
    /// The place is on the alternate screen.
    pub alternate: bool,
    /// First row of the viewport when the place was taken: rows kept since then start here.
    pub born_top: u64,
}

/// Marks in the order they were made. Their number is the reader's: a program cannot make any.
#[derive(Default)]
pub(super) struct Marks {
    marks: Vec<Mark>,
    next: u32,
}

impl Marks {
    pub fn add(&mut self, place: Place) -> MarkId {
        let id = self.next;
        self.next += 1;
        self.marks.push(Mark { id, place });
        MarkId(id)
    }

    pub fn get(&self, id: MarkId) -> Option<&Place> {
        self.marks
            .binary_search_by_key(&id.0, |m| m.id)
            .ok()
            .map(|i| &self.marks[i].place)
    }

    pub fn remove(&mut self, id: MarkId) {
        if let Ok(index) = self.marks.binary_search_by_key(&id.0, |m| m.id) {
            self.marks.remove(index);
        }
    }

    fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }
}

impl Term {
    /// `pos` as a place of its own, on the screen that is shown now.
    pub fn place(&self, pos: Pos) -> Place {
        let born_top = self.top_row();
        Place {
            pos,
            alternate: self.alternate && pos.row >= born_top,
            born_top,
        }
    }

    /// Moves every mark and waiting event of one screen that lies at or below the viewport's first row `top`:
    /// `moved` gets the row's distance from `top` and says where that row is now.
    pub fn move_places(&mut self, alternate: bool, top: u64, moved: impl Fn(u64) -> u64) {
        self.each_place(|pos, on_alternate| {
            if *on_alternate == alternate && pos.row >= top {
                pos.row = moved(pos.row - top);
            }
        });
    }

    /// Calls `each` with every remembered place and whether it is on the alternate screen.
    pub fn each_place(&mut self, mut each: impl FnMut(&mut Pos, &mut bool)) {
        if self.marks.is_empty() && self.events.is_empty() {
            return;
        }
        for mark in &mut self.marks.marks {
            each(&mut mark.place.pos, &mut mark.place.alternate);
        }
        for place in self.events.places_mut() {
            each(&mut place.pos, &mut place.alternate);
        }
    }
}
