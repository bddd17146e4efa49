//! May an instance be given work?
//!
//! # Theory of operation
//!
//! Three questions are kept apart, because their answers ask for different things: has it *started* (else the supervisor waits or starts
//! again), is it *ready* (else nothing is sent), and is it *progressing*, which is asked only while a turn is in flight: silence at the
//! prompt is health. What the answers rest on is reported by whoever drives: lives ([`Health::handle_life`]), turns (`turn_started`,
//! `progress`, `turn_ended`), and checks between turns ([`Health::check`]).
//!
//! Four things can take a ready instance out, each with its own way back:
//!
//! | out because | back |
//! |---|---|
//! | a turn in flight has shown nothing for `progress_within` | it shows something, the turn ends, or the life does |
//! | checks say that it is down (hysteresis) | as many good ones in a row, or a fresh life |
//! | turns failed (circuit breaker) | after a time, by one turn that goes well; a fresh life changes nothing, because an end in a turn is one of the failures |
//! | it said so itself: usage limit, not logged in, blocked | at the time it named, tried by one turn; or [`Health::bring_back`]; a fresh life that becomes ready shows that it is logged in and not blocked, but nothing about a limit |
//!
//! [`Health::verdict`] puts it together and changes nothing. Nothing here restarts an instance: a stall or a grade of down is an event, and
//! what follows is for whoever owns both this and the supervisor.

mod breaker;
mod hysteresis;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use breaker::{Breaker, Switched};
pub use breaker::{BreakerSpec, FailureRate, TurnEnd};
use hysteresis::Graded;
pub use hysteresis::{Grade, Hysteresis};

use super::ids::InstanceId;
use super::patience::Patience;
use super::time::Time;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HealthSpec {
    pub hysteresis: Hysteresis,
    pub breaker: BreakerSpec,
    /// How long a turn may show nothing at all. `None` does not ask: a shell command that is silent for an hour is well.
    pub progress_within: Option<Duration>,
}

/// Where a life has got to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeStage {
    /// A fresh one was asked for.
    Starting,
    /// The process is there.
    Started,
    /// The idle prompt was seen.
    Ready,
    /// It is being stopped, or has ended.
    Over,
}

/// Why an instance has said that it cannot work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutOfService {
    UsageLimit,
    NotLoggedIn,
    /// A question that a person must answer.
    Blocked,
    Other(String),
}

impl OutOfService {
    pub fn as_str(&self) -> &str {
        match self {
            OutOfService::UsageLimit => "usage limit",
            OutOfService::NotLoggedIn => "not logged in",
            OutOfService::Blocked => "blocked",
            OutOfService::Other(reason) => reason,
        }
    }

    /// A fresh life that is ready shows that this is over.
    fn ends_with_ready(&self) -> bool {
        match self {
            OutOfService::NotLoggedIn | OutOfService::Blocked => true,
            OutOfService::UsageLimit | OutOfService::Other(_) => false,
        }
    }
}

/// Why an instance is given no work now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutReason {
    /// Nobody has added it.
    Unknown,
    NotStarted,
    NotReady,
    OutOfService(OutOfService),
    /// By its checks.
    Down,
    /// By its turns.
    BreakerOpen,
    /// One turn is trying whether it is well again.
    Probing,
    /// Its turn shows nothing.
    Stalled,
}

impl fmt::Display for OutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OutReason::Unknown => f.write_str("there is no such instance"),
            OutReason::NotStarted => f.write_str("it has not started"),
            OutReason::NotReady => f.write_str("it is not ready yet"),
            OutReason::OutOfService(reason) => write!(f, "it is out of service: {}", reason.as_str()),
            OutReason::Down => f.write_str("its checks fail"),
            OutReason::BreakerOpen => f.write_str("its turns failed"),
            OutReason::Probing => f.write_str("one turn is trying whether it is well again"),
            OutReason::Stalled => f.write_str("its turn shows nothing"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Serve,
    /// One turn, and how it ends decides.
    Probe,
    Out {
        reason: OutReason,
        /// When the verdict changes by itself, where that is known.
        until: Option<Time>,
    },
}

