//! Contradictions that a file can hold although each field is right by itself.

use super::diagnostic::Severity;
use super::file::{File, Kind as FileKind, PromptMark, Tty, Waiting};
use super::resolve::Resolver;
use super::spec::{Kind, Spec};

pub(super) fn check(resolver: &mut Resolver<'_>, form: &File, spec: &Spec) {
    whole(resolver, form, spec);
    for index in 0..form.states.len() {
        resolver.at("state", |r| r.nth(index, |r| state(r, form, spec, index)));
    }
}

fn error(resolver: &mut Resolver<'_>, message: impl Into<String>, hint: &str) {
    resolver.problem(Severity::Error, message.into(), Some(hint.to_owned()));
}

fn warning(resolver: &mut Resolver<'_>, message: impl Into<String>, hint: &str) {
    resolver.problem(Severity::Warning, message.into(), Some(hint.to_owned()));
}

fn whole(resolver: &mut Resolver<'_>, form: &File, spec: &Spec) {
    if form.name.is_empty()
        || form
            .name
            .contains(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c)))
    {
        resolver.at("name", |r| {
            error(
                r,
                "a protocol's name is a lower-case word",
                "letters, digits, - _ and .",
            )
        });
    }
    if form.name == super::COMMON {
        return;
    }
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
}

fn state(resolver: &mut Resolver<'_>, form: &File, spec: &Spec, index: usize) {
    let state = &form.states[index];
    if form.states[..index]
        .iter()
        .any(|earlier| earlier.name == state.name)
    {
        resolver.at("name", |r| {
            error(
                r,
                format!("two states are called {:?}", state.name),
                "names tell states apart in evidence",
            )
        });
    }
    unreachable_state(resolver, form, spec, index);
    contradictions(resolver, form, index);
    if state.choices.iter().any(|choice| choice.send.is_empty()) {
        resolver.at("choices", |r| {
            error(r, "a choice sends nothing", "send = \"y<enter>\"")
        });
    }
    let prompt = matches!(state.kind, FileKind::Ready | FileKind::Continuation);
    if prompt && state.quiet.is_some() && state.waiting != Some(Waiting::Any) {
        resolver.at("quiet", |r| {
            warning(
                r,
                "silence on a state that already looks at the tty",
                "each turn pays for it; remove it unless a measurement says otherwise",
            );
        });
    }
    if state.auto.is_some() && prompt {
        resolver.at("auto", |r| {
            error(
                r,
                "a prompt is not answered by itself",
                "auto belongs to pagers and dialogs",
            )
        });
    }
}

fn unreachable_state(resolver: &mut Resolver<'_>, form: &File, spec: &Spec, index: usize) {
    let Some(rule) = spec.rules.get(index) else { return };
    for earlier in &spec.rules[..index] {
        let same = earlier.when == rule.when;
        if same {
            let message = format!(
                "{:?} is never reached: {:?} has the same conditions",
                rule.name, earlier.name
            );
            error(
                resolver,
                message,
                "states are tried in order; make one of them say more",
            );
        }
    }
    let state = &form.states[index];
    let says_nothing = state.cursor_line.is_none()
        && state.lines_above.is_none()
        && state.screen.is_none()
        && state.title.is_none()
        && state.modes.is_empty()
        && state.status.is_none()
        && state.notification.is_none()
        && state.progress.is_none()
        && state.last_mark.is_none()
        && state.cursor_visible.is_none()
        && matches!(state.tty, None | Some(Tty::Any | Tty::AsFirstReady))
        && state.quiet.is_none()
        && state.foreground.is_none()
        && state.process.is_none();
    if says_nothing && state.prompt_mark != Some(PromptMark::Required) {
        error(
            resolver,
            format!("{:?} has no condition: it would always hold", state.name),
            "add cursor_line or another condition",
        );
    }
}

fn contradictions(resolver: &mut Resolver<'_>, form: &File, index: usize) {
    let state = &form.states[index];
    if state.tty == Some(Tty::Raw) && state.waiting == Some(Waiting::Read) && state.kind == FileKind::Secret {
        resolver.at("tty", |r| {
            warning(
                r,
                "a hidden input is tty = \"hidden\": ECHO off, ICANON on",
                "raw also holds for line editors",
            )
        });
    }
    let alternate = ["alternate_screen", "1049"];
    let both = alternate
        .iter()
        .filter_map(|name| state.modes.get(*name))
        .collect::<Vec<_>>();
    if both.len() == 2 && both[0] != both[1] {
        resolver.at("modes", |r| {
            error(
                r,
                "alternate_screen and 1049 are the same mode, once set and once not",
                "keep one",
            )
        });
    }
    if !state.constant.is_empty() {
        let pattern = state.cursor_line.as_deref().unwrap_or_default();
        for name in &state.constant {
            if !pattern.contains(&format!("<{name}>")) {
                resolver.at("constant", |r| {
                    error(r, format!("cursor_line has no group {name:?}"), "(?<name>…)")
                });
            }
        }
    }
    if state.kind == FileKind::Ready {
        let known: Vec<&str> = ["waiting", "tty"].to_vec();
        let none =
            state.waiting == Some(Waiting::Any) && state.tty == Some(Tty::Any) && state.quiet.is_none();
        if none && state.prompt_mark != Some(PromptMark::Required) && state.modes.is_empty() {
            let message = format!("nothing but text tells {:?} from a printed prompt", state.name);
            warning(resolver, message, &format!("leave out {}", known.join(" and ")));
        }
    }
}
