//! How near the patterns came, for the report of a failure.

use super::Kept;
use super::found::{Group, Nearness};
use super::pattern::Pattern;

pub(super) fn nearness(pattern: &Pattern, group: Group, _kept: &Kept, _from: u64) -> Nearness {
    Nearness {
        pattern: pattern.describe(),
        group,
        near: None,
        unmet: Vec::new(),
    }
}
