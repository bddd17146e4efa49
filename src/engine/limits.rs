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
/// Bytes of one message of a side channel; a longer one is dropped. While it is read it is held about three times: as bytes, as JSON, as text.
pub const MESSAGE_BYTES: usize = 32 << 20;
/// Messages taken from an inbox in one look, and texts of one turn that are joined; what is beyond is dropped.
pub const MESSAGES: usize = 256;
/// Folder entries looked at in one search for transcripts.
pub const TRANSCRIPT_ENTRIES: usize = 20_000;
/// How often a transcript is read while the end of a turn waits for its text.
pub const TRANSCRIPT_AGAIN: Duration = Duration::from_millis(20);

/// First wait before the tty is looked at again when the screen already shows a prompt; doubles up to `REPROBE_MAX`.
pub const REPROBE_FIRST: Duration = Duration::from_micros(40);
pub const REPROBE_MAX: Duration = Duration::from_millis(500);
/// Silence after which a running turn is checked for "the tool waits for input nobody recognises"; doubles up to `REPROBE_MAX`.
pub const AWAITING_FIRST: Duration = Duration::from_millis(25);
/// How long that must hold, without a byte printed, to be believed.
pub const AWAITING_HOLDS: Duration = Duration::from_millis(120);
/// The same for a program inside the tool that holds the tty raw: it may only be slow, so silence has to last longer.
pub const NESTED_HOLDS: Duration = Duration::from_millis(1500);
/// How long an echo may take before Enter is sent without it.
pub const ECHO_WITHIN: Duration = Duration::from_millis(400);
/// A synchronized frame (mode 2026) that does not end is ignored after this.
pub const SYNC_FRAME: Duration = Duration::from_millis(150);
/// A first ready that the protocol wants quiet is taken as it is when it never rests for this long.
pub const READY_QUIET_AT_MOST: Duration = Duration::from_secs(5);
/// An interrupted turn in which nothing busy was ever seen is over after this much silence.
pub const INTERRUPTED_UNSEEN: Duration = Duration::from_secs(1);
/// Times that a draft is emptied before it is given up, and the time between two.
pub const DISCARD_TRIES: u8 = 3;
pub const DISCARD_EVERY: Duration = Duration::from_millis(500);
/// Rows of history above the screen in which a tool that has ended may have said how it is resumed.
pub const RESUME_HINT_ROWS: u64 = 100;
/// A tool whose protocol knows what busy looks like, and that shows nothing the protocol knows for this long, is `unknown`.
pub const DRIFT_AFTER: Duration = Duration::from_secs(5);
/// How long a dialog must stand unchanged to be believed: it may be painted in pieces.
pub const DIALOG_HOLDS: Duration = Duration::from_millis(60);
/// How long a tool that says that it asks may take to paint what.
pub const DIALOG_PAINTED_WITHIN: Duration = Duration::from_millis(500);
/// How long a dialog that was answered may stay on the screen unchanged before it counts as asked again. A heavy tool on a busy machine was seen to
/// need more than two seconds; a second answer could go to its next dialog.
pub const ANSWER_TAKEN_WITHIN: Duration = Duration::from_secs(6);
/// How long a menu may take to show what a key did, before the key is repeated or the answer given up.
pub const MENU_KEY_WITHIN: Duration = Duration::from_secs(1);
/// How long the highlight must stand on a label before it is accepted.
pub const MENU_HOLDS: Duration = Duration::from_millis(30);
/// The same after a key whose movement was not seen: it may only be late.
pub const MENU_DOUBT: Duration = Duration::from_secs(2);
/// Answers that a policy gives within one turn.
pub const AUTO_ANSWERS: usize = 256;
/// Repeats of Enter (never of text) when a turn does not start.
pub const ENTER_REPEATS: u8 = 2;
/// A tool that paints without a pause gets Enter after this many looks at its terminal that found more.
pub const LOOKS_BEFORE_ENTER: u8 = 8;
// The terminal (`engine::term`). Worst case of one terminal: two screens of MAX_SIDE_CELLS squared cells (64 MB, only when
// somebody asks for that size; 120x40 is 77 kB), history as `TermConfig` bounds it, and about 18 MB of tables and queues.

