//! From a protocol and a caller's wishes to what is started: program, arguments, environment, side files.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::channels::{SideChannels, hook_program};
use super::error::LaunchError;
use super::options::Options;
use super::pty::SpawnPlan;
use crate::engine::protocol::Spec;
use crate::engine::protocol::spec::ChannelKind;
use crate::engine::term::Size;

/// Names that pass from this process's environment to every tool; those of `LC_*` and `XDG_*` pass too.
///
/// Who the user is, where things are, how text is encoded, how the network is reached. Not among them: what makes a tool believe that it runs
/// inside another one (an editor's, a multiplexer's or an agent's own names), and secrets.
const ALLOWED: &[&str] = &[
    "ALL_PROXY",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "NO_PROXY",
    "PATH",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "USER",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];
const ALLOWED_PREFIXES: &[&str] = &["LC_", "XDG_"];
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What is ready to be started. Dropping it removes the side files.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) plan: SpawnPlan,
    pub(super) files: Option<PrivateFolder>,
    pub(super) channels: SideChannels,
}

pub(super) fn prepare(spec: &Spec, options: &Options, cookie: &str) -> Result<Launch, LaunchError> {
    let cwd = working_directory(spec, options)?;
    let files = PrivateFolder::for_spec(spec, cookie)?;
    let places = match spec.is_untaught() {
        true => Places { words: Vec::new() },
        false => Places::new(spec, options, files.as_ref(), &cwd),
    };
    let fill = |text: &str| places.fill(text);
    let failed = |source| LaunchError::Files {
        tool: spec.name.clone(),
        path: files
            .as_ref()
            .map(|folder| folder.path.clone())
            .unwrap_or_default(),
        source,
    };
    if let Some(folder) = &files {
        folder.write_all(spec, &places).map_err(failed)?;
    }
    let folder = files.as_ref().map(|folder| folder.path.as_path());
    let channels = SideChannels::open(&spec.channels, folder, &fill).map_err(failed)?;
    let env = environment(spec, options, &cwd, &fill);
    let (argv0, program) = find_program(spec, options, env.get(OsStr::new("PATH")))?;
    let resumed = resumed(spec, options)?;
    let args = spec.spawn.args.iter().chain(&resumed).chain(&options.args);
    let plan = SpawnPlan {
        program,
        argv0: argv0.into(),
        args: args.map(|arg| fill(arg).into()).collect(),
        env: env.into_iter().collect(),
        cwd,
        size: size(spec, options),
        echo_off: spec.spawn.echo_off,
        limits: options.limits,
        cookie: cookie.to_owned(),
    };
    Ok(Launch {
        plan,
        files,
        channels,
    })
}

/// The arguments by which the tool goes on with a conversation.
fn resumed(spec: &Spec, options: &Options) -> Result<Vec<String>, LaunchError> {
    let Some(session) = &options.resume else {
        return Ok(Vec::new());
    };
    let Some(resume) = &spec.resume else {
        return Err(LaunchError::CannotResume {
            tool: spec.name.clone(),
        });
    };
    // It comes from a screen: an argument of its own that starts with a dash would be taken for an option.
    if session.is_empty() || session.starts_with('-') || session.chars().any(char::is_control) {
        return Err(LaunchError::NoSessionId { id: session.clone() });
    }
    Ok(resume
        .args
        .iter()
        .map(|arg| arg.replace("{session}", session))
        .collect())
}

pub(super) fn size(spec: &Spec, options: &Options) -> Size {
    options.size.unwrap_or(Size {
        cols: spec.spawn.cols,
        rows: spec.spawn.rows,
    })
}

fn working_directory(spec: &Spec, options: &Options) -> Result<PathBuf, LaunchError> {
    let path = match &options.cwd {
        Some(path) => path.clone(),
        None => std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
    };
    match fs::canonicalize(&path) {
        Ok(found) if found.is_dir() => Ok(found),
        _ => Err(LaunchError::WorkingDirectory {
            tool: spec.name.clone(),
            path,
        }),
    }
}

// Placeholders.

/// What the words in braces stand for in this session; one without a meaning stays as it is.
struct Places {
    words: Vec<(&'static str, String)>,
}

impl Places {
    fn new(spec: &Spec, options: &Options, files: Option<&PrivateFolder>, cwd: &Path) -> Places {
        let mut places = Places {
            words: vec![("{cwd}", cwd.to_string_lossy().into_owned())],
        };
        if let Some(folder) = files {
            let path = |path: PathBuf| path.to_string_lossy().into_owned();
            places.words.push(("{files}", path(folder.path.clone())));
            places.words.push(("{hook}", path(hook_program(&folder.path))));
        }
        let of_caller = options.env.iter().rev().find(|(name, _)| name == "HOME");
        let of_protocol = spec.spawn.env.iter().find(|(name, _)| name == "HOME");
        let home = match (of_caller, of_protocol) {
            (Some((_, home)), _) => Some(home.clone()),
            (None, Some((_, home))) => Some(places.fill(home)),
            (None, None) => std::env::var_os("HOME").map(|home| home.to_string_lossy().into_owned()),
        };
        places.words.extend(home.map(|home| ("{home}", home)));
        places
    }

