//! What a tool is started with, and what is said when it cannot be.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use ptych::engine::response::Outcome;
use ptych::host::{AskError, Coded, LaunchError, Options, Session, StopOptions};

use crate::host_support::{program, shell, start};
use crate::support::run;

#[test]
fn a_program_that_is_nowhere_is_named_with_all_that_was_tried() {
    run(async {
        let mut spec = shell();
        spec.spawn.programs = vec!["no-such-tool-1".to_owned(), "no-such-tool-2".to_owned()];
        let error = Session::start(Arc::new(spec), Options::default()).expect_err("nowhere");
        assert_eq!(error.code(), "tool_not_found");
        assert!(
            error.to_string().contains("no-such-tool-1, no-such-tool-2"),
            "{error}"
        );
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("install test-shell"))
        );
    });
}

#[test]
fn a_file_without_its_x_bit_and_a_script_without_interpreter_are_told_apart() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("tool");
        std::fs::write(&file, "#!/no/such/interpreter\n").expect("written");
        let path = file.to_str().expect("UTF-8");
        let error = Session::start(program(path, &[]), Options::default()).expect_err("no x bit");
        assert_eq!(error.code(), "tool_not_executable");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        let error = Session::start(program(path, &[]), Options::default()).expect_err("no interpreter");
        assert!(matches!(error, LaunchError::NotFound { .. }), "{error:?}");
    });
}

#[test]
fn a_missing_working_directory_is_not_blamed_on_the_tool() {
    run(async {
        let options = Options {
            cwd: Some("/no/such/folder".into()),
            ..Options::default()
        };
        let error = Session::start(Arc::new(shell()), options).expect_err("no folder");
        assert_eq!(error.code(), "working_directory");
        assert!(error.to_string().contains("/no/such/folder"), "{error}");
    });
}

#[test]
fn without_a_runtime_nothing_is_started() {
    let error = Session::start(Arc::new(shell()), Options::default()).expect_err("no runtime");
    assert!(matches!(error, LaunchError::NoRuntime));
}

#[test]
fn the_tool_runs_where_it_was_told_to_with_a_clean_environment() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options {
            cwd: Some(folder.path().to_owned()),
            env: vec![("GIVEN".to_owned(), "yes".to_owned())],
            ..Options::default()
        };
        let session = Session::start(Arc::new(shell()), options).expect("started");
        let response = session
            .ask("pwd; echo $TERM $GIVEN; env | cut -d= -f1")
            .await
            .expect("answered");
        let mut lines = response.text.lines();
        let expected = folder.path().canonicalize().expect("exists");
        assert_eq!(lines.next(), expected.to_str());
        assert_eq!(lines.next(), Some("xterm-256color yes"));
        // Cargo sets dozens of these for a test; none may come through.
        let leaked: Vec<&str> = lines.filter(|name| name.starts_with("CARGO")).collect();
        assert!(leaked.is_empty(), "{leaked:?}");
        session.stop(StopOptions::default()).await;
    });
}

#[test]
fn side_files_are_private_and_gone_afterwards() {
    run(async {
        let mut spec = shell();
        spec.spawn.files = vec![("rc/start".to_owned(), "hello from {files}\n".to_owned())];
        spec.spawn.env.push(("FILES".to_owned(), "{files}".to_owned()));
        let session = start(Arc::new(spec));
        let response = session
            .ask("echo $FILES; stat -c %a $FILES; cat $FILES/rc/start")
            .await
            .expect("answered");
        let lines: Vec<&str> = response.text.lines().collect();
        let folder = lines[0].to_owned();
        assert_eq!(lines[1..], ["700", &format!("hello from {folder}")]);
        session.stop(StopOptions::default()).await;
        assert!(!std::path::Path::new(&folder).exists());
    });
}

/// A parent that ignores SIGINT (nohup) must not make Ctrl-C inert in the tool.
#[test]
fn an_ignored_signal_is_not_handed_down() {
    // Rust programs ignore SIGPIPE, so that one is always there to be handed down.
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("tool");
        std::fs::write(
            &file,
            "#!/bin/sh\ngrep -E 'SigIgn|SigBlk' /proc/self/status\nprintf 'ready> '\nread line\n",
        )
        .expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        let session = start(program(file.to_str().expect("UTF-8"), &[]));
        session.wait_ready().await.expect("ready");
        let rows = session.snapshot().await.expect("alive").rows;
        let masks: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.split_whitespace().nth(1))
            .collect();
        assert_eq!(masks[..2], ["0000000000000000", "0000000000000000"], "{rows:?}");
        session.stop(StopOptions::NOW).await;
    });
}

#[test]
fn limits_reach_the_tool() {
    run(async {
        let mut options = Options::default();
        options.limits.open_files = Some(77);
        options.limits.core_bytes = Some(0);
        let session = Session::start(Arc::new(shell()), options).expect("started");
        let response = session.ask("ulimit -n; ulimit -c").await.expect("answered");
        assert_eq!((response.outcome, response.text.as_str()), (Outcome::Ok, "77\n0"));
        session.stop(StopOptions::default()).await;
    });
}

#[test]
fn prompts_wait_for_the_first_ready_in_order_and_no_wait_does_not() {
    run(async {
        let session = start(Arc::new(shell()));
        let at_once = ptych::host::AskOptions {
            no_wait: true,
            ..Default::default()
        };
        let refused = session
            .ask_with("echo no", at_once)
            .await
            .expect_err("not ready yet");
        assert!(
            matches!(refused, AskError::Submit(_)) && refused.retryable(),
            "{refused:?}"
        );
        let (one, two, three) = tokio::join!(
            session.ask("echo 1"),
            session.ask("echo 2"),
            session.ask("echo 3")
        );
        let texts: Vec<String> = [one, two, three]
            .into_iter()
            .map(|r| r.expect("answered").text)
            .collect();
        assert_eq!(texts, ["1", "2", "3"]);
        session.stop(StopOptions::default()).await;
    });
}
