//! Where prompts come from: files and standard input, a line at a time.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::parse::{self, Bad, Job, Place};
use crate::front::cli::failure::Failure;

/// A longer line is refused and skipped, in bytes.
const MAX_LINE_BYTES: u64 = 16 << 20;
/// Lines that are read and not yet taken.
const READ_AHEAD: usize = 64;
/// Bad lines that are told one by one.
const BAD_LINES_TOLD: usize = 20;

/// Everything that is asked, in order.
#[derive(Clone, Debug)]
pub struct Input {
    sources: Vec<Source>,
    /// The field of a JSON line that holds its key.
    key: String,
    /// An id may stand there once: the journal knows prompts by it.
    unique_ids: bool,
}

#[derive(Clone, Debug)]
struct Source {
    /// As typed; `None` is standard input.
    file: Option<Arc<str>>,
    jsonl: bool,
}

/// A line that is not blank.
#[derive(Debug)]
pub enum Item {
    Job(Box<Job>),
    Bad(Bad),
    /// The rest cannot be read.
    Failed(String),
}

/// What files hold, looked at before anything is started.
#[derive(Debug, Default)]
pub struct Checked {
    /// Prompts; `None` when some come from a stream.
    pub total: Option<u64>,
    /// Those that have an answer already.
    pub done: u64,
}

impl Input {
    pub fn new(files: &[String], jsonl: bool, key: &str, unique_ids: bool) -> Result<Input, Failure> {
        if files.iter().filter(|file| *file == "-").count() > 1 {
            return Err(Failure::usage("standard input (-) can be read only once"));
        }
        let stdin = ["-".to_owned()];
        let files = if files.is_empty() { &stdin[..] } else { files };
        let sources = files.iter().map(|file| Source {
            file: (file != "-").then(|| file.as_str().into()),
            jsonl: jsonl || file.ends_with(".jsonl"),
        });
        Ok(Input {
            sources: sources.collect(),
            key: key.to_owned(),
            unique_ids,
        })
    }

    /// The names as typed.
    pub fn names(&self) -> Vec<String> {
        let name = |source: &Source| source.file.as_deref().unwrap_or("-").to_owned();
        self.sources.iter().map(name).collect()
    }

    /// Reads the files to their ends: every bad line is told, and nothing has been started.
    pub fn check(&self, is_done: impl Fn(u128) -> bool) -> Result<Checked, Failure> {
        let (mut jobs, mut done, mut streams) = (0, 0, false);
        let (mut told, mut bad) = (Vec::new(), 0_usize);
        let mut ids = HashSet::new();
        for source in &self.sources {
            let Some(reader) = source.open_file()? else {
                streams = true;
                continue;
            };
            let mut lines = Lines::new(reader, source, &self.key);
            loop {
                match lines.next() {
                    Ok(None) => break,
                    Ok(Some(line)) => match self.once(line, &mut ids) {
                        Ok(job) => {
                            jobs += 1;
                            done += u64::from(is_done(job.mark()));
                        }
                        Err(line) if bad < BAD_LINES_TOLD => {
                            bad += 1;
                            told.push(line.to_string());
                        }
                        Err(_) => bad += 1,
                    },
                    Err(error) => return Err(unreadable(source, &error)),
                }
            }
        }
        if bad > 0 {
            if bad > told.len() {
                told.push(format!("and {} more", bad - told.len()));
            }
            return Err(
                Failure::usage(told.join("\n")).hint("nothing was asked; repair the lines and run it again")
            );
        }
        let total = (!streams).then_some(jobs);
        Ok(Checked { total, done })
    }

    /// Reads in a thread of its own, because a stream may be silent for ever. Dropping the receiver ends it at its next line.
    pub fn read(self) -> io::Result<mpsc::Receiver<Item>> {
        let (item_tx, items) = mpsc::channel(READ_AHEAD);
        std::thread::Builder::new()
            .name("input".into())
            .spawn(move || self.read_into(&item_tx))?;
        Ok(items)
    }

