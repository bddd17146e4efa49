//! A prompt's regex from what stood left of the cursor whenever something was typed.

/// A line that may be the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Regex, anchored to the end: output without a newline may stand before the prompt.
    pub pattern: String,
    /// One of the lines that it was made from.
    pub example: String,
    /// How often it was seen.
    pub count: usize,
}

/// Candidates, the most frequent first; among equals the earlier one.
pub fn prompts(lines: &[String]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        let pattern = generalised(line);
        match found.iter_mut().find(|candidate| candidate.pattern == pattern) {
            Some(candidate) => candidate.count += 1,
            None => found.push(Candidate {
                pattern,
                example: line.clone(),
                count: 1,
            }),
        }
    }
    // Stable, so that among equals the earlier one stays first.
    found.sort_by_key(|candidate| std::cmp::Reverse(candidate.count));
    found
}

/// The line as a regex in which numbers and paths may be others: `In [12]: ` gives `In \[\d+\]:\s?$`.
pub fn generalised(line: &str) -> String {
    let text = line.trim_end();
    let mut pattern = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let at_start =
            rest.len() == text.len() || !text[..text.len() - rest.len()].ends_with(char::is_alphanumeric);
        let length = match first {
            '0'..='9' => run(rest, |c| c.is_ascii_digit()),
            '~' | '/' if at_start => run(rest, is_path),
            _ => first.len_utf8(),
        };
        let (part, tail) = rest.split_at(length);
        match first {
            '0'..='9' => pattern.push_str(r"\d+"),
            '~' | '/' if at_start && (length > 1 || first == '~') => pattern.push_str(r"[~/][^\s$#%>]*"),
            _ => pattern.push_str(&regex::escape(part)),
        }
        rest = tail;
    }
    // The blank behind a prompt may not be painted yet.
    if line.ends_with(' ') {
        pattern.push_str(r"\s?");
    }
    pattern.push('$');
    pattern
}

fn run(text: &str, inside: impl Fn(char) -> bool) -> usize {
    text.find(|c| !inside(c)).unwrap_or(text.len())
}

fn is_path(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '/' | '~' | '.' | '_' | '-' | '+')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(line: &str, other: &str) -> bool {
        regex::Regex::new(&generalised(line))
            .expect("a regex")
            .is_match(other)
    }

    #[test]
    fn numbers_and_paths_may_be_others() {
        assert!(matches("In [1]: ", "In [27]: "));
        assert!(matches("user@host:~/a/b$ ", "user@host:/tmp$ "));
        assert!(matches("/home/me> ", "~> "));
        assert!(!matches("In [1]: ", "Out[1]: "));
        assert!(matches(">>> ", "output without newline>>> "));
        assert!(!matches(">>> ", ">>> typed"));
    }

    #[test]
    fn the_most_frequent_line_is_first() {
        let lines: Vec<String> = ["banner", "db[1]> ", "Password: ", "db[2]> ", "", "db[3]> "]
            .map(String::from)
            .into();
        let found = prompts(&lines);
        assert_eq!((found[0].count, found[0].example.as_str()), (3, "db[1]> "));
        assert_eq!(found.len(), 3);
    }
}
