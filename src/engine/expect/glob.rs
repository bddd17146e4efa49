//! Globs as regexes.

/// Why it is no glob, and at which character (from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadGlob {
    pub column: usize,
    pub message: &'static str,
    pub hint: &'static str,
}

pub(super) fn to_regex(glob: &str) -> Result<String, BadGlob> {
    let chars: Vec<char> = glob.chars().collect();
    let mut regex = String::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        match c {
            '*' => regex.push_str(r"[^\n]*"),
            '?' => regex.push_str(r"[^\n]"),
            '[' => at = class(&chars, at, &mut regex)?,
            '\\' => {
                let Some(&c) = chars.get(at) else {
                    return Err(BadGlob {
                        column: at,
                        message: "nothing follows the backslash",
                        hint: "write two for a backslash itself",
                    });
                };
                at += 1;
                push_plain(c, &mut regex);
            }
            c => push_plain(c, &mut regex),
        }
    }
    Ok(regex)
}

fn push_plain(c: char, regex: &mut String) {
    regex.push_str(&regex_syntax::escape(c.encode_utf8(&mut [0; 4])));
}

/// The class whose opening bracket stands before `at`; where it ends.
fn class(chars: &[char], mut at: usize, regex: &mut String) -> Result<usize, BadGlob> {
    let opened = at;
    regex.push('[');
    if matches!(chars.get(at), Some('!' | '^')) {
        regex.push('^');
        at += 1;
    }
    let first = at;
    loop {
        match chars.get(at) {
            Some(']') if at > first => {
                regex.push(']');
                return Ok(at + 1);
            }
            Some('-') if at > first && !matches!(chars.get(at + 1), None | Some(']')) => regex.push('-'),
            Some('\\') if at + 1 < chars.len() => {
                at += 1;
                push_in_class(chars[at], regex);
            }
            Some(&c) => push_in_class(c, regex),
            None => {
                return Err(BadGlob {
                    column: opened,
                    message: "the bracket is not closed",
                    hint: "write \\[ for a bracket itself",
                });
            }
        }
        at += 1;
    }
}

fn push_in_class(c: char, regex: &mut String) {
    if c.is_ascii_punctuation() {
        regex.push('\\');
    }
    regex.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_mean_what_shells_mean_within_a_line() {
        for (glob, text, found) in [
            ("*denied*", "x\npermission denied.\n", Some("permission denied.")),
            ("a?c", "xabc", Some("abc")),
            ("a?c", "a\nc", None),
            ("[a-c]1", "z1b1", Some("b1")),
            ("[!a]1", "a1b1", Some("b1")),
            ("[]x]", "]", Some("]")),
            ("[a-]", "-", Some("-")),
            (r"\*.\[", "*.[", Some("*.[")),
            ("1.5$ ^", "1.5$ ^", Some("1.5$ ^")),
            ("[&&x~]", "~", Some("~")),
        ] {
            let regex = to_regex(glob).expect("a glob");
            let regex = regex::Regex::new(&regex).expect("a regex");
            assert_eq!(regex.find(text).map(|m| m.as_str()), found, "{glob}");
        }
        assert_eq!(to_regex("ab[c").expect_err("open").column, 3);
        assert_eq!(to_regex("ab\\").expect_err("open").column, 3);
    }
}
