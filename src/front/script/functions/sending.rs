//! What a script types.

use rhai::{Dynamic, Map};

use super::Outcome;
use crate::engine::protocol::keys::{self, KeyModes};
use crate::front::script::failure::{Code, Failure};
use crate::front::script::live::Live;
use crate::front::script::pattern::seconds;
use crate::front::script::reference::Registry;
use crate::front::script::session::Session;
use crate::front::script::value::Secret;
use crate::host::expect::{Human, Slow};

pub fn register(r: &mut Registry<'_>) {
    r.group("Sending");
    plain(r);
    paced(r);
    r.add(
        "s.send_secret(secret)",
        "Waits until the program has switched its echo off, then sends the secret and enter. It stands in no recording, trace or report.",
        |e, name| {
            e.register_fn(name, |s: Session, secret: Secret| -> Outcome<()> {
                Ok(s.with((), |live| live.send_secret(secret.reveal()))?)
            });
            e.register_fn(name, |s: Session, secret: &str| -> Outcome<()> {
                Ok(s.with((), |live| live.send_secret(secret))?)
            });
        },
    );
    r.add(
        "s.send_eof()",
        "Ends the program's input, as ctrl-d does on a line of its own; refused while the program reads single keys.",
        |e, name| {
            e.register_fn(name, |s: Session| -> Outcome<()> { Ok(s.with((), Live::send_eof)?) });
        },
    );
}

fn plain(r: &mut Registry<'_>) {
    r.add("s.send(text)", "Types a text as it is.", |e, name| {
        e.register_fn(name, |s: Session, text: &str| -> Outcome<()> {
            Ok(s.with((), |live| live.send(text))?)
        });
    });
    r.add("s.send_line([text])", "Types a text and enter.", |e, name| {
        e.register_fn(name, |s: Session, text: &str| -> Outcome<()> {
            Ok(s.with((), |live| live.send_line(text))?)
        });
        e.register_fn(name, |s: Session| -> Outcome<()> {
            Ok(s.with((), |live| live.send_line(""))?)
        });
    });
    r.add(
        "s.send_key(name)",
        "Presses a key, encoded as the program asked for: `enter`, `up`, `f5`, `ctrl-c`, `alt-x`, `shift-tab`, `ctrl-right`, `page-down`, `esc`, …",
        |e, name| {
            e.register_fn(name, |s: Session, key: &str| -> Outcome<()> {
                check_key(key)?;
                Ok(s.with((), |live| live.send_key(key))?)
            });
        },
    );
    r.add(
        "s.paste(text)",
        "Sends a text as a paste, marked as one where the program asked for that.",
        |e, name| {
            e.register_fn(name, |s: Session, text: &str| -> Outcome<()> {
                Ok(s.with((), |live| live.paste(text))?)
            });
        },
    );
}

fn paced(r: &mut Registry<'_>) {
    r.add(
        "s.send_slow(text[, options])",
        "Types a text in pieces: `#{ chunk: 1, pause: 0.05 }` characters and seconds.",
        |e, name| {
            e.register_fn(name, |s: Session, text: &str| -> Outcome<()> {
                Ok(s.with((), |live| live.send_slow(text, Slow::default()))?)
            });
            e.register_fn(name, |s: Session, text: &str, options: Map| -> Outcome<()> {
                let slow = slow(&options)?;
                Ok(s.with((), |live| live.send_slow(text, slow))?)
            });
        },
    );
    r.add(
        "s.send_human(text[, options])",
        "Types a text as a person does: `#{ wpm: 60, seed: 1 }`. The same seed gives the same pauses.",
        |e, name| {
            e.register_fn(name, |s: Session, text: &str| -> Outcome<()> {
                Ok(s.with((), |live| live.send_human(text, Human::default()))?)
            });
            e.register_fn(name, |s: Session, text: &str, options: Map| -> Outcome<()> {
                let human = human(&options)?;
                Ok(s.with((), |live| live.send_human(text, human))?)
            });
        },
    );
}

/// # Errors
///
/// There is no key of that name.
pub fn check_key(key: &str) -> Result<(), Failure> {
    let encoded = keys::encode(key, KeyModes::default());
    encoded
        .map(drop)
        .map_err(|message| Failure::new(Code::Pattern, message))
}

fn slow(options: &Map) -> Result<Slow, Failure> {
    let mut slow = Slow::default();
    for (key, value) in options {
        match key.as_str() {
            "chunk" => slow.chunk = positive(key, value)? as usize,
            "pause" => slow.pause = seconds(value)?,
            other => return Err(no_option(other, "chunk and pause")),
        }
    }
    Ok(slow)
}

fn human(options: &Map) -> Result<Human, Failure> {
    let mut human = Human::default();
    for (key, value) in options {
        match key.as_str() {
            "wpm" => human.words_per_minute = f64::from(positive(key, value)?),
            "seed" => human.seed = value.as_int().map_err(|kind| not_whole(key, kind))? as u64,
            other => return Err(no_option(other, "wpm and seed")),
        }
    }
    Ok(human)
}

fn positive(key: &str, value: &Dynamic) -> Result<u32, Failure> {
    let number = value.as_int().map_err(|kind| not_whole(key, kind))?;
    match u32::try_from(number) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(Failure::argument(format!("`{key}` is more than 0, not {number}"))),
    }
}

fn not_whole(key: &str, kind: &str) -> Failure {
    Failure::argument(format!("`{key}` is a whole number, not a value of type {kind}"))
}

fn no_option(name: &str, options: &str) -> Failure {
    Failure::argument(format!("there is no option `{name}`")).hint(format!("options are {options}"))
}
