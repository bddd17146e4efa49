//! The xterm.js project's terminal fixtures: bytes for an 80x25 terminal, and the screen they must give.
//!
//! The data was recorded below a cooked tty, so a line feed also returns the carriage.

use std::fs;
use std::path::Path;

use ptych::engine::term::{Screen, Size, TermConfig};

/// Cases whose expectation is not what this terminal does, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "t0060-DECSC",
        "DECSC saves the pending wrap (DEC STD 070, xterm); the fixture expects it to be lost",
    ),
    ("t0061-CSI_s", "the same with SCOSC"),
    (
        "t0084-CBT",
        "expects CBT to leave a wrap pending for a cursor that is no longer at the margin",
    ),
    (
        "t0103-reverse_wrap",
        "mode 45 goes back over soft-wrapped rows only (xterm since patch 380); 1045 is the older one",
    ),
];

fn screen_text(input: &[u8]) -> String {
    let mut screen = Screen::new(Size { cols: 80, rows: 25 }, TermConfig::default());
    let mut cooked = Vec::with_capacity(input.len() * 2);
    for byte in input {
        if *byte == b'\n' {
            cooked.push(b'\r');
        }
        cooked.push(*byte);
    }
    screen.handle_bytes(&cooked);
    screen.viewport_text()
}

fn normalized(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

#[test]
fn every_xtermjs_case_that_is_not_an_exception_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/xtermjs");
    let mut inputs: Vec<_> = fs::read_dir(&folder)
        .expect("the fixtures are there")
        .map(|entry| entry.expect("a directory entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "in"))
        .collect();
    inputs.sort();
    assert_eq!(inputs.len(), 76, "the corpus is whole");
    let mut failures = Vec::new();
    for input in inputs {
        let name = input
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let expected = fs::read(input.with_extension("text")).expect("every case has an expectation");
        let expected = normalized(&String::from_utf8_lossy(&expected));
        let actual = normalized(&screen_text(&fs::read(&input).expect("readable")));
        let excepted = EXCEPTIONS.iter().any(|(case, _)| *case == name);
        if excepted == (actual == expected) {
            let difference = expected
                .lines()
                .zip(actual.lines())
                .enumerate()
                .find(|(_, (e, a))| e != a);
            failures.push(format!("{name} (exception: {excepted}): {difference:?}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
