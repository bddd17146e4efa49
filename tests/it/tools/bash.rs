use crate::support::Battery;

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
