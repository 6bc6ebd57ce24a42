"""Follows every open delivery: shows how far it is, and brings the result once, whatever has been restarted meanwhile.

The rows are the truth: this loop reads them anew at every look and keeps nothing that matters. Knows neither what a
result looks like (`answers`) nor how a message is sent (`ladder`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import discord

from bot.backend import Backend
from bot.following import Followed, QueueWatch, begun, is_busy
from bot.ladder import PASSING_FAULTS, Brought, Outgoing, climb, in_short, show
from bot.observer import BotObserver, NoBotObserver
from engine.errors import EngineError
from worker.clock import Clock, utc_now
from worker.store.deliveries import Delivery
from worker.store.pending import Pending

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
MOST_OF_TIME, MOST_REST_SECONDS = 0.2, 2.0  # how much of the time is spent looking, where very many are open
SECONDS_BETWEEN_EDITS = 2.5
HOLD_SECONDS = 30.0  # after it another bot process may bring the result; renewed as long as this one is at it
AT_ONCE = 20  # edits of progress, and beside them results: neither waits for the other
LATE_EDIT_SECONDS = 10.0  # how long a result waits for a progress edit that is still on its way
STOPPING_SECONDS = 5.0
FIRST_RETRY_SECONDS, SLOWEST_RETRY_SECONDS = 1.0, 60.0
HOUSEKEEPING_SECONDS = 60.0
MOST_BUGS = 3

GONE_OR_FORBIDDEN = (401, 403, 404)


class Answers(Protocol):
    """What a delivery looks like. apology: what is said where a bug is in the way of the result."""

    async def progress(self, pending: Pending) -> Outgoing: ...
    def worker_away(self, pending: Pending) -> Outgoing: ...
    async def result(self, pending: Pending) -> Outgoing: ...
    def apology(self, pending: Pending) -> Outgoing: ...


@dataclass
class Deliverer:
    """One per bot. start() and stop() are called by the plugin; wake() after a request was written down."""

    client: discord.Client
    backend: Backend
    answers: Answers
    clock: Clock = utc_now
    housekeeping: Callable[[], Awaitable[None]] | None = None
    seconds_between_edits: float = SECONDS_BETWEEN_EDITS
    hold_seconds: float = HOLD_SECONDS
    first_retry_seconds: float = FIRST_RETRY_SECONDS
    holder: str = field(default_factory=lambda: secrets.token_hex(8))
    observer: BotObserver = field(default_factory=NoBotObserver)

    def __post_init__(self) -> None:
        self._followed: dict[str, Followed] = {}
        self._queue = QueueWatch()
        self._awake = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._tidying: asyncio.Task[None] | None = None
        self._tidy_at = 0.0
        self._edits_at_once = asyncio.Semaphore(AT_ONCE)
        self._results_at_once = asyncio.Semaphore(AT_ONCE)

    def start(self) -> None:
        """Begin to follow, which needs a client that is logged in."""
        self._loop = asyncio.create_task(self._follow(), name="songwright-deliverer")

    async def stop(self) -> None:
        """Stop following; a result that is being sent is let through for a moment, the others stay open."""
        await _end(self._loop, self._tidying, *(followed.editing for followed in self._followed.values()))
        delivering = {id_: f.delivering for id_, f in self._followed.items() if f.delivering and is_busy(f.delivering)}
        if delivering:
            await asyncio.wait(delivering.values(), timeout=STOPPING_SECONDS)
        for delivery_id, task in delivering.items():
            if not task.done():
                await _end(task)
                await self._release(delivery_id, "the bot was stopped")  # so that the next need not wait for the hold

    def wake(self) -> None:
        """Look at once: something new has been written down."""
        self._awake.set()

    async def _follow(self) -> None:
        while True:
            rest_seconds = LOOK_SECONDS
            began = time.monotonic()
            try:
                await self._look()
                rest_seconds = min(max(LOOK_SECONDS, (time.monotonic() - began) / MOST_OF_TIME), MOST_REST_SECONDS)
                self._tidy()
            except EngineError as error:  # the database is away: everything is kept there, so wait for it
                log.warning("deliveries cannot be read: %s", error)
                await asyncio.sleep(1.0)
            except Exception:
                log.exception("the deliverer met a bug and goes on")
                await asyncio.sleep(1.0)
            await self._rest(rest_seconds)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # not wait_for: in Python 3.11 it may swallow that we are to stop
                await self._awake.wait()
        self._awake.clear()

    def _tidy(self) -> None:
        """Let housekeeping run beside the deliveries, for it asks Discord and may have to wait."""
        if self.housekeeping is None or is_busy(self._tidying) or time.monotonic() < self._tidy_at:
            return
        self._tidy_at = time.monotonic() + HOUSEKEEPING_SECONDS
        self._tidying = asyncio.create_task(self._keep_house(self.housekeeping))

    async def _keep_house(self, housekeeping: Callable[[], Awaitable[None]]) -> None:
        try:
            await housekeeping()
        except EngineError as error:
            log.warning("housekeeping has to wait: %s", error)
        except Exception:
            log.exception("a bug in housekeeping")

    async def _look(self) -> None:
        """Read all open deliveries and begin what is to be done for each."""
        client = self.backend.client
        rows = await self.backend.call(client.deliveries.pending, str(self.client.application_id))
        self._queue.look(rows)
        for pending in rows:
            self._attend(pending, self._followed.setdefault(pending.delivery.id, Followed()))
        still_open = {pending.delivery.id for pending in rows}
        for delivery_id in [known for known in self._followed if known not in still_open]:
            followed = self._followed[delivery_id]
            if not is_busy(followed.delivering) and not is_busy(followed.editing):
                del self._followed[delivery_id]

    def _attend(self, pending: Pending, followed: Followed) -> None:
        now = time.monotonic()
        if is_busy(followed.delivering):
            return
        if all(job.ended for job in pending.jobs):
            if now >= followed.next_try_at:
                followed.delivering = begun(pending.delivery, self._deliver(pending, followed))
        elif followed.wants_an_edit(pending.jobs, now):
            followed.seen = pending.jobs
            followed.next_picture_at = now + self.seconds_between_edits
            followed.editing = begun(pending.delivery, self._show_progress(pending, followed))

    async def _show_progress(self, pending: Pending, followed: Followed) -> None:
        """Edit the message if there is something new; a fault costs nothing but this picture of the progress."""
        delivery = pending.delivery
        try:
            if self._queue.is_stalled:
                outgoing = self.answers.worker_away(pending)
            else:
                outgoing = await self.answers.progress(pending)
            if outgoing.content != followed.shown:
                async with self._edits_at_once:
                    await self._edit(delivery, followed, outgoing)
                followed.shown = outgoing.content
            return
        except (*PASSING_FAULTS, EngineError) as error:
            log.info("delivery %s: progress is not shown: %s", delivery.id, in_short(error))
            if isinstance(error, discord.HTTPException) and error.status in GONE_OR_FORBIDDEN:
                followed.next_edit_at = math.inf  # Discord bans those who keep asking
                return
        except Exception:
            log.exception("delivery %s: a bug in showing progress", delivery.id)
        followed.next_edit_at = time.monotonic() + 4 * self.seconds_between_edits

    async def _edit(self, delivery: Delivery, followed: Followed, outgoing: Outgoing) -> None:
        followed.edit_is_on_its_way = True
        try:
            sent = await show(self.client, delivery, outgoing, self.clock())
        finally:
            followed.edit_is_on_its_way = False
            followed.next_edit_at = time.monotonic() + self.seconds_between_edits
        if (
            sent is not None and delivery.message_id is None
        ):  # the first answer was lost on its way; a later rung needs it
            await self.backend.call(self.backend.client.deliveries.set_message, delivery.id, sent.message_id)

    async def _deliver(self, pending: Pending, followed: Followed) -> None:
        """Bring the result by the first step that works, and write down that it was brought."""
        delivery = pending.delivery
        await _let_edit_through(followed)
        try:
            async with self._results_at_once:
                await self._bring(pending, followed)
            return
        except EngineError as error:
            failure = str(error)
        except PASSING_FAULTS as error:
            failure = in_short(error)
        except Exception:
            log.exception("delivery %s: a bug in showing the result", delivery.id)
            failure = "a bug in showing the result; see the log"
            followed.bugs += 1
        wait = min(self.first_retry_seconds * 2**followed.tries, SLOWEST_RETRY_SECONDS)
        followed.tries += 1
        followed.next_try_at = time.monotonic() + wait
        self.observer.not_brought()
        log.warning("delivery %s: not brought yet (%s); again in %g s", delivery.id, failure, wait)
        await self._release(delivery.id, failure)

    async def _bring(self, pending: Pending, followed: Followed) -> None:
        delivery = pending.delivery
        if not await self._take(delivery.id):
            followed.next_try_at = time.monotonic() + self.hold_seconds / 6
            return
        async with self._holding(delivery.id):
            if followed.brought is None:
                has_bug = followed.bugs >= MOST_BUGS
                outgoing = self.answers.apology(pending) if has_bug else await self.answers.result(pending)
                followed.brought = await climb(self.client, delivery, outgoing, self.clock())
            await self._write_down(delivery, followed.brought)

    async def _write_down(self, delivery: Delivery, brought: Brought) -> None:
        """End the delivery; where that fails now it is tried again, without sending again."""
        deliveries = self.backend.client.deliveries
        took = (self.clock() - delivery.created_at).total_seconds()
        if brought.sent is None:
            await self.backend.call(deliveries.give_up, delivery.id, self.holder, failure=brought.failure)
            self.observer.brought(brought.rung, took)
            log.warning("delivery %s: only /history is left (%s)", delivery.id, brought.failure)
            return
        held = await self.backend.call(
            deliveries.mark_delivered,
            delivery.id,
            self.holder,
            rung=brought.rung,
            channel_id=brought.sent.channel_id,
            message_id=brought.sent.message_id,
        )
        self.observer.brought(brought.rung, took)
        log.info("delivery %s: brought by %s%s", delivery.id, brought.rung, "" if held else ", but no longer held")

    async def _take(self, delivery_id: str) -> bool:
        take = self.backend.client.deliveries.take
        return await self.backend.call(take, delivery_id, self.holder, hold_seconds=self.hold_seconds)

    @contextlib.asynccontextmanager
    async def _holding(self, delivery_id: str) -> AsyncIterator[None]:
        """Renew the hold for as long as it takes: a bot that dies is soon replaced, a slow upload is not."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(self.hold_seconds / 3)
                with contextlib.suppress(EngineError):
                    await self._take(delivery_id)

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            await _end(renewing)

    async def _release(self, delivery_id: str, failure: str) -> None:
        try:
            await self.backend.call(self.backend.client.deliveries.release, delivery_id, self.holder, failure=failure)
        except EngineError as error:
            log.warning("delivery %s: the hold runs out by itself: %s", delivery_id, error)


async def _let_edit_through(followed: Followed) -> None:
    """See to it that no progress edit arrives after the result: wait for one that is on its way, stop any other."""
    if followed.editing is not None and is_busy(followed.editing):
        if followed.edit_is_on_its_way:
            await asyncio.wait([followed.editing], timeout=LATE_EDIT_SECONDS)
        await _end(followed.editing)


async def _end(*tasks: asyncio.Task[None] | None) -> None:
    """Cancel tasks and wait until they have ended, however they do."""
    known = [task for task in tasks if task is not None]
    for task in known:
        task.cancel()
    await asyncio.gather(*known, return_exceptions=True)
