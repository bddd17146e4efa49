#!/usr/bin/env python3
"""Runs scenarios of one tool in the jail, next to the model server, and prints what came of each as a line of JSON.

It judges nothing (expect.py does, outside). tests/agents starts it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import model_server
import scenarios
import seeds

PTYCH = "/ptych"
OUT = Path("/jail/out")
PAINT_SECONDS = 12.0  # how long a reply's first words may take to the screen
LEFT_SECONDS = 3.0  # how long what the tool started may take to go, after ptych has ended


class MemoryLog(model_server.Log):
    """The requests of the running scenario, in memory."""

    def __init__(self, bodies: str | None) -> None:
        super().__init__("", bodies)
        self.entries: list[dict[str, Any]] = []

    def write(self, body: dict[str, Any] | None = None, **entry: Any) -> None:
        super().write(body, **entry)
        self.entries.append({"at": time.monotonic(), **entry})

    def prompts(self) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry["kind"] == "prompt" and "FAKE:" in entry["prompt"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tool")
    parser.add_argument("scenario", nargs="+")
    parser.add_argument("--token-seconds", type=float, default=3.0)
    parser.add_argument("--soak", type=int, nargs=2, default=(0, 0), metavar=("FIRST", "BEHIND"), help="the numbers of its turns")
    parser.add_argument("--protocols", help="a folder of protocol files; default: the built-in ones")
    parser.add_argument("--bodies", action="store_true")
    arguments = parser.parse_args()
    seed = seeds.BY_NAME[arguments.tool]
    OUT.mkdir(exist_ok=True)
    bodies = OUT / "bodies"
    if arguments.bodies:
        bodies.mkdir(exist_ok=True)
    log = MemoryLog(str(bodies) if arguments.bodies else None)
    server = model_server.serve(seeds.PORT, model_server.Model(seeds.CWD, arguments.token_seconds, seed.plain), log)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    target = f"{arguments.protocols}/{seed.protocol}.toml" if arguments.protocols else seed.protocol
    for name in arguments.scenario:
        common = scenarios.soak(range(*arguments.soak)) if name == "soak" else scenarios.BY_NAME[name]
        scenario = scenarios.for_tool(common, seed.name)
        if scenario:
            print(json.dumps(run(seed, scenario, target, log)), flush=True)


def run(seed: seeds.Seed, scenario: scenarios.Scenario, target: str, log: MemoryLog) -> dict[str, Any]:
    """One cell: a fresh home, ptych, and what is left afterwards."""
    home, cwd = Path(seeds.HOME), Path(seeds.CWD)
    seeds.plant(seed, home, cwd, scenario.seeded)
    before = {"home": settings(seed, home), "cwd": contents(cwd)}
    log.entries.clear()
    strangers = set(processes())
    started = time.monotonic()
    if scenario.resume:
        happened = ask_and_resume(seed, scenario, target, log)
    else:
        happened = ask(seed, scenario, target, log)
    return {
        "scenario": scenario.name,
        **happened,
        "requests": [{**entry, "at": round(entry["at"] - started, 3)} for entry in log.entries],
        "seconds": round(time.monotonic() - started, 2),
        "left": left(strangers),
        "before": before,
        "after": {"home": settings(seed, home), "cwd": contents(cwd)},
    }


def ask(seed: seeds.Seed, scenario: scenarios.Scenario, target: str, log: MemoryLog) -> dict[str, Any]:
    """One `ptych ask`."""
    process = subprocess.Popen(
        command(seed, scenario, target),
        env=seeds.environment(seed, scenario.seeded != "nothing"),
        cwd=seeds.CWD,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if scenario.interrupt:
        cast = OUT / f"{scenario.name}.cast"
        threading.Thread(target=interrupt, args=(process, log, cast), daemon=True).start()
    stdout, stderr, hung = outputs(process, scenario)
    told = [json.loads(line) for line in stdout.splitlines() if line.startswith("{")]
    return {
        "exit": process.returncode,
        "hung": hung,
        "responses": [line for line in told if "outcome" in line],
        "errors": [line for line in told if "outcome" not in line],
        "stderr": stderr,
    }


def ask_and_resume(seed: seeds.Seed, scenario: scenarios.Scenario, target: str, log: MemoryLog) -> dict[str, Any]:
    """All but the last prompt, and that to the session that the first ptych told."""
    first = ask(seed, replace(scenario, prompts=scenario.prompts[:-1]), target, log)
    told = re.search(r"--resume (\S+)", first["stderr"])
    if not told:
        return {**first, "stderr": f"no session to resume is told\n{first['stderr']}"}
    options = (*scenario.options, "--resume", told[1])
    second = ask(seed, replace(scenario, prompts=scenario.prompts[-1:], options=options), target, log)
    return {
        "exit": first["exit"] or second["exit"],
        "hung": first["hung"] or second["hung"],
        **{name: first[name] + second[name] for name in ("responses", "errors", "stderr")},
    }


def command(seed: seeds.Seed, scenario: scenarios.Scenario, target: str) -> list[str]:
    cast = OUT / f"{scenario.name}.cast"
    passed = [part for name in seed.env for part in ("--env", name)] if scenario.seeded != "nothing" else []
    start = ["ask", target, "--json", "--no-progress", "--record", str(cast), "--timeout", scenario.timeout]
    arguments = ["--", *seed.args] if seed.args else []
    return [PTYCH, *start, *passed, *scenario.options, *scenario.prompts, *arguments]


def outputs(process: subprocess.Popen[str], scenario: scenarios.Scenario) -> tuple[str, str, bool]:
    limit = 60 + len(scenario.prompts) * float(scenario.timeout.removesuffix("s"))
    try:
        return *process.communicate(timeout=limit), False
    except subprocess.TimeoutExpired:
        process.kill()
        return *process.communicate(), True


def interrupt(process: subprocess.Popen[str], log: MemoryLog, cast: Path) -> None:
    """Ctrl-c when the reply has begun and stands still: a reader of the screen sees nothing happen.

    On a busy machine a tool may need long to paint what it got; one that paints it in pieces is given the same time.
    """
    while not log.prompts() and process.poll() is None:
        time.sleep(0.05)
    time.sleep(3)
    painted = model_server.STALL[0].strip().encode()
    deadline = time.monotonic() + PAINT_SECONDS
    while time.monotonic() < deadline and process.poll() is None and painted not in cast.read_bytes():
        time.sleep(0.2)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)


def settings(seed: seeds.Seed, home: Path) -> dict[str, str]:
    """The user's own settings, whole. What else a program unpacks into its home is its own, and may be hundreds of files."""
    return {name: (home / name).read_text(errors="replace") for name in seed.files if (home / name).is_file()}


def contents(folder: Path) -> dict[str, str]:
    """Small files and their text; what is below a hidden folder of the working directory is the tool's."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and not name.startswith(".git/") and path.stat().st_size < 65536 and len(found) < 200:
            found[name] = path.read_text(errors="replace")[:4096]
    return found


def processes() -> dict[int, str]:
    """What runs in the jail; zombies are only waiting to be reaped."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                words = (entry / "cmdline").read_text().replace("\0", " ").strip()
            except OSError:
                continue
            if state != "Z":
                found[int(entry.name)] = words[:200]
    return found


def left(strangers: set[int]) -> list[str]:
    """Processes that outlive ptych; they are told once and ended."""
    deadline = time.monotonic() + LEFT_SECONDS
    while True:
        found = {pid: words for pid, words in processes().items() if pid not in strangers}
        if not found or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return list(found.values())


if __name__ == "__main__":
    main()
