use crate::support::Battery;

#[test]
fn bc() {
    Battery {
        tool: "bc",
        exact: &[
            ("6*7", "42"),
            ("x = 1", ""),
            ("2^100", "1267650600228229401496703205376"),
            ("1; 2", "1\n2"),
            ("print \"bash-5.2# \\n>>> \\n\"", "bash-5.2# \n>>> "),
            ("print \"a\\n\\n\"", "a\n"),
            ("x = 4\nx + 1", "5"),
        ],
        errors: &[
            ("1/0", "Divide by zero"),
            ("if (", "syntax error"),
            ("sqrt(-1)", "Square root of a negative number"),
        ],
        // The prompt is empty, and nothing can sleep: there is no fake prompt. Its parser takes ASCII alone.
        fake: None,
        no_newline: Some(("print \"abc\"", "")),
        lines: Some(("for (i = 1; i <= 5000; i++) i", "")),
        long: Some(("print \"{x}\\n\"", "{x}")),
        block: Some((
            "define f(n) {\n  auto i, t\n\n  for (i = 0; i < n; i++) {\n    if (i % 2) {\n      t += i\n    }\n  }\n\n  return t\n}\nf(10)",
            "25",
        )),
        endless: Some("while (1) {}"),
        ..Battery::default()
    }
    .run();
}
