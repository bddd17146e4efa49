//! The task of one cluster: select, step the machine, perform.
//!
//! It holds the sessions; each has a small task that watches its states (`watch`), and each turn one that waits for its response (`turn`).
//! They speak to this one through one channel of reports, so nothing here ever waits for a tool.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{broadcast, mpsc};

use super::answer::{Answer, SendError, ShutdownReport};
use super::command::{Borrowed, Command, Readiness, Reply, Steer};
use super::events::ClusterEvent;
use super::mailbox::Mailbox;
use super::options::{ClusterOptions, SendOptions, WhenFull};
use super::status::{Process, Status};
use super::turn::Tried;
use super::watch::Seen;
use crate::engine::cluster::{Cluster as Machine, Order, OrderKind, Refused, SessionState};
use crate::engine::ids::{Epoch, InstanceId, TicketId};
use crate::engine::pool::CallerId;
use crate::engine::protocol::Spec;
use crate::engine::response::Response;
use crate::engine::route::Wish;
use crate::engine::supervise::{AllStopped, Refusal, Report};
use crate::engine::time::Time;
use crate::host::error::{Coded as _, LaunchError};
use crate::host::pty::{self, Timer};
use crate::host::session::Session;

pub(super) struct Driver {
    pub(super) machine: Machine,
    pub(super) spec: Arc<Spec>,
    pub(super) options: ClusterOptions,
    pub(super) timer: Timer,
    pub(super) origin: Instant,
    /// The wall clock at the machine's `Time::ZERO`.
    pub(super) started_at: SystemTime,
    pub(super) commands: mpsc::Receiver<Command>,
    /// Unbounded: at most a report a state, and one a turn, of a known number of instances.
    pub(super) reports: mpsc::UnboundedReceiver<FromInstance>,
    pub(super) report_tx: mpsc::UnboundedSender<FromInstance>,
    pub(super) sessions: BTreeMap<InstanceId, Live>,
    pub(super) pending: BTreeMap<TicketId, Pending>,
    pub(super) mailbox: Mailbox,
    /// Unbounded: each was handed out before.
    pub(super) returned: mpsc::UnboundedReceiver<Box<Answer>>,
    /// Prompts whose callers wait for a place in the queue.
    pub(super) at_the_door: VecDeque<AtTheDoor>,
    pub(super) events: broadcast::Sender<Arc<ClusterEvent>>,
    pub(super) drained: Vec<Reply<()>>,
    pub(super) ready: Vec<Reply<Readiness>>,
    pub(super) stopping: Option<Stopping>,
    pub(super) stopped: Option<AllStopped>,
    /// Why the tool could not be started, by the first attempt.
    pub(super) first_failure: Option<LaunchError>,
    pub(super) look_at: Option<Time>,
}

/// The session of one life.
pub(super) struct Live {
    pub(super) epoch: Epoch,
    pub(super) session: Session,
    /// At the last look.
    pub(super) seen_bytes: u64,
    /// Found stopped by a signal since then.
    pub(super) stopped_since: Option<Time>,
}

/// A ticket that is not over.
pub(super) enum Pending {
    Prompt {
        text: String,
        options: SendOptions,
        since: Time,
        typed: Option<Time>,
        asks: Vec<Reply<InstanceId>>,
        response: Option<Box<Response>>,
        /// Where it was typed last, and the wall clock at that session's start.
        session: Option<(String, SystemTime)>,
    },
    Loan(Option<Reply<Result<Borrowed, SendError>>>),
}

pub(super) struct AtTheDoor {
    prompt: String,
    options: SendOptions,
    reply: Reply<Result<TicketId, SendError>>,
    answer: Option<Reply<Answer>>,
}

pub(super) struct Stopping {
    begun: Time,
    pub(super) hurry_at: Option<Time>,
    replies: Vec<Reply<ShutdownReport>>,
}

#[derive(Debug)]
pub(super) struct FromInstance {
    pub(super) instance: InstanceId,
    pub(super) epoch: Epoch,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Seen(Seen),
    Turn { ticket: TicketId, tried: Tried },
}

enum Wake {
    Command(Option<Command>),
    Report(FromInstance),
    Returned(Box<Answer>),
    Time,
}

