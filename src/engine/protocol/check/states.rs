//! States that can never hold, hold too often, or say what nobody reads.

use regex_syntax::hir::{Hir, HirKind, Look};

use super::{dialogs, error, order, warning};
use crate::engine::protocol::file::{
    File, Foreground, Kind as FileKind, Mark, PromptMark, State, Tty, Waiting,
};
use crate::engine::protocol::resolve::Resolver;
use crate::engine::protocol::spec::{Kind, MarkWanted, Pattern, Rule, Spec};

/// The file's own states and short forms; `rules` starts with them, in this order.
pub(in crate::engine::protocol) fn states(resolver: &mut Resolver<'_>, form: &File, rules: &[Rule]) {
    for (index, state) in form.states.iter().enumerate() {
        resolver.at("state", |r| {
            r.nth(index, |r| {
                let twice = form.states[..index]
                    .iter()
                    .any(|earlier| earlier.name == state.name);
                name(r, state, twice);
                condition(r, state);
                modes(r, state);
                tty(r, form, state);
                marks(r, state);
                constant(r, state);
                super::channels::said(r, form, state);
                dialogs::dialog(r, state, is_prompt(state));
                silence(r, state);
                after_busy(r, state);
            });
        });
    }
    let own =
        form.states.len() + usize::from(form.prompt.is_some()) + usize::from(form.continuation.is_some());
    for index in 0..own.min(rules.len()) {
        // A condition that could not be read seems absent.
        if !resolver.has_errors() {
            hidden(resolver, form, rules, index);
        }
        at_line(resolver, form, index, |r| lines(r, &rules[index]));
    }
}

/// Runs `inner` at the value that holds the cursor line's regex of an own rule.
fn at_line(resolver: &mut Resolver<'_>, form: &File, index: usize, inner: impl FnOnce(&mut Resolver<'_>)) {
    if index < form.states.len() {
        return resolver.at("state", |r| r.nth(index, |r| r.at("cursor_line", inner)));
    }
    let prompt = form.prompt.is_some() && index == form.states.len();
    resolver.at(if prompt { "prompt" } else { "continuation" }, inner);
}

fn is_prompt(state: &State) -> bool {
    matches!(state.kind, FileKind::Ready | FileKind::Continuation)
}

fn name(resolver: &mut Resolver<'_>, state: &State, twice: bool) {
    if twice {
        let message = format!("two states are called {:?}", state.name);
        resolver.at("name", |r| {
            error(r, message, "names tell states apart in evidence")
        });
    }
}

fn hidden(resolver: &mut Resolver<'_>, form: &File, rules: &[Rule], index: usize) {
    let rule = &rules[index];
    let Some(earlier) = rules[..index].iter().find(|earlier| order::hides(earlier, rule)) else {
        return;
    };
    let (name, by) = (&rule.name, &earlier.name);
    let message = if earlier.when == rule.when {
        format!("{name:?} is never reached: {by:?} has the same conditions")
    } else {
        format!("{name:?} is never reached: {by:?} comes first and holds whenever {name:?} does")
    };
    let hint = "states are tried in order; put the one that says more first";
    if index < form.states.len() {
        resolver.at("state", |r| r.nth(index, |r| error(r, message, hint)));
    } else {
        at_line(resolver, form, index, |r| error(r, message, hint));
    }
}

fn condition(resolver: &mut Resolver<'_>, state: &State) {
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
        && state.said.is_none()
        && matches!(state.tty, None | Some(Tty::Any | Tty::AsFirstReady))
        && state.quiet.is_none()
        && matches!(state.foreground, None | Some(Foreground::Any))
        && state.process.is_none()
        && (is_prompt(state) || matches!(state.waiting, None | Some(Waiting::Any)))
        && state.prompt_mark != Some(PromptMark::Required);
    if says_nothing {
        let message = format!("{:?} has no condition: it would always hold", state.name);
        error(resolver, message, "add cursor_line or another condition");
    }
    if state.progress.is_some_and(|progress| progress > 4) {
        resolver.at("progress", |r| {
            error(
                r,
                "no tool announces such a progress",
                "0 none, 1 normal, 2 error, 3 indeterminate, 4 paused",
            )
        });
    }
}

