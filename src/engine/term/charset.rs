//! Character sets: G0 to G3, shifts, and the DEC special graphics (line drawing) set.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Charset {
    #[default]
    Ascii,
    /// DEC Special Graphics, `ESC ( 0`.
    Drawing,
    /// `ESC ( A`: ASCII with a pound sign.
    British,
}

impl Charset {
    pub fn from_final(byte: u8) -> Charset {
        match byte {
            b'0' | b'2' => Charset::Drawing,
            b'A' => Charset::British,
            _ => Charset::Ascii,
        }
    }

    pub fn final_byte(self) -> char {
        match self {
            Charset::Ascii => 'B',
            Charset::Drawing => '0',
            Charset::British => 'A',
        }
    }

    pub fn map(self, c: char) -> char {
        match (self, c) {
            (Charset::Drawing, '\x5f'..='\x7e') => DRAWING[c as usize - 0x5f],
            (Charset::British, '#') => '£',
            _ => c,
        }
    }
}

/// What 0x5f to 0x7e show in the DEC special graphics set (VT100 user guide, table 3-9).
const DRAWING: [char; 32] = [
    '\u{a0}', '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼',
    '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
];

/// What a character shows in the DEC special graphics set.
pub fn line_drawing(c: char) -> char {
    Charset::Drawing.map(c)
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Charsets {
    pub sets: [Charset; 4],
    /// Which of the four the left half of the code table shows (SI, SO, LS2, LS3).
    pub shift: u8,
    /// SS2, SS3: for the next character only.
    pub single: Option<u8>,
}

impl Charsets {
    pub fn is_plain(&self) -> bool {
        self.single.is_none() && self.sets[usize::from(self.shift)] == Charset::Ascii
    }

    pub fn map(&mut self, c: char) -> char {
        let set = self.single.take().unwrap_or(self.shift);
        self.sets[usize::from(set)].map(c)
    }
}
