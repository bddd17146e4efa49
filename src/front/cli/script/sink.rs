//! Where the words of a running script go.

use std::sync::{Arc, Mutex, PoisonError};

use crate::front::cli::{editor, output, terminal};
use crate::front::script::Sink;

/// Of what a script prints while it is kept; what comes behind is dropped.
const KEPT_BYTES: usize = 16 << 20;

/// Straight to standard output: a script that runs alone.
pub struct Direct;

impl Sink for Direct {
    fn print(&self, line: &str) {
        // When nobody reads any more the script goes on: its dialogue has effects of its own.
        let _gone = output::data(format!("{line}\n").as_bytes());
    }

    fn trace(&self, line: &str) {
        output::note(line);
    }

    fn ask_secret(&self, prompt: &str) -> Option<String> {
        ask(prompt)
    }
}

/// Kept until the script is over: several scripts, or an object for each.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<String>>);

impl Kept {
    pub fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sink for Kept {
    fn print(&self, line: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() + line.len() < KEPT_BYTES {
            kept.push_str(line);
            kept.push('\n');
        }
    }

    fn trace(&self, line: &str) {
        output::note(line);
    }

    fn ask_secret(&self, prompt: &str) -> Option<String> {
        ask(prompt)
    }
}

fn ask(prompt: &str) -> Option<String> {
    if !terminal::can_ask() {
        return None;
    }
    match editor::secret(prompt) {
        Ok(editor::Read::Line(line)) => Some(line),
        Ok(editor::Read::Interrupted | editor::Read::End) | Err(_) => None,
    }
}
