//! The same without `async`: for programs that have no runtime of their own. Published as `ptych::blocking`.
//!
//! Each thread that uses it has one runtime, which works during the calls and rests in between: a call is one wait in the kernel, no other
//! thread takes part, and a session's output is read, its deadlines kept and its events told while some call of its thread lasts (`sleep` is one,
//! too). A session belongs to the thread that started it.
//!
//! ```
//! use ptych::blocking::Session;
//! use ptych::host::Options;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sh = Session::spawn(["sh", "-c", "printf 'name: '; read name; echo hello $name"], Options::default())?;
//! sh.expect("name: ")?;
//! sh.send_line("world")?;
//! sh.expect("hello world")?;
//! # Ok(())
//! # }
//! ```

#![expect(
    clippy::result_large_err,
    reason = "the errors are those of the methods that are waited for"
)]

use std::cell::OnceCell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use super::error::{AskError, LaunchError, ReadyError, RecordError, SessionGone};
use super::expect::{
    self, Background, ExpectError, Found, GroupId, Human, InteractError, InteractOptions, Interacted,
    IntoPatterns, Log, LogId, Patterns, Precedence, Secret, SendError, Slow, Unmatched, WaitOptions,
};
use super::options::{AskOptions, Options, RecordOptions, StopOptions};
use super::session::{self, ExitReport, Snapshot};
use super::terminal::Terminal;
use crate::engine::framer::state::State;
use crate::engine::protocol::Spec;
use crate::engine::response::Response;
use crate::engine::term::Size;
use crate::engine::tty::TtyProbe;

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// How long dropping a session waits for its processes to be gone.
const DROP_PATIENCE: Duration = Duration::from_secs(1);

/// Waits for a future on this thread's runtime; for what this module does not offer.
///
/// # Panics
///
/// It is called from asynchronous code, or this thread cannot have a runtime (no descriptor is left).
pub fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.with(|runtime| runtime.get_or_init(new_runtime).block_on(future))
}

fn new_runtime() -> Runtime {
    let built = Builder::new_current_thread().enable_all().build();
    built.unwrap_or_else(|error| panic!("a runtime for this thread: {error}"))
}

/// Rests; the thread's sessions go on meanwhile.
pub fn sleep(time: Duration) {
    block_on(tokio::time::sleep(time));
}

/// See [`expect_any`](expect::expect_any).
///
/// # Errors
///
/// As that.
pub fn expect_any(
    waits: &[(&Session, Patterns)],
    options: WaitOptions,
) -> Result<(usize, Found), ExpectError> {
    let waits: Vec<_> = waits
        .iter()
        .map(|(session, patterns)| (&session.session, patterns.clone()))
        .collect();
    block_on(expect::expect_any(&waits, options))
}

/// A session of this thread; [`host::Session`](session::Session) has the words for each method. Dropping it kills the tool and all it started,
/// and waits for that.
#[derive(Debug)]
pub struct Session {
    session: session::Session,
    /// Another thread's runtime would not know its task.
    _thread: PhantomData<*const ()>,
}

impl Session {
    /// # Errors
    ///
    /// Nothing was started.
    pub fn spawn<W: Into<String>>(
        command: impl IntoIterator<Item = W>,
        options: Options,
    ) -> Result<Session, LaunchError> {
        block_on(async { session::Session::spawn(command, options) }).map(Session::of)
    }

    /// # Errors
    ///
    /// Nothing was started.
    pub fn start(spec: Arc<Spec>, options: Options) -> Result<Session, LaunchError> {
        block_on(async { session::Session::start(spec, options) }).map(Session::of)
    }

    fn of(session: session::Session) -> Session {
        Session {
            session,
            _thread: PhantomData,
        }
    }

    /// For what this type does not offer, with `block_on`.
    pub fn inner(&self) -> &session::Session {
        &self.session
    }

    pub fn pid(&self) -> u32 {
        self.session.pid()
    }

    /// As of the end of the last call on this thread.
    pub fn state(&self) -> State {
        self.session.state()
    }
}

/// One method of the same name of `host::Session`, waited for.
macro_rules! waits {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        impl Session {
            $(
                #[doc = concat!("See [`host::Session::", stringify!($name), "`](session::Session::", stringify!($name), ").")]
                ///
                /// # Errors
                ///
                /// As that, where it can fail.
                pub fn $name(&self, $($arg: $type),*) -> $out {
                    block_on(self.session.$name($($arg),*))
                }
            )*
        }
    };
}

