//! What a protocol file means: validated, compiled, with every default filled in.

use std::time::Duration;

use regex::Regex;

pub use super::keys::{Keys, Stroke};
pub use super::layout::{Layout, Markdown, StyleWanted};
pub use super::pointer::Pointer;

/// A regex as written, compiled. Equality and `Debug` are those of the source.
#[derive(Clone)]
pub struct Pattern(pub Regex);

impl Pattern {
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}/", self.0.as_str())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// One tool, taught.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Lower-case word by which people call the tool: `python`.
    pub name: String,
    /// One line for lists.
    pub title: String,
    /// Version of the protocol file itself, told in each response.
    pub version: String,
    /// Versions of the tool this file was proven on; empty: none.
    pub tested: Vec<String>,
    /// Why nobody has proven it on the real tool.
    pub unproven: Option<String>,
    /// How to ask the tool for its version.
    pub tool_version: Option<ToolVersion>,
    pub spawn: Spawn,
    /// Evaluated in order; the first whose conditions all hold names the state.
    pub rules: Vec<Rule>,
    pub submit: Submit,
    pub response: ResponseRules,
    pub outcome: OutcomeRules,
    pub interrupt: Interrupt,
    /// Empties a half-typed line without ending anything: `^A^K`. Empty: not possible.
    pub discard: Keys,
    pub exit: Exit,
    pub resume: Option<Resume>,
    pub settle: Settle,
    /// In order of preference.
    pub channels: Vec<Channel>,
    pub nested: Vec<Nested>,
    pub shared: Shared,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ToolVersion {
    /// Program and arguments; `{program}` stands for the program that will be started.
    pub command: Vec<String>,
    /// Group 1 (or `version`) of the first match in its output.
    pub pattern: Pattern,
}

/// How a conversation of the tool goes on in a new process.
#[derive(Clone, Debug, PartialEq)]
pub struct Resume {
    /// Added to the command's arguments; `{session}` stands for the tool's own id of the conversation.
    pub args: Vec<String>,
    /// Over what the tool left behind when it ended: group `session`.
    pub pattern: Option<Pattern>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Spawn {
    /// Programs to look for, first found wins: `["python3", "python"]`.
    pub programs: Vec<String>,
    pub args: Vec<String>,
    /// Set on top of the clean environment. `{files}` stands for the folder of `files`.
    pub env: Vec<(String, String)>,
    /// Names taken from the caller's environment in addition to the common allow-list.
    pub pass_env: Vec<String>,
    pub cols: u16,
    pub rows: u16,
    /// Side files written into a private throw-away folder: name, contents.
    pub files: Vec<(String, String)>,
    /// Clears ECHO on the pty before the tool starts.
    pub echo_off: bool,
    /// Prompts submitted silently after the first ready; their responses are not reported unless they fail.
    pub init: Vec<String>,
    /// How long until the first ready.
    pub ready_within: Duration,
    /// Silence that the first ready also needs.
    pub ready_quiet: Duration,
    /// Answer the tool's terminal queries.
    pub answer_queries: bool,
}

/// One state the tool can be in, and how it is recognised.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub name: String,
    pub kind: Kind,
    pub when: Conditions,
    /// Question text, when it is not simply the cursor line: group `question` (or the whole match) over the visible screen.
    pub question: Option<Pattern>,
    /// Choices of a question, by label.
    pub choices: Vec<Choice>,
    /// Finds further choices on the screen, behind the question: groups `label`, `send` (or `key`), `marker`.
    pub choice_pattern: Option<Pattern>,
    /// Its choices are taken by moving a highlight.
    pub menu: Option<Menu>,
    /// Typed behind what a choice found by `choice_pattern` sends.
    pub accept: Option<Keys>,
    /// Refuses what is asked; for a policy.
    pub deny: Option<Keys>,
    /// Over labels: the choice that allows what is asked this once; for a policy.
    pub allow: Option<Pattern>,
    /// Sent by itself, without asking: a pager's "next page", a start-up notice's "continue".
    pub auto: Option<Keys>,
    /// For pagers: what quits it (interrupt uses it).
    pub quit: Option<Keys>,
    /// Of a draft: the tool has refused it, and the turn is over.
    pub ends_turn: bool,
    /// Why it asks: the capture `reason`.
    pub reason: Option<Reason>,
    /// Line in the protocol file, for `explain`.
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub label: String,
    pub send: Keys,
}

