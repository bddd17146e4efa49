//! Side channels: before the evidence, after it, never, and too late.

use super::*;
use crate::engine::response::Source;

const HOOKED: &str = r#"
name = "talker"
command = ["talker", "{hook}"]
prompt = 'calc> $'
exit = "quit"
include = []

[[state]]
name = "working"
kind = "busy"
cursor_line = 'working$'

[[channel]]
name = "stop"
kind = "hook"
text = "/answer"
prompt = "/asked"
session = "/id"
captures = { tokens_in = "/usage/in" }
where = { "/event" = "^Stop$" }
"#;

/// Without the prompt in each message.
fn hooked() -> String {
    HOOKED.replace("prompt = \"/asked\"\n", "")
}

fn stop(answer: &str) -> String {
    serde_json::json!({ "event": "Stop", "answer": answer, "id": "s-1", "usage": { "in": 7 } }).to_string()
}

impl Rig {
    fn hears(&mut self, channel: &str, text: &str) -> bool {
        let taken = self.session.handle_message(channel, text, self.now);
        self.session.handle_drained(self.now);
        self.settle();
        taken
    }

    /// Prints the whole of an answer, with the prompt behind it.
    fn shows(&mut self, echo: &str, output: &str) {
        self.tty = running();
        self.prints(&format!("{echo}\r\n{output}"));
        self.tty = editor_at_prompt();
        self.prints("calc> ");
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.session.poll_action()).collect()
    }
}

#[test]
fn a_message_before_the_evidence_is_the_text_to_the_letter() {
    let mut rig = Rig::ready(&hooked());
    rig.asks("q");
    rig.tty = running();
    rig.prints("q\r\n");
    assert!(rig.hears("stop", &stop("  exact \n\ttext\n")));
    rig.shows("", "  what the screen shows\r\n");
    let response = rig.response().expect("nothing is waited for");
    assert_eq!(
        (response.text.as_str(), response.source),
        ("  exact \n\ttext\n", Source::Hook)
    );
    assert_eq!(response.captures["tokens_in"], "7");
    assert_eq!(response.captures["tool_session"], "s-1");
    let told = response.evidence.signals.last().expect("told");
    assert_eq!(told, "said: stop (hook), 0 ms before the evidence");
}

#[test]
fn a_message_after_the_evidence_ends_the_turn_when_it_comes() {
    let mut rig = Rig::ready(&hooked());
    rig.asks("q");
    rig.shows("q", "screen\r\n");
    assert_eq!((rig.response(), rig.state()), (None, "busy"));
    rig.waits(Duration::from_millis(120));
    assert!(rig.response().is_none());
    rig.hears("stop", &stop("exact"));
    let response = rig.response().expect("heard");
    assert_eq!((response.text.as_str(), response.source), ("exact", Source::Hook));
    assert_eq!(
        response.evidence.signals.last().expect("told"),
        "said: stop (hook), 120 ms after the evidence"
    );
    assert_eq!(rig.state(), "ready");
}

#[test]
fn an_error_that_is_told_ends_the_turn_as_one() {
    let rules = "[[outcome.error]]\ntold = 'quota.* at (?<resets_at>\\S+)$'\nreason = \"usage_limit\"\n";
    let source = hooked().replace("text = \"/answer\"", "text = \"/answer\"\nerror = \"/failed\"");
    let said = |answer: &str, failed: &str| {
        serde_json::json!({ "event": "Stop", "answer": answer, "failed": failed }).to_string()
    };
    let mut rig = Rig::ready(&format!("{source}{rules}"));
    let mut ask = |answer: &str, failed: &str, screen: &str| {
        rig.asks("q");
        rig.shows("q", screen);
        rig.hears("stop", &said(answer, failed));
        rig.response().expect("nothing is waited for")
    };
    let response = ask("", "The request is not valid", "screen\r\n");
    assert_eq!(
        (response.outcome, response.source),
        (Outcome::Error, Source::Screen)
    );
    assert_eq!(response.captures["message"], "The request is not valid");
    assert!(response.complete && !response.captures.contains_key("reason"));
    let response = ask("half of", "over quota, comes back at 4:31", "screen\r\n");
    assert_eq!(
        (response.outcome, response.text.as_str()),
        (Outcome::Error, "half of")
    );
    assert_eq!(response.captures["reason"], "usage_limit");
    assert_eq!(response.captures["resets_at"], "4:31");
    // What the reply says of errors is none.
    let response = ask("your quota is back at 5:00", "", "over quota, back at 5:00\r\n");
    assert_eq!((response.outcome, response.source), (Outcome::Ok, Source::Hook));
    assert!(!response.captures.contains_key("message"));
}

#[test]
fn without_a_message_the_screen_is_taken_in_time() {
    let mut rig = Rig::ready(&hooked());
    rig.asks("q");
    rig.shows("q", "screen\r\n");
    rig.waits(Duration::from_millis(299));
    assert!(rig.response().is_none());
    rig.waits(Duration::from_millis(2));
    let response = rig.response().expect("waited long enough");
    assert_eq!(
        (response.text.as_str(), response.source),
        ("screen", Source::Screen)
    );
    assert_eq!(
        response.evidence.signals.last().expect("told"),
        "said: nothing, waited 300 ms"
    );
}

