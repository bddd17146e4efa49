//! rexpect: its search for a string, and for a regex. It always sleeps 100 ms between looks.

use std::process::Command;
use std::time::Duration;

use rexpect::session::{PtySession, spawn_command};

use super::{Dialogue, Job, LONG, NEVER, Work};

pub struct Rexpect(PtySession);

impl Dialogue for Rexpect {
    async fn start(job: &Job) -> Rexpect {
        let mut command = Command::new(&job.child.argv[0]);
        command.args(&job.child.argv[1..]);
        // Its time limit is the session's: silence is waited for with the time of the job.
        let limit = match job.work {
            Work::Silence => Duration::from_secs(job.count as u64),
            _ => LONG,
        };
        let ms = u64::try_from(limit.as_millis()).expect("fits");
        let mut session = spawn_command(command, Some(ms)).expect("spawn");
        // Without this its end would never come for a bash, which ignores SIGTERM.
        session.process_mut().set_kill_timeout(Some(100));
        let mut session = Rexpect(session);
        session.prompt(job, |_| ()).await;
        session
    }

    async fn send_line(&mut self, line: &str) {
        self.0.send_line(line).expect("send");
    }

    async fn prompt(&mut self, job: &Job, seen: impl FnOnce(&[u8])) {
        let before = match job.mode.as_str() {
            "regex" => self.0.exp_regex(&job.child.prompt_regex()).expect("prompt").0,
            _ => self.0.exp_string(job.child.prompt).expect("prompt"),
        };
        seen(before.as_bytes());
    }

    async fn silence(&mut self, _wait: Duration) {
        assert!(self.0.exp_string(NEVER).is_err());
    }
}
