//! Replies of a tool that lays its text out itself.

use super::*;
use crate::engine::term::testing::Chance;

const ROWS: usize = 40;
/// Header, blank row and spinner, three rows of composer.
const BODY: usize = ROWS - 1 - 2 - 3;

const AGENT: &str = r#"
name = "agent"
command = ["agent"]
exit = "/exit"
include = []

[submit]
enter_apart = true

[[state]]
name = "busy"
kind = "busy"
title = '^busy'

[[state]]
name = "ready"
kind = "ready"
title = '^ready'
modes = { alternate_screen = true }
tty = "any"
waiting = "any"
foreground = "any"

[response]
prompt_echo = '^> \S'
composer = '^─{20,}\n> '
header = '^Tabs .*'
footer = ['^\S Working for \d+']
marker = '^● '
indent = 2
"#;

/// The same on the ordinary screen.
fn inline(protocol: &str) -> String {
    protocol.replace("alternate_screen = true", "alternate_screen = false")
}

/// A tool that paints its conversation's tail.
struct App {
    lines: Vec<String>,
    ticks: usize,
    /// Rows of the conversation that are on the screen, when it scrolls with the terminal's own means.
    shown: usize,
}

impl App {
    fn frame(&mut self, draft: &str) -> String {
        use std::fmt::Write;
        self.ticks += 1;
        self.shown = self.lines.len();
        let mut out = String::new();
        let mut row = |y: usize, text: &str| {
            let _ = write!(out, "\x1b[{};1H\x1b[K{text}", y + 1);
        };
        row(0, &format!("Tabs  {}", self.ticks));
        let from = self.lines.len().saturating_sub(BODY);
        for y in 0..BODY {
            row(y + 1, self.lines.get(from + y).map_or("", String::as_str));
        }
        let spinner = ["|", "/", "-", "+"][self.ticks % 4];
        let below = 1 + self.lines.len().min(BODY);
        row(below + 1, &format!("{spinner} Working for {}s", self.ticks));
        if below + 1 != ROWS - 4 {
            row(ROWS - 4, "");
        }
        row(ROWS - 3, &"─".repeat(80));
        row(ROWS - 2, &format!("> {draft}"));
        row(ROWS - 1, &"─".repeat(80));
        out
    }

    /// Scrolls the region of the conversation for what is new, then paints the rest anew.
    fn scrolled_frame(&mut self) -> String {
        use std::fmt::Write;
        let mut out = String::new();
        // There may be room left below what was shown.
        for y in self.shown.min(BODY)..self.lines.len().min(BODY) {
            let _ = write!(out, "\x1b[{};1H\x1b[K{}", y + 2, self.lines[y]);
        }
        let _ = write!(out, "\x1b[2;{}r", BODY + 1);
        for line in &self.lines[self.shown.max(BODY).min(self.lines.len())..] {
            let _ = write!(out, "\x1b[{};1H\n\r\x1b[K{line}", BODY + 1);
        }
        out.push_str("\x1b[r");
        out + &self.frame("")
    }
}

fn reply(chance: &mut Chance, len: usize) -> Vec<String> {
    let mut lines: Vec<String> = (0..len)
        .map(|n| match chance.below(10) {
            0 | 1 => String::new(),
            2 => "  }".into(),
            3 => "  same again".into(),
            _ => format!("  line {n} of the reply"),
        })
        .collect();
    lines.insert(0, "● it starts".into());
    lines.push("  it ends".into());
    lines
}

fn text_of(lines: &[String]) -> String {
    let cut = |line: &String| {
        let line = line.strip_prefix("● ").or_else(|| line.strip_prefix("  "));
        line.unwrap_or("").to_owned()
    };
    lines.iter().map(cut).collect::<Vec<_>>().join("\n")
}

