use ptych::engine::response::Outcome;

use crate::support::{Battery, ask, expect, run, start};

#[test]
fn jshell() {
    Battery {
        tool: "jshell",
        exact: &[
            ("System.out.println(6*7)", "42"),
            ("System.out.println(\"a\\n\\nb\")", "a\n\nb"),
            ("System.out.println(\"h\u{e9}llo \u{65e5}\u{672c} \u{1f600}\")", "h\u{e9}llo \u{65e5}\u{672c} \u{1f600}"),
            ("System.out.println(\"jshell> \\n   ...> \\n>>> \")", "jshell> \n   ...> \n>>> "),
            ("System.out.println(\"a\tb\".length())", "3"),
        ],
        errors: &[
            ("1/0", "ArithmeticException"),
            ("missing", "cannot find symbol"),
            ("/bogus", "Invalid command"),
        ],
        fake: Some((
            "System.out.print(\"\\njshell> \"); Thread.sleep(1500); System.out.println(\"after\");",
            "\njshell> after",
        )),
        no_newline: Some(("System.out.print(\"abc\")", "")),
        lines: Some(("for (int i = 1; i <= 5000; i++) System.out.println(i);", "")),
        long: Some(("System.out.println(\"{x}\".length())", "460")),
        block: Some((
            "int f(int n) {\n    int total = 0;\n\n    for (int i = 0; i < n; i++) {\n        if (i % 2 == 1) {\n            total += i;\n        }\n    }\n\n    return total;\n}\n\nSystem.out.println(f(10));",
            "|  created method f(int)\n25",
        )),
        endless: Some("while (true);"),
        ..Battery::default()
    }
    .run();
}

#[test]
fn jshell_values_and_unfinished_input() {
    run(async {
        let session = start("jshell").await;
        expect(&session, "6*7", Outcome::Ok, "$1 ==> 42").await;
        let response = ask(&session, "missing").await;
        assert_eq!(response.captures["message"], "cannot find symbol");
        let response = ask(&session, "class A {").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        session.interrupt().await.expect("interrupted");
        expect(&session, "System.out.println(1)", Outcome::Ok, "1").await;
    });
}
