//! The text of a recording as a session's expectations see it.

/// Grows with the output; nothing of it is taken back.
#[derive(Debug, Default)]
pub struct Text {
    text: String,
    pending: Vec<u8>,
}

impl Text {
    pub fn new(_cols: u16) -> Text {
        Text::default()
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        let mut plain = String::new();
        let s = String::from_utf8_lossy(&self.pending).into_owned();
        let mut it = s.chars().peekable();
        while let Some(c) = it.next() {
            match c {
                '\x1b' => match it.next() {
                    Some('[') => {
                        for c in it.by_ref() {
                            if ('@'..='~').contains(&c) {
                                break;
                            }
                        }
                    }
                    Some(']' | 'P') => {
                        for c in it.by_ref() {
                            if c == '\x07' || c == '\\' {
                                break;
                            }
                        }
                    }
                    Some('(') => {
                        it.next();
                    }
                    _ => {}
                },
                '\r' => {
                    while it.peek() == Some(&'\r') {
                        it.next();
                    }
                }
                c if c == '\n' || c == '\t' || !c.is_control() => plain.push(c),
                _ => {}
            }
        }
        self.text.push_str(&plain);
        self.pending.clear();
    }

    pub fn finish(&mut self) {}

    pub fn resize(&mut self, _cols: u16) {}

    pub fn all(&self) -> &str {
        &self.text
    }
}
