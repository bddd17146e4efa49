//! `ptych pool bench`: what many instances do on this machine.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::engine::protocol::{self, Spec};
use crate::engine::route::Routing;
use crate::front::cli::args;
use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;
use crate::front::cli::{conversation, output, resolve};
use crate::host::Options;
use crate::host::cluster::{Cluster, ClusterNotReady, ClusterOptions, MapOptions};

/// A shell that every system has, so that ptych is measured and not a tool.
const SHELL: &str = include_str!("../pool/bench.toml");
const PROMPT: &str = ":";
const SLOW_PROMPT: &str = "sleep 0.05";
/// How long the tool may take to be ended.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// What is measured.
struct Bench {
    spec: Arc<Spec>,
    session: Options,
    prompt: String,
    slow_prompt: Option<String>,
    /// One measurement.
    each: Duration,
}

#[derive(Serialize)]
struct Report {
    tool: String,
    cpus: usize,
    runs: Vec<Measured>,
}

/// One number of instances.
#[derive(Serialize)]
struct Measured {
    instances: u32,
    /// From the launch until all are ready.
    ready_ms: f64,
    turns_per_second: f64,
    /// With the slow prompt.
    slow_turns_per_second: Option<f64>,
    /// Of the slow turns, against as many times the first run's rate an instance.
    slow_share_of_ideal: Option<f64>,
    /// Resident memory of an instance, all its processes together; pages that processes share count for each.
    instance_bytes: Option<u64>,
    /// Resident memory of ptych itself.
    supervisor_bytes: Option<u64>,
}

pub fn run(args: &args::PoolBench) -> anyhow::Result<Exit> {
    let bench = meaning(args)?;
    let mut report = Report {
        tool: bench.spec.name.clone(),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        runs: Vec::new(),
    };
    let runtime = conversation::runtime()?;
    for &count in &args.instances {
        if io::stderr().is_terminal() {
            output::note(&format!("measuring {count} instances…"));
        }
        let first = report.runs.first().and_then(Measured::slow_rate_of_one);
        let mut measured = runtime.block_on(bench.measure(count))?;
        measured.slow_share_of_ideal = measured
            .slow_rate_of_one()
            .map(|rate| rate / first.unwrap_or(rate));
        report.runs.push(measured);
    }
    match args.json {
        true => output::json_document(&report)?,
        false => output::text(&report.table())?,
    }
    Ok(Exit::Done)
}

fn meaning(args: &args::PoolBench) -> anyhow::Result<Bench> {
    let (spec, session, slow) = match &args.target {
        Some(target) => {
            let launch = resolve::tool(target, &args.setup)?;
            (launch.spec, launch.options, None)
        }
        None => {
            let spec = protocol::parse(SHELL).map_err(|problems| anyhow::anyhow!("{problems}"))?;
            (Arc::new(spec), Options::default(), Some(SLOW_PROMPT.to_owned()))
        }
    };
    let slow_prompt = args.slow_prompt.clone().or(slow);
    let phases = if slow_prompt.is_some() { 2 } else { 1 };
    let parts = u32::try_from(args.instances.len() * phases).unwrap_or(u32::MAX);
    Ok(Bench {
        spec,
        session,
        prompt: args.prompt.clone().unwrap_or_else(|| PROMPT.to_owned()),
        slow_prompt,
        each: args.time / parts.max(1),
    })
}

impl Bench {
    async fn measure(&self, count: u32) -> anyhow::Result<Measured> {
        let options = ClusterOptions {
            routing: Routing::LeastBusy,
            session: self.session.clone(),
            ..ClusterOptions::new(count)
        };
        let began = Instant::now();
        let cluster = Cluster::launch(Arc::clone(&self.spec), options).map_err(Failure::from)?;
        let measured = self.measure_cluster(&cluster, count, began).await;
        cluster.shutdown(LEAVE_WITHIN).await;
        measured
    }

    async fn measure_cluster(
        &self,
        cluster: &Cluster,
        count: u32,
        began: Instant,
    ) -> anyhow::Result<Measured> {
        cluster.wait_ready().await.map_err(not_ready)?;
        let ready = began.elapsed();
        let turns_per_second = self.rate(cluster, count, &self.prompt).await?;
        let slow_turns_per_second = match &self.slow_prompt {
            Some(prompt) => Some(self.rate(cluster, count, prompt).await?),
            None => None,
        };
        let status = cluster.status().await?;
        let used: Vec<u64> = status
            .instances()
            .filter_map(|(_, process)| Some(process?.usage?.rss_bytes))
            .collect();
        Ok(Measured {
            instances: count,
            ready_ms: ready.as_secs_f64() * 1000.0,
            turns_per_second,
            slow_turns_per_second,
            slow_share_of_ideal: None,
            instance_bytes: used.iter().sum::<u64>().checked_div(used.len() as u64),
            supervisor_bytes: own_memory(),
        })
    }

    /// Turns a second, with a prompt waiting for each instance.
    async fn rate(&self, cluster: &Cluster, count: u32, prompt: &str) -> anyhow::Result<f64> {
        let options = MapOptions {
            window: count as usize * 2,
            ..MapOptions::default()
        };
        let mut batch = cluster.map(std::iter::repeat(prompt.to_owned()), options);
        let began = Instant::now();
        let mut turns = 0_u32;
        while let Some(left) = self.each.checked_sub(began.elapsed()) {
            let Ok(Some((_, answer))) = tokio::time::timeout(left, batch.next()).await else {
                break;
            };
            let answer = answer.map_err(Failure::from)?;
            if !answer.is_good() {
                let outcome = answer.response.outcome.as_str();
                let what = format!(
                    "the prompt `{prompt}` ended with outcome {outcome}: {}",
                    answer.response.text
                );
                return Err(Failure::new(Exit::Failed, "not_measured", what).into());
            }
            turns += 1;
        }
        Ok(f64::from(turns) / began.elapsed().as_secs_f64())
    }
}

fn not_ready(error: ClusterNotReady) -> Failure {
    Failure::new(Exit::Failed, "not_ready", error.to_string())
}

/// Resident memory of this process alone; `None` where the platform does not tell.
fn own_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

impl Measured {
    fn slow_rate_of_one(&self) -> Option<f64> {
        Some(self.slow_turns_per_second? / f64::from(self.instances))
    }

    fn row(&self) -> Vec<String> {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let megabytes =
            |bytes: Option<u64>| or_none(bytes.map(|bytes| format!("{:.1} MB", bytes as f64 / 1e6)));
        vec![
            self.instances.to_string(),
            format!("{:.0} ms", self.ready_ms),
            format!("{:.0}", self.turns_per_second),
            or_none(self.slow_turns_per_second.map(|rate| format!("{rate:.1}"))),
            or_none(
                self.slow_share_of_ideal
                    .map(|share| format!("{:.0} %", share * 100.0)),
            ),
            megabytes(self.instance_bytes),
            megabytes(self.supervisor_bytes),
        ]
    }
}

impl Report {
    fn table(&self) -> String {
        let head = [
            "INSTANCES",
            "ALL READY",
            "TURNS/S",
            "SLOW TURNS/S",
            "OF IDEAL",
            "MEMORY EACH",
            "PTYCH",
        ];
        let rows: Vec<Vec<String>> = self.runs.iter().map(Measured::row).collect();
        format!(
            "{}{} on {} processors; a slow turn waits 50 ms in the tool\n",
            output::table(&head, &rows),
            self.tool,
            self.cpus
        )
    }
}
