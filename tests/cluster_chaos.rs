//! Clusters of real tools while somebody kills and stops their instances, and while they flood their terminals.
//!
//! Each prompt carries a number, and the tool writes that number and its own process into a log when it runs the prompt: the log is the
//! truth about what was typed. Afterwards every prompt has exactly one answer, what may be retried is answered right, the rest is right or
//! says honestly that it is not, nothing was typed twice, and neither a process nor a descriptor is left.
//!
//! `PTYCH_CHAOS_SEEDS` says how many seeds of each tool (3 by default), `PTYCH_SEED` where to start. Each prints a line.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests look at processes and files from outside, and do harm by the clock"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ptych::engine::protocol::builtin;
use ptych::engine::random::Random;
use ptych::engine::response::Outcome;
use ptych::engine::route::{BudgetOptions, Routing};
use ptych::engine::supervise::{Backoff, Intensity};
use ptych::host::cluster::{Answer, Cluster, ClusterOptions, SendOptions, WhenFull};
use ptych::host::{Options, StopOptions};

const PROMPTS: u32 = 1000;
const INSTANCES: u32 = 5;
const HARM_EVERY: Duration = Duration::from_millis(200);
/// Of a prompt that floods.
const FLOOD_LINES: usize = 10_000;
/// What somebody else writes on the terminal.
const FOREIGN: &str = "something that no tool has printed";

#[test]
fn bash_is_killed_and_stopped_and_floods() {
    run_seeds(&BASH, Harm::KillAndStop, number("PTYCH_CHAOS_SEEDS", 3));
}

#[test]
fn python_is_killed_and_stopped_and_floods() {
    run_seeds(&PYTHON, Harm::KillAndStop, number("PTYCH_CHAOS_SEEDS", 3));
}

/// Then nobody can say what the tool has said. No answer claims to be right that is not, and none is missing.
#[test]
fn somebody_else_floods_the_terminals() {
    run_seeds(&BASH, Harm::ForeignFlood, number("PTYCH_CHAOS_SEEDS", 1));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Harm {
    KillAndStop,
    /// That, and another program writes on the instances' terminals whenever it likes.
    ForeignFlood,
}

const BASH: Tool = Tool {
    name: "bash",
    prompt: |n, log, pause| {
        let log = log.display();
        format!("echo \"{n} $$\" >> {log}; sleep {pause:.3}; echo \"=$(({n} * 3))=\"")
    },
    flood: |n, log| {
        let log = log.display();
        format!(
            "echo \"{n} $$\" >> {log}; yes {} | head -n {FLOOD_LINES}; echo \"=$(({n} * 3))=\"",
            flood_line()
        )
    },
};

const PYTHON: Tool = Tool {
    name: "python",
    prompt: |n, log, pause| {
        format!(
            "import os, time; _ = open('{}', 'a').write(f'{n} {{os.getpid()}}\\n'); time.sleep({pause:.3}); print(f'={{{n} * 3}}=')",
            log.display()
        )
    },
    flood: |n, log| {
        format!(
            "import os; _ = open('{}', 'a').write(f'{n} {{os.getpid()}}\\n'); print('{}\\n' * {FLOOD_LINES} + f'={{{n} * 3}}=')",
            log.display(),
            flood_line()
        )
    },
};

fn flood_line() -> String {
    "f".repeat(70)
}

struct Tool {
    name: &'static str,
    /// Logs its number and the tool's pid, takes a while in seconds, prints `=3n=`.
    prompt: fn(u32, &Path, f64) -> String,
    /// Logs the same, prints many lines and then the same.
    flood: fn(u32, &Path) -> String,
}

/// One at a time: descriptors are counted.
static ALONE: Mutex<()> = Mutex::new(());

fn number(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name}: {text}"))
    })
}

fn run_seeds(tool: &Tool, harm: Harm, seeds: u64) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let first = number("PTYCH_SEED", 1);
    // The first runtime of a process opens what catches signals, for good.
    drop(tokio::runtime::Builder::new_current_thread().enable_all().build());
    for seed in first..first + seeds {
        let before = descriptors();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let tally = runtime.expect("runtime").block_on(chaos(tool, harm, seed));
        eprintln!("{tally}");
        let after = descriptors();
        assert_eq!(before, after, "{} seed {seed}: descriptors", tool.name);
    }
}

fn descriptors() -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir("/proc/self/fd").expect("/proc");
    let paths = entries.filter_map(|entry| entry.ok()?.path().read_link().ok());
    paths.filter(|path| !path.starts_with("/proc")).collect()
}

