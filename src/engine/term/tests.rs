//! What framing relies on, case by case.

use super::testing::{fed, screen};
use super::*;
use crate::engine::limits;

fn pos(row: u64, col: u16) -> Pos {
    Pos { row, col }
}

fn everything(screen: &Screen) -> String {
    let end = pos(screen.top_row() + u64::from(screen.size().rows), 0);
    screen
        .extract(pos(screen.first_row(), 0), end)
        .text
        .trim_end_matches('\n')
        .to_owned()
}

fn events(screen: &mut Screen) -> Vec<TermEventKind> {
    std::iter::from_fn(|| screen.poll_event())
        .map(|event| event.kind)
        .collect()
}

fn replies(bytes: &str) -> String {
    String::from_utf8(fed(80, 24, bytes).take_replies()).expect("answers are ASCII")
}

#[test]
fn the_cursor_line_keeps_written_blanks_and_fills_jumps() {
    assert_eq!(fed(80, 24, ">>> ").cursor_line(1).text, ">>> ");
    assert_eq!(fed(80, 24, "\x1b[3G").cursor_line(1).text, "  ");
    assert_eq!(fed(80, 24, "a\x1b[5Gb\x1b[8G").cursor_line(1).text, "a   b  ");
    assert_eq!(fed(80, 24, "abc\x1b[2G").cursor_line(1).text, "a");
}

#[test]
fn the_cursor_line_joins_soft_wraps_and_knows_its_places() {
    let screen = fed(5, 4, "0123456789ab$ ");
    let line = screen.cursor_line(10);
    assert_eq!(line.text, "0123456789ab$ ");
    assert_eq!(line.rows, [(0, 0), (5, 1), (10, 2)]);
    assert_eq!(line.pos_of(12), pos(2, 2));
    assert_eq!(screen.cursor_line(2).text, "56789ab$ ");
    let wide = fed(6, 4, "日本語>>> ").cursor_line(10);
    assert_eq!((wide.text.as_str(), wide.pos_of(9)), ("日本語>>> ", pos(1, 0)));
}

#[test]
fn a_soft_wrap_survives_into_the_history() {
    let screen = fed(5, 2, "0123456789abcd\r\nend");
    assert_eq!(screen.top_row(), 2);
    assert!(screen.row(0).unwrap().wrapped);
    assert_eq!(everything(&screen), "0123456789abcd\nend");
}

#[test]
fn an_extract_cuts_where_it_is_told_and_keeps_written_blanks_only() {
    let screen = fed(20, 5, "one  \r\ntwo\x1b[10C\r\nthree four\x1b[5D\x1b[K\r\n>>> ");
    let text = screen.extract(pos(0, 1), pos(3, 0)).text;
    assert_eq!(text, "ne  \ntwo\nthree\n");
    assert_eq!(screen.extract(pos(0, 0), pos(0, 2)).text, "on");
    assert_eq!(screen.extract(pos(2, 0), pos(0, 0)).text, "");
}

#[test]
fn an_extract_says_what_a_limit_took() {
    let config = TermConfig {
        history_lines: 3,
        ..TermConfig::default()
    };
    let mut screen = Screen::new(Size { cols: 10, rows: 2 }, config);
    for n in 0..10 {
        screen.handle_bytes(format!("{n}\r\n").as_bytes());
    }
    let extract = screen.extract(pos(2, 0), pos(10, 0));
    assert_eq!((extract.text.as_str(), extract.lost_rows), ("6\n7\n8\n9\n", 4));
    assert_eq!(extract.kept_from_offset, Some(18));
}

#[test]
fn pinned_rows_outlive_the_line_limit_and_erasure() {
    let config = TermConfig {
        history_lines: 3,
        ..TermConfig::default()
    };
    let mut screen = Screen::new(Size { cols: 10, rows: 2 }, config);
    screen.handle_bytes(b"before\r\n");
    screen.pin(Some(1));
    for n in 0..10 {
        screen.handle_bytes(format!("{n}\r\n").as_bytes());
    }
    screen.handle_bytes(b"\x1b[H\x1b[2J\x1b[3Jlast");
    let all: String = (0..10).map(|n| format!("{n}\n")).collect();
    assert_eq!(everything(&screen), all + "last");
    screen.pin(None);
    assert_eq!(screen.top_row() - screen.first_row(), 3);
}

