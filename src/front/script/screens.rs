//! Stored screens: what `assert_screen` compares with.

use std::path::{Path, PathBuf};

use super::failure::{Code, Failure};
use super::source::Script;
use super::value::Screen;
use crate::front::cli::diff;

/// Where a stored screen of a script is.
///
/// # Errors
///
/// The script has no file, or the name is none for a file.
pub fn place(script: &Script, name: &str) -> Result<PathBuf, Failure> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(fits) {
        return Err(
            Failure::argument(format!("`{name}` is no name for a stored screen"))
                .hint("use letters, digits, -, _ and ."),
        );
    }
    let Some(path) = &script.path else {
        return Err(Failure::argument(
            "stored screens stand beside a script's file, and this script has none",
        ));
    };
    let mut folder = path.clone().into_os_string();
    folder.push(".screens");
    Ok(PathBuf::from(folder).join(format!("{name}.txt")))
}

/// The stored screen, `None` when there is none yet.
pub fn read(path: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::new(
            Code::File,
            format!("read {}: {error}", path.display()),
        )),
    }
}

pub fn write(path: &Path, screen: &Screen) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, stored(screen)))
        .map_err(|error| Failure::new(Code::File, format!("write {}: {error}", path.display())))
}

/// A screen as it is stored: its rows, without empty ones at the end.
pub fn stored(screen: &Screen) -> String {
    let mut text = screen.text();
    text.push('\n');
    text
}

/// What differs, with `-` before what is stored and `+` before what is seen.
pub fn differs(path: &Path, stored_text: &str, seen: &Screen) -> Failure {
    let diff = diff::lines(stored_text, &stored(seen));
    Failure::new(
        Code::Assertion,
        format!(
            "the screen is not the stored one, {}:\n{}",
            path.display(),
            diff.trim_end()
        ),
    )
    .hint("if the new one is right, keep it with --update")
}

pub fn missing(path: &Path) -> Failure {
    Failure::new(
        Code::Assertion,
        format!("there is no stored screen {}", path.display()),
    )
    .hint("store what is seen with --update")
}
