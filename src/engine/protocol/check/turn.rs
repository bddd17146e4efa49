//! How a turn is typed, settles, fails and is interrupted; how a conversation is resumed.

use super::{error, warning};
use crate::engine::protocol::file::{File, Interrupt, Resume, Submit};
use crate::engine::protocol::resolve::Resolver;
use crate::engine::protocol::spec::{Kind, Settle, Spec};

/// What stands for the tool's own id of a conversation.
const SESSION: &str = "{session}";

pub(super) fn check(resolver: &mut Resolver<'_>, form: &File, spec: &Spec) {
    if form.unproven.as_ref().is_some_and(|why| why.trim().is_empty()) {
        resolver.at("unproven", |r| {
            error(
                r,
                "no reason is given",
                "say why the file was not proven on the tool",
            )
        });
    }
    if let Some(form) = &form.resume {
        resolver.at("resume", |r| resume(r, form));
    }
    resolver.at("submit", |r| enter_apart(r, &form.submit));
    if form.settle.is_some() {
        resolver.at("settle", |r| settle(r, &spec.settle));
    }
    resolver.at("interrupt", |r| interrupt(r, &form.interrupt, spec));
    resolver.at("outcome", |r| errors(r, form));
    states(resolver, form, spec);
}

fn resume(resolver: &mut Resolver<'_>, form: &Resume) {
    if !form.args.iter().any(|arg| arg.contains(SESSION)) {
        resolver.at("args", |r| {
            error(
                r,
                "nothing names the conversation",
                "write {session} in an argument: [\"--resume\", \"{session}\"]",
            )
        });
    }
    let pattern = form.pattern.as_deref().and_then(|p| regex::Regex::new(p).ok());
    if pattern.is_some_and(|p| !p.capture_names().flatten().any(|group| group == "session")) {
        resolver.at("pattern", |r| {
            error(
                r,
                "the pattern has no group session",
                "'--resume (?<session>\\S+)'",
            )
        });
    }
}

/// What is only looked at between a text and an Enter of its own.
fn enter_apart(resolver: &mut Resolver<'_>, form: &Submit) {
    let given = [
        ("enter_gap", form.enter_gap.is_some()),
        ("echo_within", form.echo_within.is_some()),
        ("placeholders", !form.placeholders.is_empty()),
    ];
    for (key, _) in given.iter().filter(|(_, given)| *given && !form.enter_apart) {
        resolver.at(key, |r| {
            error(
                r,
                "Enter is written together with the text: nothing lies between them",
                "add enter_apart = true",
            )
        });
    }
}

fn settle(resolver: &mut Resolver<'_>, settle: &Settle) {
    if settle.quiet.is_none() && settle.frame.is_none() {
        return error(resolver, "nothing is waited for", "add quiet or frame");
    }
    if settle.quiet.max(settle.frame) > Some(settle.at_most) {
        resolver.at("at_most", |r| {
            error(
                r,
                "less than what is waited for: it would always end the wait",
                "at least as long as quiet and frame",
            )
        });
    }
}

fn interrupt(resolver: &mut Resolver<'_>, form: &Interrupt, spec: &Spec) {
    let typed = !spec.interrupt.send.is_empty();
    if form.signal == Some(false) && !typed {
        resolver.at("signal", |r| {
            error(
                r,
                "nothing interrupts: there are neither keys nor signals",
                "add send",
            )
        });
    }
    if form.signal == Some(false) && form.signal_after.is_some() {
        resolver.at("signal_after", |r| {
            error(
                r,
                "no signal follows: signal is false",
                "leave one of the two out",
            )
        });
    }
    if form.again_after.is_some() && !typed {
        resolver.at("again_after", |r| {
            error(r, "there are no keys to send again", "add send")
        });
    }
}

fn errors(resolver: &mut Resolver<'_>, form: &File) {
    for (index, rule) in form.outcome.errors.iter().enumerate() {
        let given = [&rule.pattern, &rule.screen, &rule.status, &rule.told];
        let empty = given.iter().all(|given| given.is_none());
        let unheard = rule.told.is_some() && form.channels.iter().all(|channel| channel.error.is_none());
        let unless = rule.unless.is_some() && rule.pattern.is_none();
        resolver.at("error", |r| {
            r.nth(index, |r| {
                if empty {
                    error(
                        r,
                        "nothing tells this error",
                        "add pattern, screen, status or told",
                    );
                } else if unheard {
                    r.at("told", |r| {
                        error(r, "no channel tells an error", "error = \"/…\" in a [[channel]]")
                    });
                } else if unless {
                    r.at("unless", |r| {
                        error(
                            r,
                            "this is looked for behind `pattern`, and there is none",
                            "add pattern",
                        )
                    });
                }
            })
        });
    }
}

/// States that only mean something beside others.
fn states(resolver: &mut Resolver<'_>, form: &File, spec: &Spec) {
    let draft = form
        .states
        .iter()
        .position(|state| state.kind == crate::engine::protocol::file::Kind::Draft);
    if let Some(index) = draft.filter(|_| spec.discard.is_empty() && spec.submit.start_within.is_none()) {
        resolver.at("state", |r| {
            r.nth(index, |r| {
                error(
                    r,
                    "nothing is done about a draft: no keys empty it and no Enter is repeated",
                    "add discard, or start_within in [submit]",
                )
            })
        });
    }
    let never_busy = !spec.rules.iter().any(|rule| rule.kind == Kind::Busy);
    for (index, state) in form.states.iter().enumerate().filter(|_| never_busy) {
        if state.after_busy && state.after_busy_unless_quiet.is_some() {
            resolver.at("state", |r| {
                r.nth(index, |r| {
                    r.at("after_busy", |r| {
                        warning(
                            r,
                            "no state is busy: each turn ends by silence",
                            "add a state of kind busy",
                        )
                    })
                })
            });
        }
    }
}
