use ptych::engine::response::Outcome;

use crate::support::{Battery, ask, expect, run, start};

#[test]
fn sqlite3() {
    Battery {
        tool: "sqlite3",
        exact: &[
            ("select 6*7;", "42"),
            ("select 'a' || char(10, 10) || 'b';", "a\n\nb"),
            ("select 1 where 0;", ""),
            ("select 'h\u{e9}llo \u{65e5}\u{672c} \u{1f600}';", "h\u{e9}llo \u{65e5}\u{672c} \u{1f600}"),
            ("select 'sqlite> '; select '   ...> '; select '>>> ';", "sqlite> \n   ...> \n>>> "),
            (".print Parse error or not", "Parse error or not"),
        ],
        errors: &[
            ("select missing;", "no such column: missing"),
            ("selec 1;", "syntax error"),
            (".bogus", "unknown command"),
        ],
        fake: Some((".shell printf 'sqlite> '; sleep 1.5; echo after", "sqlite> after")),
        no_newline: Some((".shell printf abc", "")),
        lines: Some((
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) select i from n;",
            "",
        )),
        long: Some(("select length('{x}');", "460")),
        block: Some((
            "create table t(a, b);\ninsert into t\n  values (1, 'x'),\n\n         (2, 'y');\nselect a,\n       b\n  from t;\n.mode csv\nselect * from t;\n.mode list",
            "1|x\n2|y\n1,x\n2,y",
        )),
        endless: Some("with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n;"),
        ..Battery::default()
    }
    .run();
}

/// An unfinished statement is left without being run, wherever it stands open.
#[test]
fn sqlite3_leaves_an_unfinished_statement() {
    run(async {
        let session = start("sqlite3").await;
        ask(&session, "create table t(a); insert into t values (1);").await;
        for open in [
            "delete from t",
            "delete from t where a <> 'x",
            "delete from t where a <> \"x",
            "delete from t /* x",
        ] {
            let response = ask(&session, open).await;
            assert_eq!(response.outcome, Outcome::Blocked, "{open}\n{response:#?}");
            session.interrupt().await.expect("interrupted");
            expect(&session, "select count(*) from t;", Outcome::Ok, "1").await;
        }
    });
}
