//! What `docs/clusters.md` promises in numbers, as far as counts and order show it. Times are in `benches/`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ptych::engine::random::Random;
use ptych::engine::response::Outcome;
use ptych::engine::route::Routing;
use ptych::engine::supervise::{Backoff, Intensity};
use ptych::host::cluster::{Cluster, ClusterOptions, MapOptions};

use crate::host_support::shell;
use crate::support::{run, spec};

async fn end(cluster: Cluster) {
    let report = cluster.shutdown(Duration::from_secs(5)).await;
    assert!(report.is_clean(), "{report:?}");
}

fn round_robin(seed: u64) -> ClusterOptions {
    ClusterOptions {
        routing: Routing::RoundRobin,
        intensity: Intensity {
            most: u32::MAX,
            ..Intensity::default()
        },
        backoff: Backoff {
            most: Duration::from_millis(100),
            ..Backoff::default()
        },
        seed: Some(seed),
        ..ClusterOptions::new(5)
    }
}

/// Prompts that each instance had, of 1,000.
async fn shares(cluster: &Cluster) -> Vec<u32> {
    let mut shares = [0; 5];
    let prompts = (0..1000).map(|n| format!("sleep 0.00{}; echo {n}", n % 10));
    let mut batch = cluster.map(prompts, MapOptions::default());
    while let Some((index, answer)) = batch.next().await {
        let answer = answer.expect("accepted");
        match answer.response.outcome {
            Outcome::Ok => assert_eq!(answer.response.text, index.to_string()),
            outcome => assert_eq!(outcome, Outcome::Exited, "{answer:#?}"),
        }
        shares[answer.instance.expect("typed").0 as usize] += 1;
    }
    shares.to_vec()
}

fn is_even(shares: &[u32]) -> bool {
    shares.iter().all(|share| (180..=220).contains(share))
}

#[test]
fn round_robin_is_even_within_a_tenth() {
    run(async {
        let cluster = Cluster::launch(spec("bash"), round_robin(1)).expect("bash starts");
        let shares = shares(&cluster).await;
        assert!(is_even(&shares), "{shares:?}");
        end(cluster).await;
    });
}

#[test]
fn round_robin_stays_even_while_instances_are_killed() {
    run(async {
        let seed = std::process::id().into();
        let cluster = Cluster::launch(spec("bash"), round_robin(seed)).expect("bash starts");
        let killed = cluster.clone();
        let killing = tokio::spawn(async move {
            let mut chance = Random::new(seed);
            loop {
                tokio::time::sleep(Duration::from_millis(200)).await;
                let status = killed.status().await.expect("alive");
                let pids: Vec<u32> = status.processes.iter().flatten().map(|p| p.pid).collect();
                if let Some(pid) = chance.pick(&pids) {
                    // It may have ended by itself.
                    let _gone = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
                }
            }
        });
        let shares = shares(&cluster).await;
        killing.abort();
        let restarts = cluster.metrics().await.expect("alive").restarts;
        eprintln!("seed {seed}: {shares:?}, restarts {restarts:?}");
        assert!(!restarts.is_empty(), "nobody was killed");
        assert!(is_even(&shares), "seed {seed}: {shares:?}");
        end(cluster).await;
    });
}

#[test]
fn the_sixth_crash_in_a_minute_is_the_last() {
    run(async {
        let options = ClusterOptions {
            backoff: Backoff {
                first: Duration::from_millis(1),
                ..Backoff::default()
            },
            ..ClusterOptions::new(3)
        };
        let cluster = Cluster::launch(Arc::new(shell()), options).expect("the tool starts");
        for crash in 1..=6 {
            let answer = cluster.ask_to(1, "echo bye; kill -9 $$").await.expect("accepted");
            assert_eq!(answer.response.outcome, Outcome::Exited, "crash {crash}");
        }
        // What is sent to it alone has an answer too.
        let refused = cluster.ask_to(1, "echo anybody").await;
        assert!(
            refused.as_ref().is_err() || refused.as_ref().is_ok_and(|answer| answer.not_typed.is_some()),
            "{refused:?}"
        );
        let status = cluster.status().await.expect("alive");
        let phases: Vec<&str> = status.cluster.instances.iter().map(|i| i.phase).collect();
        assert_eq!(phases, ["ready", "failed", "ready"]);
        assert_eq!(status.cluster.instances[1].restarts, 5);
        let why = cluster.explain(1).await.expect("alive").expect("it is there");
        assert!(why.contains("failed"), "{why}");
        let mut by_instance: BTreeMap<u32, u32> = BTreeMap::new();
        let mut batch = cluster.map((0..20).map(|n| format!("echo {n}")), MapOptions::default());
        while let Some((index, answer)) = batch.next().await {
            let answer = answer.expect("accepted");
            assert_eq!(answer.response.text, index.to_string());
            *by_instance.entry(answer.instance.expect("typed").0).or_default() += 1;
        }
        assert_eq!(by_instance.keys().copied().collect::<Vec<_>>(), [0, 2]);
        end(cluster).await;
    });
}

/// The lost instance does not come back before somebody lets it, and the next prompt is answered all the same.
#[test]
fn a_warm_spare_takes_the_next_prompt() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let gate = folder.path().join("gate");
        // The first two starts go through, later ones wait for the gate.
        let script = format!(
            "echo x >> {0}/starts; if test $(wc -l < {0}/starts) -gt 2; then mkfifo {1}; read line < {1}; fi; exec sh",
            folder.path().display(),
            gate.display()
        );
        let mut options = ClusterOptions {
            spares: 1,
            ..ClusterOptions::new(1)
        };
        options.session.args = vec!["-c".to_owned(), script];
        let cluster = Cluster::launch(Arc::new(shell()), options).expect("the tool starts");
        cluster.wait_ready().await.expect("ready");
        let answer = cluster.ask("echo bye; kill -9 $$").await.expect("accepted");
        assert_eq!(
            (answer.response.outcome, answer.response.text.as_str()),
            (Outcome::Exited, "bye")
        );
        let lost = answer.instance.expect("typed");
        let answer = cluster.ask("echo here").await.expect("accepted");
        assert_eq!(answer.response.text, "here");
        assert_ne!(answer.instance, Some(lost));
        let status = cluster.status().await.expect("alive");
        assert_ne!(status.cluster.instances[lost.0 as usize].phase, "ready");
        end(cluster).await;
    });
}
