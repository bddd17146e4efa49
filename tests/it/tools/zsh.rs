use ptych::engine::protocol::spec::BlockKind;
use ptych::engine::response::Outcome;

use crate::support::{Battery, ask, expect, options, run, start, start_with};

#[test]
fn zsh() {
    Battery {
        tool: "zsh",
        exact: &[
            ("echo hi", "hi"),
            ("true", ""),
            ("echo 'hi!there'", "hi!there"),
            ("printf 'a\\n\\n'", "a\n"),
            ("printf '  two  '", "  two  "),
            ("printf '%s\\n' 'x  '", "x  "),
            (
                "echo 'h\u{e9}llo \u{65e5}\u{672c} \u{1f600}'",
                "h\u{e9}llo \u{65e5}\u{672c} \u{1f600}",
            ),
            (
                "echo 'bash-5.2# '; echo '>>> '; echo '% '",
                "bash-5.2# \n>>> \n% ",
            ),
            ("printf '%119s' x", &format!("{:>119}", "x")),
            ("printf '%120s' x", &format!("{:>120}", "x")),
            ("printf '%121s' x", &format!("{:>121}", "x")),
            ("echo a\tb", "a b"),
        ],
        errors: &[
            ("ls /nonexistent-folder", "No such file"),
            ("nosuchcommand", "command not found: nosuchcommand"),
            ("echo )", "parse error near"),
            ("sh -c 'exit 7'", ""),
        ],
        fake: Some(("printf '# '; sleep 1.5; echo after", "# after")),
        no_newline: Some(("printf abc", "")),
        lines: Some(("seq 5000", "")),
        long: Some(("echo {x}", "{x}")),
        block: Some((
            "for i in 1 2; do\n  if [ $i = 1 ]; then\n\n\techo one\n  else\n    echo two\n  fi\n\ndone",
            "one\ntwo",
        )),
        endless: Some("while :; do :; done"),
        ..Battery::default()
    }
    .run();
}

#[test]
fn zsh_tells_the_exit_status() {
    run(async {
        let session = start("zsh").await;
        let response = ask(&session, "(exit 7)").await;
        assert_eq!(response.captures["exit_status"], "7", "{response:#?}");
        assert_eq!(response.outcome, Outcome::Error);
        expect(&session, "echo $?", Outcome::Ok, "7").await;
    });
}

#[test]
fn zsh_fake_prompt_on_its_own_line() {
    run(async {
        let session = start("zsh").await;
        expect(
            &session,
            "printf '\\n# \\n'; printf '# '; sleep 1.5; echo after",
            Outcome::Ok,
            "\n# \n# after",
        )
        .await;
    });
}

#[test]
fn zsh_asks_before_it_removes_all() {
    run(async {
        let folder = std::env::temp_dir().join(format!("ptych-zsh-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("folder");
        std::fs::write(folder.join("a"), "").expect("file");
        let session = start_with(
            "zsh",
            ptych::host::Options {
                cwd: Some(folder.clone()),
                ..options()
            },
        )
        .await;
        let response = ask(&session, "rm *").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        let question = response.question.expect("a question");
        assert_eq!(question.kind, BlockKind::Confirm);
        let response = session.answer("no", Default::default()).await.expect("answered");
        assert_eq!(response.outcome, Outcome::Error, "{response:#?}");
        assert!(folder.join("a").exists());
        std::fs::remove_dir_all(&folder).expect("clean");
    });
}

#[test]
fn zsh_says_that_an_input_is_not_complete() {
    run(async {
        let session = start("zsh").await;
        let response = ask(&session, "echo 'open").await;
        assert_eq!(response.outcome, Outcome::Blocked, "{response:#?}");
        session.interrupt().await.expect("left");
        expect(&session, "echo hi", Outcome::Ok, "hi").await;
    });
}

#[test]
fn zsh_answers_right_behind_a_resize() {
    run(async {
        let session = start("zsh").await;
        for cols in [90, 50, 100, 30, 120] {
            let size = ptych::engine::term::Size { cols, rows: 20 };
            session.resize(size).await.expect("resized");
            expect(&session, "stty size", Outcome::Ok, &format!("20 {cols}")).await;
        }
    });
}
