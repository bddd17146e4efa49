//! Wire types: plain data that crosses a process boundary, with serde and a schema.
//!
//! They are copies of the engine's types, converted in `convert` alone, so that the engine may change its mind about how it
//! computes while what a reader of JSON sees stays. Field names are stable from the first release. A new field may appear; a
//! reader ignores what it does not know. Words of an enum (`outcome`, `state`, …) may grow; a reader treats an unknown one as `unknown`.

mod cluster;
mod convert;
mod error;
mod event;
mod metrics;
mod response;
mod snapshot;

pub use cluster::{
    Answer, Cluster, ClusterEvent, ClusterEventBody, Ended, Instance, LastTurn, NotTyped, OutOfService,
    PoolLine, Usage,
};
pub use convert::{AnswerView, ClusterContext, Context, ProcessView, UsageView, View};
pub use error::Error;
pub use event::{Event, EventBody};
pub use metrics::{METRICS_CONTENT_TYPE, metrics_text};
pub use response::{Evidence, Exit, Outcome, Protocol, Question, Response, Source};
pub use snapshot::{Cursor, RuleTrace, SignalTrace, Size, Snapshot};
