//! Asking a tool for its version.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::engine::protocol::Spec;
use crate::engine::protocol::spec::ToolVersion;

/// Bytes of a version command's output that are looked at.
const OUTPUT_BYTES: u64 = 64 << 10;

/// How long a tool may take to say it; some load all of themselves for that.
pub const VERSION_WITHIN: Duration = Duration::from_secs(5);

/// What the tool says its version is; `None` when it says nothing that the pattern knows, or not within the time.
pub fn version(ask: &ToolVersion, program: &Path, within: Duration) -> Option<String> {
    let program = program.to_string_lossy();
    let words: Vec<String> = ask
        .command
        .iter()
        .map(|word| word.replace("{program}", &program))
        .collect();
    let output = output(&words, within)?;
    let found = ask.pattern.0.captures(&output)?;
    found
        .name("version")
        .or_else(|| found.get(1))
        .map(|group| group.as_str().to_string())
}

/// The same beside whatever goes on: the tool's own program may take seconds.
#[expect(
    clippy::disallowed_methods,
    reason = "it blocks; bounded by the time it is given"
)]
pub fn told(spec: Arc<Spec>, program: PathBuf) -> oneshot::Receiver<Option<String>> {
    let (told_tx, told) = oneshot::channel();
    std::thread::spawn(move || {
        let ask = spec.tool_version.as_ref();
        let _nobody_waits = told_tx.send(ask.and_then(|ask| version(ask, &program, VERSION_WITHIN)));
    });
    told
}

/// Both outputs of a command, standard output first.
#[expect(
    clippy::disallowed_methods,
    reason = "a short command without a terminal, ended here"
)]
fn output(words: &[String], within: Duration) -> Option<String> {
    let (program, args) = words.split_first()?;
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let (tx, rx) = mpsc::channel();
    let outputs: [Option<Box<dyn Read + Send>>; 2] = [
        child
            .stdout
            .take()
            .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        child
            .stderr
            .take()
            .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
    ];
    // A thread, because a pipe that a grandchild keeps open would block us past the limit.
    std::thread::spawn(move || {
        let texts = outputs.into_iter().flatten().map(|pipe| {
            let mut bytes = Vec::new();
            // What could be read is looked at.
            let _ = pipe.take(OUTPUT_BYTES).read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let _ = tx.send(texts.collect::<Vec<_>>().join("\n"));
    });
    let text = rx.recv_timeout(within).ok();
    // It has ended, or it is not wanted any more.
    let _ = child.kill();
    let _ = child.wait();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_patterns_group() {
        let ask = ToolVersion {
            command: vec!["sh".into(), "-c".into(), "echo tool 1.2.3 >&2".into()],
            pattern: crate::engine::protocol::spec::Pattern(regex::Regex::new(r"tool (\S+)").unwrap()),
        };
        assert_eq!(
            version(&ask, Path::new("sh"), Duration::from_secs(10)).as_deref(),
            Some("1.2.3")
        );
    }

    #[test]
    fn a_command_that_hangs_is_given_up() {
        let words: Vec<String> = ["sleep", "60"].map(String::from).into();
        assert_eq!(output(&words, Duration::from_millis(50)), None);
    }
}
