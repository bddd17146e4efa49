//! `ptych record`: a person's session with a program, as an asciicast.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use crate::api;
use crate::engine::protocol::Spec;
use crate::engine::term::Size;
use crate::engine::time::Time;
use crate::front::cli::args;
use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;
use crate::front::cli::passthrough::{Left, Passthrough};
use crate::front::cli::signals::Signals;
use crate::front::cli::{catalogue, conversation, output, programs, resolve, terminal};
use crate::host::error::exit_words;
use crate::host::pty::{SpawnError, SpawnPlan, Unix};
use crate::host::recording::Recorder;
use crate::host::{Limits, RecordFormat, RecordOptions};

/// Size of the program's terminal when we have none of our own.
const DEFAULT_SIZE: Size = Size { cols: 120, rows: 40 };

/// What is recorded, and where.
struct Plan {
    spec: Spec,
    spawn: SpawnPlan,
    options: RecordOptions,
    /// Holds the protocol's side files while the program runs.
    _files: Option<SideFiles>,
}

pub fn run(args: args::Record) -> anyhow::Result<Exit> {
    let plan = plan(&args)?;
    let path = plan.options.path.clone();
    output::note(&format!(
        "recording into {}; it ends when the program does",
        path.display()
    ));
    let left = watch(plan)?;
    let (words, exit) = match left {
        Left::Exited(exit) => (format!(" ({})", exit_words(&exit)), Exit::Done),
        Left::Signalled(signal) => (String::new(), signal.exit()),
    };
    output::note(&format!("recorded {}{words}", path.display()));
    Ok(exit)
}

/// Records without a word; where the program and the recording are is told by `args`.
#[cfg(feature = "script")]
pub fn capture(args: &args::Record) -> anyhow::Result<Left> {
    watch(plan(args)?)
}

fn watch(plan: Plan) -> anyhow::Result<Left> {
    let mut signals = Signals::catch_with_window()?;
    conversation::runtime()?.block_on(record(plan, &mut signals))
}

async fn record(plan: Plan, signals: &mut Signals) -> anyhow::Result<Left> {
    let begun = Instant::now();
    let size = plan.spawn.size;
    let recorder = Recorder::create(plan.options, size, &plan.spec, Time::ZERO).map_err(Failure::from)?;
    let pty = Unix::spawn(&plan.spawn).map_err(|error| not_started(&plan.spawn.program, error))?;
    // Raw from here on: what is typed before the program reads it must not be echoed twice.
    let raw = io::stdin().is_terminal().then(terminal::raw).transpose()?;
    let (left, recorder) = Passthrough::new(pty, recorder, begun)?.run(signals).await?;
    drop(raw);
    recorder.finish().map_err(Failure::from)?;
    Ok(left)
}

fn not_started(program: &Path, error: SpawnError) -> Failure {
    let exit = match error {
        SpawnError::Open(_) => Exit::Supervisor,
        SpawnError::Start(_) => Exit::NotExecutable,
    };
    Failure::new(
        exit,
        "spawn_failed",
        format!("start {}: {error}", program.display()),
    )
}

fn plan(args: &args::Record) -> Result<Plan, Failure> {
    let spec = match &args.target {
        Some(target) => catalogue::target(target)?,
        None => {
            let command = command(args);
            Spec::command(&command[0], &command[1..])
        }
    };
    let files = SideFiles::write(&spec)?;
    let cwd = match &args.cwd {
        Some(dir) => resolve::directory(dir)?.to_path_buf(),
        None => std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
    };
    let spawn = SpawnPlan {
        program: program(&spec)?,
        argv0: spec.spawn.programs.first().cloned().unwrap_or_default().into(),
        args: arguments(&spec, args, files.as_ref()),
        env: environment(&spec, args, files.as_ref()),
        cwd,
        size: terminal::size().unwrap_or(DEFAULT_SIZE),
        echo_off: spec.spawn.echo_off,
        limits: Limits::default(),
        cookie: format!("record-{}", std::process::id()),
    };
    let options = RecordOptions {
        path: place(args, &spec)?,
        format: if args.v2 {
            RecordFormat::V2
        } else {
            RecordFormat::V3
        },
        input: !args.no_input,
    };
    Ok(Plan {
        spec,
        spawn,
        options,
        _files: files,
    })
}

