"""How a bot's traffic for Discord ends at the sandbox: names, certificate, proxy. Knows nothing of what is said over it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket as sockets
import ssl
from collections.abc import Callable
from pathlib import Path

import aiohttp
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

HOSTS = ("discord.com", "gateway.discord.gg", "cdn.discordapp.com", "media.discordapp.net")
Refuse = Callable[[str], object]


@functools.cache
def authority() -> trustme.CA:
    """Return this process's certificate authority."""
    return trustme.CA()


@functools.cache
def served_tls() -> ssl.SSLContext:
    """Return what the sandbox shows as Discord's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(*HOSTS).configure_cert(context)
    return context


@functools.cache
def trusting_tls() -> ssl.SSLContext:
    """Return what a client needs to believe that certificate, and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority().configure_trust(context)
    return context


def write_authority(path: Path) -> None:
    """Write the authority's certificate for clients in other processes."""
    authority().cert_pem.write_to_path(str(path))


class Loopback(AbstractResolver):
    """Resolves Discord's hosts to the sandbox, and no other host at all."""

    def __init__(self, port: int, refuse: Refuse) -> None:
        self.port, self.refuse = port, refuse

    async def resolve(
        self, host: str, port: int = 0, family: sockets.AddressFamily = sockets.AF_INET
    ) -> list[ResolveResult]:
        """Return the sandbox's address for a host of Discord; raise OSError for any other."""
        if host not in HOSTS:
            self.refuse(host)
            raise OSError(f"the sandbox does not let anything reach {host}")
        here = ResolveResult(hostname=host, host="127.0.0.1", port=self.port, family=sockets.AF_INET, proto=0, flags=0)
        return [here]

    async def close(self) -> None:
        """Nothing is kept open."""


def connector(port: int, refuse: Refuse) -> aiohttp.TCPConnector:
    """Return a connector that reaches only the sandbox."""
    return aiohttp.TCPConnector(limit=0, resolver=Loopback(port, refuse), ssl=trusting_tls())


class Proxy:
    """An HTTP proxy that tunnels to the sandbox whatever is meant for Discord."""

    def __init__(self, target_port: int, refuse: Refuse) -> None:
        self.target_port, self.refuse, self.port = target_port, refuse, 0
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._server = await asyncio.start_server(self._tunnel, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every tunnel."""
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await asyncio.sleep(0)

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._carry(reader, writer)
        finally:
            writer.close()
            self._writers.discard(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        host = head.split()[1].decode().partition(":")[0]
        if host not in HOSTS:
            self.refuse(host)
            writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            await writer.drain()
            return
        back, forth = await asyncio.open_connection("127.0.0.1", self.target_port)
        self._writers.add(forth)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_pump(reader, forth), _pump(back, writer))
        finally:
            forth.close()
            self._writers.discard(forth)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
    finally:
        sink.close()
