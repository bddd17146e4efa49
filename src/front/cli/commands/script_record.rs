//! `ptych script record`: watches a person at a program, and writes the script that does it again.

use std::io;
use std::path::{Path, PathBuf};

use super::record;
use crate::front::cli::args;
use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;
use crate::front::cli::output;
use crate::front::cli::passthrough::Left;
use crate::front::script::record::{About, Names, Written, write};
use crate::host::recording::Recording;

/// Standard output.
const STDOUT: &str = "-";

pub fn run(args: args::ScriptRecord) -> anyhow::Result<Exit> {
    let place = place(&args)?;
    let (recording, command, exit) = match &args.from {
        Some(path) => {
            let recording = Recording::read(path).map_err(Failure::from)?;
            let command = from_command(&args, &recording)?;
            (recording, command, Exit::Done)
        }
        None => watched(&args)?,
    };
    let about = About {
        command,
        env: args
            .env
            .iter()
            .map(|variable| (variable.name.clone(), variable.value.clone()))
            .collect(),
        cwd: args.cwd.as_ref().map(|cwd| cwd.display().to_string()),
        names: Names::new(names(args.from.is_none())),
    };
    let written = write(&recording, &about);
    match &place {
        Some(path) => {
            save(path, &written.text, args.overwrite).map_err(|error| not_written(path, &error))?;
            tell(path, &written);
        }
        None => output::data(written.text.as_bytes())?,
    }
    Ok(exit)
}

/// The file, `None` for standard output; known before anybody types a word.
fn place(args: &args::ScriptRecord) -> Result<Option<PathBuf>, Failure> {
    let given = match &args.output {
        Some(path) if path.as_os_str() == STDOUT => return Ok(None),
        Some(path) => path.clone(),
        // A recording is turned into text; a program has standard output for itself.
        None if args.from.is_some() => return Ok(None),
        None => PathBuf::from(format!(
            "{}.rhai",
            stem(args.command.first().map_or("", String::as_str))
        )),
    };
    match given.exists() && !args.overwrite {
        true => Err(
            Failure::new(Exit::Usage, "exists", format!("{} exists", given.display()))
                .hint("name another file with --output, or replace it with --overwrite"),
        ),
        false => Ok(Some(given)),
    }
}

fn stem(program: &str) -> String {
    let file = Path::new(program).file_name().unwrap_or_default();
    match file.to_string_lossy() {
        name if name.is_empty() => "script".to_owned(),
        name => name.into_owned(),
    }
}

/// The program that a recording shows is known to whoever made it; ptych's own recordings name it, without its arguments.
fn from_command(args: &args::ScriptRecord, recording: &Recording) -> Result<Vec<String>, Failure> {
    if !args.command.is_empty() {
        return Ok(args.command.clone());
    }
    let told = recording.command.as_deref().or(recording.title.as_deref());
    let words: Vec<String> = told
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    match words.is_empty() {
        true => Err(
            Failure::usage("the recording does not say which program it shows")
                .hint("give the command behind --"),
        ),
        false => Ok(words),
    }
}

/// A person at the program; the recording is private, and gone when it has been read.
fn watched(args: &args::ScriptRecord) -> anyhow::Result<(Recording, Vec<String>, Exit)> {
    let folder = Folder::new()?;
    let cast = folder.0.join("session.cast");
    let plan = args::Record {
        target: None,
        output: Some(cast.clone()),
        v2: false,
        overwrite: false,
        no_input: false,
        cwd: args.cwd.clone(),
        env: args.env.clone(),
        command: args.command.clone(),
    };
    output::note("watching; the script is written when the program ends");
    let exit = match record::capture(&plan)? {
        Left::Exited(_) => Exit::Done,
        Left::Signalled(signal) => signal.exit(),
    };
    Ok((
        Recording::read(&cast).map_err(Failure::from)?,
        args.command.clone(),
        exit,
    ))
}

/// A private folder that goes when this goes.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Folder, Failure> {
        use std::os::unix::fs::DirBuilderExt;
        let path = std::env::temp_dir().join(format!("ptych-watched-{}", std::process::id()));
        // Not recursive: a folder that somebody else made beforehand is an error.
        match std::fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => Ok(Folder(path)),
            Err(error) => Err(Failure::new(
                Exit::Supervisor,
                "recording_failed",
                format!("make the folder {}: {error}", path.display()),
            )),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed lies in the temporary directory.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What is called otherwise elsewhere: the person, the machine, and where they are now. Of a recording only the person may still be right.
fn names(here: bool) -> Vec<String> {
    let variable = |name: &str| std::env::var(name).ok();
    let mut names: Vec<String> = ["USER", "LOGNAME", "HOME"]
        .into_iter()
        .filter_map(variable)
        .collect();
    if !here {
        return names;
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| variable("HOSTNAME"));
    if let Some(host) = host.map(|host| host.trim().to_owned()) {
        names.extend(host.split_once('.').map(|(first, _)| first.to_owned()));
        names.push(host);
    }
    if let Ok(cwd) = std::env::current_dir() {
        names.extend(cwd.file_name().map(|name| name.to_string_lossy().into_owned()));
        names.push(cwd.to_string_lossy().into_owned());
    }
    names
}

fn save(path: &Path, text: &str, overwrite: bool) -> io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    let mut file = match overwrite {
        true => options.create(true).truncate(true).open(path)?,
        false => options.create_new(true).open(path)?,
    };
    file.write_all(text.as_bytes())
}

fn not_written(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::Supervisor,
        "script_not_written",
        format!("write {}: {error}", path.display()),
    )
}

fn tell(path: &Path, written: &Written) {
    let plural = if written.steps == 1 { "" } else { "s" };
    output::note(&format!(
        "wrote {}, {} step{plural}",
        path.display(),
        written.steps
    ));
    if !written.secrets.is_empty() {
        output::note(&format!("it asks for {}", written.secrets.join(", ")));
    }
}
