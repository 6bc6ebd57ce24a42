"""The one door from Discord's event loop to the store: blocking calls run in a few threads of their own.

Holds what the whole bot shares: the client, the settings, the servers' settings. Knows no interactions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from worker.client import Client
from worker.loaded_models import promoted_paths
from worker.store.server_settings import ServerSettings
from worker.store.songs import Song

THREADS = 4  # more would only wait for each other: SQLite writes one at a time
AUTHORS_FILE = "authors.txt"

P = ParamSpec("P")
T = TypeVar("T")


class Backend:
    """The store for callers on the event loop, and what is remembered of it between calls."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.authors: tuple[str, ...] = ()
        self._servers: dict[str, ServerSettings] = {}
        self._settings_in_order = asyncio.Lock()
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="songwright-store")

    async def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking function in a thread and return what it returns; what it raises comes through."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *args, **kwargs))

    async def open(self) -> None:
        """Open the store and read what suggestions are made of; StoreError says what is wrong with the database."""
        self.authors = await self.call(self._read_authors)
        self._servers = await self.call(self.client.servers.all_settings)

    def _read_authors(self) -> tuple[str, ...]:
        path = promoted_paths(self.client.store)["lyrics"] / AUTHORS_FILE
        return tuple(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else ()

    async def find_song(self, song_or_job_id: str) -> Song | None:
        """Return a song by its id or its job's; None where there is none, or no longer."""
        return await self.call(self.client.find_song, song_or_job_id)

    def server_settings(self, server: str | None) -> ServerSettings:
        """Return a server's settings as last read, without waiting: a refusal must come within three seconds."""
        return self._servers.get(server or "", ServerSettings())

    async def read_server_settings(self, server: str) -> ServerSettings:
        """Read a server's settings anew."""
        async with self._settings_in_order:  # or what was read before a change would be kept after it
            settings = await self.call(self.client.servers.settings, server)
            self._servers[server] = settings
            return settings

    async def change_server_settings(self, server: str, settings: ServerSettings) -> None:
        """Store a server's settings."""
        async with self._settings_in_order:
            await self.call(self.client.servers.change, server, settings)
            self._servers[server] = settings

    def close(self) -> None:
        """Wait for the calls under way and close the store."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.client.close()
