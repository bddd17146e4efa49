#!/usr/bin/env python3
"""A model server that answers by rote, for proving agent profiles offline.

It listens on loopback and speaks four wire forms on one port: Anthropic Messages, OpenAI Responses, OpenAI Chat and Gemini. What it
answers depends on the word behind `FAKE:` in the user's last prompt alone (`FAKE:short`, see SCENARIOS); without one it echoes.
Every request is one line of JSON in the log, with the prompt as the model would see it.

    model_server.py --port 8901 --log requests.jsonl --cwd /jail/work
    model_server.py --port 8901 --token-seconds 0.5 --plain      # a client that never offers tools, such as aider
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from wire import FORMS, TEXT_EVENTS, TOKENS_IN, Ask, Event, Json, Reply, as_text, parse

SHORT = "Hello from the model. The answer is 42."
SLOW = ["A slow ", "reply, ", "one ", "word ", "at a ", "time."]
STALL = ["A stalled reply.\n\n", "Its second paragraph ", "never ends."]
STALL_SECONDS = 45.0
TOOL_INTRO = "I will use a tool now."
TOOL_RESULT = "The tool has answered."
COMMAND = "touch made-by-model.txt"
FILE = "notes.txt"
FILE_TEXT = "line one\nline two\nline three\n"
COLOURS = [("Red", "a warm colour"), ("Blue", "a cool colour")]
# How a client asks for the rest of a reply whose stream was cut.
CUT = re.compile(r"<previous_response_suffix>\n(.*?)\n</previous_response_suffix>", re.DOTALL)
FORM = {
    "message": "Which colour?",
    "requestedSchema": {
        "type": "object",
        "properties": {"colour": {"type": "string", "title": "Colour", "enum": [colour for colour, _ in COLOURS]}},
        "required": ["colour"],
    },
}
RESET_SECONDS = 7200


def long_text() -> str:
    """230 lines of Markdown, 200 of them one code block."""
    head = """# A long answer

This is the first paragraph of a long reply, and it is deliberately longer than a hundred and twenty columns, so that whoever shows it has to break it.

## A list

