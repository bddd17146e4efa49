//! Turns, one large response, spawns, teardown and idle sessions: ptych beside a raw PTY loop (the limit) and its peers, in one run.
//!
//! Every measurement runs in its own process (this program, started again with `--driver`), so that CPU time and peak memory are its own.
//! Peers alternate with the raw loop; ratios are to the raw loop's medians of the same round.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

const TURNS: usize = 2000;
const WARM_UP: usize = 100;
const ROUNDS: usize = 3;
const BIG_LINES: usize = 625_000;

#[derive(Serialize, Deserialize)]
struct Measured {
    times_us: Vec<f64>,
    cpu_s: f64,
    peak_kb: u64,
}

/// A program that all drivers drive, and how its prompt looks to those that only know text.
struct Child {
    name: &'static str,
    argv: Vec<String>,
    prompt: &'static str,
    line: &'static str,
    answer: &'static str,
}

fn children() -> Vec<Child> {
    let tiny = std::env::current_exe()
        .expect("own path")
        .with_file_name("tiny")
        .display()
        .to_string();
    let argv = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
    vec![
        Child {
            name: "tiny",
            argv: vec![tiny],
            prompt: "tiny> ",
            line: "hello",
            answer: "<hello>",
        },
        Child {
            name: "python",
            argv: argv(&["/usr/bin/python3.11", "-q"]),
            prompt: ">>> ",
            line: "6*7",
            answer: "42",
        },
        Child {
            name: "bash",
            argv: argv(&["bash", "--norc", "--noprofile"]),
            prompt: "PROMPT> ",
            line: "echo hi",
            answer: "hi",
        },
    ]
}

fn big_line(child: &str) -> String {
    match child {
        "python" => format!("for _ in range({BIG_LINES}): print('x'*79)"),
        _ => format!("yes {} | head -n {BIG_LINES}", "x".repeat(79)),
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).is_some_and(|a| a == "--driver") {
        let measured = run_driver(&args[2], &args[3], &args[4]);
        println!("{}", serde_json::to_string(&measured).expect("serialises"));
        return;
    }
    let only = args.get(1).map(String::as_str);
    let wanted = |part: &str| only.is_none_or(|only| only == part);
    if wanted("turns") {
        turns_table();
    }
    if wanted("big") {
        big_table();
    }
    if wanted("spawns") {
        spawns_table();
    }
    if wanted("fleet") {
        fleet_table();
    }
}

// Tables.

fn turns_table() {
    println!("## {TURNS} turns, µs (ratio to the raw loop of the same round), median of {ROUNDS} rounds\n");
    println!("| child | driver | median | p99 | CPU µs a turn | peak MB |\n|---|---|---|---|---|---|");
    for child in children() {
        let mut rows: BTreeMap<usize, Vec<[f64; 6]>> = BTreeMap::new();
        let drivers = ["raw", "ptych", "expectrl", "pexpect", "expect"];
        for _ in 0..ROUNDS {
            let raw = summary(&start("raw", &child, "turns"));
            for (index, driver) in drivers.iter().enumerate() {
                let one = if *driver == "raw" {
                    raw
                } else {
                    summary(&start(driver, &child, "turns"))
                };
                rows.entry(index).or_default().push([
                    one[0],
                    one[1],
                    one[2],
                    one[3],
                    one[0] / raw[0],
                    one[1] / raw[1],
                ]);
            }
        }
        for (index, driver) in drivers.iter().enumerate() {
            let r = median_of(&rows[&index]);
            println!(
                "| {} | {driver} | {:.0} (x{:.2}) | {:.0} (x{:.2}) | {:.0} | {:.1} |",
                child.name, r[0], r[4], r[1], r[5], r[2], r[3]
            );
        }
    }
    println!();
}

