//! Waiting for one pattern, or for several sessions.

use std::sync::Arc;
use std::time::Duration;

use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::Outcome;
use crate::front::script::failure::Failure;
use crate::front::script::live;
use crate::front::script::pattern::{Pattern, seconds};
use crate::front::script::plan;
use crate::front::script::reference::Registry;
use crate::front::script::session::Session;
use crate::front::script::source::Place;
use crate::front::script::value::Found;
use crate::front::script::waiting::{Wait, Waiting, limit};
use crate::front::script::world::World;

pub fn register(r: &mut Registry<'_>) {
    r.group("Waiting");
    r.add(
        "expect s { pattern => what, … }",
        "Waits for the first of the patterns and gives the value of its arm; `expect { … }` means the session spawned last. An arm is an expression or a block; a closure `|m| …` gets the match.",
        |_, _| {},
    );
    let world = r.world();
    r.add(
        "s.expect(pattern[, seconds]) -> Match",
        "Waits for a pattern, or for any of an array of patterns; what is before and in the match is used up.",
        |e, name| waiting(e, name, &world, false),
    );
    let world = r.world();
    r.add(
        "s.peek(pattern[, seconds]) -> Match",
        "The same, and leaves the text where it is for the next wait.",
        |e, name| waiting(e, name, &world, true),
    );
    let world = r.world();
    r.add(
        "expect_any(list[, seconds]) -> map",
        "Waits for several sessions: `expect_any([[a, \"x\"], [b, [\"y\", eof()]]])` gives `#{ index, session, found }` of the first that has one; the others keep their text.",
        |e, name| {
            let with = Arc::clone(&world);
            e.register_fn(name, move |context: NativeCallContext<'_>, list: Array, limit: Dynamic| {
                any(&with, &context, list, Some(seconds(&limit)?))
            });
            let plain = Arc::clone(&world);
            e.register_fn(name, move |context: NativeCallContext<'_>, list: Array| {
                any(&plain, &context, list, None)
            });
        },
    );
    r.add(
        "s.found -> Match",
        "The session's last match; `()` before the first.",
        |e, name| {
            e.register_get(name, |s: &mut Session| {
                s.found().map_or(Dynamic::UNIT, Dynamic::from)
            });
        },
    );
    r.add(
        "s.timeout",
        "How long waits of this session may take, in seconds; `()` for ever. It can be set.",
        |e, name| {
            e.register_get_set(
                name,
                |s: &mut Session| match s.timeout().flatten() {
                    Some(limit) => Dynamic::from(limit.as_secs_f64()),
                    None => Dynamic::UNIT,
                },
                |s: &mut Session, limit: Dynamic| -> Outcome<()> {
                    s.set_timeout(plan::limit(&limit)?);
                    Ok(())
                },
            );
        },
    );
}

fn waiting(engine: &mut rhai::Engine, name: &'static str, world: &Arc<World>, peek: bool) {
    let with = Arc::clone(world);
    engine.register_fn(
        name,
        move |context: NativeCallContext<'_>,
              session: Session,
              pattern: Dynamic,
              limit: Dynamic|
              -> Outcome<Found> {
            Ok(once(
                &with,
                &context,
                &session,
                pattern,
                Some(seconds(&limit)?),
                peek,
            )?)
        },
    );
    let plain = Arc::clone(world);
    engine.register_fn(
        name,
        move |context: NativeCallContext<'_>, session: Session, pattern: Dynamic| -> Outcome<Found> {
            Ok(once(&plain, &context, &session, pattern, None, peek)?)
        },
    );
}

fn once(
    world: &Arc<World>,
    context: &NativeCallContext<'_>,
    session: &Session,
    pattern: Dynamic,
    limit: Option<Duration>,
    peek: bool,
) -> Result<Found, Failure> {
    let wait = Wait {
        patterns: Pattern::of(pattern)?,
        limit,
        peek,
        place: Place::of(context.call_position()),
    };
    Waiting::begin(world, session, wait)?.next(false)
}

fn any(
    world: &Arc<World>,
    context: &NativeCallContext<'_>,
    list: Array,
    own: Option<Duration>,
) -> Outcome<Map> {
    let mut waits = Vec::new();
    for item in list {
        waits.push(pair(item)?);
    }
    if waits.is_empty() {
        return Err(Failure::argument("expect_any needs at least one [session, pattern]").into());
    }
    world.shared().waits += 1;
    let (which, found) = match world.is_dry() {
        true => (0, Found::stand_in(0, &waits[0].1[0].wanted)),
        false => live::any(world, &waits, limit(world, &waits[0].0, own))?,
    };
    let session = waits[which].0.clone();
    session.keep_found(found.clone());
    world.trace(context, || {
        format!(
            "[{}] expect_any: {:?} after {:.3} s",
            session.label(),
            found.matched(),
            found.waited()
        )
    });
    let fields = [
        ("index", Dynamic::from(which as i64)),
        ("session", Dynamic::from(session)),
        ("found", Dynamic::from(found)),
    ];
    Ok(fields.map(|(name, value)| (name.into(), value)).into())
}

fn pair(item: Dynamic) -> Result<(Session, Vec<Pattern>), Failure> {
    let wrong = || Failure::argument("each item of expect_any is [session, pattern]");
    let mut parts = item.into_array().map_err(|_| wrong())?.into_iter();
    match (parts.next(), parts.next(), parts.next()) {
        (Some(session), Some(pattern), None) => {
            let session = session.try_cast::<Session>().ok_or_else(wrong)?;
            Ok((session, Pattern::of(pattern)?))
        }
        _ => Err(wrong()),
    }
}
