//! Recordings made by hand, and the scripts that come of them.

use std::time::Duration;

use super::*;
use crate::engine::term::Size;
use crate::engine::time::Time;
use crate::engine::tty::TtyProbe;
use crate::host::recording::{Recorded, RecordedKind};

/// A recording in the making; a second passes before each output.
struct Tape(Recording);

impl Tape {
    fn new() -> Tape {
        Tape(Recording {
            size: Size { cols: 80, rows: 24 },
            title: None,
            command: None,
            events: Vec::new(),
        })
    }

    fn event(mut self, kind: RecordedKind, later_ms: u64) -> Tape {
        let at = self.0.events.last().map_or(Time::ZERO, |event| event.at);
        let at = Time(at.0 + Duration::from_millis(later_ms));
        self.0.events.push(Recorded { at, kind });
        self
    }

    fn out(self, text: &str) -> Tape {
        self.event(RecordedKind::Output(text.into()), 1000)
    }

    fn typed(self, text: &str) -> Tape {
        self.event(RecordedKind::Input(text.into()), 10)
    }

    /// Typed key by key, each echoed.
    fn echoed(self, text: &str) -> Tape {
        text.chars().fold(self, |tape, c| {
            let echo = if c == '\r' {
                "\r\n".to_owned()
            } else {
                c.to_string()
            };
            tape.typed(&c.to_string())
                .event(RecordedKind::Output(echo.into()), 1)
        })
    }

    fn tty(self, echo: bool, canonical: bool) -> Tape {
        let probe = TtyProbe {
            echo: Some(echo),
            canonical: Some(canonical),
            ..TtyProbe::default()
        };
        self.event(RecordedKind::Tty(probe), 1)
    }

    fn exits(self, code: i32) -> Tape {
        self.event(RecordedKind::Exit(Exit::Code(code)), 1)
    }

    fn script(&self, command: &[&str]) -> Written {
        let about = About {
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            ..About::default()
        };
        write(&self.0, &about)
    }

    /// Without the comments and `spawn`.
    fn body(&self) -> String {
        let text = self.script(&["x"]).text;
        text.split_once("spawn([\"x\"]")
            .expect("the script spawns")
            .1
            .split_once('\n')
            .expect("a line")
            .1
            .to_owned()
    }
}

#[test]
fn a_dialogue_with_a_password_becomes_a_script_without_it() {
    let tape = Tape::new()
        .tty(true, true)
        .out("Trying 10.0.0.7...\r\nConnected.\r\nName (10.0.0.7:ann): ")
        .echoed("bob\r")
        .tty(false, true)
        .out("Password: ")
        .typed("*")
        .typed("*")
        .typed("**\r")
        .tty(true, true)
        .out("\r\n230 bob logged in at 18:46:18\r\nftp> ")
        .echoed("quit\r")
        .out("221 Bye\r\n")
        .exits(0);
    let wanted = r#"// Recorded from: ftp 10.0.0.7
// What differs from run to run is a pattern: numbers, dates, times, paths, addresses, names.
// What was typed unseen is not here. Each secret comes from the environment, or is asked for:
//
//   ptych script run --secret FTP_PASSWORD=prompt FILE

let s = spawn(["ftp", "10.0.0.7"]);

s.expect(re(`^Name \([\d.]+:ann\): $`));
s.send_line("bob");

s.expect("Password: ");
s.send_secret(secret("FTP_PASSWORD"));

s.expect("ftp> ");
s.send_line("quit");

let end = s.wait();
assert(end.code == 0, `it ended with ${end}`);
"#;
    let written = tape.script(&["ftp", "10.0.0.7"]);
    assert_eq!(written.text, wanted);
    assert_eq!(
        (written.steps, written.secrets),
        (3, vec!["FTP_PASSWORD".to_owned()])
    );
}

#[test]
fn a_key_by_itself_is_waited_for_and_sent_as_a_key() {
    let tape = Tape::new()
        .tty(false, false)
        .out("Pick one\r\n> apple\r\n  pear ")
        .typed("\x1b[B")
        .out("\x1b[2A\r  apple\r\n> pear \r\nmoved 1 ")
        .typed("\r")
        .out("\r\nYou have pear. Go on? [y/n] ")
        .typed("y")
        .out("\r\n% ")
        .typed("\x03")
        .exits(130);
    let wanted = r#"
s.expect("pear ");
s.send_key("down");

s.expect(re(`^moved \d+ $`));
s.send_line("");

s.expect("You have pear. Go on? [y/n] ");
s.send("y");

s.expect(re(`^% $`));
s.send_key("ctrl-c");

let end = s.wait();
assert(end.code == 130, `it ended with ${end}`);
"#;
    assert_eq!(tape.body(), wanted);
}

#[test]
fn lines_that_nobody_asks_for_are_one_step() {
    let tape = Tape::new()
        .tty(true, true)
        .echoed("one\rtwo\r")
        .typed("\x04")
        .out("2 lines\r\n")
        .exits(0);
    assert!(
        tape.body()
            .starts_with("\ns.send_line(\"one\");\ns.send_line(\"two\");\ns.send_eof();\n\nlet end"),
        "{}",
        tape.body()
    );
}

