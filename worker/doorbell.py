"""Ringing for workers from a thread of its own: whoever rings never waits for a broker, be it slow or away.

Knows nothing of jobs but their ids. While the broker is away rings are dropped, for workers also look by themselves.
"""

from __future__ import annotations

import logging
import threading

from worker import queue
from worker.outage import Outage

log = logging.getLogger(__name__)

MOST_WAITING = 1000
PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)  # before the broker is tried again; the last one from then on


class Doorbell:
    """Rings at one broker. Safe to share between threads; the thread is there while there is something to ring."""

    def __init__(self, broker_url: str) -> None:
        self._broker_url = broker_url
        self._changed = threading.Condition()
        self._waiting: dict[str, None] = {}  # job ids in the order of ringing, each once
        self._thread: threading.Thread | None = None
        self._closing = False
        self._outage = Outage(log, "the broker")
        self._failures = 0  # one after the other
        self._dropped = 0

    def ring(self, job_id: str) -> None:
        """Have a worker rung for, soon. Never waits, never fails."""
        with self._changed:
            self._closing = False
            if len(self._waiting) >= MOST_WAITING:
                self._dropped += 1
                return
            self._waiting[job_id] = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="doorbell", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def close(self, within_seconds: float = 1.0) -> None:
        """Ring for what waits, for at most so long, and end the thread; the next ring starts another."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._thread is None, within_seconds)

    def _work(self) -> None:
        while (job_id := self._next()) is not None:
            try:
                queue.ring(self._broker_url, job_id)
            except queue.BrokerAwayError as error:
                self._failed(error)
            except Exception:  # a bug; the next ring is to come through all the same
                log.exception("job %s: the doorbell failed", job_id, extra={"job_id": job_id})
            else:
                self._succeeded()

    def _next(self) -> str | None:
        """Wait for the next id; None, and the thread is to end, once closed with nothing left to ring."""
        with self._changed:
            if self._failures:
                pause = PAUSES_SECONDS[min(self._failures, len(PAUSES_SECONDS)) - 1]
                self._changed.wait_for(lambda: self._closing, pause)
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if not self._waiting or (self._failures and self._closing):
                self._waiting.clear()
                self._thread = None
                self._changed.notify_all()
                return None
            job_id = next(iter(self._waiting))
            del self._waiting[job_id]
            return job_id

    def _failed(self, error: queue.BrokerAwayError) -> None:
        with self._changed:
            self._dropped += 1 + len(self._waiting)
            self._waiting.clear()
            self._failures += 1
        self._outage.failed(error, "so nobody is rung for; workers find the jobs by themselves")

    def _succeeded(self) -> None:
        if not self._failures:
            return
        with self._changed:
            dropped, self._dropped, self._failures = self._dropped, 0, 0
        self._outage.succeeded(f"; {dropped} rings were dropped meanwhile")
