//! The command line without a tool: help, usage errors, targets that are none.

use crate::cli_support::Home;

#[test]
fn no_arguments_is_a_usage_error_with_a_short_help() {
    let run = Home::new().run(&[]).ends(2).prints("");
    assert!(run.stderr.contains("Usage: ptych"), "{run:?}");
    assert!(run.stderr.lines().count() < 40, "short");
}

#[test]
fn help_is_data_and_has_examples_on_every_verb() {
    let home = Home::new();
    let verbs: &[&[&str]] = &[
        &["ask"],
        &["chat"],
        &["record"],
        &["pool"],
        &["pool", "run"],
        &["pool", "bench"],
        &["doctor"],
        &["protocol"],
        &["protocol", "list"],
        &["protocol", "show"],
        &["protocol", "new"],
        &["protocol", "check"],
        &["protocol", "test"],
        &["protocol", "explain"],
        &["protocol", "schema"],
        &["script"],
        &["script", "run"],
        &["script", "check"],
        &["schema"],
        &["completions"],
        &["man"],
        &["help"],
    ];
    for verb in verbs {
        let asked = [*verb, &["--help"]].concat();
        let run = home.run(&asked).ends(0);
        assert!(run.stdout.contains("Examples:"), "{verb:?}");
        assert_eq!(run.stderr, "");
        let topic = [&["help"], *verb].concat();
        assert!(home.run(&topic).ends(0).stdout.contains("Examples:"), "{verb:?}");
    }
}

#[test]
fn exit_codes_are_a_topic() {
    let run = Home::new().run(&["help", "exit-codes"]).ends(0);
    for code in ["124", "126", "127", "130", "141", "143"] {
        assert!(run.stdout.contains(code));
    }
    Home::new()
        .run(&["help", "nonsense"])
        .ends(2)
        .says("no verb or topic");
}

#[test]
fn usage_errors_end_with_2_and_print_nothing() {
    let home = Home::new();
    home.run(&["ask"]).ends(2).prints("");
    home.run(&["frobnicate"]).ends(2).prints("");
    home.run(&["ask", "bash", "true", "--timeout", "10"])
        .ends(2)
        .prints("")
        .says("unit");
    home.run(&["ask", "bash", "true", "--size", "80"])
        .ends(2)
        .prints("")
        .says("120x40");
    home.run(&["ask", "bash", "true", "--stream", "--json"]).ends(2);
    home.run(&["ask", "bash"])
        .ends(2)
        .prints("")
        .says("there is no prompt");
    home.run(&["ask", "bash", "-", "-"]).ends(2).says("only once");
    home.run(&["ask", "bash", "@no-such-file"])
        .ends(2)
        .prints("")
        .says("@@no-such-file");
    home.run(&["ask", "bash", "true", "--answer-env", "x=PTYCH_NOT_SET"])
        .ends(2)
        .says("PTYCH_NOT_SET");
    home.run(&["ask", "bash", "true", "--answer", "no equals"])
        .ends(2)
        .says("REGEX=REPLY");
}

#[test]
fn errors_with_json_are_one_object() {
    let home = Home::new();
    for (args, code, word) in [
        (&["ask", "--json", "nosuchtool", "x"][..], 3, "not_found"),
        (&["ask", "--json", "bash", "x", "--timeout", "ten"], 2, "usage"),
        (
            &["ask", "--json", "bash", "x", "--cwd", "/no/such/dir"],
            2,
            "working_directory",
        ),
    ] {
        let run = home.run(args).ends(code);
        let objects = run.objects();
        assert_eq!(objects.len(), 1, "{run:?}");
        assert_eq!(objects[0]["code"], word);
        assert!(objects[0]["message"].is_string());
        assert_eq!(objects[0]["retryable"], false);
        assert!(!run.stderr.is_empty(), "a person is told, too");
    }
}

#[test]
fn a_target_that_is_none_is_3_and_tells_what_to_do() {
    let home = Home::new();
    home.run(&["ask", "bsah", "true"])
        .ends(3)
        .prints("")
        .says("did you mean `bash`");
    home.run(&["ask", "sort", "true"])
        .ends(3)
        .says("ptych protocol new sort");
    home.run(&["ask", "./no.toml", "true"])
        .ends(3)
        .says("no protocol file");
    home.run(&["ask", "@pool", "true"]).ends(3).says("pool");
}

#[test]
fn a_bad_directory_is_2() {
    let home = Home::new();
    let file = home.write("file", "");
    home.run(&["ask", "bash", "true", "--cwd", "/no/such/dir"])
        .ends(2)
        .prints("")
        .says("does not exist");
    home.run(&["ask", "bash", "true", "--cwd", &file])
        .ends(2)
        .prints("")
        .says("not a directory");
}

#[test]
fn completions_and_pages_come_from_the_same_source() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = home.run(&["completions", shell]).ends(0);
        assert!(run.stdout.contains("keep-going"), "{shell}");
    }
    assert!(home.run(&["man"]).ends(0).stdout.contains("EXIT CODES"));
    let dir = home.path().join("man1");
    home.run(&["man", &dir.display().to_string()]).ends(0).prints("");
    for page in ["ptych.1", "ptych-ask.1", "ptych-protocol-test.1"] {
        assert!(dir.join(page).is_file(), "{page}");
    }
}

#[test]
fn schemas_are_json() {
    let home = Home::new();
    for args in [
        &["schema", "response"][..],
        &["schema", "answer"],
        &["schema", "pool-line"],
        &["schema", "cluster"],
        &["schema", "cluster-event"],
        &["schema", "protocol"],
        &["protocol", "schema"],
    ] {
        let run = home.run(args).ends(0);
        let schema: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        assert!(schema["properties"].is_object(), "{args:?}");
    }
}
