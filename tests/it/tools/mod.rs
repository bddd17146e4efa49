//! Each shipped protocol on the real program.

mod bash;
<<<<<<< HEAD
mod gdb;
mod mariadb;
mod psql;
mod python;
mod redis_cli;
=======
mod bc;
mod dash;
mod fish;
mod lua;
mod php;
mod python;
mod tclsh;
mod zsh;
>>>>>>> proto-a
