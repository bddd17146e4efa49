//! Asserting, waiting, branching, leaving.

use std::sync::Arc;

use rhai::{Array, Dynamic, EvalAltResult, FnPtr, NativeCallContext};

use super::Outcome;
use crate::front::script::failure::{Code, Failure};
use crate::front::script::live;
use crate::front::script::pattern::seconds;
use crate::front::script::reference::Registry;
use crate::front::script::session::Session;
use crate::front::script::world::World;

pub fn register(r: &mut Registry<'_>) {
    r.group("Flow");
    asserting(r);
    sleeping(r);
    let world = r.world();
    r.add(
        "parallel(closures) -> array",
        "Calls closures without arguments at the same time and gives their results in order; the first failure counts when all have ended. Each has its own copy of the variables it uses; sessions are the same.",
        |e, name| {
            e.register_fn(name, move |context: NativeCallContext<'_>, closures: Array| parallel(&world, &context, closures));
        },
    );
    leaving(r);
}

fn asserting(r: &mut Registry<'_>) {
    let world = r.world();
    r.add(
        "assert(condition[, message])",
        "Fails the script when the condition is not true.",
        |e, name| {
            let with = Arc::clone(&world);
            e.register_fn(name, move |condition: bool, message: &str| -> Outcome<()> {
                Ok(assert(&with, condition, message)?)
            });
            let plain = Arc::clone(&world);
            e.register_fn(name, move |condition: bool| -> Outcome<()> {
                Ok(assert(&plain, condition, "the assertion does not hold")?)
            });
        },
    );
    r.add("fail(message)", "Fails the script.", |e, name| {
        e.register_fn(name, |message: &str| -> Outcome<()> {
            Err(Failure::new(Code::Failed, message).into())
        });
    });
}

fn assert(world: &World, condition: bool, message: &str) -> Result<(), Failure> {
    // What a program would have said is not known in a dry run.
    match condition || world.is_dry() {
        true => Ok(()),
        false => Err(Failure::new(Code::Assertion, message)),
    }
}

fn sleeping(r: &mut Registry<'_>) {
    let world = r.world();
    r.add(
        "sleep(seconds)",
        "Does nothing for a while. What programs show meanwhile is kept; waiting for it is nearly always better.",
        |e, name| {
            // Both kinds of numbers: Rhai has a `sleep` of its own for each, which would be found first.
            let whole = Arc::clone(&world);
            e.register_fn(name, move |time: i64| sleep(&whole, Dynamic::from(time)));
            e.register_fn(name, move |time: f64| sleep(&world, Dynamic::from(time)));
        },
    );
}

fn sleep(world: &World, time: Dynamic) -> Outcome<()> {
    let time = seconds(&time)?;
    match world.is_dry() {
        true => Ok(()),
        false => Ok(live::sleep(world, time)?),
    }
}

fn parallel(world: &Arc<World>, context: &NativeCallContext<'_>, closures: Array) -> Outcome<Array> {
    let mut branches = Vec::new();
    for closure in closures {
        let kind = closure.type_name();
        let closure = closure.try_cast::<FnPtr>().ok_or_else(|| {
            Failure::argument(format!(
                "parallel takes closures || …, not a value of type {kind}"
            ))
        })?;
        branches.push(own_variables(closure));
    }
    let call = |closure: &FnPtr| closure.call_within_context::<Dynamic>(context, ());
    let results: Vec<Outcome<Dynamic>> = match world.is_dry() {
        true => branches.iter().map(call).collect(),
        false => std::thread::scope(|scope| {
            let running: Vec<_> = branches
                .iter()
                .map(|closure| scope.spawn(|| call(closure)))
                .collect();
            running
                .into_iter()
                .map(|branch| branch.join().unwrap_or_else(|_| Err(panicked())))
                .collect()
        }),
    };
    results.into_iter().collect()
}

/// Shared variables would make branches wait for each other whenever one calls a method of a session that both know.
fn own_variables(mut closure: FnPtr) -> FnPtr {
    let copies: Vec<Dynamic> = closure.iter_curry().map(|value| value.flatten_clone()).collect();
    closure.set_curry(copies);
    closure
}

fn panicked() -> Box<EvalAltResult> {
    Failure::new(Code::Failed, "a branch ended by a fault of ptych itself").into()
}

fn leaving(r: &mut Registry<'_>) {
    let world = r.world();
    r.add(
        "exit([code])",
        "Ends the script at once with this exit code, 0 without one. Nothing catches it.",
        |e, name| {
            let plain = Arc::clone(&world);
            e.register_fn(name, move || -> Outcome<()> { Err(leave(&plain, 0)) });
            e.register_fn(name, move |code: i64| -> Outcome<()> {
                match u8::try_from(code) {
                    Ok(code) => Err(leave(&world, code)),
                    Err(_) => {
                        Err(Failure::argument(format!("an exit code is from 0 to 255, not {code}")).into())
                    }
                }
            });
        },
    );
    let world = r.world();
    r.add(
        "exit_with_child(s)",
        "Waits until the program has ended and ends the script with its exit code, 128 and the signal's number after a signal.",
        |e, name| {
            e.register_fn(name, move |s: Session| -> Outcome<()> {
                let ended = s.with(live::Ended::default(), |live| live.wait(&world, None))?;
                let code = ended.code.or(ended.signal.map(|signal| 128 + signal)).unwrap_or(0);
                Err(leave(&world, u8::try_from(code).unwrap_or(1)))
            });
        },
    );
    let world = r.world();
    r.add(
        "on_exit(closure)",
        "Calls it when the script is over, however that came; the last one given is called first.",
        |e, name| {
            e.register_fn(name, move |closure: FnPtr| world.shared().on_exit.push(closure));
        },
    );
}

/// Rhai ends a run without an error then, so the code is kept beside it.
fn leave(world: &World, code: u8) -> Box<EvalAltResult> {
    world.shared().exit_code = Some(code);
    EvalAltResult::Exit(Dynamic::from(i64::from(code)), rhai::Position::NONE).into()
}