    fn fill(&self, text: &str) -> String {
        self.fill_with(text, |path| path.to_owned())
    }

    /// In the contents of a side file. Where it is JSON or TOML a path is written as their strings have it: a folder's name must not be able
    /// to end the string and say something of its own.
    fn fill_file(&self, name: &str, text: &str) -> String {
        let escaped = |path: &str| {
            let quoted = serde_json::Value::from(path).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        };
        match Path::new(name).extension().and_then(OsStr::to_str) {
            Some("json" | "jsonc" | "json5" | "toml") => self.fill_with(text, escaped),
            _ => self.fill(text),
        }
    }

    fn fill_with(&self, text: &str, written: impl Fn(&str) -> String) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            let word = self.words.iter().find(|(word, _)| rest.starts_with(word));
            match word {
                Some((word, path)) => {
                    filled.push_str(&written(path));
                    rest = &rest[word.len()..];
                }
                None => {
                    filled.push('{');
                    rest = &rest[1..];
                }
            }
        }
        filled.push_str(rest);
        filled
    }
}

// The environment.

type Environment = BTreeMap<OsString, OsString>;

fn environment(spec: &Spec, options: &Options, cwd: &Path, fill: &dyn Fn(&str) -> String) -> Environment {
    let mut env: Environment = std::env::vars_os()
        .filter(|(name, _)| passes(name, spec, options))
        .collect();
    env.entry("PATH".into()).or_insert_with(|| DEFAULT_PATH.into());
    env.insert("TERM".into(), "xterm-256color".into());
    env.insert("COLORTERM".into(), "truecolor".into());
    env.insert("PWD".into(), cwd.into());
    speak_utf8(&mut env);
    for (name, value) in &spec.spawn.env {
        env.insert(name.into(), fill(value).into());
    }
    for (name, value) in &options.env {
        env.insert(name.into(), value.into());
    }
    env
}

fn passes(name: &OsStr, spec: &Spec, options: &Options) -> bool {
    let Some(name) = name.to_str() else { return false };
    let asked = || {
        spec.spawn
            .pass_env
            .iter()
            .chain(&options.pass_env)
            .any(|pattern| matches(pattern, name))
    };
    ALLOWED.contains(&name) || ALLOWED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || asked()
}

/// A name, or the beginning of names: `AWS_*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

/// The terminal is UTF-8, so a tool must not be told otherwise: of LC_ALL, LC_CTYPE and LANG the first that is set decides.
fn speak_utf8(env: &mut Environment) {
    let is_utf8 = |value: &OsString| {
        let value = value.to_string_lossy().to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    };
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let deciding = names
        .iter()
        .find_map(|name| env.get(OsStr::new(name)).filter(|value| !value.is_empty()));
    if deciding.is_some_and(is_utf8) {
        return;
    }
    env.remove(OsStr::new("LC_ALL"));
    env.remove(OsStr::new("LC_CTYPE"));
    env.insert("LANG".into(), "C.UTF-8".into());
}

// The program.

/// The name as it was asked for, and the file.
fn find_program(
    spec: &Spec,
    options: &Options,
    path: Option<&OsString>,
) -> Result<(String, PathBuf), LaunchError> {
    let candidates: Vec<&String> = match &options.program {
        Some(program) => vec![program],
        None => spec.spawn.programs.iter().collect(),
    };
    let folders: Vec<PathBuf> = path
        .map(|path| std::env::split_paths(path).collect())
        .unwrap_or_default();
    let mut inert = None;
    for name in &candidates {
        for file in places(name, &folders) {
            if !file.is_file() {
                continue;
            }
            if access(&file, AccessFlags::X_OK).is_ok() {
                return Ok(((*name).clone(), std::path::absolute(&file).unwrap_or(file)));
            }
            inert.get_or_insert(file);
        }
    }
    let tool = spec.name.clone();
    Err(match inert {
        Some(program) => LaunchError::NotExecutable { tool, program },
        None => LaunchError::NotFound {
            tool,
            tried: candidates.into_iter().cloned().collect(),
        },
    })
}

fn places(name: &str, folders: &[PathBuf]) -> Vec<PathBuf> {
    if name.contains('/') {
        return vec![PathBuf::from(name)];
    }
    folders.iter().map(|folder| folder.join(name)).collect()
}

