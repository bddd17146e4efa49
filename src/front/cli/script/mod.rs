//! What `script run` and `script check` have in common: which scripts, read before anything is done.

pub mod junit;
pub mod many;
pub mod sink;

use std::io::Read as _;
use std::path::Path;

use super::args;
use super::failure::Failure;
use crate::front::script::Script;

/// Bytes of a script.
const SCRIPT_BYTES: usize = 4 << 20;

/// The scripts that were named, all of them read.
pub fn read(args: &args::Scripts) -> Result<Vec<Script>, Failure> {
    if let Some(text) = &args.code {
        return Ok(vec![Script {
            name: "-c".into(),
            path: None,
            text: text.clone(),
        }]);
    }
    args.files.iter().map(|path| read_one(path)).collect()
}

fn read_one(path: &Path) -> Result<Script, Failure> {
    let name = path.display().to_string();
    if name == "-" {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| Failure::usage(format!("read the script from standard input: {error}")))?;
        return whole(name, None, text);
    }
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::not_found(format!("there is no file {name}")),
        _ => Failure::usage(format!("read {name}: {error}")),
    })?;
    whole(name, Some(path), text)
}

fn whole(name: String, path: Option<&Path>, text: String) -> Result<Script, Failure> {
    if text.len() > SCRIPT_BYTES {
        return Err(Failure::usage(format!(
            "{name} is larger than {SCRIPT_BYTES} bytes"
        )));
    }
    Ok(Script {
        name,
        path: path.map(Path::to_path_buf),
        text: without_shebang(text),
    })
}

/// A first line `#!…` makes a script a command; Rhai does not know it. Line numbers stay.
fn without_shebang(text: String) -> String {
    match text.strip_prefix("#!") {
        Some(rest) => format!("//{rest}"),
        None => text,
    }
}