#[test]
fn a_pin_gives_way_to_its_own_limit() {
    let config = TermConfig {
        history_bytes: 1000,
        pinned_bytes: 300_000,
        ..TermConfig::default()
    };
    let mut screen = Screen::new(Size { cols: 80, rows: 4 }, config);
    screen.pin(Some(0));
    for n in 0..20_000 {
        screen.handle_bytes(format!("line {n} of many that are printed in one turn\r\n").as_bytes());
    }
    assert!(screen.heap_bytes() < 500_000, "{}", screen.heap_bytes());
    assert!(screen.extract(pos(0, 0), pos(20_000, 0)).lost_rows > 0);
}

#[test]
fn what_a_clear_takes_was_seen() {
    let mut screen = fed(20, 5, "$ clear\r\none\r\n");
    let mark = screen.mark(pos(1, 0));
    screen.handle_bytes(b"\x1b[H\x1b[2Jtwo\r\n");
    assert_eq!(everything(&screen), "$ clear\none\ntwo");
    assert_eq!(screen.row(1).unwrap().origin, Origin::Cleared);
    assert_eq!(screen.mark_pos(mark), pos(1, 0));
    screen.handle_bytes(b"\x1b[H\x1b[Jthree\r\n\x1bcfour");
    assert_eq!(everything(&screen), "$ clear\none\ntwo\nthree\nfour");
}

#[test]
fn a_region_scroll_from_the_first_row_is_history_and_others_are_kept_apart() {
    let mut screen = fed(10, 5, "a\r\nb\r\nc\r\nd\r\ne");
    let (a, d) = (screen.mark(pos(0, 0)), screen.mark(pos(3, 0)));
    screen.handle_bytes(b"\x1b[1;3r\x1b[2S");
    assert_eq!(everything(&screen), "a\nb\nc\n\n\nd\ne");
    assert_eq!((screen.mark_pos(a), screen.mark_pos(d)), (pos(0, 0), pos(5, 0)));
    let mut screen = fed(10, 4, "a\r\nb\r\nc\r\nd");
    let marks = [0, 1, 2, 3].map(|row| screen.mark(pos(row, 0)));
    screen.handle_bytes(b"\x1b[2;3r\x1b[3H\n");
    assert_eq!(screen.row(0).unwrap().origin, Origin::Region);
    assert_eq!(everything(&screen), "b\na\nc\n\nd");
    assert_eq!(marks.map(|mark| screen.mark_pos(mark).row), [1, 0, 2, 4]);
    assert_eq!(screen.kept_before(marks[0]), 0..1);
}

#[test]
fn inserted_and_deleted_lines_move_marks_and_the_places_of_waiting_events() {
    let mut screen = fed(10, 5, "a\r\nb\r\nc\x07\r\nd");
    let marks = [0, 1, 2, 3].map(|row| screen.mark(pos(row, 0)));
    screen.handle_bytes(b"\x1b[2;1H\x1b[L");
    assert_eq!(marks.map(|mark| screen.mark_pos(mark).row), [0, 2, 3, 4]);
    let (bell, place) = screen.poll_placed().unwrap();
    assert_eq!(bell.pos, pos(2, 1), "where it was");
    let bell = screen.mark_place(place);
    assert_eq!(screen.mark_pos(bell), pos(3, 1), "where that is now");
    screen.handle_bytes(b"\x1b[2;1H\x1b[2M");
    assert_eq!(marks.map(|mark| screen.mark_pos(mark).row), [0, 1, 1, 2]);
}

#[test]
fn a_visit_to_the_alternate_screen_loses_nothing() {
    let mut screen = fed(10, 3, "one\r\ntwo");
    let mark = screen.mark_cursor();
    screen.handle_bytes(b"\x1b[?1049h\x1b[2J\x1b[H1\r\n2\r\n3\r\n4\r\n5");
    assert!(screen.alternate_screen());
    assert_eq!(screen.viewport_text(), "3\n4\n5");
    let lost = screen.mark_cursor();
    screen.handle_bytes(b"\x1b[?1049l!");
    assert_eq!(screen.viewport_text(), "one\ntwo!");
    assert_eq!(screen.row(0).unwrap().origin, Origin::Alternate);
    assert_eq!(screen.mark_pos(mark), pos(3, 3));
    assert_eq!(screen.mark_pos(lost), pos(3, 3));
    assert_eq!(everything(&screen), "1\n2\none\ntwo!");
}

