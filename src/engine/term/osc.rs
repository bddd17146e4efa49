//! Operating system commands and device control strings: recorded as events, answered where they ask, never obeyed.

use super::state::Term;
use super::style::Style;
use super::{ShellMark, TermEventKind};
use crate::engine::limits;

/// How a string sequence began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StringKind {
    Osc,
    Dcs,
    /// SOS, PM or APC: nothing here means anything to this terminal.
    Ignored(&'static str),
}

/// How an OSC ended; its answer ends the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Terminator {
    Bel,
    St,
}

impl Term {
    pub fn string_dispatch(&mut self, kind: StringKind, payload: &[u8], too_long: bool, end: Terminator) {
        self.last_printed = None;
        match kind {
            _ if too_long => self.unknown_string(kind.name(), payload, true),
            StringKind::Osc => self.osc(payload, end),
            StringKind::Dcs => self.dcs(payload),
            StringKind::Ignored(name) => self.unknown_string(name, payload, false),
        }
    }

    fn osc(&mut self, payload: &[u8], end: Terminator) {
        let text = String::from_utf8_lossy(payload);
        let (number, rest) = text.split_once(';').unwrap_or((&text, ""));
        match number {
            "0" => {
                self.set_title(rest);
                self.emit(TermEventKind::Title(rest.to_owned()));
            }
            "2" => {
                self.set_title(rest);
                self.emit(TermEventKind::Title(rest.to_owned()));
            }
            "1" => self.emit(TermEventKind::IconName(rest.to_owned())),
            "4" => self.osc_palette(rest, end),
            "7" => self.emit(TermEventKind::WorkingDirectory(rest.to_owned())),
            "8" => self.osc_link(rest),
            "9" => self.osc_9(rest),
            "10" | "11" | "12" => self.osc_dynamic_colors(number, rest, end),
            "52" => self.osc_clipboard(rest),
            "99" => {
                let body = rest.split_once(';').map_or(rest, |(_, body)| body);
                self.notification(None, body);
            }
            "133" => self.osc_shell_mark(rest, payload),
            "777" => self.osc_777(rest, payload),
            "7501" => self.osc_program_status(rest),
            // Resetting colours that were never changed.
            "104" | "110" | "111" | "112" => {}
            _ => self.unknown_string("OSC", payload, false),
        }
    }

    pub fn set_title(&mut self, title: &str) {
        self.title = Some(title.to_owned());
    }

    fn osc_link(&mut self, rest: &str) {
        let url = rest.split_once(';').map_or("", |(_, url)| url);
        let link = self.link_to(url);
        self.set_style(Style { link, ..self.style });
        self.emit(TermEventKind::Hyperlink(
            (!url.is_empty()).then(|| url.to_owned()),
        ));
    }

    fn notification(&mut self, title: Option<&str>, body: &str) {
        let (title, body) = (title.map(str::to_owned), body.to_owned());
        self.emit(TermEventKind::Notification { title, body });
    }

    /// OSC 9: a notification, or with `4;` a progress report (ConEmu).
    fn osc_9(&mut self, rest: &str) {
        let Some(progress) = rest.strip_prefix("4;") else {
            self.notification(None, rest);
            return;
        };
        let mut numbers = progress.split(';');
        let state = numbers.next().and_then(|s| s.parse().ok());
        let percent = numbers
            .next()
            .and_then(|p| p.parse::<u8>().ok())
            .map(|p| p.min(100));
        match state {
            Some(state @ 0..=4) => self.emit(TermEventKind::Progress { state, percent }),
            _ => self.notification(None, rest),
        }
    }

    fn osc_clipboard(&mut self, rest: &str) {
        let (selection, data) = rest.split_once(';').unwrap_or((rest, ""));
        let kind = TermEventKind::Clipboard {
            selection: selection.to_owned(),
            bytes: if data == "?" {
                0
            } else {
                data.len() / 4 * 3
                    - data
                        .bytes()
                        .rev()
                        .take_while(|b| *b == b'=')
                        .count()
                        .min(data.len() / 4 * 3)
            },
            query: data == "?",
        };
        self.emit(kind);
    }

    fn osc_shell_mark(&mut self, rest: &str, payload: &[u8]) {
        let mut params = rest.split(';');
        let mark = match params.next() {
            Some("A" | "N" | "P") => ShellMark::Prompt,
            Some("B" | "I") => ShellMark::Input,
            Some("C") => ShellMark::Output,
            Some("D") => ShellMark::Done,
            _ => return self.unknown_string("OSC", payload, false),
        };
        self.emit(TermEventKind::ShellMark {
            mark,
            params: params.map(str::to_owned).collect(),
        });
    }

