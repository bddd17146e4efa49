//! What a cluster has counted, in the text format that Prometheus reads (version 0.0.4).
//!
//! Written here: a crate for it keeps counters of its own, and ours are the engine's. The format is lines: `# HELP` and `# TYPE` once for
//! each family, before its samples; a sample is a name, labels whose values escape backslash, quote and newline, and a number.
//! A histogram's buckets are cumulative and end with `+Inf`, which equals its count. Durations are seconds, as the format's conventions want.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::cluster::Cluster;
use crate::engine::cluster::{Histogram, Metrics};

/// `text/plain` for a scrape or a collector's file.
pub const METRICS_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Words of `phase`, so that a phase that no instance is in is told as 0 and not as absent.
const PHASES: [&str; 9] = [
    "backing_off",
    "blocked",
    "down",
    "ended",
    "failed",
    "ready",
    "starting",
    "stopping",
    "stuck",
];

/// The families of one cluster; `tool` is a label of every sample.
pub fn metrics_text(status: &Cluster, metrics: &Metrics) -> String {
    let mut page = Page {
        tool: status.tool.clone(),
        text: String::new(),
    };
    page.counter("prompts", "Prompts accepted.", metrics.prompts as f64);
    page.counter("refused", "Prompts refused.", metrics.refused as f64);
    page.counters("responses", "Answers by outcome.", "outcome", &metrics.responses);
    page.counter("retries", "Prompts typed once more.", metrics.retries as f64);
    page.counters(
        "restarts",
        "Restarts by how the life before ended.",
        "reason",
        &metrics.restarts,
    );
    let turns: f64 = status
        .instances
        .iter()
        .map(|instance| instance.turns as f64)
        .sum();
    page.counter("turns", "Turns of the instances that there are.", turns);
    page.gauge("queue_depth", "Prompts that wait.", status.queued as f64);
    page.gauge("queue_limit", "Prompts that may wait.", status.queue_limit as f64);
    page.gauge(
        "in_flight",
        "Prompts that an instance has.",
        f64::from(status.in_flight),
    );
    page.instances(status);
    page.histogram("turn_seconds", "From typed to answered.", &metrics.turns);
    page.histogram("wait_seconds", "From accepted to typed.", &metrics.waits);
    page.counter(
        "unknown_state_seconds",
        "Time that instances spent in states that their protocol does not know.",
        metrics.unknown.as_secs_f64(),
    );
    page.counter("output_bytes", "Output of turns.", metrics.bytes as f64);
    page.text
}

struct Page {
    tool: String,
    text: String,
}

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP ptych_{name} {}", escaped_help(help)));
        self.line(format_args!("# TYPE ptych_{name} {kind}"));
    }

    fn counter(&mut self, name: &str, help: &str, value: f64) {
        let name = format!("{name}_total");
        self.family(&name, "counter", help);
        self.sample(&name, &[], value);
    }

    fn counters(&mut self, name: &str, help: &str, label: &str, values: &BTreeMap<&'static str, u64>) {
        let name = format!("{name}_total");
        self.family(&name, "counter", help);
        for (word, count) in values {
            self.sample(&name, &[(label, word)], *count as f64);
        }
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    fn instances(&mut self, status: &Cluster) {
        let mut phases: BTreeMap<&str, u32> = PHASES.iter().map(|phase| (*phase, 0)).collect();
        for instance in &status.instances {
            *phases.entry(&instance.phase).or_default() += 1;
        }
        self.family("instances", "gauge", "Instances by phase.");
        for (phase, count) in phases {
            self.sample("instances", &[("phase", phase)], f64::from(count));
        }
        self.gauge(
            "instances_ready",
            "Instances that are fit for prompts, or at one.",
            f64::from(status.ready),
        );
        let used: Vec<(String, f64, f64)> = status
            .instances
            .iter()
            .filter_map(|instance| {
                let usage = instance.usage?;
                Some((
                    instance.index.to_string(),
                    usage.rss_bytes as f64,
                    usage.cpu_ms / 1000.0,
                ))
            })
            .collect();
        self.family(
            "instance_resident_bytes",
            "gauge",
            "Memory of an instance's processes.",
        );
        for (index, rss, _) in &used {
            self.sample("instance_resident_bytes", &[("instance", index)], *rss);
        }
        // A gauge: it starts again with each process.
        self.family(
            "instance_cpu_seconds",
            "gauge",
            "Processor time of an instance's processes.",
        );
        for (index, _, cpu) in &used {
            self.sample("instance_cpu_seconds", &[("instance", index)], *cpu);
        }
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.family(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        for (bound, count) in histogram.cumulative() {
            self.sample(&bucket, &[("le", &seconds(bound))], count as f64);
        }
        self.sample(&bucket, &[("le", "+Inf")], histogram.count as f64);
        self.sample(&format!("{name}_sum"), &[], histogram.sum.as_secs_f64());
        self.sample(&format!("{name}_count"), &[], histogram.count as f64);
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let tool = ("tool", self.tool.as_str());
        let labels: Vec<String> = std::iter::once(&tool)
            .chain(labels)
            .map(|(label, value)| format!("{label}=\"{}\"", escaped_label(value)))
            .collect();
        self.line(format_args!("ptych_{name}{{{}}} {value}", labels.join(",")));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{line}");
    }
}

fn seconds(bound: Duration) -> String {
    bound.as_secs_f64().to_string()
}

fn escaped_help(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

fn escaped_label(text: &str) -> String {
    escaped_help(text).replace('"', "\\\"")
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
