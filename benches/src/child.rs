//! The programs that all drivers drive, and how they look to those that only know text.

#[derive(Clone)]
pub struct Child {
    pub name: &'static str,
    pub argv: Vec<String>,
    pub prompt: &'static str,
    /// A line whose answer differs from its echo: `%n` stands for a number, `%m` for seven times it.
    pub line: &'static str,
    pub answer: &'static str,
}

impl Child {
    /// # Panics
    ///
    /// When nothing is known by that name.
    #[must_use]
    pub fn named(name: &str) -> Child {
        all().into_iter().find(|c| c.name == name).expect("a known child")
    }

    #[must_use]
    pub fn line(&self, n: usize) -> String {
        filled(self.line, n)
    }

    #[must_use]
    pub fn answer(&self, n: usize) -> String {
        filled(self.answer, n)
    }

    /// As a regex that a search for a plain string does not answer in every engine.
    #[must_use]
    pub fn prompt_regex(&self) -> String {
        format!("[{}]{}", &self.prompt[..1], &self.prompt[1..])
    }

    /// Whether the last line before the prompt is the answer to line `n`, however lines end.
    #[must_use]
    pub fn answered(&self, n: usize, before: &[u8]) -> bool {
        let text = String::from_utf8_lossy(before);
        // bash switches bracketed paste on before each prompt; ptych's text has no such thing.
        let text = text.strip_suffix("\x1b[?2004h").unwrap_or(&text);
        let line = text.trim_end_matches(['\r', '\n']);
        let whole = |rest: &str| !rest.ends_with(|c: char| c.is_alphanumeric());
        line.len() < text.len() && line.strip_suffix(&self.answer(n)).is_some_and(whole)
    }
}

fn filled(template: &str, n: usize) -> String {
    template
        .replace("%n", &n.to_string())
        .replace("%m", &(7 * n).to_string())
}

#[must_use]
pub fn all() -> Vec<Child> {
    let argv = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
    vec![
        Child {
            name: "tiny",
            argv: vec![tiny()],
            prompt: "tiny> ",
            line: "n%n",
            answer: "<n%n>",
        },
        Child {
            name: "python",
            argv: argv(&["/usr/bin/python3.11", "-q"]),
            prompt: ">>> ",
            line: "7*%n",
            answer: "%m",
        },
        Child {
            name: "bash",
            argv: argv(&["bash", "--norc", "--noprofile"]),
            prompt: "PROMPT> ",
            line: "echo is $((7*%n))",
            answer: "is %m",
        },
    ]
}

/// The path of `tiny`, which is built beside the benchmarks.
#[must_use]
pub fn tiny() -> String {
    let own = std::env::current_exe().expect("own path");
    own.with_file_name("tiny").display().to_string()
}

/// A program that writes `lines` lines of 80 bytes and ends.
#[must_use]
pub fn flood(lines: usize) -> Vec<String> {
    vec![tiny(), "--flood".to_owned(), lines.to_string()]
}

/// How many letters the lines of a flood have, which is how an answer is known to be whole.
#[must_use]
pub fn flood_letters(lines: usize) -> usize {
    79 * lines
}
