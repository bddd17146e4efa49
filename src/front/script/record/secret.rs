//! What nobody may read gets a name, after the program and the words of its prompt.

use std::sync::LazyLock;

use regex::Regex;

use super::dialogue::Step;

/// Words of a prompt that ask for a secret. The kind of word before them says which.
static ASKS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:(new|current|old|admin|root|master|vault|unix)\s+(?:unix\s+)?)?(?:\w+\s+)?(pass ?word|pass ?phrase|passcode|pin|secret|token|api[ _-]?key|otp|verification code)\b")
        .expect("a valid pattern")
});
/// Asked for once more, so that a slip is noticed.
static AGAIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(again|re-?type|re-?enter|repeat|confirm|verify)").expect("a valid pattern")
});

/// What a program says of a secret that is not the right one.
static REFUSED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(wrong|incorrect|invalid|denied|sorry|try again|fail(ed|ure)|bad)\b")
        .expect("a valid pattern")
});

/// Takes out the tries that were refused: the script will have the right secret at once.
pub fn without_refused(steps: &mut Vec<Step>) {
    let mut index = 1;
    while index < steps.len() {
        let (before, here) = (&steps[index - 1], &steps[index]);
        if before.hidden && here.hidden && before.line == here.line && REFUSED.is_match(&here.text) {
            // What comes first then is the first question.
            let text = std::mem::take(&mut steps[index - 1].text);
            steps[index].text = text;
            steps.remove(index - 1);
        } else {
            index += 1;
        }
    }
}

/// Whether what was typed is to be kept out of the script.
pub fn is_secret(step: &Step, after: &str) -> bool {
    if step.hidden {
        return true;
    }
    // A program that reads keys and echoes nothing hides them itself; a recording may also say nothing of the tty.
    let text = typed_text(step);
    !text.is_empty() && ASKS.is_match(&step.line) && !after.lines().next().unwrap_or_default().contains(&text)
}

fn typed_text(step: &Step) -> String {
    step.typed.chars().filter(|c| !c.is_control()).collect()
}

/// The names that were given.
#[derive(Debug)]
pub struct Secrets {
    program: String,
    /// In order, with the prompts that they answered.
    given: Vec<(String, String)>,
}

impl Secrets {
    pub fn new(program: &str) -> Secrets {
        let program = program.rsplit('/').next().unwrap_or_default();
        Secrets {
            program: upper(program),
            given: Vec::new(),
        }
    }

    /// The name of what answered this prompt.
    pub fn name(&mut self, prompt: &str) -> String {
        let last = self.given.last().map(|(name, _)| name.clone());
        let name = match (self.given.iter().find(|(_, asked)| asked == prompt), last) {
            (Some((name, _)), _) => name.clone(),
            (None, Some(last)) if AGAIN.is_match(prompt) => last,
            _ => self.unused(&self.proposed(prompt)),
        };
        self.given.push((name.clone(), prompt.to_owned()));
        name
    }

    /// Each name once, in the order they are needed.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (name, _) in &self.given {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    fn proposed(&self, prompt: &str) -> String {
        let Some(asked) = ASKS.captures(prompt) else {
            return self.with_program("SECRET");
        };
        let kind = upper(
            &asked[2]
                .replace("pass word", "password")
                .replace("pass phrase", "passphrase"),
        );
        match asked.get(1) {
            Some(which) => format!("{}_{kind}", upper(which.as_str())),
            None => self.with_program(&kind),
        }
    }

    fn with_program(&self, kind: &str) -> String {
        match self.program.as_str() {
            "" => kind.to_owned(),
            program => format!("{program}_{kind}"),
        }
    }

    fn unused(&self, name: &str) -> String {
        let taken = |name: &str| self.given.iter().any(|(given, _)| given == name);
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        std::iter::once(name.to_owned())
            .chain(numbered)
            .find(|name| !taken(name))
            .unwrap_or_default()
    }
}

/// As names of variables are written.
fn upper(text: &str) -> String {
    let word = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    let name: String = text.chars().map(word).collect();
    // A variable's name does not begin with a digit.
    name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(program: &str, prompts: &[&str]) -> Vec<String> {
        let mut secrets = Secrets::new(program);
        prompts.iter().map(|prompt| secrets.name(prompt)).collect()
    }

    #[test]
    fn a_secret_is_called_after_what_asks_for_it() {
        assert_eq!(names("/usr/bin/ssh", &["ann@vm's password: "]), ["SSH_PASSWORD"]);
        assert_eq!(
            names("ssh", &["Enter passphrase for key '/k': ", "ann@vm's password: "]),
            ["SSH_PASSPHRASE", "SSH_PASSWORD"]
        );
        assert_eq!(
            names(
                "passwd",
                &["Current password: ", "New password: ", "Retype new password: "]
            ),
            ["CURRENT_PASSWORD", "NEW_PASSWORD", "NEW_PASSWORD"]
        );
        assert_eq!(
            names("7z", &["Say it: ", "And another: "]),
            ["Z_SECRET", "Z_SECRET_2"]
        );
    }

    #[test]
    fn the_same_question_has_the_same_answer() {
        assert_eq!(
            names(
                "sudo",
                &["[sudo] password for ann: ", "[sudo] password for ann: "]
            ),
            ["SUDO_PASSWORD", "SUDO_PASSWORD"]
        );
    }

    #[test]
    fn what_a_program_hides_itself_is_told_by_its_prompt() {
        let step = |line: &str| Step {
            line: line.into(),
            typed: "hunter2\r".into(),
            raw: true,
            ..Step::default()
        };
        assert!(is_secret(&step("? Password: "), "\n? Name: "));
        assert!(!is_secret(&step("? Password file: "), "hunter2\n? Name: "));
        assert!(!is_secret(&step("? Name: "), "\n"));
    }
}
