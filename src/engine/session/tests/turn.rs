//! Turns of full-screen tools: late paints, drafts, errors, interrupts, drift.

use std::sync::LazyLock;

use super::*;

const FULL_SCREEN: &str = r#"
name = "agent"
command = ["agent"]
exit = { send = "/quit<pause-200ms><enter>" }
include = []
discard = "<ctrl-u>"

[resume]
args = ["--resume", "{session}"]
pattern = 'agent --resume (?<session>[0-9a-f-]+)'

[spawn]
ready_quiet = "500ms"

[[state]]
name = "unsent"
kind = "draft"
title = '^idle$'
screen = '(?m)^> \S'

[[state]]
name = "retrying"
kind = "busy"
title = '^work$'
screen = 'retrying'

[submit]
enter_apart = true
enter_gap = "150ms"
echo_within = "2s"
placeholders = ['\[Pasted \d+ lines\]']
start_within = "1s"

[settle]
frame = "200ms"
quiet = "50ms"
at_most = "1s"

[interrupt]
send = "<esc><pause-100ms><esc>"
signal = false
again_after = "1s"
then = "<ctrl-k>"

[[outcome.error]]
status = '^state=error(:msg=(?<message>.*))?$'
reason = "api_error"

[[outcome.error]]
screen = 'limit reached, resets (?<resets_at>\S+)'
reason = "usage_limit"

"#;

static AGENT: LazyLock<String> =
    LazyLock::new(|| FULL_SCREEN.to_owned() + TITLED + "after_busy_unless_quiet = '5s'\n");

/// The composer at the bottom, as the tool paints it.
fn composer(text: &str) -> String {
    format!("\x1b7\x1b[24;1H\x1b[2K> {text}\x1b8")
}

/// Painted, rested and ready.
fn agent() -> Rig {
    let mut rig = Rig::new(&AGENT);
    rig.tty = editor_at_prompt();
    rig.prints(&(title("idle") + &composer("") + "hello\r\n"));
    rig.waits(ms(500));
    assert_eq!(rig.state(), "ready");
    rig.written.clear();
    rig
}

/// A turn up to the tool's first sign of work.
fn working(prompt: &str) -> Rig {
    let mut rig = agent();
    rig.asks(prompt);
    rig.prints(&composer(prompt));
    rig.waits(ms(150));
    assert_eq!(rig.written, format!("{prompt}\r").as_bytes());
    rig.written.clear();
    rig.prints(&(title("work") + &composer("")));
    assert_eq!(rig.state(), "busy");
    rig
}

#[test]
fn the_first_ready_rests() {
    let mut rig = Rig::new(&AGENT);
    rig.prints(&(title("idle") + &composer("")));
    rig.waits(ms(400));
    rig.prints("queries");
    rig.waits(ms(499));
    assert_eq!(rig.state(), "starting");
    rig.waits(ms(1));
    assert_eq!(rig.state(), "ready");
}

#[test]
fn a_first_ready_that_never_rests_is_taken() {
    let mut rig = Rig::new(&AGENT);
    rig.prints(&(title("idle") + &composer("")));
    for _ in 0..30 {
        rig.waits(ms(200));
        rig.prints(".");
    }
    assert_eq!(rig.state(), "ready");
    assert!(rig.now >= Time::ZERO + crate::engine::limits::READY_QUIET_AT_MOST);
}

#[test]
fn enter_waits_for_the_echo_wherever_it_is_painted() {
    let mut rig = agent();
    rig.asks("say hello");
    rig.waits(ms(300));
    assert_eq!(rig.written, b"say hello", "no echo, no Enter");
    rig.prints(&composer("say hello"));
    assert_eq!(rig.written, b"say hello\r");
}

#[test]
fn an_old_row_is_no_echo() {
    let mut rig = agent();
    rig.asks("hello");
    rig.waits(ms(1999));
    assert_eq!(rig.written, b"hello");
    rig.waits(ms(1));
    assert_eq!(rig.written, b"hello\r", "the echo's time is over");
}

#[test]
fn a_placeholder_is_an_echo_and_the_gap_is_kept() {
    let mut rig = agent();
    rig.prints("\x1b[?2004h");
    rig.asks("a\nb\nc");
    rig.prints(&composer("[Pasted 3 lines]"));
    assert_eq!(rig.written, b"\x1b[200~a\nb\nc\x1b[201~");
    rig.waits(ms(149));
    assert!(!rig.written.ends_with(b"\r"));
    rig.waits(ms(2));
    assert!(rig.written.ends_with(b"\x1b[201~\r"));
}

