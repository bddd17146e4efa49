//! The smallest interactive program: a prompt, a line in, a line out, on a cooked tty.
//!
//! `flood N` is answered with N lines of 80 bytes; started with `--flood N` it writes them and ends.

use std::io::{BufRead, BufWriter, Write};

fn main() {
    let mut out = BufWriter::with_capacity(65536, std::io::stdout().lock());
    let args: Vec<String> = std::env::args().collect();
    if let [_, option, lines] = &args[..]
        && option == "--flood"
    {
        flood(&mut out, lines);
        return;
    }
    let mut line = String::new();
    let mut input = std::io::stdin().lock();
    loop {
        let _ = out.write_all(b"tiny> ");
        let _ = out.flush();
        line.clear();
        if input.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end();
        if let Some(lines) = line.strip_prefix("flood ") {
            flood(&mut out, lines);
        } else {
            let _ = writeln!(out, "<{line}>");
        }
    }
}

fn flood(out: &mut impl Write, lines: &str) {
    let line = [[b'x'; 79].as_slice(), b"\n"].concat();
    for _ in 0..lines.parse().unwrap_or(0) {
        let _ = out.write_all(&line);
    }
    let _ = out.flush();
}
