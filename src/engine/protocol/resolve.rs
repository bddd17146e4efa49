//! From the file form to the validated `Spec`: overrides, includes, defaults, compiled patterns.

use std::time::Duration;

use regex::RegexBuilder;

use super::diagnostic::{Diagnostic, Problems, Severity, Step, did_you_mean, locate};
use super::file::{self, File};
use super::spec::*;
use super::{check, duration, keys, version};

/// Compiled size of one pattern, in bytes; a pattern beyond it is refused.
const PATTERN_BYTES: usize = 1 << 20;
const DEFAULT_COLS: u16 = 120;
const DEFAULT_ROWS: u16 = 40;
/// Linux keeps 4,095 bytes of a line on a canonical tty (n_tty).
const COOKED_LINE_BYTES: usize = 4095;

/// A protocol and what is worth a warning about it.
#[derive(Debug)]
pub struct Loaded {
    pub spec: Spec,
    pub warnings: Problems,
}

/// A protocol file's text, validated. `tool_version` selects overrides; `lookup` finds included files.
///
/// # Errors
///
/// Everything that is wrong with the file.
pub fn load(
    file: &str,
    source: &str,
    tool_version: Option<&str>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Problems> {
    let mut resolver = Resolver {
        source,
        diagnostics: Vec::new(),
        path: Vec::new(),
    };
    let spec = resolver
        .read(tool_version)
        .map(|form| resolver.spec(&form, lookup));
    let mut problems = Problems {
        file: file.to_owned(),
        source: source.to_owned(),
        diagnostics: resolver.diagnostics,
    };
    problems.diagnostics.sort_by_key(|d| d.span.start);
    match spec {
        Some(spec) if !problems.has_errors() => Ok(Loaded {
            spec,
            warnings: problems,
        }),
        Some(_) | None => Err(problems),
    }
}

/// Collects problems, each at the path where it was found.
pub(super) struct Resolver<'a> {
    source: &'a str,
    diagnostics: Vec<Diagnostic>,
    path: Vec<Step>,
}

