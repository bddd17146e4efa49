//! From a line that was waited for to a pattern for the lines that will come in its place.
//!
//! What differs from run to run becomes a class: numbers, dates, times, paths, addresses, names. The rest stays as it is. The pattern always
//! matches the text that it was made from.

use std::sync::LazyLock;

use regex::Regex;

use super::dialogue::Rows;

/// Longer lines are told by their end.
const LINE_CHARS: usize = 72;
/// A literal of fewer letters in a row would be found anywhere.
const TELLING_LETTERS: usize = 3;

/// What the script waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    Literal(String),
    /// A regex over the text.
    Regex(String),
    /// A regex over the visible screen, of a program that paints all of it.
    Screen(String),
}

/// Names of the place where the recording was made; another run has others.
#[derive(Clone, Debug, Default)]
pub struct Names(Vec<String>);

impl Names {
    /// Names of one or two letters are left alone: they may be anything.
    pub fn new(names: impl IntoIterator<Item = String>) -> Names {
        let mut names: Vec<String> = names
            .into_iter()
            .filter(|name| name.chars().count() > 2 && !name.contains(char::is_whitespace))
            .collect();
        // The longest first: a path before the folder in it.
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Names(names)
    }
}

/// A class of text that differs from run to run.
struct Class {
    /// What it looks like.
    looks: Regex,
    /// What matches others of its kind.
    pattern: &'static str,
    /// What is wanted of a match besides.
    holds: fn(&str) -> bool,
}

const MONTH: &str = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*";
const DAY: &str = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*";

/// In order: the first that fits is taken.
static CLASSES: LazyLock<Vec<Class>> = LazyLock::new(|| {
    let always: fn(&str) -> bool = |_| true;
    let class = |looks: &str, pattern, holds| Class {
        looks: Regex::new(&format!(r"\A(?:{looks})")).expect("the table's patterns are valid"),
        pattern,
        holds,
    };
    vec![
        class(
            r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b",
            r"[0-9a-f-]+",
            always,
        ),
        class(r#"[a-z][a-z0-9+]*://[^\s'"<>]+"#, r"[a-z0-9+]+://\S+", always),
        class(
            &format!(r"{DAY},? +{MONTH} +\d{{1,2}}\b"),
            r"\w+,? +\w+ +\d+",
            always,
        ),
        class(
            &format!(r"{DAY},? +\d{{1,2}} +{MONTH}\b"),
            r"\w+,? +\d+ +\w+",
            always,
        ),
        class(&format!(r"{MONTH} +\d{{1,2}}\b"), r"\w+ +\d+", always),
        class(&format!(r"\d{{1,2}} +{MONTH}\b"), r"\d+ +\w+", always),
        class(r"\d{4}-\d\d-\d\d\b", r"\d+-\d+-\d+", always),
        class(r"\d{1,4}[/.]\d{1,2}[/.]\d{2,4}\b", r"\d+[/.]\d+[/.]\d+", always),
        class(r"\d{1,2}:\d\d:\d\d[.,]\d+\b", r"\d+:\d+:\d+[.,]\d+", always),
        class(r"\d{1,2}:\d\d:\d\d\b", r"\d+:\d+:\d+", always),
        class(r"\d{1,2}:\d\d\b", r"\d+:\d+", always),
        class(r"[A-Za-z_][\w.-]*@\w[\w.-]*", r"[\w.-]+@[\w.-]+", always),
        class(r"(?:\d{1,3}\.){3}\d{1,3}\b", r"[\d.]+", always),
        class(r"[0-9a-fA-F]*:[0-9a-fA-F:]+", r"[0-9a-fA-F:]+", is_address),
        class(r"~?(?:/[\w.+@%,~-]+)+/?", r"\S+", always),
        class(r"~", r"\S+", always),
        class(r"(?:[a-z0-9][a-z0-9-]*\.)+[a-z]{2,}\b", r"[\w.-]+", is_host),
        class(r"[A-Za-z0-9+/_=-]{20,}", r"[\w+/=-]+", is_digest),
        class(r"0[xX][0-9a-fA-F]+\b", r"0[xX][0-9a-fA-F]+", always),
        class(r"[0-9a-f]{7,40}\b", r"[0-9a-f]+", is_hexadecimal),
        class(r"\d+(?:[.,]\d+)+", r"[\d.,]+", always),
        class(r"\d+", r"\d+", always),
    ]
});

fn is_address(text: &str) -> bool {
    text.matches(':').count() >= 2 && text.contains(|c: char| c.is_ascii_digit())
}

/// Three labels, or two of which the last belongs to hosts: `README.md` is no host.
fn is_host(text: &str) -> bool {
    const ENDS: [&str; 10] = [
        "com", "org", "net", "io", "dev", "local", "lan", "internal", "example", "test",
    ];
    let last = text.rsplit('.').next().unwrap_or_default();
    text.matches('.').count() >= 2 || ENDS.contains(&last)
}

fn is_digest(text: &str) -> bool {
    let has = |kind: fn(&char) -> bool| text.chars().any(|c| kind(&c));
    has(char::is_ascii_digit) && has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase)
}

