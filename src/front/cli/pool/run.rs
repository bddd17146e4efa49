//! The run: prompts in, answers out, signals served in between.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::MissedTickBehavior;

use super::gauge::Gauge;
use super::input::{Input, Item};
use super::journal::{Done as Marks, Journal};
use super::parse::{Bad, Job};
use super::tally::{self, Tally};
use super::wire::{self, Name};
use super::writer::{Line, Writer};
use crate::api;
use crate::engine::cluster::{NotTyped, Refused};
use crate::engine::health::{OutOfService, OutReason, Verdict};
use crate::engine::protocol::Spec;
use crate::front::cli::exit::Exit;
use crate::front::cli::failure::Failure;
use crate::front::cli::signals::{Signal, Signals};
use crate::front::cli::{output, progress};
use crate::host::cluster::{
    Answer, Cluster, ClusterGone, ClusterNotReady, ClusterOptions, SendError, SendOptions, ShutdownReport,
    Status, Ticket, WhenFull,
};

/// How long instances may take to leave by themselves.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);
/// How often the status is looked at for the line on the terminal.
const LOOK: Duration = Duration::from_millis(500);
/// How often it is looked at for instances that cannot work.
const LOOK_AFTER: Duration = Duration::from_secs(2);
/// How often the metrics are written.
const METRICS: Duration = Duration::from_secs(5);

/// What is meant by a `pool run`.
pub struct Plan {
    pub spec: Arc<Spec>,
    pub cluster: ClusterOptions,
    pub input: Input,
    /// Prompts in all, where that is known.
    pub total: Option<u64>,
    pub journal: Option<Journal>,
    pub done: Marks,
    pub ordered: bool,
    /// For prompts that say nothing else.
    pub send: SendOptions,
    /// Prompts between read and printed, at most.
    pub window: usize,
    pub metrics: Option<PathBuf>,
    pub quiet: bool,
}

/// Where the run has got to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Reading,
    /// Everything is read.
    Finishing,
    /// Nothing new is typed; what runs is finished.
    Draining,
    /// Everything is ended.
    Stopping,
}

/// The end of one prompt.
struct Done {
    number: u64,
    name: Name,
    mark: Option<u128>,
    permit: OwnedSemaphorePermit,
    answer: Result<Answer, ClusterGone>,
}

struct Run {
    cluster: Cluster,
    context: api::ClusterContext,
    stage: Stage,
    items: mpsc::Receiver<Item>,
    window: Arc<Semaphore>,
    /// Of items, in the order of the input.
    next_number: u64,
    pending: BTreeMap<u64, Ticket>,
    // Bounded by the window: each holds a permit.
    done_tx: mpsc::UnboundedSender<Done>,
    done_rx: mpsc::UnboundedReceiver<Done>,
    order: Option<InOrder>,
    writer: Writer,
    written: Option<Result<(), Failure>>,
    journaled: bool,
    marks: Marks,
    send: SendOptions,
    metrics: Option<PathBuf>,
    tally: Tally,
    gauge: Gauge,
    quiet: bool,
    total: Option<u64>,
    status: Option<Status>,
    /// Instances that cannot work, and why.
    out: BTreeSet<(u32, String)>,
    began: Instant,
    looked: Instant,
    measured: Instant,
    stop: Option<tokio::task::JoinHandle<ShutdownReport>>,
    signal: Option<Exit>,
    failure: Option<Failure>,
}

/// Lines that are complete before their turn.
#[derive(Default)]
struct InOrder {
    next: u64,
    early: BTreeMap<u64, Slot>,
}

/// A prompt's place in the output; nothing is printed of one that was skipped.
struct Slot {
    permit: OwnedSemaphorePermit,
    line: Option<(String, Option<u128>)>,
}

pub async fn run(plan: Plan, mut signals: Signals) -> anyhow::Result<Exit> {
    let mut run = Run::start(plan)?;
    run.serve(&mut signals).await?;
    run.end(&mut signals).await
}

async fn next(
    window: &Arc<Semaphore>,
    items: &mut mpsc::Receiver<Item>,
) -> Option<(OwnedSemaphorePermit, Item)> {
    let permit = Arc::clone(window).acquire_owned().await.ok()?;
    Some((permit, items.recv().await?))
}

