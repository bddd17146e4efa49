//! Dialogues: ptych beside a raw PTY loop (the limit), Tcl expect, pexpect, rexpect, expectrl and rust-expect, in one run.
//!
//! `expect [PART…] [--all] [--limit SECONDS] [--rounds N]`; the parts are `turns`, `spawns`, `silence`, `big`, `nomatch` and `many`.
//! Every driver is measured in turn with a raw loop; figures are those of its least disturbed round, and ratios are to the least disturbed
//! round of the raw loops beside it. Each answer is checked: `bad` counts those that were not right. A driver that is not done after the limit (60 s) is ended, and said to be late.

use std::time::Duration;

use ptych_benches::child::{self, Child};
use ptych_benches::drivers::{self, Job, Program, WARM_UP, Work};
use ptych_benches::measure::{Measured, Outcome, Running, median, quantile};

const TURNS: usize = 2000;
/// For drivers that sleep on each turn.
const FEW_TURNS: usize = 60;
const SPAWNS: usize = 100;
const SILENCE_S: usize = 5;
const MANY: usize = 10_000;
/// 80 bytes each, or 81 when the tty has made CR LF of their ends.
const LINES_10_MB: usize = 125_000;
const LINES_50_MB: usize = 625_000;
const LINES_100_MB: usize = 1_250_000;

struct Settings {
    parts: Vec<String>,
    /// Slow drivers too get the 50 MB.
    all: bool,
    limit: Duration,
    rounds: usize,
}

/// A driver and how it is set.
#[derive(Clone, Copy)]
struct Driver {
    name: &'static str,
    program: Program,
    mode: &'static str,
    /// It sleeps on each turn, or searches all it has again and again.
    slow: bool,
}

const fn quick(name: &'static str, program: Program, mode: &'static str) -> Driver {
    Driver {
        name,
        program,
        mode,
        slow: false,
    }
}

const fn slow(name: &'static str, program: Program, mode: &'static str) -> Driver {
    Driver {
        name,
        program,
        mode,
        slow: true,
    }
}

const RAW: Driver = quick("raw loop", Program::Own("raw"), "");
const SPINNING: Driver = quick("raw loop, spinning", Program::Own("raw"), "spin");
const PTYCH: Driver = quick("ptych", Program::Own("ptych"), "exact");
const BLOCKING: Driver = quick("ptych::blocking", Program::Own("ptych::blocking"), "exact");
const TCL: Driver = quick("Tcl expect", Program::Tcl, "exact");
const PEXPECT: Driver = quick("pexpect, delay=None, exact", Program::Pexpect, "exact");
const PEXPECT_DEFAULT: Driver = slow("pexpect, default (50 ms)", Program::Pexpect, "exact-default");
const EXPECTRL: Driver = quick("expectrl, string", Program::Own("expectrl"), "exact");
const REXPECT: Driver = slow("rexpect, string", Program::Own("rexpect"), "exact");
const RUST_EXPECT: Driver = quick("rust-expect, literal", Program::Own("rust-expect"), "exact");

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [option, driver, rest @ ..] = &args[..]
        && option == "--driver"
    {
        let measured = run_driver(driver, &Job::from_args(rest));
        println!("{}", serde_json::to_string(&measured).expect("serialises"));
        return;
    }
    let settings = settings(&args);
    let parts: [(&str, fn(&Settings)); 6] = [
        ("turns", turns_table),
        ("spawns", spawns_table),
        ("silence", silence_table),
        ("big", big_table),
        ("nomatch", no_match_table),
        ("many", many_table),
    ];
    for (name, table) in parts {
        if settings.parts.is_empty() || settings.parts.iter().any(|part| part == name) {
            table(&settings);
        }
    }
}

fn settings(args: &[String]) -> Settings {
    let mut settings = Settings {
        parts: Vec::new(),
        all: false,
        limit: Duration::from_secs(60),
        rounds: 5,
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|n| n.parse().ok()).expect("a number");
        match arg.as_str() {
            "--all" => settings.all = true,
            "--limit" => settings.limit = Duration::from_secs(number()),
            "--rounds" => settings.rounds = usize::try_from(number()).expect("a small number"),
            part => settings.parts.push(part.to_owned()),
        }
    }
    settings
}

