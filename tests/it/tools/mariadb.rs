use ptych::engine::response::Outcome;
use ptych::host::Options;

use crate::support::{Battery, ask, expect, options, run, server_port, start_with};

fn connection(more: &[&str]) -> Options {
    let port = server_port("PTYCH_TEST_MARIADB_PORT");
    let mut args: Vec<String> = ["-h", "127.0.0.1", "-u", "root", "-P", &port]
        .map(String::from)
        .to_vec();
    args.extend(more.iter().map(|arg| (*arg).to_owned()));
    Options { args, ..options() }
}

/// `--silent` leaves out how long each statement took, so that texts can be compared.
#[test]
fn mariadb() {
    Battery {
        tool: "mariadb",
        options: Some(connection(&["--silent", "--skip-column-names"])),
        exact: &[
            ("select 6*7;", "42"),
            ("do 1;", ""),
            ("select 'bash-5.2# ', '>>> ';", "bash-5.2#       >>> "),
            (
                "select 'h\u{e9}llo \u{65e5}\u{672c} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}';",
                "h\u{e9}llo \u{65e5}\u{672c} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            ),
            ("select 1; select 2;", "1\n2"),
        ],
        errors: &[
            ("selct;", "error in your SQL syntax"),
            ("select * from nothing.here;", "ERROR"),
        ],
        // The client ends a statement at a semicolon even inside a shell command.
        fake: Some((
            "system printf 'MariaDB [(none)]> ' && sleep 1.5 && echo after",
            "MariaDB [(none)]> after",
        )),
        no_newline: Some(("system printf abc", "")),
        lines: Some(("select seq from mysql.seq_1_to_5000;", "")),
        long: Some(("select '{x}';", "{x}")),
        block: Some(("select\n  1 +\n\n  (\n    2\n  )\n\n  as three;", "3")),
        endless: Some("select sleep(1000);"),
    }
    .run();
}

#[test]
fn tables_errors_and_counts_as_people_see_them() {
    run(async {
        let session = start_with("mariadb", connection(&[])).await;
        let response = ask(&session, "select 1 as one;").await;
        assert!(
            response
                .text
                .starts_with("+-----+\n| one |\n+-----+\n|   1 |\n+-----+\n1 row in set"),
            "{response:#?}"
        );
        assert_eq!(response.captures.get("rows").map(String::as_str), Some("1"));
        let response = ask(&session, "selct;").await;
        assert_eq!(response.outcome, Outcome::Error);
        assert_eq!(
            response.captures.get("error").map(String::as_str),
            Some("1064"),
            "{response:#?}"
        );
        assert_eq!(
            response.captures.get("sqlstate").map(String::as_str),
            Some("42000")
        );
        let response = ask(&session, "use mysql").await;
        assert_eq!(
            response.captures.get("database").map(String::as_str),
            Some("mysql"),
            "{response:#?}"
        );
    });
}

#[test]
fn an_unfinished_statement_is_told_and_can_be_left() {
    run(async {
        let session = start_with("mariadb", connection(&["--silent", "--skip-column-names"])).await;
        for unfinished in ["select (", "select 'a", "select /* x", "select `a"] {
            let response = ask(&session, unfinished).await;
            assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
            session.interrupt().await.expect("interrupt");
            expect(&session, "select 'alive';", Outcome::Ok, "alive").await;
        }
    });
}
