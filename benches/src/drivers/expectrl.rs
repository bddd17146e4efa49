//! expectrl: its search for a string, and for a regex.

use std::process::Command;
use std::time::Duration;

use expectrl::session::OsSession;
use expectrl::{Expect, Regex, Session};

use super::{Dialogue, Job, LONG, NEVER};

pub struct Expectrl(OsSession);

impl Dialogue for Expectrl {
    async fn start(job: &Job) -> Expectrl {
        let mut command = Command::new(&job.child.argv[0]);
        command.args(&job.child.argv[1..]);
        let mut session = Session::spawn(command).expect("spawn");
        session.set_expect_timeout(Some(LONG));
        let mut session = Expectrl(session);
        session.prompt(job, |_| ()).await;
        session
    }

    async fn send_line(&mut self, line: &str) {
        self.0.send(format!("{line}\r")).expect("send");
    }

    async fn prompt(&mut self, job: &Job, seen: impl FnOnce(&[u8])) {
        let found = match job.mode.as_str() {
            "regex" => self.0.expect(Regex(job.child.prompt_regex())),
            _ => self.0.expect(job.child.prompt),
        };
        seen(found.expect("prompt").before());
    }

    async fn silence(&mut self, wait: Duration) {
        self.0.set_expect_timeout(Some(wait));
        assert!(self.0.expect(NEVER).is_err());
    }
}
