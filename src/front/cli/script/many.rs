//! Scripts, one after the other or several at once, each on a thread of its own.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};

use super::sink::{Direct, Kept};
use crate::front::cli::exit::Exit;
use crate::front::cli::signals::{Signal, Signals};
use crate::front::script::{Interrupter, Ran, Run, Script, Settings, Sink, Told};

/// A script that has been run, perhaps more than once.
pub struct Done {
    /// Its place in the list.
    pub index: usize,
    pub ran: Ran,
    pub attempts: u32,
    /// What it printed, where that was kept.
    pub printed: String,
    /// Of its failure, for people; empty when there is none.
    pub report: String,
}

/// How the scripts are run.
pub struct Plan {
    pub scripts: Vec<Script>,
    pub settings: Settings,
    pub jobs: usize,
    pub retries: u32,
    /// What is printed is kept instead of going to standard output at once.
    pub keep: bool,
}

/// What the threads share.
struct Shared<'p> {
    plan: &'p Plan,
    waiting: Mutex<VecDeque<(usize, Prepared)>>,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    interrupters: Vec<(usize, Interrupter)>,
    signal: Option<Signal>,
}

/// A script's place in the list, and what is wrong with it.
pub type Wrong = (usize, Box<Told>);

struct Prepared {
    run: Run,
    kept: Kept,
}

impl Plan {
    /// All scripts parsed, or what is wrong with each that cannot be.
    fn prepare(&self) -> Result<VecDeque<(usize, Prepared)>, Vec<Wrong>> {
        let mut ready = VecDeque::new();
        let mut wrong = Vec::new();
        for (index, script) in self.scripts.iter().enumerate() {
            match self.prepare_one(script) {
                Ok(prepared) => ready.push_back((index, prepared)),
                Err(told) => wrong.push((index, told)),
            }
        }
        if wrong.is_empty() { Ok(ready) } else { Err(wrong) }
    }

    fn prepare_one(&self, script: &Script) -> Result<Prepared, Box<Told>> {
        let kept = Kept::default();
        let sink: Box<dyn Sink> = match self.keep {
            true => Box::new(kept.clone()),
            false => Box::new(Direct),
        };
        let run = Run::prepare(script, &self.settings, sink)?;
        Ok(Prepared { run, kept })
    }
}

/// Runs them all; `tell` gets each one when it is over. The signal that ended the runs, if one did.
///
/// # Errors
///
/// What is wrong with scripts that cannot be run. Nothing has been started then.
pub fn run(plan: &Plan, signals: Signals, mut tell: impl FnMut(Done)) -> Result<Option<Exit>, Vec<Wrong>> {
    let shared = Shared {
        plan,
        waiting: Mutex::new(plan.prepare()?),
        running: Mutex::default(),
    };
    let (done_tx, done) = mpsc::channel();
    std::thread::scope(|scope| {
        let (over_tx, over) = tokio::sync::oneshot::channel::<()>();
        scope.spawn(|| shared.watch(signals, over));
        for _ in 0..plan.jobs.min(plan.scripts.len()) {
            let done_tx = done_tx.clone();
            scope.spawn(|| shared.work(done_tx));
        }
        drop(done_tx);
        done.iter().for_each(&mut tell);
        drop(over_tx);
    });
    let signal = lock(&shared.running).signal;
    Ok(signal.map(Signal::exit))
}

impl Shared<'_> {
    fn work(&self, done_tx: mpsc::Sender<Done>) {
        loop {
            let next = lock(&self.waiting).pop_front();
            let Some((index, prepared)) = next else { return };
            let done = self.run(index, prepared);
            if done_tx.send(done).is_err() {
                return;
            }
        }
    }

    fn run(&self, index: usize, prepared: Prepared) -> Done {
        let script = &self.plan.scripts[index];
        let mut prepared = prepared;
        let mut attempts = 1;
        loop {
            let ran = self.attempt(index, prepared.run);
            let report = match &ran.end {
                Err(told) => told.text(script, ran.took),
                Ok(_) => String::new(),
            };
            let done = Done {
                index,
                printed: prepared.kept.take(),
                report,
                attempts,
                ran,
            };
            let again = done.ran.exit() != 0 && attempts <= self.plan.retries && !self.is_interrupted();
            prepared = match self.plan.prepare_one(script) {
                Ok(prepared) if again => prepared,
                _ => return done,
            };
            attempts += 1;
        }
    }

    fn attempt(&self, index: usize, run: Run) -> Ran {
        let interrupter = run.interrupter();
        {
            let mut running = lock(&self.running);
            if running.signal.is_some() {
                interrupter.interrupt();
            }
            running.interrupters.push((index, interrupter));
        }
        let ran = run.go();
        lock(&self.running).interrupters.retain(|(of, _)| *of != index);
        ran
    }

    /// Ends what runs when a signal says so, until all is over.
    fn watch(&self, mut signals: Signals, over: tokio::sync::oneshot::Receiver<()>) {
        let Ok(runtime) = crate::front::cli::conversation::runtime() else {
            return;
        };
        runtime.block_on(async {
            tokio::select! {
                _ = over => {}
                signal = signals.next() => {
                    let mut running = lock(&self.running);
                    running.signal = Some(signal);
                    running.interrupters.iter().for_each(|(_, interrupter)| interrupter.interrupt());
                    lock(&self.waiting).clear();
                }
            }
        });
    }

    fn is_interrupted(&self) -> bool {
        lock(&self.running).signal.is_some()
    }
}

/// What a thread that panicked leaves is whole: each change is one call.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
