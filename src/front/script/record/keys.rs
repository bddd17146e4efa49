//! What a person's terminal sent, as keys.

/// One thing that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Printable characters, as they stood when the next key was pressed: what was erased again is not in it.
    Text(String),
    /// A key by the name that `send_key` knows.
    Key(String),
    Paste(String),
    /// A sequence that no key is known for.
    Raw(String),
}

/// The keys of what was typed; what the terminal itself said (answers to queries, focus, the mouse) is left out.
pub fn keys(typed: &str) -> Vec<Typed> {
    let mut keys = Keys::default();
    let mut rest = typed;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\x1b' => keys.escape(rest),
            _ => {
                keys.character(c);
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    keys.found
}

#[derive(Default)]
struct Keys {
    found: Vec<Typed>,
}

impl Keys {
    fn character(&mut self, c: char) {
        match c {
            '\r' | '\n' => self.key("enter"),
            '\t' => self.key("tab"),
            '\x7f' | '\x08' => self.erase(1, "backspace"),
            '\x15' => self.erase(usize::MAX, "ctrl-u"),
            '\x17' => self.erase_word(),
            '\0' => self.key("ctrl-space"),
            '\x1c' => self.key("ctrl-\\"),
            '\x1d' => self.key("ctrl-]"),
            '\x1e' => self.key("ctrl-^"),
            '\x1f' => self.key("ctrl-_"),
            c if c < ' ' => self.key(&control(c)),
            c => self.text(c),
        }
    }

    fn text(&mut self, c: char) {
        match self.found.last_mut() {
            Some(Typed::Text(text)) => text.push(c),
            _ => self.found.push(Typed::Text(c.into())),
        }
    }

    fn key(&mut self, name: &str) {
        self.found.push(Typed::Key(name.into()));
    }

    /// Takes characters of the text before it away; without any, the key itself was meant.
    fn erase(&mut self, count: usize, name: &str) {
        match self.found.last_mut() {
            Some(Typed::Text(text)) => {
                let keep = text.chars().count().saturating_sub(count);
                *text = text.chars().take(keep).collect();
                if text.is_empty() {
                    self.found.pop();
                }
            }
            _ => self.key(name),
        }
    }

    fn erase_word(&mut self) {
        let word = match self.found.last() {
            Some(Typed::Text(text)) => {
                let kept = text.trim_end();
                let start = kept.rfind(' ').map_or(0, |at| at + 1);
                text[start..].chars().count()
            }
            _ => 0,
        };
        self.erase(word, "ctrl-w");
    }

    /// Takes one sequence; its length in bytes.
    fn escape(&mut self, rest: &str) -> usize {
        let body = &rest[1..];
        match body.chars().next() {
            Some('[') => self.control_sequence(rest),
            Some('O') if body.len() > 1 => {
                let last = body[1..].chars().next().unwrap_or_default();
                match plain_key(last).or_else(|| keypad(last)) {
                    Some(name) => self.key(name),
                    None => self.raw(&rest[..2 + last.len_utf8()]),
                }
                2 + last.len_utf8()
            }
            // OSC, DCS, APC, PM: only a terminal says them.
            Some(']' | 'P' | '_' | '^') => string_length(rest),
            Some(c) if c != '\x1b' && !c.is_control() => {
                self.key(&format!("alt-{c}"));
                1 + c.len_utf8()
            }
            Some('\x7f') => {
                self.key("alt-backspace");
                2
            }
            Some('\r') => {
                self.key("alt-enter");
                2
            }
            _ => {
                self.key("esc");
                1
            }
        }
    }

    fn control_sequence(&mut self, rest: &str) -> usize {
        if let Some(pasted) = rest.strip_prefix("\x1b[200~") {
            let text = pasted.split("\x1b[201~").next().unwrap_or_default();
            self.found.push(Typed::Paste(text.replace('\r', "\n")));
            return ("\x1b[200~".len() + text.len() + "\x1b[201~".len()).min(rest.len());
        }
        // The mouse's old form: three bytes behind the M.
        if rest.starts_with("\x1b[M") {
            return rest.char_indices().nth(6).map_or(rest.len(), |(at, _)| at);
        }
        let Some(end) = rest[2..].find(|c: char| ('@'..='~').contains(&c)) else {
            return rest.len();
        };
        let (parameters, last) = (&rest[2..2 + end], rest.as_bytes()[2 + end] as char);
        let length = 3 + end;
        match (last, named(parameters, last)) {
            (_, Some(name)) => self.key(&name),
            _ if said_by_the_terminal(parameters, last) => {}
            _ => self.raw(&rest[..length]),
        }
        length
    }

    fn raw(&mut self, sequence: &str) {
        self.found.push(Typed::Raw(sequence.into()));
    }
}

fn control(c: char) -> String {
    format!("ctrl-{}", char::from(c as u8 + b'a' - 1))
}

/// The key of `CSI parameters last`, with its modifiers.
fn named(parameters: &str, last: char) -> Option<String> {
    let mut numbers = parameters.split(';');
    let first = numbers.next().unwrap_or_default();
    let modifiers = match numbers.next() {
        Some(number) => modifiers(number.parse().ok()?)?,
        None => String::new(),
    };
    if numbers.next().is_some() {
        return None;
    }
    let name = match (last, first) {
        ('~', number) => numbered_key(number.parse().ok()?)?,
        ('Z', "") => return Some("shift-tab".into()),
        // With one number that is not 1 it is a reply: `CSI 12 ; 40 R`.
        (_, "" | "1") => plain_key(last)?,
        _ => return None,
    };
    Some(format!("{modifiers}{name}"))
}

/// 1 and a bit for each of shift, alt, ctrl.
fn modifiers(number: u8) -> Option<String> {
    let bits = number.checked_sub(1).filter(|bits| (1..8).contains(bits))?;
    let names = [(4, "ctrl-"), (2, "alt-"), (1, "shift-")];
    Some(
        names
            .iter()
            .filter(|(bit, _)| bits & bit != 0)
            .map(|(_, name)| *name)
            .collect(),
    )
}

fn plain_key(last: char) -> Option<&'static str> {
    Some(match last {
        'A' => "up",
        'B' => "down",
        'C' => "right",
        'D' => "left",
        'F' => "end",
        'H' => "home",
        'P' => "f1",
        'Q' => "f2",
        'R' => "f3",
        'S' => "f4",
        _ => return None,
    })
}

