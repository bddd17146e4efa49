//! A session that runs. Each call drives the run's runtime until it is answered, the run's time is up or somebody interrupts it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::failure::{Code, Failure, Scene, Wanted};
use super::pattern::{Pattern, refused};
use super::plan::{Plan, Target};
use super::session::Session;
use super::value::{Found, Screen};
use super::world::World;
use crate::engine::expect::{FailureWhy, Nearness, Patterns, StreamKind, WaitOptions};
use crate::engine::protocol::keys;
use crate::engine::response::Response;
use crate::engine::term::Size;
use crate::engine::tty::{Exit, Foreground};
use crate::front::cli::catalogue;
use crate::host::expect::{Follow, Human, InteractOptions, Interacted, LogFile, Missed, Slow};
use crate::host::{
    AskError, AskOptions, ExitReport, ExpectError, LaunchError, Options, RecordOptions, Secret, SendError,
    StopOptions, Terminal, expect_any,
};
use crate::{engine, host};

/// What `spawn` gives a program that asks for nothing else.
const DEFAULT_SIZE: Size = Size { cols: 80, rows: 24 };
/// For what was typed at the very end of a script to be taken by its program.
const LAST_INPUT: Duration = Duration::from_millis(200);
/// Between SIGTERM and SIGKILL when a script is over.
const LAST_GRACE: Duration = Duration::from_secs(1);

pub struct Live {
    session: host::Session,
    world: Arc<World>,
}

/// A wait, and what is left of its time.
pub struct Expecting {
    session: host::Session,
    patterns: Patterns,
    options: WaitOptions,
    began: Option<Instant>,
}

#[derive(Clone, Debug, Default)]
pub struct Tty {
    pub echo: bool,
    pub canonical: bool,
    /// The program that reads it.
    pub foreground: Option<String>,
}

/// How a program ended; code 0 in a dry run.
#[derive(Clone, Debug)]
pub struct Ended {
    pub code: Option<i64>,
    pub signal: Option<i64>,
}

impl Default for Ended {
    fn default() -> Ended {
        Ended {
            code: Some(0),
            signal: None,
        }
    }
}

/// One turn's answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub text: String,
    pub outcome: String,
    pub complete: bool,
    pub captures: BTreeMap<String, String>,
    pub question: Option<String>,
    pub choices: Vec<String>,
}

impl Answer {
    /// What a dry run goes on with: a text that is a number, too.
    pub fn stand_in() -> Answer {
        Answer {
            text: "1".into(),
            outcome: "ok".into(),
            complete: true,
            captures: BTreeMap::new(),
            question: None,
            choices: Vec::new(),
        }
    }
}

impl Live {
    /// # Errors
    ///
    /// The program or protocol is not there, or does not start or become ready.
    pub fn start(world: &Arc<World>, plan: &Plan, number: usize) -> Result<Live, Failure> {
        let options = options(world, plan, number)?;
        let session = match &plan.target {
            Target::Command(words) => {
                let words = words.clone();
                world.drive(async move { host::Session::spawn(words, options) })?
            }
            Target::Protocol(name, _) => {
                let (spec, tool_version) = protocol(name)?;
                let options = Options {
                    tool_version,
                    ..options
                };
                world.drive(async move { host::Session::start(Arc::new(spec), options) })?
            }
        };
        let live = Live {
            session: session.map_err(not_started)?,
            world: Arc::clone(world),
        };
        if matches!(plan.target, Target::Protocol(..)) {
            let ready = world.drive(live.session.wait_ready())?;
            ready.map_err(|error| Failure::new(Code::Session, error.to_string()))?;
        }
        Ok(live)
    }

    pub fn expecting(&self, patterns: Patterns, limit: Option<Duration>, peek: bool) -> Expecting {
        let followed = self.session.wait_options().unwrap_or_default();
        Expecting {
            session: self.session.clone(),
            patterns,
            options: WaitOptions {
                timeout: limit,
                peek,
                ..followed
            },
            began: None,
        }
    }