/// The three questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answers {
    pub started: bool,
    pub ready: bool,
    /// `None` while no turn is in flight.
    pub progressing: Option<bool>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct HealthEvent {
    pub at: Time,
    pub instance: InstanceId,
    pub kind: HealthEventKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum HealthEventKind {
    Graded {
        from: Grade,
        to: Grade,
    },
    BreakerOpened {
        until: Time,
    },
    BreakerHalfOpen,
    BreakerClosed,
    OutOfService {
        reason: OutOfService,
        until: Option<Time>,
    },
    BackInService,
    /// Since its last sign of life, or since it began.
    Stalled {
        silent_for: Duration,
    },
    ProgressAgain,
}

/// Names a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HealthDeadline {
    BackInService,
    BreakerHalfOpen,
    Progress,
}

impl HealthDeadline {
    pub const fn as_str(self) -> &'static str {
        match self {
            HealthDeadline::BackInService => "back_in_service",
            HealthDeadline::BreakerHalfOpen => "breaker_half_open",
            HealthDeadline::Progress => "progress",
        }
    }
}

/// A turn in flight.
#[derive(Clone, Copy, Debug)]
struct Turn {
    seen: Time,
    watch: Watch,
}

#[derive(Clone, Copy, Debug)]
enum Watch {
    /// Nobody asks.
    Off,
    On(Patience),
    Stalled,
}

#[derive(Debug)]
struct Instance {
    stage: LifeStage,
    turn: Option<Turn>,
    graded: Graded,
    breaker: Breaker,
    out: Option<(OutOfService, Option<Time>)>,
}

/// The health of a cluster's instances.
#[derive(Debug)]
pub struct Health {
    spec: HealthSpec,
    instances: BTreeMap<InstanceId, Instance>,
    events: VecDeque<HealthEvent>,
}

impl Health {
    pub fn new(spec: HealthSpec) -> Health {
        Health {
            spec,
            instances: BTreeMap::new(),
            events: VecDeque::new(),
        }
    }

    /// A new one, not started. One that is there already is left as it is.
    pub fn add(&mut self, id: InstanceId) {
        self.instances.entry(id).or_insert_with(Instance::new);
    }

    pub fn remove(&mut self, id: InstanceId) {
        self.instances.remove(&id);
    }

    /// May it be given work now? Asking changes nothing.
    pub fn verdict(&self, id: InstanceId, now: Time) -> Verdict {
        match self.instances.get(&id) {
            Some(instance) => instance.verdict(now),
            None => Verdict::out(OutReason::Unknown),
        }
    }

    pub fn answers(&self, id: InstanceId) -> Option<Answers> {
        self.instances.get(&id).map(Instance::answers)
    }

    pub fn grade(&self, id: InstanceId) -> Option<Grade> {
        self.instances.get(&id).map(|instance| instance.graded.grade)
    }

    /// One sentence for a person.
    pub fn explain(&self, id: InstanceId, now: Time) -> String {
        let grade = self.grade(id).unwrap_or_default().as_str();
        match self.verdict(id, now) {
            Verdict::Serve => format!("instance {id} takes work ({grade})"),
            Verdict::Probe => format!("instance {id} takes one turn, to try whether it is well again"),
            Verdict::Out { reason, until: None } => format!("instance {id} takes no work: {reason}"),
            Verdict::Out {
                reason,
                until: Some(until),
            } => format!(
                "instance {id} takes no work: {reason}; for {:.1} s more",
                until.since(now).as_secs_f64()
            ),
        }
    }

    /// What has changed, in order.
    pub fn poll_event(&mut self) -> Option<HealthEvent> {
        self.events.pop_front()
    }

    /// When `handle_deadline` must be called, and for what.
    pub fn poll_deadline(&self) -> Option<(Time, HealthDeadline)> {
        self.instances.values().filter_map(Instance::deadline).min()
    }

    pub fn handle_deadline(&mut self, now: Time) {
        let ids: Vec<InstanceId> = self.instances.keys().copied().collect();
        for id in ids {
            self.with(id, now, |_, _| []);
        }
    }
}

