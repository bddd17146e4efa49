"""The wire forms of the model services: requests in, replies out, as Anthropic Messages, OpenAI Responses, OpenAI Chat and Gemini.

Nothing here decides what is answered.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

TOKENS_IN = 1234
TOKENS_OUT = 56


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


# --- requests -----------------------------------------------------------------

REMINDER = re.compile(
    r"<(system-reminder|system_reminder|session_context|environment_context|current_datetime|reminder"
    r"|local-command-caveat|local-command-stdout|command-name|command-message|command-args)>.*?</\1>",
    re.DOTALL,
)


WRAPPERS = re.compile(r"</?pasted_content[^>]*>|^\[Request interrupted by user[^\]]*\]\n?")
RULES = re.compile(r"\n\n(# \*SEARCH/REPLACE block\* Rules|To suggest changes to a file).*", re.DOTALL)


def typed(text: str) -> str:
    """What the user typed of what a client sends: clients put reminders, wrappers and instructions around it."""
    return RULES.sub("", WRAPPERS.sub("", REMINDER.sub("", text).strip())).strip()


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


# --- replies ------------------------------------------------------------------

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
