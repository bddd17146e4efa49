//! `ptych script run`: scripts at work, and what is told of them.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::front::cli::args;
use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;
use crate::front::cli::script::junit;
use crate::front::cli::script::many::{self, Done, Plan};
use crate::front::cli::signals::Signals;
use crate::front::cli::values::SecretPlace;
use crate::front::cli::{output, script};
use crate::front::script::{EXIT_FAILED, Script, SecretSource, Settings, outcome};

pub fn run(args: &args::ScriptRun) -> anyhow::Result<Exit> {
    let scripts = script::read(&args.scripts)?;
    // The secret of a person is asked for before anything else is on the terminal; the others are read when they are needed.
    let plan = Plan {
        settings: settings(args)?,
        jobs: args.jobs as usize,
        retries: args.retries,
        keep: args.json || scripts.len() > 1,
        scripts,
    };
    let begun = Instant::now();
    let mut all: Vec<Done> = Vec::new();
    let ended = many::run(&plan, Signals::catch()?, |done| {
        tell(args, &plan, &done);
        all.push(done);
    });
    let signal = match ended {
        Ok(signal) => signal,
        Err(wrong) => return Ok(refuse(args, &plan.scripts, &wrong)),
    };
    all.sort_by_key(|done| done.index);
    if plan.scripts.len() > 1 && !args.json {
        output::note(&summary(&all, plan.scripts.len(), begun.elapsed()));
    }
    if let Some(path) = &args.junit {
        std::fs::write(path, junit::xml(&all))
            .map_err(|error| Failure::usage(format!("write {}: {error}", path.display())))?;
    }
    Ok(signal.unwrap_or_else(|| exit(&all)))
}

fn settings(args: &args::ScriptRun) -> Result<Settings, Failure> {
    let secrets = args.limits.secret.iter().map(|secret| {
        let source = match &secret.place {
            SecretPlace::File(path) => SecretSource::File(path.clone()),
            SecretPlace::Prompt => SecretSource::Prompt,
            SecretPlace::Environment(variable) => SecretSource::Value(
                std::env::var(variable)
                    .map_err(|_| Failure::usage(format!("the environment variable {variable} is not set")))?,
            ),
        };
        Ok((secret.name.clone(), source))
    });
    Ok(Settings {
        args: args.scripts.args.clone(),
        timeout: args.timeout,
        time_limit: args.limits.time_limit,
        max_operations: args.limits.max_operations,
        allow_read: args.scripts.allow_read.clone(),
        allow_write: args.limits.allow_write.clone(),
        allow_spawn: (!args.limits.allow_spawn.is_empty()).then(|| args.limits.allow_spawn.clone()),
        secrets: secrets.collect::<Result<_, Failure>>()?,
        record: args.record.clone(),
        update_screens: args.update,
        trace: args.trace,
    })
}

/// Scripts that cannot be run at all; nothing was started.
fn refuse(args: &args::ScriptRun, scripts: &[Script], wrong: &[many::Wrong]) -> Exit {
    for (index, told) in wrong {
        let script = &scripts[*index];
        if args.json {
            let ran = crate::front::script::Ran {
                script: script.name.clone(),
                end: Err(told.clone()),
                took: Duration::ZERO,
                waits: 0,
                sessions: 0,
            };
            // Whoever reads has gone: the exit code tells it all the same.
            let _gone = output::json_line(&ran.json());
        }
        output::note(
            told.text(script, Duration::ZERO)
                .trim_end_matches("the script ran 0 s\n"),
        );
    }
    wrong
        .first()
        .map_or(Exit::Usage, |(_, told)| Exit::Own(told.exit))
}

/// Each script when it is over.
fn tell(args: &args::ScriptRun, plan: &Plan, done: &Done) {
    if args.json {
        let mut object = done.ran.json();
        object["attempts"] = json!(done.attempts);
        object["output"] = json!(done.printed);
        let _gone = output::json_line(&object);
    } else if plan.keep {
        let _gone = output::data(done.printed.as_bytes());
    }
    if plan.scripts.len() > 1 && !args.json {
        let again = match done.attempts {
            1 => String::new(),
            attempts => format!(" (attempt {attempts})"),
        };
        let word = outcome(&done.ran);
        let took = done.ran.took.as_secs_f64();
        output::note(&format!("{word:<6} {took:>8.3} s  {}{again}", done.ran.script));
    }
    if !done.report.is_empty() {
        output::note(&done.report);
    }
}

fn summary(all: &[Done], scripts: usize, took: Duration) -> String {
    let ok = all.iter().filter(|done| done.ran.exit() == 0).count();
    let failed = all.len() - ok;
    let mut text = format!("{scripts} scripts: {ok} ok, {failed} failed");
    if all.len() < scripts {
        text.push_str(&format!(", {} not run", scripts - all.len()));
    }
    text.push_str(&format!(", {:.3} s", took.as_secs_f64()));
    text
}

/// Of several failures the code that all of them have.
fn exit(all: &[Done]) -> Exit {
    let mut codes = all.iter().map(|done| done.ran.exit()).filter(|code| *code != 0);
    let Some(first) = codes.next() else {
        return Exit::Done;
    };
    match codes.all(|code| code == first) {
        true => Exit::Own(first),
        false => Exit::Own(EXIT_FAILED),
    }
}
