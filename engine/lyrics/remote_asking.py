"""How a server is asked: again where that helps, never for longer than was said, and its faults put into sentences.

Does not know what is asked, nor where the key comes from; the key stands in no message. Plain `http.client`: it follows no
redirection, which could carry the key elsewhere, and reads no environment.
"""

from __future__ import annotations

import http.client
import json
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from engine.errors import Cancelled, EngineError, RequestError
from engine.lyrics.remote_exchange import LOOK_SECONDS, Cancel, Exchange, Question
from engine.lyrics.remote_server import RemoteServer

BUSY = {408, 409, 425, 429, 500, 502, 503, 504}  # worth another try
LONGEST_WAIT_SECONDS = 60.0
MOST_ANSWER_BYTES = 16 * 2**20
QUOTED_CHARACTERS = 200

T = TypeVar("T")


class Refused(RequestError):  # noqa: N818  # as in `engine.errors`, what happened and not whose fault
    """The server is there and does not do what was asked of it."""


class Asking:
    """Asks one server. sleep, clock: of the time module. report: is told a sentence whenever it waits."""

    def __init__(
        self,
        server: RemoteServer,
        *,
        report: Callable[[str], None] = lambda sentence: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.server, self.report = server, report
        self._sleep, self._clock = sleep, clock

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        read: Callable[[Exchange], T],
        *,
        cancelled: Cancel | None = None,
        tries: int | None = None,
    ) -> T:
        """Ask until there is an answer that `read` takes: again after 429, 5xx and a broken connection, never after a time-out.

        What timed out may still be written, and paid for, on the server. Raises Refused and RequestError where asking
        again does not help, EngineError where the server fails, Cancelled within a moment.
        """
        shown, fault, tries = self.server.shown, "", tries or self.server.tries
        for number in range(tries):
            if cancelled is not None and cancelled():
                raise Cancelled("the request was taken back; nothing was kept")
            wait = min(0.5 * 2**number, LONGEST_WAIT_SECONDS) * (1 + random.random() / 4)
            try:
                with self._exchange(method, path, body, cancelled) as reply:
                    if reply.status not in BUSY:
                        self._check(reply, path)
                        return read(reply)
                    fault, wait = self._busy(reply, wait)
            except TimeoutError:
                raise EngineError(f"{shown} {self.too_slow()}") from None
            except ssl.SSLCertVerificationError as error:
                raise EngineError(f"the certificate of {shown} is not to be trusted ({error.verify_message})") from None
            except (OSError, http.client.HTTPException) as error:
                fault = f"cannot be reached ({self.quoted(getattr(error, 'strerror', None) or type(error).__name__)})"
            if number + 1 < tries:
                self.report(f"{shown} {fault}; asking again in {wait:.1f} s")
                self._wait(wait, cancelled)
        raise EngineError(f"{shown} {fault}; asked {tries} times, try again later")

    def read_object(self, reply: Exchange) -> dict[str, Any]:
        """Return an answer that is a JSON object; EngineError for any other."""
        answer = _json_of(b"".join(self.parts(reply)))
        if not isinstance(answer, dict):
            raise EngineError(
                f"{self.server.shown} answered with something that is no JSON object; is it the right address?"
            )
        return answer

    def parts(self, reply: Exchange) -> Iterator[bytes]:
        """Give an answer as it comes; EngineError where it does not end."""
        size = 0
        for part in reply.parts():
            size += len(part)
            if size > MOST_ANSWER_BYTES:
                raise EngineError(f"{self.server.shown} answered with more than {MOST_ANSWER_BYTES // 2**20} MB")
            yield part

    def too_slow(self) -> str:
        """Return what is said of an answer that did not come in time."""
        return f"gave no answer in {self.server.timeout_seconds:g} s; give more with --timeout"

    def no_text(self) -> str:
        """Return what is said of an answer that has no text in it."""
        return f"answered without a text; {self._other_way()}"

    def said(self, found: object) -> str:
        """Return what an answer says of a fault, short and without the key."""
        for name in ("error", "detail", "message"):
            if isinstance(found, dict) and name in found:
                found = found[name]
        return self.quoted(found if isinstance(found, str) else json.dumps(found)) or "without a word"

    def quoted(self, text: str) -> str:
        """Return a text of the server's on one line, short and without the key."""
        text = text.replace(self.server.key, "***") if self.server.key else text
        return "".join(c for c in " ".join(text.split()) if c.isprintable())[:QUOTED_CHARACTERS]

    def _exchange(self, method: str, path: str, body: Mapping[str, Any] | None, cancelled: Cancel | None) -> Exchange:
        server, parts = self.server, urlsplit(self.server.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        headers = {"Content-Type": "application/json", "User-Agent": "songwright"}
        headers["Accept"] = "application/json, text/event-stream"
        if server.key is not None:
            headers["Authorization"] = f"Bearer {server.key}"
        return Exchange(
            kind(str(parts.hostname), parts.port, timeout=server.timeout_seconds),
            Question(method, server.base + path, None if body is None else json.dumps(body).encode(), headers),
            timeout_seconds=server.timeout_seconds,
            cancelled=cancelled,
            clock=self._clock,
        )

    def _busy(self, reply: Exchange, wait: float) -> tuple[str, float]:
        """Return what a busy server says, and how long to wait for it."""
        fault = f"answered {reply.status}: {self._said_by(reply)}"
        asked_to_wait = retry_after_seconds(reply.headers.get("retry-after"))
        if asked_to_wait is not None and asked_to_wait > LONGEST_WAIT_SECONDS:
            raise EngineError(f"{self.server.shown} {fault}; it wants to be asked again in {asked_to_wait:.0f} s")
        return fault, wait if asked_to_wait is None else asked_to_wait

    def _wait(self, seconds: float, cancelled: Cancel | None) -> None:
        while seconds > 0 and not (cancelled is not None and cancelled()):
            step = seconds if cancelled is None else min(seconds, LOOK_SECONDS)
            self._sleep(step)
            seconds -= step

    def _check(self, reply: Exchange, path: str) -> None:
        """Raise what an answer that is none says."""
        shown, status = self.server.shown, reply.status
        if status in (401, 403):
            has = "the key" if self.server.key is not None else "a question without a key"
            raise RequestError(f"{shown} refused {has} ({status}); put one that it takes into SONGWRIGHT_REMOTE_KEY")
        if status in (301, 302, 303, 307, 308):
            place = self.quoted(reply.headers.get("location") or "elsewhere")
            raise RequestError(f"{shown} sends its guests to {place}; give that address if you trust it")
        if status == 404:
            said = self._said_by(reply)
            raise RequestError(f"{shown} has no model {self.server.model!r}, or no {path}: {said}; {self._other_way()}")
        if status != 200:
            raise Refused(f"{shown} refused the question ({status}): {self._said_by(reply)}")

    def _other_way(self) -> str:
        return "try it without --chat" if self.server.chat else "if its models only talk, use --chat"

    def _said_by(self, reply: Exchange) -> str:
        data = b"".join(self.parts(reply))
        found = _json_of(data)
        return self.said(data.decode(errors="replace") if found is None else found)


def _json_of(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


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
