//! What all functions of one run share.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rhai::{Dynamic, EvalAltResult, FnPtr, NativeCallContext};

use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::check::Problem;
use super::failure::{Code, Failure};
use super::session::Session;
use super::settings::Settings;
use super::source::{Place, Script};

/// Whether processes are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Live,
    /// Sessions are stand-ins, nothing outside is touched, and no time passes.
    Dry,
}

pub struct World {
    pub script: Script,
    pub settings: Settings,
    pub mode: Mode,
    pub begun: Instant,
    /// `None` in a dry run. It works while some thread of the run waits for it.
    runtime: Option<Runtime>,
    interrupted: watch::Sender<bool>,
    operations: AtomicU64,
    shared: Mutex<Shared>,
    sink: Box<dyn Sink>,
}

/// Where a run's words go.
pub trait Sink: Send + Sync {
    /// A line that the script printed.
    fn print(&self, line: &str);
    /// A line of the trace.
    fn trace(&self, line: &str);
    /// Asks the person at this terminal, without showing what is typed; `None` when there is nobody.
    fn ask_secret(&self, prompt: &str) -> Option<String>;
}

/// What changes while a script runs.
#[derive(Default)]
pub struct Shared {
    /// In the order they were spawned.
    pub sessions: Vec<Session>,
    /// `set_timeout`; outer `None`: not called.
    pub timeout: Option<Option<Duration>>,
    pub on_exit: Vec<FnPtr>,
    /// What `exit` was called with.
    pub exit_code: Option<u8>,
    pub waits: u64,
    pub spawned: usize,
    /// Of a dry run: what ended an arm.
    pub noted: Vec<Problem>,
    /// Secrets that were asked for, so that a person is asked once.
    pub secrets: BTreeMap<String, String>,
}

/// Looks at the clock once in so many operations.
const OPERATIONS_BETWEEN_LOOKS: u64 = 1024;
/// A dry run whose loops wait for what only a real program would say is given up after so many.
const DRY_OPERATIONS: u64 = 2_000_000;

impl World {
    /// # Errors
    ///
    /// No descriptor is left for a runtime.
    pub fn new(
        script: Script,
        settings: Settings,
        mode: Mode,
        sink: Box<dyn Sink>,
    ) -> io::Result<Arc<World>> {
        let runtime = match mode {
            Mode::Live => Some(
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?,
            ),
            Mode::Dry => None,
        };
        Ok(Arc::new(World {
            script,
            settings,
            mode,
            begun: Instant::now(),
            runtime,
            interrupted: watch::Sender::new(false),
            operations: AtomicU64::new(0),
            shared: Mutex::new(Shared::default()),
            sink,
        }))
    }

    pub fn is_dry(&self) -> bool {
        self.mode == Mode::Dry
    }

    /// A panic of another branch leaves values that are whole: each change is one assignment or push.
    pub fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the run at its next step, and the waits that are open now.
    pub fn interrupt(&self) {
        self.interrupted.send_replace(true);
    }

    pub fn is_interrupted(&self) -> bool {
        *self.interrupted.borrow()
    }

    /// Of the whole run; zero when its time is up.
    pub fn time_left(&self) -> Duration {
        self.settings.time_limit.saturating_sub(self.begun.elapsed())
    }

    /// Asked before each operation: why the run must end now.
    pub fn must_end(&self) -> Option<Dynamic> {
        // Relaxed: a count, ordering nothing.
        let count = self.operations.fetch_add(1, Ordering::Relaxed) + 1;
        let most = match self.mode {
            Mode::Live => self.settings.max_operations,
            Mode::Dry => DRY_OPERATIONS,
        };
        if most > 0 && count > most {
            let failure = Failure::new(
                Code::Limit,
                format!("the script took more than {most} operations"),
            );
            return Some(Dynamic::from(failure.hint("raise it with --max-operations")));
        }
        if count % OPERATIONS_BETWEEN_LOOKS != 1 {
            return None;
        }
        self.stopped().map(Dynamic::from)
    }

    /// The run's time is up, or somebody interrupted it.
    pub fn stopped(&self) -> Option<Failure> {
        if self.is_interrupted() {
            return Some(Failure::interrupted());
        }
        if self.mode == Mode::Live && self.time_left().is_zero() {
            return Some(self.out_of_time());
        }
        None
    }

    pub fn out_of_time(&self) -> Failure {
        let limit = self.settings.time_limit;
        Failure::new(Code::TimeLimit, format!("the script took more than {limit:?}"))
            .hint("raise it with --time-limit")
    }

    /// Waits for something, as long as the run may go on.
    ///
    /// # Errors
    ///
    /// The run's time is up, or somebody interrupted it.
    pub fn drive<F: Future>(&self, future: F) -> Result<F::Output, Failure> {
        let Some(runtime) = &self.runtime else {
            return Err(Failure::new(Code::Session, "nothing runs in a dry run"));
        };
        let mut interrupted = self.interrupted.subscribe();
        runtime.block_on(async {
            tokio::select! {
                biased;
                done = future => Ok(done),
                // The sender is ours, so this cannot fail.
                _ = interrupted.wait_for(|interrupted| *interrupted) => Err(Failure::interrupted()),
                () = tokio::time::sleep(self.time_left()) => Err(self.out_of_time()),
            }
        })
    }

    /// The same for what must be done when the run is over, whatever ended it.
    pub fn drive_to_the_end(&self, future: impl Future<Output = ()>) {
        if let Some(runtime) = &self.runtime {
            runtime.block_on(future);
        }
    }

    /// The session that was spawned last.
    pub fn last_session(&self) -> Result<Session, Failure> {
        let last = self.shared().sessions.last().cloned();
        last.ok_or_else(|| Failure::argument("no session has been spawned yet"))
    }

    /// Of the session that is about to be spawned, from 1.
    pub fn next_number(&self) -> usize {
        let mut shared = self.shared();
        shared.spawned += 1;
        shared.spawned
    }

    pub fn ask_secret(&self, name: &str) -> Result<String, Failure> {
        self.sink.ask_secret(&format!("{name}: ")).ok_or_else(|| {
            Failure::new(
                Code::Failed,
                format!("the secret {name} must be asked for, and there is no terminal"),
            )
        })
    }

    /// Keeps what is wrong whatever a program says, where a dry run goes on behind it.
    pub fn note(&self, error: &EvalAltResult) {
        if let Some(problem) = Problem::of(error) {
            self.shared().noted.push(problem);
        }
    }

    pub fn print(&self, text: &str) {
        if self.mode == Mode::Live {
            self.sink.print(text);
        }
    }

    pub fn trace(&self, context: &NativeCallContext<'_>, what: impl FnOnce() -> String) {
        self.trace_at(Place::of(context.call_position()), what);
    }

    pub fn trace_at(&self, place: Option<Place>, what: impl FnOnce() -> String) {
        if self.settings.trace && self.mode == Mode::Live {
            let at = self.begun.elapsed().as_secs_f64();
            self.sink
                .trace(&format!("{at:9.3} {} {}", self.script.locate(place), what()));
        }
    }
}