impl Run {
    fn start(plan: Plan) -> anyhow::Result<Run> {
        let cluster = Cluster::launch(Arc::clone(&plan.spec), plan.cluster).map_err(Failure::from)?;
        let gauge = Gauge::new(&plan.spec.name, plan.total, plan.quiet);
        let journaled = plan.journal.is_some();
        let writer = Writer::start(plan.journal, gauge.painter())?;
        let (done_tx, done_rx) = mpsc::unbounded_channel();
        let now = Instant::now();
        Ok(Run {
            cluster,
            // An answer brings its session's clock; the cluster's is told with its status.
            context: api::ClusterContext::new(&plan.spec, std::time::SystemTime::now()),
            stage: Stage::Reading,
            items: plan.input.read()?,
            window: Arc::new(Semaphore::new(plan.window)),
            next_number: 0,
            pending: BTreeMap::new(),
            done_tx,
            done_rx,
            order: plan.ordered.then(InOrder::default),
            writer,
            written: None,
            journaled,
            marks: plan.done,
            send: plan.send,
            metrics: plan.metrics,
            tally: Tally::default(),
            gauge,
            quiet: plan.quiet,
            total: plan.total,
            status: None,
            out: BTreeSet::new(),
            began: now,
            looked: now,
            measured: now,
            stop: None,
            signal: None,
            failure: None,
        })
    }

    fn is_over(&self) -> bool {
        self.stage != Stage::Reading && self.pending.is_empty()
    }

