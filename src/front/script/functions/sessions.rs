//! Looking at sessions, asking them, and how they end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rhai::{Dynamic, Map, NativeCallContext};

use super::Outcome;
use crate::front::script::failure::Failure;
use crate::front::script::files;
use crate::front::script::live::{Answer, Ended, Live, Tty};
use crate::front::script::pattern::{Pattern, seconds};
use crate::front::script::plan;
use crate::front::script::reference::Registry;
use crate::front::script::screens;
use crate::front::script::session::Session;
use crate::front::script::value::Screen;
use crate::front::script::waiting::limit;
use crate::front::script::world::World;

pub fn register(r: &mut Registry<'_>) {
    r.group("Looking");
    looking(r);
    assert_screen(r);
    r.group("Asking");
    asking(r);
    r.group("Ending");
    ending(r);
}

fn looking(r: &mut Registry<'_>) {
    r.add("s.screen() -> Screen", "The screen as it is now.", |e, name| {
        e.register_fn(name, |s: Session| -> Outcome<Screen> { Ok(s.screen()?) });
    });
    r.add(
        "s.tty() -> map",
        "The terminal's own settings: `#{ echo, canonical, foreground }`; `foreground` is `tool`, or the name of the program that it lets read.",
        |e, name| {
            e.register_fn(name, |s: Session| -> Outcome<Map> {
                let tty = s.with(Tty::default(), Live::tty)?;
                Ok(Map::from([
                    ("echo".into(), tty.echo.into()),
                    ("canonical".into(), tty.canonical.into()),
                    ("foreground".into(), tty.foreground.map_or(Dynamic::UNIT, Dynamic::from)),
                ]))
            });
        },
    );
    r.add(
        "s.state -> string",
        "What the protocol says: `starting`, `ready`, `busy`, `blocked`, `unknown` or `exited`.",
        |e, name| {
            e.register_get(name, |s: &mut Session| -> Outcome<String> {
                Ok(s.with("ready".to_owned(), Live::state)?)
            });
        },
    );
    r.add(
        "s.is_alive -> bool",
        "Whether the program still runs.",
        |e, name| {
            e.register_get(name, |s: &mut Session| -> Outcome<bool> {
                Ok(s.with(true, Live::is_alive)?)
            });
        },
    );
    r.add("s.pid -> int", "The program's process id.", |e, name| {
        e.register_get(name, |s: &mut Session| -> Outcome<i64> {
            Ok(s.with(1, Live::pid)?)
        });
    });
    r.add(
        "s.name -> string",
        "As it stands in traces and reports.",
        |e, name| {
            e.register_get(name, |s: &mut Session| s.title().to_owned());
        },
    );
    let world = r.world();
    r.add(
        "s.log(file)",
        "Writes what the program shows into a file from here on, escape sequences included. Needs `--allow-write`.",
        |e, name| {
            e.register_fn(name, move |s: Session, file: &str| -> Outcome<()> {
                if world.is_dry() {
                    return Ok(());
                }
                let path = files::writable(&world, file)?;
                Ok(s.with((), |live| live.log(&path))?)
            });
        },
    );
    r.add(
        "s.resize(cols, rows)",
        "Gives the terminal another size.",
        |e, name| {
            e.register_fn(name, |s: Session, cols: Dynamic, rows: Dynamic| -> Outcome<()> {
                let (cols, rows) = (plan::cells("cols", &cols)?, plan::cells("rows", &rows)?);
                Ok(s.with((), |live| live.resize(cols, rows))?)
            });
        },
    );
}

fn assert_screen(r: &mut Registry<'_>) {
    let world = r.world();
    r.add(
        "s.assert_screen(name[, seconds])",
        "Waits until the screen is the one stored in `SCRIPT.screens/NAME.txt`, and fails with a diff when it does not become it. `--update` stores what is seen.",
        |e, name| {
            let with = Arc::clone(&world);
            e.register_fn(
                name,
                move |context: NativeCallContext<'_>, s: Session, stored: &str, limit: Dynamic| -> Outcome<()> {
                    Ok(stored_screen(&with, &context, &s, stored, Some(seconds(&limit)?))?)
                },
            );
            let plain = Arc::clone(&world);
            e.register_fn(name, move |context: NativeCallContext<'_>, s: Session, stored: &str| -> Outcome<()> {
                Ok(stored_screen(&plain, &context, &s, stored, None)?)
            });
        },
    );
}

/// Between looks at a screen that is not yet the stored one: nothing came for so long.
const SETTLED: Duration = Duration::from_millis(100);
/// Before a screen is stored: a program that is started may take so long to paint.
const SETTLED_FOR_STORING: Duration = Duration::from_millis(500);

