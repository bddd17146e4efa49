//! One key, as a terminal sends it in the modes that are in force (xterm's control sequences, "PC-Style Function Keys" and "VT220-Style").
//!
//! A name is modifiers and a key, joined by `-`: `up`, `f5`, `ctrl-c`, `alt-x`, `shift-tab`, `ctrl-shift-right`, `kp-enter`. A character's key has
//! its name: `q`.

/// The modes that change what a key sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyModes {
    /// DECCKM (`CSI ? 1 h`): arrows, home and end are sent with `ESC O`.
    pub application_cursor: bool,
    /// DECNKM (`ESC =`, `CSI ? 66 h`): the keypad sends `ESC O` sequences.
    pub application_keypad: bool,
    /// LNM (`CSI 20 h`): enter sends CR LF.
    pub newline: bool,
}

/// What a key sends, and how modifiers get into it.
#[derive(Clone, Copy, Debug)]
enum Code {
    /// One byte; ctrl and shift have no place in it.
    Byte(u8),
    /// `CSI letter`, with modifiers `CSI 1 ; m letter`; `ESC O letter` while cursor keys are in application mode.
    Cursor(char),
    /// `ESC O letter`, with modifiers `CSI 1 ; m letter`.
    Function(char),
    /// `CSI number ~`, with modifiers `CSI number ; m ~`.
    Tilde(u8),
    /// The character, or `ESC O letter` while the keypad is in application mode.
    Keypad(u8, char),
}

const KEYS: &[(&str, Code)] = &[
    ("enter", Code::Byte(b'\r')),
    ("newline", Code::Byte(b'\n')),
    ("tab", Code::Byte(b'\t')),
    ("esc", Code::Byte(0x1b)),
    ("space", Code::Byte(b' ')),
    ("backspace", Code::Byte(0x7f)),
    ("delete", Code::Tilde(3)),
    ("insert", Code::Tilde(2)),
    ("up", Code::Cursor('A')),
    ("down", Code::Cursor('B')),
    ("right", Code::Cursor('C')),
    ("left", Code::Cursor('D')),
    ("home", Code::Cursor('H')),
    ("end", Code::Cursor('F')),
    ("page-up", Code::Tilde(5)),
    ("page-down", Code::Tilde(6)),
    ("f1", Code::Function('P')),
    ("f2", Code::Function('Q')),
    ("f3", Code::Function('R')),
    ("f4", Code::Function('S')),
    ("f5", Code::Tilde(15)),
    ("f6", Code::Tilde(17)),
    ("f7", Code::Tilde(18)),
    ("f8", Code::Tilde(19)),
    ("f9", Code::Tilde(20)),
    ("f10", Code::Tilde(21)),
    ("f11", Code::Tilde(23)),
    ("f12", Code::Tilde(24)),
    ("kp-0", Code::Keypad(b'0', 'p')),
    ("kp-1", Code::Keypad(b'1', 'q')),
    ("kp-2", Code::Keypad(b'2', 'r')),
    ("kp-3", Code::Keypad(b'3', 's')),
    ("kp-4", Code::Keypad(b'4', 't')),
    ("kp-5", Code::Keypad(b'5', 'u')),
    ("kp-6", Code::Keypad(b'6', 'v')),
    ("kp-7", Code::Keypad(b'7', 'w')),
    ("kp-8", Code::Keypad(b'8', 'x')),
    ("kp-9", Code::Keypad(b'9', 'y')),
    ("kp-decimal", Code::Keypad(b'.', 'n')),
    ("kp-plus", Code::Keypad(b'+', 'k')),
    ("kp-minus", Code::Keypad(b'-', 'm')),
    ("kp-multiply", Code::Keypad(b'*', 'j')),
    ("kp-divide", Code::Keypad(b'/', 'o')),
    ("kp-enter", Code::Keypad(b'\r', 'M')),
    ("lt", Code::Byte(b'<')),
];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Modifiers {
    shift: bool,
    alt: bool,
    ctrl: bool,
}

impl Modifiers {
    /// xterm's parameter; `None` without any.
    fn parameter(self) -> Option<u8> {
        let bits = u8::from(self.shift) | u8::from(self.alt) << 1 | u8::from(self.ctrl) << 2;
        (bits > 0).then_some(bits + 1)
    }
}

/// The bytes of the key called `name`.
///
/// # Errors
///
/// It is no key, or a terminal has no bytes for this combination (`ctrl-enter`).
pub fn encode(name: &str, modes: KeyModes) -> Result<Vec<u8>, String> {
    let (modifiers, key) = parts(name);
    if let Some((_, code)) = KEYS.iter().find(|(known, _)| *known == key) {
        return bytes_of(*code, modifiers, modes).ok_or_else(|| no_bytes(name));
    }
    let mut chars = key.chars();
    match (chars.next(), chars.next()) {
        (Some(char), None) if !char.is_control() => typed(char, modifiers).ok_or_else(|| no_bytes(name)),
        _ => Err(unknown(name)),
    }
}

/// The name of each key, in the order of documentation.
pub fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|(name, _)| *name)
}

/// `-` may itself be the key: `ctrl--`.
fn parts(name: &str) -> (Modifiers, &str) {
    let mut modifiers = Modifiers::default();
    let mut rest = name;
    loop {
        let (flag, after) = if let Some(after) = rest.strip_prefix("ctrl-") {
            (&mut modifiers.ctrl, after)
        } else if let Some(after) = rest.strip_prefix("alt-") {
            (&mut modifiers.alt, after)
        } else if let Some(after) = rest.strip_prefix("shift-") {
            (&mut modifiers.shift, after)
        } else {
            return (modifiers, rest);
        };
        *flag = true;
        rest = after;
    }
}

