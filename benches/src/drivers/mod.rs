//! What drives the programs: the raw loop, ptych, and the peers that are Rust. Each in its own file, each from the same jobs.

use std::process::Command;
use std::time::Instant;

use crate::child::Child;
use crate::measure::{Measured, cpu_s, peak_kb, resident_kb, us_since};

pub mod expectrl;
pub mod ptych;
pub mod raw;
pub mod rexpect;
pub mod rust_expect;

/// Turns before the ones that count.
pub const WARM_UP: usize = 100;

/// Longer than any limit that a benchmark sets from outside, for drivers that cannot wait for ever.
pub const LONG: std::time::Duration = std::time::Duration::from_secs(3600);

/// What a pattern that never comes looks like.
pub const NEVER: &str = "never comes";

pub struct Job {
    pub work: Work,
    pub child: Child,
    /// How the driver is set, where it can be set.
    pub mode: String,
    /// Turns, spawns, seconds of silence, or lines.
    pub count: usize,
    /// Turns before those that count.
    pub warm_up: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A line sent, its answer up to the prompt awaited.
    Turns,
    /// A program started, its first prompt awaited, and ended.
    Spawns,
    /// A prompt awaited for some seconds from a program that says nothing.
    Silence,
    /// A prompt awaited behind many lines.
    Big,
    /// The end of a program awaited beside a pattern that is nowhere in its many lines.
    NoMatch,
    /// Many lines, each of them expected; most have come already.
    Lines,
}

/// The program that a driver is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// This program, with the driver of that name.
    Own(&'static str),
    Pexpect,
    Tcl,
}

impl Program {
    #[must_use]
    pub fn command(self, job: &Job) -> Command {
        let benches = env!("CARGO_MANIFEST_DIR");
        let script = |program: &str, script: &str| {
            let mut command = Command::new(program);
            command.arg(format!("{benches}/peers/{script}"));
            command.args(job.script_args());
            command
        };
        let python = format!("{benches}/../target/test-tools/pexpect/bin/python");
        let python = std::env::var("PTYCH_PEXPECT_PYTHON").unwrap_or(python);
        match self {
            Program::Own(name) => {
                let mut command = Command::new(std::env::current_exe().expect("own path"));
                command.args(["--driver", name]).args(job.own_args());
                command
            }
            Program::Pexpect => script(&python, "pexpect_dialogue.py"),
            Program::Tcl => script("expect", "expect_dialogue.tcl"),
        }
    }
}

impl Work {
    pub const ALL: [(Work, &str); 6] = [
        (Work::Turns, "turns"),
        (Work::Spawns, "spawns"),
        (Work::Silence, "silence"),
        (Work::Big, "big"),
        (Work::NoMatch, "nomatch"),
        (Work::Lines, "lines"),
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        Work::ALL
            .iter()
            .find(|(work, _)| *work == self)
            .expect("all are named")
            .1
    }
}

impl Job {
    /// From the arguments behind `--driver`: mode, work, child, count, warm-up.
    ///
    /// # Panics
    ///
    /// When they are not that.
    #[must_use]
    pub fn from_args(args: &[String]) -> Job {
        let [mode, work, child, count, warm_up] = args else {
            panic!("five arguments, not {args:?}")
        };
        let named = Work::ALL.iter().find(|(_, name)| name == work);
        Job {
            work: named.expect("a known work").0,
            child: Child::named(child),
            mode: mode.clone(),
            count: count.parse().expect("a count"),
            warm_up: warm_up.parse().expect("a count"),
        }
    }

    /// For peers that are scripts: the same words, and the child's texts.
    #[must_use]
    pub fn script_args(&self) -> Vec<String> {
        let child = &self.child;
        let words = [
            &self.mode,
            self.work.name(),
            &self.count.to_string(),
            &self.warm_up.to_string(),
            child.prompt,
            &child.prompt_regex(),
            child.line,
            child.answer,
        ];
        let argv = match self.work {
            Work::NoMatch => crate::child::flood(self.count),
            _ => child.argv.clone(),
        };
        words.into_iter().map(str::to_owned).chain(argv).collect()
    }

