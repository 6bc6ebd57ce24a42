"""What is known of open deliveries between two looks at the store. Losing it costs an edit, never a result.

Knows neither the store nor Discord.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from structlog.contextvars import bound_contextvars

from bot.ladder import Brought
from worker.store.deliveries import Delivery
from worker.store.pending import JobState, Pending

STALLED_SECONDS = 60.0


@dataclass
class Followed:
    """One delivery. Times: time.monotonic. seen: its jobs as they were when last looked at for an edit."""

    shown: str | None = None
    seen: tuple[JobState, ...] = ()
    next_edit_at: float = 0.0
    next_picture_at: float = 0.0  # of jobs that have not changed: only the time left does
    edit_is_on_its_way: bool = False
    brought: Brought | None = None  # sent, and perhaps not yet written down
    next_try_at: float = 0.0
    tries: int = 0
    bugs: int = 0
    editing: asyncio.Task[None] | None = None
    delivering: asyncio.Task[None] | None = None

    def wants_an_edit(self, jobs: tuple[JobState, ...], now: float) -> bool:
        """Return whether the progress is to be looked at: the jobs have changed, or the time left may have."""
        if now < self.next_edit_at or is_busy(self.editing):
            return False
        return jobs != self.seen or now >= self.next_picture_at


class QueueWatch:
    """Notices that no worker is there: nothing runs, and the first in the queue stays the first.

    It sees only what one bot has open. A worker that is long at something else looks the same, so it is not said of
    anything but the moment.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[int, str] | None = None
        self._since = clock()

    def look(self, rows: Iterable[Pending]) -> None:
        """Take in what is open now."""
        jobs = [job for pending in rows for job in pending.jobs if job.position is not None]
        first = min(((job.position or 0, job.id) for job in jobs), default=None)
        if first is None or first[0] == 0 or first != self._first:
            self._first, self._since = first, self._clock()

    @property
    def is_stalled(self) -> bool:
        """Return whether nothing has moved for a minute."""
        return self._clock() - self._since > STALLED_SECONDS


def is_busy(task: asyncio.Task[None] | None) -> bool:
    """Return whether a task is under way."""
    return task is not None and not task.done()


def log_names(delivery: Delivery) -> dict[str, str]:
    """Return what every log record about a delivery carries, so that it is found by its own id or that of a job."""
    return {"delivery_id": delivery.id, "job_id": ",".join(delivery.job_ids)}


def begun(delivery: Delivery, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Begin a task of which every log record carries the delivery and its jobs."""
    with bound_contextvars(**log_names(delivery)):
        return asyncio.create_task(work)
