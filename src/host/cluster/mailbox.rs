//! Answers on their way to whoever wants them.
//!
//! An answer goes to who has claimed its ticket; else to who reads any; else it waits here, in the order of completion, until one of
//! them comes. Whoever has gone meanwhile does not take it along: it goes to the next, also when it was handed over already and nobody
//! had looked at it ([`Parcel`]). Only the answer to an `ask` is for its asker alone: nobody else could know of it.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::mpsc;

use super::answer::Answer;
use super::command::Reply;
use crate::engine::ids::{InstanceId, TicketId};

#[derive(Debug)]
pub(super) struct Mailbox {
    unread: VecDeque<Answer>,
    claims: BTreeMap<TicketId, Claim>,
    readers: VecDeque<(Option<InstanceId>, Reply<Parcel>)>,
    returns: mpsc::UnboundedSender<Box<Answer>>,
    /// Nothing more comes.
    closed: bool,
}

#[derive(Debug)]
enum Claim {
    /// By its ticket.
    Ticket(Reply<Parcel>),
    /// Of an `ask`.
    Asker(Reply<Answer>),
}

/// An answer that comes back when it is dropped unopened, with the future that waited for it.
#[derive(Debug)]
pub(super) struct Parcel {
    answer: Option<Box<Answer>>,
    returns: mpsc::UnboundedSender<Box<Answer>>,
}

impl Parcel {
    pub(super) fn open(mut self) -> Answer {
        *self.answer.take().expect("it is opened once, by value")
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            // After the cluster's end nobody wants it.
            let _gone = self.returns.send(answer);
        }
    }
}

impl Mailbox {
    /// Answers that come back are sent to `returns`, for `deliver`.
    pub(super) fn new(returns: mpsc::UnboundedSender<Box<Answer>>) -> Mailbox {
        Mailbox {
            unread: VecDeque::new(),
            claims: BTreeMap::new(),
            readers: VecDeque::new(),
            returns,
            closed: false,
        }
    }

    /// Who waits for what will not come hears of it; what is there can still be taken.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.claims.clear();
        self.readers.clear();
    }

    pub(super) fn unread(&self) -> usize {
        self.unread.len()
    }

    /// Gives it back when nobody is there any more.
    fn hand(&self, reply: Reply<Parcel>, answer: Answer) -> Option<Answer> {
        let parcel = Parcel {
            answer: Some(Box::new(answer)),
            returns: self.returns.clone(),
        };
        reply.send(parcel).err().map(Parcel::open)
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
            Some(Claim::Ticket(reply)) => self.hand(reply, answer),
            Some(Claim::Asker(reply)) => {
                let _asker_has_gone = reply.send(answer);
                None
            }
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
            match self.hand(reply, answer) {
                None => {
                    others.append(&mut self.readers);
                    self.readers = others;
                    return None;
                }
                Some(back) => answer = back,
            }
        }
        self.readers = others;
        Some(answer)
    }

    pub(super) fn claim(&mut self, ticket: TicketId, reply: Reply<Parcel>) {
        match self.unread.iter().position(|answer| answer.ticket == ticket) {
            Some(at) => self.hand_out(at, reply),
            None if self.closed => {}
            None => {
                self.claims.insert(ticket, Claim::Ticket(reply));
            }
        }
    }

    /// Whoever asked waits for this one from the start.
    pub(super) fn expect(&mut self, ticket: TicketId, reply: Reply<Answer>) {
        self.claims.insert(ticket, Claim::Asker(reply));
    }

    pub(super) fn read(&mut self, instance: Option<InstanceId>, reply: Reply<Parcel>) {
        // Whoever looks in again and again leaves a reader behind each time.
        self.readers.retain(|(_, reply)| !reply.is_closed());
        let fits = |answer: &Answer| instance.is_none() || answer.instance == instance;
        match self.unread.iter().position(fits) {
            Some(at) => self.hand_out(at, reply),
            None if self.closed => {}
            None => self.readers.push_back((instance, reply)),
        }
    }

    fn hand_out(&mut self, at: usize, reply: Reply<Parcel>) {
        if let Some(answer) = self.unread.remove(at)
            && let Some(answer) = self.hand(reply, answer)
        {
            self.unread.insert(at, answer);
        }
    }
}
