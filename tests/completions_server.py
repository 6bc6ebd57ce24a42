"""A small server of the OpenAI-compatible interface on 127.0.0.1 that misbehaves when told. Knows nothing of who asks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


@dataclass
class Reply:
    """status, headers and body of one answer. body: an object becomes JSON. hangs: no byte comes, until all is over."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    announces: int | None = None  # bytes, where that is not the truth


@dataclass
class CompletionsServer:
    """url: its address. replies: given in turn, the last again and again. asked: (path, key, body) of all questions."""

    url: str
    replies: list[Reply] = field(default_factory=lambda: [Reply(body=completion(TEXT))])
    models: list[str] = field(default_factory=lambda: ["tiny"])
    key: str | None = None
    asked: list[tuple[str, str | None, dict[str, Any]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

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
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


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
            data = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(reply.announces or len(data)))
            self.end_headers()
            self.wfile.write(data)

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
