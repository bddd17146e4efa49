//! The pure part: bytes, events and `now` in; bytes, events and deadlines out.

pub mod ids;
pub mod limits;
pub mod protocol;
pub mod term;
pub mod time;
