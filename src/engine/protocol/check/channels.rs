//! Side channels that nothing speaks on, or that nobody listens to.

use super::{error, warning};
use crate::engine::protocol::diagnostic::did_you_mean;
use crate::engine::protocol::file::{Channel, ChannelKind, File, State};
use crate::engine::protocol::resolve::Resolver;

/// Stands for the program of hook channels.
const HOOK: &str = "{hook}";

pub(super) fn channels(resolver: &mut Resolver<'_>, form: &File) {
    for (index, channel) in form.channels.iter().enumerate() {
        resolver.nth(index, |r| {
            name(r, form, index);
            match channel.kind {
                ChannelKind::Hook => hook(r, form, channel),
                ChannelKind::Transcript => transcript(r, form, channel),
            }
        });
    }
}

/// A state that waits for a channel's word.
pub(super) fn said(resolver: &mut Resolver<'_>, form: &File, state: &State) {
    let Some(said) = &state.said else { return };
    let hooks = || {
        form.channels
            .iter()
            .filter(|channel| channel.kind == ChannelKind::Hook)
    };
    let names = || hooks().map(|channel| channel.name.as_str());
    if names().any(|name| name == said) {
        return;
    }
    let hint = match did_you_mean(said, names()) {
        Some(near) => format!("did you mean {near}?"),
        None => "name a [[channel]] of kind hook".to_owned(),
    };
    resolver.at("said", |r| {
        error(r, format!("no hook channel is called {said:?}"), &hint)
    });
}

fn name(resolver: &mut Resolver<'_>, form: &File, index: usize) {
    let name = &form.channels[index].name;
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if name.is_empty() || !name.chars().all(word) {
        let message = "a channel's name is a lower-case word";
        resolver.at("name", |r| error(r, message, "letters, digits, - and _"));
    }
    if form.channels[..index].iter().any(|earlier| earlier.name == *name) {
        let message = format!("two channels are called {name:?}");
        resolver.at("name", |r| {
            error(r, message, "the hook program tells them apart by name")
        });
    }
}

fn hook(resolver: &mut Resolver<'_>, form: &File, channel: &Channel) {
    let files = [
        ("path", channel.path.is_some()),
        ("path_from", channel.path_from.is_some()),
        ("document", channel.document),
    ];
    for (key, _) in files.into_iter().filter(|(_, given)| *given) {
        resolver.at(key, |r| error(r, "a hook has no file", "kind = \"transcript\""));
    }
    if !texts(form).any(|text| text.contains(HOOK)) {
        let message = "nothing tells the tool which program to run";
        let hint =
            "write {hook} NAME in a file of [spawn.files], an argument of command or a value of [spawn.env]";
        warning(resolver, message, hint);
    }
    let of_use = channel.text.is_some()
        || channel.error.is_some()
        || channel.session.is_some()
        || !channel.captures.is_empty()
        || form
            .states
            .iter()
            .any(|state| state.said.as_ref() == Some(&channel.name))
        || form
            .channels
            .iter()
            .any(|other| told_by(other) == Some(&channel.name));
    if !of_use {
        warning(
            resolver,
            "nothing is taken from this channel",
            "text, error, session, captures, or said = of a state",
        );
    }
}

fn transcript(resolver: &mut Resolver<'_>, form: &File, channel: &Channel) {
    match (&channel.path, &channel.path_from) {
        (None, None) => error(
            resolver,
            "a transcript is a file, and none is named",
            "path = \"{home}/…\"",
        ),
        (Some(_), Some(_)) => resolver.at("path_from", |r| error(r, "there is a path already", "keep one")),
        (Some(path), None) => {
            let whole = ["/", "{home}", "{cwd}", "{files}"]
                .iter()
                .any(|start| path.starts_with(start));
            if !whole {
                resolver.at("path", |r| {
                    error(
                        r,
                        "the path is not whole",
                        "begin with {home}, {cwd}, {files} or /",
                    )
                });
            }
        }
        (None, Some(told)) => {
            let known = told_by(channel).is_some_and(|by| {
                let hook = |other: &&Channel| other.kind == ChannelKind::Hook && other.name == by;
                form.channels.iter().find(hook).is_some()
            });
            if !known || !told.contains(':') {
                let message = "no hook channel tells this path";
                resolver.at("path_from", |r| {
                    error(r, message, "CHANNEL:POINTER, such as \"stop:/transcript_path\"")
                });
            }
        }
    }
    let read = form.channels.iter().any(|other| other.text.is_some());
    if !read {
        let message = "this transcript is never read: no channel has a text to wait for";
        error(resolver, message, "add text = \"/pointer\"");
    }
}

fn told_by(channel: &Channel) -> Option<&str> {
    let told = channel.path_from.as_ref()?;
    Some(told.split_once(':').map_or(told.as_str(), |(name, _)| name))
}

/// `{hook}` without a channel.
pub(super) fn placeholders(resolver: &mut Resolver<'_>, form: &File) {
    if form
        .channels
        .iter()
        .any(|channel| channel.kind == ChannelKind::Hook)
    {
        return;
    }
    let spawn = &form.spawn;
    let message = "{hook} is the program of hook channels, and there are none";
    for (table, entries) in [("env", &spawn.env), ("files", &spawn.files)] {
        for (key, _) in entries.iter().filter(|(_, text)| text.contains(HOOK)) {
            resolver.at(table, |r| {
                r.at(key, |r| error(r, message, "add a [[channel]] of kind hook"))
            });
        }
    }
}

/// Where placeholders are filled in.
fn texts(form: &File) -> impl Iterator<Item = &String> {
    let spawn = &form.spawn;
    form.command
        .iter()
        .chain(spawn.env.values())
        .chain(spawn.files.values())
}
