//! `ptych ask`: prompts in, the text of complete responses out.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use crate::api::{self, Outcome};
use crate::front::cli::answers::Answers;
use crate::front::cli::args;
use crate::front::cli::conversation::{self, Conversation, Show, Turned};
use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;
use crate::front::cli::resolve::{self, Launch};
use crate::front::cli::signals::Signals;
use crate::front::cli::{outcome, output};

/// What `--raw` keeps of a session's output, in bytes; the newest are kept.
const RAW_BYTES: usize = 256 << 20;

/// How responses are printed.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Streamed,
    Raw,
    Json { raw: bool },
}

struct Asking {
    prompts: Vec<String>,
    answers: Answers,
    timeout: Duration,
    form: Form,
    keep_going: bool,
}

pub fn run(args: args::Ask) -> anyhow::Result<Exit> {
    let show = Show {
        stream: args.stream,
        no_progress: args.no_progress || (args.stream && io::stdout().is_terminal()),
    };
    let (launch, asking) = meaning(&args)?;
    let signals = Signals::catch()?;
    conversation::runtime()?.block_on(asking.run(launch, signals, show))
}

fn meaning(args: &args::Ask) -> Result<(Launch, Asking), Failure> {
    let mut launch = resolve::launch(&args.target, &args.start)?;
    launch.options.policy.rules = args.policy.clone();
    if args.prompts.is_empty() {
        return Err(Failure::usage("there is no prompt").hint(format!(
            "ptych ask {} TEXT, @FILE for a file, - for standard input",
            args.target
        )));
    }
    let answers = Answers::new(&args.answer, &args.answer_env)?;
    let prompts = resolve::prompts(&args.prompts)?;
    // A tool that does not get ready uses up the first prompt's time.
    launch.options.ready_within = Some(launch.spec.spawn.ready_within.min(args.timeout));
    if args.raw {
        launch.options.keep_raw_bytes = RAW_BYTES;
    }
    let form = match (args.json, args.raw, args.stream) {
        (true, raw, _) => Form::Json { raw },
        (false, true, _) => Form::Raw,
        (false, false, true) => Form::Streamed,
        (false, false, false) => Form::Text,
    };
    let asking = Asking {
        prompts,
        answers,
        timeout: args.timeout,
        form,
        keep_going: args.keep_going,
    };
    Ok((launch, asking))
}

impl Asking {
    async fn run(mut self, launch: Launch, signals: Signals, show: Show) -> anyhow::Result<Exit> {
        let mut conversation = Conversation::start(launch, signals, show).await?;
        let result = self.converse(&mut conversation).await;
        conversation.stop(conversation::stop_after(&result)).await;
        result
    }

    async fn converse(&mut self, conversation: &mut Conversation) -> anyhow::Result<Exit> {
        self.begin(conversation).await?;
        let (mut ok, mut first_bad) = (0, None);
        let prompts = std::mem::take(&mut self.prompts);
        for (index, prompt) in prompts.iter().enumerate() {
            let (exit, can_go_on) = match self.prompt(conversation, prompt).await {
                Ok(_) if conversation.interrupted() => return Ok(Exit::Interrupted),
                Ok(outcome) => (outcome::exit(outcome), can_go_on(outcome)),
                Err(error) if self.keep_going => self.refused(error)?,
                Err(error) => return Err(error),
            };
            match exit {
                Exit::Done => ok += 1,
                bad => first_bad = first_bad.or(Some(bad)),
            }
            if first_bad.is_some() && !(self.keep_going && can_go_on) {
                tell_unsent(prompts.len() - index - 1);
                break;
            }
            if exit == Exit::TimedOut && index + 1 < prompts.len() {
                // The next prompt waits for the tool; a tool that refuses the interrupt may still get ready by itself.
                let _ = conversation.session().interrupt().await;
            }
        }
        Ok(match first_bad {
            None => Exit::Done,
            Some(_) if self.keep_going && ok > 0 => Exit::Partial,
            Some(exit) => exit,
        })
    }