/// The command, or the person's own shell.
fn command(args: &args::Record) -> Vec<String> {
    if !args.command.is_empty() {
        return args.command.clone();
    }
    vec![
        std::env::var("SHELL")
            .ok()
            .filter(|shell| !shell.is_empty())
            .unwrap_or_else(|| "sh".into()),
    ]
}

fn program(spec: &Spec) -> Result<PathBuf, Failure> {
    if let Some(program) = programs::installed(spec) {
        return Ok(program);
    }
    let tried = spec.spawn.programs.join(", ");
    // A path to a file that is there cannot be executed; anything else is not there.
    match spec
        .spawn
        .programs
        .iter()
        .any(|program| program.contains('/') && Path::new(program).exists())
    {
        true => Err(Failure::new(
            Exit::NotExecutable,
            "tool_not_executable",
            format!("start {tried}: it is not executable"),
        )
        .hint(format!("chmod +x {tried}"))),
        false => Err(Failure::new(
            Exit::ToolNotFound,
            "tool_not_found",
            format!("none of these programs is in PATH: {tried}"),
        )
        .hint("install it, put it in PATH, or name its file")),
    }
}

fn arguments(spec: &Spec, args: &args::Record, files: Option<&SideFiles>) -> Vec<OsString> {
    let further: &[String] = if args.target.is_some() { &args.command } else { &[] };
    spec.spawn
        .args
        .iter()
        .chain(further)
        .map(|arg| filled(arg, files).into())
        .collect()
}

/// The person's own environment, as a terminal would pass it on; the protocol's and the flags' variables on top.
fn environment(spec: &Spec, args: &args::Record, files: Option<&SideFiles>) -> Vec<(OsString, OsString)> {
    let mut env: std::collections::BTreeMap<OsString, OsString> = std::env::vars_os().collect();
    env.entry("TERM".into())
        .or_insert_with(|| "xterm-256color".into());
    for (name, value) in &spec.spawn.env {
        env.insert(name.into(), filled(value, files).into());
    }
    // A name alone passes the person's own value on, which is there already.
    for (name, value) in resolve::environment(&args.env).0 {
        env.insert(name.into(), value.into());
    }
    env.into_iter().collect()
}

fn filled(text: &str, files: Option<&SideFiles>) -> String {
    match files {
        Some(files) => text.replace("{files}", &files.dir.to_string_lossy()),
        None => text.to_string(),
    }
}

/// Where the recording goes. It is not replaced unless that was asked for.
fn place(args: &args::Record, spec: &Spec) -> Result<PathBuf, Failure> {
    let path = args
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("{}-{}.cast", spec.name, stamp(spec))));
    match path.exists() && !args.overwrite {
        true => Err(
            Failure::new(Exit::Usage, "exists", format!("{} exists", path.display()))
                .hint("name another file with --output, or replace it with --overwrite"),
        ),
        false => Ok(path),
    }
}

/// `20300102-030405`, UTC.
fn stamp(spec: &Spec) -> String {
    let now = api::Context::new("", spec, SystemTime::now())
        .at(Time::ZERO)
        .replace('T', "-");
    now.chars()
        .take(19)
        .enumerate()
        .filter_map(|(at, c)| (c.is_ascii_digit() || at == 10).then_some(c))
        .collect()
}

/// The protocol's side files in a private folder, which goes when this goes.
struct SideFiles {
    dir: PathBuf,
}

impl SideFiles {
    fn write(spec: &Spec) -> Result<Option<SideFiles>, Failure> {
        use std::os::unix::fs::DirBuilderExt;
        if spec.spawn.files.is_empty() {
            return Ok(None);
        }
        let dir = std::env::temp_dir().join(format!("ptych-record-{}", std::process::id()));
        let failed = |error: io::Error| {
            Failure::new(
                Exit::Supervisor,
                "side_files_failed",
                format!("write side files below {}: {error}", dir.display()),
            )
        };
        // Not recursive: a folder that somebody else made beforehand is an error.
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&dir)
            .map_err(failed)?;
        let files = SideFiles { dir: dir.clone() };
        for (name, contents) in &spec.spawn.files {
            std::fs::write(dir.join(name), contents).map_err(failed)?;
        }
        Ok(Some(files))
    }
}

impl Drop for SideFiles {
    fn drop(&mut self) {
        // What cannot be removed lies in the temporary directory.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
