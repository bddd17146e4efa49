//! The machine against a tool that is only a script: what it prints, and what its tty looks like.

mod dialogs;
mod hearing;
mod laid_out;
mod rig;
mod text;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use self::rig::*;
use super::*;
use crate::engine::protocol;
use crate::engine::response::Response;
use crate::engine::tty::{Foreground, Waiting};

#[test]
fn one_prompt_one_response() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("6*7");
    assert_eq!(rig.written, b"6*7\r");
    let response = rig.answers("6*7", "42\r\n");
    assert_eq!(response.text, "42");
    assert_eq!(response.outcome, Outcome::Ok);
    assert!(response.complete);
    assert_eq!(response.evidence.rule, "ready");
    assert_eq!(rig.state(), "ready");
}

#[test]
fn the_same_answer_twice_is_given_twice() {
    let mut rig = Rig::ready(EDITOR);
    for _ in 0..2 {
        rig.asks("1");
        assert_eq!(rig.answers("1", "1\r\n").text, "1");
    }
}

#[test]
fn a_printed_prompt_is_not_ready() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("fake");
    rig.tty = running();
    rig.prints("fake\r\ncalc> ");
    rig.waits(Duration::from_secs(2));
    assert!(rig.response().is_none());
    assert_eq!(rig.state(), "busy");
    rig.prints("\r\ncalc> \r\n");
    rig.tty = editor_at_prompt();
    rig.prints("calc> ");
    assert_eq!(rig.response().expect("over").text, "calc> \ncalc> ");
}

#[test]
fn a_glued_prompt_is_cut() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("x");
    assert_eq!(rig.answers("x", "abc").text, "abc");
    rig.asks("y");
    assert_eq!(rig.answers("y", "").text, "");
}

#[test]
fn the_tty_may_follow_the_bytes() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("x");
    rig.tty = running();
    rig.prints("x\r\n1\r\ncalc> ");
    assert!(rig.response().is_none());
    rig.tty = editor_at_prompt();
    rig.waits(Duration::from_millis(1));
    assert_eq!(rig.response().expect("looked again").text, "1");
}

#[test]
fn input_that_no_rule_knows_is_a_question() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("ask");
    rig.tty = reading_line();
    rig.prints("ask\r\nName: ");
    rig.waits(Duration::from_secs(1));
    let response = rig.response().expect("blocked");
    assert_eq!(response.outcome, Outcome::Blocked);
    let question = response.question.expect("has a question");
    assert_eq!(
        (question.kind, question.text.as_str()),
        (BlockKind::Question, "Name:")
    );
    assert!(matches!(rig.try_ask("more"), Err(SubmitError::Blocked(_))));

    let answer = rig.prompt("Ada");
    rig.session.answer(answer, rig.now).expect("takes text");
    rig.settle();
    rig.tty = editor_at_prompt();
    rig.prints("Ada\r\nhello Ada\r\ncalc> ");
    assert_eq!(rig.response().expect("answered").text, "hello Ada");
    assert_eq!(rig.state(), "ready");
}

#[test]
fn hidden_input_is_a_secret_and_stays_one() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("login");
    rig.tty = TtyProbe {
        echo: Some(false),
        ..reading_line()
    };
    rig.prints("login\r\nPassword: ");
    rig.waits(Duration::from_secs(1));
    assert_eq!(
        rig.response().and_then(|r| r.question).map(|q| q.kind),
        Some(BlockKind::Secret)
    );
    let answer = rig.prompt("hunter2");
    rig.session.answer(answer, rig.now).expect("takes a secret");
    rig.settle();
    rig.tty = editor_at_prompt();
    rig.prints("\r\nok\r\ncalc> ");
    let response = rig.response().expect("answered");
    assert_eq!(response.prompt, "(secret)");
    assert_eq!(response.text.trim(), "ok");
}

#[test]
fn a_block_is_one_turn() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("begin\n 1\nend");
    assert_eq!(rig.written, b"begin\r");
    rig.prints("begin\r\n... ");
    rig.prints(" 1\r\n... ");
    assert_eq!(rig.written, b"begin\r 1\rend\r");
    assert_eq!(rig.answers("end", "1\r\n").text, "1");
}

#[test]
fn an_unfinished_input_is_told() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("(1 +");
    rig.prints("(1 +\r\n... ");
    assert_eq!(rig.response().map(|r| r.outcome), Some(Outcome::Blocked));
    rig.session.interrupt(rig.now).expect("can be left");
    rig.settle();
    // On its way out: what comes next may queue, and the text that is still there asks nobody again.
    rig.waits(Duration::from_millis(300));
    assert_eq!(rig.state(), "busy");
    rig.prints("^C\r\ncalc> ");
    assert_eq!(rig.state(), "ready");
}

