//! Every protocol there is: those built in, the user's own in the configuration directory, and files named on the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::failure::Failure;
use super::{programs, resolve};
use crate::engine::protocol::diagnostic::did_you_mean;
use crate::engine::protocol::file::File;
use crate::engine::protocol::{self, Loaded, Problems, Spec, builtin};

pub use crate::host::version::VERSION_WITHIN;

/// A protocol that has not been understood yet.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: String,
    pub origin: Origin,
    /// TOML as written.
    pub source: String,
}

/// Where a protocol was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    BuiltIn,
    /// In the configuration directory, found by its name.
    User(PathBuf),
    /// Named by its path.
    File(PathBuf),
}

impl Origin {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Origin::BuiltIn => "built-in",
            Origin::User(_) => "user",
            Origin::File(_) => "file",
        }
    }

    pub fn path(&self) -> Option<&Path> {
        match self {
            Origin::BuiltIn => None,
            Origin::User(path) | Origin::File(path) => Some(path),
        }
    }
}

/// Every protocol that has a name, sorted; the user's own take the place of built-in ones.
pub fn all() -> Vec<Entry> {
    let mut entries: BTreeMap<String, Entry> = built_in().map(|entry| (entry.name.clone(), entry)).collect();
    entries.extend(own().into_iter().map(|entry| (entry.name.clone(), entry)));
    entries.into_values().collect()
}

/// The user's own files.
pub fn own() -> Vec<Entry> {
    let Some(dir) = own_dir() else { return Vec::new() };
    let Ok(files) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let paths = files.filter_map(|file| Some(file.ok()?.path()));
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|path| {
            let name = path.file_stem()?.to_str()?.to_string();
            Some(Entry {
                name,
                source: std::fs::read_to_string(&path).ok()?,
                origin: Origin::User(path),
            })
        })
        .collect()
}

/// Where the user's own files stand; `None` without a home.
pub fn own_dir() -> Option<PathBuf> {
    Some(resolve::config_dir()?.join("protocols"))
}

/// The protocol that TARGET means, understood.
pub fn target(target: &str) -> Result<Spec, Failure> {
    understand(&entry(target)?)
}

/// What TARGET names: a path when it looks like one, a protocol's name otherwise.
pub fn entry(target: &str) -> Result<Entry, Failure> {
    if target.starts_with('@') {
        return Err(Failure::not_found(format!(
            "there is no pool `{target}`: pools need the daemon, which this version does not have"
        )));
    }
    if is_path(target) {
        return file(Path::new(target));
    }
    by_name(target)
}

/// Whether TARGET is a path rather than a name.
pub fn is_path(target: &str) -> bool {
    target.contains('/') || target.ends_with(".toml")
}

fn by_name(name: &str) -> Result<Entry, Failure> {
    let own = own_dir().map(|dir| dir.join(format!("{name}.toml")));
    if let Some(path) = own.filter(|path| path.is_file()) {
        let entry = file(&path)?;
        return Ok(Entry {
            name: name.to_string(),
            origin: Origin::User(path),
            ..entry
        });
    }
    built_in()
        .find(|entry| entry.name == name)
        .ok_or_else(|| unknown(name))
}

fn file(path: &Path) -> Result<Entry, Failure> {
    let name = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let source = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::not_found(format!("there is no protocol file {}", path.display())).hint(
                "without a / and .toml, a protocol is looked for by its name; see `ptych protocol list`",
            )
        }
        std::io::ErrorKind::InvalidData => not_a_protocol(path),
        _ => Failure::new(
            Exit::Usage,
            "protocol_unreadable",
            format!("read {}: {error}", path.display()),
        ),
    })?;
    Ok(Entry {
        name,
        origin: Origin::File(path.to_path_buf()),
        source,
    })
}

fn not_a_protocol(path: &Path) -> Failure {
    let path = path.display();
    Failure::new(
        Exit::Usage,
        "protocol_invalid",
        format!("{path} is not a protocol file: it is not text"),
    )
    .hint(format!(
        "to start this very program, name the protocol that knows it: ptych ask --protocol NAME {path} TEXT"
    ))
}

