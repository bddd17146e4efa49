//! Clusters: starting, memory, turns, crashes, spares, batches, 200 instances, and the ways it is done without one.
//!
//! Every part runs in its own process (this program, started again with `--part`), so that memory and CPU time are its own. Name parts as
//! arguments to run only those.

#[path = "../plain.rs"]
mod plain;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ptych::engine::cluster::EventKind;
use ptych::engine::protocol::Spec;
use ptych::engine::supervise::{self, Intensity};
use ptych::host::cluster::{Cluster, ClusterEvent, ClusterOptions, MapOptions};
use ptych::host::{Options, Session};

const PYTHON: &str = "/usr/bin/python3.11";
const INSTANCES: u32 = 5;
const ROUNDS: usize = 5;

const PARTS: &[(&str, fn())] = &[
    ("start", start),
    ("memory-bash", memory_of_bash),
    ("memory-python", memory_of_python),
    ("turns", turns),
    ("sleep", sleep),
    ("crash", crash),
    ("spare", spare),
    ("batch", batch),
    ("fleet", fleet),
    ("processes", processes),
    ("pexpect", pexpect),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, part] = args.as_slice()
        && flag == "--part"
    {
        let (_, run) = PARTS.iter().find(|(name, _)| name == part).expect("a known part");
        return run();
    }
    for (name, _) in PARTS {
        if args.is_empty() || args.iter().any(|arg| name.starts_with(arg.as_str())) {
            let own = std::env::current_exe().expect("own path");
            let status = Command::new(own).args(["--part", name]).status();
            assert!(status.expect("a part").success(), "{name} failed");
        }
    }
}

// Parts.

/// All instances at their prompt, beside one that is started alone, and beside the same programs without ptych.
fn start() {
    println!("## {INSTANCES} instances ready, ms, median of {ROUNDS} rounds\n");
    println!(
        "| tool | one, alone | slowest of {INSTANCES} | all {INSTANCES} | to the one alone | to the slowest | plain: one, alone | all {INSTANCES} | to the one alone | CPU of {INSTANCES} | ptych to plain |\n|---|---|---|---|---|---|---|---|---|---|---|"
    );
    for tool in [Tool::bash(), Tool::python(), Tool::slow()] {
        let mut rows = Vec::new();
        let mut plain_rows = Vec::new();
        for _ in 0..ROUNDS {
            run(async {
                let alone = ready_alone(&tool).await;
                let begun = Instant::now();
                let cluster = tool.launch(ClusterOptions::new(INSTANCES));
                let (_, mut events) = cluster.events().await.expect("alive");
                let mut slowest: f64 = 0.0;
                for _ in 0..INSTANCES {
                    let after = life(&mut events, |kind| match kind {
                        supervise::EventKind::Ready { after } => Some(*after),
                        _ => None,
                    });
                    slowest = slowest.max(after.await.1.as_secs_f64() * 1e3);
                }
                cluster.wait_ready().await.expect("ready");
                let all = ms(begun);
                rows.push([alone, slowest, all, all / alone, all / slowest]);
                plain_rows.extend(plain_starts(&tool, &cluster, all).await);
                end(cluster).await;
            });
        }
        let [alone, slowest, all, to_alone, to_slowest] = medians(&rows);
        print!(
            "| {} | {alone:.0} | {slowest:.0} | {all:.0} | x{to_alone:.2} | x{to_slowest:.2} |",
            tool.name
        );
        if plain_rows.is_empty() {
            println!(" | | | | |");
        } else {
            let [alone, all, to_alone, cpu, to_plain] = medians(&plain_rows);
            println!(" {alone:.0} | {all:.0} | x{to_alone:.2} | {cpu:.0} | x{to_plain:.2} |");
        }
    }
    println!();
}

