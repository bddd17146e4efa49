//! A protocol for `sh` and ways to look at processes, for the tests of the host layer.

#![expect(clippy::disallowed_methods, reason = "processes are looked at from outside")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ptych::engine::protocol::{self, Spec};
use ptych::host::{Options, Session};

/// A dash with a fixed prompt: the smallest tool that can start other programs.
pub const SHELL: &str = r#"
name = "test-shell"
command = ["dash"]
programs = ["sh"]
exit = "exit"

[spawn.env]
PS1 = "ready> "

[[state]]
name = "ready"
kind = "ready"
cursor_line = 'ready> $'
"#;

pub fn shell() -> Spec {
    protocol::parse(SHELL).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The shell's protocol, with another program in it.
pub fn program(program: &str, args: &[&str]) -> Arc<Spec> {
    let mut spec = shell();
    spec.spawn.programs = vec![program.to_owned()];
    spec.spawn.args = args.iter().map(|arg| (*arg).to_owned()).collect();
    Arc::new(spec)
}

pub fn start(spec: Arc<Spec>) -> Session {
    Session::start(spec, Options::default()).expect("the tool starts")
}

/// Looks until it holds. Only for what no event tells: processes that are not ours.
pub fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !holds() {
        assert!(Instant::now() < deadline, "not within 5 s: {what}");
        std::thread::yield_now();
    }
}

/// Until the screen shows it: for tools that are never ready.
pub async fn shows(session: &Session, text: &str) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !session
        .snapshot()
        .await
        .expect("alive")
        .rows
        .iter()
        .any(|row| row.contains(text))
    {
        assert!(Instant::now() < deadline, "not within 5 s: {text}");
        tokio::task::yield_now().await;
    }
}

/// Alive, and not a zombie.
pub fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.trim_start().starts_with(['Z', 'X']) && !rest.is_empty())
}

pub fn number_in(file: &Path) -> Option<u32> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

pub fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("/proc").count()
}