fn stored_screen(
    world: &Arc<World>,
    context: &NativeCallContext<'_>,
    session: &Session,
    name: &str,
    own: Option<Duration>,
) -> Result<(), Failure> {
    let Some(live) = session.live() else {
        // A script from standard input has no place for screens; that is known without running it.
        return screens::place(&world.script, name).map(drop);
    };
    let path = screens::place(&world.script, name)?;
    let limit = limit(world, session, own).unwrap_or(world.settings.time_limit);
    let begun = Instant::now();
    world.shared().waits += 1;
    if world.settings.update_screens {
        live.settle(world, SETTLED_FOR_STORING, limit)?;
        screens::write(&path, &live.screen()?)?;
        world.trace(context, || {
            format!("[{}] stored {}", session.label(), path.display())
        });
        return Ok(());
    }
    let Some(wanted) = screens::read(&path)? else {
        return Err(screens::missing(&path));
    };
    loop {
        let seen = live.screen()?;
        if screens::stored(&seen) == wanted {
            world.trace(context, || {
                format!("[{}] the screen is {}", session.label(), path.display())
            });
            return Ok(());
        }
        let left = limit.saturating_sub(begun.elapsed());
        if left.is_zero() || !live.is_alive()? {
            return Err(screens::differs(&path, &wanted, &live.screen()?));
        }
        live.settle(world, SETTLED, left)?;
    }
}

fn asking(r: &mut Registry<'_>) {
    let world = r.world();
    r.add(
        "s.ask(prompt[, seconds]) -> map",
        "One turn of a session of `start`: types the prompt and gives the complete answer, `#{ text, outcome, complete, captures, question, choices }`.",
        |e, name| {
            let with = Arc::clone(&world);
            e.register_fn(name, move |s: Session, prompt: &str, limit: Dynamic| -> Outcome<Map> {
                let limit = Some(seconds(&limit)?);
                Ok(answer(s.with(Answer::stand_in(), |live| live.ask(&with, prompt, limit))?))
            });
            let plain = Arc::clone(&world);
            e.register_fn(name, move |s: Session, prompt: &str| -> Outcome<Map> {
                Ok(answer(s.with(Answer::stand_in(), |live| live.ask(&plain, prompt, None))?))
            });
        },
    );
    let world = r.world();
    r.add(
        "s.interact([options]) -> map",
        "Hands the session to the person at this terminal until the escape key (`#{ escape: \"ctrl-]\" }`), a pattern (`#{ patterns: [] }`) or the program's end: `#{ reason, found }`.",
        |e, name| {
            let with = Arc::clone(&world);
            e.register_fn(name, move |s: Session, options: Map| -> Outcome<Map> { Ok(interact(&with, &s, &options)?) });
            let plain = Arc::clone(&world);
            e.register_fn(name, move |s: Session| -> Outcome<Map> { Ok(interact(&plain, &s, &Map::new())?) });
        },
    );
}

fn answer(answer: Answer) -> Map {
    let captures: Map = answer
        .captures
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let choices: Vec<Dynamic> = answer.choices.into_iter().map(Dynamic::from).collect();
    Map::from([
        ("text".into(), answer.text.into()),
        ("outcome".into(), answer.outcome.into()),
        ("complete".into(), answer.complete.into()),
        ("captures".into(), captures.into()),
        (
            "question".into(),
            answer.question.map_or(Dynamic::UNIT, Dynamic::from),
        ),
        ("choices".into(), choices.into()),
    ])
}

fn interact(world: &Arc<World>, session: &Session, options: &Map) -> Result<Map, Failure> {
    let mut escape = "ctrl-]".to_owned();
    let mut until = Vec::new();
    for (key, value) in options {
        match key.as_str() {
            "escape" => {
                escape = value.clone().into_string().map_err(|kind| {
                    Failure::argument(format!("`escape` is a key's name, not a value of type {kind}"))
                })?;
                super::sending::check_key(&escape)?;
            }
            "patterns" => until = Pattern::of(value.clone())?,
            other => {
                return Err(Failure::argument(format!("there is no option `{other}`"))
                    .hint("options are escape and patterns"));
            }
        }
    }
    let (reason, found) = session.with(("escaped", None), |live| live.interact(world, &escape, until))?;
    Ok(Map::from([
        ("reason".into(), reason.into()),
        ("found".into(), found.map_or(Dynamic::UNIT, Dynamic::from)),
    ]))
}

fn ending(r: &mut Registry<'_>) {
    let world = r.world();
    r.add(
        "s.wait([seconds]) -> map",
        "Waits until the program has ended: `#{ code, signal }`, one of which is `()`. Text that was not matched stays to be matched.",
        |e, name| {
            let with = Arc::clone(&world);
            e.register_fn(name, move |s: Session, limit: Dynamic| -> Outcome<Map> {
                let limit = seconds(&limit)?;
                Ok(ended(s.with(Ended::default(), |live| live.wait(&with, Some(limit)))?))
            });
            let plain = Arc::clone(&world);
            e.register_fn(name, move |s: Session| -> Outcome<Map> {
                Ok(ended(s.with(Ended::default(), |live| live.wait(&plain, limit(&plain, &s, None)))?))
            });
        },
    );
    let world = r.world();
    r.add(
        "s.stop() -> map",
        "Ends the program and all it started: the protocol's own way out, SIGHUP, SIGTERM, SIGKILL. Each session that is left is ended so when the script is over.",
        |e, name| {
            e.register_fn(name, move |s: Session| -> Outcome<Map> {
                Ok(ended(s.with(Ended::default(), |live| live.stop(&world))?))
            });
        },
    );
}

fn ended(ended: Ended) -> Map {
    Map::from([
        ("code".into(), ended.code.map_or(Dynamic::UNIT, Dynamic::from)),
        ("signal".into(), ended.signal.map_or(Dynamic::UNIT, Dynamic::from)),
    ])
}
