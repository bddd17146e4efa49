"""What many slow and long turns of a tool came to: pure functions from what happened to counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import expect
import latency
import scenarios


@dataclass
class Count:
    """The turns of one tool, over all its instances."""

    slow: int = 0
    long: int = 0
    false: int = 0  # told complete, and not what the model answered
    lost: int = 0  # not told complete
    twice: int = 0  # prompts that the model got again
    behind_ms: list[float] = field(default_factory=list)  # the response behind the tool's last paint

    def add(self, numbers: range, happened: dict[str, Any], cast: Path) -> None:
        scenario = scenarios.soak(numbers)
        responses = happened.get("responses", [])
        self.long += sum(map(scenarios.is_long, scenario.prompts))
        self.slow += sum(not scenarios.is_long(prompt) for prompt in scenario.prompts)
        right = dict(zip(scenario.prompts, scenario.expect.texts))
        told = [response for response in responses if response["outcome"] == "ok" and response["prompt"] in right]
        self.lost += len(right) - len(told)
        self.false += sum(bool(expect.text_difference(right[found["prompt"]] or "", found["text"], found["source"])) for found in told)
        sent = Counter(entry["prompt"] for entry in happened.get("requests", []) if entry["kind"] == "prompt")
        self.twice += sum(sent[prompt] > 1 for prompt in scenario.prompts)
        self.behind_ms += [ms for ms in latency.latencies(cast, responses) if ms is not None]

    def row(self) -> list[str]:
        counts = [self.slow + self.long, self.slow, self.long, self.false, self.lost, self.twice]
        return [*map(str, counts), *latency.summary(self.behind_ms)]


def print_table(counts: dict[tuple[str, str], Count], date: str) -> None:
    """As it stands in docs/agents.md."""
    print("| tool | version | date | turns | slow | long | false completions | lost | sent twice | behind the last paint: median | p95 | most |")
    print("|---|---|---|" + "---:|" * 9)
    for (tool, version), count in counts.items():
        print(f"| {' | '.join([tool, version, date, *count.row()])} |")
    print()
