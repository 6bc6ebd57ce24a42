"""Running the jobs of the queue in this process, several at once, and the Celery tasks that say "now".

Knows nothing of who rang: the id in the message is for the log, the row that is claimed is whichever is next.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from structlog.contextvars import bound_contextvars

from engine.errors import DeviceLostError, EngineError
from worker import process_memory, tuning_schedule
from worker.clock import Clock, utc_now
from worker.janitor import Janitor
from worker.lease import HeldLease, LeaseKeeper, LeaseTerms, Stopped
from worker.observer import Observer
from worker.owner import this_process
from worker.queue import LOOK_TASK_NAME, TASK_NAME, new_celery_app
from worker.runner import NO_OBSERVER, Generate, run_job
from worker.settings import Settings
from worker.store import jobs
from worker.store.database import Store
from worker.store.fair_queue import TRAINING
from worker.store.jobs import Job, LeaseLost

log = logging.getLogger(__name__)

FEWEST_SLOTS, MOST_SLOTS = 2, 8  # beyond that Python's own lock holds the jobs of one process up: start more processes


def default_slots() -> int:
    """Return how many jobs a worker process runs at once where the host does not say: one for each processor."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(max(usable, FEWEST_SLOTS), MOST_SLOTS)


class Shift:
    """The jobs that this process runs until it is told to stop, `slots` at once. Safe to share between threads."""

    def __init__(
        self,
        store: Store,
        generate: Generate,
        settings: Settings,
        *,
        clock: Clock = utc_now,
        observer: Observer = NO_OBSERVER,
    ) -> None:
        self.slots = settings.worker_threads or default_slots()
        self._store, self._generate, self._settings = store, generate, settings
        self._clock, self._observer = clock, observer
        self._owner = this_process()
        self._terms = LeaseTerms(settings.lease_seconds, settings.heartbeat_seconds)
        self._keeper = LeaseKeeper(store, clock=clock, terms=self._terms)
        self._pool = ThreadPoolExecutor(self.slots, thread_name_prefix="job")
        self._changed = threading.Condition()
        self._taken = 0  # slots, also of those that are looking for a job
        self._jobs: dict[str, Job] = {}  # by lease token
        self._one_claim = threading.Lock()
        self._closing = False
        self.is_broken = False  # nothing will work again in this process
        self._wanted = threading.Event()  # a slot has become free, or this is to stop

    def run_next(self) -> str | None:
        """Claim the first job in the queue and run it to its end; return its id.

        None if no slot is free, none waits, or it was given back because this is to stop.
        """
        job = self._take()
        return None if job is None else self._run(job)

    def fill(self) -> int:
        """Start jobs, each in a thread, until no slot is free or none waits; return how many."""
        started = 0
        while (job := self._take()) is not None:
            self._pool.submit(self._run, job)
            started += 1
        return started

    def running(self) -> int:
        """Return how many jobs run now."""
        return len(self._jobs)

    def running_ids(self) -> tuple[str, ...]:
        """Return the ids of the jobs that run now."""
        with self._changed:
            return tuple(job.id for job in self._jobs.values())

    def leases(self) -> tuple[HeldLease, ...]:
        """Return what is held of the jobs that run now."""
        return self._keeper.leases()

    def look_at_ratings(self) -> None:
        """Queue tuning runs if that is due."""
        tuning_schedule.look(self._store, self._settings, now=self._clock())

    def begin_no_more(self) -> None:
        """Let the jobs under way go on, and claim no others."""
        with self._changed:
            self._closing = True
        self._wanted.set()

    def stop(self) -> None:
        """Begin no more jobs, and give those under way back at their next sign of life."""
        self.begin_no_more()
        self._keeper.end_all(Stopped())

    def is_stopping(self) -> bool:
        """Return whether no more jobs are begun."""
        return self._closing

    def wait_for_slot(self, seconds: float) -> None:
        """Wait so long, or until a job has ended, or until told to begin no more."""
        self._wanted.wait(seconds)
        if not self._closing:
            self._wanted.clear()

    def wait_for_stop(self, seconds: float) -> None:
        """Wait so long, or until told to begin no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing, seconds)

    def is_over(self, within_seconds: float) -> bool:
        """Wait for the jobs under way, and return whether none is left."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._taken, within_seconds)

    def give_back(self) -> None:
        """Give jobs back that have shown no sign of life; whatever their threads still do no longer counts."""
        with self._changed:
            left = dict(self._jobs)
        for token, job in left.items():
            try:
                with self._store.writing() as session:
                    jobs.release(session, job.id, token)
            except LeaseLost:
                continue  # it ended after all
            except EngineError as error:
                log.warning("job %s: not given back: %s", job.id, error, extra={"job_id": job.id})
                return  # its lease will end
            log.warning("job %s: given back while still at work", job.id, extra={"job_id": job.id})

    def close(self) -> None:
        """End the threads; those of jobs that are still at work end with the process."""
        self._pool.shutdown(wait=False)
        self._keeper.close()

    def _take(self) -> Job | None:
        """Claim a job for a free slot."""
        with self._changed:
            if self._closing or self._taken >= self.slots:
                return None
            self._taken += 1
        job = None
        try:
            with self._one_claim:
                job = self._claim()
            return job
        finally:
            if job is None:
                self._leave_slot()

    def _claim(self) -> Job | None:
        """Claim a job of any kind, but for the last slot none that takes hours: somebody may be waiting for a song.

        A job that is at its last attempt runs alone: it may be what ended its workers, and those beside it would lose
        their attempts with it.
        """
        last = self._settings.max_attempts
        with self._changed:
            long = sum(job.priority >= TRAINING for job in self._jobs.values())
            beside = [job for job in self._jobs.values() if job.priority < TRAINING]  # nobody waits hours to be alone
        if last > 1 and any(job.attempts >= last for job in beside):
            return None
        with self._store.writing() as session:
            job = jobs.claim(
                session,
                owner=self._owner,
                now=self._clock(),
                lease_seconds=self._settings.lease_seconds,
                max_priority=TRAINING - 1 if self.slots > 1 and long >= self.slots - 1 else None,
                max_attempts=last - 1 if beside and last > 1 else None,
            )
        if job is not None:
            with self._changed:
                self._jobs[job.lease_token or ""] = job
        return job

    def _run(self, job: Job) -> str | None:
        """Run a claimed job to its end, whatever that is; return its id, None if it was given back."""
        status, began = "lost", time.monotonic()
        try:
            with bound_contextvars(job_id=job.id):
                status = run_job(
                    self._store,
                    job,
                    self._generate,
                    clock=self._clock,
                    terms=self._terms,
                    keeper=self._keeper,
                    deadline_seconds=None if job.priority >= TRAINING else self._settings.job_seconds,
                    observer=self._observer,
                )
                if status == "returned":
                    log.info("job %s: given back, this worker is stopping", job.id)
                else:
                    log.info("job %s: %s %s after %.1f s", job.id, job.kind, status, time.monotonic() - began)
        except DeviceLostError as error:
            log.critical("job %s: %s; no more jobs are begun here", job.id, error, exc_info=error.__cause__)
            self.is_broken = True
            self.begin_no_more()
        except EngineError as error:
            log.warning("job %s: it will be run again, for its end could not be written: %s", job.id, error)
        except Exception:
            log.exception("job %s: it will be run again, for its end could not be written", job.id)
        finally:
            with self._changed:
                del self._jobs[job.lease_token or ""]
            self._leave_slot()
            self._wanted.set()
            process_memory.give_back()
        return None if status == "returned" else job.id

    def _leave_slot(self) -> None:
        with self._changed:
            self._taken -= 1
            self._changed.notify_all()


def run_next_job(store: Store, generate: Generate, settings: Settings, *, clock: Clock = utc_now) -> str | None:
    """Claim the first job in the queue and run it to its end; return its id, None if none waits."""
    Janitor(store, settings, clock=clock).recover_jobs()
    shift = Shift(store, generate, settings, clock=clock)
    try:
        return shift.run_next()
    finally:
        shift.close()


def register(settings: Settings, shift: Shift) -> Any:
    """Return the Celery app of the settings' broker with the task on it, ready for its worker to be started."""
    assert settings.broker_url is not None, "without a broker nothing rings"
    app = new_celery_app(settings.broker_url)  # its own: another worker of this process has other tasks by these names

    def ring(job_id: str) -> None:
        log.info("rung for job %s", job_id, extra={"job_id": job_id})
        shift.run_next()

    app.task(name=TASK_NAME, shared=False)(ring)
    app.task(name=LOOK_TASK_NAME, shared=False)(shift.look_at_ratings)
    return app
