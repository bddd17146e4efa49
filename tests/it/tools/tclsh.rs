use ptych::engine::response::Outcome;

use crate::support::{Battery, ask, expect, run, start};

#[test]
fn tclsh() {
    Battery {
        tool: "tclsh",
        exact: &[
            ("expr 6*7", "42"),
            ("set x {}", ""),
            ("puts \"a\\n\"", "a\n"),
            ("puts {h\u{e9}llo \u{65e5}\u{672c}}", "h\u{e9}llo \u{65e5}\u{672c}"),
            ("puts {bash-5.2# }; puts {>>> }; puts {% }", "bash-5.2# \n>>> \n% "),
            ("puts {  two  }", "  two  "),
            ("set x a\nset x b", "a\nb"),
            ("catch {expr {1/0}}", "1"),
            ("puts {error: no}; puts {invalid command name \"x\"}", "error: no\ninvalid command name \"x\""),
            ("echo hi", "hi"),
            ("info level", "0"),
        ],
        errors: &[
            ("nosuchcommand", "invalid command name \"nosuchcommand\""),
            ("error {a b}", "a b"),
            ("expr {1/0}", "divide by zero"),
            ("break", "invoked \"break\" outside of a loop"),
            ("error {}", ""),
        ],
        fake: Some((
            "puts -nonewline {% }; flush stdout; after 1500; puts after",
            "% after",
        )),
        no_newline: Some(("puts -nonewline abc", "")),
        lines: Some(("for {set i 1} {$i <= 5000} {incr i} {puts $i}", "")),
        long: Some(("puts {x}", "{x}")),
        block: Some((
            "proc f {n} {\n  set total 0\n\n  for {set i 0} {$i < $n} {incr i} {\n    if {$i % 2} {\n\tincr total $i\n    }\n  }\n\n  return $total\n}\nf 10",
            "25",
        )),
        // An interrupt ends tclsh, busy or not.
        endless: None,
        ..Battery::default()
    }
    .run();
}

#[test]
fn tclsh_gets_behind_a_fake_prompt_is_a_question() {
    run(async {
        let session = start("tclsh").await;
        let response = ask(
            &session,
            "puts -nonewline \"\\n% \"; flush stdout; gets stdin x; set x",
        )
        .await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        let response = session.answer("y", Default::default()).await.expect("answered");
        assert_eq!(response.text, "y", "{response:#?}");
        expect(&session, "expr 6*7", Outcome::Ok, "42").await;
    });
}

#[test]
fn tclsh_is_not_interrupted() {
    run(async {
        let session = start("tclsh").await;
        let options = ptych::host::AskOptions {
            timeout: Some(std::time::Duration::from_millis(300)),
            ..Default::default()
        };
        let response = session.ask_with("while 1 {}", options).await.expect("asked");
        assert_eq!(response.outcome, Outcome::TimedOut, "{response:#?}");
        session.interrupt().await.expect_err("it would end");
        session.stop(ptych::host::StopOptions::NOW).await;
    });
}
