#!/usr/bin/env python3
"""Many prompts to a pool of a real agent while its instances are killed and stopped and others write on their terminals; run in the jail.

    tests/offline/jail --see target/agents/aider /agents/aider target/jails/chaos \\
        python3 /checkout/tests/offline/chaos.py aider --prompts 300 --seeds 1 2 3

Every other prompt may be retried. Checked: one answer for each prompt; those that may be retried are right, the others right, `exited`, or,
when somebody else wrote on the terminal, told as not complete; the model got no prompt more often than it was typed;
no answer is another prompt's; no process and no descriptor is left. How often harm is done follows from how long the tool takes to start:
an instance must have time to come back.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import inside
import model_server
import seeds

FOREIGN = "something that no tool has printed"
FLOOD = f"{FOREIGN}\r\n".encode() * 2000
AHEAD = 40  # prompts that wait or run
SECONDS = 180.0  # how long the next answer may take: the turn's own limit, a retry, a start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("--prompts", type=int, default=300, help="at least")
    parser.add_argument("--harms", type=int, default=10, help="at least; prompts are asked until so many were done")
    parser.add_argument("--instances", type=int, default=5)
    parser.add_argument("--harm-seconds", type=float, help="between two harms [a third of what all took to start at once, at least 1]")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--ptych", default="/checkout/target/debug/ptych")
    arguments = parser.parse_args()
    seed = seeds.BY_NAME[arguments.tool]
    seeds.plant(seed, Path(seeds.HOME), Path(seeds.CWD))
    log = inside.MemoryLog(None)
    server = model_server.serve(seeds.PORT, model_server.Model(seeds.CWD, 1, seed.plain), log)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    wrong = [line for number in arguments.seeds for line in chaos(seed, arguments, number, log)]
    sys.exit(bool(wrong))


def chaos(seed: seeds.Seed, arguments: argparse.Namespace, number: int, log: inside.MemoryLog) -> list[str]:
    """One seed, from the start of the pool to its end; what is wrong."""
    log.entries.clear()
    before = set(inside.processes())
    begun = time.monotonic()
    pool = Pool(seed, arguments)
    pool.touch_all("before")
    start_seconds = time.monotonic() - begun
    at_first = pool.descriptors()
    harm_seconds = arguments.harm_seconds or max(1.0, start_seconds / 3)
    harm = Harm(pool, number, harm_seconds)
    prompts: list[str] = []
    lines: list[dict] = []
    while len(prompts) < arguments.prompts or harm.done.total() < arguments.harms:
        prompt = f"say chaos {len(prompts)} again"
        pool.ask(prompt=prompt, id=prompt, retry=len(prompts) % 2 == 0)
        prompts.append(prompt)
        if len(prompts) - len(lines) > AHEAD:
            lines.append(pool.answer())
    lines += [pool.answer() for _ in range(len(prompts) - len(lines))]
    harm.end()
    pool.touch_all("after")
    left_open = pool.descriptors_more_than(at_first)
    pool.end()
    wrong, outcomes = judge(prompts, lines, log)
    wrong += [f"a descriptor was left open: {name}, {count} more" for name, count in left_open.items()]
    wrong += [f"more than one answer: {line}" for line in pool.unread()]
    wrong += [f"still running: {words}" for words in inside.left(before)]
    seconds = time.monotonic() - begun
    rhythm = f"ready in {start_seconds:.1f} s, harm every {harm_seconds:.1f} s"
    print(f"seed {number}: {len(prompts)} prompts in {seconds:.0f} s; {rhythm}: {dict(harm.done)}; {outcomes}; exit {pool.process.returncode}")
    for line in wrong:
        print(f"WRONG {line}")
    if wrong:
        print(pool.complaints()[-4000:])
    sys.stdout.flush()
    return wrong


class Pool:
    """`ptych pool run` with its prompts on a pipe."""

    def __init__(self, seed: seeds.Seed, arguments: argparse.Namespace) -> None:
        self.instances = arguments.instances
        passed = [part for name in seed.env for part in ("--env", name)]
        options = ["-n", str(self.instances), "--retry", "8", "--intensity", "unlimited", "--timeout", "90s", "--no-progress", *passed]
        self.errors = open("/jail/pool.err", "w+")
        self.process = subprocess.Popen(
            [arguments.ptych, "pool", "run", seed.protocol, "--jsonl", *options, "-", *(["--", *seed.args] if seed.args else [])],
            env=seeds.environment(seed, True),
            cwd=seeds.CWD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        self.lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def ask(self, **prompt: object) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(prompt) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict:
        try:
            line = self.lines.get(timeout=SECONDS)
        except queue.Empty:
            line = None
        if line is None:
            sys.exit(f"no answer any more; exit {self.process.poll()}\n{self.complaints()}")
        return json.loads(line)

    def touch_all(self, when: str) -> None:
        """Each instance answers once: then all are there."""
        for instance in range(self.instances):
            self.ask(prompt=f"say {when} {instance}", id=instance, instance=instance, retry=True)
        for _ in range(self.instances):
            answer = self.answer()
            if answer.get("outcome") != "ok":
                sys.exit(f"{when}: {answer}\n{self.complaints()}")

    def tools(self) -> list[int]:
        found = []
        for children in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:
                pass
        return sorted(found)

    def descriptors(self) -> Counter[str]:
        """By what they are; numbers of sockets and terminals differ from time to time."""
        found: Counter[str] = Counter()
        for entry in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                found[re.sub(r"\d+", "", os.readlink(entry))] += 1
            except OSError:
                pass
        return found

    def descriptors_more_than(self, wanted: Counter[str]) -> Counter[str]:
        """What was lost last may still be closed."""
        deadline = time.monotonic() + 10
        while (more := self.descriptors() - wanted) and time.monotonic() < deadline:
            time.sleep(0.05)
        return more

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=SECONDS)

    def unread(self) -> list[str]:
        return list(iter(lambda: self.lines.get(timeout=SECONDS), None))

    def complaints(self) -> str:
        self.errors.seek(0)
        return self.errors.read()


class Harm:
    """To a random instance, again and again: it is killed, stopped, or somebody else writes on its terminal."""

    def __init__(self, pool: Pool, seed: int, every: float) -> None:
        self.pool = pool
        self.chance = random.Random(seed)
        self.every = every
        self.done: Counter[str] = Counter()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        deck: list[str] = []
        while not self.over.wait(self.every):
            tools = self.pool.tools()
            deck = deck or self.chance.sample(["SIGKILL", "SIGSTOP", "flood"], counts=[2, 1, 2], k=5)
            how = deck.pop()
            try:
                pid = self.chance.choice(tools)
                self.flood(pid) if how == "flood" else os.kill(pid, signal.Signals[how])
                self.done[how] += 1
            except (IndexError, OSError):
                pass

    def flood(self, pid: int) -> None:
        """A program that has the terminal and does not care whose turn it is. It waits while the terminal is full."""
        terminal = os.open(os.readlink(f"/proc/{pid}/fd/0"), os.O_WRONLY | os.O_NOCTTY)

        def write() -> None:
            try:
                with open(terminal, "wb", buffering=0) as out:
                    out.write(FLOOD)
            except OSError:
                pass

        threading.Thread(target=write, daemon=True).start()

    def end(self) -> None:
        self.over.set()
        self.thread.join()


def judge(prompts: list[str], lines: list[dict], log: inside.MemoryLog) -> tuple[list[str], dict[str, int]]:
    wrong = []
    answers = {line["id"]: line for line in lines if "outcome" in line}
    told = Counter(line.get("id") for line in lines)
    asked = Counter(entry["prompt"] for entry in log.entries if entry["kind"] == "prompt")
    outcomes: Counter[str] = Counter()
    for at, prompt in enumerate(prompts):
        if told[prompt] != 1 or prompt not in answers:
            wrong.append(f"{told[prompt]} answers to {prompt!r}")
            continue
        answer, may = answers[prompt], at % 2 == 0
        outcome, text = answer["outcome"], answer["text"]
        foreign = FOREIGN in json.dumps(answer)
        outcomes[f"{'retryable' if may else 'once'} {outcome}{' flooded' if foreign else ''}"] += 1
        # Somebody else's text may stand in the middle of a word.
        said = set(re.findall(r"chaos (\d+) again", text.replace(f"{FOREIGN}\n", "")))
        right = outcome == "ok" and said == {str(at)}
        honest = not may and (outcome == "exited" or foreign and outcome != "ok") and not answer["complete"] and said <= {str(at)}
        if not right and not honest:
            wrong.append(f"{prompt!r} came to {outcome}, {answer['attempts']} attempts: {text[-300:]!r} {answer.get('not_typed') or ''} {json.dumps(answer.get('question'))} {json.dumps(answer['evidence'])}")
        if asked[prompt] > answer["attempts"] or not may and answer["attempts"] > 1:
            wrong.append(f"{prompt!r} came to the model {asked[prompt]} times in {answer['attempts']} attempts")
    return wrong, dict(sorted(outcomes.items()))


if __name__ == "__main__":
    main()
