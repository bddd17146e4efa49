//! One line of input: what it asks, or what is wrong with it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::{self, DeserializeSeed, MapAccess, Visitor};
use serde_json::Value;

use crate::front::cli::values;

/// Where a prompt stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `None` is standard input.
    pub file: Option<Arc<str>>,
    /// From 1.
    pub line: u64,
}

/// One prompt to ask.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub place: Place,
    pub id: Option<Value>,
    pub prompt: String,
    pub key: Option<String>,
    pub instance: Option<u32>,
    pub retry: Option<bool>,
    pub priority: u8,
    pub timeout: Option<Duration>,
}

/// Why a line cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Bad {
    pub place: Place,
    /// In bytes, from 1.
    pub column: usize,
    pub what: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_deref().unwrap_or("standard input");
        write!(f, "{file}:{}", self.line)
    }
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.place, self.column, self.what)
    }
}

/// `None` for a blank line. `key` is the field that holds the key, and `None` means that lines are the prompts themselves.
pub fn line(bytes: &[u8], place: Place, key: Option<&str>) -> Option<Result<Job, Bad>> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let bad = |column: usize, what: String| {
        Err(Bad {
            place: place.clone(),
            column,
            what,
        })
    };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if text.trim().is_empty() => return None,
        Ok(text) => text,
        Err(error) => return Some(bad(error.valid_up_to() + 1, "it is not UTF-8".to_owned())),
    };
    let Some(key) = key else {
        return Some(Ok(Job::new(place, text.to_owned())));
    };
    let mut json = serde_json::Deserializer::from_str(text);
    let parsed = Fields { key }
        .deserialize(&mut json)
        .and_then(|job| json.end().map(|()| job));
    Some(match parsed {
        Ok(job) => Ok(Job { place, ..job }),
        Err(error) => {
            let text = error.to_string();
            let what = text
                .rsplit_once(" at line ")
                .map_or(text.as_str(), |(what, _)| what);
            bad(error.column().max(1), what.to_owned())
        }
    })
}

impl Job {
    fn new(place: Place, prompt: String) -> Job {
        Job {
            place,
            id: None,
            prompt,
            key: None,
            instance: None,
            retry: None,
            priority: 0,
            timeout: None,
        }
    }

    fn nowhere(prompt: String) -> Job {
        Job::new(Place { file: None, line: 0 }, prompt)
    }

    /// What the journal knows it by: its id, or where it stands and what it says. FNV-1a, 128 bits: it must be the same in later versions.
    pub fn mark(&self) -> u128 {
        let mut hash = Fnv::default();
        match &self.id {
            Some(id) => {
                hash.write(b"id\0");
                hash.write(id.to_string().as_bytes());
            }
            None => {
                hash.write(b"line\0");
                hash.write(self.place.file.as_deref().unwrap_or("-").as_bytes());
                hash.write(b"\0");
                hash.write(&self.place.line.to_le_bytes());
                hash.write(self.prompt.as_bytes());
            }
        }
        hash.0
    }
}

struct Fnv(u128);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
        }
    }
}

const FIELDS: [&str; 7] = ["prompt", "id", "key", "instance", "retry", "priority", "timeout"];

