//! Contradictions that a file can hold although each field is right by itself.

mod channels;
mod dialogs;
mod order;
mod states;
mod toml_1_1;
mod turn;

use super::diagnostic::{Severity, did_you_mean};
use super::file::{Exit, File, Method, OneLine};
use super::resolve::{Lookup, Resolver};
use super::spec::{Kind, Spec};
pub(super) use states::states;
pub(super) use toml_1_1::toml_1_1;

pub(super) fn check(resolver: &mut Resolver<'_>, form: &File, spec: &Spec, lookup: Lookup<'_>) {
    name(resolver, form);
    if form.name != super::COMMON {
        whole(resolver, form, spec);
    }
    states(resolver, form, &spec.rules);
    states::ready(resolver, form, spec);
    resolver.at("spawn", |r| spawn(r, form));
    resolver.at("tool_version", |r| tool_version(r, form));
    resolver.at("submit", |r| submit(r, form, spec));
    resolver.at("channel", |r| channels::channels(r, form));
    resolver.at("nested", |r| nested(r, form, lookup));
    exit(resolver, form, spec);
    turn::check(resolver, form, spec);
}

fn error(resolver: &mut Resolver<'_>, message: impl Into<String>, hint: &str) {
    resolver.problem(Severity::Error, message.into(), Some(hint.to_owned()));
}

fn warning(resolver: &mut Resolver<'_>, message: impl Into<String>, hint: &str) {
    resolver.problem(Severity::Warning, message.into(), Some(hint.to_owned()));
}

fn name(resolver: &mut Resolver<'_>, form: &File) {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if form.name.is_empty() || !form.name.chars().all(word) {
        resolver.at("name", |r| {
            error(
                r,
                "a protocol's name is a lower-case word",
                "letters, digits, - _ and .",
            )
        });
    }
}

fn whole(resolver: &mut Resolver<'_>, form: &File, spec: &Spec) {
    if form.command.is_empty() {
        error(
            resolver,
            "the file names no command",
            "add command = [\"program\", \"argument\"]",
        );
    }
    if !spec.rules.iter().any(|rule| rule.kind == Kind::Ready) {
        error(
            resolver,
            "no state is ready: nothing tells when a prompt may be typed",
            "add prompt = 'regex$' or a [[state]] of kind ready",
        );
    }
    if form.exit.is_none() {
        warning(
            resolver,
            "the file does not say how to leave the tool",
            "add exit = \"quit\"; without it a session is ended by signals",
        );
    }
    if !form.versions.is_empty() && form.tool_version.is_none() {
        resolver.at("versions", |r| {
            warning(
                r,
                "these changes are never made: the file does not say how to ask the tool for its version",
                "add [tool_version]",
            )
        });
    }
}

fn exit(resolver: &mut Resolver<'_>, form: &File, spec: &Spec) {
    let ends_with_enter = |text: &str| text.ends_with("<enter>") || text.ends_with("<newline>");
    match &form.exit {
        Some(Exit::Typed(text)) if ends_with_enter(text) => resolver.at("exit", |r| {
            warning(
                r,
                "Enter is sent twice: it is added here",
                "leave <enter> out, or write a table: exit = { send = \"…<enter>\" }",
            )
        }),
        Some(Exit::Table(table))
            if !table.send.is_empty() && !spec.exit.send.bytes().iter().any(u8::is_ascii_control) =>
        {
            resolver.at("exit", |r| {
                r.at("send", |r| {
                    warning(
                        r,
                        "these keys hold no Enter: nothing accepts them",
                        "end with <enter>",
                    )
                })
            });
        }
        _ => {}
    }
}

