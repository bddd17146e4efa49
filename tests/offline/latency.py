"""How long after a tool's last paint the response came, from a session's recording."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def print_table(cells: list[tuple[str, str, Path, list[dict[str, Any]]]]) -> None:
    print(f"{'':15} {'':12} {'turns':>6} {'median':>10} {'p95':>10} {'most':>10}")
    for tool, scenario, cast, responses in cells:
        found = [ms for ms in latencies(cast, responses) if ms is not None]
        if found:
            print(f"{tool:15} {scenario:12} {len(found):6} " + " ".join(f"{words:>10}" for words in summary(found)))
    print()


def summary(found: list[float]) -> list[str]:
    """Median, 95th percentile and most."""
    if not found:
        return ["-", "-", "-"]
    ordered = sorted(found)
    return [f"{ms:.0f} ms" for ms in (statistics.median(ordered), ordered[(len(ordered) * 95 - 1) // 100], ordered[-1])]


def latencies(cast: Path, responses: list[dict[str, Any]]) -> Iterator[float | None]:
    """For each turn that ended well, milliseconds from the last output before the response to the response.

    A turn starts with the first bytes that were typed for its prompt, as `duration_ms` does.
    """
    events = list(read(cast)) if cast.exists() else []
    at = 0.0
    for response in responses:
        head = response["prompt"].splitlines()[0][:20]
        started = next((time for time, kind, data in events if kind == "i" and head in data and time > at), None)
        if started is None or response["outcome"] != "ok":
            yield None
            continue
        at = started
        ended = started + response["duration_ms"] / 1000
        paints = [time for time, kind, _ in events if kind == "o" and started < time <= ended]
        yield (ended - paints[-1]) * 1000 if paints else None


def read(cast: Path) -> Iterator[tuple[float, str, str]]:
    """The events of an asciicast with the seconds since its start; version 3 has the seconds since the event before."""
    with open(cast, encoding="utf-8") as file:
        version = json.loads(file.readline())["version"]
        now = 0.0
        for line in file:
            if not line.startswith("["):
                continue
            time, kind, data = json.loads(line)
            now = now + time if version == 3 else time
            yield now, kind, data
