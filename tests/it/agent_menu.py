"""A full-screen program as coding agents are: a composer, menus with a highlight, a permission before it acts.

Its title says what it does. Arguments: `trust` asks a question at the start, `late` opens a dialog when the first text is typed, `deaf` ignores
arrow keys in menus, `again` asks for the same permission for ever, `drift` shows nothing known while it works.
"""
import os, sys, termios, time, tty

MODES = sys.argv[1:]
OLD = termios.tcgetattr(0)
tty.setraw(0)


def out(text):
    os.write(1, text.encode())


def log(text):
    """What it was really told, for the test."""
    with open(os.environ["HOME"] + "/told", "a") as told:
        told.write(text + "\n")


def paint(title, rows):
    out("\x1b[?2026h\x1b[?25l\x1b[2J\x1b[H" + "\r\n".join(rows) + f"\x1b]2;{title}\x07\x1b[?2026l")


def key():
    data = os.read(0, 1)
    if data == b"\x1b":
        os.set_blocking(0, False)
        time.sleep(0.02)
        data += os.read(0, 2) if has_more() else b""
        os.set_blocking(0, True)
    return data


def has_more():
    import select
    return bool(select.select([0], [], [], 0)[0])


def menu(question, labels, at):
    while True:
        rows = ["1. a tip", "╭──────────╮"] + [f"│ {row}   │" for row in question]
        rows += [f"│ {'❯' if i == at else ' '} {i + 1}. {label}   │" for i, label in enumerate(labels)]
        paint("ask", rows + ["╰──────────╯"])
        pressed = key()
        if pressed == b"\r":
            return labels[at]
        if pressed == b"\x1b":
            return None
        if pressed in (b"\x1b[A", b"\x1b[B") and "deaf" not in MODES:
            at = (at + (1 if pressed == b"\x1b[B" else -1)) % len(labels)


def answer(text):
    log(f"asked: {text}")
    paint("work", ["working"])
    time.sleep(0.1)
    if "drift" in MODES:
        paint("at it", ["a look of its own"])
        time.sleep(600)
    if text.startswith("run "):
        while True:
            chosen = menu(["Run a command:", f"$ {text[4:]}", "Proceed?"], ["Yes", "Yes, always", "No"], 0)
            paint("work", ["working"])
            time.sleep(0.1)
            if "again" not in MODES:
                log(f"chosen: {chosen}")
                return f"chosen: {chosen}"
    return f"you said {text}"


out("\x1b[?1049h")
try:
    if "trust" in MODES and menu(["Do you trust this folder?"], ["No, exit", "Yes, I trust it"], 0) != "Yes, I trust it":
        sys.exit(1)
    reply = "hello"
    while True:
        text = ""
        while True:
            paint("idle", ["reply:", reply, f"> {text}"])
            pressed = key()
            if pressed == b"\r":
                break
            if pressed == b"\x15":
                text = ""
            elif len(pressed) == 1 and pressed >= b" ":
                text += pressed.decode()
                if "late" in MODES and text == "h":
                    MODES.remove("late")
                    menu(["Use the new mode?"], ["Use it", "Not now"], 0)
        if text == "/quit":
            break
        if text:
            reply = answer(text)
finally:
    out("\x1b[?1049l\x1b[?25h")
    termios.tcsetattr(0, termios.TCSANOW, OLD)
