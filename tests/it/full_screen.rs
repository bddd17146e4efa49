//! `ptych ask` on a full-screen tool of our own: it paints into the alternate screen, hides its cursor, announces its state and its title,
//! finishes painting after it has said that it is done, takes no Enter that comes too early, fails, and says how it is resumed.

use std::sync::LazyLock;

use crate::cli_support::{Home, Run};

/// Python: prompts decide what it does.
const TOOL: &str = r#"
import base64, os, select, sys, termios, time, tty

fd = sys.stdin.fileno()
kept = termios.tcgetattr(fd)
tty.setraw(fd)
session = sys.argv[sys.argv.index("--resume") + 1] if "--resume" in sys.argv else "c0ffee-1"
composer, lines, early = "", ["session " + session], True

def put(text):
    os.write(1, text.encode())

def status(state, message=""):
    text = ":msg=" + base64.b64encode(message.encode()).decode() if message else ""
    put("\x1b]7501;state=" + state + text + "\x1b\\")

def paint():
    rows = ["\x1b[%d;1H\x1b[2K%s" % (i + 1, line) for i, line in enumerate(lines[-20:])]
    put("\x1b[?2026h" + "".join(rows) + "\x1b[24;1H\x1b[2K> " + composer + "\x1b[1;1H\x1b[?2026l")

def keys(wait):
    return os.read(fd, 4096).decode() if select.select([fd], [], [], wait)[0] else ""

def idle():
    put("\x1b]2;idle\x07")

def work(prompt):
    put("\x1b]2;work\x07")
    status("working")
    paint()
    if prompt == "wait":
        lines.append("begun")
        paint()
        while keys(0.05) != "\x1b":
            pass
        time.sleep(0.02)
        while keys(0.05) != "\x1b":
            pass
        lines.append("stopped")
        status("idle")
        idle()
        return prompt
    if prompt == "retry":
        lines.append("service failed, retrying")
        paint()
        time.sleep(60)
    time.sleep(0.1)
    if prompt == "fail":
        status("error", "Overloaded, come back later")
    else:
        status("done")
    idle()
    # The last paint comes behind the announcement.
    time.sleep(0.08)
    lines.append("answer to " + prompt)
    return ""

put("\x1b[?1049h\x1b[?2004h\x1b[?25l")
status("idle")
idle()
paint()
time.sleep(0.3)
paint()
while True:
    typed = keys(60)
    if typed == "\x15":
        composer = ""
    elif typed == "\r" and composer == "/quit":
        break
    elif typed == "\r" and composer == "late" and early:
        early = False
    elif typed == "\r" and composer == "/help":
        composer = ""
        lines.append("no help")
    elif typed == "\r":
        prompt, composer = composer, ""
        lines.append("? " + prompt)
        composer = work(prompt)
    elif typed:
        composer += typed.replace("\x1b[200~", "").replace("\x1b[201~", "")
    paint()
put("\x1b[?25h\x1b[?2004l\x1b[?1049l")
termios.tcsetattr(fd, termios.TCSANOW, kept)
print("Come back with: painter --resume " + session)
"#;

const PROTOCOL: &str = r#"
name = "painter"
command = ["python3", "TOOL"]
exit = { send = "/quit<pause-100ms><enter>" }
discard = "<ctrl-u>"
include = []
unproven = "only a script plays this tool"

[resume]
args = ["--resume", "{session}"]
pattern = '--resume (?<session>\S+)'

[spawn]
ready_quiet = "200ms"

[[state]]
name = "unsent"
kind = "draft"
title = '^idle$'
screen = '(?m)^> \S'

[[state]]
name = "retrying"
kind = "busy"
title = '^work$'
screen = '(?m)retrying$'

[submit]
one_line = "paste"
enter_apart = true
enter_gap = "50ms"
start_within = "500ms"

[settle]
frame = "500ms"
quiet = "50ms"

[interrupt]
send = "<esc><pause-100ms><esc>"
signal = false

[[outcome.error]]
status = '^state=error(:msg=(?<message>.*))?$'
reason = "overloaded"

# What the screen showed when the turn was over.
[[outcome.error]]
screen = '(?ms)^(?<shown>session .*\S)\s+^>'
severity = "warning"

"#;

const TITLED: &str = concat!(
    include_str!("titled.toml"),
    "status = '^state=(idle|done|error)'\nmodes = { alternate_screen = true }\nafter_busy_unless_quiet = '1s'\n"
);

static PYTHON: LazyLock<bool> = LazyLock::new(|| {
    std::process::Command::new("python3")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
});

/// The tool and its protocol in a home of their own.
fn painter() -> Option<(Home, String)> {
    if !*PYTHON {
        return None;
    }
    let home = Home::new();
    let tool = home.write("painter.py", TOOL);
    let protocol = home.write("painter.toml", &(PROTOCOL.replace("TOOL", &tool) + TITLED));
    Some((home, protocol))
}

/// The screen at the end of a turn.
#[track_caller]
fn shown(run: &Run, index: usize) -> String {
    let shown = &run.objects()[index]["captures"]["shown"];
    shown
        .as_str()
        .unwrap_or_else(|| panic!("nothing shown: {run:?}"))
        .to_owned()
}