fn big_table() {
    println!("## One response of 50 MB ({BIG_LINES} lines of 80 bytes)\n");
    println!(
        "| child | driver | seconds (ratio) | CPU s | peak MB (ratio to the response) |\n|---|---|---|---|---|"
    );
    for child in children().into_iter().filter(|c| c.name != "tiny") {
        let mut raw_s = f64::NAN;
        // Tcl expect keeps only its last `match_max` bytes of an answer, so it is no peer here.
        for driver in ["raw", "ptych", "pexpect"] {
            // pexpect would need a second expect for the continuation prompt of a typed block.
            if (driver, child.name) == ("pexpect", "python") {
                continue;
            }
            let runs: Vec<Measured> = (0..ROUNDS).map(|_| start(driver, &child, "big")).collect();
            let best = |f: &dyn Fn(&Measured) -> f64| {
                let mut all: Vec<f64> = runs.iter().map(f).collect();
                all.sort_by(f64::total_cmp);
                all[all.len() / 2]
            };
            let seconds = best(&|m| m.times_us[0] / 1e6);
            if driver == "raw" {
                raw_s = seconds;
            }
            let peak_mb = best(&|m| m.peak_kb as f64 / 1024.0);
            let response_mb = (BIG_LINES * 80) as f64 / 1048576.0;
            println!(
                "| {} | {driver} | {seconds:.2} (x{:.2}) | {:.2} | {peak_mb:.0} (x{:.2}) |",
                child.name,
                seconds / raw_s,
                best(&|m| m.cpu_s),
                peak_mb / response_mb
            );
        }
    }
    println!();
}

fn spawns_table() {
    println!("## 100 spawns to the first prompt, µs, one after another\n");
    println!("| child | driver | median | p99 | CPU µs a spawn |\n|---|---|---|---|---|");
    for child in children() {
        let mut raw = [f64::NAN; 4];
        for driver in ["raw", "ptych", "expectrl", "pexpect", "expect"] {
            let one = summary(&start(driver, &child, "spawns"));
            if driver == "raw" {
                raw = one;
            }
            println!(
                "| {} | {driver} | {:.0} (x{:.2}) | {:.0} (x{:.2}) | {:.0} |",
                child.name,
                one[0],
                one[0] / raw[0],
                one[1],
                one[1] / raw[1],
                one[2]
            );
        }
    }
    println!();
}

fn fleet_table() {
    println!("## 100 sessions of bash\n");
    let exe = std::env::current_exe().expect("own path");
    let out = Command::new(exe)
        .args(["--driver", "fleet", "bash", "fleet"])
        .output()
        .expect("fleet");
    let measured: Measured = serde_json::from_slice(&out.stdout).expect("fleet's result");
    let [start_ms, idle_cpu_ms, idle_wall_ms, kb_each, teardown_ms] = measured.times_us[..] else {
        panic!("five figures")
    };
    println!(
        "all ready after {start_ms:.0} ms; idle for {idle_wall_ms:.0} ms they used {idle_cpu_ms:.2} ms of CPU and {kb_each:.0} kB each;"
    );
    println!("torn down together in {teardown_ms:.0} ms\n");
}

/// Median, p99, CPU µs per item, peak MB.
fn summary(measured: &Measured) -> [f64; 4] {
    let mut times = measured.times_us.clone();
    times.sort_by(f64::total_cmp);
    let n = times.len();
    let cpu = measured.cpu_s * 1e6 / (n + WARM_UP) as f64;
    [
        times[n / 2],
        times[(n * 99) / 100],
        cpu,
        measured.peak_kb as f64 / 1024.0,
    ]
}

fn median_of(rows: &[[f64; 6]]) -> [f64; 6] {
    std::array::from_fn(|column| {
        let mut values: Vec<f64> = rows.iter().map(|row| row[column]).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    })
}

// One measurement in its own process.

fn start(driver: &str, child: &Child, work: &str) -> Measured {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");
    let line = if work == "big" {
        big_line(child.name)
    } else {
        child.line.to_owned()
    };
    let count = match work {
        "turns" => TURNS,
        "spawns" => 100,
        _ => 1,
    };
    let script = |program: &str, script: &str| {
        let mut command = Command::new(program);
        command
            .arg(format!("{here}/{script}"))
            .args([work, &count.to_string(), child.prompt, &line])
            .args(&child.argv);
        command
    };
    let python = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../target/test-tools/pexpect/bin/python"
    );
    let mut command = match driver {
        "pexpect" => script(python, "pexpect_peer.py"),
        "expect" => script("expect", "expect_peer.tcl"),
        own => {
            let mut command = Command::new(std::env::current_exe().expect("own path"));
            command.args(["--driver", own, child.name, work]);
            command
        }
    };
    command.env("PS1", "PROMPT> ").env("TERM", "xterm-256color");
    let output = command.output().unwrap_or_else(|e| panic!("{driver}: {e}"));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        panic!(
            "{driver} {} {work}: {e}\n{}",
            child.name,
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

fn run_driver(driver: &str, child: &str, work: &str) -> Measured {
    let child = children()
        .into_iter()
        .find(|c| c.name == child)
        .expect("known child");
    let times_us = match (driver, work) {
        ("raw", _) => raw(&child, work),
        ("ptych", _) => ptych(&child, work),
        ("expectrl", _) => with_expectrl(&child, work),
        ("fleet", _) => fleet(),
        other => panic!("unknown driver {other:?}"),
    };
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF).expect("getrusage");
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    let cpu_s = seconds(usage.user_time()) + seconds(usage.system_time());
    Measured {
        times_us,
        cpu_s,
        peak_kb: usage.max_rss() as u64,
    }
}

