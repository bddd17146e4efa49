//! Any bytes, cut anywhere, with resizes: no panic, and the cut makes no difference.
//!
//! `cargo +nightly fuzz run term`. The first two bytes are the size, the third how the rest is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ptych::engine::term::{Screen, Size, TermConfig};

fuzz_target!(|data: &[u8]| {
    let [cols, rows, cut, bytes @ ..] = data else { return };
    let size = Size { cols: u16::from(cols % 132) + 1, rows: u16::from(rows % 50) + 1 };
    let mut whole = Screen::new(size, TermConfig::default());
    let mut split = Screen::new(size, TermConfig::default());
    whole.handle_bytes(bytes);
    for piece in bytes.chunks(usize::from(cut % 16) + 1) {
        split.handle_bytes(piece);
    }
    assert_eq!(whole.snapshot(), split.snapshot());
    assert_eq!(whole.take_replies(), split.take_replies());
    while let Some(event) = whole.poll_event() {
        assert_eq!(Some(event), split.poll_event());
    }
    whole.resize(Size { cols: size.rows, rows: size.cols });
    whole.viewport_text();
    whole.snapshot();
});
