use crate::support::{Battery, options};

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
