//! One wait of a script: patterns, how long, and what is kept and told of it.

use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use super::live::Expecting;
use super::pattern::{Pattern, refused};
use super::session::Session;
use super::source::Place;
use super::value::Found;
use super::world::World;
use crate::engine::expect::Patterns;

/// What is waited for, and how.
pub struct Wait {
    pub patterns: Vec<Pattern>,
    /// Of this wait; the session's, the script's or the run's when `None`.
    pub limit: Option<Duration>,
    /// Leave what is matched where it is.
    pub peek: bool,
    /// Where the script waits.
    pub place: Option<Place>,
}

/// A wait that has begun. It goes on after a match when it is asked for the next.
pub struct Waiting<'w> {
    world: &'w World,
    session: Session,
    wait: Wait,
    expecting: Option<Expecting>,
}

impl<'w> Waiting<'w> {
    /// # Errors
    ///
    /// The patterns cannot be compiled together, or the session is gone.
    pub fn begin(world: &'w Arc<World>, session: &Session, wait: Wait) -> Result<Waiting<'w>, Failure> {
        let wanted = wait.patterns.iter().map(|pattern| pattern.wanted.clone());
        let patterns = Patterns::new(wanted).map_err(refused)?;
        let stated = wait.patterns.iter().find_map(|pattern| pattern.limit);
        let limit = limit(world, session, stated.or(wait.limit));
        let expecting = session
            .live()
            .map(|live| live.expecting(patterns, limit, wait.peek));
        world.shared().waits += 1;
        Ok(Waiting {
            world,
            session: session.clone(),
            wait,
            expecting,
        })
    }

    /// The next match, within what is left of the time, or within all of it again.
    ///
    /// # Errors
    ///
    /// None of the patterns came, and neither the end nor the time is one of them.
    pub fn next(&mut self, fresh: bool) -> Result<Found, Failure> {
        let found = match &mut self.expecting {
            Some(expecting) => expecting.next(self.world, &self.session, fresh),
            None => Ok(Found::stand_in(0, &self.wait.patterns[0].wanted)),
        };
        self.tell(&found);
        if let Ok(found) = &found {
            self.session.keep_found(found.clone());
        }
        found
    }

    fn tell(&self, ended: &Result<Found, Failure>) {
        self.world.trace_at(self.wait.place, || {
            let what = match ended {
                Ok(found) => format!(
                    "{} after {:.3} s{}",
                    self.wait.patterns[found.index()].wanted.describe(),
                    found.waited(),
                    match found.matched() {
                        "" => String::new(),
                        matched => format!(": {matched:?}"),
                    }
                ),
                Err(failure) => failure.message.clone(),
            };
            format!("[{}] expect: {what}", self.session.label())
        });
    }
}

/// How long a wait may take: what stands nearest to it counts. `None` is for ever.
pub fn limit(world: &World, session: &Session, own: Option<Duration>) -> Option<Duration> {
    if own.is_some() {
        return own;
    }
    let set = session.timeout().or(world.shared().timeout);
    set.unwrap_or(Some(world.settings.timeout))
}
