//! Many instances as one: routed, restarted, answered once each.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use ptych::engine::cluster::EventKind;
use ptych::engine::response::Outcome;
use ptych::engine::route::Routing;
use ptych::host::AskOptions;
use ptych::host::cluster::{
    Cluster, ClusterEvent, ClusterEvents, ClusterGone, ClusterOptions, MapOptions, Order, SendOptions,
};

use crate::host_support::{is_running, shell};
use crate::support::run;

fn launch(options: ClusterOptions) -> Cluster {
    Cluster::launch(Arc::new(shell()), options).expect("the tool starts")
}

async fn end(cluster: Cluster) {
    let report = cluster.shutdown(Duration::from_secs(5)).await;
    assert!(report.is_clean(), "{report:?}");
}

#[test]
fn prompts_are_answered_by_all_instances() {
    run(async {
        let cluster = launch(ClusterOptions::new(3));
        cluster.wait_ready().await.expect("ready");
        let prompts = (0..30).map(|n| format!("echo $(({n} * 2))"));
        let mut batch = cluster.map(prompts, MapOptions::default());
        let mut by_instance: BTreeMap<u32, u32> = BTreeMap::new();
        let mut seen = 0;
        while let Some((index, answer)) = batch.next().await {
            let answer = answer.expect("accepted");
            assert_eq!(answer.response.text, (index * 2).to_string());
            *by_instance.entry(answer.instance.expect("typed").0).or_default() += 1;
            seen += 1;
        }
        assert_eq!(seen, 30);
        assert_eq!(by_instance.len(), 3, "{by_instance:?}");
        end(cluster).await;
    });
}

#[test]
fn answers_come_in_order_when_asked_for() {
    run(async {
        let cluster = launch(ClusterOptions::new(3));
        let prompts = ["sleep 0.2; echo first", "echo second", "echo third"];
        let options = MapOptions {
            order: Order::AsAsked,
            ..MapOptions::default()
        };
        let mut batch = cluster.map(prompts, options);
        for (wanted, text) in ["first", "second", "third"].into_iter().enumerate() {
            let (index, answer) = batch.next().await.expect("one each");
            assert_eq!(
                (index, answer.expect("accepted").response.text.as_str()),
                (wanted, text)
            );
        }
        assert!(batch.next().await.is_none());
        end(cluster).await;
    });
}

#[test]
fn a_crash_in_a_turn_gives_the_partial_text_and_a_fresh_instance() {
    run(async {
        let cluster = launch(ClusterOptions::new(1));
        let answer = cluster.ask("echo half; kill -9 $$").await.expect("accepted");
        assert_eq!(answer.response.outcome, Outcome::Exited);
        assert_eq!(answer.response.text, "half");
        let answer = cluster.ask("echo again").await.expect("accepted");
        assert_eq!(answer.response.text, "again");
        assert_eq!(
            cluster.status().await.expect("alive").cluster.instances[0].restarts,
            1
        );
        end(cluster).await;
    });
}

#[test]
fn what_may_be_retried_is_and_nothing_else() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let cluster = launch(ClusterOptions::new(2));
        let log = folder.path().join("log");
        let prompt = format!(
            "echo x >> {0}; test $(wc -l < {0}) -ge 2 || kill -9 $$; echo done",
            log.display()
        );
        let options = SendOptions {
            retryable: true,
            ..SendOptions::default()
        };
        let answer = cluster.ask_with(prompt, options).await.expect("accepted");
        assert_eq!((answer.response.text.as_str(), answer.attempts), ("done", 2));
        end(cluster).await;
    });
}

#[test]
fn a_keys_turns_stay_at_one_instance_and_in_order() {
    run(async {
        let options = ClusterOptions {
            routing: Routing::Sticky,
            ..ClusterOptions::new(4)
        };
        let cluster = launch(options);
        let mut tickets = Vec::new();
        for turn in 0..40 {
            let key = Some(format!("key {}", turn % 5));
            let send = SendOptions {
                key,
                ..SendOptions::default()
            };
            let prompt = "n=$((n + 1)); echo $n $$";
            tickets.push((turn % 5, cluster.send_with(prompt, send).await.expect("accepted")));
        }
        let mut seen: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for (key, ticket) in tickets {
            let answer = ticket.answer().await.expect("alive");
            seen.entry(key).or_default().push(answer.response.text);
        }
        for (key, texts) in seen {
            let pids: Vec<&str> = texts.iter().filter_map(|text| text.split(' ').nth(1)).collect();
            assert!(pids.iter().all(|pid| *pid == pids[0]), "key {key}: {texts:?}");
            let numbers: Vec<u32> = texts
                .iter()
                .filter_map(|text| text.split(' ').next()?.parse().ok())
                .collect();
            assert!(numbers.is_sorted(), "key {key}: {texts:?}");
        }
        end(cluster).await;
    });
}

