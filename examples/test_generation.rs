//! Tests are written for a list of functions, spread over four instances: `cargo run --example test_generation`.
//!
//! Four pythons stand in for the writers: each reads the signature, calls the function, and writes down what it gave as an assertion. With
//! an agent the prompt is the instruction, and nothing else changes. The answers come in the order of the functions, so that the file is
//! the same whoever was quicker; at the end the file is run.

use std::sync::Arc;
use std::time::Duration;

use ptych::engine::protocol::builtin;
use ptych::host::cluster::{Cluster, ClusterOptions, MapOptions, Order, SendOptions};
use ptych::host::{Options, Session, StopOptions};

const MODULE: &str = "\
def area(width: int, height: int) -> int:
    return width * height
def initials(name: str) -> str:
    return ''.join(word[0] for word in name.split())
def is_even(number: int) -> bool:
    return number % 2 == 0
def mean(numbers: list) -> float:
    return sum(numbers) / len(numbers)
def repeat(text: str, times: int) -> str:
    return text * times
";

const FUNCTIONS: &[&str] = &["area", "initials", "is_even", "mean", "repeat"];

/// What a writer does, by rote: a value for each parameter's type, and what comes of them.
const WRITER: &str = "\
import inspect, shapes
SAMPLES = {int: 3, str: 'Ada Lovelace', list: [1, 2, 6]}
def write_test(name):
    function = getattr(shapes, name)
    values = [SAMPLES[p.annotation] for p in inspect.signature(function).parameters.values()]
    call = f\"shapes.{name}({', '.join(map(repr, values))})\"
    print(f'def test_{name}():\\n    assert {call} == {function(*values)!r}')
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path();
    std::fs::write(folder.join("shapes.py"), MODULE)?;
    std::fs::write(folder.join("writer.py"), WRITER)?;
    let session = Options {
        cwd: Some(folder.to_owned()),
        ..Options::default()
    };

    let python = Arc::new(builtin::load("python")?);
    let options = ClusterOptions {
        session: session.clone(),
        ..ClusterOptions::new(4)
    };
    let writers = Cluster::launch(Arc::clone(&python), options)?;
    let prompts = FUNCTIONS
        .iter()
        .map(|name| format!("import writer; writer.write_test('{name}')"));
    let options = MapOptions {
        order: Order::AsAsked,
        // A test that was lost with its writer is written by another: writing it twice does no harm.
        send: SendOptions {
            retryable: true,
            ..SendOptions::default()
        },
        ..MapOptions::default()
    };
    let mut batch = writers.map(prompts, options);
    let mut file = "import shapes\n".to_owned();
    while let Some((index, answer)) = batch.next().await {
        let answer = answer?;
        if !answer.is_good() {
            eprintln!("{}: {:?}", FUNCTIONS[index], answer.response.outcome);
            continue;
        }
        file += &format!("\n{}\n", answer.response.text);
    }
    writers.shutdown(Duration::from_secs(5)).await;
    print!("{file}");

    std::fs::write(folder.join("test_shapes.py"), file)?;
    let runner = Session::start(python, session)?;
    let run = "import test_shapes; \
        sum(test() is None for name, test in vars(test_shapes).items() if name.startswith('test_'))";
    println!("\npassed: {}", runner.ask(run).await?.text);
    runner.stop(StopOptions::default()).await;
    Ok(())
}
