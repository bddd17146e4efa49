//! `ptych protocol explain`: why a session is in its state, live or at a time of a recording.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::api::{RuleTrace, SignalTrace};
use crate::engine::session::{State, nearest};
use crate::front::cli::args::ProtocolExplain;
use crate::front::cli::catalogue::VERSION_WITHIN;
use crate::front::cli::conversation::{self, Conversation, Show};
use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;
use crate::front::cli::resolve::{self, Launch};
use crate::front::cli::signals::Signals;
use crate::front::cli::{output, programs, replay};

/// How long a prompt may take that is sent before the look.
const PROMPT_WITHIN: Duration = Duration::from_secs(600);

/// A look at a session.
#[derive(Serialize)]
pub struct Explanation {
    pub protocol: String,
    pub state: String,
    /// The rule that named the state; empty when none did.
    pub rule: String,
    /// Of a recording: the time of the look.
    pub at_ms: Option<f64>,
    /// Visible rows without those that are empty at the end.
    pub screen: Vec<String>,
    pub rules: Vec<RuleTrace>,
    /// When nothing that the protocol knows is shown: the rules of which most holds, and what fails of each.
    pub nearest: Vec<String>,
    /// When nothing that the protocol knows is shown: what the tool says that it is.
    pub tool_version: Option<String>,
}

pub fn run(args: ProtocolExplain) -> anyhow::Result<Exit> {
    let explanation = match args.target.ends_with(".cast") {
        true => recorded(&args)?,
        false => live(&args)?,
    };
    match args.json {
        true => output::json_document(&explanation)?,
        false => output::text(&human(&explanation))?,
    }
    Ok(Exit::Done)
}

fn recorded(args: &ProtocolExplain) -> Result<Explanation, Failure> {
    if !args.prompts.is_empty() {
        return Err(Failure::usage("a recording takes no prompts").hint("for a time in it, use --at"));
    }
    let path = std::path::Path::new(&args.target);
    let named = args
        .start
        .setup
        .protocol
        .as_ref()
        .map(|protocol| protocol.to_string_lossy().into_owned());
    let spec = replay::spec_for(path, named.as_deref())?;
    replay::explain(path, spec, args.at)
}

fn live(args: &ProtocolExplain) -> anyhow::Result<Explanation> {
    let launch = resolve::launch(&args.target, &args.start)?;
    let asked = version(&launch);
    let prompts = resolve::prompts(&args.prompts)?;
    let signals = Signals::catch()?;
    conversation::runtime()?.block_on(async {
        let mut conversation = Conversation::start(launch, signals, Show::default()).await?;
        let result = look(&mut conversation, &prompts, args.at).await;
        conversation.stop(conversation::stop_after(&result)).await;
        let mut explanation = result?;
        if !explanation.nearest.is_empty() {
            explanation.tool_version = asked();
        }
        Ok(explanation)
    })
}

/// How to ask the tool for its version, if that is of interest.
fn version(launch: &Launch) -> impl FnOnce() -> Option<String> + use<> {
    let (spec, known) = (Arc::clone(&launch.spec), launch.options.tool_version.clone());
    let program = launch.options.program.clone();
    move || {
        let ask = spec.tool_version.as_ref().filter(|_| known.is_none());
        let program = || match &program {
            Some(program) => programs::find(program),
            None => programs::installed(&spec),
        };
        let told = ask.and_then(|ask| programs::version(ask, &program()?, VERSION_WITHIN));
        known.or(told)
    }
}

async fn look(
    conversation: &mut Conversation,
    prompts: &[String],
    at: Option<Duration>,
) -> anyhow::Result<Explanation> {
    match prompts.split_last() {
        None => settle(conversation, at).await?,
        Some((last, before)) => {
            // Whether it is ready or asks something: the rules tell it.
            settle(conversation, None).await?;
            for prompt in before {
                conversation.ask(prompt, PROMPT_WITHIN).await?;
            }
            match at {
                None => drop(conversation.ask(last, PROMPT_WITHIN).await?),
                Some(at) => conversation.ask_for(last, at).await?,
            }
        }
    }
    let session = conversation.session();
    let snapshot = session.snapshot().await.map_err(Failure::from)?;
    let rules = session.explain().await.map_err(Failure::from)?;
    let unknown = snapshot.state == State::Unknown;
    Ok(Explanation {
        nearest: match unknown {
            true => nearest(rules.clone()),
            false => Vec::new(),
        },
        tool_version: None,
        protocol: session.info().spec.name.clone(),
        state: snapshot.state.as_str().to_string(),
        rule: snapshot.rule,
        at_ms: None,
        screen: without_empty_end(snapshot.rows),
        rules: rules.iter().map(RuleTrace::from).collect(),
    })
}

