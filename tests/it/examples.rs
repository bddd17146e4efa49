//! The examples that need nothing but python, bash and sh, run as their readers run them. `parallel_refactor` needs aider: `.ci/run` runs it in
//! the jail of `tests/agents`.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// Built once more: `cargo test` builds examples only when it is asked for all targets.
pub fn built() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let this = std::env::current_exe().expect("this test");
        let profile = this
            .parent()
            .and_then(|deps| deps.parent())
            .expect("target/PROFILE");
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["build", "--quiet", "--examples"]);
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        if cfg!(feature = "heavy-tests") {
            cargo.args(["--features", "heavy-tests"]);
        }
        assert!(cargo.status().expect("cargo").success(), "the examples are built");
        profile.join("examples")
    })
}

/// What it prints.
fn run(name: &str) -> String {
    let output = Command::new(built().join(name))
        .output()
        .unwrap_or_else(|e| panic!("{name}: {e}"));
    let (out, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && errors.is_empty(),
        "{name}: {:?}\n{out}{errors}",
        output.status
    );
    out.into_owned()
}

#[test]
fn simple_pool() {
    let wanted = "\
one answer: 332833500
read later: 1024, 1048576, 1073741824
right of 100: 100
a crash: Exited
alive again: 3 of 3
nothing left: true
";
    assert_eq!(run("simple_pool"), wanted);
}

#[test]
fn test_generation() {
    let out = run("test_generation");
    let written: Vec<&str> = out.lines().filter(|line| line.starts_with("def ")).collect();
    let wanted = [
        "def test_area():",
        "def test_initials():",
        "def test_is_even():",
        "def test_mean():",
        "def test_repeat():",
    ];
    assert_eq!(written, wanted, "{out}");
    assert!(out.ends_with("\npassed: 5\n"), "{out}");
}

#[test]
fn multi_agent_review() {
    let out = run("multi_agent_review");
    for wanted in [
        "  1 python: greet has no docstring\n",
        "  2 bash: line 1 is too long\n",
        "agreed in round 2\n",
    ] {
        assert!(out.contains(wanted), "{out}");
    }
}

#[test]
fn dialogues() {
    let wanted = "\
the name is asked for
the password is not shown
2 messages: hello, goodbye
it ended with exit code 0
";
    assert_eq!(run("expect"), wanted);
    assert_eq!(
        run("expect_blocking"),
        "6 * 7 is 42\nthe error: ZeroDivisionError\n"
    );
}

#[test]
fn of_one_session() {
    assert!(run("one_question").starts_with("332833500\nproved by ready: "));
    assert!(run("own_protocol").starts_with("6 * 7 = 42\n1 << 20 = 1048576\nit ended as "));
    assert!(run("replay").contains("recorded\nls: cannot access '/no/such/file'"));
    let out = run("three_in_parallel");
    assert!(
        out.lines().count() == 4 && out.contains("three, as process"),
        "{out}"
    );
}
