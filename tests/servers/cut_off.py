"""URLs of databases and brokers behind a proxy that can cut them off. Knows nothing of what they are used for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.servers.proxy import Proxy, proxy_to


@contextmanager
def behind_proxy(url: str) -> Iterator[tuple[str, Proxy]]:
    """Give the URL of the same thing behind a proxy, and the proxy."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    with proxy_to(parts.hostname, parts.port) as proxy:
        user, at, _ = parts.netloc.rpartition("@")
        # Not urlunsplit: it would make one slash of the two that name RabbitMQ's usual virtual host.
        yield url.replace(f"//{parts.netloc}", f"//{user}{at}127.0.0.1:{proxy.port}", 1), proxy
