//! What leaves the process, from the host's types.

use serde_json::Value;

use super::parse::Place;
use crate::api;
use crate::front::cli::failure::Failure;
use crate::host::cluster::{Answer, Status};

/// What a prompt was called by whoever asked it.
#[derive(Clone, Debug)]
pub struct Name {
    pub place: Place,
    pub id: Option<Value>,
}

impl Name {
    pub fn answered(self, answer: api::Answer) -> serde_json::Result<String> {
        self.line(Some(answer), None)
    }

    pub fn refused(self, failure: &Failure) -> serde_json::Result<String> {
        self.line(None, Some(failure.to_error()))
    }

    fn line(self, answer: Option<api::Answer>, error: Option<api::Error>) -> serde_json::Result<String> {
        let line = api::PoolLine {
            id: self.id,
            file: self.place.file.as_deref().map(str::to_owned),
            line: self.place.line,
            error,
            answer,
        };
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        Ok(text)
    }
}

pub fn answer(context: &api::ClusterContext, answer: &Answer) -> api::Answer {
    context.answer(api::AnswerView {
        ticket: answer.ticket,
        instance: answer.instance,
        attempts: answer.attempts,
        waited: answer.waited,
        not_typed: answer.not_typed.as_ref(),
        session: answer.session.as_deref(),
        clock: answer.clock,
        response: &answer.response,
    })
}

pub fn status(context: &api::ClusterContext, status: &Status) -> api::Cluster {
    let processes = status.processes.iter().map(|process| {
        let process = process.as_ref()?;
        Some(api::ProcessView {
            session: &process.session,
            pid: process.pid,
            rule: &process.rule,
            usage: process.usage.map(|usage| api::UsageView {
                processes: usage.processes,
                rss_bytes: usage.rss_bytes,
                cpu: usage.cpu,
            }),
        })
    });
    context.status(&status.cluster, processes)
}
