//! What holds for every stream and every way to cut it. A failing case is printed with its seed.

use proptest::prelude::*;

use super::tests::{self, Rig};
use super::*;

/// What a tool does.
#[derive(Clone, Debug)]
enum Did {
    Prints(&'static [u8]),
    WaitsForInput,
}

fn did() -> impl Strategy<Value = Did> {
    let pieces: &[&'static [u8]] = &[
        b"a",
        b"b",
        b"ab",
        b"aab",
        b"abc",
        b"1",
        b"12",
        b" ",
        b"$ ",
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\r\n",
        b"\t",
        b"\x08",
        b"\x07",
        b"\x1b[1;31m",
        b"\x1b[m",
        b"\x1b[5;1H",
        b"\x1b[3C",
        b"\x1b[2G",
        b"\x1b[G",
        b"\x1b[D",
        b"\x1b[2J",
        b"\x1b]0;ab12\x07",
        b"\x1b]8;;a\x1b\\",
        b"\x1bPa\x1b\\",
        b"\x1b(0q\x1b(B",
        b"\x1b[4b",
        b"\x1bM",
        b"\xc3\xa9",
        b"\xe6\x97\xa5",
        b"\xff",
        b"\xe6\x97",
        b"\xc2\x85",
        b"\x1b",
        b"12345678901234567890 \r",
        b"123456789012345678 ",
        &[b'.'; 1500],
    ];
    prop_oneof![
        8 => prop::sample::select(pieces).prop_map(Did::Prints),
        1 => Just(Did::WaitsForInput),
    ]
}

fn patterns() -> impl Strategy<Value = Vec<Pattern>> {
    let one = prop_oneof![
        prop::sample::select(vec!["a", "b", "ab", "abc", "bb", "$ ", "\n", "é", "日", "12"])
            .prop_map(Pattern::from),
        prop::sample::select(vec![
            "[0-9]+",
            "[0-9]+$",
            "a*b",
            "a+",
            "^a",
            "b$",
            "\\$ ?$",
            "(?s)a.*b",
            "(?s)a.*?12",
            "a|ab|abc",
            "(?<x>a)(b)?",
            "\\Aa",
            "\\bb",
            "b\\b",
            "\\w+",
            "x*",
            ".+\n",
            "[^a]+",
            "12\\z",
            "(?m-s:^.*$)",
        ])
        .prop_map(Pattern::regex),
        prop::sample::select(vec!["a*", "*b", "?2", "[ab]1", "*"]).prop_map(Pattern::glob),
    ];
    prop::collection::vec(one, 1..4)
}

/// What is told of a stream, as far as it may not depend on how that was cut.
type Told = Vec<(usize, Vec<u8>, Vec<u8>, Vec<Capture>, u64, u64, Settled)>;

/// Hands the stream over in chunks of these sizes, over and over; always waits for the patterns again, until the end. What is told, and all
/// text by what was found and what was left.
fn run(
    did: &[Did],
    sizes: &[usize],
    patterns: &Patterns,
    options: WaitOptions,
    kind: StreamKind,
) -> (Told, Vec<u8>) {
    let mut rig = Rig::new(StreamConfig {
        kind,
        ..StreamConfig::default()
    });
    let (mut told, mut text) = (Told::new(), Vec::new());
    rig.wait(patterns, options);
    take(&mut rig, patterns, options, &mut told, &mut text);
    let mut sizes = sizes.iter().cycle().copied();
    let mut bytes = Vec::new();
    for did in did.iter().chain([&Did::WaitsForInput]) {
        let Did::Prints(more) = did else {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (chunk, later) = rest.split_at(sizes.next().unwrap_or(1).clamp(1, rest.len()));
                rest = later;
                rig.out(chunk);
                take(&mut rig, patterns, options, &mut told, &mut text);
                rig.drained();
                if !rest.is_empty() {
                    rig.tty(Waiting::No);
                }
            }
            bytes.clear();
            rig.tty(Waiting::Read);
            take(&mut rig, patterns, options, &mut told, &mut text);
            continue;
        };
        bytes.extend_from_slice(more);
    }
    rig.eof();
    take(&mut rig, patterns, options, &mut told, &mut text);
    text.extend_from_slice(rig.e.unmatched());
    (told, text)
}

