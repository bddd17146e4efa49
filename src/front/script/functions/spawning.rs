//! How sessions begin.

use std::path::Path;
use std::sync::Arc;

use rhai::{Dynamic, Map, NativeCallContext};

use super::{Outcome, words};
use crate::front::script::failure::{Code, Failure};
use crate::front::script::live::Live;
use crate::front::script::plan::{self, Plan, Target};
use crate::front::script::reference::Registry;
use crate::front::script::session::Session;
use crate::front::script::world::World;

pub fn register(r: &mut Registry<'_>) {
    r.group("Starting");
    r.engine.register_type_with_name::<Session>("Session");
    let world = r.world();
    r.add(
        "spawn(command[, options]) -> Session",
        "Starts a program: `\"ssh -p 22 host\"`, cut into words as a shell does it (no shell runs), or `[\"ssh\", \"host\"]`. Options: `#{ cwd, env: #{}, cols, rows, raw: true, timeout, name, record }`.",
        |e, name| {
            let with = Arc::clone(&world);
            e.register_fn(name, move |context: NativeCallContext<'_>, command: Dynamic, options: Map| {
                begin(&with, &context, of_command(command)?.with(&options)?)
            });
            let plain = Arc::clone(&world);
            e.register_fn(name, move |context: NativeCallContext<'_>, command: Dynamic| {
                begin(&plain, &context, of_command(command)?)
            });
        },
    );
    let world = r.world();
    r.add(
        "start(protocol[, options]) -> Session",
        "Starts a tool as its protocol says and waits until it is ready; `ask`, `ready()` and `blocked()` are for such sessions. Options as for `spawn`, and `args: []`.",
        |e, name| {
            let with = Arc::clone(&world);
            e.register_fn(name, move |context: NativeCallContext<'_>, protocol: &str, options: Map| {
                begin(&with, &context, of_protocol(protocol)?.with(&options)?)
            });
            let plain = Arc::clone(&world);
            e.register_fn(name, move |context: NativeCallContext<'_>, protocol: &str| {
                begin(&plain, &context, of_protocol(protocol)?)
            });
        },
    );
    let world = r.world();
    r.add(
        "set_timeout(seconds)",
        "How long each wait may take from here on, where nothing nearer says it; `()` for ever. 10 at first.",
        |e, name| {
            e.register_fn(name, move |seconds: Dynamic| -> Outcome<()> {
                world.shared().timeout = Some(plan::limit(&seconds)?);
                Ok(())
            });
        },
    );
}

fn of_command(command: Dynamic) -> Result<Plan, Failure> {
    let words = match command.is_array() {
        true => plan::texts("command", &command)?,
        false => {
            let line = command.into_string().map_err(|kind| {
                Failure::argument(format!(
                    "a command is a text or an array of texts, not a value of type {kind}"
                ))
            })?;
            words::split(&line)?
        }
    };
    match words.first() {
        Some(program) if !program.is_empty() => Ok(Plan::new(Target::Command(words))),
        _ => Err(Failure::argument("the command is empty")),
    }
}

fn of_protocol(name: &str) -> Result<Plan, Failure> {
    match name {
        "" => Err(Failure::argument("the protocol's name is empty")),
        name => Ok(Plan::new(Target::Protocol(name.to_owned(), Vec::new()))),
    }
}

fn begin(world: &Arc<World>, context: &NativeCallContext<'_>, plan: Plan) -> Outcome<Session> {
    if !world.is_dry() {
        allowed(world, &plan)?;
    }
    let title = plan.title();
    let number = world.next_number();
    let live = match world.is_dry() {
        true => None,
        false => Some(Live::start(world, &plan, number)?),
    };
    let session = Session::new(number, title, live);
    if let Some(timeout) = plan.timeout {
        session.set_timeout(timeout);
    }
    world.shared().sessions.push(session.clone());
    world.trace(context, || format!("[{}] started", session.label()));
    Ok(session)
}

fn allowed(world: &World, plan: &Plan) -> Result<(), Failure> {
    let Some(allowed) = &world.settings.allow_spawn else {
        return Ok(());
    };
    let program = plan.program();
    let file = Path::new(program).file_name().and_then(|name| name.to_str());
    // A bare name in the list does not allow a file of that name somewhere else.
    let fits = |entry: &String| entry == program || (!program.contains('/') && Some(entry.as_str()) == file);
    match allowed.iter().any(fits) {
        true => Ok(()),
        false => Err(
            Failure::new(Code::Refused, format!("starting `{program}` is not allowed"))
                .hint(format!("allow it with --allow-spawn {program}")),
        ),
    }
}