impl Driver {
    pub(super) async fn run(mut self) {
        loop {
            self.perform();
            if self.is_over() {
                return self.end().await;
            }
            match poll_fn(|cx| self.poll_wake(cx)).await {
                Wake::Command(Some(command)) => self.handle_command(command),
                // The sessions go with the last handle.
                Wake::Command(None) => return,
                Wake::Report(report) => self.handle_report(report),
                Wake::Returned(answer) => self.mailbox.deliver(*answer),
                Wake::Time => self.handle_time(),
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the driver is the engine's clock")]
    pub(super) fn now(&self) -> Time {
        Time(Instant::now().saturating_duration_since(self.origin))
    }

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<Wake> {
        if let Poll::Ready(Some(report)) = self.reports.poll_recv(cx) {
            return Poll::Ready(Wake::Report(report));
        }
        if let Poll::Ready(Some(answer)) = self.returned.poll_recv(cx) {
            return Poll::Ready(Wake::Returned(answer));
        }
        if let Poll::Ready(command) = self.commands.poll_recv(cx) {
            return Poll::Ready(Wake::Command(command));
        }
        self.timer.poll(cx).map(|()| Wake::Time)
    }

    fn is_over(&self) -> bool {
        self.stopped.is_some() && self.machine.is_quiet()
    }

    /// After a shutdown: who still asks hears that the cluster is gone.
    async fn end(mut self) {
        let Some(Stopping { begun, replies, .. }) = self.stopping.take() else {
            return;
        };
        let all = self.stopped.take();
        let report = ShutdownReport {
            stuck: all
                .iter()
                .flat_map(|all| all.stuck.iter().map(|id| id.0))
                .collect(),
            survivors: all.map_or(0, |all| all.survivors),
            took: self.now().since(begun),
        };
        for reply in replies {
            let _nobody_waits = reply.send(report.clone());
        }
        self.mailbox.close();
        self.hand_out_the_rest().await;
    }

    /// What has been answered and not been read, as long as somebody may still ask for it.
    async fn hand_out_the_rest(&mut self) {
        self.events = broadcast::Sender::new(1);
        while self.mailbox.unread() > 0 {
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Claim { ticket, reply }) => self.mailbox.claim(ticket, reply),
                    Some(Command::Read { instance, reply }) => self.mailbox.read(instance, reply),
                    // Its reply goes with it: the cluster has ended.
                    Some(_) => {}
                    None => return,
                },
                Some(answer) = self.returned.recv() => self.mailbox.deliver(*answer),
            }
        }
    }

    // Commands.