fn run_driver(driver: &str, job: &Job) -> Measured {
    match driver {
        "raw" => drivers::raw::run(job),
        "ptych" => drivers::ptych::run(job),
        "ptych::blocking" => drivers::run_blocking::<drivers::ptych::Blocking>(job),
        "expectrl" => drivers::run_blocking::<drivers::expectrl::Expectrl>(job),
        "rexpect" => drivers::run_blocking::<drivers::rexpect::Rexpect>(job),
        "rust-expect" => drivers::run_async::<drivers::rust_expect::RustExpect>(job),
        other => panic!("unknown driver {other:?}"),
    }
}

// One measurement.

fn job(driver: Driver, child: &Child, work: Work, count: usize) -> Job {
    Job {
        work,
        child: child.clone(),
        mode: driver.mode.to_owned(),
        count,
        warm_up: if driver.slow { 2 } else { WARM_UP },
    }
}

fn start(driver: Driver, job: &Job) -> Running {
    Running::start(driver.program.command(job))
}

fn measure(driver: Driver, child: &Child, work: Work, count: usize, settings: &Settings) -> Outcome {
    start(driver, &job(driver, child, work, count)).finish(settings.limit)
}

/// A driver's rounds, each beside the raw loop of its round.
struct Rounds {
    pairs: Vec<(Measured, Measured)>,
}

impl Rounds {
    fn of(driver: Driver, child: &Child, work: Work, counts: [usize; 2], settings: &Settings) -> Rounds {
        let rounds = if driver.slow { 1 } else { settings.rounds };
        let pair = |_| {
            let raw = measure(RAW, child, work, counts[0], settings).done();
            (raw, measure(driver, child, work, counts[1], settings).done())
        };
        Rounds {
            pairs: (0..rounds).map(pair).collect(),
        }
    }

    /// The least disturbed round: other programs only ever make one slower.
    fn of_driver(&self, figure: impl Fn(&Measured) -> f64) -> f64 {
        figure(best(self.pairs.iter().map(|(_, own)| own)))
    }

    /// Of the least disturbed rounds of both.
    fn ratio(&self, figure: impl Fn(&Measured) -> f64) -> f64 {
        figure(best(self.pairs.iter().map(|(_, own)| own)))
            / figure(best(self.pairs.iter().map(|(raw, _)| raw)))
    }

    fn bad(&self) -> u64 {
        self.pairs.iter().map(|(raw, own)| raw.bad + own.bad).sum()
    }
}

fn best<'a>(rounds: impl Iterator<Item = &'a Measured>) -> &'a Measured {
    rounds
        .min_by(|one, other| one.median().total_cmp(&other.median()))
        .expect("a round at least")
}

// Tables.

fn turns_table(settings: &Settings) {
    let drivers = [
        RAW,
        SPINNING,
        PTYCH,
        quick("ptych, regex", Program::Own("ptych"), "regex"),
        BLOCKING,
        TCL,
        PEXPECT,
        quick("pexpect, delay=None, regex", Program::Pexpect, "regex"),
        RUST_EXPECT,
        EXPECTRL,
        quick("expectrl, regex", Program::Own("expectrl"), "regex"),
        PEXPECT_DEFAULT,
        REXPECT,
    ];
    let rounds = settings.rounds;
    println!("## {TURNS} turns ({FEW_TURNS} of those that sleep on each), the best of {rounds} rounds\n");
    println!("| child | driver | median µs (ratio) | p99 µs (ratio) | CPU µs a turn | peak MB | bad |");
    println!("|---|---|---|---|---|---|---|");
    for child in child::all() {
        for driver in drivers {
            let count = if driver.slow { FEW_TURNS } else { TURNS };
            let rounds = Rounds::of(driver, &child, Work::Turns, [TURNS, count], settings);
            println!(
                "| {} | {} | {:.0} (x{:.2}) | {:.0} (x{:.2}) | {:.0} | {:.1} | {} |",
                child.name,
                driver.name,
                rounds.of_driver(Measured::median),
                rounds.ratio(Measured::median),
                rounds.of_driver(Measured::p99),
                rounds.ratio(Measured::p99),
                rounds.of_driver(Measured::cpu_us_each),
                rounds.of_driver(Measured::peak_mb),
                rounds.bad(),
            );
        }
    }
    println!();
}

