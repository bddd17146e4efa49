"""A pool of threads with a pexpect child each, and an exact search.

Arguments: threads, delaybeforesend (seconds, or none), prompt, argv...; standard input has one line a prompt.
Prints the seconds of all turns, and this program's CPU seconds for them."""
import json, queue, sys, threading, time
import pexpect

threads, pause, prompt, argv = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
work = queue.SimpleQueue()
lines = sys.stdin.read().splitlines()
for line in lines:
    work.put(line)
ready = threading.Barrier(threads + 1)
answers = []


def worker():
    child = pexpect.spawn(argv[0], argv[1:], timeout=120, maxread=65536, echo=True)
    child.delaybeforesend = None if pause == "none" else float(pause)
    child.expect_exact(prompt)
    ready.wait()
    while True:
        try:
            line = work.get_nowait()
        except queue.Empty:
            break
        child.sendline(line)
        child.expect_exact(prompt)
        answers.append(child.before)
    child.close(force=True)


pool = [threading.Thread(target=worker) for _ in range(threads)]
for thread in pool:
    thread.start()
ready.wait()
started, used = time.perf_counter(), time.process_time()
for thread in pool:
    thread.join()
ended, used_then = time.perf_counter(), time.process_time()
assert len(answers) == len(lines)
print(json.dumps([ended - started, used_then - used]))
