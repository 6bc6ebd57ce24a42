"""A bot as a host runs it: with health and metrics at the address that the settings name, if they name one.

Knows nothing of commands or deliveries. Without an address nothing listens and nothing is counted.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import discord

from bot.gateway import is_connected
from bot.observer import BotObserver, NoBotObserver
from worker.health import HealthServer
from worker.settings import Settings
from worker.store.database import Store, make_engine
from worker.store_watch import StoreWatch

log = logging.getLogger(__name__)

LOOP_SECONDS = 5.0  # without an answer of the event loop the bot misses heartbeats, and Discord closes the connection
LOOP_STANDS = f"the event loop has not answered for {LOOP_SECONDS:g} s"
ENDED = "the bot has ended"
NOT_CONNECTED = "the bot is not connected to Discord"
NO_DATABASE = "the database does not answer; see the log"
NO_PACKAGE = "prometheus-client is not installed, so only health is served: pip install 'songwright[discord]'"


class BotWatch:
    """What is known of this bot from outside of its commands. observer: to be told of them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_served = settings.metrics_address is not None
        self._has_metrics = self._is_served and find_spec("prometheus_client") is not None
        if self._is_served and not self._has_metrics:
            log.warning(NO_PACKAGE)
        self.observer: BotObserver = NoBotObserver()
        if self._has_metrics:
            from bot.metrics import BotMetrics
            from worker.metrics import new_registry

            self._registry = new_registry()
            self.observer = BotMetrics(self._registry)

    @contextmanager
    def serving(self, client: discord.Client) -> Iterator[HealthServer | None]:
        """Answer until the end of the block, if an address was given; called on the client's event loop.

        RequestError where the address cannot be had.
        """
        if self._settings.metrics_address is None:
            yield None
            return
        store = StoreWatch(Store(make_engine(self._settings.database_url)))
        loop = asyncio.get_running_loop()
        server = HealthServer(
            self._settings.metrics_address,
            live=lambda: against_life(loop),
            ready=lambda: against_readiness(loop, client, store),
            metrics=self._metrics(client, store) if self._has_metrics else None,
        )
        try:
            yield server
        finally:
            server.close()
            store.close()

    def _metrics(self, client: discord.Client, store: StoreWatch) -> Callable[[], tuple[str, bytes]]:
        from bot.metrics import GatewayCollector
        from worker.metrics import StoreCollector, exposed

        self._registry.register(GatewayCollector(client))
        self._registry.register(StoreCollector(store.state))
        return lambda: exposed(self._registry)


def against_life(loop: asyncio.AbstractEventLoop) -> list[str]:
    """Return why the bot is not alive; empty if its event loop answers. To be asked in another thread."""
    answered = threading.Event()
    try:
        loop.call_soon_threadsafe(answered.set)
    except RuntimeError:  # it is closed
        return [ENDED]
    return [] if answered.wait(LOOP_SECONDS) else [LOOP_STANDS]


def against_readiness(loop: asyncio.AbstractEventLoop, client: discord.Client, store: StoreWatch) -> list[str]:
    """Return why the bot does not serve members now; empty if it does."""
    reasons = against_life(loop)
    if not is_connected(client):
        reasons.append(NOT_CONNECTED)
    if store.state() is None:
        reasons.append(NO_DATABASE)
    return reasons
