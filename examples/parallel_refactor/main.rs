//! Three aiders refactor three files of a git repository at the same time, each in a worktree of its own, and what they have committed is
//! merged: `cargo run --example parallel_refactor`.
//!
//! Runs anywhere where aider is (`python3 -m pip install aider-chat`) and git: the repository, the home of the aiders and the model are made
//! for it. The model is a small server on loopback that does one refactoring by rote (`model_server.rs`); with a real one, leave out
//! `OPENAI_API_BASE` and give your own key and `--model`.

#![expect(
    clippy::disallowed_methods,
    reason = "it makes a repository, and the model takes its time"
)]

mod model_server;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use ptych::engine::protocol::builtin;
use ptych::host::Options;
use ptych::host::cluster::{Cluster, ClusterOptions};
use ptych::host::error::LaunchError;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A file, what it holds, and what is to be renamed to what.
const FILES: [(&str, &str, &str, &str); 3] = [
    (
        "shapes.py",
        "def calc(width, height):\n    return width * height\n\n\nprint(calc(2, 3))\n",
        "calc",
        "area",
    ),
    (
        "names.py",
        "def proc(name):\n    return name.strip().title()\n\n\nprint(proc(' ada '))\n",
        "proc",
        "tidy_name",
    ),
    (
        "dates.py",
        "def chk(year):\n    return year % 4 == 0\n\n\nprint(chk(2028))\n",
        "chk",
        "is_leap_year",
    ),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path();
    let repository = repository(&folder.join("main"))?;
    let session = Options {
        env: vec![
            ("HOME".to_owned(), folder.display().to_string()),
            ("OPENAI_API_BASE".to_owned(), model_server::start()?),
            ("OPENAI_API_KEY".to_owned(), "no-key".to_owned()),
            ("LITELLM_LOCAL_MODEL_COST_MAP".to_owned(), "True".to_owned()),
        ],
        args: [
            "--model",
            "openai/by-rote",
            "--edit-format",
            "whole",
            "--no-stream",
            "--map-tokens",
            "0",
        ]
        .map(str::to_owned)
        .into(),
        ..Options::default()
    };

    // Instance N works in worktree N, on file N; also after a restart.
    let mut worktrees = Vec::new();
    for (n, (file, ..)) in FILES.iter().enumerate() {
        let worktree = folder.join(format!("worktree-{n}"));
        git(
            &repository,
            &[
                "worktree",
                "add",
                "-q",
                "-b",
                &format!("refactor-{n}"),
                &worktree.display().to_string(),
            ],
        )?;
        worktrees.push((worktree, (*file).to_owned()));
    }
    let options = ClusterOptions {
        session,
        per_instance: Some(Arc::new(move |instance, options| {
            let (worktree, file) = &worktrees[instance.0 as usize];
            options.cwd = Some(worktree.clone());
            options.args.push(file.clone());
        })),
        ..ClusterOptions::new(3)
    };
    let mut aider = builtin::load("aider")?;
    // Nothing of this shell's keys and settings.
    aider.spawn.pass_env.clear();
    let aiders = match Cluster::launch(Arc::new(aider), options) {
        Err(error @ LaunchError::NotFound { .. }) => {
            eprintln!("{error}\ninstall it: python3 -m pip install aider-chat");
            drop(temporary);
            std::process::exit(1);
        }
        launched => launched?,
    };
    aiders.wait_ready().await?;

    let mut tickets = Vec::new();
    for (n, (file, _, old, new)) in (0..).zip(FILES) {
        tickets.push((
            file,
            aiders
                .send_to(n, format!("Rename {old} to {new} in {file}."))
                .await?,
        ));
    }
    let (mut longest, mut together) = (Duration::ZERO, Duration::ZERO);
    for (file, ticket) in tickets {
        let response = ticket.answer().await?.response;
        let commit = response.captures.get("commit").map_or("none", String::as_str);
        println!("{file}: {:?}, commit {commit}", response.outcome);
        longest = longest.max(response.duration);
        together += response.duration;
    }
    println!(
        "three turns of {:.1} s together, the longest {:.1} s",
        together.as_secs_f64(),
        longest.as_secs_f64()
    );
    aiders.shutdown(Duration::from_secs(10)).await;

    let branches: Vec<String> = (0..FILES.len()).map(|n| format!("refactor-{n}")).collect();
    for branch in &branches {
        git(&repository, &["merge", "-q", "--no-edit", branch])?;
    }
    print!("{}", git(&repository, &["diff", "--stat", "start", "HEAD"])?);
    Ok(())
}

/// With the files in one commit, tagged `start`.
fn repository(path: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(path)?;
    for (file, contents, ..) in FILES {
        std::fs::write(path.join(file), contents)?;
    }
    for arguments in [
        &["init", "-q", "-b", "main"][..],
        &["config", "user.name", "Example"],
        &["config", "user.email", "example@localhost"],
        &["add", "."],
        &["commit", "-q", "-m", "start"],
        &["tag", "start"],
    ] {
        git(path, arguments)?;
    }
    Ok(path.to_owned())
}

fn git(repository: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(arguments)
        .output()?;
    if !output.status.success() {
        return Err(format!(
            "git {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        )
        .into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
