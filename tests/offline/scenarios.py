"""What is asked of every agent program, and what must come of it.

A Scenario is what is typed; an Expect is what is right. Both hold for every tool, and DIFFERENCES says, tool by tool, what its dialogs
look like and where its service or its own ways make another outcome the right one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import model_server as model


@dataclass(frozen=True)
class Expect:
    exit: int = 0
    outcomes: tuple[str, ...] = ("ok",)  # of the responses, in order
    texts: tuple[str | None, ...] = ()  # in order; None: not looked at
    contains: str = ""  # regex over the last text
    question: str = ""  # regex over the question of the last response, or of what was told on stderr
    choices: tuple[str, ...] = ()  # a regex for each label, all of them, in order
    captures: dict[str, str] = field(default_factory=dict)  # of the last response: name -> regex
    requests: tuple[int, int] = (1, 1)  # how many prompt requests the server saw, at least and at most
    turns: int | None = 1  # how many times something was typed, as the last request's conversation has it; None: not looked at
    results: tuple[int, int] = (0, 0)  # how many tool results the server saw
    result: str = ""  # regex over the last of them
    files: dict[str, str] = field(default_factory=dict)  # that must stand in the working directory, with this text
    complete: bool = True


@dataclass(frozen=True)
class Scenario:
    name: str
    prompts: tuple[str, ...]
    expect: Expect
    options: tuple[str, ...] = ()  # of ptych ask
    timeout: str = "40s"
    seeded: str = "all"  # `untrusted`: the tool asks at its start whether to trust the folder; `nothing`: no settings, no key
    interrupt: bool = False  # ctrl-c to ptych when the reply stands still
    resume: bool = False  # the last prompt goes to a second ptych that resumes the tool's session
    about: str = ""


ANSWERED = Expect(outcomes=("blocked", "ok"), contains=model.TOOL_RESULT.rstrip("."), results=(1, 1))
BLOCKED = Expect(exit=4, outcomes=("blocked",), complete=False)
FAILED = Expect(exit=1, outcomes=("error",), requests=(1, 40))
UNASKED = replace(BLOCKED, outcomes=(), requests=(0, 0), turns=0)
LINES = "FAKE:echo one\n  two, indented\nthree"


def said(prompt: str) -> str:
    """What the model answers to a prompt that asks for nothing else."""
    return f"ECHO {prompt.count(chr(10)) + 1} lines, {len(prompt)} characters: {prompt}"


SCENARIOS = [
    Scenario("short", ("FAKE:short hello",), Expect(texts=(model.SHORT,))),
    Scenario("long", ("FAKE:long hello",), Expect(texts=(model.long_text(),))),
    Scenario("slow", ("FAKE:slow hello",), Expect(texts=("".join(model.SLOW),))),
    Scenario("lines", (LINES,), Expect(texts=(said(LINES),)), about="a prompt of several lines arrives as it is"),
    Scenario(
        "two",
        ("FAKE:short first", "FAKE:echo second"),
        Expect(outcomes=("ok", "ok"), texts=(model.SHORT, said("FAKE:echo second")), requests=(2, 2), turns=2),
    ),
    Scenario("bash", ("FAKE:bash hello",), BLOCKED, about="a command that needs leave"),
    Scenario(
        "bash-allow",
        ("FAKE:bash hello",),
        replace(ANSWERED, files={"made-by-model.txt": ""}),
        options=("--answer", ".=ALLOW"),
    ),
    Scenario("bash-deny", ("FAKE:bash hello",), Expect(outcomes=("ok",)), options=("--policy", "deny")),
    Scenario("edit", ("FAKE:edit hello",), BLOCKED),
    Scenario(
        "edit-allow",
        ("FAKE:edit hello",),
        replace(ANSWERED, files={model.FILE: model.FILE_TEXT}),
        options=("--answer", ".=ALLOW"),
    ),
    Scenario("ask", ("FAKE:ask hello",), replace(BLOCKED, question="Which colour", choices=("Red.*", "Blue.*", ".*", ".*"))),
    Scenario(
        "ask-answer",
        ("FAKE:ask hello",),
        replace(ANSWERED, result="Blue"),
        options=("--answer", "colour=Blue"),
    ),
    Scenario("error500", ("FAKE:error500 hello",), FAILED),
    Scenario("overloaded", ("FAKE:overloaded hello",), FAILED),
    Scenario("badrequest", ("FAKE:badrequest hello",), FAILED),
    Scenario("drop", ("FAKE:drop hello",), FAILED),
    Scenario("limit", ("FAKE:limit hello",), replace(FAILED, captures={"reason": "^usage_limit$"})),
    Scenario("flaky", ("FAKE:flaky hello",), Expect(texts=(model.SHORT,), requests=(3, 3)), about="too fast twice, then answered"),
    Scenario(
        "interrupt",
        ("FAKE:stall hello",),
        Expect(exit=130, outcomes=("interrupted",), contains="A stalled reply", complete=False),
        interrupt=True,
    ),
    Scenario(
        "timeout",
        ("FAKE:stall hello", "FAKE:echo again"),
        Expect(exit=6, outcomes=("timed_out", "ok"), texts=(None, said("FAKE:echo again")), requests=(2, 2), turns=2),
        options=("--keep-going",),
        timeout="20s",  # for the tool's start as well, on a busy machine
        about="the turn is given up, and the next prompt meets an empty composer",
    ),
    Scenario(
        "resume",
        ("FAKE:short first", "FAKE:echo second"),
        Expect(outcomes=("ok", "ok"), texts=(model.SHORT, said("FAKE:echo second")), requests=(2, 2), turns=2),
        resume=True,
        about="the session goes on in a second process",
    ),
    Scenario("trust", ("FAKE:short hello",), replace(UNASKED, question="(?i)trust"), seeded="untrusted"),
    Scenario("login", ("FAKE:short hello",), replace(UNASKED, question="."), seeded="nothing", about="somebody must sign in"),
]
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def soak(numbers: range) -> Scenario:
    """Slow and long replies in turn, all in one session; of four slow ones, one pauses for three seconds before each word."""
    prompts = tuple(f"FAKE:{'pages' if n % 2 else 'paused1' if n % 8 else 'paused3'} number {n}" for n in numbers)
    texts = tuple((model.long_text() if is_long(prompt) else "".join(model.SLOW)) + model.numbered(prompt) for prompt in prompts)
    count = len(prompts)
    # How many prompts a request carries is not looked at: some tools sum up what is long ago.
    expect = Expect(outcomes=("ok",) * count, texts=texts, requests=(count, count), turns=None)
    return Scenario("soak", prompts, expect, options=("--keep-going",), timeout="120s")


def is_long(prompt: str) -> bool:
    return prompt.startswith("FAKE:pages")


@dataclass(frozen=True)
class Dialog:
    """How a tool asks for leave."""

    question: str
    choices: tuple[str, ...]
    allow: str  # regex over the labels: this once


@dataclass(frozen=True)
class Difference:
    """Where one tool differs: its dialogs, the scenarios it has no such thing for, other expectations and times."""

    bash: Dialog
    edit: Dialog
    skip: tuple[str, ...] = ("login",)
    expect: dict[str, Expect] = field(default_factory=dict)
    timeouts: dict[str, str] = field(default_factory=dict)


# A tool that tries a failing service again and again: ptych's own deadline ends the turn.
RETRIES = Expect(exit=124, outcomes=("timed_out",), requests=(1, 40), complete=False)
RETRIES_WITHIN = "20s"
ASKED = BY_NAME["ask"].expect
COUNTED = replace(BY_NAME["short"].expect, captures={"tokens_in": "^1234$", "tokens_out": "^56$"})

AIDER = Difference(
    bash=Dialog("(?i)run shell command", ("(?i)yes", "(?i)no", "(?i)don't ask again"), "(?i)^yes"),
    edit=Dialog("(?i)create new file", ("(?i)yes", "(?i)no"), "(?i)^yes"),
    skip=("ask-answer", "resume", "trust", "login"),
    expect={
        "ask": replace(ASKED, question="(?i)add file to the chat", choices=("(?i)yes", "(?i)no", "(?i)don't ask again")),
        "bash-allow": replace(ANSWERED, contains="Running touch", results=(0, 0), files={"made-by-model.txt": ""}),
        "edit-allow": replace(ANSWERED, contains="Applied edit to notes.txt", results=(0, 0), files={model.FILE: model.FILE_TEXT}),
        "error500": RETRIES,
        "overloaded": RETRIES,
        "drop": RETRIES,
    },
    # Its retries of a refused request add up to a minute.
    timeouts={"error500": RETRIES_WITHIN, "overloaded": RETRIES_WITHIN, "drop": RETRIES_WITHIN, "limit": "100s"},
)
CLAUDE = Difference(
    bash=Dialog("(?i)touch made-by-model|proceed", ("Yes", "Yes, .*", "Yes, .*", "No.*"), "^Yes$"),
    edit=Dialog("(?i)create|notes", ("Yes", "Yes, .*", "No.*"), "^Yes$"),
    skip=(),
    expect={
        "drop": Expect(texts=(model.SHORT,), requests=(2, 6)),
        # Its first start wants the vendor's own service, and ends without it.
        "login": replace(UNASKED, exit=1, question="Unable to connect to Anthropic services"),
    },
)
CODEX = Difference(
    bash=Dialog("(?i)run the following command", ("Yes, proceed.*", "Yes, and .*", "No, .*"), "^Yes, proceed"),
    edit=Dialog("(?i)make the following edits", ("Yes, proceed.*", "Yes, and .*", "No, .*"), "^Yes, proceed"),
    skip=("ask", "ask-answer", "trust"),
    # It does not try again what was refused as too fast.
    expect={"flaky": replace(FAILED, requests=(1, 1))},
)
GEMINI = Difference(
    bash=Dialog("(?i)allow execution", ("Allow once", "Allow for .*", "No, .*"), "^Allow once"),
    edit=Dialog("(?i)apply this change", ("Allow once", "Allow for .*", "Modify.*", "No, .*"), "^Allow once"),
    skip=(),
    expect={
        "ask": replace(ASKED, choices=("Red.*", "Blue.*", "Enter a custom value.*")),
        "limit": replace(
            BLOCKED,
            question="(?i)usage limit",
            choices=("Keep trying", "Stop"),
            captures={"reason": "^usage_limit$", "resets_at": r"^\d+:\d\d [AP]M"},
        ),
        "error500": RETRIES,
        "overloaded": RETRIES,
        # A turn that was cancelled is not part of its conversation.
        "timeout": replace(BY_NAME["timeout"].expect, turns=1),
    },
    timeouts={"error500": RETRIES_WITHIN, "overloaded": RETRIES_WITHIN},
)
QWEN = Difference(
    bash=Dialog("(?i)allow execution", ("Yes, allow once", "Always.*", "Always.*", "No, .*"), "allow once"),
    edit=Dialog("(?i)apply this change", ("Yes, allow once", "Yes, allow always", "No, .*"), "allow once"),
    skip=(),
    expect={
        "short": replace(COUNTED, captures={"tokens_in": "^1234$"}),
        "ask": replace(ASKED, choices=("Red", "Blue", "Type something.*")),
        "error500": RETRIES,
        "overloaded": RETRIES,
        # It asks for the rest of a reply that was cut.
        "drop": Expect(texts=(model.SHORT,)),
        "limit": replace(FAILED, requests=(1, 1), captures={"reason": "^usage_limit$", "resets_at": "^2.* UTC$"}),
    },
    timeouts={"error500": RETRIES_WITHIN, "overloaded": RETRIES_WITHIN, "timeout": "25s"},
)
OPENCODE = Difference(
    bash=Dialog("(?i)permission required", ("Allow once", "Allow always", "Reject"), "^Allow once"),
    edit=Dialog("(?i)permission required", ("Allow once", "Allow always", "Reject"), "^Allow once"),
    # It never asks whether to trust a folder, and without settings and keys it takes a free model of its maker's instead of asking who it is.
    skip=("trust", "login"),
    expect={
        "ask": replace(ASKED, choices=("Red.*", "Blue.*", "Type your own.*")),
        "overloaded": RETRIES,
        # It would wait for as long as the service says.
        "limit": replace(BLOCKED, question="(?i)quota", choices=("Stop",), captures={"reason": "^usage_limit$", "resets_in": "^2h|^1h"}, requests=(1, 40)),
    },
    # Seven seconds to its first prompt on an idle machine, several times that on a busy one, and the start counts. Five more tries of a
    # failing service take it a minute and a half.
    timeouts={**dict.fromkeys(BY_NAME, "120s"), "error500": "180s", "overloaded": "60s", "timeout": "38s"},
)
COPILOT = Difference(
    bash=Dialog("(?i)run this command", ("Yes", "Yes, .*", "No, .*"), "^Yes$"),
    edit=Dialog("(?i)create .*notes.txt", ("Yes", "Yes, .*", "No, .*"), "^Yes$"),
    skip=(),
    expect={
        "short": COUNTED,
        "ask": replace(ASKED, choices=("Red", "Blue", "Other.*")),
        "limit": replace(FAILED, captures={"reason": "^usage_limit$", "resets_at": "^2.* UTC$"}),
        # Which of the two comes first is a race of its own.
        "login": replace(UNASKED, question="(?i)sign in|trust the files"),
    },
    timeouts={"timeout": "25s"},
)
DIFFERENCES = {
    "aider": AIDER,
    "claude": CLAUDE,
    "claude-2.1.197": replace(CLAUDE, bash=replace(CLAUDE.bash, choices=("Yes", "Yes, .*", "No.*"))),
    "codex": CODEX,
    "gemini": GEMINI,
    "qwen": QWEN,
    "opencode": OPENCODE,
    "copilot": COPILOT,
}


def for_tool(scenario: Scenario, tool: str) -> Scenario | None:
    """The scenario with the tool's own dialogs and differences; None where the tool has no such thing."""
    difference = DIFFERENCES[tool]
    if scenario.name in difference.skip:
        return None
    dialog = difference.edit if scenario.name.startswith("edit") else difference.bash
    expect = difference.expect.get(scenario.name, scenario.expect)
    if scenario.name in ("bash", "edit"):
        expect = replace(expect, question=dialog.question, choices=dialog.choices)
    options = tuple(option.replace("=ALLOW", f"={dialog.allow}") for option in scenario.options)
    return replace(scenario, expect=expect, options=options, timeout=difference.timeouts.get(scenario.name, scenario.timeout))