/// A session at its prompt, and an application with a conversation behind it.
fn started(chance: &mut Chance, prompt: &str) -> (Rig, App) {
    let mut rig = Rig::new(AGENT);
    rig.session.resize(
        Size {
            cols: 80,
            rows: ROWS as u16,
        },
        rig.now,
    );
    let mut app = App {
        lines: (0..chance.below(60)).map(|n| format!("  banner {n}")).collect(),
        ticks: 0,
        shown: 0,
    };
    rig.prints(&format!("\x1b[?1049h\x1b]0;ready\x07{}", app.frame("")));
    assert_eq!(rig.state(), "ready");
    rig.asks(prompt);
    rig.prints(&app.frame(prompt));
    rig.waits(Duration::from_millis(500));
    app.lines.extend([format!("> {prompt}"), String::new()]);
    rig.prints(&format!("\x1b]0;busy\x07{}", app.frame("")));
    (rig, app)
}

fn prints_in_pieces(rig: &mut Rig, chance: &mut Chance, text: &str) {
    let longest = [1, 7, 64, 4096][chance.below(4)];
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let (piece, later) = rest.split_at((chance.below(longest) + 1).min(rest.len()));
        rig.session.handle_output(piece, rig.now);
        rest = later;
    }
    rig.now = rig.now + Duration::from_millis(10);
    rig.session.handle_drained(rig.now);
    rig.settle();
}

/// Hands `lines` over in random steps; some lines are painted twice, the first time only their start.
fn stream(rig: &mut Rig, app: &mut App, chance: &mut Chance, lines: &[String], scrolls: bool) {
    let mut rest = lines;
    while !rest.is_empty() {
        let mut burst = String::new();
        let synchronized = chance.below(2) == 0;
        for _ in 0..if synchronized { chance.below(4) + 1 } else { 1 } {
            let most = if scrolls { 100 } else { BODY / 2 };
            let (now, later) = rest.split_at((chance.below(most) + 1).min(rest.len()));
            rest = later;
            app.lines.extend_from_slice(now);
            let frame = if scrolls {
                app.scrolled_frame()
            } else {
                app.frame("")
            };
            burst += &if synchronized {
                format!("\x1b[?2026h{frame}\x1b[?2026l")
            } else {
                frame
            };
            if let Some(part) = later.first().filter(|line| line.len() > 6 && !scrolls) {
                app.lines.push(part[..5].to_owned());
                let frame = app.frame("");
                burst += &if synchronized {
                    format!("\x1b[?2026h{frame}\x1b[?2026l")
                } else {
                    frame
                };
                app.lines.pop();
            }
        }
        prints_in_pieces(rig, chance, &burst);
    }
}

#[test]
fn frames_of_an_alternate_screen_give_every_line_once() {
    for seed in 0..150 {
        let mut chance = Chance::new(seed);
        let (mut rig, mut app) = started(&mut chance, "how much is it?");
        let len = chance.below(400);
        let lines = reply(&mut chance, len);
        stream(&mut rig, &mut app, &mut chance, &lines, seed % 3 == 0);
        rig.prints(&format!("\x1b]0;ready\x07{}", app.frame("")));
        let response = rig.response().expect("the turn is over");
        assert_eq!(response.text, text_of(&lines), "seed {seed}");
        assert!(response.complete && !response.truncated, "seed {seed}");
    }
}

#[test]
fn rows_that_were_never_shown_are_told() {
    let mut chance = Chance::new(1);
    let (mut rig, mut app) = started(&mut chance, "how much is it?");
    let lines = reply(&mut chance, 200);
    for part in lines.chunks(80) {
        app.lines.extend_from_slice(part);
        rig.prints(&app.frame(""));
    }
    rig.prints(&format!("\x1b]0;ready\x07{}", app.frame("")));
    let response = rig.response().expect("the turn is over");
    assert!(response.truncated && !response.complete && response.lost_bytes.is_some());
    assert!(response.text.ends_with("it ends"), "{}", response.text);
}