#[test]
fn a_question_that_an_interrupt_does_not_end_is_asked_again() {
    for question in ["... ", "Name: "] {
        let mut rig = Rig::ready(EDITOR);
        rig.asks("ask");
        rig.prints(&format!("ask\r\n{question}"));
        rig.waits(Duration::from_secs(1));
        assert_eq!(rig.state(), "blocked", "{question:?}");
        rig.session.interrupt(rig.now).expect("can be tried");
        rig.settle();
        rig.waits(Duration::from_secs(1));
        assert_eq!(rig.state(), "busy", "{question:?}");
        rig.waits(Duration::from_secs(20));
        assert_eq!(rig.state(), "blocked", "{question:?}");
    }
}

#[test]
fn a_lethal_interrupt_is_sent_only_where_the_tool_survives_it() {
    let protocol = format!("{EDITOR}[interrupt]\nlethal = true\nlethal_unless = 'press Ctrl-C'\n");
    let mut rig = Rig::ready(&protocol);
    rig.asks("wait");
    rig.tty = running();
    rig.prints("wait\r\n");
    let refused = rig.session.interrupt(rig.now);
    assert!(matches!(refused, Err(SubmitError::InterruptRefused { .. })));
    rig.prints("listening (press Ctrl-C to end)\r\n");
    assert_eq!(rig.session.interrupt(rig.now), Ok(()));
}

#[test]
fn an_unfinished_input_that_is_not_left_is_told_again() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("(1 +");
    rig.prints("(1 +\r\n... ");
    rig.session.interrupt(rig.now).expect("can be left");
    rig.settle();
    rig.prints("^C\r\n... ");
    assert_eq!(rig.state(), "blocked");
}

#[test]
fn a_turn_that_takes_too_long_ends_with_what_it_said() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("loop");
    rig.tty = running();
    rig.prints("loop\r\n1\r\n2\r\n");
    rig.waits(Duration::from_secs(61));
    let response = rig.response().expect("limit");
    assert_eq!(
        (response.outcome, response.text.as_str()),
        (Outcome::TimedOut, "1\n2")
    );
    assert_eq!(rig.try_ask("x"), Err(SubmitError::Busy));
    rig.session.interrupt(rig.now).expect("busy");
    rig.settle();
    rig.tty = editor_at_prompt();
    rig.prints("^C\r\ncalc> ");
    assert_eq!(rig.state(), "ready");
    rig.asks("1");
    assert_eq!(rig.answers("1", "1\r\n").text, "1");
}

#[test]
fn an_interrupted_turn_says_so() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("loop");
    rig.tty = running();
    rig.prints("loop\r\n1\r\n");
    rig.session.interrupt(rig.now).expect("busy");
    rig.settle();
    rig.tty = editor_at_prompt();
    rig.prints("^C\r\ncalc> ");
    let response = rig.response().expect("over");
    assert_eq!(
        (response.outcome, response.text.as_str()),
        (Outcome::Interrupted, "1")
    );
}

#[test]
fn an_exit_ends_the_turn_with_what_was_said() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("crash");
    rig.tty = running();
    rig.prints("crash\r\nhalf");
    rig.session.handle_exit(Exit::Signal(9), rig.now);
    rig.settle();
    let response = rig.response().expect("over");
    assert_eq!(
        (response.outcome, response.exit),
        (Outcome::Exited, Some(Exit::Signal(9)))
    );
    assert_eq!(response.text, "half");
    assert_eq!(rig.try_ask("x"), Err(SubmitError::Exited));
}

#[test]
fn output_behind_the_prompt_changes_nothing() {
    let mut rig = Rig::ready(EDITOR);
    rig.prints("LATE\r\n");
    rig.waits(Duration::from_secs(1));
    assert_eq!(rig.state(), "ready");
    rig.asks("1");
    assert_eq!(rig.answers("1", "1\r\n").text, "1");
}

#[test]
fn once_marked_a_prompt_must_be_marked() {
    let mut rig = Rig::new(EDITOR);
    rig.tty = editor_at_prompt();
    rig.prints("\x1b]133;A\x07calc> ");
    rig.asks("input");
    rig.prints("input\r\ncalc> ");
    rig.waits(Duration::from_secs(1));
    let question = rig
        .response()
        .and_then(|r| r.question)
        .expect("a look-alike is a question");
    assert_eq!(question.kind, BlockKind::Question);
    let answer = rig.prompt("x");
    rig.session.answer(answer, rig.now).expect("takes text");
    rig.settle();
    rig.prints("x\r\nabc\x1b]133;A\x07calc> ");
    assert_eq!(rig.response().expect("over").text, "abc");
}

