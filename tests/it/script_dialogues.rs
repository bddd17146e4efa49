//! Each script of `examples/scripts` on the programs that it is for, which are the real ones.
//!
//! What needs another user or a login server needs root: `dialogues` creates a user for it and takes it away again.

use std::path::Path;
use std::process::Command;

use super::cli_support::{Home, Run};
use super::dialogues::{LineServer, Sshd, User, root};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/scripts");

/// One run of a script in a home of its own.
struct Play {
    home: Home,
    script: &'static str,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

fn play(script: &'static str) -> Play {
    Play {
        home: Home::new(),
        script,
        args: Vec::new(),
        env: Vec::new(),
    }
}

impl Play {
    fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Play {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// A variable, or a secret.
    fn env(mut self, name: &str, value: impl Into<String>) -> Play {
        self.env.push((name.into(), value.into()));
        self
    }

    fn run(&self) -> Run {
        let path = format!("{SCRIPTS}/{}.rhai", self.script);
        let mut args = vec!["script", "run", &path, "--"];
        args.extend(self.args.iter().map(String::as_str));
        let output = self.home.command(&args).envs(self.env.iter().cloned()).output();
        output.expect("run ptych").into()
    }
}

/// What a command prints; it ends well.
fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn port(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests with tests/run"))
}

// --- logins ---------------------------------------------------------------------

#[test]
fn ssh_with_a_password_and_a_host_key() {
    let Some(user) = User::create() else { return };
    let sshd = Sshd::start(&user);
    let login = || {
        play("ssh_password")
            .args(sshd.client())
            .env("HOST_KEY", sshd.fingerprint())
            .env("SSH_PASSWORD", &user.password)
    };
    login().run().ends(0).prints(&format!("{}\n", user.name));
    // The key is known now, so it is not asked for.
    login().run().ends(0);
    let wrong = login().env("SSH_PASSWORD", "not it").run().ends(1);
    wrong.says("the server does not take this password");
}

#[test]
fn ssh_to_the_wrong_host() {
    let Some(user) = User::create() else { return };
    let sshd = Sshd::start(&user);
    let run = play("ssh_password")
        .args(sshd.client())
        .env("HOST_KEY", "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        .env("SSH_PASSWORD", &user.password)
        .run();
    run.ends(1).says("this is another host");
}

#[test]
fn ssh_with_a_key() {
    let Some(user) = User::create() else { return };
    let sshd = Sshd::start(&user);
    let run = play("ssh_key")
        .args(sshd.client())
        .env("KEY_PASSPHRASE", sshd.passphrase());
    run.run().ends(0);
}

#[test]
fn sftp() {
    let Some(user) = User::create() else { return };
    let sshd = Sshd::start(&user);
    let play = play("sftp").args(sshd.client_with(&["-o", "PubkeyAuthentication=no"]));
    let file = play.home.write("a file", &"x".repeat(70_000));
    let play = play.env("FILE", file).env("SSH_PASSWORD", &user.password);
    play.run().ends(0).prints("sent.txt has 70000 bytes\n");
    let sent = std::fs::metadata(user.home().join("sent.txt")).expect("it was sent");
    assert_eq!(sent.len(), 70_000);
    let missing = play.env("FILE", "/no/such/file").run().ends(1);
    missing.says("cannot send /no/such/file");
}

#[test]
fn sudo() {
    let Some(user) = User::create() else { return };
    let whoami = || play("sudo").args(user.runs(&["sudo", "-k", "whoami"]));
    whoami()
        .env("SUDO_PASSWORD", &user.password)
        .run()
        .ends(0)
        .prints_part("root\n");
    let wrong = whoami().env("SUDO_PASSWORD", "not it").run().ends(1);
    wrong.says("sudo does not take this password");
}

#[test]
fn passwd() {
    let Some(user) = User::create() else { return };
    let new = "Tr0ub4dor and three";
    let passwd = || play("passwd").args(user.runs(&["passwd"]));
    let change = passwd()
        .env("OLD_PASSWORD", &user.password)
        .env("NEW_PASSWORD", new);
    change.run().ends(0);
    let whoami = play("sudo").args(user.runs(&["sudo", "-k", "whoami"]));
    whoami
        .env("SUDO_PASSWORD", new)
        .run()
        .ends(0)
        .prints_part("root\n");
    let wrong = passwd()
        .env("OLD_PASSWORD", "not it")
        .env("NEW_PASSWORD", new)
        .run()
        .ends(1);
    wrong.says("the old password is wrong");
}

#[test]
fn adduser() {
    if !root() {
        return;
    }
    let user = User::to_be_created();
    let home = user.home().display().to_string();
    let play = play("adduser")
        .args(["--home", &home, &user.name])
        .env("FULL_NAME", "Ann Other");
    play.env("USER_PASSWORD", &user.password).run().ends(0);
    let line = said("getent", &["passwd", &user.name]);
    assert!(line.contains(":Ann Other,") && line.contains(&home), "{line}");
}

// --- databases ------------------------------------------------------------------

#[test]
fn psql_sets_a_password() {
    let port = port("PTYCH_TEST_PG_PORT");
    let server = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres"];
    let role = format!("dialogue_{}", std::process::id());
    let ask = |query: &str| said("psql", &[&["-XAtqc", query], &server[..]].concat());
    ask(&format!("create role {role}"));
    let play = play("psql_password").args(server).env("ROLE", &role);
    let run = play.env("ROLE_PASSWORD", "s3cret 'quoted'").run();
    let hash = ask(&format!(
        "select rolpassword from pg_authid where rolname = '{role}'"
    ));
    ask(&format!("drop role {role}"));
    run.ends(0);
    assert!(hash.starts_with("SCRAM-SHA-256$"), "{hash}");
}

#[test]
fn mariadb_logs_in() {
    let port = port("PTYCH_TEST_MARIADB_PORT");
    let server = ["-h", "127.0.0.1", "-P", &port];
    let user = format!("dialogue_{}", std::process::id());
    let ask = |query: &str| {
        said(
            "mariadb",
            &[&["--no-defaults", "-u", "root", "-e", query], &server[..]].concat(),
        )
    };
    ask(&format!("create user '{user}' identified by 's3cret \"quoted\"'"));
    let login = || play("mariadb_login").args(server).args(["-u", &user]);
    let right = login().env("DB_PASSWORD", "s3cret \"quoted\"").run();
    let wrong = login().env("DB_PASSWORD", "not it").run();
    ask(&format!("drop user '{user}'"));
    right.ends(0).prints("| answer |\n|     42 |\n");
    wrong.ends(1).says("Access denied for user");
}

// --- git ------------------------------------------------------------------------

/// A repository whose file has lines 1 to 40; nobody's settings count.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Repository {
        let repository = Repository(tempfile::tempdir().expect("a temporary directory"));
        repository.git(&["init", "-q", "-b", "main"]);
        repository.git(&["config", "user.name", "Ann"]);
        repository.git(&["config", "user.email", "ann@example.org"]);
        let lines: String = (1..=40).map(|line| format!("{line}\n")).collect();
        repository.commit("one", &lines);
        repository
    }

