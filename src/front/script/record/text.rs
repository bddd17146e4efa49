//! The text of a recording, as a session's waits see it.

use crate::engine::expect::TextFilter;

/// Grows with the output; nothing of it is taken back.
#[derive(Debug)]
pub struct Text {
    filter: TextFilter,
    bytes: Vec<u8>,
    text: String,
}

impl Text {
    pub fn new(cols: u16) -> Text {
        Text {
            filter: TextFilter::new(cols),
            bytes: Vec::new(),
            text: String::new(),
        }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.filter.push(bytes, &mut self.bytes);
        self.take();
    }

    /// The program waits: what was held back until the next byte is there.
    pub fn settle(&mut self) {
        self.filter.settle(&mut self.bytes);
        self.take();
    }

    pub fn finish(&mut self) {
        self.filter.finish(&mut self.bytes);
        self.take();
    }

    pub fn resize(&mut self, cols: u16) {
        self.filter.resize(cols);
    }

    pub fn all(&self) -> &str {
        &self.text
    }

    fn take(&mut self) {
        // The filter puts out whole characters.
        self.text.push_str(&String::from_utf8_lossy(&self.bytes));
        self.bytes.clear();
    }
}
