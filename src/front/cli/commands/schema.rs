//! `ptych schema` and `ptych protocol schema`: what the types say of themselves.

use crate::api;
use crate::engine::protocol;
use crate::front::cli::args::SchemaOf;
use crate::front::cli::exit::Exit;
use crate::front::cli::output;

pub fn run(what: SchemaOf) -> anyhow::Result<Exit> {
    let schema = match what {
        SchemaOf::Response => schemars::schema_for!(api::Response).into(),
        SchemaOf::Answer => schemars::schema_for!(api::Answer).into(),
        SchemaOf::PoolLine => schemars::schema_for!(api::PoolLine).into(),
        SchemaOf::Cluster => schemars::schema_for!(api::Cluster).into(),
        SchemaOf::ClusterEvent => schemars::schema_for!(api::ClusterEvent).into(),
        SchemaOf::Protocol => protocol::schema(),
    };
    output::json_document(&schema)?;
    Ok(Exit::Done)
}
