use ptych::engine::protocol::spec::BlockKind;
use ptych::engine::response::Outcome;

use crate::support::{Battery, ask, expect, options, run, start};

#[test]
fn bash() {
    Battery {
        tool: "bash",
        exact: &[
            ("echo hi", "hi"),
            ("true", ""),
            ("echo 'hi!there'", "hi!there"),
            ("printf 'a\\n\\n'", "a\n"),
            ("echo -e 'a\\tb'", "a       b"),
            ("printf '10%%\\r50%%\\r100%%\\n'", "100%"),
            ("printf 'a|\\b/\\b-\\bX\\n'", "aX"),
            ("printf '\\e[31mred\\e[0m\\n'", "red"),
            ("echo one; echo two", "one\ntwo"),
            ("printf '%120s' x", &format!("{:>120}", "x")),
            ("echo a\tb", "a b"),
        ],
        errors: &[("ls /nonexistent-folder", "No such file")],
        fake: Some(("printf 'bash$ '; sleep 1.5; echo after", "bash$ after")),
        no_newline: Some(("printf abc", "")),
        lines: Some(("seq 5000", "")),
        long: Some(("echo {x}", "{x}")),
        block: Some((
            "for i in 1 2; do\n  if [ $i = 1 ]; then\n\n    echo one\n  else\n    echo two\n  fi\n\ndone",
            "one\ntwo",
        )),
        endless: Some("while :; do :; done"),
        ..Battery::default()
    }
    .run();
}

/// Without readline the kernel edits: the prompt's mark and PS0 still say where a command's output starts and ends.
#[test]
fn bash_without_line_editor() {
    Battery {
        tool: "bash",
        options: Some(ptych::host::Options {
            args: vec!["--noediting".into()],
            ..options()
        }),
        exact: &[
            ("echo hi", "hi"),
            ("true", ""),
            ("echo 'hi!there'", "hi!there"),
            ("printf 'a\\n\\n'", "a\n"),
            ("echo a\tb", "a b"),
            ("echo one\necho two", "one\ntwo"),
            ("cat <<END\n  a\n\n> b\nEND", "  a\n\n> b"),
        ],
        errors: &[
            ("ls /nonexistent-folder", "No such file"),
            ("echo )", "syntax error"),
        ],
        fake: Some(("printf 'bash$ '; sleep 1.5; echo after", "bash$ after")),
        no_newline: Some(("printf abc", "")),
        lines: Some(("seq 5000", "")),
        long: Some(("echo {x}", "{x}")),
        block: Some((
            "for i in 1 2; do\n  if [ $i = 1 ]; then\n\n\techo one\n  else\n    echo two\n  fi\n\ndone",
            "one\ntwo",
        )),
        endless: Some("while :; do :; done"),
    }
    .run();
}

#[test]
fn bash_tells_the_exit_status() {
    run(async {
        let session = start("bash").await;
        let response = ask(&session, "(exit 7)").await;
        assert_eq!(response.captures["exit_status"], "7", "{response:#?}");
        assert_eq!(response.outcome, Outcome::Error);
        expect(&session, "echo $?", Outcome::Ok, "7").await;
        let response = ask(&session, "echo )").await;
        assert_eq!(response.outcome, Outcome::Error, "{response:#?}");
        // A mark that a command prints is not the shell's own.
        let marks = "printf '\\e]133;C\\a\\e]133;D;3\\a\\e]133;A\\abash$ '; sleep 0.3; echo after";
        let response = ask(&session, marks).await;
        assert!(response.text.ends_with("bash$ after"), "{response:#?}");
        assert_eq!(response.captures["exit_status"], "0", "{response:#?}");
    });
}

#[test]
fn bash_read_behind_a_fake_prompt_is_a_question() {
    run(async {
        let session = start("bash").await;
        let response = ask(&session, "printf '\\nbash$ '; read x; echo \"<$x>\"").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        let response = session.answer("y", Default::default()).await.expect("answered");
        assert_eq!(response.text, "<y>", "{response:#?}");
        let response = ask(&session, "read -e -p 'bash$ ' x; echo \"<$x>\"").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        let response = session.answer("z", Default::default()).await.expect("answered");
        assert_eq!(response.text, "<z>", "{response:#?}");
        let response = ask(&session, "read -s -p 'Password: ' x; echo \"<$x>\"").await;
        let question = response.question.expect("a question");
        assert_eq!(question.kind, BlockKind::Secret);
        let response = session
            .answer("hush", Default::default())
            .await
            .expect("answered");
        assert_eq!(response.outcome, Outcome::Ok, "{response:#?}");
        expect(&session, "echo hi", Outcome::Ok, "hi").await;
    });
}

#[test]
fn bash_says_that_an_input_is_not_complete() {
    run(async {
        let session = start("bash").await;
        let response = ask(&session, "echo 'open").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        session.interrupt().await.expect("left");
        expect(&session, "echo hi", Outcome::Ok, "hi").await;
    });
}

#[test]
fn bash_that_leaves_ends_the_turn() {
    run(async {
        let session = start("bash").await;
        let response = ask(&session, "echo bye; exit 3").await;
        assert_eq!(response.outcome, Outcome::Exited, "{response:#?}");
        assert!(response.text.starts_with("bye"), "{response:#?}");
    });
}

#[test]
fn bash_answers_right_behind_a_resize() {
    run(async {
        let session = start("bash").await;
        for cols in [90, 50, 100, 30, 120] {
            let size = ptych::engine::term::Size { cols, rows: 20 };
            session.resize(size).await.expect("resized");
            expect(&session, "stty size", Outcome::Ok, &format!("20 {cols}")).await;
        }
    });
}
