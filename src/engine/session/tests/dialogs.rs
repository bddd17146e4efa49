//! Dialogs of full-screen tools: menus that misbehave, policies, and what opens at a bad moment.

use std::sync::LazyLock;

use super::*;
use crate::engine::policy::{Decision, PolicyRule};
use crate::engine::protocol::spec::{BlockKind, Reason};

const MENUS: &str = r#"
name = "agent"
command = ["agent"]
exit = "/quit"
include = []

[submit]
enter_apart = true

[[state]]
name = "run"
kind = "permission"
title = '^ask$'
question = '(?ms)^[│ ]*(?<question>Run .*?\?)[│ ]*$'
choice_pattern = '(?m)^[│ ]*(?<marker>[>│ ]) \d\. (?<label>[^\n]+)$'
move = ["<up>", "<down>"]
accept = "<enter>"
deny = "<esc>"
allow = '^Yes$'
choices = [{ label = "Explain", send = "e" }]

[[state]]
name = "theme"
kind = "confirm"
screen = '(?m)^Theme\?'
question = '(?m)^Theme\?'
choice_pattern = '(?m)^\[(?<send>\w)\] (?<label>\w+)$'

"#;

static AGENT: LazyLock<String> = LazyLock::new(|| MENUS.to_owned() + TITLED);

/// A menu as such tools paint it: in a box, the whole of it for each key.
fn menu(question: &str, labels: &[&str], at: usize) -> String {
    let mut text = "\x1b[2J\x1b[H1. a tip\r\n2. another\r\n╭────╮\r\n".to_owned();
    for row in question.lines() {
        text.push_str(&format!("│ {row}        │\r\n"));
    }
    for (index, label) in labels.iter().enumerate() {
        let marker = if index == at { '>' } else { ' ' };
        text.push_str(&format!("│ {marker} {}. {label}     │\r\n", index + 1));
    }
    text + "╰────╯\r\n" + &title("ask")
}

const LABELS: [&str; 3] = ["Yes", "Yes, and never ask again", "No"];
const QUESTION: &str = "Run this:\n$ touch x\nReally?";

fn with_policy(rules: &[(Decision, Option<&str>)]) -> Rig {
    let mut rig = Rig::new(&AGENT);
    let rule = |(decision, question): &(Decision, Option<&str>)| PolicyRule {
        decision: *decision,
        question: question.map(|regex| regex::Regex::new(regex).expect("valid")),
    };
    rig.session.config.policy.rules = rules.iter().map(rule).collect();
    rig.prints(&title("idle"));
    assert_eq!(rig.state(), "ready");
    rig
}

/// A turn that runs.
fn working(rig: &mut Rig) {
    rig.asks("go");
    rig.prints("\x1b[2J\x1b[Hgo");
    assert_eq!(rig.written, b"go\r");
    rig.written.clear();
    rig.prints(&title("work"));
    assert_eq!(rig.state(), "busy");
}

/// A turn that has ended with the menu.
fn asked() -> Rig {
    let mut rig = with_policy(&[]);
    working(&mut rig);
    rig.prints(&menu(QUESTION, &LABELS, 0));
    rig.waits(ms(100));
    let response = rig.response().expect("blocked");
    assert_eq!(response.outcome, Outcome::Blocked);
    rig
}

fn answers(rig: &mut Rig, label: &str) {
    let answer = rig.prompt(label);
    rig.session.answer(answer, rig.now).expect("it is offered");
    rig.settle();
}

fn refusal(rig: &mut Rig) -> Option<SubmitError> {
    let is = |event: &EventKind| matches!(event, EventKind::NotAnswered { .. });
    let at = rig.events.iter().position(is)?;
    match rig.events.remove(at) {
        EventKind::NotAnswered {
            label, why, shown, ..
        } => Some(SubmitError::NotChosen { label, why, shown }),
        _ => None,
    }
}

const DOWN: &[u8] = b"\x1b[B";
const UP: &[u8] = b"\x1b[A";