    /// A prompt that got no response, and whether the next one may: after one that was refused before it was typed.
    fn refused(&self, error: anyhow::Error) -> anyhow::Result<(Exit, bool)> {
        let failure = Failure::of(error);
        if matches!(
            failure.exit,
            Exit::Interrupted | Exit::Terminated | Exit::Hangup | Exit::BrokenPipe
        ) {
            return Err(failure.into());
        }
        let exit = output::failure(&failure, matches!(self.form, Form::Json { .. }));
        Ok((exit, exit == Exit::Usage))
    }

    /// Waits for the first prompt of the tool; questions that come before it are answered like any other, and print nothing.
    async fn begin(&mut self, conversation: &mut Conversation) -> anyhow::Result<()> {
        let Some(question) = conversation.wait_ready().await? else {
            return Ok(());
        };
        let mut asked = api::Question::from(&question);
        let mut choices: Vec<String> = question.choices.into_iter().map(|choice| choice.label).collect();
        let deadline = Instant::now() + self.timeout;
        loop {
            let Some(reply) = self.answers.reply_to(&asked)? else {
                return Err(outcome::needs_human(&asked, &choices).into());
            };
            let wire = conversation.answer(&reply, left(deadline)).await?.wire;
            match (wire.outcome, wire.question.clone()) {
                (Outcome::Ok | Outcome::Error, _) => return Ok(()),
                (Outcome::Blocked, Some(question)) => (asked, choices) = (question, wire.choices),
                (other, _) => {
                    let why = outcome::notes(&wire).join("\n");
                    return Err(Failure::new(outcome::exit(other), "not_ready", why).into());
                }
            }
        }
    }

    /// One prompt, and the answers to what the tool asks because of it.
    async fn prompt(&mut self, conversation: &mut Conversation, prompt: &str) -> anyhow::Result<Outcome> {
        let began = Instant::now();
        let deadline = began + self.timeout;
        self.answers.begin_turn();
        let mut turned = conversation.ask(prompt, self.timeout).await?;
        let unsent = outcome::not_submitted(&turned.wire);
        loop {
            self.print(conversation, &mut turned).await?;
            let reply = match (turned.wire.outcome, &turned.wire.question) {
                (Outcome::Blocked, Some(question)) => self.answers.reply_to(question)?,
                _ => None,
            };
            let Some(reply) = reply else { break };
            turned = conversation.answer(&reply, left(deadline)).await?;
        }
        // The whole turn, the questions that were answered included.
        for note in outcome::notes_after(&turned.wire, began.elapsed()) {
            output::complain(&note);
        }
        if unsent && turned.wire.outcome == Outcome::Ok {
            output::complain(outcome::NOT_SUBMITTED);
            return Ok(Outcome::Blocked);
        }
        Ok(turned.wire.outcome)
    }

    async fn print(&self, conversation: &Conversation, turned: &mut Turned) -> anyhow::Result<()> {
        match self.form {
            Form::Text => output::text(&turned.wire.text)?,
            Form::Streamed => output::rest(&turned.printed, turned.rest())?,
            Form::Raw => match conversation
                .session()
                .raw(&turned.response)
                .await
                .map_err(Failure::from)?
            {
                Some(bytes) => output::data(&bytes)?,
                None => anyhow::bail!("print the turn's bytes: more than {RAW_BYTES} came"),
            },
            Form::Json { raw } => {
                if raw {
                    let bytes = conversation
                        .session()
                        .raw(&turned.response)
                        .await
                        .map_err(Failure::from)?;
                    turned.wire.raw = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                }
                output::json_line(&turned.wire)?;
            }
        }
        Ok(())
    }
}

/// Whether the tool can take another prompt after this outcome.
const fn can_go_on(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Blocked | Outcome::Exited)
}

/// The rest of a prompt's time, for the answer to a question it raised; never zero, so that the limit is the turn's own.
fn left(deadline: Instant) -> Duration {
    deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}

fn tell_unsent(count: usize) {
    match count {
        0 => {}
        1 => output::complain("the prompt behind it was not sent"),
        _ => output::complain(&format!("the {count} prompts behind it were not sent")),
    }
}
