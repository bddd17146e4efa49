//! How text that the application lays out itself is read, as one value.

use serde_json::{Value, json};

use crate::engine::protocol::layout::{Layout, Markdown, StyleWanted};
use crate::engine::protocol::spec::Pattern;

pub fn value(layout: &Layout) -> Value {
    let pattern = |pattern: &Option<Pattern>| pattern.as_ref().map(|p| json!(p.as_str()));
    json!({
        "prompt_echo": pattern(&layout.prompt_echo),
        "composer": pattern(&layout.composer),
        "header": pattern(&layout.header),
        "footer": layout.footer.iter().map(Pattern::as_str).collect::<Vec<_>>(),
        "marker": pattern(&layout.marker),
        "indent": layout.indent,
        "blocks": if layout.last_block { "last" } else { "all" },
        "right_edge": pattern(&layout.right_edge),
        "unwrap": layout.unwrap,
        "wrap_width": layout.wrap_width,
        "markdown": layout.markdown.as_ref().map(markdown),
    })
}

fn markdown(markdown: &Markdown) -> Value {
    let style = |style: &Option<StyleWanted>| style.as_ref().map(|style| style.source.clone());
    let styles =
        |styles: &[StyleWanted]| -> Vec<String> { styles.iter().map(|s| s.source.clone()).collect() };
    json!({
        "heading": styles(&markdown.heading),
        "bold": style(&markdown.bold),
        "italic": style(&markdown.italic),
        "strike": style(&markdown.strike),
        "code": style(&markdown.code),
        "code_block": styles(&markdown.code_block),
        "line_numbers": style(&markdown.line_numbers),
        "link": style(&markdown.link),
        "bullets": markdown.bullets.iter().collect::<String>(),
        "quote": markdown.quote.as_ref().map(Pattern::as_str),
        "tables": markdown.tables,
    })
}
