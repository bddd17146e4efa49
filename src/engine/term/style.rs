//! How a cell looks: colours and attributes as SGR (ECMA-48 8.3.117, with the extensions of xterm and kitty) sets them.

use super::params::Params;

/// A colour as it was asked for; what it looks like is the viewer's business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Color {
    #[default]
    Default,
    /// 0-7 normal, 8-15 bright, 16-231 the 6x6x6 cube, 232-255 greys.
    Indexed(u8),
    Rgb(u8, u8, u8),
}

/// The underline's shape (SGR 4:0 to 4:5, 21).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Underline {
    #[default]
    None,
    Single,
    Double,
    Curly,
    Dotted,
    Dashed,
}

/// Attributes that are on or off, as a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attrs(pub u16);

impl Attrs {
    pub const BOLD: Attrs = Attrs(1);
    pub const DIM: Attrs = Attrs(1 << 1);
    pub const ITALIC: Attrs = Attrs(1 << 2);
    pub const BLINK: Attrs = Attrs(1 << 3);
    pub const RAPID_BLINK: Attrs = Attrs(1 << 4);
    pub const INVERSE: Attrs = Attrs(1 << 5);
    pub const HIDDEN: Attrs = Attrs(1 << 6);
    pub const STRIKE: Attrs = Attrs(1 << 7);
    pub const OVERLINE: Attrs = Attrs(1 << 8);

    pub fn contains(self, other: Attrs) -> bool {
        self.0 & other.0 == other.0
    }

    fn set(&mut self, other: Attrs, on: bool) {
        if on { self.0 |= other.0 } else { self.0 &= !other.0 }
    }
}

/// Where a cell leads (OSC 8), by its number in the terminal's table; [`Screen::link_target`](super::Screen::link_target) tells the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Link(pub(super) u16);

impl Link {
    pub const NOWHERE: Link = Link(0);
}

/// The look of one cell, and where it leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    pub fg: Color,
    pub bg: Color,
    pub underline_color: Color,
    pub underline: Underline,
    pub attrs: Attrs,
    pub link: Link,
}

/// Bits of `Attrs` in a style's key.
const ATTRS_MASK: u16 = 0xfff;

/// SGR numbers that switch attributes on.
const SET: [(u16, Attrs); 9] = [
    (1, Attrs::BOLD),
    (2, Attrs::DIM),
    (3, Attrs::ITALIC),
    (5, Attrs::BLINK),
    (6, Attrs::RAPID_BLINK),
    (7, Attrs::INVERSE),
    (8, Attrs::HIDDEN),
    (9, Attrs::STRIKE),
    (53, Attrs::OVERLINE),
];

impl Style {
    /// What erasing with this pen leaves behind: background colour erase keeps the background and nothing else.
    pub(super) fn erased(self) -> Style {
        Style {
            bg: self.bg,
            ..Style::default()
        }
    }

    /// Applies one SGR sequence. Unknown numbers are skipped, as ECMA-48 wants.
    pub(super) fn apply_sgr(&mut self, params: &Params) {
        match params.plain() {
            Some(values) => self.apply_plain(values),
            None => self.apply_grouped(params),
        }
    }

    /// Parameters without a colon: colours are spread over the values that follow.
    fn apply_plain(&mut self, values: &[u16]) {
        let mut rest = values;
        while let [number, tail @ ..] = rest {
            rest = tail;
            let (color, taken) = match (number, tail) {
                (38 | 48 | 58, [5, index, ..]) => (byte(*index).map(Color::Indexed), 2),
                (38 | 48 | 58, [2, r, g, b, ..]) => (rgb(*r, *g, *b), 4),
                (38 | 48 | 58, _) => return,
                _ => {
                    self.apply_number(*number);
                    continue;
                }
            };
            rest = &tail[taken..];
            if let Some(color) = color {
                self.set_color(*number, color);
            }
        }
    }

    fn apply_grouped(&mut self, params: &Params) {
        let mut params = params.iter();
        while let Some(param) = params.next() {
            match param {
                [38 | 48 | 58] => {
                    let Some(color) = legacy_color(&mut params) else {
                        return;
                    };
                    self.set_color(param[0], color);
                }
                [38 | 48 | 58, sub @ ..] => {
                    if let Some(color) = colon_color(sub) {
                        self.set_color(param[0], color);
                    }
                }
                [4, shape] => self.underline = underline_of((*shape).min(255) as u8),
                [number, ..] => self.apply_number(*number),
                [] => {}
            }
        }
    }

    pub(super) fn apply_number(&mut self, number: u16) {
        match number {
            // A link is opened and closed by OSC 8 alone.
            0 => {
                *self = Style {
                    link: self.link,
                    ..Style::default()
                }
            }
            1 => self.attrs.set(Attrs::BOLD, true),
            2 => self.attrs.set(Attrs::DIM, true),
            3 => self.attrs.set(Attrs::ITALIC, true),
            4 => self.underline = Underline::Single,
            5 => self.attrs.set(Attrs::BLINK, true),
            6 => self.attrs.set(Attrs::RAPID_BLINK, true),
            7 => self.attrs.set(Attrs::INVERSE, true),
            8 => self.attrs.set(Attrs::HIDDEN, true),
            9 => self.attrs.set(Attrs::STRIKE, true),
            21 => self.underline = Underline::Double,
            22 => self.attrs.set(Attrs(Attrs::BOLD.0 | Attrs::DIM.0), false),
            23 => self.attrs.set(Attrs::ITALIC, false),
            24 => self.underline = Underline::None,
            25 => self
                .attrs
                .set(Attrs(Attrs::BLINK.0 | Attrs::RAPID_BLINK.0), false),
            27 => self.attrs.set(Attrs::INVERSE, false),
            28 => self.attrs.set(Attrs::HIDDEN, false),
            29 => self.attrs.set(Attrs::STRIKE, false),
            30..=37 => self.fg = Color::Indexed((number - 30) as u8),
            39 => self.fg = Color::Default,
            40..=47 => self.bg = Color::Indexed((number - 40) as u8),
            49 => self.bg = Color::Default,
            53 => self.attrs.set(Attrs::OVERLINE, true),
            55 => self.attrs.set(Attrs::OVERLINE, false),
            59 => self.underline_color = Color::Default,
            90..=97 => self.fg = Color::Indexed((number - 82) as u8),
            100..=107 => self.bg = Color::Indexed((number - 92) as u8),
            _ => {}
        }
    }