#[test]
fn a_question_has_its_rows_and_labels_without_the_box() {
    let rig = asked();
    let State::Blocked { question } = rig.session.state() else {
        panic!("not blocked")
    };
    assert_eq!(question.kind, BlockKind::Permission);
    assert_eq!(question.text, "Run this:\n$ touch x\nReally?");
    let labels: Vec<&str> = question.choices.iter().map(|c| c.label.as_str()).collect();
    assert_eq!(labels, LABELS, "the tips above are no choices");
}

#[test]
fn the_highlight_is_moved_and_looked_at_before_it_is_accepted() {
    let mut rig = asked();
    answers(&mut rig, "^no$");
    assert_eq!(rig.take_written(), DOWN);
    rig.prints(&menu(QUESTION, &LABELS, 1));
    assert_eq!(rig.take_written(), DOWN);
    rig.prints(&menu(QUESTION, &LABELS, 2));
    assert_eq!(rig.take_written(), b"", "it has to stand for a moment");
    rig.waits(ms(30));
    assert_eq!(rig.take_written(), b"\r");
    assert_eq!(rig.state(), "busy");
    rig.prints(&(title("work") + "\x1b[2J\x1b[H"));
    rig.prints(&(title("idle") + "fine\r\n"));
    let response = rig.response().expect("over");
    assert_eq!((response.outcome, response.prompt.as_str()), (Outcome::Ok, "No"));
}

#[test]
fn a_key_that_is_ignored_is_repeated_and_then_doubted() {
    let mut rig = asked();
    answers(&mut rig, "No");
    assert_eq!(rig.take_written(), DOWN);
    rig.waits(ms(999));
    assert_eq!(rig.take_written(), b"");
    rig.waits(ms(2));
    assert_eq!(rig.take_written(), DOWN, "ignored: once more");
    // Both were only late.
    rig.prints(&menu(QUESTION, &LABELS, 1));
    assert_eq!(rig.take_written(), b"", "the second may be on its way");
    rig.prints(&menu(QUESTION, &LABELS, 2));
    rig.waits(ms(30));
    assert_eq!(rig.take_written(), b"\r");
}

#[test]
fn a_late_second_movement_does_not_accept_another_choice() {
    let mut rig = asked();
    answers(&mut rig, "and never");
    rig.waits(ms(1001));
    assert_eq!(rig.take_written(), [DOWN, DOWN].concat());
    rig.prints(&menu(QUESTION, &LABELS, 1));
    rig.waits(ms(1500));
    assert_eq!(rig.take_written(), b"", "one key is not accounted for");
    rig.prints(&menu(QUESTION, &LABELS, 2));
    assert_eq!(rig.take_written(), UP);
    rig.prints(&menu(QUESTION, &LABELS, 1));
    rig.waits(ms(30));
    assert_eq!(rig.take_written(), b"\r");
}

#[test]
fn a_menu_that_ignores_every_key_keeps_its_dialog() {
    let mut rig = asked();
    answers(&mut rig, "No");
    rig.waits(Duration::from_secs(60));
    assert_eq!(
        rig.take_written(),
        DOWN.repeat(2 * 3 + 2),
        "bounded, and nothing accepted"
    );
    let error = refusal(&mut rig).expect("refused").to_string();
    assert!(
        error.contains("does not get there") && error.contains("[Yes], "),
        "{error}"
    );
    assert_eq!(rig.state(), "blocked");
    assert!(rig.response().is_none());
}

#[test]
fn a_menu_that_changes_its_order_is_looked_at_anew() {
    let mut rig = asked();
    answers(&mut rig, "No");
    assert_eq!(rig.take_written(), DOWN);
    let other = ["No", "Yes", "Yes, and never ask again"];
    rig.prints(&menu(QUESTION, &other, 1));
    rig.waits(ms(1001));
    assert_eq!(rig.take_written(), UP);
    rig.prints(&menu(QUESTION, &other, 0));
    rig.waits(ms(20));
    // It changes once more, right before it would be accepted.
    rig.prints(&menu(QUESTION, &LABELS, 0));
    rig.waits(ms(100));
    assert!(
        !rig.take_written().contains(&b'\r'),
        "the highlight stands on Yes"
    );
}

