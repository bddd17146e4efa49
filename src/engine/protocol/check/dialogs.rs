//! Dialogs: what is only read where something is asked, and what an answer needs to be given safely.

use super::error;
use crate::engine::protocol::file::{Kind as FileKind, State};
use crate::engine::protocol::resolve::Resolver;

pub(super) fn dialog(resolver: &mut Resolver<'_>, state: &State, is_prompt: bool) {
    if state.ends_turn && state.kind != FileKind::Draft {
        resolver.at("ends_turn", |r| {
            error(
                r,
                "only a draft may end the turn",
                "a prompt ends it anyway, and a dialog, too",
            )
        });
    }
    let asks = !is_prompt && !matches!(state.kind, FileKind::Busy | FileKind::Draft);
    if !asks {
        return nothing_asked(resolver, state, is_prompt);
    }
    automatic(resolver, state);
    choices(resolver, state);
    menu(resolver, state);
}

fn nothing_asked(resolver: &mut Resolver<'_>, state: &State, is_prompt: bool) {
    if state.auto.is_some() && is_prompt {
        resolver.at("auto", |r| {
            error(
                r,
                "a prompt is not answered by itself",
                "auto belongs to pagers and dialogs",
            )
        });
    }
    let given = [
        ("auto", state.auto.is_some() && !is_prompt),
        ("choices", !state.choices.is_empty()),
        ("choice_pattern", state.choice_pattern.is_some()),
        ("move", state.moves.is_some()),
        ("accept", state.accept.is_some()),
        ("marker_style", state.marker_style.is_some()),
        ("deny", state.deny.is_some()),
        ("allow", state.allow.is_some()),
        ("question", state.question.is_some()),
        ("reason", state.reason.is_some()),
        // An unfinished input has a way out of its own.
        (
            "quit",
            state.quit.is_some() && state.kind != FileKind::Continuation,
        ),
    ];
    for (key, _) in given.iter().filter(|(_, given)| *given) {
        resolver.at(key, |r| {
            error(
                r,
                "nothing is asked in a state of this kind",
                "question, confirm, permission, login, secret, pager, fullscreen and subprompt are kinds that ask",
            )
        });
    }
}

/// Who may answer without a person.
fn automatic(resolver: &mut Resolver<'_>, state: &State) {
    if state.auto.is_some() && matches!(state.kind, FileKind::Permission | FileKind::Login) {
        resolver.at("auto", |r| {
            error(
                r,
                "a protocol does not answer this by itself",
                "a permission is answered by a person or by the caller's policy; a login by a person",
            )
        });
    }
    let given = [("deny", state.deny.is_some()), ("allow", state.allow.is_some())];
    for (key, _) in given
        .iter()
        .filter(|(_, given)| *given && state.kind != FileKind::Permission)
    {
        resolver.at(key, |r| {
            error(
                r,
                "only a permission is answered by policy",
                "kind = \"permission\", or leave it out",
            )
        });
    }
    if state.deny.as_deref() == Some("") {
        resolver.at("deny", |r| error(r, "it sends nothing", "deny = \"<esc>\""));
    }
    let has_choices = state.choice_pattern.is_some() || !state.choices.is_empty();
    // A question may spell its choices out, such as [y/N].
    if state.allow.is_some() && !has_choices && state.cursor_line.is_none() && state.question.is_none() {
        resolver.at("allow", |r| {
            error(
                r,
                "it picks a choice, and this state has none",
                "add choices or choice_pattern",
            )
        });
    }
}

fn choices(resolver: &mut Resolver<'_>, state: &State) {
    for (index, _) in state
        .choices
        .iter()
        .enumerate()
        .filter(|(_, choice)| choice.send.is_empty())
    {
        resolver.at("choices", |r| {
            r.nth(index, |r| {
                error(r, "a choice sends nothing", "send = \"y<enter>\"")
            })
        });
    }
    let groups = groups(state);
    let has = |name: &str| groups.iter().any(|group| group == name);
    let sends = has("send") || has("key");
    if !groups.is_empty() && !(has("label") && (sends || state.moves.is_some())) {
        resolver.at("choice_pattern", |r| {
            error(
                r,
                "the pattern lacks a group: it needs label and send",
                "'(?m)^ *(?<send>\\d+)\\. (?<label>.*)$'; or label and marker, with move and accept",
            )
        });
    }
    if sends && state.moves.is_some() {
        resolver.at("choice_pattern", |r| {
            error(
                r,
                "two ways to take a choice: its send, and move with accept",
                "rename the group send, or leave move and accept out",
            )
        });
    }
}

/// The names of the choice pattern's groups; group 0 is `""`.
fn groups(state: &State) -> Vec<String> {
    let regex = state
        .choice_pattern
        .as_deref()
        .and_then(|pattern| regex::Regex::new(pattern).ok());
    regex.map_or(Vec::new(), |regex| {
        let names = regex.capture_names();
        names.map(|name| name.unwrap_or_default().to_owned()).collect()
    })
}

fn no_menu(resolver: &mut Resolver<'_>, state: &State) {
    let groups = groups(state);
    let sends = groups.iter().any(|group| group == "send" || group == "key");
    let unread = [
        ("accept", state.accept.is_some() && !sends),
        ("marker_style", state.marker_style.is_some()),
    ];
    for (key, _) in unread.iter().filter(|(_, given)| *given) {
        resolver.at(key, |r| {
            error(
                r,
                "it is only read together with move",
                match *key {
                    "accept" => "move = [\"<up>\", \"<down>\"], or a group send in choice_pattern, behind which it is typed",
                    _ => "move = [\"<up>\", \"<down>\"]",
                },
            )
        });
    }
}

/// Moving a highlight needs two directions, a way to see it, and a way to accept.
fn menu(resolver: &mut Resolver<'_>, state: &State) {
    let Some(moves) = &state.moves else {
        return no_menu(resolver, state);
    };
    if moves.len() != 2 || moves.iter().any(String::is_empty) {
        resolver.at("move", |r| {
            error(
                r,
                "move is two keys: to the choice before, and to the next one",
                "move = [\"<up>\", \"<down>\"]",
            )
        });
    }
    if state.accept.as_deref().unwrap_or_default().is_empty() {
        resolver.at("move", |r| {
            error(
                r,
                "nothing accepts the highlighted choice",
                "accept = \"<enter>\"",
            )
        });
    }
    let groups = groups(state);
    if state.choice_pattern.is_none() {
        return resolver.at("move", |r| {
            error(
                r,
                "the highlight moves between choices that choice_pattern finds",
                "choice_pattern = '(?m)^(?<marker>[❯ ]) (?<label>.+)$'",
            )
        });
    }
    let marker = groups.iter().any(|group| group == "marker");
    if !groups.is_empty() && !marker && state.marker_style.is_none() {
        resolver.at("choice_pattern", |r| {
            error(
                r,
                "nothing tells which choice is highlighted",
                "a group marker that is blank on the others, or marker_style",
            )
        });
    }
}
