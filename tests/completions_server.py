"""A small server of the OpenAI-compatible interface on 127.0.0.1 that misbehaves when told. Knows nothing of who asks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-test-4711-secret"
TEXT = "the sea is wide\nthe night is long\n\n[Chorus]\noh sing a song\n"


def completion(text: str | None, reason: str = "stop", *, is_chat: bool = False) -> dict[str, Any]:
    """Return the body of a right answer."""
    choice: dict[str, Any] = {"index": 0, "finish_reason": reason}
    choice |= {"message": {"role": "assistant", "content": text}} if is_chat else {"text": text}
    return {"choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": 20}}


def events(
    text: str,
    reason: str | None = "stop",
    *,
    is_chat: bool = False,
    size: int = 3,
    usage: bool = True,
    done: bool = True,
) -> list[bytes]:
    """Return a right answer as the events of a stream, `size` signs in each."""
    pieces: list[dict[str, Any]] = [{"role": "assistant", "content": ""}] if is_chat else []
    pieces += [{"content": text[at : at + size]} for at in range(0, len(text), size)]
    found = []
    for piece in pieces:
        told = {"delta": piece} if is_chat else {"text": piece["content"]}
        found.append({"choices": [{"index": 0, "finish_reason": None, **told}]})
    found += [{"choices": [{"index": 0, "finish_reason": reason, **({"delta": {}} if is_chat else {"text": ""})}]}]
    found += [{"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 20}}] if usage else []
    return [f"data: {json.dumps(one)}\n\n".encode() for one in found] + ([b"data: [DONE]\n\n"] if done else [])


@dataclass
class Reply:
    """status, headers and body of one answer. body: an object becomes JSON. hangs: no byte comes, until all is over.

    stream: parts that come instead of a body. stays: after the last of them nothing comes, and the connection stays.
    cut: after them the connection breaks.
    """

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    announces: int | None = None  # bytes, where that is not the truth
    stream: list[bytes] | None = None
    stays: bool = False
    cut: bool = False


@dataclass
class CompletionsServer:
    """url: its address. replies: given in turn, the last again and again. asked: (path, key, body) of all questions.

    costs: what each token of a prompt costs, in nats, where the server echoes prompts with their probabilities.
    """

    url: str
    replies: list[Reply] = field(default_factory=lambda: [Reply(body=completion(TEXT))])
    models: list[str] = field(default_factory=lambda: ["tiny"])
    key: str | None = None
    asked: list[tuple[str, str | None, dict[str, Any]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    costs: Callable[[str], list[float]] | None = None

    def reply(self, path: str, key: str | None, body: dict[str, Any]) -> Reply:
        self.asked.append((path, key, body))
        if self.key is not None and key != f"Bearer {self.key}":
            return Reply(401, {"error": {"message": f"Incorrect API key provided: {key}"}})
        if path == "/v1/models":
            return Reply(body={"data": [{"id": name} for name in self.models]})
        if path not in ("/v1/completions", "/v1/chat/completions"):
            return Reply(404, {"detail": "Not Found"})
        if body["model"] not in self.models:
            return Reply(404, {"error": {"message": f"The model {body['model']} does not exist"}})
        if self.costs is not None and body.get("echo"):
            return Reply(body=echoed(body["prompt"], self.costs(body["prompt"])))
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def echoed(prompt: str, costs: list[float]) -> dict[str, Any]:
    """Return an answer as vLLM gives it: the first token has no probability, and one is written after the prompt."""
    logprobs = {"token_logprobs": [None, *(-cost for cost in costs[1:]), -0.5]}
    choice = {"index": 0, "finish_reason": "length", "text": f"{prompt}x", "logprobs": logprobs}
    return {"choices": [choice], "usage": {"prompt_tokens": len(costs), "completion_tokens": 1}}


@contextmanager
def completions_server() -> Iterator[CompletionsServer]:
    """Run a server on a free port while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: dict[str, Any]) -> None:
            reply = served.reply(self.path, self.headers.get("Authorization"), body)
            if reply.hangs:
                served.over.wait(30)
                return
            if reply.stream is not None:
                self._stream(reply, reply.stream)
                return
            data = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(reply.announces or len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, reply: Reply, parts: list[bytes]) -> None:
            self.send_response(reply.status)
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
            if reply.cut:
                self.send_header("Content-Length", "1000000")
            self.end_headers()
            with suppress(OSError):  # whoever asked may have left
                for part in parts:
                    self.wfile.write(part)
            if reply.stays:
                served.over.wait(30)

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = CompletionsServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    try:
        yield served
    finally:
        served.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