#[test]
fn the_last_paint_may_follow_in_a_frame() {
    let mut rig = working("go");
    rig.prints(&title("idle"));
    rig.waits(ms(100));
    assert!(rig.response().is_none(), "no frame has followed");
    rig.prints("\x1b[?2026h\r\nthe answer\r\n\x1b[?2026l");
    rig.waits(ms(49));
    assert!(rig.response().is_none(), "50 ms of silence behind it");
    rig.waits(ms(2));
    let response = rig.response().expect("settled");
    assert!(response.text.contains("the answer"), "{:?}", response.text);
}

#[test]
fn without_a_frame_the_wait_is_bounded() {
    let mut rig = working("go");
    rig.prints(&title("idle"));
    rig.waits(ms(199));
    assert!(rig.response().is_none());
    rig.waits(ms(2));
    assert!(rig.response().is_some());
}

#[test]
fn an_animation_does_not_hold_the_end_up_for_ever() {
    let mut rig = working("go");
    rig.prints(&title("idle"));
    for _ in 0..26 {
        rig.waits(ms(40));
        rig.prints("\x1b[1;60H*");
    }
    assert!(rig.response().is_some(), "at_most is one second");
}

#[test]
fn work_that_goes_on_starts_the_wait_anew() {
    let mut rig = working("go");
    rig.prints(&title("idle"));
    rig.waits(ms(150));
    rig.prints(&title("work"));
    rig.waits(ms(3000));
    assert!(rig.response().is_none());
    rig.prints(&title("idle"));
    rig.waits(ms(199));
    assert!(rig.response().is_none());
    rig.waits(ms(2));
    assert!(rig.response().is_some());
}

#[test]
fn a_turn_that_never_worked_is_over_by_silence() {
    let mut rig = agent();
    rig.asks("/help");
    rig.prints(&composer("/help"));
    rig.waits(ms(150));
    rig.prints(&(composer("") + "commands: none\r\n"));
    rig.waits(ms(4900));
    assert!(rig.response().is_none());
    rig.waits(ms(400));
    assert_eq!(rig.response().expect("over").outcome, Outcome::Ok);
}

#[test]
fn a_prompt_that_stays_in_the_composer_gets_enter_again_and_never_the_text() {
    let mut rig = agent();
    rig.asks("go");
    rig.prints(&composer("go"));
    rig.waits(ms(151));
    rig.prints("late start-up noise");
    rig.waits(ms(1000));
    assert_eq!(rig.written, b"go\r\r");
    rig.prints(&(title("work") + &composer("")));
    rig.waits(ms(5000));
    rig.prints(&title("idle"));
    rig.waits(ms(300));
    assert_eq!(rig.written, b"go\r\r");
    assert_eq!(rig.response().expect("over").outcome, Outcome::Ok);
}

#[test]
fn a_prompt_that_is_never_taken_is_told_and_emptied() {
    let mut rig = agent();
    rig.asks("go");
    rig.prints(&composer("go"));
    rig.waits(ms(151));
    rig.prints("noise");
    rig.waits(ms(3100));
    let response = rig.response().expect("given up");
    assert_eq!(
        (response.outcome, response.evidence.rule.as_str()),
        (Outcome::TimedOut, "unsent")
    );
    assert_eq!(rig.written, b"go\r\r\r\x15");
    rig.prints(&composer(""));
    assert_eq!(rig.state(), "ready");
}

#[test]
fn what_the_tool_refuses_ends_the_turn_and_is_emptied() {
    let refused = r#"
[[state]]
name = "refused"
kind = "draft"
title = '^idle$'
screen = '(?m)^No such command(?s:.*)^> /'
ends_turn = true

[[state]]
name = "unsent"
"#;
    let errors = "\n[[outcome.error]]\npattern = '(?m)^No such command'\n";
    let mut rig = Rig::new(&(AGENT.replacen("[[state]]\nname = \"unsent\"\n", refused, 1) + errors));
    rig.tty = editor_at_prompt();
    rig.prints(&(title("idle") + &composer("") + "hello\r\n"));
    rig.waits(ms(500));
    rig.written.clear();
    rig.asks("/nonsense");
    rig.prints(&composer("/nonsense"));
    rig.waits(ms(150));
    assert_eq!(rig.written, b"/nonsense\r");
    rig.written.clear();
    rig.prints("\r\nNo such command: /nonsense\r\n");
    let response = rig.response().expect("over, without another Enter");
    assert_eq!(response.outcome, Outcome::Error, "{:?}", response.text);
    assert_eq!(response.evidence.rule, "refused");
    assert!(
        response.text.contains("No such command: /nonsense"),
        "{}",
        response.text
    );
    assert_eq!(rig.written, b"\x15", "it is emptied");
    assert_eq!(rig.state(), "busy");
    rig.prints(&composer(""));
    assert_eq!(rig.state(), "ready");
}

