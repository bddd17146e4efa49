//! Which rule hides another: states are tried in order, and one that wants less holds whenever one that wants more does.

use crate::engine::protocol::spec::{Conditions, Kind, MarkWanted, Rule, TtyWanted, WaitingWanted};

/// Whether `earlier` holds whenever `later` does. Regexes are compared as written.
pub(super) fn hides(earlier: &Rule, later: &Rule) -> bool {
    newer_than_enter(earlier, later)
        && texts(&earlier.when, &later.when)
        && announcements(&earlier.when, &later.when)
        && tty(&earlier.when, &later.when)
}

/// A busy state may be as old as Enter; every other must be newer, which `after_busy` vouches for.
fn newer_than_enter(earlier: &Rule, later: &Rule) -> bool {
    earlier.kind == Kind::Busy
        || (later.kind != Kind::Busy && (earlier.when.after_busy || !later.when.after_busy))
}

fn texts(earlier: &Conditions, later: &Conditions) -> bool {
    covers(&earlier.cursor_line, &later.cursor_line)
        && covers(&earlier.lines_above, &later.lines_above)
        && covers(&earlier.screen, &later.screen)
        && covers(&earlier.title, &later.title)
        && covers(&earlier.status, &later.status)
        && covers(&earlier.notification, &later.notification)
        && earlier.constant.iter().all(|name| later.constant.contains(name))
}

fn announcements(earlier: &Conditions, later: &Conditions) -> bool {
    // Where rows above belong to the prompt, the mark may stand on one of them.
    let same_rows = earlier.lines_above.is_some() == later.lines_above.is_some();
    let mark = match (earlier.prompt_mark, later.prompt_mark) {
        (MarkWanted::Any, _) => true,
        (MarkWanted::IfUsed, MarkWanted::IfUsed | MarkWanted::Required)
        | (MarkWanted::Required, MarkWanted::Required) => same_rows,
        (MarkWanted::IfUsed | MarkWanted::Required, _) => false,
    };
    mark && earlier.modes.iter().all(|mode| later.modes.contains(mode))
        && covers(&earlier.last_mark, &later.last_mark)
        && covers(&earlier.progress, &later.progress)
        && covers(&earlier.cursor_visible, &later.cursor_visible)
        && (later.after_busy || !earlier.after_busy)
        && earlier.quiet <= later.quiet
}

fn tty(earlier: &Conditions, later: &Conditions) -> bool {
    let flags = match (earlier.tty, later.tty) {
        (TtyWanted::Any, _) => true,
        (
            TtyWanted::Flags { echo, canonical },
            TtyWanted::Flags {
                echo: later_echo,
                canonical: later_canonical,
            },
        ) => covers(&echo, &later_echo) && covers(&canonical, &later_canonical),
        (earlier, later) => earlier == later,
    };
    let waiting = match (earlier.waiting, later.waiting) {
        (Some(WaitingWanted::Input), Some(WaitingWanted::Read)) => true,
        (earlier, later) => covers(&earlier, &later),
    };
    flags && waiting && covers(&earlier.foreground, &later.foreground)
}

/// Nothing wanted, or the same.
fn covers<T: PartialEq>(earlier: &Option<T>, later: &Option<T>) -> bool {
    earlier.is_none() || earlier == later
}
