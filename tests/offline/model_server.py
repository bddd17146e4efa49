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
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]

TOKENS_IN = 1234
TOKENS_OUT = 56
SHORT = "Hello from the model. The answer is 42."
SLOW = ["A slow ", "reply, ", "one ", "word ", "at a ", "time."]
TOOL_INTRO = "I will use a tool now."
TOOL_RESULT = "The tool has answered."
COMMAND = "touch made-by-model.txt"
FILE = "notes.txt"
FILE_TEXT = "line one\nline two\nline three\n"
COLOURS = [("Red", "a warm colour"), ("Blue", "a cool colour")]
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


def pieces_of(text: str, size: int, seconds: float) -> list[tuple[float, str]]:
    """The text in pieces, each with the pause before it."""
    return [(seconds, text[at : at + size]) for at in range(0, len(text), size)]


# --- what was asked -----------------------------------------------------------


@dataclass
class Ask:
    """A request, in whatever wire form it came."""

    wire: str
    model: str
    stream: bool
    tools: list[str]
    prompts: list[str]  # what the user typed, oldest first
    result: str | None  # what a tool answered, when that is what the client sends now
    system: str = ""
    structured: bool = False  # the client wants JSON of its own form: never a prompt

    @property
    def prompt(self) -> str:
        return self.prompts[-1] if self.prompts else ""

    @property
    def scenario(self) -> str:
        words = re.findall(r"FAKE:([a-z0-9]+)", self.prompt)
        return words[-1] if words else "echo"


REMINDER = re.compile(r"<(system-reminder|system_reminder|session_context|environment_context|current_datetime|reminder)>.*?</\1>", re.S)


def typed(text: str) -> str:
    """What the user typed of what a client sends: clients put reminders and wrappers around it."""
    text = REMINDER.sub("", text)
    text = re.sub(r"</?pasted_content[^>]*>", "", text)
    return text.strip()


def texts(content: Any) -> list[str]:
    """The text blocks of a message, in any of the forms."""
    if isinstance(content, str):
        return [content]
    return [block["text"] for block in content or [] if isinstance(block, dict) and isinstance(block.get("text"), str)]


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def parse_anthropic(body: Json) -> Ask:
    prompts: list[str] = []
    result: str | None = None
    for message in body.get("messages", []):
        if message.get("role") == "assistant":
            result = None
        if message.get("role") != "user":
            continue
        content = message.get("content")
        blocks = [typed(text) for text in texts(content)]
        prompts += ["\n".join(filter(None, blocks))] if any(blocks) else []
        for block in content if isinstance(content, list) else []:
            if block.get("type") == "tool_result":
                result = as_text(block.get("content"))
    return Ask(
        wire="anthropic",
        model=body.get("model", ""),
        stream=bool(body.get("stream")),
        tools=[tool.get("name", "") for tool in body.get("tools") or []],
        prompts=prompts,
        result=result,
        system="\n".join(texts(body.get("system"))),
    )


def parse_responses(body: Json) -> Ask:
    items = body.get("input") or []
    if isinstance(items, str):
        items = [{"type": "message", "role": "user", "content": items}]
    prompts: list[str] = []
    result: str | None = None
    for item in items:
        kind = item.get("type", "message")
        if kind.endswith("_call_output"):
            result = as_text(item.get("output"))
        elif kind == "message" and item.get("role") == "user":
            found = typed("\n".join(texts(item.get("content"))))
            prompts += [found] if found else []
            result = None
    return Ask(
        wire="responses",
        model=body.get("model", ""),
        stream=bool(body.get("stream", True)),
        tools=[tool.get("name") or tool.get("type", "") for tool in body.get("tools") or []],
        prompts=prompts,
        result=result,
        system=as_text(body.get("instructions") or ""),
    )


