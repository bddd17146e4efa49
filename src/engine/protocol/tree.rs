//! A TOML text as values with their places, apart from any meaning: what the shape is checked on.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// A value and the bytes of the file that it stands in.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub span: Range<usize>,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    String(String),
    Integer(i64),
    Boolean(bool),
    Array(Vec<Node>),
    Table(BTreeMap<String, Entry>),
    /// What no protocol file has a use for: its name in TOML.
    Other(&'static str),
}

/// A value with the place of its key.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: Range<usize>,
    pub node: Node,
}

/// The text's values, or every syntax error: place and message.
pub(super) fn parse(source: &str) -> Result<Node, Vec<(Range<usize>, String)>> {
    let (table, errors) = DeTable::parse_recoverable(source);
    if !errors.is_empty() {
        let told = errors.iter();
        return Err(told
            .map(|e| (e.span().unwrap_or(0..0), e.message().to_owned()))
            .collect());
    }
    let first_line = 0..source.lines().next().map_or(0, str::len);
    Ok(Node {
        span: first_line,
        value: from_table(table.into_inner()),
    })
}

fn from_table(table: DeTable<'_>) -> Value {
    let entries = table.into_iter().map(|(key, value)| {
        let span = key.span();
        let node = Node {
            span: value.span(),
            value: from_value(value.into_inner()),
        };
        (key.into_inner().into_owned(), Entry { key: span, node })
    });
    Value::Table(entries.collect())
}

fn from_value(value: DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Other("an integer beyond 64 bits"),
        },
        DeValue::Float(_) => Value::Other("a float"),
        DeValue::Boolean(value) => Value::Boolean(value),
        DeValue::Datetime(_) => Value::Other("a date or time"),
        DeValue::Array(items) => Value::Array(
            items
                .into_iter()
                .map(|item| Node {
                    span: item.span(),
                    value: from_value(item.into_inner()),
                })
                .collect(),
        ),
        DeValue::Table(table) => from_table(table),
    }
}

impl Node {
    /// A value that stands nowhere.
    pub fn text(text: &str) -> Self {
        Self {
            span: 0..0,
            value: Value::String(text.to_owned()),
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(table) => table.get(key).map(|entry| &entry.node),
            _ => None,
        }
    }

    pub fn str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn insert(&mut self, key: &str, node: Node) {
        if let Value::Table(table) = &mut self.value {
            let key_span = node.span.clone();
            table.insert(key.to_owned(), Entry { key: key_span, node });
        }
    }

    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::String(text) => text.as_str().into(),
            Value::Integer(number) => (*number).into(),
            Value::Boolean(value) => (*value).into(),
            Value::Array(items) => items.iter().map(Node::to_json).collect(),
            Value::Table(table) => {
                let pairs = table.iter();
                serde_json::Value::Object(pairs.map(|(k, e)| (k.clone(), e.node.to_json())).collect())
            }
            Value::Other(_) => serde_json::Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_place() {
        let source = "a = { b = [1, 'x'] }\n";
        let tree = parse(source).expect("TOML");
        let array = tree.get("a").and_then(|a| a.get("b")).expect("written");
        assert_eq!(&source[array.span.clone()], "[1, 'x']");
        assert_eq!(tree.to_json(), serde_json::json!({ "a": { "b": [1, "x"] } }));
    }

    #[test]
    fn each_syntax_error_is_told() {
        let errors = parse("a = \nb = 1\nc = 'x\n").expect_err("two lines are wrong");
        assert!(errors.len() >= 2, "{errors:?}");
    }
}
