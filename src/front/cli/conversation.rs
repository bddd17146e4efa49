//! A started tool with a person or a script in front of it: turns are driven while signals, progress and streamed text are served.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;

use super::exit::Exit;
use super::failure::Failure;
use super::output;
use super::progress::{self, Progress};
use super::resolve::Launch;
use super::signals::{Signal, Signals};
use crate::api;
use crate::engine::event::{Event, EventKind};
use crate::engine::ids::TurnId;
use crate::engine::response::{Question, Response};
use crate::host::{AskError, AskOptions, ReadyError, Session, StopOptions};

/// A tool, and what surrounds it while it is talked with.
pub struct Conversation {
    session: Session,
    wire: api::Context,
    signals: Signals,
    progress: Progress,
    stream: Option<Stream>,
    /// A turn runs that an interrupt can end.
    asking: bool,
    /// The first interrupt was given to the tool; the second one ends it.
    interrupted: bool,
}

/// How a conversation shows what goes on.
#[derive(Clone, Copy, Default)]
pub struct Show {
    /// Print text as soon as it is final.
    pub stream: bool,
    pub no_progress: bool,
}

/// Text of the running turn.
struct Stream {
    events: Receiver<Arc<Event>>,
    printed: String,
    /// Events were missed: the rest is printed with the response.
    behind: bool,
    /// The last finished turn: the response brings its last text sooner than its event does.
    finished: Option<TurnId>,
}

/// A response, in the engine's form and in the one that leaves the process.
pub struct Turned {
    pub response: Response,
    pub wire: api::Response,
    /// What of its text has been printed already.
    pub printed: String,
}

/// The signal that ended what was going on. A second interrupt does not wait for the tool.
#[derive(Clone, Copy, Debug)]
struct Ended(Signal);

impl From<Ended> for Failure {
    fn from(Ended(signal): Ended) -> Failure {
        match signal.exit() {
            Exit::Interrupted => Failure::new(
                Exit::Interrupted,
                "interrupted",
                "interrupted; the tool was ended",
            ),
            exit => Failure::new(exit, "terminated", "told to end; the tool was ended"),
        }
    }
}

impl Conversation {
    /// Starts the tool; it need not be ready yet.
    pub async fn start(launch: Launch, signals: Signals, show: Show) -> Result<Conversation, Failure> {
        let label = launch.spec.name.clone();
        let mut options = launch.options;
        options.stream = show.stream;
        let session = Session::start(launch.spec, options)?;
        let info = session.info();
        let wire = api::Context::new(session.id(), &info.spec, info.started_at);
        let stream = match show.stream {
            true => Some(Stream {
                events: session.events().await?.1,
                printed: String::new(),
                behind: false,
                finished: None,
            }),
            false => None,
        };
        let progress = Progress::new(&label, show.no_progress);
        Ok(Conversation {
            session,
            wire,
            signals,
            progress,
            stream,
            asking: false,
            interrupted: false,
        })
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Whether a signal asked for the end, even when the turn then ended by itself.
    pub fn interrupted(&self) -> bool {
        self.interrupted
    }

    /// A person who has seen the interrupted response goes on.
    pub fn forget_interrupt(&mut self) {
        self.interrupted = false;
    }

    /// Waits for the tool's first prompt, or for a question that comes before it.
    pub async fn wait_ready(&mut self) -> anyhow::Result<Option<Question>> {
        self.progress.restart();
        let session = self.session.clone();
        match self.drive(session.wait_ready()).await? {
            Ok(()) => Ok(None),
            Err(ReadyError::Blocked { question, .. }) => Ok(Some(question)),
            Err(error) => Err(Failure::from(error).into()),
        }
    }

    /// One prompt in, one complete response out.
    pub async fn ask(&mut self, text: &str, timeout: Duration) -> anyhow::Result<Turned> {
        self.progress.restart();
        let session = self.session.clone();
        let options = AskOptions {
            timeout: Some(timeout),
            ..AskOptions::default()
        };
        self.turn(session.ask_with(text, options)).await
    }

    /// Answers the open question; the response is what follows.
    pub async fn answer(&mut self, reply: &str, timeout: Duration) -> anyhow::Result<Turned> {
        let session = self.session.clone();
        let options = AskOptions {
            timeout: Some(timeout),
            ..AskOptions::default()
        };
        self.turn(session.answer(reply, options)).await
    }

    /// Waits for something that is not the tool's doing, such as a person who types; a signal ends it.
    pub async fn while_idle<T>(&mut self, work: impl Future<Output = T>) -> anyhow::Result<T> {
        tokio::select! {
            done = work => Ok(done),
            signal = self.signals.next() => Err(Failure::from(Ended(signal)).into()),
            _ = self.session.wait() => anyhow::bail!("the tool has ended by itself"),
        }
    }

    /// Lets the tool be for a time.
    pub async fn rest(&mut self, time: Duration) -> anyhow::Result<()> {
        self.drive(tokio::time::sleep(time)).await
    }

    /// Sends a prompt and goes on after `time`, whether or not the response is there.
    pub async fn ask_for(&mut self, text: &str, time: Duration) -> anyhow::Result<()> {
        let session = self.session.clone();
        let turn = session.submit(text, AskOptions::default());
        let _running = self.drive(turn).await?.map_err(Failure::from)?;
        self.rest(time).await
    }

    async fn turn(
        &mut self,
        turn: impl Future<Output = Result<Response, AskError>>,
    ) -> anyhow::Result<Turned> {
        self.asking = true;
        let done = self.drive(turn).await;
        self.asking = false;
        let response = done?.map_err(Failure::from)?;
        let printed = self
            .stream
            .as_mut()
            .map(|stream| stream.finish(&response.turn))
            .unwrap_or_default();
        Ok(Turned {
            wire: self.wire.response(&response),
            response,
            printed,
        })
    }

    /// Until `work` is done or a signal ends it; signals, text and progress are served meanwhile.
    async fn drive<T>(&mut self, work: impl Future<Output = T>) -> anyhow::Result<T> {
        let mut work = pin!(work);
        let mut interrupting: Option<Interrupting> = None;
        let mut ticks = tokio::time::interval(progress::TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                done = &mut work => {
                    self.progress.clear();
                    return Ok(done);
                }
                signal = self.signals.next() => {
                    interrupting = Some(self.handle_signal(signal).map_err(Failure::from)?);
                }
                refused = settled(&mut interrupting) => {
                    interrupting = None;
                    if let Err(error) = refused {
                        self.progress.clear();
                        output::complain(&format!("{error}; interrupt again to end the tool"));
                    }
                }
                event = next_event(&mut self.stream) => self.handle_event(event)?,
                _ = ticks.tick(), if self.progress.enabled() => self.paint().await,
            }
        }
    }