def parse_chat(body: Json) -> Ask:
    prompts: list[str] = []
    result: str | None = None
    system: list[str] = []
    for message in body.get("messages", []):
        match message.get("role"):
            case "user":
                found = typed("\n".join(texts(message.get("content"))))
                prompts += [found] if found else []
                result = None
            case "tool":
                result = "\n".join(texts(message.get("content")))
            case "system" | "developer":
                system += texts(message.get("content"))
    return Ask(
        wire="chat",
        model=body.get("model", ""),
        stream=bool(body.get("stream")),
        tools=[(tool.get("function") or tool.get("custom") or {}).get("name", "") for tool in body.get("tools") or []],
        prompts=prompts,
        result=result,
        system="\n".join(system),
        structured="response_format" in body,
    )


def parse_gemini(body: Json, path: str) -> Ask:
    prompts: list[str] = []
    result: str | None = None
    for content in body.get("contents", []):
        if content.get("role") not in ("user", "function", None):
            result = None
            continue
        parts = content.get("parts", [])
        found = typed("\n".join(texts(parts)))
        answers = [part["functionResponse"] for part in parts if "functionResponse" in part]
        if answers:
            result = as_text(answers[0].get("response"))
        elif found:
            prompts.append(found)
            result = None
    config = body.get("generationConfig") or {}
    return Ask(
        wire="gemini",
        model=path.split("/models/")[-1].split(":")[0],
        stream="streamGenerateContent" in path,
        tools=[function.get("name", "") for tool in body.get("tools") or [] for function in tool.get("functionDeclarations", [])],
        prompts=prompts,
        result=result,
        system="\n".join(texts((body.get("systemInstruction") or {}).get("parts"))),
        structured="json" in str(config.get("responseMimeType")) or bool({"responseJsonSchema", "responseSchema"} & config.keys()),
    )


# --- what is answered ---------------------------------------------------------


@dataclass
class Reply:
    """What is sent back, before it takes a wire form."""

    pieces: list[tuple[float, str]] = field(default_factory=list)
    call: tuple[str, Json | str] | None = None  # tool, arguments; a bare text is a free-form tool's input
    status: int = 200
    error: Json = field(default_factory=dict)  # the body, when the status is not 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None  # pieces, then the connection is gone

    @property
    def text(self) -> str:
        return "".join(piece for _, piece in self.pieces)


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
        own_business = re.search(r"commit message|summari[sz]e", ask.system[:600], re.I) if self.plain else not ask.tools
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
        for name, arguments in tool_calls(scenario, self.cwd):
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


def tool_calls(scenario: str, cwd: str) -> Iterator[tuple[str, Json | str]]:
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
            yield "ask_user", {"questions": [{**question, "type": "choice"}], "question": "Which colour?", "choices": [c for c, _ in COLOURS]}


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
        error |= {"type": "insufficient_quota", "code": "insufficient_quota", "message": "You exceeded your current quota"}
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
            {"@type": prefix + "QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},
            {"@type": prefix + "RetryInfo", "retryDelay": f"{RESET_SECONDS}s"},
        ]
    return Reply(status=status, error={"error": error})


def reset_time() -> int:
    return int(time.time()) + RESET_SECONDS


# --- wire forms ---------------------------------------------------------------

# An event is the pause before it, its name (or None) and its data; "" is where a cut stream may end.
Event = tuple[float, str | None, Json | str]


def call_arguments(reply: Reply) -> str:
    assert reply.call
    return as_text(reply.call[1])


def anthropic_events(ask: Ask, reply: Reply) -> Iterator[Event]:
    def event(data: Json, pause: float = 0) -> Event:
        return pause, data["type"], data

    usage = {"input_tokens": TOKENS_IN, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1}
    yield event({"type": "message_start", "message": {**anthropic_message(ask), "content": [], "stop_reason": None, "usage": usage}})
    yield event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    for pause, piece in reply.pieces:
        yield event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}, pause)
    yield event({"type": "content_block_stop", "index": 0})
    if reply.call:
        block = {"type": "tool_use", "id": new_id("toolu"), "name": reply.call[0], "input": {}}
        yield event({"type": "content_block_start", "index": 1, "content_block": block})
        delta = {"type": "input_json_delta", "partial_json": call_arguments(reply)}
        yield event({"type": "content_block_delta", "index": 1, "delta": delta})
        yield event({"type": "content_block_stop", "index": 1})
    stop = {"stop_reason": "tool_use" if reply.call else "end_turn", "stop_sequence": None}
    yield event({"type": "message_delta", "delta": stop, "usage": {"output_tokens": TOKENS_OUT}})
    yield event({"type": "message_stop"})


