//! Every bound of the engine, named with its unit and with the memory it implies.

use std::time::Duration;

/// Rows joined into the cursor's logical line: a prompt glued to a longer unbroken line is matched against its tail.
pub const CURSOR_LINE_ROWS: usize = 64;
/// Rows above the cursor that `lines_above` sees.
pub const LINES_ABOVE_ROWS: u64 = 12;
/// Text of one open turn that the terminal keeps, in bytes; beyond it the response is `truncated`. Worst case: this much history plus the
/// same again while the response is built.
pub const TURN_TEXT_BYTES: usize = 64 << 20;
/// Terminal replies that wait to be written, in bytes; a tool that asks and never reads loses the rest.
pub const PENDING_REPLY_BYTES: usize = 64 << 10;
/// Notifications remembered within one turn.
pub const NOTIFICATIONS: usize = 32;
/// Events that wait for `poll_event`; older announcements (never responses or states) are dropped first.
pub const PENDING_EVENTS: usize = 4096;

/// First wait before the tty is looked at again when the screen already shows a prompt; doubles up to `REPROBE_MAX`.
pub const REPROBE_FIRST: Duration = Duration::from_micros(40);
pub const REPROBE_MAX: Duration = Duration::from_millis(500);
/// Silence after which a running turn is checked for "the tool waits for input nobody recognises"; doubles up to `REPROBE_MAX`.
pub const AWAITING_FIRST: Duration = Duration::from_millis(25);
/// How long that must hold, without a byte printed, to be believed.
pub const AWAITING_HOLDS: Duration = Duration::from_millis(120);
/// How long an echo may take before Enter is sent without it.
pub const ECHO_WITHIN: Duration = Duration::from_millis(400);
/// A synchronized frame (mode 2026) that does not end is ignored after this.
pub const SYNC_FRAME: Duration = Duration::from_millis(150);
/// A ready tool that shows nothing the protocol knows for this long is `unknown`.
pub const DRIFT_AFTER: Duration = Duration::from_secs(5);
/// Repeats of Enter (never of text) when a turn does not start.
pub const ENTER_REPEATS: u8 = 2;
