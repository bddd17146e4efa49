//! Each shipped protocol on the real program.

mod bash;
mod python;
