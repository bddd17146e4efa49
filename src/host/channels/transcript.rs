//! A file that the tool appends to: which one it is, and what was appended since Enter.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use super::{Message, glob, open};
use crate::engine::limits;
use crate::engine::protocol::spec::TranscriptFile;
use crate::engine::session::Hints;

/// Stands for what the tool calls its session.
const SESSION: &str = "{session}";
/// A shorter prompt may stand in anybody's text by chance: it has to be the whole of one.
const TELLING_CHARS: usize = 16;

#[derive(Debug)]
pub(super) struct Transcript {
    channel: String,
    /// `None`: a hook tells it.
    glob: Option<String>,
    document: bool,
    /// Each file as it was at Enter, and what of it has been read since.
    seen: BTreeMap<PathBuf, Seen>,
    /// The file that was found to be this session's.
    ours: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    at_enter: Look,
    /// Of lines: the end of the last whole one that was read.
    read_to: u64,
    /// Of a document: as it was when it was read.
    read_as: Option<Look>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Look {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Look {
    fn at(path: &Path) -> Option<Look> {
        let found = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Look {
            bytes: found.len(),
            modified: found.modified().ok(),
        })
    }
}

impl Transcript {
    pub(super) fn new(
        channel: String,
        file: &TranscriptFile,
        document: bool,
        fill: &dyn Fn(&str) -> String,
    ) -> Transcript {
        let glob = match file {
            TranscriptFile::Glob(glob) => Some(fill(glob)),
            TranscriptFile::Told { .. } => None,
        };
        Transcript {
            channel,
            glob,
            document,
            seen: BTreeMap::new(),
            ours: None,
        }
    }

    fn files(&self, hints: &Hints<'_>) -> Vec<PathBuf> {
        match &self.glob {
            Some(glob) if glob.contains(SESSION) => {
                let session = hints.session.filter(|id| is_name(id));
                session.map_or(Vec::new(), |id| glob::files(&glob.replace(SESSION, id)))
            }
            Some(glob) => glob::files(glob),
            None => {
                let told = hints.told_files.get(&self.channel).map(PathBuf::from);
                told.filter(|path| path.is_absolute()).into_iter().collect()
            }
        }
    }

    pub(super) fn note(&mut self, hints: &Hints<'_>) {
        let seen = |path: PathBuf| {
            let at_enter = Look::at(&path)?;
            let read_to = at_enter.bytes;
            let read_as = Some(at_enter);
            Some((
                path,
                Seen {
                    at_enter,
                    read_to,
                    read_as,
                },
            ))
        };
        self.seen = self.files(hints).into_iter().filter_map(seen).collect();
    }

    /// The path alone says which file is ours.
    fn is_exact(&self) -> bool {
        let glob = self.glob.as_ref();
        glob.is_none_or(|glob| glob.contains(SESSION) || !glob.contains(['*', '?']))
    }

    pub(super) fn read(&mut self, hints: &Hints<'_>, pid: Option<u32>) -> Vec<Message> {
        let mut changed = Vec::new();
        for path in self.files(hints) {
            let Some(look) = Look::at(&path) else { continue };
            let seen = self.seen.get(&path).copied().unwrap_or_default();
            // What shrank was written anew.
            let seen = if look.bytes < seen.read_to {
                Seen::default()
            } else {
                seen
            };
            if seen.at_enter != look {
                changed.push((path, seen, look));
            }
        }
        let Some(index) = self.choose(&changed, hints, pid) else {
            return Vec::new();
        };
        let (path, mut seen, look) = changed.swap_remove(index);
        let texts = if self.document {
            document(&path, &mut seen, look)
        } else {
            lines(&path, &mut seen)
        };
        self.ours = Some(path.clone());
        self.seen.insert(path, seen);
        let message = |text| Message {
            channel: self.channel.clone(),
            text,
        };
        texts.into_iter().map(message).collect()
    }

