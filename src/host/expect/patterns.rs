//! From what a caller writes to compiled patterns.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::engine::expect::{Pattern, PatternError, Patterns, ScreenCondition};

/// What can be waited for: one pattern (a text is a literal), several, or some that are compiled already.
pub trait IntoPatterns {
    /// # Errors
    ///
    /// The first pattern that cannot be compiled.
    fn into_patterns(self, compiled: &Compiled) -> Result<Patterns, PatternError>;
}

/// The last patterns of a session: those that are written where they are used are compiled once all the same.
#[derive(Debug, Default)]
pub struct Compiled(Mutex<VecDeque<Patterns>>);

impl Compiled {
    const KEPT: usize = 16;

    fn get(&self, patterns: Vec<Pattern>) -> Result<Patterns, PatternError> {
        // Somebody who panicked while looking has broken nothing.
        let mut kept = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(at) = kept.iter().position(|known| known.iter().eq(&patterns)) {
            let found = kept[at].clone();
            if at > 0 {
                kept.swap(at - 1, at);
            }
            return Ok(found);
        }
        let made = Patterns::new(patterns)?;
        kept.truncate(Compiled::KEPT - 1);
        kept.push_front(made.clone());
        Ok(made)
    }
}

impl IntoPatterns for Patterns {
    fn into_patterns(self, _: &Compiled) -> Result<Patterns, PatternError> {
        Ok(self)
    }
}

impl IntoPatterns for &Patterns {
    fn into_patterns(self, _: &Compiled) -> Result<Patterns, PatternError> {
        Ok(self.clone())
    }
}

macro_rules! one_pattern {
    ($($what:ty),*) => {
        $(impl IntoPatterns for $what {
            fn into_patterns(self, compiled: &Compiled) -> Result<Patterns, PatternError> {
                compiled.get(vec![self.into()])
            }
        })*
    };
}

one_pattern!(Pattern, &str, String, &String, ScreenCondition);

impl<P: Into<Pattern>, const N: usize> IntoPatterns for [P; N] {
    fn into_patterns(self, compiled: &Compiled) -> Result<Patterns, PatternError> {
        compiled.get(self.into_iter().map(Into::into).collect())
    }
}

impl<P: Into<Pattern>> IntoPatterns for Vec<P> {
    fn into_patterns(self, compiled: &Compiled) -> Result<Patterns, PatternError> {
        compiled.get(self.into_iter().map(Into::into).collect())
    }
}

impl<P: Into<Pattern> + Clone> IntoPatterns for &[P] {
    fn into_patterns(self, compiled: &Compiled) -> Result<Patterns, PatternError> {
        compiled.get(self.iter().cloned().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_again_is_not_compiled_again() {
        let compiled = Compiled::default();
        for _ in 0..3 {
            for n in 0..20 {
                format!("p{n}").into_patterns(&compiled).expect("compiled");
                ["$ ", "# "].into_patterns(&compiled).expect("compiled");
            }
        }
        let kept = compiled.0.lock().expect("whole");
        assert_eq!(kept.len(), Compiled::KEPT);
        let both = kept.iter().filter(|patterns| patterns.len() == 2).count();
        assert_eq!(both, 1);
    }
}
