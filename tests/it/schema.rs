//! The checked-in schemas are the ones that the types make. `PTYCH_BLESS=1` writes them anew.

#![expect(clippy::disallowed_methods, reason = "a schema is a file")]

use ptych::api;
use schemars::{JsonSchema, schema_for};

fn is_checked_in<T: JsonSchema>(file: &str) {
    let mut made = serde_json::to_string_pretty(&schema_for!(T)).expect("JSON");
    made.push('\n');
    let path = format!("{}/docs/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("PTYCH_BLESS").is_some() {
        std::fs::write(&path, &made).expect("written");
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        made == checked_in,
        "docs/{file} is not what the types make; run with PTYCH_BLESS=1 and read the difference"
    );
}

#[test]
fn the_schema_of_a_response_is_checked_in() {
    is_checked_in::<api::Response>("response.schema.json");
}

#[test]
fn the_schema_of_an_answer_is_checked_in() {
    is_checked_in::<api::Answer>("answer.schema.json");
}

#[test]
fn the_schema_of_a_line_of_pool_run_is_checked_in() {
    is_checked_in::<api::PoolLine>("pool-line.schema.json");
}

#[test]
fn the_schema_of_a_cluster_is_checked_in() {
    is_checked_in::<api::Cluster>("cluster.schema.json");
}

#[test]
fn the_schema_of_a_clusters_events_is_checked_in() {
    is_checked_in::<api::ClusterEvent>("cluster-event.schema.json");
}