    /// Other sessions of the same tool may write beside ours.
    fn choose(
        &self,
        changed: &[(PathBuf, Seen, Look)],
        hints: &Hints<'_>,
        pid: Option<u32>,
    ) -> Option<usize> {
        if changed.is_empty() || self.is_exact() {
            return (!changed.is_empty()).then_some(0);
        }
        let opened = pid.map(open::files).unwrap_or_default();
        let opened = |path: &Path| fs::canonicalize(path).is_ok_and(|path| opened.contains(&path));
        let named = |path: &Path| {
            hints
                .session
                .is_some_and(|id| !id.is_empty() && path.to_string_lossy().contains(id))
        };
        let by = |test: &dyn Fn(&(PathBuf, Seen, Look)) -> bool| changed.iter().position(test);
        by(&|(path, ..)| named(path))
            .or_else(|| by(&|(path, ..)| opened(path)))
            .or_else(|| by(&|(path, ..)| Some(path) == self.ours.as_ref()))
            .or_else(|| match (changed, &self.ours) {
                ([_], None) => Some(0),
                _ => by(&|(path, seen, _)| {
                    let from = if self.document { 0 } else { seen.at_enter.bytes };
                    hints.prompt.is_some_and(|prompt| holds(path, from, prompt))
                }),
            })
    }
}

/// A tool's word becomes a part of a path: it must not lead elsewhere.
fn is_name(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !id.is_empty() && !id.starts_with('.') && id.chars().all(plain)
}

fn lines(path: &Path, seen: &mut Seen) -> Vec<String> {
    let Ok(bytes) = read_from(path, seen.read_to, limits::MESSAGE_BYTES) else {
        return Vec::new();
    };
    let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(at) => at + 1,
        // Longer than any message may be: what follows of it is no JSON, and is left out then.
        None if bytes.len() >= limits::MESSAGE_BYTES => {
            seen.read_to += bytes.len() as u64;
            return Vec::new();
        }
        None => return Vec::new(),
    };
    seen.read_to += whole as u64;
    let text = String::from_utf8_lossy(&bytes[..whole]);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(str::to_owned).collect()
}

fn document(path: &Path, seen: &mut Seen, look: Look) -> Vec<String> {
    if seen.read_as == Some(look) || look.bytes > limits::MESSAGE_BYTES as u64 {
        return Vec::new();
    }
    seen.read_as = Some(look);
    match read_from(path, 0, limits::MESSAGE_BYTES) {
        Ok(bytes) => vec![String::from_utf8_lossy(&bytes).into_owned()],
        Err(_) => Vec::new(),
    }
}

/// Whether a string of what was appended is the prompt. JSON is compared by value: each writer escapes in its own way.
fn holds(path: &Path, from: u64, prompt: &str) -> bool {
    let Ok(bytes) = read_from(path, from, limits::MESSAGE_BYTES) else {
        return false;
    };
    let wanted = plain(prompt);
    if wanted.is_empty() {
        return false;
    }
    let values = serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>();
    values.map_while(Result::ok).any(|value| says(&value, &wanted))
}

