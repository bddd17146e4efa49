//! One file for each verb.

pub mod ask;
pub mod chat;
pub mod completions;
pub mod doctor;
pub mod help;
pub mod man;
pub mod pool_bench;
pub mod pool_run;
pub mod protocol_check;
pub mod protocol_explain;
pub mod protocol_list;
pub mod protocol_new;
pub mod protocol_show;
pub mod protocol_test;
pub mod record;
pub mod schema;
#[cfg(feature = "script")]
pub mod script_check;
#[cfg(feature = "script")]
pub mod script_record;
#[cfg(feature = "script")]
pub mod script_run;