/// Columns or rows of a terminal. A cell is 8 bytes: 2,000 x 2,000 is 32 MB per screen.
pub const MAX_SIDE_CELLS: u16 = 2_000;
/// Lines of history kept when nothing pins them.
pub const HISTORY_LINES: usize = 10_000;
/// Bytes of history kept when nothing pins them.
pub const HISTORY_BYTES: usize = 8 << 20;
/// Bytes of history kept for an open turn.
pub const PINNED_HISTORY_BYTES: usize = 64 << 20;
/// Text bytes after which a page of history is closed; a page is freed as a whole.
pub const HISTORY_PAGE_BYTES: usize = 64 << 10;
/// Payload bytes of an OSC, DCS, APC, PM or SOS string; a longer one is dropped whole.
pub const MAX_STRING_BYTES: usize = 64 << 10;
/// Bytes of one grapheme cluster; code points beyond are dropped.
pub const MAX_CLUSTER_BYTES: usize = 64;
/// Clusters in the side table before the first collection.
pub const MIN_CLUSTERS_BEFORE_COLLECTION: usize = 256;
/// Distinct styles at a time; beyond, colours are rounded to the palette. 65,535 of all kinds are 1.6 MB.
pub const MAX_STYLES: usize = 49_152;
/// Styles with rounded colours beyond these; then only attributes are kept, whose 3,072 combinations still fit.
pub const PALETTE_STYLES: usize = 12_288;
/// Styles before the first collection of unused ones.
pub const MIN_STYLES_BEFORE_COLLECTION: usize = 1_024;
/// Refused styles between two attempts to free some; an attempt walks the history.
pub const STYLE_REFUSALS_PER_COLLECTION: u32 = 65_536;
/// Distinct targets of links (OSC 8) at a time; the text of a link beyond is printed without. 4,096 of the longest are 8.5 MB.
pub const MAX_LINKS: usize = 4_096;
/// Bytes of a link's target; a longer one is no link. What VTE takes.
pub const MAX_LINK_BYTES: usize = 2_083;
/// Links before the first collection of unused ones.
pub const MIN_LINKS_BEFORE_COLLECTION: usize = 256;
/// Refused links between two attempts to free some; an attempt walks the history.
pub const LINK_REFUSALS_PER_COLLECTION: usize = 4_096;
/// Events waiting for `poll_event`; beyond, new ones are dropped and counted.
pub const MAX_QUEUED_EVENTS: usize = 16_384;
/// Of these, how many may be of kinds that framing does not need (bells, links, unknown sequences).
pub const MAX_QUEUED_MINOR_EVENTS: usize = 4_096;
/// Text bytes of all waiting events together.
pub const MAX_QUEUED_EVENT_BYTES: usize = 4 << 20;
/// Answers waiting for `take_replies`; a query that would exceed it stays unanswered.
pub const MAX_REPLY_BYTES: usize = 64 << 10;
/// Bytes of an unknown sequence that its event shows.
pub const MAX_UNKNOWN_BYTES: usize = 80;
/// Titles remembered by XTWINOPS 22.
pub const MAX_TITLE_STACK: usize = 8;
/// Keyboard flag sets remembered by the kitty protocol's push.
pub const MAX_KEYBOARD_STACK: usize = 16;
/// Names answered in one XTGETTCAP.
pub const MAX_TERMINFO_NAMES: usize = 64;

// Clusters: `engine::supervise`, `engine::health`.

/// Instances of one cluster. The supervisor keeps less than 1 kB of each.
pub const INSTANCES: usize = 1_000;
/// A deadline looked at this much later than promised was slept through: the machine was suspended, or the driver stopped.
pub const PAUSED_AFTER: Duration = Duration::from_secs(2);
/// How often one wait that was slept through gets its time once more.
pub const PAUSES_FORGIVEN: u8 = 3;

// Clusters: `engine::route`, `engine::pool`.

