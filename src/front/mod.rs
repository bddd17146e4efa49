//! People and programs talk to ptych here. A front translates: what was asked into calls of the host, what happened into its own form.
//! Nothing is decided here that another front would have to decide again.

pub mod cli;
#[cfg(feature = "script")]
mod script;
