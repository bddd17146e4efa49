//! The protocol file as people write it. What each field means once defaults are filled in is `spec.rs`; the teaching is
//! `docs/protocols.md`. The doc comments here are what an editor shows on hover.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A protocol file: what ptych knows of one interactive tool.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Lower-case word by which people call the tool.
    pub name: String,
    /// One line for lists.
    pub title: Option<String>,
    /// Version of this file, told in each response. Default "1".
    pub version: Option<String>,
    /// Versions of the tool that this file was proven on.
    #[serde(default)]
    pub tested: Vec<String>,
    /// Why nobody has proven the file on the real tool; shown wherever the protocol is listed.
    pub unproven: Option<String>,
    /// Program and arguments. The program is looked up in PATH.
    #[serde(default)]
    pub command: Vec<String>,
    /// Other names of the program, tried in order after the first word of `command`.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Short for a state of kind `ready`: regex over the text left of the cursor.
    pub prompt: Option<String>,
    /// Short for a state of kind `continuation`.
    pub continuation: Option<String>,
    /// How to leave: what is typed at a ready prompt (Enter is added), or a table.
    pub exit: Option<Exit>,
    /// How to leave and come back to the same conversation.
    pub resume: Option<Resume>,
    /// Keys that empty a half-typed line. Default `<ctrl-a><ctrl-k>`.
    pub discard: Option<String>,
    /// Files whose states are tried after this file's own. Default `["common"]`; `[]` for none.
    pub include: Option<Vec<String>>,
    #[serde(default)]
    pub spawn: Spawn,
    /// How to ask the tool for its version.
    pub tool_version: Option<ToolVersion>,
    /// States, tried in order; the first whose conditions all hold is the state.
    #[serde(default, rename = "state")]
    pub states: Vec<State>,
    #[serde(default)]
    pub submit: Submit,
    #[serde(default)]
    pub response: Response,
    #[serde(default)]
    pub outcome: OutcomeTable,
    #[serde(default)]
    pub interrupt: Interrupt,
    /// The last paint may follow the evidence.
    pub settle: Option<Settle>,
    /// Side channels on which the tool says its answers exactly.
    #[serde(default, rename = "channel")]
    pub channels: Vec<Channel>,
    /// Interactive programs that may run inside the tool.
    #[serde(default)]
    pub nested: Vec<Nested>,
    /// What instances share or weigh.
    #[serde(default)]
    pub shared: Shared,
    /// Changes for some versions of the tool.
    #[serde(default)]
    pub versions: Vec<Override>,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Exit {
    /// What is typed, Enter added.
    Typed(String),
    Table(ExitTable),
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExitTable {
    /// Keys, as they are.
    pub send: String,
    /// Questions asked on the way out and their answers.
    #[serde(default)]
    pub confirm: Vec<Confirm>,
    /// How long until the stop ladder goes on. Default "2s".
    pub within: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Regex over the cursor's line.
    pub question: String,
    /// Keys that answer it.
    pub send: String,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// Arguments added to the command; `{session}` is the tool's own id of the conversation.
    pub args: Vec<String>,
    /// Regex over the last rows that the tool left behind when it ended; group `session` is the id.
    pub pattern: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spawn {
    /// Set on top of the clean environment; `{files}` is the folder of `files`, `{hook}` the program of hook channels, `{home}` the tool's
    /// home, `{cwd}` its working directory.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Names taken from the caller's environment in addition to the common allow-list.
    #[serde(default)]
    pub pass_env: Vec<String>,
    /// Terminal width in cells. Default 120.
    pub cols: Option<u16>,
    /// Terminal height in cells. Default 40.
    pub rows: Option<u16>,
    /// Side files, written into a private throw-away folder: name and contents, in which `{files}`, `{hook}`, `{home}` and `{cwd}` are
    /// filled in.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Clear ECHO on the pty before the tool starts.
    #[serde(default)]
    pub echo_off: bool,
    /// Prompts submitted silently after the first ready.
    #[serde(default)]
    pub init: Vec<String>,
    /// How long until the first ready. Default "30s".
    pub ready_within: Option<String>,
    /// Silence that the first ready also needs. Default: none.
    pub ready_quiet: Option<String>,
    /// Answer the tool's terminal queries. Default true.
    pub answer_queries: Option<bool>,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolVersion {
    /// Program and arguments; `{program}` is the program that would be started.
    pub command: Vec<String>,
    /// Regex over its output; group 1, or the group `version`, is the version.
    pub pattern: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Accepts the next prompt.
    Ready,
    /// Wants the rest of an unfinished input.
    Continuation,
    /// Works.
    Busy,
    /// Typed text stands unsent in the tool's composer.
    Draft,
    /// Asks a question with free text for an answer.
    Question,
    /// Asks a question with choices.
    Confirm,
    /// Wants a secret.
    Secret,
    /// Shows text page by page.
    Pager,
    /// A full-screen program has the terminal.
    Fullscreen,
    /// Another interactive program runs inside the tool.
    Subprompt,
    /// Asks for leave to act; a policy may answer it.
    Permission,
    /// Wants a person to sign in.
    Login,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Told in evidence and by `explain`.
    pub name: String,
    pub kind: Kind,
    /// Regex over the text left of the cursor, soft wraps joined; from the tool's own prompt mark on, where it made one.
    pub cursor_line: Option<String>,
    /// Regex over the rows above the cursor's line, joined by newlines.
    pub lines_above: Option<String>,
    /// Regex over the visible screen, rows joined by newlines.
    pub screen: Option<String>,
    /// Regex over the window title.
    pub title: Option<String>,
    /// Terminal modes and whether each is set: a name (bracketed_paste, alternate_screen, application_cursor, focus, synchronized) or a
    /// DEC private mode's number.
    #[serde(default)]
    pub modes: BTreeMap<String, bool>,
    /// ECHO and ICANON. Default for ready and continuation: as_first_ready; for others: any.
    pub tty: Option<Tty>,
    /// What the foreground process waits in. Default for ready and continuation: input; for others: any.
    pub waiting: Option<Waiting>,
    /// Who owns the terminal. Default for ready and continuation: tool; for others: any.
    pub foreground: Option<Foreground>,
    /// Regex over the name of the program that the tool runs in the foreground: the one that reads the terminal, else the group's leader.
    pub process: Option<String>,
    /// OSC 133 A on the cursor's line. Default for ready: if_used; for others: any.
    pub prompt_mark: Option<PromptMark>,
    /// The last OSC 133 mark.
    pub last_mark: Option<Mark>,
    /// Regex over the last program status (OSC 7501), with `msg=` and `title=` decoded in place.
    pub status: Option<String>,
    /// Regex over "title: body" of a notification since the prompt was submitted.
    pub notification: Option<String>,
    /// State of the last OSC 9;4: 0 none, 1 normal, 2 error, 3 indeterminate, 4 paused.
    pub progress: Option<u8>,
    pub cursor_visible: Option<bool>,
    /// A message of this hook channel has come since the prompt was submitted.
    pub said: Option<String>,
    /// The state busy must have been seen since the prompt was submitted. Without a turn it holds.
    #[serde(default)]
    pub after_busy: bool,
    /// A turn in which busy was never seen counts as over after this silence.
    pub after_busy_unless_quiet: Option<String>,
    /// Named groups of `cursor_line` that must keep the value they had at the first ready.
    #[serde(default)]
    pub constant: Vec<String>,
    /// Nothing printed for this long. Only where nothing else exists.
    pub quiet: Option<String>,
    /// Regex over the screen: the question's text (group `question`, else the whole match). Default: the cursor's line.
    pub question: Option<String>,
    /// What may be answered, by label; with `move`, keys for labels of the menu that the highlight does not take.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// Regex over the screen, behind the question, that finds further choices: groups `label`, and `send` or (with `move`) `marker`.
    pub choice_pattern: Option<String>,
    /// Keys that move the highlight to the choice before and to the next one: `["<up>", "<down>"]`.
    #[serde(rename = "move")]
    pub moves: Option<Vec<String>>,
    /// Keys that take the highlighted choice, only sent when the screen shows that it is the wanted one; without `move`: typed behind
    /// what a choice of `choice_pattern` sends.
    pub accept: Option<String>,
    /// How the highlighted choice looks, where no `marker` stands before it.
    pub marker_style: Option<MarkerStyle>,
    /// Keys that refuse what is asked, for a policy: `<esc>`.
    pub deny: Option<String>,
    /// Regex over the labels: the choice that allows what is asked this once, for a policy.
    pub allow: Option<String>,
    /// Keys sent without asking.
    pub auto: Option<String>,
    /// Keys that leave it; interrupt uses them.
    pub quit: Option<String>,
    /// The tool has refused what stands in the composer: the turn is over, and the composer is emptied.
    #[serde(default)]
    pub ends_turn: bool,
    /// Why the tool asks, where that is no decision about its work: the capture `reason`.
    pub reason: Option<Reason>,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub label: String,
    /// Keys, as they are.
    pub send: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarkerStyle {
    /// Foreground and background are swapped.
    Reverse,
    Bold,
    Underline,
    /// A background that no other choice has; of two, the one that is rarer on the screen.
    Background,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tty {
    Any,
    /// As they were at the first ready.
    AsFirstReady,
    /// A line editor reads: ECHO off.
    Raw,
    /// The kernel edits: ECHO and ICANON on.
    Cooked,
    /// A hidden input: ECHO off, ICANON on.
    Hidden,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    Any,
    /// Something that a key press ends.
    Input,
    /// `read` of the terminal.
    Read,
    /// Not the terminal.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Foreground {
    Any,
    Tool,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromptMark {
    Any,
    /// Once the tool has marked a prompt, each later one must be marked.
    IfUsed,
    Required,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    Prompt,
    Input,
    Output,
    Done,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// Keys that accept a line. Default `<enter>`.
    pub enter: Option<String>,
    /// Enter is its own write, after the echo. Default false; full-screen tools need it.
    #[serde(default)]
    pub enter_apart: bool,
    /// Least time between the text and Enter, where Enter is its own write. Default "0s".
    pub enter_gap: Option<String>,
    /// How long the echo may take before Enter is sent without it. Default "400ms".
    pub echo_within: Option<String>,
    /// Regexes of what the tool shows instead of a pasted text: as good as its echo.
    #[serde(default)]
    pub placeholders: Vec<String>,
    /// How a prompt of one line is typed. Default type.
    pub one_line: Option<OneLine>,
    /// How a prompt of several lines is typed; the first usable one is taken. Default: paste, then lines.
    pub block: Option<Vec<Method>>,
    /// Appended to a prompt that does not end with it.
    pub terminator: Option<String>,
    /// Longest line, in bytes, on a tty that the kernel edits. Default 4095, Linux's own limit.
    pub max_cooked_line_bytes: Option<usize>,
    /// Longest line, in bytes, that the tool itself takes.
    pub max_line_bytes: Option<usize>,
    /// Characters refused in addition to control characters.
    #[serde(default)]
    pub forbid: String,
    /// Prompts that are refused.
    #[serde(default)]
    pub refuse: Vec<Refuse>,
    /// Extra Enters while the tool wants a block closed. Default 0.
    #[serde(default)]
    pub finish_block: u8,
    /// How long the tool may take to read what was typed. Default "10s".
    pub write_within: Option<String>,
    /// How long a turn may take to start before Enter (never the text) is repeated. Default: never.
    pub start_within: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OneLine {
    Type,
    /// Bracketed paste while mode 2004 is set.
    Paste,
    /// Typed where it is all ASCII, else by the encoded method of `block`: for a line editor that garbles other text.
    TypeAscii,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "method", deny_unknown_fields)]
pub enum Method {
    /// Bracketed paste while mode 2004 is set.
    Paste {
        /// Enters that may follow while the tool shows a continuation.
        #[serde(default)]
        extra_enters: u8,
    },
    /// Line by line, each after a ready or continuation prompt.
    Lines,
    /// Line by line between two lines.
    Wrap { open: String, close: String },
    /// As one line: `{text}` in the template is the prompt in this encoding.
    Encoded { template: String, encoding: Encoding },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    Base64,
    /// A double-quoted JSON string.
    Json,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refuse {
    /// Regex over the prompt.
    pub pattern: String,
    /// Told to the caller.
    pub reason: String,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// Where the tool's output starts. Default auto.
    pub start: Option<Start>,
    /// Regexes cut from the head of the text, repeatedly.
    #[serde(default)]
    pub trim_head: Vec<String>,
    /// Regexes cut from the tail of the text, repeatedly.
    #[serde(default)]
    pub trim_tail: Vec<String>,
    /// The tool fills its rows with blanks up to the edge of the screen: these are cut.
    #[serde(default)]
    pub padded: bool,
    /// Regexes of lines removed wherever they stand, matched as they stand on the screen.
    #[serde(default)]
    pub drop_lines: Vec<String>,
    /// Regexes over the text; named groups become captures.
    #[serde(default)]
    pub captures: Vec<String>,
    /// The prompt starts where this mode was last set, when that is on the cursor's line. Default bracketed_paste; "" for none.
    pub prompt_after_mode: Option<String>,
    /// Regex over rows above the prompt that belong to it.
    pub prompt_rows_above: Option<String>,
    /// Regex over the row where the tool repeats the prompt; the reply starts below it.
    pub prompt_echo: Option<String>,
    /// Regex over the composer's first row and those below it, joined by newlines; the reply ends above it.
    pub composer: Option<String>,
    /// Regex over the alternate screen's first rows, joined by newlines, that stand still and are not the reply.
    pub header: Option<String>,
    /// Regexes of rows directly above the composer that are not the reply: spinner, duration. Blank rows go with them.
    #[serde(default)]
    pub footer: Vec<String>,
    /// Regex of what marks the row where a reply starts; cut.
    pub marker: Option<String>,
    /// Blanks cut from the start of every other row. Default 0.
    pub indent: Option<u16>,
    /// Of several marked blocks. Default all.
    pub blocks: Option<Blocks>,
    /// Regex cut from the end of every row: a scrollbar.
    pub right_edge: Option<String>,
    /// Join rows that the tool has wrapped. Default false.
    #[serde(default)]
    pub unwrap: bool,
    /// Column at which the tool wraps, from the left edge of the screen. Default: learnt from the rows.
    pub wrap_width: Option<u16>,
    /// Rebuild Markdown from the look of the rows.
    pub markdown: Option<Markdown>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Blocks {
    All,
    /// From the last row that `marker` matches on.
    Last,
}

/// Styles are words that must all hold: bold, dim, italic, underline, strike, inverse, `fg=` and `bg=` with default, any, a palette
/// number or #rrggbb; `!` in front of a word: it must not hold.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Markdown {
    /// Styles of a row that is a heading: of level 1, 2, and so on.
    #[serde(default)]
    pub heading: Vec<String>,
    /// Style of bold text.
    pub bold: Option<String>,
    /// Style of italic text.
    pub italic: Option<String>,
    /// Style of struck text.
    pub strike: Option<String>,
    /// Style of inline code.
    pub code: Option<String>,
    /// Styles of which one in a paragraph makes it a block of code.
    #[serde(default)]
    pub code_block: Vec<String>,
    /// Style of line numbers in front of rows of code; such rows are code, the numbers are cut.
    pub line_numbers: Option<String>,
    /// Style of the text of a link whose address follows in parentheses.
    pub link: Option<String>,
    /// Characters that stand for the `-` of a list.
    #[serde(default)]
    pub bullets: String,
    /// Regex of what starts each row of a block quote; becomes `> `.
    pub quote: Option<String>,
    /// Rebuild drawn tables. Default true.
    pub tables: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// OSC 133 C, else bracketed paste off, else behind the echo.
    Auto,
    /// The row after the one where typing started.
    NextRow,
    /// Behind the echo.
    Echo,
    /// Where typing started: nothing is echoed.
    Here,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeTable {
    #[serde(default, rename = "error")]
    pub errors: Vec<ErrorRule>,
    /// OSC 133 D carries the exit status: non-zero is an error, and zero is none, whatever the error rules find in the text.
    #[serde(default)]
    pub exit_status_from_mark: bool,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    /// Regex over the text; `(?m)` for line anchors. Named groups become captures.
    pub pattern: Option<String>,
    /// Regex over the visible screen at the turn's end. Named groups become captures.
    pub screen: Option<String>,
    /// Regex over the last program status (OSC 7501). Named groups become captures.
    pub status: Option<String>,
    /// Regex over the error that a channel has told. Named groups become captures.
    pub told: Option<String>,
    /// What kind of error it is: the capture `reason`.
    pub reason: Option<Reason>,
    /// Default error.
    pub severity: Option<Severity>,
    /// Not an error when this matches later in the text.
    pub unless: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The account's allowance is used up.
    UsageLimit,
    /// Nobody is signed in, or the key is refused.
    NotLoggedIn,
    /// The service asks to come back later.
    Overloaded,
    /// The service refused or failed in another way.
    ApiError,
    /// The service cannot be reached, or the answer broke off.
    Connection,
    /// The conversation no longer fits.
    ContextFull,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Error,
    Warning,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interrupt {
    /// Keys. Default `<ctrl-c>`.
    pub send: Option<String>,
    /// What the same keys do at an idle prompt. Default harmless.
    pub when_idle: Option<WhenIdle>,
    /// Ends the tool even while it is busy. Default false.
    #[serde(default)]
    pub lethal: bool,
    /// Regex over the visible screen: where it matches, a busy tool takes the keys and lives, although `lethal`.
    pub lethal_unless: Option<String>,
    /// Regex over the screen that shows it was taken.
    pub ack: Option<String>,
    /// Never twice within this time. Default "0s".
    pub min_interval: Option<String>,
    /// How long until SIGINT goes to the foreground group instead. Default "2s".
    pub signal_after: Option<String>,
    /// Whether signals follow at all. Default true.
    pub signal: Option<bool>,
    /// When the keys are sent once more to a tool that is still busy. Default: never.
    pub again_after: Option<String>,
    /// Keys sent when the prompt is back.
    pub then: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenIdle {
    Harmless,
    /// Ends the tool.
    Lethal,
    /// No fresh prompt follows.
    NoPrompt,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settle {
    /// Silence after the evidence.
    pub quiet: Option<String>,
    /// The end of the next synchronized frame, at most this long.
    pub frame: Option<String>,
    /// No longer than this after the evidence, whatever still moves. Default "1s".
    pub at_most: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// For a hook, what the tool says to the hook program: `{hook} NAME`.
    pub name: String,
    pub kind: ChannelKind,
    /// JSON pointer to the exact text of the answer.
    pub text: Option<String>,
    /// JSON pointer to what went wrong: the turn has failed. The capture `message`.
    pub error: Option<String>,
    /// JSON pointer to the prompt that the message answers: a message for another prompt is left out.
    pub prompt: Option<String>,
    /// JSON pointer to the message's own name: a later message of the same name takes its place.
    pub id: Option<String>,
    /// JSON pointer to the tool's own name for its session: the capture `tool_session`.
    pub session: Option<String>,
    /// JSON pointers and the regex that each value must match; other messages are left out.
    #[serde(default, rename = "where")]
    pub conditions: BTreeMap<String, String>,
    /// Names of captures and the JSON pointer of each.
    #[serde(default)]
    pub captures: BTreeMap<String, String>,
    /// Of several messages of one turn. Default last.
    pub join: Option<Join>,
    /// How long after the evidence the text is waited for. Default "300ms".
    pub within: Option<String>,
    /// Of a transcript: the file, with `*`, `?` and `**`, and `{home}`, `{cwd}`, `{files}`, `{session}` filled in.
    pub path: Option<String>,
    /// Of a transcript: where a hook channel tells the file, as CHANNEL:POINTER.
    pub path_from: Option<String>,
    /// Of a transcript: the file is one JSON document instead of JSON lines.
    #[serde(default)]
    pub document: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// The tool runs `{hook} NAME`, the message on stdin or as the last argument.
    Hook,
    /// JSON lines that the tool appends to a file.
    Transcript,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    Last,
    /// All of them, a blank line between each.
    All,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nested {
    /// Regex over the foreground process's name.
    pub process: String,
    /// The protocol that knows it.
    pub protocol: String,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// Files of which only one instance may have the lock at a time.
    #[serde(default)]
    pub locks: Vec<String>,
    /// What one instance weighs.
    pub memory_mb: Option<u32>,
    /// How long after its first prompt an instance is still slow.
    pub warm_up: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Conditions on the tool's version, all of which must hold: ">=3.13, <3.14".
    #[serde(rename = "match")]
    pub matches: String,
    /// Any keys of this file; tables are merged, states too, by name; everything else replaces.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub set: toml::Table,
}
