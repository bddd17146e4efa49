//! The same without a runtime: `cargo run --example expect_blocking`.

use ptych::blocking::Session;
use ptych::host::Options;
use ptych::host::expect::Pattern;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let python = Session::spawn(["python3", "-q"], Options::default())?;
    python.expect(">>> ")?;

    python.send_line("print('is', 6 * 7)")?;
    let found = python.expect(Pattern::regex(r"^is (\d+)\n"))?;
    println!("6 * 7 is {}", found.group(1).unwrap_or_default());

    python.expect(">>> ")?;
    python.send_line("1 / 0")?;
    let found = python.expect([Pattern::regex(r"^(\w+Error): "), Pattern::literal(">>> ")])?;
    println!("the error: {}", found.group(1).unwrap_or_default());
    Ok(())
}
