//! What the machine's tests share: a session with its world, and what its tools say.

use super::*;

/// A session with its world: the tool's tty as it is now, and what came out.
pub struct Rig {
    pub session: Session,
    pub tty: TtyProbe,
    pub now: Time,
    pub written: Vec<u8>,
    pub events: Vec<EventKind>,
    pub turns: u32,
}

pub const EDITOR: &str = r#"
name = "calc"
command = ["calc"]
prompt = 'calc> $'
continuation = '^\.\.\. $'
exit = "quit"
include = []
"#;

/// States that a tool tells by its title; keys behind it are the ready state's.
pub const TITLED: &str = include_str!("../../../../tests/it/titled.toml");

pub fn editor_at_prompt() -> TtyProbe {
    TtyProbe {
        echo: Some(false),
        canonical: Some(false),
        foreground: Some(Foreground::Tool),
        foreground_name: None,
        waiting: Waiting::Poll,
    }
}

pub fn running() -> TtyProbe {
    TtyProbe {
        echo: Some(true),
        canonical: Some(true),
        waiting: Waiting::No,
        ..editor_at_prompt()
    }
}

pub fn reading_line() -> TtyProbe {
    TtyProbe {
        waiting: Waiting::Read,
        ..running()
    }
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn title(text: &str) -> String {
    format!("\x1b]2;{text}\x07")
}

impl Rig {
    pub fn new(protocol: &str) -> Rig {
        let spec = protocol::parse(protocol).expect("test protocol is valid");
        let config = SessionConfig {
            size: Size { cols: 80, rows: 24 },
            confirm: Confirm::Quiet(Duration::from_millis(200)),
            stream: false,
            side_channels: true,
            turn_text_bytes: 1 << 20,
            policy: Policy::default(),
            tool_version: Some("2.1".into()),
        };
        Rig {
            session: Session::new(Arc::new(spec), config, Time::ZERO),
            tty: running(),
            now: Time::ZERO,
            written: Vec::new(),
            events: Vec::new(),
            turns: 0,
        }
    }

    pub fn ready(protocol: &str) -> Rig {
        let mut rig = Rig::new(protocol);
        rig.tty = editor_at_prompt();
        rig.prints("calc> ");
        assert_eq!(rig.state(), "ready");
        rig
    }

    pub fn state(&self) -> &'static str {
        self.session.state().as_str()
    }

    pub fn prints(&mut self, text: &str) {
        self.now = self.now + Duration::from_micros(100);
        self.session.handle_output(text.as_bytes(), self.now);
        self.session.handle_drained(self.now);
        self.settle();
    }

    pub fn settle(&mut self) {
        loop {
            if let Some(bytes) = self.session.poll_write() {
                let bytes = bytes.to_vec();
                self.written.extend_from_slice(&bytes);
                self.session.handle_written(bytes.len(), self.now);
            } else if self.session.poll_probe().is_some() {
                self.session.handle_tty(self.tty.clone(), self.now);
            } else if let Some(event) = self.session.poll_event() {
                self.events.push(event.kind);
            } else {
                return;
            }
        }
    }

    /// Lets time pass, jumping from deadline to deadline.
    pub fn waits(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some((at, _)) = self.session.poll_deadline().filter(|&(at, _)| at <= until) {
            self.now = at.max(self.now + Duration::from_micros(1));
            self.session.handle_time(self.now);
            self.settle();
        }
        self.now = until;
    }

    pub fn asks(&mut self, text: &str) {
        self.try_ask(text).expect("prompt is accepted");
    }

    pub fn prompt(&mut self, text: &str) -> Prompt {
        self.turns += 1;
        Prompt {
            turn: TurnId(format!("t{}", self.turns)),
            text: text.into(),
            timeout: Some(Duration::from_secs(60)),
        }
    }

    pub fn try_ask(&mut self, text: &str) -> Result<(), SubmitError> {
        let prompt = self.prompt(text);
        self.session.submit(prompt, self.now)?;
        self.settle();
        Ok(())
    }

    pub fn response(&mut self) -> Option<Response> {
        let at = self
            .events
            .iter()
            .position(|e| matches!(e, EventKind::TurnFinished(_)))?;
        match self.events.remove(at) {
            EventKind::TurnFinished(response) => Some(*response),
            _ => None,
        }
    }

    pub fn take_written(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.written)
    }

    /// The tool echoes, runs, prints, and is back at its prompt.
    pub fn answers(&mut self, echo: &str, output: &str) -> Response {
        self.tty = running();
        self.prints(&format!("{echo}\r\n"));
        self.prints(output);
        self.tty = editor_at_prompt();
        self.prints("calc> ");
        self.response().expect("the turn is over")
    }
}
