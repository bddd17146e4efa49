//! Many prompts at once: each to any instance (`map`), or one to many (`race`).

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::answer::{Answer, SendError};
use super::options::{SendOptions, WhenFull};
use super::{Cluster, to};

/// In which order `map` gives its answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    AsCompleted,
    AsAsked,
}

#[derive(Clone, Debug)]
pub struct MapOptions {
    pub order: Order,
    pub send: SendOptions,
    /// Prompts that are sent and whose answers have not been taken, at most.
    pub window: usize,
}

impl Default for MapOptions {
    fn default() -> MapOptions {
        MapOptions {
            order: Order::default(),
            send: SendOptions::default(),
            window: 256,
        }
    }
}

/// What came of one prompt.
type Item = (usize, Result<Answer, SendError>, OwnedSemaphorePermit);

/// The answers of a `map`. Dropping it sends nothing more; what was sent is answered for nobody.
#[derive(Debug)]
pub struct Batch {
    items: mpsc::UnboundedReceiver<Item>,
    order: Order,
    next: usize,
    /// Completed before their turn.
    early: BTreeMap<usize, (Result<Answer, SendError>, OwnedSemaphorePermit)>,
}

impl Batch {
    pub(super) fn start(
        cluster: Cluster,
        prompts: impl Iterator<Item = String> + Send + 'static,
        options: MapOptions,
    ) -> Batch {
        // Bounded by the window's permits: an item holds one until it is taken.
        let (item_tx, items) = mpsc::unbounded_channel();
        let order = options.order;
        tokio::spawn(feed(cluster, prompts, options, item_tx));
        Batch {
            items,
            order,
            next: 0,
            early: BTreeMap::new(),
        }
    }

    /// The number of the prompt, from 0, and its answer; `None` after the last.
    pub async fn next(&mut self) -> Option<(usize, Result<Answer, SendError>)> {
        loop {
            if self.order == Order::AsAsked
                && let Some((answer, _permit)) = self.early.remove(&self.next)
            {
                self.next += 1;
                return Some((self.next - 1, answer));
            }
            let (index, answer, permit) = self.items.recv().await?;
            if self.order == Order::AsCompleted {
                return Some((index, answer));
            }
            self.early.insert(index, (answer, permit));
        }
    }
}

async fn feed(
    cluster: Cluster,
    prompts: impl Iterator<Item = String> + Send,
    options: MapOptions,
    item_tx: mpsc::UnboundedSender<Item>,
) {
    let window = Arc::new(Semaphore::new(options.window.max(1)));
    let send = SendOptions {
        when_full: WhenFull::Wait,
        ..options.send
    };
    for (index, prompt) in prompts.enumerate() {
        let permit = tokio::select! {
            permit = Arc::clone(&window).acquire_owned() => permit,
            () = item_tx.closed() => return,
        };
        // The semaphore is never closed.
        let Ok(permit) = permit else { return };
        let ticket = cluster.send_with(prompt, send.clone()).await;
        let item_tx = item_tx.clone();
        tokio::spawn(async move {
            let answer = match ticket {
                Ok(ticket) => ticket.answer().await.map_err(SendError::from),
                Err(error) => Err(error),
            };
            // Nobody takes it any more.
            let _dropped = item_tx.send((index, answer, permit));
        });
    }
}

pub(super) async fn race(cluster: &Cluster, prompt: String) -> Result<Answer, SendError> {
    let status = cluster.status().await?;
    let fit = status.instances().filter(|(instance, _)| instance.fit);
    let mut runners: Vec<u32> = fit.map(|(instance, _)| instance.instance.0).collect();
    if runners.is_empty() {
        // Nobody is ready: all, and the first that is begins.
        runners = status
            .instances()
            .map(|(instance, _)| instance.instance.0)
            .collect();
    }
    let (answer_tx, mut answers) = mpsc::unbounded_channel();
    let mut tickets = Vec::new();
    let mut refused = None;
    for instance in runners {
        match cluster.send_with(prompt.clone(), to(instance)).await {
            Ok(ticket) => {
                tickets.push(ticket.clone());
                let answer_tx = answer_tx.clone();
                tokio::spawn(async move {
                    let answer = ticket.answer().await;
                    // The race is over.
                    let _decided = answer_tx.send(answer);
                });
            }
            Err(error) => refused = Some(error),
        }
    }
    drop(answer_tx);
    let mut last = None;
    while let Some(answer) = answers.recv().await {
        let answer = answer?;
        let good = answer.is_good();
        let loser = last.replace(answer);
        if good {
            break;
        }
        drop(loser);
    }
    for ticket in tickets {
        ticket.withdraw().await;
    }
    match (last, refused) {
        (Some(answer), _) => Ok(answer),
        (None, Some(error)) => Err(error),
        (None, None) => Err(SendError::Gone(super::ClusterGone)),
    }
}
