use ptych::engine::response::Outcome;

use crate::support::{Battery, ask, expect, run, start};

#[test]
fn php() {
    Battery {
        tool: "php",
        exact: &[
            ("echo 6*7;", "42"),
            ("$x = 1;", ""),
            ("echo \"a\\n\\nb\";", "a\n\nb"),
            (
                "echo 'h\u{e9}llo \u{65e5}\u{672c} \u{1f600}';",
                "h\u{e9}llo \u{65e5}\u{672c} \u{1f600}",
            ),
            ("echo \"bash-5.2# \\n>>> \\nphp > \\n\";", "bash-5.2# \n>>> \nphp > "),
            ("$y = 4;\n\techo $y;", "4"),
            ("echo '  two  ';", "  two  "),
            ("echo 'PHP is fine';", "PHP is fine"),
            ("if ($x) {\n  echo 'a';\n}\nelse {\n  echo 'b';\n}", "a"),
        ],
        errors: &[
            ("throw new Exception('boom');", "boom"),
            ("1 +;", "syntax error"),
            ("nosuchfunction();", "nosuchfunction"),
            ("intdiv(1, 0);", "DivisionByZeroError"),
        ],
        fake: Some(("echo 'php > '; usleep(1500000); echo 'after';", "php > after")),
        no_newline: Some(("echo 'abc';", "")),
        lines: Some(("for ($i = 1; $i <= 5000; $i++) echo $i, \"\\n\";", "")),
        long: Some(("echo strlen('{x}');", "460")),
        block: Some((
            "function f($n) {\n  $total = 0;\n\n  for ($i = 0; $i < $n; $i++) {\n    if ($i % 2) {\n\t$total += $i;\n    }\n  }\n\n  return $total;\n}\n\necho f(10);",
            "25",
        )),
        // An interrupt ends php, busy or not.
        endless: None,
        ..Battery::default()
    }
    .run();
}

#[test]
fn php_says_what_went_wrong() {
    run(async {
        let session = start("php").await;
        let response = ask(&session, "throw new Exception('boom');").await;
        assert_eq!(response.captures["error"], "Exception", "{response:#?}");
        assert_eq!(response.captures["message"], "boom", "{response:#?}");
        let response = ask(&session, "echo $undefined;").await;
        assert_eq!(response.outcome, Outcome::Ok, "{response:#?}");
        assert_eq!(
            response.captures["warning"], "Undefined variable $undefined in php shell code on line 1",
            "{response:#?}"
        );
    });
}

/// `readline` is the editor of the prompt itself: text and tty flags are the same, the mark is not.
#[test]
fn php_readline_behind_a_fake_prompt_is_a_question() {
    run(async {
        let session = start("php").await;
        let response = ask(&session, "$r = readline('php > '); echo \"<$r>\";").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        let response = session.answer("y", Default::default()).await.expect("answered");
        assert_eq!(response.text, "<y>", "{response:#?}");
    });
}

#[test]
fn php_says_that_an_input_is_not_complete() {
    run(async {
        let session = start("php").await;
        let response = ask(&session, "if (true) {").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        let response = session
            .answer("echo 1; }", Default::default())
            .await
            .expect("answered");
        assert_eq!(response.text, "1", "{response:#?}");
        expect(&session, "echo 2;", Outcome::Ok, "2").await;
    });
}

#[test]
fn php_leaves_an_unfinished_input() {
    run(async {
        let session = start("php").await;
        for open in [
            "if (true) {",
            "echo strlen(",
            "echo 'open",
            "echo \"open",
            "/* open",
        ] {
            let response = ask(&session, open).await;
            assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
            session.interrupt().await.expect("left");
            expect(&session, "echo 2;", Outcome::Ok, "2").await;
        }
        // Only its own end ends a heredoc.
        ask(&session, "echo <<<END").await;
        session.interrupt().await.expect_err("it would end");
        session
            .answer("END;", Default::default())
            .await
            .expect("answered");
        expect(&session, "echo 2;", Outcome::Ok, "2").await;
    });
}
