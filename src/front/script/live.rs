//! A session that runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use super::pattern::Pattern;
use super::plan::Plan;
use super::session::Session;
use super::value::{Found, Screen};
use super::world::World;
use crate::engine::expect::Patterns;

/// Nothing is live yet.
pub enum Live {}

pub enum Expecting {}

#[derive(Clone, Debug, Default)]
pub struct Tty {
    pub echo: bool,
    pub canonical: bool,
    pub foreground: Option<i64>,
}

/// How a program ended; code 0 in a dry run.
#[derive(Clone, Debug)]
pub struct Ended {
    pub code: Option<i64>,
    pub signal: Option<i64>,
}

impl Default for Ended {
    fn default() -> Ended {
        Ended {
            code: Some(0),
            signal: None,
        }
    }
}

/// One turn's answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub text: String,
    pub outcome: String,
    pub complete: bool,
    pub captures: Vec<(String, String)>,
    pub question: Option<String>,
    pub choices: Vec<String>,
}

impl Answer {
    /// What a dry run goes on with: a text that is a number, too.
    pub fn stand_in() -> Answer {
        Answer {
            text: "1".into(),
            outcome: "ok".into(),
            complete: true,
            captures: Vec::new(),
            question: None,
            choices: Vec::new(),
        }
    }
}

/// Pieces of a text and the time between them.
#[derive(Clone, Copy, Debug)]
pub struct Slow {
    pub chunk: usize,
    pub pause: Duration,
}

#[derive(Clone, Copy, Debug)]
pub struct Human {
    pub wpm: u32,
    pub seed: u64,
}

#[expect(unused_variables, reason = "the surface, until sessions can be spawned")]
impl Live {
    pub fn start(world: &Arc<World>, plan: &Plan, number: usize) -> Result<Live, Failure> {
        Err(Failure::new(
            super::failure::Code::Session,
            "sessions cannot be spawned yet",
        ))
    }

    pub fn expecting(&self, patterns: Patterns, limit: Option<Duration>, peek: bool) -> Expecting {
        match *self {}
    }

    pub fn settle(&self, world: &World, silence: Duration, limit: Duration) -> Result<(), Failure> {
        match *self {}
    }

    pub fn screen(&self) -> Result<Screen, Failure> {
        match *self {}
    }

    pub fn tty(&self) -> Result<Tty, Failure> {
        match *self {}
    }

    pub fn state(&self) -> Result<String, Failure> {
        match *self {}
    }

    pub fn is_alive(&self) -> Result<bool, Failure> {
        match *self {}
    }

    pub fn pid(&self) -> Result<i64, Failure> {
        match *self {}
    }

    pub fn log(&self, path: &Path) -> Result<(), Failure> {
        match *self {}
    }

    pub fn resize(&self, cols: u16, rows: u16) -> Result<(), Failure> {
        match *self {}
    }

    pub fn ask(&self, world: &World, prompt: &str, limit: Option<Duration>) -> Result<Answer, Failure> {
        match *self {}
    }

    pub fn interact(
        &self,
        world: &World,
        escape: &str,
        until: Vec<Pattern>,
    ) -> Result<(&'static str, Option<Found>), Failure> {
        match *self {}
    }

    pub fn wait(&self, world: &World, limit: Option<Duration>) -> Result<Ended, Failure> {
        match *self {}
    }

    pub fn stop(&self, world: &World) -> Result<Ended, Failure> {
        match *self {}
    }

    pub fn send(&self, text: &str) -> Result<(), Failure> {
        match *self {}
    }

    pub fn send_line(&self, text: &str) -> Result<(), Failure> {
        match *self {}
    }

    pub fn send_key(&self, key: &str) -> Result<(), Failure> {
        match *self {}
    }

    pub fn send_slow(&self, text: &str, slow: Slow) -> Result<(), Failure> {
        match *self {}
    }

    pub fn send_human(&self, text: &str, human: Human) -> Result<(), Failure> {
        match *self {}
    }

    pub fn send_secret(&self, secret: &str) -> Result<(), Failure> {
        match *self {}
    }

    pub fn send_eof(&self) -> Result<(), Failure> {
        match *self {}
    }

    pub fn paste(&self, text: &str) -> Result<(), Failure> {
        match *self {}
    }
}

impl Expecting {
    pub fn next(&mut self, _world: &World, _session: &Session, _fresh: bool) -> Result<Found, Failure> {
        match *self {}
    }
}

#[expect(unused_variables, reason = "the surface, until sessions can be spawned")]
pub fn any(
    world: &World,
    waits: &[(Session, Vec<Pattern>)],
    limit: Option<Duration>,
) -> Result<(usize, Found), Failure> {
    Err(Failure::new(super::failure::Code::Session, "no session is live"))
}

pub fn sleep(_world: &World, time: Duration) -> Result<(), Failure> {
    std::thread::sleep(time);
    Ok(())
}