#[test]
fn unread_answers_wait_for_a_reader() {
    run(async {
        let cluster = launch(ClusterOptions::new(2));
        for n in 0..6 {
            drop(cluster.send(format!("echo {n}")).await.expect("accepted"));
        }
        let mut texts = Vec::new();
        for _ in 0..6 {
            let answer = cluster.read_any(Duration::from_secs(10)).await.expect("alive");
            texts.push(answer.expect("in time").response.text);
        }
        texts.sort();
        assert_eq!(texts, ["0", "1", "2", "3", "4", "5"]);
        assert_eq!(cluster.read_any(Duration::ZERO).await.expect("alive"), None);
        end(cluster).await;
    });
}

#[test]
fn a_shutdown_answers_everything_and_leaves_nothing() {
    run(async {
        let cluster = launch(ClusterOptions::new(2));
        cluster.wait_ready().await.expect("ready");
        let pids: Vec<u32> = (cluster.status().await.expect("alive").processes.iter())
            .map(|process| process.as_ref().expect("runs").pid)
            .collect();
        let mut tickets = Vec::new();
        for _ in 0..5 {
            tickets.push(cluster.send("sleep 100").await.expect("accepted"));
        }
        let waiting: Vec<_> = tickets
            .into_iter()
            .map(|ticket| tokio::spawn(async move { ticket.answer().await }))
            .collect();
        tokio::task::yield_now().await;
        end(cluster).await;
        let mut typed = 0;
        for answer in waiting {
            let answer = answer.await.expect("no panic").expect("answered");
            assert_eq!(answer.response.outcome, Outcome::Exited);
            typed += u32::from(answer.not_typed.is_none());
        }
        assert_eq!(typed, 2);
        assert!(pids.iter().all(|pid| !is_running(*pid)));
    });
}

#[test]
fn the_first_good_answer_wins_a_race() {
    run(async {
        let cluster = launch(ClusterOptions::new(3));
        cluster.wait_ready().await.expect("ready");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().display();
        // mkdir works once: who comes first is quick.
        let answer = cluster
            .race(format!("mkdir {path}/x 2>/dev/null || sleep 60; echo ran"))
            .await
            .expect("accepted");
        assert_eq!(answer.response.text, "ran");
        let others = cluster.ask("echo free").await.expect("accepted");
        assert_eq!(others.response.text, "free");
        end(cluster).await;
    });
}

#[test]
fn an_instance_that_keeps_dying_fails_and_the_rest_goes_on() {
    run(async {
        let repaired = Arc::new(AtomicBool::new(false));
        let repaired_by_us = Arc::clone(&repaired);
        let options = ClusterOptions {
            per_instance: Some(Arc::new(move |instance, options| {
                if instance.0 == 1 && !repaired_by_us.load(Ordering::Relaxed) {
                    options.args = vec!["-c".to_owned(), "exit 3".to_owned()];
                }
            })),
            ..ClusterOptions::new(2)
        };
        let options = ClusterOptions {
            backoff: ptych::engine::supervise::Backoff {
                first: Duration::from_millis(1),
                ..options.backoff
            },
            ..options
        };
        let cluster = launch(options);
        let not_ready = cluster.wait_ready().await.expect_err("one never is");
        assert!(not_ready.to_string().contains("1:"), "{not_ready}");
        assert_eq!(
            cluster.ask("echo well").await.expect("accepted").response.text,
            "well"
        );
        let status = cluster.status().await.expect("alive");
        assert_eq!(status.cluster.instances[1].phase, "failed");

        repaired.store(true, Ordering::Relaxed);
        cluster.restart_instance(1).await.expect("there is one");
        cluster.wait_ready().await.expect("both are");
        let answer = cluster.ask_to(1, "echo back").await.expect("accepted");
        assert_eq!(answer.response.text, "back");
        end(cluster).await;
    });
}

#[test]
fn a_stopped_tool_is_replaced_and_its_prompt_answered() {
    run(async {
        let options = ClusterOptions {
            stopped_within: Some(Duration::from_millis(100)),
            ..ClusterOptions::new(1)
        };
        let cluster = launch(options);
        let answer = cluster.ask("kill -STOP $$").await.expect("accepted");
        assert_eq!(answer.response.outcome, Outcome::Exited);
        assert_eq!(
            cluster.ask("echo back").await.expect("accepted").response.text,
            "back"
        );
        end(cluster).await;
    });
}

#[test]
fn a_loan_is_one_callers_own() {
    run(async {
        let cluster = launch(ClusterOptions::new(1));
        let loan = cluster
            .borrow(SendOptions::default(), None)
            .await
            .expect("one is free");
        loan.ask("mine=1").await.expect("answered");
        let other = cluster.send("echo ${mine-none}").await.expect("accepted");
        assert_eq!(loan.ask("echo $mine").await.expect("answered").text, "1");
        drop(loan);
        assert_eq!(other.answer().await.expect("alive").response.text, "1");
        end(cluster).await;
    });
}

