//! The JSON Schema of the file form: for editors, and for `structure.rs`, so that there is one list of keys and types.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

/// JSON Schema (draft 2020-12) of a protocol file.
pub fn schema() -> Value {
    shared().clone()
}

pub(super) fn shared() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut schema: Value = schemars::schema_for!(super::file::File).into();
        plain(&mut schema);
        add_changes(&mut schema);
        schema
    })
}

/// TOML has no null and absent is absent: takes out what only JSON could write. Defaults are told in the descriptions.
fn plain(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    object.remove("default");
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|t| t != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|t| t != "null"));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            object.extend(only);
        }
    }
    for (key, child) in object {
        match (key.as_str(), child) {
            ("properties" | "$defs", Value::Object(named)) => named.values_mut().for_each(plain),
            ("anyOf" | "oneOf", Value::Array(choices)) => choices.iter_mut().for_each(plain),
            ("items" | "additionalProperties", child) => plain(child),
            _ => {}
        }
    }
}

/// `versions.set` takes the keys of the file, none of them required.
fn add_changes(schema: &mut Value) {
    let mut properties = schema["properties"].as_object().cloned().unwrap_or_default();
    for key in ["name", "versions"] {
        properties.remove(key);
    }
    properties["state"]["items"] = json!({ "$ref": "#/$defs/StateChange" });
    let mut state = schema["$defs"]["State"].clone();
    state["required"] = json!(["name"]);
    state["description"] = json!("A new state, or what changes in the state of this name.");
    let mut changes = Map::new();
    changes.insert(
        "description".into(),
        json!("Keys of a protocol file, laid over it."),
    );
    changes.insert("type".into(), json!("object"));
    changes.insert("additionalProperties".into(), json!(false));
    changes.insert("properties".into(), properties.into());
    schema["$defs"]["StateChange"] = state;
    schema["$defs"]["Changes"] = changes.into();
    let set = &mut schema["$defs"]["Override"]["properties"]["set"];
    *set = json!({ "$ref": "#/$defs/Changes", "description": set["description"] });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Run with `PTYCH_UPDATE=1` to write it anew.
    #[test]
    fn the_checked_in_schema_is_current() {
        let schema = serde_json::to_string_pretty(&schema()).expect("serialises") + "\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/protocol.schema.json");
        if std::env::var_os("PTYCH_UPDATE").is_some() {
            std::fs::write(path, &schema).expect("docs/ is writable");
        }
        let stored = std::fs::read_to_string(path).expect("docs/protocol.schema.json");
        assert!(
            stored == schema,
            "docs/protocol.schema.json is old; write it anew: PTYCH_UPDATE=1 cargo test schema"
        );
    }

    #[test]
    fn the_schema_holds_no_null() {
        let text = serde_json::to_string(shared()).expect("serialises");
        assert!(!text.contains("null"), "{text}");
    }
}
