//! How programs begin and end under a session: descriptors, signals, terminals, exits, and the text around an exit.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ptych::engine::term::Size;
use ptych::engine::tty::Exit;
use ptych::host::expect::{Follow, Pattern};
use ptych::host::{ExitReason, LaunchError, Options, Rung, Session, StopOptions};

use crate::expect_support::{
    Gate, LONG, SHORT, follow, options, peek, python, re, sh, spawn, spawn_with, to_the_end, wait,
};
use crate::host_support::{is_running, open_descriptors, soon};
use crate::support::run;

// The end.

/// The program ends while all it wrote is still to be read: twenty times, not a line may be missing.
#[test]
fn what_is_pending_when_the_program_ends_is_matched() {
    run(async {
        for _ in 0..20 {
            let s = sh("seq 1 3000; printf 'last words'");
            let found = s
                .expect([Pattern::eof(), "last words".into()])
                .await
                .expect("found");
            assert_eq!((found.index, found.before().lines().count()), (1, 3000));
            assert_eq!(to_the_end(&s).await.before(), "");
            assert_eq!(s.wait().await.exit, Exit::Code(0));
        }
    });
}

/// 20 KB without a line end, a hundred times: more than the kernel keeps of a terminal whose program has gone.
#[test]
fn twenty_kilobytes_and_an_exit_lose_nothing() {
    run(async {
        let text: String = "0123456789".repeat(2000);
        let words = format!("printf %s {text}");
        for _ in 0..100 {
            let s = spawn(["dash", "-c", &words]);
            let end = to_the_end(&s).await;
            assert!(end.before() == text, "{} bytes", end.before.len());
        }
    });
}

/// `wait` reads meanwhile, so a program that has more to say than the kernel keeps can end.
#[test]
fn waiting_for_the_end_needs_no_reading_before() {
    run(async {
        let s = sh("seq 1 50000; exit 4");
        assert_eq!(s.wait().await.exit, Exit::Code(4));
        assert_eq!(s.wait().await.exit, Exit::Code(4));
        let end = to_the_end(&s).await;
        assert_eq!(end.before().lines().count(), 50_000);
    });
}

/// The end of the output comes before the end of the program: descriptors are closed, the program lives until the gate opens.
#[test]
fn the_output_may_end_before_the_program() {
    run(async {
        let gate = Gate::new();
        let s = sh(&format!("echo bye; exec 0<&- 1>&- 2>&-; {}; exit 7", gate.wait()));
        assert_eq!(to_the_end(&s).await.before(), "bye\n");
        assert!(is_running(s.pid()));
        gate.open();
        assert_eq!(s.wait().await.exit, Exit::Code(7));
    });
}

/// The program ends, and one that it left behind prints later on the same terminal.
#[test]
fn the_output_may_go_on_after_the_program() {
    run(async {
        let gate = Gate::new();
        let script = format!("trap '' HUP; ({}; echo later) & echo gone; exit 7", gate.wait());
        let s = sh(&script);
        s.expect("gone\n").await.expect("printed");
        // The end of the program is told while its terminal is open.
        let open = s.expect_with(Pattern::eof(), wait(SHORT)).await;
        assert_eq!(s.wait().await.exit, Exit::Code(7));
        drop(open);
        let rest = to_the_end(&s).await;
        assert_eq!(rest.before(), "", "what was left behind ends with its program");
    });
}

#[test]
fn output_is_matched_after_the_program_has_gone() {
    run(async {
        let s = sh("echo one; echo two; exit 3");
        assert_eq!(s.wait().await.exit, Exit::Code(3));
        s.expect("one").await.expect("kept");
        s.expect("two\n").await.expect("kept");
        assert_eq!(to_the_end(&s).await.before(), "");
        assert_eq!(s.unmatched().await.expect("kept").text(), "");
    });
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    run(async {
        for code in [0, 1, 42, 255] {
            assert_eq!(sh(&format!("exit {code}")).wait().await.exit, Exit::Code(code));
        }
        for signal in [1, 2, 9, 15] {
            let report = sh(&format!("kill -{signal} $$")).wait().await;
            assert_eq!(
                (report.exit, report.reason),
                (Exit::Signal(signal), ExitReason::Exited)
            );
        }
    });
}

#[test]
fn a_program_that_is_killed_from_outside_is_at_its_end() {
    run(async {
        let s = sh("echo up; read x");
        s.expect("up").await.expect("printed");
        let pid = nix::unistd::Pid::from_raw(i32::try_from(s.pid()).expect("a pid"));
        let kill = async { nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("killed") };
        let (end, ()) = tokio::join!(s.expect("never"), kill);
        assert!(end.is_err());
        assert_eq!(s.wait().await.exit, Exit::Signal(9));
    });
}

