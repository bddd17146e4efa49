//! Rows in, text out: what a tool has painted, read back.

use super::*;
use crate::engine::protocol;
use crate::engine::term::{Screen, Size, TermConfig};

/// The text of what is painted on a screen of 40 columns, with these keys under `[response]`.
fn read_back(keys: &str, painted: &str) -> String {
    let source = format!(
        "name = \"agent\"\ncommand = [\"agent\"]\nprompt = '> $'\nexit = \"/exit\"\ninclude = []\n[response]\ncomposer = '^=+$'\n{keys}"
    );
    let spec = protocol::parse(&source).expect("test protocol is valid");
    let mut screen = Screen::new(Size { cols: 40, rows: 24 }, TermConfig::default());
    screen.handle_bytes(painted.replace('\n', "\r\n").as_bytes());
    let layout = spec.response.layout.as_ref().expect("a layout");
    text(layout, &spec.response.drop_lines, screen_rows(&screen), 40)
}

#[test]
fn marker_indentation_scrollbar_and_footer_are_cut() {
    let keys = "marker = '^● '\nindent = 2\nright_edge = ' *[│█]$'\nfooter = ['^✻ ']\ndrop_lines = ['^~~']";
    let painted = "● one       │\n    two     █\n~~ chrome\n\n  three\n\n✻ Worked for 2s\n\n";
    assert_eq!(read_back(keys, painted), "one\n  two\n\nthree");
}

#[test]
fn only_the_last_block_where_that_is_wanted() {
    let keys = "marker = '^● '\nindent = 2\nblocks = \"last\"";
    assert_eq!(
        read_back(keys, "● Bash(ls)\n  a file\n\n● Done.\n  Really."),
        "Done.\nReally."
    );
}

#[test]
fn wrapped_rows_are_joined_and_others_are_not() {
    let keys = "indent = 2\nunwrap = true\nwrap_width = 30";
    // 30 columns: the first word of the next row would not have fitted.
    let wrapped = "  this is a paragraph that goes\n  on below, and ends";
    assert_eq!(
        read_back(keys, wrapped),
        "this is a paragraph that goes on below, and ends"
    );
    let short = "  it ends here\n  and this is another line";
    assert_eq!(read_back(keys, short), "it ends here\nand this is another line");
    let items = "  - an item that is wrapped at\n    its end\n  - another item which fills it\n  - a third";
    assert_eq!(
        read_back(keys, items),
        "- an item that is wrapped at its end\n- another item which fills it\n- a third"
    );
    let indented = "  this is a paragraph that goes\n    indentation";
    assert_eq!(
        read_back(keys, indented),
        "this is a paragraph that goes\n  indentation"
    );
    let wide = "  日本語のテキストは空白がない\n  ので続く";
    assert_eq!(read_back(keys, wide), "日本語のテキストは空白がないので続く");
}

const LOOK: &str = r##"
indent = 2
unwrap = true
wrap_width = 40
[response.markdown]
heading = ["bold underline", "bold"]
bold = "bold"
italic = "italic"
code = "fg=#b1b9f9"
code_block = ["fg=12"]
line_numbers = "fg=8"
link = "underline"
bullets = "•"
quote = '^▎ '
"##;

#[test]
fn markdown_comes_back_from_the_look() {
    let painted = "  \x1b[1;4mTitle\x1b[0m\n\n  \x1b[1mPart\x1b[0m\n\n  • some \x1b[1mbold\x1b[0m \x1b[1mtext\x1b[0m and \x1b[38;2;177;185;249mcode\x1b[0m\n    • nested\n\n  ▎ \x1b[3mquoted\x1b[0m\n\n  a \x1b[4mlink\x1b[0m (http://127.0.0.1/x) in it";
    let expected = "# Title\n\n## Part\n\n- some **bold text** and `code`\n  - nested\n\n> *quoted*\n\na [link](http://127.0.0.1/x) in it";
    assert_eq!(read_back(LOOK, painted), expected);
}

#[test]
fn links_come_back_with_where_they_lead() {
    let link = |label: &str| format!("\x1b]8;;http://h/x\x07{label}\x1b]8;;\x07");
    let cases = [
        (
            format!("  see {} now", link("the page")),
            "see [the page](http://h/x) now",
        ),
        // The look of a part of it is the link's, not emphasis.
        (
            format!("  see {} now", link("the \x1b[1mpage\x1b[0m")),
            "see [the page](http://h/x) now",
        ),
        (format!("  see {}.", link("http://h/x")), "see http://h/x."),
        (
            format!("  {} ({}) it", link("page"), link("http://h/x")),
            "[page](http://h/x) it",
        ),
        (
            format!("  a {} it", link("page (http://h/x)")),
            "a [page](http://h/x) it",
        ),
        (
            format!("  {} (http://h/y)", link("page")),
            "[page](http://h/x) (http://h/y)",
        ),
        (
            "  \x1b]8;;http://h/(a)\x07page\x1b]8;;\x07".to_owned(),
            "[page](<http://h/(a)>)",
        ),
        // Wrapped: by the tool between words, and within an address.
        (
            format!(
                "  a paragraph that is wrapped within {}",
                link("a\n  link's text")
            ),
            "a paragraph that is wrapped within [a link's text](http://h/x)",
        ),
        (
            "  \x1b]8;;http://host/a/path-that-is-rather-long/x\x07http://host/a/path-that-is-rather-\n  long/x\x1b]8;;\x07 now"
                .to_owned(),
            "http://host/a/path-that-is-rather-long/x now",
        ),
        // Its colour is that of code elsewhere.
        (
            format!("  a \x1b[94m{}\x1b[0m", link("page")),
            "a [page](http://h/x)",
        ),
        (
            format!("  \x1b[1;4m{}\x1b[0m", link("Title")),
            "# [Title](http://h/x)",
        ),
    ];
    for (painted, expected) in cases {
        assert_eq!(read_back(LOOK, &painted), expected, "{painted:?}");
    }
    assert_eq!(
        read_back("indent = 2", &format!("  a {}", link("page"))),
        "a page"
    );
}

#[test]
fn code_gets_its_fences_back_and_loses_its_numbers() {
    let painted =
        "  Look:\n\n  \x1b[94mdef\x1b[0m f():\n      pass\n\n  \x1b[94mdef\x1b[0m g():\n      pass\n\n  So.";
    let expected = "Look:\n\n```\ndef f():\n    pass\n\ndef g():\n    pass\n```\n\nSo.";
    assert_eq!(read_back(LOOK, painted), expected);
    let numbered =
        "  \x1b[90m 9\x1b[0m one\n  \x1b[90m10\x1b[0m   two\n  \x1b[90m11\x1b[0m\n\n  12 is no line";
    assert_eq!(
        read_back(LOOK, numbered),
        "```\none\n  two\n\n```\n\n12 is no line"
    );
}

#[test]
fn tables_are_drawn_no_more() {
    let boxed = "  ┌───┬─────┐\n  │ a │ b   │\n  ├───┼─────┤\n  │ 1 │ two │\n  └───┴─────┘\n  behind";
    assert_eq!(
        read_back(LOOK, boxed),
        "| a | b |\n|---|---|\n| 1 | two |\nbehind"
    );
    let ruled = "   a    b\n  ━━━  ━━━\n   1    two\n  ───  ───\n   3    four";
    assert_eq!(
        read_back(LOOK, ruled),
        "| a | b |\n|---|---|\n| 1 | two |\n| 3 | four |"
    );
}