    fn osc_777(&mut self, rest: &str, payload: &[u8]) {
        let mut parts = rest.splitn(3, ';');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("notify"), title, body) => self.notification(title, body.unwrap_or("")),
            _ => self.unknown_string("OSC", payload, false),
        }
    }

    /// OSC 7501: the query is answered with what this side understands, anything else is a status.
    fn osc_program_status(&mut self, rest: &str) {
        if rest == "?" {
            self.reply(
                "\x1b]7501;?:states=idle,working,done,blocked,error:kinds=permission,question,auth\x1b\\",
            );
        } else {
            self.emit(TermEventKind::ProgramStatus(rest.to_owned()));
        }
    }

    /// `OSC 4 ; index ; ? [; index ; ?]…`. Setting a colour changes nothing: nobody looks.
    fn osc_palette(&mut self, rest: &str, end: Terminator) {
        let mut parts = rest.split(';');
        while let (Some(index), Some(what)) = (parts.next(), parts.next()) {
            if let (Ok(index), "?") = (index.parse::<u8>(), what) {
                let [r, g, b] = palette(index);
                self.reply_color(&format!("4;{index}"), [r, g, b], end);
            }
        }
    }

    /// OSC 10, 11, 12: several values in one go belong to the numbers that follow.
    fn osc_dynamic_colors(&mut self, number: &str, rest: &str, end: Terminator) {
        let first = number.parse::<u16>().unwrap_or(10);
        for (number, what) in (first..=12).zip(rest.split(';')) {
            if what == "?" {
                let color = if number == 11 {
                    [0, 0, 0]
                } else {
                    [0xe5, 0xe5, 0xe5]
                };
                self.reply_color(&number.to_string(), color, end);
            }
        }
    }

    fn reply_color(&mut self, what: &str, [r, g, b]: [u8; 3], end: Terminator) {
        let end = if end == Terminator::Bel { "\x07" } else { "\x1b\\" };
        self.reply(&format!(
            "\x1b]{what};rgb:{r:02x}{r:02x}/{g:02x}{g:02x}/{b:02x}{b:02x}{end}"
        ));
    }

    fn dcs(&mut self, payload: &[u8]) {
        if let Some(names) = payload.strip_prefix(b"+q") {
            self.reply_terminfo(names);
        } else if let Some(setting) = payload.strip_prefix(b"$q") {
            self.reply_setting(setting);
        } else {
            self.unknown_string("DCS", payload, false);
        }
    }

    /// XTGETTCAP: three capabilities that programs act on; everything else is unknown. Only known names are repeated.
    fn reply_terminfo(&mut self, names: &[u8]) {
        for name in names.split(|b| *b == b';').take(limits::MAX_TERMINFO_NAMES) {
            let answer = match name.to_ascii_uppercase().as_slice() {
                b"544E" => "\x1bP1+r544E=787465726D2D323536636F6C6F72\x1b\\",
                b"436F" => "\x1bP1+r436F=323536\x1b\\",
                b"524742" => "\x1bP1+r524742=382F382F38\x1b\\",
                _ => "\x1bP0+r\x1b\\",
            };
            self.reply(answer);
        }
    }

    /// DECRQSS for settings that have a state here.
    fn reply_setting(&mut self, setting: &[u8]) {
        let m = self.margins;
        let value = match setting {
            b"m" => {
                let mut sgr = String::new();
                self.style.to_sgr(&mut sgr);
                sgr.split_off(2)
            }
            b"r" => format!("{};{}r", m.top + 1, m.bottom + 1),
            b"s" => format!("{};{}s", m.left + 1, m.right + 1),
            b" q" => format!("{} q", self.cursor_shape.max(1)),
            b"\"q" => format!("{}\"q", u8::from(self.protected)),
            b"\"p" => "64;1\"p".to_owned(),
            b"t" => format!("{}t", self.size.rows),
            _ => {
                self.reply("\x1bP0$r\x1b\\");
                return;
            }
        };
        self.reply(&format!("\x1bP1$r{value}\x1b\\"));
    }
}

impl StringKind {
    fn name(self) -> &'static str {
        match self {
            StringKind::Osc => "OSC",
            StringKind::Dcs => "DCS",
            StringKind::Ignored(name) => name,
        }
    }
}

/// xterm's default palette.
fn palette(index: u8) -> [u8; 3] {
    const NORMAL: [[u8; 3]; 16] = [
        [0, 0, 0],
        [205, 0, 0],
        [0, 205, 0],
        [205, 205, 0],
        [0, 0, 238],
        [205, 0, 205],
        [0, 205, 205],
        [229, 229, 229],
        [127, 127, 127],
        [255, 0, 0],
        [0, 255, 0],
        [255, 255, 0],
        [92, 92, 255],
        [255, 0, 255],
        [0, 255, 255],
        [255, 255, 255],
    ];
    let level = |n: u8| if n == 0 { 0 } else { 55 + n * 40 };
    match index {
        0..=15 => NORMAL[usize::from(index)],
        16..=231 => {
            let n = index - 16;
            [level(n / 36), level(n / 6 % 6), level(n % 6)]
        }
        232..=255 => [8 + (index - 232) * 10; 3],
    }
}
