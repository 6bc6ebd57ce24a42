"""Server settings between a slow read and a change. Knows nothing of Discord."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import cast

from bot.backend import Backend
from worker.client import Client
from worker.store.server_settings import ServerSettings


class SlowServers:
    """Settings of one server; the first reading finds them early and brings them late."""

    def __init__(self) -> None:
        self.stored = ServerSettings()
        self.has_read, self.may_return = threading.Event(), threading.Event()

    def settings(self, server: str) -> ServerSettings:
        found = self.stored
        if not self.has_read.is_set():
            self.has_read.set()
            assert self.may_return.wait(10)
        return found

    def change(self, server: str, settings: ServerSettings) -> None:
        self.stored = settings


def test_a_slow_read_does_not_bring_back_what_was_changed_meanwhile() -> None:
    async def scene() -> None:
        servers = SlowServers()
        backend = Backend(cast(Client, SimpleNamespace(servers=servers, close=lambda: None)))
        reading = asyncio.create_task(backend.read_server_settings("1"))
        await asyncio.to_thread(servers.has_read.wait, 10)
        changing = asyncio.create_task(backend.change_server_settings("1", ServerSettings(language="de")))
        for _ in range(20):  # the change has every chance to come before the answer to the read
            await asyncio.sleep(0.005)
        servers.may_return.set()
        await asyncio.gather(reading, changing)
        assert servers.stored.language == "de"
        assert backend.server_settings("1").language == "de"
        backend.close()

    asyncio.run(scene())
