//! The checked-in schema is the one that the types make. `PTYCH_BLESS=1` writes it anew.

#![expect(clippy::disallowed_methods, reason = "the schema is a file")]

#[test]
fn the_schema_of_a_response_is_checked_in() {
    let schema = schemars::schema_for!(ptych::api::Response);
    let mut made = serde_json::to_string_pretty(&schema).expect("JSON");
    made.push('\n');
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/response.schema.json");
    if std::env::var_os("PTYCH_BLESS").is_some() {
        std::fs::write(path, &made).expect("written");
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        made == checked_in,
        "docs/response.schema.json is not what the types make; run with PTYCH_BLESS=1 and read the difference"
    );
}
