//! What is known about the tool at this moment, beyond its screen.

use super::status;
use crate::engine::limits;
use crate::engine::protocol::spec::MarkKind;
use crate::engine::term::{MarkId, Place, Screen, ShellMark, TermEvent, TermEventKind};
use crate::engine::time::Time;
use crate::engine::tty::{ProbeDepth, TtyProbe};

/// A place where the tool announced something, kept as a mark, with the byte offset of the announcement.
#[derive(Clone, Copy, Debug)]
pub struct Announced {
    pub mark: MarkId,
    pub offset: u64,
}

/// Announcements, tty state and times. A pure record: rules are evaluated against it, and only events change it.
#[derive(Debug, Default)]
pub struct Facts {
    /// The last OSC 133 A.
    pub prompt_mark: Option<Announced>,
    /// The first OSC 133 C since Enter.
    pub output_mark: Option<Announced>,
    /// The last OSC 133 mark of any kind.
    pub last_mark: Option<MarkKind>,
    /// Parameters of the last OSC 133 D since Enter.
    pub done: Option<Vec<String>>,
    /// Where that mark stood: the end of what the command printed.
    pub done_mark: Option<Announced>,
    /// The first time since Enter that bracketed paste was switched off: a line editor let go of the terminal.
    pub paste_off: Option<Announced>,
    /// The last switch of a mode that the protocol names as the start of its prompt.
    pub prompt_mode: Option<Announced>,
    pub status: Option<String>,
    /// It was announced since Enter.
    pub status_is_new: bool,
    pub notifications: Vec<String>,
    /// Names of the side channels that have spoken since Enter, each once.
    pub said: Vec<String>,
    pub progress: Option<u8>,
    /// The newest look at the tty; `None` when bytes came since.
    pub probe: Option<(TtyProbe, ProbeDepth)>,
    /// Output bytes handled when a look at the tty last contradicted what the screen shows.
    pub disputed: u64,
    /// ECHO and ICANON at the first ready.
    pub first_ready: Option<(Option<bool>, Option<bool>)>,
    /// Named groups of the cursor's line at the first ready.
    pub first_captures: Vec<(String, String)>,
    /// Bytes were last printed at.
    pub last_output: Time,
    /// Busy was seen since Enter.
    pub busy_seen: bool,
    /// The busy rule that held last since Enter.
    pub busy_rule: Option<usize>,
    /// Output bytes handled when the tool last announced something that rules look at: status, title, progress, notification.
    pub announced: u64,
    /// Output bytes handled when the last synchronized frame began, and when the last whole one had begun.
    pub frame_began: u64,
    pub frame_done: u64,
}

impl Facts {
    /// Forgets what belongs to the turn before: called when Enter is sent.
    pub fn start_turn(&mut self, screen: &mut Screen) {
        let of_the_turn = [
            self.output_mark.take(),
            self.paste_off.take(),
            self.done_mark.take(),
        ];
        for announced in of_the_turn.into_iter().flatten() {
            screen.unmark(announced.mark);
        }
        self.done = None;
        self.notifications.clear();
        self.said.clear();
        self.status_is_new = false;
        self.busy_seen = false;
        self.busy_rule = None;
    }

    /// Takes in one announcement. `prompt_mode` is the mode edge that the protocol names as the start of its prompt.
    pub fn handle_event(
        &mut self,
        (event, place): (&TermEvent, Place),
        prompt_mode: Option<(u16, bool)>,
        screen: &mut Screen,
    ) {
        let offset = event.offset;
        if matches!(
            event.kind,
            TermEventKind::ProgramStatus(_)
                | TermEventKind::Title(_)
                | TermEventKind::Progress { .. }
                | TermEventKind::Notification { .. }
        ) {
            self.announced = offset;
        }
        match &event.kind {
            TermEventKind::ShellMark { mark, params } => {
                self.handle_shell_mark((offset, place), *mark, params, screen);
            }
            TermEventKind::Mode {
                number,
                ansi: false,
                set,
            } => {
                match (*number, *set) {
                    (2026, true) => self.frame_began = offset,
                    (2026, false) => self.frame_done = self.frame_began,
                    _ => {}
                }
                if prompt_mode == Some((*number, *set)) {
                    replace(&mut self.prompt_mode, offset, place, screen);
                }
                if (*number, *set) == (2004, false) && self.paste_off.is_none() {
                    replace(&mut self.paste_off, offset, place, screen);
                }
            }
            TermEventKind::ProgramStatus(status) => {
                self.status = Some(status::decoded(status));
                self.status_is_new = true;
            }
            TermEventKind::Notification { title, body } => {
                if self.notifications.len() < limits::NOTIFICATIONS {
                    let title = title.as_deref().unwrap_or_default();
                    self.notifications.push(format!("{title}: {body}"));
                }
            }
            TermEventKind::Progress { state, .. } => self.progress = Some(*state),
            TermEventKind::Mode { ansi: true, .. }
            | TermEventKind::Title(_)
            | TermEventKind::IconName(_)
            | TermEventKind::WorkingDirectory(_)
            | TermEventKind::Hyperlink(_)
            | TermEventKind::Clipboard { .. }
            | TermEventKind::Bell
            | TermEventKind::Reset { .. }
            | TermEventKind::AlternateScreen { .. }
            | TermEventKind::Unknown(_) => {}
        }
    }

    fn handle_shell_mark(
        &mut self,
        (offset, place): (u64, Place),
        mark: ShellMark,
        params: &[String],
        screen: &mut Screen,
    ) {
        self.last_mark = Some(match mark {
            ShellMark::Prompt => MarkKind::Prompt,
            ShellMark::Input => MarkKind::Input,
            ShellMark::Output => MarkKind::Output,
            ShellMark::Done => MarkKind::Done,
        });
        match mark {
            ShellMark::Prompt => replace(&mut self.prompt_mark, offset, place, screen),
            ShellMark::Output if self.output_mark.is_none() => {
                replace(&mut self.output_mark, offset, place, screen)
            }
            ShellMark::Done => {
                self.done = Some(params.to_vec());
                replace(&mut self.done_mark, offset, place, screen);
            }
            ShellMark::Input | ShellMark::Output => {}
        }
    }
}

fn replace(slot: &mut Option<Announced>, offset: u64, place: Place, screen: &mut Screen) {
    let new = Announced {
        mark: screen.mark_place(place),
        offset,
    };
    if let Some(old) = slot.replace(new) {
        screen.unmark(old.mark);
    }
}
