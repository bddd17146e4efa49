//! The smallest interactive program: a prompt, a line in, a line out, on a cooked tty.

use std::io::{BufRead, Write};

fn main() {
    let mut out = std::io::stdout().lock();
    let mut line = String::new();
    let mut input = std::io::stdin().lock();
    loop {
        let _ = out.write_all(b"tiny> ");
        let _ = out.flush();
        line.clear();
        if input.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let _ = writeln!(out, "<{}>", line.trim_end());
    }
}