#[test]
fn what_came_before_enter_is_of_no_turn() {
    let mut rig = Rig::ready(&hooked());
    rig.hears("stop", &stop("old"));
    rig.asks("q");
    rig.shows("q", "screen\r\n");
    rig.waits(Duration::from_secs(1));
    let response = rig.response().expect("over");
    assert_eq!(response.source, Source::Screen);
    // What it said of the session is true nevertheless.
    assert_eq!(response.captures["tool_session"], "s-1");
}

#[test]
fn a_late_message_that_names_its_prompt_is_not_taken_for_the_next_turn() {
    let mut rig = Rig::ready(HOOKED);
    let stop = |asked: &str| {
        serde_json::json!({ "event": "Stop", "answer": format!("to {asked}"), "asked": asked }).to_string()
    };
    for asked in ["first", "second"] {
        rig.asks(asked);
        rig.tty = running();
        rig.prints(&format!("{asked}\r\n"));
        rig.hears("stop", &stop("first"));
        rig.hears("stop", &stop("make a title for: second"));
        rig.hears("stop", &stop(&format!(" {asked}\n")));
        rig.shows("", "screen\r\n");
        assert_eq!(rig.response().expect("over").text, format!("to  {asked}\n"));
    }
}

#[test]
fn messages_that_do_not_fit_are_left_out() {
    let mut rig = Rig::ready(&hooked());
    rig.asks("q");
    rig.tty = running();
    rig.prints("q\r\n");
    assert!(!rig.hears("stop", r#"{"event":"SubagentStop","answer":"no"}"#));
    assert!(!rig.hears("stop", r#"{"answer":"no"}"#));
    assert!(!rig.hears("nobody", &stop("no")));
    assert!(!rig.hears("stop", "no JSON"));
    assert!(rig.hears("stop", r#"{"event":"Stop","answer":null}"#));
    rig.shows("", "screen\r\n");
    rig.waits(Duration::from_secs(1));
    assert_eq!(rig.response().expect("over").source, Source::Screen);
}

#[test]
fn several_messages_are_the_last_or_all() {
    for (join, wanted) in [("last", "two"), ("all", "one\n\ntwo")] {
        let mut rig = Rig::ready(&format!("{}join = \"{join}\"\n", hooked()));
        rig.asks("q");
        rig.tty = running();
        rig.prints("q\r\n");
        rig.hears("stop", &stop("one"));
        rig.hears("stop", &stop("two"));
        rig.shows("", "screen\r\n");
        assert_eq!(rig.response().expect("over").text, wanted);
    }
}

#[test]
fn an_interrupted_turn_has_the_screens_text_at_once() {
    let mut rig = Rig::ready(&hooked());
    rig.asks("q");
    rig.tty = running();
    rig.prints("q\r\nhalf\r\n");
    rig.session.interrupt(rig.now).expect("typed");
    rig.settle();
    rig.hears("stop", &stop("whole"));
    rig.tty = editor_at_prompt();
    rig.prints("calc> ");
    let response = rig.response().expect("over");
    assert_eq!(
        (response.outcome, response.source),
        (Outcome::Interrupted, Source::Screen)
    );
    assert_eq!(response.text, "half");
}

#[test]
fn an_interrupt_while_only_words_are_waited_for_types_nothing() {
    let mut rig = Rig::ready(&hooked());
    rig.asks("q");
    rig.shows("q", "screen\r\n");
    rig.written.clear();
    rig.session.interrupt(rig.now).expect("nothing to do");
    rig.settle();
    assert!(rig.written.is_empty());
    assert_eq!(rig.response().expect("over").outcome, Outcome::Ok);
}

#[test]
fn a_prompt_that_was_only_passing_is_no_beginning_of_the_wait() {
    let mut rig = Rig::ready(&hooked());
    rig.asks("q");
    rig.shows("q", "");
    rig.waits(Duration::from_millis(200));
    rig.tty = running();
    rig.prints("\r\nworking");
    rig.waits(Duration::from_millis(200));
    rig.shows("", "screen\r\n");
    rig.waits(Duration::from_millis(200));
    assert!(rig.response().is_none(), "200 ms after the second, true end");
    rig.waits(Duration::from_millis(101));
    assert_eq!(rig.response().expect("over").source, Source::Screen);
}

#[test]
fn who_types_on_does_not_wait() {
    let mut rig = Rig::ready(&hooked());
    rig.asks("q");
    rig.shows("q", "screen\r\n");
    rig.session.handle_typed(b"next\r", rig.now);
    rig.settle();
    assert_eq!(rig.response().expect("over").text, "screen");
    assert_eq!(rig.state(), "busy");
}

#[test]
fn where_no_message_can_come_none_is_waited_for() {
    let mut rig = Rig::ready(&hooked());
    rig.session.config.side_channels = false;
    rig.asks("q");
    rig.shows("q", "screen\r\n");
    assert_eq!(rig.response().expect("at once").text, "screen");
}

#[test]
fn a_transcript_is_noted_before_enter_and_read_until_the_text_is_there() {
    let protocol = "name = \"t\"\ncommand = [\"t\"]\nprompt = 'calc> $'\nexit = \"q\"\ninclude = []\n\
        [[channel]]\nname = \"log\"\nkind = \"transcript\"\npath = \"{home}/*.jsonl\"\ntext = \"/text\"\n";
    let mut rig = Rig::ready(protocol);
    let prompt = rig.prompt("q");
    rig.session.submit(prompt, rig.now).expect("accepted");
    assert_eq!(rig.actions(), [Action::NoteTranscripts]);
    assert!(rig.session.poll_write().is_some(), "nothing was written before");
    rig.settle();
    rig.shows("q", "screen\r\n");
    assert_eq!(rig.actions(), [Action::ReadTranscripts]);
    rig.waits(Duration::from_millis(50));
    assert_eq!(rig.actions(), [Action::ReadTranscripts, Action::ReadTranscripts]);
    assert_eq!(rig.session.hints().prompt, Some("q"));
    rig.hears("log", "{\"text\":\"exact\"}");
    let response = rig.response().expect("read");
    assert_eq!(
        (response.text.as_str(), response.source),
        ("exact", Source::Transcript)
    );
}

#[test]
fn a_state_may_be_what_a_hook_has_said() {
    let protocol = "name = \"t\"\ncommand = [\"t\", \"{hook}\"]\nexit = \"q\"\ninclude = []\n\
        [[state]]\nname = \"first\"\nkind = \"ready\"\nsaid = \"start\"\nwaiting = \"any\"\ntty = \"any\"\n\
        [[state]]\nname = \"done\"\nkind = \"ready\"\nsaid = \"stop\"\nwaiting = \"any\"\ntty = \"any\"\n\
        [[channel]]\nname = \"start\"\nkind = \"hook\"\nsession = \"/id\"\n\
        [[channel]]\nname = \"stop\"\nkind = \"hook\"\ntext = \"\"\n";
    let mut rig = Rig::new(protocol);
    rig.tty = editor_at_prompt();
    rig.prints("hello ");
    assert_eq!(rig.state(), "starting");
    rig.hears("start", "{\"id\":\"s-9\"}");
    assert_eq!(rig.state(), "ready");
    rig.asks("q");
    rig.prints("q\r\nanswer\r\n");
    assert_eq!(rig.state(), "busy");
    let trace = rig.session.explain(rig.now);
    let said = |rule: usize| {
        trace[rule]
            .signals
            .iter()
            .find(|signal| signal.signal == "said")
            .cloned()
    };
    assert_eq!(said(1).expect("told").actual, "nothing");
    rig.hears("stop", "plain words");
    assert_eq!(rig.response().expect("over").text, "plain words");
    assert_eq!(rig.session.tool_session(), Some("s-9"));
}

#[test]
fn a_turn_that_failed_waits_for_nothing() {
    let failing = format!("{}[[outcome.error]]\nscreen = 'API error'\n", hooked());
    let mut rig = Rig::ready(&failing);
    rig.asks("q");
    rig.shows("q", "API error\r\n");
    let response = rig.response().expect("at once");
    assert_eq!(
        (response.outcome, response.source),
        (Outcome::Error, Source::Screen)
    );
}

#[test]
fn a_message_of_the_same_name_takes_the_place_of_the_first() {
    let mut rig = Rig::ready(&format!("{}join = \"all\"\nid = \"/n\"\n", hooked()));
    rig.asks("q");
    rig.tty = running();
    rig.prints("q\r\n");
    for (id, text) in [("a", "half"), ("b", "second"), ("a", "first")] {
        let message = serde_json::json!({ "event": "Stop", "n": id, "answer": text });
        rig.hears("stop", &message.to_string());
    }
    rig.shows("", "screen\r\n");
    assert_eq!(rig.response().expect("over").text, "first\n\nsecond");
}

#[test]
fn the_answer_to_a_question_goes_on_with_the_prompt_before() {
    let mut rig = Rig::ready(HOOKED);
    rig.asks("first");
    rig.tty = reading_line();
    rig.prints("first\r\nName: ");
    rig.waits(Duration::from_secs(1));
    assert_eq!(rig.response().expect("asked").outcome, Outcome::Blocked);
    let answer = rig.prompt("Ada");
    rig.session.answer(answer, rig.now).expect("takes text");
    rig.settle();
    rig.tty = running();
    rig.prints("Ada\r\n");
    let stop =
        |asked: &str| serde_json::json!({ "event": "Stop", "answer": asked, "asked": asked }).to_string();
    assert!(!rig.hears("stop", &stop("a title for first")));
    assert!(rig.hears("stop", &stop("first")));
    rig.shows("", "screen\r\n");
    assert_eq!(rig.response().expect("over").text, "first");
}
