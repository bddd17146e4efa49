//! What the tests on real tools share.

use std::sync::Arc;
use std::time::Duration;

use ptych::engine::protocol::{self, Spec};
use ptych::engine::response::{Outcome, Response};
use ptych::host::{Options, Session};

/// Runs a test's future on a runtime of one thread, as a program that embeds a session would.
pub fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime");
    runtime.block_on(future)
}

pub fn spec(tool: &str) -> Arc<Spec> {
    Arc::new(protocol::builtin::load(tool).unwrap_or_else(|e| panic!("{tool}: {e}")))
}

/// Options that every test uses: a bounded turn and a private working directory's worth of calm.
pub fn options() -> Options {
    Options {
        turn_timeout: Duration::from_secs(60),
        ..Options::default()
    }
}

pub async fn start(tool: &str) -> Session {
    start_with(tool, options()).await
}

pub async fn start_with(tool: &str, options: Options) -> Session {
    let session = Session::start(spec(tool), options).unwrap_or_else(|e| panic!("start {tool}: {e}"));
    session
        .wait_ready()
        .await
        .unwrap_or_else(|e| panic!("{tool} gets ready: {e}"));
    session
}

pub async fn ask(session: &Session, prompt: &str) -> Response {
    session
        .ask(prompt)
        .await
        .unwrap_or_else(|e| panic!("ask {prompt:?}: {e}"))
}

/// Answers the open question.
pub async fn answer(session: &Session, text: &str) -> Response {
    session
        .answer(text, ptych::host::AskOptions::default())
        .await
        .unwrap_or_else(|e| panic!("answer {text:?}: {e}"))
}

/// Asks and compares text and outcome; a difference shows the whole response.
pub async fn expect(session: &Session, prompt: &str, outcome: Outcome, text: &str) {
    let response = ask(session, prompt).await;
    assert_eq!(
        (response.outcome, response.text.as_str()),
        (outcome, text),
        "\nprompt {prompt:?}\n{response:#?}"
    );
}

/// What every tool must do, as far as its language can say it.
#[derive(Default)]
pub struct Battery<'a> {
    pub tool: &'a str,
    pub options: Option<Options>,
    /// Prompt and whole text, asked twice each.
    pub exact: &'a [(&'a str, &'a str)],
    /// Prompt and a part of the text, outcome error.
    pub errors: &'a [(&'a str, &'a str)],
    /// Prints the tool's own prompt without newline, sleeps 1.5 s, prints "after".
    pub fake: Option<(&'a str, &'a str)>,
    /// Prints "abc" and no newline; what is expected behind "abc" (values that a REPL prints).
    pub no_newline: Option<(&'a str, &'a str)>,
    /// Prints 1 to 5000, a line each; lines that follow.
    pub lines: Option<(&'a str, &'a str)>,
    /// A prompt of about 490 characters (`{x}` becomes 460 times "x") and its whole text.
    pub long: Option<(&'a str, &'a str)>,
    /// A block with nested indentation and blank lines, and its whole text.
    pub block: Option<(&'a str, &'a str)>,
    /// Runs for ever; interrupting it must bring the prompt back.
    pub endless: Option<&'a str>,
}

impl Battery<'_> {
    pub fn run(self) {
        run(async {
            let options = self.options.clone().unwrap_or_else(options);
            let session = start_with(self.tool, options).await;
            self.answers(&session).await;
            self.look_alikes(&session).await;
            self.sizes(&session).await;
            self.interrupts(&session).await;
            let report = session.stop(ptych::host::StopOptions::default()).await;
            assert!(report.survivors.is_empty(), "{report:?}");
        });
    }

    async fn answers(&self, session: &Session) {
        for (prompt, text) in self.exact {
            for _ in 0..2 {
                expect(session, prompt, Outcome::Ok, text).await;
            }
        }
        for (prompt, part) in self.errors {
            let response = ask(session, prompt).await;
            assert_eq!(response.outcome, Outcome::Error, "{prompt:?}\n{response:#?}");
            assert!(
                response.text.contains(part),
                "{prompt:?} lacks {part:?}\n{response:#?}"
            );
        }
    }

    async fn look_alikes(&self, session: &Session) {
        if let Some((prompt, text)) = self.fake {
            expect(session, prompt, Outcome::Ok, text).await;
        }
        if let Some((prompt, behind)) = self.no_newline {
            expect(session, prompt, Outcome::Ok, &format!("abc{behind}")).await;
        }
    }

    async fn sizes(&self, session: &Session) {
        if let Some((prompt, behind)) = self.lines {
            let lines: Vec<String> = (1..=5000).map(|n| n.to_string()).collect();
            expect(
                session,
                prompt,
                Outcome::Ok,
                &format!("{}{behind}", lines.join("\n")),
            )
            .await;
        }
        if let Some((prompt, text)) = self.long {
            let x = "x".repeat(460);
            let prompt = prompt.replace("{x}", &x);
            expect(session, &prompt, Outcome::Ok, &text.replace("{x}", &x)).await;
        }
        if let Some((prompt, text)) = self.block {
            expect(session, prompt, Outcome::Ok, text).await;
        }
    }

    async fn interrupts(&self, session: &Session) {
        let Some(prompt) = self.endless else { return };
        let options = ptych::host::AskOptions {
            timeout: Some(Duration::from_millis(700)),
            ..Default::default()
        };
        let response = session.ask_with(prompt, options).await.expect("asked");
        assert_eq!(response.outcome, Outcome::TimedOut, "{response:#?}");
        session
            .interrupt()
            .await
            .unwrap_or_else(|e| panic!("interrupt: {e}"));
        if let Some((prompt, text)) = self.exact.first() {
            expect(session, prompt, Outcome::Ok, text).await;
        }
    }
}

/// The port of a server that `tests/servers start` runs; `tests/run` exports them.
pub fn server_port(name: &str) -> String {
    let from_file = || {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/target/test-servers/env");
        let ports = std::fs::read_to_string(file).ok()?;
        let mut lines = ports.lines().filter_map(|line| line.split_once('='));
        lines
            .find(|(key, _)| *key == name)
            .map(|(_, port)| port.to_owned())
    };
    let port = std::env::var(name).ok().or_else(from_file);
    port.unwrap_or_else(|| panic!("{name} is not known: run tests/servers start"))
}
