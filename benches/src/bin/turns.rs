//! Turns, one large response, spawns, teardown and idle sessions: ptych's framed turns beside a raw PTY loop (the limit) and its peers,
//! in one run. The peers' other sides (regexes, large answers, waiting) are in `expect`.
//!
//! Peers alternate with the raw loop; ratios are to the raw loop's medians of the same round.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use ptych_benches::child::{self, Child};
use ptych_benches::drivers::raw::Raw;
use ptych_benches::drivers::{self, Job, Program, WARM_UP, Work, expectrl, raw, run_blocking};
use ptych_benches::measure::{Measured, Running, cpu_s, median, peak_kb, resident_kb, timed, us_since};

const TURNS: usize = 2000;
const ROUNDS: usize = 3;
const BIG_LINES: usize = 625_000;
/// No driver here is slow.
const LIMIT: Duration = Duration::from_secs(600);

/// What a driver is called here, and how it is set.
const DRIVERS: [(&str, Program, &str); 5] = [
    ("raw", Program::Own("raw"), ""),
    ("ptych", Program::Own("ptych"), ""),
    ("expectrl", Program::Own("expectrl"), "exact"),
    ("pexpect", Program::Pexpect, "exact-maxread"),
    ("expect", Program::Tcl, "exact"),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [option, driver, rest @ ..] = &args[..]
        && option == "--driver"
    {
        let measured = run_driver(driver, &Job::from_args(rest));
        println!("{}", serde_json::to_string(&measured).expect("serialises"));
        return;
    }
    let only = args.first().map(String::as_str);
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
    for child in child::all() {
        let mut rows: BTreeMap<usize, Vec<[f64; 6]>> = BTreeMap::new();
        for _ in 0..ROUNDS {
            let mut raw = [f64::NAN; 4];
            for index in 0..DRIVERS.len() {
                let one = summary(&start(index, &child, Work::Turns, TURNS));
                if index == 0 {
                    raw = one;
                }
                let ratios = [one[0] / raw[0], one[1] / raw[1]];
                let row = [one[0], one[1], one[2], one[3], ratios[0], ratios[1]];
                rows.entry(index).or_default().push(row);
            }
        }
        for (index, (driver, ..)) in DRIVERS.iter().enumerate() {
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
    for child in child::all().into_iter().filter(|c| c.name != "tiny") {
        let mut raw_s = f64::NAN;
        for (index, (driver, ..)) in DRIVERS.iter().enumerate().take(2) {
            let run = |_| start(index, &child, Work::Big, BIG_LINES);
            let runs: Vec<Measured> = (0..ROUNDS).map(run).collect();
            let of_runs = |figure: fn(&Measured) -> f64| median(&runs.iter().map(figure).collect::<Vec<_>>());
            let seconds = of_runs(|m| m.times_us[0] / 1e6);
            if index == 0 {
                raw_s = seconds;
            }
            let peak_mb = of_runs(Measured::peak_mb);
            let response_mb = (BIG_LINES * 80) as f64 / 1048576.0;
            println!(
                "| {} | {driver} | {seconds:.2} (x{:.2}) | {:.2} | {peak_mb:.0} (x{:.2}) |",
                child.name,
                seconds / raw_s,
                of_runs(|m| m.cpu_s),
                peak_mb / response_mb
            );
        }
    }
    println!();
}

fn spawns_table() {
    println!("## 100 spawns to the first prompt, µs, one after another\n");
    println!("| child | driver | median | p99 | CPU µs a spawn |\n|---|---|---|---|---|");
    for child in child::all() {
        let mut raw = [f64::NAN; 4];
        for (index, (driver, ..)) in DRIVERS.iter().enumerate() {
            let one = summary(&start(index, &child, Work::Spawns, 100));
            if index == 0 {
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
    let job = job(1, &Child::named("bash"), Work::Silence, 0);
    let measured = Running::start(Program::Own("fleet").command(&job))
        .finish(LIMIT)
        .done();
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
    assert_eq!(measured.bad, 0, "answers that were not right");
    [
        measured.median(),
        measured.p99(),
        measured.cpu_us_each(),
        measured.peak_mb(),
    ]
}

fn median_of(rows: &[[f64; 6]]) -> [f64; 6] {
    std::array::from_fn(|column| median(&rows.iter().map(|row| row[column]).collect::<Vec<_>>()))
}

// One measurement in its own process.

fn job(driver: usize, child: &Child, work: Work, count: usize) -> Job {
    Job {
        work,
        child: child.clone(),
        mode: DRIVERS[driver].2.to_owned(),
        count,
        warm_up: WARM_UP,
    }
}

fn start(driver: usize, child: &Child, work: Work, count: usize) -> Measured {
    let command = DRIVERS[driver].1.command(&job(driver, child, work, count));
    Running::start(command).finish(LIMIT).done()
}

fn run_driver(driver: &str, job: &Job) -> Measured {
    let mut measured = match (driver, job.work) {
        ("raw", Work::Big) => raw_big(job),
        ("raw", _) => raw::run(job),
        ("expectrl", _) => run_blocking::<expectrl::Expectrl>(job),
        ("ptych", _) => ptych(job),
        ("fleet", _) => fleet(),
        (other, _) => panic!("unknown driver {other:?}"),
    };
    measured.peak_kb = peak_kb();
    measured
}

fn big_line(child: &str) -> String {
    match child {
        "python" => format!("for _ in range({BIG_LINES}): print('x'*79)"),
        _ => format!("yes {} | head -n {BIG_LINES}", "x".repeat(79)),
    }
}

fn raw_big(job: &Job) -> Measured {
    let child = &job.child;
    let mut raw = Raw::spawn(&child.argv);
    raw.until(child.prompt, &mut Vec::new());
    let line = format!("{}\r", big_line(child.name));
    let mut measured = Measured::default();
    let before = cpu_s();
    timed(&mut measured.times_us, || {
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
    measured.cpu_s = cpu_s() - before;
    measured
}

// ptych, through its public API on a runtime of one thread.

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

fn ptych(job: &Job) -> Measured {
    ptych::host::memory::return_freed_pages();
    drivers::runtime().block_on(async {
        let child = &job.child;
        let mut measured = Measured::default();
        // A program reads a protocol once, as it compiles a regex once.
        let spec = spec(child);
        let mut before = cpu_s();
        if job.work == Work::Spawns {
            for _ in 0..job.count {
                let start = Instant::now();
                let session = session(child, &spec).await;
                measured.times_us.push(us_since(start));
                drop(session);
            }
            measured.cpu_s = cpu_s() - before;
            return measured;
        }
        let session = session(child, &spec).await;
        if job.work == Work::Big {
            before = cpu_s();
            let start = Instant::now();
            let response = session.ask(big_line(child.name)).await.expect("asked");
            measured.times_us.push(us_since(start));
            measured.cpu_s = cpu_s() - before;
            assert!(!response.truncated, "truncated");
            assert_eq!(response.text.len(), BIG_LINES * 80 - 1);
            return measured;
        }
        for n in 0..job.warm_up + job.count {
            if n == job.warm_up {
                measured.times_us.clear();
                before = cpu_s();
            }
            let line = child.line(n);
            let start = Instant::now();
            let response = session.ask(line).await.expect("asked");
            measured.times_us.push(us_since(start));
            measured.bad += u64::from(response.text != child.answer(n));
        }
        measured.cpu_s = cpu_s() - before;
        measured
    })
}

fn fleet() -> Measured {
    const SESSIONS: usize = 100;
    const IDLE: Duration = Duration::from_secs(5);
    drivers::runtime().block_on(async {
        let spec = spec(&Child::named("bash"));
        let before_kb = resident_kb();
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
        let before = cpu_s();
        tokio::time::sleep(IDLE).await;
        let idle_cpu_ms = (cpu_s() - before) * 1e3;
        let kb_each = (resident_kb() - before_kb) / SESSIONS as f64;
        let start = Instant::now();
        drop(sessions);
        let teardown_ms = start.elapsed().as_secs_f64() * 1e3;
        let idle_ms = IDLE.as_secs_f64() * 1e3;
        Measured {
            times_us: vec![start_ms, idle_cpu_ms, idle_ms, kb_each, teardown_ms],
            ..Default::default()
        }
    })
}
