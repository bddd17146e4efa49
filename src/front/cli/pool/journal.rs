//! Complete answers in a file that survives the run: one JSON object a line, behind a head that says what they answer.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;

/// Answers reach the disk at least so often.
pub const SYNC: Duration = Duration::from_secs(1);
const KIND: &str = "ptych pool run";
const VERSION: u32 = 1;

/// What a journal belongs to; another run may go on with it when all of this is the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    journal: String,
    version: u32,
    pub tool: String,
    pub args: Vec<String>,
    pub input: Vec<String>,
}

impl Head {
    pub fn new(tool: &str, args: &[String], input: Vec<String>) -> Head {
        Head {
            journal: KIND.to_owned(),
            version: VERSION,
            tool: tool.to_owned(),
            args: args.to_vec(),
            input,
        }
    }
}

/// Marks of the prompts that have their answer.
pub type Done = HashSet<u128>;

/// The file, open for more and locked for this run.
#[derive(Debug)]
pub struct Journal {
    file: Flock<File>,
    unsynced_since: Option<Instant>,
}

/// What was in it.
#[derive(Debug)]
pub struct Opened {
    pub journal: Journal,
    pub done: Done,
    /// Its last line was not whole and has been cut off.
    pub torn: bool,
}

#[derive(Deserialize)]
struct Entry {
    mark: String,
}

/// Opens it or begins one (mode 0600).
pub fn open(path: &Path, head: &Head) -> Result<Opened, Failure> {
    let told = |what: String| Failure::new(Exit::Usage, "journal", format!("{}: {what}", path.display()));
    let unusable = |error: io::Error| told(format!("open the journal: {error}"));
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(unusable)?;
    let mut file = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| match error {
        Errno::EAGAIN => told("another run writes this journal".to_owned()),
        error => unusable(error.into()),
    })?;
    let found = read(BufReader::new(&mut *file), head).map_err(|refusal| match refusal {
        Refusal::Io(error) => unusable(error),
        Refusal::Not { line, what } => Failure::new(
            Exit::Usage,
            "journal",
            format!("{}:{line}: {what}", path.display()),
        )
        .hint("name another file with --journal, or move this one away"),
    })?;
    if found.torn {
        file.set_len(found.whole).map_err(unusable)?;
    }
    file.seek(SeekFrom::End(0)).map_err(unusable)?;
    let mut journal = Journal {
        file,
        unsynced_since: None,
    };
    if found.whole == 0 {
        let line = serde_json::to_string(head).map_err(|error| unusable(error.into()))?;
        journal
            .write(&line)
            .and_then(|()| journal.sync())
            .map_err(unusable)?;
    }
    Ok(Opened {
        journal,
        done: found.done,
        torn: found.torn,
    })
}

impl Journal {
    /// `answer` is a JSON object.
    pub fn append(&mut self, mark: u128, answer: &str) -> io::Result<()> {
        let fields = answer.strip_prefix('{').unwrap_or(answer);
        self.write(&format!("{{\"mark\":\"{mark:032x}\",{fields}"))
    }

    /// In one write, so that what is torn is the last line and no other.
    fn write(&mut self, line: &str) -> io::Result<()> {
        let mut line = line.trim_end_matches('\n').to_owned();
        line.push('\n');
        self.file.write_all(line.as_bytes())?;
        let since = *self.unsynced_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= SYNC {
            self.sync()?;
        }
        Ok(())
    }

    /// Everything that was written is on the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        if self.unsynced_since.take().is_some() {
            self.file.sync_data()?;
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Found {
    done: Done,
    /// Bytes of whole lines.
    whole: u64,
    torn: bool,
}

#[derive(Debug)]
enum Refusal {
    Io(io::Error),
    Not { line: u64, what: String },
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        Refusal::Io(error)
    }
}