impl Resolver<'_> {
    pub(super) fn problem(&mut self, severity: Severity, message: String, hint: Option<String>) {
        let span = locate(self.source, &self.path);
        self.diagnostics.push(Diagnostic {
            severity,
            message,
            hint,
            span,
        });
    }

    fn error(&mut self, message: impl Into<String>, hint: &str) {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        self.problem(Severity::Error, message.into(), hint);
    }

    pub(super) fn at<T>(&mut self, key: &str, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(Step::Key(key.to_owned()));
        let result = inner(self);
        self.path.pop();
        result
    }

    pub(super) fn nth<T>(&mut self, index: usize, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(Step::Index(index));
        let result = inner(self);
        self.path.pop();
        result
    }

    fn read(&mut self, tool_version: Option<&str>) -> Option<File> {
        let form: File = match toml::from_str(self.source) {
            Ok(form) => form,
            Err(error) => {
                self.toml_error(&error);
                return None;
            }
        };
        let Some(tool_version) = tool_version else {
            return Some(form);
        };
        self.overridden(&form, tool_version)
    }

    fn toml_error(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().trim().to_owned();
        let hint = unknown_key_hint(&message);
        self.diagnostics.push(Diagnostic {
            severity: Severity::Error,
            message,
            hint,
            span,
        });
    }

    fn overridden(&mut self, form: &File, tool_version: &str) -> Option<File> {
        let mut table: toml::Table = toml::from_str(self.source).ok()?;
        for (index, change) in form.versions.iter().enumerate() {
            match version::matches(&change.matches, tool_version) {
                Ok(true) => merge(&mut table, &change.set),
                Ok(false) => {}
                Err(why) => self.at("versions", |r| {
                    r.nth(index, |r| r.at("match", |r| r.error(why, "")))
                }),
            }
        }
        match table.try_into() {
            Ok(form) => Some(form),
            Err(error) => {
                self.at("versions", |r| {
                    r.error(
                        format!("with the overrides for {tool_version}: {}", error.message()),
                        "",
                    )
                });
                None
            }
        }
    }

    // The whole.

    fn spec(&mut self, form: &File, lookup: &dyn Fn(&str) -> Option<String>) -> Spec {
        let rules = self.rules(form, lookup);
        let spec = Spec {
            name: form.name.clone(),
            title: form.title.clone().unwrap_or_else(|| form.name.clone()),
            version: form.version.clone().unwrap_or_else(|| "1".into()),
            tested: form.tested.clone(),
            tool_version: form
                .tool_version
                .as_ref()
                .map(|v| self.at("tool_version", |r| r.tool_version(v))),
            spawn: self.at("spawn", |r| r.spawn(form)),
            rules,
            submit: self.at("submit", |r| r.submit(&form.submit)),
            response: self.at("response", |r| r.response(&form.response)),
            outcome: self.at("outcome", |r| r.outcome(&form.outcome)),
            interrupt: self.at("interrupt", |r| r.interrupt(&form.interrupt)),
            discard: self.at("discard", |r| {
                r.keys(form.discard.as_deref().unwrap_or("<ctrl-a><ctrl-k>"))
            }),
            exit: self.at("exit", |r| r.exit(form.exit.as_ref(), &form.submit)),
            settle: self.at("settle", |r| r.settle(form.settle.as_ref())),
            nested: self.at("nested", |r| r.nested(&form.nested)),
            shared: Shared {
                locks: form.shared.locks.clone(),
                memory_mb: form.shared.memory_mb,
                warm_up: self.at("shared", |r| {
                    r.optional_duration("warm_up", form.shared.warm_up.as_deref())
                }),
            },
        };
        for (index, change) in form.versions.iter().enumerate() {
            if let Err(why) = version::matches(&change.matches, "0") {
                self.at("versions", |r| {
                    r.nth(index, |r| r.at("match", |r| r.error(why, "")))
                });
            }
        }
        check::check(self, form, &spec);
        spec
    }

    fn rules(&mut self, form: &File, lookup: &dyn Fn(&str) -> Option<String>) -> Vec<Rule> {
        let mut rules = Vec::new();
        for (index, state) in form.states.iter().enumerate() {
            rules.push(self.at("state", |r| r.nth(index, |r| r.rule(state))));
        }
        for (name, kind, pattern) in [
            ("ready", file::Kind::Ready, &form.prompt),
            ("continuation", file::Kind::Continuation, &form.continuation),
        ] {
            let Some(pattern) = pattern else { continue };
            let key = if kind == file::Kind::Ready { "prompt" } else { name };
            let state = short_state(name, kind);
            rules.push(self.at(key, |r| {
                let mut rule = r.rule(&state);
                rule.when.cursor_line = r.compiled(pattern);
                rule
            }));
        }
        let includes = form
            .include
            .clone()
            .unwrap_or_else(|| vec![super::COMMON.to_owned()]);
        for (index, name) in includes
            .iter()
            .enumerate()
            .filter(|(_, name)| **name != form.name)
        {
            match lookup(name) {
                Some(text) => rules.extend(self.included(name, &text)),
                None => self.at("include", |r| {
                    r.nth(index, |r| {
                        r.error(format!("there is no file {name:?} to include"), "")
                    })
                }),
            }
        }
        rules
    }

    fn included(&mut self, name: &str, text: &str) -> Vec<Rule> {
        let mut inner = Resolver {
            source: text,
            diagnostics: Vec::new(),
            path: Vec::new(),
        };
        let Some(form) = inner.read(None) else {
            self.at("include", |r| {
                r.error(
                    format!("the included file {name:?} has errors"),
                    "check it by itself",
                )
            });
            return Vec::new();
        };
        form.states.iter().map(|state| inner.rule(state)).collect()
    }

    fn tool_version(&mut self, form: &file::ToolVersion) -> ToolVersion {
        let pattern = self.at("pattern", |r| r.compiled(&form.pattern));
        ToolVersion {
            command: form.command.clone(),
            pattern: pattern.unwrap_or_else(never),
        }
    }

    fn spawn(&mut self, form: &File) -> Spawn {
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
            answer_queries: spawn.answer_queries.unwrap_or(true),
        }
    }

    fn rule(&mut self, form: &file::State) -> Rule {
        let line = super::diagnostic::line_col(self.source, locate(self.source, &self.path).start).0;
        Rule {
            name: form.name.clone(),
            kind: kind(form.kind),
            when: self.conditions(form),
            question: self.optional_pattern("question", form.question.as_deref()),
            choices: self.choices(&form.choices),
            choice_pattern: self.optional_pattern("choice_pattern", form.choice_pattern.as_deref()),
            auto: self.optional_keys("auto", form.auto.as_deref()),
            quit: self.optional_keys("quit", form.quit.as_deref()),
            line: u32::try_from(line).unwrap_or(u32::MAX),
        }
    }

    fn choices(&mut self, choices: &[file::Choice]) -> Vec<Choice> {
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

    fn conditions(&mut self, form: &file::State) -> Conditions {
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
            after_busy: form.after_busy,
            constant: form.constant.clone(),
            quiet: self.optional_duration("quiet", form.quiet.as_deref()),
        }
    }

    fn modes(&mut self, form: &file::State) -> Vec<(u16, bool)> {
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

    fn mode(&mut self, name: &str) -> Option<u16> {
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

    fn submit(&mut self, form: &file::Submit) -> Submit {
        let enter = self.at("enter", |r| r.keys(form.enter.as_deref().unwrap_or("<enter>")));
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
            one_line: match form.one_line {
                Some(file::OneLine::Paste) => OneLine::Paste,
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

    fn methods(&mut self, methods: &[file::Method]) -> Vec<Method> {
        let mut resolved = Vec::new();
        for (index, method) in methods.iter().enumerate() {
            resolved.push(match method {
                file::Method::Paste { extra_enters } => Method::Paste {
                    extra_enters: *extra_enters,
                },
                file::Method::Lines => Method::Lines,
                file::Method::Wrap { open, close } => self.nth(index, |r| {
                    let close = r.at("close", |r| r.keys(close));
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

    fn refusals(&mut self, refusals: &[file::Refuse]) -> Vec<(Pattern, String)> {
        let mut resolved = Vec::new();
        for (index, refusal) in refusals.iter().enumerate() {
            let pattern = self.nth(index, |r| r.at("pattern", |r| r.compiled(&refusal.pattern)));
            resolved.extend(pattern.map(|pattern| (pattern, refusal.reason.clone())));
        }
        resolved
    }

    fn response(&mut self, form: &file::Response) -> ResponseRules {
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
            drop_lines: self.patterns("drop_lines", &form.drop_lines),
            captures: self.patterns("captures", &form.captures),
            prompt_after_mode,
            prompt_rows_above: self.optional_pattern("prompt_rows_above", form.prompt_rows_above.as_deref()),
        }
    }

    fn outcome(&mut self, form: &file::OutcomeTable) -> OutcomeRules {
        let mut errors = Vec::new();
        for (index, rule) in form.errors.iter().enumerate() {
            let resolved = self.at("error", |r| r.nth(index, |r| r.error_rule(rule)));
            errors.extend(resolved);
        }
        OutcomeRules {
            errors,
            exit_status_from_mark: form.exit_status_from_mark,
        }
    }

    fn error_rule(&mut self, form: &file::ErrorRule) -> Option<ErrorRule> {
        let pattern = self.at("pattern", |r| r.compiled(&form.pattern))?;
        let severity = match form.severity {
            None | Some(file::Severity::Error) => super::spec::Severity::Error,
            Some(file::Severity::Warning) => super::spec::Severity::Warning,
        };
        Some(ErrorRule {
            pattern,
            severity,
            unless: self.optional_pattern("unless", form.unless.as_deref()),
        })
    }

    fn interrupt(&mut self, form: &file::Interrupt) -> Interrupt {
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
            then: self
                .optional_keys("then", form.then.as_deref())
                .unwrap_or_default(),
        }
    }

    fn exit(&mut self, form: Option<&file::Exit>, submit: &file::Submit) -> Exit {
        const WITHIN: Duration = Duration::from_secs(2);
        match form {
            None => Exit {
                send: Vec::new(),
                confirm: Vec::new(),
                within: WITHIN,
            },
            Some(file::Exit::Typed(text)) => {
                let mut send = self.keys(text);
                send.extend(keys::parse(submit.enter.as_deref().unwrap_or("<enter>")).unwrap_or_default());
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

    fn settle(&mut self, form: Option<&file::Settle>) -> Settle {
        let Some(form) = form else { return Settle::None };
        let quiet = self.optional_duration("quiet", form.quiet.as_deref());
        let frame = self.optional_duration("frame", form.frame.as_deref());
        match (quiet, frame) {
            (Some(quiet), None) => Settle::For(quiet),
            (None, Some(frame)) => Settle::Frame(frame),
            (None, None) => Settle::None,
            (Some(_), Some(_)) => {
                self.error("settle has either quiet or frame", "");
                Settle::None
            }
        }
    }

    fn nested(&mut self, forms: &[file::Nested]) -> Vec<Nested> {
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

    // Values.

    pub(super) fn compiled(&mut self, source: &str) -> Option<Pattern> {
        match RegexBuilder::new(source).size_limit(PATTERN_BYTES).build() {
            Ok(regex) => Some(Pattern(regex)),
            Err(error) => {
                let text = error.to_string();
                let message = text
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_owned();
                let hint = "write regexes in single quotes, so that TOML leaves backslashes alone; look-around does not exist";
                self.error(format!("bad regex: {message}"), hint);
                None
            }
        }
    }

    fn optional_pattern(&mut self, key: &str, source: Option<&str>) -> Option<Pattern> {
        source.and_then(|source| self.at(key, |r| r.compiled(source)))
    }

    fn patterns(&mut self, key: &str, sources: &[String]) -> Vec<Pattern> {
        self.at(key, |r| {
            sources
                .iter()
                .enumerate()
                .filter_map(|(i, s)| r.nth(i, |r| r.compiled(s)))
                .collect()
        })
    }

    fn keys(&mut self, text: &str) -> Vec<u8> {
        keys::parse(text).unwrap_or_else(|why| {
            self.error(why, "");
            Vec::new()
        })
    }

    fn optional_keys(&mut self, key: &str, text: Option<&str>) -> Option<Vec<u8>> {
        text.map(|text| self.at(key, |r| r.keys(text)))
    }

    fn optional_duration(&mut self, key: &str, text: Option<&str>) -> Option<Duration> {
        let text = text?;
        self.at(key, |r| match duration::parse(text) {
            Ok(duration) => Some(duration),
            Err(why) => {
                r.error(why, "");
                None
            }
        })
    }

    fn duration(&mut self, key: &str, text: Option<&str>, default: Duration) -> Duration {
        self.optional_duration(key, text).unwrap_or(default)
    }
}

/// Tables are merged, everything else replaces.
fn merge(into: &mut toml::Table, from: &toml::Table) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(toml::Value::Table(into)), toml::Value::Table(from)) => merge(into, from),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// serde lists what it expected; the nearest of that is what was meant.
fn unknown_key_hint(message: &str) -> Option<String> {
    let mut words = message.split('`').skip(1).step_by(2);
    let unknown = words.next().filter(|_| message.starts_with("unknown"))?;
    did_you_mean(unknown, words).map(|near| format!("did you mean {near}?"))
}

fn short_state(name: &str, kind: file::Kind) -> file::State {
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
        after_busy: false,
        constant: Vec::new(),
        quiet: None,
        question: None,
        choices: Vec::new(),
        choice_pattern: None,
        auto: None,
        quit: None,
    }
}

fn kind(kind: file::Kind) -> Kind {
    match kind {
        file::Kind::Ready => Kind::Ready,
        file::Kind::Continuation => Kind::Continuation,
        file::Kind::Busy => Kind::Busy,
        file::Kind::Question => Kind::Blocked(BlockKind::Question),
        file::Kind::Confirm => Kind::Blocked(BlockKind::Confirm),
        file::Kind::Secret => Kind::Blocked(BlockKind::Secret),
        file::Kind::Pager => Kind::Blocked(BlockKind::Pager),
        file::Kind::Fullscreen => Kind::Blocked(BlockKind::Fullscreen),
        file::Kind::Subprompt => Kind::Blocked(BlockKind::Subprompt),
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

/// Stands in for a pattern that did not compile; the error is told already.
#[expect(clippy::unwrap_used, reason = "a constant pattern that the tests compile")]
fn never() -> Pattern {
    Pattern(regex::Regex::new("$^").unwrap())
}
