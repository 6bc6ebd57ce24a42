"""What the parts of the client have in common: the open store and the clock. Knows nothing of what they do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy.orm import Session

from worker.clock import Clock
from worker.store.database import Store


class Door:
    """A part of the client. Every method is one transaction, blocks for milliseconds and may be called by any thread.

    store: asked at every call, for the client opens it at the first one.
    """

    def __init__(self, store: Callable[[], Store], clock: Clock) -> None:
        self._store, self._clock = store, clock

    def _reading(self) -> AbstractContextManager[Session]:
        return self._store().reading()

    def _writing(self) -> AbstractContextManager[Session]:
        return self._store().writing()

    def _now(self) -> datetime:
        return self._clock()
