//! From a prompt to what is typed: guards, method, steps.

use std::collections::VecDeque;

use crate::engine::framer::refusal::SubmitError;
use crate::engine::protocol::spec::{Encoding, Keys, Method, OneLine, Spec, Submit};

/// One thing that is typed and accepted with Enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub bytes: Keys,
    pub enter: Vec<u8>,
    /// What a verbatim echo of it looks like.
    pub echo: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub steps: VecDeque<Step>,
    /// Enters that may follow while the tool shows a continuation.
    pub extra_enters: u8,
}

/// What the terminal is like at this moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tty {
    /// Mode 2004 is set.
    pub paste: bool,
    /// The kernel edits lines: ICANON on, as last seen.
    pub canonical: bool,
    /// A line editor is reading: ECHO off, as last seen.
    pub editor: bool,
}

/// Decides how `text` is typed.
///
/// # Errors
///
/// Nothing is typed when the prompt holds control characters, a line longer than the tty or the tool takes, or what the protocol refuses.
pub fn plan(spec: &Spec, text: &str, tty: Tty) -> Result<Plan, SubmitError> {
    let text = normalise(text, &spec.submit);
    refuse(&spec.submit, &text)?;
    let plan = if text.contains('\n') {
        block(&spec.submit, &text, tty)?
    } else {
        one_line(&spec.submit, &text, tty)?
    };
    for (index, step) in plan.steps.iter().enumerate() {
        check_length(&spec.submit, step, index + 1, tty)?;
    }
    Ok(plan)
}

/// Control characters break out of a paste, end the tool or run its completion.
pub fn check_controls(text: &str) -> Result<(), SubmitError> {
    let control = |c: char| c.is_control() && c != '\n' && c != '\t';
    match text.char_indices().find(|&(_, c)| control(c)) {
        Some((at, c)) => Err(SubmitError::ControlCharacter {
            code: u32::from(c),
            at,
        }),
        None => Ok(()),
    }
}

/// Line ends become `\n`; those at the end are Enter's business.
fn normalise(text: &str, submit: &Submit) -> String {
    let mut text = text.replace("\r\n", "\n");
    text.truncate(text.trim_end_matches('\n').len());
    if let Some(terminator) = &submit.terminator
        && !text.trim_end().ends_with(terminator.as_str())
        && !text.trim().is_empty()
    {
        text.push_str(terminator);
    }
    text
}

fn refuse(submit: &Submit, text: &str) -> Result<(), SubmitError> {
    check_controls(text)?;
    if let Some(c) = text.chars().find(|c| submit.forbid.contains(c)) {
        return Err(SubmitError::Refused {
            reason: format!("its protocol forbids the character {c:?}"),
        });
    }
    match submit.refuse.iter().find(|(pattern, _)| pattern.0.is_match(text)) {
        Some((_, reason)) => Err(SubmitError::Refused {
            reason: reason.clone(),
        }),
        None => Ok(()),
    }
}

fn one_line(submit: &Submit, text: &str, tty: Tty) -> Result<Plan, SubmitError> {
    if text.contains('\t') && tty.editor {
        return tab(submit, text, tty);
    }
    match submit.one_line {
        OneLine::Paste if tty.paste => return Ok(single(paste(submit, text), submit.finish_block)),
        OneLine::TypeAscii if tty.editor && !text.is_ascii() => {
            if let Some(line) = encoded(submit, text) {
                return Ok(single(typed(submit, &line), 0));
            }
        }
        OneLine::Type | OneLine::Paste | OneLine::TypeAscii => {}
    }
    Ok(single(typed(submit, text), submit.finish_block))
}

/// A line editor takes a typed TAB for completion, and some take a pasted one for it, too.
fn tab(submit: &Submit, text: &str, tty: Tty) -> Result<Plan, SubmitError> {
    match encoded(submit, text) {
        Some(line) => Ok(single(typed(submit, &line), 0)),
        None if tty.paste => Ok(single(paste(submit, text), submit.finish_block)),
        None => Err(SubmitError::Refused {
            reason: "it contains a tab, which the tool's line editor takes for completion; use spaces".into(),
        }),
    }
}

/// The text as one encoded line, where the protocol knows how.
fn encoded(submit: &Submit, text: &str) -> Option<String> {
    submit.block.iter().find_map(|method| match method {
        Method::Encoded { template, encoding } => Some(encode(template, *encoding, text)),
        Method::Paste { .. } | Method::Lines | Method::Wrap { .. } => None,
    })
}

fn block(submit: &Submit, text: &str, tty: Tty) -> Result<Plan, SubmitError> {
    for method in &submit.block {
        match method {
            Method::Paste { extra_enters } if tty.paste => {
                return Ok(single(paste(submit, text), *extra_enters));
            }
            Method::Paste { .. } => {}
            Method::Lines => return lines(submit, text, tty),
            Method::Wrap { open, close } => return Ok(wrap(submit, text, open, close)),
            Method::Encoded { template, encoding } => {
                return Ok(single(typed(submit, &encode(template, *encoding, text)), 0));
            }
        }
    }
    let reason =
        "it takes one line at a time here; join the lines, or add a block method to its protocol".into();
    Err(SubmitError::Refused { reason })
}

fn lines(submit: &Submit, text: &str, tty: Tty) -> Result<Plan, SubmitError> {
    if tty.editor && text.contains('\t') {
        return tab_in_lines(submit, text);
    }
    let steps = text.split('\n').map(|line| typed(submit, line)).collect();
    Ok(Plan {
        steps,
        extra_enters: submit.finish_block,
    })
}