    #[must_use]
    pub fn own_args(&self) -> Vec<String> {
        let words = [
            &self.mode,
            self.work.name(),
            self.child.name,
            &self.count.to_string(),
            &self.warm_up.to_string(),
        ];
        words.into_iter().map(str::to_owned).collect()
    }
}

/// What a driver of the expect family does, each step as a program would write it. The loops around it are the same for all; where a
/// library blocks, the steps do, and no runtime is there.
#[expect(async_fn_in_trait, reason = "the futures stay on the thread that made them")]
pub trait Dialogue: Sized {
    /// Starts the child and waits for its first prompt.
    async fn start(job: &Job) -> Self;
    async fn send_line(&mut self, line: &str);
    /// Waits for the prompt, and shows what came before it.
    async fn prompt(&mut self, job: &Job, seen: impl FnOnce(&[u8]));
    /// Waits this long for what never comes.
    async fn silence(&mut self, wait: std::time::Duration);
    /// Ends the child, and waits for that where the library can.
    async fn end(self) {}
}

/// For libraries that block: every step is done when it returns.
#[must_use]
pub fn run_blocking<D: Dialogue>(job: &Job) -> Measured {
    let mut steps = std::pin::pin!(run::<D>(job));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match steps.as_mut().poll(&mut context) {
        std::task::Poll::Ready(measured) => measured,
        std::task::Poll::Pending => unreachable!("a blocking step waits itself"),
    }
}

/// For libraries on tokio: all steps in one `block_on`, on a runtime of one thread.
#[must_use]
pub fn run_async<D: Dialogue>(job: &Job) -> Measured {
    runtime().block_on(run::<D>(job))
}

/// # Panics
///
/// When the machine has no room for one.
#[must_use]
pub fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("runtime")
}

async fn run<D: Dialogue>(job: &Job) -> Measured {
    let mut measured = match job.work {
        Work::Turns => turns::<D>(job).await,
        Work::Spawns => spawns::<D>(job).await,
        Work::Silence => silence::<D>(job).await,
        Work::Big => big::<D>(job).await,
        Work::NoMatch | Work::Lines => unreachable!("not a dialogue"),
    };
    measured.peak_kb = peak_kb();
    measured
}

async fn turns<D: Dialogue>(job: &Job) -> Measured {
    let mut session = D::start(job).await;
    let mut measured = Measured::default();
    let (mut before, mut early_kb) = (cpu_s(), 0.0);
    for n in 0..job.warm_up + job.count {
        if n == job.warm_up {
            measured.times_us.clear();
            (before, early_kb) = (cpu_s(), resident_kb());
        }
        let line = job.child.line(n);
        let start = Instant::now();
        session.send_line(&line).await;
        let judge = |answer: &[u8]| {
            measured.times_us.push(us_since(start));
            measured.bad += u64::from(!job.child.answered(n, answer));
        };
        session.prompt(job, judge).await;
    }
    measured.cpu_s = cpu_s() - before;
    measured.growth_kb = resident_kb() - early_kb;
    measured
}

async fn spawns<D: Dialogue>(job: &Job) -> Measured {
    let mut measured = Measured::default();
    let before = cpu_s();
    for _ in 0..job.count {
        let start = Instant::now();
        let session = D::start(job).await;
        measured.times_us.push(us_since(start));
        let start = Instant::now();
        session.end().await;
        measured.teardown_us.push(us_since(start));
    }
    measured.cpu_s = cpu_s() - before;
    measured
}

async fn silence<D: Dialogue>(job: &Job) -> Measured {
    let mut session = D::start(job).await;
    let mut measured = Measured::default();
    let before = cpu_s();
    let start = Instant::now();
    session
        .silence(std::time::Duration::from_secs(job.count as u64))
        .await;
    measured.times_us.push(us_since(start));
    measured.cpu_s = cpu_s() - before;
    measured
}

async fn big<D: Dialogue>(job: &Job) -> Measured {
    let mut session = D::start(job).await;
    let mut measured = Measured::default();
    let before = cpu_s();
    let start = Instant::now();
    session.send_line(&format!("flood {}", job.count)).await;
    let judge = |answer: &[u8]| {
        measured.times_us.push(us_since(start));
        measured.cpu_s = cpu_s() - before;
        measured.judge_flood(answer, job.count);
    };
    session.prompt(job, judge).await;
    measured
}
