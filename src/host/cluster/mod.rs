//! Many instances of one tool behind one call.
//!
//! A [`Cluster`] is a handle to a task (`driver`) that owns the sessions and steps the engine's machine
//! ([`engine::cluster`](crate::engine::cluster)), which decides everything: who is started again and when, who may work, who is next, and
//! where a prompt goes. `docs/clusters.md` says what is promised.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use ptych::engine::route::Routing;
//! use ptych::host::cluster::launch_cluster;
//!
//! let pythons = launch_cluster("python", 3, Routing::LeastBusy)?;
//! let answer = pythons.ask("6*7").await?;
//! assert_eq!(answer.response.text, "42");
//!
//! let mut batch = pythons.map(["1+1", "2+2", "3+3"], Default::default());
//! while let Some((index, answer)) = batch.next().await {
//!     println!("{index}: {}", answer?.response.text);
//! }
//! assert!(pythons.shutdown(Duration::from_secs(5)).await.is_clean());
//! # Ok(())
//! # }
//! ```

mod answer;
mod batch;
mod command;
mod driver;
mod events;
mod group;
mod loan;
mod mailbox;
mod options;
mod perform;
mod start;
mod status;
mod ticket;
mod turn;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

pub use answer::{Answer, ClusterGone, ClusterNotReady, SendError, ShutdownReport};
pub use batch::{Batch, MapOptions, Order};
pub use command::Readiness;
use command::{Command, Steer};
pub use events::{ClusterEvent, ClusterEvents};
pub use group::{ClusterGroup, GroupError, NoSuchTool};
pub use loan::Loan;
pub use options::{ClusterOptions, PerInstance, SendOptions, WhenFull};
pub use start::{LaunchClusterError, launch_cluster};
pub use status::{HealthReport, Process, Status};
pub use ticket::Ticket;

use super::error::{AskError, LaunchError};
use super::session::Session;
use crate::engine::cluster::Metrics;
use crate::engine::ids::InstanceId;
use crate::engine::protocol::Spec;
use crate::engine::response::{Outcome, Response};
use crate::engine::supervise::Refusal;
use crate::host::options::AskOptions;

/// Many instances of one tool. Clones talk to the same instances; dropping the last one, tickets and loans included, kills them all.
#[derive(Clone, Debug)]
pub struct Cluster {
    commands: mpsc::Sender<Command>,
    spec: Arc<Spec>,
}

impl Cluster {
    /// Starts the instances on the current tokio runtime and returns at once; prompts wait for the first that is ready.
    ///
    /// # Errors
    ///
    /// Nothing was started: the tool is not there, or cannot be started at all.
    pub fn launch(spec: Arc<Spec>, options: ClusterOptions) -> Result<Cluster, LaunchError> {
        start::launch(spec, options)
    }

    pub fn spec(&self) -> &Arc<Spec> {
        &self.spec
    }

    // Prompts.

    /// Hands over a prompt and returns when it is accepted; its answer comes by the ticket, or by `read_any`.
    ///
    /// # Errors
    ///
    /// Nothing was done: the queue is full, or no instance will ever take it.
    pub async fn send(&self, prompt: impl Into<String>) -> Result<Ticket, SendError> {
        self.send_with(prompt, SendOptions::default()).await
    }

    /// # Errors
    ///
    /// As `send`.
    pub async fn send_to(&self, instance: u32, prompt: impl Into<String>) -> Result<Ticket, SendError> {
        self.send_with(prompt, to(instance)).await
    }

    /// # Errors
    ///
    /// As `send`.
    pub async fn send_with(
        &self,
        prompt: impl Into<String>,
        options: SendOptions,
    ) -> Result<Ticket, SendError> {
        let prompt = prompt.into();
        let accepted = self.request(|reply| Command::Send {
            prompt,
            options,
            reply,
            answer: None,
        });
        let ticket = accepted.await??;
        Ok(Ticket::new(ticket, self.commands.clone()))
    }

    /// One prompt in, one complete answer out. A future that is dropped does not withdraw the prompt, as `send` and `Ticket::withdraw` do; its
    /// answer is then for nobody.
    ///
    /// # Errors
    ///
    /// As `send`.
    pub async fn ask(&self, prompt: impl Into<String>) -> Result<Answer, SendError> {
        self.ask_with(prompt, SendOptions::default()).await
    }

    /// # Errors
    ///
    /// As `send`.
    pub async fn ask_to(&self, instance: u32, prompt: impl Into<String>) -> Result<Answer, SendError> {
        self.ask_with(prompt, to(instance)).await
    }