#[test]
fn input_that_is_not_read_ends_the_turn() {
    let mut rig = Rig::ready(EDITOR);
    let prompt = rig.prompt(&"x".repeat(100_000));
    rig.session.submit(prompt, rig.now).expect("accepted");
    rig.session.handle_written(4096, rig.now);
    while let Some((at, why)) = rig.session.poll_deadline() {
        rig.now = at;
        rig.session.handle_time(at);
        while let Some(event) = rig.session.poll_event() {
            rig.events.push(event.kind);
        }
        if why == "input_not_read" {
            break;
        }
    }
    let response = rig.response().expect("ended");
    assert_eq!(
        (response.outcome, response.evidence.rule.as_str()),
        (Outcome::TimedOut, "input_not_read")
    );
    assert!(rig.session.poll_write().is_none());
}

#[test]
fn nothing_is_typed_that_cannot_be_typed_safely() {
    let mut rig = Rig::ready(EDITOR);
    for bad in ["a\u{1b}[201~b", "a\u{3}", "a\u{4}", "a\u{1c}"] {
        assert!(
            matches!(rig.try_ask(bad), Err(SubmitError::ControlCharacter { .. })),
            "{bad:?}"
        );
    }
    assert!(rig.written.is_empty());
    assert_eq!(rig.state(), "ready");
}

#[test]
fn a_cooked_tty_takes_no_long_line() {
    let mut rig = Rig::new(EDITOR);
    rig.tty = reading_line();
    rig.prints("calc> ");
    assert!(matches!(
        rig.try_ask(&"x".repeat(6000)),
        Err(SubmitError::LineTooLong {
            bytes: 6000,
            max: 4095,
            ..
        })
    ));
    assert!(rig.written.is_empty());
    rig.asks(&"x".repeat(4095));
}

#[test]
fn a_long_prompt_that_wraps_is_not_in_the_response() {
    let mut rig = Rig::ready(EDITOR);
    let long = "y".repeat(490);
    rig.asks(&long);
    assert_eq!(rig.answers(&long, "ok\r\n").text, "ok");
}

#[test]
fn five_thousand_lines_come_back_exact() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("seq");
    let lines: Vec<String> = (1..=5000).map(|n| n.to_string()).collect();
    let response = rig.answers("seq", &format!("{}\r\n", lines.join("\r\n")));
    assert_eq!(response.text, lines.join("\n"));
    assert!(!response.truncated);
}

#[test]
fn more_than_the_limit_is_truncated_and_says_so() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("seq");
    let line = format!("{}\r\n", "z".repeat(70));
    let response = rig.answers("seq", &line.repeat(200_000));
    assert!(
        response.truncated && !response.complete,
        "{} bytes, {:?} lost",
        response.text.len(),
        response.lost_bytes
    );
    let (from, to) = response.lost_bytes.expect("says what is lost");
    assert!(from < to && to < response.evidence.to_offset);
    assert!(response.text.ends_with(&"z".repeat(70)));
}

#[test]
fn a_program_is_known_by_its_name_when_its_screen_says_nothing() {
    let protocol = format!(
        "{EDITOR}[[state]]\nname = \"viewer\"\nkind = \"pager\"\nprocess = '^viewer$'\nwaiting = \"input\"\nquit = \"q\"\n"
    );
    let mut rig = Rig::ready(&protocol);
    rig.asks("view");
    rig.tty = TtyProbe {
        foreground: Some(Foreground::Other),
        foreground_name: Some("viewer".into()),
        waiting: Waiting::No,
        ..editor_at_prompt()
    };
    rig.prints("view\r\n\x1b[?1049hsome text");
    rig.waits(Duration::from_millis(300));
    assert!(rig.response().is_none());
    rig.tty.waiting = Waiting::Read;
    rig.waits(Duration::from_secs(1));
    let question = rig.response().and_then(|r| r.question).expect("blocked");
    assert_eq!(
        (question.kind, question.rule.as_str()),
        (BlockKind::Pager, "viewer")
    );
    rig.written.clear();
    rig.session.interrupt(rig.now).expect("can be left");
    rig.settle();
    assert_eq!(rig.written, b"q");
}

