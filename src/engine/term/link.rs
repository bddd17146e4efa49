//! Where cells lead (OSC 8), by number: a style holds a `Link`, this table holds the target.
//!
//! As with styles, the owner says which numbers are in use when the table has grown, and the rest is given back. A link that finds no
//! number is none: its text is printed without.

use std::collections::HashMap;
use std::sync::Arc;

use super::style::Link;
use crate::engine::limits;

#[derive(Default)]
pub(super) struct LinkTable {
    /// Target of number n + 1 at n.
    targets: Vec<Option<Arc<str>>>,
    numbers: HashMap<Arc<str>, Link>,
    free: Vec<Link>,
    text_bytes: usize,
    /// A collection is due when this many numbers are out.
    threshold: usize,
    /// Requests refused since the last collection.
    refused: usize,
}

impl LinkTable {
    pub fn get(&self, link: Link) -> Option<&Arc<str>> {
        let index = usize::from(link.0).checked_sub(1)?;
        self.targets.get(index)?.as_ref()
    }

    /// The number of a target that has one.
    pub fn number(&self, target: &str) -> Option<Link> {
        self.numbers.get(target).copied()
    }

    /// A number for a target that has none; nowhere when all are in use.
    pub fn insert(&mut self, target: &str) -> Link {
        if self.numbers.len() >= limits::MAX_LINKS {
            self.refused += 1;
            return Link::NOWHERE;
        }
        let target: Arc<str> = target.into();
        self.text_bytes += target.len();
        let link = match self.free.pop() {
            Some(link) => {
                self.targets[usize::from(link.0) - 1] = Some(Arc::clone(&target));
                link
            }
            None => {
                self.targets.push(Some(Arc::clone(&target)));
                Link(self.targets.len() as u16)
            }
        };
        self.numbers.insert(target, link);
        link
    }

    /// Whether a collection is worth its cost, which is a walk through the history.
    pub fn wants_collection(&self) -> bool {
        if self.numbers.len() >= limits::MAX_LINKS && self.threshold >= limits::MAX_LINKS {
            return self.refused >= limits::LINK_REFUSALS_PER_COLLECTION;
        }
        self.numbers.len() >= self.threshold.max(limits::MIN_LINKS_BEFORE_COLLECTION)
    }

    /// Gives back every number that `used` does not name.
    pub fn collect(&mut self, used: impl Iterator<Item = Link>) {
        let mut keep = vec![false; self.targets.len() + 1];
        used.for_each(|link| keep[usize::from(link.0)] = true);
        self.refused = 0;
        for (target, number) in self.targets.iter_mut().zip(1..) {
            if keep[usize::from(number)] {
                continue;
            }
            if let Some(target) = target.take() {
                self.numbers.remove(&target);
                self.text_bytes -= target.len();
                self.free.push(Link(number));
            }
        }
        self.threshold = (self.numbers.len() * 2).min(limits::MAX_LINKS);
    }

    pub fn heap_bytes(&self) -> usize {
        self.text_bytes
            + self.targets.capacity() * size_of::<Option<Arc<str>>>()
            + self.numbers.capacity() * size_of::<(Arc<str>, Link)>()
            + self.free.capacity() * size_of::<Link>()
    }
}