- first item with **bold** text and `inline code`
- second item with a [link](http://127.0.0.1/x) in it
  - nested item
- third item
- fourth item

1. one
2. two
3. three

Here is the code:

```python"""
    code = [f"def function_{n:03}(x):  # line {n:03} of 200" if n % 2 else f"    return x + {n}" for n in range(1, 201)]
    tail = """```

> A block quote at the end.

The last paragraph has wide characters, 日本語, and an accent: naïve.

## The end

One more line, and then the last.

END-OF-LONG-REPLY"""
    return "\n".join([head, *code, tail])


def numbered(prompt: str) -> str:
    """The last paragraph of a reply that could otherwise be taken for the one before."""
    return f"\n\nThat was {prompt.split(' ', 1)[-1]}."


def pieces_of(text: str, size: int, seconds: float) -> list[tuple[float, str]]:
    """The text in pieces, each with the pause before it."""
    return [(seconds, text[at : at + size]) for at in range(0, len(text), size)]


# --- what is answered ---------------------------------------------------------


class Model:
    """Plans the replies. The same requests get the same replies."""

    def __init__(self, cwd: str, token_seconds: float, plain: bool) -> None:
        self.cwd = cwd
        self.token_seconds = token_seconds
        self.plain = plain  # the client offers no tools: what has none is a prompt as well
        self.seen: dict[str, int] = {}  # requests so far of a conversation that ends with this prompt
        self.lock = threading.Lock()

    def kind(self, ask: Ask) -> str:
        """`prompt`: the user's; `result`: a tool's answer; `side`: the client's own business, such as a title."""
        own_business = re.search(r"commit message|summari[sz]e", ask.system[:600], re.IGNORECASE) if self.plain else not ask.tools
        if ask.structured or own_business:
            return "side"
        return "result" if ask.result is not None else "prompt"

    def plan(self, ask: Ask) -> Reply:
        match self.kind(ask):
            case "side":
                return Reply(pieces=[(0, side_text(ask))])
            case "result":
                return Reply(pieces=pieces_of(TOOL_RESULT, 8, 0.02))
        return self.scenario(ask)

    def scenario(self, ask: Ask) -> Reply:
        if cut := CUT.search(ask.prompt):
            return Reply(pieces=pieces_of(SHORT.removeprefix(cut[1]), 8, 0.02))
        name = ask.scenario
        if name in ERRORS:
            return error_reply(ask.wire, name)
        match name:
            case "short":
                return Reply(pieces=pieces_of(SHORT, 8, 0.02))
            case "long":
                return Reply(pieces=pieces_of(long_text(), 60, 0.004))
            case "slow":
                return Reply(pieces=[(self.token_seconds, token) for token in SLOW])
            case "paused1" | "paused3":
                return Reply(pieces=[(float(name[-1]), token) for token in [*SLOW, numbered(ask.prompt)]])
            case "pages":
                return Reply(pieces=pieces_of(long_text() + numbered(ask.prompt), 60, 0.004))
            case "stall":
                return Reply(pieces=[(0.05, STALL[0]), (0.05, STALL[1]), (STALL_SECONDS, STALL[2])])
            case "drop":
                return Reply(pieces=pieces_of(SHORT, 8, 0.05), cut_after=2)
            case "flaky":
                return self.flaky(ask)
            case "bash" | "edit" | "ask":
                return self.tool(ask, name)
        text = f"ECHO {ask.prompt.count(chr(10)) + 1} lines, {len(ask.prompt)} characters: {ask.prompt[:600]}"
        return Reply(pieces=pieces_of(text, 20, 0.01))

    def flaky(self, ask: Ask) -> Reply:
        """Refused twice as too fast, then answered."""
        key = "\n".join(ask.prompts)
        with self.lock:
            self.seen[key] = self.seen.get(key, 0) + 1
            again = self.seen[key] <= 2
        return error_reply(ask.wire, "ratelimit") if again else Reply(pieces=pieces_of(SHORT, 8, 0.02))

    def tool(self, ask: Ask, scenario: str) -> Reply:
        for name, arguments in tool_calls(scenario, self.cwd, ask.wire):
            if name in ask.tools:
                return Reply(pieces=[(0.05, TOOL_INTRO)], call=(name, arguments))
        if self.plain:
            return Reply(pieces=pieces_of(PLAIN[scenario], 40, 0.01))
        return Reply(pieces=[(0, f"No tool here for {scenario}.")])


# For clients without tools, who read what to do out of the text.
PLAIN = {
    "bash": f"Run this:\n\n```bash\n{COMMAND}\n```\n",
    "edit": f"I will write the file.\n\n{FILE}\n```\n<<<<<<< SEARCH\n=======\n{FILE_TEXT}>>>>>>> REPLACE\n```\n",
    "ask": "I need to see the file `extra.txt` to go on.",
}


def tool_calls(scenario: str, cwd: str, wire: str) -> Iterator[tuple[str, Json | str]]:
    """Every known client's own tool for this, the first one offered is used."""
    path = f"{cwd}/{FILE}"
    patch = f"*** Begin Patch\n*** Add File: {FILE}\n" + "".join(f"+{line}\n" for line in FILE_TEXT.splitlines()) + "*** End Patch\n"
    options = [{"label": label, "description": meaning} for label, meaning in COLOURS]
    question = {"question": "Which colour?", "header": "Colour", "options": options}
    escalated = {"sandbox_permissions": "require_escalated", "justification": "The model wants to create a file"}
    about = {"description": "Create a file"}
    match scenario:
        case "bash":
            yield "Bash", {"command": COMMAND, **about}
            yield "exec_command", {"cmd": COMMAND, **escalated}
            yield "shell_command", {"command": COMMAND, **escalated}
            yield "run_shell_command", {"command": COMMAND, "is_background": False, **about}
            yield "bash", {"command": COMMAND, **about}
        case "edit":
            yield "Write", {"file_path": path, "content": FILE_TEXT}
            yield "apply_patch", patch
            yield "write_file", {"file_path": path, "content": FILE_TEXT}
            yield "write", {"filePath": path, "content": FILE_TEXT}
            yield "create", {"path": path, "file_text": FILE_TEXT}
            yield "exec_command", {"cmd": f"apply_patch <<'EOF'\n{patch}EOF\n"}
        case "ask":
            yield "AskUserQuestion", {"questions": [{**question, "multiSelect": False}]}
            yield "request_user_input", {"questions": [{**question, "id": "colour"}]}
            yield "ask_user_question", {"questions": [{**question, "multiSelect": False}]}
            yield "question", {"questions": [question]}
            yield "ask_user", {"questions": [{**question, "type": "choice"}]} if wire == "gemini" else FORM


def side_text(ask: Ask) -> str:
    """Titles, routing and the like: some clients want JSON with their own keys."""
    if not ask.structured and ask.wire != "anthropic":
        return "fix: write a note" if "commit message" in ask.system.lower() else "A short title"
    answers = {
        "title": "A short title",
        "isNewTopic": True,
        "reasoning": "done",
        "next_speaker": "user",
        "model_choice": "flash",
        "complexity_reasoning": "simple",
        "complexity_score": 1,
    }
    return json.dumps(answers)


# --- errors, as each service tells them ---------------------------------------

ERRORS = {"error500", "overloaded", "badrequest", "limit", "ratelimit"}

# scenario -> status, type, message
ANTHROPIC_ERRORS = {
    "error500": (500, "api_error", "Internal server error"),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "badrequest": (400, "invalid_request_error", "The request is not valid"),
    "limit": (429, "rate_limit_error", "You have reached your usage limit"),
    "ratelimit": (429, "rate_limit_error", "Too many requests"),
}
OPENAI_ERRORS = {
    "error500": (500, "server_error", "Internal server error"),
    "overloaded": (503, "server_is_overloaded", "The server is overloaded"),
    "badrequest": (400, "invalid_request_error", "The request is not valid"),
    "limit": (429, "usage_limit_reached", "The usage limit has been reached"),
    "ratelimit": (429, "rate_limit_exceeded", "Too many requests"),
}
GEMINI_ERRORS = {
    "error500": (500, "INTERNAL", "Internal server error"),
    "overloaded": (503, "UNAVAILABLE", "The model is overloaded"),
    "badrequest": (400, "INVALID_ARGUMENT", "The request is not valid"),
    "limit": (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota"),
    "ratelimit": (429, "RESOURCE_EXHAUSTED", "Too many requests"),
}


def error_reply(wire: str, scenario: str) -> Reply:
    match wire:
        case "anthropic":
            return anthropic_error(scenario)
        case "gemini":
            return gemini_error(scenario)
    return openai_error(wire, scenario)


def anthropic_error(scenario: str) -> Reply:
    status, kind, message = ANTHROPIC_ERRORS[scenario]
    headers = {"request-id": "req_fake"}
    if scenario == "limit":
        headers |= {
            "retry-after": str(RESET_SECONDS),
            "x-should-retry": "false",
            "anthropic-ratelimit-unified-status": "rejected",
            "anthropic-ratelimit-unified-reset": str(reset_time()),
            "anthropic-ratelimit-unified-representative-claim": "five_hour",
        }
    return Reply(status=status, error={"type": "error", "error": {"type": kind, "message": message}}, headers=headers)


def openai_error(wire: str, scenario: str) -> Reply:
    status, kind, message = OPENAI_ERRORS[scenario]
    error: Json = {"type": kind, "code": kind, "message": message}
    headers: dict[str, str] = {}
    if scenario == "limit" and wire == "responses":
        error |= {"plan_type": "plus", "resets_at": reset_time(), "resets_in_seconds": RESET_SECONDS}
    elif scenario == "limit":
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(reset_time()))
        message = f"You exceeded your current quota, it will reset at {when}"
        error |= {"type": "insufficient_quota", "code": "insufficient_quota", "message": message}
        headers = {"retry-after": str(RESET_SECONDS), "x-should-retry": "false"}
    elif scenario == "ratelimit":
        headers = {"retry-after-ms": "100"}
    return Reply(status=status, error={"error": error}, headers=headers)


def gemini_error(scenario: str) -> Reply:
    status, kind, message = GEMINI_ERRORS[scenario]
    error: Json = {"code": status, "message": message, "status": kind}
    if scenario == "limit":
        prefix = "type.googleapis.com/google.rpc."
        error["details"] = [
            {"@type": prefix + "QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerWeekPerProjectPerModel"}]},
            {"@type": prefix + "RetryInfo", "retryDelay": f"{RESET_SECONDS}s"},
        ]
    return Reply(status=status, error={"error": error})


