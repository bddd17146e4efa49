//! A protocol with every default filled in, as one value that becomes JSON or a page for people.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::engine::protocol::Spec;
use crate::engine::protocol::spec::{
    Channel, ChannelKind, Choice, Conditions, ErrorRule, ForegroundWanted, IdleInterrupt, Join, Keys, Kind,
    MarkKind, MarkWanted, MarkerStyle, Method, OneLine, OutputStart, Pattern, Pointer, Reason, Rule, Settle,
    Severity, TranscriptFile, TtyWanted, WaitingWanted,
};

/// The whole of it. Times are in milliseconds, bytes are strings in which control characters are escaped.
pub fn value(spec: &Spec) -> Value {
    json!({
        "name": spec.name,
        "title": spec.title,
        "version": spec.version,
        "tested": spec.tested,
        "unproven": spec.unproven,
        "tool_version": spec.tool_version.as_ref().map(|v| json!({
            "command": v.command,
            "pattern": v.pattern.as_str(),
        })),
        "spawn": spawn(spec),
        "rules": spec.rules.iter().map(rule).collect::<Vec<_>>(),
        "submit": submit(spec),
        "response": response(spec),
        "outcome": {
            "errors": spec.outcome.errors.iter().map(error).collect::<Vec<_>>(),
            "exit_status_from_mark": spec.outcome.exit_status_from_mark,
        },
        "interrupt": interrupt(spec),
        "discard": keys(&spec.discard),
        "exit": {
            "send": keys(&spec.exit.send),
            "confirm": spec.exit.confirm.iter()
                .map(|(asked, sent)| json!({ "question": asked.as_str(), "send": keys(sent) }))
                .collect::<Vec<_>>(),
            "within_ms": ms(spec.exit.within),
        },
        "resume": spec.resume.as_ref().map(|resume| json!({
            "args": resume.args,
            "pattern": resume.pattern.as_ref().map(Pattern::as_str),
        })),
        "settle": settle(spec.settle),
        "channels": spec.channels.iter().map(channel).collect::<Vec<_>>(),
        "nested": spec.nested.iter()
            .map(|nested| json!({ "process": nested.process.as_str(), "protocol": nested.protocol }))
            .collect::<Vec<_>>(),
        "shared": {
            "locks": spec.shared.locks,
            "memory_mb": spec.shared.memory_mb,
            "warm_up_ms": spec.shared.warm_up.map(ms),
        },
    })
}

fn spawn(spec: &Spec) -> Value {
    let spawn = &spec.spawn;
    json!({
        "programs": spawn.programs,
        "args": spawn.args,
        "env": pairs(&spawn.env),
        "pass_env": spawn.pass_env,
        "cols": spawn.cols,
        "rows": spawn.rows,
        "files": pairs(&spawn.files),
        "echo_off": spawn.echo_off,
        "init": spawn.init,
        "ready_within_ms": ms(spawn.ready_within),
        "ready_quiet_ms": ms(spawn.ready_quiet),
        "answer_queries": spawn.answer_queries,
    })
}

fn rule(rule: &Rule) -> Value {
    json!({
        "name": rule.name,
        "kind": kind(rule.kind),
        "line": rule.line,
        "when": conditions(&rule.when),
        "question": rule.question.as_ref().map(Pattern::as_str),
        "choices": rule.choices.iter().map(choice).collect::<Vec<_>>(),
        "choice_pattern": rule.choice_pattern.as_ref().map(Pattern::as_str),
        "menu": rule.menu.as_ref().map(|menu| json!({
            "move": [keys(&menu.previous), keys(&menu.next)],
            "accept": keys(&menu.accept),
            "marker_style": menu.style.map(MarkerStyle::as_str),
        })),
        "accept": rule.accept.as_ref().map(keys),
        "deny": rule.deny.as_ref().map(keys),
        "allow": rule.allow.as_ref().map(Pattern::as_str),
        "auto": rule.auto.as_ref().map(keys),
        "quit": rule.quit.as_ref().map(keys),
        "ends_turn": rule.ends_turn,
        "reason": rule.reason.map(Reason::as_str),
    })
}

fn channel(channel: &Channel) -> Value {
    let at = |pointer: &Option<Pointer>| pointer.as_ref().map(|pointer| pointer.as_str().to_owned());
    let (kind, path, told, document) = match &channel.kind {
        ChannelKind::Hook => ("hook", None, None, false),
        ChannelKind::Transcript { file, document } => match file {
            TranscriptFile::Glob(glob) => ("transcript", Some(glob.clone()), None, *document),
            TranscriptFile::Told { channel, at } => {
                let told = format!("{channel}:{}", at.as_str());
                ("transcript", None, Some(told), *document)
            }
        },
    };
    let named = |(name, at): &(String, Pointer)| (name.clone(), json!(at.as_str()));
    let wanted = |(at, pattern): &(Pointer, Pattern)| (at.as_str().to_owned(), json!(pattern.as_str()));
    json!({
        "name": channel.name,
        "kind": kind,
        "path": path,
        "path_from": told,
        "document": document,
        "where": channel.conditions.iter().map(wanted).collect::<Map<_, _>>(),
        "text": at(&channel.text),
        "error": at(&channel.error),
        "prompt": at(&channel.prompt),
        "id": at(&channel.id),
        "session": at(&channel.session),
        "captures": channel.captures.iter().map(named).collect::<Map<_, _>>(),
        "join": match channel.join {
            Join::Last => "last",
            Join::All => "all",
        },
        "within_ms": ms(channel.within),
    })
}