waits! {
    expect(patterns: impl IntoPatterns) -> Result<Found, ExpectError>;
    expect_with(patterns: impl IntoPatterns, options: WaitOptions) -> Result<Found, ExpectError>;
    before(patterns: impl IntoPatterns) -> Result<GroupId, ExpectError>;
    after(patterns: impl IntoPatterns) -> Result<GroupId, ExpectError>;
    background(patterns: impl IntoPatterns) -> Result<Background, ExpectError>;
    forget(group: GroupId) -> Result<(), ExpectError>;
    unmatched() -> Result<Unmatched, ExpectError>;
    skip() -> Result<(), ExpectError>;
    send(text: impl AsRef<[u8]>) -> Result<(), SendError>;
    send_line(text: impl AsRef<str>) -> Result<(), SendError>;
    send_key(name: &str) -> Result<(), SendError>;
    send_keys(keys: &str) -> Result<(), SendError>;
    send_slow(text: &str, slow: Slow) -> Result<(), SendError>;
    send_human(text: &str, human: Human) -> Result<(), SendError>;
    send_secret(secret: &Secret) -> Result<(), SendError>;
    send_secret_within(secret: &Secret, within: Duration) -> Result<(), SendError>;
    send_eof() -> Result<(), SendError>;
    paste(text: &str) -> Result<(), SendError>;
    flush(within: Duration) -> Result<(), SendError>;
    tty() -> Result<TtyProbe, SessionGone>;
    log(log: impl Log + 'static) -> Result<LogId, SessionGone>;
    stop_log(id: LogId) -> Result<(), SessionGone>;
    record(options: RecordOptions) -> Result<(), RecordError>;
    stop_recording() -> Result<(), RecordError>;
    wait_ready() -> Result<(), ReadyError>;
    ask(text: impl Into<String>) -> Result<Response, AskError>;
    ask_with(text: impl Into<String>, options: AskOptions) -> Result<Response, AskError>;
    answer(choice: impl Into<String>, options: AskOptions) -> Result<Response, AskError>;
    interrupt() -> Result<(), AskError>;
    resize(size: Size) -> Result<(), SessionGone>;
    snapshot() -> Result<Snapshot, SessionGone>;
    interact(options: InteractOptions, terminal: &mut Terminal) -> Result<Interacted, InteractError>;
    stop(options: StopOptions) -> ExitReport;
    wait() -> ExitReport;
}

impl Session {
    /// See [`host::Session::expecting`](session::Session::expecting).
    ///
    /// # Errors
    ///
    /// As that.
    pub fn expecting(&self, patterns: impl IntoPatterns) -> Result<Expecting<'_>, ExpectError> {
        Ok(Expecting(self.session.expecting(patterns)?))
    }

    /// # Errors
    ///
    /// The session does not keep the output.
    pub fn wait_options(&self) -> Result<WaitOptions, ExpectError> {
        self.session.wait_options()
    }

    /// # Errors
    ///
    /// The first pattern that cannot be compiled.
    pub fn patterns(&self, patterns: impl IntoPatterns) -> Result<Patterns, ExpectError> {
        self.session.patterns(patterns)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // In asynchronous code, or when the thread ends, its runtime's end does the same.
        if Handle::try_current().is_ok() {
            return;
        }
        let stopped = async {
            let stopped = self.session.stop(StopOptions::NOW);
            tokio::time::timeout(DROP_PATIENCE, stopped).await
        };
        let _gone = RUNTIME.try_with(|runtime| runtime.get().map(|runtime| runtime.block_on(stopped)));
    }
}

/// See [`expect::Expecting`].
#[derive(Debug)]
pub struct Expecting<'a>(expect::Expecting<'a>);

impl Expecting<'_> {
    #[must_use]
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        Expecting(self.0.timeout(timeout))
    }

    #[must_use]
    pub fn precedence(self, precedence: Precedence) -> Self {
        Expecting(self.0.precedence(precedence))
    }

    #[must_use]
    pub fn peek(self) -> Self {
        Expecting(self.0.peek())
    }

    /// # Errors
    ///
    /// As `Session::expect`.
    #[expect(clippy::should_implement_trait, reason = "it has errors and no end")]
    pub fn next(&mut self) -> Result<Found, ExpectError> {
        block_on(self.0.next())
    }

    pub fn fresh(&mut self) -> &mut Self {
        self.0.fresh();
        self
    }
}