/// How often a prompt that may be retried is tried again when it ended behind a question that no state of its protocol knows.
pub const UNRECOGNISED_RETRIES: u32 = 2;
/// How long a sticky key waits for its home to come back before it goes elsewhere.
pub const ROUTE_KEY_WAIT: Duration = Duration::from_secs(60);
/// Turns that an instance which was away may catch up with, in round-robin.
pub const ROUTE_CATCH_UP_TURNS: u32 = 32;
/// Turns that one instance may be ahead of another that is busy, in round-robin.
pub const ROUTE_LEAD_TURNS: u32 = 4;
/// A turn that takes so many times what its instance's turns take is not waited for,
pub const ROUTE_STRAGGLER_TIMES: u32 = 4;
/// but for at least so long.
pub const ROUTE_STRAGGLER_AFTER: Duration = Duration::from_millis(500);
/// An instance that is being started again is waited for at most so long, in round-robin, and not at all where that usually takes longer.
pub const ROUTE_ABSENCE_MOST: Duration = Duration::from_secs(5);
/// What an instance's mean turn time says is halved after so long without a turn.
pub const LATENCY_HALF_LIFE: Duration = Duration::from_secs(10);
/// A new turn time counts for at least one part of so many.
pub const LATENCY_SAMPLE_WEIGHT_LEAST: u64 = 4;
/// A turn without an answer counts as one that took at least this long.
pub const ROUTE_FAILED_TURN_COUNTS_AS: Duration = Duration::from_secs(10);
/// Retries per hundred accepted prompts, in the long run.
pub const RETRY_SHARE_PERCENT: u32 = 20;
/// One more retry each so often.
pub const RETRY_TRICKLE: Duration = Duration::from_secs(6);
/// Retries that can be saved up.
pub const RETRY_SAVED: u32 = 100;
/// Tickets that wait for an instance at most. The pool keeps under 200 bytes of each; their prompts are kept elsewhere.
pub const POOL_QUEUE_TICKETS: usize = 1_024;
/// A waiting ticket's priority rises by one each so often.
pub const POOL_AGEING: Duration = Duration::from_secs(5);
/// What a refused caller is told when no lease has ended yet, and the bounds of what it is told later.
pub const RETRY_AFTER_UNKNOWN: Duration = Duration::from_secs(1);
pub const RETRY_AFTER_LEAST: Duration = Duration::from_millis(10);
pub const RETRY_AFTER_MOST: Duration = Duration::from_secs(60);

// Clusters: `engine::cluster`.

/// An instance that has reached its usage limit is tried again after this, where nobody knows when the limit ends.
pub const USAGE_LIMIT_PAUSE: Duration = Duration::from_secs(15 * 60);
/// Answers of a cluster that nobody has read yet; at 50 MB each the worst case is a caller's own doing, ordinary ones are kilobytes.
pub const CLUSTER_UNREAD_ANSWERS: usize = 4096;

// Waits for output: `engine::expect`.

/// Text that nobody has matched yet, in bytes; when it is full the older half is dropped and told. Memory is used only as text comes.
pub const EXPECT_KEEP_BYTES: usize = 64 << 20;
/// How long a wait takes unless it says otherwise.
pub const EXPECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Silence that settles a match that could still grow, where the platform cannot tell what the tool waits in.
pub const EXPECT_SETTLE: Duration = Duration::from_millis(250);
/// With first-listed precedence: bytes behind the first complete match within which a pattern listed earlier may still come.
pub const EXPECT_LISTED_BYTES: u64 = 4096;
/// Text of a background pattern's match and of what came before it, in bytes.
pub const EXPECT_BACKGROUND_BYTES: usize = 64 << 10;
/// What is told of the text behind a match.
pub const EXPECT_AFTER_BYTES: usize = 4 << 10;
/// How much of the newest unmatched text is searched for what came near, when a wait fails.
pub const EXPECT_NEAR_BYTES: usize = 64 << 10;
/// Lines of unmatched text in the report of a failure.
pub const EXPECT_LAST_LINES: usize = 20;
/// Memory of one compiled set of patterns: the automaton as built, and the states of it that are kept while it runs.
pub const EXPECT_PATTERN_BYTES: usize = 10 << 20;
pub const EXPECT_STATES_BYTES: usize = 2 << 20;
/// Bytes of one escape string (OSC, DCS, …) that are skipped before it counts as never ended.
pub const EXPECT_STRING_BYTES: usize = 1 << 20;
// Expect-style automation.

/// A line that a terminal edits itself (ICANON) holds so many bytes, Enter not counted; Linux drops the rest without a word.
pub const COOKED_LINE_BYTES: usize = 4095;
/// Bytes that wait to be typed because the tool does not read.
pub const PENDING_INPUT_BYTES: usize = 64 << 20;
