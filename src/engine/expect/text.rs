//! From bytes to the text that a person reads.

#[derive(Debug, Default)]
pub(super) struct TextFilter {}

impl TextFilter {
    pub fn new(_cols: u16) -> TextFilter {
        TextFilter {}
    }

    pub fn push(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        text.extend(bytes.iter().filter(|byte| **byte != b'\r'));
    }

    /// Nothing follows any more.
    pub fn finish(&mut self, _text: &mut Vec<u8>) {}

    pub fn resize(&mut self, _cols: u16) {}
}