fn spawns_table(settings: &Settings) {
    println!("## {SPAWNS} spawns of `tiny` to its first prompt, one after another, and closing each\n");
    println!("| driver | spawn, median ms (ratio) | p99 ms | closing, median ms (p99) | CPU ms each |");
    println!("|---|---|---|---|---|");
    let child = Child::named("tiny");
    for driver in [RAW, PTYCH, BLOCKING, TCL, PEXPECT, RUST_EXPECT, EXPECTRL, REXPECT] {
        let count = if driver.slow { SPAWNS / 5 } else { SPAWNS };
        let rounds = Rounds::of(driver, &child, Work::Spawns, [SPAWNS, count], settings);
        println!(
            "| {} | {:.2} (x{:.2}) | {:.1} | {:.1} ({:.1}) | {:.1} |",
            driver.name,
            rounds.of_driver(Measured::median) / 1e3,
            rounds.ratio(Measured::median),
            rounds.of_driver(Measured::p99) / 1e3,
            rounds.of_driver(|m| median(&m.teardown_us)) / 1e3,
            rounds.of_driver(|m| quantile(&m.teardown_us, 99)) / 1e3,
            rounds.of_driver(Measured::cpu_us_each) / 1e3,
        );
    }
    println!();
}

fn silence_table(settings: &Settings) {
    println!("## {SILENCE_S} s of waiting for a program that says nothing\n");
    println!("| driver | CPU ms |\n|---|---|");
    let child = Child::named("tiny");
    let drivers = [RAW, PTYCH, BLOCKING, TCL, PEXPECT, RUST_EXPECT, REXPECT];
    let run = |driver| start(driver, &job(driver, &child, Work::Silence, SILENCE_S));
    // Those that sleep do not disturb one another; those that burn a core run by themselves.
    let running: Vec<Running> = drivers.into_iter().map(run).collect();
    let quiet: Vec<Outcome> = running.into_iter().map(|r| r.finish(settings.limit)).collect();
    let busy = [EXPECTRL].map(|driver| run(driver).finish(settings.limit));
    for (driver, outcome) in drivers
        .into_iter()
        .chain([EXPECTRL])
        .zip(quiet.into_iter().chain(busy))
    {
        println!("| {} | {:.2} |", driver.name, outcome.done().cpu_s * 1e3);
    }
    println!();
}

fn big_table(settings: &Settings) {
    let drivers = [
        RAW,
        quick("ptych literal", Program::Own("ptych"), "exact"),
        quick("ptych regex", Program::Own("ptych"), "regex"),
        quick("ptych literal, raw bytes", Program::Own("ptych"), "exact-raw"),
        quick(
            "ptych::blocking literal",
            Program::Own("ptych::blocking"),
            "exact",
        ),
        quick("pexpect exact, maxread=65536", Program::Pexpect, "exact-maxread"),
        quick(
            "pexpect regex, window 200, maxread=65536",
            Program::Pexpect,
            "regex-maxread-window",
        ),
        quick("pexpect exact", Program::Pexpect, "exact"),
        slow("pexpect regex", Program::Pexpect, "regex"),
        quick("Tcl default (match_max 2000)", Program::Tcl, "exact"),
        quick("Tcl full_buffer, exp_continue", Program::Tcl, "full"),
        slow("Tcl match_max 60,000,000", Program::Tcl, "max"),
        quick("rexpect string", Program::Own("rexpect"), "exact"),
        quick("rexpect regex", Program::Own("rexpect"), "regex"),
        quick("expectrl regex", Program::Own("expectrl"), "regex"),
        slow("expectrl string", Program::Own("expectrl"), "exact"),
        quick(
            "rust-expect literal, window 200",
            Program::Own("rust-expect"),
            "exact-window",
        ),
        slow("rust-expect literal", Program::Own("rust-expect"), "exact"),
        slow("rust-expect regex", Program::Own("rust-expect"), "regex"),
    ];
    println!("## One answer of many lines of 80 bytes, until the prompt\n");
    println!("| driver | MB | seconds (ratio) | CPU s | peak MB | bytes returned | whole? |");
    println!("|---|---|---|---|---|---|---|");
    let child = Child::named("tiny");
    for driver in drivers {
        let sizes: &[usize] = match (driver.slow, settings.all) {
            (false, _) => &[LINES_50_MB],
            (true, false) => &[LINES_10_MB],
            (true, true) => &[LINES_10_MB, LINES_50_MB],
        };
        for lines in sizes.iter().copied() {
            big_row(driver, &child, lines, settings);
        }
    }
    println!();
}

