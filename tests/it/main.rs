//! One integration binary: it links once.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests read files and start programs"
)]

mod cli_ask;
mod cli_chat;
mod cli_dialogs;
mod cli_pool;
mod cli_protocol;
#[cfg(feature = "script")]
mod cli_script_check;
#[cfg(feature = "script")]
mod cli_script_run;
mod cli_support;
mod cli_usage;
mod cluster;
mod cluster_promises;
mod cluster_wire;
#[cfg(feature = "script")]
mod dialogues;
mod docs;
mod examples;
mod expect_host;
mod expect_issues;
mod expect_lifecycle;
mod expect_multi;
mod expect_portable;
mod expect_screen;
mod expect_semantics;
mod expect_stream;
mod expect_support;
mod full_screen;
mod host_channels;
mod host_end;
mod host_launch;
mod host_recording;
mod host_support;
mod oracle;
mod promises;
mod recordings;
mod schema;
#[cfg(feature = "script")]
mod script_dialogues;
#[cfg(feature = "script")]
mod script_record;
mod support;
mod term_corpus;
mod tools;