fn bytes_of(code: Code, modifiers: Modifiers, modes: KeyModes) -> Option<Vec<u8>> {
    let text = match (code, modifiers.parameter()) {
        (Code::Byte(b'\t'), _) if modifiers.shift => "\x1b[Z".to_owned(),
        (Code::Byte(b'\r'), None) if modes.newline => "\r\n".to_owned(),
        (Code::Byte(b' '), _) if modifiers.ctrl => return Some(with_alt(vec![0], modifiers.alt)),
        (Code::Byte(0x7f), _) if modifiers.ctrl => return Some(with_alt(vec![0x08], modifiers.alt)),
        (Code::Byte(byte), _) if !modifiers.ctrl && (!modifiers.shift || byte == b' ') => {
            return Some(with_alt(vec![byte], modifiers.alt));
        }
        (Code::Byte(_), _) => return None,
        (Code::Cursor(letter), None) if modes.application_cursor => format!("\x1bO{letter}"),
        (Code::Cursor(letter), None) => format!("\x1b[{letter}"),
        (Code::Function(letter), None) => format!("\x1bO{letter}"),
        (Code::Cursor(letter) | Code::Function(letter), Some(m)) => format!("\x1b[1;{m}{letter}"),
        (Code::Tilde(number), None) => format!("\x1b[{number}~"),
        (Code::Tilde(number), Some(m)) => format!("\x1b[{number};{m}~"),
        (Code::Keypad(_, letter), None) if modes.application_keypad => format!("\x1bO{letter}"),
        (Code::Keypad(byte, _), None) => char::from(byte).to_string(),
        (Code::Keypad(..), Some(_)) => return None,
    };
    Some(text.into_bytes())
}

/// A character with modifiers.
fn typed(char: char, modifiers: Modifiers) -> Option<Vec<u8>> {
    if !modifiers.ctrl {
        let typed = match modifiers.shift {
            true => char.to_uppercase().to_string(),
            false => char.to_string(),
        };
        return Some(with_alt(typed.into_bytes(), modifiers.alt));
    }
    let byte = match char {
        'a'..='z' | '@' | '[' | '\\' | ']' | '^' | '_' => u8::try_from(char).ok()? & 0x1f,
        '?' => 0x7f,
        '/' => 0x1f,
        // A terminal sends the same for both, and nothing for any other.
        'A'..='Z' => u8::try_from(char).ok()? & 0x1f,
        _ => return None,
    };
    (!modifiers.shift).then(|| with_alt(vec![byte], modifiers.alt))
}

fn with_alt(bytes: Vec<u8>, alt: bool) -> Vec<u8> {
    match alt {
        true => [b"\x1b", &bytes[..]].concat(),
        false => bytes,
    }
}

fn no_bytes(name: &str) -> String {
    format!("<{name}>: a terminal has no bytes for this combination")
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> = names().collect();
    format!(
        "<{name}> is no key; keys are {}, each with ctrl-, alt- and shift- before it, and ctrl-a to ctrl-z, alt-x, pause-150ms",
        known.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(name: &str) -> Vec<u8> {
        encode(name, KeyModes::default()).expect("a key")
    }

    #[test]
    fn keys_without_modes() {
        for (name, bytes) in [
            ("up", "\x1b[A"),
            ("f1", "\x1bOP"),
            ("f5", "\x1b[15~"),
            ("f12", "\x1b[24~"),
            ("insert", "\x1b[2~"),
            ("shift-tab", "\x1b[Z"),
            ("ctrl-c", "\x03"),
            ("ctrl-C", "\x03"),
            ("ctrl-space", "\0"),
            ("q", "q"),
            ("shift-q", "Q"),
            ("ctrl-_", "\x1f"),
            ("alt-x", "\x1bx"),
            ("alt-X", "\x1bX"),
            ("alt-enter", "\x1b\r"),
            ("alt-backspace", "\x1b\x7f"),
            ("ctrl-alt-a", "\x1b\x01"),
            ("ctrl-right", "\x1b[1;5C"),
            ("shift-alt-ctrl-up", "\x1b[1;8A"),
            ("shift-f3", "\x1b[1;2R"),
            ("ctrl-delete", "\x1b[3;5~"),
            ("alt--", "\x1b-"),
            ("kp-5", "5"),
            ("kp-enter", "\r"),
        ] {
            assert_eq!(plain(name), bytes.as_bytes(), "{name}");
        }
    }

    #[test]
    fn modes_change_what_cursor_and_keypad_keys_send() {
        let modes = KeyModes {
            application_cursor: true,
            application_keypad: true,
            newline: true,
        };
        for (name, bytes) in [
            ("up", "\x1bOA"),
            ("home", "\x1bOH"),
            ("ctrl-up", "\x1b[1;5A"),
            ("f1", "\x1bOP"),
            ("kp-5", "\x1bOu"),
            ("kp-enter", "\x1bOM"),
            ("enter", "\r\n"),
            ("page-up", "\x1b[5~"),
        ] {
            assert_eq!(encode(name, modes).as_deref(), Ok(bytes.as_bytes()), "{name}");
        }
    }

    #[test]
    fn what_no_terminal_sends_is_refused() {
        for name in [
            "entr",
            "\n",
            "",
            "ctrl-",
            "ctrl-enter",
            "shift-enter",
            "ctrl-1",
            "f13",
            "ctrl-kp-1",
        ] {
            assert!(encode(name, KeyModes::default()).is_err(), "{name}");
        }
    }
}
