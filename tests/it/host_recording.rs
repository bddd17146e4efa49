//! Recordings: what is written, that it can be replayed, and that cutting it otherwise changes nothing.

#![expect(clippy::disallowed_methods, reason = "recordings are files")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ptych::engine::protocol::{Spec, builtin};
use ptych::host::recording::{Chunks, RecordedKind, Recording, Replay};
use ptych::host::{Options, RecordFormat, RecordOptions, Session, StopOptions};

use crate::host_support::program;
use crate::support::run;

fn record(spec: Arc<Spec>, path: &Path, format: RecordFormat, prompts: &[&str]) {
    run(async {
        let record = RecordOptions {
            format,
            ..RecordOptions::new(path)
        };
        let options = Options {
            record: Some(record),
            ..Options::default()
        };
        let session = Session::start(spec, options).expect("started");
        for prompt in prompts {
            session.ask(*prompt).await.expect("answered");
        }
        session.stop(StopOptions::default()).await;
    });
}

#[test]
fn a_recorded_session_gives_the_same_responses_when_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = Arc::new(builtin::load("bash").expect("valid"));
    for format in [RecordFormat::V2, RecordFormat::V3] {
        let path = folder.path().join("session.cast");
        record(
            Arc::clone(&spec),
            &path,
            format,
            &["echo hällo", "sleep 0.1; seq 200", "false"],
        );
        let recording = Recording::read(&path).expect("readable");
        let replayed = Replay::new(Arc::clone(&spec)).run(&recording);
        let texts: Vec<&str> = replayed
            .responses
            .iter()
            .map(|response| response.text.as_str())
            .collect();
        let numbers = (1..=200).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
        assert_eq!(texts[..3], ["hällo", numbers.as_str(), ""], "{format:?}");
        assert!(matches!(
            recording.events.last().map(|e| &e.kind),
            Some(RecordedKind::Exit(_))
        ));
    }
}

#[test]
fn what_is_typed_unseen_is_masked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret.cast");
    run(async {
        let script = "stty -echo; printf 'Password: '; read p; stty echo; echo; printf 'ready> '; read x";
        let options = Options {
            record: Some(RecordOptions::new(&path)),
            ..Options::default()
        };
        let session = Session::start(program("dash", &["-c", script]), options).expect("started");
        let blocked = session.wait_ready().await;
        assert!(blocked.is_err(), "a password prompt is not ready");
        let response = session
            .answer("tr0ub4dor", ptych::host::AskOptions::default())
            .await
            .expect("answered");
        assert_ne!(response.prompt, "tr0ub4dor");
        session.stop(StopOptions::NOW).await;
    });
    let text = std::fs::read_to_string(&path).expect("written");
    assert!(!text.contains("tr0ub4dor"), "{text}");
    assert!(text.contains("*********"), "{text}");
}

fn fixtures(tool: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/recordings")
        .join(tool);
    let mut found = Vec::new();
    let mut pending = vec![folder];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).expect("fixtures").flatten() {
            let path = entry.path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "cast") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The kernel cuts output at random; what an answer is must not depend on it.
#[test]
fn cutting_a_recording_otherwise_changes_nothing() {
    for tool in ["bash", "python"] {
        let spec = Arc::new(builtin::load(tool).expect("valid"));
        for path in fixtures(tool) {
            let recording = Recording::read(&path).expect("readable");
            let whole = Replay::new(Arc::clone(&spec)).run(&recording);
            for chunks in [Chunks::Of(1), Chunks::Random(7), Chunks::Random(0x5eed)] {
                let cut = Replay {
                    spec: Arc::clone(&spec),
                    chunks,
                }
                .run(&recording);
                assert_eq!(cut.responses, whole.responses, "{} {chunks:?}", path.display());
                assert_eq!(cut.events, whole.events, "{} {chunks:?}", path.display());
                assert_eq!(cut.state, whole.state, "{} {chunks:?}", path.display());
            }
        }
    }
}