    /// # Errors
    ///
    /// As `send`.
    pub async fn ask_with(
        &self,
        prompt: impl Into<String>,
        options: SendOptions,
    ) -> Result<Answer, SendError> {
        let prompt = prompt.into();
        let (answer_tx, answer) = oneshot::channel();
        let accepted = self.request(|reply| Command::Send {
            prompt,
            options,
            reply,
            answer: Some(answer_tx),
        });
        accepted.await??;
        Ok(answer.await.map_err(|_| ClusterGone)?)
    }

    /// The next answer to a prompt that was sent and whose ticket nobody waits for, in the order of completion; `None` after the timeout.
    ///
    /// # Errors
    ///
    /// The cluster has ended.
    pub async fn read_any(&self, timeout: Duration) -> Result<Option<Answer>, ClusterGone> {
        self.read(None, timeout).await
    }

    /// The same of one instance.
    ///
    /// # Errors
    ///
    /// The cluster has ended.
    pub async fn read_response(
        &self,
        instance: u32,
        timeout: Duration,
    ) -> Result<Option<Answer>, ClusterGone> {
        self.read(Some(InstanceId(instance)), timeout).await
    }

    async fn read(
        &self,
        instance: Option<InstanceId>,
        timeout: Duration,
    ) -> Result<Option<Answer>, ClusterGone> {
        let answer = self.request(|reply| Command::Read { instance, reply });
        match tokio::time::timeout(timeout, answer).await {
            Ok(parcel) => Ok(Some(parcel?.open())),
            Err(_) => Ok(None),
        }
    }

    /// The same prompt to every instance; a ticket, or why there is none, for each.
    ///
    /// # Errors
    ///
    /// The cluster has ended.
    pub async fn broadcast(
        &self,
        prompt: impl Into<String>,
    ) -> Result<Vec<(u32, Result<Ticket, SendError>)>, ClusterGone> {
        let prompt = prompt.into();
        let mut tickets = Vec::new();
        for instance in self.instances().await? {
            tickets.push((instance, self.send_to(instance, prompt.clone()).await));
        }
        Ok(tickets)
    }

