//! The machine on given texts, with given times.

use std::time::Duration;

use super::*;
use crate::engine::framer::facts::Facts;
use crate::engine::protocol::Spec;
use crate::engine::term::{Screen, Size, TermConfig};

pub(super) fn ms(ms: u64) -> Time {
    Time(Duration::from_millis(ms))
}

/// A machine with what a driver has beside it.
pub(super) struct Rig {
    pub e: Expecter,
    spec: Spec,
    pub screen: Screen,
    facts: Facts,
    pub now: Time,
}

impl Rig {
    pub fn new(config: StreamConfig) -> Rig {
        let size = Size { cols: 20, rows: 5 };
        Rig {
            e: Expecter::new(StreamConfig { cols: 20, ..config }, Time::ZERO),
            spec: Spec::command("x", [""; 0]),
            screen: Screen::new(size, TermConfig::default()),
            facts: Facts::default(),
            now: Time::ZERO,
        }
    }

    pub fn text() -> Rig {
        Rig::new(StreamConfig::default())
    }

    pub fn view<'a>(spec: &'a Spec, screen: &'a Screen, facts: &'a Facts, now: Time) -> View<'a> {
        View {
            spec,
            screen,
            facts,
            probe: None,
            now,
            entered: None,
            entered_at: None,
            interrupted: false,
            submit_row: None,
        }
    }

    pub fn out(&mut self, bytes: impl AsRef<[u8]>) {
        self.screen.handle_bytes(bytes.as_ref());
        self.facts.last_output = self.now;
        self.e.handle_output(bytes.as_ref(), self.now);
    }

    pub fn drained(&mut self) {
        let view = Rig::view(&self.spec, &self.screen, &self.facts, self.now);
        self.e.handle_drained(&view, self.now);
    }

    /// Answers the look that is asked for, if one is.
    pub fn tty(&mut self, waiting: Waiting) -> bool {
        self.look(TtyProbe {
            echo: Some(false),
            canonical: Some(false),
            waiting,
            ..TtyProbe::default()
        })
    }

    pub fn look(&mut self, probe: TtyProbe) -> bool {
        let Some(depth) = self.e.poll_probe() else {
            return false;
        };
        let view = Rig::view(&self.spec, &self.screen, &self.facts, self.now);
        self.e.handle_tty(probe, depth, view, self.now);
        true
    }

    pub fn eof(&mut self) {
        self.e.handle_eof(self.now);
    }

    pub fn at(&mut self, ms: u64) {
        self.now = Time(Duration::from_millis(ms));
        self.e.handle_time(self.now);
    }

    pub fn wait(&mut self, patterns: &Patterns, options: WaitOptions) -> WaitId {
        let wait = Wait {
            patterns: patterns.clone(),
            options,
        };
        let id = self.e.expect(wait, self.now).expect("these patterns join");
        self.drained();
        id
    }

    pub fn expect<P: Into<Pattern>>(&mut self, patterns: impl IntoIterator<Item = P>) -> WaitId {
        let patterns = Patterns::new(patterns).expect("these patterns compile");
        self.wait(&patterns, WaitOptions::default())
    }

    pub fn expect_by<P: Into<Pattern>>(
        &mut self,
        precedence: Precedence,
        patterns: impl IntoIterator<Item = P>,
    ) {
        let patterns = Patterns::new(patterns).expect("these patterns compile");
        self.wait(
            &patterns,
            WaitOptions {
                precedence,
                ..WaitOptions::default()
            },
        );
    }

    pub fn found(&mut self) -> Option<Found> {
        match self.e.poll_event()? {
            ExpectEvent::Found { found, .. } => Some(*found),
            other => panic!("no find: {other:?}"),
        }
    }

    pub fn found_or_failed(&mut self) -> Option<Found> {
        match self.e.poll_event()? {
            ExpectEvent::Found { found, .. } => Some(*found),
            _ => None,
        }
    }

    /// What was found, as `index:matched`; `-` when nothing was.
    pub fn told(&mut self) -> String {
        match self.found() {
            Some(found) => format!("{}:{}", found.index, found.matched()),
            None => "-".into(),
        }
    }

    pub fn failed(&mut self) -> Failure {
        match self.e.poll_event() {
            Some(ExpectEvent::Failed { failure, .. }) => *failure,
            other => panic!("no failure: {other:?}"),
        }
    }
}