fn take(rig: &mut Rig, patterns: &Patterns, options: WaitOptions, told: &mut Told, text: &mut Vec<u8>) {
    while let Some(event) = rig.e.poll_event() {
        let ExpectEvent::Found { found, .. } = event else {
            continue;
        };
        text.extend_from_slice(&found.before);
        text.extend_from_slice(&found.matched);
        let empty = found.before.is_empty() && found.matched.is_empty();
        told.push((
            found.index,
            found.before,
            found.matched,
            found.captures,
            found.position,
            found.end,
            found.settled_by,
        ));
        // An empty match is found for ever.
        if !empty {
            rig.wait(patterns, options);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_found_never_depends_on_how_the_bytes_arrived(
        did in prop::collection::vec(did(), 0..24),
        patterns in patterns(),
        sizes in prop::collection::vec(1usize..40, 1..6),
        precedence in prop::sample::select(vec![Precedence::Leftmost, Precedence::Listed, Precedence::Earliest]),
        kind in prop::sample::select(vec![StreamKind::Text, StreamKind::Raw]),
    ) {
        let patterns = Patterns::new(patterns).expect("these compile");
        let options = WaitOptions { precedence, ..WaitOptions::default() };
        let whole = run(&did, &[usize::MAX], &patterns, options, kind);
        let bytes = run(&did, &[1], &patterns, options, kind);
        let cut = run(&did, &sizes, &patterns, options, kind);
        prop_assert_eq!(&whole, &bytes);
        prop_assert_eq!(&whole, &cut);
    }

    #[test]
    fn nothing_is_lost_between_waits(
        did in prop::collection::vec(did(), 0..24),
        patterns in patterns(),
        precedence in prop::sample::select(vec![Precedence::Leftmost, Precedence::Listed, Precedence::Earliest]),
    ) {
        let patterns = Patterns::new(patterns).expect("these compile");
        let options = WaitOptions { precedence, ..WaitOptions::default() };
        let (told, text) = run(&did, &[7], &patterns, options, StreamKind::Raw);
        let printed: Vec<u8> = did.iter().flat_map(|did| match did {
            Did::Prints(bytes) => bytes.to_vec(),
            Did::WaitsForInput => Vec::new(),
        }).collect();
        prop_assert_eq!(text, printed);
        let mut at = 0;
        for (_, before, matched, _, position, end, _) in told {
            prop_assert_eq!(position, at + before.len() as u64);
            prop_assert_eq!(end, position + matched.len() as u64);
            at = end;
        }
    }

    /// Byte by byte, with a plain regex search over all that has come: what the automata must agree with.
    #[test]
    fn the_automaton_finds_what_a_search_of_the_whole_finds(
        did in prop::collection::vec(did(), 0..16),
        patterns in patterns(),
    ) {
        let bytes: Vec<u8> = did.iter().flat_map(|did| match did {
            Did::Prints(bytes) => bytes.to_vec(),
            Did::WaitsForInput => Vec::new(),
        }).collect();
        let mut best: Option<(usize, usize, usize)> = None;
        for (index, pattern) in patterns.iter().enumerate() {
            let regex = pattern.as_regex().expect("text").expect("a glob").replace("\\b", "(?-u:\\b)");
            let regex = regex::bytes::RegexBuilder::new(&regex).multi_line(true).build().expect("a regex");
            if let Some(found) = regex.find(&bytes)
                && best.is_none_or(|(start, _, _)| found.start() < start)
            {
                best = Some((found.start(), found.end(), index));
            }
        }
        let patterns = Patterns::new(patterns).expect("these compile");
        let mut rig = Rig::new(StreamConfig { kind: StreamKind::Raw, ..StreamConfig::default() });
        rig.wait(&patterns, WaitOptions::default());
        rig.out(&bytes);
        rig.eof();
        let found = rig.found_or_failed().map(|found| (found.position as usize, found.end as usize, found.index));
        prop_assert_eq!(found, best);
    }

    #[test]
    fn text_never_depends_on_how_the_bytes_arrived(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\x1b[]0;1Hm\r\n \x08\x07\\P\xc3\xa9\xe6\x97\xa5".to_vec())], 0..200),
        size in 1usize..9,
    ) {
        let whole = tests::filtered(&bytes);
        let mut filter = TextFilter::new(20);
        let mut text = Vec::new();
        bytes.chunks(size).for_each(|chunk| filter.push(chunk, &mut text));
        filter.finish(&mut text);
        prop_assert_eq!(String::from_utf8(text).expect("UTF-8"), whole);
    }

    #[test]
    fn what_is_kept_and_dropped_never_depends_on_how_the_bytes_arrived(
        did in prop::collection::vec(did(), 0..24),
        size in 1usize..40,
        keep_bytes in 4usize..60,
    ) {
        let run = |size: usize| {
            let mut rig = Rig::new(StreamConfig { keep_bytes, ..StreamConfig::default() });
            rig.expect(["never"]);
            let bytes: Vec<u8> = did.iter().flat_map(|did| match did {
                Did::Prints(bytes) => bytes.to_vec(),
                Did::WaitsForInput => Vec::new(),
            }).collect();
            let mut events = Vec::new();
            for chunk in bytes.chunks(size) {
                rig.out(chunk);
                assert!(rig.e.unmatched().len() <= keep_bytes);
                events.extend(std::iter::from_fn(|| rig.e.poll_event()));
            }
            (events, rig.e.unmatched().to_vec())
        };
        prop_assert_eq!(run(usize::MAX), run(size));
    }
}

const FLOOD: &[u8] =
    b"\x1b[32m 2030-01-02\x1b[m INFO  request 0123456789 took 12 ms, nothing is wrong here at all\r\n";

/// What the machine holds after so much output that matches nothing, and the steps it took, by bytes of the stream.
fn flood(bytes: usize, patterns: &Patterns, precedence: Precedence) -> (usize, u64, u64) {
    const KEEP: usize = 1 << 20;
    let mut rig = Rig::new(StreamConfig {
        keep_bytes: KEEP,
        ..StreamConfig::default()
    });
    rig.wait(
        patterns,
        WaitOptions {
            precedence,
            ..WaitOptions::default()
        },
    );
    let chunk = FLOOD.repeat((64 << 10) / FLOOD.len());
    for _ in 0..bytes / chunk.len() {
        rig.e.handle_output(&chunk, rig.now);
        while let Some(event) = rig.e.poll_event() {
            assert!(matches!(event, ExpectEvent::Truncated { .. }));
        }
    }
    (rig.e.kept_capacity(), rig.e.steps(), rig.e.end())
}

#[test]
fn a_flood_that_matches_nothing_costs_one_step_a_byte_and_bounded_memory() {
    let patterns = Patterns::new([
        Pattern::from("password: "),
        Pattern::regex("(?i)error: .* at line [0-9]+$"),
        Pattern::regex("[0-9]+ (seconds|minutes)"),
        Pattern::glob("fatal*denied"),
    ])
    .expect("these compile");
    // All of it where the compiler has made it fast; the count of steps is the same law for less.
    let much = if cfg!(debug_assertions) {
        16 << 20
    } else {
        100 << 20
    };
    for (bytes, precedence) in [(much, Precedence::Leftmost), (4 << 20, Precedence::Listed)] {
        let (capacity, steps, end) = flood(bytes, &patterns, precedence);
        let walks = if precedence == Precedence::Listed { 4 } else { 1 };
        assert_eq!(steps, end * walks);
        assert!(capacity < 8 << 20, "{capacity} bytes are held");
    }
}

#[test]
fn ten_thousand_waits_hold_no_more_than_ten() {
    let mut rig = Rig::text();
    let patterns =
        Patterns::new([Pattern::from(">>> "), Pattern::regex("error: (.*)$")]).expect("these compile");
    let mut held = 0;
    for turn in 0..10_000 {
        rig.out(format!("{turn}\r\nsome output of this turn\r\n>>> "));
        rig.wait(&patterns, WaitOptions::default());
        let found = rig.found().expect("the prompt");
        assert_eq!(found.before(), format!("{turn}\nsome output of this turn\n"));
        if turn == 10 {
            held = rig.e.kept_capacity();
        }
    }
    assert_eq!(rig.e.kept_capacity(), held);
    assert_eq!(rig.e.position(), rig.e.end());
}

/// Text that has come already is not looked at again by each wait that takes a little of it.
#[test]
fn many_waits_on_one_burst_are_linear() {
    let mut rig = Rig::text();
    rig.out("word ".repeat(20_000));
    let patterns = Patterns::new(["word"]).expect("compiles");
    let mut steps = 0;
    for _ in 0..20_000 {
        rig.wait(
            &patterns,
            WaitOptions {
                peek: true,
                ..WaitOptions::default()
            },
        );
        let found = rig.found().expect("there");
        rig.e.consume_to(found.end, rig.now);
        steps += found.end - found.position + 1;
    }
    assert!(steps <= 5 * 20_000);
    assert!(rig.e.unmatched().len() <= 1);
}

/// Patterns whose states fill the cache again and again find what they would find in a large one.
#[test]
fn a_full_cache_changes_nothing() {
    let patterns =
        Patterns::new([Pattern::regex("a[ab]{20}c"), Pattern::regex("[ab]{9}d+")]).expect("these compile");
    let mut text = String::new();
    let mut bits = 0x9e37_79b9_u32;
    for _ in 0..60_000 {
        bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push(if bits & 0x8000_0000 == 0 { 'a' } else { 'b' });
    }
    text.push_str("dd.");
    let mut whole = Rig::text();
    whole.wait(&patterns, WaitOptions::default());
    whole.out(&text[..text.len() - 3]);
    assert!(whole.e.clears() > 0, "the cache is large enough for all states");
    whole.out(&text[text.len() - 3..]);
    let mut cut = Rig::text();
    cut.wait(&patterns, WaitOptions::default());
    text.as_bytes().chunks(977).for_each(|chunk| cut.out(chunk));
    let found = whole.found().expect("there");
    assert_eq!(
        (&*found.matched(), found.index),
        (&text[text.len() - 12..text.len() - 1], 1)
    );
    let cut = cut.found().expect("there");
    assert_eq!((cut.position, cut.end, cut.index), (found.position, found.end, 1));
}

/// Figures for a person: `cargo test --release --lib expect_throughput -- --ignored --nocapture`.
#[test]
#[ignore = "prints how fast the filter and the search are; nothing is asserted of it"]
#[expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
fn expect_throughput() {
    const BYTES: usize = 256 << 20;
    let chunk = FLOOD.repeat((64 << 10) / FLOOD.len());
    let plain =
        b"0123456789 plain output without any colour, and long enough to be a line of text\r\n".repeat(800);
    let began = std::time::Instant::now;
    let rate = |bytes: usize, since: std::time::Instant| bytes as f64 / 1e6 / since.elapsed().as_secs_f64();
    for (name, chunk) in [("coloured", &chunk), ("plain", &plain)] {
        let mut filter = TextFilter::new(80);
        let mut text = Vec::new();
        let since = began();
        for _ in 0..BYTES / chunk.len() {
            text.clear();
            filter.push(chunk, &mut text);
        }
        println!("filter, {name}: {:.0} MB/s", rate(BYTES, since));
        for (patterns, count) in [
            (Patterns::new([Pattern::from("password: ")]), "a literal"),
            (
                Patterns::new([Pattern::regex("[0-9]+ (seconds|minutes)")]),
                "a regex",
            ),
            (
                Patterns::new([
                    Pattern::from(">>> "),
                    Pattern::regex("(?i)error: .*$"),
                    Pattern::glob("fatal*"),
                ]),
                "three patterns",
            ),
        ] {
            let mut rig = Rig::text();
            rig.wait(&patterns.expect("compiles"), WaitOptions::default());
            let since = began();
            for _ in 0..BYTES / chunk.len() {
                rig.e.handle_output(chunk, rig.now);
                while rig.e.poll_event().is_some() {}
            }
            println!("filter and {count}, {name}: {:.0} MB/s", rate(BYTES, since));
        }
    }
    let since = began();
    for _ in 0..10_000 {
        Patterns::new([Pattern::regex("\\$ ?$"), Pattern::from(">>> ")]).expect("compiles");
    }
    println!(
        "compile two patterns: {:.1} µs",
        since.elapsed().as_secs_f64() * 1e2
    );
    let patterns = Patterns::new([Pattern::from(">>> ")]).expect("compiles");
    let mut rig = Rig::text();
    let since = began();
    for _ in 0..100_000 {
        rig.wait(&patterns, WaitOptions::default());
        rig.e.handle_output(b"1 + 1\r\n2\r\n>>> ", rig.now);
        assert!(rig.found().is_some());
    }
    println!("a turn: {:.2} µs", since.elapsed().as_secs_f64() * 10.0);
}