/// Until the tool is ready, asks something or is given up; or for a time. A tool that does not get ready is what is to be explained.
async fn settle(conversation: &mut Conversation, at: Option<Duration>) -> anyhow::Result<()> {
    if let Some(at) = at {
        return conversation.rest(at).await;
    }
    match conversation.wait_ready().await {
        Ok(_) => Ok(()),
        Err(error) => match Failure::of(error) {
            failure if failure.exit == Exit::TimedOut => Ok(()),
            failure => Err(failure.into()),
        },
    }
}

/// Rows up to the last one that shows something.
pub fn without_empty_end(mut rows: Vec<String>) -> Vec<String> {
    let end = rows
        .iter()
        .rposition(|row| !row.trim().is_empty())
        .map_or(0, |last| last + 1);
    rows.truncate(end);
    rows
}

fn human(explanation: &Explanation) -> String {
    let mut text = String::new();
    if let Some(at) = explanation.at_ms {
        text.push_str(&format!("at {:.3} s: ", at / 1000.0));
    }
    let by = match explanation.rule.as_str() {
        "" => "no rule names it".to_string(),
        rule => format!("rule `{rule}`"),
    };
    text.push_str(&format!("{} ({by})\n\n", explanation.state));
    if !explanation.nearest.is_empty() {
        let version = explanation.tool_version.as_deref().unwrap_or("not asked");
        text.push_str(&format!(
            "nothing that the protocol knows is shown (version of the tool: {version}); nearest:\n"
        ));
        let lines = explanation.nearest.iter().map(|near| format!("  {near}\n"));
        text.extend(lines.chain([String::from("\n")]));
    }
    explanation
        .screen
        .iter()
        .for_each(|row| text.push_str(&format!("  | {row}\n")));
    for rule in &explanation.rules {
        let holds = word(rule.holds);
        text.push_str(&format!(
            "\n{holds:3}  {} ({}), line {}\n",
            rule.rule, rule.kind, rule.line
        ));
        text.push_str(&table(&rule.signals));
    }
    text
}

fn table(signals: &[SignalTrace]) -> String {
    let row = |signal: &SignalTrace| {
        vec![
            format!("  {}", word(signal.holds)),
            signal.signal.clone(),
            format!("is {}", signal.actual),
            format!("wanted {}", signal.wanted),
        ]
    };
    let rows: Vec<Vec<String>> = signals.iter().map(row).collect();
    output::columns(&rows)
}

/// `?`: this platform or recording cannot tell.
const fn word(holds: Option<bool>) -> &'static str {
    match holds {
        Some(true) => "yes",
        Some(false) => "no",
        None => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_has_a_line_with_what_is_wanted_and_what_is() {
        let signal = SignalTrace {
            signal: "cursor_line".into(),
            wanted: "/>>> $/".into(),
            actual: "\"... \"".into(),
            holds: Some(false),
        };
        let explanation = Explanation {
            protocol: "python".into(),
            state: "unknown".into(),
            rule: String::new(),
            at_ms: Some(1500.0),
            screen: vec!["... ".into()],
            rules: vec![RuleTrace {
                rule: "prompt".into(),
                kind: "ready".into(),
                line: 7,
                holds: Some(false),
                signals: vec![signal],
            }],
            nearest: Vec::new(),
            tool_version: None,
        };
        let text = human(&explanation);
        assert!(
            text.starts_with("at 1.500 s: unknown (no rule names it)\n"),
            "{text}"
        );
        assert!(
            text.contains("no   prompt (ready), line 7\n  no  cursor_line  is \"... \"  wanted />>> $/\n"),
            "{text}"
        );
    }
}
