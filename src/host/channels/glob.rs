//! Files by a pattern: `*` and `?` within a name, `**` for any folders between.

use std::fs;
use std::path::{Path, PathBuf};

use crate::engine::limits;

/// The files that the pattern names, at most `limits::TRANSCRIPT_ENTRIES` entries looked at. Links to folders are not followed by `**`.
pub(super) fn files(pattern: &str) -> Vec<PathBuf> {
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    let mut walk = Walk {
        found: Vec::new(),
        left: limits::TRANSCRIPT_ENTRIES,
    };
    walk.folder(Path::new("/"), &parts);
    walk.found.sort();
    walk.found.dedup();
    walk.found
}

struct Walk {
    found: Vec<PathBuf>,
    /// Entries that may still be looked at.
    left: usize,
}

impl Walk {
    fn folder(&mut self, folder: &Path, parts: &[&str]) {
        let Some((part, rest)) = parts.split_first() else {
            return;
        };
        if *part == "**" {
            self.folder(folder, rest);
            for (path, is_folder) in self.entries(folder) {
                if is_folder {
                    self.folder(&path, parts);
                }
            }
        } else if part.contains(['*', '?']) {
            for (path, _) in self.entries(folder) {
                let name = path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .unwrap_or_default();
                if matches(part, name) {
                    self.next(path, rest);
                }
            }
        } else {
            self.next(folder.join(part), rest);
        }
    }

    fn next(&mut self, path: PathBuf, rest: &[&str]) {
        if !rest.is_empty() {
            self.folder(&path, rest);
        } else if path.is_file() {
            self.found.push(path);
        }
    }

    fn entries(&mut self, folder: &Path) -> Vec<(PathBuf, bool)> {
        let entries = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .take(self.left);
        let entries: Vec<_> = entries
            .map(|entry| (entry.path(), entry.file_type().is_ok_and(|kind| kind.is_dir())))
            .collect();
        self.left -= entries.len();
        entries
    }
}

/// Greedy with one step back, linear in practice: a `*` takes more when what follows does not fit.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // As shells have it: a hidden file is named, not found.
    if name.first() == Some(&'.') && pattern.first() != Some(&'.') {
        return false;
    }
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                p = at + 1;
                n = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_a_shell() {
        for (pattern, name) in [
            ("*", "a"),
            ("a*c", "abbc"),
            ("*.jsonl", "x.y.jsonl"),
            ("rollout-*.jsonl", "rollout-.jsonl"),
            ("?b", "äb"),
            ("a", "a"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*", ".a"),
            ("a*c", "abb"),
            ("?", ""),
            ("a", "ab"),
            ("*.json", "x.jsonl"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn files_are_found_at_any_depth() {
        let folder = tempfile::tempdir().expect("a folder");
        let make = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(&path, "").expect("written");
            path
        };
        let deep = make("a/2026/01/r-1.jsonl");
        let flat = make("a/r-2.jsonl");
        make("a/other.jsonl");
        make("b/r-3.jsonl");
        let root = folder.path().to_string_lossy().into_owned();
        assert_eq!(
            files(&format!("{root}/a/**/r-*.jsonl")),
            [deep.clone(), flat.clone()]
        );
        assert_eq!(files(&format!("{root}/*/r-2.jsonl")), [flat]);
        assert_eq!(files(&format!("{root}/a/2026/01/r-1.jsonl")), [deep]);
        assert!(files(&format!("{root}/none/**/x")).is_empty());
    }
}
