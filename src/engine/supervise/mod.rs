//! One child's life, and a group of them, without their processes: reports in, starts and stops out.
//!
//! # Theory of operation
//!
//! Each child has two fields that everything turns on: what is *wanted* ([`Wanted`], set by commands alone) and what *is* ([`Phase`], moved
//! by reports and time). After every call the group lets each child take the step that brings the one nearer to the other; where no
//! step is possible, [`Group::explain`] says why. So a command never waits and never fails because of the moment: `start` during a stop
//! means "again afterwards", `remove` means "stop first".
//!
//! A start opens a *life* with an epoch of its own (one counter for the group, so that not even an id that is given anew can be taken for
//! its predecessor), and only the driver's word that nothing is left closes it. There is at most one open life per child; a report names
//! its life, and one that names another changes nothing ([`Heard::Stale`]).
//!
//! An end that was not asked for is judged in this order: the exit code (`permanent_exits`), the restart type, the child's intensity, the
//! group's. What passes is started again, at once if the child had been ready for `stable_after`, else after a back-off. What does not
//! pass is [`Phase::Failed`] and stays so until somebody asks for a start. An end that we brought about because the child was not ready in
//! time or hung is judged in the same way; one that was asked for is not judged.
//!
//! Order: children have a level. A level is started when those below have settled (ready, failed, ended, or waiting for a person), and
//! `stop_all` stops a level when those above are down; within a level all go at once. A restart does not wait for anybody, and nobody is
//! restarted because another was (OTP's one-for-one).
//!
//! Every wait has a deadline with a name, but one: a person who must answer a question has all the time. A deadline that is looked at
//! much later than it was promised has been slept through with the whole machine, and gets its time once more
//! (`limits::PAUSED_AFTER`); back-offs do not, because a late restart harms nobody.
//!
//! # A driver's loop
//!
//! 1. what the world did: [`Group::handle_report`], [`Group::handle_deadline`];
//! 2. what the owner wants: `add`, `start`, `stop`, `restart`, `remove`, `scale`, `start_all`, `stop_all`;
//! 3. [`Group::poll_action`] until it says nothing; then sleep until [`Group::poll_deadline`] or the next of these.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use ptych::engine::ids::InstanceId;
//! use ptych::engine::supervise::{Action, ChildSpec, ExitCause, Group, GroupSpec, Report};
//! use ptych::engine::time::Time;
//!
//! let (child, mut now) = (InstanceId(0), Time::ZERO);
//! let mut group = Group::new(GroupSpec::default(), 1);
//! group.add(child, 0, Arc::new(ChildSpec::default()), now)?;
//! group.start(child, now)?;
//! let next_start = |group: &mut Group| {
//!     std::iter::from_fn(|| group.poll_action()).find_map(|action| match action {
//!         Action::Start { epoch, .. } => Some(epoch),
//!         _ => None,
//!     })
//! };
//! let first = next_start(&mut group).expect("asked for");
//! let _ = group.handle_report(child, first, Report::Ready, now);
//!
//! // It lasts, and then it crashes: started again at once, as another life.
//! now = now + Duration::from_secs(5);
//! let cause = ExitCause::Signaled(11);
//! let crash = Report::Exited { cause, expected: false, survivors: 0 };
//! let _ = group.handle_report(child, first, crash, now);
//! let second = next_start(&mut group).expect("it is permanent");
//! assert!(second > first);
//! # Ok::<(), ptych::engine::supervise::Refusal>(())
//! ```
//!
//! What this module does not do: it knows no process, no signal and no tool; whether a ready child is fit for work is `health`, which child
//! gets a prompt `route`, how many there should be `pool`.

mod backoff;
mod child;
mod event;
mod explain;
mod group;
mod intensity;
#[cfg(test)]
mod simulation;
mod spec;
mod state;
#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use child::Child;
pub use event::{Action, AllStopped, DeadlineName, Event, EventKind, Heard, Refusal, Report};
pub use explain::Explanation;
pub use group::{Group, Scaled};
pub use intensity::Intensity;
pub use spec::{ChildSpec, GroupSpec, Restart, StopPlan};
pub use state::{ExitCause, FailReason, Life, Phase, StopReason, StopRung, Wanted};
