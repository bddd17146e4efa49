//! A session as scripts hold it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::failure::Failure;
use super::live::Live;
use super::value::{Found, Screen};

/// Clones are the same session.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    /// From 1, in the order they were spawned.
    number: usize,
    /// What was asked for: the command, or the protocol's name.
    title: String,
    /// `None` in a dry run.
    live: Option<Live>,
    changing: Mutex<Changing>,
}

#[derive(Default)]
struct Changing {
    found: Option<Found>,
    /// `s.timeout = …`; outer `None`: not set.
    timeout: Option<Option<Duration>>,
}

impl Session {
    pub fn new(number: usize, title: String, live: Option<Live>) -> Session {
        Session(Arc::new(Inner {
            number,
            title,
            live,
            changing: Mutex::default(),
        }))
    }

    /// `1: ssh -p 2222 localhost`.
    pub fn label(&self) -> String {
        format!("{}: {}", self.0.number, self.0.title)
    }

    pub fn title(&self) -> &str {
        &self.0.title
    }

    /// `None` in a dry run.
    pub fn live(&self) -> Option<&Live> {
        self.0.live.as_ref()
    }

    /// Does it with the session, or gives what a dry run goes on with.
    pub fn with<T>(&self, stand_in: T, act: impl FnOnce(&Live) -> Result<T, Failure>) -> Result<T, Failure> {
        match &self.0.live {
            Some(live) => act(live),
            None => Ok(stand_in),
        }
    }

    pub fn screen(&self) -> Result<Screen, Failure> {
        self.with(Screen::default(), Live::screen)
    }

    pub fn found(&self) -> Option<Found> {
        self.changing().found.clone()
    }

    pub fn keep_found(&self, found: Found) {
        self.changing().found = Some(found);
    }

    pub fn timeout(&self) -> Option<Option<Duration>> {
        self.changing().timeout
    }

    pub fn set_timeout(&self, timeout: Option<Duration>) {
        self.changing().timeout = Some(timeout);
    }

    fn changing(&self) -> std::sync::MutexGuard<'_, Changing> {
        self.0.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {}", self.label())
    }
}

impl PartialEq for Session {
    fn eq(&self, other: &Session) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
