//! Waits for what the terminal shows: menus, editors, pagers, wraps.

use ptych::engine::term::Size;
use ptych::engine::tty::Exit;
use ptych::host::Options;
use ptych::host::expect::{FoundKind, Pattern, ScreenCondition};

use crate::expect_support::{SHORT, options, python, sh, spawn_with, wait};
use crate::support::run;

fn shows(regex: &str) -> ScreenCondition {
    ScreenCondition::shows(regex).expect("a condition")
}

fn small(cols: u16, rows: u16) -> Options {
    Options {
        size: Some(Size { cols, rows }),
        ..options()
    }
}

/// A menu that paints itself over: each item is at its place on the screen, and in pieces in the stream.
const MENU: &str = r#"
import os, sys, tty
tty.setraw(0)
items = ['alpha', 'beta', 'gamma']
at = 0
while True:
    out = '\x1b[2J\x1b[H'
    for n, item in enumerate(items):
        out += '\x1b[%d;3H%s%s\x1b[m' % (n + 2, '\x1b[7m> ' if n == at else '  ', item)
    os.write(1, (out + '\x1b[6;1Hchoose: ').encode())
    key = os.read(0, 3)
    if key == b'\x1b[B': at = (at + 1) % 3
    elif key == b'\r': break
os.write(1, ('\r\nchosen %s\r\n' % items[at]).encode())
"#;

#[test]
fn a_menu_is_read_where_it_stands() {
    run(async {
        let s = python(MENU);
        let found = s.expect(shows(r"(?m)^ +> alpha$")).await.expect("painted");
        assert_eq!(found.kind, FoundKind::Screen);
        for item in ["beta", "gamma"] {
            s.send_key("down").await.expect("a key");
            s.expect(shows(&format!("(?m)^ +> {item}$")))
                .await
                .expect("painted again");
        }
        let cursor = ScreenCondition::cursor_line("^choose: $").expect("a condition");
        s.expect(cursor).await.expect("it waits there");
        s.send_key("enter").await.expect("a key");
        s.expect("chosen gamma\n").await.expect("printed");
    });
}

/// What has been painted over is in the stream and not on the screen.
#[test]
fn the_screen_is_what_is_seen_and_not_what_was_said() {
    run(async {
        let s = sh(r"printf 'secret plan\r\033[Kpublic\n'; read x");
        s.expect(shows("public")).await.expect("shown");
        assert!(s.expect_with(shows("secret"), wait(SHORT)).await.is_err());
        let snapshot = s.snapshot().await.expect("alive");
        assert_eq!(snapshot.rows[0], "public");
    });
}

/// A word that the terminal's edge cuts in two is one word in the stream and in what the screen shows.
#[test]
fn a_wrapped_line_is_one_line() {
    run(async {
        let s = spawn_with(["sh", "-c", "echo 1234567890abcdefghij; read x"], small(12, 5));
        s.expect("90abcdef").await.expect("in the stream");
        let snapshot = s.snapshot().await.expect("alive");
        assert_eq!(snapshot.rows[..2], ["1234567890ab", "cdefghij"]);
    });
}

#[test]
fn titles_modes_and_the_terminals_flags_can_be_waited_for() {
    run(async {
        let s =
            sh(r"read x; printf '\033]0;build done\007'; read x; stty -echo; printf '\033[?25lpw'; read x");
        let title = ScreenCondition::parse("{ title = 'done$' }").expect("a condition");
        assert!(s.expect_with(title.clone(), wait(SHORT)).await.is_err());
        s.send_line("").await.expect("typed");
        s.expect(title).await.expect("set");
        s.send_line("").await.expect("typed");
        let hidden = ScreenCondition::parse("{ tty = 'hidden' }").expect("a condition");
        s.expect(hidden).await.expect("echo is off");
    });
}

/// The first of text and screen: the one listed first among those that are there.
#[test]
fn text_and_screen_can_be_waited_for_together() {
    run(async {
        let s = sh("printf 'login: '; read x");
        let both = [Pattern::literal("nobody"), Pattern::Screen(shows("login: ?"))];
        assert_eq!(s.expect(both).await.expect("found").index, 1);
    });
}

/// To an editor and back: a full-screen program inside a dialogue.
#[test]
fn an_editor_is_driven_and_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("note");
    run(async {
        let path = file.to_str().expect("UTF-8");
        let script = "vim -u NONE -N \"$1\"; echo back; read x";
        let s = spawn_with(["sh", "-c", script, "sh", path], small(80, 24));
        s.expect(shows("(?m)^~ *$")).await.expect("it paints empty lines");
        s.send_keys("ihello from ptych<esc>").await.expect("typed");
        s.expect(shows("^hello from ptych")).await.expect("shown");
        s.send_keys(":wq<enter>").await.expect("typed");
        s.expect("back\n").await.expect("left");
    });
    assert_eq!(
        std::fs::read_to_string(&file).expect("written"),
        "hello from ptych\n"
    );
}

#[test]
fn a_pager_is_left_when_it_has_shown_its_end() {
    run(async {
        let s = spawn_with(["sh", "-c", "seq 1 200 | less -X; echo back"], small(40, 10));
        s.expect(shows(r"(?m)^:$")).await.expect("a page");
        s.send_keys("G").await.expect("typed");
        s.expect(shows(r"(?m)^200\n.*END")).await.expect("the end");
        s.send_keys("q").await.expect("typed");
        s.expect("back\n").await.expect("left");
        assert_eq!(s.wait().await.exit, Exit::Code(0));
    });
}

#[test]
fn a_resize_is_seen_on_the_screen() {
    run(async {
        let s = python(
            "import os,signal,sys\n\
             def paint(*_):\n\
             \x20   c, r = os.get_terminal_size(); os.write(1, b'\\x1b[2J\\x1b[%d;%dHX' % (r, c))\n\
             signal.signal(signal.SIGWINCH, paint); paint()\n\
             while sys.stdin.readline(): pass",
        );
        for (cols, rows) in [(30_u16, 4_usize), (50, 8)] {
            s.resize(Size {
                cols,
                rows: u16::try_from(rows).expect("small"),
            })
            .await
            .expect("alive");
            let wanted = format!(
                "(?s)^{}{}X$",
                r"[^X]*\n".repeat(rows - 1),
                " ".repeat(usize::from(cols) - 1)
            );
            s.expect(shows(&wanted)).await.expect("in the corner");
        }
    });
}

#[test]
fn a_failed_wait_says_what_the_screen_showed_and_which_condition_did_not_hold() {
    run(async {
        let s = sh("printf 'one\\ntwo> '; read x");
        s.expect("two> ").await.expect("printed");
        let wanted = ScreenCondition::cursor_line("three> $").expect("a condition");
        let error = s
            .expect_with(wanted, wait(SHORT))
            .await
            .expect_err("it is not there");
        let report = error.to_string();
        for part in ["cursor_line", "three> $", "two>", "cursor in row 2"] {
            assert!(report.contains(part), "lacks {part:?}:\n{report}");
        }
    });
}