/// How a highlight is moved, seen and accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Menu {
    pub previous: Keys,
    pub next: Keys,
    pub accept: Keys,
    /// `None`: the highlighted choice has a `marker` that is not blank.
    pub style: Option<MarkerStyle>,
}

/// How the label of the highlighted choice looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerStyle {
    Reverse,
    Bold,
    Underline,
    /// A background that no other choice has; of two, the one that is rarer on the screen.
    Background,
}

impl MarkerStyle {
    pub const fn as_str(self) -> &'static str {
        match self {
            MarkerStyle::Reverse => "reverse",
            MarkerStyle::Bold => "bold",
            MarkerStyle::Underline => "underline",
            MarkerStyle::Background => "background",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Accepts the next prompt.
    Ready,
    /// Wants the rest of an unfinished input.
    Continuation,
    Busy,
    /// Typed text stands unsent in the composer: neither ready nor busy.
    Draft,
    /// Wants a decision; prompts are refused.
    Blocked(BlockKind),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockKind {
    /// A question with free text for an answer.
    Question,
    /// A question with choices.
    Confirm,
    /// Wants a secret: what is typed is not shown.
    Secret,
    Pager,
    /// A full-screen program has the terminal.
    Fullscreen,
    /// Another interactive program runs inside the tool.
    Subprompt,
    /// Asks for leave to act; the only kind that a policy answers.
    Permission,
    /// Wants a person to sign in.
    Login,
}

impl BlockKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            BlockKind::Question => "question",
            BlockKind::Confirm => "confirm",
            BlockKind::Secret => "secret",
            BlockKind::Pager => "pager",
            BlockKind::Fullscreen => "fullscreen",
            BlockKind::Subprompt => "subprompt",
            BlockKind::Permission => "permission",
            BlockKind::Login => "login",
        }
    }
}