    /// The first interrupt during a turn is the tool's; every other signal ends the conversation.
    fn handle_signal(&mut self, signal: Signal) -> Result<Interrupting, Ended> {
        let first = !std::mem::replace(&mut self.interrupted, true);
        if signal != Signal::Interrupt || !self.asking || !first {
            self.progress.clear();
            return Err(Ended(signal));
        }
        let session = self.session.clone();
        Ok(Box::pin(async move { session.interrupt().await }))
    }

    fn handle_event(&mut self, event: Result<Arc<Event>, RecvError>) -> anyhow::Result<()> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        match event {
            Ok(event) => {
                if let EventKind::Text { turn, text } = &event.kind
                    && self.asking
                    && !stream.behind
                    && stream.finished.as_ref() != Some(turn)
                {
                    self.progress.clear();
                    output::data(text.as_bytes())?;
                    stream.printed.push_str(text);
                }
            }
            Err(RecvError::Lagged(_)) => stream.behind = true,
            // The session's task has ended; the response says why.
            Err(RecvError::Closed) => self.stream = None,
        }
        Ok(())
    }

    async fn paint(&mut self) {
        // Behind half a line of streamed text the progress line would wipe it out.
        let open_line = self
            .stream
            .as_ref()
            .is_some_and(|s| !s.printed.is_empty() && !s.printed.ends_with('\n'));
        if open_line {
            return;
        }
        if let Ok(snapshot) = self.session.snapshot().await {
            let last = snapshot.rows.iter().rev().find(|row| !row.trim().is_empty());
            self.progress.tick(last.map_or("", String::as_str));
        }
    }

    /// Ends the tool. A signal that comes meanwhile skips the grace.
    pub async fn stop(mut self, options: StopOptions) {
        self.progress.clear();
        let session = self.session.clone();
        let mut stopping = pin!(session.stop(options));
        let report = tokio::select! {
            report = &mut stopping => report,
            _ = self.signals.next() => session.stop(StopOptions::NOW).await,
        };
        if let Some(id) = &report.tool_session {
            output::complain(&format!("resume with: --resume {id}"));
        }
        if !report.survivors.is_empty() {
            output::complain(&format!(
                "these processes could not be ended: {:?}",
                report.survivors
            ));
        }
    }
}

impl Stream {
    /// The turn is over: what of it has been printed.
    fn finish(&mut self, turn: &TurnId) -> String {
        self.behind = false;
        self.finished = Some(turn.clone());
        std::mem::take(&mut self.printed)
    }
}

impl Turned {
    /// What of the text has not been printed yet.
    pub fn rest(&self) -> &str {
        let text = &self.wire.text;
        text.strip_prefix(&self.printed).unwrap_or_else(|| {
            // Trimmed at its head after it was streamed: go on behind what both have in common at the seam.
            self.printed
                .char_indices()
                .find_map(|(at, _)| text.strip_prefix(&self.printed[at..]))
                .unwrap_or(text)
        })
    }
}

type Interrupting = Pin<Box<dyn Future<Output = Result<(), AskError>>>>;

async fn settled(interrupting: &mut Option<Interrupting>) -> Result<(), AskError> {
    match interrupting {
        Some(interrupting) => interrupting.await,
        None => std::future::pending().await,
    }
}

async fn next_event(stream: &mut Option<Stream>) -> Result<Arc<Event>, RecvError> {
    match stream {
        Some(stream) => stream.events.recv().await,
        None => std::future::pending().await,
    }
}

/// How to end a tool after `result`: politely, unless a signal was impatient.
pub fn stop_after<T>(result: &anyhow::Result<T>) -> StopOptions {
    let failure = result
        .as_ref()
        .err()
        .and_then(|error| error.downcast_ref::<Failure>());
    match failure.map(|failure| failure.exit) {
        Some(Exit::Interrupted) => StopOptions::NOW,
        Some(Exit::Terminated | Exit::Hangup) => StopOptions {
            leave: false,
            ..StopOptions::default()
        },
        _ => StopOptions::default(),
    }
}

/// The runtime of every verb that starts a tool; built after the arguments are known.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