    /// Until nothing came for a while, the program ended or the time is up.
    pub fn settle(&self, world: &World, silence: Duration, limit: Duration) -> Result<(), Failure> {
        use crate::engine::expect::Pattern;
        let patterns = Patterns::new([Pattern::quiet(silence), Pattern::eof(), Pattern::timeout()]);
        let mut wait = self.expecting(patterns.map_err(refused)?, Some(limit), true);
        match world.drive(wait.once())? {
            Ok(_) | Err(ExpectError::TimedOut(_) | ExpectError::Eof(_)) => Ok(()),
            Err(error) => Err(Failure::new(Code::Session, error.to_string())),
        }
    }

    pub fn screen(&self) -> Result<Screen, Failure> {
        let snapshot = self.world.drive(self.session.snapshot())?.map_err(gone)?;
        // All rows that there are, also those below the last text.
        let mut rows = snapshot.rows;
        rows.resize(usize::from(snapshot.size.rows), String::new());
        Ok(Screen {
            rows,
            cols: snapshot.size.cols,
            cursor_row: usize::try_from(snapshot.cursor.pos.row.saturating_sub(snapshot.top_row))
                .unwrap_or(0),
            cursor_col: usize::from(snapshot.cursor.pos.col),
            title: snapshot.title,
        })
    }

    pub fn tty(&self) -> Result<Tty, Failure> {
        let probe = self.world.drive(self.session.tty())?.map_err(gone)?;
        let foreground = match probe.foreground {
            Some(Foreground::Tool) => Some("tool".to_owned()),
            Some(Foreground::Other) => probe.foreground_name.or(Some("other".into())),
            None => None,
        };
        Ok(Tty {
            echo: probe.echo.unwrap_or(false),
            canonical: probe.canonical.unwrap_or(false),
            foreground,
        })
    }

    /// Lets the session's task see what has happened meanwhile.
    pub fn state(&self) -> Result<String, Failure> {
        self.world.drive(tokio::task::yield_now())?;
        Ok(self.session.state().as_str().to_owned())
    }

    pub fn is_alive(&self) -> Result<bool, Failure> {
        Ok(self.state()? != "exited")
    }

    pub fn pid(&self) -> Result<i64, Failure> {
        Ok(i64::from(self.session.pid()))
    }

    pub fn log(&self, path: &Path) -> Result<(), Failure> {
        let file = LogFile::append(path).map_err(|error| Failure::new(Code::File, error.to_string()))?;
        self.world.drive(self.session.log(file))?.map(drop).map_err(gone)
    }

    pub fn resize(&self, cols: u16, rows: u16) -> Result<(), Failure> {
        self.world
            .drive(self.session.resize(Size { cols, rows }))?
            .map_err(gone)
    }

    pub fn ask(&self, world: &World, prompt: &str, timeout: Option<Duration>) -> Result<Answer, Failure> {
        let options = AskOptions {
            timeout,
            ..AskOptions::default()
        };
        let response = world.drive(self.session.ask_with(prompt, options))?;
        response.map(|response| answer(&response)).map_err(not_asked)
    }

    pub fn interact(
        &self,
        world: &World,
        escape: &str,
        until: Vec<Pattern>,
    ) -> Result<(&'static str, Option<Found>), Failure> {
        let failed = |error: String| Failure::new(Code::Session, error);
        let escape = match escape {
            "" => keys::Keys::default(),
            key => keys::parse(&format!("<{key}>")).map_err(Failure::argument)?,
        };
        let patterns = match until.is_empty() {
            true => None,
            false => Some(Patterns::new(until.into_iter().map(|pattern| pattern.wanted)).map_err(refused)?),
        };
        let options = InteractOptions {
            escape,
            patterns,
            ..InteractOptions::default()
        };
        let mut terminal = Terminal::stdio().map_err(|error| failed(error.to_string()))?;
        let ended = world.drive(self.session.interact(options, &mut terminal))?;
        match ended.map_err(|error| failed(error.to_string()))? {
            Interacted::Escaped => Ok(("escaped", None)),
            Interacted::Found(found) => Ok(("found", Some(Found::of(&found, found.index)))),
            Interacted::Exited => Ok(("exited", None)),
            Interacted::InputEnded => Ok(("input_ended", None)),
        }
    }

