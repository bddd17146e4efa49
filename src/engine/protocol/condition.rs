//! The condition language of states, alone: what a wait looks for on the screen.

use super::diagnostic::Problems;
use super::spec::Rule;

/// The conditions of a `[[state]]`, as an inline table (`{ cursor_line = '\$ $', tty = "hidden" }`) or as lines of `key = value`.
///
/// Nothing is filled in that is not written: unlike those of a ready state, the conditions look at no tty unless they say so.
///
/// # Errors
///
/// Everything that is wrong with the text, each with its place in it.
pub fn condition(source: &str) -> Result<Rule, Problems> {
    let trimmed = source.trim_end();
    let start = trimmed.len() - trimmed.trim_start().len();
    let inner = trimmed[start..]
        .strip_prefix('{')
        .and_then(|inner| inner.strip_suffix('}'));
    // Of kind busy, a state has no defaults and is seen whatever was typed before.
    let (before, body, after) = match inner {
        Some(inner) if inner.trim().is_empty() => (LINES, "", ""),
        Some(inner) => (TABLE, inner, "}]\n"),
        None => (LINES, &trimmed[start..], "\n"),
    };
    let offset = start + usize::from(inner.is_some());
    let file = format!("{before}{body}{after}");
    let shifted = |mut problems: Problems| {
        for diagnostic in &mut problems.diagnostics {
            let shift = |at: usize| (at.saturating_sub(before.len()) + offset).min(source.len());
            diagnostic.span = shift(diagnostic.span.start)..shift(diagnostic.span.end);
        }
        problems.source = source.to_owned();
        problems
    };
    let spec = super::parse_named("condition", &file).map_err(shifted)?;
    let rule = spec.rules.into_iter().find(|rule| rule.name == NAME);
    Ok(rule.expect("the state was written into the file"))
}

const NAME: &str = "condition";
const LINES: &str = "name = \"condition\"\ncommand = [\"condition\"]\ninclude = []\nprompt = '$'\n[[state]]\nname = \"condition\"\nkind = \"busy\"\n";
const TABLE: &str = "name = \"condition\"\ncommand = [\"condition\"]\ninclude = []\nprompt = '$'\nstate = [{ name = \"condition\", kind = \"busy\", ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::protocol::spec::TtyWanted;

    #[test]
    fn a_table_and_lines_say_the_same() {
        let table = condition("{ cursor_line = '\\$ $', tty = \"hidden\" }").expect("valid");
        let lines = condition("cursor_line = '\\$ $'\ntty = \"hidden\"\n").expect("valid");
        assert_eq!(table.when, lines.when);
        assert_eq!(table.when.cursor_line.expect("given").as_str(), "\\$ $");
        assert!(matches!(
            table.when.tty,
            TtyWanted::Flags {
                echo: Some(false),
                ..
            }
        ));
        assert!(table.when.foreground.is_none(), "nothing is filled in");
    }

    #[test]
    fn a_problem_is_told_at_its_place_with_a_hint() {
        let problems = condition("{ cursor_lin = 'x' }").expect_err("no such key");
        let diagnostic = &problems.diagnostics[0];
        assert_eq!(&problems.source[diagnostic.span.clone()], "cursor_lin");
        assert!(
            diagnostic
                .hint
                .as_deref()
                .unwrap_or_default()
                .contains("cursor_line"),
            "{problems}"
        );
        let problems = condition("screen = '('").expect_err("no regex");
        assert_eq!(
            problems.line_col(problems.diagnostics[0].span.start).0,
            1,
            "{problems}"
        );
    }
}