fn timed<T>(times: &mut Vec<f64>, action: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = action();
    times.push(start.elapsed().as_secs_f64() * 1e6);
    result
}

/// Blocking reads and writes on the master, and a comparison of the last bytes: nothing can be faster.
struct Raw {
    master: std::fs::File,
    pid: nix::unistd::Pid,
}

impl Raw {
    fn spawn(child: &Child) -> Raw {
        let size = nix::pty::Winsize {
            ws_row: 40,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let argv: Vec<std::ffi::CString> = child
            .argv
            .iter()
            .map(|a| std::ffi::CString::new(a.as_str()).expect("no NUL"))
            .collect();
        // SAFETY: the child calls nothing but exec.
        match unsafe { nix::pty::forkpty(&size, None) }.expect("forkpty") {
            nix::pty::ForkptyResult::Child => {
                let _ = nix::unistd::execvp(&argv[0], &argv);
                std::process::exit(127);
            }
            nix::pty::ForkptyResult::Parent { child: pid, master } => Raw {
                master: master.into(),
                pid,
            },
        }
    }

    fn until(&mut self, prompt: &str, buffer: &mut Vec<u8>) {
        let mut chunk = [0u8; 65536];
        loop {
            let n = self.master.read(&mut chunk).expect("read");
            buffer.extend_from_slice(&chunk[..n]);
            if buffer.ends_with(prompt.as_bytes()) {
                return;
            }
        }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = nix::sys::signal::kill(self.pid, nix::sys::signal::Signal::SIGKILL);
        let _ = nix::sys::wait::waitpid(self.pid, None);
    }
}

fn raw(child: &Child, work: &str) -> Vec<f64> {
    let mut times = Vec::new();
    if work == "spawns" {
        for _ in 0..100 {
            let raw = timed(&mut times, || {
                let mut raw = Raw::spawn(child);
                raw.until(child.prompt, &mut Vec::new());
                raw
            });
            drop(raw);
        }
        return times;
    }
    let mut raw = Raw::spawn(child);
    raw.until(child.prompt, &mut Vec::new());
    if work == "big" {
        let line = format!("{}\r", big_line(child.name));
        timed(&mut times, || {
            raw.master.write_all(line.as_bytes()).expect("write");
            let mut buffer = Vec::new();
            if child.name == "python" {
                // The block wants one more Enter at its continuation prompt.
                raw.until("... ", &mut buffer);
                raw.master.write_all(b"\r").expect("write");
            }
            raw.until(child.prompt, &mut buffer);
            assert!(buffer.len() > BIG_LINES * 80);
        });
        return times;
    }
    let line = format!("{}\r", child.line);
    for _ in 0..TURNS + WARM_UP {
        let mut buffer = Vec::new();
        timed(&mut times, || {
            raw.master.write_all(line.as_bytes()).expect("write");
            raw.until(child.prompt, &mut buffer);
        });
        assert!(String::from_utf8_lossy(&buffer).contains(child.answer));
    }
    times.split_off(WARM_UP)
}

fn with_expectrl(child: &Child, work: &str) -> Vec<f64> {
    use expectrl::Expect;
    let start = || {
        let mut command = Command::new(&child.argv[0]);
        command.args(&child.argv[1..]);
        let mut session = expectrl::Session::spawn(command).expect("spawn");
        session.set_expect_timeout(Some(Duration::from_secs(60)));
        session.expect(child.prompt).expect("first prompt");
        session
    };
    let mut times = Vec::new();
    if work == "spawns" {
        for _ in 0..100 {
            drop(timed(&mut times, start));
        }
        return times;
    }
    let mut session = start();
    for _ in 0..TURNS + WARM_UP {
        timed(&mut times, || {
            session.send(format!("{}\r", child.line)).expect("send");
            session.expect(child.prompt).expect("prompt");
        });
    }
    times.split_off(WARM_UP)
}

// ptych, through its public API on a runtime of one thread.

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime")
}

