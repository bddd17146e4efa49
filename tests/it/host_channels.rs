//! Side channels of real processes: a tool that runs its hook before the prompt, behind it, and never; one that writes a transcript; a
//! message of megabytes; recordings that replay to the same responses.

use std::path::Path;
use std::sync::Arc;

use ptych::engine::protocol::{self, Spec};
use ptych::engine::response::{Response, Source};
use ptych::host::recording::{Chunks, RecordedKind, Recording, Replay};
use ptych::host::{Options, RecordOptions, Session, StopOptions};

use crate::support::run;

/// A tool in sh. Each prompt is how it answers: its hook speaks before the prompt is printed, after it, or never; `big N` says N bytes.
const TOOL: &str = r#"
say() { printf '{"event":"Stop","asked":"%s","id":"s-1","answer":"exact %s\\n"}' "$line" "$1"; }
while printf 'ready> '; IFS= read -r line; do
    case $line in
    before) echo "screen $line"; say "$line" | "$HOOK" stop ;;
    argument) echo "screen $line"; "$HOOK" stop "$(say "$line")" ;;
    after) echo "screen $line"; { sleep 0.1; say "$line" | "$HOOK" stop; } & ;;
    big*) { printf '{"event":"Stop","asked":"%s","answer":"' "$line"; head -c "${line#big }" /dev/zero | tr '\0' x; printf '"}'; } | "$HOOK" stop ;;
    poor) say "$line" | PATH= "$HOOK" stop ;;
    noise) "$HOOK" stop not-json; "$HOOK" '../../x' y; "$HOOK" </dev/null; echo "hook said $?" ;;
    crowd) for n in 1 2 3 4 5 6 7 8; do say "$n" | "$HOOK" stop & done; wait; say last | "$HOOK" stop ;;
    log) echo "screen $line"; { sleep 0.05; printf '{"role":"user","text":"%s"}\n{"role":"tool","text":"%s logged"}\n' "$line" "$line"; } >>"$LOG" & ;;
    exit) break ;;
    *) echo "screen $line" ;;
    esac
done
"#;

fn tool(channels: &str) -> Spec {
    let file = format!(
        r#"
name = "talker"
command = ["sh", "{{files}}/tool.sh"]
exit = "exit"
[spawn.env]
HOOK = "{{hook}}"
HOME = "{{files}}"
LOG = "{{files}}/logs/session.jsonl"
[spawn.files]
"tool.sh" = '''{TOOL}'''
"logs/session.jsonl" = '''{{"role":"tool","text":"old"}}
'''
[[state]]
name = "ready"
kind = "ready"
cursor_line = 'ready> $'
{channels}"#
    );
    protocol::parse(&file).unwrap_or_else(|problems| panic!("{problems}"))
}

const STOP: &str = r#"
[[channel]]
name = "stop"
kind = "hook"
text = "/answer"
prompt = "/asked"
session = "/id"
where = { "/event" = "^Stop$" }
"#;

const LOG: &str = r#"
[[channel]]
name = "log"
kind = "transcript"
path = "{home}/logs/**/*.jsonl"
text = "/text"
where = { "/role" = "^tool$" }
within = "2s"
"#;

/// Asks each prompt, recording it all.
fn asked(spec: &Arc<Spec>, cast: &Path, prompts: &[&str]) -> Vec<Response> {
    run(async {
        let options = Options {
            record: Some(RecordOptions::new(cast)),
            ..Options::default()
        };
        let session = Session::start(Arc::clone(spec), options).expect("started");
        let mut responses = Vec::new();
        for prompt in prompts {
            responses.push(session.ask(*prompt).await.expect("answered"));
        }
        session.stop(StopOptions::NOW).await;
        responses
    })
}

fn told(response: &Response) -> (&str, Source) {
    (&response.text, response.source)
}