#[test]
fn rows_know_who_wrote_them() {
    let screen = fed(10, 3, "ab\x1b[1mc\r\n\r\nd");
    assert_eq!(screen.row(0).unwrap().written, Some((0, 6)));
    assert_eq!(screen.row(1).unwrap().written, None);
    assert_eq!(screen.row(2).unwrap().written, Some((11, 11)));
    assert_eq!(screen.last_written_row(), Some(2));
}

#[test]
fn progress_bars_and_spinners_overwrite() {
    assert_eq!(fed(20, 3, "10%\r55%\r100%").viewport_text(), "100%");
    assert_eq!(
        fed(20, 3, "work |\x08/\x08-\x08\\\x08 \x08done").viewport_text(),
        "work done"
    );
    assert_eq!(fed(6, 3, "\x1b[?7labcdefghij").viewport_text(), "abcdej");
}

#[test]
fn clusters_take_the_columns_of_one_character() {
    for (text, columns) in [
        ("e\u{301}", 1),
        ("👨‍👩‍👧", 2),
        ("👍🏽", 2),
        ("🇨🇭", 2),
        ("❤\u{fe0f}", 2),
        ("日", 2),
        ("한", 2),
        ("한", 2),
    ] {
        let screen = fed(20, 2, format!("{text}x"));
        assert_eq!(screen.cursor().pos.col, columns + 1, "{text}");
        assert_eq!(screen.viewport_text(), format!("{text}x"));
    }
    let config = TermConfig {
        width: WidthPolicy::CodePoint,
        ..TermConfig::default()
    };
    let mut screen = Screen::new(Size { cols: 20, rows: 2 }, config);
    screen.handle_bytes("👨‍👩‍👧x".as_bytes());
    assert_eq!(screen.cursor().pos.col, 7);
}

#[test]
fn a_wide_character_that_does_not_fit_leaves_nothing_of_what_stood_there() {
    let screen = fed(4, 3, "abcd\x1b[1;1Hxyz日!");
    assert_eq!(screen.viewport_text(), "xyz\n日!");
    assert_eq!(screen.cursor_line(2).text, "xyz日!");
}

#[test]
fn a_character_split_by_reads_loses_nothing() {
    let mut screen = screen(10, 2);
    screen.handle_bytes(b"\xc3");
    assert_eq!((screen.offset(), screen.viewport_text()), (1, String::new()));
    screen.handle_bytes(b"\xa9\x41\xe6\x97\xa5");
    assert_eq!(screen.viewport_text(), "éA日");
    assert_eq!(
        fed(10, 2, b"a\xe6\x97b\xff\xf0\x9f").viewport_text(),
        "a\u{fffd}b\u{fffd}"
    );
}

#[test]
fn announcements_are_events_in_order_with_their_place() {
    let stream = "\x1b]133;A\x1b\\$ \x1b]133;D;1\x07\x1b]7501;state=done\x07\x1b]0;t\x07\x1b]7;file:///a\x07\
                  \x1b]9;4;1;50\x07\x1b]9;hi\x07\x1b]777;notify;a;b\x07\x1b]52;c;aGk=\x07\x1b]8;;http://x\x07\x07\x1b[?2004h";
    let mut screen = fed(80, 24, stream);
    let first = screen.poll_event().unwrap();
    assert_eq!((first.offset, first.pos), (9, pos(0, 0)));
    let expected = [
        TermEventKind::ShellMark {
            mark: ShellMark::Done,
            params: vec!["1".into()],
        },
        TermEventKind::ProgramStatus("state=done".into()),
        TermEventKind::Title("t".into()),
        TermEventKind::WorkingDirectory("file:///a".into()),
        TermEventKind::Progress {
            state: 1,
            percent: Some(50),
        },
        TermEventKind::Notification {
            title: None,
            body: "hi".into(),
        },
        TermEventKind::Notification {
            title: Some("a".into()),
            body: "b".into(),
        },
        TermEventKind::Clipboard {
            selection: "c".into(),
            bytes: 2,
            query: false,
        },
        TermEventKind::Hyperlink(Some("http://x".into())),
        TermEventKind::Bell,
        TermEventKind::Mode {
            number: 2004,
            ansi: false,
            set: true,
        },
    ];
    assert_eq!(events(&mut screen), expected);
    assert_eq!((screen.title(), screen.is_set_dec(2004)), (Some("t"), true));
}

