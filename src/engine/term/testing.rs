//! What the terminal's tests share: a screen in one line, its whole state as a value, random streams.

use super::state::{SavedCursor, Term};
use crate::engine::random::Random;

use super::{Link, Screen, Size, Style, TermConfig};

pub(super) fn screen(cols: u16, rows: u16) -> Screen {
    Screen::new(Size { cols, rows }, TermConfig::default())
}

pub(super) fn fed(cols: u16, rows: u16, bytes: impl AsRef<[u8]>) -> Screen {
    let mut screen = screen(cols, rows);
    screen.handle_bytes(bytes.as_ref());
    screen
}

/// Everything a stream leaves behind: screen, history, events, answers.
pub(super) fn whole_state(screen: &mut Screen) -> String {
    let mut out = visible_state(screen.term());
    let last = screen.top_row() + u64::from(screen.size().rows);
    for row in screen.rows(screen.first_row()..last) {
        let pieces = screen.styled_row(row.pos.row).unwrap_or_default();
        let pieces: Vec<String> = pieces
            .into_iter()
            .map(|(text, style)| format!("{text:?} {}", told(screen.term(), style)))
            .collect();
        out.push_str(&format!("{row:?} {pieces:?}\n"));
    }
    while let Some(event) = screen.poll_event() {
        out.push_str(&format!("{event:?}\n"));
    }
    out.push_str(&format!("{:?} {}", screen.take_replies(), screen.offset()));
    out
}

/// A style with the address where it leads: numbers of links are a terminal's own.
fn told(term: &Term, style: Style) -> String {
    let bare = Style {
        link: Link::NOWHERE,
        ..style
    };
    format!("{bare:?} to {:?}", term.links.get(style.link))
}

/// A saved cursor, told likewise.
fn told_saved(term: &Term, saved: &Option<SavedCursor>) -> String {
    let Some(saved) = saved else {
        return "none".to_owned();
    };
    let bare = SavedCursor {
        style: Style::default(),
        ..*saved
    };
    format!("{bare:?} {}", told(term, saved.style))
}

/// What a snapshot must recreate.
pub(super) fn visible_state(term: &Term) -> String {
    let mut out = String::new();
    for (name, grid) in [
        ("shown", Some(&term.grid)),
        ("primary", term.hidden.as_ref().filter(|_| term.alternate)),
    ] {
        let Some(grid) = grid else { continue };
        for y in 0..grid.rows() {
            // A wrap waiting on a row that wraps already (after SU) is recreated by printing there, which ends the other.
            let waiting = name == "shown" && term.pending_wrap && y == term.y;
            let wrapped = grid.meta(y).wrapped && !waiting;
            let mut cells = String::new();
            for (x, cell) in grid.cells(y).iter().enumerate() {
                let mut text = String::new();
                cell.push_text(&term.clusters, &mut text);
                // A pending wrap over a blank cell is recreated by a written blank.
                let cursor = name == "shown" && term.pending_wrap && (x as u16, y) == (term.x, term.y);
                let written = cell.is_written() || cursor;
                cells.push_str(&format!(
                    "|{text}{}{}",
                    if written { "" } else { "." },
                    cell.flags
                ));
                if cell.style != 0 && !cursor {
                    cells.push_str(&told(term, term.styles.get(cell.style)));
                }
            }
            out.push_str(&format!("{name} {y} {} {cells}\n", wrapped));
        }
    }
    let tabs: Vec<u16> = (0..term.size.cols).filter(|x| term.tabs.is_set(*x)).collect();
    out.push_str(&format!(
        "{:?} {:?} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {} {}\n",
        (term.x, term.y),
        term.pending_wrap,
        term.alternate,
        told(term, term.style),
        term.charsets,
        term.protected,
        term.margins,
        tabs,
        term.modes,
        term.title,
        term.saved
            .iter()
            .take(1 + usize::from(term.alternate))
            .map(|saved| told_saved(term, saved))
            .collect::<Vec<_>>(),
        term.cursor_shape,
        term.modify_other_keys,
    ));
    out
}

