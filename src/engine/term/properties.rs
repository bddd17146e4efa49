//! What must hold for every stream.

use super::testing::{Chance, fed, screen, visible_state, whole_state};
use super::{MarkId, Screen, Size};

fn feed_in_pieces(screen: &mut Screen, bytes: &[u8], chance: &mut Chance, longest: usize) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let n = (chance.below(longest) + 1).min(rest.len());
        screen.handle_bytes(&rest[..n]);
        rest = &rest[n..];
    }
}

#[test]
fn any_split_of_any_stream_gives_the_same_state() {
    for seed in 0..10_000 {
        let mut chance = Chance::new(seed);
        let mut stream = chance.stream(40);
        if seed % 4 != 0 {
            chance.mutate(&mut stream);
        }
        let (cols, rows) = (chance.below(30) as u16 + 1, chance.below(8) as u16 + 1);
        let mut whole = fed(cols, rows, &stream);
        let mut split = screen(cols, rows);
        let longest = [1, 3, 17][chance.below(3)];
        feed_in_pieces(&mut split, &stream, &mut chance, longest);
        let (whole, split) = (whole_state(&mut whole), whole_state(&mut split));
        assert_eq!(
            whole,
            split,
            "seed {seed}: {:?}",
            String::from_utf8_lossy(&stream)
        );
    }
}

#[test]
fn an_event_and_its_place_are_the_same_whenever_they_are_polled() {
    for seed in 0..6_000 {
        let mut chance = Chance::new(seed);
        let stream = chance.stream(40);
        let (cols, rows) = (chance.below(30) as u16 + 1, chance.below(8) as u16 + 1);
        let told = |screen: &mut Screen, told: &mut Vec<_>| {
            while let Some((event, place)) = screen.poll_placed() {
                told.push((event, screen.mark_place(place)));
            }
        };
        let places = |screen: &Screen, told: Vec<(_, MarkId)>| -> Vec<_> {
            told.into_iter()
                .map(|(event, mark)| (event, screen.mark_pos(mark), screen.kept_before(mark)))
                .collect()
        };
        let (mut at_once, mut late) = (screen(cols, rows), screen(cols, rows));
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for byte in &stream {
            at_once.handle_bytes(&[*byte]);
            told(&mut at_once, &mut first);
        }
        late.handle_bytes(&stream);
        told(&mut late, &mut second);
        assert_eq!(
            places(&at_once, first),
            places(&late, second),
            "seed {seed}: {:?}",
            String::from_utf8_lossy(&stream)
        );
    }
}

#[test]
fn a_snapshot_recreates_the_screen() {
    for seed in 0..6_000 {
        let mut chance = Chance::new(seed);
        let stream = chance.stream(40);
        let (cols, rows) = (chance.below(30) as u16 + 1, chance.below(8) as u16 + 1);
        let original = fed(cols, rows, &stream);
        let snapshot = original.snapshot();
        let copy = fed(cols, rows, &snapshot);
        assert_eq!(
            visible_state(original.term()),
            visible_state(copy.term()),
            "seed {seed}: {:?} gave {:?}",
            String::from_utf8_lossy(&stream),
            String::from_utf8_lossy(&snapshot)
        );
    }
}

#[test]
fn resizes_in_any_stream_do_no_harm_and_keep_places_inside() {
    for seed in 0..4_000 {
        let mut chance = Chance::new(seed);
        let mut screen = screen(chance.below(40) as u16 + 1, chance.below(12) as u16 + 1);
        let mut marks = Vec::new();
        for _ in 0..chance.below(8) + 1 {
            let mut stream = chance.stream(20);
            chance.mutate(&mut stream);
            screen.handle_bytes(&stream);
            marks.push(screen.mark_cursor());
            screen.pin((chance.below(2) == 0).then_some(screen.cursor().pos.row));
            screen.resize(Size {
                cols: chance.below(40) as u16 + 1,
                rows: chance.below(12) as u16 + 1,
            });
            let last = screen.top_row() + u64::from(screen.size().rows);
            for mark in &marks {
                let pos = screen.mark_pos(*mark);
                assert!(pos.row < last, "seed {seed}: {pos:?} of {last}");
                let end = screen.cursor().pos;
                screen.extract(pos, end);
            }
            let line = screen.cursor_line(100);
            line.pos_of(line.text.len());
            screen.damage(0).for_each(drop);
            screen.snapshot();
        }
        whole_state(&mut screen);
    }
}

#[test]
fn random_bytes_never_panic() {
    for seed in 0..300 {
        let mut chance = Chance::new(seed);
        let bytes: Vec<u8> = (0..4_000).map(|_| random_byte(&mut chance)).collect();
        let mut screen = screen(chance.below(100) as u16 + 1, chance.below(30) as u16 + 1);
        feed_in_pieces(&mut screen, &bytes, &mut chance, 100);
        whole_state(&mut screen);
        screen.snapshot();
    }
}

/// Every byte, those that make sequences more often.
fn random_byte(chance: &mut Chance) -> u8 {
    match chance.below(4) {
        0 => *b"\x1b[]?;0123456789PX^_\\\x07\x18\x9b\xc2"
            .get(chance.below(24))
            .unwrap_or(&0x1b),
        1 => b'@' + chance.below(63) as u8,
        _ => chance.below(256) as u8,
    }
}

#[test]
fn reflow_there_and_back_keeps_the_text() {
    for seed in 0..2_000 {
        let mut chance = Chance::new(seed);
        let mut screen = screen(chance.below(30) as u16 + 4, chance.below(6) as u16 + 2);
        for _ in 0..chance.below(30) {
            let text: String = (0..chance.below(60))
                .map(|_| *chance.pick(&[&'a', &'日', &' ', &'z']))
                .collect();
            screen.handle_bytes(text.as_bytes());
            screen.handle_bytes(b".\r\n");
        }
        let before = logical_text(&screen);
        screen.resize(Size {
            cols: chance.below(60) as u16 + 2,
            rows: chance.below(8) as u16 + 1,
        });
        assert_eq!(before, logical_text(&screen), "seed {seed}");
    }
}

fn logical_text(screen: &Screen) -> String {
    let last = screen.top_row() + u64::from(screen.size().rows);
    let start = super::Pos {
        row: screen.first_row(),
        col: 0,
    };
    let text = screen.extract(start, super::Pos { row: last, col: 0 }).text;
    text.trim_end_matches('\n').to_owned()
}