/// In application mode; `M` is its Enter.
fn keypad(last: char) -> Option<&'static str> {
    const DIGITS: [&str; 10] = [
        "kp-0", "kp-1", "kp-2", "kp-3", "kp-4", "kp-5", "kp-6", "kp-7", "kp-8", "kp-9",
    ];
    Some(match last {
        'p'..='y' => DIGITS[last as usize - 'p' as usize],
        'n' => "kp-decimal",
        'k' => "kp-plus",
        'm' => "kp-minus",
        'j' => "kp-multiply",
        'o' => "kp-divide",
        'M' => "kp-enter",
        _ => return None,
    })
}

fn numbered_key(number: u8) -> Option<&'static str> {
    Some(match number {
        1 | 7 => "home",
        2 => "insert",
        3 => "delete",
        4 | 8 => "end",
        5 => "page-up",
        6 => "page-down",
        11 => "f1",
        12 => "f2",
        13 => "f3",
        14 => "f4",
        15 => "f5",
        17 => "f6",
        18 => "f7",
        19 => "f8",
        20 => "f9",
        21 => "f10",
        23 => "f11",
        24 => "f12",
        _ => return None,
    })
}

/// Answers to queries, focus, the mouse.
fn said_by_the_terminal(parameters: &str, last: char) -> bool {
    match last {
        'R' | 'n' | 't' | 'y' | 'c' => true,
        'u' => parameters.starts_with('?'),
        'I' | 'O' => parameters.is_empty(),
        'M' | 'm' => parameters.starts_with('<'),
        _ => false,
    }
}

/// Up to BEL or ST, or all there is.
fn string_length(rest: &str) -> usize {
    let bell = rest.find('\x07').map(|at| at + 1);
    let terminator = rest.find("\x1b\\").map(|at| at + 2);
    bell.into_iter().chain(terminator).min().unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::protocol::keys as encode;

    fn key(name: &str) -> Typed {
        Typed::Key(name.into())
    }

    fn text(text: &str) -> Typed {
        Typed::Text(text.into())
    }

    #[test]
    fn a_line_is_text_and_enter_as_it_stood_at_the_end() {
        assert_eq!(keys("ls\r"), [text("ls"), key("enter")]);
        assert_eq!(keys("lx\x7fs -la\x17-l\r"), [text("ls -l"), key("enter")]);
        assert_eq!(keys("wrong\x15right\n"), [text("right"), key("enter")]);
        assert_eq!(keys("é\x7f\x7f"), [key("backspace")]);
    }

    #[test]
    fn keys_have_names_whatever_mode_they_were_sent_in() {
        assert_eq!(keys("\x1b[A\x1bOB"), [key("up"), key("down")]);
        assert_eq!(
            keys("\x1b[1;5C\x1b[3~\x1b[15~\x1b[Z"),
            [key("ctrl-right"), key("delete"), key("f5"), key("shift-tab")]
        );
        assert_eq!(
            keys("\x03\x04\x1d\x00"),
            [key("ctrl-c"), key("ctrl-d"), key("ctrl-]"), key("ctrl-space")]
        );
        assert_eq!(keys("\x1bx\x1b"), [key("alt-x"), key("esc")]);
        assert_eq!(
            keys("\x1b[200~a\rb\x1b[201~c"),
            [Typed::Paste("a\nb".into()), text("c")]
        );
    }

    #[test]
    fn every_key_that_can_be_sent_is_known_again() {
        let application = encode::KeyModes {
            application_cursor: true,
            application_keypad: true,
            newline: false,
        };
        let plain = ["enter", "newline", "space", "lt"];
        for name in encode::names().filter(|name| !plain.contains(name)) {
            let bytes = encode::encode(name, application).expect("a key");
            let typed = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(keys(&typed), [key(name)], "{typed:?}");
        }
        for typed in [
            "\x1b[1;2A",
            "\x1b[3;6~",
            "\x1b\x7f",
            "\x1b\r",
            "\x1c",
            "\x1e",
            "\x1f",
            "\0",
        ] {
            let [Typed::Key(name)] = &keys(typed)[..] else {
                panic!("{typed:?} is one key")
            };
            let bytes = encode::encode(name, encode::KeyModes::default());
            assert_eq!(bytes.as_deref(), Ok(typed.as_bytes()), "{name}");
        }
    }

    #[test]
    fn what_the_terminal_said_is_nobodys_typing() {
        let said =
            "\x1b[12;40R\x1b[?62;22c\x1b[0n\x1b]11;rgb:0/0/0\x1b\\\x1bP>|x\x1b\\\x1b[I\x1b[<0;3;4M\x1b[M !!";
        assert_eq!(keys(said), []);
        assert_eq!(keys("\x1b[99;9q"), [Typed::Raw("\x1b[99;9q".into())]);
    }
}
