//! Clusters of different tools under one roof, with the same words.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Cluster;
use super::answer::{Answer, ClusterGone, SendError, ShutdownReport};
use super::options::SendOptions;
use super::status::Status;
use super::ticket::Ticket;
use crate::host::error::Coded;

/// Clusters by name. Shutting down goes through all of them at once.
#[derive(Clone, Debug, Default)]
pub struct ClusterGroup {
    clusters: BTreeMap<String, Cluster>,
}

impl ClusterGroup {
    pub fn new() -> ClusterGroup {
        ClusterGroup::default()
    }

    /// Adds a cluster, or replaces the one of this name and returns it.
    pub fn insert(&mut self, name: impl Into<String>, cluster: Cluster) -> Option<Cluster> {
        self.clusters.insert(name.into(), cluster)
    }

    pub fn get(&self, name: &str) -> Option<&Cluster> {
        self.clusters.get(name)
    }

    pub fn remove(&mut self, name: &str) -> Option<Cluster> {
        self.clusters.remove(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Cluster)> {
        self.clusters
            .iter()
            .map(|(name, cluster)| (name.as_str(), cluster))
    }

    fn of(&self, name: &str) -> Result<&Cluster, NoSuchTool> {
        self.clusters.get(name).ok_or_else(|| NoSuchTool {
            name: name.to_owned(),
            there: self.clusters.keys().cloned().collect(),
        })
    }

    /// # Errors
    ///
    /// There is no cluster of this name, or it did not take the prompt.
    pub async fn send(&self, name: &str, prompt: impl Into<String>) -> Result<Ticket, GroupError> {
        Ok(self.of(name)?.send(prompt).await?)
    }

    /// # Errors
    ///
    /// As `send`.
    pub async fn send_with(
        &self,
        name: &str,
        prompt: impl Into<String>,
        options: SendOptions,
    ) -> Result<Ticket, GroupError> {
        Ok(self.of(name)?.send_with(prompt, options).await?)
    }

    /// # Errors
    ///
    /// As `send`.
    pub async fn ask(&self, name: &str, prompt: impl Into<String>) -> Result<Answer, GroupError> {
        Ok(self.of(name)?.ask(prompt).await?)
    }

    /// # Errors
    ///
    /// As `send`.
    pub async fn ask_with(
        &self,
        name: &str,
        prompt: impl Into<String>,
        options: SendOptions,
    ) -> Result<Answer, GroupError> {
        Ok(self.of(name)?.ask_with(prompt, options).await?)
    }

    /// # Errors
    ///
    /// One of the clusters has ended.
    pub async fn status(&self) -> Result<BTreeMap<String, Status>, ClusterGone> {
        let mut all = BTreeMap::new();
        for (name, cluster) in &self.clusters {
            all.insert(name.clone(), cluster.status().await?);
        }
        Ok(all)
    }

    /// All at once; the report of each.
    pub async fn shutdown(&self, timeout: Duration) -> BTreeMap<String, ShutdownReport> {
        let begun: Vec<_> = self
            .clusters
            .iter()
            .map(|(name, cluster)| {
                let (name, cluster) = (name.clone(), cluster.clone());
                tokio::spawn(async move { (name, cluster.shutdown(timeout).await) })
            })
            .collect();
        let mut reports = BTreeMap::new();
        for shutdown in begun {
            // A panic in there has been told already.
            if let Ok((name, report)) = shutdown.await {
                reports.insert(name, report);
            }
        }
        reports
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no cluster {name:?}; there are: {}", there.join(", "))]
pub struct NoSuchTool {
    pub name: String,
    pub there: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    #[error(transparent)]
    NoSuchTool(#[from] NoSuchTool),
    #[error(transparent)]
    Send(#[from] SendError),
}

impl Coded for GroupError {
    fn code(&self) -> &'static str {
        match self {
            GroupError::NoSuchTool(_) => "no_such_cluster",
            GroupError::Send(error) => error.code(),
        }
    }

    fn retryable(&self) -> bool {
        match self {
            GroupError::NoSuchTool(_) => false,
            GroupError::Send(error) => error.retryable(),
        }
    }
}
