//! Three pythons behind one call, a crash in between included: `cargo run --example simple_pool`.

use std::time::Duration;

use ptych::engine::route::Routing;
use ptych::host::cluster::launch_cluster;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = launch_cluster("python", 3, Routing::RoundRobin)?;

    // Ask, and wait for the answer.
    let answer = pool.ask("sum(n * n for n in range(1000))").await?;
    println!("one answer: {}", answer.response.text);

    // Send now, read later, in the order of completion.
    for n in 1..=3 {
        pool.send(format!("2 ** (10 * {n})")).await?;
    }
    let mut powers = Vec::new();
    while let Some(answer) = pool.read_any(Duration::from_secs(5)).await? {
        powers.push(answer.response.text);
        if powers.len() == 3 {
            break;
        }
    }
    powers.sort();
    println!("read later: {}", powers.join(", "));

    // Many prompts: the answers come as they complete.
    let prompts = (0..100).map(|n| format!("{n} * {n}"));
    let mut batch = pool.map(prompts, Default::default());
    let mut right = 0;
    while let Some((index, answer)) = batch.next().await {
        right += u32::from(answer?.response.text == (index * index).to_string());
    }
    println!("right of 100: {right}");

    // An instance that dies in its turn answers `exited`, and another is started in its place.
    let crash = pool.ask_to(0, "import os; os._exit(7)").await?;
    println!("a crash: {:?}", crash.response.outcome);
    pool.wait_ready().await?;
    let health = pool.check_health().await?;
    println!("alive again: {} of {}", health.alive, health.total);

    let report = pool.shutdown(Duration::from_secs(5)).await;
    println!("nothing left: {}", report.is_clean());
    Ok(())
}
