//! ptych, on a runtime of one thread and through its blocking facade: a search for a literal, for a regex, and in the raw bytes.

use std::time::{Duration, Instant};

use ptych::blocking;
use ptych::host::expect::{Follow, Pattern, StreamKind};
use ptych::host::{Options, Session, StopOptions};

use super::{Dialogue, Job, NEVER, Work};
use crate::child;
use crate::measure::{Measured, cpu_s, peak_kb, us_since};

pub struct Async(Session);
pub struct Blocking(blocking::Session);

/// The words of the mode: `regex`, `raw` (the bytes as they come), `few` (at most 1 MiB of unmatched text is kept).
fn options(mode: &str) -> Options {
    let mut follow = Follow {
        timeout: None,
        ..Follow::default()
    };
    if mode.contains("raw") {
        follow.kind = StreamKind::Raw;
    }
    if mode.contains("few") {
        follow.keep_bytes = 1 << 20;
    }
    Options {
        follow: Some(follow),
        ..Options::default()
    }
}

fn prompt(job: &Job) -> Pattern {
    if job.mode.contains("regex") {
        Pattern::regex(job.child.prompt_regex())
    } else {
        Pattern::literal(job.child.prompt)
    }
}

impl Dialogue for Async {
    async fn start(job: &Job) -> Async {
        let session = Session::spawn(job.child.argv.clone(), options(&job.mode)).expect("spawn");
        let mut session = Async(session);
        session.prompt(job, |_| ()).await;
        session
    }

    async fn send_line(&mut self, line: &str) {
        self.0.send_line(line).await.expect("send");
    }

    async fn prompt(&mut self, job: &Job, seen: impl FnOnce(&[u8])) {
        seen(&self.0.expect(prompt(job)).await.expect("prompt").before);
    }

    async fn silence(&mut self, wait: Duration) {
        let mut options = self.0.wait_options().expect("followed");
        options.timeout = Some(wait);
        assert!(self.0.expect_with(NEVER, options).await.is_err());
    }

    async fn end(self) {
        self.0.stop(StopOptions::NOW).await;
    }
}

impl Dialogue for Blocking {
    async fn start(job: &Job) -> Blocking {
        let session = blocking::Session::spawn(job.child.argv.clone(), options(&job.mode)).expect("spawn");
        let mut session = Blocking(session);
        session.prompt(job, |_| ()).await;
        session
    }

    async fn send_line(&mut self, line: &str) {
        self.0.send_line(line).expect("send");
    }

    async fn prompt(&mut self, job: &Job, seen: impl FnOnce(&[u8])) {
        seen(&self.0.expect(prompt(job)).expect("prompt").before);
    }

    async fn silence(&mut self, wait: Duration) {
        let mut options = self.0.wait_options().expect("followed");
        options.timeout = Some(wait);
        assert!(self.0.expect_with(NEVER, options).is_err());
    }
}

/// Waits for the end of a program beside patterns that never come.
async fn no_match(job: &Job) -> Measured {
    let never = match job.mode.as_str() {
        mode if mode.contains("regex") => Pattern::regex(r"error: (\w+) in \d+ms$"),
        mode if mode.contains("glob") => Pattern::glob("*never*comes*"),
        _ => Pattern::literal(NEVER),
    };
    let mut measured = Measured::default();
    let before = cpu_s();
    let start = Instant::now();
    let session = Session::spawn(child::flood(job.count), options(&job.mode)).expect("spawn");
    let found = session.expect([never, Pattern::eof()]).await.expect("the end");
    measured.times_us.push(us_since(start));
    measured.cpu_s = cpu_s() - before;
    measured.bytes = found.before.len() as u64;
    let lines_bytes = 80 * job.count as u64;
    measured.bad += u64::from(found.index != 1);
    measured.bad +=
        u64::from(!job.mode.contains("raw") && found.truncated_bytes + measured.bytes != lines_bytes);
    measured.peak_kb = peak_kb();
    measured
}

async fn lines(job: &Job) -> Measured {
    let mut session = Async::start(job).await;
    session.send_line(&format!("flood {}", job.count)).await;
    session.0.expect("\n").await.expect("the echo");
    let line = Pattern::regex(r"^x+\n");
    let mut measured = Measured::default();
    let before = cpu_s();
    for _ in 0..job.count {
        let start = Instant::now();
        let found = session.0.expect(line.clone()).await.expect("a line");
        measured.times_us.push(us_since(start));
        measured.bad += u64::from(!found.before.is_empty() || found.matched.len() != 80);
    }
    measured.cpu_s = cpu_s() - before;
    measured.peak_kb = peak_kb();
    measured
}

#[must_use]
pub fn run(job: &Job) -> Measured {
    ptych::host::memory::return_freed_pages();
    match job.work {
        Work::NoMatch => super::runtime().block_on(no_match(job)),
        Work::Lines => super::runtime().block_on(lines(job)),
        _ => super::run_async::<Async>(job),
    }
}