    pub(super) fn set_color(&mut self, target: u16, color: Color) {
        match target {
            38 => self.fg = color,
            48 => self.bg = color,
            _ => self.underline_color = color,
        }
    }

    /// The SGR sequence that sets exactly this style, whatever was set before.
    pub(super) fn to_sgr(self, out: &mut String) {
        use std::fmt::Write;
        out.push_str("\x1b[0");
        for (number, attr) in SET {
            if self.attrs.contains(attr) {
                let _ = write!(out, ";{number}");
            }
        }
        if self.underline != Underline::None {
            let _ = write!(out, ";4:{}", self.underline as u8);
        }
        for (target, color) in [(38, self.fg), (48, self.bg), (58, self.underline_color)] {
            let _ = match color {
                Color::Default => Ok(()),
                Color::Indexed(index) => write!(out, ";{target}:5:{index}"),
                Color::Rgb(r, g, b) => write!(out, ";{target}:2::{r}:{g}:{b}"),
            };
        }
        out.push('m');
    }

    /// The nearest style made of palette colours: what a style falls back to when the table of styles is full.
    pub(super) fn quantized(self) -> Style {
        Style {
            fg: quantized(self.fg),
            bg: quantized(self.bg),
            underline_color: quantized(self.underline_color),
            ..self
        }
    }

    /// Attributes without colours and link.
    pub(super) fn colorless(self) -> Style {
        Style {
            attrs: self.attrs,
            underline: self.underline,
            ..Style::default()
        }
    }
}

impl Style {
    /// The style as two words; both 0 for the default.
    #[inline]
    pub(super) fn key(self) -> [u64; 2] {
        let shape =
            u64::from(self.link.0) << 16 | u64::from(self.attrs.0 & ATTRS_MASK) << 4 | self.underline as u64;
        [
            self.fg.packed() << 32 | self.bg.packed(),
            self.underline_color.packed() << 32 | shape,
        ]
    }

    pub(super) fn from_key([colors, rest]: [u64; 2]) -> Style {
        Style {
            fg: Color::unpacked((colors >> 32) as u32),
            bg: Color::unpacked(colors as u32),
            underline_color: Color::unpacked((rest >> 32) as u32),
            underline: underline_of(rest as u8 & 0xf),
            attrs: Attrs((rest >> 4) as u16 & ATTRS_MASK),
            link: Link((rest >> 16) as u16),
        }
    }
}

impl Color {
    fn unpacked(bits: u32) -> Color {
        let [kind, r, g, b] = bits.to_be_bytes();
        match kind {
            0 => Color::Default,
            1 => Color::Indexed(b),
            _ => Color::Rgb(r, g, b),
        }
    }

    fn packed(self) -> u64 {
        match self {
            Color::Default => 0,
            Color::Indexed(index) => 1 << 24 | u64::from(index),
            Color::Rgb(r, g, b) => 2 << 24 | u64::from(r) << 16 | u64::from(g) << 8 | u64::from(b),
        }
    }
}

fn quantized(color: Color) -> Color {
    match color {
        Color::Rgb(r, g, b) => {
            let level = |c: u8| {
                if c < 48 {
                    0
                } else if c < 115 {
                    1
                } else {
                    (c - 35) / 40
                }
            };
            Color::Indexed(16 + 36 * level(r) + 6 * level(g) + level(b))
        }
        other => other,
    }
}

fn underline_of(shape: u8) -> Underline {
    match shape {
        0 => Underline::None,
        2 => Underline::Double,
        3 => Underline::Curly,
        4 => Underline::Dotted,
        5 => Underline::Dashed,
        _ => Underline::Single,
    }
}

/// `38;5;n` and `38;2;r;g;b`: the colour is spread over the parameters that follow.
fn legacy_color<'a>(params: &mut impl Iterator<Item = &'a [u16]>) -> Option<Color> {
    let mut next = || params.next().and_then(|p| p.first().copied());
    match next()? {
        5 => Some(Color::Indexed(byte(next()?)?)),
        2 => {
            let (r, g, b) = (next()?, next()?, next()?);
            rgb(r, g, b)
        }
        _ => None,
    }
}

/// `38:5:n`, `38:2:r:g:b` and `38:2:<colour space>:r:g:b`.
fn colon_color(sub: &[u16]) -> Option<Color> {
    match sub {
        [5, index, ..] => Some(Color::Indexed(byte(*index)?)),
        [2, r, g, b] | [2, _, r, g, b, ..] => rgb(*r, *g, *b),
        _ => None,
    }
}

fn rgb(r: u16, g: u16, b: u16) -> Option<Color> {
    Some(Color::Rgb(byte(r)?, byte(g)?, byte(b)?))
}

fn byte(value: u16) -> Option<u8> {
    u8::try_from(value).ok()
}