def anthropic_message(ask: Ask) -> Json:
    return {"id": new_id("msg"), "type": "message", "role": "assistant", "model": ask.model, "stop_sequence": None}


def anthropic_whole(ask: Ask, reply: Reply) -> Json:
    content: list[Json] = [{"type": "text", "text": reply.text}]
    if reply.call:
        content.append({"type": "tool_use", "id": new_id("toolu"), "name": reply.call[0], "input": reply.call[1]})
    usage = {"input_tokens": TOKENS_IN, "output_tokens": TOKENS_OUT}
    return {**anthropic_message(ask), "content": content, "stop_reason": "tool_use" if reply.call else "end_turn", "usage": usage}


def responses_events(ask: Ask, reply: Reply) -> Iterator[Event]:
    base = responses_base(ask)
    number = iter(range(100000))

    def event(kind: str, pause: float = 0, **data: Any) -> Event:
        return pause, kind, {"type": kind, "sequence_number": next(number), **data}

    message, *calls = responses_items(reply)
    where = {"item_id": message["id"], "output_index": 0, "content_index": 0}
    yield event("response.created", response={**base, "status": "in_progress", "output": []})
    yield event("response.output_item.added", output_index=0, item={**message, "status": "in_progress", "content": []})
    yield event("response.content_part.added", **where, part={"type": "output_text", "text": "", "annotations": []})
    for pause, piece in reply.pieces:
        yield event("response.output_text.delta", pause, **where, delta=piece)
    yield event("response.output_text.done", **where, text=reply.text)
    yield event("response.content_part.done", **where, part=message["content"][0])
    for index, item in enumerate([message, *calls]):
        if index:
            yield event("response.output_item.added", output_index=index, item=item)
        yield event("response.output_item.done", output_index=index, item=item)
    yield event("response.completed", response={**base, "status": "completed", "output": [message, *calls]})


def responses_base(ask: Ask) -> Json:
    usage = {
        "input_tokens": TOKENS_IN,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": TOKENS_OUT,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": TOKENS_IN + TOKENS_OUT,
    }
    return {"id": new_id("resp"), "object": "response", "created_at": int(time.time()), "model": ask.model, "usage": usage}


def responses_items(reply: Reply) -> list[Json]:
    part = {"type": "output_text", "text": reply.text, "annotations": []}
    items: list[Json] = [{"type": "message", "id": new_id("msg"), "role": "assistant", "status": "completed", "content": [part]}]
    if reply.call:
        name, arguments = reply.call
        call: Json = {"id": new_id("item"), "call_id": new_id("call"), "name": name, "status": "completed"}
        if isinstance(arguments, str):
            items.append({**call, "type": "custom_tool_call", "input": arguments})
        else:
            items.append({**call, "type": "function_call", "arguments": json.dumps(arguments)})
    return items


def responses_whole(ask: Ask, reply: Reply) -> Json:
    return {**responses_base(ask), "status": "completed", "output": responses_items(reply)}


