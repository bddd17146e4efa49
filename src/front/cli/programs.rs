//! What is installed: programs in PATH and the versions that they tell.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::engine::protocol::Spec;
use crate::engine::protocol::spec::ToolVersion;

/// Bytes of a version command's output that are looked at.
const OUTPUT_BYTES: u64 = 64 << 10;

/// The executable file that a name or path means, as a shell would find it.
pub fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| executable(path));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|path| executable(path))
}

/// The first of a protocol's programs that is installed.
pub fn installed(spec: &Spec) -> Option<PathBuf> {
    spec.spawn.programs.iter().find_map(|program| find(program))
}

fn executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

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

/// Both outputs of a command, standard output first.
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

/// Whether `tested` covers `version`: equal, or equal in all the parts that it names (`3.11` covers `3.11.2`).
pub fn covers(tested: &str, version: &str) -> bool {
    version
        .strip_prefix(tested)
        .is_some_and(|rest| rest.is_empty() || !rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tested_version_covers_its_own_patches_only() {
        assert!(covers("3.11", "3.11.2"));
        assert!(covers("3.11.2", "3.11.2"));
        assert!(!covers("3.1", "3.11.2"));
        assert!(!covers("3.11.2", "3.11"));
    }

    #[test]
    fn a_shell_is_found_in_path_and_by_path() {
        let found = find("sh").expect("every Unix has one");
        assert_eq!(find(&found.to_string_lossy()), Some(found));
        assert_eq!(find("ptych-no-such-program"), None);
    }

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
