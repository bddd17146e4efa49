//! The JSON Schema of the file form, for editors.

/// JSON Schema (draft 2020-12) of a protocol file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(super::file::File).into()
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "the test compares a file of the repository"
)]
mod tests {
    /// Run with `PTYCH_UPDATE=1` to write it anew.
    #[test]
    fn the_checked_in_schema_is_current() {
        let schema = serde_json::to_string_pretty(&super::schema()).expect("serialises") + "\n";
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
}
