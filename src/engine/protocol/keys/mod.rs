//! Keys as people write them: text with names in angle brackets, `<ctrl-c>`, `<enter>`, `<lt>` for `<` itself; `<pause-150ms>` parts two
//! writes.

mod encode;

use std::time::Duration;

use super::duration;
pub use encode::{KeyModes, encode, names};

/// A pause longer than this is no key press any more.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What is typed: writes of their own, each after its pause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(pub Vec<Stroke>);

/// Bytes that go out as one write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stroke {
    /// Since the write before.
    pub pause: Duration,
    pub bytes: Vec<u8>,
}

impl Keys {
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|stroke| stroke.bytes.is_empty())
    }

    /// All bytes, the pauses forgotten.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|stroke| stroke.bytes.clone()).collect()
    }

    pub fn pauses(&self) -> bool {
        self.0.iter().any(|stroke| !stroke.pause.is_zero())
    }

    /// Adds `bytes` to the last write.
    pub fn extend(&mut self, bytes: &[u8]) {
        match self.0.last_mut() {
            Some(last) => last.bytes.extend_from_slice(bytes),
            None => self.0.push(Stroke {
                pause: Duration::ZERO,
                bytes: bytes.to_vec(),
            }),
        }
    }
}

impl From<Vec<u8>> for Keys {
    fn from(bytes: Vec<u8>) -> Keys {
        let mut keys = Keys::default();
        if !bytes.is_empty() {
            keys.extend(&bytes);
        }
        keys
    }
}

/// As a protocol file would write it, as far as the pauses go.
impl std::fmt::Display for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for stroke in &self.0 {
            if !stroke.pause.is_zero() {
                write!(f, "<pause-{}ms>", stroke.pause.as_millis())?;
            }
            f.write_str(&String::from_utf8_lossy(&stroke.bytes))?;
        }
        Ok(())
    }
}

/// The keys that `text` stands for, as a terminal in its ordinary modes sends them.
///
/// # Errors
///
/// A name in angle brackets that is no key, and a pause that is none.
pub fn parse(text: &str) -> Result<Keys, String> {
    parse_in(text, KeyModes::default())
}

/// As `parse`, for a terminal with these modes in force.
///
/// # Errors
///
/// As `parse`.
pub fn parse_in(text: &str, modes: KeyModes) -> Result<Keys, String> {
    let mut keys = Keys::default();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        if open > 0 {
            keys.extend(&rest.as_bytes()[..open]);
        }
        let after = &rest[open + 1..];
        let Some(close) = after.find('>') else {
            return Err(
                "`<` starts a key's name and has no `>`; write `<lt>` for the character itself".into(),
            );
        };
        let name = &after[..close];
        match name.strip_prefix("pause-") {
            Some(pause) => keys.0.push(Stroke {
                pause: pause_of(pause)?,
                bytes: Vec::new(),
            }),
            None => keys.extend(&encode(name, modes)?),
        }
        rest = &after[close + 1..];
    }
    if !rest.is_empty() {
        keys.extend(rest.as_bytes());
    }
    // A pause behind the last key, or before another pause, is time that nothing uses.
    if keys.0.iter().any(|stroke| stroke.bytes.is_empty()) {
        return Err("a pause stands between keys: `<esc><pause-150ms><esc>`".into());
    }
    Ok(keys)
}

fn pause_of(text: &str) -> Result<Duration, String> {
    let pause = duration::parse(text)?;
    if pause.is_zero() || pause > LONGEST_PAUSE {
        return Err(format!("a pause of {text} is none: more than 0s and at most 5s"));
    }
    Ok(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        parse(text).expect("valid").bytes()
    }

    #[test]
    fn names_and_text() {
        assert_eq!(bytes("quit<enter>"), b"quit\r");
        assert_eq!(bytes("<ctrl-a><ctrl-k>"), b"\x01\x0b");
        assert_eq!(bytes("a<lt>b"), b"a<b");
        assert_eq!(bytes("<esc>:q!<enter>"), b"\x1b:q!\r");
        assert!(parse("<entr>").is_err());
        assert!(parse("a < b").is_err());
        assert_eq!(parse(""), Ok(Keys::default()));
    }

    #[test]
    fn a_pause_parts_two_writes() {
        let keys = parse("<esc><pause-150ms><esc>x").expect("valid");
        let pause = Duration::from_millis(150);
        let stroke = |pause, bytes: &[u8]| Stroke {
            pause,
            bytes: bytes.to_vec(),
        };
        assert_eq!(keys.0, [stroke(Duration::ZERO, b"\x1b"), stroke(pause, b"\x1bx")]);
        assert_eq!(keys.to_string(), "\u{1b}<pause-150ms>\u{1b}x");
        for bad in [
            "x<pause-150ms>",
            "a<pause-1ms><pause-1ms>b",
            "a<pause-9s>b",
            "a<pause-0s>b",
            "a<pause>b",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
