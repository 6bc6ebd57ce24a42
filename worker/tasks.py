"""Running the jobs of the queue in this process, one at a time, and the one Celery task that says "now".

Knows nothing of who rang: the id in the message is for the log, the row that is claimed is whichever is next.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from engine.contract import Progress, Request
from worker.clock import Clock, utc_now
from worker.lease import LeaseTerms
from worker.owner import is_gone, this_process
from worker.queue import TASK_NAME, celery_app
from worker.runner import Generate, run_job
from worker.settings import Settings
from worker.store import jobs, recovery
from worker.store.database import Store
from worker.store.jobs import Job, LeaseLost
from worker.store.songs import GeneratedSong

log = logging.getLogger(__name__)


class Stopped(BaseException):
    """The process is to end: the job under way is given back. No Exception, so that no engine code answers to it."""


class Shift:
    """The jobs that this process runs, one at a time, until it is told to stop. Safe to share between threads."""

    def __init__(self, store: Store, generate: Generate, settings: Settings, *, clock: Clock = utc_now) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._generate = _Stoppable(generate, self.is_stopping)
        self._owner = this_process()
        self._terms = LeaseTerms(settings.lease_seconds, settings.heartbeat_seconds)
        self._one_at_a_time = threading.Lock()
        self._stopping = threading.Event()
        self._running: Job | None = None

    def run_next(self) -> str | None:
        """Claim the first job in the queue and run it to its end; return its id. None if none waits, or when stopped.

        If another thread is running a job, wait for it first: the ring that came here has been answered then.
        """
        with self._one_at_a_time:
            job = None if self.is_stopping() else self._claim()
            if job is None:
                return None
            self._running = job
            try:
                run_job(self._store, job, self._generate, clock=self._clock, terms=self._terms)
            except Stopped:
                log.info("job %s: given back, this worker is stopping", job.id, extra={"job_id": job.id})
                return None
            finally:
                self._running = None
            return job.id

    def stop(self) -> None:
        """Begin no more jobs, and give the one under way back at its next sign of life."""
        self._stopping.set()

    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def wait_for_stop(self, seconds: float) -> None:
        """Wait so long, or until told to stop."""
        self._stopping.wait(seconds)

    def is_over(self, within_seconds: float) -> bool:
        """Wait for the job under way, and return whether none is left."""
        over = self._one_at_a_time.acquire(timeout=within_seconds)
        if over:
            self._one_at_a_time.release()
        return over

    def give_back(self) -> None:
        """Give a job back that has shown no sign of life; whatever its thread still does no longer counts."""
        job = self._running
        if job is None or job.lease_token is None:
            return
        try:
            with self._store.writing() as session:
                jobs.release(session, job.id, job.lease_token)
        except LeaseLost:
            return  # it ended after all
        log.warning("job %s: given back while still at work", job.id, extra={"job_id": job.id})

    def _claim(self) -> Job | None:
        now = self._clock()
        with self._store.writing() as session:
            for job in recovery.owned_unfinished(session, self._owner.machine):
                if job.owner is not None and is_gone(job.owner):  # killed: its lease need not be waited for
                    recovery.expire_lease(session, job, now=now)
            recovery.return_expired(session, now=now, max_attempts=self._settings.max_attempts)
            return jobs.claim(session, owner=self._owner, now=now, lease_seconds=self._settings.lease_seconds)


class _Stoppable:
    """A generator that leaves off when its process is to end, wherever it reports or asks whether to go on."""

    def __init__(self, generate: Generate, is_stopping: Callable[[], bool]) -> None:
        self._generate, self._is_stopping = generate, is_stopping

    def __call__(
        self,
        request: Request,
        seed: int,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> GeneratedSong:
        def report_unless_stopping(progress: Progress) -> None:
            self._stop_if_asked()
            report(progress)

        def cancelled_unless_stopping() -> bool:
            self._stop_if_asked()
            return cancelled()

        return self._generate(request, seed, report_unless_stopping, cancelled_unless_stopping)

    def _stop_if_asked(self) -> None:
        if self._is_stopping():
            raise Stopped


def run_next_job(store: Store, generate: Generate, settings: Settings, *, clock: Clock = utc_now) -> str | None:
    """Claim the first job in the queue and run it to its end; return its id, None if none waits."""
    return Shift(store, generate, settings, clock=clock).run_next()


def register(settings: Settings, shift: Shift) -> Any:
    """Return the Celery app of the settings' broker with the task on it, ready for its worker to be started."""
    assert settings.broker_url is not None, "without a broker nothing rings"
    app = celery_app(settings.broker_url)

    def ring(job_id: str) -> None:
        log.info("rung for job %s", job_id, extra={"job_id": job_id})
        shift.run_next()

    app.task(name=TASK_NAME)(ring)
    return app
