use std::time::Duration;

use ptych::engine::response::Outcome;
use ptych::engine::session::SubmitError;
use ptych::host::{AskError, AskOptions, Options};

use crate::support::{Battery, ask, expect, options, run, server_port, start_with};

fn connection() -> Options {
    let port = server_port("PTYCH_TEST_REDIS_PORT");
    Options {
        args: ["-h", "127.0.0.1", "-p", &port].map(String::from).to_vec(),
        ..options()
    }
}

// No `fake` and no `no_newline`: the client ends whatever it prints with a newline. No `endless`: an interrupt ends a client that waits.
#[test]
fn redis_cli() {
    Battery {
        tool: "redis-cli",
        options: Some(connection()),
        exact: &[
            ("ping", "PONG"),
            ("echo '127.0.0.1:6379> '", "\"127.0.0.1:6379> \""),
            (
                "eval \"return redis.status_reply('127.0.0.1:6379> ')\" 0",
                "127.0.0.1:6379> ",
            ),
            ("echo \"a\\tb\\nc\"", "\"a\\tb\\nc\""),
            // Bytes outside ASCII are shown as escapes to people.
            ("echo h\u{e9}", "\"h\\xc3\\xa9\""),
            ("del nothing-of-that-name", "(integer) 0"),
            ("get nothing-of-that-name", "(nil)"),
            (
                "eval 'return {1,{2,3}}' 0",
                "1) (integer) 1\n2) 1) (integer) 2\n   2) (integer) 3",
            ),
        ],
        errors: &[
            ("nonsense", "ERR unknown command"),
            ("eval 'return redis.error_reply(\"MINE is mine\")' 0", "MINE"),
            ("echo \"open", "Invalid argument"),
        ],
        long: Some(("echo {x}", "\"{x}\"")),
        // A line is a command; a blank one does nothing.
        block: Some((
            "multi\n\necho one\necho two\n\nexec",
            "OK\nQUEUED\nQUEUED\n1) \"one\"\n2) \"two\"",
        )),
        ..Battery::default()
    }
    .run();
}

#[test]
fn five_thousand_elements_come_back_exact() {
    run(async {
        let session = start_with("redis-cli", connection()).await;
        let list = "eval 'local t = {} for i = 1, 5000 do t[i] = i end return t' 0";
        let lines: Vec<String> = (1..=5000).map(|n| format!("{n:4}) (integer) {n}")).collect();
        expect(&session, list, Outcome::Ok, &lines.join("\n")).await;
    });
}

#[test]
fn error_words_and_the_database_are_captures() {
    run(async {
        let session = start_with("redis-cli", connection()).await;
        let response = ask(&session, "incr").await;
        assert_eq!(
            response.captures.get("error").map(String::as_str),
            Some("ERR"),
            "{response:#?}"
        );
        let response = ask(&session, "select 2").await;
        assert_eq!(
            response.captures.get("db").map(String::as_str),
            Some("2"),
            "{response:#?}"
        );
        let response = ask(&session, "multi").await;
        assert_eq!(
            response.captures.get("transaction").map(String::as_str),
            Some("TX"),
            "{response:#?}"
        );
        expect(&session, "discard", Outcome::Ok, "OK").await;
    });
}

#[test]
fn a_subscription_runs_until_it_is_interrupted() {
    run(async {
        let session = start_with("redis-cli", connection()).await;
        let options = AskOptions {
            timeout: Some(Duration::from_millis(700)),
            ..AskOptions::default()
        };
        let response = session.ask_with("subscribe news", options).await.expect("asked");
        assert_eq!(response.outcome, Outcome::TimedOut, "{response:#?}");
        assert!(
            response.text.contains("1) \"subscribe\"\n2) \"news\""),
            "{response:#?}"
        );
        session.interrupt().await.expect("interrupt");
        expect(&session, "ping", Outcome::Ok, "PONG").await;
    });
}

/// Before 7.2 it would end the client.
#[test]
fn a_client_that_waits_for_a_reply_is_not_interrupted() {
    run(async {
        let session = start_with("redis-cli", connection()).await;
        let options = AskOptions {
            timeout: Some(Duration::from_millis(300)),
            ..AskOptions::default()
        };
        let response = session
            .ask_with("blpop nothing-of-that-name 1", options)
            .await
            .expect("asked");
        assert_eq!(response.outcome, Outcome::TimedOut, "{response:#?}");
        let refused = session.interrupt().await;
        assert!(
            matches!(
                refused,
                Err(AskError::Submit(SubmitError::InterruptRefused { .. }))
            ),
            "{refused:?}"
        );
        expect(&session, "ping", Outcome::Ok, "PONG").await;
    });
}
