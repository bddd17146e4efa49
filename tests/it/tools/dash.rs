use ptych::engine::response::Outcome;

use crate::support::{Battery, ask, expect, run, start};

#[test]
fn dash() {
    Battery {
        tool: "dash",
        exact: &[
            ("echo hi", "hi"),
            ("true", ""),
            ("echo 'hi!there'", "hi!there"),
            ("printf 'a\\n\\n'", "a\n"),
            (
                "echo 'h\u{e9}llo \u{65e5}\u{672c} \u{1f600}'",
                "h\u{e9}llo \u{65e5}\u{672c} \u{1f600}",
            ),
            (
                "echo 'bash-5.2# '; echo '>>> '; echo '$ '",
                "bash-5.2# \n>>> \n$ ",
            ),
            ("echo a\tb", "a b"),
            // No line editor: a complete line each, and both answers.
            ("echo one\necho two", "one\ntwo"),
            ("cat <<END\n  a\n\n> b\nEND", "  a\n\n> b"),
        ],
        errors: &[
            ("ls /nonexistent-folder", "No such file"),
            ("nosuchcommand", "nosuchcommand: not found"),
            ("echo )", "Syntax error"),
            ("sh -c 'exit 7'", ""),
        ],
        fake: Some(("printf '# '; sleep 1.5; echo after", "# after")),
        no_newline: Some(("printf abc", "")),
        lines: Some(("seq 5000", "")),
        long: Some(("echo {x}", "{x}")),
        block: Some((
            "for i in 1 2; do\n  if [ $i = 1 ]; then\n\n\techo one\n  else\n    echo two\n  fi\n\ndone",
            "one\ntwo",
        )),
        endless: Some("while :; do :; done"),
        ..Battery::default()
    }
    .run();
}

#[test]
fn dash_tells_the_exit_status() {
    run(async {
        let session = start("dash").await;
        let response = ask(&session, "(exit 7)").await;
        assert_eq!(response.captures["exit_status"], "7", "{response:#?}");
        expect(&session, "echo $?", Outcome::Ok, "7").await;
    });
}

/// The shell's own `read` waits in the very same call as its prompt does.
#[test]
fn dash_read_behind_a_fake_prompt_is_a_question() {
    run(async {
        let session = start("dash").await;
        let response = ask(&session, "printf '\\n$ '; read x; echo \"<$x>\"").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        let response = session.answer("y", Default::default()).await.expect("answered");
        assert_eq!(response.text, "<y>", "{response:#?}");
        expect(&session, "echo hi", Outcome::Ok, "hi").await;
    });
}

#[test]
fn dash_refuses_a_line_that_the_kernel_would_cut() {
    run(async {
        let session = start("dash").await;
        let error = session.ask(&format!("echo {}", "x".repeat(5000))).await;
        let error = error.expect_err("too long");
        assert!(format!("{error:?}").contains("LineTooLong"), "{error:?}");
        expect(&session, "echo hi", Outcome::Ok, "hi").await;
    });
}
