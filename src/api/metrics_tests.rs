//! The page is read back by the rules of the exposition format.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;

/// One sample: name, labels in order, value.
type Sample = (String, Vec<(String, String)>, f64);

/// A reader that takes nothing which the format does not allow: families in one block, HELP and TYPE first, names, escapes, numbers.
#[derive(Debug, Default)]
struct Read {
    types: BTreeMap<String, String>,
    samples: Vec<Sample>,
}

fn read(text: &str) -> Read {
    assert!(text.ends_with('\n'), "the last line ends");
    let mut read = Read::default();
    let mut family = String::new();
    let mut helped = String::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').expect("a name and words");
            assert!(is_name(name) && !words.is_empty(), "{line}");
            helped = name.to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and a type");
            assert_eq!(name, helped, "HELP stands before TYPE");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            let before = read.types.insert(name.to_owned(), kind.to_owned());
            assert_eq!(before, None, "{name} has two blocks");
            family = name.to_owned();
        } else {
            let sample = sample(line);
            let belongs = match read.types[&family].as_str() {
                "histogram" => ["_bucket", "_sum", "_count"]
                    .iter()
                    .any(|end| sample.0 == format!("{family}{end}")),
                "counter" => sample.0 == family && family.ends_with("_total"),
                _ => sample.0 == family,
            };
            assert!(belongs, "{line} stands in the block of {family}");
            let twin = |other: &Sample| (&other.0, &other.1) == (&sample.0, &sample.1);
            assert!(!read.samples.iter().any(twin), "{line} is there twice");
            read.samples.push(sample);
        }
    }
    read
}

fn sample(line: &str) -> Sample {
    let (name, rest) = line.split_once('{').expect("labels");
    assert!(is_name(name), "{line}");
    let mut labels = Vec::new();
    let mut rest = rest;
    loop {
        let (label, quoted) = rest.split_once("=\"").expect("a label");
        assert!(is_name(label) && !label.contains(':'), "{line}");
        let (value, after) = unquote(quoted);
        labels.push((label.to_owned(), value));
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None => {
                rest = after.strip_prefix("} ").expect("a value");
                break;
            }
        }
    }
    (name.to_owned(), labels, rest.parse().expect("a number"))
}

/// The value up to its closing quote, and what is behind it.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => match chars.next().expect("an escape").1 {
                'n' => value.push('\n'),
                c @ ('\\' | '"') => value.push(c),
                c => panic!("no such escape: {c}"),
            },
            c => value.push(c),
        }
    }
    panic!("no closing quote: {text}")
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn status(tool: &str) -> Cluster {
    let instance = serde_json::json!({
        "index": 0, "tool": tool, "state": "ready", "phase": "ready", "alive": true, "fit": true,
        "starts": 2, "restarts": 1, "turns": 7, "in_flight": 0,
        "usage": {"processes": 1, "rss_bytes": 4096, "cpu_ms": 20.0},
    });
    serde_json::from_value(serde_json::json!({
        "tool": tool, "started_at": "2025-01-01T00:00:00.000Z", "routing": "round_robin", "count": 1, "spares": 0,
        "total": 1, "alive": 1, "ready": 1, "in_flight": 0, "queued": 3, "queue_limit": 1024,
        "longest_wait_ms": 0.0, "closed": false, "instances": [instance],
    }))
    .expect("a status")
}

fn counted() -> Metrics {
    let mut metrics = Metrics {
        prompts: 9,
        refused: 1,
        responses: BTreeMap::from([("ok", 6), ("error", 1)]),
        retries: 2,
        restarts: BTreeMap::from([("signaled", 1)]),
        unknown: Duration::from_millis(1500),
        bytes: 12_345,
        ..Metrics::default()
    };
    for ms in [1, 7, 7, 60, 700_000] {
        metrics.turns.observe(Duration::from_millis(ms));
    }
    metrics
}

fn value(read: &Read, name: &str, label: Option<(&str, &str)>) -> f64 {
    let fits = |sample: &&Sample| {
        sample.0 == name
            && label.is_none_or(|(name, value)| sample.1.contains(&(name.to_owned(), value.to_owned())))
    };
    let found: Vec<&Sample> = read.samples.iter().filter(fits).collect();
    assert_eq!(found.len(), 1, "{name} {label:?}: {found:?}");
    found[0].2
}

#[test]
fn the_page_keeps_to_the_format_and_tells_what_was_counted() {
    let read = read(&metrics_text(&status("bash"), &counted()));
    assert_eq!(value(&read, "ptych_prompts_total", None), 9.0);
    assert_eq!(value(&read, "ptych_refused_total", None), 1.0);
    assert_eq!(
        value(&read, "ptych_responses_total", Some(("outcome", "ok"))),
        6.0
    );
    assert_eq!(value(&read, "ptych_retries_total", None), 2.0);
    assert_eq!(
        value(&read, "ptych_restarts_total", Some(("reason", "signaled"))),
        1.0
    );
    assert_eq!(value(&read, "ptych_queue_depth", None), 3.0);
    assert_eq!(value(&read, "ptych_instances", Some(("phase", "ready"))), 1.0);
    assert_eq!(value(&read, "ptych_instances", Some(("phase", "failed"))), 0.0);
    assert_eq!(value(&read, "ptych_unknown_state_seconds_total", None), 1.5);
    assert_eq!(value(&read, "ptych_output_bytes_total", None), 12_345.0);
    assert_eq!(
        value(&read, "ptych_instance_resident_bytes", Some(("instance", "0"))),
        4096.0
    );
}

#[test]
fn buckets_grow_up_to_the_count() {
    let read = read(&metrics_text(&status("bash"), &counted()));
    let buckets: Vec<(f64, f64)> = read
        .samples
        .iter()
        .filter(|(name, ..)| name == "ptych_turn_seconds_bucket")
        .map(|(_, labels, count)| {
            let (_, bound) = labels.iter().find(|(label, _)| label == "le").expect("a bound");
            (bound.parse().expect("a number"), *count)
        })
        .collect();
    assert!(buckets.is_sorted(), "{buckets:?}");
    assert!(buckets.contains(&(0.01, 3.0)), "{buckets:?}");
    assert_eq!(buckets.last(), Some(&(f64::INFINITY, 5.0)));
    assert_eq!(value(&read, "ptych_turn_seconds_count", None), 5.0);
    assert_eq!(value(&read, "ptych_turn_seconds_sum", None), 700.075);
}

#[test]
fn labels_are_escaped() {
    let odd = "a\"b\\c\nd";
    let read = read(&metrics_text(&status(odd), &Metrics::default()));
    assert!(
        read.samples
            .iter()
            .all(|(_, labels, _)| labels[0] == ("tool".to_owned(), odd.to_owned()))
    );
}
