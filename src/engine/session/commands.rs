//! What callers want: submit, answer, interrupt, leave; and what somebody else typed.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::hearing::Heard;
use super::queue::Purpose;
use super::turn::{Origin, Progress, Turn};
use super::{Action, Interrupting, Leaving, Prompt, Session, SubmitError};
use crate::engine::framer::extract::Typed;
use crate::engine::framer::plan::{self, Plan, Step, Tty};
use crate::engine::framer::state::State;
use crate::engine::ids::TurnId;
use crate::engine::limits;
use crate::engine::protocol::spec::{IdleInterrupt, Keys, Kind};
use crate::engine::time::Time;

/// A rung above all signals: what was typed is all that happens.
const NO_SIGNAL: u8 = u8::MAX;

impl Session {
    /// Types a prompt and starts its turn.
    ///
    /// # Errors
    ///
    /// Nothing was typed: the session is not ready, or the prompt cannot be typed safely.
    pub fn submit(&mut self, prompt: Prompt, now: Time) -> Result<(), SubmitError> {
        self.block_by_shown_dialog(now);
        self.can_submit()?;
        let plan = plan::plan(&self.spec, &prompt.text, self.tty())?;
        self.begin(prompt, Origin::Prompt, plan, now);
        Ok(())
    }

    fn can_submit(&self) -> Result<(), SubmitError> {
        match &self.state {
            State::Ready if self.turn.is_none() => Ok(()),
            State::Ready | State::Busy { .. } => Err(SubmitError::Busy),
            State::Blocked { question } => Err(SubmitError::Blocked(question.clone())),
            State::Starting | State::Unknown => Err(SubmitError::NotReady {
                state: self.state.as_str(),
            }),
            State::Exited { .. } => Err(SubmitError::Exited),
        }
    }

    fn tty(&self) -> Tty {
        let (echo, canonical) = self.flags;
        Tty {
            paste: self.screen.is_set_dec(2004),
            canonical: canonical == Some(true) && echo != Some(false),
            editor: echo == Some(false),
        }
    }

    pub(super) fn begin_init(&mut self, text: String, now: Time) -> bool {
        let Ok(plan) = plan::plan(&self.spec, &text, self.tty()) else {
            return false;
        };
        let prompt = Prompt {
            turn: TurnId("init".into()),
            text,
            timeout: Some(self.spec.spawn.ready_within),
        };
        self.begin(prompt, Origin::Init, plan, now);
        true
    }

    pub(super) fn begin(&mut self, prompt: Prompt, origin: Origin, mut plan: Plan, now: Time) {
        let Some(first) = plan.steps.pop_front() else {
            return;
        };
        self.remember_prompt(&prompt.text, origin);
        if origin == Origin::Answer
            && let State::Blocked { question } = &self.state
        {
            self.note_answered(&question.clone(), now);
        }
        let cursor = self.screen.cursor().pos;
        self.screen.pin(Some(cursor.row));
        let offset = self.screen.offset();
        let asked = match &self.state {
            State::Blocked { question } => Some(question.text.clone()),
            _ => None,
        };
        let mut turn = Turn {
            id: prompt.turn,
            origin,
            prompt: prompt.text,
            steps: plan.steps,
            extra_enters: plan.extra_enters,
            progress: Progress::Writing,
            typed: Typed {
                from: self.screen.mark_cursor(),
                echo: String::new(),
                entered: offset,
            },
            before: Vec::new(),
            enter: Vec::new(),
            looks_before_enter: 0,
            in_alternate: self.screen.alternate_screen(),
            segments: Vec::new(),
            captures: BTreeMap::new(),
            started_at: now,
            from_offset: offset,
            first_output_at: None,
            deadline: prompt.timeout.map(|timeout| now + timeout),
            interrupted: false,
            interrupted_at: None,
            lost: None,
            auto_answers: self.take_earlier_answers(),
            asked,
            laid_out: None,
            streamed_to: None,
            streamed_bytes: 0,
            heard: Heard::default(),
        };
        if origin != Origin::Init {
            let turn_id = turn.id.clone();
            self.emit(
                crate::engine::event::EventKind::TurnStarted {
                    turn: turn_id.clone(),
                },
                now,
            );
            self.enter_state(State::Busy { turn: Some(turn_id) }, "submitted", now);
        }
        self.write_step(&mut turn, first, now);
        self.turn = Some(turn);
    }