fn big_row(driver: Driver, child: &Child, lines: usize, settings: &Settings) {
    let mb = lines * 80 / 1_000_000;
    let rounds = if driver.slow { 1 } else { settings.rounds };
    let mut pairs = Vec::new();
    for _ in 0..rounds {
        let raw = measure(RAW, child, Work::Big, lines, settings).done();
        match measure(driver, child, Work::Big, lines, settings) {
            Outcome::Done(own) => pairs.push((raw, own)),
            Outcome::Late { cpu_s, peak_kb } => {
                let (limit, peak) = (settings.limit.as_secs(), peak_kb as f64 / 1024.0);
                let ratio = settings.limit.as_secs_f64() * 1e6 / raw.median();
                println!(
                    "| {} | {mb} | > {limit} (> x{ratio:.0}) | {cpu_s:.1} | {peak:.0} | – | late |",
                    driver.name
                );
                return;
            }
        }
    }
    let rounds = Rounds { pairs };
    println!(
        "| {} | {mb} | {:.2} (x{:.2}) | {:.2} | {:.0} | {:.0} | {} |",
        driver.name,
        rounds.of_driver(Measured::median) / 1e6,
        rounds.ratio(Measured::median),
        rounds.of_driver(|m| m.cpu_s),
        rounds.of_driver(Measured::peak_mb),
        rounds.of_driver(|m| m.bytes as f64),
        if rounds.bad() == 0 { "yes" } else { "**no**" },
    );
}

fn no_match_table(settings: &Settings) {
    println!("## 100 MB without a match, until the program ends\n");
    println!("| driver | seconds (ratio) | CPU s | peak MB | kept MB | right? |\n|---|---|---|---|---|---|");
    let child = Child::named("tiny");
    let drivers = [
        RAW,
        quick("ptych literal", Program::Own("ptych"), "exact"),
        quick("ptych regex", Program::Own("ptych"), "regex"),
        quick("ptych glob", Program::Own("ptych"), "glob"),
        quick("ptych literal, raw bytes", Program::Own("ptych"), "exact-raw"),
        quick("ptych literal, keeps 1 MiB", Program::Own("ptych"), "exact-few"),
    ];
    for driver in drivers {
        let rounds = Rounds::of(driver, &child, Work::NoMatch, [LINES_100_MB; 2], settings);
        println!(
            "| {} | {:.2} (x{:.2}) | {:.2} | {:.0} | {:.0} | {} |",
            driver.name,
            rounds.of_driver(Measured::median) / 1e6,
            rounds.ratio(Measured::median),
            rounds.of_driver(|m| m.cpu_s),
            rounds.of_driver(Measured::peak_mb),
            rounds.of_driver(|m| m.bytes as f64 / 1048576.0),
            if rounds.bad() == 0 { "yes" } else { "**no**" },
        );
    }
    println!();
}

fn many_table(settings: &Settings) {
    println!("## {MANY} expects in a row in one session of `tiny`\n");
    println!("| driver | median µs | memory grown after the first 1000, kB | bad |\n|---|---|---|---|");
    let child = Child::named("tiny");
    for driver in [RAW, PTYCH, BLOCKING] {
        let job = Job {
            warm_up: 1000,
            ..job(driver, &child, Work::Turns, MANY)
        };
        let measured = start(driver, &job).finish(settings.limit).done();
        println!(
            "| {} | {:.0} | {:.0} | {} |",
            driver.name,
            measured.median(),
            measured.growth_kb,
            measured.bad
        );
    }
    let measured = start(PTYCH, &job(PTYCH, &child, Work::Lines, MANY))
        .finish(settings.limit)
        .done();
    println!(
        "\n{MANY} lines that came at once, each expected by a regex: {:.1} µs of CPU each, {} not right\n",
        measured.cpu_us_each(),
        measured.bad
    );
}
