"""What became of requests, as members and the store see it, and how bots end badly. Knows nothing of how results are brought."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from discord.ext import commands
from sqlalchemy import select, update

from bot.deliverer import Deliverer
from tests.bot.stage import Stage, finished
from tests.discord_sandbox import Message
from worker.client import Client
from worker.clock import utc_now
from worker.store.tables import DeliveryRow, JobRow

EDITS = "PATCH /webhooks/*"
FIRST_ANSWERS = "POST /interactions/*"


def deliverer_of(bot: commands.Bot) -> Deliverer:
    """Return the deliverer inside a bot."""
    cog: Any = bot.cogs["Songwright"]
    found: Deliverer = cog.deliverer
    return found


def results(stage: Stage, shows: Callable[[Message], object] = finished) -> list[Message]:
    """Return every message in all of Discord that shows a result."""
    sandbox = stage.sandbox
    places = [*sandbox.channels().values(), stage.room]
    said = {message.id: message for place in places for message in place.messages.values()}
    return [one for one in said.values() if one.author is sandbox.bot and not one.deleted and shows(one)]


class Books:
    """The rows of deliveries and jobs, on a connection of its own that is kept."""

    def __init__(self, stage: Stage) -> None:
        self.client: Client = stage.client()

    def deliveries(self) -> list[DeliveryRow]:
        with self.client.store.reading() as session:
            return list(session.scalars(select(DeliveryRow).order_by(DeliveryRow.created_at)))

    def jobs(self) -> list[JobRow]:
        with self.client.store.reading() as session:
            return list(session.scalars(select(JobRow).order_by(JobRow.created_at)))

    def end_tokens(self) -> None:
        """Let the tokens of all deliveries be over, as far as the bot knows."""
        with self.client.store.writing() as session:
            session.execute(update(DeliveryRow).values(token_expires_at=utc_now() - timedelta(minutes=1)))

    async def until(self, test: Callable[[], object], timeout_seconds: float = 10.0) -> None:
        """Wait until something is so in the rows, which tell nobody when they change."""
        async with asyncio.timeout(timeout_seconds):
            while not test():
                await asyncio.sleep(0.02)

    async def asked_for(self, count: int = 1) -> None:
        """Wait until so many requests are written down."""
        await self.until(lambda: len(self.deliveries()) == count)

    async def made(self) -> None:
        """Wait until all jobs have ended, which is before their results are brought."""
        await self.until(lambda: all(job.finished_at for job in self.jobs()))

    async def closed(self, count: int = 1, timeout_seconds: float = 10.0) -> None:
        """Wait until there are so many deliveries and none is open."""

        def ended() -> bool:
            rows = self.deliveries()
            return len(rows) >= count and all(row.status != "open" for row in rows)

        await self.until(ended, timeout_seconds)

    async def brought_once(self, stage: Stage, rung: str, *, timeout_seconds: float = 10.0) -> Message:
        """Wait for the one delivery to end; return its one message, brought by this rung and written down as that."""
        await self.closed(timeout_seconds=timeout_seconds)
        (delivery,) = self.deliveries()
        assert (delivery.status, delivery.rung) == ("delivered", rung), delivery.failure
        assert delivery.interaction_token is None
        assert delivery.holder is None
        assert all(job.delivered_at is not None for job in self.jobs())
        (message,) = results(stage)
        assert message.id == delivery.message_id
        assert message.channel.id == delivery.channel_id
        return message


async def killed(bot: commands.Bot) -> None:
    """End a bot as `kill -9` would: what it was doing is neither finished nor let go of."""
    deliverer = deliverer_of(bot)

    async def stop() -> None:
        known = [task for one in deliverer._followed.values() for task in (one.editing, one.delivering)]
        tasks = [task for task in (*known, deliverer._loop, deliverer._tidying) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    await asyncio.sleep(0.05)  # discord.py does not like an event of the gateway while it is being closed
    deliverer.stop = stop  # type: ignore[method-assign]  # the end that a killed process has
    await bot.close()


def dies_between_sending_and_writing_down(bot: commands.Bot) -> asyncio.Event:
    """Let a bot hang once it has sent a result; return what is set then. To be killed after."""
    deliverer, sent = deliverer_of(bot), asyncio.Event()

    async def hang(*_: object) -> None:
        sent.set()
        await asyncio.Event().wait()

    deliverer._write_down = hang  # type: ignore[method-assign]
    return sent