fn read(mut reader: impl BufRead, head: &Head) -> Result<Found, Refusal> {
    let mut found = Found::default();
    let mut bytes = Vec::new();
    let mut line = 0;
    loop {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(found);
        }
        line += 1;
        if !bytes.ends_with(b"\n") {
            // Only what this program began may be cut off.
            let ours = line > 1 || serde_json::to_vec(head).is_ok_and(|head| head.starts_with(&bytes));
            found.torn = true;
            return match ours {
                true => Ok(found),
                false => Err(not(line, "it is no journal of ptych pool run")),
            };
        }
        if line == 1 {
            belongs(&bytes, head)?;
        } else {
            let entry: Entry = serde_json::from_slice(&bytes)
                .map_err(|error| not(line, &format!("it is no answer of a journal: {error}")))?;
            let mark = u128::from_str_radix(&entry.mark, 16)
                .map_err(|_| not(line, "its mark is not one of a journal"))?;
            found.done.insert(mark);
        }
        found.whole += bytes.len() as u64;
    }
}

fn belongs(line: &[u8], head: &Head) -> Result<(), Refusal> {
    let theirs: Head = serde_json::from_slice(line)
        .ok()
        .filter(|theirs: &Head| theirs.journal == KIND)
        .ok_or_else(|| not(1, "it is no journal of ptych pool run"))?;
    if theirs.version != VERSION {
        return Err(not(
            1,
            &format!(
                "it has version {}; this is ptych with version {VERSION}",
                theirs.version
            ),
        ));
    }
    for (what, theirs, ours) in [
        ("another tool", vec![theirs.tool], vec![head.tool.clone()]),
        ("a tool with other arguments", theirs.args, head.args.clone()),
        ("other input", theirs.input, head.input.clone()),
    ] {
        if theirs != ours {
            let (theirs, ours) = (theirs.join(" "), ours.join(" "));
            return Err(not(
                1,
                &format!("it belongs to {what}: it has `{theirs}`, and this run has `{ours}`"),
            ));
        }
    }
    Ok(())
}

fn not(line: u64, what: &str) -> Refusal {
    Refusal::Not {
        line,
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head::new("sh", &[], vec!["a.txt".to_owned()])
    }

    #[test]
    fn what_was_appended_is_known_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let mut opened = open(&path, &head()).unwrap();
        assert!(opened.done.is_empty() && !opened.torn);
        opened.journal.append(7, "{\"text\":\"x\"}\n").unwrap();
        drop(opened);
        let opened = open(&path, &head()).unwrap();
        assert_eq!(opened.done, Done::from([7]));
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_the_rest_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let mut opened = open(&path, &head()).unwrap();
        opened.journal.append(7, "{\"text\":\"x\"}").unwrap();
        opened.journal.append(8, "{\"text\":\"y\"}").unwrap();
        drop(opened);
        let whole = std::fs::metadata(&path).unwrap().len();
        for cut in [1, 5, 20] {
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(whole - cut).unwrap();
            let mut opened = open(&path, &head()).unwrap();
            assert!(opened.torn, "cut by {cut}");
            assert_eq!(opened.done, Done::from([7]), "cut by {cut}");
            opened.journal.append(8, "{\"text\":\"y\"}").unwrap();
            drop(opened);
            assert_eq!(std::fs::metadata(&path).unwrap().len(), whole);
            assert!(!open(&path, &head()).unwrap().torn);
        }
    }

    #[test]
    fn a_torn_head_begins_again_and_a_foreign_file_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        std::fs::write(&path, "{\"journal\":\"ptych").unwrap();
        assert!(open(&path, &head()).unwrap().torn);
        for foreign in ["notes", "notes\n", "{}\n"] {
            std::fs::write(&path, foreign).unwrap();
            let refused = open(&path, &head()).unwrap_err();
            assert!(refused.message.contains("no journal"), "{}", refused.message);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), foreign);
        }
    }

    #[test]
    fn another_tool_other_arguments_and_other_input_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        drop(open(&path, &head()).unwrap());
        let input = vec!["a.txt".to_owned()];
        for (other, word) in [
            (Head::new("ash", &[], input.clone()), "another tool"),
            (Head::new("sh", &["-x".to_owned()], input), "other arguments"),
            (Head::new("sh", &[], vec!["b.txt".to_owned()]), "other input"),
        ] {
            let refused = open(&path, &other).unwrap_err();
            assert!(refused.message.contains(word), "{}", refused.message);
            assert_eq!(refused.exit, Exit::Usage);
        }
    }

    #[test]
    fn two_runs_do_not_share_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let _first = open(&path, &head()).unwrap();
        let refused = open(&path, &head()).unwrap_err();
        assert!(refused.message.contains("another run"), "{}", refused.message);
    }
}