def reset_time() -> int:
    return int(time.time()) + RESET_SECONDS


# --- the server ---------------------------------------------------------------


class Log:
    """One line of JSON per request; `bodies` keeps the last requests whole, for a look at what a client sends."""

    def __init__(self, path: str, bodies: str | None) -> None:
        self.file = Path(path).open("a", buffering=1, encoding="utf-8") if path else None
        self.bodies = bodies
        self.lock = threading.Lock()
        self.count = 0
        self.started = time.monotonic()

    def write(self, body: Json | None = None, **entry: Any) -> None:
        with self.lock:
            self.count += 1
            line = {"n": self.count, "t": round(time.monotonic() - self.started, 3), **entry}
            if self.file:
                self.file.write(json.dumps(line) + "\n")
            if self.bodies and body is not None:
                with open(f"{self.bodies}/{self.count:04}.json", "w", encoding="utf-8") as file:
                    json.dump(body, file, indent=1)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: Model
    log: Log

    def log_message(self, format: str, *args: Any) -> None:
        """The log is ours."""

    def do_GET(self) -> None:
        self.log.write(kind="other", method="GET", path=self.path)
        if self.path.split("?")[0].endswith("/models"):
            entry = {"id": "fake-model", "object": "model", "type": "model", "display_name": "Fake", "created": 1, "owned_by": "fake"}
            self.send_json(200, {"object": "list", "data": [entry], "models": []})
        else:
            self.send_json(404, {"error": {"type": "not_found_error", "message": "no such path"}})

    def do_HEAD(self) -> None:
        self.log.write(kind="other", method="HEAD", path=self.path)
        self.send_json(200, {})

    def do_POST(self) -> None:
        body = self.read_body()
        path = self.path.split("?")[0]
        try:
            if path.endswith("/count_tokens") or ":countTokens" in path:
                self.log.write(kind="other", method="POST", path=path)
                self.send_json(200, {"input_tokens": TOKENS_IN, "totalTokens": TOKENS_IN})
            elif ask := parse(path, body):
                self.answer(ask, path, body)
            else:
                self.log.write(kind="other", method="POST", path=path)
                self.send_json(404, {"error": {"type": "not_found_error", "message": "no such path"}})
        except (BrokenPipeError, ConnectionResetError):
            self.log.write(kind="gone", path=path)
            self.close_connection = True

    def answer(self, ask: Ask, path: str, body: Json) -> None:
        kind = self.model.kind(ask)
        reply = self.model.plan(ask)
        self.log.write(
            body,
            kind=kind,
            wire=ask.wire,
            path=path,
            prompt=ask.prompt,
            prompts=sum("FAKE:" in prompt for prompt in ask.prompts),
            scenario=ask.scenario if kind == "prompt" else kind,
            status=reply.status,
            result=ask.result,
            tools=len(ask.tools),
        )
        events, whole = FORMS[ask.wire]
        if reply.status != 200:
            self.send_json(reply.status, reply.error, reply.headers)
        elif ask.stream:
            self.send_stream(events(ask, reply), reply.cut_after)
        else:
            time.sleep(sum(pause for pause, _ in reply.pieces))
            self.send_json(200, whole(ask, reply))

    def read_body(self) -> Json:
        if "chunked" in (self.headers.get("transfer-encoding") or "").lower():
            raw = b""
            while size := int(self.rfile.readline().split(b";")[0].strip() or b"0", 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("content-encoding") == "gzip":
            raw = gzip.decompress(raw)
        try:
            body = json.loads(raw)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def send_json(self, status: int, body: Json, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def send_stream(self, events: Iterator[Event], cut_after: int | None) -> None:
        """In chunks, so that a client can tell a stream that was cut from one that has ended."""
        self.send_response(200)
        for name, value in {"content-type": "text/event-stream", "cache-control": "no-cache", "transfer-encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        sent = 0
        for pause, event, data in events:
            time.sleep(pause)
            line = as_text(data)
            self.send_chunk(((f"event: {event}\n" if event else "") + f"data: {line}\n\n").encode())
            sent += bool(TEXT_EVENTS.search(line))
            if cut_after is not None and sent >= cut_after:
                self.close_connection = True
                return
        self.send_chunk(b"")

    def send_chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed reset their connections; only what else went wrong is told."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def serve(port: int, model: Model, log: Log) -> ThreadingHTTPServer:
    """Listens; the caller starts it."""
    handler = type("BoundHandler", (Handler,), {"model": model, "log": log})
    return Server(("127.0.0.1", port), handler)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8901)
    parser.add_argument("--log", default="", help="where requests are told, one line of JSON each")
    parser.add_argument("--bodies", help="a folder for whole requests")
    parser.add_argument("--cwd", default=".", help="where FAKE:edit writes its file")
    parser.add_argument("--token-seconds", type=float, default=3.0, help="pause before each word of FAKE:slow")
    parser.add_argument("--plain", action="store_true", help="the client offers no tools; what it sends is a prompt all the same")
    arguments = parser.parse_args()
    model = Model(arguments.cwd, arguments.token_seconds, arguments.plain)
    serve(arguments.port, model, Log(arguments.log, arguments.bodies)).serve_forever()


if __name__ == "__main__":
    main()