/// A session that is dropped takes its program along; nobody has to close anything.
#[test]
fn a_session_that_is_dropped_leaves_nothing_running() {
    run(async {
        let s = sh("trap '' HUP TERM INT; sleep 1000 & echo $!; wait");
        let child = s.expect(re(r"(\d+)\n")).await.expect("a number");
        let child: u32 = child.group(1).expect("a number").parse().expect("a pid");
        let pid = s.pid();
        drop(s);
        soon("both have ended", || !is_running(pid) && !is_running(child));
    });
}

#[test]
fn a_program_that_ignores_signals_is_ended_all_the_same() {
    run(async {
        let s = sh("trap '' HUP TERM INT; echo deaf; while :; do sleep 1000; done");
        s.expect("deaf").await.expect("printed");
        let grace = std::time::Duration::from_millis(20);
        let report = s.stop(StopOptions { leave: false, grace }).await;
        assert_eq!((report.exit, report.rung), (Exit::Signal(9), Some(Rung::Kill)));
        assert!(report.survivors.is_empty());
    });
}

#[test]
fn a_hang_up_ends_what_does_not_ignore_it() {
    run(async {
        let s = sh("trap 'echo hung up; exit 9' HUP; echo up; read x");
        s.expect("up").await.expect("printed");
        let stop = StopOptions {
            leave: false,
            grace: LONG,
        };
        let (report, end) = tokio::join!(s.stop(stop), s.expect("hung up\n"));
        end.expect("its last words are matched");
        assert_eq!((report.exit, report.rung), (Exit::Code(9), Some(Rung::Hangup)));
    });
}

// Signals and keys.

#[test]
fn control_keys_are_signals_for_the_program() {
    run(async {
        let s = python(
            "import signal,sys\n\
             for n in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP): signal.signal(n, lambda n, _: print('got', signal.Signals(n).name, flush=True))\n\
             print('ready', flush=True)\n\
             while sys.stdin.readline(): pass",
        );
        s.expect("ready\n").await.expect("set up");
        for (key, signal) in [
            ("ctrl-c", "SIGINT"),
            ("ctrl-\\", "SIGQUIT"),
            ("ctrl-z", "SIGTSTP"),
        ] {
            s.send_key(key).await.expect("a key");
            s.expect(format!("got {signal}")).await.expect("told");
        }
    });
}

#[test]
fn an_interrupted_shell_prompts_again() {
    run(async {
        let s = spawn_with(
            ["bash", "--norc", "--noprofile", "-i"],
            Options {
                env: vec![("PS1".into(), "bash> ".into())],
                ..options()
            },
        );
        s.expect("bash> ").await.expect("a prompt");
        s.send_line("echo began; sleep 1000").await.expect("typed");
        s.expect("\nbegan\n").await.expect("it sleeps");
        s.send_key("ctrl-c").await.expect("a key");
        s.expect("bash> ").await.expect("a prompt");
        s.send_line("echo $((6*7))").await.expect("typed");
        s.expect("\n42\n").await.expect("it lives");
        s.expect("bash> ").await.expect("a prompt");
        s.send_key("ctrl-d").await.expect("a key");
        assert_eq!(s.wait().await.exit, Exit::Code(0));
    });
}