#[test]
fn pages_before_the_one_with_the_prompt_are_no_loss() {
    let page = |lines: &[&str]| App {
        lines: lines.iter().map(|line| format!("  {line}")).collect(),
        ticks: 0,
        shown: 0,
    };
    for between in [
        vec!["loading", "the session", "of today"],
        vec!["a", "b", "c", "d", "e", "f", "g"],
    ] {
        let mut chance = Chance::new(3);
        let (mut rig, mut app) = started(&mut chance, "how much is it?");
        let _ = rig.response();
        rig.prints(&format!("\x1b]0;ready\x07{}", app.frame("")));
        let _ = rig.response();
        rig.asks("first of all");
        rig.prints(&app.frame("first of all"));
        rig.waits(Duration::from_millis(500));
        rig.prints(&format!("\x1b]0;busy\x07{}", page(&between).frame("")));
        // What is shown beside the session stays when the conversation comes.
        app.lines = page(&between).lines;
        app.lines.extend(["> first of all".into(), String::new()]);
        rig.prints(&app.frame(""));
        let lines = reply(&mut chance, 100);
        stream(&mut rig, &mut app, &mut chance, &lines, false);
        rig.prints(&format!("\x1b]0;ready\x07{}", app.frame("")));
        let response = rig.response().expect("the turn is over");
        assert_eq!(response.text, text_of(&lines));
        assert!(
            response.complete && !response.truncated,
            "{:?}",
            response.lost_bytes
        );
    }
}

#[test]
fn a_second_prompt_of_the_same_words_has_its_own_reply() {
    let mut chance = Chance::new(2);
    let (mut rig, mut app) = started(&mut chance, "again");
    app.lines.extend(["● first".into(), String::new()]);
    rig.prints(&format!("\x1b]0;ready\x07{}", app.frame("")));
    assert_eq!(rig.response().expect("over").text, "first");
    rig.asks("again");
    rig.prints(&app.frame("again"));
    rig.waits(Duration::from_millis(500));
    app.lines.extend(["> again".into(), String::new()]);
    rig.prints(&format!("\x1b]0;busy\x07{}", app.frame("")));
    app.lines.extend(["● second".into(), String::new()]);
    rig.prints(&format!("\x1b]0;ready\x07{}", app.frame("")));
    assert_eq!(rig.response().expect("over").text, "second");
}

#[test]
fn an_inline_tool_leaves_its_lines_in_the_history() {
    let protocol = inline(AGENT).replace("'^ready'", "'^ready'\nafter_busy = true\n\n[[state]]\nname = \"first\"\nkind = \"ready\"\ntitle = '^ready'\nscreen = 'welcome'");
    let mut rig = Rig::new(&protocol);
    rig.tty = editor_at_prompt();
    let composer = |draft: &str| format!("{0}\r\n> {draft}\r\n{0}\x1b[1A\x1b[3G", "─".repeat(80));
    let erase = "\x1b[1A\r\x1b[J";
    rig.prints(&format!("\x1b]0;ready\x07welcome\r\n\r\n{}", composer("")));
    assert_eq!(rig.state(), "ready");
    rig.asks("count");
    rig.prints(&format!("{erase}{}", composer("count")));
    rig.waits(Duration::from_millis(500));
    rig.prints(&format!(
        "\x1b]0;busy\x07{erase}> count\r\n\r\n● it starts\r\n{}",
        composer("")
    ));
    for n in 0..100 {
        rig.prints(&format!(
            "{erase}  line {n}\r\n/ Working for {n}s\r\n{}",
            composer("")
        ));
        rig.prints(&format!("\x1b[1A\x1b[1A\r\x1b[J{}", composer("")));
    }
    rig.prints(&format!(
        "\x1b]0;ready\x07{erase}\r\n+ Working for 3s\r\n{}",
        composer("")
    ));
    let expected: Vec<String> = (0..100).map(|n| format!("line {n}")).collect();
    assert_eq!(
        rig.response().expect("over").text,
        format!("it starts\n{}", expected.join("\n"))
    );
}
