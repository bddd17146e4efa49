use ptych::engine::response::Outcome;

use crate::support::{Battery, ask, expect, run, start};

#[test]
fn lua() {
    Battery {
        tool: "lua",
        exact: &[
            ("6*7", "42"),
            ("x = 1", ""),
            ("print('a\\n\\nb')", "a\n\nb"),
            (
                "print('h\u{e9}llo \u{65e5}\u{672c} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}')",
                "h\u{e9}llo \u{65e5}\u{672c} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            ),
            ("print('bash-5.2# '); print('>>> '); print('> ')", "bash-5.2# \n>>> \n> "),
            ("local y = 4\nprint(y)", "4"),
            ("print('  two  ')", "  two  "),
            ("print('stdin:1: near')", "stdin:1: near"),
        ],
        errors: &[
            ("error('boom')", "boom"),
            ("nil + 1", "arithmetic"),
            ("x = = 1", "unexpected symbol near"),
            ("error({})", "error object is a table value"),
        ],
        fake: Some((
            "io.write('> '); io.flush(); os.execute('sleep 1.5'); print('after')",
            "> after",
        )),
        no_newline: Some(("do io.write('abc') end", "")),
        lines: Some(("for i = 1, 5000 do print(i) end", "")),
        long: Some(("#'{x}'", "460")),
        block: Some((
            "local function f(n)\n  local total = 0\n\n  for i = 0, n - 1 do\n    if i % 2 == 1 then\n\ttotal = total + i\n    end\n  end\n\n  return total\nend\n\nprint(f(10))",
            "25",
        )),
        endless: Some("while true do end"),
        ..Battery::default()
    }
    .run();
}

#[test]
fn lua_says_what_went_wrong() {
    run(async {
        let session = start("lua").await;
        let response = ask(&session, "error('boom')").await;
        assert_eq!(response.captures["message"], "stdin:1: boom", "{response:#?}");
        let response = ask(&session, "x = = 1").await;
        assert!(
            response.captures["message"].starts_with("unexpected symbol"),
            "{response:#?}"
        );
    });
}

#[test]
fn lua_read_behind_a_fake_prompt_is_a_question() {
    run(async {
        let session = start("lua").await;
        let response = ask(&session, "io.write('\\n> '); x = io.read(); print(x)").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        let response = session.answer("y", Default::default()).await.expect("answered");
        assert_eq!(response.text, "y", "{response:#?}");
    });
}

#[test]
fn lua_says_that_an_input_is_not_complete() {
    run(async {
        let session = start("lua").await;
        let response = ask(&session, "for i = 1, 2 do").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        let response = session
            .answer("print(i) end", Default::default())
            .await
            .expect("answered");
        assert_eq!(response.text, "1\n2", "{response:#?}");
        expect(&session, "6*7", Outcome::Ok, "42").await;
    });
}

#[test]
fn lua_leaves_an_unfinished_input() {
    run(async {
        let session = start("lua").await;
        for open in ["for i = 1, 2 do", "x = [[open", "x =", "--[["] {
            let response = ask(&session, open).await;
            assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
            session.interrupt().await.expect("left");
            expect(&session, "6*7", Outcome::Ok, "42").await;
        }
    });
}