/// Numbers and streams by chance; tests print the seed.
pub(in crate::engine) struct Chance(Random);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(Random::new(seed))
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0.below(n as u64) as usize
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// A stream of text and sequences such as programs send, with up to `n` parts.
    pub fn stream(&mut self, n: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for _ in 0..self.below(n) + 1 {
            self.part(&mut out);
        }
        out
    }

    fn part(&mut self, out: &mut Vec<u8>) {
        match self.below(12) {
            0..=3 => out.extend_from_slice(self.pick(&TEXT).as_bytes()),
            4..=6 => {
                let (a, b) = (self.below(12), self.below(30));
                let params = match self.below(3) {
                    0 => String::new(),
                    1 => a.to_string(),
                    _ => format!("{a};{b}"),
                };
                out.extend_from_slice(format!("\x1b[{params}{}", self.pick(&FINALS)).as_bytes());
            }
            7 => {
                let end = self.pick(&["h", "l"]);
                out.extend_from_slice(format!("\x1b[?{}{end}", self.pick(&MODES)).as_bytes());
            }
            8 => out.extend_from_slice(format!("\x1b[{}m", self.pick(&STYLES)).as_bytes()),
            9 => out.extend_from_slice(self.pick(&OTHER).as_bytes()),
            10 => out.extend((0..self.below(60)).map(|i| b' ' + (i % 95) as u8)),
            _ => {
                let n = self.below(4);
                out.extend((0..n).map(|_| self.below(256) as u8));
            }
        }
    }

    /// Changes, drops and doubles a few bytes.
    pub fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..self.below(6) {
            if bytes.is_empty() {
                return;
            }
            let at = self.below(bytes.len());
            match self.below(3) {
                0 => bytes[at] = self.below(256) as u8,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[at]),
            }
        }
    }
}

const TEXT: [&str; 22] = [
    "a",
    "hello world",
    "  ",
    "\r\n",
    "\n",
    "\r",
    "\t",
    "\u{8}",
    "é",
    "日本",
    "e\u{301}",
    "👨‍👩‍👧",
    "🇨🇭",
    "❤\u{fe0f}",
    "👍🏽",
    "क्षि",
    "한",
    "x\u{200d}",
    "line that is rather long and wraps",
    "\u{7}",
    "\u{1b}7",
    "\u{1b}8",
];
const FINALS: [&str; 32] = [
    "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "P", "S", "T", "X", "Z", "@", "a", "b",
    "d", "e", "f", "g", "r", "s", "m", "n", "c", "'}", " A",
];
const MODES: [&str; 18] = [
    "1", "6", "7", "25", "45", "47", "69", "1004", "1045", "1047", "1048", "1049", "2004", "2026", "2027",
    "2031", "2048", "3",
];
const STYLES: [&str; 12] = [
    "0",
    "1",
    "1;31",
    "38;5;200",
    "48;2;1;2;3",
    "4:3",
    "58:5:9",
    "7",
    "38:2::10:20:30",
    "44",
    "9;53",
    "22;39",
];
const OTHER: [&str; 32] = [
    "\u{1b}M",
    "\u{1b}D",
    "\u{1b}E",
    "\u{1b}H",
    "\u{1b}(0",
    "\u{1b}(B",
    "\u{e}",
    "\u{f}",
    "\u{1b})0",
    "\u{1b}N",
    "\u{1b}c",
    "\u{1b}[!p",
    "\u{1b}#8",
    "\u{1b}]0;title é\u{7}",
    "\u{1b}]133;D;1\u{1b}\\",
    "\u{1b}]7501;?\u{7}",
    "\u{1b}P$qm\u{1b}\\",
    "\u{1b}P+q544E\u{1b}\\",
    "\u{1b}_apc\u{1b}\\",
    "\u{1b}[1\"q",
    "\u{1b}[0\"q",
    "\u{1b}[?J",
    "\u{1b}[>1u",
    "\u{1b}[4h",
    "\u{1b}[4l",
    "\u{1b}[20h",
    "\u{1b}[20l",
    "\u{1b}]8;;http://a\u{1b}\\",
    "\u{1b}]8;id=1;http://b\u{7}",
    "\u{1b}]8;;\u{1b}\\",
    "\u{85}",
    "\u{9b}3C",
];