/// A signal that the waiting thread handles is no error of the wait.
#[test]
fn a_signal_for_ourselves_disturbs_no_wait() {
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
    use std::sync::atomic::{AtomicU32, Ordering};

    static HANDLED: AtomicU32 = AtomicU32::new(0);
    extern "C" fn handle(_: i32) {
        HANDLED.fetch_add(1, Ordering::Relaxed);
    }
    let action = SigAction::new(SigHandler::Handler(handle), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing but an atomic addition, and nobody else uses this signal.
    unsafe { sigaction(Signal::SIGUSR2, &action) }.expect("a handler");
    let gate = std::sync::Arc::new(Gate::new());
    let s = ptych::blocking::Session::spawn(
        [
            "sh".to_owned(),
            "-c".to_owned(),
            format!("{}; echo there; read x", gate.wait()),
        ],
        options(),
    )
    .expect("started");
    // SAFETY: of the calling thread itself.
    let me = unsafe { libc::pthread_self() };
    let signals = std::thread::spawn(move || {
        for n in 1..=20 {
            // SAFETY: that thread waits for this one before it ends.
            assert_eq!(unsafe { libc::pthread_kill(me, libc::SIGUSR2) }, 0);
            soon("handled", || HANDLED.load(Ordering::Relaxed) >= n);
        }
        gate.open();
    });
    s.expect("there").expect("found");
    signals.join().expect("no panic");
}

// What a program is born with.

#[test]
fn the_program_has_its_terminal_and_no_other_descriptor() {
    run(async {
        let others: Vec<Session> = (0..3).map(|_| sh("read x")).collect();
        let inherited = std::fs::File::open("/dev/null").expect("a file");
        let s = python(
            "import os\n\
             fds = sorted(int(n) for n in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + n))\n\
             names = {os.readlink('/proc/self/fd/%d' % n) for n in fds}\n\
             print(fds, len(names), os.ttyname(0) in names)",
        );
        assert_eq!(to_the_end(&s).await.before(), "[0, 1, 2] 1 True\n");
        drop((others, inherited));
    });
}

/// `/dev/tty` opens, the program leads its session and is in the foreground.
#[test]
fn the_terminal_controls_the_program() {
    run(async {
        let s = python(
            "import os\n\
             tty = os.open('/dev/tty', os.O_RDWR)\n\
             print(os.getsid(0) == os.getpid() == os.tcgetpgrp(tty), os.isatty(0) and os.isatty(1) and os.isatty(2))",
        );
        assert_eq!(to_the_end(&s).await.before(), "True True\n");
    });
}

#[test]
fn two_programs_have_two_terminals() {
    run(async {
        let (one, two) = (sh("tty; read x; echo one $x"), sh("tty; read x; echo two $x"));
        let name = re(r"/dev/\S+\n");
        let names = [
            one.expect(name.clone()).await.expect("a terminal"),
            two.expect(name).await.expect("a terminal"),
        ];
        assert_ne!(names[0].matched(), names[1].matched());
        two.send_line("second").await.expect("typed");
        one.send_line("first").await.expect("typed");
        one.expect("one first\n").await.expect("its own");
        two.expect("two second\n").await.expect("its own");
    });
}

#[test]
fn a_size_is_there_from_the_beginning() {
    run(async {
        let s = sh("stty size; read x");
        let found = s.expect(re(r"(\d+) (\d+)\n")).await.expect("a size");
        assert_eq!(
            (found.group(1).as_deref(), found.group(2).as_deref()),
            (Some("40"), Some("120"))
        );
        let size = Some(Size { cols: 77, rows: 11 });
        let s = spawn_with(["stty", "size"], Options { size, ..options() });
        assert_eq!(to_the_end(&s).await.before(), "11 77\n");
    });
}

#[test]
fn a_resize_is_a_signal_and_a_size() {
    run(async {
        let s = python(
            "import os,signal,sys\n\
             def told(*_): print('size', *os.get_terminal_size(), flush=True)\n\
             signal.signal(signal.SIGWINCH, told)\n\
             print('ready', flush=True)\n\
             while sys.stdin.readline(): pass",
        );
        s.expect("ready\n").await.expect("set up");
        for (cols, rows) in [(132, 43), (20, 5)] {
            s.resize(Size { cols, rows }).await.expect("alive");
            s.expect(format!("size {cols} {rows}\n")).await.expect("told");
        }
    });
}

#[test]
fn environment_and_folder_are_those_that_were_asked_for() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().canonicalize().expect("it exists");
        let options = Options {
            env: vec![("PORT_TEST".into(), "a value".into())],
            cwd: Some(path.clone()),
            ..options()
        };
        let s = spawn_with(["sh", "-c", "pwd; echo $PORT_TEST; echo $TERM"], options);
        let end = to_the_end(&s).await;
        let lines: Vec<&str> = end
            .before
            .split(|b| *b == b'\n')
            .map(|l| std::str::from_utf8(l).expect("text"))
            .collect();
        assert_eq!(lines[..2], [path.to_str().expect("UTF-8"), "a value"]);
        assert!(!lines[2].is_empty(), "no TERM");
    });
}

#[test]
fn words_are_not_split_and_not_expanded() {
    run(async {
        let s = spawn(["printf", "<%s>", "a b", "$HOME", "*", "", "--", "'q'"]);
        assert_eq!(to_the_end(&s).await.before(), "<a b><$HOME><*><><--><'q'>");
    });
}

/// A program that cannot be started is an error of the call, not a text on its terminal.
#[test]
fn what_cannot_be_started_is_an_error_with_its_cause() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let plain = folder.path().join("plain");
        std::fs::write(&plain, "text").expect("written");
        let orphan = folder.path().join("orphan");
        std::fs::write(&orphan, "#!/no/such/interpreter\n").expect("written");
        std::fs::set_permissions(&orphan, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        let started = |program: &Path| Session::spawn([program.to_str().expect("UTF-8")], options());
        assert!(matches!(
            Session::spawn(["no-such-program-anywhere"], options()),
            Err(LaunchError::NotFound { .. })
        ));
        assert!(matches!(
            started(&folder.path().join("nowhere")),
            Err(LaunchError::NotFound { .. })
        ));
        assert!(matches!(started(&plain), Err(LaunchError::NotExecutable { .. })));
        assert!(matches!(started(&orphan), Err(LaunchError::NotFound { .. })));
        let cwd = Some(folder.path().join("gone"));
        let error = Session::spawn(["true"], Options { cwd, ..options() });
        assert!(
            matches!(error, Err(LaunchError::WorkingDirectory { .. })),
            "{error:?}"
        );
    });
}

