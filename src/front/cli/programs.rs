//! What is installed: programs in PATH and the versions that they tell.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::engine::protocol::Spec;
pub use crate::host::version::version;

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
}
