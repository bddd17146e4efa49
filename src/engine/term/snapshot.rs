//! The screen as sequences that recreate it.

use super::state::Term;

pub(super) fn of(_term: &Term) -> Vec<u8> {
    Vec::new()
}