#[test]
fn two_hundred_programs_leave_no_descriptor() {
    run(async {
        drop(to_the_end(&spawn(["true"])).await);
        let before = open_descriptors();
        for n in 0..200 {
            let s = spawn(["true"]);
            if n % 2 == 0 {
                to_the_end(&s).await;
            }
            assert_eq!(s.wait().await.exit, Exit::Code(0));
        }
        // Other tests of this process open and close theirs.
        soon("they are closed", || open_descriptors() <= before + 30);
    });
}

/// The price of a spawn does not hang on how many descriptors a process may have: nobody closes them one by one.
#[test]
fn a_high_limit_of_descriptors_costs_nothing() {
    run(async {
        let mut options = options();
        options.limits.open_files = Some(4096);
        let s = spawn_with(
            ["sh", "-c", "ulimit -n; ls /proc/self/fd | wc -l; read x"],
            options,
        );
        s.expect(re(r"4096\n\s*4\n"))
            .await
            .expect("three and the folder itself");
    });
}

#[test]
fn the_pid_is_the_programs() {
    run(async {
        let s = sh("echo $$; read x");
        let found = s.expect(re(r"(\d+)\n")).await.expect("a number");
        assert_eq!(found.group(1).expect("a number").parse(), Ok(s.pid()));
    });
}

// Flow.

/// A log that has fallen behind holds the program up; what it printed is there when the log goes on.
#[test]
fn many_sessions_at_once_are_all_served() {
    run(async {
        let sessions: Vec<Session> = (0..30)
            .map(|n| sh(&format!("read x; echo $((x * {n})); read x")))
            .collect();
        for s in &sessions {
            s.send_line("7").await.expect("typed");
        }
        let mut seen = BTreeSet::new();
        for (n, s) in sessions.iter().enumerate().rev() {
            s.expect(format!("\n{}\n", 7 * n)).await.expect("its own number");
            seen.insert(s.pid());
        }
        assert_eq!(seen.len(), 30);
    });
}

/// A program on a terminal that is never read by anybody but its session does not stop, and its last text is there.
#[test]
fn output_that_nobody_waits_for_is_read_all_the_same() {
    run(async {
        let keep_bytes = 1 << 20;
        let gate = Gate::new();
        let script = format!("yes | head -c 3000000; echo END; {}; read x", gate.wait());
        let follow = Some(Follow {
            keep_bytes,
            ..follow()
        });
        let s = spawn_with(
            ["sh", "-c", &script],
            Options {
                follow,
                ..Options::default()
            },
        );
        // Opens only when the program has written everything.
        tokio::task::spawn_blocking(move || gate.open())
            .await
            .expect("opened");
        let found = s.expect("END").await.expect("the tail is kept");
        assert!(found.truncated_bytes > 0 && found.before.len() <= keep_bytes);
    });
}

/// The stream ends for a supervisor whose own standard streams are closed, too.
#[test]
fn closed_standard_streams_of_our_own_are_no_obstacle() {
    let done = tempfile::NamedTempFile::new().expect("a file");
    let me = std::env::current_exe().expect("this program");
    let status = std::process::Command::new("sh")
        .args([
            "-c",
            "exec \"$0\" --exact expect_lifecycle::role_of_a_supervisor --ignored --nocapture 0<&- 1>&- 2>&-",
        ])
        .arg(me)
        .env("PTYCH_TEST_DONE", done.path())
        .status()
        .expect("run");
    let written = std::fs::read_to_string(done.path()).expect("a file");
    assert_eq!(written, "hello\n", "{status}");
}

/// Run by the test above, in a process of its own.
#[test]
#[ignore = "a part of another test"]
fn role_of_a_supervisor() {
    let Some(done) = std::env::var_os("PTYCH_TEST_DONE") else {
        return;
    };
    run(async {
        let s = sh("read x; echo $x");
        s.send_line("hello").await.expect("typed");
        s.expect("hello\n").await.expect("the echo");
        s.expect_with("hello\n", peek()).await.expect("the line");
        std::fs::write(done, to_the_end(&s).await.before.as_slice()).expect("written");
    });
}
