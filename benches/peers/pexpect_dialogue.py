"""pexpect as benches/src/bin/expect.rs measures it.

Arguments: mode, work, count, warm-up, prompt, prompt as a regex, line, answer, argv...
The mode is words: default (all as pexpect sets it), or exact, regex, maxread (65536 bytes a read), window (searchwindowsize=200);
without `default`, delaybeforesend is None."""
import json, resource, sys, time
import pexpect

mode, work, count, warm_up, prompt, prompt_regex, line, answer = sys.argv[1:9]
mode, count, warm_up, argv = mode.split("-"), int(count), int(warm_up), sys.argv[9:]
clock, never = time.perf_counter, "never comes"
FLOOD = 79


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def filled(template, n):
    return template.replace("%n", str(n)).replace("%m", str(7 * n))


def spawn():
    settings = {"timeout": 3600, "dimensions": (40, 120)}
    if "maxread" in mode:
        settings["maxread"] = 65536
    if "window" in mode:
        settings["searchwindowsize"] = 200
    child = pexpect.spawn(argv[0], argv[1:], **settings)
    if "default" not in mode:
        child.delaybeforesend = None
    wait(child)
    return child


def wait(child):
    if "regex" in mode:
        child.expect(prompt_regex)
    else:
        child.expect_exact(prompt)


def right(n, before):
    text = before.decode(errors="replace").removesuffix("\x1b[?2004h")
    last = text.rstrip("\r\n")
    wanted = filled(answer, n)
    return len(last) < len(text) and last.endswith(wanted) and not last[: -len(wanted)][-1:].isalnum()


def turns():
    child = spawn()
    for n in range(warm_up + count):
        if n == warm_up:
            result["times_us"], before = [], cpu()
        text = filled(line, n)
        start = clock()
        child.send(text + "\r")
        wait(child)
        result["times_us"].append((clock() - start) * 1e6)
        result["bad"] += not right(n, child.before)
    result["cpu_s"] = cpu() - before


def spawns():
    before = cpu()
    for _ in range(count):
        start = clock()
        child = spawn()
        spawned = clock()
        child.close(force=True)
        result["times_us"].append((spawned - start) * 1e6)
        result["teardown_us"].append((clock() - spawned) * 1e6)
    result["cpu_s"] = cpu() - before


def silence():
    child = spawn()
    before, start = cpu(), clock()
    assert child.expect_exact([never, pexpect.TIMEOUT], timeout=count) == 1
    result["times_us"], result["cpu_s"] = [(clock() - start) * 1e6], cpu() - before


def big():
    child = spawn()
    before, start = cpu(), clock()
    child.send(f"flood {count}\r")
    wait(child)
    result["times_us"], result["cpu_s"] = [(clock() - start) * 1e6], cpu() - before
    result["bytes"] = len(child.before)
    result["bad"] += child.before.count(b"x") != FLOOD * count


result = {"times_us": [], "teardown_us": [], "cpu_s": 0.0, "bad": 0}
{"turns": turns, "spawns": spawns, "silence": silence, "big": big}[work]()
result["peak_kb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps(result))
