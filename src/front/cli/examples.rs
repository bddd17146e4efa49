//! The examples under each verb's `--help`, and the topics of `ptych help`.

pub const ROOT: &str = "\
Examples:
  ptych ask python '6*7'             one prompt, its response, nothing else
  ptych ask ./mytool.toml 'prompt'   a tool taught by your own protocol file
  ptych chat sqlite3 -- my.db        a conversation, line by line
  ptych doctor                       what is installed and proven here

Topics: ptych help exit-codes | environment | files | answers | script-functions";

pub const ASK: &str = "\
Examples:
  ptych ask python 'x = 6' 'x * 7'                two turns of one session
  ptych ask bash @build.sh                        the prompt stands in a file
  git diff | ptych ask mytool 'review:' -         the second prompt is standard input
  ptych ask sqlite3 --json 'select 1;' -- my.db   the whole response as JSON; arguments for the tool
  ptych ask bash --stream --timeout 1h 'make'     text as it becomes final
  ptych ask bash 'rm -i f' --answer 'remove=y'    questions are answered by what they ask
  ptych ask bash 'sudo id' --answer-env 'password=SUDO_PASSWORD'
  ptych ask mytool 'review it' --policy deny      nothing that it wants leave for is done
  ptych ask mytool 'build it' --policy 'allow=make test' --policy ask

A question that nothing answers ends with exit code 4; it and its choices stand on standard
error, and with --json in the object that is printed, as `question` and `choices`.
The text of each response goes to standard output, everything else to standard error.
Exit codes: ptych help exit-codes. Questions and answers: ptych help answers.";

pub const CHAT: &str = "\
Examples:
  ptych chat python
  ptych chat ./mytool.toml --cwd ~/project -- --verbose

Keys: enter sends; a \\ at the end of a line continues it on the next; a pasted block is one
prompt; ctrl-c interrupts the tool; ctrl-d on an empty line leaves; up and ctrl-r search the history.";

pub const RECORD: &str = "\
Examples:
  ptych record                          your shell, into SHELL-DATE-TIME.cast
  ptych record -o demo.cast python      a tool, as its protocol starts it
  ptych record --v2 -- ssh -p 22 host   any command, for players of version 2

The recording ends when the command does. What you type is recorded too, secrets included,
unless --no-input is given.";

#[cfg(feature = "script")]
pub const SCRIPT_RECORD: &str = "\
Examples:
  ptych script record -o login.rhai -- ssh host      work at the program; the script is written when it ends
  ptych script record --from session.cast -- python  the script of a recording

Prompts become patterns: numbers, dates, times, paths, addresses and names may differ the next time. What is
typed while the terminal hides it is in neither the recording nor the script: it becomes a secret with a name.";

pub const POOL: &str = "\
Examples:
  ptych pool run python -n 5 prompts.txt > answers.jsonl
  ptych pool bench";

pub const POOL_RUN: &str = "\
Examples:
  ptych pool run python -n 5 prompts.txt > answers.jsonl    one prompt a line, one JSON answer a line
  seq 9 | sed 's/$/ ** 2/' | ptych pool run python | jq .text   standard input; answers come while it is open
  ptych pool run claude -n 3 tasks.jsonl --journal done.jsonl   run it again to go on where it stopped
  ptych pool run bash --jsonl --routing sticky --key user - < log.jsonl   each user's prompts at one instance
  ptych pool run python -n 5 --retry 2 --ordered prompts.txt -- -O   arguments for the tool
  ptych pool run python --intensity 50/10m prompts.txt   a tool that crashes often: fifty restarts of each in ten minutes

Each answer is the response as JSON (ptych schema pool-line) with the `line` of its prompt, the `file` and the `id` if it
has them. Blank lines are skipped. A line of files that cannot be used ends the run before anything is started; one of
standard input is told as an object with `error` in the place of its answer.
The journal is appended to before an answer is printed, so that kill -9 loses none, and reaches the disk within a second.
It holds answers that are complete (outcome ok or error); a rerun skips their prompts, known by `id`, or by line and
text, and asks all others again, those too that were running when it was ended.
Ctrl-C once: nothing new is asked, what runs is finished. Twice, SIGTERM or SIGHUP: everything is ended at once.
Exit codes: 0 all prompts have an answer, 1 some answers are errors, 6 some prompts have no complete answer,
4 none has, and the tool asks something, 124 none has within its time, 130 ctrl-c; see ptych help exit-codes.";

