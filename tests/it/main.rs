//! One integration binary: it links once.

mod cli_ask;
mod cli_protocol;
mod cli_support;
mod cli_usage;
mod support;
mod term_corpus;
mod tools;