/// Reads an object or a string, so that every complaint has its column.
struct Fields<'a> {
    key: &'a str,
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = Job;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Job, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Job;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a prompt, or a string")
    }

    fn visit_str<E: de::Error>(self, prompt: &str) -> Result<Job, E> {
        Ok(Job::nowhere(prompt.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Job, A::Error> {
        let mut job = Job::nowhere(String::new());
        let mut seen: Vec<String> = Vec::new();
        while let Some(field) = map.next_key::<String>()? {
            if seen.contains(&field) {
                return Err(de::Error::custom(format!("`{field}` stands there twice")));
            }
            match field.as_str() {
                "prompt" => job.prompt = map.next_value()?,
                "id" => job.id = Some(id(map.next_value()?)?),
                name if name == self.key => job.key = Some(key(map.next_value()?)?),
                "instance" => job.instance = Some(map.next_value()?),
                "retry" => job.retry = Some(map.next_value()?),
                "priority" => job.priority = map.next_value()?,
                "timeout" => job.timeout = Some(timeout(map.next_value()?)?),
                other => return Err(de::Error::custom(unknown(other, self.key))),
            }
            seen.push(field);
        }
        match seen.iter().any(|field| field == "prompt") {
            true => Ok(job),
            false => Err(de::Error::custom("there is no `prompt`")),
        }
    }
}

fn unknown(field: &str, key: &str) -> String {
    let known: Vec<&str> = FIELDS
        .into_iter()
        .map(|known| if known == "key" { key } else { known })
        .collect();
    format!("there is no field `{field}`; fields are {}", known.join(", "))
}

fn id<E: de::Error>(id: Value) -> Result<Value, E> {
    match id {
        Value::String(_) | Value::Number(_) => Ok(id),
        _ => Err(E::custom("`id` is a string or a number")),
    }
}

fn key<E: de::Error>(key: Value) -> Result<String, E> {
    match key {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(E::custom("a key is a string or a number")),
    }
}

fn timeout<E: de::Error>(timeout: Value) -> Result<Duration, E> {
    let text = match timeout {
        Value::String(text) => text,
        Value::Number(seconds) => format!("{seconds}s"),
        _ => return Err(E::custom("`timeout` is a text such as \"90s\", or seconds")),
    };
    values::duration(&text).map_err(E::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            file: Some("x.jsonl".into()),
            line: 7,
        }
    }

    fn json(text: &str) -> Result<Job, Bad> {
        line(text.as_bytes(), place(), Some("user")).expect("not blank")
    }

    #[test]
    fn a_plain_line_is_the_prompt() {
        for text in ["  a b \r\n", "  a b \n", "  a b "] {
            let job = line(text.as_bytes(), place(), None)
                .expect("not blank")
                .expect("good");
            assert_eq!(job.prompt, "  a b ");
        }
        assert_eq!(line(b" \t\r\n", place(), None), None);
    }

    #[test]
    fn an_object_says_how_its_prompt_is_asked() {
        let job = json(
            r#"{"prompt": "p\nq", "id": 5, "user": 9, "instance": 2, "retry": true, "priority": 3, "timeout": "90s"}"#,
        );
        let job = job.expect("good");
        assert_eq!((job.prompt.as_str(), job.key.as_deref()), ("p\nq", Some("9")));
        assert_eq!((job.instance, job.retry, job.priority), (Some(2), Some(true), 3));
        assert_eq!(job.timeout, Some(Duration::from_secs(90)));
        assert_eq!((job.id, job.place), (Some(Value::from(5)), place()));
        assert_eq!(json("\"just text\"").expect("good").prompt, "just text");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_column() {
        for (text, column, part) in [
            (r#"{"prompt": "#, 11, "EOF"),
            (
                r#"{"promt": "x"}"#,
                8,
                "no field `promt`; fields are prompt, id, user",
            ),
            (r#"{"prompt": "x", "retry": "yes"}"#, 30, "expected a boolean"),
            (r#"{"prompt": "x", "prompt": "y"}"#, 24, "twice"),
            (r#"{"id": 1}"#, 9, "no `prompt`"),
            (r#"{"prompt": "x", "timeout": "5"}"#, 30, "lacks a unit"),
            (r#"{"prompt": "x"} y"#, 17, "trailing"),
            ("[1]", 0, "an object with a prompt"),
        ] {
            let bad = json(text).expect_err(text);
            assert!(bad.what.contains(part), "{text}: {bad}");
            assert!(
                column == 0 || bad.column.abs_diff(column) <= 1,
                "{text}: column {} and not {column}",
                bad.column
            );
            assert!(bad.to_string().starts_with("x.jsonl:7:"), "{bad}");
        }
        let bad = line(b"ab\xff", place(), None)
            .expect("not blank")
            .expect_err("bytes");
        assert_eq!(bad.column, 3);
    }

    #[test]
    fn a_mark_is_the_id_or_the_line_and_the_text() {
        let job = |id: Option<Value>, line: u64, prompt: &str| {
            let place = Place { file: None, line };
            let mut job = Job::new(place, prompt.to_owned());
            job.id = id;
            job.mark()
        };
        assert_eq!(job(Some(1.into()), 1, "a"), job(Some(1.into()), 2, "b"));
        assert_ne!(job(Some(1.into()), 1, "a"), job(Some("1".into()), 1, "a"));
        assert_ne!(job(None, 1, "a"), job(None, 2, "a"));
        assert_ne!(job(None, 1, "a"), job(None, 1, "b"));
        // Journals of earlier versions hold it.
        assert_eq!(job(None, 1, "a"), FIXED, "{:#034x}", job(None, 1, "a"));
    }

    const FIXED: u128 = 0x900b_ad98_ac7e_e637_cab8_e25d_f17c_2ba8;
}
