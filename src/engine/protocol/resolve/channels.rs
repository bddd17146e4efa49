//! Side channels: pointers and patterns.

use std::time::Duration;

use super::Resolver;
use crate::engine::protocol::file;
use crate::engine::protocol::spec::*;

/// How long the end of a turn waits for the exact text.
const WITHIN: Duration = Duration::from_millis(300);

impl Resolver<'_> {
    pub(super) fn channels(&mut self, forms: &[file::Channel]) -> Vec<Channel> {
        let one = |r: &mut Self, index: usize, form| r.nth(index, |r| r.channel(form));
        forms
            .iter()
            .enumerate()
            .map(|(index, form)| one(self, index, form))
            .collect()
    }

    fn channel(&mut self, form: &file::Channel) -> Channel {
        Channel {
            name: form.name.clone(),
            kind: match form.kind {
                file::ChannelKind::Hook => ChannelKind::Hook,
                file::ChannelKind::Transcript => ChannelKind::Transcript {
                    file: self.transcript_file(form),
                    document: form.document,
                },
            },
            text: self.optional_pointer("text", form.text.as_deref()),
            error: self.optional_pointer("error", form.error.as_deref()),
            prompt: self.optional_pointer("prompt", form.prompt.as_deref()),
            id: self.optional_pointer("id", form.id.as_deref()),
            session: self.optional_pointer("session", form.session.as_deref()),
            conditions: self.at("where", |r| r.channel_conditions(form)),
            captures: self.at("captures", |r| r.channel_captures(form)),
            join: match form.join {
                Some(file::Join::Last) | None => Join::Last,
                Some(file::Join::All) => Join::All,
            },
            within: self.duration("within", form.within.as_deref(), WITHIN),
        }
    }

    fn transcript_file(&mut self, form: &file::Channel) -> TranscriptFile {
        let Some(told) = &form.path_from else {
            return TranscriptFile::Glob(form.path.clone().unwrap_or_default());
        };
        let (channel, at) = told.split_once(':').unwrap_or((told, ""));
        TranscriptFile::Told {
            channel: channel.to_owned(),
            at: self.at("path_from", |r| r.pointer(at)),
        }
    }

    fn channel_conditions(&mut self, form: &file::Channel) -> Vec<(Pointer, Pattern)> {
        let mut conditions = Vec::new();
        for (at, pattern) in &form.conditions {
            let pair = self.at(at, |r| (r.pointer(at), r.compiled(pattern)));
            conditions.extend(pair.1.map(|pattern| (pair.0, pattern)));
        }
        conditions
    }

    fn channel_captures(&mut self, form: &file::Channel) -> Vec<(String, Pointer)> {
        let mut captures = Vec::new();
        for (name, at) in &form.captures {
            captures.push((name.clone(), self.at(name, |r| r.pointer(at))));
        }
        captures
    }

    fn optional_pointer(&mut self, key: &str, source: Option<&str>) -> Option<Pointer> {
        source.map(|source| self.at(key, |r| r.pointer(source)))
    }

    fn pointer(&mut self, source: &str) -> Pointer {
        Pointer::parse(source).unwrap_or_else(|why| {
            self.error(
                why,
                "\"/key\", \"/array/0/key\", \"/array/-\" for its last element",
            );
            Pointer::default()
        })
    }
}