/// The same commands without ptych, for tools whose running command is the one that starts them.
async fn plain_starts(tool: &Tool, cluster: &Cluster, ours: f64) -> Option<[f64; 5]> {
    if tool.name == "slow to start" {
        return None;
    }
    let status = cluster.status().await.expect("alive");
    let pid = status.processes[0].as_ref().expect("it runs").pid;
    // Its start-up files live as long as it does, and both mark their prompts.
    let plain = plain::Start::of(pid, "\u{1b}]133;A");
    let alone = plain.run(1).ms[0];
    let five = plain.run(INSTANCES);
    let all = five.ms.last().copied().expect("started");
    Some([alone, all, all / alone, five.cpu_ms, ours / all])
}

fn memory_of_bash() {
    println!("## Memory of the supervising process with {INSTANCES} instances, MB\n");
    println!("| tool | before | all ready | after 1,000 turns | more than before |\n|---|---|---|---|---|");
    memory(&Tool::bash());
}

fn memory_of_python() {
    memory(&Tool::python());
    println!();
}

fn memory(tool: &Tool) {
    run(async {
        let before = rss_kb();
        let cluster = tool.launch(ClusterOptions::new(INSTANCES));
        cluster.wait_ready().await.expect("ready");
        let ready = rss_kb();
        rate(&cluster, 1000, |n| (tool.prompt)(n)).await;
        let after = rss_kb();
        end(cluster).await;
        let mb = |kb: f64| kb / 1024.0;
        println!(
            "| {} | {:.1} | {:.1} | {:.1} | {:.1} |",
            tool.name,
            mb(before),
            mb(ready),
            mb(after),
            mb(after - before)
        );
    });
}

fn turns() {
    const TURNS: usize = 5000;
    println!("## {TURNS} turns over {INSTANCES} instances, median of {ROUNDS} rounds\n");
    println!(
        "| tool | turns a minute, 1 instance | turns a minute, {INSTANCES} | CPU µs a turn here |\n|---|---|---|---|"
    );
    for tool in [Tool::bash(), Tool::python()] {
        let mut rows = Vec::new();
        for _ in 0..ROUNDS {
            run(async {
                let mut row = [0.0; 3];
                for (at, count) in [(0, 1), (1, INSTANCES)] {
                    let cluster = tool.launch(ClusterOptions::new(count));
                    cluster.wait_ready().await.expect("ready");
                    let cpu = cpu_ms();
                    row[at] = rate(&cluster, TURNS, |n| (tool.prompt)(n)).await * 60.0;
                    row[2] = (cpu_ms() - cpu) * 1e3 / TURNS as f64;
                    end(cluster).await;
                }
                rows.push(row);
            });
        }
        let [one, all, cpu] = medians(&rows);
        println!("| {} | {one:.0} | {all:.0} | {cpu:.0} |", tool.name);
    }
    println!();
}

/// What the tool does takes its time: the cluster must not.
fn sleep() {
    println!("## Turns of 50 ms: {INSTANCES} instances beside {INSTANCES} times one\n");
    println!(
        "| tool | turns a second, 1 instance | turns a second, {INSTANCES} | of {INSTANCES} times one |\n|---|---|---|---|"
    );
    for tool in [Tool::bash(), Tool::python()] {
        run(async {
            let prompt = match tool.name {
                "python" => "import time; time.sleep(0.05)",
                _ => "sleep 0.05",
            };
            let mut rates = [0.0; 2];
            for (at, count) in [(0, 1), (1, INSTANCES)] {
                let cluster = tool.launch(ClusterOptions::new(count));
                cluster.wait_ready().await.expect("ready");
                rates[at] = rate(&cluster, 100 * count as usize, |_| prompt.to_owned()).await;
                end(cluster).await;
            }
            let [one, all] = rates;
            let part = all / (one * f64::from(INSTANCES));
            println!("| {} | {one:.1} | {all:.1} | {:.0} % |", tool.name, part * 100.0);
        });
    }
    println!();
}

