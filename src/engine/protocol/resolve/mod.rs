//! From the file form to the validated `Spec`: overrides, includes, defaults, compiled patterns.

mod channels;
mod layout;
mod sections;
mod states;
mod values;

use std::ops::Range;

use super::diagnostic::{Diagnostic, Problems, Severity, Step, did_you_mean, find, key_span, locate};
use super::file::{self, File};
use super::spec::*;
use super::{check, structure, tree, version};

const DEFAULT_COLS: u16 = 120;
const DEFAULT_ROWS: u16 = 40;
/// Linux keeps 4,095 bytes of a line on a canonical tty (n_tty).
const COOKED_LINE_BYTES: usize = 4095;

/// The key of the list of states.
const STATES: &str = "state";

/// Finds another protocol's text by its name.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A protocol and what is worth a warning about it.
#[derive(Debug)]
pub struct Loaded {
    pub spec: Spec,
    pub warnings: Problems,
}

/// A protocol file's text, validated. `tool_version` selects overrides; `lookup` finds included and nested files.
///
/// # Errors
///
/// Everything that is wrong with the file.
pub fn load(
    file: &str,
    source: &str,
    tool_version: Option<&str>,
    lookup: Lookup<'_>,
) -> Result<Loaded, Problems> {
    let mut resolver = Resolver::new(source);
    let spec = resolver.read(tool_version).map(|form| {
        let spec = resolver.spec(&form, lookup);
        if !resolver.damaged {
            resolver.other_overrides(&form, lookup);
        }
        resolver.diagnostics.extend(check::toml_1_1(source));
        spec
    });
    let mut problems = Problems {
        file: file.to_owned(),
        source: source.to_owned(),
        diagnostics: resolver.diagnostics,
        included: resolver.included,
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
    included: Vec<Problems>,
    path: Vec<Step>,
    /// The overrides that the form was made with: a value that one of them sets is told at its place there.
    overrides: Vec<usize>,
    /// Where the states of the overrides went: override, index there, index in the form.
    overridden_states: Vec<(usize, usize, usize)>,
    /// Something was left out because its shape is wrong: what seems to be missing may have been there.
    damaged: bool,
}

impl<'a> Resolver<'a> {
    fn new(source: &'a str) -> Resolver<'a> {
        Resolver {
            source,
            diagnostics: Vec::new(),
            included: Vec::new(),
            path: Vec::new(),
            overrides: Vec::new(),
            overridden_states: Vec::new(),
            damaged: false,
        }
    }

    /// Where the value at the present path stands.
    fn span(&self) -> Range<usize> {
        let overridden = self
            .overrides
            .iter()
            .rev()
            .find_map(|&index| find(self.source, &self.path_in(index)?));
        overridden.unwrap_or_else(|| locate(self.source, &self.path))
    }

    /// The present path as an override writes it; states are called by name there.
    fn path_in(&self, index: usize) -> Option<Vec<Step>> {
        let mut path = self.path.clone();
        if let [Step::Key(key), Step::Index(state), ..] = &mut path[..]
            && key == STATES
        {
            let from = |(change, _, to): &&(usize, usize, usize)| *change == index && to == state;
            *state = self.overridden_states.iter().find(from)?.1;
        }
        Some([set_path(index), path].concat())
    }

    pub(super) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }

    pub(super) fn problem(&mut self, severity: Severity, message: String, hint: Option<String>) {
        let span = self.span();
        self.problem_at(span, severity, message, hint);
    }

    fn problem_at(&mut self, span: Range<usize>, severity: Severity, message: String, hint: Option<String>) {
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
        let mut tree = match tree::parse(self.source) {
            Ok(tree) => tree,
            Err(errors) => {
                for (span, message) in errors {
                    self.problem_at(span, Severity::Error, message.trim().to_owned(), None);
                }
                return None;
            }
        };
        let found = structure::check(&mut tree);
        if !found.is_empty() {
            self.diagnostics.extend(found);
            self.damaged = true;
            // What is left is looked at too.
            return serde_json::from_value(tree.to_json()).ok();
        }
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
        // A condition that is none is told by `spec`, whatever the version.
        let apply = |change: &file::Override| version::matches(&change.matches, tool_version) == Ok(true);
        self.overrides = (0..form.versions.len())
            .filter(|&index| apply(&form.versions[index]))
            .collect();
        self.overridden(&form)
    }

    fn toml_error(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().trim().to_owned();
        let hint = toml_hint(&message);
        self.problem_at(span, Severity::Error, message, hint);
    }

    /// The form with `overrides` merged in.
    fn overridden(&mut self, form: &File) -> Option<File> {
        let mut table: toml::Table = toml::from_str(self.source).ok()?;
        for &index in &self.overrides {
            let set = &form.versions[index].set;
            let states = merge_states(&mut table, set);
            let moved = states.into_iter().enumerate().map(|(from, to)| (index, from, to));
            self.overridden_states.extend(moved);
            merge(&mut table, set);
        }
        let error = match table.try_into() {
            Ok(form) => return Some(form),
            Err(error) => error,
        };
        let message = error.message().trim().to_owned();
        let word = message.split('`').nth(1).unwrap_or_default();
        let sets: Vec<Vec<Step>> = self.overrides.iter().map(|&index| set_path(index)).collect();
        let key = sets.iter().find_map(|set| key_span(self.source, set, word));
        let span = key.or_else(|| sets.last().map(|set| locate(self.source, set)));
        let hint = toml_hint(&message);
        self.problem_at(span.unwrap_or(0..0), Severity::Error, message, hint);
        None
    }

    /// What is wrong only with an override that this version of the tool does not select.
    fn other_overrides(&mut self, form: &File, lookup: Lookup<'_>) {
        for (index, change) in form.versions.iter().enumerate() {
            if self.overrides.contains(&index) {
                continue;
            }
            let mut other = Resolver::new(self.source);
            other.overrides.push(index);
            if let Some(form) = other.overridden(form) {
                other.spec(&form, lookup);
            }
            let place = locate(self.source, &set_path(index));
            for mut found in other.diagnostics {
                if self.diagnostics.contains(&found) {
                    continue;
                }
                if !place.contains(&found.span.start) {
                    found.message = format!("with the changes for {}: {}", change.matches, found.message);
                }
                self.diagnostics.push(found);
            }
        }
    }

    // The whole.

    fn spec(&mut self, form: &File, lookup: Lookup<'_>) -> Spec {
        let rules = self.rules(form, lookup);
        let spec = Spec {
            name: form.name.clone(),
            title: form.title.clone().unwrap_or_else(|| form.name.clone()),
            version: form.version.clone().unwrap_or_else(|| "1".into()),
            tested: form.tested.clone(),
            unproven: form.unproven.clone(),
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
            resume: self.at("resume", |r| r.resume(form.resume.as_ref())),
            settle: self.at("settle", |r| r.settle(form.settle.as_ref())),
            channels: self.at("channel", |r| r.channels(&form.channels)),
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
        if !self.damaged {
            check::check(self, form, &spec, lookup);
        }
        spec
    }

    fn rules(&mut self, form: &File, lookup: Lookup<'_>) -> Vec<Rule> {
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
            let state = states::short_state(name, kind);
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
                Some(text) => {
                    rules.extend(self.at("include", |r| r.nth(index, |r| r.included(name, &text))));
                }
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
        let mut inner = Resolver::new(text);
        let rules = inner.read(None).map(|form| {
            let rules = inner.rules(
                &File {
                    include: Some(Vec::new()),
                    ..form.clone()
                },
                &|_| None,
            );
            if !inner.damaged {
                check::states(&mut inner, &form, &rules);
            }
            rules
        });
        let problems = Problems {
            file: format!("{name}.toml"),
            source: text.to_owned(),
            diagnostics: inner.diagnostics,
            included: Vec::new(),
        };
        if problems.has_errors() {
            let message = format!("the included file {name:?} has errors");
            self.error(message, "they are told below, each with its place");
        }
        if !problems.diagnostics.is_empty() {
            self.included.push(problems);
        }
        rules.unwrap_or_default()
    }
}

/// Tables are merged, everything else replaces. States are laid over by `merge_states`.
fn merge(into: &mut toml::Table, from: &toml::Table) {
    for (key, value) in from.iter().filter(|(key, _)| *key != STATES) {
        match (into.get_mut(key), value) {
            (Some(toml::Value::Table(into)), toml::Value::Table(from)) => merge(into, from),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// A state changes the keys of the one of its name, or follows the others. Where each one went.
fn merge_states(into: &mut toml::Table, from: &toml::Table) -> Vec<usize> {
    let changes = from.get(STATES).and_then(toml::Value::as_array);
    let Some(changes) = changes else { return Vec::new() };
    let states = into
        .entry(STATES)
        .or_insert_with(|| toml::Value::Array(Vec::new()));
    let Some(states) = states.as_array_mut() else {
        return Vec::new();
    };
    let mut places = Vec::new();
    for change in changes {
        let same = |state: &toml::Value| state.get("name") == change.get("name");
        let place = states.iter().position(same).unwrap_or(states.len());
        places.push(place);
        match (states.get_mut(place), change) {
            (Some(toml::Value::Table(state)), toml::Value::Table(change)) => merge(state, change),
            _ => states.push(change.clone()),
        }
    }
    places
}

/// serde lists what it expected; the nearest of that is what was meant.
fn toml_hint(message: &str) -> Option<String> {
    if message.contains("untagged enum Exit") {
        return Some("exit = \"quit\", or exit = { send = \"quit<enter>\", within = \"5s\" }".into());
    }
    let mut words = message.split('`').skip(1).step_by(2);
    let unknown = words.next().filter(|_| message.starts_with("unknown"))?;
    did_you_mean(unknown, words).map(|near| format!("did you mean {near}?"))
}

fn set_path(index: usize) -> Vec<Step> {
    vec![
        Step::Key("versions".into()),
        Step::Index(index),
        Step::Key("set".into()),
    ]
}
