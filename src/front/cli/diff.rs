//! A line diff for people: what was expected and what was seen.

/// Unchanged lines shown around a change.
const CONTEXT: usize = 2;
/// Beyond this many cells the table of the longest common subsequence is not built; the differing middle is shown whole.
const MAX_CELLS: usize = 4_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// `-` expected, `+` seen; `…` where unchanged lines are left out. Empty when both are equal.
pub fn lines(expected: &str, seen: &str) -> String {
    if expected == seen {
        return String::new();
    }
    let old: Vec<&str> = expected.lines().collect();
    let new: Vec<&str> = seen.lines().collect();
    let script = script(&old, &new);
    let mut text = String::new();
    let mut skipped = false;
    for (at, line) in script.iter().enumerate() {
        let near = script[at.saturating_sub(CONTEXT)..script.len().min(at + CONTEXT + 1)]
            .iter()
            .any(|line| !matches!(line, Line::Same(_)));
        match line {
            Line::Same(_) if !near => {
                if !std::mem::replace(&mut skipped, true) {
                    text.push_str("  …\n");
                }
                continue;
            }
            Line::Same(line) => text.push_str(&format!("  {line}\n")),
            Line::Gone(line) => text.push_str(&format!("- {line}\n")),
            Line::New(line) => text.push_str(&format!("+ {line}\n")),
        }
        skipped = false;
    }
    text
}

fn script<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let old_middle = &old_rest[..old_rest.len() - tail];
    let new_middle = &new_rest[..new_rest.len() - tail];
    let mut script: Vec<Line<'_>> = old[..head].iter().map(|line| Line::Same(line)).collect();
    script.extend(middle(old_middle, new_middle));
    script.extend(
        old_rest[old_rest.len() - tail..]
            .iter()
            .map(|line| Line::Same(line)),
    );
    script
}

fn middle<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    if old.len().saturating_mul(new.len()) > MAX_CELLS {
        return old
            .iter()
            .map(|l| Line::Gone(l))
            .chain(new.iter().map(|l| Line::New(l)))
            .collect();
    }
    // common[i][j]: length of the longest common subsequence of old[i..] and new[j..].
    let mut common = vec![vec![0u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = match old[i] == new[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut script) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            script.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            script.push(Line::Gone(old[i]));
            i += 1;
        } else {
            script.push(Line::New(new[j]));
            j += 1;
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_no_diff() {
        assert_eq!(lines("a\nb\n", "a\nb\n"), "");
    }

    #[test]
    fn a_change_is_shown_with_its_neighbours() {
        let old = "1\n2\n3\n4\n5\n6\n7\n";
        let new = "1\n2\n3\nfour\n5\n6\n7\n";
        assert_eq!(lines(old, new), "  …\n  2\n  3\n- 4\n+ four\n  5\n  6\n  …\n");
    }

    #[test]
    fn additions_and_removals_at_the_ends() {
        assert_eq!(lines("a\n", "a\nb\n"), "  a\n+ b\n");
        assert_eq!(lines("a\nb\n", "b\n"), "- a\n  b\n");
    }
}
