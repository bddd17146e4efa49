use ptych::engine::response::Outcome;

use crate::support::{Battery, answer, ask, run, start};

#[test]
fn ipython() {
    Battery {
        tool: "ipython",
        exact: &[
            ("print(6*7)", "42"),
            ("print('a\\n\\nb')", "a\n\nb"),
            ("None", ""),
            ("print('h\u{e9}llo \u{65e5}\u{672c} \u{1f600}')", "h\u{e9}llo \u{65e5}\u{672c} \u{1f600}"),
            ("print('In [1]: '); print('   ...: '); print('>>> ')", "In [1]: \n   ...: \n>>> "),
            ("print('ZeroDivisionError: only text')", "ZeroDivisionError: only text"),
            ("print(len('a\tb'))", "3"),
        ],
        errors: &[("1/0", "ZeroDivisionError"), ("x = )", "SyntaxError")],
        fake: Some((
            "import sys,time; _=sys.stdout.write('In [1]: '); sys.stdout.flush(); time.sleep(1.5); print('after')",
            "In [1]: after",
        )),
        no_newline: Some(("print('abc', end='')", "")),
        lines: Some(("for i in range(1, 5001): print(i)", "")),
        long: Some(("print(len('{x}'))", "460")),
        block: Some((
            "def f(n):\n    total = 0\n\n    for i in range(n):\n        if i % 2:\n            total += i\n\n    return total\n\nprint(f(10))",
            "25",
        )),
        endless: Some("while True: pass"),
        ..Battery::default()
    }
    .run();
}

#[test]
fn ipython_numbers_its_answers() {
    run(async {
        let session = start("ipython").await;
        assert_eq!(ask(&session, "6*7").await.text, "Out[1]: 42");
        assert_eq!(
            ask(&session, "for i in range(2):\n    print(i)").await.text,
            "0\n1"
        );
        let response = ask(&session, "1/0").await;
        assert_eq!(response.captures["message"], "division by zero");
        let response = ask(&session, "input('In [1]: ')").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        let response = answer(&session, "x").await;
        assert_eq!(response.text, "Out[4]: 'x'", "{response:#?}");
        let help = ask(&session, "len?").await;
        assert!(
            help.outcome == Outcome::Ok && help.text.contains("Return the number of items"),
            "{help:#?}"
        );
    });
}
