use ptych::engine::response::Outcome;

use crate::support::{Battery, ask, expect, run, start};

#[test]
fn fish() {
    Battery {
        tool: "fish",
        exact: &[
            ("echo hi", "hi"),
            ("true", ""),
            ("echo 'hi!there'", "hi!there"),
            ("printf 'a\\n\\n'", "a\n"),
            ("printf '%s\\n' 'x  '", "x  "),
            (
                "echo 'h\u{e9}llo \u{65e5}\u{672c} \u{1f600}'",
                "h\u{e9}llo \u{65e5}\u{672c} \u{1f600}",
            ),
            (
                "echo 'bash-5.2# '; echo '>>> '; echo '> '",
                "bash-5.2# \n>>> \n> ",
            ),
            ("echo a\tb", "a b"),
            ("printf '\u{23ce}'", "\u{23ce}"),
        ],
        errors: &[
            ("ls /nonexistent-folder", "No such file"),
            ("nosuchcommand", "Unknown command: nosuchcommand"),
            ("echo )", "Unexpected ')'"),
            ("sh -c 'exit 7'", ""),
        ],
        fake: Some(("printf '# '; sleep 1.5; echo after", "# after")),
        no_newline: Some(("printf abc", "")),
        lines: Some(("seq 5000", "")),
        long: Some(("echo {x}", "{x}")),
        block: Some((
            "for i in 1 2\n  if test $i = 1\n\n\techo one\n  else\n    echo two\n  end\n\nend",
            "one\ntwo",
        )),
        endless: Some("while true; end"),
        ..Battery::default()
    }
    .run();
}

#[test]
fn fish_tells_the_exit_status() {
    run(async {
        let session = start("fish").await;
        let response = ask(&session, "sh -c 'exit 7'").await;
        assert_eq!(response.captures["exit_status"], "7", "{response:#?}");
        expect(&session, "echo $status", Outcome::Ok, "7").await;
        // The line that is not valid does not stay in the editor.
        let response = ask(&session, "if true; echo 'it )' )").await;
        assert_eq!(response.outcome, Outcome::Error, "{response:#?}");
        expect(&session, "echo hi", Outcome::Ok, "hi").await;
    });
}

#[test]
fn fish_fake_prompt_on_its_own_line() {
    run(async {
        let session = start("fish").await;
        expect(
            &session,
            "printf '\\n# \\n'; printf '# '; sleep 1.5; echo after",
            Outcome::Ok,
            "\n# \n# after",
        )
        .await;
    });
}

#[test]
fn fish_read_is_a_question() {
    run(async {
        let session = start("fish").await;
        let response = ask(&session, "read name; echo \"<$name>\"").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        let response = session
            .answer("it is )", Default::default())
            .await
            .expect("answered");
        assert!(response.text.contains("<it is )>"), "{response:#?}");
        expect(&session, "echo hi", Outcome::Ok, "hi").await;
    });
}

#[test]
fn fish_says_that_an_input_is_not_complete() {
    run(async {
        let session = start("fish").await;
        let response = ask(&session, "begin").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        session.interrupt().await.expect("left");
        expect(&session, "echo hi", Outcome::Ok, "hi").await;
    });
}

#[test]
fn fish_answers_right_behind_a_resize() {
    run(async {
        let session = start("fish").await;
        for cols in [90, 50, 100, 30, 120] {
            let size = ptych::engine::term::Size { cols, rows: 20 };
            session.resize(size).await.expect("resized");
            expect(&session, "stty size", Outcome::Ok, &format!("20 {cols}")).await;
        }
    });
}
