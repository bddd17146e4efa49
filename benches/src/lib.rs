//! What the benchmarks share: the programs that are driven, the drivers, and one measurement in a process of its own.
//!
//! Every measurement runs in its own process (the benchmark, started again with `--driver`, or a peer's script), so that CPU time and
//! memory are its own.

pub mod child;
pub mod drivers;
pub mod measure;
