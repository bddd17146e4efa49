//! What came of all prompts: the table at the end, and the exit code.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::api;
use crate::front::cli::exit::Exit;
use crate::front::cli::output;
use crate::host::cluster::{Answer, Status};

/// Counts of a run.
#[derive(Debug, Default)]
pub struct Tally {
    /// Answers that are complete, by whether the tool reported an error.
    pub ok: u64,
    pub errors: u64,
    pub blocked: u64,
    pub timed_out: u64,
    /// Other ends without a complete answer.
    pub incomplete: u64,
    /// Lines that could not be used, or whose prompts were not accepted.
    pub bad: u64,
    /// Prompts that the journal answers.
    pub skipped: u64,
    /// Prompts that were not typed because the run was ended; of a stream, those that were read.
    pub not_asked: u64,
    pub retried: u64,
    pub(super) by_instance: BTreeMap<u32, Share>,
}

#[derive(Debug, Default)]
pub(super) struct Share {
    turns: u64,
    ok: u64,
    errors: u64,
    took: Duration,
}

/// Whether an answer is one that a rerun need not ask for again.
pub fn is_complete(answer: &api::Answer) -> bool {
    answer.response.complete && matches!(answer.response.outcome, api::Outcome::Ok | api::Outcome::Error)
}

impl Tally {
    pub fn count(&mut self, answer: &Answer, wire: &api::Answer) {
        self.retried += u64::from(answer.attempts.saturating_sub(1));
        let outcome = wire.response.outcome;
        match outcome {
            api::Outcome::Ok if is_complete(wire) => self.ok += 1,
            api::Outcome::Error if is_complete(wire) => self.errors += 1,
            api::Outcome::Blocked => self.blocked += 1,
            api::Outcome::TimedOut => self.timed_out += 1,
            _ => self.incomplete += 1,
        }
        if let Some(instance) = answer.instance {
            let share = self.by_instance.entry(instance.0).or_default();
            share.turns += 1;
            share.ok += u64::from(outcome == api::Outcome::Ok);
            share.errors += u64::from(outcome != api::Outcome::Ok);
            share.took += answer.response.duration;
        }
    }

    /// Prompts that have been dealt with.
    pub fn done(&self) -> u64 {
        self.complete() + self.failed()
    }

    /// Those that have a complete answer, in the journal or now.
    pub fn complete(&self) -> u64 {
        self.ok + self.errors + self.skipped
    }

    /// Those that were asked, or should have been, and have none.
    pub fn failed(&self) -> u64 {
        self.blocked + self.timed_out + self.incomplete + self.bad
    }

    pub fn exit(&self) -> Exit {
        match (self.complete(), self.failed() + self.not_asked) {
            (_, 0) if self.errors == 0 => Exit::Done,
            (_, 0) => Exit::Failed,
            (1.., _) => Exit::Partial,
            (0, _) if self.blocked > 0 => Exit::NeedsHuman,
            (0, failed) if self.timed_out == failed => Exit::TimedOut,
            (0, failed) if self.bad == failed => Exit::Usage,
            (0, _) => Exit::Failed,
        }
    }

    /// A row an instance, and the totals.
    pub fn summary(&self, status: Option<&Status>, took: Duration) -> String {
        let restarts: BTreeMap<u32, u64> = status
            .iter()
            .flat_map(|status| status.instances())
            .map(|(instance, _)| (instance.instance.0, instance.restarts))
            .collect();
        let mut indexes: Vec<u32> = self.by_instance.keys().chain(restarts.keys()).copied().collect();
        indexes.sort_unstable();
        indexes.dedup();
        let none = Share::default();
        let rows: Vec<Vec<String>> = indexes
            .into_iter()
            .map(|index| {
                let share = self.by_instance.get(&index).unwrap_or(&none);
                let restarts = restarts.get(&index).map_or("-".to_owned(), u64::to_string);
                share.row(&index.to_string(), restarts)
            })
            .collect();
        let head = ["INSTANCE", "TURNS", "OK", "NOT OK", "RESTARTS", "MEAN TURN"];
        format!("{}{}", output::table(&head, &rows), self.totals(took))
    }

    fn totals(&self, took: Duration) -> String {
        let parts = [
            (self.ok, "ok"),
            (self.errors, "errors of the tool"),
            (self.blocked, "blocked"),
            (self.timed_out, "timed out"),
            (self.incomplete, "without a complete answer"),
            (self.bad, "lines that cannot be used"),
            (self.not_asked, "not asked"),
            (self.skipped, "skipped, answered in the journal"),
            (self.retried, "tried again"),
        ];
        let parts: Vec<String> = parts
            .iter()
            .enumerate()
            .filter(|(index, (count, _))| *index == 0 || *count > 0)
            .map(|(_, (count, what))| format!("{count} {what}"))
            .collect();
        let asked = self.done() - self.skipped - self.bad;
        let rate = asked as f64 / took.as_secs_f64().max(0.001);
        format!(
            "{asked} prompts in {:.1} s ({rate:.1}/s): {}",
            took.as_secs_f64(),
            parts.join(", ")
        )
    }
}

impl Share {
    fn row(&self, name: &str, restarts: String) -> Vec<String> {
        let mean = u32::try_from(self.turns)
            .ok()
            .and_then(|turns| self.took.checked_div(turns));
        vec![
            name.to_owned(),
            self.turns.to_string(),
            self.ok.to_string(),
            self.errors.to_string(),
            restarts,
            mean.map_or("-".to_owned(), |mean| {
                format!("{:.1} ms", mean.as_secs_f64() * 1000.0)
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_says_what_a_rerun_can_hope_for() {
        let exit = |tally: Tally| tally.exit();
        let none = Tally::default;
        assert_eq!(exit(none()), Exit::Done);
        assert_eq!(
            exit(Tally {
                ok: 3,
                skipped: 1,
                ..none()
            }),
            Exit::Done
        );
        assert_eq!(
            exit(Tally {
                ok: 3,
                errors: 1,
                ..none()
            }),
            Exit::Failed
        );
        assert_eq!(
            exit(Tally {
                ok: 3,
                timed_out: 1,
                ..none()
            }),
            Exit::Partial
        );
        assert_eq!(
            exit(Tally {
                skipped: 3,
                bad: 1,
                ..none()
            }),
            Exit::Partial
        );
        assert_eq!(
            exit(Tally {
                ok: 3,
                not_asked: 1,
                ..none()
            }),
            Exit::Partial
        );
        assert_eq!(
            exit(Tally {
                blocked: 1,
                timed_out: 1,
                ..none()
            }),
            Exit::NeedsHuman
        );
        assert_eq!(
            exit(Tally {
                timed_out: 2,
                ..none()
            }),
            Exit::TimedOut
        );
        assert_eq!(
            exit(Tally {
                timed_out: 2,
                incomplete: 1,
                ..none()
            }),
            Exit::Failed
        );
        assert_eq!(exit(Tally { bad: 2, ..none() }), Exit::Usage);
    }
}
