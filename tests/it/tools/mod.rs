//! Each shipped protocol on the real program.

mod bash;
mod bc;
mod dash;
mod fish;
mod gdb;
mod lua;
mod mariadb;
mod php;
mod psql;
mod python;
mod redis_cli;
mod tclsh;
mod zsh;
