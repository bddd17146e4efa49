//! The `ptych` command; everything is in `front::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ptych::front::cli::main()
}
