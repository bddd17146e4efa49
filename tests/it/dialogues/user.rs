//! A user of the machine for one test.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Of the users' names; behind it stand the test process's id and a number.
const PREFIX: &str = "ptych-test-";

/// Whether users can be created here. Says so when not, since a test that needs one then proves nothing.
pub fn root() -> bool {
    // SAFETY: geteuid has no preconditions and cannot fail.
    let root = unsafe { libc::geteuid() } == 0;
    if !root {
        eprintln!("skipped: only root can create the user that this test needs");
    }
    root
}

/// A user with a password, a home and the right to use sudo. All of it goes with this.
pub struct User {
    pub name: String,
    pub password: String,
    /// Others may enter it, unlike the usual temporary directory.
    folder: tempfile::TempDir,
}

impl User {
    /// `None`, and a word of it, when we are not root.
    pub fn create() -> Option<User> {
        if !root() {
            return None;
        }
        let user = User::to_be_created();
        let home = user.home().display().to_string();
        std::fs::create_dir(user.home()).expect("a home");
        must(
            "useradd",
            &[
                "--no-create-home",
                "--home-dir",
                &home,
                "--shell",
                "/bin/bash",
                "--groups",
                "sudo",
                &user.name,
            ],
        );
        must("chown", &["--recursive", &format!("{}:", user.name), &home]);
        user.set_password();
        Some(user)
    }

    /// Only the name and where the home will be; it is removed all the same.
    pub fn to_be_created() -> User {
        sweep();
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(std::fs::Permissions::from_mode(0o755))
            .tempdir()
            .expect("a temporary directory");
        User {
            name: format!("{PREFIX}{}-{number}", std::process::id()),
            password: "correct horse 7!".into(),
            folder,
        }
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// What others may read and only root writes.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// A command that runs this as the user.
    pub fn runs(&self, command: &[&str]) -> Vec<String> {
        let as_user = [
            "setpriv",
            "--reuid",
            &self.name,
            "--regid",
            &self.name,
            "--init-groups",
        ];
        as_user
            .iter()
            .chain(command)
            .map(|word| (*word).to_owned())
            .collect()
    }

    fn set_password(&self) {
        use std::io::Write as _;
        let mut child = Command::new("chpasswd")
            .stdin(Stdio::piped())
            .spawn()
            .expect("start chpasswd");
        let mut stdin = child.stdin.take().expect("piped");
        writeln!(stdin, "{}:{}", self.name, self.password).expect("write to chpasswd");
        drop(stdin);
        assert!(
            child.wait().expect("chpasswd").success(),
            "chpasswd sets the password"
        );
    }
}

impl Drop for User {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

/// Users of test processes that were killed.
fn sweep() {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    for name in users.lines().filter_map(|line| line.split(':').next()) {
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|pid| !PathBuf::from(format!("/proc/{pid}")).exists()) {
            remove(name);
        }
    }
}

fn remove(name: &str) {
    if let Some(uid) = uid(name) {
        end_processes(uid);
        // What it says of a user that is logged in or has no mail is of no interest; what matters is looked at.
        let _ = Command::new("userdel")
            .args(["--force", name])
            .stderr(Stdio::null())
            .status();
        for trace in [
            format!("/run/sudo/ts/{name}"),
            format!("/run/sudo/ts/{uid}"),
            format!("/var/lib/sudo/lectured/{name}"),
            format!("/var/lib/sudo/lectured/{uid}"),
            format!("/var/mail/{name}"),
        ] {
            let _ = std::fs::remove_file(trace);
        }
    }
}

fn uid(name: &str) -> Option<u32> {
    let output = Command::new("id")
        .args(["-u", name])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// What the user has left running, a login above all.
fn end_processes(uid: u32) {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.metadata().is_ok_and(|about| about.uid() == uid)) {
        if let Ok(pid) = entry.file_name().to_string_lossy().parse() {
            // SAFETY: a number of a process and of a signal; nothing of ours is borrowed.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
    }
}

fn must(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
}