#[test]
fn a_choice_that_vanishes_is_refused() {
    let mut rig = asked();
    answers(&mut rig, "No");
    rig.take_written();
    rig.prints(&menu(QUESTION, &LABELS[..2], 1));
    rig.waits(ms(1100));
    let error = refusal(&mut rig).expect("refused").to_string();
    assert!(error.contains("not on the screen any more"), "{error}");
    assert_eq!(rig.take_written(), b"");
    assert_eq!(rig.state(), "blocked");
}

#[test]
fn a_choice_of_a_menu_may_have_keys_of_its_own() {
    let mut rig = asked();
    let offered = |rig: &Rig| match rig.session.state() {
        State::Blocked { question } => question.choices.iter().map(|c| c.label.clone()).collect(),
        _ => Vec::new(),
    };
    assert_eq!(offered(&rig), LABELS, "what is not on the screen is not offered");
    let labels = ["Yes", "Explain", "No"];
    rig.prints(&menu("Run rm x?", &labels, 0));
    rig.waits(ms(100));
    assert_eq!(offered(&rig), labels);
    answers(&mut rig, "Explain");
    assert_eq!(rig.take_written(), b"e");
    assert_eq!(rig.state(), "busy");
}

#[test]
fn what_a_choice_sends_is_read_again_right_before_it_is_sent() {
    let mut rig = with_policy(&[]);
    rig.prints("\x1b[2J\x1b[HTheme?\r\n[a] dark\r\n[b] light\r\n");
    rig.waits(ms(100));
    assert_eq!(rig.state(), "blocked");
    // In a frame that has not ended the machine does not look.
    let frame = "\x1b[?2026h\x1b[2J\x1b[HTheme?\r\n[b] dark\r\n[a] light\r\n";
    rig.prints(frame);
    let answer = rig.prompt("dark");
    let error = rig
        .session
        .answer(answer, rig.now)
        .expect_err("its key has changed");
    assert!(matches!(error, SubmitError::DialogChanged { .. }), "{error}");
    rig.prints("\x1b[?2026l");
    rig.waits(ms(100));
    answers(&mut rig, "dark");
    assert_eq!(rig.take_written(), b"b");
}

#[test]
fn a_policy_allows_inside_the_turn() {
    let mut rig = with_policy(&[(Decision::Allow, Some("touch x"))]);
    working(&mut rig);
    rig.prints(&menu(QUESTION, &LABELS, 1));
    rig.waits(ms(100));
    assert_eq!(rig.take_written(), UP);
    rig.prints(&menu(QUESTION, &LABELS, 0));
    rig.waits(ms(30));
    assert_eq!(rig.take_written(), b"\r");
    // Repainted, it is the same dialog.
    rig.prints(&menu(QUESTION, &LABELS, 0));
    rig.waits(ms(500));
    assert_eq!((rig.state(), rig.take_written()), ("busy", Vec::new()));
    rig.prints(&title("work"));
    // Gone and there again: a new one.
    rig.prints(&menu(QUESTION, &LABELS, 0));
    rig.waits(ms(100));
    assert_eq!(rig.take_written(), b"\r");
    rig.prints(&(title("work") + "\x1b[2J\x1b[Hdone\r\n"));
    rig.prints(&title("idle"));
    let response = rig.response().expect("over");
    assert_eq!(response.outcome, Outcome::Ok);
    let line = "run: Run this: $ touch x Really? -> Yes";
    assert_eq!(response.auto_answers, [line, line]);
    let automatic = rig
        .events
        .iter()
        .filter(|event| matches!(event, EventKind::AutoAnswered { rule, label, .. } if rule == "run" && label == "Yes"));
    assert_eq!(automatic.count(), 2);
}

#[test]
fn a_policy_denies_by_the_protocols_keys() {
    let mut rig = with_policy(&[(Decision::Ask, Some("rm ")), (Decision::Deny, None)]);
    working(&mut rig);
    rig.prints(&menu(QUESTION, &LABELS, 0));
    rig.waits(ms(100));
    assert_eq!(rig.take_written(), b"\x1b");
    rig.prints(&(title("work") + "\x1b[2J\x1b[H"));
    rig.prints(&title("idle"));
    let response = rig.response().expect("over");
    assert_eq!(
        response.auto_answers,
        ["run: Run this: $ touch x Really? -> (denied)"]
    );
    working(&mut rig);
    rig.prints(&menu("Run rm x?", &LABELS, 0));
    rig.waits(ms(100));
    assert_eq!(
        rig.response().expect("a person decides").outcome,
        Outcome::Blocked
    );
    assert_eq!(rig.take_written(), b"");
}

