//! Each shipped protocol on the real program.

mod bash;
mod bc;
mod dash;
mod fish;
mod lua;
mod php;
mod python;
mod tclsh;
mod zsh;