fn is_hexadecimal(text: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit();
    text.contains(digit) && text.contains(|c: char| !digit(c))
}

/// The pattern of one line, and whether anything of it became a class.
pub fn generalised(line: &str, names: &Names) -> (String, bool) {
    let mut pattern = String::new();
    let mut any = false;
    let mut rest = line;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        if blanks > 1 {
            // Columns are as wide as what stands in them.
            pattern.push_str(" +");
            before = Some(' ');
            rest = &rest[blanks..];
            continue;
        }
        let found = starts_a_word(before, c).then(|| class_of(rest, names)).flatten();
        let length = match found {
            Some((length, class)) => {
                pattern.push_str(class);
                any = true;
                length
            }
            None => {
                pattern.push_str(&escaped(c));
                c.len_utf8()
            }
        };
        before = rest[..length].chars().next_back();
        rest = &rest[length..];
    }
    (pattern, any)
}

/// Digits inside a word belong to it: `sha256`, `utf8`.
fn starts_a_word(before: Option<char>, c: char) -> bool {
    match before {
        // A slash behind a word divides alternatives: `yes/no`.
        Some(before) if before.is_alphanumeric() || before == '_' => false,
        Some('/' | '.' | ')' | ']') => c != '/',
        _ => true,
    }
}

fn class_of(rest: &str, names: &Names) -> Option<(usize, &'static str)> {
    let ends_a_word = |length: usize| {
        !rest[length..]
            .chars()
            .next()
            .is_some_and(|c| c.is_alphanumeric() || c == '_')
    };
    let name = names
        .0
        .iter()
        .find(|name| rest.starts_with(name.as_str()) && ends_a_word(name.len()));
    let class = CLASSES.iter().find_map(|class| {
        let found = class.looks.find(rest)?;
        (class.holds)(found.as_str()).then_some((found.end(), class.pattern))
    });
    match (class, name) {
        // A name may begin something longer: `ann@host`.
        (Some(class), Some(name)) if class.0 >= name.len() => Some(class),
        (_, Some(name)) => Some((name.len(), r"\S+")),
        (class, None) => class,
    }
}

/// One character as a regex that may stand between backticks in a script.
fn escaped(c: char) -> String {
    match c {
        '`' => r"\x60".into(),
        '\t' => r"\t".into(),
        '\r' => r"\r".into(),
        '\n' => r"\n".into(),
        c if c.is_control() => format!(r"\x{{{:x}}}", c as u32),
        // `regex::escape` also escapes what means something in its verbose mode alone.
        c if r"\.+*?()|[]{}^$".contains(c) => format!(r"\{c}"),
        c => c.into(),
    }
}

/// What to wait for, so that the first match in `text` ends where `text` ends: `text` is everything that came since the last wait, and `line`
/// the end of it that a person saw before the cursor.
pub fn for_end_of<'a>(text: &'a str, line: &'a str, names: &Names) -> Option<Wanted> {
    let line = shortened(line.trim_start());
    if line.trim().is_empty() {
        return None;
    }
    let text = &text[..text.rfind(line).map_or(text.len(), |at| at + line.len())];
    let at_line_start = text[..text.len() - line.len()]
        .chars()
        .next_back()
        .is_none_or(|c| c == '\n');
    let candidates = candidates(text, line, at_line_start, names);
    let exact = candidates
        .iter()
        .find(|pattern| first_end(pattern, text) == Some(text.len()));
    match exact {
        Some(pattern) => Some(Wanted {
            pattern: pattern.clone(),
            times: 1,
        }),
        // The same line came several times: as often it is waited for.
        None => candidates
            .into_iter()
            .find(|pattern| matches!(pattern, Pattern::Regex(_)))
            .map(|pattern| Wanted {
                times: count(&pattern, text),
                pattern,
            }),
    }
}

