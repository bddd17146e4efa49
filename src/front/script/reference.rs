//! The table of what a script can call. A function gets into the engine only together with the line that documents it.

use std::sync::Arc;

use rhai::Engine;

use super::check::Silent;
use super::engine;
use super::settings::Settings;
use super::source::Script;
use super::world::{Mode, World};

/// One row of the reference.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub group: &'static str,
    /// `s.expect(pattern[, seconds]) -> Match`: `s.` for a method of a session, `m.` of a match and so on; no parentheses for a property.
    pub signature: &'static str,
    /// One sentence, or two.
    pub text: &'static str,
}

impl Entry {
    pub fn name(&self) -> &'static str {
        let head = self.head();
        let dotted = head.split_once('.').map_or(head, |(_, name)| name);
        let end = dotted
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(dotted.len());
        &dotted[..end]
    }

    pub fn is_method(&self) -> bool {
        self.head().contains('.')
    }

    pub fn is_property(&self) -> bool {
        !self.signature.contains('(')
    }

    /// Fewest and most arguments, without the receiver of a method.
    pub fn arguments(&self) -> (usize, usize) {
        let Some((_, rest)) = self.signature.split_once('(') else {
            return (0, 0);
        };
        let inside = rest.split(')').next().unwrap_or_default();
        let count = |text: &str| text.split(',').filter(|part| !part.trim().is_empty()).count();
        let most = count(&inside.replace(['[', ']'], ""));
        let fewest = count(inside.split('[').next().unwrap_or_default());
        (fewest, most)
    }

    /// What stands before the parentheses and the type.
    fn head(&self) -> &'static str {
        let end = self
            .signature
            .find(['(', ' ', '['])
            .unwrap_or(self.signature.len());
        &self.signature[..end]
    }
}

/// An engine that is filled, and the table that says with what.
pub struct Registry<'e> {
    pub engine: &'e mut Engine,
    world: Arc<World>,
    group: &'static str,
    entries: Vec<Entry>,
}

impl<'e> Registry<'e> {
    pub fn new(engine: &'e mut Engine, world: &Arc<World>) -> Registry<'e> {
        Registry {
            engine,
            world: Arc::clone(world),
            group: "",
            entries: Vec::new(),
        }
    }

    pub fn group(&mut self, title: &'static str) {
        self.group = title;
    }

    pub fn world(&self) -> Arc<World> {
        Arc::clone(&self.world)
    }

    /// Documents what `register` puts into the engine under the name that the signature says.
    pub fn add(
        &mut self,
        signature: &'static str,
        text: &'static str,
        register: impl FnOnce(&mut Engine, &'static str),
    ) {
        let entry = Entry {
            group: self.group,
            signature,
            text,
        };
        register(self.engine, entry.name());
        self.entries.push(entry);
    }

    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }
}

/// All that a script can call, as it stands in `docs/scripting.md`.
pub fn reference() -> String {
    let script = Script {
        name: String::new(),
        path: None,
        text: String::new(),
    };
    let world = World::new(script, Settings::default(), Mode::Dry, Box::new(Silent))
        .expect("a dry run needs no runtime");
    markdown(&engine::engine(&world).1)
}

fn markdown(entries: &[Entry]) -> String {
    let mut text = String::new();
    let mut group = "";
    for entry in entries {
        if entry.group != group {
            group = entry.group;
            text.push_str(&format!("\n### {group}\n\n| | |\n|---|---|\n"));
        }
        let cell = |text: &str| text.replace('|', "\\|");
        text.push_str(&format!(
            "| `{}` | {} |\n",
            entry.signature.replace('|', "\\|"),
            cell(entry.text)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn entry(signature: &'static str) -> Entry {
        Entry {
            group: "",
            signature,
            text: "",
        }
    }

    const BEGIN: &str = "<!-- functions: written by PTYCH_UPDATE=1 cargo test --lib reference -->\n";
    const END: &str = "<!-- end of functions -->";

    #[test]
    fn the_page_holds_the_reference() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scripting.md");
        let page = std::fs::read_to_string(path).expect("docs/scripting.md");
        let (head, rest) = page
            .split_once(BEGIN)
            .expect("the mark where the functions begin");
        let (_, tail) = rest.split_once(END).expect("the mark where they end");
        let right = format!("{head}{BEGIN}{}\n{END}{tail}", reference());
        if std::env::var_os("PTYCH_UPDATE").is_some() {
            std::fs::write(path, &right).expect("write docs/scripting.md");
            return;
        }
        assert!(
            page == right,
            "docs/scripting.md is old; write it anew: PTYCH_UPDATE=1 cargo test --lib reference"
        );
    }

    #[test]
    fn a_signature_says_name_and_arguments() {
        let expect = entry("s.expect(pattern[, seconds]) -> Match");
        assert_eq!(
            (expect.name(), expect.arguments(), expect.is_method()),
            ("expect", (1, 2), true)
        );
        let spawn = entry("spawn(command[, options]) -> Session");
        assert_eq!(
            (spawn.name(), spawn.arguments(), spawn.is_method()),
            ("spawn", (1, 2), false)
        );
        let matched = entry("m.matched -> string");
        assert!(matched.is_property() && matched.name() == "matched");
        assert_eq!(entry("eof()").arguments(), (0, 0));
        assert_eq!(entry("timeout([seconds])").arguments(), (0, 1));
        assert_eq!(entry("m[n] -> string").name(), "m");
    }
}
