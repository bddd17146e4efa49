//! Modes: DEC private ones (`CSI ? n h`) and ANSI ones (`CSI n h`), one bit each.

/// The DEC private modes this terminal knows, ascending. Every one can be set, reset and asked for; the few that change the
/// screen's own behaviour have a constant below, the others are a fact about the program that a reader may want.
const DEC: [(u16, bool); 39] = [
    (1, false),
    (3, false),
    (4, false),
    (5, false),
    (6, false),
    (7, true),
    (8, true),
    (9, false),
    (12, false),
    (25, true),
    (40, false),
    (45, false),
    (47, false),
    (66, false),
    (67, false),
    (69, false),
    (80, false),
    (1000, false),
    (1001, false),
    (1002, false),
    (1003, false),
    (1004, false),
    (1005, false),
    (1006, false),
    (1007, false),
    (1015, false),
    (1016, false),
    (1034, false),
    (1036, false),
    (1042, false),
    (1045, false),
    (1047, false),
    (1048, false),
    (1049, false),
    (2004, false),
    (2026, false),
    (2027, false),
    (2031, false),
    (2048, false),
];

const ANSI: [u16; 4] = [2, 4, 12, 20];

pub(super) const APP_CURSOR: u64 = bit(1);
pub(super) const ORIGIN: u64 = bit(6);
pub(super) const AUTOWRAP: u64 = bit(7);
pub(super) const CURSOR_VISIBLE: u64 = bit(25);
pub(super) const REVERSE_WRAP: u64 = bit(45);
pub(super) const APP_KEYPAD: u64 = bit(66);
pub(super) const LEFT_RIGHT: u64 = bit(69);
pub(super) const REVERSE_WRAP_FAR: u64 = bit(1045);
pub(super) const ALTERNATE: [u64; 3] = [bit(47), bit(1047), bit(1049)];
pub(super) const SYNCHRONIZED: u64 = bit(2026);
pub(super) const CLUSTERS: u64 = bit(2027);
pub(super) const IN_BAND_RESIZE: u64 = bit(2048);

pub(super) const INSERT: u8 = 1 << 1;
pub(super) const NEWLINE: u8 = 1 << 3;

const fn bit(number: u16) -> u64 {
    let mut i = 0;
    while i < DEC.len() {
        if DEC[i].0 == number {
            return 1 << i;
        }
        i += 1;
    }
    panic!("not in the table");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Modes {
    dec: u64,
    ansi: u8,
}

impl Modes {
    pub fn new(clusters: bool) -> Modes {
        let mut dec = 0;
        for (i, (_, initially)) in DEC.iter().enumerate() {
            dec |= u64::from(*initially) << i;
        }
        let mut modes = Modes { dec, ansi: 0 };
        modes.set(CLUSTERS, clusters);
        modes
    }

    pub fn has(&self, mask: u64) -> bool {
        self.dec & mask != 0
    }

    pub fn set(&mut self, mask: u64, on: bool) {
        if on { self.dec |= mask } else { self.dec &= !mask }
    }

    pub fn has_ansi(&self, mask: u8) -> bool {
        self.ansi & mask != 0
    }

    pub fn set_ansi(&mut self, mask: u8, on: bool) {
        if on { self.ansi |= mask } else { self.ansi &= !mask }
    }

    /// State of a DEC private mode by number; `None` when this terminal does not know it.
    pub fn dec(&self, number: u16) -> Option<bool> {
        dec_mask(number).map(|mask| self.has(mask))
    }

    pub fn ansi(&self, number: u16) -> Option<bool> {
        ansi_mask(number).map(|mask| self.has_ansi(mask))
    }

    /// Every DEC mode with its state, ascending.
    pub fn all_dec(&self) -> impl Iterator<Item = (u16, bool)> + '_ {
        DEC.iter()
            .enumerate()
            .map(|(i, (number, _))| (*number, self.dec & (1 << i) != 0))
    }

    pub fn all_ansi(&self) -> impl Iterator<Item = (u16, bool)> + '_ {
        ANSI.iter()
            .enumerate()
            .map(|(i, number)| (*number, self.ansi & (1 << i) != 0))
    }
}

pub(super) fn dec_mask(number: u16) -> Option<u64> {
    DEC.binary_search_by_key(&number, |(n, _)| *n)
        .ok()
        .map(|i| 1 << i)
}

pub(super) fn ansi_mask(number: u16) -> Option<u8> {
    ANSI.binary_search(&number).ok().map(|i| 1 << i)
}