    pub fn wait(&self, world: &World, limit: Option<Duration>) -> Result<Ended, Failure> {
        let ended = world.drive(async {
            match limit {
                Some(limit) => tokio::time::timeout(limit, self.session.wait()).await.ok(),
                None => Some(self.session.wait().await),
            }
        })?;
        match (ended, limit) {
            (Some(report), _) => Ok(of_report(&report)),
            (None, limit) => {
                let within = seconds(limit.unwrap_or_default());
                Err(
                    Failure::new(Code::TimedOut, format!("the program did not end within {within}"))
                        .seen(self.scene_now(limit.unwrap_or_default())),
                )
            }
        }
    }

    pub fn stop(&self, world: &World) -> Result<Ended, Failure> {
        let report = world.drive(self.session.stop(StopOptions::default()))?;
        Ok(of_report(&report))
    }

    pub fn send(&self, text: &str) -> Result<(), Failure> {
        self.sent(self.session.send(text))
    }

    pub fn send_line(&self, text: &str) -> Result<(), Failure> {
        self.sent(self.session.send_line(text))
    }

    pub fn send_key(&self, key: &str) -> Result<(), Failure> {
        self.sent(self.session.send_key(key))
    }

    pub fn send_slow(&self, text: &str, slow: Slow) -> Result<(), Failure> {
        self.sent(self.session.send_slow(text, slow))
    }

    pub fn send_human(&self, text: &str, human: Human) -> Result<(), Failure> {
        self.sent(self.session.send_human(text, human))
    }

    pub fn send_secret(&self, secret: &str) -> Result<(), Failure> {
        let secret = Secret::new(secret);
        self.sent(self.session.send_secret(&secret))
    }

    pub fn send_eof(&self) -> Result<(), Failure> {
        self.sent(self.session.send_eof())
    }

    pub fn paste(&self, text: &str) -> Result<(), Failure> {
        self.sent(self.session.paste(text))
    }

    fn sent(&self, send: impl Future<Output = Result<(), SendError>>) -> Result<(), Failure> {
        use crate::host::Coded as _;
        self.world.drive(send)?.map_err(|error| Failure {
            hint: error.hint(),
            ..Failure::new(Code::Session, error.to_string()).seen(self.scene_now(Duration::ZERO))
        })
    }

    /// What is to be seen of it now.
    fn scene_now(&self, waited: Duration) -> Scene {
        Scene {
            session: self.session.info().command.join(" "),
            state: self.session.state().as_str().to_owned(),
            waited,
            screen: self.screen().ok(),
            ..Scene::default()
        }
    }
}

impl Expecting {
    /// # Errors
    ///
    /// See `Waiting::next`.
    pub fn next(&mut self, world: &World, session: &Session, fresh: bool) -> Result<Found, Failure> {
        if fresh {
            self.began = None;
        }
        match world.drive(self.once())? {
            Ok(found) => Ok(Found::of(&found, found.index)),
            Err(error) => Err(not_found(error, session)),
        }
    }

    async fn once(&mut self) -> Result<engine::expect::Found, ExpectError> {
        let now = Instant::now();
        let spent = now.saturating_duration_since(*self.began.get_or_insert(now));
        let options = WaitOptions {
            timeout: self.options.timeout.map(|timeout| timeout.saturating_sub(spent)),
            ..self.options
        };
        self.session.expect_with(self.patterns.clone(), options).await
    }
}