/// Whatever way the recording is cut, it gives these responses.
fn replays_to(spec: &Arc<Spec>, cast: &Path, responses: &[Response]) {
    let recording = Recording::read(cast).expect("readable");
    for chunks in [Chunks::Whole, Chunks::Of(1), Chunks::Random(7)] {
        let replay = Replay {
            chunks,
            ..Replay::new(Arc::clone(spec))
        };
        let replayed = replay.run(&recording).responses;
        let all = replayed
            .iter()
            .map(told)
            .take(responses.len())
            .collect::<Vec<_>>();
        assert_eq!(all, responses.iter().map(told).collect::<Vec<_>>(), "{chunks:?}");
        for (replayed, response) in replayed.iter().zip(responses) {
            assert_eq!(replayed.captures, response.captures, "{chunks:?}");
        }
    }
}

#[test]
fn a_hook_may_speak_before_the_prompt_behind_it_or_never() {
    let folder = tempfile::tempdir().expect("a folder");
    let cast = folder.path().join("session.cast");
    let spec = Arc::new(tool(STOP));
    let responses = asked(&spec, &cast, &["before", "after", "never", "argument", "before"]);
    let texts: Vec<_> = responses.iter().map(told).collect();
    assert_eq!(
        texts,
        [
            ("exact before\n", Source::Hook),
            ("exact after\n", Source::Hook),
            ("screen never", Source::Screen),
            ("exact argument\n", Source::Hook),
            ("exact before\n", Source::Hook),
        ]
    );
    assert!(
        responses
            .iter()
            .all(|response| response.captures["tool_session"] == "s-1")
    );
    assert!(
        responses[1]
            .evidence
            .signals
            .iter()
            .any(|signal| signal.starts_with("said: stop (hook)"))
    );
    replays_to(&spec, &cast, &responses);
}

#[test]
fn a_message_of_megabytes_arrives_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let cast = folder.path().join("session.cast");
    let spec = Arc::new(tool(STOP));
    let responses = asked(&spec, &cast, &["big 5000000"]);
    assert_eq!(responses[0].source, Source::Hook);
    assert_eq!(responses[0].text.len(), 5_000_000);
    replays_to(&spec, &cast, &responses);
}

#[test]
fn the_hook_program_never_fails_and_prints_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = Arc::new(tool(STOP));
    let responses = asked(&spec, &folder.path().join("a.cast"), &["poor", "noise", "crowd"]);
    assert_eq!(told(&responses[0]), ("exact poor\n", Source::Hook));
    assert_eq!(told(&responses[1]), ("hook said 0", Source::Screen));
    assert_eq!(told(&responses[2]), ("exact last\n", Source::Hook));
}

#[test]
fn a_transcript_gives_what_was_appended_since_enter() {
    let folder = tempfile::tempdir().expect("a folder");
    let cast = folder.path().join("session.cast");
    let spec = Arc::new(tool(&format!("{STOP}{LOG}")));
    let responses = asked(&spec, &cast, &["log", "log"]);
    for response in &responses {
        assert_eq!(told(response), ("log logged", Source::Transcript));
    }
    replays_to(&spec, &cast, &responses);
    let heard = Recording::read(&cast).expect("readable").events;
    let heard = heard
        .iter()
        .filter(|event| matches!(event.kind, RecordedKind::Message { .. }));
    assert_eq!(heard.count(), 2, "only what was of use is recorded");
}

#[test]
fn the_private_folder_goes_with_the_session() {
    run(async {
        let session = Session::start(Arc::new(tool(STOP)), Options::default()).expect("started");
        session.wait_ready().await.expect("ready");
        let environment = std::fs::read(format!("/proc/{}/environ", session.pid())).expect("alive");
        let environment = String::from_utf8_lossy(&environment).into_owned();
        let hook = environment
            .split('\0')
            .find_map(|pair| pair.strip_prefix("HOOK="))
            .expect("set")
            .to_owned();
        assert!(Path::new(&hook).is_file());
        session.stop(StopOptions::NOW).await;
        assert!(!Path::new(&hook).exists());
    });
}