fn modes(resolver: &mut Resolver<'_>, state: &State) {
    let alternate: Vec<bool> = ["alternate_screen", "1049"]
        .iter()
        .filter_map(|name| state.modes.get(*name).copied())
        .collect();
    if let [named, numbered] = alternate[..]
        && named != numbered
    {
        resolver.at("modes", |r| {
            error(
                r,
                "alternate_screen and 1049 are the same mode, once set and once not",
                "keep one",
            )
        });
    }
    if state.kind == FileKind::Fullscreen && alternate.contains(&false) {
        resolver.at("modes", |r| {
            error(
                r,
                "a full-screen program has the alternate screen, and this state wants it off",
                "alternate_screen = true, or another kind",
            )
        });
    }
}

fn tty(resolver: &mut Resolver<'_>, form: &File, state: &State) {
    let takes_input = !matches!(state.kind, FileKind::Busy | FileKind::Fullscreen);
    if takes_input && state.waiting == Some(Waiting::Nothing) {
        resolver.at("waiting", |r| {
            error(
                r,
                "a state in which the tool takes input waits for it",
                "waiting = \"input\", or kind = \"busy\"",
            )
        });
    }
    if state.tty == Some(Tty::Cooked) && form.spawn.echo_off {
        resolver.at("tty", |r| {
            error(
                r,
                "cooked means ECHO on, and spawn.echo_off switches it off",
                "tty = \"as_first_ready\"",
            )
        });
    }
    let paste = ["bracketed_paste", "2004"]
        .iter()
        .any(|mode| state.modes.get(*mode) == Some(&true));
    if state.tty == Some(Tty::Cooked) && paste {
        resolver.at("tty", |r| {
            warning(
                r,
                "bracketed paste is set by line editors, and they switch ECHO off",
                "tty = \"raw\"",
            )
        });
    }
    if state.kind == FileKind::Secret && state.tty == Some(Tty::Cooked) {
        resolver.at("tty", |r| {
            warning(
                r,
                "on a cooked tty a secret is shown as it is typed",
                "a hidden input is tty = \"hidden\"",
            )
        });
    }
    if state.kind == FileKind::Secret && state.tty == Some(Tty::Raw) && state.waiting == Some(Waiting::Read) {
        resolver.at("tty", |r| {
            warning(
                r,
                "a hidden input is tty = \"hidden\": ECHO off, ICANON on",
                "raw also holds for line editors",
            )
        });
    }
}

fn marks(resolver: &mut Resolver<'_>, state: &State) {
    if state.prompt_mark != Some(PromptMark::Required) {
        return;
    }
    let markless = [
        FileKind::Busy,
        FileKind::Pager,
        FileKind::Secret,
        FileKind::Fullscreen,
    ];
    if markless.contains(&state.kind) {
        resolver.at("prompt_mark", |r| {
            error(
                r,
                "only a prompt carries a prompt mark, and this kind is none",
                "leave prompt_mark out",
            )
        });
    }
    if state.last_mark == Some(Mark::Output) {
        resolver.at("last_mark", |r| {
            error(
                r,
                "a prompt mark on the cursor's line is newer than the output mark",
                "leave one of the two out",
            )
        });
    }
}

fn constant(resolver: &mut Resolver<'_>, state: &State) {
    let regex = state
        .cursor_line
        .as_deref()
        .and_then(|line| regex::Regex::new(line).ok());
    for (index, name) in state.constant.iter().enumerate() {
        let known = regex
            .as_ref()
            .is_some_and(|regex| regex.capture_names().flatten().any(|group| group == name));
        if !known {
            resolver.at("constant", |r| {
                r.nth(index, |r| {
                    error(r, format!("cursor_line has no group {name:?}"), "(?<name>…)")
                })
            });
        }
    }
}

