//! One integration binary: it links once.

mod support;
mod term_corpus;
mod tools;
