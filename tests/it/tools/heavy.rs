//! Tools of hundreds of megabytes, behind the feature `heavy-tests`: `tests/run --features heavy-tests` installs and proves them.

use ptych::engine::response::Outcome;

use crate::support::{Battery, answer, ask, expect, run, start};

#[test]
fn r() {
    Battery {
        tool: "r",
        exact: &[
            ("6*7", "[1] 42"),
            ("cat('a\\n\\nb\\n')", "a\n\nb"),
            ("invisible(1)", ""),
            ("cat('h\u{e9}llo \u{65e5}\u{672c} \u{1f600}\\n')", "h\u{e9}llo \u{65e5}\u{672c} \u{1f600}"),
            ("cat('> \\n+ \\n>>> \\n')", "> \n+ \n>>> "),
        ],
        errors: &[
            ("stop('oh')", "oh"),
            ("missing_thing", "not found"),
            ("x <- )", "unexpected ')'"),
            ("log(-1:'a')", "Error"),
        ],
        fake: Some(("{ cat('> '); Sys.sleep(1.5); cat('after\\n') }", "> after")),
        no_newline: Some(("cat('abc')", "")),
        lines: Some(("for (i in 1:5000) cat(i, '\\n', sep='')", "")),
        long: Some(("nchar('{x}')", "[1] 460")),
        block: Some((
            "f <- function(n) {\n  total <- 0\n\n  for (i in 0:(n - 1)) {\n    if (i %% 2 == 1) {\n      total <- total + i\n    }\n  }\n\n  total\n}\nf(10)",
            "[1] 25",
        )),
        endless: Some("while (TRUE) {}"),
        ..Battery::default()
    }
    .run();
}

#[test]
fn r_asks_and_pages() {
    run(async {
        let session = start("r").await;
        let response = ask(&session, "readline('> ')").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        let response = answer(&session, "yes").await;
        assert_eq!(response.text, "[1] \"yes\"", "{response:#?}");
        let help = ask(&session, "help('nchar')").await;
        assert!(
            help.outcome == Outcome::Ok && help.text.contains("Count the Number of Characters"),
            "{help:#?}"
        );
        let response = ask(&session, "f <- function(x) {").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        session.interrupt().await.expect("interrupted");
        expect(&session, "6*7", Outcome::Ok, "[1] 42").await;
        let response = ask(&session, "stop('oh')").await;
        assert_eq!(response.captures["message"], "oh");
    });
}

#[test]
fn octave() {
    Battery {
        tool: "octave",
        exact: &[
            ("6*7", "ans = 42"),
            ("printf(\"a\\n\\nb\\n\")", "a\n\nb"),
            ("x = 1;", ""),
            ("printf(\"h\u{e9}llo \u{65e5}\u{672c} \u{1f600}\\n\")", "h\u{e9}llo \u{65e5}\u{672c} \u{1f600}"),
            ("printf(\"octave:1> \\n> \\n>>> \\n\")", "octave:1> \n> \n>>> "),
        ],
        errors: &[
            ("error('oh')", "error: oh"),
            ("missing_thing", "undefined"),
            ("x = )", "parse error"),
        ],
        fake: Some((
            "printf('octave:1> '); fflush(stdout); pause(1.5); printf(\"after\\n\")",
            "octave:1> after",
        )),
        no_newline: Some(("printf('abc')", "")),
        lines: Some(("for i = 1:5000 printf(\"%d\\n\", i); end", "")),
        long: Some(("length('{x}')", "ans = 460")),
        block: Some((
            "function total = f(n)\n  total = 0;\n\n  for i = 0:n-1\n    if mod(i, 2) == 1\n      total += i;\n    end\n  end\n\nend\nf(10)",
            "ans = 25",
        )),
        endless: Some("while true; end"),
        ..Battery::default()
    }
    .run();
}

#[test]
fn octave_asks() {
    run(async {
        let session = start("octave").await;
        let response = ask(&session, "x = input('> ');").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        assert_eq!(answer(&session, "3").await.outcome, Outcome::Ok);
        expect(&session, "x", Outcome::Ok, "x = 3").await;
        let response = ask(&session, "if true").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        session.interrupt().await.expect("interrupted");
        expect(&session, "x", Outcome::Ok, "x = 3").await;
    });
}

#[test]
fn ghci() {
    Battery {
        tool: "ghci",
        exact: &[
            ("6*7", "42"),
            ("putStrLn \"a\\n\\nb\"", "a\n\nb"),
            ("let x = 1", ""),
            ("putStrLn \"h\u{e9}llo \u{65e5}\u{672c} \u{1f600}\"", "h\u{e9}llo \u{65e5}\u{672c} \u{1f600}"),
            ("putStrLn \"ghci> \\nghci| \\n>>> \"", "ghci> \nghci| \n>>> "),
        ],
        errors: &[
            ("missing", "Variable not in scope: missing"),
            ("head []", "empty list"),
            (":bogus", "unknown command"),
        ],
        fake: Some((
            "putStr \"ghci> \" >> System.IO.hFlush System.IO.stdout >> Control.Concurrent.threadDelay 1500000 >> putStrLn \"after\"",
            "ghci> after",
        )),
        no_newline: Some(("putStr \"abc\"", "")),
        lines: Some(("mapM_ print [1..5000]", "")),
        long: Some(("length \"{x}\"", "460")),
        block: Some((
            "f :: Int -> Int\nf n = sum (filter isOdd [0 .. n - 1])\n  where\n    isOdd i =\n      i `mod` 2 == 1",
            "",
        )),
        endless: Some("let loop = loop :: Int in loop `seq` length (filter (< 0) [0 ..])"),
        ..Battery::default()
    }
    .run();
}

#[test]
fn ghci_takes_blocks() {
    run(async {
        let session = start("ghci").await;
        expect(
            &session,
            "f n\n  | even n = 1\n\n  | otherwise =\n      2",
            Outcome::Ok,
            "",
        )
        .await;
        expect(&session, "f 3", Outcome::Ok, "2").await;
        let response = ask(&session, ":{").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        session.interrupt().await.expect("interrupted");
        expect(&session, "6*7", Outcome::Ok, "42").await;
    });
}