fn spawn(resolver: &mut Resolver<'_>, form: &File) {
    const FOLDER: &str = "{files}";
    let spawn = &form.spawn;
    for key in spawn.env.keys().filter(|key| key.is_empty() || key.contains('=')) {
        resolver.at("env", |r| {
            r.at(key, |r| {
                error(r, "no variable has such a name", "letters, digits and _")
            })
        });
    }
    channels::placeholders(resolver, form);
    if spawn.files.is_empty() {
        for (key, _) in spawn.env.iter().filter(|(_, value)| value.contains(FOLDER)) {
            resolver.at("env", |r| {
                r.at(key, |r| {
                    error(
                        r,
                        "{files} is the folder of [spawn.files], and there are none",
                        "add the file",
                    )
                })
            });
        }
        return;
    }
    for key in spawn.files.keys() {
        let inside = !key.is_empty() && key.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !inside {
            resolver.at("files", |r| {
                r.at(key, |r| {
                    error(
                        r,
                        "a side file's name stays within its folder",
                        "a relative path without ..",
                    )
                })
            });
        }
    }
    let texts = form
        .command
        .iter()
        .chain(spawn.env.values())
        .chain(spawn.files.values());
    if !texts.into_iter().any(|text| text.contains(FOLDER)) {
        resolver.at("files", |r| {
            warning(
                r,
                "nothing tells the tool where these files are",
                "write {files} in an argument of command or a value of [spawn.env]",
            )
        });
    }
}

fn tool_version(resolver: &mut Resolver<'_>, form: &File) {
    let Some(ask) = &form.tool_version else { return };
    if ask.command.is_empty() {
        resolver.at("command", |r| {
            error(
                r,
                "no command asks for the version",
                "[\"{program}\", \"--version\"]",
            )
        });
    }
    let groups = regex::Regex::new(&ask.pattern).map(|regex| regex.captures_len());
    if groups == Ok(1) {
        resolver.at("pattern", |r| {
            error(
                r,
                "the pattern has no group: nothing of it is the version",
                "put the version in parentheses: 'version (\\S+)'",
            )
        });
    }
}

fn submit(resolver: &mut Resolver<'_>, form: &File, spec: &Spec) {
    let methods = form.submit.block.as_deref().unwrap_or_default();
    let always = methods
        .iter()
        .position(|method| !matches!(method, Method::Paste { .. }));
    if let Some(always) = always {
        // An encoded one also carries single lines that the tool's editor would garble.
        let later =
            (always + 1..methods.len()).filter(|&index| !matches!(methods[index], Method::Encoded { .. }));
        for index in later {
            resolver.at("block", |r| {
                r.nth(index, |r| {
                    error(
                        r,
                        "this method is never taken: an earlier one is always usable",
                        "the first usable method is taken; only paste depends on what the tool does",
                    )
                })
            });
        }
    }
    let continuation = spec.rules.iter().any(|rule| rule.kind == Kind::Continuation);
    if form.submit.finish_block > 0 && !continuation {
        resolver.at("finish_block", |r| {
            warning(
                r,
                "these Enters are never sent: they are sent at a continuation, and no state is one",
                "add continuation = 'regex$'",
            )
        });
    }
    let no_paste = spec
        .rules
        .iter()
        .all(|rule| rule.kind != Kind::Ready || rule.when.modes.contains(&(2004, false)));
    if form.submit.one_line == Some(OneLine::Paste) && no_paste {
        resolver.at("one_line", |r| {
            warning(
                r,
                "nothing is pasted: every ready state has bracketed_paste = false",
                "leave one_line out",
            )
        });
    }
}

fn nested(resolver: &mut Resolver<'_>, form: &File, lookup: Lookup<'_>) {
    for (index, nested) in form.nested.iter().enumerate() {
        let known = nested.protocol == form.name || lookup(&nested.protocol).is_some();
        if known && nested.protocol != super::COMMON {
            continue;
        }
        let near = did_you_mean(&nested.protocol, super::builtin::names());
        let hint = match near {
            Some(near) => format!("did you mean {near}?"),
            None => "name a shipped protocol, or one of your own folder".into(),
        };
        resolver.nth(index, |r| {
            r.at("protocol", |r| {
                error(r, format!("there is no protocol {:?}", nested.protocol), &hint)
            })
        });
    }
}
