//! Each shipped protocol on the real program.

mod bash;
mod bc;
mod dash;
mod fish;
mod gdb;
#[cfg(feature = "heavy-tests")]
mod heavy;
mod ipython;
mod irb;
mod jshell;
mod lua;
mod mariadb;
mod node;
mod php;
mod psql;
mod python;
mod redis_cli;
mod sqlite3;
mod tclsh;
mod zsh;
