//! Keys and types against the schema. What is wrong is told and taken out, so that what is left can still be looked at.

use std::ops::Range;

use serde_json::Value as Json;

use super::diagnostic::{Diagnostic, Severity, did_you_mean};
use super::schema;
use super::tree::{Node, Value};

/// Prunes `tree` to what the schema allows; what is wrong with the shape of the file.
pub(super) fn check(tree: &mut Node) -> Vec<Diagnostic> {
    let root = schema::shared();
    let mut checker = Checker {
        root,
        found: Vec::new(),
    };
    checker.value(root, tree);
    checker.found
}

struct Checker {
    root: &'static Json,
    found: Vec<Diagnostic>,
}

impl Checker {
    /// Whether `node` is of use.
    fn value(&mut self, schema: &'static Json, node: &mut Node) -> bool {
        let choices = self.choices(schema);
        if let Value::String(text) = &node.value {
            return self.string(&choices, text, &node.span);
        }
        let of_type = |schema: &&&'static Json| is_type(schema, &node.value);
        let same: Vec<&'static Json> = choices.iter().filter(of_type).copied().collect();
        match same.as_slice() {
            [] => self.wrong_type(&choices, node),
            [only] => self.typed(only, node),
            // Tables told apart by a word: `method = "lines"`.
            tables => self.tagged(tables, node),
        }
    }

