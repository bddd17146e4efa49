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
    // By their share: of a rule with many conditions, most of which hold, one that fails says what has changed.
    let missing = |trace: &RuleTrace| {
        let failed = trace.signals.iter().filter(|s| s.holds == Verdict::No).count();
        failed * 1000 / trace.signals.len().max(1)
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, holds: &[Verdict]) -> RuleTrace {
        let signal = |&holds: &Verdict| SignalTrace {
            signal: "title",
            wanted: "a".into(),
            actual: "b".into(),
            holds,
        };
        RuleTrace {
            rule: name.into(),
            kind: "ready".into(),
            line: 1,
            holds: Verdict::No,
            signals: holds.iter().map(signal).collect(),
        }
    }

    #[test]
    fn the_rule_that_lacks_least_is_nearest() {
        use Verdict::{No, Yes};
        let told = nearest(vec![
            rule("one_and_only", &[No]),
            rule("half", &[Yes, No]),
            rule("all_but_one", &[Yes, Yes, No, Yes]),
            rule("nothing", &[No, No]),
        ]);
        let names: Vec<&str> = told.iter().filter_map(|line| line.split(':').next()).collect();
        assert_eq!(names, ["all_but_one", "half", "one_and_only"]);
        assert_eq!(told[1], "half: title wants a but is b");
    }
}