    fn read_into(&self, item_tx: &mpsc::Sender<Item>) {
        let mut ids = HashSet::new();
        for source in &self.sources {
            let mut lines = match source.open() {
                Ok(reader) => Lines::new(reader, source, &self.key),
                Err(error) => return failed(item_tx, source, &error),
            };
            loop {
                let item = match lines.next() {
                    Ok(None) => break,
                    Ok(Some(line)) => match self.once(line, &mut ids) {
                        Ok(job) => Item::Job(Box::new(job)),
                        Err(bad) => Item::Bad(bad),
                    },
                    Err(error) => return failed(item_tx, source, &error),
                };
                if item_tx.blocking_send(item).is_err() {
                    return;
                }
            }
        }
    }

    fn once(&self, line: Result<Job, Bad>, ids: &mut HashSet<u128>) -> Result<Job, Bad> {
        let job = line?;
        match &job.id {
            Some(id) if self.unique_ids && !ids.insert(job.mark()) => Err(Bad {
                column: 1,
                what: format!("the id {id} was given before, and the journal knows prompts by it"),
                place: job.place,
            }),
            _ => Ok(job),
        }
    }
}

impl Source {
    fn open(&self) -> io::Result<Box<dyn BufRead>> {
        Ok(match &self.file {
            None => Box::new(BufReader::new(io::stdin())),
            Some(file) => Box::new(BufReader::new(File::open(&**file)?)),
        })
    }

    /// `None` for what can be read only once.
    fn open_file(&self) -> Result<Option<Box<dyn BufRead>>, Failure> {
        let Some(file) = &self.file else { return Ok(None) };
        let is_file = std::fs::metadata(&**file).map(|metadata| metadata.is_file());
        match is_file.and_then(|is_file| is_file.then(|| self.open()).transpose()) {
            Ok(reader) => Ok(reader),
            Err(error) => Err(unreadable(self, &error)),
        }
    }
}

fn unreadable(source: &Source, error: &io::Error) -> Failure {
    Failure::usage(words(source, error))
}

fn failed(item_tx: &mpsc::Sender<Item>, source: &Source, error: &io::Error) {
    // Whoever has gone does not want to know.
    let _gone = item_tx.blocking_send(Item::Failed(words(source, error)));
}

fn words(source: &Source, error: &io::Error) -> String {
    let file = source.file.as_deref().unwrap_or("standard input");
    format!("read the prompts from {file}: {error}")
}

/// Lines of one source.
struct Lines<'a, R> {
    reader: R,
    source: &'a Source,
    key: Option<&'a str>,
    line: u64,
    bytes: Vec<u8>,
}

impl<'a, R: BufRead> Lines<'a, R> {
    fn new(reader: R, source: &'a Source, key: &'a str) -> Lines<'a, R> {
        Lines {
            reader,
            source,
            key: source.jsonl.then_some(key),
            line: 0,
            bytes: Vec::new(),
        }
    }

    /// The next line that is not blank.
    fn next(&mut self) -> io::Result<Option<Result<Job, Bad>>> {
        loop {
            self.bytes.clear();
            let mut limited = (&mut self.reader).take(MAX_LINE_BYTES);
            if limited.read_until(b'\n', &mut self.bytes)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let place = Place {
                file: self.source.file.clone(),
                line: self.line,
            };
            if self.bytes.len() as u64 == MAX_LINE_BYTES && !self.bytes.ends_with(b"\n") {
                self.skip_rest()?;
                self.bytes = Vec::new();
                return Ok(Some(Err(Bad {
                    place,
                    column: 1,
                    what: format!("the line is longer than {} MiB", MAX_LINE_BYTES >> 20),
                })));
            }
            if let Some(line) = parse::line(&self.bytes, place, self.key) {
                return Ok(Some(line));
            }
        }
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let (length, end) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.reader.consume(length);
            if end {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_told_and_skipped() {
        let source = Source {
            file: None,
            jsonl: false,
        };
        let mut text = vec![b'x'; usize::try_from(MAX_LINE_BYTES).unwrap() + 5];
        text.extend(b"\nshort\n");
        let mut lines = Lines::new(&text[..], &source, "key");
        let bad = lines.next().unwrap().unwrap().unwrap_err();
        assert!(bad.what.contains("longer than 16 MiB"), "{bad}");
        let job = lines.next().unwrap().unwrap().unwrap();
        assert_eq!((job.prompt.as_str(), job.place.line), ("short", 2));
        assert!(lines.next().unwrap().is_none());
    }
}
