//! A prompt that was accepted.

use tokio::sync::{mpsc, oneshot};

use super::answer::{Answer, ClusterGone};
use super::command::Command;
use super::mailbox::Parcel;
use crate::engine::ids::TicketId;

/// Dropping it leaves the prompt alone; its answer is then for `Cluster::read_any`.
#[derive(Clone, Debug)]
pub struct Ticket {
    id: TicketId,
    commands: mpsc::Sender<Command>,
}

impl Ticket {
    pub(super) fn new(id: TicketId, commands: mpsc::Sender<Command>) -> Ticket {
        Ticket { id, commands }
    }

    pub fn id(&self) -> TicketId {
        self.id
    }

    /// The instance that it went to, as soon as it has one; `None` when it was never typed, or is over.
    pub async fn instance(&self) -> Option<u32> {
        let (reply, received) = oneshot::channel();
        let ticket = self.id;
        self.commands
            .send(Command::InstanceOf { ticket, reply })
            .await
            .ok()?;
        received.await.ok().map(|instance| instance.0)
    }

    /// Nobody wants it any more: if it still waits it is not typed, if it runs it is interrupted. It has its answer all the same.
    pub async fn withdraw(&self) {
        // A cluster that has ended has withdrawn everything.
        let _gone = self.commands.send(Command::Withdraw(self.id)).await;
    }

    /// The same only if it still waits; a turn that runs is left to finish.
    pub async fn recall(&self) {
        // A cluster that has ended has withdrawn everything.
        let _gone = self.commands.send(Command::Recall(self.id)).await;
    }

    /// The answer. A future that is dropped does not take it along; wait again. It is given once: whoever reads it by `read_any` first has taken it, and this then waits until the cluster ends.
    ///
    /// # Errors
    ///
    /// The cluster has ended, and nobody knows.
    pub async fn answer(&self) -> Result<Answer, ClusterGone> {
        let (reply, received) = oneshot::channel();
        let ticket = self.id;
        self.commands
            .send(Command::Claim { ticket, reply })
            .await
            .map_err(|_| ClusterGone)?;
        received.await.map(Parcel::open).map_err(|_| ClusterGone)
    }
}
