//! The fuzz target of `fuzz/`, as a plain test on stable: random bytes and mutated recordings, cut anywhere, with resizes. No panic, and the
//! cut makes no difference. `PTYCH_FUZZ_SECONDS` says for how long (2 by default, 60 in `.ci/run`), `PTYCH_SEED` where to start.

#![expect(
    clippy::disallowed_methods,
    reason = "a fuzz run is bounded by time and reads recordings"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use ptych::engine::term::{Screen, Size, TermConfig};

/// xorshift64*: enough chance for cutting and mutating, equal for equal seeds.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn recordings() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/xtermjs");
    let entries = std::fs::read_dir(folder).expect("fixtures/xtermjs");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "in"));
    paths.sort();
    paths
        .into_iter()
        .map(|path| std::fs::read(path).expect("readable"))
        .collect()
}

/// Bytes of a terminal stream with some of them changed, or none but chance.
fn stream(chance: &mut Chance, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = if chance.below(4) == 0 {
        (0..chance.below(2000)).map(|_| chance.next() as u8).collect()
    } else {
        seeds[chance.below(seeds.len())].clone()
    };
    bytes.truncate(8000);
    for _ in 0..chance.below(1 + bytes.len() / 16) {
        let at = chance.below(bytes.len());
        match chance.below(4) {
            0 => bytes[at] = chance.next() as u8,
            1 => bytes.insert(
                at,
                *b"\x1b[;?0123456789hlmJKHr\x07\x9b\xe2\x80"
                    .get(chance.below(24))
                    .unwrap_or(&b'x'),
            ),
            2 => drop(bytes.remove(at)),
            _ => bytes[at] = b'0' + (chance.next() % 10) as u8,
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

fn check(chance: &mut Chance, bytes: &[u8]) {
    let size = Size {
        cols: 1 + chance.below(132) as u16,
        rows: 1 + chance.below(50) as u16,
    };
    let mut whole = Screen::new(size, TermConfig::default());
    let mut split = Screen::new(size, TermConfig::default());
    whole.handle_bytes(bytes);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at((1 + chance.below(16)).min(rest.len()));
        split.handle_bytes(piece);
        rest = behind;
    }
    assert!(whole.snapshot() == split.snapshot(), "the cut changed the screen");
    assert_eq!(whole.take_replies(), split.take_replies());
    whole.resize(Size {
        cols: size.rows,
        rows: size.cols,
    });
    whole.handle_bytes(bytes);
    whole.viewport_text();
    whole.snapshot();
}

#[test]
fn no_bytes_break_the_terminal() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("PTYCH_FUZZ_SECONDS").unwrap_or(2);
    let first = number("PTYCH_SEED").unwrap_or(0x7079_7463_6800_0001);
    let seeds = recordings();
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut seed = first;
    while Instant::now() < until {
        let mut chance = Chance(seed | 1);
        let bytes = stream(&mut chance, &seeds);
        let checked = std::panic::catch_unwind(move || check(&mut chance, &bytes));
        assert!(checked.is_ok(), "run it again with PTYCH_SEED={seed}");
        seed = seed.wrapping_add(2);
    }
    println!("{} streams from seed {first}", (seed.wrapping_sub(first)) / 2);
}