def chat_events(ask: Ask, reply: Reply) -> Iterator[Event]:
    base = {"id": new_id("chatcmpl"), "object": "chat.completion.chunk", "created": int(time.time()), "model": ask.model}

    def event(delta: Json, finish: str | None = None, pause: float = 0) -> Event:
        return pause, None, {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield event({"role": "assistant", "content": ""})
    for pause, piece in reply.pieces:
        yield event({"content": piece}, pause=pause)
    if reply.call:
        yield event({"tool_calls": [{"index": 0, **chat_call(reply)}]})
    yield event({}, "tool_calls" if reply.call else "stop")
    yield 0, None, {**base, "choices": [], "usage": chat_usage()}
    yield 0, None, "[DONE]"


def chat_call(reply: Reply) -> Json:
    assert reply.call
    return {"id": new_id("call"), "type": "function", "function": {"name": reply.call[0], "arguments": call_arguments(reply)}}


def chat_usage() -> Json:
    return {"prompt_tokens": TOKENS_IN, "completion_tokens": TOKENS_OUT, "total_tokens": TOKENS_IN + TOKENS_OUT}


def chat_whole(ask: Ask, reply: Reply) -> Json:
    message: Json = {"role": "assistant", "content": reply.text}
    if reply.call:
        message["tool_calls"] = [chat_call(reply)]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if reply.call else "stop"}
    return {"id": new_id("chatcmpl"), "object": "chat.completion", "created": 0, "model": ask.model, "choices": [choice], "usage": chat_usage()}


def gemini_events(ask: Ask, reply: Reply) -> Iterator[Event]:
    for pause, piece in reply.pieces:
        yield pause, None, gemini_chunk(ask, [{"text": piece}])
    if reply.call:
        yield 0, None, gemini_chunk(ask, [gemini_call(reply)])
    yield 0, None, gemini_chunk(ask, [{"text": ""}], "STOP")


def gemini_call(reply: Reply) -> Json:
    assert reply.call
    return {"functionCall": {"name": reply.call[0], "args": reply.call[1]}}


def gemini_chunk(ask: Ask, parts: list[Json], finish: str | None = None) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": TOKENS_IN, "candidatesTokenCount": TOKENS_OUT, "totalTokenCount": TOKENS_IN + TOKENS_OUT}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": ask.model, "responseId": "fake"}


def gemini_whole(ask: Ask, reply: Reply) -> Json:
    return gemini_chunk(ask, [{"text": reply.text}] + ([gemini_call(reply)] if reply.call else []), "STOP")


FORMS = {
    "anthropic": (anthropic_events, anthropic_whole),
    "responses": (responses_events, responses_whole),
    "chat": (chat_events, chat_whole),
    "gemini": (gemini_events, gemini_whole),
}
TEXT_EVENTS = re.compile(r"text_delta|output_text\.delta|\"content\": \"[^\"]|\"text\": \"[^\"]")

counter = iter(range(1, 10**9))
counter_lock = threading.Lock()


def new_id(prefix: str) -> str:
    with counter_lock:
        return f"{prefix}_fake{next(counter):06}"


# --- the server ---------------------------------------------------------------


class Log:
    """One line of JSON per request; `bodies` keeps the last requests whole, for a look at what a client sends."""

    def __init__(self, path: str, bodies: str | None) -> None:
        self.file = open(path, "a", buffering=1, encoding="utf-8") if path else None
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
        self.send_response(200)
        for name, value in {"content-type": "text/event-stream", "cache-control": "no-cache", "connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        sent = 0
        for pause, name, data in events:
            time.sleep(pause)
            line = as_text(data)
            self.wfile.write(((f"event: {name}\n" if name else "") + f"data: {line}\n\n").encode())
            self.wfile.flush()
            sent += bool(TEXT_EVENTS.search(line))
            if cut_after is not None and sent >= cut_after:
                return


def parse(path: str, body: Json) -> Ask | None:
    if path.endswith("/messages"):
        return parse_anthropic(body)
    if path.endswith("/responses"):
        return parse_responses(body)
    if path.endswith("/chat/completions"):
        return parse_chat(body)
    if "enerateContent" in path:
        return parse_gemini(body, path)
    return None


def serve(port: int, model: Model, log: Log) -> ThreadingHTTPServer:
    """Listens; the caller starts it."""
    handler = type("BoundHandler", (Handler,), {"model": model, "log": log})
    ThreadingHTTPServer.allow_reuse_address = True
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    return server


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