fn re(regex: &str) -> Pattern {
    Pattern::regex(regex)
}

/// What the filter makes of bytes, on a terminal of 20 columns.
pub(super) fn filtered(bytes: &[u8]) -> String {
    let mut filter = TextFilter::new(20);
    let mut text = Vec::new();
    filter.push(bytes, &mut text);
    filter.finish(&mut text);
    String::from_utf8(text).expect("text is UTF-8")
}

// Text.

#[test]
fn bytes_become_what_a_person_reads() {
    for (bytes, text) in [
        (&b"plain\r\nlines\r\r\nof\ntext"[..], "plain\nlines\nof\ntext"),
        (b"a\x0bb\x0cc", "a\nb\nc"),
        (b"50%\r60%\r\n", "50%\r60%\n"),
        // In the first column it moves nothing: line editors end their prompts so.
        (b"\r$ ls\r\n\x1b[?2004l\rone\n\r\rtwo", "$ ls\none\ntwo"),
        (b"tab\tbell\x07nul\0del\x7f bs\x08", "tab\tbellnuldel bs\x08"),
        (b"\x1b[1;31mred\x1b[0m\x1b]0;title\x07x\x1b]8;;u\x1b\\y", "redxy"),
        (b"\x1b[?2004h$ \x1bPq#0\x1b\\z", "$ z"),
        (b"a\x1b[5;1Hb\x1b[5;9H\x1b[6;1Hc", "a\nb\nc"),
        (b"\x1b[H\x1b[2Ja\x1b[Kb", "ab"),
        (b"name\x1b[10Cval\x1b[40G.\x1b[G!", "name val .\r!"),
        (b"ab\x1b[Dc", "ab\x08c"),
        (b"x\x1b[Ey\x1bDz", "x\ny\nz"),
        (b"-\x1b[4b|", "-----|"),
        (b"\x1b(0qx\x1b(Bqx", "─│qx"),
        (b"\x1b[?1049hfull\x1b[?1049lback", "full\nback"),
        ("ünï·日本 \u{85}x".as_bytes(), "ünï·日本 x"),
        (
            b"a\xffb\xe2\x82c\xf0\x80d\xc3",
            "a\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}d\u{fffd}",
        ),
        (b"\x1b[3\x18cut", "cut"),
        (b"\x1b[1\nm.", "\n."),
        // A line editor wraps what is typed; a space at the margin of output is one.
        (b"12345678901234567890 \rabc", "12345678901234567890abc"),
        (b"12345678901234567890 abc", "12345678901234567890 abc"),
        (b"12345678901234567890 \r\nabc", "12345678901234567890 \nabc"),
        (
            b"12345678901234567890\x1b[m \r\x1b[Kabcdefghijklmnopqrst \ru",
            "12345678901234567890abcdefghijklmnopqrstu",
        ),
        (b"123456789012345678 \rabc", "123456789012345678 \rabc"),
    ] {
        assert_eq!(filtered(bytes), text, "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn a_string_that_never_ends_does_not_swallow_the_rest() {
    let mut bytes = b"\x1b]0;".to_vec();
    bytes.resize(limits::EXPECT_STRING_BYTES + 2, b'x');
    bytes.extend(b"seen");
    assert_eq!(filtered(&bytes), "seen");
}

// Which match: the cases that pexpect and Tcl expect share.

#[test]
fn leftmost_then_first_listed() {
    for (patterns, text, told) in [
        (vec!["alpha", "beta"], "xx beta yy alpha zz", "1:beta"),
        (vec!["the", "there"], "in there now", "0:the"),
        (vec!["there", "the"], "in there now", "0:there"),
        (vec!["x", "x"], "x", "0:x"),
        // The same end: the earlier start.
        (vec!["cd", "abcd"], "abcd.", "1:abcd"),
        (vec!["abc", "b"], "abd..", "1:b"),
    ] {
        let mut rig = Rig::text();
        rig.out(text);
        rig.expect(patterns.iter().copied());
        assert_eq!(rig.told(), told, "{patterns:?} in {text:?}");
    }
}

#[test]
fn first_listed_wherever_it_stands() {
    let mut rig = Rig::text();
    rig.expect_by(Precedence::Listed, ["alpha", "beta"]);
    rig.out("xx beta yy ");
    rig.drained();
    assert_eq!(rig.told(), "-", "alpha may still come");
    rig.out("alpha");
    assert_eq!(rig.told(), "0:alpha");
    assert_eq!(rig.e.unmatched(), b"");
    // It is not waited for without end.
    rig.expect_by(Precedence::Listed, ["alpha", "beta"]);
    rig.out("beta");
    rig.out(vec![b'.'; limits::EXPECT_LISTED_BYTES as usize - 1]);
    assert_eq!(rig.told(), "-");
    rig.out(".alpha");
    assert_eq!(rig.told(), "1:beta");
    // The tool that waits has said all.
    rig.expect_by(Precedence::Listed, ["gamma", "alpha"]);
    rig.drained();
    assert!(rig.tty(Waiting::Read));
    assert_eq!(rig.told(), "1:alpha");
}

#[test]
fn the_first_to_be_complete() {
    for (patterns, text, told) in [
        (vec!["abcd", "bc"], "abcd", "1:bc"),
        (vec!["cd", "abcd"], "abcd", "1:abcd"),
        (vec!["x", "x"], "x", "0:x"),
    ] {
        let mut rig = Rig::text();
        rig.expect_by(Precedence::Earliest, patterns.iter().copied());
        rig.out(text);
        assert_eq!(rig.told(), told, "{patterns:?}");
    }
    let mut rig = Rig::text();
    rig.expect_by(Precedence::Earliest, [re("[0-9]+")]);
    rig.out("12");
    assert_eq!(rig.told(), "0:1");
}

// When.

#[test]
fn what_cannot_change_is_told_at_once() {
    for pattern in [
        Pattern::from(">>> "),
        re("assword: "),
        re("(yes|no)\\?"),
        Pattern::from("É").ignore_case(),
    ] {
        let mut rig = Rig::text();
        rig.expect([pattern.clone()]);
        rig.out("assword: yes? É");
        rig.out(">>> ");
        let found = rig.found().unwrap_or_else(|| panic!("{pattern:?}"));
        assert_eq!(found.settled_by, Settled::AtOnce);
        assert_eq!(rig.e.poll_probe(), None);
    }
}

#[test]
fn a_greedy_match_waits_for_what_follows() {
    let mut rig = Rig::text();
    rig.expect([re("[0-9]+")]);
    rig.out("n 12");
    rig.drained();
    assert!(rig.tty(Waiting::No), "it may grow: the tty is looked at");
    assert_eq!(rig.told(), "-");
    rig.now = ms(300);
    rig.out("34");
    rig.drained();
    assert_eq!(rig.told(), "-");
    rig.out("\r\n");
    let found = rig.found().expect("ended by the line's end");
    assert_eq!(
        (&*found.matched(), &*found.before(), found.settled_by),
        ("1234", "n ", Settled::Following)
    );
    assert_eq!(found.waited, Duration::from_millis(300));
    assert_eq!((found.position, found.end), (2, 6));
    assert_eq!((&*found.after(), found.after_bytes), ("\n", 1));
}

#[test]
fn a_tool_that_waits_for_input_has_said_all() {
    for waiting in [Waiting::Read, Waiting::Poll] {
        let mut rig = Rig::text();
        rig.expect([re("\\$ ?$")]);
        rig.out("a$ ");
        rig.drained();
        assert!(rig.tty(waiting));
        let found = rig.found().expect("settled");
        assert_eq!(
            (&*found.matched(), found.settled_by),
            ("$ ", Settled::WaitsForInput)
        );
    }
    // What it says when it waits is remembered for the next wait, until something is typed.
    let mut rig = Rig::text();
    rig.out("12 34");
    rig.expect([re("[0-9]+$")]);
    assert!(rig.tty(Waiting::Read));
    assert_eq!(rig.told(), "0:34");
    rig.e.handle_typed();
    rig.out("56");
    rig.expect([re("[0-9]+$")]);
    assert_eq!(rig.told(), "-");
    assert!(rig.tty(Waiting::Read));
    assert_eq!(rig.told(), "0:56");
}

#[test]
fn a_prompt_that_ends_behind_the_margin_is_whole_when_the_tool_waits() {
    for (waiting, told) in [(Waiting::Read, "0:$ "), (Waiting::No, "-")] {
        let mut rig = Rig::text();
        rig.expect([Pattern::from("$ ")]);
        rig.out("1234567890123456789$ ");
        rig.drained();
        assert!(rig.tty(waiting));
        assert_eq!(rig.told(), told);
    }
}

#[test]
fn a_cooked_tool_that_polls_is_not_taken_at_its_word() {
    let mut rig = Rig::text();
    rig.expect([re("[0-9]+")]);
    rig.out("12");
    rig.drained();
    let probe = TtyProbe {
        echo: Some(true),
        canonical: Some(true),
        waiting: Waiting::Poll,
        ..TtyProbe::default()
    };
    assert!(rig.look(probe));
    assert_eq!(rig.told(), "-");
    assert_eq!(rig.e.poll_deadline(), Some(Time::ZERO + limits::EXPECT_SETTLE));
}

#[test]
fn silence_settles_where_the_platform_cannot_tell() {
    let mut rig = Rig::text();
    rig.expect([re("[0-9]+")]);
    rig.out("12");
    rig.drained();
    assert!(rig.tty(Waiting::Unknown));
    assert_eq!(rig.e.poll_deadline(), Some(Time::ZERO + limits::EXPECT_SETTLE));
    rig.at(249);
    assert_eq!(rig.told(), "-");
    rig.at(250);
    let found = rig.found().expect("settled");
    assert_eq!((&*found.matched(), found.settled_by), ("12", Settled::Silence));
    // Nothing to be settled: no deadline but the wait's own.
    rig.expect([re("[a-z]+")]);
    assert_eq!(rig.e.poll_deadline(), Some(rig.now + limits::EXPECT_TIMEOUT));
}

#[test]
fn looks_that_see_a_tool_at_work_come_ever_more_rarely() {
    let mut rig = Rig::text();
    rig.expect([re("[0-9]+")]);
    rig.out("12");
    rig.drained();
    let mut last = Duration::ZERO;
    for _ in 0..20 {
        assert!(rig.tty(Waiting::No));
        let next = rig.e.poll_deadline().expect("another look");
        assert!(next - rig.now >= last);
        last = next - rig.now;
        rig.now = next;
        rig.e.handle_time(next);
    }
    assert_eq!(last, limits::REPROBE_MAX);
}

#[test]
fn the_end_and_the_deadline_take_what_has_matched_so_far() {
    let mut rig = Rig::text();
    rig.expect([re("[0-9]+"), Pattern::eof()]);
    rig.out("a 12");
    rig.eof();
    let found = rig.found().expect("settled by the end");
    assert_eq!(
        (found.index, &*found.matched(), found.settled_by),
        (0, "12", Settled::Eof)
    );
    rig.expect([re("[0-9]+"), Pattern::eof()]);
    let found = rig.found().expect("the end");
    assert_eq!(
        (found.index, found.kind, &*found.before()),
        (1, FoundKind::Eof, "")
    );
    // And again, as often as it is asked.
    rig.expect(["x"]);
    assert_eq!(rig.failed().why, FailureWhy::Eof);

    let mut rig = Rig::text();
    rig.expect([re("[0-9]+"), Pattern::timeout()]);
    rig.out("a 12");
    rig.at(10_000);
    let found = rig.found().expect("settled by the deadline");
    assert_eq!(
        (found.index, &*found.matched(), found.settled_by),
        (0, "12", Settled::Timeout)
    );
}

// Whose text.

#[test]
fn before_matched_after_and_the_next_wait() {
    let mut rig = Rig::text();
    rig.out("one 1\r\ntwo 2\r\nrest");
    rig.expect([re("(?<word>[a-z]+) (?<digit>[0-9])\n|(never)")]);
    let found = rig.found().expect("there");
    assert_eq!(found.before(), "");
    assert_eq!(found.matched(), "one 1\n");
    assert_eq!(found.group(1).as_deref(), Some("one"));
    assert_eq!(found.named("digit").as_deref(), Some("1"));
    assert_eq!(found.group(3), None);
    assert_eq!((&*found.after(), found.after_bytes), ("two 2\nrest", 10));
    rig.expect(["2"]);
    let found = rig.found().expect("there");
    assert_eq!((&*found.before(), found.position), ("two ", 10));
    // `hi` three times, of which two are there.
    let mut rig = Rig::text();
    rig.out("hi...ahi");
    for told in ["0:hi", "0:hi", "-"] {
        rig.expect(["hi"]);
        assert_eq!(rig.told(), told);
    }
}

#[test]
fn a_peek_takes_nothing() {
    let mut rig = Rig::text();
    rig.out("abc");
    let patterns = Patterns::new(["b"]).expect("compiles");
    for peek in [true, true, false] {
        rig.wait(
            &patterns,
            WaitOptions {
                peek,
                ..WaitOptions::default()
            },
        );
        assert_eq!(rig.told(), "0:b");
    }
    assert_eq!(rig.e.unmatched(), b"c");
}

#[test]
fn a_timeout_takes_nothing_and_keeps_all() {
    let mut rig = Rig::text();
    rig.expect([Pattern::from("END"), Pattern::timeout()]);
    for line in 0..500 {
        rig.out(format!("line {line}\r\n"));
    }
    rig.at(10_000);
    let found = rig.found().expect("time is up");
    assert_eq!((found.index, found.kind), (1, FoundKind::Timeout));
    let shown = found.before().into_owned();
    rig.expect(["END"]);
    rig.out("END!!!");
    let found = rig.found().expect("there");
    assert_eq!(found.before(), shown);
    assert_eq!(rig.e.unmatched(), b"!!!");
}

#[test]
fn anchors_are_those_of_lines_and_of_the_unmatched_text() {
    for (regex, told) in [
        ("^two", "0:two"),
        ("one$", "0:one"),
        ("\\Aone", "0:one"),
        ("\\Atwo", "-"),
        ("three\\z", "-"),
        ("o.*t", "-"),
        ("(?s)o.*?t", "0:one\nt"),
        ("\\btw", "0:tw"),
        ("\\Bwo", "0:wo"),
    ] {
        let mut rig = Rig::text();
        rig.out("one\r\ntwo\r\nthree");
        rig.expect([re(regex)]);
        assert_eq!(rig.told(), told, "{regex}");
    }
    // A prompt behind a mark that is painted over, a progress bar, and lines of raw bytes.
    for (kind, text, regex, told) in [
        (StreamKind::Text, "%        \r \rvm$ ", "^vm\\$ ", "0:vm$ "),
        (StreamKind::Text, "10%\r20%\r30%\r\n", "^20%$", "0:20%"),
        (StreamKind::Text, "10%\r20%\r30%\r\n", ".+", "0:10%"),
        (StreamKind::Raw, "one\r\ntwo\r\n", "^two$", "0:two"),
        (StreamKind::Raw, "one\r\ntwo\r\n", "^\n", "-"),
    ] {
        let config = StreamConfig {
            kind,
            ..StreamConfig::default()
        };
        let mut rig = Rig::new(config);
        rig.out(text);
        rig.expect([re(regex)]);
        assert_eq!(rig.told(), told, "{regex}");
    }
    let mut rig = Rig::text();
    rig.out("one\r\ntwo\r\nthree");
    rig.expect([re("three\\z")]);
    rig.eof();
    assert_eq!(rig.told(), "0:three");
}

#[test]
fn letters_of_either_case() {
    for pattern in [
        Pattern::from("PASSwörd").ignore_case(),
        Pattern::glob("PASS*").ignore_case(),
        re("PASSwörd").ignore_case(),
    ] {
        let mut rig = Rig::text();
        rig.out("my passWÖRD\n");
        rig.expect([pattern]);
        assert_eq!(rig.told(), "0:passWÖRD");
    }
}

#[test]
fn raw_bytes_are_found_as_they_came() {
    let mut rig = Rig::new(StreamConfig {
        kind: StreamKind::Raw,
        ..StreamConfig::default()
    });
    rig.out(b"a\xff\xff\xffb\x1b[mEND\0\r\n tail");
    rig.expect([re("(?-u:\\xff)b"), Pattern::from("\0\r\n")]);
    let found = rig.found().expect("there");
    assert_eq!(
        (&found.before[..], &found.matched[..]),
        (&b"a\xff\xff"[..], &b"\xffb"[..])
    );
    rig.expect(["END"]);
    assert_eq!(rig.found().expect("there").before, b"\x1b[m");
}

// Groups.

#[test]
fn groups_stand_before_and_after_each_wait() {
    let mut rig = Rig::text();
    let error = rig.e.before(Patterns::new(["x", "error"]).expect("compiles"));
    let late = rig.e.after(Patterns::new(["ok", "late"]).expect("compiles"));
    rig.out("error ok late ok");
    let ok = Patterns::new(["ok"]).expect("compiles");
    for (group, index, matched) in [
        (Group::Before(error), 1, "error"),
        (Group::Own, 0, "ok"),
        (Group::After(late), 1, "late"),
        (Group::Own, 0, "ok"),
    ] {
        rig.wait(&ok, WaitOptions::default());
        let found = rig.found().expect("there");
        assert_eq!(
            (found.group, found.index, &*found.matched()),
            (group, index, matched)
        );
    }
    assert!(rig.e.forget(late));
    assert!(!rig.e.forget(late));
    rig.out("late");
    rig.wait(&ok, WaitOptions::default());
    assert_eq!(rig.told(), "-");
}

#[test]
fn the_background_sees_all_and_takes_nothing() {
    let mut rig = Rig::text();
    rig.out("warn: old\r\n");
    let group = rig
        .e
        .background(Patterns::new([re("warn: .*$")]).expect("compiles"), rig.now);
    rig.expect(["END"]);
    rig.out("a\r\nwarn: one\r\nwarn: tw");
    rig.out("o\r\nEND");
    let mut told = Vec::new();
    while let Some(event) = rig.e.poll_event() {
        match event {
            ExpectEvent::Background { group: of, found } => {
                assert_eq!((of, found.group), (group, Group::Background(group)));
                told.push(found.matched().into_owned());
            }
            ExpectEvent::Found { found, .. } => told.push(found.before().into_owned()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        told,
        ["warn: one", "warn: two", "warn: old\na\nwarn: one\nwarn: two\n"]
    );
}

// What is none of text.

#[test]
fn the_screen_is_looked_at_when_it_is_whole() {
    let condition = ScreenCondition::cursor_line("(?<who>[a-z]+)\\$ $").expect("valid");
    let mut rig = Rig::text();
    rig.expect([Pattern::from("never"), condition.into()]);
    rig.out("\x1b[3;1Hbo");
    rig.out("b$ ");
    assert_eq!(rig.told(), "-");
    rig.drained();
    let found = rig.found().expect("the screen is so");
    assert_eq!((found.index, found.kind), (1, FoundKind::Screen));
    assert_eq!(found.named("who").as_deref(), Some("bob"));
    assert_eq!((&*found.before(), rig.e.unmatched()), ("bob$ ", &b""[..]));
}

#[test]
fn a_screen_older_than_what_was_typed_does_not_count() {
    let condition = ScreenCondition::cursor_line("\\$ $").expect("valid");
    let mut rig = Rig::text();
    rig.out("$ ");
    rig.e.handle_typed();
    rig.expect([Pattern::from(condition)]);
    assert_eq!(rig.told(), "-");
    rig.out("ls\r\nfile\r\n$ ");
    rig.drained();
    assert_eq!(rig.told(), "0:");
}

#[test]
fn conditions_on_the_tty_ask_for_a_look() {
    let condition =
        ScreenCondition::parse("{ cursor_line = 'assword: $', tty = \"hidden\" }").expect("valid");
    let mut rig = Rig::text();
    rig.expect([Pattern::from(condition)]);
    rig.out("hello");
    rig.drained();
    assert_eq!(rig.e.poll_probe(), None, "the screen does not agree");
    rig.out("\r\nPassword: ");
    rig.drained();
    let shown = |echo| TtyProbe {
        echo: Some(echo),
        canonical: Some(true),
        ..TtyProbe::default()
    };
    assert!(rig.look(shown(true)));
    assert_eq!(rig.told(), "-");
    let again = rig.e.poll_deadline().expect("the tty may change without output");
    rig.now = again;
    rig.e.handle_time(again);
    assert!(rig.look(shown(false)));
    assert_eq!(rig.told(), "0:");
}

#[test]
fn states_silence_and_the_bound() {
    let mut rig = Rig::text();
    rig.expect([Pattern::ready(), Pattern::blocked()]);
    rig.e.handle_state(&State::Starting, rig.now);
    rig.e.handle_state(&State::Busy { turn: None }, rig.now);
    assert_eq!(rig.told(), "-");
    rig.e.handle_state(&State::Ready, rig.now);
    assert_eq!(
        rig.found().expect("ready").kind,
        FoundKind::State(StateWanted::Ready)
    );

    rig.out("x");
    rig.expect([Pattern::quiet(Duration::from_millis(500))]);
    assert_eq!(rig.e.poll_deadline(), Some(ms(500)));
    rig.now = ms(400);
    rig.out("y");
    rig.at(500);
    assert_eq!(rig.told(), "-");
    rig.at(900);
    let found = rig.found().expect("quiet");
    assert_eq!(
        (found.kind, &*found.before(), found.settled_by),
        (FoundKind::Quiet, "xy", Settled::Silence)
    );

    let mut rig = Rig::new(StreamConfig {
        keep_bytes: 8,
        ..StreamConfig::default()
    });
    rig.expect([Pattern::from("zz"), Pattern::Full]);
    rig.out("1234567");
    assert_eq!(rig.told(), "-");
    rig.out("890");
    let found = rig.found().expect("full");
    assert_eq!((found.kind, &*found.before()), (FoundKind::Full, "12345678"));
    assert_eq!(rig.e.unmatched(), b"90");
}

#[test]
fn the_exit_is_waited_for_behind_the_end() {
    let mut rig = Rig::text();
    rig.expect([Pattern::State(StateWanted::Exited)]);
    rig.eof();
    assert_eq!(rig.told(), "-");
    let exit = crate::engine::tty::Exit::Code(0);
    rig.e.handle_state(&State::Exited { exit }, rig.now);
    assert_eq!(rig.told(), "0:");
}

// Limits.

#[test]
fn the_older_half_is_dropped_and_told() {
    let mut rig = Rig::new(StreamConfig {
        keep_bytes: 8,
        ..StreamConfig::default()
    });
    rig.expect(["END"]);
    rig.out("0123456789abEND");
    assert_eq!(rig.e.poll_event(), Some(ExpectEvent::Truncated { bytes: 4 }));
    assert_eq!(rig.e.poll_event(), Some(ExpectEvent::Truncated { bytes: 4 }));
    let found = rig.found().expect("there");
    assert_eq!(
        (&*found.before(), found.truncated_bytes, found.position),
        ("89ab", 8, 12)
    );
    // No character is cut.
    let mut rig = Rig::new(StreamConfig {
        keep_bytes: 8,
        ..StreamConfig::default()
    });
    rig.out("aüüüü");
    assert_eq!(rig.e.poll_event(), Some(ExpectEvent::Truncated { bytes: 5 }));
    assert_eq!(rig.e.unmatched(), "üü".as_bytes());
}

#[test]
fn a_match_whose_start_was_dropped_is_what_is_left_of_it() {
    let mut rig = Rig::new(StreamConfig {
        keep_bytes: 8,
        ..StreamConfig::default()
    });
    rig.expect([re("a[0-9]*z")]);
    rig.out("a01234567z");
    assert_eq!(rig.e.poll_event(), Some(ExpectEvent::Truncated { bytes: 4 }));
    let found = rig.found().expect("there");
    assert_eq!(
        (&*found.before(), &*found.matched(), found.truncated_bytes),
        ("", "34567z", 4)
    );
}

// Failures.

#[test]
fn a_failure_says_how_near_each_came() {
    let mut rig = Rig::text();
    rig.expect([
        Pattern::from("Password: "),
        re("uid=[0-9]+\\(root"),
        Pattern::from("zebra"),
        ScreenCondition::cursor_line("\\$ $").expect("valid").into(),
    ]);
    rig.out("Passw\r\nPassword for bob\r\nuid=1000(bob)\r\nlast");
    rig.drained();
    rig.at(10_000);
    let mut failure = rig.failed();
    assert_eq!(
        (failure.why, failure.waited),
        (FailureWhy::TimedOut, limits::EXPECT_TIMEOUT)
    );
    let near = |at: usize| {
        failure.patterns[at]
            .near
            .as_ref()
            .map(|near| (&*near.text, near.position, &*near.line))
    };
    assert_eq!(near(0), Some(("Password", 6, "Password for bob")));
    assert_eq!(near(1), Some(("uid=1000(", 23, "uid=1000(bob)")));
    assert_eq!(near(2), None);
    assert_eq!(failure.patterns[1].pattern, "re(\"uid=[0-9]+\\\\(root\")");
    assert_eq!(
        failure.last_lines,
        ["Passw", "Password for bob", "uid=1000(bob)", "last"]
    );
    assert_eq!(failure.unmatched_bytes, 41);
    failure.look(&Rig::view(&rig.spec, &rig.screen, &rig.facts, rig.now));
    assert_eq!(
        failure.patterns[3].unmet.len(),
        1,
        "{:?}",
        failure.patterns[3].unmet
    );
}

#[test]
fn a_failure_of_large_text_costs_a_bounded_look() {
    let mut rig = Rig::text();
    rig.expect([re("(?s)a.*zebra")]);
    rig.out(vec![b'a'; 1 << 20]);
    rig.at(10_000);
    let failure = rig.failed();
    assert_eq!(failure.unmatched_bytes, 1 << 20);
    assert!(failure.patterns[0].near.is_some());
}

#[test]
fn a_pattern_that_is_none_says_where_and_which() {
    let error = Patterns::new([Pattern::from("ok"), re("a(b")]).expect_err("no regex");
    assert_eq!((error.index, error.column), (1, Some(2)));
    assert!(
        error.to_string().starts_with("pattern 2: re(\"a(b\"): "),
        "{error}"
    );
    let error = Patterns::new([Pattern::glob("x[")]).expect_err("no glob");
    assert_eq!((error.index, error.column), (0, Some(2)));
    assert!(Patterns::new([""]).expect_err("empty").hint.is_some());
    let error = Patterns::new([re("ok"), re("(\\w{900}){900}")]).expect_err("too large");
    assert_eq!(error.index, 1);
}

#[test]
fn waits_of_two_callers_share_the_text() {
    let mut rig = Rig::text();
    let first = rig.expect(["b"]);
    let second = rig.expect(["a", "c"]);
    let third = rig.expect(["never"]);
    assert!(rig.e.withdraw(third));
    assert!(!rig.e.withdraw(third));
    rig.out("abc");
    let waits: Vec<WaitId> = std::iter::from_fn(|| match rig.e.poll_event()? {
        ExpectEvent::Found { wait, .. } => Some(wait),
        other => panic!("{other:?}"),
    })
    .collect();
    assert_eq!(waits, [first, second]);
}

#[test]
fn what_a_turn_has_read_is_not_found_again() {
    let mut rig = Rig::text();
    rig.out("answer\r\nprompt");
    rig.e.consume_to(7, rig.now);
    rig.expect(["answer", "prompt"]);
    assert_eq!(rig.told(), "1:prompt");
}

#[test]
fn a_large_text_before_a_match_is_whole_and_what_follows_goes_on() {
    let large = "0123456789".repeat(20_000);
    let mut rig = Rig::text();
    rig.expect(["END"]);
    rig.out(&large);
    rig.out("END tail, more");
    let found = rig.found().expect("found");
    assert_eq!(
        (found.before(), found.after()),
        (large.as_str().into(), " tail, more".into())
    );
    assert_eq!((found.position, found.end), (200_000, 200_003));
    // It was moved: a copy would have left the session its buffer.
    assert!(rig.e.kept_capacity() < 100_000, "{}", rig.e.kept_capacity());
    rig.expect([re("t(ai)l")]);
    let found = rig.found().expect("found");
    assert_eq!((found.before().as_ref(), found.position), (" ", 200_004));

    let mut rig = Rig::text();
    rig.out(&large);
    rig.out("END");
    let peek = WaitOptions {
        peek: true,
        ..WaitOptions::default()
    };
    let patterns = Patterns::new(["END"]).expect("compiles");
    rig.wait(&patterns, peek);
    assert_eq!(rig.found().expect("found").before.len(), 200_000);
    rig.expect([Pattern::eof()]);
    rig.eof();
    assert_eq!(rig.found().expect("found").before.len(), 200_003);
}