#[test]
fn an_announcement_that_the_tty_contradicts_vouches_for_nothing() {
    let mut rig = Rig::new(EDITOR);
    rig.tty = editor_at_prompt();
    rig.prints("\x1b]133;A\x07calc> ");
    rig.asks("fake");
    rig.tty = running();
    rig.prints("fake\r\n\x1b]133;A\x07calc> ");
    rig.waits(Duration::from_secs(1));
    // The editor takes the terminal back and has not printed its prompt yet.
    rig.tty = TtyProbe {
        waiting: Waiting::No,
        ..editor_at_prompt()
    };
    rig.waits(Duration::from_secs(1));
    rig.prints("\x1b[?2004h");
    assert!(rig.response().is_none());
    rig.prints("\x1b]133;A\x07calc> ");
    assert_eq!(rig.response().expect("over").text, "calc> ");
}

#[test]
fn what_was_not_read_is_thrown_away_with_an_interrupt() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("loop");
    rig.tty = running();
    rig.prints("loop\r\n");
    rig.session.type_raw(b"typed ahead", rig.now);
    rig.session.interrupt(rig.now).expect("busy");
    assert_eq!(rig.session.poll_action(), Some(Action::DiscardInput));
    rig.written.clear();
    rig.settle();
    assert_eq!(rig.written, b"\x03");
}

/// zsh and fish paint a sign behind output that ends without a newline, and blanks to the end of the row; their D stands before it.
#[test]
fn what_a_shell_paints_before_its_prompt_is_not_the_answer() {
    let mut rig = Rig::new(EDITOR);
    rig.tty = editor_at_prompt();
    rig.prints("\x1b]133;A\x07calc> ");
    rig.asks("x");
    rig.tty = running();
    rig.prints("x\r\n\x1b]133;C\x07\x1b]133;D;9\x07abc");
    rig.tty = editor_at_prompt();
    let sign = format!("\x1b]133;D;0\x07%{}\r \r\x1b]133;A\x07calc> ", " ".repeat(79));
    rig.prints(&sign);
    assert_eq!(rig.response().expect("over").text, "abc");
}

#[test]
fn a_prompt_glued_to_a_full_row_takes_nothing_from_it() {
    let mut rig = Rig::new(EDITOR);
    rig.tty = editor_at_prompt();
    rig.prints("\x1b]133;A\x07calc> ");
    rig.asks("x");
    rig.tty = running();
    let row = "y".repeat(80);
    rig.prints(&format!("x\r\n{row}"));
    rig.tty = editor_at_prompt();
    rig.prints("\x1b]133;A\x07calc> ");
    assert_eq!(rig.response().expect("over").text, row);
}

#[test]
fn a_tool_that_an_interrupt_would_end_is_left_by_its_own_keys_or_not_at_all() {
    let lethal = format!("{EDITOR}\n[interrupt]\nwhen_idle = \"lethal\"\n");
    let mut rig = Rig::ready(&lethal);
    rig.asks("(1 +");
    rig.prints("(1 +\r\n... ");
    let refused = rig.session.interrupt(rig.now);
    assert!(
        matches!(refused, Err(SubmitError::InterruptRefused { .. })),
        "{refused:?}"
    );

    let keys = "kind = \"continuation\"\ncursor_line = '^\\.\\.\\. $'\nquit = \"$<enter>\"";
    let quits = format!("{lethal}\n[[state]]\nname = \"rest\"\n{keys}\n");
    let mut rig = Rig::ready(&quits.replace("continuation = '^\\.\\.\\. $'\n", ""));
    rig.asks("(1 +");
    rig.prints("(1 +\r\n... ");
    rig.session.interrupt(rig.now).expect("its own keys");
    rig.settle();
    assert!(rig.written.ends_with(b"$\r"), "{:?}", rig.written);
    rig.waits(Duration::from_secs(5));
    assert_eq!(rig.state(), "blocked");
}

#[test]
fn an_interrupt_that_shows_no_prompt_is_followed_by_the_signal() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("(1 +");
    rig.prints("(1 +\r\n... ");
    rig.session.interrupt(rig.now).expect("can be left");
    rig.settle();
    rig.prints("^C\r");
    rig.waits(Duration::from_secs(1));
    assert_eq!(rig.state(), "busy");
    rig.waits(Duration::from_secs(1));
    assert_eq!(rig.session.poll_action(), Some(Action::DiscardInput));
    let signal = Action::Signal(ForegroundSignal::Interrupt);
    assert_eq!(rig.session.poll_action(), Some(signal));
    rig.prints("\r\ncalc> ");
    assert_eq!(rig.state(), "ready");
}

