use ptych::engine::protocol::spec::BlockKind;
use ptych::engine::response::Outcome;

use crate::support::{Battery, answer, ask, expect, options, run, start_with};

fn battery(program: &str) -> Battery<'static> {
    let options = ptych::host::Options {
        program: Some(program.into()),
        ..options()
    };
    Battery {
        tool: "python",
        options: Some(options),
        exact: &[
            ("6*7", "42"),
            ("print('a\\n\\nb')", "a\n\nb"),
            ("None", ""),
            (
                "print('h\u{e9}llo \u{65e5}\u{672c} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}')",
                "h\u{e9}llo \u{65e5}\u{672c} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            ),
            ("print('bash-5.2# '); print('>>> ')", "bash-5.2# \n>>> "),
            ("x = 1\nx + 1", "2"),
            ("print('  two  ')", "  two  "),
        ],
        errors: &[("1/0", "ZeroDivisionError"), ("if", "SyntaxError")],
        fake: Some((
            "import sys,time; _=sys.stdout.write('>>> '); sys.stdout.flush(); time.sleep(1.5); print('after')",
            ">>> after",
        )),
        no_newline: Some(("print('abc', end='')", "")),
        lines: Some(("for i in range(1, 5001): print(i)", "")),
        long: Some(("print(len('{x}'))", "460")),
        block: Some((
            "def f(n):\n    total = 0\n\n    for i in range(n):\n        if i % 2:\n            total += i\n\n    return total\n\nf(10)",
            "25",
        )),
        endless: Some("while True: pass"),
    }
}

#[test]
fn python_3_11() {
    battery("python3.11").run();
}

#[test]
fn python_3_13() {
    battery("python3.13").run();
}

async fn session(program: &str) -> ptych::host::Session {
    let options = ptych::host::Options {
        program: Some(program.into()),
        ..options()
    };
    start_with("python", options).await
}

/// Tabs, lines longer than a terminal takes, a block that defines a class, text that only reads like an error.
async fn odd_input(program: &str) {
    let session = session(program).await;
    expect(&session, "len('a\tb')", Outcome::Ok, "3").await;
    let long = "y".repeat(6000);
    expect(&session, &format!("len('{long}')"), Outcome::Ok, "6000").await;
    let class = "class A:\n\n    def f(self):\n\n        return '''x\n\ny'''\n\n\nA().f()";
    expect(&session, class, Outcome::Ok, "'x\\n\\ny'").await;
    expect(&session, "if True:\n\tprint('tab')", Outcome::Ok, "tab").await;
    expect(&session, "if True: print('one')", Outcome::Ok, "one").await;
    let text = "print('Traceback (most recent call last):'); print('ValueError: only text')";
    expect(
        &session,
        text,
        Outcome::Ok,
        "Traceback (most recent call last):\nValueError: only text",
    )
    .await;
    let response = ask(&session, "{}['k']").await;
    assert_eq!(
        (response.outcome, response.captures["error"].as_str()),
        (Outcome::Error, "KeyError")
    );
    let response = ask(&session, "x = 1\nraise ValueError('in a block')").await;
    assert_eq!(
        (response.outcome, response.captures["message"].as_str()),
        (Outcome::Error, "in a block")
    );
    expect(&session, "x", Outcome::Ok, "1").await;
}

/// What a program asks is a question, however much it reads like a prompt.
async fn questions(program: &str) {
    let session = session(program).await;
    for prompt in [">>> ", "... ", "name: "] {
        let response = ask(&session, &format!("input({prompt:?})")).await;
        assert_eq!(response.outcome, Outcome::Blocked, "{prompt}\n{response:#?}");
        let response = answer(&session, "me").await;
        assert_eq!(
            (response.outcome, response.text.as_str()),
            (Outcome::Ok, "'me'"),
            "{prompt}\n{response:#?}"
        );
    }
    let response = ask(&session, "import getpass; getpass.getpass()").await;
    assert_eq!(
        response.question.as_ref().map(|q| q.kind),
        Some(BlockKind::Secret),
        "{response:#?}"
    );
    let response = answer(&session, "s3cret").await;
    assert_eq!(response.text, "'s3cret'", "{response:#?}");
    let response = ask(&session, "foo(").await;
    assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
    session.interrupt().await.expect("interrupted");
    expect(&session, "6*7", Outcome::Ok, "42").await;
}

async fn help(program: &str) {
    let session = session(program).await;
    let response = ask(&session, "help(len)").await;
    assert!(
        response.outcome == Outcome::Ok && response.text.contains("Return the number of items"),
        "{response:#?}"
    );
    let response = ask(&session, "help()").await;
    assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
    let response = answer(&session, "len").await;
    assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
    assert!(
        response.text.contains("Return the number of items"),
        "{response:#?}"
    );
    assert_eq!(answer(&session, "quit").await.outcome, Outcome::Ok);
    expect(&session, "6*7", Outcome::Ok, "42").await;
}

#[test]
fn python_3_11_odd_input() {
    run(odd_input("python3.11"));
}

#[test]
fn python_3_13_odd_input() {
    run(odd_input("python3.13"));
}

#[test]
fn python_3_11_questions() {
    run(questions("python3.11"));
}

#[test]
fn python_3_13_questions() {
    run(questions("python3.13"));
}

#[test]
fn python_3_11_help() {
    run(help("python3.11"));
}

#[test]
fn python_3_13_help() {
    run(help("python3.13"));
}
