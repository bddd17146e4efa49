//! Newtypes for identifiers.

use std::fmt;

/// Names a turn: a ULID, 26 characters of Crockford base 32, made by the driver (the engine has neither clock nor chance).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnId(pub String);

impl fmt::Display for TurnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
