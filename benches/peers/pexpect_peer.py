"""pexpect at its best setting (delaybeforesend=None, exact search). Arguments: work, count, prompt, input, argv..."""
import json, resource, sys, time
import pexpect

work, count, prompt, line, argv = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5:]


def spawn():
    child = pexpect.spawn(argv[0], argv[1:], timeout=120, maxread=65536, echo=True)
    child.delaybeforesend = None
    child.expect_exact(prompt)
    return child


def turns():
    child = spawn()
    times = []
    for n in range(count + 100):
        start = time.perf_counter()
        child.sendline(line)
        child.expect_exact(prompt)
        times.append((time.perf_counter() - start) * 1e6)
    child.close(force=True)
    return times[100:]


def spawns():
    times = []
    for _ in range(count):
        start = time.perf_counter()
        child = spawn()
        times.append((time.perf_counter() - start) * 1e6)
        child.close(force=True)
    return times


def big():
    child = spawn()
    start = time.perf_counter()
    child.sendline(line)
    child.expect_exact(prompt)
    child.expect_exact(prompt) if count == 2 else None
    return [(time.perf_counter() - start) * 1e6]


times = {"turns": turns, "spawns": spawns, "big": big}[work]()
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"times_us": times, "cpu_s": used.ru_utime + used.ru_stime, "peak_kb": used.ru_maxrss}))