/// A pattern, and how often it is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub pattern: Pattern,
    pub times: usize,
}

/// From the plainest to the most particular.
fn candidates(text: &str, line: &str, at_line_start: bool, names: &Names) -> Vec<Pattern> {
    let (pattern, any) = generalised(line, names);
    let start = if at_line_start { "^" } else { "" };
    let mut candidates = Vec::new();
    if !any && telling(line) {
        candidates.push(Pattern::Literal(line.to_owned()));
    }
    candidates.push(Pattern::Regex(format!("{start}{pattern}$")));
    if at_line_start {
        // With the lines above it.
        let above: Vec<&str> = text[..text.len() - line.len()].lines().rev().take(2).collect();
        let mut longer = format!("{pattern}$");
        for row in above {
            longer = format!(r"{}\n{longer}", generalised(row, names).0);
            candidates.push(Pattern::Regex(format!("^{longer}")));
        }
    }
    candidates
}

fn telling(line: &str) -> bool {
    line.split(|c: char| !c.is_alphabetic())
        .any(|word| word.chars().count() >= TELLING_LETTERS)
}

/// The end of a long line, from a word's beginning on.
fn shortened(line: &str) -> &str {
    let count = line.chars().count();
    if count <= LINE_CHARS {
        return line;
    }
    let from = line
        .char_indices()
        .nth(count - LINE_CHARS)
        .map_or(0, |(at, _)| at);
    let word = line[from..].find(' ').map_or(from, |at| from + at + 1);
    if line[word..].trim().is_empty() {
        return &line[from..];
    }
    &line[word..]
}

/// As a session searches: `^` and `$` are a line's ends.
fn compiled(pattern: &Pattern) -> Option<Regex> {
    let source = match pattern {
        Pattern::Literal(text) => regex::escape(text),
        Pattern::Regex(source) | Pattern::Screen(source) => source.clone(),
    };
    Regex::new(&format!("(?m){source}")).ok()
}

fn first_end(pattern: &Pattern, text: &str) -> Option<usize> {
    compiled(pattern)?.find(text).map(|found| found.end())
}

fn count(pattern: &Pattern, text: &str) -> usize {
    compiled(pattern).map_or(1, |regex| regex.find_iter(text).count().max(1))
}

/// What to wait for on a screen that a program paints: one of the rows that are new on it, of those one that stays as it is from run to run,
/// else the first that tells something. When no new row tells anything, the same of the old ones.
pub fn for_rows(rows: &Rows, names: &Names) -> Option<Pattern> {
    [&rows.fresh, &rows.old].into_iter().find_map(|rows| {
        let patterns = rows.iter().map(|row| generalised(shortened(row.trim()), names));
        let telling: Vec<(String, bool)> = patterns.filter(|(pattern, _)| tells(pattern)).collect();
        let constant = telling.iter().find(|(_, any)| !any);
        let (pattern, _) = constant.or(telling.first())?;
        Some(Pattern::Screen(pattern.clone()))
    })
}