    fn path(&self) -> String {
        self.0.path().display().to_string()
    }

    fn write(&self, text: &str) {
        std::fs::write(self.0.path().join("file"), text).expect("write a file");
    }

    fn commit(&self, message: &str, text: &str) {
        self.write(text);
        self.git(&["add", "file"]);
        self.git(&["commit", "-qm", message]);
    }

    fn git(&self, args: &[&str]) -> String {
        said("git", &[&["-C", &self.path()], args].concat())
    }
}

#[test]
fn git_stages_the_hunks_without_a_word() {
    let repository = Repository::new();
    let lines = (1..=40).map(|line| match line {
        5 => "five\n".to_owned(),
        20 => "a secret\n".to_owned(),
        35 => "thirty-five\n".to_owned(),
        line => format!("{line}\n"),
    });
    repository.write(&lines.collect::<String>());
    let play = play("git_add_patch")
        .args(["-C", &repository.path()])
        .env("WORD", "secret");
    play.run().ends(0).prints("2 staged, 1 left\n");
    let staged = repository.git(&["diff", "--cached"]);
    assert!(
        staged.contains("+five") && staged.contains("+thirty-five") && !staged.contains("secret"),
        "{staged}"
    );
    let left = repository.git(&["diff"]);
    assert!(left.contains("+a secret") && !left.contains("+five"), "{left}");
}

#[test]
fn git_folds_a_commit_in_vim() {
    let repository = Repository::new();
    repository.commit("two", "two\n");
    repository.commit("oops", "two, better\n");
    let play = play("git_rebase_vim").args(["-C", &repository.path()]);
    play.run().ends(0);
    assert_eq!(repository.git(&["log", "--format=%s"]), "two\none\n");
    assert_eq!(repository.git(&["show", "HEAD:file"]), "two, better\n");
}

// --- what asks questions --------------------------------------------------------

#[test]
fn npm_init() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().display().to_string();
    let play = play("npm_init")
        .args([path])
        .env("NAME", "larder")
        .env("npm_config_update_notifier", "false");
    play.run().ends(0);
    let text = std::fs::read_to_string(folder.path().join("package.json")).expect("it was written");
    let package: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (&package["name"], &package["description"], &package["license"]),
        (&"larder".into(), &"Made by a script".into(), &"MIT".into())
    );
}