#[test]
fn a_policy_that_cannot_be_carried_out_asks() {
    let mut rig = with_policy(&[(Decision::Allow, Some("."))]);
    working(&mut rig);
    rig.prints(&menu(QUESTION, &["Go on", "No"], 0));
    rig.waits(ms(100));
    let response = rig.response().expect("blocked");
    assert_eq!(response.outcome, Outcome::Blocked);
    let signals = response.evidence.signals.join("\n");
    assert!(
        signals.contains("policy: not exactly one choice matches ^Yes$"),
        "{signals}"
    );
}

#[test]
fn a_policy_touches_nothing_but_permissions() {
    let mut rig = with_policy(&[(Decision::Allow, Some(".")), (Decision::Deny, None)]);
    working(&mut rig);
    rig.prints("\x1b[2J\x1b[HTheme?\r\n[a] dark\r\n[b] light\r\n");
    rig.waits(ms(100));
    assert_eq!(rig.response().expect("blocked").outcome, Outcome::Blocked);
    assert_eq!(rig.take_written(), b"");
}

#[test]
fn answers_of_a_policy_are_bounded() {
    let mut rig = with_policy(&[(Decision::Deny, None)]);
    working(&mut rig);
    for _ in 0..1000 {
        rig.prints(&menu(QUESTION, &LABELS, 0));
        rig.waits(ms(100));
        rig.prints(&title("work"));
    }
    let response = rig.response().expect("a person decides");
    assert_eq!(response.auto_answers.len(), crate::engine::limits::AUTO_ANSWERS);
    assert_eq!(response.outcome, Outcome::Blocked);
}

#[test]
fn a_dialog_that_opens_before_enter_keeps_it_back() {
    let mut rig = with_policy(&[(Decision::Allow, Some("."))]);
    rig.asks("go");
    assert_eq!(rig.written, b"go");
    rig.prints(&menu(QUESTION, &LABELS, 0));
    rig.waits(Duration::from_secs(5));
    assert_eq!(rig.written, b"go", "Enter would have answered it");
    let response = rig.response().expect("blocked");
    assert_eq!(response.outcome, Outcome::Blocked);
    assert!(response.evidence.signals.contains(&NOT_SUBMITTED.to_owned()));
    assert_eq!(response.question.expect("asked").choices.len(), 3);
    assert_eq!(rig.state(), "blocked");
    assert!(matches!(rig.try_ask("again"), Err(SubmitError::Blocked(_))));
}

#[test]
fn a_dialog_that_came_with_the_last_bytes_is_seen_before_typing() {
    let mut rig = with_policy(&[]);
    let text = menu(QUESTION, &LABELS, 0);
    rig.session.handle_output(text.as_bytes(), rig.now);
    assert!(matches!(rig.try_ask("go"), Err(SubmitError::Blocked(_))));
    assert_eq!(rig.written, b"");
}

#[test]
fn a_dialog_whose_bytes_come_with_the_moment_of_enter_is_seen() {
    let gap = AGENT.replace("enter_apart = true", "enter_apart = true\nenter_gap = \"150ms\"");
    let mut rig = Rig::new(&gap);
    rig.prints(&title("idle"));
    rig.asks("go");
    rig.prints("\x1b[2J\x1b[Hgo");
    assert_eq!(rig.take_written(), b"go");
    // Enter is due.
    rig.now = rig.now + ms(151);
    rig.session.handle_time(rig.now);
    assert_eq!(rig.session.poll_write(), None, "not without a look");
    assert_eq!(rig.session.poll_probe(), Some(ProbeDepth::Flags));
    // Who looked has read once more, and there it was.
    rig.prints("\x1b[2J\x1b[HTheme?\r\n[1] dark\r\n[2] light\r\n");
    rig.waits(ms(600));
    let response = rig.response().expect("blocked");
    assert_eq!(response.outcome, Outcome::Blocked);
    assert!(response.evidence.signals.contains(&NOT_SUBMITTED.to_owned()));
    assert_eq!(rig.take_written(), b"", "Enter would have been its answer");
}