fn unknown(name: &str) -> Failure {
    let names: Vec<String> = all().into_iter().map(|entry| entry.name).collect();
    let failure = Failure::not_found(format!("there is no protocol `{name}`"));
    if let Some(near) = nearest(name, &names) {
        return failure.hint(format!(
            "did you mean `{near}`? `ptych protocol list` names them all"
        ));
    }
    match programs::find(name) {
        Some(program) => failure.hint(format!(
            "{} is installed, but no protocol teaches it; start one with: ptych protocol new {name} -- {name}",
            program.display()
        )),
        None => failure.hint("`ptych protocol list` names them all; `ptych protocol new NAME` starts your own"),
    }
}

/// The name that is closest to what was typed, when it is close at all.
fn nearest<'a>(typed: &str, names: &'a [String]) -> Option<&'a str> {
    let names = || names.iter().map(String::as_str);
    let longer = || names().find(|name| typed.len() >= 2 && name.starts_with(typed));
    let shorter = || {
        names()
            .filter(|name| name.len() >= 3 && typed.starts_with(name))
            .max_by_key(|name| name.len())
    };
    did_you_mean(typed, names()).or_else(longer).or_else(shorter)
}

fn built_in() -> impl Iterator<Item = Entry> {
    builtin::names().filter_map(|name| {
        let source = builtin::source(name)?.to_string();
        Some(Entry {
            name: name.to_string(),
            origin: Origin::BuiltIn,
            source,
        })
    })
}

/// Every problem of the file is in the failure's message, each with its place.
pub fn understand(entry: &Entry) -> Result<Spec, Failure> {
    load(entry, None)
        .map(|loaded| loaded.spec)
        .map_err(|problems| invalid(entry, &problems))
}

/// Like `understand`, with the changes that the file makes for the installed version of the tool. The tool is asked for its version only
/// when there are such changes; it is told with the protocol.
pub fn understand_installed(entry: &Entry, program: Option<&str>) -> Result<(Spec, Option<String>), Failure> {
    let spec = understand(entry)?;
    let Some(ask) = spec.tool_version.as_ref().filter(|_| has_overrides(entry)) else {
        return Ok((spec, None));
    };
    let found = match program {
        Some(program) => programs::find(program),
        None => programs::installed(&spec),
    };
    let version = found.and_then(|program| programs::version(ask, &program, VERSION_WITHIN));
    match load(entry, version.as_deref()) {
        Ok(loaded) => Ok((loaded.spec, version)),
        Err(problems) => Err(invalid(entry, &problems)),
    }
}

fn has_overrides(entry: &Entry) -> bool {
    toml::from_str::<File>(&entry.source).is_ok_and(|file| !file.versions.is_empty())
}

/// The protocol with what is worth a warning, or everything that is wrong with it.
pub fn load(entry: &Entry, tool_version: Option<&str>) -> Result<Loaded, Problems> {
    let label = match entry.origin.path() {
        Some(path) => path.display().to_string(),
        None => format!("{}.toml", entry.name),
    };
    let beside = entry.origin.path().and_then(Path::parent);
    protocol::load(&label, &entry.source, tool_version, &|name| {
        included(name, beside)
    })
}

/// An included file: beside the one that includes it, the user's own, a built-in one.
fn included(name: &str, beside: Option<&Path>) -> Option<String> {
    let file = format!("{name}.toml");
    let places = [beside.map(Path::to_path_buf), own_dir()];
    let found = places
        .into_iter()
        .flatten()
        .find_map(|dir| std::fs::read_to_string(dir.join(&file)).ok());
    found.or_else(|| builtin::source(name).map(str::to_string))
}

fn invalid(entry: &Entry, problems: &Problems) -> Failure {
    let message = match problems.diagnostics.len() {
        1 => format!("the protocol `{}` cannot be used\n{problems}", entry.name),
        count => format!(
            "the protocol `{}` cannot be used: {count} problems\n{problems}",
            entry.name
        ),
    };
    Failure::new(Exit::Usage, "protocol_invalid", message.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        let names: Vec<String> = ["bash", "python3", "sqlite3", "node"].map(String::from).into();
        assert_eq!(nearest("pyhton3", &names), Some("python3"));
        assert_eq!(nearest("sqlite", &names), Some("sqlite3"));
        assert_eq!(nearest("py", &names), Some("python3"));
        assert_eq!(nearest("node18", &names), Some("node"));
        assert_eq!(nearest("frobnicate", &names), None);
    }
}
