//! One agent writes, others review, until all of them agree: `cargo run --example multi_agent_review`.
//!
//! Without arguments python writes by rote and two stand-ins review: python looks for a docstring, bash for long lines. With agents, the
//! writer first: `cargo run --example multi_agent_review -- claude codex gemini`. They must be installed and signed in, and may cost money.

use std::sync::Arc;
use std::time::Duration;

use ptych::engine::protocol::builtin;
use ptych::host::cluster::{Cluster, ClusterGroup, ClusterOptions};

const TASK: &str = "Write a Python function greet(name) that prints a greeting. Reply with the code alone, without a code fence.";
const ROUNDS: usize = 3;

/// What an agent is told: the writer, given what the reviewers said; a reviewer, given the code.
type Prompt = fn(&str) -> String;

/// Who takes part: a tool, and how it is spoken to. The writer is the first.
fn team(agents: &[String]) -> Vec<(String, Prompt)> {
    if agents.is_empty() {
        let stand_ins: [(&str, Prompt); 3] = [
            ("python", write_by_rote),
            ("python", find_docstring),
            ("bash", find_long_lines),
        ];
        return stand_ins.map(|(tool, prompt)| (tool.to_owned(), prompt)).into();
    }
    let prompt = |at: usize| if at == 0 { write as Prompt } else { review };
    agents
        .iter()
        .cloned()
        .enumerate()
        .map(|(at, tool)| (tool, prompt(at)))
        .collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let agents: Vec<String> = std::env::args().skip(1).collect();
    let team = team(&agents);
    let name = |at: usize| format!("{at} {}", team[at].0);
    let mut group = ClusterGroup::new();
    for (at, (tool, _)) in team.iter().enumerate() {
        let spec = Arc::new(builtin::load(tool)?);
        group.insert(name(at), Cluster::launch(spec, ClusterOptions::new(1))?);
    }

    let mut remarks = String::new();
    for round in 1..=ROUNDS {
        let draft = group.ask(&name(0), (team[0].1)(&remarks)).await?;
        let code = draft.response.text;
        println!("round {round}: {}", name(0));
        code.lines().for_each(|line| println!("  | {line}"));

        // All reviewers at the same time.
        let mut reviews = Vec::new();
        for (at, (_, prompt)) in team.iter().enumerate().skip(1) {
            reviews.push((at, group.send(&name(at), prompt(&code)).await?));
        }
        remarks.clear();
        for (at, ticket) in reviews {
            let answer = ticket.answer().await?;
            // A question (may I run this?) and an error are no agreement.
            let said = if answer.is_good() {
                answer.response.text.trim().to_owned()
            } else {
                format!("no review: {:?}", answer.response.outcome)
            };
            println!("  {}: {said}", name(at));
            if !said.eq_ignore_ascii_case("ok") {
                remarks += &format!("{said}\n");
            }
        }
        if remarks.is_empty() {
            println!("agreed in round {round}");
            break;
        }
    }
    for (name, report) in group.shutdown(Duration::from_secs(10)).await {
        if !report.is_clean() {
            eprintln!("{name}: {report:?}");
        }
    }
    Ok(())
}

fn write(remarks: &str) -> String {
    match remarks {
        "" => TASK.to_owned(),
        _ => format!("{TASK}\nYour reviewers said of your last code:\n{remarks}"),
    }
}

fn review(code: &str) -> String {
    format!(
        "Another agent was told: {TASK}\nReply with ok alone if nothing must change, else with one remark a line.\n\n{code}"
    )
}

// The stand-ins.

fn write_by_rote(remarks: &str) -> String {
    let greeting = "print('Good morning, ' + name + '!')";
    let first = format!("def greet(name): {greeting}; print('It is a pleasure to see you.')");
    let second = format!("def greet(name):\n    'Greets.'\n    {greeting}");
    format!(
        "print({})",
        quoted(if remarks.is_empty() { &first } else { &second })
    )
}

fn find_docstring(code: &str) -> String {
    let code = quoted(code);
    format!(
        "import ast; print('ok' if ast.get_docstring(ast.parse({code}).body[0]) else 'greet has no docstring')"
    )
}

fn find_long_lines(code: &str) -> String {
    let code = quoted(code);
    format!(
        "awk 'length > 60 {{ print \"line \" NR \" is too long\"; n++ }} END {{ if (!n) print \"ok\" }}' <<< ${code}"
    )
}

/// A string of python's, and with a `$` before it one of bash's.
fn quoted(text: &str) -> String {
    format!("'{}'", text.escape_default())
}