    fn handle_command(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Send {
                prompt,
                options,
                reply,
                answer,
            } => self.send(AtTheDoor {
                prompt,
                options,
                reply,
                answer,
            }),
            Command::Borrow {
                options,
                lasting,
                reply,
            } => self.lend(&options, lasting, reply, now),
            Command::GiveBack { ticket, turns } => self.machine.give_back(ticket, turns, now),
            Command::Claim { ticket, reply } => self.mailbox.claim(ticket, reply),
            Command::Read { instance, reply } => self.mailbox.read(instance, reply),
            Command::InstanceOf { ticket, reply } => self.tell_instance(ticket, reply),
            Command::Withdraw(ticket) => self.machine.withdraw(ticket, now),
            Command::Recall(ticket) => {
                if self.machine.instance_of(ticket).is_none() {
                    self.machine.withdraw(ticket, now);
                }
            }
            Command::Steer {
                instance,
                what,
                reply,
            } => {
                let _nobody_waits = reply.send(self.steer(instance, what, now));
            }
            Command::Scale(count) => self.machine.scale(count, now),
            Command::Drain(reply) => {
                self.machine.close(now);
                self.drained.push(reply);
            }
            Command::Shutdown { within, reply } => self.shut_down(within, reply, now),
            Command::Ready(reply) => self.ready.push(reply),
            Command::Status(reply) => {
                let _nobody_waits = reply.send(self.status());
            }
            Command::Metrics(reply) => {
                let _nobody_waits = reply.send(self.machine.metrics().clone());
            }
            Command::Explain { instance, reply } => {
                let _nobody_waits = reply.send(self.machine.explain(instance, now));
            }
            Command::Session { instance, reply } => {
                let session = self.sessions.get(&instance).map(|live| live.session.clone());
                let _nobody_waits = reply.send(session);
            }
            Command::Events(reply) => {
                let _nobody_waits = reply.send((self.status(), self.events.subscribe()));
            }
        }
    }

    fn send(&mut self, ask: AtTheDoor) {
        if ask.options.when_full == WhenFull::Wait && !self.at_the_door.is_empty() {
            self.at_the_door.push_back(ask);
        } else {
            // Somebody at the door means that there is no room, so nobody is passed.
            self.admit(ask);
        }
    }

    /// Lets it in, refuses it, or lets it wait before the door.
    fn admit(&mut self, ask: AtTheDoor) {
        if ask.reply.is_closed() {
            return;
        }
        let now = self.now();
        let unread = self.mailbox.unread();
        let limit = self.options.max_unread;
        let accepted = if unread >= limit {
            Err(SendError::Unread { unread, limit })
        } else {
            let order = order(&ask.options, OrderKind::Prompt);
            self.machine.submit(order, now).map_err(SendError::from)
        };
        match accepted {
            Err(error) if error.retryable() && ask.options.when_full == WhenFull::Wait => {
                self.at_the_door.push_front(ask);
            }
            Err(error) => {
                let _nobody_waits = ask.reply.send(Err(error));
            }
            Ok(ticket) => {
                let pending = Pending::Prompt {
                    text: ask.prompt,
                    options: ask.options,
                    since: now,
                    typed: None,
                    asks: Vec::new(),
                    response: None,
                    session: None,
                };
                self.pending.insert(ticket, pending);
                if let Some(answer) = ask.answer {
                    self.mailbox.expect(ticket, answer);
                }
                // A caller that has gone reads it later, or never: the prompt was accepted.
                let _nobody_waits = ask.reply.send(Ok(ticket));
            }
        }
    }

    /// Those at the door, in order, as long as there is room.
    pub(super) fn open_the_door(&mut self) {
        while let Some(ask) = self.at_the_door.pop_front() {
            let before = self.at_the_door.len();
            self.admit(ask);
            if self.at_the_door.len() > before {
                return;
            }
        }
    }

    fn lend(
        &mut self,
        options: &SendOptions,
        lasting: Option<Duration>,
        reply: Reply<Result<Borrowed, SendError>>,
        now: Time,
    ) {
        let order = order(options, OrderKind::Loan { lasting });
        match self.machine.submit(order, now) {
            Ok(ticket) => {
                self.pending.insert(ticket, Pending::Loan(Some(reply)));
            }
            Err(refused) => {
                let _nobody_waits = reply.send(Err(refused.into()));
            }
        }
    }

    fn tell_instance(&mut self, ticket: TicketId, reply: Reply<InstanceId>) {
        match (self.machine.instance_of(ticket), self.pending.get_mut(&ticket)) {
            (Some(instance), _) => {
                let _nobody_waits = reply.send(instance);
            }
            (None, Some(Pending::Prompt { asks, .. })) => asks.push(reply),
            // It is over: the answer says it.
            (None, _) => {}
        }
    }

    fn steer(&mut self, instance: InstanceId, what: Steer, now: Time) -> Result<(), Refusal> {
        match what {
            Steer::Restart(reason) => self.machine.restart(instance, &reason, now),
            Steer::Drain => self.machine.drain(instance, now),
            Steer::Undrain => self.machine.undrain(instance, now),
            Steer::BringBack => {
                self.machine.bring_back(instance, now);
                Ok(())
            }
        }
    }

    fn shut_down(&mut self, within: Duration, reply: Reply<ShutdownReport>, now: Time) {
        self.machine.stop(now);
        let hurry_at = Some(now + within);
        match &mut self.stopping {
            Some(stopping) => stopping.replies.push(reply),
            None => {
                self.stopping = Some(Stopping {
                    begun: now,
                    hurry_at,
                    replies: vec![reply],
                });
            }
        }
        self.refuse_all_at_the_door();
    }

    fn refuse_all_at_the_door(&mut self) {
        for ask in self.at_the_door.drain(..) {
            let _nobody_waits = ask.reply.send(Err(Refused::Closed.into()));
        }
    }

    fn status(&self) -> Status {
        let cluster = self.machine.status(self.now());
        let process = |id: &InstanceId| {
            let session = &self.sessions.get(id)?.session;
            Some(Process {
                session: session.id().to_owned(),
                pid: session.pid(),
                rule: session.rule(),
                usage: session.usage(),
            })
        };
        let processes = cluster.instances.iter().map(|i| process(&i.instance)).collect();
        Status {
            tool: self.spec.name.clone(),
            started_at: self.started_at,
            cluster,
            processes,
        }
    }

    // Reports.

    fn handle_report(&mut self, report: FromInstance) {
        let now = self.now();
        let FromInstance {
            instance,
            epoch,
            what,
        } = report;
        match what {
            What::Seen(Seen::Report(report)) => {
                if matches!(report, Report::Exited { .. })
                    && self
                        .sessions
                        .get(&instance)
                        .is_some_and(|live| live.epoch == epoch)
                {
                    self.sessions.remove(&instance);
                }
                // A stale one says nothing that matters.
                let _heard = self.machine.handle_report(instance, epoch, report, now);
            }
            What::Seen(Seen::State(state)) => self.machine.handle_state(instance, epoch, state, now),
            What::Turn { ticket, tried } => self.handle_tried(instance, epoch, ticket, tried, now),
        }
    }

    fn handle_tried(
        &mut self,
        instance: InstanceId,
        epoch: Epoch,
        ticket: TicketId,
        tried: Tried,
        now: Time,
    ) {
        let Tried {
            end,
            response: heard,
            state,
        } = tried;
        if let Some(Pending::Prompt { response, .. }) = self.pending.get_mut(&ticket) {
            *response = heard;
        }
        self.machine.handle_state(instance, epoch, state, now);
        self.machine.handle_turn(ticket, epoch, &end, now);
    }

    // Time.

    fn handle_time(&mut self) {
        let now = self.now();
        if self.machine.poll_deadline().is_some_and(|(at, _)| now >= at) {
            self.machine.handle_deadline(now);
        }
        if let Some(stopping) = &mut self.stopping
            && stopping.hurry_at.is_some_and(|at| now >= at)
        {
            stopping.hurry_at = None;
            self.machine.stop(now);
        }
        if self.look_at.is_some_and(|at| now >= at) {
            self.look_at = None;
            self.look(now);
        }
    }

    /// What only looking tells: whether a turn shows anything, and whether its tool stands still. A tool that a signal has stopped does so for
    /// ever, and silence does not tell it from one that thinks.
    fn look(&mut self, now: Time) {
        let mut hung = Vec::new();
        for (&id, live) in &mut self.sessions {
            if !self.machine.is_working(id) {
                live.stopped_since = None;
                continue;
            }
            let bytes = live.session.output_bytes();
            if std::mem::replace(&mut live.seen_bytes, bytes) != bytes {
                self.machine.handle_progress(id, live.epoch, now);
            }
            let Some(within) = self.options.stopped_within else {
                continue;
            };
            if !pty::is_stopped(live.session.pid()) {
                live.stopped_since = None;
            } else if now.since(*live.stopped_since.get_or_insert(now)) >= within {
                hung.push((id, live.epoch));
            }
        }
        for (id, epoch) in hung {
            let reason = "a signal has stopped it".to_owned();
            let _stale = self
                .machine
                .handle_report(id, epoch, Report::Hung { reason }, now);
        }
    }
}

fn order(options: &SendOptions, kind: OrderKind) -> Order {
    Order {
        caller: CallerId(options.caller),
        priority: options.priority,
        wish: Wish {
            key: options.key.clone(),
            only: options.instance.map(InstanceId),
        },
        retryable: options.retryable,
        wait: options.wait,
        kind,
    }
}

/// A session's state in the words of the cluster's machine.
pub(super) fn session_state(state: &crate::engine::framer::state::State) -> SessionState {
    use crate::engine::framer::state::State;
    match state {
        State::Ready => SessionState::Ready,
        State::Starting | State::Busy { .. } | State::Exited { .. } => SessionState::Busy,
        State::Blocked { question } => SessionState::Blocked(question.text.clone()),
        State::Unknown => SessionState::Unknown,
    }
}
