//! The program status of OSC 7501, as rules see it.

/// The fields whose values travel as base64.
const ENCODED: [&str; 2] = ["msg=", "title="];

/// `state=blocked:msg=YXBwcm92ZQ==` with its texts decoded in place. A text that is no base64 of UTF-8 stays as it is.
pub fn decoded(status: &str) -> String {
    let field = |field: &str| {
        let name = ENCODED.iter().find(|name| field.starts_with(**name))?;
        let bytes = base64(&field[name.len()..])?;
        let text = String::from_utf8(bytes).ok()?;
        // A line break would let one text look like two rows to a regex.
        Some(format!("{name}{}", text.replace(|c: char| c.is_control(), " ")))
    };
    let fields: Vec<String> = status
        .split(':')
        .map(|given| field(given).unwrap_or_else(|| given.to_owned()))
        .collect();
    fields.join(":")
}

/// RFC 4648 section 4, padding optional.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let mut group = 0u32;
    let mut bits = 0;
    for byte in text.trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        group = group << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((group >> bits & 0xff) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn texts_are_decoded_in_place() {
        assert_eq!(
            decoded("state=blocked:app=x:kind=permission:msg=YXBwcm92ZSBCYXNoOiB0b3VjaCB4"),
            "state=blocked:app=x:kind=permission:msg=approve Bash: touch x"
        );
        assert_eq!(decoded("title=w6k:id=3"), "title=\u{e9}:id=3");
        for kept in ["state=idle", "msg=not base64!", "msg=/w==", ""] {
            assert_eq!(decoded(kept), kept);
        }
    }
}
