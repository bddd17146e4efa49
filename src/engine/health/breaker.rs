//! The circuit breaker: turns that fail take an instance out for a while, and one turn tries whether it is well again.
//!
//! ```text
//! Closed ──failures──► Open ──time──► HalfOpen ──turn──► Probing
//!   ▲                   ▲                ▲  neither ◄──────┤ │
//!   │                   └────────────────┼──── bad ────────┘ │
//!   └────────────────────────────────────┴──── good ─────────┘
//! ```

use std::time::Duration;

use crate::engine::time::Time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSpec {
    /// Bad turns in a row that open it; 0 switches this off.
    pub in_a_row: u32,
    pub rate: Option<FailureRate>,
    /// From opening to the first try; twice as long after each try that fails.
    pub open_for: Duration,
    pub open_at_most: Duration,
}

/// Opens when more than `most` of the last `of` turns were bad. Nothing is said before there were that many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureRate {
    pub most: u32,
    /// At most 64.
    pub of: u32,
}

impl Default for BreakerSpec {
    fn default() -> BreakerSpec {
        BreakerSpec {
            in_a_row: 3,
            rate: Some(FailureRate { most: 10, of: 20 }),
            open_for: Duration::from_secs(10),
            open_at_most: Duration::from_secs(300),
        }
    }
}

impl BreakerSpec {
    fn open_for(&self, failed_probes: u32) -> Duration {
        // 2^16 times any sensible time is beyond any limit.
        let factor = 1 << failed_probes.min(16);
        self.open_for.saturating_mul(factor).min(self.open_at_most)
    }
}

/// How a turn came out, for the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnEnd {
    Good,
    /// The instance's fault: it ended, hung, or answered nothing that could be read.
    Bad,
    /// Says nothing of the instance: interrupted by its caller, refused, or the tool's own error about the prompt.
    Neither,
}

/// The last turns: a bit each, 1 for bad, the newest lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    bits: u64,
    count: u32,
    bad_in_a_row: u32,
}

impl Record {
    fn push(&mut self, bad: bool) {
        self.bits = self.bits << 1 | u64::from(bad);
        self.count = (self.count + 1).min(64);
        self.bad_in_a_row = if bad {
            self.bad_in_a_row.saturating_add(1)
        } else {
            0
        };
    }

    fn is_too_bad(&self, spec: &BreakerSpec) -> bool {
        let in_a_row = spec.in_a_row > 0 && self.bad_in_a_row >= spec.in_a_row;
        let rate = spec.rate.is_some_and(|rate| {
            let of = rate.of.clamp(1, 64);
            let last = self.bits & (u64::MAX >> (64 - of));
            self.count >= of && last.count_ones() > rate.most
        });
        in_a_row || rate
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breaker {
    Closed(Record),
    Open { until: Time, failed_probes: u32 },
    HalfOpen { failed_probes: u32 },
    Probing { failed_probes: u32 },
}

/// What a change of the breaker is called outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switched {
    Opened { until: Time },
    HalfOpened,
    Closed,
}

impl Breaker {
    pub(super) fn new() -> Breaker {
        Breaker::Closed(Record::default())
    }

    pub(super) fn opens_at(&self) -> Option<Time> {
        match self {
            Breaker::Open { until, .. } => Some(*until),
            Breaker::Closed(_) | Breaker::HalfOpen { .. } | Breaker::Probing { .. } => None,
        }
    }

    pub(super) fn handle_time(&mut self, now: Time) -> Option<Switched> {
        match *self {
            Breaker::Open { until, failed_probes } if now >= until => {
                *self = Breaker::HalfOpen { failed_probes };
                Some(Switched::HalfOpened)
            }
            _ => None,
        }
    }

    /// A time out of service is over: the next turn tries.
    pub(super) fn try_first(&mut self) -> Option<Switched> {
        let failed_probes = match *self {
            Breaker::Closed(_) => 0,
            Breaker::Open { failed_probes, .. } | Breaker::Probing { failed_probes } => failed_probes,
            Breaker::HalfOpen { .. } => return None,
        };
        *self = Breaker::HalfOpen { failed_probes };
        Some(Switched::HalfOpened)
    }

    pub(super) fn turn_started(&mut self) {
        if let Breaker::HalfOpen { failed_probes } = *self {
            *self = Breaker::Probing { failed_probes };
        }
    }

    pub(super) fn turn_ended(&mut self, end: TurnEnd, spec: &BreakerSpec, now: Time) -> Option<Switched> {
        match (&mut *self, end) {
            (Breaker::Closed(_) | Breaker::Open { .. } | Breaker::HalfOpen { .. }, TurnEnd::Neither) => None,
            (Breaker::Closed(record), TurnEnd::Good | TurnEnd::Bad) => {
                record.push(end == TurnEnd::Bad);
                record.is_too_bad(spec).then(|| self.open(0, spec, now))
            }
            (Breaker::Probing { .. }, TurnEnd::Good) => {
                *self = Breaker::new();
                Some(Switched::Closed)
            }
            (Breaker::Probing { failed_probes }, TurnEnd::Bad) => {
                let failed_probes = failed_probes.saturating_add(1);
                Some(self.open(failed_probes, spec, now))
            }
            (Breaker::Probing { failed_probes }, TurnEnd::Neither) => {
                *self = Breaker::HalfOpen {
                    failed_probes: *failed_probes,
                };
                None
            }
            // A turn that began before it opened.
            (Breaker::Open { .. } | Breaker::HalfOpen { .. }, TurnEnd::Good | TurnEnd::Bad) => None,
        }
    }

    fn open(&mut self, failed_probes: u32, spec: &BreakerSpec, now: Time) -> Switched {
        let until = now + spec.open_for(failed_probes);
        *self = Breaker::Open { until, failed_probes };
        Switched::Opened { until }
    }
}