// Side files.

/// A throw-away folder that only its owner can read; removed with everything in it when dropped.
#[derive(Debug)]
pub(super) struct PrivateFolder {
    path: PathBuf,
}

impl PrivateFolder {
    fn for_spec(spec: &Spec, unique: &str) -> Result<Option<PrivateFolder>, LaunchError> {
        let spawn = &spec.spawn;
        if spec.is_untaught() {
            return Ok(None);
        }
        let mut texts = spawn.args.iter().chain(spawn.env.iter().map(|(_, value)| value));
        let hooks = spec
            .channels
            .iter()
            .any(|channel| channel.kind == ChannelKind::Hook);
        // A tool may put files of its own where there are none of the protocol's.
        if spawn.files.is_empty() && !hooks && !texts.any(|text| text.contains("{files}")) {
            return Ok(None);
        }
        let path = std::env::temp_dir().join(format!("ptych-{unique}"));
        let failed = |source| LaunchError::Files {
            tool: spec.name.clone(),
            path: path.clone(),
            source,
        };
        // Not `create_dir_all`: a folder that somebody else made is refused.
        fs::DirBuilder::new().mode(0o700).create(&path).map_err(failed)?;
        Ok(Some(PrivateFolder { path }))
    }

    fn write_all(&self, spec: &Spec, places: &Places) -> io::Result<()> {
        let mut files = spec.spawn.files.iter();
        files.try_for_each(|(name, contents)| self.write(name, &places.fill_file(name, contents)))
    }

    fn write(&self, name: &str, contents: &str) -> io::Result<()> {
        let file = self.path.join(name);
        if let Some(parent) = file.parent() {
            fs::DirBuilder::new().mode(0o700).recursive(true).create(parent)?;
        }
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)?;
        file.write_all(contents.as_bytes())
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        // What cannot be removed is a temporary file of this user, and nobody is there to be told.
        let _left_behind = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut env = pairs
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        speak_utf8(&mut env);
        env.into_iter()
            .map(|(n, v)| (n.to_string_lossy().into(), v.to_string_lossy().into()))
            .collect()
    }

    #[test]
    fn a_utf8_locale_is_kept_and_any_other_replaced() {
        let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect()
        };
        assert_eq!(spoken(&[]), own(&[("LANG", "C.UTF-8")]));
        assert_eq!(
            spoken(&[("LANG", "de_DE.UTF-8")]),
            own(&[("LANG", "de_DE.UTF-8")])
        );
        assert_eq!(
            spoken(&[("LANG", "de_DE.utf8"), ("LC_ALL", "C")]),
            own(&[("LANG", "C.UTF-8")])
        );
        assert_eq!(
            spoken(&[("LANG", "POSIX"), ("LC_CTYPE", "en_GB.UTF-8")]),
            own(&[("LANG", "POSIX"), ("LC_CTYPE", "en_GB.UTF-8")])
        );
    }

    #[test]
    fn a_private_folder_is_made_where_it_is_named() {
        let folder = |command: &str| {
            let source = format!("name = \"t\"\nprompt = '> $'\ncommand = [{command}]\n");
            let spec = crate::engine::protocol::parse_named("t.toml", &source).expect("valid");
            PrivateFolder::for_spec(&spec, &format!("test-{}", std::process::id())).expect("made")
        };
        assert!(folder("'t'").is_none());
        assert!(folder("'t', '--home={files}'").is_some());
    }

    #[test]
    fn words_in_braces_are_filled_in_and_quoted_where_the_file_needs_it() {
        let source =
            "name = \"t\"\nprompt = '> $'\ncommand = ['t']\n[spawn]\nenv = { HOME = '{cwd}/home' }\n";
        let spec = crate::engine::protocol::parse_named("t.toml", source).expect("valid");
        let places = Places::new(&spec, &Options::default(), None, Path::new("/a\"b"));
        assert_eq!(
            places.fill("{cwd} {home} {files} {x} {"),
            "/a\"b /a\"b/home {files} {x} {"
        );
        assert_eq!(
            places.fill_file("a/settings.json", "[\"{cwd}\"]"),
            "[\"/a\\\"b\"]"
        );
        assert_eq!(places.fill_file("run.sh", "{cwd}"), "/a\"b");
    }

    #[test]
    fn passed_names_may_be_beginnings() {
        assert!(matches("AWS_*", "AWS_PROFILE"));
        assert!(!matches("AWS_*", "LAWS_X"));
        assert!(matches("TOKEN", "TOKEN"));
        assert!(!matches("TOKEN", "TOKENS"));
    }
}