#[test]
fn a_tool_that_never_stops_painting_gets_its_enter() {
    let mut rig = Rig::new(&AGENT);
    rig.prints(&title("idle"));
    rig.asks("go");
    let mut paints = 0;
    while !rig.written.ends_with(b"\r") {
        rig.session.poll_probe();
        paints += 1;
        rig.now = rig.now + ms(1);
        rig.session
            .handle_output(format!("\x1b[2J\x1b[Hgo {paints}\x1b[1;3H").as_bytes(), rig.now);
        rig.session.handle_drained(rig.now);
        while let Some(bytes) = rig.session.poll_write().map(<[u8]>::to_vec) {
            rig.written.extend_from_slice(&bytes);
            rig.session.handle_written(bytes.len(), rig.now);
        }
        assert!(paints < 100, "Enter is not sent");
    }
    assert!(paints > 2);
}

#[test]
fn a_number_may_need_enter_behind_it() {
    let pattern = "choice_pattern = '(?m)^\\[(?<send>\\w)\\] (?<label>\\w+)$'";
    let accepted = format!("{pattern}\naccept = \"<pause-300ms><enter>\"");
    assert!(AGENT.contains(pattern));
    let mut rig = Rig::new(&AGENT.replace(pattern, &accepted));
    rig.prints(&title("idle"));
    working(&mut rig);
    rig.prints("\x1b[2J\x1b[HTheme?\r\n[1] dark\r\n[2] light\r\n");
    rig.waits(ms(100));
    rig.response().expect("blocked");
    answers(&mut rig, "light");
    assert_eq!(rig.take_written(), b"2");
    rig.waits(ms(290));
    assert_eq!(rig.take_written(), b"");
    rig.waits(ms(20));
    assert_eq!(rig.take_written(), b"\r");
    assert_eq!(rig.state(), "busy");
}