/// Borders and fillers are on every screen, and so is what any text would match.
fn tells(pattern: &str) -> bool {
    let literal = CLASSES.iter().fold(pattern.replace(r"\S+", ""), |rest, class| {
        rest.replace(class.pattern, "")
    });
    telling(&literal)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(line: &str) -> String {
        generalised(line, &Names::default()).0
    }

    #[test]
    fn what_differs_from_run_to_run_becomes_a_class() {
        let cases = [
            ("Page 3 of 17: ", r"Page \d+ of \d+: "),
            ("ann@vm:~/work$ ", r"[\w.-]+@[\w.-]+:\S+\$ "),
            ("ann@10.0.0.7's password: ", r"[\w.-]+@[\w.-]+'s password: "),
            (
                "Enter passphrase for key '/home/ann/.ssh/id': ",
                r"Enter passphrase for key '\S+': ",
            ),
            (
                "[2026-11-21 18:46:18] ready> ",
                r"\[\d+-\d+-\d+ \d+:\d+:\d+\] ready> ",
            ),
            ("Sat Nov  1 until 21 Dec? ", r"\w+,? +\w+ +\d+ until \d+ +\w+\? "),
            (
                "size 4.2KB (0x7f3a) at 127.0.0.1:8080> ",
                r"size [\d.,]+KB \(0[xX][0-9a-fA-F]+\) at [\d.]+:\d+> ",
            ),
            (
                "key SHA256:ht0zYPJShV5KSh6gNOfkxPuZwPkWH2floKaflP8Q1JA ok? ",
                r"key SHA256:[\w+/=-]+ ok\? ",
            ),
            ("pick 3671c77 two", r"pick [0-9a-f]+ two"),
            (
                "db.example.org is a host, README.md is none: ",
                r"[\w.-]+ is a host, README\.md is none: ",
            ),
            (
                "see https://example.org/a?b=1 [y/n] ",
                r"see [a-z0-9+]+://\S+ \[y/n\] ",
            ),
        ];
        for (line, pattern) in cases {
            assert_eq!(of(line), pattern, "{line}");
        }
    }

    #[test]
    fn what_means_something_stays() {
        for line in ["sha256 or md5? ", "yes/no/[fingerprint]", "utf8: ", "README.md: "] {
            let (pattern, any) = generalised(line, &Names::default());
            assert!(!any, "{line} {pattern}");
        }
    }

    #[test]
    fn names_of_the_place_are_classes() {
        let names = Names::new(["ann", "vm17", "project", "x"].map(String::from));
        let (pattern, _) = generalised("package name: (project) ", &names);
        assert_eq!(pattern, r"package name: \(\S+\) ");
        assert_eq!(
            generalised("hello ann, annual x", &names).0,
            r"hello \S+, annual x"
        );
    }

    fn wanted(text: &str) -> Wanted {
        let line = text.rsplit('\n').next().unwrap_or_default();
        for_end_of(text, line, &Names::default()).expect("there is a line")
    }

    fn once(pattern: Pattern) -> Wanted {
        Wanted { pattern, times: 1 }
    }

    #[test]
    fn the_plainest_pattern_that_is_found_at_the_end_is_taken() {
        assert_eq!(wanted("hi\nName: "), once(Pattern::Literal("Name: ".into())));
        assert_eq!(wanted(">>> "), once(Pattern::Regex("^>>> $".into())));
        assert_eq!(wanted("1\nin 2> "), once(Pattern::Regex(r"^in \d+> $".into())));
        // The echo of the text alone would be found first.
        assert_eq!(
            wanted("no Name: given\nName: "),
            once(Pattern::Regex("^Name: $".into()))
        );
        assert_eq!(
            wanted("one:\nName:\ntwo:\nName:"),
            once(Pattern::Regex(r"^two:\nName:$".into()))
        );
        assert_eq!(wanted("? \n? \n? \n? \n? ").times, 5);
    }

    #[test]
    fn long_lines_are_told_by_their_end() {
        let line = format!("{} do you want to go on? ", "many words ".repeat(20));
        let Pattern::Literal(text) = wanted(&line).pattern else {
            panic!("a literal")
        };
        assert!(
            text.ends_with("do you want to go on? ") && text.len() <= LINE_CHARS,
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn a_pattern_matches_the_text_it_came_from(line in "\\PC{0,80}") {
            let regex = Regex::new(&format!("^(?:{})$", of(&line))).expect("a valid pattern");
            prop_assert!(regex.is_match(&line), "{line:?} {}", regex.as_str());
        }

        #[test]
        fn so_does_that_of_text_as_programs_write_it(words in proptest::collection::vec(word(), 1..12)) {
            let line = words.concat();
            let regex = Regex::new(&format!("^(?:{})$", of(&line))).expect("a valid pattern");
            prop_assert!(regex.is_match(&line), "{line:?} {}", regex.as_str());
        }

        #[test]
        fn waits_end_where_the_text_ends(lines in proptest::collection::vec("[a-c>:0-9 ]{0,6}", 1..8)) {
            let text = lines.join("\n");
            let line = lines.last().expect("one or more");
            if let Some(wanted) = for_end_of(&text, line, &Names::default()) {
                let regex = compiled(&wanted.pattern).expect("valid");
                let last = regex.find_iter(&text).nth(wanted.times - 1).expect("as often as told");
                prop_assert_eq!(last.end(), text.len(), "{:?} {}", text, regex.as_str());
            }
        }
    }

    fn word() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z]{1,8}",
            "[0-9]{1,6}",
            "[ .,:;/@~()\\[\\]{}$#>`'\"|*+?^\\\\-]{1,3}",
            "[0-9a-f]{6,40}",
            Just("2026-11-21 18:46:18".to_owned()),
            Just("Sat Nov 21".to_owned()),
            Just("~/a/b".to_owned()),
            Just("ann@host.example.org".to_owned()),
            Just("fe80::1".to_owned()),
            Just("é日本\t".to_owned()),
        ]
    }
}