#[test]
fn scaling_adds_and_takes_away() {
    run(async {
        let cluster = launch(ClusterOptions::new(1));
        cluster.scale(3).await.expect("alive");
        cluster.wait_ready().await.expect("ready");
        assert_eq!(cluster.instances().await.expect("alive"), [0, 1, 2]);
        cluster.scale(1).await.expect("alive");
        let (_, mut events) = cluster.events().await.expect("alive");
        while cluster.instances().await.expect("alive") != [0] {
            events.recv().await.expect("events");
        }
        assert_eq!(
            cluster.ask("echo still").await.expect("accepted").response.text,
            "still"
        );
        end(cluster).await;
    });
}

#[test]
fn a_turn_that_runs_into_its_limit_leaves_its_instance_usable() {
    run(async {
        let cluster = launch(ClusterOptions::new(1));
        let options = SendOptions {
            ask: AskOptions {
                timeout: Some(Duration::from_millis(200)),
                ..AskOptions::default()
            },
            ..SendOptions::default()
        };
        let answer = cluster
            .ask_with("kept=1; sleep 100", options)
            .await
            .expect("accepted");
        assert_eq!(answer.response.outcome, Outcome::TimedOut);
        // The sleep was interrupted, and the shell is the same.
        assert_eq!(
            cluster.ask("echo $kept").await.expect("accepted").response.text,
            "1"
        );
        end(cluster).await;
    });
}

#[test]
fn a_turn_that_shows_nothing_for_too_long_is_given_up_and_one_that_shows_something_is_not() {
    run(async {
        let mut options = ClusterOptions::new(2);
        options.health.progress_within = Some(Duration::from_millis(1500));
        let cluster = launch(options);
        let silent = cluster.send("sleep 100").await.expect("accepted");
        let busy = "for i in 1 2 3 4 5 6; do sleep 0.5; echo $i; done";
        let busy = cluster.send(busy).await.expect("accepted");
        assert_eq!(busy.answer().await.expect("alive").response.outcome, Outcome::Ok);
        let silent = silent.answer().await.expect("alive");
        assert_eq!(silent.response.outcome, Outcome::Exited);
        end(cluster).await;
    });
}

async fn until(events: &mut ClusterEvents, wanted: impl Fn(&EventKind) -> bool) {
    loop {
        match &*events.1.recv().await.expect("events") {
            ClusterEvent::Cluster(event) if wanted(&event.kind) => return,
            _ => {}
        }
    }
}

/// Until the prompt's answer is on its way.
async fn finished(events: &mut ClusterEvents) {
    until(events, |kind| matches!(kind, EventKind::Finished { .. })).await;
}

/// Begins what a future does, and no more.
async fn begin<F: Future>(mut future: Pin<&mut F>) {
    let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
    assert!(polled.is_pending());
}

#[test]
fn an_answer_does_not_go_with_whoever_waited_for_it() {
    run(async {
        let cluster = launch(ClusterOptions::new(1));
        let mut events = cluster.events().await.expect("alive");
        let ticket = cluster.send("echo kept").await.expect("accepted");
        {
            // It has the answer in hands, and never looks.
            let mut waiting = pin!(ticket.answer());
            begin(waiting.as_mut()).await;
            finished(&mut events).await;
        }
        let answer = tokio::time::timeout(Duration::from_secs(10), ticket.answer()).await;
        assert_eq!(answer.expect("in time").expect("alive").response.text, "kept");
        end(cluster).await;
    });
}

#[test]
fn an_ask_that_is_given_up_leaves_no_answer_behind() {
    run(async {
        let options = ClusterOptions {
            max_unread: 1,
            ..ClusterOptions::new(1)
        };
        let cluster = launch(options);
        let mut events = cluster.events().await.expect("alive");
        {
            let mut asked = pin!(cluster.ask("echo late"));
            begin(asked.as_mut()).await;
            until(&mut events, |kind| matches!(kind, EventKind::Typed { .. })).await;
        }
        finished(&mut events).await;
        assert_eq!(
            cluster.ask("echo well").await.expect("accepted").response.text,
            "well"
        );
        end(cluster).await;
    });
}

#[test]
fn what_was_answered_can_be_read_after_the_end() {
    run(async {
        let cluster = launch(ClusterOptions::new(1));
        let mut events = cluster.events().await.expect("alive");
        let ticket = cluster.send("echo mine").await.expect("accepted");
        drop(cluster.send("echo theirs").await.expect("accepted"));
        finished(&mut events).await;
        finished(&mut events).await;
        assert!(cluster.shutdown(Duration::from_secs(5)).await.is_clean());
        assert_eq!(ticket.answer().await.expect("it is there").response.text, "mine");
        let other = cluster.read_any(Duration::from_secs(10)).await;
        assert!(other.expect("it is there").is_some());
        assert_eq!(ticket.answer().await, Err(ClusterGone));
        assert_eq!(cluster.read_any(Duration::from_secs(10)).await, Err(ClusterGone));
    });
}
