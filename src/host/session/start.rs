//! Bringing a session into being.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{broadcast, mpsc, watch};

use super::driver::{Driver, Phase};
use super::follow::Follower;
use super::raw::RawTail;
use super::taps::Taps;
use super::typing::Typing;
use super::waiting::Waiting;
use super::{Info, Session, Shared, Status};
use crate::engine::framer::state::State;
use crate::engine::limits;
use crate::engine::protocol::Spec;
use crate::engine::session::{Confirm, Session as Machine, SessionConfig};
use crate::engine::time::Time;
use crate::host::error::{LaunchError, RecordError};
use crate::host::expect::Compiled;
use crate::host::launch::{self, Launch};
use crate::host::options::Options;
use crate::host::pty::{Pty, SpawnError, SpawnPlan, Timer, Unix};
use crate::host::recording::Recorder;
use crate::host::ulid::ulid;

/// Commands that wait for the task; a sender waits when it is full. Prompts have a queue of their own behind it.
const COMMANDS: usize = 16;
/// Events that a slow follower may be behind before it is told that it lags.
const EVENTS: usize = 256;
/// Where the platform cannot tell what the tool waits for, this much silence confirms a state.
const QUIET: Duration = Duration::from_millis(50);

#[expect(
    clippy::disallowed_methods,
    reason = "a session's clocks start with its process"
)]
pub(super) fn start(spec: Arc<Spec>, options: Options) -> Result<(Session, Driver), LaunchError> {
    let spec = with_wishes(spec, &options);
    let cookie = ulid();
    let id = options.id.clone().unwrap_or_else(|| cookie.clone());
    let size = launch::size(&spec, &options);
    let Launch {
        plan,
        files,
        channels,
    } = launch::prepare(&spec, &options, &cookie)?;
    let recorder = open_recording(&spec, &options, size)?;
    let timer = Timer::new().map_err(|source| LaunchError::Pty { source })?;
    let (origin, started_at) = (Instant::now(), SystemTime::now());
    let pty = Unix::spawn(&plan).map_err(|error| spawn_error(error, &spec, &plan))?;
    let (commands_tx, commands) = mpsc::channel(COMMANDS);
    let initial = Status {
        state: match spec.is_untaught() {
            true => State::Unknown,
            false => State::Starting,
        },
        rule: String::new(),
        was_ready: false,
    };
    let (status_tx, status) = watch::channel(initial);
    let (report_tx, report) = watch::channel(None);
    let info = Info {
        id,
        spec: Arc::clone(&spec),
        command: command_line(&plan),
        pid: pty.pid(),
        started_at,
    };
    let turn_timeout = options.turn_timeout;
    let pending_input = Arc::new(AtomicUsize::new(0));
    let accepted = Arc::new(AtomicU64::new(0));
    let command = info.command.clone();
    let output_bytes = Arc::new(AtomicU64::new(0));
    let shared = Shared {
        info,
        commands: commands_tx,
        status,
        report,
        leash: pty.leash(),
        turn_timeout,
        output_bytes: Arc::clone(&output_bytes),
        pending_input: Arc::clone(&pending_input),
        accepted: Arc::clone(&accepted),
        follow: options.follow.map(|follow| (follow, Compiled::default())),
    };
    let driver = Driver {
        machine: Machine::new(spec, config(&options, size), Time::ZERO),
        pty: Some(Box::new(pty)),
        timer,
        origin,
        commands,
        abandoned: false,
        waiting: Waiting::new(options.queue),
        status: status_tx,
        report: report_tx,
        events: broadcast::Sender::new(EVENTS),
        recorder,
        raw: RawTail::new(options.keep_raw_bytes),
        output_bytes,
        size,
        phase: Phase::Running,
        ladder: None,
        full: false,
        undrained: false,
        reopen_at: None,
        files,
        channels,
        inbox_at: None,
        program: plan.program,
        asking_version: None,
        command,
        follower: options
            .follow
            .map(|follow| Follower::new(follow.stream(size.cols), accepted)),
        typing: Typing::default(),
        pending_input,
        taps: Taps::default(),
        closed_at: None,
    };
    Ok((
        Session {
            shared: Arc::new(shared),
        },
        driver,
    ))
}

fn with_wishes(spec: Arc<Spec>, options: &Options) -> Arc<Spec> {
    let mut spec = spec;
    if let Some(within) = options.ready_within {
        Arc::make_mut(&mut spec).spawn.ready_within = within;
    }
    spec
}

fn config(options: &Options, size: crate::engine::term::Size) -> SessionConfig {
    SessionConfig {
        size,
        confirm: Confirm::Quiet(QUIET),
        stream: options.stream,
        side_channels: true,
        turn_text_bytes: options.turn_text_bytes.unwrap_or(limits::TURN_TEXT_BYTES),
        policy: options.policy.clone(),
        tool_version: options.tool_version.clone(),
    }
}

fn open_recording(
    spec: &Spec,
    options: &Options,
    size: crate::engine::term::Size,
) -> Result<Option<Recorder>, LaunchError> {
    let Some(record) = options.record.clone() else {
        return Ok(None);
    };
    let path = record.path.clone();
    match Recorder::create(record, size, spec, Time::ZERO) {
        Ok(recorder) => Ok(Some(recorder)),
        Err(RecordError::Open { source, .. } | RecordError::Write { source, .. }) => {
            Err(LaunchError::Recording { path, source })
        }
        Err(error) => Err(LaunchError::Recording {
            path,
            source: std::io::Error::other(error),
        }),
    }
}

fn spawn_error(error: SpawnError, spec: &Spec, plan: &SpawnPlan) -> LaunchError {
    let (tool, program) = (spec.name.clone(), plan.program.clone());
    match error {
        SpawnError::Open(source) => LaunchError::Pty { source },
        SpawnError::Start(source) => match source.raw_os_error() {
            // Found a moment ago, and not any more; or its interpreter is missing.
            Some(libc::ENOENT) => LaunchError::NotFound {
                tool,
                tried: vec![program.display().to_string()],
            },
            Some(libc::EACCES | libc::ENOEXEC) => LaunchError::NotExecutable { tool, program },
            _ => LaunchError::Spawn {
                tool,
                program,
                source,
            },
        },
    }
}

fn command_line(plan: &SpawnPlan) -> Vec<String> {
    let program = plan.program.to_string_lossy().into_owned();
    let args = plan.args.iter().map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(program).chain(args).collect()
}