pub const POOL_BENCH: &str = "\
Examples:
  ptych pool bench
  ptych pool bench -n 1,4,16 --json
  ptych pool bench python --prompt 1 --slow-prompt '__import__(\"time\").sleep(0.05)'";

#[cfg(feature = "script")]
pub const SCRIPT: &str = "\
Examples:
  ptych script run login.rhai -- host.example
  ptych script run -c 'let s = spawn(\"cat\"); s.send_line(\"hi\"); s.expect(\"hi\\nhi\")'
  ptych script record -o login.rhai -- ssh host
  ptych script check login.rhai

All that a script can call: ptych help script-functions. Tutorial and recipes: docs/scripting.md.";

#[cfg(feature = "script")]
pub const SCRIPT_RUN: &str = "\
Examples:
  ptych script run login.rhai -- host.example        what is behind -- is `args`
  ptych script run -c 'let s = spawn(\"cat\"); s.send_line(\"hi\"); s.expect(\"hi\\nhi\")'
  generate | ptych script run -                       the script is standard input
  ptych script run tests/*.rhai -j 4 --junit out.xml  a test runner for terminal programs
  ptych script run menu.rhai --update                 store the screens that assert_screen sees
  ptych script run login.rhai --trace                 each wait, and why it ended
  ptych script run login.rhai --secret PW=@pw.txt     secret(\"PW\") is the file's first line

What a script prints goes to standard output, a failure with its place, patterns, screen and last output to standard error.
All scripts are parsed before the first is started.
Exit codes: 0 done, 1 a failed expectation or an error behind the first spawn, 2 a wrong script and nothing started,
124 out of time, 127 the program is not installed, n from exit(n) and exit_with_child(s); of several scripts the code that
all failures have, else 1.";

#[cfg(feature = "script")]
pub const SCRIPT_CHECK: &str = "\
Examples:
  ptych script check login.rhai
  ptych script check tests/*.rhai --json
  ptych script check -c 'spawn(\"cat\").expect(re(\"(\"))'

Nothing is started: sessions are stand-ins, and each arm of an expect block is taken once. Told are errors of syntax, names that
there are not, wrong numbers of arguments, and patterns, keys and screen conditions that cannot be.
Exit codes: 0 nothing found, 2 something is wrong, 3 no such file.";

pub const DOCTOR: &str = "\
Examples:
  ptych doctor
  ptych doctor python sqlite3
  ptych doctor --json";

pub const PROTOCOL: &str = "\
Examples:
  ptych protocol list
  ptych protocol new mytool -- mytool --interactive
  ptych protocol check mytool.toml
  ptych record -o session.cast mytool && ptych protocol test session.cast --update";

pub const PROTOCOL_LIST: &str = "\
Examples:
  ptych protocol list
  ptych protocol list --json";

pub const PROTOCOL_SHOW: &str = "\
Examples:
  ptych protocol show python
  ptych protocol show ./mytool.toml --json
  ptych protocol show bash --source > ~/.config/ptych/protocols/bash.toml";

pub const PROTOCOL_NEW: &str = "\
Examples:
  ptych protocol new mytool                       asks on a terminal
  ptych protocol new mytool --from session.cast   finds the prompt in a recording
  ptych protocol new mytool --prompt 'my> $' -- mytool -i  asks nothing that is given";

pub const PROTOCOL_CHECK: &str = "\
Examples:
  ptych protocol check mytool.toml
  ptych protocol check   all files of your protocols directory";

pub const PROTOCOL_TEST: &str = "\
Examples:
  ptych protocol test session.cast --protocol mytool --update   keep what is seen as expected
  ptych protocol test session.cast                              compare with what was kept
  ptych protocol test recordings/                               every recording of a directory

A difference is shown as a diff, and the exit code is 1.";

pub const PROTOCOL_EXPLAIN: &str = "\
Examples:
  ptych protocol explain session.cast --protocol mytool --at 12.5s
  ptych protocol explain python                   start it and explain where it is
  ptych protocol explain bash 'sleep 5' --at 1s   one second into a turn";

pub const PROTOCOL_SCHEMA: &str = "\
Examples:
  ptych protocol schema > protocol.schema.json";

pub const SCHEMA: &str = "\
Examples:
  ptych schema response
  ptych schema pool-line
  ptych schema protocol > protocol.schema.json";

pub const COMPLETIONS: &str = "\
Examples:
  ptych completions bash > ~/.local/share/bash-completion/completions/ptych
  ptych completions fish > ~/.config/fish/completions/ptych.fish";

pub const MAN: &str = "\
Examples:
  ptych man | man -l -
  ptych man ~/.local/share/man/man1";

pub const HELP: &str = "\
Examples:
  ptych help ask
  ptych help exit-codes";

/// `ptych help environment`.
pub const ENVIRONMENT: &str = "\
ENVIRONMENT

  XDG_CONFIG_HOME   protocol files are looked for in $XDG_CONFIG_HOME/ptych/protocols (~/.config/ptych/protocols)
  XDG_DATA_HOME     chat histories are kept in $XDG_DATA_HOME/ptych/history (~/.local/share/ptych/history)
  PATH              tools are looked for here
  NO_COLOR          when set, help has no colour
  SHELL             what `ptych record` without a command records

The tool does not inherit your whole environment: it gets a common allow-list (PATH, HOME, USER, LANG, ...), what its
protocol names, and what --env gives.
";

/// `ptych help files`.
pub const FILES: &str = "\
FILES

  $XDG_CONFIG_HOME/ptych/protocols/NAME.toml   your protocols; one of a built-in name takes its place
  $XDG_DATA_HOME/ptych/history/NAME            what was typed in `ptych chat NAME` (mode 0600; no secrets)
  x.cast                                       a recording: asciicast version 2 or 3
  x.expected.json                              what `ptych protocol test` expects of x.cast
  NAME.jsonl                                   prompts of `ptych pool run`, one JSON object a line; its answers and its journal
";

/// `ptych help answers`.
pub const ANSWERS: &str = "\
ANSWERS

A tool that asks something (a yes/no, a menu, a password, a pager) blocks the turn. Without an answer, `ptych ask` prints
the question and its choices on standard error and exits with 4; with --json they are `question` and `choices` of the
response, or, where no turn was begun, of the error object.

  --answer 'REGEX=REPLY'     may be repeated; the first whose REGEX is found in the question's text is used.
                             The value is split at its first equals sign; write \\x3d for one within the regex.
                             When the question has choices, REPLY is a regex over their labels: the first choice whose
                             label matches is taken (a choice is never addressed by its number or by a blind enter).
                             In a menu the highlight is moved there and looked at before it is accepted.
                             When the question takes free text, REPLY is typed as it is.
                             One answer is given at most 100 times in a turn.
  --answer-env 'REGEX=VAR'   the same with the reply taken from the environment variable VAR, which keeps a secret
                             out of the process list. A secret is sent once: when the same question comes again at
                             once, it was wrong, and the command exits with 4.

A tool that wants leave to act (a question of kind permission) may be answered by a policy instead:

  --policy ask               a person decides (exit 4); the default
  --policy deny              it is denied the way the protocol says
  --policy allow=REGEX       where REGEX is found in the question's text, its choice for \"this once\" is taken

may be repeated; the first that matches counts, and ask and deny take a REGEX, too: --policy 'deny=rm ' --policy 'allow=.'.
Each such answer is listed in the response (`auto_answers`). A login, a secret or any other question is never answered so.

A question that no answer takes, or a REPLY that fits none of the choices, exits with 4. The response to the answer is
the rest of the response to the prompt: its text follows on standard output, and --json prints one more object.
";