#[test]
fn a_draft_of_nobody_is_emptied_a_few_times() {
    let mut rig = agent();
    rig.prints(&composer("left over"));
    assert_eq!(rig.written, b"\x15");
    assert_eq!(rig.state(), "busy");
    rig.waits(ms(5000));
    assert_eq!(rig.written, b"\x15\x15\x15");
    assert_eq!(rig.state(), "unknown");
    rig.prints(&composer(""));
    assert_eq!(rig.state(), "ready");
}

#[test]
fn keys_that_empty_a_line_are_the_protocols() {
    let told = |protocol: &str, keys: &[&str]| {
        let mut rig = Rig::ready(protocol);
        for typed in keys {
            rig.session.handle_typed(typed.as_bytes(), rig.now);
        }
        rig.answers("", "42\r\n").prompt
    };
    let own = format!("discard = \"<esc><backspace>\"\n{EDITOR}");
    assert_eq!(told(&own, &["wrong", "\x1b", "\x7f", "6*7\r"]), "6*7");
    assert_eq!(told(&own, &["wrong\x1b\x7f6*7\r"]), "6*7");
    assert_eq!(
        told(EDITOR, &["wrong\x01\x0b", "6*7", "\r"]),
        "6*7",
        "the default"
    );
    assert_eq!(told(EDITOR, &["wrong\x15", "6*7\r"]), "6*7", "a terminal's own");
}

#[test]
fn what_a_person_types_is_no_draft_to_empty() {
    let mut rig = agent();
    rig.session.handle_typed(b"hel", rig.now);
    rig.prints(&composer("hel"));
    rig.waits(ms(2000));
    assert_eq!((rig.written.as_slice(), rig.state()), (&b""[..], "ready"));
}

#[test]
fn an_interrupt_types_its_keys_apart_and_once_more() {
    let mut rig = working("go");
    rig.prints("\r\nhalf an ans\r\n");
    rig.session.interrupt(rig.now).expect("allowed");
    rig.settle();
    assert_eq!(rig.written, b"\x1b");
    rig.waits(ms(100));
    assert_eq!(rig.written, b"\x1b\x1b");
    rig.waits(ms(950));
    assert_eq!(rig.written, b"\x1b\x1b\x1b", "still busy");
    rig.waits(ms(20_000));
    assert_eq!(rig.written, b"\x1b\x1b\x1b\x1b", "once");
    while let Some(action) = rig.session.poll_action() {
        assert!(!matches!(action, Action::Signal(_)), "signal = false");
    }
    // The prompt is put back into the composer.
    rig.prints(&(title("idle") + &composer("go")));
    assert!(rig.written.ends_with(b"\x15"));
    rig.prints(&composer(""));
    rig.waits(ms(300));
    let response = rig.response().expect("over");
    assert_eq!(response.outcome, Outcome::Interrupted);
    assert!(response.text.contains("half an ans"));
    assert!(rig.written.ends_with(b"\x15\x0b"), "and what `then` says");
    assert_eq!(rig.state(), "ready");
}

#[test]
fn a_turn_interrupted_before_it_worked_is_over_soon() {
    let mut rig = agent();
    rig.asks("go");
    rig.prints(&composer("go"));
    rig.waits(ms(160));
    rig.prints(&composer(""));
    rig.session.interrupt(rig.now).expect("allowed");
    rig.waits(ms(1500));
    assert_eq!(rig.response().expect("over").outcome, Outcome::Interrupted);
}

#[test]
fn the_tools_own_word_is_an_error_with_its_message() {
    let mut rig = working("go");
    rig.prints("\x1b]7501;state=error:msg=T3ZlcmxvYWRlZA==\x1b\\");
    rig.prints(&title("idle"));
    rig.waits(ms(300));
    let response = rig.response().expect("over");
    assert_eq!(response.outcome, Outcome::Error);
    assert_eq!(response.captures["message"], "Overloaded");
    assert_eq!(response.captures["reason"], "api_error");
}

#[test]
fn an_error_of_the_turn_before_is_none_of_this_one() {
    let mut rig = working("go");
    rig.prints("\x1b]7501;state=error:msg=T3ZlcmxvYWRlZA==\x1b\\");
    rig.prints(&title("idle"));
    rig.waits(ms(300));
    assert_eq!(rig.response().expect("over").outcome, Outcome::Error);
    // A command of the tool's own: answered at once, nothing announced.
    rig.asks("/help");
    rig.prints(&composer("/help"));
    rig.waits(ms(150));
    rig.prints(&(composer("") + "a list\r\n"));
    rig.waits(Duration::from_secs(6));
    let response = rig.response().expect("over");
    assert_eq!(response.outcome, Outcome::Ok, "{:?}", response.captures);
    assert!(!response.captures.contains_key("message"));
}

