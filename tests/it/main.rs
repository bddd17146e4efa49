//! One integration binary: it links once.

mod support;
mod tools;
