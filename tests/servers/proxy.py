"""A TCP proxy in front of a server that can cut the server off and let it be reached again, in a thread of its own.

Knows nothing of what is said through it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class Proxy:
    """Passes bytes between its own port of this machine and a server, as long as the server is not cut off."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._to_port = host, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._let_through = asyncio.Event()
        self._let_through.set()
        self.port = 0
        self.restore()

    def cut(self) -> None:
        """Break every connection and refuse new ones, as where the server's process has ended."""
        self._run(self._cut())

    def restore(self) -> None:
        """Let the server be reached again, at the same port as before."""
        self._run(self._listen())

    def hush(self) -> None:
        """Keep connections and take new ones, but pass nothing on: as where a network swallows everything."""
        self._loop.call_soon_threadsafe(self._let_through.clear)

    def speak(self) -> None:
        """Pass on what was held back, and everything from now on."""
        self._loop.call_soon_threadsafe(self._let_through.set)

    def close(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._pass_on, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for writer in self._open:
            writer.transport.abort()
        while self._open:  # until the tasks have seen it, so that nothing is said after the cut
            await asyncio.sleep(0.005)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        there: asyncio.StreamWriter | None = None
        try:
            from_there, there = await asyncio.open_connection(self._host, self._to_port)
            self._open.add(there)
            await asyncio.gather(self._copy(reader, there), self._copy(from_there, writer))
        except OSError:
            pass
        finally:
            for end in (writer, there):
                if end is not None:
                    self._open.discard(end)
                    end.transport.abort()

    async def _copy(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            await self._let_through.wait()
            to.write(data)
            await to.drain()
        raise ConnectionResetError("this end has said all; the other is told")


@contextlib.contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    """Run a proxy in front of a server until the end of the block."""
    proxy = Proxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
