"""A server with the OpenAI-compatible completions interface: asked, asked again, and what it was asked counted.

Does not know songs, nor where its key comes from; the key stands in no message and no `repr`. Plain `http.client`: it
follows no redirection, which could carry the key elsewhere, and reads no environment.
"""

from __future__ import annotations

import http.client
import json
import random
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from engine.contract import Sampling
from engine.errors import Cancelled, EngineError, RequestError

BUSY = {408, 409, 425, 429, 500, 502, 503, 504}  # worth another try
LONGEST_WAIT_SECONDS = 60.0
MOST_ANSWER_BYTES = 16 * 2**20
QUOTED_CHARACTERS = 200
SYSTEM_PROMPT = """You write song lyrics as plain text: a heading <<Artist - Title>>, labels such as [Verse 1] and [Chorus],
and below each its lines. Go on exactly where the text stops. Answer with nothing but the text that follows."""

Cancel = Callable[[], bool]


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


@dataclass(frozen=True)
class Answer:
    """text: what follows the prompt. is_whole: the model ended it; otherwise its tokens ran out."""

    text: str
    is_whole: bool


class Remote:
    """Asks a server. sleep, clock: of the time module. report: is told a sentence whenever it waits."""

    def __init__(
        self,
        server: RemoteServer,
        *,
        report: Callable[[str], None] = lambda sentence: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.server, self.use = server, RemoteUse()
        self._report, self._sleep, self._clock = report, sleep, clock
        parts = urlsplit(server.url)
        self._host, self._port, self._is_safe = str(parts.hostname), parts.port, parts.scheme == "https"
        path = parts.path.rstrip("/")
        self._base = path or "/v1"
        self.shown = f"{parts.scheme}://{parts.netloc}{self._base}"

    def models(self) -> list[str]:
        """Return the names of the models that the server has; EngineError where it does not say so at once."""
        listed = self._ask("GET", "/models", None, tries=1).get("data")
        return [str(one["id"]) for one in listed or [] if isinstance(one, dict) and "id" in one]

    def complete(
        self,
        prompt: str,
        *,
        most_tokens: int,
        sampling: Sampling,
        seed: int,
        stop: Sequence[str] = (),
        cancelled: Cancel | None = None,
    ) -> Answer:
        """Return what the model writes after a prompt. EngineError where the server fails, RequestError where it refuses."""
        body: dict[str, Any] = {"model": self.server.model, "max_tokens": most_tokens, "seed": seed}
        body |= {"temperature": sampling.temperature, "top_p": sampling.top_p}
        body |= {"stop": list(stop)} if stop else {}
        if self.server.chat:
            body["messages"] = [{"role": "system", "content": SYSTEM_PROMPT}, {"role": "user", "content": prompt}]
        else:
            body["prompt"] = prompt
        answer = self._ask("POST", "/chat/completions" if self.server.chat else "/completions", body, cancelled)
        self.use.add(answer.get("usage"))
        return self._read(answer)

    def _read(self, answer: Mapping[str, Any]) -> Answer:
        choices = answer.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        message = choice.get("message")
        text = message.get("content") if isinstance(message, dict) else choice.get("text")
        if not isinstance(text, str):
            raise EngineError(f"{self.shown} answered without a text; {self._other_way()}")
        return Answer(text, choice.get("finish_reason") != "length")

    def _other_way(self) -> str:
        return "try it without --chat" if self.server.chat else "if its models only talk, use --chat"

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        cancelled: Cancel | None = None,
        tries: int | None = None,
    ) -> dict[str, Any]:
        """Ask until there is an answer: again after 429, 5xx and a broken connection, never after a time-out.

        What timed out may still be written, and paid for, on the server.
        """
        fault, tries = "", tries or self.server.tries
        for number in range(tries):
            if cancelled is not None and cancelled():
                raise Cancelled("the request was taken back; nothing was kept")
            wait = min(0.5 * 2**number, LONGEST_WAIT_SECONDS) * (1 + random.random() / 4)
            try:
                status, headers, data = self._once(method, path, body)
            except TimeoutError:
                limit = self.server.timeout_seconds
                raise EngineError(f"{self.shown} gave no answer in {limit:g} s; give more with --timeout") from None
            except ssl.SSLCertVerificationError as error:
                raise EngineError(
                    f"the certificate of {self.shown} is not to be trusted ({error.verify_message})"
                ) from None
            except (OSError, http.client.HTTPException) as error:
                fault = f"cannot be reached ({self._quoted(getattr(error, 'strerror', None) or type(error).__name__)})"
            else:
                if status not in BUSY:
                    return self._checked(status, headers, data, path)
                fault = f"answered {status}: {self._said(data)}"
                asked_to_wait = retry_after_seconds(headers.get("retry-after"))
                if asked_to_wait is not None and asked_to_wait > LONGEST_WAIT_SECONDS:
                    raise EngineError(f"{self.shown} {fault}; it wants to be asked again in {asked_to_wait:.0f} s")
                wait = wait if asked_to_wait is None else asked_to_wait
            if number + 1 < tries:
                self._report(f"{self.shown} {fault}; asking again in {wait:.1f} s")
                self._sleep(wait)
        raise EngineError(f"{self.shown} {fault}; asked {tries} times, try again later")

    def _once(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Ask once. TimeoutError when the whole answer is not there in time, however slowly it comes."""
        limit = self.server.timeout_seconds
        kind = http.client.HTTPSConnection if self._is_safe else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=limit)
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "songwright"}
        if self.server.key is not None:
            headers["Authorization"] = f"Bearer {self.server.key}"
        until = self._clock() + limit
        try:
            connection.request(method, self._base + path, None if body is None else json.dumps(body).encode(), headers)
            response, data = connection.getresponse(), b""
            while part := response.read1(65536):
                data += part
                if self._clock() > until:
                    raise TimeoutError
                if len(data) > MOST_ANSWER_BYTES:
                    raise EngineError(f"{self.shown} answered with more than {MOST_ANSWER_BYTES // 2**20} MB")
            if response.length:
                raise http.client.IncompleteRead(data, response.length)
            return response.status, response.headers, data
        finally:
            connection.close()

    def _checked(self, status: int, headers: http.client.HTTPMessage, data: bytes, path: str) -> dict[str, Any]:
        said = self._said(data)
        if status in (401, 403):
            has = "the key" if self.server.key is not None else "a question without a key"
            raise RequestError(
                f"{self.shown} refused {has} ({status}); put one that it takes into SONGWRIGHT_REMOTE_KEY"
            )
        if status in (301, 302, 303, 307, 308):
            place = self._quoted(headers.get("location") or "elsewhere")
            raise RequestError(f"{self.shown} sends its guests to {place}; give that address if you trust it")
        if status == 404:
            raise RequestError(
                f"{self.shown} has no model {self.server.model!r}, or no {path}: {said}; {self._other_way()}"
            )
        if status != 200:
            raise RequestError(f"{self.shown} refused the question ({status}): {said}")
        try:
            answer = json.loads(data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise EngineError(f"{self.shown} answered with something that is no JSON object; is it the right address?")
        return answer

    def _said(self, data: bytes) -> str:
        """Return what an answer says of a fault, short and without the key."""
        try:
            found = json.loads(data)
        except ValueError:
            return self._quoted(data.decode(errors="replace")) or "without a word"
        for name in ("error", "detail", "message"):
            if isinstance(found, dict) and name in found:
                found = found[name]
        return self._quoted(found if isinstance(found, str) else json.dumps(found)) or "without a word"

    def _quoted(self, text: str) -> str:
        text = text.replace(self.server.key, "***") if self.server.key else text
        return "".join(c for c in " ".join(text.split()) if c.isprintable())[:QUOTED_CHARACTERS]


def retry_after_seconds(header: str | None, now: Callable[[], float] = time.time) -> float | None:
    """Return how long a Retry-After header says to wait, from seconds or a date; None where it says nothing."""
    try:
        return max(0.0, float(header or ""))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header or "").timestamp() - now())
    except (ValueError, TypeError):
        return None