    /// Types the tool's interrupt. A running turn ends `interrupted` when the tool is ready again; a dialog is left. At an idle prompt this
    /// does nothing.
    ///
    /// # Errors
    ///
    /// The protocol says that it would end the tool, or that the last one was too short ago.
    pub fn interrupt(&mut self, now: Time) -> Result<(), SubmitError> {
        // A tool that is ready, and whose words alone are waited for, has nothing to be interrupted.
        self.give_up_waiting(now);
        match &self.state {
            State::Exited { .. } => return Err(SubmitError::Exited),
            State::Ready => return Ok(()),
            State::Starting | State::Busy { .. } | State::Blocked { .. } | State::Unknown => {}
        }
        let spec = &self.spec.interrupt;
        let (keys, signal_after, rung) = self.interrupt_keys()?;
        let again = spec.again_after.filter(|_| keys == spec.send);
        if let Some(last) = self
            .last_interrupt
            .filter(|&last| now.since(last) < spec.min_interval)
        {
            let reason = format!(
                "a second interrupt within {:?} ends this tool",
                spec.min_interval - now.since(last)
            );
            return Err(SubmitError::InterruptRefused { reason });
        }
        self.stop_choosing("it was interrupted", now);
        // What was typed and not yet read is not wanted any more.
        self.queue.clear();
        self.actions.push_back(Action::DiscardInput);
        self.queue.push_keys(Purpose::Keys, keys, now);
        if let Some(turn) = &mut self.turn {
            turn.interrupted = true;
            turn.interrupted_at
                .get_or_insert_with(|| self.screen.mark_cursor());
            turn.steps.clear();
            if !turn.is_entered() {
                turn.typed.entered = self.screen.offset();
                turn.progress = Progress::Entered { at: now, repeats: 0 };
            }
        }
        self.last_interrupt = Some(now);
        let left = match &self.state {
            State::Blocked { .. } => Some(self.screen.cursor().pos.row),
            State::Starting | State::Ready | State::Busy { .. } | State::Unknown | State::Exited { .. } => {
                None
            }
        };
        if left.is_some() {
            // The question is withdrawn: who asks next waits for what follows.
            self.enter_state(State::Busy { turn: None }, "interrupt", now);
        }
        self.interrupting = Some(Interrupting {
            next_rung_at: now + signal_after,
            rung,
            left,
            again_at: again.map(|again| now + again),
        });
        self.facts.probe = None;
        self.looks = super::Looks {
            at: Some(now + limits::AWAITING_FIRST),
            ..super::Looks::default()
        };
        Ok(())
    }

    /// The protocol knows a sign on the screen that a busy tool takes the interrupt and lives.
    fn survives_interrupt(&self) -> bool {
        let sign = self.spec.interrupt.lethal_unless.as_ref();
        sign.is_some_and(|sign| sign.0.is_match(&self.screen.viewport_text()))
    }

    /// What is typed, how long that may take, and the rung of signals that follows.
    fn interrupt_keys(&self) -> Result<(Keys, Duration, u8), SubmitError> {
        let spec = &self.spec.interrupt;
        let idle_ends = spec.when_idle == IdleInterrupt::Lethal;
        if let State::Blocked { question } = &self.state {
            let rule = self.spec.rules.iter().find(|rule| rule.name == question.rule);
            if let Some(quit) = rule.and_then(|rule| rule.quit.clone()) {
                let rung = if spec.lethal || idle_ends || !spec.signal {
                    NO_SIGNAL
                } else {
                    0
                };
                return Ok((quit, spec.signal_after, rung));
            }
            if idle_ends && rule.is_some_and(|rule| rule.kind == Kind::Continuation) {
                let reason = "an interrupt of an unfinished input ends this tool; answer with the rest, or stop the session";
                return Err(SubmitError::InterruptRefused {
                    reason: reason.into(),
                });
            }
        }
        if spec.lethal && !self.survives_interrupt() {
            let reason = "an interrupt ends this tool; stop the session instead".into();
            return Err(SubmitError::InterruptRefused { reason });
        }
        let signal_after = if spec.send.is_empty() {
            Duration::ZERO
        } else {
            spec.signal_after
        };
        let rung = if spec.signal { 0 } else { NO_SIGNAL };
        Ok((spec.send.clone(), signal_after, rung))
    }

    /// Types the tool's own way out; `Action::Stop` follows when it does not take it.
    pub fn leave(&mut self, now: Time) {
        if self.state != State::Ready || self.spec.exit.send.is_empty() {
            self.actions.push_back(Action::Stop);
            return;
        }
        self.queue
            .push_keys(Purpose::Keys, self.spec.exit.send.clone(), now);
        self.leaving = Some(Leaving {
            until: now + self.spec.exit.within,
            answered: None,
        });
    }

    /// Bytes as they are, from a person or a script that knows what it does.
    pub fn type_raw(&mut self, bytes: &[u8], now: Time) {
        self.queue.push(Purpose::Keys, bytes.to_vec(), now);
        self.handle_typed(bytes, now);
    }

    /// Keys as a person presses them, with their pauses.
    pub fn type_keys(&mut self, keys: Keys, now: Time) {
        let bytes = keys.bytes();
        self.queue.push_keys(Purpose::Keys, keys, now);
        self.handle_typed(&bytes, now);
    }