fn crash() {
    const CRASHES: usize = 20;
    println!("## A crash of an instance that was well, ms, median (most) of {CRASHES}\n");
    println!("| tool | to the next process | to ready | the tool's own start, alone |\n|---|---|---|---|");
    for tool in [Tool::bash(), Tool::python()] {
        run(async {
            let mut rows = Vec::new();
            let intensity = Intensity {
                most: 1000,
                ..Intensity::default()
            };
            let options = ClusterOptions {
                intensity,
                ..ClusterOptions::new(INSTANCES)
            };
            let cluster = tool.launch(options);
            cluster.wait_ready().await.expect("ready");
            let (_, mut events) = cluster.events().await.expect("alive");
            for crash in 0..CRASHES {
                let alone = ready_alone(&tool).await;
                // What dies within its first second is started again later.
                if (crash as u32).is_multiple_of(INSTANCES) {
                    tokio::time::sleep(Duration::from_millis(1100)).await;
                }
                let pid = cluster.status().await.expect("alive").processes[crash % INSTANCES as usize]
                    .as_ref()
                    .expect("it runs")
                    .pid;
                let begun = Instant::now();
                let pid = nix::unistd::Pid::from_raw(pid.cast_signed());
                nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("killed");
                let started =
                    |kind: &supervise::EventKind| matches!(kind, supervise::EventKind::Started).then_some(());
                life(&mut events, started).await;
                let respawn = ms(begun);
                let ready = |kind: &supervise::EventKind| {
                    matches!(kind, supervise::EventKind::Ready { .. }).then_some(())
                };
                life(&mut events, ready).await;
                rows.push([respawn, ms(begun), alone]);
            }
            end(cluster).await;
            let most = |column: usize| rows.iter().map(|row| row[column]).fold(0.0, f64::max);
            let [respawn, ready, alone] = medians(&rows);
            println!(
                "| {} | {respawn:.1} ({:.1}) | {ready:.1} ({:.1}) | {alone:.1} ({:.1}) |",
                tool.name,
                most(0),
                most(1),
                most(2)
            );
        });
    }
    println!();
}

/// A tool that takes its time to start, and the prompt after its crash.
fn spare() {
    println!(
        "## The prompt after a crash, of a tool that takes half a second to start, ms, median of {ROUNDS}\n"
    );
    println!("| instances | spares | ms |\n|---|---|---|");
    for spares in [0, 1] {
        run(async {
            let tool = Tool::slow();
            let cluster = tool.launch(ClusterOptions {
                spares,
                ..ClusterOptions::new(1)
            });
            let mut rows = Vec::new();
            for _ in 0..ROUNDS {
                cluster.wait_ready().await.expect("ready");
                tokio::time::sleep(Duration::from_millis(1100)).await;
                cluster.ask("kill -9 $$").await.expect("accepted");
                let begun = Instant::now();
                let answer = cluster.ask("echo here").await.expect("accepted");
                assert_eq!(answer.response.text, "here");
                rows.push([ms(begun)]);
            }
            end(cluster).await;
            let [median] = medians(&rows);
            println!("| 1 | {spares} | {median:.1} |");
        });
    }
    println!();
}

fn batch() {
    println!("## 100 prompts of half a second\n");
    println!("| tool | 1 instance, s | {INSTANCES} instances, s | faster |\n|---|---|---|---|");
    run(async {
        let tool = Tool::bash();
        let mut seconds = [0.0; 2];
        for (at, count) in [(0, 1), (1, INSTANCES)] {
            // Its start counts.
            let begun = Instant::now();
            let cluster = tool.launch(ClusterOptions::new(count));
            rate(&cluster, 100, |_| "sleep 0.5".to_owned()).await;
            seconds[at] = begun.elapsed().as_secs_f64();
            end(cluster).await;
        }
        let [one, all] = seconds;
        println!("| {} | {one:.2} | {all:.2} | x{:.2} |", tool.name, one / all);
    });
    println!();
}

