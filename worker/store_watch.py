"""The state of the queue for those who ask often: read at most once in some seconds, and never waited for long.

Knows nothing of what is done with it. A database that is away is an answer too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from engine.errors import EngineError
from worker.clock import Clock, utc_now
from worker.store import queue_state
from worker.store.database import Store
from worker.store.queue_state import QueueState, Totals

log = logging.getLogger(__name__)

KEPT_SECONDS = 5.0
TOTALS_KEPT_SECONDS = 60.0  # what is counted over all songs
WAITED_SECONDS = 2.0


class StoreWatch:
    """Reads the state in a thread of its own. Safe to share between threads."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock = utc_now,
        seconds: Callable[[], float] = time.monotonic,
        kept_seconds: float = KEPT_SECONDS,
        waited_seconds: float = WAITED_SECONDS,
    ) -> None:
        """store: with connections of its own, or a busy process would seem to have no database."""
        self._store, self._clock, self._seconds = store, clock, seconds
        self._kept_seconds, self._waited_seconds = kept_seconds, waited_seconds
        self._lock = threading.Lock()
        self._reading: threading.Event | None = None  # set when the last reading is over
        self._read_at = 0.0
        self._state: QueueState | None = None
        self._totals: Totals | None = None
        self._totals_at = 0.0
        self._was_away = False

    def state(self) -> QueueState | None:
        """Return the state, some seconds old at most; None while the database does not answer."""
        with self._lock:
            if self._reading is None or (self._reading.is_set() and self._is_old()):
                self._reading = threading.Event()
                threading.Thread(target=self._read, args=(self._reading,), name="store-watch", daemon=True).start()
            reading = self._reading
        return self._state if reading.wait(self._waited_seconds) else None

    def close(self) -> None:
        """Close the connections."""
        self._store.close()

    def _is_old(self) -> bool:
        return self._seconds() - self._read_at >= self._kept_seconds

    def _read(self, over: threading.Event) -> None:
        try:
            with self._store.reading() as session:
                if self._totals is None or self._seconds() - self._totals_at >= TOTALS_KEPT_SECONDS:
                    self._totals, self._totals_at = queue_state.totals(session), self._seconds()
                self._state = queue_state.read(session, self._clock(), known=self._totals)
            self._say(away=False)
        except (EngineError, SQLAlchemyError) as error:  # the latter: tables that are not there yet
            self._state = None
            self._say(away=True, why=str(error).partition("\n")[0])
        except Exception:
            self._state = None
            log.exception("a bug in reading the state of the queue")
        finally:
            self._read_at = self._seconds()
            over.set()

    def _say(self, *, away: bool, why: str = "") -> None:
        """Log that the database went away or came back, once."""
        if away and not self._was_away:
            log.warning("the state of the queue cannot be read: %s", why)
        if self._was_away and not away:
            log.info("the state of the queue can be read again")
        self._was_away = away
