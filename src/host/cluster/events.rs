//! What a cluster tells those who follow it.

use std::sync::Arc;

use tokio::sync::broadcast;

use super::answer::Answer;
use super::status::Status;
use crate::engine::cluster;

/// In order. A follower gets the status first, then each of these.
#[derive(Clone, Debug, PartialEq)]
pub enum ClusterEvent {
    Cluster(cluster::Event),
    /// A ticket has its answer; comes before the engine's `Finished`.
    Answered(Box<Answer>),
}

/// A status and everything after it. A receiver that lags (`RecvError::Lagged`) subscribes again.
pub type ClusterEvents = (Status, broadcast::Receiver<Arc<ClusterEvent>>);
