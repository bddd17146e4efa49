//! The documented exit codes. `ptych help exit-codes` prints [`TABLE`]; nothing else in the command names a number.

use std::process::ExitCode;

/// How a run of the command ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// The tool reported an error or ended by itself, or the operation failed.
    Failed,
    /// The arguments or a file cannot be used; nothing was done.
    Usage,
    NotFound,
    /// The tool waits for a decision that no `--answer` takes.
    NeedsHuman,
    /// Some of several prompts did not end well.
    Partial,
    TimedOut,
    /// ptych itself could not do its work.
    Supervisor,
    NotExecutable,
    ToolNotFound,
    Interrupted,
    Hangup,
    /// Whoever read our output has gone.
    BrokenPipe,
    Terminated,
    /// What a script leaves with: `exit(n)`, or its child's own code.
    Own(u8),
}

impl Exit {
    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NotFound => 3,
            Exit::NeedsHuman => 4,
            Exit::Partial => 6,
            Exit::TimedOut => 124,
            Exit::Supervisor => 125,
            Exit::NotExecutable => 126,
            Exit::ToolNotFound => 127,
            Exit::Hangup => 128 + 1,
            Exit::Interrupted => 128 + 2,
            Exit::BrokenPipe => 128 + 13,
            Exit::Terminated => 128 + 15,
            Exit::Own(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// `ptych help exit-codes`. Codes 5, 7 and 8 are reserved so that scripts written today stay right.
pub const TABLE: &str = "\
EXIT CODES

    0  done
    1  the tool reported an error or ended during the turn, or the operation failed; in pool run, all is answered,
       and some answers are errors
    2  usage or validation: the arguments or a file cannot be used; nothing was done
    3  not found: no protocol has that name, no such file, not running
    4  needs a human: the tool asks something that no --answer takes
    5  conflict (reserved)
    6  partial: with --keep-going, some of several prompts did not end well; in pool run, some have no complete answer
    7  the daemon cannot be reached (reserved)
    8  still pending (reserved)
  124  timed out; the text so far is on standard output
  125  ptych itself could not do its work
  126  the tool was found but cannot be executed
  127  the tool is not installed
  129  hung up (SIGHUP)
  130  interrupted (SIGINT, ctrl-c)
  141  whoever read standard output has gone (SIGPIPE)
  143  terminated (SIGTERM)

In script run, 1 is a failed expectation or an error behind the first spawn, 2 a wrong script before it, 124 a wait that nobody
handled; exit(n) and exit_with_child(s) leave with any code.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_documents_every_code() {
        use Exit::*;
        let all = [
            Done,
            Failed,
            Usage,
            NotFound,
            NeedsHuman,
            Partial,
            TimedOut,
            Supervisor,
            NotExecutable,
            ToolNotFound,
            Interrupted,
            Hangup,
            BrokenPipe,
            Terminated,
        ];
        for exit in all {
            let row = format!("\n{:>5}  ", exit.code());
            assert!(TABLE.contains(&row), "{exit:?} is not in the table");
        }
    }
}
