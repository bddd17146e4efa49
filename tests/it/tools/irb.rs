use ptych::engine::response::Outcome;

use crate::support::{Battery, answer, ask, run, start};

#[test]
fn irb() {
    Battery {
        tool: "irb",
        exact: &[
            ("6*7", "=> 42"),
            ("puts \"a\\n\\nb\"", "a\n\nb\n=> nil"),
            ("'h\u{e9}llo \u{65e5}\u{672c} \u{1f600}'", "=> \"h\u{e9}llo \u{65e5}\u{672c} \u{1f600}\""),
            ("puts 'irb(main):001:0> ', '>>> '", "irb(main):001:0> \n>>> \n=> nil"),
            ("x = 1\nx + 1", "=> 2"),
            ("puts \"(irb):1:in `x': only text (RuntimeError)\"", "(irb):1:in `x': only text (RuntimeError)\n=> nil"),
            ("'a\tb'.length", "=> 3"),
        ],
        errors: &[
            ("1/0", "ZeroDivisionError"),
            ("x = )", "SyntaxError"),
            ("raise 'oh'", "oh (RuntimeError)"),
        ],
        fake: Some((
            "print 'irb(main):001:0> '; $stdout.flush; sleep 1.5; puts 'after'",
            "irb(main):001:0> after\n=> nil",
        )),
        no_newline: Some(("print 'abc'", "=> nil")),
        lines: Some(("(1..5000).each { |i| puts i }", "\n=> 1..5000")),
        long: Some(("'{x}'.length", "=> 460")),
        block: Some((
            "def f(n)\n  total = 0\n\n  n.times do |i|\n    if i.odd?\n      total += i\n    end\n  end\n\n  total\nend\n\n[f(10)]\n  .map { |n| n * 2 }\n  .first",
            "=> 50",
        )),
        endless: Some("loop {}"),
        ..Battery::default()
    }
    .run();
}

/// A block sees and leaves the same variables as a line, and a question of the program is not the prompt that it reads like.
#[test]
fn irb_blocks_and_questions() {
    run(async {
        let session = start("irb").await;
        ask(&session, "a = 1").await;
        assert_eq!(ask(&session, "b = a + 1\nb * 10").await.text, "=> 20");
        assert_eq!(ask(&session, "a + b").await.text, "=> 3");
        let response = ask(&session, "1/0").await;
        assert_eq!(response.captures["error"], "ZeroDivisionError");
        assert_eq!(response.captures["message"], "divided by 0");
        let response = ask(&session, "Readline.readline('irb(main):001:0> ')").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        let response = answer(&session, "yes").await;
        assert_eq!(response.text, "=> \"yes\"", "{response:#?}");
        let response = ask(&session, "if true").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        session.interrupt().await.expect("interrupted");
        assert_eq!(ask(&session, "6*7").await.text, "=> 42");
    });
}