    /// The alternatives of a schema, references followed.
    fn choices(&self, schema: &'static Json) -> Vec<&'static Json> {
        if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
            return self.choices(&self.root["$defs"][name]);
        }
        match schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            Some(choices) => choices.iter().flat_map(|choice| self.choices(choice)).collect(),
            None => vec![schema],
        }
    }

    fn typed(&mut self, schema: &'static Json, node: &mut Node) -> bool {
        match &mut node.value {
            Value::Array(items) => {
                // With one item gone the others would stand at other paths, so the array goes as a whole.
                let mut kept = true;
                for item in items {
                    kept &= self.value(&schema["items"], item);
                }
                kept
            }
            Value::Integer(number) => self.range(schema, *number, &node.span),
            Value::Table(_) => self.table(schema, node),
            Value::String(_) | Value::Boolean(_) | Value::Other(_) => true,
        }
    }

    fn table(&mut self, schema: &'static Json, node: &mut Node) -> bool {
        let span = node.span.clone();
        let Value::Table(table) = &mut node.value else {
            return false;
        };
        let required = schema["required"].as_array().into_iter().flatten();
        let missing: Vec<&str> = required
            .filter_map(Json::as_str)
            .filter(|key| !table.contains_key(*key))
            .collect();
        for key in &missing {
            let hint = self.what(&schema["properties"][*key]);
            self.tell(&span, format!("`{key}` is missing"), hint);
        }
        let rest = &schema["additionalProperties"];
        table.retain(|key, entry| match schema["properties"].get(key) {
            Some(property) => self.value(property, &mut entry.node),
            None if rest.is_object() => self.value(rest, &mut entry.node),
            None => {
                let hint = self.meant(schema, key);
                self.tell(&entry.key, format!("unknown key `{key}`"), hint);
                false
            }
        });
        if !std::ptr::eq(schema, self.root) {
            // What is missing only because it was wrong is told already.
            let incomplete = |key: &Json| key.as_str().is_some_and(|key| !table.contains_key(key));
            return !schema["required"]
                .as_array()
                .is_some_and(|r| r.iter().any(incomplete));
        }
        table.contains_key("name") || {
            node.insert("name", Node::text("unnamed"));
            true
        }
    }

    fn tagged(&mut self, tables: &[&'static Json], node: &mut Node) -> bool {
        let tags = |schema: &'static Json| {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.filter_map(|(key, property)| Some((key.as_str(), property["const"].as_str()?)))
        };
        let Some((key, _)) = tables.iter().find_map(|table| tags(table).next()) else {
            return false;
        };
        let words: Vec<&str> = tables
            .iter()
            .flat_map(|table| tags(table))
            .map(|(_, word)| word)
            .collect();
        let Some(tag) = node.get(key) else {
            self.tell(
                &node.span.clone(),
                format!("`{key}` is missing"),
                Some(one_of(&words)),
            );
            return false;
        };
        let word = tag.str().unwrap_or_default().to_owned();
        match tables
            .iter()
            .find(|table| tags(table).any(|(_, known)| known == word))
        {
            Some(table) => self.typed(table, node),
            None => {
                let span = tag.span.clone();
                self.unknown_word(&words, &word, &span);
                false
            }
        }
    }

    fn string(&mut self, choices: &[&'static Json], text: &str, span: &Range<usize>) -> bool {
        let strings: Vec<_> = choices
            .iter()
            .filter(|schema| schema["type"] == "string")
            .collect();
        let words: Vec<&str> = strings.iter().flat_map(|schema| words(schema)).collect();
        if strings.iter().any(|schema| words_of(schema).is_none()) || words.contains(&text) {
            return true;
        }
        match strings.is_empty() {
            true => self.mismatch(choices, "a string", span),
            false => self.unknown_word(&words, text, span),
        }
        false
    }

    fn unknown_word(&mut self, words: &[&str], word: &str, span: &Range<usize>) {
        let near = did_you_mean(word, words.iter().copied());
        let hint = near.map_or_else(|| one_of(words), |near| format!("did you mean {near}?"));
        self.tell(span, format!("unknown word `{word}`"), Some(hint));
    }

    fn range(&mut self, schema: &Json, number: i64, span: &Range<usize>) -> bool {
        let low = schema["minimum"].as_i64().unwrap_or(i64::MIN);
        let high = schema["maximum"].as_i64().unwrap_or(i64::MAX);
        let fits = (low..=high).contains(&number);
        if !fits {
            let hint = match high {
                i64::MAX => format!("at least {low}"),
                high => format!("{low} to {high}"),
            };
            self.tell(span, format!("{number} is out of range"), Some(hint));
        }
        fits
    }

    fn wrong_type(&mut self, choices: &[&'static Json], node: &Node) -> bool {
        self.mismatch(choices, type_name(&node.value), &node.span);
        false
    }

    fn mismatch(&mut self, choices: &[&'static Json], found: &str, span: &Range<usize>) {
        let mut wanted: Vec<String> = choices.iter().map(|schema| wanted(schema)).collect();
        wanted.dedup();
        self.tell(
            span,
            format!("expected {}, found {found}", wanted.join(" or ")),
            None,
        );
    }

    fn tell(&mut self, span: &Range<usize>, message: String, hint: Option<String>) {
        self.found.push(Diagnostic {
            severity: Severity::Error,
            message,
            hint,
            span: span.clone(),
        });
    }

    /// What belongs behind a key that is missing.
    fn what(&self, schema: &'static Json) -> Option<String> {
        let words: Vec<&str> = self.choices(schema).into_iter().flat_map(words).collect();
        match (words.is_empty(), schema["description"].as_str()) {
            (false, _) => Some(one_of(&words)),
            (true, description) => description.map(lead),
        }
    }

    /// What an unknown key may have meant: a similar one here, or the same one in another table.
    fn meant(&self, schema: &'static Json, key: &str) -> Option<String> {
        let here = schema["properties"].as_object()?;
        let elsewhere = |(name, property): (&String, &'static Json)| {
            let item = if property["items"].is_object() {
                &property["items"]
            } else {
                property
            };
            let tables = self.choices(item);
            let holds = tables.iter().any(|table| table["properties"].get(key).is_some());
            let brackets = if std::ptr::eq(item, property) {
                ("[", "]")
            } else {
                ("[[", "]]")
            };
            holds.then(|| format!("`{key}` belongs to {}{name}{}", brackets.0, brackets.1))
        };
        if let Some(near) = did_you_mean(key, here.keys().map(String::as_str)) {
            return Some(format!("did you mean {near}?"));
        }
        if self.root["properties"].get(key).is_some() {
            return Some(format!("`{key}` stands before the first [table] of the file"));
        }
        let tables = self.root["properties"].as_object()?.iter();
        let found = tables.filter(|(name, _)| *name != "versions").find_map(elsewhere);
        found.or_else(|| Some(one_of(&here.keys().map(String::as_str).collect::<Vec<_>>())))
    }
}

/// The first sentence of a description, as a hint.
fn lead(description: &str) -> String {
    let sentence = description
        .split(". ")
        .next()
        .unwrap_or(description)
        .trim_end_matches('.');
    let mut chars = sentence.chars();
    let first = chars
        .next()
        .map(|c| c.to_lowercase().to_string())
        .unwrap_or_default();
    first + chars.as_str()
}

/// The words a string may be; empty when it may be any.
fn words(schema: &'static Json) -> Vec<&'static str> {
    words_of(schema).unwrap_or_default()
}

fn words_of(schema: &'static Json) -> Option<Vec<&'static str>> {
    match (schema["const"].as_str(), schema["enum"].as_array()) {
        (Some(word), _) => Some(vec![word]),
        (None, Some(words)) => Some(words.iter().filter_map(Json::as_str).collect()),
        (None, None) => None,
    }
}

fn one_of(words: &[&str]) -> String {
    format!("one of {}", words.join(", "))
}

fn is_type(schema: &Json, value: &Value) -> bool {
    match value {
        Value::String(_) => schema["type"] == "string",
        Value::Integer(_) => schema["type"] == "integer",
        Value::Boolean(_) => schema["type"] == "boolean",
        Value::Array(_) => schema["type"] == "array",
        Value::Table(_) => schema["type"] == "object",
        Value::Other(_) => false,
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "an integer",
        Value::Boolean(_) => "a boolean",
        Value::Array(_) => "an array",
        Value::Table(_) => "a table",
        Value::Other(name) => name,
    }
}

fn wanted(schema: &Json) -> String {
    match schema["type"].as_str() {
        Some("string") => "a string",
        Some("integer") => "an integer",
        Some("boolean") => "true or false",
        Some("array") => "an array",
        _ => "a table",
    }
    .to_owned()
}