async fn chaos(tool: &Tool, harm: Harm, seed: u64) -> Tally {
    let began = Instant::now();
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let mark = format!("{}-{}-{seed}", std::process::id(), tool.name);
    let spec = Arc::new(builtin::load(tool.name).expect("built in"));
    let cluster = Cluster::launch(spec, options(&mark, seed)).expect("the tool starts");
    cluster.wait_ready().await.expect("ready");
    let mut chance = Random::new(seed);
    let harming = tokio::spawn(do_harm(cluster.clone(), harm, chance.fork()));
    let mut numbers = BTreeMap::new();
    for n in 0..PROMPTS {
        let prompt = if chance.chance(0.02) {
            (tool.flood)(n, &log)
        } else {
            (tool.prompt)(n, &log, chance.unit() * 0.015)
        };
        let send = SendOptions {
            retryable: is_retryable(n),
            when_full: WhenFull::Wait,
            ..SendOptions::default()
        };
        let ticket = cluster.send_with(prompt, send).await.expect("accepted");
        numbers.insert(ticket.id(), n);
    }
    let mut answers: BTreeMap<u32, Answer> = BTreeMap::new();
    while answers.len() < PROMPTS as usize {
        let answer = cluster.read_any(Duration::from_secs(60)).await.expect("alive");
        let Some(answer) = answer else {
            let open: Vec<u32> = (0..PROMPTS).filter(|n| !answers.contains_key(n)).collect();
            panic!(
                "seed {seed}: no answer for a minute to {open:?}\n{:#?}",
                cluster.status().await
            );
        };
        let n = numbers[&answer.ticket];
        let twice = answers.insert(n, answer);
        assert_eq!(twice, None, "seed {seed}: {n} has two answers");
    }
    harming.abort();
    let done = harming.await.expect_err("it never ends by itself");
    assert!(done.is_cancelled(), "{done}");
    let metrics = cluster.metrics().await.expect("alive");
    let report = cluster.shutdown(Duration::from_secs(5)).await;
    assert!(report.is_clean(), "seed {seed}: {report:?}");
    let left = marked_processes(&mark);
    assert!(left.is_empty(), "seed {seed}: left behind: {left:?}");
    let mut tally = Tally {
        name: tool.name,
        seed,
        took: began.elapsed(),
        restarts: metrics.restarts.clone(),
        retries: metrics.retries,
        outcomes: BTreeMap::new(),
        flooded: 0,
    };
    check(&answers, &read_log(&log), harm, &mut tally);
    tally
}

fn is_retryable(n: u32) -> bool {
    n.is_multiple_of(2)
}

fn options(mark: &str, seed: u64) -> ClusterOptions {
    ClusterOptions {
        routing: Routing::LeastBusy,
        session: Options {
            env: vec![("PTYCH_CHAOS".to_owned(), mark.to_owned())],
            turn_timeout: Duration::from_secs(5),
            ..Options::default()
        },
        // Many more crashes than an instance that is left in peace may have.
        intensity: Intensity {
            most: u32::MAX,
            within: Duration::from_secs(60),
        },
        backoff: Backoff {
            most: Duration::from_millis(200),
            ..Backoff::default()
        },
        attempts: 100,
        budget: BudgetOptions {
            saved: PROMPTS,
            ..BudgetOptions::default()
        },
        recover_within: Duration::from_millis(500),
        blocked_within: Some(Duration::from_millis(500)),
        stopped_within: Some(Duration::from_millis(100)),
        stop: StopOptions {
            grace: Duration::from_millis(100),
            ..StopOptions::default()
        },
        seed: Some(seed),
        ..ClusterOptions::new(INSTANCES)
    }
}

/// Until it is aborted.
async fn do_harm(cluster: Cluster, harm: Harm, mut chance: Random) {
    loop {
        tokio::time::sleep(HARM_EVERY).await;
        let Ok(status) = cluster.status().await else {
            return;
        };
        let pids: Vec<u32> = status
            .processes
            .iter()
            .flatten()
            .map(|process| process.pid)
            .collect();
        let Some(&pid) = chance.pick(&pids) else { continue };
        match chance.below(5) {
            0 => signal(pid, Signal::SIGSTOP),
            1 | 2 if harm == Harm::ForeignFlood => flood(pid),
            _ => signal(pid, Signal::SIGKILL),
        }
    }
}

fn signal(pid: u32, signal: Signal) {
    // It may have ended in between.
    let _gone = kill(Pid::from_raw(pid.cast_signed()), signal);
}

/// A program that has the instance's terminal, and does not care whose turn it is.
fn flood(pid: u32) {
    let Ok(terminal) = std::fs::read_link(format!("/proc/{pid}/fd/0")) else {
        return;
    };
    // It waits while the terminal is full, and fails when the terminal is closed.
    tokio::task::spawn_blocking(move || {
        let options = std::fs::OpenOptions::new()
            .write(true)
            .custom_flags(libc::O_NOCTTY)
            .open(terminal);
        let lines = format!("{FOREIGN}\r\n").repeat(2000);
        let _gone = options.and_then(|mut terminal| terminal.write_all(lines.as_bytes()));
    });
}

