//! The pure part: bytes, events and `now` in; bytes, events and deadlines out.

pub mod cluster;
pub mod event;
pub mod expect;
pub mod framer;
pub mod health;
pub mod ids;
pub mod limits;
pub mod patience;
pub mod policy;
pub mod pool;
pub mod protocol;
pub mod random;
pub mod response;
pub mod route;
pub mod session;
pub mod supervise;
pub mod term;
pub mod time;
pub mod tty;
