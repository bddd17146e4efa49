//! ULIDs: 48 bits of milliseconds and 80 bits of chance, as 26 characters of Crockford base 32 that sort by time.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The latest, so that those of one millisecond still sort.
static LATEST: Mutex<u128> = Mutex::new(0);

/// A new one, greater than all before it in this process.
#[expect(
    clippy::disallowed_methods,
    reason = "a ULID begins with the wall clock's milliseconds"
)]
pub fn ulid() -> String {
    let milliseconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let mut latest = LATEST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let fresh = (milliseconds << 80) | (chance() & ((1 << 80) - 1));
    *latest = if fresh >> 80 > *latest >> 80 {
        fresh
    } else {
        *latest + 1
    };
    text(*latest)
}

/// From the standard library's per-process random keys: for uniqueness, not for secrets.
fn chance() -> u128 {
    let word = || u128::from(RandomState::new().build_hasher().finish());
    (word() << 64) | word()
}

fn text(mut value: u128) -> String {
    let mut characters = [b'0'; 26];
    for character in characters.iter_mut().rev() {
        *character = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
    characters.iter().map(|&byte| char::from(byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_one_is_greater_and_none_is_equal() {
        let made: Vec<String> = (0..1000).map(|_| ulid()).collect();
        assert!(made.iter().all(|id| id.len() == 26));
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn the_first_character_holds_three_bits() {
        assert_eq!(text(u128::MAX), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    }
}