/// All that are given must hold. Absent ones are not looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    /// Over the text left of the cursor on the emulated screen (soft wraps joined). Once the tool has marked where its prompt
    /// starts on that line (OSC 133 A, or the mode edge in `prompt_after_mode`), over the text from there on.
    pub cursor_line: Option<Pattern>,
    /// Over the rows directly above the cursor's logical line, joined by newlines.
    pub lines_above: Option<Pattern>,
    /// Over the whole visible screen, rows joined by newlines.
    pub screen: Option<Pattern>,
    /// Over the window title (OSC 0/2).
    pub title: Option<Pattern>,
    /// DEC private modes and whether each is set.
    pub modes: Vec<(u16, bool)>,
    pub tty: TtyWanted,
    pub waiting: Option<WaitingWanted>,
    /// Name the owner of the terminal: the tool itself or a program it runs.
    pub foreground: Option<ForegroundWanted>,
    /// Over the name of the program that the tool runs in the foreground; never holds while the tool itself owns the terminal.
    pub process: Option<Pattern>,
    pub prompt_mark: MarkWanted,
    /// The last OSC 133 mark, whatever the row.
    pub last_mark: Option<MarkKind>,
    /// Over the last OSC 7501 program status, `msg=` and `title=` decoded.
    pub status: Option<Pattern>,
    /// Over "title: body" of the notifications since the prompt was submitted.
    pub notification: Option<Pattern>,
    /// OSC 9;4 state.
    pub progress: Option<u8>,
    pub cursor_visible: Option<bool>,
    /// Name of a hook channel on which a message has come since Enter.
    pub said: Option<String>,
    /// The state "busy" must have been seen (by rule or by tty) since the prompt was submitted. Without a turn it holds.
    pub after_busy: bool,
    /// With `after_busy`: this much silence counts as well in a turn in which busy was never seen.
    pub after_busy_unless_quiet: Option<Duration>,
    /// Named groups of `cursor_line` that keep the value they had at the first ready: a prompt that only the start-up file can draw.
    pub constant: Vec<String>,
    /// Nothing printed for this long. Only where nothing else exists.
    pub quiet: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TtyWanted {
    #[default]
    Any,
    /// ECHO and ICANON as they were at the first ready: right for line editors and cooked tools alike.
    AsFirstReady,
    /// Named flags; `None` is any.
    Flags {
        echo: Option<bool>,
        canonical: Option<bool>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingWanted {
    /// Blocked in something that a key press ends: poll/select on a raw tty, `read` of the tty on a cooked one.
    Input,
    /// Blocked in `read` of the tty.
    Read,
    /// Not waiting for the terminal.
    No,
}

impl WaitingWanted {
    pub const fn as_str(self) -> &'static str {
        match self {
            WaitingWanted::Input => "input",
            WaitingWanted::Read => "read",
            WaitingWanted::No => "nothing",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForegroundWanted {
    Tool,
    Other,
}

impl ForegroundWanted {
    pub const fn as_str(self) -> &'static str {
        match self {
            ForegroundWanted::Tool => "tool",
            ForegroundWanted::Other => "other",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarkWanted {
    /// Not looked at.
    #[default]
    Any,
    /// Once the tool has ever marked a prompt (OSC 133 A), each later prompt must be marked on the cursor's line.
    IfUsed,
    Required,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    Prompt,
    Input,
    Output,
    Done,
}

impl MarkKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            MarkKind::Prompt => "prompt",
            MarkKind::Input => "input",
            MarkKind::Output => "output",
            MarkKind::Done => "done",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Submit {
    /// What accepts a line: `\r`.
    pub enter: Vec<u8>,
    /// Enter is its own write, after the echo has been seen. Full-screen tools need it; line editors read both at once.
    pub enter_apart: bool,
    /// Least time between the text and that Enter.
    pub enter_gap: Duration,
    /// How long the echo may take before Enter is sent without it.
    pub echo_within: Duration,
    /// What the composer shows instead of a pasted text.
    pub placeholders: Vec<Pattern>,
    /// How a prompt of one line is typed.
    pub one_line: OneLine,
    /// For prompts of several lines; the first usable one is taken.
    pub block: Vec<Method>,
    /// Appended when the prompt does not end with it: `;`.
    pub terminator: Option<String>,
    /// Longest line on a canonical (cooked) tty, in bytes; Linux drops what follows byte 4,095.
    pub max_cooked_line_bytes: usize,
    /// Longest line the tool itself takes, in bytes.
    pub max_line_bytes: Option<usize>,
    /// Characters refused in addition to control characters.
    pub forbid: Vec<char>,
    /// Prompts that are refused, with the reason told: a pattern and what to do instead.
    pub refuse: Vec<(Pattern, String)>,
    /// A blank line ends a block that ends indented (Python): an extra Enter is sent after the last line when the tool shows a continuation.
    pub finish_block: u8,
    /// How long the tool may take to read what was typed.
    pub write_within: Duration,
    /// How long after Enter the turn may take to start before Enter (never the text) is repeated; `None`: never repeated.
    pub start_within: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneLine {
    Type,
    /// Bracketed paste while mode 2004 is set, else typed.
    Paste,
    /// Typed where it is all ASCII, else by the encoded method of `block`: for a line editor that garbles other text.
    TypeAscii,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// Bracketed paste; usable while mode 2004 is set. Up to `extra_enters` more Enters are sent while the tool shows a continuation.
    Paste { extra_enters: u8 },
    /// Line by line, waiting for continuation or ready after each.
    Lines,
    /// Line by line between two lines: `:{` and `:}`.
    Wrap { open: String, close: String },
    /// As one line: `{text}` in the template is replaced by the prompt in this encoding. For tools that cannot take a block as typed.
    Encoded { template: String, encoding: Encoding },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Standard alphabet with padding, of the UTF-8 bytes.
    Base64,
    /// A double-quoted JSON string, non-ASCII as `\u` escapes: a string literal in many languages.
    Json,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ResponseRules {
    pub start: OutputStart,
    /// Cut from the head, repeatedly, while one matches at the start.
    pub trim_head: Vec<Pattern>,
    /// Cut from the tail, repeatedly, while one matches at the end.
    pub trim_tail: Vec<Pattern>,
    /// Blanks up to the edge of the screen are the tool's, not the text's.
    pub padded: bool,
    /// Lines removed wherever they stand.
    pub drop_lines: Vec<Pattern>,
    /// Over the text: named groups become captures.
    pub captures: Vec<Pattern>,
    /// The prompt starts where this mode was last set or reset, when that is on the cursor's line: (2004, true).
    pub prompt_after_mode: Option<(u16, bool)>,
    /// Rows above the prompt that belong to it (a two-line prompt, aider's file list).
    pub prompt_rows_above: Option<Pattern>,
    /// The application lays its text out itself: where on the screen it stands and how it is read.
    pub layout: Option<Layout>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStart {
    /// OSC 133 C, else mode 2004 reset, else behind the echo, else the row after Enter.
    Auto,
    /// The row after the one where Enter was sent.
    NextRow,
    /// Behind the echo of what was typed.
    Echo,
    /// Where typing began: the tool echoes nothing.
    Here,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeRules {
    pub errors: Vec<ErrorRule>,
    /// Take the exit status from OSC 133 D; non-zero is an error.
    pub exit_status_from_mark: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ErrorRule {
    /// Over the text.
    pub pattern: Option<Pattern>,
    /// Over the visible screen at the end.
    pub screen: Option<Pattern>,
    /// Over the last program status.
    pub status: Option<Pattern>,
    /// Over the error that a channel has told.
    pub told: Option<Pattern>,
    pub severity: Severity,
    /// Not an error when this matches later in the text.
    pub unless: Option<Pattern>,
    /// The capture `reason`: a stable word.
    pub reason: Option<Reason>,
}

/// Kinds of errors, and of dialogs that stand in for one, that callers act on differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    UsageLimit,
    NotLoggedIn,
    Overloaded,
    ApiError,
    Connection,
    ContextFull,
}

impl Reason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::UsageLimit => "usage_limit",
            Reason::NotLoggedIn => "not_logged_in",
            Reason::Overloaded => "overloaded",
            Reason::ApiError => "api_error",
            Reason::Connection => "connection",
            Reason::ContextFull => "context_full",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Interrupt {
    /// Keys typed: `^C`. Empty: only the signal is used.
    pub send: Keys,
    /// What the same bytes do at an idle prompt.
    pub when_idle: IdleInterrupt,
    /// Ends the tool even while busy (php, tclsh): interrupt is then refused unless forced.
    pub lethal: bool,
    /// Over the visible screen: where it matches, the tool takes the interrupt and lives, although `lethal`.
    pub lethal_unless: Option<Pattern>,
    /// Text that shows it was taken.
    pub ack: Option<Pattern>,
    /// Never twice within this time (aider and node exit).
    pub min_interval: Duration,
    /// How long until SIGINT is sent to the foreground group instead.
    pub signal_after: Duration,
    /// Whether signals follow the keys at all.
    pub signal: bool,
    /// When the keys are sent once more to a tool that is still busy.
    pub again_after: Option<Duration>,
    /// Sent after the prompt is back, to have an empty line.
    pub then: Keys,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleInterrupt {
    Harmless,
    /// Ends the tool: never sent at an idle prompt.
    Lethal,
    /// No fresh prompt follows (sqlite3).
    NoPrompt,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Exit {
    /// Typed at a ready prompt to leave: `exit()\r`.
    pub send: Keys,
    /// Questions asked on the way out and their answers.
    pub confirm: Vec<(Pattern, Keys)>,
    /// How long until the stop ladder goes on.
    pub within: Duration,
}

/// The last paint may follow the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settle {
    /// Silence after the evidence.
    pub quiet: Option<Duration>,
    /// The end of a synchronized frame (mode 2026) that follows the evidence, waited for at most this long.
    pub frame: Option<Duration>,
    /// No longer than this after the evidence, whatever still moves.
    pub at_most: Duration,
}

/// A side channel: how the tool says things outside its terminal, and what of a message is of use.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    pub name: String,
    pub kind: ChannelKind,
    /// The exact text of the answer.
    pub text: Option<Pointer>,
    /// What went wrong: the turn has failed.
    pub error: Option<Pointer>,
    /// The prompt that the message answers: one for another prompt is left out.
    pub prompt: Option<Pointer>,
    /// The message's own name: a later one of the same name takes its place.
    pub id: Option<Pointer>,
    /// The tool's own name for its session.
    pub session: Option<Pointer>,
    /// All must hold, or the message is left out.
    pub conditions: Vec<(Pointer, Pattern)>,
    pub captures: Vec<(String, Pointer)>,
    pub join: Join,
    /// How long after the evidence the text is waited for.
    pub within: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// The tool runs `{hook} NAME` with the message.
    Hook,
    /// The tool appends to a file.
    Transcript {
        file: TranscriptFile,
        /// Each file is one message, whole, instead of a message a line.
        document: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TranscriptFile {
    /// A glob with placeholders.
    Glob(String),
    /// Told by the messages of another channel.
    Told { channel: String, at: Pointer },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    Last,
    /// All of the turn, a blank line between each.
    All,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Nested {
    /// Over the name of the foreground process.
    pub process: Pattern,
    /// The protocol that knows it.
    pub protocol: String,
}

/// What instances of the tool share or weigh; read by pools and doctor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shared {
    pub locks: Vec<String>,
    pub memory_mb: Option<u32>,
    pub warm_up: Option<Duration>,
}

impl Spec {
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.name == name)
    }
}
