//! What one session of a cluster is seen to do, from its start to its end.

use tokio::sync::mpsc;

use super::driver::{FromInstance, What, session_state};
use crate::engine::cluster::SessionState;
use crate::engine::framer::state::State;
use crate::engine::ids::{Epoch, InstanceId};
use crate::engine::protocol::spec::BlockKind;
use crate::engine::supervise::{ExitCause, Report};
use crate::host::session::{ExitReason, Session};

#[derive(Debug)]
pub(super) enum Seen {
    Report(Report),
    State(SessionState),
}

/// Until the session has ended and nothing of it is left; that is its last report.
pub(super) async fn run(
    session: Session,
    instance: InstanceId,
    epoch: Epoch,
    report_tx: mpsc::UnboundedSender<FromInstance>,
) {
    let tell = |seen: Seen| {
        // After the cluster's end nobody listens.
        let _gone = report_tx.send(FromInstance {
            instance,
            epoch,
            what: What::Seen(seen),
        });
    };
    let mut start = Start::Before;
    let mut states = session.states();
    loop {
        let state = states.borrow_and_update().state.clone();
        if matches!(state, State::Exited { .. }) {
            break;
        }
        let seen = match start {
            Start::Over => Some(Seen::State(session_state(&state))),
            Start::Before | Start::Blocked => start.handle(&state).map(Seen::Report),
        };
        if let Some(seen) = seen {
            tell(seen);
        }
        if states.changed().await.is_err() {
            break;
        }
    }
    drop(states);
    let report = session.wait().await;
    tell(Seen::Report(Report::Exited {
        cause: ExitCause::from(report.exit),
        expected: report.reason != ExitReason::Exited,
        survivors: u32::try_from(report.survivors.len()).unwrap_or(u32::MAX),
    }));
}

/// Where the start has got to.
#[derive(Clone, Copy)]
enum Start {
    Before,
    Blocked,
    /// It has been ready.
    Over,
}

impl Start {
    fn handle(&mut self, state: &State) -> Option<Report> {
        match (*self, state) {
            (_, State::Ready) => {
                *self = Start::Over;
                Some(Report::Ready)
            }
            (Start::Before, State::Blocked { question }) => {
                *self = Start::Blocked;
                Some(Report::Blocked {
                    reason: question.text.clone(),
                    // Nobody signs in here, and the next start asks the same.
                    permanent: question.kind == BlockKind::Login,
                })
            }
            (Start::Blocked, State::Starting | State::Busy { .. }) => {
                *self = Start::Before;
                Some(Report::Unblocked)
            }
            _ => None,
        }
    }
}
