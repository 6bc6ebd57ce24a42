"""One question over HTTP and its answer as it comes, given up within a moment. Does not know what is asked.

Looking up a name, connecting and waiting for a byte can each block for minutes; so they happen in a thread of their own,
while the one who asked looks at the clock and at whether the answer is still wanted.
"""

from __future__ import annotations

import contextlib
import http.client
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType

from engine.errors import Cancelled

LOOK_SECONDS = 0.1  # between two looks at the clock and at who asked
PART_BYTES = 65536

Cancel = Callable[[], bool]
_Came = tuple[int, http.client.HTTPMessage] | bytes | BaseException | None  # None: all is there


@dataclass(frozen=True)
class Question:
    """path: below the host. body: None for none."""

    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]


class Exchange:
    """A question under way: `with Exchange(...) as reply`. The end of the block gives up whatever has not come.

    status, headers: of the answer. Raises TimeoutError when the whole answer is not there in time, however slowly it
    comes; Cancelled when it is no longer wanted; OSError and HTTPException where the connection fails.
    """

    status: int
    headers: http.client.HTTPMessage

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        question: Question,
        *,
        timeout_seconds: float,
        cancelled: Cancel | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection, self._question = connection, question
        self._until, self._clock, self._cancelled = clock() + timeout_seconds, clock, cancelled
        self._came: queue.SimpleQueue[_Came] = queue.SimpleQueue()
        self._socket: socket.socket | None = None
        self._is_given_up = False

    def __enter__(self) -> Exchange:
        # a daemon: a name that cannot be looked up may keep it for longer than the program runs
        threading.Thread(target=self._run, name="exchange", daemon=True).start()
        try:
            head = self._next()
        except BaseException:
            self._give_up()
            raise
        assert isinstance(head, tuple)
        self.status, self.headers = head
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_up()

    def parts(self) -> Iterator[bytes]:
        """Give the body as it comes."""
        while isinstance(part := self._next(), bytes):
            yield part

    def _next(self) -> _Came:
        while True:
            if self._cancelled is not None and self._cancelled():
                raise Cancelled("the request was taken back; nothing was kept")
            if self._clock() > self._until:
                raise TimeoutError
            with contextlib.suppress(queue.Empty):
                came = self._came.get(timeout=LOOK_SECONDS)
                if isinstance(came, BaseException):
                    raise came
                return came

    def _run(self) -> None:
        """Ask and pass on what comes; in the thread."""
        asked, connection = self._question, self._connection
        response: http.client.HTTPResponse | None = None
        try:
            connection.connect()
            self._socket = connection.sock
            if self._is_given_up:
                return
            connection.request(asked.method, asked.path, asked.body, dict(asked.headers))
            response = connection.getresponse()
            self._came.put((response.status, response.headers))
            while part := response.read1(PART_BYTES):
                self._came.put(part)
            if response.length:  # http.client takes an early end for the end
                raise http.client.IncompleteRead(b"", response.length)
            self._came.put(None)
        except BaseException as error:  # the one who asked raises it
            self._came.put(error)
        finally:
            if response is not None:
                response.close()
            connection.close()

    def _give_up(self) -> None:
        """Wake the thread, wherever it waits; it closes the connection."""
        self._is_given_up = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # below any encryption, which may be reading
