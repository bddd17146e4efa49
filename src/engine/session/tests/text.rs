//! What of the rows is text: padding, lines that are dropped, and what is told while the turn runs.

use super::*;

/// `EDITOR` with these keys under `[response]`, on a screen of 80 columns.
fn ready(keys: &str) -> Rig {
    Rig::ready(&format!("{EDITOR}[response]\n{keys}\n"))
}

#[test]
fn what_was_printed_is_kept_and_blanks_that_fill_a_row_are_not_where_the_protocol_says_so() {
    let filled = |text: &str, cols: usize| format!("{text:cols$}\r\n");
    let output = filled("one", 80)
        + "two  \r\n"
        + &filled("", 80)
        + &filled("three", 410)
        + &filled(&"x".repeat(100), 160);
    let padded = output.replace("\r\n", "\n");
    let printed = |keys: &str| {
        let mut rig = ready(keys);
        rig.asks("x");
        rig.answers("x", &output).text
    };
    assert_eq!(printed(""), padded.trim_end_matches('\n'));
    assert_eq!(
        printed("padded = true"),
        format!("one\ntwo  \n\nthree\n{}", "x".repeat(100))
    );
}

#[test]
fn lines_are_dropped_before_the_ends_are_trimmed() {
    let mut rig = ready("drop_lines = ['^~']\ntrim_tail = ['\\s+$']\ntrim_head = ['^\\s+']");
    rig.asks("x");
    let response = rig.answers("x", "~ noise\r\n\r\ndone\r\n~ more\r\n\r\n~ noise\r\n");
    assert_eq!(response.text, "done");
}

/// What is told of a turn before its end, and its whole text.
fn streamed(mut rig: Rig) -> (String, String) {
    rig.session.config.stream = true;
    rig.asks("x");
    rig.tty = running();
    rig.prints("x\r\n\r\n");
    for n in 0..60 {
        rig.prints(&format!("line {n}\r\n"));
    }
    let told = |rig: &mut Rig| -> String {
        let events = std::mem::take(&mut rig.events).into_iter();
        let texts = events.filter_map(|event| match event {
            EventKind::Text { text, .. } => Some(text),
            _ => None,
        });
        texts.collect()
    };
    let before = told(&mut rig);
    rig.tty = editor_at_prompt();
    rig.prints("calc> ");
    (before.clone(), before + &told(&mut rig))
}

#[test]
fn lines_that_have_left_the_screen_are_told_unless_the_end_may_cut_them() {
    let lines: Vec<String> = (0..60).map(|n| format!("line {n}")).collect();
    let (before, whole) = streamed(ready(""));
    assert!(
        before.contains("line 30\n") && !before.contains("line 50"),
        "{before}"
    );
    assert_eq!(whole, format!("\n{}", lines.join("\n")));
    for keys in ["trim_head = ['\\A\\n+']", "drop_lines = ['^$']"] {
        let (before, whole) = streamed(ready(keys));
        assert_eq!((before.as_str(), whole), ("", lines.join("\n")), "{keys}");
    }
    assert_eq!(streamed(ready("padded = true")).0, "");
}
