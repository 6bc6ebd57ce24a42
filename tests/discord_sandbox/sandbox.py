"""A Discord for one application under test, on loopback only. Knows how it is reached; the rest is in its parents.

The bot is not changed for it. In the same process it is given ``sandbox.connector()`` as the documented ``connector`` of
``discord.Client``; as a process of its own it is given ``sandbox.environment()`` and hands ``DISCORD_PROXY`` to the
documented ``proxy``. Either way it still speaks TLS to discord.com, and only the sandbox's end of the line differs.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import aiohttp
from aiohttp import web

from . import connection
from .people import People
from .world import NoResponse


class Sandbox(People):
    """``async with Sandbox() as sandbox``: serving from start to end; options are those of ``State``."""

    port = 0

    async def __aenter__(self) -> Sandbox:
        app = self.rest.app()
        self.gateway.add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=connection.served_tls()).start()
        self.port = self._runner.addresses[0][1]
        self._proxy = connection.Proxy(self.port, self._refused)
        await self._proxy.start()
        self._folder = tempfile.TemporaryDirectory()
        self._authority = Path(self._folder.name, "authority.pem")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._proxy.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runner.cleanup()
        self._folder.cleanup()
        if self._file:
            self._file.close()

    def _refused(self, host: str) -> None:
        self.record("egress", host=host)

    def connector(self) -> aiohttp.TCPConnector:
        """Return a connector for ``discord.Client(connector=...)`` or an ``aiohttp.ClientSession``."""
        return connection.connector(self.port, self._refused)

    def environment(self) -> dict[str, str]:
        """Return what to add to the environment of a bot in a process of its own."""
        connection.write_authority(self._authority)
        proxy = f"http://127.0.0.1:{self._proxy.port}"
        trust = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(self._authority))
        return trust | {"DISCORD_TOKEN": self.token, "DISCORD_PROXY": proxy, "HTTPS_PROXY": proxy}

    async def ready(self, *commands: str, timeout: float = 10) -> None:
        """Wait for a bot that is connected and has registered these commands; raise TimeoutError if none comes."""

        def arrived() -> bool:
            registered = {command["name"] for group in self.commands.values() for command in group}
            return self.gateway.connected and not set(commands) - registered

        try:
            await self.until(arrived, timeout, "bot")
        except NoResponse:
            raise TimeoutError(f"no bot with {commands}; last: {self.log[-3:]}") from None

    async def gone(self, timeout: float = 10) -> None:
        """Wait until no bot is connected, as after one was killed; raise NoResponse if it stays."""
        await self.until(lambda: not self.gateway.connected, timeout, "end of the connection")