fn choice(choice: &Choice) -> Value {
    json!({ "label": choice.label, "send": keys(&choice.send) })
}

/// Only what is looked at: a condition that is absent holds always.
fn conditions(when: &Conditions) -> Value {
    let pattern = |pattern: &Option<Pattern>| pattern.as_ref().map(|p| json!(p.as_str()));
    let all: [(&str, Option<Value>); 20] = [
        ("cursor_line", pattern(&when.cursor_line)),
        ("lines_above", pattern(&when.lines_above)),
        ("screen", pattern(&when.screen)),
        ("title", pattern(&when.title)),
        ("modes", (!when.modes.is_empty()).then(|| modes(&when.modes))),
        ("tty", tty(when.tty)),
        ("waiting", when.waiting.map(|wanted| json!(waiting(wanted)))),
        (
            "foreground",
            when.foreground.map(|wanted| json!(foreground(wanted))),
        ),
        ("process", pattern(&when.process)),
        ("prompt_mark", prompt_mark(when.prompt_mark)),
        ("last_mark", when.last_mark.map(|mark| json!(mark_word(mark)))),
        ("status", pattern(&when.status)),
        ("notification", pattern(&when.notification)),
        ("progress", when.progress.map(|state| json!(state))),
        (
            "cursor_visible",
            when.cursor_visible.map(|visible| json!(visible)),
        ),
        ("said", when.said.as_ref().map(|channel| json!(channel))),
        ("after_busy", when.after_busy.then(|| json!(true))),
        ("after_busy_unless_quiet_ms", when.after_busy_unless_quiet.map(ms)),
        (
            "constant",
            (!when.constant.is_empty()).then(|| json!(when.constant)),
        ),
        ("quiet_ms", when.quiet.map(ms)),
    ];
    let given = all
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_string(), value?)));
    Value::Object(given.collect())
}

fn modes(modes: &[(u16, bool)]) -> Value {
    let words = modes
        .iter()
        .map(|(number, set)| format!("{number}{}", if *set { 'h' } else { 'l' }));
    json!(words.collect::<Vec<_>>())
}

fn tty(wanted: TtyWanted) -> Option<Value> {
    match wanted {
        TtyWanted::Any => None,
        TtyWanted::AsFirstReady => Some(json!("as_first_ready")),
        TtyWanted::Flags { echo, canonical } => Some(json!({ "echo": echo, "canonical": canonical })),
    }
}

const fn waiting(wanted: WaitingWanted) -> &'static str {
    match wanted {
        WaitingWanted::Input => "input",
        WaitingWanted::Read => "read",
        WaitingWanted::No => "no",
    }
}

const fn foreground(wanted: ForegroundWanted) -> &'static str {
    match wanted {
        ForegroundWanted::Tool => "tool",
        ForegroundWanted::Other => "other",
    }
}

fn prompt_mark(wanted: MarkWanted) -> Option<Value> {
    match wanted {
        MarkWanted::Any => None,
        MarkWanted::IfUsed => Some(json!("if_used")),
        MarkWanted::Required => Some(json!("required")),
    }
}

const fn mark_word(mark: MarkKind) -> &'static str {
    match mark {
        MarkKind::Prompt => "prompt",
        MarkKind::Input => "input",
        MarkKind::Output => "output",
        MarkKind::Done => "done",
    }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Ready => "ready",
        Kind::Continuation => "continuation",
        Kind::Busy => "busy",
        Kind::Draft => "draft",
        Kind::Blocked(kind) => kind.as_str(),
    }
}

fn submit(spec: &Spec) -> Value {
    let submit = &spec.submit;
    let one_line = match submit.one_line {
        OneLine::Type => "type",
        OneLine::Paste => "paste",
        OneLine::TypeAscii => "type_ascii",
    };
    json!({
        "enter": bytes(&submit.enter),
        "enter_apart": submit.enter_apart,
        "enter_gap_ms": ms(submit.enter_gap),
        "echo_within_ms": ms(submit.echo_within),
        "placeholders": patterns(&submit.placeholders),
        "one_line": one_line,
        "block": submit.block.iter().map(method).collect::<Vec<_>>(),
        "terminator": submit.terminator,
        "max_cooked_line_bytes": submit.max_cooked_line_bytes,
        "max_line_bytes": submit.max_line_bytes,
        "forbid": submit.forbid.iter().collect::<String>(),
        "refuse": submit.refuse.iter()
            .map(|(pattern, reason)| json!({ "pattern": pattern.as_str(), "reason": reason }))
            .collect::<Vec<_>>(),
        "finish_block": submit.finish_block,
        "write_within_ms": ms(submit.write_within),
        "start_within_ms": submit.start_within.map(ms),
    })
}

