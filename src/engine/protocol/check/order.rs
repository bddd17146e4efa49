//! Which rule hides another: states are tried in order, and one that wants less holds whenever one that wants more does.

use crate::engine::protocol::spec::{Conditions, Kind, MarkWanted, Rule, TtyWanted, WaitingWanted};

/// Whether `earlier` holds whenever `later` does. Regexes are compared as written.
pub(super) fn hides(earlier: &Rule, later: &Rule) -> bool {
    newer_than_enter(earlier, later) && wants_less(&earlier.when, &later.when)
}

/// A busy state may be as old as Enter; every other must be newer, which `after_busy` and `said` vouch for.
fn newer_than_enter(earlier: &Rule, later: &Rule) -> bool {
    let vouched = |rule: &Rule| rule.when.after_busy || rule.when.said.is_some();
    earlier.kind == Kind::Busy || (later.kind != Kind::Busy && (vouched(earlier) || !vouched(later)))
}

fn wants_less(earlier: &Conditions, later: &Conditions) -> bool {
    // Field by field, so that a new condition is not forgotten here.
    let Conditions {
        cursor_line,
        lines_above,
        screen,
        title,
        modes,
        tty,
        waiting,
        foreground,
        process,
        prompt_mark,
        last_mark,
        status,
        notification,
        progress,
        cursor_visible,
        said,
        after_busy,
        after_busy_unless_quiet,
        constant,
        quiet,
    } = earlier;
    // Where rows above belong to the prompt, the mark may stand on one of them.
    let same_rows = lines_above.is_some() == later.lines_above.is_some();
    covers(cursor_line, &later.cursor_line)
        && covers(lines_above, &later.lines_above)
        && covers(screen, &later.screen)
        && covers(title, &later.title)
        && covers(status, &later.status)
        && covers(notification, &later.notification)
        && modes.iter().all(|mode| later.modes.contains(mode))
        && flags(*tty, later.tty)
        && (covers(waiting, &later.waiting)
            || (*waiting, later.waiting) == (Some(WaitingWanted::Input), Some(WaitingWanted::Read)))
        && covers(foreground, &later.foreground)
        && covers(process, &later.process)
        && mark(*prompt_mark, later.prompt_mark, same_rows)
        && covers(last_mark, &later.last_mark)
        && covers(progress, &later.progress)
        && covers(cursor_visible, &later.cursor_visible)
        && covers(said, &later.said)
        && (later.after_busy || !after_busy)
        // Silence lets the one hold that has it, so the other may hold later at most.
        && (!after_busy || after_busy_unless_quiet.is_some() || later.after_busy_unless_quiet.is_none())
        && constant.iter().all(|name| later.constant.contains(name))
        && *quiet <= later.quiet
}

fn flags(earlier: TtyWanted, later: TtyWanted) -> bool {
    match (earlier, later) {
        (TtyWanted::Any, _) => true,
        (
            TtyWanted::Flags { echo, canonical },
            TtyWanted::Flags {
                echo: later_echo,
                canonical: later_canonical,
            },
        ) => covers(&echo, &later_echo) && covers(&canonical, &later_canonical),
        (earlier, later) => earlier == later,
    }
}

fn mark(earlier: MarkWanted, later: MarkWanted, same_rows: bool) -> bool {
    match (earlier, later) {
        (MarkWanted::Any, _) => true,
        (MarkWanted::IfUsed, MarkWanted::IfUsed | MarkWanted::Required)
        | (MarkWanted::Required, MarkWanted::Required) => same_rows,
        (MarkWanted::IfUsed | MarkWanted::Required, _) => false,
    }
}

/// Nothing wanted, or the same.
fn covers<T: PartialEq>(earlier: &Option<T>, later: &Option<T>) -> bool {
    earlier.is_none() || earlier == later
}
