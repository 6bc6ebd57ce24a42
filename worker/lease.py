"""The leases of the jobs that this process runs: renewed, progress written down, cancels noticed, by one thread.

Knows nothing of what the jobs do. A working thread only leaves its progress here and never waits for the database.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from engine.contract import Progress
from engine.errors import Cancelled, EngineError
from worker.clock import Clock
from worker.outage import Outage
from worker.store import jobs
from worker.store.database import Store
from worker.store.jobs import Job, LeaseLost

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.2  # how stale progress in the row, and how late a cancel, may be


class Stopped(BaseException):
    """The process is to end: its jobs are given back. No Exception, so that no engine code answers to it."""


class DeadlinePassed(EngineError):  # noqa: N818  # an event, not a mistake
    """An attempt at a job took longer than the host allows."""


@dataclass(frozen=True)
class LeaseTerms:
    """lease_seconds: how long a silent worker keeps its job. heartbeat_seconds: how often it speaks up."""

    lease_seconds: float = 60.0
    heartbeat_seconds: float = 15.0


class HeldLease:
    """A claimed job while it runs. `report` and `cancelled` are what the generator is given; any thread may call them.

    last_sign: when the job last called one of them, in seconds of `time.monotonic`. stage_seconds: by `Progress.stage`.
    """

    def __init__(self, job: Job, *, deadline_seconds: float | None = None) -> None:
        assert job.lease_token is not None, "only a claimed job can be held"
        self.job, self.token = job, job.lease_token
        self.last_sign = self._stage_since = time.monotonic()
        self.stage_seconds: dict[str, float] = {}
        self._deadline_seconds = math.inf if deadline_seconds is None else deadline_seconds
        self._deadline = self.last_sign + self._deadline_seconds
        self._lock = threading.Lock()
        self._progress = Progress(stage=job.stage)
        self._words: list[str] = []
        self._reason: BaseException | None = Cancelled("the request was taken back") if job.cancel_requested else None
        self.unwritten = False
        self.beat_at = 0.0  # of the keeper: when to renew the lease

    def report(self, progress: Progress) -> None:
        """Leave the progress to be written soon; raise Cancelled if the work is not wanted any more."""
        with self._lock:
            self._end_stage()
            self._progress = progress
            self._words.append(progress.text)
            self.unwritten = True
        if self.cancelled():
            raise Cancelled("the request was taken back")

    def cancelled(self) -> bool:
        """Return True once the work is not wanted any more, whatever for; asked between decoding steps. Never raises."""
        self.last_sign = time.monotonic()
        if self._reason is None and self.last_sign > self._deadline:
            self.end_because(
                DeadlinePassed(
                    f"this was not ready after {self._deadline_seconds:g} seconds, the longest that it may take here; "
                    "ask for something shorter"
                )
            )
        return self._reason is not None

    def end_because(self, reason: BaseException) -> None:
        """Make the work unwanted; the first reason stays."""
        with self._lock:
            self._reason = self._reason or reason

    def why_unwanted(self) -> BaseException | None:
        """Return why the work is not wanted: Cancelled, DeadlinePassed, LeaseLost, Stopped; None while it is."""
        return self._reason

    def news(self) -> tuple[Progress, str]:
        """Return the progress and all words so far; they count as written from now on."""
        with self._lock:
            self._words = ["".join(self._words)]
            self.unwritten = False
            return self._progress, self._words[0]

    def end_stages(self) -> dict[str, float]:
        """Return the seconds of each stage, the last one's up to now."""
        with self._lock:
            self._end_stage()
            return dict(self.stage_seconds)

    def _end_stage(self) -> None:
        now, stage = time.monotonic(), self._progress.stage
        if stage:
            self.stage_seconds[stage] = self.stage_seconds.get(stage, 0.0) + now - self._stage_since
        self._stage_since = now


