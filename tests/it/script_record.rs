//! `ptych script record`: a person at a program, the script that comes of it, and that script on another run of the program.

use std::path::Path;
use std::time::Duration;

use ptych::blocking::Session;
use ptych::engine::expect::Pattern;
use ptych::host::Options;

use super::cli_support::{Home, Run};

/// What the person waits for, and types then.
type Turn<'a> = (&'a str, Typed<'a>);

#[derive(Clone, Copy)]
enum Typed<'a> {
    Line(&'a str),
    Text(&'a str),
    /// Only when the terminal hides what is typed.
    Secret(&'a str),
    Key(&'a str),
}
use Typed::{Key, Line, Secret, Text};

/// A person works at the program; the path of the script.
fn watched(home: &Home, command: &[&str], turns: &[Turn<'_>]) -> String {
    let script = home.path().join("watched.rhai").display().to_string();
    let record = [
        env!("CARGO_BIN_EXE_ptych"),
        "script",
        "record",
        "-o",
        &script,
        "--",
    ];
    let options = Options {
        cwd: Some(home.path().to_owned()),
        env: vec![("HOME".into(), home.path().display().to_string())],
        pass_env: vec!["RUN".into()],
        ..Options::default()
    };
    let person = Session::spawn(record.iter().chain(command).copied(), options).expect("ptych is started");
    let wait = |pattern: Pattern| {
        let mut waiting = person
            .expecting(pattern)
            .expect("a pattern")
            .timeout(Duration::from_secs(20));
        waiting.next().unwrap_or_else(|e| panic!("{e}"));
    };
    for (pattern, typed) in turns {
        wait(Pattern::regex(*pattern));
        match typed {
            Line(text) => person.send_line(text),
            // The program hid it before it asked, which the tests' programs see to; our own terminal is raw all the time.
            Secret(text) => person.send_line(text),
            Text(text) => person.send(text),
            Key(name) => person.send_key(name),
        }
        .expect("it is typed");
    }
    wait(Pattern::literal("wrote "));
    wait(Pattern::Eof);
    script
}

fn read(script: &str) -> String {
    std::fs::read_to_string(script).expect("the script was written")
}

fn replayed(home: &Home, script: &str, secrets: &[(&str, &str)]) -> Run {
    let mut command = home.command(&["script", "run", script]);
    command.envs(secrets.iter().copied());
    command.output().expect("run ptych").into()
}

/// What was typed unseen is nowhere in the script.
fn keeps(script: &str, secret: &str) {
    let text = read(script);
    assert!(!text.contains(secret), "{text}");
}

/// Tells its visits in a file, so that each run has other numbers, dates and places.
const FTP: &str = r#"
echo >>visits
visit=$(($(wc -l <visits)))
echo "Connected to 10.0.0.$((visit + 6))."
echo "220 ready since 2026-11-2$visit 18:4$visit:0$visit, $((visit * 1234)) files."
read -r -p "Name (10.0.0.$((visit + 6)):ann): " name
read -r -s -p "Password for $name, try $visit: " password
echo
[[ $password == "open sesame" ]] || { echo "530 Login incorrect."; exit 1; }
while read -r -p "ftp:/srv/pub$visit> " command; do
	case $command in
	bye) echo "221 Goodbye after $visit visits."; exit 0 ;;
	*) echo "200 $command took 0.$visit s." ;;
	esac
done
"#;

#[test]
fn a_login_is_done_again_with_other_numbers_and_dates() {
    let home = Home::new();
    let program = home.write("ftp.sh", FTP);
    let script = watched(
        &home,
        &["bash", &program],
        &[
            (r"Name \(.*\): $", Line("bob")),
            (r"Password .*: $", Secret("open sesame")),
            (r"ftp:.*> $", Line("get a")),
            (r"took .*\nftp:.*> $", Line("bye")),
        ],
    );
    keeps(&script, "sesame");
    replayed(&home, &script, &[("BASH_PASSWORD", "open sesame")]).ends(0);
    let wrong = replayed(&home, &script, &[("BASH_PASSWORD", "wrong")]);
    wrong.ends(1).says("watched.rhai");
    assert_eq!(
        std::fs::read_to_string(home.path().join("visits")).expect("visits"),
        "\n\n\n"
    );
}

#[test]
fn python_and_its_hidden_question() {
    let home = Home::new();
    let script = watched(
        &home,
        &["/usr/bin/python3", "-q"],
        &[
            (">>> $", Line("import getpass, time, os")),
            (
                ">>> $",
                Line("word = getpass.getpass(f'Word {os.getpid()} at {time.time()}: ')"),
            ),
            (r"Word \d.*: $", Secret("xyzzy")),
            (">>> $", Line("len(word)")),
            (r"5\n>>> $", Key("ctrl-d")),
        ],
    );
    keeps(&script, "xyzzy");
    let text = read(&script);
    assert!(text.contains("send_secret(secret(\"PYTHON3_SECRET\"))"), "{text}");
    replayed(&home, &script, &[("PYTHON3_SECRET", "xyzzy")]).ends(0);
}

#[test]
fn a_menu_of_single_keys() {
    let home = Home::new();
    let program = home.write(
        "menu.sh",
        "echo \"$$ things to do on $(date +%F)\"\nread -rsn1 -p '(a)dd, (q)uit? ' key; echo\n\
         while [[ $key != q ]]; do echo \"added at $(date +%T)\"; read -rsn1 -p \"$RANDOM now; (a)dd, (q)uit? \" key; echo; done\nexit 3\n",
    );
    let script = watched(
        &home,
        &["bash", &program],
        &[
            (r"\(q\)uit\? $", Text("a")),
            (r"now; .*\(q\)uit\? $", Line("")),
            (r"now; .*\(q\)uit\? $", Text("q")),
        ],
    );
    // The program's own code is what the script asserts.
    assert!(read(&script).contains("end.code == 3"), "{}", read(&script));
    replayed(&home, &script, &[]).ends(0);
}

#[test]
fn a_shell_with_a_prompt_of_its_own() {
    let home = Home::new();
    let folder = home.path().join("place-17");
    std::fs::create_dir(&folder).expect("a folder");
    let rc = home.write("rc", "PS1='\\u@\\h:\\w \\t [\\#]\\$ '\n");
    let script = watched(
        &home,
        &["bash", "--rcfile", &rc, "-i"],
        &[
            (r"\][$#] $", Line("cd place-17")),
            (r"\[2\][$#] $", Line("expr 6 '*' 7")),
            (r"42\n.*[$#] $", Line("exit 5")),
        ],
    );
    assert!(read(&script).contains("end.code == 5"), "{}", read(&script));
    replayed(&home, &script, &[]).ends(0);
}

#[test]
fn an_editor_is_read_from_its_screen() {
    let home = Home::new();
    let file = home.write("notes.txt", "first line\nsecond line\n");
    let script = watched(
        &home,
        &["vim", "--clean", "-n", &file],
        &[
            ("second line", Text("o")),
            ("INSERT", Text("third line")),
            ("third line", Key("esc")),
            ("2,10", Line(":wq")),
        ],
    );
    std::fs::write(&file, "first line\nsecond line\n").expect("as it was");
    replayed(&home, &script, &[]).ends(0);
    let text = std::fs::read_to_string(&file).expect("the file");
    assert!(text.contains("third line"), "{text}\n{}", read(&script));
}

#[test]
fn a_recording_becomes_a_script() {
    let home = Home::new();
    let cast = home.write(
        "x.cast",
        "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n[0.1,\"o\",\"Name 7: \"]\n[0.5,\"i\",\"ann\\r\"]\n[0.1,\"x\",\"0\"]\n",
    );
    let wanted = "s.expect(re(`^Name \\d+: $`));\ns.send_line(\"ann\");\n";
    let run = home
        .run(&["script", "record", "--from", &cast, "--", "greeter"])
        .ends(0);
    run.prints_part(wanted)
        .prints_part("let s = spawn([\"greeter\"]);");
    let unknown = home.run(&["script", "record", "--from", &cast]).ends(2);
    unknown.says("give the command behind --");
}

#[test]
fn a_script_is_not_replaced_unasked() {
    let home = Home::new();
    let script = home.write("x.rhai", "// mine\n");
    let record = ["script", "record", "-o", &script, "--", "true"];
    home.run(&record).ends(2).says("x.rhai exists");
    home.run(&["script", "record", "--overwrite", "-o", &script, "--", "true"])
        .ends(0);
    assert!(read(&script).contains("spawn([\"true\"])"));
}

/// The recording that a script is made of is nobody's business.
#[test]
fn nothing_else_is_left() {
    let home = Home::new();
    let temporary = home.path().join("tmp");
    std::fs::create_dir(&temporary).expect("a folder");
    let mut command = home.command(&["script", "record", "--", "true"]);
    let run: Run = command
        .env("TMPDIR", &temporary)
        .output()
        .expect("run ptych")
        .into();
    run.ends(0);
    assert!(Path::new(&home.path().join("true.rhai")).exists());
    assert_eq!(std::fs::read_dir(&temporary).expect("the folder").count(), 0);
}