#[test]
fn a_prompt_painted_once_more_is_not_the_next_one() {
    let mut rig = Rig::new(EDITOR);
    rig.tty = editor_at_prompt();
    rig.prints("\x1b[?2004h\x1b]133;A\x07calc> ");
    rig.session.resize(Size { cols: 90, rows: 20 }, rig.now);
    rig.asks("x");
    rig.prints("\r\x1b[K\r\x1b]133;A\x07calc> ");
    assert!(rig.response().is_none());
    rig.tty = running();
    rig.prints("x\r\n\x1b[?2004l\r1\r\n");
    rig.tty = editor_at_prompt();
    rig.prints("\x1b[?2004h\x1b]133;A\x07calc> ");
    assert_eq!(rig.response().expect("over").text, "1");
    // What clears the screen may come back to the same row.
    rig.asks("clear");
    rig.prints("clear\r\n\x1b[?2004l\r\x1b[H\x1b[2J\x1b[?2004h\x1b]133;A\x07calc> ");
    assert_eq!(rig.response().map(|r| r.outcome), Some(Outcome::Ok));
}

#[test]
fn an_editor_that_comes_back_does_not_vouch_for_an_older_mark() {
    let mut rig = Rig::new(EDITOR);
    rig.tty = editor_at_prompt();
    rig.prints("\x1b[?2004h\x1b]133;A\x07calc> ");
    rig.asks("fake");
    rig.tty = running();
    rig.prints("fake\r\n\x1b[?2004l\x1b]133;A\x07calc> ");
    // The editor is back, its prompt is not printed yet, and the tool still runs.
    rig.tty = TtyProbe {
        waiting: Waiting::No,
        ..editor_at_prompt()
    };
    rig.prints("\x1b[?2004h");
    assert!(rig.response().is_none());
    rig.tty = editor_at_prompt();
    rig.prints("\x1b]133;A\x07calc> ");
    assert_eq!(rig.response().expect("over").text, "calc> ");
}

#[test]
fn what_stands_on_the_row_of_a_question_that_is_left_asks_nobody() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("(1 +");
    rig.prints("(1 +\r\n... ");
    rig.session.interrupt(rig.now).expect("can be left");
    rig.settle();
    // The editor took the key and waits for another one before it goes on.
    rig.prints("^C\r");
    rig.waits(Duration::from_secs(1));
    assert_eq!(rig.state(), "busy");
    rig.waits(Duration::from_secs(2));
    let actions: Vec<Action> = std::iter::from_fn(|| rig.session.poll_action()).collect();
    assert!(
        actions.contains(&Action::Signal(ForegroundSignal::Interrupt)),
        "{actions:?}"
    );
    rig.prints("\r\ncalc> ");
    assert_eq!(rig.state(), "ready");
}

#[test]
fn a_pager_on_its_own_screen_shows_its_page_and_gives_back_the_rest() {
    let pager = "[[state]]\nname = \"page\"\nkind = \"pager\"\ncursor_line = '^:$'\nwaiting = \"input\"\n\
                 choices = [{ label = \"quit\", send = \"q\" }]\n";
    let mut rig = Rig::ready(&format!("{EDITOR}{pager}"));
    rig.asks("page; out");
    rig.tty = TtyProbe {
        foreground: Some(Foreground::Other),
        ..editor_at_prompt()
    };
    rig.prints("page; out\r\n\x1b[?1049h\x1b[H1\r\n2\r\n:");
    let response = rig.response().expect("blocked");
    assert_eq!(
        (response.outcome, response.text.as_str()),
        (Outcome::Blocked, "1\n2")
    );
    let answer = rig.prompt("quit");
    rig.session.answer(answer, rig.now).expect("a choice");
    rig.settle();
    rig.tty = editor_at_prompt();
    rig.prints("\r\x1b[K\x1b[?1049lout\r\ncalc> ");
    assert_eq!(rig.response().expect("over").text, "out");
}

#[test]
fn a_program_with_its_own_editor_inside_the_tool_is_told() {
    let mut rig = Rig::ready(EDITOR);
    rig.asks("inner");
    rig.tty = TtyProbe {
        foreground: Some(Foreground::Other),
        ..editor_at_prompt()
    };
    rig.prints("inner\r\nworking");
    rig.waits(Duration::from_secs(1));
    assert!(rig.response().is_none(), "it may only be slow");
    rig.prints("\r\ninner> ");
    rig.waits(Duration::from_secs(2));
    let question = rig.response().and_then(|r| r.question).expect("blocked");
    assert_eq!(
        (question.kind, question.rule.as_str()),
        (BlockKind::Subprompt, "nested_program")
    );
    assert_eq!(question.text, "inner>");
}
