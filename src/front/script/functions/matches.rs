//! A match and a screen, as scripts read them; what `catch` gets.

use rhai::{Array, Dynamic};

use super::Outcome;
use crate::front::script::failure::Failure;
use crate::front::script::reference::Registry;
use crate::front::script::value::{Found, Screen};

pub fn register(r: &mut Registry<'_>) {
    r.group("A match `m`");
    r.engine.register_type_with_name::<Found>("Match");
    found(r);
    r.group("A screen `v`");
    r.engine.register_type_with_name::<Screen>("Screen");
    screen(r);
    r.group("What `catch` gets, `e`");
    r.engine.register_type_with_name::<Failure>("Failure");
    failure(r);
}

fn found(r: &mut Registry<'_>) {
    r.add(
        "m.matched -> string",
        "The text that matched; empty when no text was waited for.",
        |e, name| {
            e.register_get(name, |m: &mut Found| m.matched().to_owned());
        },
    );
    r.add(
        "m.before -> string",
        "The unmatched text before it.",
        |e, name| {
            e.register_get(name, |m: &mut Found| m.before().to_owned());
        },
    );
    r.add(
        "m.after -> string",
        "What has already come behind it, at most 4 KiB; it is still to be matched.",
        |e, name| {
            e.register_get(name, |m: &mut Found| m.after().to_owned());
        },
    );
    r.add(
        "m.index -> int",
        "Which of the patterns came, from 0.",
        |e, name| {
            e.register_get(name, |m: &mut Found| m.index() as i64);
        },
    );
    r.add(
        "m.captures -> map",
        "The regex's named groups: `m.captures.uid`.",
        |e, name| {
            e.register_get(name, |m: &mut Found| m.captures());
        },
    );
    r.add(
        "m.groups -> array",
        "All groups, the whole match first; `()` for one that took no part.",
        |e, name| {
            e.register_get(name, |m: &mut Found| m.groups());
        },
    );
    r.add(
        "m[n] -> string",
        "Group `n` of the regex, or the group of that name; `()` when it took no part.",
        |e, _| {
            e.register_indexer_get(|m: &mut Found, index: i64| {
                usize::try_from(index).map_or(Dynamic::UNIT, |index| m.group(index))
            });
            e.register_indexer_get(|m: &mut Found, name: &str| {
                m.captures().remove(name).unwrap_or(Dynamic::UNIT)
            });
        },
    );
    r.add(
        "m.position -> int",
        "Where the match begins, in bytes of the session's text since its start.",
        |e, name| {
            e.register_get(name, |m: &mut Found| m.position() as i64);
        },
    );
    r.add(
        "m.waited -> float",
        "How long the wait took, in seconds.",
        |e, name| {
            e.register_get(name, |m: &mut Found| m.waited());
        },
    );
    r.add(
        "m.kind -> string",
        "`text`, `screen`, `state`, `eof`, `timeout`, `quiet` or `full`.",
        |e, name| {
            e.register_get(name, |m: &mut Found| m.kind());
        },
    );
    r.add(
        "m.truncated_bytes -> int",
        "How much of `before` was dropped because too much text stayed unmatched.",
        |e, name| {
            e.register_get(name, |m: &mut Found| m.truncated_bytes() as i64);
        },
    );
    r.engine
        .register_fn("to_string", |m: &mut Found| m.matched().to_owned());
    r.engine
        .register_fn("to_debug", |m: &mut Found| format!("{:?}", m.matched()));
}

fn screen(r: &mut Registry<'_>) {
    r.add(
        "v.text -> string",
        "The rows, joined by line ends, without empty ones at the end.",
        |e, name| {
            e.register_get(name, |v: &mut Screen| v.text());
        },
    );
    r.add(
        "v.rows -> array",
        "The rows, top to bottom, without trailing blanks.",
        |e, name| {
            e.register_get(name, |v: &mut Screen| -> Array {
                v.rows.iter().map(|row| row.clone().into()).collect()
            });
        },
    );
    r.add(
        "v.row(n) -> string",
        "Row `n`, from 0; a negative `n` counts from the bottom.",
        |e, name| {
            e.register_fn(name, |v: &mut Screen, n: i64| -> Outcome<String> { row(v, n) });
        },
    );
    r.add(
        "v.contains(text) -> bool",
        "Whether a text, or what a regex describes, stands on the screen.",
        |e, name| {
            e.register_fn(name, |v: &mut Screen, text: &str| v.text().contains(text));
        },
    );
    r.add("v.cursor_row -> int", "The cursor's row, from 0.", |e, name| {
        e.register_get(name, |v: &mut Screen| v.cursor_row as i64);
    });
    r.add(
        "v.cursor_col -> int",
        "The cursor's column, from 0.",
        |e, name| {
            e.register_get(name, |v: &mut Screen| v.cursor_col as i64);
        },
    );
    r.add("v.cols -> int", "How wide the screen is.", |e, name| {
        e.register_get(name, |v: &mut Screen| i64::from(v.cols));
    });
    r.add(
        "v.title -> string",
        "The window's title, as the program set it.",
        |e, name| {
            e.register_get(name, |v: &mut Screen| v.title.clone());
        },
    );
    r.engine.register_fn("to_string", |v: &mut Screen| v.text());
}

fn row(screen: &Screen, n: i64) -> Outcome<String> {
    let count = screen.rows.len() as i64;
    let at = if n < 0 { count + n } else { n };
    let row = usize::try_from(at).ok().and_then(|at| screen.rows.get(at));
    match row {
        Some(row) => Ok(row.clone()),
        // A dry run has no rows.
        None if count == 0 => Ok(String::new()),
        None => Err(Failure::argument(format!("the screen has rows 0 to {}, not {n}", count - 1)).into()),
    }
}

fn failure(r: &mut Registry<'_>) {
    r.add(
        "e.code -> string",
        "A stable word: `timed_out`, `ended`, `assertion`, `failed`, `refused`, `tool_not_found`, …",
        |e, name| {
            e.register_get(name, |f: &mut Failure| f.code.as_str());
        },
    );
    r.add(
        "e.message -> string",
        "What went wrong, in a sentence.",
        |e, name| {
            e.register_get(name, |f: &mut Failure| f.message.clone());
        },
    );
    r.add(
        "e.screen -> string",
        "The screen at that moment; empty when no session was waited for.",
        |e, name| {
            e.register_get(name, |f: &mut Failure| {
                let screen = f.scene.as_ref().and_then(|scene| scene.screen.as_ref());
                screen.map(Screen::text).unwrap_or_default()
            });
        },
    );
    r.add(
        "e.last_lines -> array",
        "The last lines of text that nothing matched.",
        |e, name| {
            e.register_get(name, |f: &mut Failure| -> Array {
                let lines = f.scene.iter().flat_map(|scene| &scene.last_lines);
                lines.map(|line| line.clone().into()).collect()
            });
        },
    );
    r.engine
        .register_fn("to_string", |f: &mut Failure| f.message.clone());
    r.engine
        .register_fn("to_debug", |f: &mut Failure| f.message.clone());
}