fn fleet() {
    const COUNT: u32 = 200;
    const IDLE: Duration = Duration::from_secs(10);
    println!("## {COUNT} instances of bash\n");
    run(async {
        let tool = Tool::bash();
        let before_kb = rss_kb();
        let begun = Instant::now();
        let cluster = tool.launch(ClusterOptions {
            max_queue: 10_000,
            ..ClusterOptions::new(COUNT)
        });
        cluster.wait_ready().await.expect("ready");
        let ready_s = begun.elapsed().as_secs_f64();
        let ready_kb = rss_kb();
        let begun = Instant::now();
        let mut tickets = Vec::new();
        for turn in 0..10 {
            for instance in 0..COUNT {
                let prompt = format!("echo {instance} {turn}");
                tickets.push((
                    instance,
                    turn,
                    cluster.send_to(instance, prompt).await.expect("accepted"),
                ));
            }
        }
        for (instance, turn, ticket) in tickets {
            let answer = ticket.answer().await.expect("alive");
            assert_eq!(answer.response.text, format!("{instance} {turn}"));
        }
        let turns_s = begun.elapsed().as_secs_f64();
        let after_kb = rss_kb();
        let cpu = cpu_ms();
        tokio::time::sleep(IDLE).await;
        let idle = cpu_ms() - cpu;
        let begun = Instant::now();
        end(cluster).await;
        let end_s = begun.elapsed().as_secs_f64();
        let each = |kb: f64| (kb - before_kb) / f64::from(COUNT);
        println!("all ready after {ready_s:.2} s; 10 turns of each in {turns_s:.2} s, all right;");
        println!(
            "idle for {} s they used {idle:.1} ms of CPU here;",
            IDLE.as_secs()
        );
        println!(
            "{:.0} kB each when ready, {:.0} kB after the turns; shut down in {end_s:.2} s\n",
            each(ready_kb),
            each(after_kb)
        );
    });
}

/// The way without a session: a process a prompt.
fn processes() {
    println!(
        "## Python prompts: {INSTANCES} instances beside a process a prompt, s, median of {ROUNDS} rounds\n"
    );
    println!(
        "| prompts | `xargs -P{INSTANCES}` | ptych, start and end counted | faster | ptych, ready | faster |\n|---|---|---|---|---|---|"
    );
    for count in [100, 1000] {
        let mut rows = Vec::new();
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            one_shot(count);
            let shots = begun.elapsed().as_secs_f64();
            run(async {
                let tool = Tool::python();
                let begun = Instant::now();
                let cluster = tool.launch(ClusterOptions::new(INSTANCES));
                rate(&cluster, count, |n| (tool.prompt)(n)).await;
                let first = begun.elapsed().as_secs_f64();
                cluster.wait_ready().await.expect("ready");
                let begun = Instant::now();
                rate(&cluster, count, |n| (tool.prompt)(n)).await;
                let second = begun.elapsed().as_secs_f64();
                let begun = Instant::now();
                end(cluster).await;
                let all = first + begun.elapsed().as_secs_f64();
                rows.push([shots, all, shots / all, second, shots / second]);
            });
        }
        let [shots, all, faster, second, faster_then] = medians(&rows);
        println!("| {count} | {shots:.3} | {all:.3} | x{faster:.1} | {second:.3} | x{faster_then:.1} |");
    }
    println!();
}

