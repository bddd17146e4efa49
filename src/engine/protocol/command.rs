//! A program that nobody has taught.

use std::time::Duration;

use super::{Spec, parse_named};

/// Nothing is framed, so nothing is given up: what is typed waits for the program for as long as it runs.
const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

impl Spec {
    /// A spec for a command without a protocol: it has no rules, so the session's state is `unknown` until the program ends, and no prompt
    /// can be asked. The program gets the caller's whole environment.
    ///
    /// ```
    /// let spec = ptych::engine::protocol::Spec::command("/usr/bin/ssh", ["-p", "2222", "localhost"]);
    /// assert_eq!((spec.name.as_str(), spec.rules.len()), ("ssh", 0));
    /// ```
    pub fn command(program: impl Into<String>, args: impl IntoIterator<Item: Into<String>>) -> Spec {
        let program = program.into();
        let name = name_of(&program);
        let source = format!("name = \"{name}\"\ncommand = [\"{name}\"]\nprompt = '$'\ninclude = []\n");
        let mut spec = parse_named("command", &source).expect("a minimal protocol with a valid name");
        spec.rules.clear();
        spec.spawn.programs = vec![program];
        spec.spawn.args = args.into_iter().map(Into::into).collect();
        spec.spawn.pass_env = vec!["*".into()];
        spec.submit.write_within = FOR_EVER;
        spec
    }

    /// It comes from no protocol: nothing on the screen has a meaning, and its arguments are taken as they are.
    pub fn is_untaught(&self) -> bool {
        self.rules.is_empty()
    }
}

/// The file's name as a protocol may be called.
fn name_of(program: &str) -> String {
    let file = program.rsplit('/').next().unwrap_or_default();
    let kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name: String = file.chars().filter(kept).collect::<String>().to_ascii_lowercase();
    match name.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => name,
        false => format!("tool{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_program_has_a_name() {
        for (program, name) in [
            ("/usr/bin/python3.11", "python311"),
            ("./a b", "ab"),
            ("7z", "tool7z"),
            ("", "tool"),
            ("X\"'\n", "x"),
        ] {
            assert_eq!(Spec::command(program, ["x"]).name, name, "{program:?}");
        }
    }
}
