//! Each table of the file, with its defaults.

use std::time::Duration;

use super::values::never;
use super::{COOKED_LINE_BYTES, DEFAULT_COLS, DEFAULT_ROWS, Resolver};
use crate::engine::limits;
use crate::engine::protocol::file::{self, File};
use crate::engine::protocol::keys;
use crate::engine::protocol::spec::*;

impl Resolver<'_> {
    pub(super) fn tool_version(&mut self, form: &file::ToolVersion) -> ToolVersion {
        let pattern = self.at("pattern", |r| r.compiled(&form.pattern));
        ToolVersion {
            command: form.command.clone(),
            pattern: pattern.unwrap_or_else(never),
        }
    }

    pub(super) fn spawn(&mut self, form: &File) -> Spawn {
        let mut programs: Vec<String> = form.command.first().cloned().into_iter().collect();
        programs.extend(form.programs.iter().cloned());
        let spawn = &form.spawn;
        for (key, side) in [("cols", spawn.cols), ("rows", spawn.rows)] {
            if side.is_some_and(|side| !(2..=4096).contains(&side)) {
                self.at(key, |r| {
                    r.error("a terminal has between 2 and 4096 cells a side", "")
                });
            }
        }
        Spawn {
            programs,
            args: form.command.iter().skip(1).cloned().collect(),
            env: spawn.env.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            pass_env: spawn.pass_env.clone(),
            cols: spawn.cols.unwrap_or(DEFAULT_COLS),
            rows: spawn.rows.unwrap_or(DEFAULT_ROWS),
            files: spawn.files.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            echo_off: spawn.echo_off,
            init: spawn.init.clone(),
            ready_within: self.duration(
                "ready_within",
                spawn.ready_within.as_deref(),
                Duration::from_secs(30),
            ),
            ready_quiet: self.duration("ready_quiet", spawn.ready_quiet.as_deref(), Duration::ZERO),
            answer_queries: spawn.answer_queries.unwrap_or(true),
        }
    }

    pub(super) fn submit(&mut self, form: &file::Submit) -> Submit {
        let enter = self.at("enter", |r| {
            r.one_write(form.enter.as_deref().unwrap_or("<enter>"))
        });
        let default_block = vec![
            Method::Paste {
                extra_enters: form.finish_block,
            },
            Method::Lines,
        ];
        let block = form
            .block
            .as_ref()
            .map(|methods| self.at("block", |r| r.methods(methods)));
        Submit {
            enter,
            enter_apart: form.enter_apart,
            enter_gap: self.duration("enter_gap", form.enter_gap.as_deref(), Duration::ZERO),
            echo_within: self.duration("echo_within", form.echo_within.as_deref(), limits::ECHO_WITHIN),
            placeholders: self.patterns("placeholders", &form.placeholders),
            one_line: match form.one_line {
                Some(file::OneLine::Paste) => OneLine::Paste,
                Some(file::OneLine::TypeAscii) => OneLine::TypeAscii,
                Some(file::OneLine::Type) | None => OneLine::Type,
            },
            block: block.unwrap_or(default_block),
            terminator: form.terminator.clone(),
            max_cooked_line_bytes: form.max_cooked_line_bytes.unwrap_or(COOKED_LINE_BYTES),
            max_line_bytes: form.max_line_bytes,
            forbid: form.forbid.chars().collect(),
            refuse: self.at("refuse", |r| r.refusals(&form.refuse)),
            finish_block: form.finish_block,
            write_within: self.duration(
                "write_within",
                form.write_within.as_deref(),
                Duration::from_secs(10),
            ),
            start_within: self.optional_duration("start_within", form.start_within.as_deref()),
        }
    }

    pub(super) fn methods(&mut self, methods: &[file::Method]) -> Vec<Method> {
        let mut resolved = Vec::new();
        for (index, method) in methods.iter().enumerate() {
            resolved.push(match method {
                file::Method::Paste { extra_enters } => Method::Paste {
                    extra_enters: *extra_enters,
                },
                file::Method::Lines => Method::Lines,
                file::Method::Wrap { open, close } => self.nth(index, |r| {
                    let close = r.at("close", |r| r.one_write(close));
                    Method::Wrap {
                        open: open.clone(),
                        close: String::from_utf8_lossy(&close).into_owned(),
                    }
                }),
                file::Method::Encoded { template, encoding } => {
                    if !template.contains("{text}") {
                        self.nth(index, |r| {
                            r.at("template", |r| r.error("the template lacks {text}", ""))
                        });
                    }
                    let encoding = match encoding {
                        file::Encoding::Base64 => Encoding::Base64,
                        file::Encoding::Json => Encoding::Json,
                    };
                    Method::Encoded {
                        template: template.clone(),
                        encoding,
                    }
                }
            });
        }
        resolved
    }

    pub(super) fn refusals(&mut self, refusals: &[file::Refuse]) -> Vec<(Pattern, String)> {
        let mut resolved = Vec::new();
        for (index, refusal) in refusals.iter().enumerate() {
            let pattern = self.nth(index, |r| r.at("pattern", |r| r.compiled(&refusal.pattern)));
            resolved.extend(pattern.map(|pattern| (pattern, refusal.reason.clone())));
        }
        resolved
    }

    pub(super) fn response(&mut self, form: &file::Response) -> ResponseRules {
        let mode = form.prompt_after_mode.as_deref().unwrap_or("bracketed_paste");
        let prompt_after_mode = match mode {
            "" => None,
            mode => self
                .at("prompt_after_mode", |r| r.mode(mode))
                .map(|mode| (mode, true)),
        };
        ResponseRules {
            start: match form.start {
                None | Some(file::Start::Auto) => OutputStart::Auto,
                Some(file::Start::NextRow) => OutputStart::NextRow,
                Some(file::Start::Echo) => OutputStart::Echo,
                Some(file::Start::Here) => OutputStart::Here,
            },
            trim_head: self.patterns("trim_head", &form.trim_head),
            trim_tail: self.patterns("trim_tail", &form.trim_tail),
            padded: form.padded,
            drop_lines: self.patterns("drop_lines", &form.drop_lines),
            captures: self.patterns("captures", &form.captures),
            prompt_after_mode,
            prompt_rows_above: self.optional_pattern("prompt_rows_above", form.prompt_rows_above.as_deref()),
            layout: self.layout(form),
        }
    }

    pub(super) fn outcome(&mut self, form: &file::OutcomeTable) -> OutcomeRules {
        let mut errors = Vec::new();
        for (index, rule) in form.errors.iter().enumerate() {
            errors.push(self.at("error", |r| r.nth(index, |r| r.error_rule(rule))));
        }
        OutcomeRules {
            errors,
            exit_status_from_mark: form.exit_status_from_mark,
        }
    }

    pub(super) fn error_rule(&mut self, form: &file::ErrorRule) -> ErrorRule {
        let severity = match form.severity {
            None | Some(file::Severity::Error) => Severity::Error,
            Some(file::Severity::Warning) => Severity::Warning,
        };
        ErrorRule {
            pattern: self.optional_pattern("pattern", form.pattern.as_deref()),
            screen: self.optional_pattern("screen", form.screen.as_deref()),
            status: self.optional_pattern("status", form.status.as_deref()),
            told: self.optional_pattern("told", form.told.as_deref()),
            severity,
            unless: self.optional_pattern("unless", form.unless.as_deref()),
            reason: form.reason.map(reason),
        }
    }

    pub(super) fn interrupt(&mut self, form: &file::Interrupt) -> Interrupt {
        Interrupt {
            send: self.at("send", |r| r.keys(form.send.as_deref().unwrap_or("<ctrl-c>"))),
            when_idle: match form.when_idle {
                None | Some(file::WhenIdle::Harmless) => IdleInterrupt::Harmless,
                Some(file::WhenIdle::Lethal) => IdleInterrupt::Lethal,
                Some(file::WhenIdle::NoPrompt) => IdleInterrupt::NoPrompt,
            },
            lethal: form.lethal,
            lethal_unless: self.optional_pattern("lethal_unless", form.lethal_unless.as_deref()),
            ack: self.optional_pattern("ack", form.ack.as_deref()),
            min_interval: self.duration("min_interval", form.min_interval.as_deref(), Duration::ZERO),
            signal_after: self.duration(
                "signal_after",
                form.signal_after.as_deref(),
                Duration::from_secs(2),
            ),
            signal: form.signal.unwrap_or(true),
            again_after: self.optional_duration("again_after", form.again_after.as_deref()),
            then: self
                .optional_keys("then", form.then.as_deref())
                .unwrap_or_default(),
        }
    }

    pub(super) fn exit(&mut self, form: Option<&file::Exit>, submit: &file::Submit) -> Exit {
        const WITHIN: Duration = Duration::from_secs(2);
        match form {
            None => Exit {
                send: Keys::default(),
                confirm: Vec::new(),
                within: WITHIN,
            },
            Some(file::Exit::Typed(text)) => {
                let mut send = self.keys(text);
                let enter = keys::parse(submit.enter.as_deref().unwrap_or("<enter>"));
                send.extend(&enter.unwrap_or_default().bytes());
                Exit {
                    send,
                    confirm: Vec::new(),
                    within: WITHIN,
                }
            }
            Some(file::Exit::Table(table)) => {
                let mut confirm = Vec::new();
                for (index, form) in table.confirm.iter().enumerate() {
                    let pair = self.at("confirm", |r| {
                        r.nth(index, |r| {
                            let send = r.at("send", |r| r.keys(&form.send));
                            r.at("question", |r| r.compiled(&form.question))
                                .map(|question| (question, send))
                        })
                    });
                    confirm.extend(pair);
                }
                let send = self.at("send", |r| r.keys(&table.send));
                Exit {
                    send,
                    confirm,
                    within: self.duration("within", table.within.as_deref(), WITHIN),
                }
            }
        }
    }

    pub(super) fn resume(&mut self, form: Option<&file::Resume>) -> Option<Resume> {
        form.map(|form| Resume {
            args: form.args.clone(),
            pattern: self.optional_pattern("pattern", form.pattern.as_deref()),
        })
    }

    pub(super) fn settle(&mut self, form: Option<&file::Settle>) -> Settle {
        const AT_MOST: Duration = Duration::from_secs(1);
        let default = file::Settle::default();
        let form = form.unwrap_or(&default);
        let quiet = self.optional_duration("quiet", form.quiet.as_deref());
        let frame = self.optional_duration("frame", form.frame.as_deref());
        let longest = quiet.max(frame).unwrap_or_default();
        Settle {
            quiet,
            frame,
            at_most: self.duration("at_most", form.at_most.as_deref(), AT_MOST.max(longest)),
        }
    }

    pub(super) fn nested(&mut self, forms: &[file::Nested]) -> Vec<Nested> {
        let mut nested = Vec::new();
        for (index, form) in forms.iter().enumerate() {
            let process = self.nth(index, |r| r.at("process", |r| r.compiled(&form.process)));
            nested.extend(process.map(|process| Nested {
                process,
                protocol: form.protocol.clone(),
            }));
        }
        nested
    }
}

pub(super) fn reason(reason: file::Reason) -> Reason {
    match reason {
        file::Reason::UsageLimit => Reason::UsageLimit,
        file::Reason::NotLoggedIn => Reason::NotLoggedIn,
        file::Reason::Overloaded => Reason::Overloaded,
        file::Reason::ApiError => Reason::ApiError,
        file::Reason::Connection => Reason::Connection,
        file::Reason::ContextFull => Reason::ContextFull,
    }
}