/// The first of several sessions that has one of its patterns.
pub fn any(
    world: &World,
    waits: &[(Session, Vec<Pattern>)],
    limit: Option<Duration>,
) -> Result<(usize, Found), Failure> {
    let mut sessions = Vec::new();
    for (session, patterns) in waits {
        let wanted = patterns.iter().map(|pattern| pattern.wanted.clone());
        let patterns = Patterns::new(wanted).map_err(refused)?;
        if let Some(live) = session.live() {
            sessions.push((&live.session, patterns));
        }
    }
    let options = WaitOptions {
        timeout: limit,
        ..WaitOptions::default()
    };
    match world.drive(expect_any(&sessions, options))? {
        Ok((which, found)) => Ok((which, Found::of(&found, found.index))),
        Err(error) => Err(not_found(error, &waits[0].0)),
    }
}

pub fn sleep(world: &World, time: Duration) -> Result<(), Failure> {
    // The timer is made within the runtime that drives it.
    world.drive(async move { tokio::time::sleep(time).await })
}

/// Ends the sessions that are left, all at once; what was typed last is given a moment to be read.
pub fn end_all(world: &World, sessions: &[Session]) {
    let ending: Vec<_> = sessions
        .iter()
        .filter_map(Session::live)
        .map(|live| live.session.clone())
        .collect();
    world.drive_to_the_end(async move {
        let tasks: Vec<_> = ending
            .into_iter()
            .map(|session| tokio::spawn(end(session)))
            .collect();
        for task in tasks {
            // A task that has panicked has dropped its session, and that ends it, too.
            let _ended = task.await;
        }
    });
}

async fn end(session: host::Session) {
    if session.pending_input_bytes() > 0 {
        let _unread = session.flush(LAST_INPUT).await;
    }
    let options = StopOptions {
        leave: false,
        grace: LAST_GRACE,
    };
    session.stop(options).await;
}

fn options(world: &World, plan: &Plan, number: usize) -> Result<Options, Failure> {
    let mut options = Options {
        env: plan.env.clone(),
        cwd: plan.cwd.clone(),
        record: record(world, plan, number)?,
        follow: Some(Follow {
            kind: if plan.raw {
                StreamKind::Raw
            } else {
                StreamKind::Text
            },
            precedence: plan.precedence,
            ..Follow::default()
        }),
        ..Options::default()
    };
    match &plan.target {
        Target::Command(_) => options.size = Some(plan.size(DEFAULT_SIZE).unwrap_or(DEFAULT_SIZE)),
        Target::Protocol(_, args) => {
            options.args.clone_from(args);
            options.size = plan.size(DEFAULT_SIZE);
        }
    }
    Ok(options)
}

/// Where a session is recorded: what it asks for itself, else what the run does.
fn record(world: &World, plan: &Plan, number: usize) -> Result<Option<RecordOptions>, Failure> {
    if let Some(path) = &plan.record {
        let path = super::files::writable(world, &path.to_string_lossy())?;
        return Ok(Some(RecordOptions::new(path)));
    }
    let place = world.settings.record.as_ref().map(|path| match number {
        1 => path.clone(),
        number => numbered(path, number),
    });
    Ok(place.map(RecordOptions::new))
}

/// `demo.cast` is `demo-2.cast` for the second session.
fn numbered(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(extension) => format!("{stem}-{number}.{}", extension.to_string_lossy()),
        None => format!("{stem}-{number}"),
    };
    path.with_file_name(name)
}

fn protocol(name: &str) -> Result<(engine::protocol::Spec, Option<String>), Failure> {
    let found = catalogue::entry(name).and_then(|entry| catalogue::understand_installed(&entry, None));
    found.map_err(|failure| Failure {
        hint: failure.hint.clone(),
        ..Failure::new(Code::Argument, failure.message)
    })
}

