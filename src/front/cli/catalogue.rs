//! Every protocol there is: those built in, the user's own in the configuration directory, and files named on the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::failure::Failure;
use super::resolve;
use crate::engine::protocol::Spec;

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
    let Ok(files) = std::fs::read_dir(dir) else { return Vec::new() };
    let paths = files.filter_map(|file| Some(file.ok()?.path()));
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|path| {
            let name = path.file_stem()?.to_str()?.to_string();
            Some(Entry { name, source: std::fs::read_to_string(&path).ok()?, origin: Origin::User(path) })
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
        return Err(Failure::not_found(format!("there is no pool `{target}`: pools need the daemon, which this version does not have")));
    }
    if is_path(target) {
        return file(Path::new(target));
    }
    by_name(target)
}

fn is_path(target: &str) -> bool {
    target.contains('/') || target.ends_with(".toml")
}

fn by_name(name: &str) -> Result<Entry, Failure> {
    let own = own_dir().map(|dir| dir.join(format!("{name}.toml")));
    if let Some(path) = own.filter(|path| path.is_file()) {
        let entry = file(&path)?;
        return Ok(Entry { name: name.to_string(), origin: Origin::User(path), ..entry });
    }
    built_in().find(|entry| entry.name == name).ok_or_else(|| unknown(name))
}

fn file(path: &Path) -> Result<Entry, Failure> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let source = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::not_found(format!("there is no protocol file {}", path.display()))
            .hint("without a / and .toml, a protocol is looked for by its name; see `ptych protocol list`"),
        std::io::ErrorKind::InvalidData => not_a_protocol(path),
        _ => Failure::new(Exit::Usage, "protocol_unreadable", format!("read {}: {error}", path.display())),
    })?;
    Ok(Entry { name, origin: Origin::File(path.to_path_buf()), source })
}

fn not_a_protocol(path: &Path) -> Failure {
    let path = path.display();
    Failure::new(Exit::Usage, "protocol_invalid", format!("{path} is not a protocol file: it is not text"))
        .hint(format!("to start this very program, name the protocol that knows it: ptych ask --protocol NAME {path} TEXT"))
}

fn unknown(name: &str) -> Failure {
    let names: Vec<String> = all().into_iter().map(|entry| entry.name).collect();
    let failure = Failure::not_found(format!("there is no protocol `{name}`"));
    if let Some(near) = nearest(name, &names) {
        return failure.hint(format!("did you mean `{near}`? `ptych protocol list` names them all"));
    }
    match super::programs::find(name) {
        Some(program) => failure.hint(format!(
            "{} is installed, but no protocol teaches it; start one with: ptych protocol new {name} -- {name}",
            program.display()
        )),
        None => failure.hint("`ptych protocol list` names them all; `ptych protocol new NAME` starts your own"),
    }
}

/// The name that is closest to what was typed, when it is close at all.
fn nearest<'a>(typed: &str, names: &'a [String]) -> Option<&'a str> {
    let limit = (typed.chars().count() / 3).max(1);
    let near = names.iter().map(|name| (distance(typed, name), name)).filter(|(distance, _)| *distance <= limit);
    let near = near.min_by_key(|(distance, _)| *distance).map(|(_, name)| name.as_str());
    let longer = || names.iter().find(|name| typed.len() >= 2 && name.starts_with(typed)).map(String::as_str);
    let shorter = || names.iter().filter(|name| name.len() >= 3 && typed.starts_with(name.as_str())).map(String::as_str).max();
    near.or_else(longer).or_else(shorter)
}

/// Levenshtein: how many letters must be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn built_in() -> impl Iterator<Item = Entry> {
    std::iter::empty()
}

/// Every problem of the file is in the failure's message, each with its place.
pub fn understand(entry: &Entry) -> Result<Spec, Failure> {
    let _ = entry;
    Err(Failure::new(Exit::Usage, "protocol_invalid", "?"))
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

    #[test]
    fn distances_count_letters() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
