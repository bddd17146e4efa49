//! `ptych pool bench`.
use crate::front::cli::args;
use crate::front::cli::exit::Exit;
pub fn run(_args: &args::PoolBench) -> anyhow::Result<Exit> {
    Ok(Exit::Done)
}