#[test]
fn queries_are_answered_in_order_and_repeat_nothing_chosen_by_the_program() {
    let order = replies("\x1b]7501;?\x07\x1b[6n\x1b[c\x1b[5n");
    assert_eq!(
        order,
        "\x1b]7501;?:states=idle,working,done,blocked,error:kinds=permission,question,auth\x1b\\\
         \x1b[1;1R\x1b[?64;1;6;22c\x1b[0n"
    );
    assert_eq!(replies("\x1b[>q"), "\x1bP>|ptych(0.1.0)\x1b\\");
    assert_eq!(
        replies("\x1b[?2026$p\x1b[?2004h\x1b[?2004$p\x1b[?77$p"),
        "\x1b[?2026;2$y\x1b[?2004;1$y\x1b[?77;0$y"
    );
    assert_eq!(replies("\x1b[?u\x1b[>5u\x1b[?u"), "\x1b[?0u\x1b[?5u");
    assert_eq!(
        replies("\x1b[14t\x1b[16t\x1b[18t"),
        "\x1b[4;480;800t\x1b[6;20;10t\x1b[8;24;80t"
    );
    assert_eq!(
        replies("\x1b]11;?\x07\x1b]4;1;?\x1b\\"),
        "\x1b]11;rgb:0000/0000/0000\x07\x1b]4;1;rgb:cdcd/0000/0000\x1b\\"
    );
    assert_eq!(replies("\x1b[1;4:3m\x1bP$qm\x1b\\"), "\x1bP1$r0;1;4:3m\x1b\\");
    assert_eq!(
        replies("\x1bP+q6B\x1b\\\x1bP$qz\x1b\\"),
        "\x1bP0+r\x1b\\\x1bP0$r\x1b\\"
    );
    assert_eq!(
        replies("\x1b]0;rm -rf\r\x07\x1b[21t\x1b]52;c;?\x07"),
        "\x1b]l\x1b\\"
    );
}

#[test]
fn strings_are_bounded_and_an_overlong_one_is_dropped_whole() {
    let mut screen = screen(20, 3);
    screen.handle_bytes(b"\x1b]0;");
    for _ in 0..1024 {
        screen.handle_bytes(&[b'x'; 1024]);
    }
    assert!(screen.heap_bytes() < 200_000, "{}", screen.heap_bytes());
    screen.handle_bytes(b"\x07ok");
    assert_eq!((screen.title(), screen.viewport_text().as_str()), (None, "ok"));
    assert!(
        matches!(events(&mut screen).as_slice(), [TermEventKind::Unknown(text)] if text.contains("too long"))
    );
}

#[test]
fn queues_are_bounded_and_keep_what_framing_needs() {
    let mut screen = screen(20, 3);
    screen.handle_bytes(&[7; 100_000]);
    screen.handle_bytes(b"\x1b]133;D;0\x07");
    screen.handle_bytes(&b"\x1b[6n".repeat(100_000));
    assert!(screen.dropped_events() > 0);
    assert!(screen.take_replies().len() <= limits::MAX_REPLY_BYTES);
    assert!(matches!(
        events(&mut screen).last(),
        Some(TermEventKind::ShellMark {
            mark: ShellMark::Done,
            ..
        })
    ));
}

#[test]
fn a_narrower_and_a_wider_terminal_wrap_anew() {
    let mut screen = fed(10, 4, "first\r\n0123456789abcdef\r\n$ ");
    let mark = screen.mark(pos(2, 2));
    screen.resize(Size { cols: 5, rows: 4 });
    assert_eq!(everything(&screen), "first\n0123456789abcdef\n$ ");
    assert_eq!(screen.cursor_line(1).text, "$ ");
    assert_eq!(screen.mark_pos(mark), pos(3, 2));
    screen.resize(Size { cols: 20, rows: 4 });
    assert_eq!(screen.mark_pos(mark), pos(1, 12));
    assert_eq!(everything(&screen), "first\n0123456789abcdef\n$ ");
}

#[test]
fn damage_names_the_rows_that_changed() {
    let mut screen = fed(10, 4, "a\r\nb");
    let before = screen.generation();
    screen.handle_bytes(b"c");
    assert_eq!(screen.damage(before).collect::<Vec<_>>(), [1]);
    let before = screen.generation();
    screen.handle_bytes(b"\r\n\n\n\n");
    assert_eq!(screen.damage(before).collect::<Vec<_>>(), [4, 5]);
}

#[test]
fn line_drawing_tabs_and_repeats() {
    assert_eq!(fed(20, 2, "\x1b(0lqk\x1b(B lqk").viewport_text(), "┌─┐ lqk");
    assert_eq!(fed(20, 2, "a\tb\x1b[3Db\x1b[3b").viewport_text(), "a     bbbb");
    assert_eq!(fed(20, 2, "\x1b[3g\x1b[5G\x1bH\r\tx").viewport_text(), "    x");
}

