//! Each shipped protocol on the real program.

mod bash;
mod gdb;
mod mariadb;
mod psql;
mod python;
mod redis_cli;