fn one_shot(count: usize) {
    let mut xargs = Command::new("xargs")
        .args(["-P", &INSTANCES.to_string(), "-d", "\\n", "-n", "1", PYTHON, "-c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("xargs");
    let prompts: String = (0..count).map(|n| format!("print({n} * 2)\n")).collect();
    xargs
        .stdin
        .take()
        .expect("a pipe")
        .write_all(prompts.as_bytes())
        .expect("written");
    let output = xargs.wait_with_output().expect("xargs");
    assert_eq!(output.stdout.split(|byte| *byte == b'\n').count(), count + 1);
}

fn pexpect() {
    const TURNS: usize = 5000;
    /// With its default, a pause before each line.
    const FEW: usize = 500;
    println!(
        "## {TURNS} turns over {INSTANCES} instances beside a pool of {INSTANCES} threads with pexpect, a second, median of {ROUNDS} rounds\n"
    );
    println!(
        "| tool | pexpect as it comes | pexpect without its pause | ptych | to the first | to the second | CPU µs a turn, pexpect | ptych |\n|---|---|---|---|---|---|---|---|"
    );
    for tool in [Tool::tiny(), Tool::bash(), Tool::python()] {
        let (few, _) = pexpect_pool(&tool, FEW, "0.05");
        let slow = FEW as f64 / few;
        let mut rows = Vec::new();
        for _ in 0..ROUNDS {
            let (seconds, their_cpu) = pexpect_pool(&tool, TURNS, "none");
            let theirs = TURNS as f64 / seconds;
            run(async {
                let cluster = tool.launch(ClusterOptions::new(INSTANCES));
                cluster.wait_ready().await.expect("ready");
                let cpu = cpu_ms();
                let ours = rate(&cluster, TURNS, |n| (tool.prompt)(n)).await;
                let our_cpu = (cpu_ms() - cpu) * 1e3 / TURNS as f64;
                end(cluster).await;
                let their_cpu = their_cpu * 1e6 / TURNS as f64;
                rows.push([theirs, ours, ours / slow, ours / theirs, their_cpu, our_cpu]);
            });
        }
        let [theirs, ours, to_slow, to_fast, their_cpu, our_cpu] = medians(&rows);
        println!(
            "| {} | {slow:.0} | {theirs:.0} | {ours:.0} | x{to_slow:.1} | x{to_fast:.2} | {their_cpu:.0} | {our_cpu:.0} |",
            tool.name
        );
    }
    println!();
}

/// Seconds of the turns, and CPU seconds of pexpect itself for them.
fn pexpect_pool(tool: &Tool, turns: usize, pause: &str) -> (f64, f64) {
    let installed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../target/test-tools/pexpect/bin/python"
    );
    let python = std::env::var("PTYCH_PEXPECT_PYTHON").unwrap_or_else(|_| installed.to_owned());
    let tiny = tiny();
    let (prompt, argv): (&str, &[&str]) = match tool.name {
        "python" => (">>> ", &[PYTHON, "-q"]),
        "tiny" => ("tiny> ", &[&tiny]),
        _ => ("PROMPT> ", &["bash", "--norc", "--noprofile"]),
    };
    let mut peer = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/peers/pexpect_pool.py"))
        .args([&INSTANCES.to_string(), pause, prompt])
        .args(argv)
        .env("PS1", "PROMPT> ")
        .env("TERM", "xterm-256color")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("pexpect: tests/setup --bench installs it");
    let prompts: String = (0..turns).map(|n| (tool.prompt)(n) + "\n").collect();
    peer.stdin
        .take()
        .expect("a pipe")
        .write_all(prompts.as_bytes())
        .expect("written");
    let output = peer.wait_with_output().expect("pexpect");
    serde_json::from_slice(&output.stdout).expect("two figures")
}

// Tools and clusters.

struct Tool {
    name: &'static str,
    spec: Arc<Spec>,
    program: Option<&'static str>,
    prompt: fn(usize) -> String,
}

impl Tool {
    fn bash() -> Tool {
        Tool {
            name: "bash",
            spec: Arc::new(ptych::engine::protocol::builtin::load("bash").expect("shipped")),
            program: None,
            prompt: |n| format!("echo {n}"),
        }
    }

    fn python() -> Tool {
        Tool {
            name: "python",
            spec: Arc::new(ptych::engine::protocol::builtin::load("python").expect("shipped")),
            program: Some(PYTHON),
            prompt: |n| format!("print({n} * 2)"),
        }
    }

    /// The smallest tool, so that what is measured is who drives it.
    fn tiny() -> Tool {
        let source = format!(
            "name = \"tiny\"\ncommand = [{:?}]\nprompt = '^tiny> $'\nexit = {{ send = \"<ctrl-d>\" }}\n",
            tiny()
        );
        Tool {
            name: "tiny",
            spec: Arc::new(ptych::engine::protocol::parse(&source).expect("valid")),
            program: None,
            prompt: |n| format!("hello {n}"),
        }
    }

    /// Half a second to start, and not by computing.
    fn slow() -> Tool {
        let source = "name = \"slow\"\ncommand = [\"dash\", \"-c\", \"sleep 0.5; exec dash\"]\n\
            exit = \"exit\"\n[spawn.env]\nPS1 = \"slow> \"\n\
            [[state]]\nname = \"ready\"\nkind = \"ready\"\ncursor_line = '^slow> $'\n";
        Tool {
            name: "slow to start",
            spec: Arc::new(ptych::engine::protocol::parse(source).expect("valid")),
            program: None,
            prompt: |n| format!("echo {n}"),
        }
    }

    fn session(&self) -> Options {
        Options {
            program: self.program.map(str::to_owned),
            ..Options::default()
        }
    }

    fn launch(&self, options: ClusterOptions) -> Cluster {
        let session = self.session();
        Cluster::launch(Arc::clone(&self.spec), ClusterOptions { session, ..options }).expect("it starts")
    }
}

fn tiny() -> String {
    let own = std::env::current_exe().expect("own path");
    own.with_file_name("tiny").display().to_string()
}

fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("runtime").block_on(future)
}