fn marked_processes(mark: &str) -> Vec<String> {
    let mark = format!("PTYCH_CHAOS={mark}");
    let entries = std::fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let marked = entries.filter(|entry| {
        let environ = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        environ
            .split(|byte| *byte == 0)
            .any(|line| line == mark.as_bytes())
    });
    marked.map(|entry| entry.path().display().to_string()).collect()
}

/// The processes that ran each prompt, as they say.
fn read_log(log: &Path) -> BTreeMap<u32, Vec<u32>> {
    let mut runs: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for line in std::fs::read_to_string(log).expect("the log").lines() {
        let words = line
            .split_once(' ')
            .and_then(|(n, pid)| Some((n.parse().ok()?, pid.parse().ok()?)));
        let (n, pid) = words.unwrap_or_else(|| panic!("in the log: {line:?}"));
        runs.entry(n).or_default().push(pid);
    }
    runs
}

fn check(answers: &BTreeMap<u32, Answer>, runs: &BTreeMap<u32, Vec<u32>>, harm: Harm, tally: &mut Tally) {
    for (&n, answer) in answers {
        let (outcome, text) = (answer.response.outcome, &answer.response.text);
        let seen = format!(
            "{} seed {} prompt {n}: {outcome:?}, {} attempts, complete: {}, {} characters of text that end in {:?}, by {:?}",
            tally.name,
            tally.seed,
            answer.attempts,
            answer.response.complete,
            text.len(),
            text.lines().rev().take(3).collect::<Vec<_>>(),
            answer.response.evidence.rule,
        );
        *tally
            .outcomes
            .entry((is_retryable(n), outcome.as_str()))
            .or_default() += 1;
        let ran = runs.get(&n).map_or(&[] as &[u32], Vec::as_slice);
        let distinct: BTreeSet<&u32> = ran.iter().collect();
        assert_eq!(
            distinct.len(),
            ran.len(),
            "{seen}: one process ran it twice: {ran:?}"
        );
        assert!(ran.len() <= answer.attempts as usize, "{seen}: ran {ran:?}");
        assert_eq!(answer.not_typed, None, "{seen}");
        if !is_retryable(n) {
            assert_eq!(answer.attempts, 1, "{seen}: at most once");
        }
        match outcome {
            Outcome::Ok => {
                assert!(!ran.is_empty(), "{seen}: it never ran");
                tally.flooded += u32::from(is_right(n, text).unwrap_or_else(|| panic!("{seen}: wrong")));
            }
            Outcome::Exited if !is_retryable(n) => {}
            // The tool's prompt was washed away.
            Outcome::Blocked | Outcome::Unknown if harm == Harm::ForeignFlood && !is_retryable(n) => {
                assert!(!answer.response.complete, "{seen}");
            }
            _ => panic!("{seen}: not what was promised"),
        }
    }
}

/// Right, and whether somebody else's text is in it; `None` when it is wrong. Who writes between what was typed and its echo hides the echo
/// from everybody, and what is written last may be anybody's: then the answer must be there, and nobody else's.
fn is_right(n: u32, text: &str) -> Option<bool> {
    let wanted = format!("={}=", n * 3);
    let flood = flood_line();
    let foreign = text.contains(FOREIGN);
    let right = if foreign {
        let answers = text.lines().flat_map(numbers_between_signs);
        answers.collect::<Vec<_>>() == [n * 3]
    } else {
        let lines: Vec<&str> = text.lines().collect();
        let (last, before) = lines.split_last()?;
        *last == wanted
            && (before.is_empty() || before.len() == FLOOD_LINES && before.iter().all(|line| **line == flood))
    };
    right.then_some(foreign)
}

fn numbers_between_signs(line: &str) -> impl Iterator<Item = u32> {
    line.split('=').filter_map(|word| word.parse().ok())
}

/// What one seed came to.
struct Tally {
    name: &'static str,
    seed: u64,
    took: Duration,
    restarts: BTreeMap<&'static str, u64>,
    retries: u64,
    /// By whether it may be retried.
    outcomes: BTreeMap<(bool, &'static str), u32>,
    /// Right answers with somebody else's text in them.
    flooded: u32,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |retryable: bool| {
            let outcomes = self.outcomes.iter().filter(|((which, _), _)| *which == retryable);
            let words: Vec<String> = outcomes
                .map(|((_, outcome), count)| format!("{outcome} {count}"))
                .collect();
            words.join(", ")
        };
        let restarts: Vec<String> = self
            .restarts
            .iter()
            .map(|(cause, count)| format!("{cause} {count}"))
            .collect();
        write!(
            f,
            "| {} | {} | {:.1} s | {} | {} | {} | {} | {} |",
            self.name,
            self.seed,
            self.took.as_secs_f64(),
            of(true),
            of(false),
            self.retries,
            restarts.join(", "),
            self.flooded,
        )
    }
}
