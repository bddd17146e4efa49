//! `ptych pool run`: many prompts, many instances.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;

use crate::front::cli::args;
use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;
use crate::front::cli::pool::input::Input;
use crate::front::cli::pool::journal::{self, Head};
use crate::front::cli::pool::run::{self, Plan};
use crate::front::cli::signals::Signals;
use crate::front::cli::{conversation, output, resolve};
use crate::host::cluster::{ClusterOptions, PerInstance, SendOptions};
use crate::host::{AskOptions, Options, RecordOptions};

/// Nobody sits there to answer: an instance that asks something is replaced as soon as its turn is over.
const BLOCKED_WITHIN: Duration = Duration::from_millis(100);

pub fn run(args: args::PoolRun) -> anyhow::Result<Exit> {
    let plan = meaning(&args)?;
    let signals = Signals::catch()?;
    conversation::runtime()?.block_on(run::run(plan, signals))
}

fn meaning(args: &args::PoolRun) -> anyhow::Result<Plan> {
    let launch = resolve::tool(&args.target, &args.setup)?;
    let input = Input::new(&args.files, args.jsonl, &args.key, args.journal.is_some())?;
    let opened = match &args.journal {
        Some(path) => {
            let head = Head::new(&launch.spec.name, &args.setup.args, input.names());
            Some(journal::open(path, &head)?)
        }
        None => None,
    };
    if opened.as_ref().is_some_and(|opened| opened.torn) {
        output::complain("the journal's last line was not whole; its prompt is asked again");
    }
    let (journal, done) = opened.map_or_else(Default::default, |opened| (Some(opened.journal), opened.done));
    let checked = input.check(|mark| done.contains(&mark))?;
    if checked.done > 0 && !args.no_progress {
        let all = checked
            .total
            .map_or(String::new(), |total| format!(" of {total}"));
        output::complain(&format!(
            "{}{all} prompts are answered in the journal and skipped",
            checked.done
        ));
    }
    Ok(Plan {
        spec: Arc::clone(&launch.spec),
        cluster: cluster(args, launch.options)?,
        input,
        total: checked.total,
        journal,
        done,
        ordered: args.ordered,
        send: SendOptions {
            retryable: args.retry > 0,
            wait: args.wait,
            ask: AskOptions {
                timeout: Some(args.timeout),
                ..AskOptions::default()
            },
            ..SendOptions::default()
        },
        window: args.max_queue as usize,
        metrics: args.metrics.clone(),
        quiet: args.no_progress,
    })
}

fn cluster(args: &args::PoolRun, mut session: Options) -> anyhow::Result<ClusterOptions> {
    session.policy.rules.clone_from(&args.policy);
    let default = ClusterOptions::new(args.instances);
    Ok(ClusterOptions {
        spares: args.spares,
        routing: args.routing,
        session,
        per_instance: args.record.as_deref().map(recordings).transpose()?,
        max_queue: args.max_queue as usize,
        max_turns: args.max_turns,
        max_age: args.max_age,
        // A line may ask for retries where the command does not.
        attempts: match args.retry {
            0 => default.attempts,
            retry => retry + 1,
        },
        intensity: args.intensity,
        blocked_within: Some(BLOCKED_WITHIN),
        ..default
    })
}

/// `DIR/INSTANCE-START.cast`, starts counted from 1.
fn recordings(dir: &Path) -> anyhow::Result<PerInstance> {
    std::fs::create_dir_all(dir)
        .with_context(|| format!("create {}", dir.display()))
        .map_err(|error| Failure::new(Exit::Usage, "recording_failed", format!("{error:#}")))?;
    let dir: PathBuf = dir.to_owned();
    let starts: Mutex<BTreeMap<u32, u32>> = Mutex::default();
    Ok(Arc::new(move |instance, options| {
        let mut starts = starts.lock().unwrap_or_else(PoisonError::into_inner);
        let start = starts.entry(instance.0).or_default();
        *start += 1;
        let file = dir.join(format!("{instance}-{start}.cast"));
        options.record = Some(RecordOptions::new(file));
    }))
}