/// Reports. One about an instance that is not there is nothing.
impl Health {
    /// A life that ends with its turn in flight has failed that turn; where it was not its fault, `turn_ended` says so before.
    pub fn handle_life(&mut self, id: InstanceId, stage: LifeStage, now: Time) {
        self.with(id, now, |instance, spec| instance.handle_life(stage, spec, now));
    }

    /// Its turn has begun; the one that follows a verdict of `Probe` decides.
    pub fn turn_started(&mut self, id: InstanceId, now: Time) {
        self.with(id, now, |instance, spec| {
            instance.breaker.turn_started();
            instance.turn = Some(Turn::new(spec, now));
            []
        });
    }

    /// Its turn has shown something.
    pub fn progress(&mut self, id: InstanceId, now: Time) {
        self.with(id, now, |instance, spec| {
            let turn = instance.turn.as_mut()?;
            let stalled = matches!(turn.watch, Watch::Stalled);
            *turn = Turn::new(spec, now);
            stalled.then_some(HealthEventKind::ProgressAgain)
        });
    }

    pub fn turn_ended(&mut self, id: InstanceId, end: TurnEnd, now: Time) {
        self.with(id, now, |instance, spec| instance.end_turn(end, spec, now));
    }

    /// What a look between turns has found.
    pub fn check(&mut self, id: InstanceId, good: bool, now: Time) {
        self.with(id, now, |instance, spec| {
            let from = instance.graded.check(good, spec.hysteresis)?;
            let to = instance.graded.grade;
            Some(HealthEventKind::Graded { from, to })
        });
    }

    /// It has said that it cannot work, and perhaps until when. The last word counts.
    pub fn take_out(&mut self, id: InstanceId, reason: OutOfService, until: Option<Time>, now: Time) {
        self.with(id, now, |instance, _| {
            instance.out = Some((reason.clone(), until));
            Some(HealthEventKind::OutOfService { reason, until })
        });
    }

    /// Whoever knows better says that it can. One turn tries it.
    pub fn bring_back(&mut self, id: InstanceId, now: Time) {
        self.with(id, now, |instance, _| instance.bring_back());
    }

    /// First what the time has brought, then what is reported.
    fn with<Kinds: IntoIterator<Item = HealthEventKind>>(
        &mut self,
        id: InstanceId,
        now: Time,
        report: impl FnOnce(&mut Instance, &HealthSpec) -> Kinds,
    ) {
        let Some(instance) = self.instances.get_mut(&id) else {
            return;
        };
        let back = instance.handle_return(now);
        let switched = instance.breaker.handle_time(now).map(HealthEventKind::from);
        // A sign of life that comes late still comes: it is heard before the silence is judged.
        let reported = report(instance, &self.spec);
        let stalled = instance.handle_silence(now);
        let kinds = back.into_iter().chain(switched).chain(reported).chain(stalled);
        self.events.extend(kinds.map(|kind| HealthEvent {
            at: now,
            instance: id,
            kind,
        }));
    }
}

impl Verdict {
    fn out(reason: OutReason) -> Verdict {
        Verdict::Out { reason, until: None }
    }
}

impl Turn {
    fn new(spec: &HealthSpec, now: Time) -> Turn {
        let watch = match spec.progress_within {
            Some(within) => Watch::On(Patience::new(within, now)),
            None => Watch::Off,
        };
        Turn { seen: now, watch }
    }
}

impl Instance {
    fn new() -> Instance {
        Instance {
            stage: LifeStage::Over,
            turn: None,
            graded: Graded::new(),
            breaker: Breaker::new(),
            out: None,
        }
    }

    fn answers(&self) -> Answers {
        Answers {
            started: matches!(self.stage, LifeStage::Started | LifeStage::Ready),
            ready: self.stage == LifeStage::Ready,
            progressing: self.turn.map(|turn| !matches!(turn.watch, Watch::Stalled)),
        }
    }

