"""Showing in the store that this worker process is at work. Knows nothing of who looks."""

from __future__ import annotations

import time
from collections.abc import Mapping

from worker.clock import Clock, utc_now
from worker.owner import this_process
from worker.runner import Generate
from worker.store import workers
from worker.store.database import Store
from worker.store.identifiers import new_id
from worker.tasks import Shift

SHOW_EVERY_SECONDS = 10.0


class Presence:
    """The row of this process. For one thread.

    generate: its `device` and `model_versions()` are shown, where it has them.
    """

    def __init__(self, store: Store, shift: Shift, generate: Generate, *, clock: Clock = utc_now) -> None:
        self._store, self._shift, self._generate, self._clock = store, shift, generate, clock
        self._id = new_id(clock())
        self._owner = this_process()
        self._show_at = 0.0  # of time.monotonic

    def show(self) -> None:
        """Write the row, if it is time."""
        if time.monotonic() < self._show_at:
            return
        model_versions: Mapping[str, str] = getattr(self._generate, "model_versions", dict)()
        with self._store.writing() as session:
            workers.announce(
                session,
                self._id,
                self._owner,
                device=getattr(self._generate, "device", "cpu"),
                slots=self._shift.slots,
                running=self._shift.running(),
                model_versions=model_versions,
                now=self._clock(),
            )
        self._show_at = time.monotonic() + SHOW_EVERY_SECONDS

    def leave(self) -> None:
        """Delete the row."""
        with self._store.writing() as session:
            workers.leave(session, self._id)
