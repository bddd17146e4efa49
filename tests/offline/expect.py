"""What is wrong with a cell: pure functions from what happened and what is expected to a list of complaints."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from typing import Any

import scenarios
import seeds

Happened = dict[str, Any]


def complaints(seed: seeds.Seed, scenario: scenarios.Scenario, happened: Happened) -> list[str]:
    """Everything that is wrong, the gravest first; empty when the cell is right."""
    expect = scenario.expect
    return [
        *hung(happened),
        *outcomes(expect, happened),
        *texts(expect, happened),
        *dialog(expect, happened),
        *captures(expect, happened),
        *requests(scenario, happened),
        *files(seed, expect, happened),
        *(f"still running: {words}" for words in happened["left"]),
    ]


def hung(happened: Happened) -> list[str]:
    return ["ptych did not end"] if happened["hung"] else []


def outcomes(expect: scenarios.Expect, happened: Happened) -> list[str]:
    found = tuple(response["outcome"] for response in happened["responses"])
    wrong = []
    if found != expect.outcomes:
        wrong.append(f"outcomes {in_words(found)} instead of {in_words(expect.outcomes)}")
    if happened["exit"] != expect.exit:
        wrong.append(f"exit {happened['exit']} instead of {expect.exit}{first_line(happened)}")
    for response in happened["responses"]:
        if response["outcome"] == "ok" and (response["truncated"] or not response["complete"]):
            wrong.append("ok, but truncated or not complete")
    return wrong


def in_words(outcomes: tuple[str, ...]) -> str:
    if len(outcomes) < 5:
        return ", ".join(outcomes) or "none"
    return ", ".join(f"{count} {outcome}" for outcome, count in Counter(outcomes).items())


def first_line(happened: Happened) -> str:
    lines = [line for line in happened["stderr"].splitlines() if line.strip()]
    lines += [f"{error.get('message')}" for error in happened["errors"]]
    return f" ({lines[0][:160]})" if lines else ""


def texts(expect: scenarios.Expect, happened: Happened) -> list[str]:
    wrong = []
    for number, (response, text) in enumerate(zip(happened["responses"], expect.texts)):
        if text is not None and (difference := text_difference(text, response["text"], response["source"])):
            wrong.append(f"text {number + 1} ({response['source']}): {difference}")
    if expect.contains and not re.search(expect.contains, happened["responses"][-1]["text"] if happened["responses"] else ""):
        wrong.append(f"text lacks {expect.contains}")
    return wrong


def text_difference(wanted: str, found: str, source: str) -> str:
    """Exact where the tool itself gave the text; by its words where it was read off the screen."""
    if source != "screen":
        return "" if found.strip() == wanted.strip() else first_difference(wanted.splitlines(), found.splitlines())
    return first_difference(words(wanted), words(found))


def words(text: str) -> list[str]:
    """The words of a Markdown text, whether or not it was rendered."""
    text = re.sub(r"^\s*(```|~~~).*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\[([^\]]*)\]\(([^)]*)\)", r"\1 (\2)", text)
    text = re.sub(r"^\s*([#>▎│•◦○●*+-]+|\d+\.)\s+", "", text, flags=re.MULTILINE)
    text = re.sub(r"\*\*|`|^\s*[─━-]{3,}\s*$", "", text, flags=re.MULTILINE)
    return text.split()


def first_difference(wanted: list[str], found: list[str]) -> str:
    if wanted == found:
        return ""
    for tag, a, b, c, d in difflib.SequenceMatcher(None, wanted, found, autojunk=False).get_opcodes():
        if tag != "equal":
            lacks, has = " ".join(wanted[a:b]), " ".join(found[c:d])
            where = f"of {len(wanted)} at {a}"
            return f"{where} lacks '{lacks[:60]}'" + (f", has '{has[:60]}'" if has else "")
    return "differs"


def dialog(expect: scenarios.Expect, happened: Happened) -> list[str]:
    if not expect.question and not expect.choices:
        return []
    last = happened["responses"][-1] if happened["responses"] else {}
    question = (last.get("question") or {}).get("text", "") if last else happened["stderr"]
    labels = last.get("choices") or re.findall(r"^\s*choice: (.*)$", happened["stderr"], re.MULTILINE)
    wrong = []
    if not re.search(expect.question, question):
        wrong.append(f"question '{question[:80]}' instead of {expect.question}")
    fits = len(labels) == len(expect.choices) and all(map(re.fullmatch, expect.choices, labels))
    if expect.choices and not fits:
        wrong.append(f"choices {labels} instead of {list(expect.choices)}")
    return wrong


def captures(expect: scenarios.Expect, happened: Happened) -> list[str]:
    found = happened["responses"][-1]["captures"] if happened["responses"] else {}
    return [
        f"capture {name} is {found.get(name)!r} instead of {pattern}"
        for name, pattern in expect.captures.items()
        if not re.search(pattern, found.get(name, ""))
    ]


def requests(scenario: scenarios.Scenario, happened: Happened) -> list[str]:
    """A prompt reaches the model exactly once and as it was given, whatever the client repeats or asks on the side."""
    expect = scenario.expect
    prompts = [entry for entry in happened["requests"] if entry["kind"] == "prompt" and "FAKE:" in entry["prompt"]]
    results = [entry for entry in happened["requests"] if entry["kind"] == "result"]
    wrong = []
    if not expect.requests[0] <= len(prompts) <= expect.requests[1]:
        wrong.append(f"{len(prompts)} prompt requests instead of {'-'.join(map(str, sorted(set(expect.requests))))}")
    if not expect.results[0] <= len(results) <= expect.results[1]:
        wrong.append(f"{len(results)} tool results instead of {expect.results[0]}")
    if expect.result and not any(re.search(expect.result, entry["result"] or "") for entry in results):
        wrong.append(f"no tool result with {expect.result}")
    sent = Counter(entry["prompt"] for entry in prompts)
    if len(scenario.prompts) > 1 and expect.requests[0] == expect.requests[1] and max(sent.values(), default=1) > 1:
        wrong.append(f"{sent.most_common(1)[0][0]!r} was sent {max(sent.values())} times")
    if prompts and expect.turns is not None and prompts[-1]["prompts"] != expect.turns:
        wrong.append(f"{prompts[-1]['prompts']} prompts in the conversation instead of {expect.turns}")
    for entry in prompts:
        if entry["prompt"] not in scenario.prompts:
            wrong.append(f"the model got {entry['prompt'][:80]!r}")
            break
    return wrong


def files(seed: seeds.Seed, expect: scenarios.Expect, happened: Happened) -> list[str]:
    """The user's files are as they were, and what was allowed, and only that, was done."""
    wrong = []
    before, after = happened["before"]["cwd"], happened["after"]["cwd"]
    for name, text in before.items():
        if after.get(name) != text:
            wrong.append(f"{name} was changed")
    for name, text in expect.files.items():
        if after.get(name) != text:
            wrong.append(f"{name} is {after.get(name)!r}"[:100])
    made = [name for name in after if name not in before and name not in expect.files and not name.startswith(seed.owns or ("\0",))]
    if made:
        wrong.append(f"made {', '.join(made)}")
    for name in (name for name in seed.files if name in happened["before"]["home"]):
        mine, theirs = settings(happened["before"], name), settings(happened["after"], name)
        if mine != theirs and not (name in seed.rewrites and within(mine, theirs)):
            wrong.append(f"~/{name} was changed")
    return wrong


def settings(moment: dict[str, dict[str, str]], name: str) -> Any:
    """Programs lay out their own JSON anew, some with comments; what it says counts."""
    text = moment["home"].get(name)
    try:
        return json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)) if text and name.endswith(".json") else text
    except ValueError:
        return text


def within(mine: Any, theirs: Any) -> bool:
    """Whether everything that was there is there still: a program may add to its own settings."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return all(name in theirs and within(value, theirs[name]) for name, value in mine.items())
    if isinstance(mine, str) and isinstance(theirs, str):
        return set(mine.splitlines()) <= set(theirs.splitlines())
    return bool(mine == theirs)