fn spec(child: &Child) -> std::sync::Arc<ptych::engine::protocol::Spec> {
    let spec = match child.name {
        "tiny" => {
            let source = format!(
                "name = \"tiny\"\ncommand = [{:?}]\nprompt = '^tiny> $'\nexit = {{ send = \"<ctrl-d>\" }}\n",
                child.argv[0]
            );
            ptych::engine::protocol::parse(&source).expect("valid")
        }
        name => ptych::engine::protocol::builtin::load(name).expect("shipped"),
    };
    std::sync::Arc::new(spec)
}

async fn session(
    child: &Child,
    spec: &std::sync::Arc<ptych::engine::protocol::Spec>,
) -> ptych::host::Session {
    let program = Some(child.argv[0].clone());
    let options = ptych::host::Options {
        program,
        ..Default::default()
    };
    let session = ptych::host::Session::start(std::sync::Arc::clone(spec), options).expect("start");
    session.wait_ready().await.expect("ready");
    session
}

fn ptych(child: &Child, work: &str) -> Vec<f64> {
    ptych::host::memory::return_freed_pages();
    runtime().block_on(async {
        let mut times = Vec::new();
        // A program reads a protocol once, as it compiles a regex once.
        let spec = spec(child);
        if work == "spawns" {
            for _ in 0..100 {
                let start = Instant::now();
                let session = session(child, &spec).await;
                times.push(start.elapsed().as_secs_f64() * 1e6);
                drop(session);
            }
            return times;
        }
        let session = session(child, &spec).await;
        if work == "big" {
            let start = Instant::now();
            let response = session.ask(big_line(child.name)).await.expect("asked");
            times.push(start.elapsed().as_secs_f64() * 1e6);
            assert!(
                response.truncated || response.text.len() == BIG_LINES * 80 - 1,
                "{}",
                response.text.len()
            );
            assert!(!response.truncated, "truncated");
            return times;
        }
        for _ in 0..TURNS + WARM_UP {
            let start = Instant::now();
            let response = session.ask(child.line).await.expect("asked");
            times.push(start.elapsed().as_secs_f64() * 1e6);
            assert_eq!(response.text, child.answer, "{response:#?}");
        }
        times.split_off(WARM_UP)
    })
}

fn fleet() -> Vec<f64> {
    const SESSIONS: usize = 100;
    const IDLE: Duration = Duration::from_secs(5);
    let cpu_ms = || {
        let usage =
            nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF).expect("getrusage");
        let ms = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 * 1e3 + t.tv_usec() as f64 / 1e3;
        ms(usage.user_time()) + ms(usage.system_time())
    };
    let rss_kb = || {
        let status = std::fs::read_to_string("/proc/self/status").expect("status");
        let line = status
            .lines()
            .find(|l| l.starts_with("VmRSS"))
            .expect("VmRSS")
            .to_owned();
        line.split_whitespace()
            .nth(1)
            .and_then(|n| n.parse::<f64>().ok())
            .expect("kB")
    };
    runtime().block_on(async {
        let child = children().into_iter().find(|c| c.name == "bash").expect("bash");
        let spec = spec(&child);
        let before_kb = rss_kb();
        let start = Instant::now();
        let mut sessions = Vec::new();
        for _ in 0..SESSIONS {
            let options = ptych::host::Options::default();
            sessions.push(ptych::host::Session::start(std::sync::Arc::clone(&spec), options).expect("start"));
        }
        for session in &sessions {
            session.wait_ready().await.expect("ready");
        }
        let start_ms = start.elapsed().as_secs_f64() * 1e3;
        let before = cpu_ms();
        tokio::time::sleep(IDLE).await;
        let idle_cpu_ms = cpu_ms() - before;
        let kb_each = (rss_kb() - before_kb) / SESSIONS as f64;
        let start = Instant::now();
        drop(sessions);
        let teardown_ms = start.elapsed().as_secs_f64() * 1e3;
        vec![
            start_ms,
            idle_cpu_ms,
            IDLE.as_secs_f64() * 1e3,
            kb_each,
            teardown_ms,
        ]
    })
}