/// Indentation by tabs reads the same as by spaces in every language but Make's; anywhere else a tab is data.
fn tab_in_lines(submit: &Submit, text: &str) -> Result<Plan, SubmitError> {
    let mut steps = VecDeque::new();
    for line in text.split('\n') {
        let body = line.trim_start_matches('\t');
        if body.contains('\t') {
            let reason =
                "a line contains a tab, which the tool's line editor takes for completion; use spaces".into();
            return Err(SubmitError::Refused { reason });
        }
        steps.push_back(typed(
            submit,
            &format!("{}{body}", "        ".repeat(line.len() - body.len())),
        ));
    }
    Ok(Plan {
        steps,
        extra_enters: submit.finish_block,
    })
}

fn wrap(submit: &Submit, text: &str, open: &str, close: &str) -> Plan {
    let mut steps: VecDeque<Step> = text.split('\n').map(|line| typed(submit, line)).collect();
    steps.push_front(typed(submit, open));
    let mut last = typed(submit, close);
    // A closing key such as ^D accepts by itself.
    if close.chars().last().is_some_and(char::is_control) {
        last.enter.clear();
    }
    steps.push_back(last);
    Plan {
        steps,
        extra_enters: 0,
    }
}

fn single(step: Step, extra_enters: u8) -> Plan {
    Plan {
        steps: VecDeque::from([step]),
        extra_enters,
    }
}

fn typed(submit: &Submit, line: &str) -> Step {
    Step {
        bytes: line.as_bytes().to_vec().into(),
        enter: submit.enter.clone(),
        echo: line.to_owned(),
    }
}

/// One write between the markers; `check_controls` has refused every ESC, so nothing inside can end it.
fn paste(submit: &Submit, text: &str) -> Step {
    let mut bytes = b"\x1b[200~".to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes.extend_from_slice(b"\x1b[201~");
    Step {
        bytes: bytes.into(),
        enter: submit.enter.clone(),
        echo: text.to_owned(),
    }
}

fn encode(template: &str, encoding: Encoding, text: &str) -> String {
    let encoded = match encoding {
        Encoding::Base64 => base64(text.as_bytes()),
        Encoding::Json => json_string(text),
    };
    template.replace("{text}", &encoded)
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |acc, &b| acc << 8 | u32::from(b)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let six = (group >> (18 - 6 * index)) & 63;
            out.push(if index <= chunk.len() {
                char::from(ALPHABET[six as usize])
            } else {
                '='
            });
        }
    }
    out
}

/// RFC 8259 section 7, with everything outside ASCII escaped.
fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for unit in text.encode_utf16() {
        match char::from_u32(u32::from(unit)) {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\t') => out.push_str("\\t"),
            Some(c) if c.is_ascii() && !c.is_ascii_control() => out.push(c),
            _ => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out.push('"');
    out
}

fn check_length(submit: &Submit, step: &Step, line: usize, tty: Tty) -> Result<(), SubmitError> {
    let bytes = step.echo.split('\n').map(str::len).max().unwrap_or(0);
    if tty.canonical && bytes > submit.max_cooked_line_bytes {
        return Err(SubmitError::LineTooLong {
            line,
            bytes,
            max: submit.max_cooked_line_bytes,
        });
    }
    match submit.max_line_bytes {
        Some(max) if bytes > max => {
            let reason = format!("line {line} has {bytes} bytes and the tool takes at most {max}");
            Err(SubmitError::Refused { reason })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads() {
        assert_eq!(base64(b""), "");
        assert_eq!(base64(b"f"), "Zg==");
        assert_eq!(base64(b"fo"), "Zm8=");
        assert_eq!(base64(b"foo"), "Zm9v");
        assert_eq!(base64(b"foob"), "Zm9vYg==");
    }

    #[test]
    fn json_string_is_ascii() {
        assert_eq!(
            json_string("a\"b\\\n\u{e9}\u{1f600}"),
            "\"a\\\"b\\\\\\n\\u00e9\\ud83d\\ude00\""
        );
    }

    #[test]
    fn a_line_that_the_editor_garbles_is_encoded() {
        let source = "name = \"t\"\ncommand = [\"t\"]\nprompt = \"> $\"\n[submit]\none_line = \"type_ascii\"\n\
                      block = [{ method = \"encoded\", template = \"run(\\\"{text}\\\")\", encoding = \"base64\" }]\n";
        let spec = crate::engine::protocol::parse_named("t.toml", source).expect("valid");
        let editor = Tty {
            editor: true,
            ..Tty::default()
        };
        let typed = |text: &str, tty: Tty| plan(&spec, text, tty).expect("accepted").steps[0].echo.clone();
        assert_eq!(typed("a b", editor), "a b");
        assert_eq!(typed("\u{e9}", editor), "run(\"w6k=\")");
        assert_eq!(typed("a\tb", editor), "run(\"YQli\")");
        assert_eq!(typed("\u{e9}", Tty::default()), "\u{e9}");
    }

    #[test]
    fn control_characters_are_named() {
        let error = check_controls("ls\u{1b}[201~\nrm x").unwrap_err();
        assert_eq!(error, SubmitError::ControlCharacter { code: 0x1b, at: 2 });
        assert_eq!(check_controls("a\n\tb"), Ok(()));
        assert!(check_controls("a\u{3}").is_err());
        assert!(check_controls("a\u{9b}201~").is_err());
    }
}
