//! A new protocol file: what is known of a tool, written with comments for the one who will refine it.

/// What a new file says.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: String,
    pub title: String,
    pub command: Vec<String>,
    /// Regex over the text left of the cursor.
    pub prompt: String,
    pub continuation: Option<String>,
    /// What is typed to leave.
    pub exit: Option<String>,
    /// Where the prompt was found, for a comment.
    pub origin: Option<String>,
}

impl Draft {
    /// The file's text.
    pub fn to_toml(&self) -> String {
        let mut text = format!(
            "# What ptych knows of {name}. Reference: `ptych protocol schema`; try it: ptych ask ./{name}.toml 'a prompt'\n",
            name = self.name
        );
        text.push_str(&format!("name = {}\n", quoted(&self.name)));
        text.push_str(&format!("title = {}\n", quoted(&self.title)));
        text.push_str("version = \"1\"\n");
        text.push_str("# Versions of the tool that `ptych protocol test` has passed on.\ntested = []\n");
        let words: Vec<String> = self.command.iter().map(|word| quoted(word)).collect();
        text.push_str(&format!(
            "\n# Program and arguments; the program is looked up in PATH.\ncommand = [{}]\n",
            words.join(", ")
        ));
        text.push_str(&self.prompts());
        text.push_str(&self.exits());
        text.push_str(MORE);
        text
    }

    fn prompts(&self) -> String {
        let mut text = "\n# The prompt: a regex over the text left of the cursor. End it with $; output may stand before it.\n".to_string();
        if let Some(origin) = &self.origin {
            text.push_str(&format!("# {origin}\n"));
        }
        text.push_str(&format!("prompt = {}\n", quoted(&self.prompt)));
        match &self.continuation {
            Some(pattern) => {
                text.push_str(&format!("# The prompt of an unfinished input.\ncontinuation = {}\n", quoted(pattern)));
            }
            None => text.push_str("# The prompt of an unfinished input, if the tool has one:\n# continuation = '^\\.\\.\\. $'\n"),
        }
        text
    }

    fn exits(&self) -> String {
        match &self.exit {
            Some(typed) => format!("\n# What is typed to leave the tool.\nexit = {}\n", quoted(typed)),
            None => {
                "\n# What is typed to leave the tool; without it, it is hung up:\n# exit = \"exit\"\n".into()
            }
        }
    }
}

const MORE: &str = r#"
# How to ask for the version, so that `ptych doctor` can tell it:
# [tool_version]
# command = ["{program}", "--version"]
# pattern = '(\d+\.\d+\.\d+)'

# Questions that the tool asks, answered by the label of a choice:
# [[state]]
# name = "overwrite"
# kind = "confirm"
# cursor_line = 'overwrite\? \[y/n\] $'
# choices = [{ label = "yes", send = "y<enter>" }, { label = "no", send = "n<enter>" }]

# Text that means that the tool reported an error:
# [[outcome.error]]
# pattern = '(?m)^ERROR'
"#;

/// A TOML string: literal where that is possible, so that regexes need no escapes.
fn quoted(text: &str) -> String {
    if text.contains(['\\', '"']) && !text.contains('\'') && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_as_they_were_meant() {
        for text in [
            "plain",
            r"In \[\d+\]: $",
            "it's",
            "a\"b",
            "it's \\d \"x\"",
            "tab\t",
        ] {
            let table: toml::Table = toml::from_str(&format!("x = {}", quoted(text))).expect("TOML");
            assert_eq!(table["x"].as_str(), Some(text));
        }
    }

    #[test]
    fn a_draft_is_a_protocol_without_problems() {
        let mut draft = Draft {
            name: "mytool".into(),
            title: "my tool's shell".into(),
            command: vec!["mytool".into(), "-i".into()],
            prompt: r"my\[\d+\]>\s?$".into(),
            ..Draft::default()
        };
        for _ in 0..2 {
            let spec = crate::engine::protocol::parse(&draft.to_toml())
                .unwrap_or_else(|problems| panic!("{problems}"));
            assert_eq!(spec.spawn.programs, ["mytool"]);
            draft.exit = Some("quit".into());
            draft.continuation = Some(r"^\.\.> $".into());
            draft.origin = Some("Seen 3 times.".into());
        }
    }
}