#[test]
fn what_the_terminal_said_is_not_typed_again() {
    let tape = Tape::new()
        .tty(false, false)
        .out("\x1b[6n\x1b]11;?\x07")
        .typed("\x1b[1;1R\x1b]11;rgb:00/00/00\x07")
        .out("Name? ")
        .echoed("ann\r")
        .exits(0);
    assert!(
        tape.body()
            .starts_with("\ns.expect(\"Name? \");\ns.send_line(\"ann\");\n\nlet"),
        "{}",
        tape.body()
    );
}

#[test]
fn a_program_with_a_screen_of_its_own_is_read_from_its_screen() {
    let tape = Tape::new()
        .tty(false, false)
        .out("\x1b[?1049h\x1b[2J\x1b[Hpick 3671c77 two\r\npick 941b2b1 three\x1b[24;1H-- all lines --\x1b[1;1H")
        .typed(":q!\r")
        .out("\x1b[?1049l")
        .exits(0);
    let written = tape.script(&["vi"]);
    assert!(
        written.text.contains("spawn([\"vi\"], #{ cols: 80, rows: 24 });"),
        "{}",
        written.text
    );
    // Of all rows, the one that is the same in another repository.
    let wanted = "\ns.expect(screen(#{ screen: `-- all lines --` }));\ns.send_line(\":q!\");\n";
    assert!(written.text.contains(wanted), "{}", written.text);
}

#[test]
fn what_is_new_on_a_screen_is_waited_for() {
    let tape = Tape::new()
        .tty(false, false)
        .out("\x1b[?1049h\x1b[2J\x1b[Hfirst line\x1b[24;1Ha status\x1b[1;1H")
        .typed("o")
        .out("\x1b[24;1H-- INSERT -- 2,1\x1b[2;1H")
        .typed("x")
        .exits(0);
    let wanted = "\ns.expect(screen(#{ screen: `first line` }));\ns.send(\"o\");\n\ns.expect(screen(#{ screen: `-- INSERT -- [\\d.,]+` }));\ns.send(\"x\");\n";
    assert!(
        tape.script(&["vi"]).text.contains(wanted),
        "{}",
        tape.script(&["vi"]).text
    );
}

#[test]
fn a_program_that_hides_keys_itself_keeps_its_secret() {
    let tape = Tape::new()
        .tty(false, false)
        .out("? Password: ")
        .typed("h")
        .typed("unter2\r")
        .out("\r\n? Name: ")
        .echoed("ann\r")
        .exits(0);
    let text = tape.script(&["app"]).text;
    assert!(
        text.contains("send_secret(secret(\"APP_PASSWORD\"))") && !text.contains("unter2"),
        "{text}"
    );
    assert!(text.contains("send_line(\"ann\")"), "{text}");
}

#[test]
fn a_secret_that_was_refused_is_not_tried_again() {
    let tape = Tape::new()
        .tty(false, true)
        .out("[sudo] password for ann: ")
        .typed("***\r")
        .out("\r\nSorry, try again.\r\n[sudo] password for ann: ")
        .typed("****\r")
        .out("\r\nroot\r\n")
        .exits(0);
    let wanted = r#"
s.expect("[sudo] password for ann: ");
s.send_secret(secret("X_PASSWORD"));

let end = s.wait();
assert(end.code == 0, `it ended with ${end}`);
"#;
    assert_eq!(tape.body(), wanted);
}

#[test]
fn what_the_program_was_given_it_is_given_again() {
    let about = About {
        command: vec!["x".into()],
        env: vec![("A".into(), Some("b c".into())), ("HOME".into(), None)],
        cwd: Some("/tmp/a".into()),
        ..About::default()
    };
    let text = write(&Tape::new().0, &about).text;
    let wanted = r#"let s = spawn(["x"], #{ cwd: "/tmp/a", env: #{ "A": "b c", "HOME": env("HOME") } });"#;
    assert!(text.contains(wanted), "{text}");
}

#[test]
fn a_slow_program_is_given_more_time() {
    let slow = Tape::new()
        .tty(true, true)
        .out("Go? ")
        .echoed("y\r")
        .event(RecordedKind::Output("Done? ".into()), 9_000)
        .echoed("y\r")
        .exits(0);
    assert!(
        slow.script(&["x"]).text.contains("set_timeout(28);"),
        "{}",
        slow.script(&["x"]).text
    );
    let quick = Tape::new().tty(true, true).out("Go? ").echoed("y\r").exits(0);
    assert!(!quick.script(&["x"]).text.contains("set_timeout"));
}

#[test]
fn texts_are_quoted_for_the_script_and_the_shell() {
    assert_eq!(quoted("a\"b\\c\n\x1b${x}"), r#""a\"b\\c\n\x1b${x}""#);
    assert_eq!(shell_word("it's"), r"'it'\''s'");
    assert_eq!(code(&Pattern::Regex(r"^\$ $".into())), r"re(`^\$ $`)");
}

/// A backtick in a script's text would end it, `${` would be a hole in it.
#[test]
fn patterns_stand_between_backticks() {
    let tape = Tape::new()
        .tty(true, true)
        .out("`1 ${2} > ")
        .echoed("y\r")
        .exits(0);
    assert!(
        tape.body().contains(r"s.expect(re(`^\x60\d+ \$\{\d+\} > $`));"),
        "{}",
        tape.body()
    );
}
