//! Every recording through the engine: equal responses, states and evidence however the bytes are cut, and the stored ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use ptych::engine::protocol::{Spec, builtin};
use ptych::host::recording::{Chunks, Recording, Replay};

/// Folders of recordings whose name is a protocol, each with its recordings.
fn recordings() -> Vec<(Arc<Spec>, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings");
    let mut found = Vec::new();
    for name in builtin::names() {
        let spec = Arc::new(builtin::load(name).expect("shipped files are valid"));
        found.extend(
            casts(&root.join(name))
                .into_iter()
                .map(|path| (Arc::clone(&spec), path)),
        );
    }
    found
}

fn casts(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.expect("entry").path()) {
        if path.is_dir() {
            found.extend(casts(&path));
        } else if path.extension().is_some_and(|e| e == "cast") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn cutting_the_bytes_changes_nothing() {
    let seed = std::env::var("PTYCH_SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(0x7079_7463_6800_0001);
    let all = recordings();
    assert!(all.len() > 30, "only {} recordings", all.len());
    for (spec, path) in all {
        let recording = Recording::read(&path).unwrap_or_else(|e| panic!("{e}"));
        let replay = |chunks| {
            Replay {
                spec: Arc::clone(&spec),
                chunks,
            }
            .run(&recording)
        };
        let whole = replay(Chunks::Whole);
        for chunks in [Chunks::Of(1), Chunks::Of(7), Chunks::Random(seed)] {
            let cut = replay(chunks);
            let differs = || {
                let mut events = whole.events.iter().zip(&cut.events);
                let first = events.find(|(whole, cut)| whole != cut);
                format!(
                    "{} and {} events; first: {first:#?}",
                    whole.events.len(),
                    cut.events.len()
                )
            };
            assert!(
                cut == whole,
                "{}: {chunks:?} (seed {seed}) differs from whole: {}",
                path.display(),
                differs()
            );
        }
    }
}

#[test]
fn every_recording_gives_the_stored_responses() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings");
    for name in builtin::names().filter(|name| root.join(name).is_dir()) {
        let output = Command::new(env!("CARGO_BIN_EXE_ptych"))
            .args(["protocol", "test", "--protocol", name])
            .arg(root.join(name))
            .output()
            .expect("ptych runs");
        let told =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}:\n{told}");
    }
}