fn not_started(error: LaunchError) -> Failure {
    use crate::host::Coded as _;
    let code = match &error {
        LaunchError::NotFound { .. } => Code::NotFound,
        LaunchError::NotExecutable { .. } => Code::NotExecutable,
        LaunchError::WorkingDirectory { .. } => Code::Argument,
        _ => Code::Session,
    };
    Failure {
        hint: error.hint(),
        ..Failure::new(code, error.to_string())
    }
}

fn not_asked(error: AskError) -> Failure {
    use crate::host::Coded as _;
    let code = match &error {
        AskError::QueuedTooLong { .. } => Code::TimedOut,
        _ => Code::Session,
    };
    Failure {
        hint: error.hint(),
        ..Failure::new(code, error.to_string())
    }
}

fn not_found(error: ExpectError, session: &Session) -> Failure {
    match error {
        ExpectError::TimedOut(missed) | ExpectError::Eof(missed) => of_missed(*missed, session),
        ExpectError::Pattern(error) => refused(error),
        error => Failure::new(Code::Session, error.to_string()),
    }
}

fn of_missed(missed: Missed, session: &Session) -> Failure {
    let failure = &missed.failure;
    let (code, message) = match failure.why {
        FailureWhy::TimedOut => (
            Code::TimedOut,
            format!(
                "{} within {}",
                subject(&failure.patterns, "did not come", "came"),
                seconds(failure.waited)
            ),
        ),
        FailureWhy::Eof => (
            Code::Ended,
            format!(
                "the program ended, and {}",
                subject(&failure.patterns, "did not come", "came")
            ),
        ),
    };
    let scene = Scene {
        session: session.label(),
        state: missed.state.as_str().to_owned(),
        waited: failure.waited,
        wanted: failure.patterns.iter().map(wanted).collect(),
        last_lines: failure.last_lines.clone(),
        unmatched_bytes: failure.unmatched_bytes,
        screen: Some(Screen {
            rows: missed.screen,
            cols: 0,
            cursor_row: missed.cursor.0,
            cursor_col: missed.cursor.1,
            title: String::new(),
        }),
    };
    let failure = Failure::new(code, message).seen(scene);
    match missed.pending_input_bytes {
        0 => failure,
        bytes => failure.hint(format!(
            "{bytes} bytes that were typed have not been read by the program"
        )),
    }
}

fn subject(patterns: &[Nearness], not: &str, did: &str) -> String {
    match patterns {
        [one] => format!("{} {not}", one.pattern),
        several => format!("none of {} patterns {did}", several.len()),
    }
}

fn wanted(nearness: &Nearness) -> Wanted {
    let near = nearness
        .near
        .iter()
        .map(|near| match near.line.trim() == near.text.trim() {
            true => format!("nearest: {:?}", near.text),
            false => format!("nearest: {:?}, in the line {:?}", near.text, near.line),
        });
    Wanted {
        pattern: nearness.pattern.clone(),
        near: near.chain(nearness.unmet.iter().cloned()).collect(),
    }
}

fn answer(response: &Response) -> Answer {
    let question = response.question.as_ref();
    Answer {
        text: response.text.clone(),
        outcome: response.outcome.as_str().to_owned(),
        complete: response.complete,
        captures: response.captures.clone(),
        question: question.map(|question| question.text.clone()),
        choices: question
            .iter()
            .flat_map(|question| &question.choices)
            .map(|choice| choice.label.clone())
            .collect(),
    }
}

fn of_report(report: &ExitReport) -> Ended {
    match report.exit {
        Exit::Code(code) => Ended {
            code: Some(i64::from(code)),
            signal: None,
        },
        Exit::Signal(signal) => Ended {
            code: None,
            signal: Some(i64::from(signal)),
        },
        Exit::Unknown => Ended {
            code: None,
            signal: None,
        },
    }
}

fn gone(error: host::SessionGone) -> Failure {
    Failure::new(Code::Session, error.to_string())
}

/// `0.25 s`, `10 s`.
pub fn seconds(duration: Duration) -> String {
    let text = format!("{:.3}", duration.as_secs_f64());
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} s")
}