fn method(method: &Method) -> Value {
    match method {
        Method::Paste { extra_enters } => json!({ "paste": { "extra_enters": extra_enters } }),
        Method::Lines => json!("lines"),
        Method::Wrap { open, close } => json!({ "wrap": { "open": open, "close": close } }),
        Method::Encoded { template, encoding } => {
            json!({ "encoded": { "template": template, "encoding": format!("{encoding:?}").to_lowercase() } })
        }
    }
}

fn response(spec: &Spec) -> Value {
    let response = &spec.response;
    let start = match response.start {
        OutputStart::Auto => "auto",
        OutputStart::NextRow => "next_row",
        OutputStart::Echo => "echo",
        OutputStart::Here => "here",
    };
    json!({
        "start": start,
        "trim_head": patterns(&response.trim_head),
        "trim_tail": patterns(&response.trim_tail),
        "padded": response.padded,
        "drop_lines": patterns(&response.drop_lines),
        "captures": patterns(&response.captures),
        "prompt_after_mode": response.prompt_after_mode.map(|mode| modes(&[mode])),
        "prompt_rows_above": response.prompt_rows_above.as_ref().map(Pattern::as_str),
        "layout": response.layout.as_ref().map(super::layout_view::value),
    })
}

fn error(rule: &ErrorRule) -> Value {
    let severity = match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({
        "pattern": rule.pattern.as_ref().map(Pattern::as_str),
        "screen": rule.screen.as_ref().map(Pattern::as_str),
        "status": rule.status.as_ref().map(Pattern::as_str),
        "told": rule.told.as_ref().map(Pattern::as_str),
        "severity": severity,
        "unless": rule.unless.as_ref().map(Pattern::as_str),
        "reason": rule.reason.map(Reason::as_str),
    })
}

fn interrupt(spec: &Spec) -> Value {
    let interrupt = &spec.interrupt;
    let when_idle = match interrupt.when_idle {
        IdleInterrupt::Harmless => "harmless",
        IdleInterrupt::Lethal => "lethal",
        IdleInterrupt::NoPrompt => "no_prompt",
    };
    json!({
        "send": keys(&interrupt.send),
        "when_idle": when_idle,
        "lethal": interrupt.lethal,
        "lethal_unless": interrupt.lethal_unless.as_ref().map(Pattern::as_str),
        "ack": interrupt.ack.as_ref().map(Pattern::as_str),
        "min_interval_ms": ms(interrupt.min_interval),
        "signal_after_ms": ms(interrupt.signal_after),
        "signal": interrupt.signal,
        "again_after_ms": interrupt.again_after.map(ms),
        "then": keys(&interrupt.then),
    })
}

fn settle(settle: Settle) -> Value {
    if settle.quiet.is_none() && settle.frame.is_none() {
        return Value::Null;
    }
    json!({
        "quiet_ms": settle.quiet.map(ms),
        "frame_ms": settle.frame.map(ms),
        "at_most_ms": ms(settle.at_most),
    })
}

fn patterns(patterns: &[Pattern]) -> Value {
    json!(patterns.iter().map(Pattern::as_str).collect::<Vec<_>>())
}

fn pairs(pairs: &[(String, String)]) -> Value {
    Value::Object(
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect::<Map<_, _>>(),
    )
}

fn keys(keys: &Keys) -> Value {
    json!(keys.to_string())
}

fn bytes(bytes: &[u8]) -> Value {
    json!(String::from_utf8_lossy(bytes))
}

fn ms(time: Duration) -> Value {
    json!(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// The same value for people: a line for each field, indented below the one that holds it. What is empty is left out.
pub fn page(value: &Value) -> String {
    let mut text = String::new();
    fields(value, 0, &mut text);
    text
}

fn fields(value: &Value, depth: usize, text: &mut String) {
    let Value::Object(map) = value else { return };
    let indent = "  ".repeat(depth);
    for (name, value) in map.iter().filter(|(_, value)| !is_empty(value)) {
        match value {
            Value::Object(_) => {
                text.push_str(&format!("{indent}{name}:\n"));
                fields(value, depth + 1, text);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                text.push_str(&format!("{indent}{name}:\n"));
                items.iter().for_each(|item| self::item(item, depth + 1, text));
            }
            plain => text.push_str(&format!("{indent}{name}: {plain}\n")),
        }
    }
}

fn item(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let mut own = String::new();
    fields(value, depth + 1, &mut own);
    match own.get(indent.len() + 2..) {
        Some(rest) => text.push_str(&format!("{indent}- {rest}")),
        None => text.push_str(&format!("{indent}- {value}\n")),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_leaves_out_what_is_empty() {
        let value = json!({ "a": "x", "none": null, "list": [], "in": { "b": 1 }, "items": [{ "c": 1, "d": 2 }, "e"] });
        assert_eq!(
            page(&value),
            "a: \"x\"\nin:\n  b: 1\nitems:\n  - c: 1\n    d: 2\n  - \"e\"\n"
        );
    }
}
