"""Recordings to keep: small, without a trace of this machine, and equal to what was seen when they are replayed."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# The jail's own places are the same everywhere.
TRACES = (str(ROOT), "/checkout", platform.node())


def keep(cast: Path, folder: Path, responses: list[dict[str, Any]], ptych: Path, protocol: str) -> list[str]:
    """Copies the recording to `folder`, writes what replaying it gives beside it, and tells where that differs from `responses`."""
    if not cast.exists():
        return ["there is no recording"]
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / cast.name
    shutil.copyfile(cast, kept)
    replay = [ptych, "protocol", "test", kept, "--protocol", protocol, "--update"]
    told = subprocess.run(replay, capture_output=True, text=True, check=False)
    if told.returncode:
        return [f"replay: {told.stderr.strip()[:200]}"]
    expected = kept.with_suffix(".expected.json")
    replayed = json.loads(expected.read_text())
    if "/" in replayed["protocol"]:
        expected.write_text(expected.read_text().replace(json.dumps(replayed["protocol"]), json.dumps(Path(protocol).stem), 1))
    recorded = kept.read_text(errors="replace")
    traces = [trace for trace in TRACES if trace in recorded]
    return [*differences(responses, replayed["responses"]), *(f"the recording names {trace}" for trace in traces)]


def differences(seen: list[dict[str, Any]], replayed: list[dict[str, Any]]) -> list[str]:
    """The live responses and the replayed ones, by what an expectation holds of a response.

    Not in a recording, because they are ptych's own: the label of a choice, for which a replay has the keys; deadlines, so that a turn that
    was given up is one that was interrupted or ended; and the policy, so that a dialog that was answered by it ends one turn and begins another.
    """
    by_policy = any(live.get("auto_answers") for live in seen)
    leaves = len(replayed) > len(seen) and replayed[-1]["outcome"] == "exited"
    turns = replayed[:-1] if leaves else replayed
    if len(turns) != len(seen) and not by_policy:
        return [f"replay: {len(turns)} responses instead of {len(seen)}"]
    wrong = []
    for number, (live, turn) in enumerate(zip(seen, turns), 1):
        was = {name: live.get(name, DEFAULTS.get(name)) for name in ("outcome", "text", *DEFAULTS)}
        found = {**DEFAULTS, **turn, "text": "\n".join(turn["text"])}
        if live.get("auto_answers"):
            was = {"outcome": "blocked"}
        elif live["outcome"] == "timed_out":
            was = {"complete": False}
        wrong += [f"replay: {name} {number} is {str(found[name])[:60]!r}, was {str(value)[:60]!r}" for name, value in was.items() if found[name] != value]
    return wrong


DEFAULTS: dict[str, Any] = {"source": "screen", "complete": True, "captures": {}, "choices": []}
