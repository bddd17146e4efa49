//! A command line cut into words as a shell does it, without a shell.

use crate::front::script::failure::Failure;

/// Blanks part words; quotes keep them together; a backslash takes the next character as it is. Nothing is expanded.
pub fn split(line: &str) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' => quoted(&mut chars, '\'', word.get_or_insert_default())?,
            '"' => quoted(&mut chars, '"', word.get_or_insert_default())?,
            '\\' => {
                let next = chars.next().ok_or_else(|| unended(line))?;
                word.get_or_insert_default().push(next);
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match words.is_empty() {
        true => Err(Failure::argument("the command is empty")),
        false => Ok(words),
    }
}

/// Up to the closing quote. In double quotes a backslash makes `"` and `\` ordinary.
fn quoted(chars: &mut std::str::Chars<'_>, quote: char, word: &mut String) -> Result<(), Failure> {
    let rest = chars.as_str();
    while let Some(c) = chars.next() {
        match c {
            c if c == quote => return Ok(()),
            '\\' if quote == '"' => match chars.next() {
                Some(c @ ('"' | '\\')) => word.push(c),
                Some(c) => word.extend(['\\', c]),
                None => break,
            },
            c => word.push(c),
        }
    }
    Err(unended(rest))
}

fn unended(text: &str) -> Failure {
    Failure::argument(format!("a quote or a backslash has no end: {text}"))
        .hint("an array of words needs no quotes: [\"ssh\", \"host\"]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_blanks_and_nothing_is_expanded() {
        let words = split(r#"ssh -o 'A B' "c \"d\" \n" e\ f $HOME '' g"h"i"#).expect("whole");
        assert_eq!(
            words,
            ["ssh", "-o", "A B", r#"c "d" \n"#, "e f", "$HOME", "", "ghi"]
        );
    }

    #[test]
    fn what_has_no_end_is_refused() {
        for line in ["a 'b", "a \"b", "a \\", "  "] {
            assert!(split(line).is_err(), "{line}");
        }
    }
}
