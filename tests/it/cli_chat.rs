//! The verbs that need a person at a terminal, with a session of ptych itself as the person.
#![expect(
    clippy::disallowed_methods,
    reason = "a test looks at files, processes and the clock"
)]

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use ptych::engine::protocol;
use ptych::engine::response::Outcome;
use ptych::engine::term::Size;
use ptych::host::{AskOptions, Options, Session, StopOptions};

use crate::cli_support::Home;
use crate::support::run;

/// A session with `ptych` and these arguments in it.
fn person(home: &Home, prompt: &str, arguments: &[&str]) -> Session {
    let words: Vec<String> = [env!("CARGO_BIN_EXE_ptych")]
        .iter()
        .chain(arguments)
        .map(|w| format!("{w:?}"))
        .collect();
    let source = format!(
        "name = \"ptych\"\ncommand = [{}]\nprompt = '{prompt}'\nexit = {{ send = \"<ctrl-d>\" }}\ninclude = []\n\
         [[state]]\nname = \"asked\"\nkind = \"question\"\ncursor_line = '^answer( \\(hidden\\))?> $'\n",
        words.join(", ")
    );
    let spec = protocol::parse(&source).unwrap_or_else(|problems| panic!("{problems}"));
    let env = vec![("HOME".to_string(), home.path().display().to_string())];
    let options = Options {
        env,
        cwd: Some(home.path().to_path_buf()),
        ..Options::default()
    };
    Session::start(Arc::new(spec), options).expect("start")
}

fn read(home: &Home, name: &str) -> String {
    std::fs::read_to_string(home.path().join(name)).unwrap_or_default()
}

#[test]
fn a_chat_is_a_conversation_with_history() {
    run(async {
        let home = Home::new();
        let session = person(&home, "bash> $", &["chat", "bash"]);
        session.wait_ready().await.expect("the chat gets ready");
        let response = session.ask("echo first").await.expect("a response");
        assert_eq!(response.text, "first", "{response:#?}");
        let response = session.ask("echo $((6 * 7))").await.expect("a response");
        assert_eq!(response.text, "42", "{response:#?}");
        session.stop(StopOptions::default()).await;

        let history = home.path().join(".local/share/ptych/history/bash");
        let kept = std::fs::read_to_string(&history).expect("the history");
        assert!(kept.contains("echo first"), "{kept}");
        assert_eq!(
            history.metadata().expect("exists").permissions().mode() & 0o777,
            0o600
        );
    });
}

#[test]
fn a_question_in_a_chat_is_put_to_the_person() {
    run(async {
        let home = Home::new();
        let session = person(&home, "bash> $", &["chat", "bash"]);
        session.wait_ready().await.expect("the chat gets ready");
        let asked = session
            .ask("read -s -p 'Password: ' x; echo; echo ${#x} letters")
            .await
            .expect("a response");
        assert_eq!(asked.outcome, Outcome::Blocked, "{asked:#?}");
        assert!(asked.text.contains("Password:"), "{asked:#?}");
        let response = session
            .answer("hunter2", AskOptions::default())
            .await
            .expect("a response");
        assert!(
            response.text.contains("7 letters") && !response.text.contains("hunter2"),
            "{response:#?}"
        );
        session.stop(StopOptions::default()).await;
        let history = std::fs::read_to_string(home.path().join(".local/share/ptych/history/bash"))
            .expect("the history");
        assert!(!history.contains("hunter2"), "{history}");
    });
}

#[test]
fn an_interrupt_in_a_chat_ends_the_turn_and_not_the_chat() {
    run(async {
        let home = Home::new();
        let session = person(&home, "bash> $", &["chat", "bash"]);
        session.wait_ready().await.expect("the chat gets ready");
        let turn = session
            .submit("sh -c 'touch started; exec sleep 60'", AskOptions::default())
            .await
            .expect("submitted");
        while !home.path().join("started").exists() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        session.interrupt().await.expect("interrupted");
        let response = turn.response().await.expect("a response");
        assert_eq!(response.outcome, Outcome::Interrupted, "{response:#?}");
        let response = session.ask("echo still here").await.expect("a response");
        assert_eq!(response.text, "still here", "{response:#?}");
        session.stop(StopOptions::default()).await;
    });
}

#[test]
fn progress_is_shown_on_a_terminal_and_gone_afterwards() {
    run(async {
        let home = Home::new();
        let session = person(&home, "bash> $", &["chat", "bash"]);
        session.wait_ready().await.expect("the chat gets ready");
        let turn = session
            .submit("sleep 1.5; echo end", AskOptions::default())
            .await
            .expect("submitted");
        let mut seen = false;
        while !seen {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            let rows = session.snapshot().await.expect("a snapshot").rows;
            assert!(
                !rows.iter().any(|row| row == "end"),
                "no progress was shown: {rows:#?}"
            );
            seen = rows
                .iter()
                .any(|row| row.contains(" bash 1s") || row.contains(" bash 0s"));
        }
        let response = turn.response().await.expect("a response");
        assert_eq!(response.text, "end", "{response:#?}");
        session.stop(StopOptions::default()).await;
    });
}

#[test]
fn a_recorded_terminal_follows_the_size_of_its_own() {
    run(async {
        let home = Home::new();
        let session = person(&home, r"bash-\S+[$#] $", &["record", "-o", "r.cast", "bash"]);
        session.wait_ready().await.expect("the shell gets ready");
        assert_eq!(session.ask("stty size").await.expect("a response").text, "40 120");
        session
            .resize(Size { cols: 90, rows: 20 })
            .await
            .expect("resized");
        while !read(&home, "r.cast").contains("\"r\", \"90x20\"") {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        // The shell repaints its prompt when it is told; that is nothing which could be waited for.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert_eq!(session.ask("stty size").await.expect("a response").text, "20 90");
        session.stop(StopOptions::default()).await;
        // What a person recorded is framed like what ptych did.
        let run = home
            .run(&["protocol", "test", "r.cast", "--protocol", "bash", "--update"])
            .ends(0);
        let kept = std::fs::read_to_string(home.path().join("r.expected.json")).expect("written");
        assert!(
            kept.contains("\"stty size\"") && kept.contains("\"20 90\""),
            "{run:#?}\n{kept}"
        );
    });
}

#[test]
fn a_new_protocol_is_an_interview_on_a_terminal() {
    run(async {
        let home = Home::new();
        let session = person(&home, r"\]: $|\): $", &["protocol", "new", "mine"]);
        session.wait_ready().await.expect("the first question");
        for answer in ["mine -i", "mine[1]> ", ""] {
            session
                .ask(answer)
                .await
                .unwrap_or_else(|error| panic!("{answer:?}: {error}"));
        }
        let _exited = session.ask("bye").await;
        session.wait().await;
        let file =
            std::fs::read_to_string(home.path().join(".config/ptych/protocols/mine.toml")).expect("the file");
        assert!(file.contains("command = [\"mine\", \"-i\"]"), "{file}");
        assert!(file.contains(r"prompt = 'mine\[\d+\]>\s?$'"), "{file}");
        assert!(file.contains("exit = \"bye\""), "{file}");
    });
}
