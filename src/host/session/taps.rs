//! Whoever hears what a session prints and is typed.

use crate::host::expect::{Log, LogId, Logged};

#[derive(Default)]
pub(super) struct Taps {
    taps: Vec<(LogId, Box<dyn Log>)>,
    made: u64,
}

impl Taps {
    pub(super) fn add(&mut self, log: Box<dyn Log>) -> LogId {
        self.made += 1;
        let id = LogId(self.made);
        self.taps.push((id, log));
        id
    }

    pub(super) fn remove(&mut self, id: LogId) {
        self.taps.retain(|(other, _)| *other != id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.taps.is_empty()
    }

    pub(super) fn are_behind(&self) -> bool {
        self.taps.iter().any(|(_, log)| log.is_behind())
    }

    pub(super) fn output(&mut self, bytes: &[u8]) {
        for (_, log) in &mut self.taps {
            log.log(Logged::Output(bytes));
        }
    }

    pub(super) fn input(&mut self, bytes: &[u8], hidden: bool) {
        if self.taps.is_empty() {
            return;
        }
        let stars: Vec<u8>;
        let shown = if hidden {
            let text = String::from_utf8_lossy(bytes);
            let star = |c: char| if c.is_control() { c } else { '*' };
            stars = text.chars().map(star).collect::<String>().into_bytes();
            &stars
        } else {
            bytes
        };
        for (_, log) in &mut self.taps {
            log.log(Logged::Input(shown));
        }
    }
}
