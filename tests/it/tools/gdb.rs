use ptych::engine::protocol::spec::BlockKind;
use ptych::engine::response::Outcome;
use ptych::host::{AskOptions, Options};

use crate::support::{Battery, ask, expect, options, run, start, start_with};

#[test]
fn gdb() {
    Battery {
        tool: "gdb",
        exact: &[
            ("output 6*7", "42"),
            ("set $x = 1", ""),
            ("", ""),
            ("echo bash-5.2# \\n>>> \\n", "bash-5.2# \n>>> "),
            (
                "echo h\u{e9}llo \u{65e5}\u{672c} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\\n",
                "h\u{e9}llo \u{65e5}\u{672c} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            ),
            ("python print('a\\n\\nb')", "a\n\nb"),
        ],
        errors: &[
            ("print nothing_of_that_name", "No symbol"),
            ("nonsense", "Undefined command"),
            ("print 1 +", "syntax error"),
            ("python 1/0", "division by zero"),
            ("info registers", "no registers now"),
        ],
        fake: Some(("shell printf '(gdb) '; sleep 1.5; echo after", "(gdb) after")),
        no_newline: Some(("echo abc", "")),
        lines: Some(("python\nfor i in range(1, 5001): print(i)\nend", "")),
        long: Some(("python print('{x}')", "{x}")),
        block: Some((
            "python\ndef f(n):\n    total = 0\n\n    for i in range(n):\n        if i % 2:\n            total += i\n\n    return total\n\nprint(f(10))\nend",
            "25",
        )),
        endless: Some("python while True: pass"),
        ..Battery::default()
    }
    .run();
}

#[test]
fn commands_of_several_lines() {
    run(async {
        let session = start("gdb").await;
        expect(
            &session,
            "if 1\n  while 0\n  end\n  echo yes\\n\nend",
            Outcome::Ok,
            "yes",
        )
        .await;
        let response = ask(&session, "if 1").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        session.interrupt().await.expect("interrupt");
        expect(&session, "output 1", Outcome::Ok, "1").await;
    });
}

/// The debugged program has the terminal while it runs, and is a question of its own when it reads.
#[test]
fn a_program_that_reads_is_a_question() {
    run(async {
        let options = Options {
            args: vec!["/bin/cat".into()],
            ..options()
        };
        let session = start_with("gdb", options).await;
        let response = ask(&session, "run").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        assert_eq!(
            response.question.as_ref().map(|q| q.kind),
            Some(BlockKind::Question)
        );
        session.interrupt().await.expect("interrupt");
        let response = ask(&session, "info program").await;
        assert!(response.text.contains("SIGINT"), "{response:#?}");
        let response = ask(&session, "kill").await;
        assert!(response.text.contains("killed"), "{response:#?}");
    });
}

#[test]
fn its_own_questions_have_choices() {
    run(async {
        let session = start("gdb").await;
        expect(&session, "set confirm on", Outcome::Ok, "").await;
        let response = ask(&session, "define next").await;
        let question = response.question.clone().expect("asks");
        assert_eq!(question.kind, BlockKind::Confirm, "{response:#?}");
        let labels: Vec<&str> = question.choices.iter().map(|c| c.label.as_str()).collect();
        assert_eq!(labels, ["yes", "no"]);
        let response = session
            .answer("no", AskOptions::default())
            .await
            .expect("answered");
        assert!(response.text.contains("not redefined"), "{response:#?}");
        expect(&session, "output 1", Outcome::Ok, "1").await;
    });
}
