//! Answers on their way to whoever wants them.
//!
//! An answer goes to who has claimed its ticket; else to who reads any; else it waits here, in the order of completion, until one of
//! them comes. Whoever has gone meanwhile does not take it along: it goes to the next.

use std::collections::{BTreeMap, VecDeque};

use super::answer::Answer;
use super::command::Reply;
use crate::engine::ids::{InstanceId, TicketId};

#[derive(Debug, Default)]
pub(super) struct Mailbox {
    unread: VecDeque<Answer>,
    claims: BTreeMap<TicketId, Reply<Answer>>,
    readers: VecDeque<(Option<InstanceId>, Reply<Answer>)>,
}

impl Mailbox {
    pub(super) fn unread(&self) -> usize {
        self.unread.len()
    }

    pub(super) fn deliver(&mut self, answer: Answer) {
        let Some(answer) = self.offer_to_claimant(answer) else {
            return;
        };
        if let Some(answer) = self.offer_to_reader(answer) {
            self.unread.push_back(answer);
        }
    }

    /// Gives it back when nobody has claimed it.
    fn offer_to_claimant(&mut self, answer: Answer) -> Option<Answer> {
        match self.claims.remove(&answer.ticket) {
            Some(reply) => reply.send(answer).err(),
            None => Some(answer),
        }
    }

    fn offer_to_reader(&mut self, answer: Answer) -> Option<Answer> {
        let mut answer = answer;
        let mut others = VecDeque::new();
        while let Some((only, reply)) = self.readers.pop_front() {
            if reply.is_closed() {
                continue;
            }
            if only.is_some() && only != answer.instance {
                others.push_back((only, reply));
                continue;
            }
            match reply.send(answer) {
                Ok(()) => {
                    others.append(&mut self.readers);
                    self.readers = others;
                    return None;
                }
                Err(back) => answer = back,
            }
        }
        self.readers = others;
        Some(answer)
    }

    pub(super) fn claim(&mut self, ticket: TicketId, reply: Reply<Answer>) {
        match self.unread.iter().position(|answer| answer.ticket == ticket) {
            Some(at) => self.hand(at, reply),
            None => {
                self.claims.insert(ticket, reply);
            }
        }
    }

    pub(super) fn read(&mut self, instance: Option<InstanceId>, reply: Reply<Answer>) {
        let fits = |answer: &Answer| instance.is_none() || answer.instance == instance;
        match self.unread.iter().position(fits) {
            Some(at) => self.hand(at, reply),
            None => self.readers.push_back((instance, reply)),
        }
    }

    fn hand(&mut self, at: usize, reply: Reply<Answer>) {
        if let Some(answer) = self.unread.remove(at)
            && let Err(answer) = reply.send(answer)
        {
            self.unread.insert(at, answer);
        }
    }
}