    /// Many prompts; their answers as they complete, or in the order of the prompts. Waits for places in the queue, so that any number
    /// of prompts takes bounded memory.
    pub fn map<P: Into<String> + 'static>(
        &self,
        prompts: impl IntoIterator<Item = P, IntoIter: Send + 'static>,
        options: MapOptions,
    ) -> Batch {
        Batch::start(self.clone(), prompts.into_iter().map(Into::into), options)
    }

    /// The same prompt to several instances at once: the first good answer (outcome `ok`, complete) wins, and the others are interrupted. When none
    /// is good, the last answer.
    ///
    /// # Errors
    ///
    /// No instance took it.
    pub async fn race(&self, prompt: impl Into<String>) -> Result<Answer, SendError> {
        batch::race(self, prompt.into()).await
    }

    /// Answers what an instance asks, by the label of a choice (regex) or by text; the response is what follows. The instance is given prompts
    /// again when it is back at its prompt.
    ///
    /// # Errors
    ///
    /// Nothing was typed: nothing is asked, no choice matches, or there is no such instance.
    pub async fn answer_to(&self, instance: u32, choice: impl Into<String>) -> Result<Response, AskError> {
        let session = self
            .session(instance)
            .await
            .map_err(super::error::SessionGone::from)?;
        let session = session.ok_or(super::error::SessionGone)?;
        session.answer(choice, AskOptions::default()).await
    }

    /// An instance for the caller alone, as soon as one is free: for a conversation of several turns, or for keys and screens.
    ///
    /// # Errors
    ///
    /// As `send`.
    pub async fn borrow(&self, options: SendOptions, lasting: Option<Duration>) -> Result<Loan, SendError> {
        let borrowed = self.request(|reply| Command::Borrow {
            options,
            lasting,
            reply,
        });
        Ok(Loan::new(borrowed.await??, self.commands.clone()))
    }

    // Instances.

    /// Until every instance is at its prompt.
    ///
    /// # Errors
    ///
    /// Some will not be without somebody's doing; the others are ready.
    pub async fn wait_ready(&self) -> Result<(), ClusterNotReady> {
        let readiness = self.request(Command::Ready).await?;
        if readiness.not.is_empty() {
            Ok(())
        } else {
            Err(ClusterNotReady::Some(readiness))
        }
    }

    /// # Errors
    ///
    /// The cluster has ended.
    pub async fn instances(&self) -> Result<Vec<u32>, ClusterGone> {
        let status = self.status().await?;
        Ok(status
            .instances()
            .map(|(instance, _)| instance.instance.0)
            .collect())
    }

    /// # Errors
    ///
    /// The cluster has ended.
    pub async fn status(&self) -> Result<Status, ClusterGone> {
        self.request(Command::Status).await
    }

    /// `{total, alive, dead, ready}`.
    ///
    /// # Errors
    ///
    /// The cluster has ended.
    pub async fn check_health(&self) -> Result<HealthReport, ClusterGone> {
        Ok(self.status().await?.health())
    }

    /// What has been counted since the launch.
    ///
    /// # Errors
    ///
    /// The cluster has ended.
    pub async fn metrics(&self) -> Result<Metrics, ClusterGone> {
        self.request(Command::Metrics).await
    }

    /// Why an instance is what it is; `None` when there is none of that number.
    ///
    /// # Errors
    ///
    /// The cluster has ended.
    pub async fn explain(&self, instance: u32) -> Result<Option<String>, ClusterGone> {
        let instance = InstanceId(instance);
        self.request(|reply| Command::Explain { instance, reply }).await
    }

    /// The session of an instance, to look at; prompts that are given to it past the cluster may meet the cluster's own.
    ///
    /// # Errors
    ///
    /// The cluster has ended.
    pub async fn session(&self, instance: u32) -> Result<Option<Session>, ClusterGone> {
        let instance = InstanceId(instance);
        self.request(|reply| Command::Session { instance, reply }).await
    }

    /// The status, and each event after it.
    ///
    /// # Errors
    ///
    /// The cluster has ended.
    pub async fn events(&self) -> Result<ClusterEvents, ClusterGone> {
        self.request(Command::Events).await
    }

    /// Ends the instance's process and starts a fresh one; a turn that it has ends `exited`.
    ///
    /// # Errors
    ///
    /// There is no such instance, or the cluster is being shut down.
    pub async fn restart_instance(&self, instance: u32) -> Result<(), SteerError> {
        let reason = "its owner asked for it".to_owned();
        self.steer(instance, Steer::Restart(reason)).await
    }

    /// The instance finishes what it has and gets nothing new.
    ///
    /// # Errors
    ///
    /// There is no such instance.
    pub async fn drain_instance(&self, instance: u32) -> Result<(), SteerError> {
        self.steer(instance, Steer::Drain).await
    }

    /// It is given prompts again.
    ///
    /// # Errors
    ///
    /// There is no such instance.
    pub async fn undrain_instance(&self, instance: u32) -> Result<(), SteerError> {
        self.steer(instance, Steer::Undrain).await
    }

    /// An instance that was taken out of service (usage limit, not logged in) can work again: one turn tries it.
    ///
    /// # Errors
    ///
    /// There is no such instance.
    pub async fn bring_back_instance(&self, instance: u32) -> Result<(), SteerError> {
        self.steer(instance, Steer::BringBack).await
    }

    async fn steer(&self, instance: u32, what: Steer) -> Result<(), SteerError> {
        let instance = InstanceId(instance);
        let done = self.request(|reply| Command::Steer {
            instance,
            what,
            reply,
        });
        Ok(done.await??)
    }

    /// From now on so many instances; what is too much goes when it is free, the highest numbers first.
    ///
    /// # Errors
    ///
    /// The cluster has ended.
    pub async fn scale(&self, count: u32) -> Result<(), ClusterGone> {
        self.command(Command::Scale(count)).await
    }

    /// No more prompts are accepted; returns when all that were are answered.
    ///
    /// # Errors
    ///
    /// The cluster has ended.
    pub async fn drain(&self) -> Result<(), ClusterGone> {
        self.request(Command::Drain).await
    }

    /// Ends all instances by their stop ladder, and with SIGKILL what is left after the timeout. What waits is answered `exited` without having been
    /// typed; turns that run end with their instance.
    pub async fn shutdown(&self, timeout: Duration) -> ShutdownReport {
        let within = timeout;
        let report = self.request(|reply| Command::Shutdown { within, reply });
        report.await.unwrap_or(ShutdownReport {
            stuck: Vec::new(),
            survivors: 0,
            took: Duration::ZERO,
        })
    }

    async fn command(&self, command: Command) -> Result<(), ClusterGone> {
        self.commands.send(command).await.map_err(|_| ClusterGone)
    }

    async fn request<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, ClusterGone> {
        let (reply, received) = oneshot::channel();
        self.command(command(reply)).await?;
        received.await.map_err(|_| ClusterGone)
    }
}

/// Why an instance was not steered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SteerError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Gone(#[from] ClusterGone),
}

fn to(instance: u32) -> SendOptions {
    SendOptions {
        instance: Some(instance),
        ..SendOptions::default()
    }
}

impl Answer {
    /// The tool has answered, without an error, and all of it is there.
    pub fn is_good(&self) -> bool {
        self.response.outcome == Outcome::Ok && self.response.complete
    }
}
