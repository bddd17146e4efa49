//! A protocol for a program that none teaches.

use super::Spec;

impl Spec {
    /// Names the session and how it is started, and frames nothing: the tool counts as ready whenever it waits for input.
    ///
    /// The name is that of the program, as far as a protocol may be called so.
    ///
    /// # Panics
    ///
    /// Never: what is written here is a valid protocol whatever the program is called.
    pub fn command(program: impl Into<String>, args: impl IntoIterator<Item = impl Into<String>>) -> Spec {
        let program = program.into();
        let name = name(&program);
        let source = format!("name = \"{name}\"\ncommand = [\"{name}\"]\nprompt = '$'\ninclude = []\n");
        let mut spec = super::parse(&source).expect("a protocol of a name, a command and a prompt is valid");
        spec.spawn.programs = vec![program];
        spec.spawn.args = args.into_iter().map(Into::into).collect();
        spec
    }
}

fn name(program: &str) -> String {
    let file = program.rsplit('/').next().unwrap_or_default();
    let name: String = file
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    let name = name.to_ascii_lowercase();
    if name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name
    } else {
        format!("tool{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_program_is_called_it_has_a_protocol() {
        for (program, name) in [
            ("/usr/bin/Foo.sh", "foosh"),
            ("7z", "tool7z"),
            ("ünï", "n"),
            ("", "tool"),
            ("./a b\"\n", "ab"),
            ("[", "tool"),
        ] {
            let spec = Spec::command(program, ["-x", "y z"]);
            assert_eq!(spec.name, name);
            assert_eq!(spec.spawn.programs, [program]);
            assert_eq!(spec.spawn.args, ["-x", "y z"]);
        }
    }
}
