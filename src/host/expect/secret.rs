//! What nobody may see.

use std::fmt;

/// A text that `Debug` does not show and that is wiped from memory when it is dropped.
///
/// The kernel's terminal and the tool have copies of it; those are not ours to wipe.
///
/// ```
/// let secret = ptych::host::Secret::new("tr0ub4dor");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into().into_bytes())
    }

    /// For whoever has to type it.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// With Enter behind it; the room is there, so nothing is moved and left behind.
    pub(in crate::host) fn line(&self) -> Secret {
        let mut line = Vec::with_capacity(self.0.len() + 1);
        line.extend_from_slice(&self.0);
        line.push(b'\r');
        Secret(line)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Secret {
        Secret::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // The compiler must not think that nobody looks.
        std::hint::black_box(&self.0);
    }
}
