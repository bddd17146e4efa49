//! What a rule looked at, for people.

/// One rule, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleTrace {
    pub rule: String,
    pub kind: String,
    /// Line in the protocol file.
    pub line: u32,
    pub holds: Verdict,
    pub signals: Vec<SignalTrace>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalTrace {
    pub signal: &'static str,
    pub wanted: String,
    pub actual: String,
    pub holds: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Yes,
    No,
    /// This platform or recording cannot tell.
    Unknown,
}
