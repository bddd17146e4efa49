use ptych::engine::protocol::spec::BlockKind;
use ptych::engine::response::Outcome;
use ptych::host::{AskOptions, Options};

use crate::support::{Battery, ask, expect, options, run, server_port, start_with};

fn connection(more: &[&str]) -> Options {
    let port = server_port("PTYCH_TEST_PG_PORT");
    let mut args: Vec<String> = ["-h", "127.0.0.1", "-U", "postgres", "-p", &port]
        .map(String::from)
        .to_vec();
    args.extend(more.iter().map(|arg| (*arg).to_owned()));
    Options { args, ..options() }
}

#[test]
fn psql() {
    Battery {
        tool: "psql",
        options: Some(connection(&[])),
        exact: &[
            (
                "select 6*7 as answer;",
                " answer \n--------\n     42\n(1 row)\n",
            ),
            (
                "select 'h\u{e9}llo \u{65e5}\u{672c} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}' as x \\g (format=unaligned)",
                "x\nh\u{e9}llo \u{65e5}\u{672c} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\n(1 row)",
            ),
            ("\\echo bash-5.2# ", "bash-5.2#"),
            ("\\echo postgres=# \\\\ \\echo '>>> '", "postgres=#\n>>> "),
            ("\\set x 1", ""),
            ("", ""),
        ],
        errors: &[
            ("select 1/0;", "division by zero"),
            ("selct;", "syntax error"),
            ("\\nonsense", "invalid command"),
            ("\\d nothing_of_that_name", "Did not find any relation"),
        ],
        fake: Some((
            "\\! printf 'postgres=# '; sleep 1.5; echo after",
            "postgres=# after",
        )),
        no_newline: Some(("\\echo -n abc", "")),
        lines: Some(("select generate_series(1, 5000) \\g (format=unaligned tuples_only=on)", "")),
        long: Some(("\\echo {x}", "{x}")),
        block: Some((
            "do $$\nbegin\n  for i in 1..2 loop\n\n    if i = 1 then\n      raise notice 'one';\n    else\n      raise notice 'two';\n    end if;\n  end loop;\n\nend\n$$;\n\\echo done",
            "NOTICE:  one\nNOTICE:  two\nDO\ndone",
        )),
        endless: Some("select count(*) from generate_series(1, 1000000000000);"),
    }
    .run();
}

#[test]
fn errors_and_row_counts_are_captures() {
    run(async {
        let session = start_with("psql", connection(&[])).await;
        let response = ask(&session, "select 1/0;").await;
        assert_eq!(
            response.captures.get("error").map(String::as_str),
            Some("ERROR"),
            "{response:#?}"
        );
        assert_eq!(
            response.captures.get("message").map(String::as_str),
            Some("division by zero")
        );
        let response = ask(&session, "select generate_series(1, 3);").await;
        assert_eq!(
            response.captures.get("rows").map(String::as_str),
            Some("3"),
            "{response:#?}"
        );
        expect(&session, "begin;", Outcome::Ok, "BEGIN").await;
        let response = ask(&session, "selct;").await;
        assert_eq!(
            response.captures.get("transaction").map(String::as_str),
            Some("!"),
            "{response:#?}"
        );
        expect(&session, "rollback;", Outcome::Ok, "ROLLBACK").await;
    });
}

#[test]
fn copy_takes_its_rows_from_the_block() {
    run(async {
        let session = start_with("psql", connection(&[])).await;
        expect(
            &session,
            "create temp table t (a int, b text);",
            Outcome::Ok,
            "CREATE TABLE",
        )
        .await;
        let copy = "copy t from stdin (delimiter ',');\n1,one\n2,two\n\\.";
        let response = ask(&session, copy).await;
        assert_eq!(response.outcome, Outcome::Ok, "{response:#?}");
        assert!(response.text.ends_with("COPY 2"), "{response:#?}");
        let sum = "select sum(a) from t \\g (format=unaligned tuples_only=on)";
        expect(&session, sum, Outcome::Ok, "3").await;
    });
}

#[test]
fn an_unfinished_statement_is_told_and_can_be_left() {
    run(async {
        let session = start_with("psql", connection(&[])).await;
        let response = ask(&session, "select (").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        session.interrupt().await.expect("interrupt");
        expect(&session, "\\echo alive", Outcome::Ok, "alive").await;
    });
}

#[test]
fn questions_of_the_client_block() {
    run(async {
        let session = start_with("psql", connection(&[])).await;
        let response = ask(&session, "\\prompt 'Name? ' who").await;
        let question = response.question.clone().expect("asks");
        assert_eq!(
            (question.kind, question.text.as_str()),
            (BlockKind::Question, "Name?"),
            "{response:#?}"
        );
        session
            .answer("Ada", AskOptions::default())
            .await
            .expect("answered");
        expect(&session, "\\echo :who", Outcome::Ok, "Ada").await;
        let response = ask(&session, "\\password").await;
        assert_eq!(
            response.question.as_ref().map(|q| q.kind),
            Some(BlockKind::Secret),
            "{response:#?}"
        );
        session.interrupt().await.expect("interrupt");
        expect(&session, "\\echo alive", Outcome::Ok, "alive").await;
    });
}
