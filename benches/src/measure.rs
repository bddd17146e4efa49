//! One measurement: what a driver says of itself, and starting a driver with a limit of time.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child as Process, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

/// What a driver prints as JSON when it is done.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Measured {
    /// One figure for each thing done (a turn, a spawn).
    pub times_us: Vec<f64>,
    /// Beside spawns: closing each.
    pub teardown_us: Vec<f64>,
    /// CPU time of the driver for all of them.
    pub cpu_s: f64,
    /// The largest resident memory of the driver's process.
    pub peak_kb: u64,
    /// Answers that were not right.
    pub bad: u64,
    /// Bytes that the driver was given before the last pattern.
    pub bytes: u64,
    /// By how much the resident memory grew between an early and the last item.
    pub growth_kb: f64,
}

impl Measured {
    #[must_use]
    pub fn median(&self) -> f64 {
        quantile(&self.times_us, 50)
    }

    #[must_use]
    pub fn p99(&self) -> f64 {
        quantile(&self.times_us, 99)
    }

    #[must_use]
    pub fn cpu_us_each(&self) -> f64 {
        self.cpu_s * 1e6 / self.times_us.len() as f64
    }

    #[must_use]
    pub fn peak_mb(&self) -> f64 {
        self.peak_kb as f64 / 1024.0
    }
}

#[must_use]
pub fn quantile(values: &[f64], percent: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
        .get(values.len() * percent / 100)
        .copied()
        .unwrap_or(f64::NAN)
}

#[must_use]
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 50)
}

pub fn timed<T>(times: &mut Vec<f64>, action: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = action();
    times.push(us_since(start));
    result
}

#[must_use]
pub fn us_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6
}

/// CPU time of this process so far, its threads included.
#[must_use]
pub fn cpu_s() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("getrusage");
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

#[must_use]
pub fn peak_kb() -> u64 {
    status_kb("VmHWM")
}

#[must_use]
pub fn resident_kb() -> f64 {
    status_kb("VmRSS") as f64
}

fn status_kb(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("status");
    let line = status.lines().find(|l| l.starts_with(field)).expect("the field");
    let kb = line.split_whitespace().nth(1).and_then(|n| n.parse().ok());
    kb.expect("a number of kB")
}

/// A driver at work in a process of its own.
pub struct Running {
    process: Process,
    output: mpsc::Receiver<Vec<u8>>,
    started: Instant,
    what: String,
}

pub enum Outcome {
    Done(Measured),
    /// It was ended at the limit, having used this much.
    Late {
        cpu_s: f64,
        peak_kb: u64,
    },
}

impl Outcome {
    /// # Panics
    ///
    /// When the driver was late.
    #[must_use]
    pub fn done(self) -> Measured {
        match self {
            Outcome::Done(measured) => measured,
            Outcome::Late { .. } => panic!("a driver that has no limit was late"),
        }
    }
}

impl Running {
    /// # Panics
    ///
    /// When the driver cannot be started.
    #[must_use]
    pub fn start(mut command: Command) -> Running {
        let what = format!("{:?} {:?}", command.get_program(), command.get_args());
        command
            .env("PS1", "PROMPT> ")
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0);
        let mut process = command.spawn().unwrap_or_else(|e| panic!("{what}: {e}"));
        let mut stdout = process.stdout.take().expect("piped");
        let (output_tx, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stdout.read_to_end(&mut text);
            let _ = output_tx.send(text);
        });
        Running {
            process,
            output,
            started: Instant::now(),
            what,
        }
    }

    /// # Panics
    ///
    /// When the driver fails or says what is no result.
    #[must_use]
    pub fn finish(mut self, limit: Duration) -> Outcome {
        let left = limit.saturating_sub(self.started.elapsed());
        let Ok(text) = self.output.recv_timeout(left) else {
            return self.end();
        };
        let _ = self.process.wait();
        let measured = serde_json::from_slice(&text);
        Outcome::Done(measured.unwrap_or_else(|e| panic!("{}: {e}", self.what)))
    }

    fn end(mut self) -> Outcome {
        let (cpu_s, peak_kb) = usage_of(self.process.id());
        let group = nix::unistd::Pid::from_raw(i32::try_from(self.process.id()).expect("a pid"));
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        let _ = self.process.wait();
        Outcome::Late { cpu_s, peak_kb }
    }
}

fn usage_of(pid: u32) -> (f64, u64) {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let stat = read("stat");
    let fields: Vec<f64> = stat.rsplit(')').next().map_or(Vec::new(), |rest| {
        rest.split_whitespace()
            .skip(1)
            .map(|f| f.parse().unwrap_or(0.0))
            .collect()
    });
    // utime and stime are the 14th and 15th fields; the state is the third, and ticks are hundredths.
    let cpu_s = fields.get(10..12).map_or(0.0, |t| (t[0] + t[1]) / 100.0);
    let status = read("status");
    let peak = status.lines().find(|l| l.starts_with("VmHWM"));
    let peak_kb = peak.and_then(|l| l.split_whitespace().nth(1)?.parse().ok());
    (cpu_s, peak_kb.unwrap_or(0))
}

impl Measured {
    /// Whether the answer to a flood is whole.
    pub fn judge_flood(&mut self, answer: &[u8], lines: usize) {
        let letters = answer.iter().filter(|b| **b == b'x').count();
        self.bytes = answer.len() as u64;
        self.bad += u64::from(letters != crate::child::flood_letters(lines));
    }
}
