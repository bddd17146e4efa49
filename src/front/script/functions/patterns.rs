//! What can be waited for.

use rhai::{Dynamic, Map};

use super::Outcome;
use crate::engine::expect;
use crate::front::script::pattern::{self, Pattern};
use crate::front::script::reference::Registry;
use crate::front::script::syntax::Again;

pub fn register(r: &mut Registry<'_>) {
    r.group("Patterns");
    r.engine.register_type_with_name::<Pattern>("Pattern");
    text(r);
    r.add(
        "screen(conditions) -> Pattern",
        "The screen is so: `screen(#{ cursor_line: \"\\\\$ $\" })`. The keys are those of a state in a protocol file ([protocols.md](protocols.md)).",
        |e, name| {
            e.register_fn(name, |conditions: Map| -> Outcome<Pattern> {
                Ok(pattern::screen(&conditions)?)
            });
        },
    );
    states(r);
    ends(r);
    r.add(
        "again()",
        "As the value of an arm: wait for the block's patterns once more, within what is left of its time.",
        |e, name| {
            e.register_fn(name, || Again { fresh: false });
        },
    );
    r.add(
        "again_fresh()",
        "The same with all of the time again.",
        |e, name| {
            e.register_fn(name, || Again { fresh: true });
        },
    );
}

fn text(r: &mut Registry<'_>) {
    r.add(
        "re(regex) -> Pattern",
        "A regular expression (the `regex` crate's syntax). `^` and `$` are the ends of lines, `.` is no line end. In backticks a backslash needs no second one: ``re(`\\d+`)``.",
        |e, name| {
            e.register_fn(name, |regex: &str| -> Outcome<Pattern> {
                Ok(Pattern::new(expect::Pattern::regex(regex))?)
            });
        },
    );
    r.add(
        "glob(pattern) -> Pattern",
        "`*` any characters of a line, `?` any one, `[a-z]` one of these. It may begin anywhere.",
        |e, name| {
            e.register_fn(name, |glob: &str| -> Outcome<Pattern> {
                Ok(Pattern::new(expect::Pattern::glob(glob))?)
            });
        },
    );
    r.add(
        "nocase(pattern) -> Pattern",
        "The same text, glob or regex with capital and small letters alike.",
        |e, name| {
            e.register_fn(name, |pattern: Dynamic| -> Outcome<Dynamic> {
                let patterns = Pattern::of(pattern)?.into_iter().map(|pattern| Pattern {
                    wanted: pattern.wanted.ignore_case(),
                    ..pattern
                });
                Ok(patterns.map(Dynamic::from).collect::<Vec<_>>().into())
            });
        },
    );
}

fn states(r: &mut Registry<'_>) {
    use crate::engine::expect::StateWanted;
    let mut state = |signature, text, wanted| {
        r.add(signature, text, |e, name| {
            e.register_fn(name, move || Pattern {
                wanted: expect::Pattern::State(wanted),
                limit: None,
            });
        });
    };
    state(
        "ready() -> Pattern",
        "The protocol says that the tool waits for the next prompt. For sessions of `start`.",
        StateWanted::Ready,
    );
    state(
        "blocked() -> Pattern",
        "The protocol says that the tool asks something. For sessions of `start`.",
        StateWanted::Blocked,
    );
    state(
        "busy() -> Pattern",
        "The protocol says that the tool works.",
        StateWanted::Busy,
    );
}

fn ends(r: &mut Registry<'_>) {
    r.add(
        "eof() -> Pattern",
        "The program closed its terminal, and all that it wrote has been seen.",
        |e, name| {
            e.register_fn(name, || Pattern {
                wanted: expect::Pattern::Eof,
                limit: None,
            });
        },
    );
    r.add(
        "timeout([seconds]) -> Pattern",
        "The wait's time is up; with a number, that is the wait's time.",
        |e, name| {
            e.register_fn(name, || Pattern::timeout(None));
            e.register_fn(name, |seconds: Dynamic| -> Outcome<Pattern> {
                Ok(Pattern::timeout(Some(pattern::seconds(&seconds)?)))
            });
        },
    );
    r.add(
        "quiet(seconds) -> Pattern",
        "Nothing came for this long.",
        |e, name| {
            e.register_fn(name, |seconds: Dynamic| -> Outcome<Pattern> {
                Ok(Pattern {
                    wanted: expect::Pattern::quiet(pattern::seconds(&seconds)?),
                    limit: None,
                })
            });
        },
    );
    r.add(
        "full() -> Pattern",
        "So much unmatched text is kept that the oldest of it is about to be dropped (64 MiB).",
        |e, name| {
            e.register_fn(name, || Pattern {
                wanted: expect::Pattern::Full,
                limit: None,
            });
        },
    );
}
