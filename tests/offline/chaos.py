#!/usr/bin/env python3
"""Many prompts to a pool of a real agent while its instances are killed and stopped; run in the jail.

    tests/offline/jail --see target/agents/aider /agents/aider target/jails/chaos \\
        python3 /checkout/tests/offline/chaos.py aider --prompts 200 --kill-seconds 3 --seed 1

Every other prompt may be retried. Checked: one answer for each prompt; those that may be retried are right, the others right or `exited`;
the model got no prompt twice that may be typed once only; nothing is left running. The killer's rhythm must leave an instance time to
start: aider needs three seconds and more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--instances", type=int, default=5)
    parser.add_argument("--kill-seconds", type=float, default=3.0, help="between two kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ptych", default="/checkout/target/debug/ptych")
    arguments = parser.parse_args()
    seed = seeds.BY_NAME[arguments.tool]
    seeds.plant(seed, Path(seeds.HOME), Path(seeds.CWD))
    log = inside.MemoryLog(None)
    server = model_server.serve(seeds.PORT, model_server.Model(seeds.CWD, 1, seed.plain), log)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    before = set(inside.processes())
    prompts = [f"say chaos {number} again" for number in range(arguments.prompts)]
    begun = time.monotonic()
    pool = start(seed, arguments, prompts)
    kills: Counter[str] = Counter()
    killer = threading.Thread(target=kill, args=(pool, arguments, kills), daemon=True)
    killer.start()
    stdout, stderr = pool.communicate(timeout=3600)
    wrong, outcomes = judge(prompts, [json.loads(line) for line in stdout.splitlines()], log)
    wrong += [f"still running: {words}" for words in inside.left(before)]
    seconds = time.monotonic() - begun
    print(f"seed {arguments.seed}: {len(prompts)} prompts in {seconds:.0f} s; {dict(kills)}; {outcomes}; exit {pool.returncode}")
    for line in wrong:
        print(f"WRONG {line}")
    if wrong:
        print(stderr[-4000:])
    sys.exit(bool(wrong))


def start(seed: seeds.Seed, arguments: argparse.Namespace, prompts: list[str]) -> subprocess.Popen[str]:
    lines = Path("/jail/prompts.jsonl")
    lines.write_text("".join(json.dumps({"prompt": prompt, "id": prompt, "retry": at % 2 == 0}) + "\n" for at, prompt in enumerate(prompts)))
    passed = [part for name in seed.env for part in ("--env", name)]
    options = ["-n", str(arguments.instances), "--retry", "8", "--timeout", "90s", "--no-progress", *passed]
    return subprocess.Popen(
        [arguments.ptych, "pool", "run", seed.protocol, *options, str(lines), *(["--", *seed.args] if seed.args else [])],
        env=seeds.environment(seed, True),
        cwd=seeds.CWD,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill(pool: subprocess.Popen[str], arguments: argparse.Namespace, kills: Counter[str]) -> None:
    """A random instance, again and again; one in four is stopped instead."""
    chance = random.Random(arguments.seed)
    while pool.poll() is None:
        time.sleep(arguments.kill_seconds)
        tools = [int(child) for child in Path(f"/proc/{pool.pid}/task/{pool.pid}/children").read_text().split()]
        if tools:
            number = signal.SIGSTOP if chance.random() < 0.25 else signal.SIGKILL
            try:
                os.kill(chance.choice(tools), number)
                kills[number.name] += 1
            except ProcessLookupError:
                pass


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
        outcomes[f"{'retryable' if may else 'once'} {answer['outcome']}"] += 1
        right = answer["outcome"] == "ok" and prompt in answer["text"]
        if not right and (may or answer["outcome"] != "exited"):
            wrong.append(f"{prompt!r} came to {answer['outcome']}: {answer['text'][:80]!r} {answer.get('not_typed') or ''}")
        if not may and asked[prompt] > 1:
            wrong.append(f"{prompt!r} was typed {asked[prompt]} times")
    return wrong, dict(sorted(outcomes.items()))


if __name__ == "__main__":
    main()