#[test]
fn styles_survive_a_full_table_by_losing_colour_and_never_alias() {
    let mut screen = screen(80, 24);
    for n in 0..200_000u32 {
        let [_, r, g, b] = n.to_be_bytes();
        screen.handle_bytes(format!("\x1b[1;38;2;{r};{g};{b}mx").as_bytes());
    }
    let row = screen.styled_row(screen.top_row()).unwrap();
    assert!(row.iter().all(|(_, style)| style.attrs.contains(Attrs::BOLD)));
    screen.handle_bytes(b"\x1b[m\r\nplain");
    let row = screen.styled_row(screen.cursor().pos.row).unwrap();
    assert_eq!(row, [("plain".to_owned(), Style::default())]);
}

#[test]
fn an_idle_terminal_and_a_long_history_are_small() {
    let mut screen = screen(120, 40);
    assert!(screen.heap_bytes() < 60_000, "{}", screen.heap_bytes());
    for n in 0..10_040 {
        let line = format!(
            "\x1b[1;32mtest\x1b[0m case_{n} ... \x1b[33mok\x1b[m {}\r\n",
            "x".repeat(60)
        );
        screen.handle_bytes(line.as_bytes());
    }
    assert_eq!(screen.top_row() - screen.first_row(), 10_000);
    assert!(screen.heap_bytes() < 2_000_000, "{}", screen.heap_bytes());
}

/// The links of a row: text and address.
fn links(screen: &Screen, row: u64) -> Vec<(String, String)> {
    let pieces = screen.styled_row(row).unwrap().into_iter();
    pieces
        .filter_map(|(text, style)| Some((text, screen.link_target(style.link)?.to_string())))
        .collect()
}

#[test]
fn cells_keep_their_links_where_they_go() {
    let wanted = |text: &str| vec![(text.to_owned(), "http://a/b".to_owned())];
    let mut screen = fed(
        20,
        2,
        "to \x1b]8;id=1;http://a/b\x07the\x1b[0;1m page\x1b]8;;\x07 and on",
    );
    let bold = |pieces: Vec<(String, String)>| pieces.into_iter().map(|(text, _)| text).collect::<String>();
    assert_eq!(bold(links(&screen, 0)), "the page");
    screen.handle_bytes(b"\r\n\x1b]8;;http://a/b\x1b\\x\x1b[Ky\x1b]8;;\x1b\\\r\n\r\n");
    assert_eq!(bold(links(&screen, 0)), "the page");
    assert_eq!(links(&screen, 1), wanted("xy"), "an erased cell leads nowhere");
    screen.resize(Size { cols: 8, rows: 2 });
    let rows: String = (0..3).map(|row| bold(links(&screen, row))).collect();
    assert_eq!(rows, "the page");
}

#[test]
fn links_are_bounded_and_never_lead_elsewhere() {
    let long = "x".repeat(limits::MAX_LINK_BYTES + 1);
    let refused = fed(20, 2, format!("\x1b]8;;{long}\x07a\x1b]8;;http://x/\u{85}\x07b"));
    assert_eq!(links(&refused, 0), []);
    let mut screen = screen(40, 4);
    for n in 0..20_000 {
        screen.handle_bytes(format!("\x1b]8;;http://x/{n}\x07{n}\x1b]8;;\x07\r\n").as_bytes());
    }
    assert!(screen.heap_bytes() < 3_000_000, "{}", screen.heap_bytes());
    let mut linked = 0;
    for row in screen.first_row()..screen.top_row() {
        for (text, address) in links(&screen, row) {
            assert_eq!(address, format!("http://x/{text}"));
            linked += 1;
        }
    }
    assert!((3_000..=limits::MAX_LINKS).contains(&linked), "{linked}");
}

#[test]
fn links_that_nobody_shows_make_room() {
    let mut screen = Screen::new(
        Size { cols: 40, rows: 4 },
        TermConfig {
            history_lines: 10,
            ..TermConfig::default()
        },
    );
    for n in 0..20_000 {
        screen.handle_bytes(format!("\x1b]8;;http://x/{n}\x07{n}\x1b]8;;\x07\r\n").as_bytes());
    }
    let last = screen.top_row() + 2;
    assert_eq!(links(&screen, last)[0].1, "http://x/19999");
}