#[test]
fn a_menu_of_bash() {
    for choice in ["backup", "restore", "verify"] {
        let play = play("menu")
            .args(["bash", &program("menu.sh")])
            .env("CHOICE", choice);
        play.run().ends(0).prints(&format!("{choice}\n"));
    }
}

fn program(name: &str) -> String {
    format!("{SCRIPTS}/programs/{name}")
}

// --- screens --------------------------------------------------------------------

/// 200 numbered lines, with a word in line 120.
fn long_text(home: &Home) -> String {
    let line = |number| match number {
        120 => "120 the needle\n".to_owned(),
        number => format!("{number} hay\n"),
    };
    home.write("long.txt", &(1..=200).map(line).collect::<String>())
}

#[test]
fn less() {
    let play = play("less").env("WORD", "needle");
    let text = long_text(&play.home);
    let play = play.args([text]);
    play.run().ends(0).prints("120 the needle\n");
    play.env("WORD", "camel").run().ends(1).says("camel is not in");
}

#[test]
fn more() {
    let play = play("more");
    let text = long_text(&play.home);
    let run = play.args([text]).run().ends(0);
    let pages: usize = run
        .stdout
        .trim_end_matches(" pages\n")
        .parse()
        .expect("a number of pages");
    assert!((2..=20).contains(&pages), "{run:?}");
}

#[test]
fn top() {
    let run = play("top").run().ends(0);
    assert!(
        run.stdout.contains("load average:") && run.stdout.contains("Tasks:"),
        "{run:?}"
    );
}

#[test]
fn htop() {
    let run = play("htop").args(["ptych script run"]).run().ends(0);
    assert!(run.stdout.contains("ptych script run"), "{run:?}");
}

// --- lines ----------------------------------------------------------------------

#[test]
fn telnet() {
    let server = LineServer::start();
    let play = play("telnet").args(server.address()).env("NAME", "bob");
    play.run().ends(0).prints("220 line server ready\n");
}

#[test]
fn netcat() {
    let server = LineServer::start();
    play("netcat")
        .args(server.address())
        .run()
        .ends(0)
        .prints("18:46:18\n");
}

#[test]
fn two_sessions() {
    let run = play("two_sessions")
        .args([format!("{SCRIPTS}/programs")])
        .run()
        .ends(0);
    assert!(run.stdout.starts_with("found in "), "{run:?}");
}

#[test]
fn a_slow_program() {
    let run = play("slow").args(["bash", &program("slow.sh")]).run();
    run.ends(0).prints("step 1 of 3\nstep 2 of 3\nstep 3 of 3\n");
}

#[test]
fn a_program_that_dies() {
    let run = play("dies").args(["bash", &program("dies.sh")]).run();
    // 128 and SIGSEGV, as a shell tells it.
    run.ends(128 + 11).prints("last words: writing block 17\n");
}

// --- all of them ----------------------------------------------------------------

/// A script that nobody plays would rot.
#[test]
fn every_script_is_played_here() {
    let source = include_str!("script_dialogues.rs");
    for entry in std::fs::read_dir(Path::new(SCRIPTS)).expect("the scripts") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "rhai") {
            let name = path.file_stem().expect("a name").to_string_lossy();
            assert!(
                source.contains(&format!("play(\"{name}\")")),
                "{name} is not played"
            );
        }
    }
}
