//! rust-expect on a runtime of one thread: its search for a string and for a regex, in its whole buffer or in a window.

use std::time::Duration;

use rust_expect::config::{LineEnding, SessionConfig};
use rust_expect::expect::Pattern;
use rust_expect::session::Session;

use super::{Dialogue, Job, LONG, NEVER};

pub struct RustExpect(Session<rust_expect::backend::AsyncPty>);

impl Dialogue for RustExpect {
    async fn start(job: &Job) -> RustExpect {
        let mut config = SessionConfig::default()
            .timeout(LONG)
            .line_ending(LineEnding::Cr)
            .delay_before_send(Duration::ZERO);
        if job.mode.contains("window") {
            config.buffer.search_window = Some(200);
        }
        for name in ["PS1", "TERM"] {
            config = config.env(name, std::env::var(name).expect("set by the benchmark"));
        }
        let args: Vec<&str> = job.child.argv[1..].iter().map(String::as_str).collect();
        let session = Session::spawn_with_config(&job.child.argv[0], &args, config).await;
        let mut session = RustExpect(session.expect("spawn"));
        session.prompt(job, |_| ()).await;
        session
    }

    async fn send_line(&mut self, line: &str) {
        self.0.send_line(line).await.expect("send");
    }

    async fn prompt(&mut self, job: &Job, seen: impl FnOnce(&[u8])) {
        let pattern = if job.mode.contains("regex") {
            Pattern::regex(&job.child.prompt_regex()).expect("a regex")
        } else {
            Pattern::literal(job.child.prompt)
        };
        let found = self.0.expect(pattern).await;
        seen(found.expect("prompt").before.as_bytes());
    }

    async fn silence(&mut self, wait: Duration) {
        let found = self.0.expect_timeout(NEVER, wait).await;
        assert!(found.is_err());
    }
}