class LeaseKeeper:
    """Looks after all leases that this process holds, with one thread. `with` it, or close it."""

    def __init__(self, store: Store, *, clock: Clock, terms: LeaseTerms) -> None:
        self._store, self._clock, self._terms = store, clock, terms
        self._lock = threading.Lock()
        self._leases: dict[str, HeldLease] = {}  # by token: a job that was lost may be here a second time
        self._stop_reason: BaseException | None = None
        self._one_look = threading.Lock()
        self._outage = Outage(log, "the database")
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def held(self, job: Job, *, deadline_seconds: float | None = None) -> Iterator[HeldLease]:
        """Hold a claimed job for the length of a `with` block; its last words are written as the block ends."""
        lease = HeldLease(job, deadline_seconds=deadline_seconds)
        lease.beat_at = time.monotonic() + self._terms.heartbeat_seconds
        self._begin(lease)
        try:
            yield lease
        finally:
            with self._lock:
                del self._leases[lease.token]
            if lease.unwritten and not isinstance(lease.why_unwanted(), LeaseLost):
                self._look([lease])

    def leases(self) -> tuple[HeldLease, ...]:
        """Return the leases that are held now."""
        with self._lock:
            return tuple(self._leases.values())

    def end_all(self, reason: BaseException) -> None:
        """Make all work unwanted, also what is still to come."""
        with self._lock:
            self._stop_reason = reason
            for lease in self._leases.values():
                lease.end_because(reason)

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self, lease: HeldLease) -> None:
        with self._lock:
            self._leases[lease.token] = lease
            if self._stop_reason is not None:
                lease.end_because(self._stop_reason)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="lease-keeper", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        """Look after the rows until closed, at most once every LOOK_EVERY_SECONDS."""
        while not self._closed.wait(LOOK_EVERY_SECONDS):
            leases = [lease for lease in self.leases() if not isinstance(lease.why_unwanted(), LeaseLost)]
            if leases:
                self._look(leases)

    def _look(self, leases: Collection[HeldLease]) -> None:
        """Write what is new, renew the leases whose time it is, and see which of the others are to stop."""
        with self._one_look:  # or older words could be written over the last ones
            now = time.monotonic()
            due = [lease for lease in leases if lease.unwritten or now >= lease.beat_at]
            others = [lease for lease in leases if lease not in due]
            try:
                if due:
                    self._write(due)
                if others:
                    self._see_cancels(others)
            except (EngineError, SQLAlchemyError) as error:
                # The work goes on: if the database returns before the leases end, nothing was lost.
                self._outage.failed(error, "progress not written")
            except Exception:  # a bug; without this thread every job of the process would be lost
                log.exception("the leases could not be looked after")
            else:
                self._outage.succeeded()

    def _write(self, leases: Collection[HeldLease]) -> None:
        """Write the progress of these jobs, which renews their leases; what one cannot write costs no other its lease."""
        try:
            self._write_together(leases)
        except EngineError:
            raise
        except Exception:
            if len(leases) == 1:
                raise
            for lease in leases:
                try:
                    self._write_together([lease])
                except EngineError:
                    raise
                except Exception:
                    log.exception("job %s: its progress cannot be written", lease.job.id)

    def _write_together(self, leases: Collection[HeldLease]) -> None:
        """Do so in one transaction."""
        with_news = [lease for lease in leases if lease.unwritten]
        try:
            with self._store.writing() as session:
                for lease in sorted(leases, key=lambda lease: lease.job.id):  # in one order: or two could wait for ever
                    self._write_one(session, lease)
        except BaseException:
            for lease in with_news:
                lease.unwritten = True
            raise
        for lease in leases:
            lease.beat_at = time.monotonic() + self._terms.heartbeat_seconds

    def _write_one(self, session: Session, lease: HeldLease) -> None:
        now, seconds = self._clock(), self._terms.lease_seconds
        try:
            if lease.unwritten:
                current, words = lease.news()
                cancelled = jobs.progress(
                    session,
                    lease.job.id,
                    lease.token,
                    stage=current.stage,
                    done=current.done,
                    total=current.total,
                    words=words,
                    now=now,
                    lease_seconds=seconds,
                )
            else:
                cancelled = jobs.keep(session, lease.job.id, lease.token, now=now, lease_seconds=seconds)
        except LeaseLost as lost:
            lease.end_because(lost)
            return
        if cancelled:
            lease.end_because(Cancelled("the request was taken back"))

    def _see_cancels(self, leases: Collection[HeldLease]) -> None:
        with self._store.reading() as session:
            unwanted = jobs.unwanted(session, {lease.job.id for lease in leases})
        for lease in leases:
            if lease.job.id in unwanted:
                lease.end_because(Cancelled("the request was taken back"))
