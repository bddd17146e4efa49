//! `ptych chat`: a person and a tool, line by line. Without a terminal, each line of standard input is a prompt.

use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::api::{self, Outcome};
use crate::front::cli::args;
use crate::front::cli::conversation::{self, Conversation, Show};
use crate::front::cli::editor::{self, Editor, Read};
use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;
use crate::front::cli::resolve::{self, Launch};
use crate::front::cli::signals::Signals;
use crate::front::cli::{outcome, output, terminal};

pub fn run(args: args::Chat) -> anyhow::Result<Exit> {
    let mut launch = resolve::launch(&args.target, &args.start)?;
    launch.options.policy.rules = args.policy.clone();
    let name = launch.spec.name.clone();
    let signals = Signals::catch()?;
    let lines = match io::stdin().is_terminal() && io::stdout().is_terminal() {
        true => Lines::typed(&name, (!args.no_history).then(|| history(&name)).flatten())?,
        false => Lines::piped()?,
    };
    conversation::runtime()?.block_on(talk(launch, signals, lines, args.timeout))
}

/// Where what was typed to this tool is kept; `None` without a home.
fn history(name: &str) -> Option<PathBuf> {
    let data = resolve::data_dir()?.join("history");
    Some(data.join(name))
}

async fn talk(launch: Launch, signals: Signals, mut lines: Lines, timeout: Duration) -> anyhow::Result<Exit> {
    let show = Show {
        stream: lines.interactive,
        no_progress: false,
    };
    let kept = terminal::Kept::now();
    let mut conversation = Conversation::start(launch, signals, show).await?;
    let result = converse(&mut conversation, &mut lines, timeout).await;
    conversation.stop(conversation::stop_after(&result)).await;
    drop(kept);
    result
}

async fn converse(
    conversation: &mut Conversation,
    lines: &mut Lines,
    timeout: Duration,
) -> anyhow::Result<Exit> {
    if let Some(question) = conversation.wait_ready().await? {
        let labels: Vec<String> = question
            .choices
            .iter()
            .map(|choice| choice.label.clone())
            .collect();
        let asked = api::Question::from(&question);
        match answer(conversation, lines, timeout, asked, labels).await? {
            Some(Outcome::Ok | Outcome::Error) => {}
            _ => return Ok(Exit::NeedsHuman),
        }
    }
    loop {
        let Some(prompt) = lines.next(Wanted::Prompt, conversation).await? else {
            return Ok(Exit::Done);
        };
        if prompt.trim().is_empty() {
            continue;
        }
        let exit = match turn(conversation, lines, timeout, &prompt).await {
            Ok(exit) => exit,
            Err(error) => refused(error, conversation)?,
        };
        if let Some(exit) = exit {
            return Ok(exit);
        }
    }
}

/// A prompt that was refused is told and the conversation goes on; anything else ends it.
fn refused(error: anyhow::Error, conversation: &mut Conversation) -> anyhow::Result<Option<Exit>> {
    match error.downcast::<Failure>() {
        Ok(failure) if failure.exit == Exit::Usage => {
            output::complain(&failure.to_string());
            conversation.forget_interrupt();
            Ok(None)
        }
        Ok(failure) => Err(failure.into()),
        Err(other) => Err(other),
    }
}

/// One prompt and the questions it raises; the code to leave with when the conversation is over.
async fn turn(
    conversation: &mut Conversation,
    lines: &mut Lines,
    timeout: Duration,
    prompt: &str,
) -> anyhow::Result<Option<Exit>> {
    let turned = conversation.ask(prompt, timeout).await?;
    output::rest(&turned.printed, turned.rest())?;
    let wire = turned.wire;
    let outcome = match (wire.outcome, wire.question.clone()) {
        (Outcome::Blocked, Some(question)) => {
            match answer(conversation, lines, timeout, question, wire.choices.clone()).await? {
                Some(outcome) => outcome,
                None => return Ok(Some(Exit::NeedsHuman)),
            }
        }
        (outcome, _) => {
            tell(&wire);
            outcome
        }
    };
    conversation.forget_interrupt();
    Ok((outcome == Outcome::Exited).then_some(left_with(&wire)))
}

