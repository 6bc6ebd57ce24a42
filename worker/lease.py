"""The lease of a running job while it runs: renewed, progress written down, a cancel noticed, by a thread of its own.

Knows nothing of what the job does. The working thread only leaves its progress here and never waits for the database.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from engine.contract import Progress
from engine.errors import Cancelled, EngineError
from worker.clock import Clock
from worker.store import jobs
from worker.store.database import Store
from worker.store.jobs import Job, LeaseLost

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.2  # how stale progress in the row, and how late a cancel, may be


@dataclass(frozen=True)
class LeaseTerms:
    """lease_seconds: how long a silent worker keeps its job. heartbeat_seconds: how often it speaks up."""

    lease_seconds: float = 60.0
    heartbeat_seconds: float = 15.0


class HeldLease:
    """Hold a claimed job for the length of a `with` block. `report` and `cancelled` are what the generator is given."""

    def __init__(self, store: Store, job: Job, *, clock: Clock, terms: LeaseTerms) -> None:
        assert job.lease_token is not None, "only a claimed job can be held"
        self.token = job.lease_token
        self._store, self._job, self._clock, self._terms = store, job, clock, terms
        self._lock = threading.Lock()
        self._progress = Progress(stage=job.stage)
        self._words: list[str] = []
        self._unwritten = False
        self._cancelled = job.cancel_requested
        self._lost = False
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"lease-{job.id}", daemon=True)

    def report(self, progress: Progress) -> None:
        """Leave the progress to be written soon; raise Cancelled or LeaseLost if the work is not wanted any more."""
        with self._lock:
            self._progress = progress
            self._words.append(progress.text)
            self._unwritten = True
        self._raise_if_unwanted()

    def cancelled(self) -> bool:
        """Return True once the work is not wanted any more; asked between decoding steps, it costs nothing."""
        return self._cancelled or self._lost

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join()
        self._look(beat_due=False)  # the last words, before the job ends

    def _raise_if_unwanted(self) -> None:
        if self._lost:
            raise LeaseLost(f"job {self._job.id} has another worker")
        if self._cancelled:
            raise Cancelled("the request was taken back")

    def _watch(self) -> None:
        """Look after the row until the work is done, at most once every LOOK_EVERY_SECONDS."""
        beat_at = time.monotonic() + self._terms.heartbeat_seconds
        while not self._left.wait(LOOK_EVERY_SECONDS) and not self._lost:
            wrote = self._look(beat_due=time.monotonic() >= beat_at)
            if wrote:
                beat_at = time.monotonic() + self._terms.heartbeat_seconds

    def _look(self, *, beat_due: bool) -> bool:
        """Write what is new, or renew the lease if it is time, or else see whether to stop; return whether it wrote."""
        try:
            if self._unwritten:
                self._cancelled = self._write_progress()
                return True
            if beat_due:
                self._cancelled = self._renew()
                return True
            with self._store.reading() as session:
                self._cancelled = jobs.cancel_requested(session, self._job.id)
        except LeaseLost:
            self._lost = True
        except (EngineError, SQLAlchemyError) as error:
            # The database is away. The work goes on: if it returns before the lease ends, nothing was lost.
            log.warning("job %s: progress not written: %s", self._job.id, error, extra={"job_id": self._job.id})
        return False

    def _write_progress(self) -> bool:
        with self._lock:
            current, words = self._progress, "".join(self._words)
            self._words = [words]
            self._unwritten = False
        try:
            with self._store.writing() as session:
                return jobs.progress(
                    session,
                    self._job.id,
                    self.token,
                    stage=current.stage,
                    done=current.done,
                    total=current.total,
                    words=words,
                    now=self._clock(),
                    lease_seconds=self._terms.lease_seconds,
                )
        except (EngineError, SQLAlchemyError):
            self._unwritten = True
            raise

    def _renew(self) -> bool:
        with self._store.writing() as session:
            return jobs.keep(
                session, self._job.id, self.token, now=self._clock(), lease_seconds=self._terms.lease_seconds
            )
