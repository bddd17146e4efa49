//! What leaves the process of a real cluster: status, answers and events as JSON, figures as Prometheus text.

use std::sync::Arc;
use std::time::Duration;

use ptych::api::{self, AnswerView, ClusterContext, ProcessView, UsageView};
use ptych::host::cluster::{Answer, Cluster, ClusterEvent, ClusterOptions, SendOptions, Status};
use serde_json::Value;

use crate::host_support::shell;
use crate::support::run;

fn status(context: &ClusterContext, status: &Status) -> api::Cluster {
    let processes = status.processes.iter().map(|process| {
        process.as_ref().map(|process| ProcessView {
            session: &process.session,
            pid: process.pid,
            rule: &process.rule,
            usage: process.usage.map(|usage| UsageView {
                processes: usage.processes,
                rss_bytes: usage.rss_bytes,
                cpu: usage.cpu,
            }),
        })
    });
    context.status(&status.cluster, processes)
}

fn answer(context: &ClusterContext, answer: &Answer) -> api::Answer {
    context.answer(AnswerView {
        ticket: answer.ticket,
        instance: answer.instance,
        attempts: answer.attempts,
        waited: answer.waited,
        not_typed: answer.not_typed.as_ref(),
        session: answer.session.as_deref(),
        clock: answer.clock,
        response: &answer.response,
    })
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("JSON")
}

#[test]
fn a_status_tells_all_of_an_instance() {
    run(async {
        let cluster = Cluster::launch(Arc::new(shell()), ClusterOptions::new(1)).expect("the tool starts");
        cluster.wait_ready().await.expect("ready");
        let before = cluster.status().await.expect("alive");
        let context = ClusterContext::new(cluster.spec(), before.started_at);
        let first = json(&status(&context, &before));
        let instance = &first["instances"][0];
        assert_eq!(
            (&instance["state"], &instance["phase"]),
            (&"ready".into(), &"ready".into()),
            "{first}"
        );
        assert_eq!(
            (&instance["alive"], &instance["evidence"]),
            (&true.into(), &"ready".into()),
            "{first}"
        );
        assert!(instance["usage"]["rss_bytes"].as_u64() > Some(100_000), "{first}");
        assert!(
            instance["ended"].is_null() && instance["last_turn"].is_null(),
            "{first}"
        );

        let died = cluster.ask("echo part; kill -9 $$").await.expect("accepted");
        cluster.ask("echo back").await.expect("accepted");
        let ticket = cluster
            .send("while ! test -e /nowhere; do sleep 0.05; done")
            .await
            .expect("accepted");
        ticket.instance().await.expect("typed");
        let second = json(&status(&context, &cluster.status().await.expect("alive")));
        let instance = &second["instances"][0];
        assert_eq!(
            (&instance["state"], &instance["in_flight"]),
            (&"busy".into(), &1.into()),
            "{second}"
        );
        assert_eq!(
            (&instance["restarts"], &instance["turns"]),
            (&1.into(), &2.into()),
            "{second}"
        );
        assert_eq!(instance["ended"]["cause"], "signaled", "{second}");
        assert_eq!(instance["ended"]["exit"]["signal"], 9, "{second}");
        assert_eq!(instance["last_turn"]["outcome"], "ok", "{second}");
        assert_ne!(instance["pid"], first["instances"][0]["pid"]);

        let died = json(&answer(&context, &died));
        assert_eq!(
            (&died["outcome"], &died["text"]),
            (&"exited".into(), &"part".into())
        );
        assert_eq!(
            died["session"], first["instances"][0]["session"],
            "the one that it was typed into"
        );
        let again: api::Answer = serde_json::from_value(died.clone()).expect("what was written is read");
        assert_eq!(json(&again), died);

        let text = api::metrics_text(
            &status(&context, &cluster.status().await.expect("alive")),
            &cluster.metrics().await.expect("alive"),
        );
        assert!(
            text.contains("ptych_restarts_total{tool=\"test-shell\",reason=\"signaled\"} 1\n"),
            "{text}"
        );
        assert!(
            text.contains("ptych_in_flight{tool=\"test-shell\"} 1\n"),
            "{text}"
        );
        cluster.shutdown(Duration::ZERO).await;
    });
}

#[test]
fn events_tell_a_prompts_way_and_an_instances_life() {
    run(async {
        let cluster = Cluster::launch(Arc::new(shell()), ClusterOptions::new(1)).expect("the tool starts");
        cluster.wait_ready().await.expect("ready");
        let (before, mut events) = cluster.events().await.expect("alive");
        let context = ClusterContext::new(cluster.spec(), before.started_at);
        let retryable = SendOptions {
            retryable: true,
            ..SendOptions::default()
        };
        let prompt = "test $FLAG; kill -9 $$";
        let ticket = cluster.send_with(prompt, retryable).await.expect("accepted");
        let lost = ticket.answer().await.expect("an answer");
        assert_eq!(lost.attempts, 3);
        cluster.shutdown(Duration::from_secs(5)).await;
        let mut seen = Vec::new();
        while let Ok(event) = events.recv().await {
            seen.push(match &*event {
                ClusterEvent::Cluster(event) => json(&context.event(event)),
                ClusterEvent::Answered(told) => {
                    let answer = Box::new(answer(&context, told));
                    json(&api::ClusterEventBody::Answered { answer })
                }
            });
        }
        let of = |event: &str| {
            seen.iter()
                .filter(|seen| seen["event"] == event)
                .collect::<Vec<_>>()
        };
        assert_eq!(of("accepted").len(), 1, "{seen:#?}");
        let attempts: Vec<&Value> = of("typed").iter().map(|typed| &typed["attempt"]).collect();
        assert_eq!(attempts, [1, 2, 3]);
        assert!(
            of("retried").iter().all(|retried| retried["outcome"] == "exited"),
            "{seen:#?}"
        );
        assert_eq!((of("answered").len(), of("finished").len()), (1, 1));
        assert_eq!(of("answered")[0]["answer"]["attempts"], 3);
        let killed = |seen: &Value| seen["step"] == "exited" && seen["ended"]["exit"]["signal"] == 9;
        assert!(seen.iter().any(killed), "{seen:#?}");
        assert!(seen.iter().any(|seen| seen["step"] == "restarting"), "{seen:#?}");
    });
}

#[test]
fn a_prompt_that_was_never_typed_says_why() {
    run(async {
        let cluster = Cluster::launch(Arc::new(shell()), ClusterOptions::new(1)).expect("the tool starts");
        let context = ClusterContext::new(cluster.spec(), cluster.status().await.expect("alive").started_at);
        let runs = cluster
            .send("while ! test -e /nowhere; do sleep 0.05; done")
            .await
            .expect("accepted");
        runs.instance().await.expect("typed");
        let waits = cluster.send("echo never").await.expect("accepted");
        // What runs is left alone, what waits is taken back.
        runs.recall().await;
        waits.recall().await;
        let told = json(&answer(&context, &waits.answer().await.expect("an answer")));
        assert_eq!(told["not_typed"]["reason"], "withdrawn", "{told}");
        assert_eq!(
            (&told["outcome"], &told["session"]),
            (&"interrupted".into(), &"".into()),
            "{told}"
        );
        assert!(told.get("instance").is_none(), "{told}");
        assert_eq!(cluster.status().await.expect("alive").cluster.in_flight, 1);
        cluster.shutdown(Duration::ZERO).await;
        let ended = runs.answer().await;
        assert!(ended.is_err() || ended.is_ok_and(|ended| ended.not_typed.is_none()));
    });
}