    async fn serve(&mut self, signals: &mut Signals) -> anyhow::Result<()> {
        let mut tick = tokio::time::interval(progress::TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let cluster = self.cluster.clone();
        let mut ready = pin!(async move { cluster.wait_ready().await });
        let mut ready_told = false;
        while !self.is_over() {
            tokio::select! {
                biased;
                signal = signals.next() => self.handle_signal(signal).await,
                written = &mut self.writer.ended, if self.written.is_none() => {
                    self.written = Some(written.unwrap_or(Ok(())));
                    // Nobody takes the answers any more.
                    self.stop_now().await;
                }
                Some(done) = self.done_rx.recv() => self.handle_done(done).await?,
                readiness = &mut ready, if !ready_told => {
                    ready_told = true;
                    self.handle_readiness(readiness).await;
                }
                _ = tick.tick() => self.handle_tick().await,
                next = next(&self.window, &mut self.items), if self.stage == Stage::Reading => match next {
                    Some((permit, item)) => self.handle_item(permit, item).await?,
                    None => self.stage = Stage::Finishing,
                },
            }
        }
        Ok(())
    }

    // Input.

    async fn handle_item(&mut self, permit: OwnedSemaphorePermit, item: Item) -> anyhow::Result<()> {
        let number = self.next_number;
        self.next_number += 1;
        match item {
            Item::Job(job) => self.ask(number, permit, *job).await,
            Item::Bad(bad) => self.refuse_line(number, permit, bad),
            Item::Failed(what) => {
                self.give_up(Failure::new(Exit::Failed, "input", what)).await;
                Ok(())
            }
        }
    }

    async fn ask(&mut self, number: u64, permit: OwnedSemaphorePermit, job: Job) -> anyhow::Result<()> {
        let mark = self.journaled.then(|| job.mark());
        if mark.is_some_and(|mark| self.marks.contains(&mark)) {
            self.tally.skipped += 1;
            self.deliver(number, Slot { permit, line: None });
            return Ok(());
        }
        let mut send = SendOptions {
            key: job.key,
            instance: job.instance,
            retryable: job.retry.unwrap_or(self.send.retryable),
            priority: job.priority,
            when_full: WhenFull::Wait,
            ..self.send.clone()
        };
        send.ask.timeout = job.timeout.or(send.ask.timeout);
        let name = Name {
            place: job.place,
            id: job.id,
        };
        match self.cluster.send_with(job.prompt, send).await {
            Ok(ticket) => {
                self.pending.insert(number, ticket.clone());
                let done_tx = self.done_tx.clone();
                tokio::spawn(async move {
                    let answer = ticket.answer().await;
                    // The run has ended without it.
                    let _gone = done_tx.send(Done {
                        number,
                        name,
                        mark,
                        permit,
                        answer,
                    });
                });
                Ok(())
            }
            Err(SendError::Refused(Refused::AllFailed(_)) | SendError::Gone(_)) => {
                self.tally.not_asked += 1;
                self.deliver(number, Slot { permit, line: None });
                self.all_failed().await;
                Ok(())
            }
            Err(error) => {
                self.tally.bad += 1;
                let text = name.refused(&Failure::from(error))?;
                let line = Some((text, None));
                self.deliver(number, Slot { permit, line });
                Ok(())
            }
        }
    }

    fn refuse_line(&mut self, number: u64, permit: OwnedSemaphorePermit, bad: Bad) -> anyhow::Result<()> {
        self.tally.bad += 1;
        self.gauge.clear();
        output::complain(&bad.to_string());
        let failure = Failure::new(Exit::Usage, "bad_line", bad.to_string());
        let name = Name {
            place: bad.place,
            id: None,
        };
        let line = Some((name.refused(&failure)?, None));
        self.deliver(number, Slot { permit, line });
        Ok(())
    }

    // Answers.

    async fn handle_done(&mut self, done: Done) -> anyhow::Result<()> {
        self.pending.remove(&done.number);
        let mut line = None;
        let mut hopeless = false;
        match &done.answer {
            Err(ClusterGone) => self.tally.not_asked += 1,
            Ok(answer) if self.was_taken_back(answer) => self.tally.not_asked += 1,
            Ok(answer) => {
                let wire = wire::answer(&self.context, answer);
                self.tally.count(answer, &wire);
                let mark = done.mark.filter(|_| tally::is_complete(&wire));
                line = Some((done.name.answered(wire)?, mark));
                hopeless = matches!(answer.not_typed, Some(NotTyped::AllFailed(_)));
            }
        }
        let permit = done.permit;
        self.deliver(done.number, Slot { permit, line });
        if hopeless {
            self.all_failed().await;
        }
        Ok(())
    }

    /// It was never typed because this run was ended.
    fn was_taken_back(&self, answer: &Answer) -> bool {
        let ended = matches!(self.stage, Stage::Draining | Stage::Stopping);
        ended && matches!(answer.not_typed, Some(NotTyped::Withdrawn | NotTyped::ShutDown))
    }

    fn deliver(&mut self, number: u64, slot: Slot) {
        let Some(order) = &mut self.order else {
            return write(&self.writer, slot);
        };
        order.early.insert(number, slot);
        while let Some(slot) = order.early.remove(&order.next) {
            order.next += 1;
            write(&self.writer, slot);
        }
    }

    // Ends.

    async fn handle_signal(&mut self, signal: Signal) {
        self.gauge.clear();
        self.signal.get_or_insert(signal.exit());
        match (signal, self.stage) {
            (Signal::Interrupt, Stage::Reading | Stage::Finishing) => {
                self.drain().await;
                output::complain("finishing the prompts that run; ctrl-c again ends them");
            }
            (Signal::WindowChange, _) => {}
            _ => self.stop_now().await,
        }
    }

    /// Nothing new is typed.
    async fn drain(&mut self) {
        self.stage = Stage::Draining;
        self.items.close();
        for ticket in self.pending.values() {
            ticket.recall().await;
        }
    }

    async fn stop_now(&mut self) {
        if self.stage == Stage::Stopping {
            return;
        }
        self.stage = Stage::Stopping;
        self.items.close();
        self.look().await;
        let cluster = self.cluster.clone();
        self.stop = Some(tokio::spawn(
            async move { cluster.shutdown(Duration::ZERO).await },
        ));
    }

    /// The run cannot go on; what runs is finished.
    async fn give_up(&mut self, failure: Failure) {
        if self.failure.is_none() {
            self.failure = Some(failure);
            if matches!(self.stage, Stage::Reading | Stage::Finishing) {
                self.drain().await;
            }
        }
    }

    async fn handle_readiness(&mut self, readiness: Result<(), ClusterNotReady>) {
        match readiness {
            Ok(()) | Err(ClusterNotReady::Gone(_)) => {}
            Err(ClusterNotReady::Some(readiness)) if readiness.ready == 0 => self.all_failed().await,
            Err(error) => {
                self.gauge.clear();
                output::complain(&error.to_string());
            }
        }
    }

    /// No instance will ever take a prompt.
    async fn all_failed(&mut self) {
        if self.failure.is_some() || self.stage == Stage::Stopping {
            return;
        }
        self.look().await;
        let instances = self.status.iter().flat_map(|status| &status.cluster.instances);
        let (mut asks, mut why) = (false, Vec::new());
        for instance in instances {
            asks |= instance.phase == "blocked" || instance.failed == Some("permanent_block");
            let words = instance.why.as_deref().unwrap_or("it is ready");
            why.push(format!("instance {}: {words}", instance.instance));
        }
        let exit = if asks { Exit::NeedsHuman } else { Exit::Failed };
        let code = if asks { "blocked" } else { "all_failed" };
        let what = format!("no instance takes prompts\n{}", why.join("\n"));
        let failure = Failure::new(exit, code, what)
            .hint("see what `ptych ask` says of the same tool with the same arguments");
        self.give_up(failure).await;
    }

    // Looks.

    async fn look(&mut self) {
        if let Ok(status) = self.cluster.status().await {
            self.status = Some(status);
        }
    }

    async fn handle_tick(&mut self) {
        let now = Instant::now();
        let every = if self.gauge.enabled() { LOOK } else { LOOK_AFTER };
        if now - self.looked >= every {
            self.looked = now;
            self.look().await;
            self.tell_who_is_out();
        }
        if self.metrics.is_some() && now - self.measured >= METRICS {
            self.measured = now;
            self.look().await;
            self.write_metrics().await;
        }
        let word = match self.stage {
            Stage::Reading | Stage::Finishing => "",
            Stage::Draining => "finishing",
            Stage::Stopping => "ending",
        };
        self.gauge.tick(&self.tally, self.status.as_ref(), word);
    }

    /// An instance that will not work for a while makes the run slow, and the last one makes it wait: a person should know why.
    fn tell_who_is_out(&mut self) {
        let out: BTreeSet<(u32, String)> = self
            .status
            .iter()
            .flat_map(|status| &status.cluster.instances)
            .filter(|instance| {
                let out = matches!(
                    &instance.verdict,
                    Verdict::Out { reason: OutReason::OutOfService(reason), .. } if *reason != OutOfService::Blocked
                );
                out || instance.failed.is_some()
            })
            .filter_map(|instance| Some((instance.instance.0, instance.why.clone()?)))
            .collect();
        for (instance, why) in out.difference(&self.out) {
            self.gauge.clear();
            output::complain(&format!("instance {instance} takes no prompts: {why}"));
        }
        self.out = out;
    }

    async fn write_metrics(&mut self) {
        let (Some(path), Some(status), Ok(metrics)) =
            (&self.metrics, &self.status, self.cluster.metrics().await)
        else {
            return;
        };
        let text = api::metrics_text(&wire::status(&self.context, status), &metrics);
        if let Err(error) = replace(path, &text) {
            self.gauge.clear();
            output::complain(&format!("write the metrics to {}: {error}", path.display()));
            self.metrics = None;
        }
    }

    /// Instances ended, everything written, and told what came of it.
    async fn end(mut self, signals: &mut Signals) -> anyhow::Result<Exit> {
        let took = self.began.elapsed();
        if let Some(total) = self.total {
            // Those that were never read, too.
            self.tally.not_asked = total.saturating_sub(self.tally.done());
        }
        if self.stop.is_none() {
            self.look().await;
            self.write_metrics().await;
        }
        self.gauge.clear();
        self.shut_down(signals).await;
        self.writer.close();
        if self.written.is_none() {
            tokio::select! {
                written = &mut self.writer.ended => self.written = Some(written.unwrap_or(Ok(()))),
                // Nobody reads standard output; what was read of the journal is in the file.
                signal = signals.next() => {
                    self.signal.get_or_insert(signal.exit());
                }
            }
        }
        if !self.quiet {
            output::note(&self.tally.summary(self.status.as_ref(), took));
        }
        Ok(self.exit())
    }

    async fn shut_down(&mut self, signals: &mut Signals) {
        let report = match self.stop.take() {
            Some(stop) => stop.await.ok(),
            None => tokio::select! {
                report = self.cluster.shutdown(LEAVE_WITHIN) => Some(report),
                _ = signals.next() => Some(self.cluster.shutdown(Duration::ZERO).await),
            },
        };
        if let Some(report) = report.filter(|report| !report.is_clean()) {
            output::complain(&format!(
                "{} processes of the tool could not be ended",
                report.survivors.max(1)
            ));
        }
    }

    fn exit(self) -> Exit {
        if let Some(Err(failure)) = &self.written {
            return output::failure(failure, false);
        }
        if let Some(failure) = &self.failure {
            let exit = output::failure(failure, false);
            return match (self.signal, self.tally.complete()) {
                (Some(signal), _) => signal,
                (None, 0) => exit,
                (None, _) => Exit::Partial,
            };
        }
        self.signal.unwrap_or_else(|| self.tally.exit())
    }
}

fn write(writer: &Writer, slot: Slot) {
    let permit = slot.permit;
    if let Some((text, mark)) = slot.line {
        writer.write(Line { text, mark, permit });
    }
}

/// Readers see the old file or the new one.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}
