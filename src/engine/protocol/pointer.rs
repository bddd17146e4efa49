//! A place in a JSON value: RFC 6901, and two words more for arrays.

use serde_json::Value;

/// A JSON pointer: `/message/content`. In an array, `-` is its last element and `*` each of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pointer {
    source: String,
    steps: Vec<String>,
}

impl Pointer {
    /// # Errors
    ///
    /// In words: it does not begin with `/`, or holds a bad escape.
    pub fn parse(source: &str) -> Result<Pointer, String> {
        let Some(rest) = source.strip_prefix('/') else {
            return match source {
                "" => Ok(Pointer::default()),
                _ => Err(format!("{source:?} is no JSON pointer: it begins with /")),
            };
        };
        let steps: Option<Vec<String>> = rest.split('/').map(unescape).collect();
        let steps = steps.ok_or_else(|| format!("in {source:?} a ~ is neither ~0 (~) nor ~1 (/)"))?;
        Ok(Pointer {
            source: source.to_owned(),
            steps,
        })
    }

    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// What stands there, as text: a string as it is, numbers and booleans as JSON has them; for `*`, one behind the other. `None` where
    /// there is nothing, null, or an array or object.
    pub fn text(&self, value: &Value) -> Option<String> {
        let mut found = Vec::new();
        collect(&self.steps, value, &mut found);
        (!found.is_empty()).then(|| found.concat())
    }
}

impl std::fmt::Debug for Pointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.source)
    }
}

fn unescape(step: &str) -> Option<String> {
    let valid = step
        .match_indices('~')
        .all(|(at, _)| matches!(step.as_bytes().get(at + 1), Some(b'0' | b'1')));
    valid.then(|| step.replace("~1", "/").replace("~0", "~"))
}

fn collect(steps: &[String], value: &Value, found: &mut Vec<String>) {
    let Some((step, rest)) = steps.split_first() else {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Number(_) | Value::Bool(_) => found.push(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => {}
        }
        return;
    };
    let next = match (value, step.as_str()) {
        (Value::Object(object), key) => object.get(key),
        (Value::Array(items), "*") => return items.iter().for_each(|item| collect(rest, item, found)),
        (Value::Array(items), "-") => items.last(),
        (Value::Array(items), index) => index.parse().ok().and_then(|index: usize| items.get(index)),
        _ => None,
    };
    if let Some(next) = next {
        collect(rest, next, found);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(pointer: &str, value: &Value) -> Option<String> {
        Pointer::parse(pointer).expect("a pointer").text(value)
    }

    #[test]
    fn a_pointer_finds_scalars_as_text() {
        let value = json!({ "a": [{ "b": "x" }, { "b": 2 }, { "c": true }], "a/b": "slash", "m~n": "tilde", "": null });
        assert_eq!(at("/a/0/b", &value).as_deref(), Some("x"));
        assert_eq!(at("/a/1/b", &value).as_deref(), Some("2"));
        assert_eq!(at("/a/-/c", &value).as_deref(), Some("true"));
        assert_eq!(at("/a/*/b", &value).as_deref(), Some("x2"));
        assert_eq!(at("/a~1b", &value).as_deref(), Some("slash"));
        assert_eq!(at("/m~0n", &value).as_deref(), Some("tilde"));
        assert_eq!(at("", &json!("whole")).as_deref(), Some("whole"));
        for nothing in ["/a", "/a/7/b", "/", "/a/x", "/a/*/d"] {
            assert_eq!(at(nothing, &value), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_no_pointer_is_told() {
        assert!(Pointer::parse("a").is_err());
        assert!(Pointer::parse("/a~2").is_err());
    }
}