/// A tool that was told to leave and did is no failure.
fn left_with(wire: &api::Response) -> Exit {
    match wire.exit.as_ref().and_then(|exit| exit.code) {
        Some(0) | None => Exit::Done,
        Some(_) => Exit::Failed,
    }
}

/// What a person at the terminal cannot see from the text.
fn tell(wire: &api::Response) {
    if !matches!(wire.outcome, Outcome::Ok | Outcome::Error) {
        outcome::notes(wire)
            .iter()
            .for_each(|note| output::complain(note.lines().next().unwrap_or_default()));
    }
}

/// Asks the person until the tool asks no more. `None`: the person left, or there is none.
async fn answer(
    conversation: &mut Conversation,
    lines: &mut Lines,
    timeout: Duration,
    mut question: api::Question,
    mut choices: Vec<String>,
) -> anyhow::Result<Option<Outcome>> {
    loop {
        output::note(&outcome::asks_briefly(&question, &choices));
        if !lines.interactive {
            return Ok(None);
        }
        let wanted = if question.kind == "secret" {
            Wanted::Secret
        } else {
            Wanted::Answer
        };
        let Some(reply) = lines.next(wanted, conversation).await? else {
            return Ok(None);
        };
        let turned = match conversation.answer(&reply, timeout).await {
            Ok(turned) => turned,
            Err(error) => {
                let failure = Failure::of(error);
                if failure.exit != Exit::NeedsHuman {
                    return Err(failure.into());
                }
                output::complain(&failure.to_string());
                continue;
            }
        };
        output::rest(&turned.printed, turned.rest())?;
        match (turned.wire.outcome, turned.wire.question.clone()) {
            (Outcome::Blocked, Some(next)) => (question, choices) = (next, turned.wire.choices),
            (outcome, _) => {
                tell(&turned.wire);
                return Ok(Some(outcome));
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    Prompt,
    Answer,
    Secret,
}

/// Lines from a thread of their own, because reading a terminal blocks.
struct Lines {
    interactive: bool,
    tx: mpsc::UnboundedSender<(Wanted, oneshot::Sender<anyhow::Result<Option<String>>>)>,
}

impl Lines {
    fn typed(name: &str, history: Option<PathBuf>) -> anyhow::Result<Lines> {
        let prompt = format!("{name}> ");
        let mut editor = Editor::new(history)?;
        Lines::read_by(true, move |wanted| {
            loop {
                let read = match wanted {
                    Wanted::Prompt => editor.line(&prompt, true)?,
                    Wanted::Answer => editor.line("answer> ", false)?,
                    Wanted::Secret => editor::secret("answer (hidden)> ")?,
                };
                match read {
                    Read::Line(line) => return Ok(Some(line)),
                    Read::Interrupted => {}
                    Read::End => return Ok(None),
                }
            }
        })
    }

    fn piped() -> anyhow::Result<Lines> {
        let mut lines = io::BufReader::new(io::stdin()).lines();
        Lines::read_by(false, move |_| Ok(lines.next().transpose()?))
    }

    fn read_by(
        interactive: bool,
        mut read: impl FnMut(Wanted) -> anyhow::Result<Option<String>> + Send + 'static,
    ) -> anyhow::Result<Lines> {
        // Unbounded, but never more than one request is under way.
        let (tx, mut rx) = mpsc::unbounded_channel::<(Wanted, oneshot::Sender<_>)>();
        std::thread::Builder::new().name("lines".into()).spawn(move || {
            while let Some((wanted, reply)) = rx.blocking_recv() {
                if reply.send(read(wanted)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Lines { interactive, tx })
    }

    /// The editor is in the middle of a line: bracketed paste goes off, and what follows starts on a line of its own.
    fn give_up(&self) {
        if self.interactive {
            output::note("\x1b[?2004l");
        }
    }

    /// The next line; `None` at the end. A signal, or the tool's own end, is not waited out.
    async fn next(
        &mut self,
        wanted: Wanted,
        conversation: &mut Conversation,
    ) -> anyhow::Result<Option<String>> {
        let (tx, rx) = oneshot::channel();
        self.tx
            .send((wanted, tx))
            .map_err(|_| anyhow::anyhow!("read a line: the reader has ended"))?;
        conversation
            .while_idle(async move { rx.await.unwrap_or(Ok(None)) })
            .await
            .inspect_err(|_| self.give_up())?
    }
}
