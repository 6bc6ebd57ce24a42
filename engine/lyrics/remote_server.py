"""A server with the OpenAI-compatible interface: where it is, and what was asked of it so far. Does not know how it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urldefrag, urlsplit

from engine.errors import RequestError


@dataclass(frozen=True)
class RemoteServer:
    """Where to ask. url: with or without /v1. model: its name there. key: None where the server wants none.

    chat: ask /chat/completions. timeout_seconds: for one answer. tries: how often one question is asked at most.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    chat: bool = False
    timeout_seconds: float = 120.0
    tries: int = 5

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RequestError(
                f"{self.url[:80]!r} is no address of a server; give one such as http://127.0.0.1:8000/v1"
            )
        if parts.username or parts.password or parts.query:
            raise RequestError("the address of a server may hold no key; put that into SONGWRIGHT_REMOTE_KEY")
        if self.key is not None and not (self.key.isascii() and self.key.isprintable() and self.key.strip()):
            raise RequestError("the key has characters that no key has, or is empty; look for a line break at its end")

    @property
    def shown(self) -> str:
        """The address as it is asked, for people."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{self.base}"

    @property
    def base(self) -> str:
        """The path that all questions begin with."""
        return urlsplit(self.url).path.rstrip("/") or "/v1"


def address_and_model(place: str) -> tuple[str, str]:
    """Return the address and the name of a model behind it: http://127.0.0.1:8000/v1#tiny; "" where none is named."""
    url, model = urldefrag(place)
    return url, model


@dataclass
class RemoteUse:
    """What was asked so far: answers, tokens as the server counts them, and answers that it did not count."""

    answers: int = 0
    prompt_tokens: int = 0
    written_tokens: int = 0
    uncounted: int = 0

    def add(self, usage: object) -> None:
        """Count an answer by what it says of itself."""
        told = usage if isinstance(usage, Mapping) else {}
        prompt, written = told.get("prompt_tokens"), told.get("completion_tokens")
        self.answers += 1
        if isinstance(prompt, int) and isinstance(written, int):
            self.prompt_tokens += prompt
            self.written_tokens += written
        else:
            self.uncounted += 1

    def cost(self, price_of_prompts: float, price_of_written: float) -> float:
        """Return the price, from prices per million tokens."""
        return (self.prompt_tokens * price_of_prompts + self.written_tokens * price_of_written) / 1e6
