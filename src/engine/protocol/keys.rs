//! Keys as people write them: text with names in angle brackets, `<ctrl-c>`, `<enter>`, `<lt>` for `<` itself.

/// Named keys and their bytes as a terminal in its ordinary modes sends them (xterm's control sequences).
const NAMED: &[(&str, &[u8])] = &[
    ("enter", b"\r"),
    ("newline", b"\n"),
    ("tab", b"\t"),
    ("esc", b"\x1b"),
    ("space", b" "),
    ("backspace", b"\x7f"),
    ("delete", b"\x1b[3~"),
    ("up", b"\x1b[A"),
    ("down", b"\x1b[B"),
    ("right", b"\x1b[C"),
    ("left", b"\x1b[D"),
    ("home", b"\x1b[H"),
    ("end", b"\x1b[F"),
    ("page-up", b"\x1b[5~"),
    ("page-down", b"\x1b[6~"),
    ("shift-tab", b"\x1b[Z"),
    ("lt", b"<"),
];

/// The bytes that `text` stands for.
///
/// # Errors
///
/// A name in angle brackets that is no key.
pub fn parse(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        bytes.extend_from_slice(&rest.as_bytes()[..open]);
        let after = &rest[open + 1..];
        let Some(close) = after.find('>') else {
            return Err(
                "`<` starts a key's name and has no `>`; write `<lt>` for the character itself".into(),
            );
        };
        bytes.extend(named(&after[..close])?);
        rest = &after[close + 1..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

fn named(name: &str) -> Result<Vec<u8>, String> {
    if let Some((_, bytes)) = NAMED.iter().find(|(known, _)| *known == name) {
        return Ok(bytes.to_vec());
    }
    if let Some([byte @ (b'a'..=b'z' | b'@' | b'[' | b'\\' | b']' | b'^' | b'_')]) =
        name.strip_prefix("ctrl-").map(str::as_bytes)
    {
        return Ok(vec![byte & 0x1f]);
    }
    if let Some(key) = name.strip_prefix("alt-").filter(|key| key.chars().count() == 1) {
        return Ok([b"\x1b", key.as_bytes()].concat());
    }
    let known: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
    Err(format!(
        "<{name}> is no key; keys are ctrl-a to ctrl-z, alt-x, {}",
        known.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn names_and_text() {
        assert_eq!(parse("quit<enter>").expect("valid"), b"quit\r");
        assert_eq!(parse("<ctrl-a><ctrl-k>").expect("valid"), b"\x01\x0b");
        assert_eq!(parse("a<lt>b").expect("valid"), b"a<b");
        assert_eq!(parse("<esc>:q!<enter>").expect("valid"), b"\x1b:q!\r");
        assert!(parse("<entr>").is_err());
        assert!(parse("a < b").is_err());
    }
}
