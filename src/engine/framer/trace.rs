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

/// The rules of which most conditions hold, for a report that nothing matches.
pub fn nearest(mut traces: Vec<RuleTrace>) -> Vec<String> {
    const SHOWN: usize = 3;
    let missing = |trace: &RuleTrace| trace.signals.iter().filter(|s| s.holds == Verdict::No).count();
    traces.sort_by_key(missing);
    let describe = |trace: RuleTrace| {
        let failed = trace.signals.iter().filter(|s| s.holds == Verdict::No);
        let failed: Vec<String> = failed
            .map(|s| format!("{} wants {} but is {}", s.signal, s.wanted, s.actual))
            .collect();
        format!("{}: {}", trace.rule, failed.join("; "))
    };
    traces.into_iter().take(SHOWN).map(describe).collect()
}
