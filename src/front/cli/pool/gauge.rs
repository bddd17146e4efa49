//! One line on the terminal while prompts are asked: how many, how fast, how long yet, and what each instance has.

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::tally::Tally;
use crate::front::cli::{progress, terminal};
use crate::host::cluster::Status;

/// The rate is that of so much time.
const WINDOW: Duration = Duration::from_secs(20);
/// Instances that have a digit of their own; of more, only the sum is shown.
const MOST_SHOWN: usize = 32;

/// What is on the terminal now. Shared with whoever writes to the same terminal.
#[derive(Debug, Default)]
pub struct Painter {
    shown: bool,
}

impl Painter {
    fn paint(&mut self, line: &str) {
        self.shown = true;
        progress::put(&format!("\r\x1b[K{line}"));
    }

    /// Takes the line off, before anything else is written there.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            progress::put("\r\x1b[K");
        }
    }
}

/// Paints only when standard error is a terminal.
pub struct Gauge {
    enabled: bool,
    label: String,
    total: Option<u64>,
    painter: Arc<Mutex<Painter>>,
    /// Moments and how many were done then, the oldest first.
    samples: VecDeque<(Instant, u64)>,
}

impl Gauge {
    pub fn new(label: &str, total: Option<u64>, quiet: bool) -> Gauge {
        Gauge {
            enabled: !quiet && io::stderr().is_terminal(),
            label: label.to_owned(),
            total,
            painter: Arc::default(),
            samples: VecDeque::new(),
        }
    }

    pub fn enabled(&self) -> bool {
        self.enabled
    }

    pub fn painter(&self) -> Arc<Mutex<Painter>> {
        Arc::clone(&self.painter)
    }

    pub fn clear(&self) {
        self.painter
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    pub fn tick(&mut self, tally: &Tally, status: Option<&Status>, word: &str) {
        if !self.enabled {
            return;
        }
        let now = Instant::now();
        // What the journal answers costs no time.
        let asked = tally.done() - tally.skipped;
        self.samples.push_back((now, asked));
        while self.samples.front().is_some_and(|(at, _)| now - *at > WINDOW) {
            self.samples.pop_front();
        }
        let rate = self.rate();
        let line = line(&self.label, tally, self.total, rate, status, word);
        let columns = terminal::size().map_or(80, |size| usize::from(size.cols));
        let line = progress::clip(&line, columns.saturating_sub(1));
        self.painter
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .paint(&line);
    }

    fn rate(&self) -> f64 {
        let (Some((from, before)), Some((to, after))) = (self.samples.front(), self.samples.back()) else {
            return 0.0;
        };
        let seconds = (*to - *from).as_secs_f64();
        if seconds > 0.0 {
            (after - before) as f64 / seconds
        } else {
            0.0
        }
    }
}

fn line(
    label: &str,
    tally: &Tally,
    total: Option<u64>,
    rate: f64,
    status: Option<&Status>,
    word: &str,
) -> String {
    let done = tally.done();
    let mut parts = vec![label.to_owned()];
    match total {
        Some(total) => {
            parts.push(bar(done, total));
            parts.push(format!("{done}/{total}"));
        }
        None => parts.push(format!("{done} done")),
    }
    parts.push(format!("{rate:.1}/s"));
    if let Some(total) = total.filter(|total| rate > 0.0 && *total > done) {
        let left = Duration::try_from_secs_f64((total - done) as f64 / rate).unwrap_or(Duration::MAX);
        parts.push(format!("eta {}", progress::elapsed(left)));
    }
    if let Some(status) = status {
        parts.extend(instances(status));
    }
    if tally.failed() + tally.errors > 0 {
        parts.push(format!("{} not ok", tally.failed() + tally.errors));
    }
    if !word.is_empty() {
        parts.push(word.to_owned());
    }
    parts.join("  ")
}

fn bar(done: u64, total: u64) -> String {
    const WIDTH: u64 = 16;
    let filled = (done.min(total) * WIDTH).checked_div(total).unwrap_or(WIDTH);
    (0..WIDTH).map(|at| if at < filled { '█' } else { '░' }).collect()
}

fn instances(status: &Status) -> Vec<String> {
    let instances = &status.cluster.instances;
    let mut parts = Vec::new();
    if instances.len() <= MOST_SHOWN {
        let digits: Vec<String> = instances
            .iter()
            .map(
                |instance| match (instance.in_flight, instance.fit, instance.phase) {
                    (1.., ..) => instance.in_flight.to_string(),
                    (_, true, _) => "0".to_owned(),
                    (_, _, "failed") => "✗".to_owned(),
                    _ => "·".to_owned(),
                },
            )
            .collect();
        parts.push(format!("[{}]", digits.join(" ")));
    } else {
        parts.push(format!("{} in flight", status.cluster.in_flight));
    }
    let restarts: u64 = instances.iter().map(|instance| instance.restarts).sum();
    if restarts > 0 {
        parts.push(format!("{restarts} restarts"));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_how_much_how_fast_and_how_long() {
        let tally = Tally {
            ok: 240,
            errors: 10,
            ..Tally::default()
        };
        let told = line("sh", &tally, Some(1000), 12.5, None, "");
        assert_eq!(
            told,
            "sh  ████░░░░░░░░░░░░  250/1000  12.5/s  eta 1m00s  10 not ok"
        );
        let told = line("sh", &tally, None, 0.0, None, "draining");
        assert_eq!(told, "sh  250 done  0.0/s  10 not ok  draining");
    }
}
