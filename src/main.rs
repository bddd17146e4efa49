//! The `ptych` command; everything is in `front::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ptych::host::memory::return_freed_pages();
    ptych::front::cli::main()
}
