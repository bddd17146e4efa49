//! Prompts that wait for the tool to be ready, and the one whose turn runs.

use std::collections::VecDeque;

use super::command::{Ask, AskKind};
use crate::engine::framer::state::State;
use crate::engine::ids::TurnId;
use crate::engine::response::Response;
use crate::engine::session::{Session as Machine, SubmitError};
use crate::engine::time::Time;
use crate::host::error::{AskError, ReadyError};
use tokio::sync::oneshot;

#[derive(Debug)]
pub(super) struct Waiting {
    queue: VecDeque<(Ask, Time, Option<Time>)>,
    limit: usize,
    running: Option<(TurnId, oneshot::Sender<Result<Response, AskError>>)>,
    /// The tool has been ready once.
    pub(super) was_ready: bool,
}

impl Waiting {
    pub(super) fn new(limit: usize) -> Waiting {
        Waiting {
            queue: VecDeque::new(),
            limit,
            running: None,
            was_ready: false,
        }
    }

    /// Types it now if the tool is ready and nobody is before it, else lets it wait or refuses it.
    pub(super) fn take(&mut self, ask: Ask, machine: &mut Machine, now: Time) {
        let first = self.queue.is_empty() || ask.kind != AskKind::Prompt;
        if !first {
            return self.wait(ask, now);
        }
        if let Some(ask) = self.offer(ask, machine, now) {
            self.wait(ask, now);
        }
    }

    fn wait(&mut self, ask: Ask, now: Time) {
        if self.queue.len() >= self.limit {
            let waiting = self.queue.len();
            return ask.refuse(AskError::QueueFull { waiting });
        }
        let until = ask.prompt.timeout.map(|timeout| now + timeout);
        self.queue.push_back((ask, now, until));
    }

    /// Gives it back when it has to wait.
    fn offer(&mut self, ask: Ask, machine: &mut Machine, now: Time) -> Option<Ask> {
        let result = match ask.kind {
            AskKind::Prompt | AskKind::PromptNow => machine.submit(ask.prompt.clone(), now),
            AskKind::Answer => machine.answer(ask.prompt.clone(), now),
        };
        match result {
            Ok(()) => {
                self.start(ask);
                None
            }
            Err(SubmitError::Busy | SubmitError::NotReady { .. }) if ask.kind == AskKind::Prompt => {
                match self.never_ready(machine) {
                    Some(error) => {
                        ask.refuse(AskError::NotReady(error));
                        None
                    }
                    None => Some(ask),
                }
            }
            Err(error) => {
                ask.refuse(AskError::Submit(error));
                None
            }
        }
    }

    /// The tool's time to become ready is over, and it has not been.
    fn never_ready(&self, machine: &Machine) -> Option<ReadyError> {
        (!self.was_ready && *machine.state() == State::Unknown).then(|| ReadyError::TimedOut {
            tool: machine.spec().name.clone(),
            within: machine.spec().spawn.ready_within,
            state: machine.state().as_str(),
            screen: machine.screen().viewport_text(),
        })
    }

    fn start(&mut self, ask: Ask) {
        if let Some(accepted) = ask.accepted {
            // The turn runs whether or not anybody waits to hear it.
            let _nobody_waits = accepted.send(Ok(ask.prompt.turn.clone()));
        }
        self.running = Some((ask.prompt.turn, ask.response));
    }

    /// After any change of state: types the next prompt if it can be typed, and tells those that cannot.
    pub(super) fn advance(&mut self, machine: &mut Machine, now: Time) {
        while let Some((ask, since, until)) = self.queue.pop_front() {
            if ask.is_withdrawn() {
                continue;
            }
            if until.is_some_and(|until| now >= until) {
                let state = machine.state().as_str();
                ask.refuse(AskError::QueuedTooLong {
                    waited: now.since(since),
                    state,
                });
                continue;
            }
            if let Some(ask) = self.offer(ask, machine, now) {
                self.queue.push_front((ask, since, until));
                return;
            }
        }
    }

    pub(super) fn is_running(&self, turn: &TurnId) -> bool {
        self.running.as_ref().is_some_and(|(running, _)| running == turn)
    }

    /// Hands the response to whoever asked.
    pub(super) fn finish(&mut self, response: Response) {
        if let Some((_, sender)) = self.running.take() {
            // The asker may have gone; the response has been told as an event.
            let _nobody_waits = sender.send(Ok(response));
        }
    }

    /// Tells whoever answered that nothing was answered.
    pub(super) fn fail(&mut self, turn: &TurnId, error: SubmitError) {
        if let Some((_, sender)) = self.running.take_if(|(running, _)| running == turn) {
            let _nobody_waits = sender.send(Err(AskError::Submit(error)));
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        self.queue.iter().filter_map(|(_, _, until)| *until).min()
    }

    /// The session is over.
    pub(super) fn refuse_all(&mut self) {
        for (ask, ..) in self.queue.drain(..) {
            ask.refuse(AskError::Submit(SubmitError::Exited));
        }
        self.running = None;
    }
}
