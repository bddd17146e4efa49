//! An instance that one caller has for itself.

use std::ops::Deref;

use tokio::sync::mpsc;

use super::command::{Borrowed, Command};
use crate::engine::ids::TicketId;
use crate::host::session::Session;

/// A session of the cluster, until it is dropped; then it is given back, and is given prompts again when it is at its prompt.
#[derive(Debug)]
pub struct Loan {
    ticket: TicketId,
    instance: u32,
    session: Session,
    turns: u32,
    commands: mpsc::Sender<Command>,
}

impl Loan {
    pub(super) fn new(borrowed: Borrowed, commands: mpsc::Sender<Command>) -> Loan {
        let Borrowed {
            ticket,
            instance,
            session,
        } = borrowed;
        Loan {
            ticket,
            instance: instance.0,
            session,
            turns: 1,
            commands,
        }
    }

    pub fn instance(&self) -> u32 {
        self.instance
    }

    /// What counts for `max_turns`; one unless told otherwise.
    pub fn count_turns(&mut self, turns: u32) {
        self.turns = turns;
    }
}

impl Deref for Loan {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let command = Command::GiveBack {
            ticket: self.ticket,
            turns: self.turns,
        };
        if let Err(mpsc::error::TrySendError::Full(command)) = self.commands.try_send(command) {
            let commands = self.commands.clone();
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { commands.send(command).await });
            }
        }
    }
}