#[test]
fn the_answer_is_whole_though_it_is_painted_last() {
    let Some((home, protocol)) = painter() else { return };
    let run = home.run(&["ask", "--json", &protocol, "one", "two"]).ends(0);
    assert!(shown(&run, 0).contains("answer to one"), "{run:?}");
    assert!(shown(&run, 1).contains("answer to two"), "{run:?}");
    assert_eq!(run.objects()[1]["evidence"]["rule"], "idle");
    run.says("resume with: --resume c0ffee-1");
}

#[test]
fn an_enter_that_was_not_taken_is_repeated_and_the_text_is_not() {
    let Some((home, protocol)) = painter() else { return };
    let run = home.run(&["ask", "--json", &protocol, "late"]).ends(0);
    assert!(shown(&run, 0).contains("answer to late"), "{run:?}");
    assert!(!shown(&run, 0).contains("latelate"), "{run:?}");
}

#[test]
fn a_command_that_is_answered_at_once_is_over_by_silence() {
    let Some((home, protocol)) = painter() else { return };
    let run = home.run(&["ask", "--json", &protocol, "/help", "then"]).ends(0);
    assert!(shown(&run, 0).contains("no help"), "{run:?}");
    assert!(shown(&run, 1).contains("answer to then"), "{run:?}");
}

#[test]
fn the_tools_error_has_its_message_and_a_reason() {
    let Some((home, protocol)) = painter() else { return };
    let run = home.run(&["ask", "--json", &protocol, "fail"]).ends(1);
    let object = &run.objects()[0];
    assert_eq!(object["outcome"], "error");
    assert_eq!(object["captures"]["message"], "Overloaded, come back later");
    assert_eq!(object["captures"]["reason"], "overloaded");
}

#[test]
fn a_tool_that_retries_for_ever_runs_into_the_deadline() {
    let Some((home, protocol)) = painter() else { return };
    let run = home
        .run(&["ask", "--json", "--timeout", "3s", &protocol, "retry"])
        .ends(124);
    let object = &run.objects()[0];
    assert_eq!(object["outcome"], "timed_out");
    let signals = object["evidence"]["signals"].as_array().expect("a list");
    assert!(signals.contains(&"busy: retrying".into()), "{signals:?}");
}

#[test]
fn a_conversation_goes_on_by_its_id() {
    let Some((home, protocol)) = painter() else { return };
    let run = home
        .run(&["ask", "--json", "--resume", "beef-2", &protocol, "one"])
        .ends(0);
    run.says("resume with: --resume beef-2");
    home.run(&["ask", "--resume", "--verbose", &protocol, "one"])
        .ends(2);
    home.run(&["ask", "--resume", "x", "bash", "true"])
        .ends(2)
        .says("does not say how");
}

#[test]
fn an_unproven_protocol_says_so() {
    let Some((home, protocol)) = painter() else { return };
    let why = "only a script plays this tool";
    home.run(&["protocol", "show", &protocol])
        .ends(0)
        .prints_part(why);
    home.run(&["doctor", &protocol])
        .ends(0)
        .prints_part(&format!("unproven ({why})"));
    let own = std::fs::read_to_string(&protocol).expect("written above");
    home.write(".config/ptych/protocols/painter.toml", &own);
    home.run(&["protocol", "list"]).ends(0).prints_part(why);
    let run = home.run(&["protocol", "list", "--json"]).ends(0).prints_part(why);
    assert!(run.stdout.contains("\"unproven\""));
}

mod interrupted {
    use std::sync::Arc;
    use std::time::Duration;

    use ptych::engine::protocol;
    use ptych::engine::response::Outcome;
    use ptych::host::{AskOptions, Options, Session};

    use super::painter;

    #[test]
    fn an_interrupt_leaves_the_partial_text_and_an_empty_composer() {
        let Some((_home, path)) = painter() else { return };
        let source = std::fs::read_to_string(path).expect("written above");
        let spec = protocol::parse(&source).expect("valid");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let session = Session::start(Arc::new(spec), Options::default()).expect("starts");
            let turn = session
                .submit("wait", AskOptions::default())
                .await
                .expect("typed");
            // It has begun when the screen says so.
            while !session
                .snapshot()
                .await
                .expect("lives")
                .rows
                .iter()
                .any(|row| row == "begun")
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            session.interrupt().await.expect("allowed");
            let response = turn.response().await.expect("a response");
            assert_eq!(response.outcome, Outcome::Interrupted);
            assert!(
                response.captures["shown"].contains("begun"),
                "{:?}",
                response.captures
            );
            // It had put the prompt back into its composer.
            let next = session.ask("next").await.expect("a response");
            assert!(
                next.captures["shown"].contains("answer to next"),
                "{:?}",
                next.captures
            );
            assert!(
                !next.captures["shown"].contains("waitnext"),
                "{:?}",
                next.captures
            );
            let report = session.stop(Default::default()).await;
            assert_eq!(report.tool_session.as_deref(), Some("c0ffee-1"));
        });
    }
}