    fn verdict(&self, now: Time) -> Verdict {
        let answers = self.answers();
        if !answers.started {
            return Verdict::out(OutReason::NotStarted);
        }
        if !answers.ready {
            return Verdict::out(OutReason::NotReady);
        }
        let out = self
            .out
            .as_ref()
            .filter(|(_, until)| until.is_none_or(|until| now < until));
        if let Some((reason, until)) = out {
            let reason = OutReason::OutOfService(reason.clone());
            return Verdict::Out {
                reason,
                until: *until,
            };
        }
        if self.graded.grade == Grade::Down {
            return Verdict::out(OutReason::Down);
        }
        if answers.progressing == Some(false) {
            return Verdict::out(OutReason::Stalled);
        }
        // A time out of service that is over is tried, even when nobody has told it the time yet.
        let returned = self.out.is_some();
        match self.breaker {
            Breaker::Probing { .. } => Verdict::out(OutReason::Probing),
            Breaker::Open { until, .. } if now < until && !returned => Verdict::Out {
                reason: OutReason::BreakerOpen,
                until: Some(until),
            },
            Breaker::Open { .. } | Breaker::HalfOpen { .. } => Verdict::Probe,
            Breaker::Closed(_) if returned => Verdict::Probe,
            Breaker::Closed(_) => Verdict::Serve,
        }
    }

    fn deadline(&self) -> Option<(Time, HealthDeadline)> {
        let back = self.out.as_ref().and_then(|(_, until)| *until);
        let half_open = self.breaker.opens_at();
        let progress = self.turn.and_then(|turn| match turn.watch {
            Watch::On(patience) => Some(patience.until()),
            Watch::Off | Watch::Stalled => None,
        });
        [
            (back, HealthDeadline::BackInService),
            (half_open, HealthDeadline::BreakerHalfOpen),
            (progress, HealthDeadline::Progress),
        ]
        .into_iter()
        .filter_map(|(at, name)| Some((at?, name)))
        .min()
    }

    fn handle_life(&mut self, stage: LifeStage, spec: &HealthSpec, now: Time) -> Vec<HealthEventKind> {
        let before = std::mem::replace(&mut self.stage, stage);
        match stage {
            LifeStage::Starting | LifeStage::Over => {
                let failed = self.end_turn(TurnEnd::Bad, spec, now);
                failed.into_iter().chain(self.grade_anew()).collect()
            }
            LifeStage::Ready if before != LifeStage::Ready => self.ready_again().into_iter().collect(),
            LifeStage::Started | LifeStage::Ready => Vec::new(),
        }
    }

    fn end_turn(&mut self, end: TurnEnd, spec: &HealthSpec, now: Time) -> Option<HealthEventKind> {
        self.turn.take()?;
        let switched = self.breaker.turn_ended(end, &spec.breaker, now);
        switched.map(HealthEventKind::from)
    }

    /// Checks of another life say nothing about this one.
    fn grade_anew(&mut self) -> Option<HealthEventKind> {
        let before = std::mem::replace(&mut self.graded, Graded::new());
        let (from, to) = (before.grade, self.graded.grade);
        (from != to).then_some(HealthEventKind::Graded { from, to })
    }

    fn ready_again(&mut self) -> Option<HealthEventKind> {
        let (reason, _) = self.out.as_ref()?;
        if reason.ends_with_ready() {
            self.bring_back()
        } else {
            None
        }
    }

    fn bring_back(&mut self) -> Option<HealthEventKind> {
        self.out.take()?;
        // Back in service says it all; that the first turn is a try is the verdict's to say.
        let _ = self.breaker.try_first();
        Some(HealthEventKind::BackInService)
    }

    fn handle_return(&mut self, now: Time) -> Option<HealthEventKind> {
        match self.out {
            Some((_, Some(until))) if now >= until => self.bring_back(),
            _ => None,
        }
    }

    fn handle_silence(&mut self, now: Time) -> Option<HealthEventKind> {
        let turn = self.turn.as_mut()?;
        let Watch::On(patience) = &mut turn.watch else {
            return None;
        };
        if !patience.is_over(now) {
            return None;
        }
        turn.watch = Watch::Stalled;
        Some(HealthEventKind::Stalled {
            silent_for: now.since(turn.seen),
        })
    }
}

impl From<Switched> for HealthEventKind {
    fn from(switched: Switched) -> HealthEventKind {
        match switched {
            Switched::Opened { until } => HealthEventKind::BreakerOpened { until },
            Switched::HalfOpened => HealthEventKind::BreakerHalfOpen,
            Switched::Closed => HealthEventKind::BreakerClosed,
        }
    }
}
