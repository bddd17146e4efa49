//! One integration binary: it links once.

mod cli_ask;
mod cli_chat;
mod cli_protocol;
mod cli_support;
mod cli_usage;
mod host_end;
mod host_launch;
mod host_recording;
mod host_support;
mod oracle;
mod recordings;
mod schema;
mod support;
mod term_corpus;
mod tools;
