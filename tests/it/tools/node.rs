use ptych::engine::response::Outcome;

use crate::support::{Battery, ask, run, start};

#[test]
fn node() {
    Battery {
        tool: "node",
        exact: &[
            ("6*7", "42"),
            ("console.log('a\\n\\nb')", "a\n\nb\nundefined"),
            ("'h\u{e9}llo \u{65e5}\u{672c} \u{1f600}'", "'h\u{e9}llo \u{65e5}\u{672c} \u{1f600}'"),
            ("console.log('>>> '); console.log('... '); console.log('> ')", ">>> \n... \n> \nundefined"),
            ("await new Promise(done => setTimeout(() => done(5), 50))", "5"),
            ("var x = 1\nx + 1", "2"),
            ("console.log('Uncaught Error: only text')", "Uncaught Error: only text\nundefined"),
            ("'a\tb'.length", "3"),
        ],
        errors: &[
            ("missing", "missing is not defined"),
            ("throw 1", "Uncaught 1"),
            ("x = )", "SyntaxError"),
        ],
        fake: Some((
            "process.stdout.write('> '); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500); console.log('after')",
            "> after\nundefined",
        )),
        no_newline: Some(("process.stdout.write('abc')", "true")),
        lines: Some(("for (let i = 1; i <= 5000; i++) console.log(i)", "\nundefined")),
        long: Some(("'{x}'.length", "460")),
        block: Some((
            "function f(n) {\n  let total = 0;\n\n  for (let i = 0; i < n; i++) {\n    if (i % 2) {\n      total += i;\n    }\n  }\n\n  return total;\n}\n\n[f(10)]\n  .map(n => n * 2)\n  .join()",
            "'50'",
        )),
        endless: Some("while (true) {}"),
        ..Battery::default()
    }
    .run();
}

#[test]
fn node_says_what_was_thrown() {
    run(async {
        let session = start("node").await;
        let response = ask(&session, "null.x").await;
        assert_eq!(response.captures["error"], "TypeError");
        assert!(
            response.captures["message"].starts_with("Cannot read"),
            "{response:#?}"
        );
        let response = ask(&session, "throw new RangeError('a\\nb')").await;
        assert_eq!(
            (response.outcome, response.text.as_str()),
            (Outcome::Error, "Uncaught RangeError: a\nb")
        );
    });
}

/// A promise that never settles, and an answer that is awaited while a fake prompt stands.
#[test]
fn node_waits_for_promises() {
    run(async {
        let session = start("node").await;
        let later = "process.stdout.write('> '); await new Promise(done => setTimeout(done, 1200)); console.log('after')";
        let response = ask(&session, later).await;
        assert_eq!(
            (response.outcome, response.text.as_str()),
            (Outcome::Ok, "> after\nundefined")
        );
        let limit = ptych::host::AskOptions {
            timeout: Some(std::time::Duration::from_millis(500)),
            ..Default::default()
        };
        let response = session
            .ask_with("await new Promise(() => {})", limit)
            .await
            .expect("asked");
        assert_eq!(response.outcome, Outcome::TimedOut);
        session.interrupt().await.expect("interrupted");
        assert_eq!(ask(&session, "6*7").await.text, "42");
    });
}
