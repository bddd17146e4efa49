//! States: from their words to conditions.

use super::Resolver;
use crate::engine::protocol::diagnostic::{did_you_mean, line_col};
use crate::engine::protocol::file;
use crate::engine::protocol::spec::*;

impl Resolver<'_> {
    pub(super) fn rule(&mut self, form: &file::State) -> Rule {
        let line = line_col(self.source, self.span().start).0;
        Rule {
            name: form.name.clone(),
            kind: kind(form.kind),
            when: self.conditions(form),
            question: self.optional_pattern("question", form.question.as_deref()),
            choices: self.choices(&form.choices),
            choice_pattern: self.optional_pattern("choice_pattern", form.choice_pattern.as_deref()),
            menu: self.menu(form),
            accept: match form.moves {
                Some(_) => None,
                None => self.optional_keys("accept", form.accept.as_deref()),
            },
            deny: self.optional_keys("deny", form.deny.as_deref()),
            allow: self.optional_pattern("allow", form.allow.as_deref()),
            auto: self.optional_keys("auto", form.auto.as_deref()),
            quit: self.optional_keys("quit", form.quit.as_deref()),
            ends_turn: form.ends_turn,
            reason: form.reason.map(super::sections::reason),
            line: u32::try_from(line).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn choices(&mut self, choices: &[file::Choice]) -> Vec<Choice> {
        self.at("choices", |r| {
            let one = |r: &mut Self, index: usize, choice: &file::Choice| {
                let send = r.nth(index, |r| r.at("send", |r| r.keys(&choice.send)));
                Choice {
                    label: choice.label.clone(),
                    send,
                }
            };
            choices
                .iter()
                .enumerate()
                .map(|(index, choice)| one(r, index, choice))
                .collect()
        })
    }

    /// What is missing of it, `check` tells.
    fn menu(&mut self, form: &file::State) -> Option<Menu> {
        let moves = form.moves.as_deref().unwrap_or_default();
        let moves: Vec<Keys> = self.at("move", |r| {
            let one = |(index, keys): (usize, &String)| r.nth(index, |r| r.keys(keys));
            moves.iter().enumerate().map(one).collect()
        });
        let accept = self.optional_keys("accept", form.accept.as_deref())?;
        let [previous, next] = <[Keys; 2]>::try_from(moves).ok()?;
        Some(Menu {
            previous,
            next,
            accept,
            style: form.marker_style.map(marker_style),
        })
    }

    pub(super) fn conditions(&mut self, form: &file::State) -> Conditions {
        let prompt = matches!(form.kind, file::Kind::Ready | file::Kind::Continuation);
        let mut modes = self.modes(form);
        if prompt && !modes.iter().any(|(mode, _)| *mode == 1049) {
            modes.push((1049, false));
        }
        Conditions {
            cursor_line: self.optional_pattern("cursor_line", form.cursor_line.as_deref()),
            lines_above: self.optional_pattern("lines_above", form.lines_above.as_deref()),
            screen: self.optional_pattern("screen", form.screen.as_deref()),
            title: self.optional_pattern("title", form.title.as_deref()),
            modes,
            tty: tty(form.tty, prompt),
            waiting: waiting(form.waiting, prompt),
            foreground: match form.foreground {
                Some(file::Foreground::Any) => None,
                Some(file::Foreground::Tool) => Some(ForegroundWanted::Tool),
                Some(file::Foreground::Other) => Some(ForegroundWanted::Other),
                None => prompt.then_some(ForegroundWanted::Tool),
            },
            process: self.optional_pattern("process", form.process.as_deref()),
            prompt_mark: match form.prompt_mark {
                Some(file::PromptMark::Any) => MarkWanted::Any,
                Some(file::PromptMark::IfUsed) => MarkWanted::IfUsed,
                Some(file::PromptMark::Required) => MarkWanted::Required,
                None if form.kind == file::Kind::Ready => MarkWanted::IfUsed,
                None => MarkWanted::Any,
            },
            last_mark: form.last_mark.map(mark),
            status: self.optional_pattern("status", form.status.as_deref()),
            notification: self.optional_pattern("notification", form.notification.as_deref()),
            progress: form.progress,
            cursor_visible: form.cursor_visible,
            said: form.said.clone(),
            after_busy: form.after_busy,
            after_busy_unless_quiet: self
                .optional_duration("after_busy_unless_quiet", form.after_busy_unless_quiet.as_deref()),
            constant: form.constant.clone(),
            quiet: self.optional_duration("quiet", form.quiet.as_deref()),
        }
    }

    pub(super) fn modes(&mut self, form: &file::State) -> Vec<(u16, bool)> {
        self.at("modes", |r| {
            let mut modes = Vec::new();
            for (name, set) in &form.modes {
                if let Some(mode) = r.at(name, |r| r.mode(name)) {
                    modes.push((mode, *set));
                }
            }
            modes
        })
    }

    pub(super) fn mode(&mut self, name: &str) -> Option<u16> {
        const NAMES: &[(&str, u16)] = &[
            ("application_cursor", 1),
            ("focus", 1004),
            ("alternate_screen", 1049),
            ("bracketed_paste", 2004),
            ("synchronized", 2026),
        ];
        if let Some((_, mode)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Some(*mode);
        }
        if let Ok(mode) = name.parse() {
            return Some(mode);
        }
        let near = did_you_mean(name, NAMES.iter().map(|(known, _)| *known));
        let hint = near.map_or("use a DEC private mode's number".into(), |near| {
            format!("did you mean {near}?")
        });
        self.error(format!("{name:?} is no terminal mode"), &hint);
        None
    }
}

pub(super) fn short_state(name: &str, kind: file::Kind) -> file::State {
    file::State {
        name: name.to_owned(),
        kind,
        cursor_line: None,
        lines_above: None,
        screen: None,
        title: None,
        modes: Default::default(),
        tty: None,
        waiting: None,
        foreground: None,
        process: None,
        prompt_mark: None,
        last_mark: None,
        status: None,
        notification: None,
        progress: None,
        cursor_visible: None,
        said: None,
        after_busy: false,
        after_busy_unless_quiet: None,
        constant: Vec::new(),
        quiet: None,
        question: None,
        choices: Vec::new(),
        choice_pattern: None,
        moves: None,
        accept: None,
        marker_style: None,
        deny: None,
        allow: None,
        auto: None,
        quit: None,
        ends_turn: false,
        reason: None,
    }
}

fn kind(kind: file::Kind) -> Kind {
    match kind {
        file::Kind::Ready => Kind::Ready,
        file::Kind::Continuation => Kind::Continuation,
        file::Kind::Busy => Kind::Busy,
        file::Kind::Draft => Kind::Draft,
        file::Kind::Question => Kind::Blocked(BlockKind::Question),
        file::Kind::Confirm => Kind::Blocked(BlockKind::Confirm),
        file::Kind::Secret => Kind::Blocked(BlockKind::Secret),
        file::Kind::Pager => Kind::Blocked(BlockKind::Pager),
        file::Kind::Fullscreen => Kind::Blocked(BlockKind::Fullscreen),
        file::Kind::Subprompt => Kind::Blocked(BlockKind::Subprompt),
        file::Kind::Permission => Kind::Blocked(BlockKind::Permission),
        file::Kind::Login => Kind::Blocked(BlockKind::Login),
    }
}

fn marker_style(style: file::MarkerStyle) -> MarkerStyle {
    match style {
        file::MarkerStyle::Reverse => MarkerStyle::Reverse,
        file::MarkerStyle::Bold => MarkerStyle::Bold,
        file::MarkerStyle::Underline => MarkerStyle::Underline,
        file::MarkerStyle::Background => MarkerStyle::Background,
    }
}

fn tty(tty: Option<file::Tty>, prompt: bool) -> TtyWanted {
    let flags = |echo, canonical| TtyWanted::Flags { echo, canonical };
    match tty {
        Some(file::Tty::Any) => TtyWanted::Any,
        Some(file::Tty::AsFirstReady) => TtyWanted::AsFirstReady,
        // ghci's editor leaves ICANON on: ECHO alone tells an editor.
        Some(file::Tty::Raw) => flags(Some(false), None),
        Some(file::Tty::Cooked) => flags(Some(true), Some(true)),
        Some(file::Tty::Hidden) => flags(Some(false), Some(true)),
        None if prompt => TtyWanted::AsFirstReady,
        None => TtyWanted::Any,
    }
}

fn waiting(waiting: Option<file::Waiting>, prompt: bool) -> Option<WaitingWanted> {
    match waiting {
        Some(file::Waiting::Any) => None,
        Some(file::Waiting::Input) => Some(WaitingWanted::Input),
        Some(file::Waiting::Read) => Some(WaitingWanted::Read),
        Some(file::Waiting::Nothing) => Some(WaitingWanted::No),
        None => prompt.then_some(WaitingWanted::Input),
    }
}

fn mark(mark: file::Mark) -> MarkKind {
    match mark {
        file::Mark::Prompt => MarkKind::Prompt,
        file::Mark::Input => MarkKind::Input,
        file::Mark::Output => MarkKind::Output,
        file::Mark::Done => MarkKind::Done,
    }
}