#[test]
fn a_dialog_that_stands_for_an_error_tells_the_reason_and_its_details() {
    let limit = r#"
[[state]]
name = "limit"
kind = "confirm"
screen = '(?m)^│ Limit for (?<model>\w+) reached'
question = '(?s)│ (?<question>Limit for .*?resets at +(?:│\s*│ )?(?<resets_at>[\d:]+)\.)'
choice_pattern = '(?m)^│ (?<send>\d)\. (?<label>\w+) *│$'
reason = "usage_limit"

[[state]]
name = "working"
"#;
    let mut rig = Rig::new(&AGENT.replacen("[[state]]\nname = \"working\"\n", limit, 1));
    rig.prints(&title("idle"));
    let dialog =
        "\x1b[2J\x1b[H│ Limit for large reached, resets at │\r\n│ 14:30. │\r\n│ 1. Wait │\r\n│ 2. Stop │\r\n";
    working(&mut rig);
    rig.prints(dialog);
    rig.waits(ms(100));
    let response = rig.response().expect("blocked");
    assert_eq!(response.outcome, Outcome::Blocked);
    let captures: Vec<(&str, &str)> = response
        .captures
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let wanted = [
        ("model", "large"),
        ("reason", "usage_limit"),
        ("resets_at", "14:30"),
    ];
    assert_eq!(captures, wanted, "the question itself is no capture");
    // Who asks next hears it as well.
    match rig.try_ask("more") {
        Err(SubmitError::Blocked(question)) => assert_eq!(question.reason, Some(Reason::UsageLimit)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_tool_may_say_that_it_asks_before_it_paints() {
    let mut rig = with_policy(&[]);
    working(&mut rig);
    rig.prints(&title("ask"));
    rig.waits(ms(300));
    assert!(rig.response().is_none(), "nothing to tell yet");
    rig.prints(&menu(QUESTION, &LABELS[..1], 0));
    rig.prints(&menu(QUESTION, &LABELS, 0));
    rig.waits(ms(100));
    let question = rig.response().expect("blocked").question.expect("asked");
    assert_eq!(question.choices.len(), 3);
}

#[test]
fn an_answer_without_effect_is_told_after_a_while() {
    let mut rig = asked();
    answers(&mut rig, "Yes");
    rig.waits(ms(30));
    assert_eq!(rig.take_written(), b"\r");
    rig.prints(&menu(QUESTION, &LABELS, 0));
    rig.waits(ms(5900));
    assert!(rig.response().is_none());
    rig.waits(ms(500));
    assert_eq!(rig.response().expect("asked again").outcome, Outcome::Blocked);
}

#[test]
fn what_somebody_else_answers_is_told_by_its_label() {
    let mut rig = asked();
    let typed = |rig: &mut Rig, keys: &[u8]| rig.session.handle_typed(keys, rig.now);
    typed(&mut rig, DOWN);
    rig.prints(&menu(QUESTION, &LABELS, 1));
    typed(&mut rig, b"\r");
    rig.prints(&title("work"));
    rig.prints(&title("idle"));
    assert_eq!(rig.response().expect("over").prompt, LABELS[1]);
}

#[test]
fn a_key_that_the_menu_shows_is_somebody_elses_answer() {
    let keyed = AGENT.replace(
        r"\d\. (?<label>[^\n]+)$",
        r"\d\. (?<label>[^\n]+?)(?: \((?:\w|esc)\))? *│$",
    );
    assert_ne!(keyed, *AGENT);
    for (keys, label) in [
        ("y", Some("Yes")),
        ("2", Some("Always")),
        ("3\r", Some("No")),
        ("e", None),
        ("x", None),
    ] {
        let mut rig = Rig::new(&keyed);
        rig.prints(&title("idle"));
        working(&mut rig);
        rig.prints(&menu(QUESTION, &["Yes (y)", "Always (p)", "No (esc)"], 0));
        rig.waits(ms(100));
        rig.response().expect("blocked");
        rig.session.handle_typed(keys.as_bytes(), rig.now);
        rig.prints(&title("work"));
        rig.prints(&title("idle"));
        assert_eq!(
            rig.response().map(|response| response.prompt).as_deref(),
            label,
            "{keys}"
        );
    }
}

#[test]
fn a_refused_permission_needs_no_busy_state_to_be_over() {
    let mut rig = asked();
    answers(&mut rig, "Yes");
    rig.waits(ms(30));
    rig.prints(&(title("idle") + "\x1b[2J\x1b[Hdenied\r\n"));
    rig.waits(ms(900));
    assert!(rig.response().is_none());
    rig.waits(ms(200));
    assert_eq!(rig.response().expect("over").outcome, Outcome::Ok);
}

#[test]
fn the_highlight_may_be_a_colour() {
    let pattern = r#"choice_pattern = '(?m)^[│ ]*(?<marker>[>│ ]) \d\. (?<label>[^\n]+)$'"#;
    let styled = r#"choice_pattern = '(?<label>Once|Always|Reject)'
marker_style = "background""#;
    let mut rig = Rig::new(&AGENT.replace(pattern, styled));
    rig.prints(&title("idle"));
    working(&mut rig);
    let paint = |labels: &[&str], at: usize| {
        let mut text = "\x1b[2J\x1b[HRun it?\r\n\x1b[48;5;8m panel panel panel panel \r\n ".to_owned();
        for (index, label) in labels.iter().enumerate() {
            let colour = if index == at { 11 } else { 8 };
            text.push_str(&format!("\x1b[48;5;{colour}m {label} \x1b[48;5;8m "));
        }
        text + "\x1b[m\r\n" + &title("ask")
    };
    rig.prints(&paint(&["Once", "Always", "Reject"], 0));
    rig.waits(ms(100));
    rig.response().expect("blocked");
    answers(&mut rig, "Always");
    assert_eq!(rig.take_written(), DOWN);
    rig.prints(&paint(&["Once", "Always", "Reject"], 1));
    rig.waits(ms(30));
    assert_eq!(rig.take_written(), b"\r");
    rig.prints(&title("work"));
    rig.prints(&paint(&["Once", "Reject"], 1));
    rig.waits(ms(100));
    answers(&mut rig, "Once");
    assert_eq!(
        rig.take_written(),
        UP,
        "of two, the rarer background is the highlight"
    );
}