    /// Like `type_raw`, for what nobody may see: the session itself remembers only how long it is.
    pub fn type_secret(&mut self, bytes: &[u8], now: Time) {
        self.queue.push(Purpose::Secret, bytes.to_vec(), now);
        let stars: Vec<u8> = bytes
            .iter()
            .map(|byte| if byte.is_ascii_control() { *byte } else { b'*' })
            .collect();
        self.handle_typed(&stars, now);
    }

    /// Somebody else typed these bytes (a person, a recording). A line typed at a ready prompt starts a turn that is framed like any other.
    pub fn handle_typed(&mut self, bytes: &[u8], now: Time) {
        self.confirm(now);
        let interrupts = self.is_interrupt(bytes);
        if let Some(turn) = &mut self.turn {
            // The rest of an unfinished input, or keys for the running program: one turn with what came before.
            if interrupts {
                turn.interrupted = true;
                turn.interrupted_at
                    .get_or_insert_with(|| self.screen.mark_cursor());
            }
            let continues = turn.origin == Origin::Observed && bytes.ends_with(b"\r") && self.continues(now);
            if continues {
                self.observe_next_step(bytes, now);
            }
            return;
        }
        let origin = match self.state {
            State::Ready => Origin::Observed,
            State::Blocked { .. } => Origin::Answer,
            State::Starting | State::Busy { .. } | State::Unknown | State::Exited { .. } => return,
        };
        // An interrupt at an idle prompt throws the line away.
        if bytes.contains(&0x03) {
            self.half_typed.clear();
            return;
        }
        if let Some(label) = self.typed_label(bytes) {
            self.half_typed.clear();
            return self.observe(label, origin, now);
        }
        self.half_typed.push_str(&String::from_utf8_lossy(bytes));
        self.half_typed = self.kept(&self.half_typed).to_owned();
        if !bytes.iter().any(|b| matches!(b, b'\r' | b'\n' | 0x04)) {
            return;
        }
        let text = typed_text(&std::mem::take(&mut self.half_typed));
        self.observe(text, origin, now);
    }

    /// What is left of typed keys: not what stood before those that empty a line, the protocol's own or the `^U` of terminals.
    fn kept<'a>(&self, typed: &'a str) -> &'a str {
        let own = self.spec.discard.bytes();
        let own = String::from_utf8_lossy(&own);
        let ends = ["\x15", &*own]
            .into_iter()
            .filter(|kill| !kill.is_empty())
            .filter_map(|kill| Some(typed.rfind(kill)? + kill.len()));
        &typed[ends.max().unwrap_or(0)..]
    }

    /// `^C`, or the protocol's own keys: the whole of them, or the last of several.
    fn is_interrupt(&self, bytes: &[u8]) -> bool {
        let keys = &self.spec.interrupt.send;
        let last = keys.0.last().is_some_and(|stroke| stroke.bytes == bytes);
        !bytes.is_empty() && (bytes.contains(&0x03) || last || keys.bytes() == bytes)
    }

    fn observe(&mut self, text: String, origin: Origin, now: Time) {
        let prompt = Prompt {
            turn: TurnId(format!("observed-{}", self.screen.offset())),
            text: text.clone(),
            timeout: None,
        };
        let step = Step {
            bytes: Keys::default(),
            enter: Vec::new(),
            echo: text,
        };
        self.begin(
            prompt,
            origin,
            Plan {
                steps: VecDeque::from([step]),
                extra_enters: 0,
            },
            now,
        );
        self.entered(now);
    }

    fn continues(&self, now: Time) -> bool {
        use crate::engine::framer::rules::{self, Pick};
        use crate::engine::protocol::spec::Kind;
        match rules::pick(&self.view(now)) {
            Pick::Rule(found) => self.spec.rules[found.rule].kind == Kind::Continuation,
            Pick::NeedsProbe(_) => true,
            Pick::TtyDisagrees | Pick::Nothing => false,
        }
    }

    fn observe_next_step(&mut self, bytes: &[u8], now: Time) {
        let text = typed_text(self.kept(&String::from_utf8_lossy(bytes)));
        let Some(mut turn) = self.turn.take() else { return };
        turn.prompt.push('\n');
        turn.prompt.push_str(&text);
        self.remember_prompt(&turn.prompt, turn.origin);
        self.write_step(
            &mut turn,
            Step {
                bytes: Keys::default(),
                enter: Vec::new(),
                echo: text,
            },
            now,
        );
        self.turn = Some(turn);
        self.entered(now);
    }
}

/// What a person meant by the keys: without paste markers and the Enter at the end.
fn typed_text(keys: &str) -> String {
    let text = keys.replace("\x1b[200~", "").replace("\x1b[201~", "");
    text.trim_end_matches(['\r', '\n']).replace('\r', "\n")
}