fn silence(resolver: &mut Resolver<'_>, state: &State) {
    if is_prompt(state) && state.quiet.is_some() && state.waiting != Some(Waiting::Any) {
        resolver.at("quiet", |r| {
            warning(
                r,
                "silence on a state that already looks at the tty",
                "each turn pays for it; remove it unless a measurement says otherwise",
            );
        });
    }
    let blind = state.waiting == Some(Waiting::Any) && state.tty == Some(Tty::Any) && state.quiet.is_none();
    if state.kind == FileKind::Ready
        && blind
        && state.prompt_mark != Some(PromptMark::Required)
        && state.modes.is_empty()
    {
        let message = format!("nothing but text tells {:?} from a printed prompt", state.name);
        warning(resolver, message, "leave out waiting and tty");
    }
}

fn after_busy(resolver: &mut Resolver<'_>, state: &State) {
    if state.after_busy_unless_quiet.is_some() && !state.after_busy {
        resolver.at("after_busy_unless_quiet", |r| {
            error(
                r,
                "silence stands in for a busy state that nobody asks for",
                "add after_busy = true",
            )
        });
    }
}

/// The regex of the cursor's line.
fn lines(resolver: &mut Resolver<'_>, rule: &Rule) {
    let Some(hir) = rule.when.cursor_line.as_ref().and_then(parsed) else {
        return;
    };
    if needs_newline(&hir) {
        return error(
            resolver,
            "the cursor's line holds no newline: this never matches",
            "rows above it are lines_above",
        );
    }
    let ends = hir.properties().look_set_suffix();
    if matches!(rule.kind, Kind::Ready | Kind::Continuation)
        && !ends.contains(Look::End)
        && !ends.contains(Look::EndLF)
    {
        warning(
            resolver,
            "the regex does not end with $: it also matches while something stands behind the prompt",
            "end it with $, the cursor",
        );
    }
}

/// Prompts that output without a newline hides.
pub(super) fn ready(resolver: &mut Resolver<'_>, form: &File, spec: &Spec) {
    if marks_prompts(form) {
        return;
    }
    let own = form.states.len() + usize::from(form.prompt.is_some());
    for (index, rule) in spec.rules.iter().enumerate().take(own) {
        let edge = spec
            .response
            .prompt_after_mode
            .is_some_and(|mode| rule.when.modes.contains(&mode));
        if rule.kind != Kind::Ready || edge || rule.when.prompt_mark == MarkWanted::Required {
            continue;
        }
        let Some(pattern) = &rule.when.cursor_line else {
            continue;
        };
        // `\A` says the same on purpose.
        let caret = pattern.as_str().starts_with('^');
        if caret
            && parsed(pattern).is_some_and(|hir| hir.properties().look_set_prefix().contains(Look::Start))
        {
            at_line(resolver, form, index, |r| {
                warning(
                    r,
                    "output without a newline hides this prompt: it starts behind the output, not at the line's start",
                    "drop the ^, or let the tool mark its prompt; \\A where the tool starts each prompt on a fresh line",
                )
            });
        }
    }
}

/// Whether the start options put OSC 133 A somewhere.
fn marks_prompts(form: &File) -> bool {
    let spawn = &form.spawn;
    let texts = form
        .command
        .iter()
        .chain(spawn.env.values())
        .chain(spawn.files.values())
        .chain(&spawn.init);
    texts.into_iter().any(|text| text.contains("133;A"))
}

fn parsed(pattern: &Pattern) -> Option<Hir> {
    regex_syntax::parse(pattern.as_str()).ok()
}

/// Whether every match holds a line feed.
fn needs_newline(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.contains(&b'\n'),
        HirKind::Concat(parts) => parts.iter().any(needs_newline),
        HirKind::Alternation(parts) => parts.iter().all(needs_newline),
        HirKind::Capture(capture) => needs_newline(&capture.sub),
        HirKind::Repetition(repetition) => repetition.min > 0 && needs_newline(&repetition.sub),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => false,
    }
}