fn says(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => {
            let text = plain(text);
            text == wanted || (wanted.chars().count() >= TELLING_CHARS && text.contains(wanted))
        }
        Value::Array(items) => items.iter().any(|item| says(item, wanted)),
        Value::Object(object) => object.values().any(|item| says(item, wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Each run of white space as one blank.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `limit` bytes of a regular file. A tool may name anything: opening must not wait for a writer.
pub(super) fn read_from(path: &Path, from: u64, limit: usize) -> io::Result<Vec<u8>> {
    let mut file = File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(limit as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    struct Files(tempfile::TempDir);

    impl Files {
        fn new() -> Files {
            Files(tempfile::tempdir().expect("a folder"))
        }

        fn append(&self, name: &str, text: &str) {
            let path = self.0.path().join(name);
            let mut file = File::options()
                .append(true)
                .create(true)
                .open(path)
                .expect("opened");
            file.write_all(text.as_bytes()).expect("written");
        }

        fn transcript(&self, document: bool) -> Transcript {
            let glob = format!("{}/*.jsonl", self.0.path().display());
            Transcript::new(
                "log".into(),
                &TranscriptFile::Glob(glob),
                document,
                &str::to_owned,
            )
        }
    }

    fn texts(transcript: &mut Transcript, hints: &Hints<'_>) -> Vec<String> {
        transcript
            .read(hints, None)
            .into_iter()
            .map(|message| message.text)
            .collect()
    }

    #[test]
    fn only_whole_lines_since_enter_are_read_and_each_once() {
        let files = Files::new();
        files.append("a.jsonl", "{\"old\":1}\n");
        let mut transcript = files.transcript(false);
        let hints = Hints::default();
        transcript.note(&hints);
        assert!(texts(&mut transcript, &hints).is_empty());
        files.append("a.jsonl", "{\"new\":1}\n{\"ha");
        assert_eq!(texts(&mut transcript, &hints), ["{\"new\":1}"]);
        files.append("a.jsonl", "lf\":1}\n");
        assert_eq!(texts(&mut transcript, &hints), ["{\"half\":1}"]);
        assert!(texts(&mut transcript, &hints).is_empty());
    }

    #[test]
    fn of_several_files_the_one_that_is_ours_is_read() {
        let files = Files::new();
        let both = |text: &str| {
            files.append(
                "s-1.jsonl",
                &format!("{{\"user\":\"first\\nquestion\"}}\n{{\"a\":\"{text}1\"}}\n"),
            );
            files.append(
                "s-2.jsonl",
                &format!("{{\"user\":\"other\"}}\n{{\"a\":\"{text}2\"}}\n"),
            );
        };
        let mut transcript = files.transcript(false);
        transcript.note(&Hints::default());
        both("x");
        assert!(
            texts(&mut transcript, &Hints::default()).is_empty(),
            "nothing tells"
        );
        let prompt = Hints {
            prompt: Some("first question"),
            ..Hints::default()
        };
        assert_eq!(texts(&mut transcript, &prompt)[1], "{\"a\":\"x1\"}");
        let session = Hints {
            session: Some("s-2"),
            ..Hints::default()
        };
        transcript.note(&session);
        both("y");
        assert_eq!(texts(&mut transcript, &session)[1], "{\"a\":\"y2\"}");
    }

    #[test]
    fn a_stranger_that_grows_alone_is_not_taken_for_ours() {
        let files = Files::new();
        let mut transcript = files.transcript(false);
        transcript.note(&Hints::default());
        files.append("ours.jsonl", "1\n");
        assert_eq!(texts(&mut transcript, &Hints::default()), ["1"]);
        transcript.note(&Hints::default());
        files.append("theirs.jsonl", "2\n");
        assert!(texts(&mut transcript, &Hints::default()).is_empty());
    }

    #[test]
    fn the_sessions_name_may_be_a_part_of_the_path() {
        let files = Files::new();
        let glob = format!("{}/*-{{session}}.jsonl", files.0.path().display());
        let glob = TranscriptFile::Glob(glob);
        let mut transcript = Transcript::new("log".into(), &glob, false, &str::to_owned);
        transcript.note(&Hints::default());
        files.append("x-s1.jsonl", "1\n");
        files.append("x-s2.jsonl", "2\n");
        assert!(texts(&mut transcript, &Hints::default()).is_empty());
        for (session, wanted) in [("s2", "2"), ("s1", "1")] {
            let session = Some(session);
            let hints = Hints {
                session,
                ..Hints::default()
            };
            assert_eq!(texts(&mut transcript, &hints), [wanted]);
        }
        assert!(!is_name("../x") && !is_name("a/b") && !is_name("*") && !is_name(""));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_file_that_the_tool_holds_open_is_ours() {
        let files = Files::new();
        let mut transcript = files.transcript(false);
        transcript.note(&Hints::default());
        files.append("a.jsonl", "1\n");
        files.append("b.jsonl", "2\n");
        let _open = File::open(files.0.path().join("b.jsonl")).expect("opened");
        let read = transcript.read(&Hints::default(), Some(std::process::id()));
        assert_eq!(read.first().map(|message| message.text.as_str()), Some("2"));
    }

    #[test]
    fn a_document_is_read_whole_when_it_changed() {
        let files = Files::new();
        files.append("a.jsonl", "[1]");
        let mut transcript = files.transcript(true);
        let hints = Hints::default();
        transcript.note(&hints);
        assert!(texts(&mut transcript, &hints).is_empty());
        files.append("a.jsonl", "   ");
        assert_eq!(texts(&mut transcript, &hints), ["[1]   "]);
        assert!(texts(&mut transcript, &hints).is_empty());
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("made");
        assert!(read_from(&pipe, 0, 1).is_err());
        assert!(read_from(folder.path(), 0, 1).is_err());
    }
}