async fn end(cluster: Cluster) {
    let report = cluster.shutdown(Duration::from_secs(10)).await;
    assert!(report.is_clean(), "{report:?}");
}

/// Milliseconds from nothing to the prompt.
async fn ready_alone(tool: &Tool) -> f64 {
    let begun = Instant::now();
    let session = Session::start(Arc::clone(&tool.spec), tool.session()).expect("it starts");
    session.wait_ready().await.expect("ready");
    let took = ms(begun);
    session.stop(ptych::host::StopOptions::NOW).await;
    took
}

/// Turns a second; every prompt has its own answer.
async fn rate(cluster: &Cluster, turns: usize, prompt: impl Fn(usize) -> String) -> f64 {
    let prompts: Vec<String> = (0..turns).map(prompt).collect();
    let begun = Instant::now();
    let mut batch = cluster.map(prompts, MapOptions::default());
    let mut by_instance: BTreeMap<u32, usize> = BTreeMap::new();
    while let Some((index, answer)) = batch.next().await {
        let answer = answer.expect("accepted");
        assert!(answer.is_good(), "{index}: {answer:#?}");
        *by_instance.entry(answer.instance.expect("typed").0).or_default() += 1;
    }
    assert_eq!(by_instance.values().sum::<usize>(), turns, "{by_instance:?}");
    turns as f64 / begun.elapsed().as_secs_f64()
}

/// The next step in an instance's life that is wanted.
async fn life<T>(
    events: &mut ClusterEventsTail,
    wanted: impl Fn(&supervise::EventKind) -> Option<T>,
) -> (u32, T) {
    loop {
        let event = events.recv().await.expect("events");
        if let ClusterEvent::Cluster(event) = &*event
            && let EventKind::Instance { instance, kind, .. } = &event.kind
            && let Some(found) = wanted(kind)
        {
            return (instance.0, found);
        }
    }
}

type ClusterEventsTail = tokio::sync::broadcast::Receiver<Arc<ClusterEvent>>;

// Figures.

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn medians<const N: usize>(rows: &[[f64; N]]) -> [f64; N] {
    std::array::from_fn(|column| {
        let mut values: Vec<f64> = rows.iter().map(|row| row[column]).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    })
}

fn cpu_ms() -> f64 {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF).expect("getrusage");
    let ms = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 * 1e3 + t.tv_usec() as f64 / 1e3;
    ms(usage.user_time()) + ms(usage.system_time())
}

fn rss_kb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("status");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .expect("VmRSS");
    line.split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("kB")
}
