//! What is meant by what was typed: protocols found, prompts read, secrets looked up. Nothing has been started when this fails.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{Setup, Start};
use super::catalogue;
use super::exit::Exit;
use super::failure::Failure;
use super::values::Variable;
use crate::engine::protocol::Spec;
use crate::host::{Options, RecordOptions};

/// A tool that can be started.
pub struct Launch {
    pub spec: Arc<Spec>,
    pub options: Options,
}

/// TARGET and the flags around it.
pub fn launch(target: &str, start: &Start) -> Result<Launch, Failure> {
    let mut launch = tool(target, &start.setup)?;
    launch.options.resume.clone_from(&start.resume);
    launch.options.record = start.record.as_deref().map(RecordOptions::new);
    Ok(launch)
}

/// The same for any number of sessions.
pub fn tool(target: &str, setup: &Setup) -> Result<Launch, Failure> {
    let (entry, program) = match &setup.protocol {
        Some(protocol) => {
            let entry = catalogue::entry(&protocol.to_string_lossy())?;
            let program = (target != entry.name).then(|| target.to_string());
            (entry, program)
        }
        None => (catalogue::entry(target)?, None),
    };
    let (spec, tool_version) = catalogue::understand_installed(&entry, program.as_deref())?;
    let (env, pass_env) = environment(&setup.env);
    let options = Options {
        program,
        args: setup.args.clone(),
        env,
        pass_env,
        cwd: setup
            .cwd
            .as_deref()
            .map(directory)
            .transpose()?
            .map(Path::to_path_buf),
        size: setup.size,
        tool_version,
        ..Options::default()
    };
    Ok(Launch {
        spec: Arc::new(spec),
        options,
    })
}

/// `NAME=VALUE` is set, `NAME` alone is passed on.
pub fn environment(variables: &[Variable]) -> (Vec<(String, String)>, Vec<String>) {
    let set = variables
        .iter()
        .filter_map(|v| Some((v.name.clone(), v.value.clone()?)))
        .collect();
    let passed = variables
        .iter()
        .filter(|v| v.value.is_none())
        .map(|v| v.name.clone())
        .collect();
    (set, passed)
}

pub fn directory(path: &Path) -> Result<&Path, Failure> {
    if path.is_dir() {
        return Ok(path);
    }
    let what = if path.exists() {
        "is not a directory"
    } else {
        "does not exist"
    };
    Err(Failure::new(
        Exit::Usage,
        "working_directory",
        format!("start in {}: it {what}", path.display()),
    )
    .hint("create it, or name another directory with --cwd"))
}

/// `$XDG_CONFIG_HOME/ptych`; `None` without a home.
pub fn config_dir() -> Option<PathBuf> {
    xdg("XDG_CONFIG_HOME", ".config")
}

/// `$XDG_DATA_HOME/ptych`; `None` without a home.
pub fn data_dir() -> Option<PathBuf> {
    xdg("XDG_DATA_HOME", ".local/share")
}

/// A relative value is invalid and ignored, as the XDG base directory specification asks.
fn xdg(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = absolute(variable).or_else(|| Some(absolute("HOME")?.join(below_home)))?;
    Some(base.join("ptych"))
}

/// Reads each prompt from where it stands: the argument itself, `-`, or `@FILE`.
pub fn prompts(typed: &[String]) -> Result<Vec<String>, Failure> {
    if typed.iter().filter(|text| *text == "-").count() > 1 {
        return Err(Failure::usage("standard input (-) can be read only once"));
    }
    typed.iter().map(|text| prompt(text)).collect()
}

fn prompt(typed: &str) -> Result<String, Failure> {
    if typed == "-" {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .map_err(|e| Failure::usage(format!("read the prompt from standard input: {e}")))?;
        return lines_of(bytes, "standard input");
    }
    match typed.strip_prefix('@') {
        Some(text) if text.starts_with('@') => Ok(text.to_string()),
        Some(file) => {
            let bytes = std::fs::read(file).map_err(|e| {
                Failure::usage(format!("read the prompt from {file}: {e}"))
                    .hint(format!("for a prompt that starts with @, write @{typed}"))
            })?;
            lines_of(bytes, file)
        }
        None => Ok(typed.to_string()),
    }
}

/// A file's text as a prompt: the newline that ends its last line is not part of it, and a CR before a newline is none of the text.
fn lines_of(bytes: Vec<u8>, origin: &str) -> Result<String, Failure> {
    let text = String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        Failure::usage(format!("read the prompt from {origin}: byte {at} is not UTF-8"))
    })?;
    let text = text.replace("\r\n", "\n");
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_ends_in_one_newline_that_is_not_the_prompts() {
        assert_eq!(lines_of(b"a\r\nb\n\n".to_vec(), "x").unwrap(), "a\nb\n");
        assert_eq!(lines_of(b"a".to_vec(), "x").unwrap(), "a");
        assert!(
            lines_of(vec![b'a', 0xff], "x")
                .unwrap_err()
                .message
                .contains("byte 1")
        );
    }

    #[test]
    fn two_at_signs_are_one_and_no_file() {
        assert_eq!(prompt("@@decorator").unwrap(), "@decorator");
        let failure = prompt("@no/such/file").unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.hint.unwrap().contains("@@no/such/file"));
    }
}
