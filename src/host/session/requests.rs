//! What the task answers to handles.

use tokio::sync::oneshot;

use super::Snapshot;
use super::command::Command;
use super::driver::Driver;
use crate::engine::session::SubmitError;
use crate::engine::time::Time;
use crate::engine::tty::{ProbeDepth, TtyProbe};
use crate::host::error::RecordError;
use crate::host::expect::{Log, LogId, Show, Tapped};
use crate::host::options::RecordOptions;
use crate::host::recording::Recorder;

/// A handle that has stopped waiting does not want to know.
fn reply<T>(to: oneshot::Sender<T>, value: T) {
    let _nobody_waits = to.send(value);
}

impl Driver {
    pub(super) fn handle_command(&mut self, command: Command, now: Time) {
        match command {
            Command::Ask(ask) if self.is_over() => ask.refuse(SubmitError::Exited.into()),
            Command::Ask(ask) => self.waiting.take(ask, &mut self.machine, now),
            Command::Interrupt(to) => reply(to, self.machine.interrupt(now)),
            Command::Keys(bytes) => self.type_bytes(&bytes, now),
            Command::Key(name) => self.type_key(&name, now),
            Command::KeyNames(names) => self.type_key_names(&names, now),
            Command::Paste(text) => self.paste(&text, now),
            Command::Secret {
                secret,
                within,
                reply,
            } => self.take_secret(secret, within, reply, now),
            Command::EndOfFile(to) => reply(to, self.type_end_of_file(now)),
            Command::Flush { within, reply } => self.take_flush(within, reply, now),
            Command::Tty(to) => reply(to, self.look_at_tty()),
            Command::Expect(wait, told) => self.take_wait(wait, told, now),
            Command::Group(patterns, wanted) => self.take_group(patterns, wanted, now),
            Command::Forget(group) => self.forget_group(group),
            Command::Unmatched(to) => reply(to, self.unmatched(now)),
            Command::Skip => self.follow_turn(now),
            Command::Log(log, to) => reply(to, self.taps.add(log)),
            Command::StopLog(id) => self.taps.remove(id),
            Command::Tap(log, show, to) => reply(to, self.tap(log, show, now)),
            Command::ReadOn => {}
            Command::Resize(size) => self.machine.resize(size, now),
            Command::Snapshot(to) => reply(to, self.snapshot()),
            Command::Explain(to) => reply(to, self.machine.explain(now)),
            Command::Events(to) => reply(to, (self.snapshot(), self.events.subscribe())),
            Command::Raw {
                from,
                to,
                reply: answer,
            } => reply(answer, self.raw.get(from, to)),
            Command::Record(options, to) => reply(to, self.record(options, now)),
            Command::StopRecording(to) => reply(to, self.stop_recording()),
            Command::Stop(options) => self.stop(options, now),
        }
    }

    fn tap(&mut self, log: Box<dyn Log>, show: Show, now: Time) -> Tapped {
        let shown = match show {
            Show::Screen => self.machine.screen().snapshot(),
            Show::Unmatched => self
                .unmatched(now)
                .map_or(Vec::new(), |unmatched| unmatched.on_a_raw_terminal()),
            Show::Nothing => Vec::new(),
        };
        Tapped {
            // After its end nothing is heard of a tool: the tap goes at once, and that tells it.
            id: match self.is_over() {
                true => LogId::default(),
                false => self.taps.add(log),
            },
            shown,
        }
    }

    fn look_at_tty(&mut self) -> TtyProbe {
        let pty = self.pty.as_mut();
        pty.map(|pty| pty.probe(ProbeDepth::Waiting)).unwrap_or_default()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let screen = self.machine.screen();
        let status = self.status.borrow();
        Snapshot {
            state: self.machine.state().clone(),
            rule: status.rule.clone(),
            size: self.size,
            rows: screen
                .viewport_text()
                .lines()
                .map(|row| row.trim_end().to_owned())
                .collect(),
            top_row: screen.top_row(),
            cursor: screen.cursor(),
            title: screen.title().unwrap_or_default().to_owned(),
            alternate_screen: screen.alternate_screen(),
            offset: screen.offset(),
            ansi: screen.snapshot(),
        }
    }

    fn record(&mut self, options: RecordOptions, now: Time) -> Result<(), RecordError> {
        self.stop_recording()?;
        let mut recorder = Recorder::create(options, self.size, self.machine.spec(), now)?;
        recorder.output(&self.machine.screen().snapshot(), now);
        self.recorder = Some(recorder);
        Ok(())
    }

    fn stop_recording(&mut self) -> Result<(), RecordError> {
        self.recorder.take().map_or(Ok(()), Recorder::finish)
    }
}