#[test]
fn the_screen_tells_when_a_limit_is_over() {
    let mut rig = working("go");
    rig.prints(&(title("idle") + "\x1b[1;1Hlimit reached, resets 14:30"));
    rig.waits(ms(300));
    let response = rig.response().expect("over");
    assert_eq!(response.outcome, Outcome::Error);
    assert_eq!(response.captures["resets_at"], "14:30");
    assert_eq!(response.captures["reason"], "usage_limit");
}

#[test]
fn a_deadline_names_what_the_tool_was_doing() {
    let mut rig = working("go");
    rig.prints("retrying in 19s");
    rig.waits(Duration::from_secs(60));
    let response = rig.response().expect("over");
    assert_eq!(response.outcome, Outcome::TimedOut);
    let signals = &response.evidence.signals;
    assert!(signals.iter().any(|s| s == "busy: retrying"), "{signals:?}");
}

#[test]
fn a_tool_that_shows_nothing_known_is_unknown_and_comes_back() {
    let mut rig = working("go");
    rig.prints(&title("Now With A New Look"));
    rig.waits(ms(4900));
    assert_eq!(rig.state(), "busy");
    rig.waits(ms(200));
    assert_eq!(rig.state(), "unknown");
    let drift = rig.events.iter().find_map(|event| match event {
        EventKind::Drift {
            nearest,
            tool_version,
        } => {
            assert_eq!(tool_version.as_deref(), Some("2.1"));
            Some(nearest.join("\n"))
        }
        _ => None,
    });
    assert!(drift.expect("told").contains("title wants ^work$"));
    rig.prints(&title("work"));
    assert_eq!(rig.state(), "busy");
    rig.prints(&title("idle"));
    rig.waits(ms(300));
    assert_eq!(rig.response().expect("over").outcome, Outcome::Ok);
    assert_eq!(rig.state(), "ready");
}

#[test]
fn a_turn_that_ends_in_a_look_of_its_own_says_what_came_nearest() {
    let mut rig = working("go");
    rig.session.config.tool_version = None;
    rig.prints(&title("Now With A New Look"));
    rig.waits(ms(6000));
    assert_eq!(rig.state(), "unknown");
    rig.session.learn_tool_version("2.2".into());
    rig.waits(Duration::from_secs(60));
    let response = rig.response().expect("over");
    assert_eq!(response.outcome, Outcome::Unknown);
    assert!(!response.complete);
    let signals = response.evidence.signals.join("\n");
    assert!(signals.contains("title wants ^work$"), "{signals}");
    assert!(signals.contains("version of the tool: 2.2"), "{signals}");
}

#[test]
fn the_way_out_is_typed_with_its_pause() {
    let mut rig = agent();
    rig.session.leave(rig.now);
    rig.settle();
    assert_eq!(rig.written, b"/quit");
    rig.prints(&composer("/quit"));
    rig.waits(ms(199));
    assert_eq!(rig.written, b"/quit");
    rig.waits(ms(2));
    assert_eq!(rig.written, b"/quit\r");
}

#[test]
fn a_tool_that_ends_may_say_how_to_come_back() {
    let mut rig = agent();
    rig.session.leave(rig.now);
    rig.settle();
    assert_eq!(rig.session.tool_session(), None);
    rig.prints("\r\nTo continue: agent --resume 12ab-34\r\n");
    rig.session.handle_exit(Exit::Code(0), rig.now);
    assert_eq!(rig.session.tool_session(), Some("12ab-34"));
}

#[test]
fn captures_see_what_is_trimmed_off() {
    let protocol = EDITOR.to_owned()
        + "[response]\ntrim_tail = ['\\n?\\[[^\\]]*\\]$']\n\
           captures = ['(?<tokens_in>[\\d.]+k?) in, (?<cost_usd>\\$[\\d.]+)']\n";
    let mut rig = Rig::ready(&protocol);
    rig.asks("x");
    let response = rig.answers("x", "done\r\n[1.2k in, $0.03]\r\n");
    assert_eq!(response.text, "done");
    assert_eq!(response.captures["tokens_in"], "1200");
    assert_eq!(response.captures["cost_usd"], "0.03");
}

#[test]
fn who_types_does_not_wait_for_the_last_paint() {
    let mut rig = Rig::new(&AGENT);
    rig.prints(&(title("idle") + &composer("")));
    rig.session.handle_typed(b"go", rig.now);
    assert_eq!(rig.state(), "ready");
    rig.prints(&composer("go"));
    rig.session.handle_typed(b"\r", rig.now);
    rig.prints(&(title("work") + &composer("")));
    rig.session.handle_typed(b"\x1b", rig.now);
    rig.prints(&title("idle"));
    assert!(rig.response().is_none());
    rig.session.handle_typed(b"next", rig.now);
    rig.settle();
    assert_eq!(rig.response().expect("over").outcome, Outcome::Interrupted);
}
